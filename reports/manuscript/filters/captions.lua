-- Numbers as the embedded renderer and the Typst template set them. Quarto writes "Table 1." before
-- a caption as plain words, and the number of an equation into its formula, where MathML repeats it.
-- Runs after either engine's filters.

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

local function number_beside(para)
  local span = #para.content == 1 and para.content[1]
  if not span or span.t ~= "Span" or not span.identifier:match("^eq%-") then return nil end
  local math = span.content[1]
  if not math or math.t ~= "Math" then return nil end
  local formula, number = math.text:match("^(.-)%s*\\qquad(%(%d+%))$")
  if not formula then return nil end
  local side = pandoc.Span(number, { class = "equation-number" })
  local content = { pandoc.Math("DisplayMath", formula), side }
  return pandoc.Div({ pandoc.Plain(content) }, { id = span.identifier, class = "equation" })
end

if FORMAT == "typst" then return {} end
local numbers = { Plain = embolden, Para = embolden }
if FORMAT:match("html") then return { { Para = number_beside }, numbers } end
return { numbers }
