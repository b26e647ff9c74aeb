-- Word from Quarto as the embedded renderer writes it: described figures, caption styles, floats
-- that are no tables, call-outs, tabs and margin notes in the template's styles.
-- Runs after Quarto's own filters, finds nothing to do after the embedded renderer's.

if FORMAT ~= "docx" then return {} end

local ROOM = 6 / 6.5 -- of the width that Quarto gives to pictures side by side: cells have margins
local STYLES = { fig = "Image Caption", tbl = "Table Caption", lst = "Table Caption" }

local function styled(blocks, style)
  return pandoc.Div(blocks, { ["custom-style"] = style })
end

local function kind_of(identifier)
  local kind = identifier:match("^(%a+)%-")
  return STYLES[kind] and kind or nil
end

-- The Word writer takes the description of a picture from its caption.
local function describe(image)
  local alt = image.attributes["fig-alt"] or image.attributes.alt
  if not alt then return nil end
  image.caption = pandoc.Inlines(alt)
  image.attributes["fig-alt"], image.attributes.alt = nil, nil
  local width = (image.attributes.width or ""):match("^([%d.]+)in$")
  if width and image.attributes["ref-parent"] then
    image.attributes.width = ("%.2fin"):format(tonumber(width) * ROOM)
  end
  return image
end

-- Quarto puts paragraph properties in front of the words.
local function is_properties(inline)
  return inline ~= nil and inline.t == "RawInline" and inline.text:match("^%s*<w:pPr>") ~= nil
end

local function without_properties(para)
  if not is_properties(para.content[1]) then return nil end
  para.content:remove(1)
  return para
end

local function caption(para, kind)
  if para.t ~= "Para" or not is_properties(para.content[1]) then return nil end
  if not para.content[1].text:match("ImageCaption") then return nil end
  para.content:remove(1)
  if #para.content == 0 then return {} end
  return styled({ para }, STYLES[kind])
end

-- The div inside a table of one cell, which is how Quarto keeps a float and its caption together.
local function framed(tbl)
  if #tbl.colspecs ~= 1 or #tbl.head.rows ~= 0 or #tbl.bodies ~= 1 then return nil end
  local rows = tbl.bodies[1].body
  local inside = #rows == 1 and rows[1].cells[1].contents or {}
  if #inside == 1 and inside[1].t == "Div" and kind_of(inside[1].identifier) then
    return inside[1]
  end
end

local function is_picture(block)
  return (block.t == "Plain" or block.t == "Para") and #block.content == 1
    and block.content[1].t == "Image"
end

local unframe

local function float(div)
  local kind = kind_of(div.identifier)
  div.content = unframe(div.content, kind)
  div.classes, div.attributes = {}, {}
  local last = div.content[#div.content]
  if kind ~= "fig" and last and last.attributes and last.attributes["custom-style"] == STYLES[kind] then
    div.content:remove()
    div.content:insert(1, last) -- above a table, also where parts stand side by side
  end
  return div
end

function unframe(blocks, kind)
  return blocks:walk({
    traverse = "topdown",
    Table = function(tbl)
      local div = framed(tbl)
      if div then return float(div), false end
    end,
    Div = function(div)
      if kind_of(div.identifier) then return float(div), false end
    end,
    Para = function(para)
      if not kind then return nil end
      if is_picture(para) then return styled({ para }, "Captioned Figure"), false end
      return caption(para, kind), false
    end,
    Plain = function(plain)
      if not kind or not is_picture(plain) then return nil end
      return styled({ pandoc.Para(plain.content) }, "Captioned Figure"), false
    end,
  })
end

-- A table of two raw cells around the blocks, with a picture from Quarto's own folder.
local function callout(div)
  local title, body = nil, pandoc.Blocks({})
  for _, block in ipairs(div.content) do
    local raw = block.t == "RawBlock"
      or (block.t == "Div" and #block.content == 1 and block.content[1].t == "RawBlock")
    if not raw and not title then
      title = pandoc.Inlines({})
      for _, item in ipairs(block.content) do
        local blank = item.t == "Space" and #title == 0
        if item.t ~= "RawInline" and item.t ~= "Image" and not blank then title:insert(item) end
      end
    elseif not raw then
      body:insert(block)
    end
  end
  body = body:walk({ Para = without_properties })
  return { styled({ pandoc.Para(title or {}) }, "Callout Title"), styled(body, "Callout") }
end

local function tabset(div)
  local level
  for index, block in ipairs(div.content) do
    if block.t == "Header" and (level == nil or block.level == level) then
      level = block.level
      div.content[index] = pandoc.Para({ pandoc.Strong(block.content) })
    end
  end
  return div
end

local function dress(div)
  if div.classes:includes("docx-callout") then return callout(div) end
  if div.classes:includes("panel-tabset") then return tabset(div) end
  if div.classes:includes("column-margin") or div.classes:includes("aside") then
    div.attributes["custom-style"] = "Margin Note"
    return div
  end
end

-- Quarto parts two tables by an empty paragraph; the template's own is set after each table.
local function drop_spacer(para)
  local only = #para.content == 1 and para.content[1]
  if only and only.t == "Str" and only.text == " " then return {} end
end

return {
  { Image = describe },
  { Pandoc = function(doc)
    doc.blocks = unframe(doc.blocks, nil)
    return doc
  end },
  { Div = dress, Para = drop_spacer },
}
