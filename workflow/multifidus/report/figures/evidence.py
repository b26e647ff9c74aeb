"""Figures of the notebooks: distance of every comparison from print, and of the calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from multifidus.report.figures.style import ACCENT, LIGHT, PALETTE, SOFT, WIDTH

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_calibration", "draw_check"]

_LIMIT = 3.0
"""Distances beyond this many tolerances are drawn at the edge."""


def draw_check(scorecard: pd.DataFrame) -> Figure:
    """Draw every numeric comparison as its distance from the printed figure, in tolerances.

    Parameters
    ----------
    scorecard
        Columns ``family``, ``difference``, ``tolerance``, ``verdict``.
    """
    numbers = scorecard.assign(
        difference=pd.to_numeric(scorecard["difference"], errors="coerce"),
        tolerance=pd.to_numeric(scorecard["tolerance"], errors="coerce"),
    )
    numbers = numbers[numbers["difference"].notna() & (numbers["tolerance"] > 0)]
    distance = (numbers["difference"] / numbers["tolerance"]).clip(-_LIMIT, _LIMIT)
    data = numbers.assign(
        distance=distance,
        family=numbers["family"].str.replace("_", " "),
        verdict=numbers["verdict"].str.replace("_", " "),
    )
    families = list(dict.fromkeys(data["family"]))
    figure, axis = plt.subplots(figsize=(WIDTH, 0.36 * len(families) + 1.1), layout="constrained")
    axis.axvspan(-1, 1, color=LIGHT, zorder=0)
    position = pd.Series({family: i for i, family in enumerate(families)})
    within = data.groupby("family").cumcount() / data.groupby("family")["family"].transform("size")
    data = data.assign(y=data["family"].map(position) + 0.7 * (within - 0.5) + 0.05)
    sns.scatterplot(
        data=data,
        x="distance",
        y="y",
        hue="verdict",
        palette=list(PALETTE[: data["verdict"].nunique()]),
        s=16,
        lw=0,
        ax=axis,
    )
    axis.set_yticks(range(len(families)), families)
    axis.invert_yaxis()
    axis.set(
        xlabel="Reproduced minus printed, in half units of the last printed digit",
        ylabel="",
        xlim=(-_LIMIT - 0.2, _LIMIT + 0.2),
    )
    legend = axis.get_legend()
    if legend is not None:
        handles, labels = axis.get_legend_handles_labels()
        legend.remove()
        figure.legend(handles, labels, loc="outside upper left", ncols=3, fontsize=7)
    return figure


def draw_calibration(calibration: pd.DataFrame) -> Figure:
    """Draw every calibration target as where the cohort landed inside the target's window.

    Parameters
    ----------
    calibration
        Columns ``low``, ``high`` and ``reached``.
    """
    known = calibration[calibration["reached"].notna()]
    middle = (known["low"] + known["high"]) / 2
    half = ((known["high"] - known["low"]) / 2).replace(0, np.nan)
    position = ((known["reached"] - middle) / half).fillna(0.0)
    data = known.assign(position=position).sort_values("position", kind="stable")
    figure, axis = plt.subplots(figsize=(WIDTH, 2.4), layout="constrained")
    axis.axhspan(-1, 1, color=LIGHT, zorder=0)
    axis.scatter(np.arange(len(data)), data["position"], s=9, color=ACCENT, lw=0)
    axis.axhline(0, color=SOFT, lw=0.6)
    axis.set(
        ylim=(-1.6, 1.6),
        xlabel=f"{len(data)} calibration targets, ordered",
        ylabel="Place inside the window",
    )
    axis.set_yticks([-1, 0, 1], ["lower end", "middle", "upper end"])
    return figure
