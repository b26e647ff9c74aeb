"""The forest plot: events of the run beside published shares, with their intervals in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt

from multifidus.report.figures.style import ACCENT, INK, LIGHT, SOFT, WIDTH

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from multifidus.config.study import StudyConfig
    from multifidus.results.table import Results

__all__ = ["draw_comparators"]

_ROW, _EDGE = 0.17, 0.75
"""Inches: height of a row, and of the axis and heads together."""
_LABELS, _PLOT, _COUNTS = 0.36, 0.36, 0.83
"""Parts of the width: labels, plot, and where the counts end."""
_SIZE = 6.8


def draw_comparators(results: Results, study: StudyConfig) -> Figure:  # noqa: ARG001
    """Draw events of the run beside published shares, with 95 % intervals.

    One block for each kind of event; the run's own row comes first. Counts and intervals stand in
    words beside the plot, so that it reads without colour and in print.
    """
    rows = results.select(analysis="comparison", statistic="percent")
    blocks = [(event, rows[rows["outcome"] == event]) for event in rows["outcome"].unique()]
    lines = len(rows) + len(blocks)
    height = _ROW * lines + _EDGE
    figure = plt.figure(figsize=(WIDTH, height))
    bottom = 0.45 / height
    axis = figure.add_axes((_LABELS, bottom, _PLOT, 1 - bottom - 0.28 / height))
    at = 0
    for event, block in blocks:
        _words(axis, _LABELS, 0.0, at, str(event).replace("_", " ").capitalize(), weight="bold")
        if at:
            axis.axhline(at - 0.55, color=LIGHT, lw=0.6)
        at += 1
        for _, row in block.sort_values("population", ascending=False, kind="stable").iterrows():
            _draw_row(axis, results, row, at)
            at += 1
    for place, text, align in ((0.0, "Source", "left"), (_COUNTS, "n/N", "right"),
                               (1.0, "% (95 % CI)", "right")):  # fmt: skip
        _words(axis, _LABELS, place, -1.0, text, align=align, colour=SOFT)
    axis.set(xlabel="Participants, %", xlim=(0, None), ylim=(lines - 0.4, -0.6), yticks=[])
    axis.spines["left"].set_color(SOFT)
    axis.grid(axis="x")
    return figure


def _draw_row(axis: Axes, results: Results, row: pd.Series, at: int) -> None:
    result_id, ours = str(row["result_id"]), row["population"] == "safety"
    stem = result_id.rpartition(".")[0]
    colour, weight = (ACCENT, "bold") if ours else (SOFT, "normal")
    value = results.value(result_id)
    words = results.text(result_id)
    if f"{stem}.ci_lower" in results and results.hidden(f"{stem}.ci_lower") is None:
        low, high = (results.value(f"{stem}.{name}") for name in ("ci_lower", "ci_upper"))
        axis.plot([low, high], [at, at], color=colour, lw=1.3, solid_capstyle="butt", zorder=3)
        limits = [results.text(f"{stem}.{name}") for name in ("ci_lower", "ci_upper")]
        words = f"{words} ({limits[0]} to {limits[1]})"
    axis.plot(value, at, "D" if ours else "s", color=colour, ms=3.8, clip_on=False, zorder=4)
    label = str(row["label"]).partition(": ")[2]
    label = f"{label[:1].upper()}{label[1:]}"
    _words(axis, _LABELS, 0.012, at, label, weight=weight)
    counts = f"{row['n']}/{row['N']}" if row.notna()["n"] and row.notna()["N"] else ""
    _words(axis, _LABELS, _COUNTS, at, counts, align="right", weight=weight)
    _words(axis, _LABELS, 1.0, at, words.replace("%", "").replace("\N{NARROW NO-BREAK SPACE}", ""),
           align="right", weight=weight)  # fmt: skip


def _words(
    axis: Axes, left: float, place: float, at: float, text: str, *, align: str = "left",
    weight: str = "normal", colour: str = INK,
) -> None:  # fmt: skip
    """Write text at a part of the figure's width, on a row of the plot."""
    axis.text(
        (place - left) / _PLOT, at, text, transform=axis.get_yaxis_transform(), ha=align,
        va="center", fontsize=_SIZE, fontweight=weight, color=colour, clip_on=False,
    )  # fmt: skip
