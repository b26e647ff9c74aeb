-- Column widths from what the columns hold, for the formats whose default splits evenly.
--
-- A column never gets less than its longest word, and what is left goes by the length of its
-- cells. HTML needs none of this: browsers measure. Runs after either engine's own filters.

local WIDE = { typst = true, docx = true }
local LINE = 96 -- characters of table text that fit in one line of the page
local PADDING = 3 -- characters that a cell's side margins take
local LONGEST = 42 -- beyond this a cell wraps rather than widens its column

local BOLD = FORMAT == "docx" and 1.3 or 1.12 -- how much wider the letters of a head row are

local function words_of(cell, scale)
  local text = pandoc.utils.stringify(cell.contents)
  local longest = 0
  local whole = text:gsub("^< ", "<_") -- a p value stays on one line
  for word in whole:gmatch("%S+") do longest = math.max(longest, utf8.len(word) or #word) end
  return math.min(utf8.len(text) or #text, LONGEST) * scale, longest * scale
end

-- A visit that labels a row ("120 days") stays on one line; the spaces before it are its indent.
local function time_of(cell)
  local text = pandoc.utils.stringify(cell.contents):gsub("^\u{2003}", "")
  return text:match("^%d+ %a+$") and utf8.len(text) + (FORMAT == "docx" and 4 or 2) or 0
end

local function each_row(tbl)
  local rows = pandoc.List({})
  for _, row in ipairs(tbl.head.rows) do rows:insert({ cells = row.cells, scale = BOLD }) end
  for _, body in ipairs(tbl.bodies) do
    for _, row in ipairs(body.head) do rows:insert({ cells = row.cells, scale = BOLD }) end
    for _, row in ipairs(body.body) do rows:insert({ cells = row.cells, scale = 1 }) end
  end
  return rows
end

-- Row spans push later cells to the right: keep a count of the rows each column is taken for.
local function measure(tbl, count)
  local length, word, taken = {}, {}, {}
  for column = 1, count do length[column], word[column], taken[column] = 1, 1, 0 end
  for _, row in ipairs(each_row(tbl)) do
    local column = 1
    for _, cell in ipairs(row.cells) do
      while column <= count and taken[column] > 0 do
        taken[column] = taken[column] - 1
        column = column + 1
      end
      if column > count then break end
      if cell.col_span == 1 then
        local own, longest = words_of(cell, row.scale)
        if column == 1 and row.scale == 1 then longest = math.max(longest, time_of(cell)) end
        length[column] = math.max(length[column], own)
        word[column] = math.max(word[column], longest)
      end
      for offset = column, math.min(count, column + cell.col_span - 1) do
        taken[offset] = cell.row_span - 1
      end
      column = column + cell.col_span
    end
  end
  return length, word
end

-- `line` is the number of characters that fit in the place the table stands in.
local function shares(length, word, line)
  local wanted, least = 0, 0
  for column = 1, #length do
    wanted = wanted + length[column] + PADDING
    least = least + word[column] + PADDING
  end
  local out = {}
  for column = 1, #length do
    if least >= line then
      out[column] = (word[column] + PADDING) / least
    elseif wanted > line then
      local spare = (length[column] - word[column]) / (wanted - least)
      out[column] = (word[column] + PADDING + spare * (line - least)) / line
    elseif wanted > 0.25 * line then
      out[column] = (length[column] + PADDING) / wanted
    elseif FORMAT == "docx" then
      out[column] = 1.3 * (length[column] + PADDING) / line
    end
  end
  return #out == #length and out or nil
end

-- Quarto splits a wide table evenly; any other widths are the author's.
local function has_widths(tbl)
  local first = tbl.colspecs[1] and tbl.colspecs[1][2]
  for _, spec in ipairs(tbl.colspecs) do
    if spec[2] ~= first then return true end
  end
  return false
end

local function set_widths(tbl, line)
  if has_widths(tbl) then return tbl end
  local length, word = measure(tbl, #tbl.colspecs)
  local widths = shares(length, word, line)
  local specs = {} -- without widths for a small table: Typst measures it well
  for column, spec in ipairs(tbl.colspecs) do specs[column] = { spec[1], widths and widths[column] } end
  tbl.colspecs = specs
  return tbl
end

-- Typst has no style for head rows, so they are made bold here.
local function embolden(tbl)
  for _, row in ipairs(tbl.head.rows) do
    for _, cell in ipairs(row.cells) do
      cell.contents = cell.contents:walk({
        Plain = function(plain) return pandoc.Plain({ pandoc.Strong(plain.content) }) end,
        Para = function(para) return pandoc.Para({ pandoc.Strong(para.content) }) end,
      })
    end
  end
  return tbl
end

-- A table without a head row only arranges: figures side by side, or Quarto's frame of a float.
local function is_layout(tbl)
  return #tbl.head.rows == 0
end

local dress

-- Word sets the next paragraph hard against a table.
local function spaced(tbl, nested)
  if FORMAT ~= "docx" or nested then return tbl end
  local spacer = '<w:p><w:pPr><w:pStyle w:val="TableEnd"/></w:pPr></w:p>'
  return { tbl, pandoc.RawBlock("openxml", spacer) }
end

local function dress_layout(tbl, line)
  if FORMAT == "docx" then tbl.attributes["custom-style"] = "Layout" end
  for _, body in ipairs(tbl.bodies) do
    for _, row in ipairs(body.body) do
      for column, cell in ipairs(row.cells) do
        local spec = tbl.colspecs[column]
        cell.contents = dress(cell.contents, line * (spec and spec[2] or 1), true)
      end
    end
  end
  return tbl
end

function dress(blocks, line, nested)
  return blocks:walk({
    traverse = "topdown",
    Table = function(tbl)
      if is_layout(tbl) then
        local frame = #tbl.colspecs == 1 -- Quarto's frame of a float, caption and all
        return spaced(dress_layout(tbl, line), nested or not frame), false
      end
      tbl = set_widths(tbl, line)
      return FORMAT == "typst" and embolden(tbl) or spaced(tbl, nested), false
    end,
  })
end

if not WIDE[FORMAT] then return {} end
return { { Pandoc = function(doc)
  doc.blocks = dress(doc.blocks, LINE, false)
  return doc
end } }
