"""The flow diagram, drawn from the flow rows of the results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

from multifidus.report.figures.style import ACCENT, INK, SOFT, WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from multifidus.config import StudyConfig
    from multifidus.results import Results

__all__ = ["draw_flow"]

_ROW = 1.0
_MAIN_X, _SIDE_X = 0.27, 0.76
_MAIN_W, _SIDE_W = 0.42, 0.44


def draw_flow(results: Results, study: StudyConfig) -> Figure:
    """Draw a CONSORT flow diagram: one box a stage, those not seen and their reasons beside it."""
    stages = _stages(results, study)
    heights = [max(1, len(side)) for _, side in stages]
    figure, axis = plt.subplots(figsize=(WIDTH, 0.34 * sum(h + 1.1 for h in heights)))
    axis.set_axis_off()
    y, previous = 0.0, None
    for (main, side), height in zip(stages, heights, strict=True):
        centre = y + 0.5 * height * _ROW
        if previous is not None:
            _arrow(axis, (_MAIN_X, previous), (_MAIN_X, centre - 0.72))
        _box(axis, (_MAIN_X, centre), (_MAIN_W, 1.3), main, bold=True)
        if side:
            _box(axis, (_SIDE_X, centre), (_SIDE_W, 0.62 * len(side) + 0.5), "\n".join(side))
            _arrow(axis, (_MAIN_X + _MAIN_W / 2, centre), (_SIDE_X - _SIDE_W / 2, centre))
        previous = centre + 0.66
        y += (height + 1.1) * _ROW
    axis.set_xlim(0, 1)
    axis.set_ylim(y, -0.4)
    figure.tight_layout(pad=0.2)
    return figure


def _stages(results: Results, study: StudyConfig) -> list[tuple[str, list[str]]]:
    rows = results.select(analysis="flow", statistic="count", group="all")
    visits = {visit.id: visit.label for visit in study.visits}
    stages: list[tuple[str, list[str]]] = []
    for visit in ["overall", *visits]:
        part = rows[rows["visit"] == visit]
        for outcome, label, value in zip(
            part["outcome"], part["label"], part["value"], strict=True
        ):
            words = f"{label}: {int(value)}"
            leaving = str(outcome).startswith(("missed_", "discontinued_", "screen_failure"))
            if leaving:
                if value and stages:
                    stages[-1][1].append(words)
            elif visit == "overall" or outcome == "attended":
                head = f"{visits[visit]}: {int(value)} seen" if outcome == "attended" else words
                stages.append((head, []))
    return stages


def _box(
    axis: Axes,
    at: tuple[float, float],
    size: tuple[float, float],
    words: str,
    *,
    bold: bool = False,
) -> None:
    (x, y), (width, height) = at, size
    axis.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.012",
            mutation_aspect=20,
            fc="white",
            ec=ACCENT if bold else SOFT,
            lw=0.9,
        )
    )
    axis.text(
        x, y, words, ha="center", va="center", fontsize=7.5, color=INK,
        fontweight="bold" if bold else "normal", linespacing=1.35,
    )  # fmt: skip


def _arrow(axis: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axis.annotate(
        "", xy=end, xytext=start, arrowprops={"arrowstyle": "-|>", "color": SOFT, "lw": 0.8}
    )
