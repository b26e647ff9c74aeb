"""The cumulative distribution of the reduction of pain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd

from multifidus.report.figures.style import PALETTE, WIDTH, add_legend

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from multifidus.config.study import StudyConfig
    from multifidus.results.table import Results

__all__ = ["draw_cumulative"]

_STEP = 10


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
    add_legend(figure, 5)
    return figure
