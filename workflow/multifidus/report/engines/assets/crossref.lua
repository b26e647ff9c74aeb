-- Numbers, captions, layouts and links of figures, tables, listings, equations and sections.
--
-- The numbers are counted here for every format, so that all formats agree. The mark-up follows
-- Quarto's (class and kind names "quarto-float-..."), so that one style sheet and one Typst
-- template dress the output of both engines.

local IS_HTML = FORMAT:match("html") ~= nil
local IS_TYPST = FORMAT == "typst"
local IS_DOCX = FORMAT == "docx"
local WORDS = { fig = "Figure", tbl = "Table", lst = "Listing", eq = "Equation", sec = "Section" }
local FLOATS = { fig = true, tbl = true, lst = true }
local NBSP = "\u{a0}"

local counts, targets, section = {}, {}, {}
local numbered_sections = false

local function fail(id, message)
  io.stderr:write(id .. ": " .. message .. "\n")
  os.exit(64)
end

local function kind_of(identifier)
  local kind = identifier:match("^(%a+)%-")
  return WORDS[kind] and kind or nil
end

local function raw(text)
  return pandoc.RawBlock(IS_HTML and "html" or FORMAT, text)
end

-- Numbers and captions --------------------------------------------------------------------------

local function give_number(identifier, parent)
  if targets[identifier] then
    fail("RND-015", "the label " .. identifier .. " is used twice; give each its own")
  end
  local kind = kind_of(identifier)
  local target = { kind = kind }
  if parent then
    parent.parts = (parent.parts or 0) + 1
    target.part = "(" .. string.char(96 + parent.parts) .. ")"
    target.text = parent.text .. NBSP .. target.part
  else
    counts[kind] = (counts[kind] or 0) + 1
    target.text = tostring(counts[kind])
  end
  targets[identifier] = target
  return target
end

local function prefix(target)
  if target.part then return pandoc.Inlines({ pandoc.Str(target.part), pandoc.Space() }) end
  local words = WORDS[target.kind] .. NBSP .. target.text .. "."
  return pandoc.Inlines({ pandoc.Strong({ pandoc.Str(words) }), pandoc.Space() })
end

local function caption_of(inlines, target)
  return pandoc.Plain(prefix(target) .. (inlines or pandoc.Inlines({})))
end

-- The last paragraph of a float's div is its caption, unless it is nothing but a picture.
local function take_caption(div)
  local last = div.content[#div.content]
  local words = last and (last.t == "Para" or last.t == "Plain")
    and not (#last.content == 1 and last.content[1].t == "Image")
  if not words then return nil end
  div.content:remove(#div.content)
  return last.content
end

-- Layouts ---------------------------------------------------------------------------------------

local function rows_of(attributes, count)
  if attributes.layout then
    local rows = pandoc.json.decode(attributes.layout, false)
    return type(rows[1]) == "table" and rows or { rows }
  end
  local rows, columns = {}, tonumber(attributes["layout-ncol"])
  for start = 1, count, columns do
    local row = {}
    for _ = start, math.min(start + columns - 1, count) do row[#row + 1] = 1 end
    while #row < columns do row[#row + 1] = -1 end
    rows[#rows + 1] = row
  end
  return rows
end

-- A negative width is an empty place.
local function fill_rows(rows, items)
  local filled, index = {}, 0
  for _, widths in ipairs(rows) do
    local row = {}
    for _, width in ipairs(widths) do
      local content = pandoc.Blocks({})
      if width > 0 then
        index = index + 1
        if items[index] then content = items[index] end
      end
      row[#row + 1] = { width = math.abs(width), content = content }
    end
    filled[#filled + 1] = row
  end
  if index < #items then
    fail("RND-052", "a layout has " .. index .. " places for " .. #items .. " outputs")
  end
  return filled
end

local function row_html(row)
  local widths, out = {}, pandoc.Blocks({})
  for _, cell in ipairs(row) do
    widths[#widths + 1] = ("minmax(0, %gfr)"):format(cell.width)
    out:insert(pandoc.Div(cell.content, { class = "layout-cell" }))
  end
  local style = "grid-template-columns: " .. table.concat(widths, " ")
  return pandoc.Div(out, pandoc.Attr("", { "layout-row" }, { style = style }))
end

local function row_typst(row)
  local widths, out = {}, pandoc.Blocks({})
  for _, cell in ipairs(row) do widths[#widths + 1] = ("%gfr"):format(cell.width) end
  out:insert(raw("#grid(columns: (" .. table.concat(widths, ", ") .. ",), gutter: 1.2em,"))
  for _, cell in ipairs(row) do
    out:insert(raw("["))
    out:extend(cell.content)
    out:insert(raw("],"))
  end
  out:insert(raw(")"))
  return out
end

local function row_docx(row)
  local total, cells, aligns, widths = 0, {}, {}, {}
  for _, cell in ipairs(row) do total = total + cell.width end
  for index, cell in ipairs(row) do
    cells[index], aligns[index], widths[index] = cell.content, "AlignCenter", cell.width / total
  end
  local simple = pandoc.SimpleTable({}, aligns, widths, {}, { cells })
  local grid = pandoc.utils.from_simple_table(simple)
  grid.attributes["custom-style"] = "Layout"
  return grid
end

-- A picture in a narrow place must shrink with it.
local function shrink(blocks, share)
  return blocks:walk({ Image = function(image)
    if image.attributes.width then return nil end
    image.attributes.width = IS_DOCX and ("%.2fin"):format(6.2 * share) or "100%"
    return image
  end })
end

-- `items` are lists of blocks: a sub-figure is more than one block in some formats.
local function lay_out(attributes, items)
  local out = pandoc.Blocks({})
  for _, row in ipairs(fill_rows(rows_of(attributes, #items), items)) do
    local total = 0
    for _, cell in ipairs(row) do total = total + cell.width end
    for _, cell in ipairs(row) do cell.content = shrink(cell.content, cell.width / total) end
    if IS_HTML then out:insert(row_html(row))
    elseif IS_TYPST then out:extend(row_typst(row))
    else out:insert(row_docx(row)) end
  end
  return out
end

-- Floats ----------------------------------------------------------------------------------------

local function float_html(identifier, target, caption, content)
  local sub = target.part and " quarto-subfloat" or ""
  local out = pandoc.Blocks({
    raw(('<figure id="%s" class="quarto-float quarto-float-%s%s">'):format(identifier, target.kind, sub)),
  })
  local head = pandoc.Blocks({ raw("<figcaption>"), caption, raw("</figcaption>") })
  if target.kind ~= "fig" then out:extend(head) end
  out:insert(pandoc.Div(content, { class = "float-content" }))
  if target.kind == "fig" then out:extend(head) end
  out:insert(raw("</figure>"))
  return out
end

local function float_typst(identifier, target, caption, content)
  local position = target.kind == "fig" and "bottom" or "top"
  local kind = (target.part and "quarto-subfloat-" or "quarto-float-") .. target.kind
  local out = pandoc.Blocks({ raw("#figure([") })
  out:extend(content)
  out:insert(raw("], caption: figure.caption(position: " .. position .. ", ["))
  out:insert(caption)
  out:insert(raw(('], ), kind: "%s", supplement: none, numbering: none) <%s>'):format(kind, identifier)))
  return out
end

local function float_docx(identifier, target, caption, content)
  local style = target.kind == "fig" and "Image Caption" or "Table Caption"
  local head = pandoc.Div({ pandoc.Para(caption.content) }, { ["custom-style"] = style })
  local body = pandoc.Div(content, { ["custom-style"] = target.kind == "fig" and "Captioned Figure" or nil })
  local blocks = target.kind == "fig" and { body, head } or { head, body }
  return pandoc.Blocks({ pandoc.Div(blocks, pandoc.Attr(identifier)) })
end

local function float(identifier, target, caption, content)
  if IS_HTML then return float_html(identifier, target, caption, content) end
  if IS_TYPST then return float_typst(identifier, target, caption, content) end
  return float_docx(identifier, target, caption, content)
end

local number_floats

local function lay_out_content(div, parent)
  local items = {}
  for index, block in ipairs(div.content) do
    items[index] = number_floats(pandoc.Blocks({ block }), parent)
  end
  return lay_out(div.attributes, items)
end

local function has_layout(div)
  return div.attributes.layout ~= nil or div.attributes["layout-ncol"] ~= nil
end

local function float_div(div, parent)
  local target = give_number(div.identifier, parent)
  local caption = caption_of(take_caption(div), target)
  local content
  if has_layout(div) then
    content = lay_out_content(div, target)
  else
    content = number_floats(div.content, target)
  end
  return float(div.identifier, target, caption, content)
end

local function float_figure(figure, parent)
  local target = give_number(figure.identifier, parent)
  local caption = caption_of(pandoc.utils.blocks_to_inlines(figure.caption.long), target)
  return float(figure.identifier, target, caption, figure.content)
end

local function float_table(tbl, parent)
  local identifier, target = tbl.identifier, give_number(tbl.identifier, parent)
  local caption = caption_of(pandoc.utils.blocks_to_inlines(tbl.caption.long), target)
  tbl.identifier, tbl.caption = "", pandoc.Caption({})
  return float(identifier, target, caption, pandoc.Blocks({ tbl }))
end

local function float_code(block)
  local identifier, target = block.identifier, give_number(block.identifier)
  local words = pandoc.read(block.attributes["lst-cap"] or "", "markdown").blocks
  local caption = caption_of(pandoc.utils.blocks_to_inlines(words), target)
  block.identifier, block.attributes["lst-cap"] = "", nil
  return float(identifier, target, caption, pandoc.Blocks({ block }))
end

-- Equations and sections --------------------------------------------------------------------------

local function equation(math, identifier)
  local number = give_number(identifier).text
  if IS_TYPST then
    local body = pandoc.write(pandoc.Pandoc({ pandoc.Para({ math }) }), "typst"):gsub("%s+$", "")
    return raw(('#math.equation(block: true, numbering: _ => [(%s)], [%s].body) <%s>')
      :format(number, body, identifier)), true
  end
  if IS_HTML then
    local side = pandoc.Span("(" .. number .. ")", { class = "equation-number" })
    return pandoc.Div({ pandoc.Plain({ math, side }) }, { id = identifier, class = "equation" })
  end
  math.text = math.text .. "\\qquad (" .. number .. ")"
  return pandoc.Para({ pandoc.Span({ math }, { id = identifier }) })
end

-- A labelled equation stands in a paragraph: the formula, a space, the label in braces.
local function equations(para)
  local out, rest, found = pandoc.Blocks({}), pandoc.Inlines({}), false
  local index = 1
  while index <= #para.content do
    local item, label = para.content[index], nil
    if item.t == "Math" and item.mathtype == "DisplayMath" then
      local skip = para.content[index + 1] and para.content[index + 1].t == "Space" and 2 or 1
      local after = para.content[index + skip]
      label = after and after.t == "Str" and after.text:match("^{#(eq%-[%w_-]+)}$")
      if label then
        if #rest > 0 then out:insert(pandoc.Para(rest)) end
        out:insert((equation(item, label)))
        rest, found, index = pandoc.Inlines({}), true, index + skip + 1
      end
    end
    if not label then
      rest:insert(item)
      index = index + 1
    end
  end
  if not found then return nil end
  if #rest > 0 then out:insert(pandoc.Para(rest)) end
  return out
end

local function number_section(header)
  if header.classes:includes("unnumbered") then return nil end
  section[header.level] = (section[header.level] or 0) + 1
  for level = header.level + 1, 6 do section[level] = 0 end
  if kind_of(header.identifier) ~= "sec" then return nil end
  local parts = {}
  for level = 1, header.level do parts[level] = section[level] or 0 end
  targets[header.identifier] = {
    kind = "sec",
    text = numbered_sections and table.concat(parts, ".") or nil,
    title = header.content,
  }
end

function number_floats(blocks, parent)
  return blocks:walk({
    traverse = "topdown",
    Div = function(div)
      if FLOATS[kind_of(div.identifier)] then return float_div(div, parent), false end
      if has_layout(div) then return lay_out_content(div, parent), false end
    end,
    Figure = function(figure)
      if kind_of(figure.identifier) == "fig" then return float_figure(figure, parent), false end
      if parent then return figure.content end
    end,
    Table = function(tbl)
      if kind_of(tbl.identifier) == "tbl" then return float_table(tbl, parent), false end
    end,
    CodeBlock = function(block)
      if kind_of(block.identifier) == "lst" then return float_code(block), false end
    end,
    Header = not parent and number_section or nil,
    Para = not parent and equations or nil,
  })
end

-- Links -----------------------------------------------------------------------------------------

local function reference_text(citation, target)
  if target.kind == "sec" and not target.text then return pandoc.Inlines(target.title) end
  local words = target.text
  if citation.mode ~= "SuppressAuthor" then
    local word = #citation.prefix > 0 and pandoc.utils.stringify(citation.prefix) or WORDS[target.kind]
    words = word .. NBSP .. target.text
  end
  return pandoc.Inlines({ pandoc.Str(words) })
end

local function cross_references(cite)
  local ours = cite.citations:filter(function(item) return kind_of(item.id) ~= nil end)
  if #ours == 0 then return nil end
  local out = pandoc.Inlines({})
  for index, citation in ipairs(ours) do
    local target = targets[citation.id]
    if not target then
      fail("RND-009", "the cross-reference @" .. citation.id .. " has no target")
    end
    if index > 1 then
      out:extend({ pandoc.Str(","), pandoc.Space() })
    end
    out:insert(pandoc.Link(reference_text(citation, target), "#" .. citation.id, "", { class = "quarto-xref" }))
    out:extend(citation.suffix)
  end
  return out
end

-- Pictures --------------------------------------------------------------------------------------

local function describe(image)
  local alt = image.attributes["fig-alt"] or image.attributes.alt
  if alt then
    image.caption = pandoc.Inlines(alt)
    image.attributes["fig-alt"], image.attributes.alt = nil, nil
    return image
  end
end

return {
  { Image = describe },
  { Meta = function(meta) numbered_sections = meta["number-sections"] == true end },
  { Pandoc = function(doc)
    doc.blocks = number_floats(doc.blocks)
    return doc
  end },
  { Cite = cross_references },
}
