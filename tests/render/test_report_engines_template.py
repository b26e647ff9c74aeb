"""The PDF's template on what Quarto hands it, seen on the page."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import typst

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from multifidus.report.engines.api import RenderOutcome

    Render = Callable[..., RenderOutcome]

# As Quarto 1.9.38 writes a float and a reference to it: Typst counts; a blank begins the caption.
FLOAT = """
```{=typst}
#figure(
  [x], caption: [ Names.], kind: "quarto-float-tbl", supplement: "Table", numbering: "1"
) <tbl-a>

See @tbl-a.
```
"""


def words(path: Path) -> list[tuple[str, float, float, float]]:
    """Return each word of a PDF with its left, right and upper edge in points."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not on this machine")
    command = ["pdftotext", "-bbox", str(path), "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.findall(r'xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax=".+?">(.*?)</word>', text)
    return [(word, float(left), float(right), float(top)) for left, top, right, word in found]


def test_references_by_quarto_are_coloured_like_links(render_text: Render, tmp_path: Path) -> None:
    render_text(FLOAT, formats=("pdf",))
    project = tmp_path / "scratch" / "project"
    page = typst.compile(str(project / "a.typ"), root=str(project), format="svg")
    assert b'fill="#0b4f7a"' in page  # the template's accent; nothing else on the page has it


def test_one_blank_is_between_number_and_caption(render_text: Render) -> None:
    outcome = render_text(FLOAT, formats=("pdf",))
    on_page = words(outcome.outputs["pdf"])
    number = next(item for item in on_page if item[0].endswith("1."))
    caption = next(item for item in on_page if item[0] == "Names.")
    assert 0 < caption[1] - number[2] < 0.45 * 8.9  # of the caption's letters of 8.9 points
