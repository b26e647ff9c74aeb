-- Raw HTML that cells print (tables above all) becomes pandoc's own structure, in every format.
--
-- Quarto does the same with `{=html}` tables. What only dresses a table up (styles, ids, widths)
-- is dropped, so that the page's style sheet, the Typst template and reference.docx give every
-- table one look. Classes stay in HTML alone; alignments, spans and head rows stay everywhere.

local IS_HTML = FORMAT:match("html") ~= nil

-- great_tables writes the alignment of a cell as a class.
local SIDES = { gt_left = "AlignLeft", gt_center = "AlignCenter", gt_right = "AlignRight" }

local function bare_cell(cell)
  for _, class in ipairs(cell.classes) do
    cell.alignment = SIDES[class] or cell.alignment
  end
  cell.attr = pandoc.Attr("", IS_HTML and cell.classes or {})
end

local function bare_rows(rows)
  for _, row in ipairs(rows) do
    row.attr = pandoc.Attr("", IS_HTML and row.classes or {})
    for _, cell in ipairs(row.cells) do
      bare_cell(cell)
    end
  end
end

local function bare_table(tbl)
  bare_rows(tbl.head.rows)
  bare_rows(tbl.foot.rows)
  for _, body in ipairs(tbl.bodies) do
    bare_rows(body.head)
    bare_rows(body.body)
    body.attr = pandoc.Attr()
  end
  tbl.head.attr, tbl.foot.attr = pandoc.Attr(), pandoc.Attr()
  tbl.attr = pandoc.Attr("", IS_HTML and tbl.classes or {})
  tbl.colspecs = tbl.colspecs:map(function(spec) return { spec[1], nil } end)
  return tbl
end

local function is_dress(element)
  return not element.classes:includes("num") and not element.attributes["data-id"]
end

local function read_html(element)
  if element.format ~= "html" then return nil end
  if IS_HTML and not element.text:match("<table") then return nil end
  local text = element.text:gsub("<style.->.-</style>", "")
  return pandoc.read(text, "html"):walk({
    Div = function(div) return div.content end,
    Span = function(span) if is_dress(span) then return span.content end end,
    Table = bare_table,
  }).blocks
end

return { { RawBlock = read_html } }
