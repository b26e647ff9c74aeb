-- A page from Quarto as the embedded renderer writes it: the number of an equation beside its formula
-- and not in it, where MathML repeats it; no random ids; no path of the machine.
-- Runs after Quarto's own filters, finds nothing to do after the embedded renderer's.

if not FORMAT:match("html") then return {} end

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

-- A cell without a label has an id of eight random digits; an embedded one names its notebook.
local function anonymous(div)
  if div.classes:includes("cell") and div.identifier:match("^%x%x%x%x%x%x%x%x$") then
    div.identifier = ""
  end
  if div.classes:includes("quarto-embed-nb-cell") then div.attributes = {} end
  return div
end

return { { Para = number_beside, Div = anonymous } }
