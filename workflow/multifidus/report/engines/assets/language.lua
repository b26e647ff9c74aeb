-- Quarto's blocks over plain pandoc: visibility, call-outs, tabs, margin notes, folded code.

local IS_HTML = FORMAT:match("html") ~= nil
local IS_TYPST = FORMAT == "typst"
local IS_DOCX = FORMAT == "docx"

local function raw(text)
  return pandoc.RawBlock(IS_HTML and "html" or IS_DOCX and "openxml" or FORMAT, text)
end

-- Visibility ----------------------------------------------------------------------------------

local NAMES = { html = IS_HTML, typst = IS_TYPST, pdf = IS_TYPST, docx = IS_DOCX }

local function visible(element)
  local shown = element.classes:includes("content-visible")
  local hidden = element.classes:includes("content-hidden")
  if not shown and not hidden then return nil end
  local when, unless = element.attributes["when-format"], element.attributes["unless-format"]
  local hit = true
  if when then hit = NAMES[when] == true end
  if unless then hit = NAMES[unless] ~= true end
  if hit == shown then return element.content end
  return {}
end

-- Call-outs -----------------------------------------------------------------------------------

local function callout_title(div, kind)
  if div.attributes.title then
    return pandoc.read(div.attributes.title, "markdown").blocks[1].content
  end
  local first = div.content[1]
  if first and first.t == "Header" then
    div.content:remove(1)
    return first.content
  end
  return pandoc.Inlines(kind:sub(1, 1):upper() .. kind:sub(2))
end

local function callout_html(div, kind, title)
  local folds = div.attributes.collapse ~= nil
  local tag, head = folds and "details" or "div", folds and "summary" or "div"
  local open = folds and div.attributes.collapse == "false" and " open" or ""
  local out = pandoc.Blocks({
    raw(("<%s%s class=\"callout callout-%s\">"):format(tag, open, kind)),
    raw(("<%s class=\"callout-title\">"):format(head)),
    pandoc.Plain(title),
    raw(("</%s>"):format(head)),
  })
  out:extend(div.content)
  out:insert(raw(("</%s>"):format(tag)))
  return out
end

local function callout(div, kind)
  local title = callout_title(div, kind)
  if IS_HTML then return callout_html(div, kind, title) end
  if IS_TYPST then
    local out = pandoc.Blocks({ raw(('#note-box("%s", ['):format(kind)), pandoc.Plain(title), raw("], [") })
    out:extend(div.content)
    out:insert(raw("])"))
    return out
  end
  return {
    pandoc.Div({ pandoc.Para(title) }, { ["custom-style"] = "Callout Title" }),
    pandoc.Div(div.content, { ["custom-style"] = "Callout" }),
  }
end

-- Tabs ----------------------------------------------------------------------------------------

local tabset_count = 0

local function tabs_of(div)
  local tabs, level = {}, nil
  for _, block in ipairs(div.content) do
    if block.t == "Header" and (level == nil or block.level == level) then
      level = block.level
      tabs[#tabs + 1] = { title = block.content, body = pandoc.Blocks({}) }
    elseif #tabs > 0 then
      tabs[#tabs].body:insert(block)
    end
  end
  return tabs
end

local function tabset(div)
  tabset_count = tabset_count + 1
  local out = pandoc.Blocks({})
  for index, tab in ipairs(tabs_of(div)) do
    if IS_HTML then
      local id = ("tab-%d-%d"):format(tabset_count, index)
      local checked = index == 1 and " checked" or ""
      out:extend({
        raw(('<input type="radio" name="tabs-%d" id="%s"%s>'):format(tabset_count, id, checked)),
        raw(('<label for="%s">'):format(id)),
        pandoc.Plain(tab.title),
        raw("</label>"),
        pandoc.Div(tab.body, { class = "tab" }),
      })
    else
      out:insert(pandoc.Para({ pandoc.Strong(tab.title) }))
      out:extend(tab.body)
    end
  end
  return pandoc.Div(out, { class = "tabset" })
end

-- Margin notes and page breaks ------------------------------------------------------------------

local function margin_note(div)
  if IS_TYPST then
    return pandoc.Blocks({ raw("#margin-note[") }) .. div.content .. pandoc.Blocks({ raw("]") })
  end
  if IS_DOCX then div.attributes["custom-style"] = "Margin Note" end
  return div
end

local function page_break()
  if IS_TYPST then return raw("#pagebreak(weak: true)") end
  if IS_DOCX then return raw('<w:p><w:r><w:br w:type="page"/></w:r></w:p>') end
  return raw('<div class="page-break"></div>')
end

local function div_language(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match("^callout%-(%a+)$")
    if kind then return callout(div, kind) end
  end
  if div.classes:includes("panel-tabset") then return tabset(div) end
  if div.classes:includes("page-break") then return page_break() end
  if div.classes:includes("column-margin") or div.classes:includes("aside") then
    return margin_note(div)
  end
end

-- Folded code -----------------------------------------------------------------------------------

local function fold_code(block)
  local fold = block.attributes["code-fold"]
  local summary = block.attributes["code-summary"] or "Code"
  block.attributes["code-fold"], block.attributes["code-summary"] = nil, nil
  if not IS_HTML or not fold or fold == "false" then return block end
  local open = fold == "show" and " open" or ""
  summary = summary:gsub("&", "&amp;"):gsub("<", "&lt;")
  return {
    raw(('<details class="code-fold"%s><summary>%s</summary>'):format(open, summary)),
    block,
    raw("</details>"),
  }
end

return {
  { Div = visible, Span = visible },
  { Div = div_language, CodeBlock = fold_code },
}
