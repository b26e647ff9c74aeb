"""Make the templates that are made by code: the Word template and the marks on PDF pages.

``python -m multifidus.report.engines.word.make_templates reports/manuscript/templates`` writes
``reference.docx`` and ``tier-mark.typ``, the same bytes each time; a test holds the committed
files to it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from multifidus.base.files import write_bytes, write_text
from multifidus.report.engines.word.reference import build_reference
from multifidus.report.engines.word.tier_mark import build_tier_marks

__all__ = ["make_templates"]


def make_templates(folder: Path) -> None:
    """Write the templates into ``folder``."""
    write_bytes(folder / "reference.docx", build_reference())
    write_text(folder / "tier-mark.typ", build_tier_marks())


if __name__ == "__main__":
    make_templates(Path(sys.argv[1]))
