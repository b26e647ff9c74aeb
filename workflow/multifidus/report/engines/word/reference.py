"""The Word template: making it from pandoc's own, and writing a run's tier into its header.

The bytes depend on pandoc's version alone: entries are sorted and carry a fixed time.
"""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

import pypandoc

from multifidus.base.errors import RenderError
from multifidus.report.engines.word import styles as word_styles

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TIER_PLACEHOLDER", "build_reference", "fill_tier"]

#: Stands in the template's header; a document that shows it was made without its data tier.
TIER_PLACEHOLDER: Final = "The data tier of this document was not declared"

_TIME = (1980, 1, 1, 0, 0, 0)


def build_reference() -> bytes:
    """Return the Word template: A4, styles, three-rule tables, header and footer."""
    made = subprocess.run(
        [pypandoc.get_pandoc_path(), "--print-default-data-file", "reference.docx"],
        capture_output=True,
        check=True,
    )
    parts = _unpack(made.stdout)
    parts["word/styles.xml"] = word_styles.restyle(parts["word/styles.xml"].decode()).encode()
    parts["word/document.xml"] = word_styles.document(parts["word/document.xml"].decode()).encode()
    parts["word/header1.xml"] = word_styles.header(TIER_PLACEHOLDER).encode()
    parts["word/footer1.xml"] = word_styles.footer().encode()
    relations = "word/_rels/document.xml.rels"
    parts[relations] = word_styles.relations(parts[relations].decode()).encode()
    types = "[Content_Types].xml"
    parts[types] = word_styles.content_types(parts[types].decode()).encode()
    parts["docProps/core.xml"] = word_styles.core_properties().encode()
    return _pack(parts)


def fill_tier(template: bytes, banner: str) -> bytes:
    """Write the tier's sentence into every header of a Word template.

    Raises
    ------
    RenderError
        ``RND-031`` when the template has no place for it: a document without its tier must not
        come out.
    """
    parts = _unpack(template)
    filled = 0
    for name, content in parts.items():
        if re.fullmatch(r"word/header\d*\.xml", name):
            text = content.decode("utf-8")
            filled += text.count(TIER_PLACEHOLDER)
            parts[name] = text.replace(TIER_PLACEHOLDER, escape(banner)).encode("utf-8")
    if not filled:
        raise RenderError(
            "RND-031",
            "the Word template has no header with the place for the data tier; make it anew with "
            "python -m multifidus.report.engines.word.make_templates reports/manuscript/templates.",
        )
    return _pack(parts)


def _unpack(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def _pack(parts: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    # Word wants the content types first; the rest is sorted.
    names = sorted(parts, key=lambda name: (name != "[Content_Types].xml", name))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, date_time=_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, parts[name])
    return target.getvalue()
