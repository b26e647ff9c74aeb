"""The part of Quarto's document language that both render engines know.

A document that keeps to these names renders to the same text with Quarto and with the embedded
renderer. Names are Quarto's own (quarto.org, reference pages of cell options, front matter and
shortcodes, read for version 1.9).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Literal

__all__ = [
    "CELL_OPTIONS",
    "CROSS_REFERENCE_KINDS",
    "DIV_CLASSES",
    "EXTENSIONS",
    "FORMATS",
    "FORMAT_KEYS",
    "HEADING_CLASSES",
    "METADATA_KEYS",
    "PANDOC_FORMATS",
    "SHORTCODES",
    "SPAN_CLASSES",
    "FormatName",
]

FormatName = Literal["html", "pdf", "docx"]

FORMATS: Final[tuple[FormatName, ...]] = ("html", "pdf", "docx")

#: Format name to the writer that both Quarto and pandoc call it by.
PANDOC_FORMATS: Final = MappingProxyType({"html": "html", "pdf": "typst", "docx": "docx"})

EXTENSIONS: Final = MappingProxyType({"html": ".html", "pdf": ".pdf", "docx": ".docx"})

#: Label prefix to the word printed before the number.
CROSS_REFERENCE_KINDS: Final = MappingProxyType(
    {"fig": "Figure", "tbl": "Table", "lst": "Listing", "eq": "Equation", "sec": "Section"}
)

CELL_OPTIONS: Final = frozenset(
    {
        "code-fold",
        "code-summary",
        "column",
        "echo",
        "error",
        "eval",
        "fig-alt",
        "fig-cap",
        "fig-height",
        "fig-subcap",
        "fig-width",
        "include",
        "label",
        "layout",
        "layout-ncol",
        "layout-nrow",
        "lst-cap",
        "lst-label",
        "out-width",
        "output",
        "tags",
        "tbl-cap",
        "tbl-subcap",
        "warning",
    }
)

DIV_CLASSES: Final = frozenset(
    {
        "abstract",
        "aside",
        "callout-caution",
        "callout-important",
        "callout-note",
        "callout-tip",
        "callout-warning",
        "column-margin",
        "content-hidden",
        "content-visible",
        "panel-tabset",
        "unnumbered",
    }
)

SPAN_CLASSES: Final = frozenset(
    {"content-hidden", "content-visible", "mark", "num", "smallcaps", "underline"}
)

HEADING_CLASSES: Final = frozenset({"unlisted", "unnumbered"})

SHORTCODES: Final = frozenset({"embed", "env", "include", "meta", "pagebreak", "var"})

_EXECUTE_KEYS = frozenset(
    {
        "cache",
        "daemon",
        "echo",
        "enabled",
        "error",
        "eval",
        "freeze",
        "include",
        "output",
        "warning",
    }
)

#: Top keys of the front matter and of ``_quarto.yml``; ``None`` where any content is allowed.
METADATA_KEYS: Final = MappingProxyType(
    {
        "affiliations": None,
        "author": None,
        "bibliography": None,
        "citeproc": None,
        "crossref": frozenset({"title-delim"}),
        "csl": None,
        "date": None,
        "date-format": None,
        "description": None,
        "engine": None,
        "execute": _EXECUTE_KEYS,
        "fig-dpi": None,
        "fig-height": None,
        "fig-width": None,
        "filters": None,
        "format": frozenset({"docx", "html", "typst"}),
        "jupyter": None,
        "keywords": None,
        "lang": None,
        "link-citations": None,
        "multifidus": frozenset({"allowed-numerals"}),
        "nocite": None,
        "number-sections": None,
        "project": None,
        "reference-section-title": None,
        "running-head": None,
        "subtitle": None,
        "tier": None,
        "tier-banner": None,
        "title": None,
        "toc": None,
        "toc-depth": None,
        "toc-title": None,
    }
)

# Figure sizes are the document's, not a format's: one execution serves all formats.
_ANY_FORMAT = frozenset(
    {"citeproc", "fig-cap-location", "fig-format", "number-sections", "tbl-cap-location"}
    | {"toc", "toc-depth", "toc-title"}
)

#: Keys under ``format.<writer>``.
FORMAT_KEYS: Final = MappingProxyType(
    {
        "html": _ANY_FORMAT
        | {"anchor-sections", "citations-hover", "code-copy", "css", "document-css"}
        | {"embed-resources", "fig-responsive", "footnotes-hover", "html-math-method"}
        | {"minimal", "notebook-links", "section-divs", "smooth-scroll", "template"}
        | {"crossrefs-hover", "tabsets", "template-partials", "theme"},
        "typst": _ANY_FORMAT
        | {"fontsize", "keep-typ", "mainfont", "margin", "papersize", "section-numbering"}
        | {"template-partials"},
        "docx": _ANY_FORMAT | {"reference-doc"},
    }
)
