-- What is the project's own in a document: the data tier, the abstract box, number links and,
-- in Word, the line of authors. Runs with Quarto and with the embedded renderer alike, before
-- either engine looks at the document.

local IS_HTML = FORMAT:match("html") ~= nil
local IS_TYPST = FORMAT == "typst"
local IS_DOCX = FORMAT == "docx"

local TIERS = { published = true, synthetic = true, public = true, restricted = true }

local keywords = nil

local function text_of(value)
  return value and pandoc.utils.stringify(value) or ""
end

local function raw(text)
  return pandoc.RawBlock(FORMAT, text)
end

-- The data tier ---------------------------------------------------------------------------------

local function check_tier(meta)
  local tier, banner = text_of(meta.tier), text_of(meta["tier-banner"])
  if not TIERS[tier] then
    error("RND-030: the document has no data tier; set tier to published, synthetic, public or restricted", 0)
  end
  if banner == "" then
    error("RND-030: the document has no tier-banner; say in a sentence what its data are", 0)
  end
end

-- Authors in Word ---------------------------------------------------------------------------------

-- Raw text keeps the marks out of the file's properties, where only the names belong.
local function raised(text)
  return pandoc.RawInline(
    "openxml",
    '<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>' .. text .. "</w:t></w:r>"
  )
end

local function marks_of(author)
  local marks = pandoc.List({})
  for _, affiliation in ipairs(author.affiliations or {}) do
    marks:insert(text_of(affiliation.number))
  end
  if author.attributes and author.attributes.corresponding then marks:insert("*") end
  return table.concat(marks, ",")
end

local function author_line(authors)
  local line = pandoc.Inlines({})
  for index, author in ipairs(authors) do
    if index > 1 then line:extend({ pandoc.Str(","), pandoc.Space() }) end
    line:extend(pandoc.Inlines(text_of(author.name.literal)))
    local marks = marks_of(author)
    if marks ~= "" then line:insert(raised(marks)) end
  end
  return line
end

local function address(affiliation)
  local parts = pandoc.List({})
  for _, key in ipairs({ "department", "name", "city", "region", "country" }) do
    if affiliation[key] then parts:insert(text_of(affiliation[key])) end
  end
  return table.concat(parts, ", ")
end

local function affiliation_blocks(meta)
  local blocks = pandoc.Blocks({})
  local function add(mark, inlines)
    local content = pandoc.Inlines({ pandoc.Superscript({ pandoc.Str(mark) }), pandoc.Space() })
    content:extend(inlines)
    blocks:insert(pandoc.Div({ pandoc.Para(content) }, { ["custom-style"] = "Affiliation" }))
  end
  for _, affiliation in ipairs(meta["by-affiliation"] or {}) do
    add(text_of(affiliation.number), pandoc.Inlines(address(affiliation)))
  end
  for _, author in ipairs(meta["by-author"] or {}) do
    if author.attributes and author.attributes.corresponding and author.email then
      local email = text_of(author.email)
      local link = pandoc.Link(email, "mailto:" .. email)
      add("*", pandoc.Inlines("Correspondence: ") .. pandoc.Inlines({ link }))
    end
    if author.orcid then
      local orcid = text_of(author.orcid):gsub("^https://orcid.org/", "")
      local words = pandoc.Inlines("ORCID " .. text_of(author.name.literal) .. ": ")
      words:insert(pandoc.Link(orcid, "https://orcid.org/" .. orcid))
      blocks:insert(pandoc.Div({ pandoc.Para(words) }, { ["custom-style"] = "Affiliation" }))
    end
  end
  return blocks
end

-- The abstract ----------------------------------------------------------------------------------

local function keyword_line()
  if not keywords or #keywords == 0 then return nil end
  local words = pandoc.List({})
  for _, word in ipairs(keywords) do words:insert(text_of(word)) end
  local line = pandoc.Inlines({ pandoc.Strong({ pandoc.Str("Keywords:") }), pandoc.Space() })
  line:extend(pandoc.Inlines(table.concat(words, "; ")))
  return pandoc.Para(line)
end

local function abstract(div)
  if not div.classes:includes("abstract") then return nil end
  local content = pandoc.Blocks(div.content)
  local line = keyword_line()
  if line then content:insert(pandoc.Div({ line }, { class = "keywords" })) end
  if IS_TYPST then
    local out = pandoc.Blocks({ raw("#abstract-box[") })
    out:extend(content)
    out:insert(raw("]"))
    return out, false
  end
  local title = pandoc.Para({ pandoc.Str("Abstract") })
  if IS_DOCX then
    return {
      pandoc.Div({ title }, { ["custom-style"] = "Abstract Title" }),
      pandoc.Div(content, { ["custom-style"] = "Abstract" }),
    }, false
  end
  local head = pandoc.Div({ title }, pandoc.Attr("", { "abstract-title" }))
  content:insert(1, head)
  return pandoc.Div(content, pandoc.Attr("abstract", { "abstract" }, { role = "doc-abstract" })), false
end

-- Number links ----------------------------------------------------------------------------------

-- A number keeps its id and its tooltip where a reader can use them; elsewhere it is plain text.
local function number_span(element)
  if not element.classes:includes("num") then return nil end
  if IS_HTML then return nil end
  return element.content
end

local function number_link(link)
  if not link.classes:includes("num") or IS_HTML then return nil end
  return link.content
end

local function meta_pass(meta)
  check_tier(meta)
  keywords = meta.keywords
  if IS_DOCX and meta["by-author"] then meta.author = author_line(meta["by-author"]) end
  return meta
end

local function front_matter(doc)
  if IS_DOCX then doc.blocks = affiliation_blocks(doc.meta) .. doc.blocks end
  return doc
end

return {
  { Meta = meta_pass },
  { traverse = "topdown", Div = abstract },
  { Span = number_span, Link = number_link },
  { Pandoc = front_matter },
}
