"""The Word template and the mark on PDF pages: made by code, the same bytes each time."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import docx
import pytest

from multifidus.base.errors import RenderError
from multifidus.config.tier import Tier
from multifidus.report.engines.word.reference import (
    TIER_PLACEHOLDER,
    build_reference,
    fill_tier,
)
from multifidus.report.engines.word.tier_mark import build_tier_marks

TEMPLATES = Path(__file__).parents[2] / "reports" / "manuscript" / "templates"
COMMITTED = TEMPLATES / "reference.docx"


def header_text(content: bytes) -> str:
    (section,) = docx.Document(io.BytesIO(content)).sections
    return "".join(paragraph.text for paragraph in section.header.paragraphs)


def test_the_committed_template_is_what_the_code_makes() -> None:
    assert COMMITTED.read_bytes() == build_reference()


def test_the_committed_tier_marks_are_what_the_code_makes() -> None:
    text = (TEMPLATES / "tier-mark.typ").read_text("utf-8")
    assert text == build_tier_marks()
    assert re.findall(r"^  (\w+): ", text, re.MULTILINE) == sorted(Tier)


def test_the_page_is_a4_and_the_styles_are_there() -> None:
    document = docx.Document(str(COMMITTED))
    (section,) = document.sections
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    names = {style.name for style in document.styles}
    assert {"Affiliation", "Abstract", "Abstract Title", "Callout", "Layout", "Table"} <= names
    assert {"Table Caption", "Image Caption", "Heading 1", "Margin Note"} <= names


def test_the_tier_is_written_into_the_header_and_escaped() -> None:
    filled = fill_tier(COMMITTED.read_bytes(), "Synthetic <cohort> & co")
    assert header_text(filled) == "Synthetic <cohort> & co"
    assert header_text(COMMITTED.read_bytes()) == TIER_PLACEHOLDER
    assert filled == fill_tier(COMMITTED.read_bytes(), "Synthetic <cohort> & co")


def test_a_template_without_the_place_is_refused() -> None:
    bare = io.BytesIO()
    with zipfile.ZipFile(bare, "w") as archive:
        archive.writestr("word/header1.xml", "<w:hdr/>")
    with pytest.raises(RenderError, match="no header with the place") as caught:
        fill_tier(bare.getvalue(), "Synthetic")
    assert caught.value.error_id == "RND-031"
