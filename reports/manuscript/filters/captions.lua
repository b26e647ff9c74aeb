-- The number before a caption in bold, as the embedded renderer and the Typst template set it.
-- Quarto writes "Table 1." as plain words in HTML and Word. Runs after either engine's filters.

local NBSP = "\u{a0}"
local WORDS = { Figure = true, Table = true, Listing = true }

-- The words before the first space, when they are a number as Quarto writes it.
local function leading(inlines)
  local text, count = "", 0
  for _, item in ipairs(inlines) do
    if item.t ~= "Str" then break end
    text, count = text .. item.text, count + 1
  end
  local word, rest = text:match("^(%a+)" .. NBSP .. "(.+)$")
  if word and WORDS[word] and rest:match("^%d+%.$") then return text, count end
end

local function embolden(block)
  local text, count = leading(block.content)
  if not text then return nil end
  local rest = pandoc.Inlines({ pandoc.Strong({ pandoc.Str(text) }) })
  for index = count + 1, #block.content do rest:insert(block.content[index]) end
  block.content = rest
  return block
end

if FORMAT == "typst" then return {} end
return { { Plain = embolden, Para = embolden } }
