"""Figures of the supplement: published comparators as a forest, cumulative responders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd

from multifidus.report.figures.style import ACCENT, INK, PALETTE, SOFT, WIDTH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from multifidus.config import StudyConfig
    from multifidus.results import Results

__all__ = ["draw_comparators", "draw_cumulative"]

_STEP = 10


def draw_comparators(results: Results, study: StudyConfig) -> Figure:  # noqa: ARG001
    """Draw device events of the run beside published rates, with 95 % intervals."""
    rows = results.select(analysis="comparison", statistic="percent")
    rows = rows.sort_values(["outcome", "population"], ascending=[True, False], kind="stable")
    figure, axis = plt.subplots(figsize=(WIDTH, 0.21 * len(rows) + 0.7), layout="constrained")
    for at, (result_id, population) in enumerate(
        zip(rows["result_id"], rows["population"], strict=True)
    ):
        stem = str(result_id).rpartition(".")[0]
        ours = population == "safety"
        colour = ACCENT if ours else SOFT
        if f"{stem}.ci_lower" in results:
            limits = [results.value(f"{stem}.{name}") for name in ("ci_lower", "ci_upper")]
            axis.plot(limits, [at, at], color=colour, lw=1.2, solid_capstyle="butt")
        axis.plot(results.value(result_id), at, "D" if ours else "s", color=colour, ms=4)
    axis.set_yticks(range(len(rows)), list(rows["label"]), fontsize=6.8)
    for tick, population in zip(axis.get_yticklabels(), rows["population"], strict=True):
        tick.set_color(INK)
        tick.set_fontweight("bold" if population == "safety" else "normal")
    axis.invert_yaxis()
    axis.set(xlabel="Participants, %", xlim=(0, None))
    axis.grid(axis="x")
    return figure


def draw_cumulative(results: Results, study: StudyConfig) -> Figure:
    """Draw the share that reaches each reduction of pain at the yearly visits."""
    visits = [visit for visit in study.visits if visit.years and visit.years >= 1]
    figure, axis = plt.subplots(figsize=(WIDTH, 2.8), layout="constrained")
    for visit, colour in zip(visits, PALETTE, strict=False):
        points = []
        for cut in range(0, 101, _STEP):
            result_id = f"cumulative.vas_ge{cut}.{visit.id}.observed.all.percent"
            if result_id in results:
                points.append((cut, results.value(result_id)))
        data = pd.DataFrame(points, columns=["cut", "share"])
        axis.plot(data["cut"], data["share"], "o-", ms=3, lw=1.2, color=colour, label=visit.label)
    axis.set(
        xlabel="Reduction of pain of at least, %", ylabel="Participants observed, %", ylim=(0, 100)
    )
    axis.grid(axis="both")
    figure.legend(loc="outside upper left", ncols=5, fontsize=7)
    return figure
