"""The parts of the Word template, as WordprocessingML text (ECMA-376, part 1).

Sizes are in half-points, distances in twentieths of a point, as the standard has them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

__all__ = [
    "content_types",
    "core_properties",
    "document",
    "footer",
    "header",
    "relations",
    "restyle",
]

_INK: Final = "1C2430"
_SOFT: Final = "55606F"
_ACCENT: Final = "0B4F7A"
_WASH: Final = "F4F7FA"
_ALERT: Final = "9A3412"
_LINE: Final = "CFD6DE"
_BODY: Final = "Cambria"
_HEAD: Final = "Calibri"

_W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_OFFICE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml"


@dataclass(frozen=True)
class _Style:
    """One paragraph style; a size of 0 leaves the size to the document or the table."""

    name: str
    identifier: str
    based_on: str = "Normal"
    following: str = ""
    font: str = ""
    size: int = 0
    colour: str = ""
    bold: bool = False
    italic: bool = False
    before: int = 0
    after: int = 0
    line: int = 0
    align: str = "left"
    keep: bool = False
    outline: int = -1
    bar: bool = False
    fill: bool = False
    hanging: int = 0

    def xml(self) -> str:
        """Return the style's element."""
        built_in = self.identifier in _BUILT_IN
        custom = "" if built_in else ' w:customStyle="1"'
        following = f'<w:next w:val="{self.following}"/>' if self.following else ""
        return (
            f'<w:style w:type="paragraph"{custom} w:styleId="{self.identifier}">'
            f'<w:name w:val="{self.name}"/><w:basedOn w:val="{self.based_on}"/>{following}'
            f"<w:qFormat/><w:pPr>{self._paragraph()}</w:pPr><w:rPr>{self._run()}</w:rPr></w:style>"
        )

    def _paragraph(self) -> str:
        keep = "<w:keepNext/><w:keepLines/>" if self.keep else ""
        bar = ""
        if self.bar:
            bar = (
                f'<w:pBdr><w:left w:val="single" w:sz="18" w:space="10" w:color="{_ACCENT}"/>'
                "</w:pBdr>"
            )
        if self.bar or self.fill:
            bar += f'<w:shd w:val="clear" w:color="auto" w:fill="{_WASH}"/>'
        line = f' w:line="{self.line}" w:lineRule="auto"' if self.line else ""
        spacing = f'<w:spacing w:before="{self.before}" w:after="{self.after}"{line}/>'
        indent = ""
        if self.hanging:
            indent = f'<w:ind w:left="{self.hanging}" w:hanging="{self.hanging}"/>'
        elif self.bar:
            indent = '<w:ind w:left="240" w:right="120"/>'
        outline = f'<w:outlineLvl w:val="{self.outline}"/>' if self.outline >= 0 else ""
        return f'{keep}{bar}{spacing}{indent}<w:jc w:val="{self.align}"/>{outline}'

    def _run(self) -> str:
        font = f'<w:rFonts w:ascii="{self.font}" w:hAnsi="{self.font}" w:cs="{self.font}"/>'
        parts = [font if self.font else ""]
        parts.append("<w:b/>" if self.bold else "")
        parts.append("<w:i/>" if self.italic else "")
        parts.append(f'<w:color w:val="{self.colour}"/>' if self.colour else "")
        if self.size:
            parts.append(f'<w:sz w:val="{self.size}"/><w:szCs w:val="{self.size}"/>')
        return "".join(parts)


_BUILT_IN: Final = frozenset(
    {"BodyText", "Title", "Subtitle", "Date", "Bibliography", "Heading1", "Heading2", "Heading3"}
    | {"Heading4", "Caption", "FootnoteText", "Header", "Footer"}
)


def _soft(name: str, identifier: str, **settings: Any) -> _Style:
    return _Style(name, identifier, **({"font": _HEAD, "colour": _SOFT} | settings))


def _heading(name: str, identifier: str, **settings: Any) -> _Style:
    look: dict[str, Any] = {
        "font": _HEAD,
        "colour": _INK,
        "bold": True,
        "keep": True,
        "following": "BodyText",
    }
    return _Style(name, identifier, **{**look, **settings})


def _code(name: str, identifier: str, **settings: Any) -> _Style:
    return _Style(name, identifier, font="Consolas", fill=True, **settings)


def _box(name: str, identifier: str, **settings: Any) -> _Style:
    return _Style(name, identifier, bar=True, **({"size": 20} | settings))


def _box_title(name: str, identifier: str, **settings: Any) -> _Style:
    look: dict[str, Any] = {"font": _HEAD, "colour": _ACCENT, "bold": True, "keep": True}
    return _box(name, identifier, **(look | settings))


def _styles() -> tuple[_Style, ...]:
    return (
        _Style("Body Text", "BodyText", after=140, line=276),
        _Style("Compact", "Compact", before=20, after=20),
        _heading("Title", "Title", after=100, size=40),
        _soft("Subtitle", "Subtitle", after=160, size=24),
        _Style("Author", "Author", before=60, after=60, size=22, font=_HEAD),
        _soft("Date", "Date", before=40, after=60, size=18),
        _soft("Affiliation", "Affiliation", after=20, size=18),
        _box_title("Abstract Title", "AbstractTitle", before=240, following="Abstract", size=18),
        _box("Abstract", "Abstract", before=60, after=60, line=264),
        _Style("Bibliography", "Bibliography", after=80, size=19, hanging=480),
        _heading("heading 1", "Heading1", before=360, after=120, size=29, outline=0),
        _heading("heading 2", "Heading2", before=280, after=100, size=24, outline=1),
        _heading("heading 3", "Heading3", before=220, after=80, size=21, outline=2, italic=True),
        _heading("heading 4", "Heading4", before=200, after=60, size=20, outline=3),
        _soft("caption", "Caption", before=80, after=160, size=18),
        _soft("Table Caption", "TableCaption", before=240, after=80, size=18, keep=True),
        _soft("Image Caption", "ImageCaption", before=80, after=240, size=18),
        _Style("Captioned Figure", "CaptionedFigure", before=200, align="center", keep=True),
        _Style("Figure", "Figure", before=200, align="center"),
        _Style("Footnote Text", "FootnoteText", after=40, size=18),
        _box_title("Callout Title", "CalloutTitle", before=200),
        _box("Callout", "Callout", before=20, after=60),
        _code("Source Code", "SourceCode", before=120, after=160, size=17),
        _Style("Table End", "TableEnd", size=8, after=60),
        _soft("Margin Note", "MarginNote", before=100, after=100, size=18),
        _soft("header", "Header", size=16),
        _soft("footer", "Footer", size=16, align="center"),
    )


def _table_styles() -> str:
    def border(side: str, size: int) -> str:
        return f'<w:{side} w:val="single" w:sz="{size}" w:space="0" w:color="{_INK}"/>'

    margins = (
        '<w:tblCellMar><w:top w:w="30" w:type="dxa"/><w:left w:w="85" w:type="dxa"/>'
        '<w:bottom w:w="30" w:type="dxa"/><w:right w:w="85" w:type="dxa"/></w:tblCellMar>'
    )
    ruled = (
        '<w:style w:type="table" w:default="1" w:styleId="Table"><w:name w:val="Table"/>'
        "<w:qFormat/>"
        f'<w:rPr><w:rFonts w:ascii="{_HEAD}" w:hAnsi="{_HEAD}" w:cs="{_HEAD}"/>'
        '<w:sz w:val="18"/><w:szCs w:val="18"/></w:rPr>'
        f'<w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblBorders>{border("top", 10)}'
        f"{border('bottom', 10)}</w:tblBorders>{margins}</w:tblPr><w:trPr><w:cantSplit/></w:trPr>"
        '<w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr><w:tblPr/><w:tcPr><w:tcBorders>'
        f'{border("bottom", 6)}</w:tcBorders><w:vAlign w:val="bottom"/></w:tcPr>'
        "</w:tblStylePr></w:style>"
    )
    layout = (
        '<w:style w:type="table" w:customStyle="1" w:styleId="Layout"><w:name w:val="Layout"/>'
        f'<w:qFormat/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/>{margins}</w:tblPr></w:style>'
    )
    return ruled + layout


def restyle(styles: str) -> str:
    """Put the project's styles into pandoc's ``styles.xml``."""
    defaults = (
        "<w:docDefaults><w:rPrDefault><w:rPr>"
        f'<w:rFonts w:ascii="{_BODY}" w:hAnsi="{_BODY}" w:cs="{_BODY}" w:eastAsia="{_BODY}"/>'
        f'<w:color w:val="{_INK}"/><w:sz w:val="21"/><w:szCs w:val="21"/>'
        '<w:lang w:val="en-GB"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>'
    )
    styles = re.sub(r"<w:docDefaults>.*?</w:docDefaults>", defaults, styles, flags=re.DOTALL)
    for style in _styles():
        styles = _drop(styles, style.identifier)
    styles = _drop(styles, "Table")
    added = "".join(style.xml() for style in _styles()) + _table_styles()
    return styles.replace("</w:styles>", added + "</w:styles>")


def _drop(styles: str, identifier: str) -> str:
    pattern = rf'<w:style\b[^>]*w:styleId="{identifier}"[^>]*>.*?</w:style>\s*'
    return re.sub(pattern, "", styles, flags=re.DOTALL)


def document(text: str) -> str:
    """Give the template's body its A4 page, header and footer."""
    section = (
        f'<w:sectPr xmlns:r="{_R}"><w:headerReference w:type="default" r:id="rId41"/>'
        '<w:footerReference w:type="default" r:id="rId42"/>'
        '<w:pgSz w:w="11906" w:h="16838"/>'
        '<w:pgMar w:top="1560" w:right="1361" w:bottom="1418" w:left="1361" w:header="680" '
        'w:footer="624" w:gutter="0"/></w:sectPr>'
    )
    return re.sub(r"<w:sectPr.*?</w:sectPr>", section, text, flags=re.DOTALL)


def header(banner: str) -> str:
    """Return the header of every page: the data tier's sentence."""
    run = (
        f'<w:r><w:rPr><w:b/><w:color w:val="{_ALERT}"/></w:rPr>'
        f'<w:t xml:space="preserve">{banner}</w:t></w:r>'
    )
    border = f'<w:pBdr><w:bottom w:val="single" w:sz="4" w:space="4" w:color="{_LINE}"/></w:pBdr>'
    return _part(
        "hdr",
        f'<w:p><w:pPr><w:pStyle w:val="Header"/>{border}<w:jc w:val="right"/></w:pPr>{run}</w:p>',
    )


def footer() -> str:
    """Return the footer: page x of y."""

    def field(code: str) -> str:
        return f'<w:fldSimple w:instr=" {code} "><w:r><w:t>1</w:t></w:r></w:fldSimple>'

    slash = '<w:r><w:t xml:space="preserve"> / </w:t></w:r>'
    return _part(
        "ftr",
        f'<w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>{field("PAGE")}{slash}'
        f"{field('NUMPAGES')}</w:p>",
    )


def _part(tag: str, content: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<w:{tag} xmlns:w="{_W}" xmlns:r="{_R}">{content}</w:{tag}>'
    )


def relations(text: str) -> str:
    """Name the header and footer among the document's parts."""
    added = "".join(
        f'<Relationship Type="{_R}/{kind}" Id="{identifier}" Target="{kind}1.xml"/>'
        for kind, identifier in (("header", "rId41"), ("footer", "rId42"))
    )
    return text.replace("</Relationships>", added + "</Relationships>")


def content_types(text: str) -> str:
    """Name the content types of the header and footer."""
    added = "".join(
        f'<Override PartName="/word/{kind}1.xml" ContentType="{_OFFICE}.{kind}+xml"/>'
        for kind in ("header", "footer")
    )
    return text.replace("</Types>", added + "</Types>")


def core_properties() -> str:
    """Return document properties without a person or a clock."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<cp:coreProperties xmlns:cp="http://schemas.'
        'openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/'
        'elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/'
        '2001/XMLSchema-instance"><dc:title></dc:title><dc:creator></dc:creator>'
        '<dcterms:created xsi:type="dcterms:W3CDTF">1980-01-01T00:00:00Z</dcterms:created>'
        "</cp:coreProperties>"
    )
