"""The words across every page of the PDF, as outlines.

Drawn as letters they would be read out, copied and searched in the middle of the text; as outlines
they are seen and nothing else. The bytes depend on the code and matplotlib's own DejaVu Sans alone.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath

__all__ = ["build_tier_marks"]

_WORDS: Final = MappingProxyType(
    {
        "public": "PUBLIC DATA",
        "published": "PUBLISHED FIGURES",
        "restricted": "RESTRICTED DATA",
        "synthetic": "SYNTHETIC COHORT",
    }
)
_COLOUR: Final = "#9a3412"
_OPACITY: Final = "0.055"
_SIZE: Final = 100  # units of the drawing for one em
_SPACING: Final = 12  # units between letters
_SPACE: Final = 35  # units between words
_PADDING: Final = 10

_COMMANDS: Final = MappingProxyType(
    {Path.MOVETO: ("M", 1), Path.LINETO: ("L", 1), Path.CURVE3: ("Q", 2), Path.CURVE4: ("C", 3)}
)


def build_tier_marks() -> str:
    """Return the Typst partial: a dictionary from tier to SVG text."""
    marks = "".join(f'  {tier}: "{_drawing(words)}",\n' for tier, words in sorted(_WORDS.items()))
    return (
        "// Outlines of the words across each page, made by\n"
        "// python -m multifidus.report.engines.word.make_templates: do not edit by hand.\n"
        f"#let tier-marks = (\n{marks})\n"
    )


def _drawing(words: str) -> str:
    """Return an SVG of the words' outlines, with single quotes, for a Typst string."""
    font = FontProperties(family="DejaVu Sans", weight="bold")
    left, parts = float(_PADDING), []
    for letter in words:
        if letter == " ":
            left += _SPACE
            continue
        outline = TextPath((0, 0), letter, size=_SIZE, prop=font)
        parts.append(_outline(outline, left))
        left += outline.get_extents().x1 + _SPACING
    width, height = round(left + _PADDING), round(0.73 * _SIZE) + 2 * _PADDING
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'>"
        f"<path fill='{_COLOUR}' fill-opacity='{_OPACITY}' d='{''.join(parts)}'/></svg>"
    )


def _outline(outline: Path, left: float) -> str:
    """Return path data with the baseline at the bottom of the drawing and whole numbers."""
    base = 0.73 * _SIZE + _PADDING
    parts = []
    for vertices, code in outline.iter_segments(simplify=False, curves=True):
        if code == Path.CLOSEPOLY:
            parts.append("Z")
            continue
        name, count = _COMMANDS[code]
        pairs = vertices.reshape(-1, 2)[:count]
        parts.append(name + " ".join(f"{left + x:.0f} {base - y:.0f}" for x, y in pairs))
    return "".join(parts)
