-- Column widths from what the columns hold, for the formats whose default splits evenly.
--
-- A column never gets less than its longest word, and what is left goes by the length of its
-- cells. HTML needs none of this: browsers measure. Runs after either engine's own filters.

local WIDE = { typst = true, docx = true }
local LINE = 96 -- characters of table text that fit in one line of the page
local PADDING = 3 -- characters that a cell's side margins take
local LONGEST = 48 -- beyond this a cell wraps rather than widens its column

local function words_of(cell)
  local text = pandoc.utils.stringify(cell.contents)
  local longest = 0
  for word in text:gmatch("%S+") do longest = math.max(longest, utf8.len(word) or #word) end
  return math.min(utf8.len(text) or #text, LONGEST), longest
end

local function each_row(tbl)
  local rows = pandoc.List({})
  rows:extend(tbl.head.rows)
  for _, body in ipairs(tbl.bodies) do
    rows:extend(body.head)
    rows:extend(body.body)
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
        local own, longest = words_of(cell)
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

local function shares(length, word)
  local wanted, least = 0, 0
  for column = 1, #length do
    wanted = wanted + length[column] + PADDING
    least = least + word[column] + PADDING
  end
  local out = {}
  if wanted <= LINE or least >= LINE then
    local total = math.max(wanted, least)
    -- A table that nearly fills the line is stretched to it; a small one keeps its size.
    local scale = wanted > 0.5 * LINE and 1 / total or 1.3 / LINE
    for column = 1, #length do
      local own = least >= LINE and word[column] or length[column]
      out[column] = (own + PADDING) * (least >= LINE and 1 / least or scale)
    end
    return out
  end
  for column = 1, #length do
    local spare = (length[column] - word[column]) / math.max(1, wanted - least)
    out[column] = (word[column] + PADDING + spare * (LINE - least)) / LINE
  end
  return out
end

local function set_widths(tbl)
  if tbl.classes:includes("layout") then return nil end
  for _, spec in ipairs(tbl.colspecs) do
    if spec[2] then return nil end
  end
  local length, word = measure(tbl, #tbl.colspecs)
  local widths = shares(length, word)
  local specs = {}
  for column, spec in ipairs(tbl.colspecs) do specs[column] = { spec[1], widths[column] } end
  tbl.colspecs = specs
  return tbl
end

if not WIDE[FORMAT] then return {} end
return { { Table = set_widths } }
