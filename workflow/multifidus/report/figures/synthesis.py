"""Figures of the evidence synthesis: forest and funnel plots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit
from scipy.stats import norm

from multifidus.report.figures.style import ACCENT, LIGHT, SOFT, WIDTH

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["draw_forest", "draw_funnel"]

_NUMBERS = ("studies", "estimate", "lower", "upper", "prediction_lower", "prediction_upper")
_Z = float(norm.ppf(0.975))
_LABELS = {
    "pain": "Change of pain, points of 0 to 10",
    "odi": "Change of the ODI, points",
    "eq5d": "Change of the EQ-5D index",
    "pain_ge50": "At least 50 % less pain, % of participants",
}


def _select(frame: pd.DataFrame, therapy: str, outcome: str) -> pd.DataFrame:
    return frame[(frame["therapy"] == therapy) & (frame["outcome"] == outcome)]


def _summary(pooled: pd.DataFrame, therapy: str, outcome: str) -> dict[str, float]:
    rows = _select(pooled, therapy, outcome)
    row = rows[(rows["analysis"] == "latest") & (rows["estimator"] == "reml")].iloc[0]
    return {name: float(row[name]) for name in _NUMBERS}


def draw_forest(
    effects: pd.DataFrame, pooled: pd.DataFrame, outcome: str, therapy: str = "restorative"
) -> Figure:
    """Draw the effects of one outcome with the pooled effect and the prediction interval.

    Parameters
    ----------
    effects
        Columns ``study``, ``months``, ``effect``, ``error``, ``measure``; a filled marker is the
        longest follow-up of its study, which is pooled.
    pooled
        As the workflow writes it; the REML row of the analysis ``latest`` is drawn.
    """
    rows = _select(effects, therapy, outcome).sort_values(["study", "months"], kind="stable")
    rows = rows.reset_index(drop=True)
    summary = _summary(pooled, therapy, outcome)
    last = rows.groupby("study")["months"].transform("max") == rows["months"]
    ends = np.array(
        [rows["effect"] + side * _Z * rows["error"] for side in (-1, 0, 1)], dtype=float
    )
    if (rows["measure"] == "logit").all():
        ends = 100 * expit(ends)
    figure, axis = plt.subplots(figsize=(WIDTH, 0.22 * len(rows) + 1.3), layout="constrained")
    for at, (low, middle, high) in enumerate(ends.T):
        axis.plot([low, high], [at, at], color=SOFT, lw=0.9)
        fill = ACCENT if last[at] else "white"
        axis.plot(middle, at, "s", ms=4.5, mfc=fill, mec=ACCENT, mew=0.9)
    foot = len(rows) + 0.3
    axis.plot(
        [summary["prediction_lower"], summary["prediction_upper"]], [foot, foot], color=LIGHT, lw=5
    )
    x = [summary["lower"], summary["estimate"], summary["upper"], summary["estimate"]]
    axis.fill(x, [foot, foot - 0.25, foot, foot + 0.25], color=ACCENT, lw=0)
    axis.axvline(summary["estimate"], color=LIGHT, lw=0.8, zorder=0)
    names = [f"{row.study} ({row.months} months)" for row in rows.itertuples(index=False)]
    axis.set_yticks(
        [*range(len(rows)), foot], [*names, f"Pooled, {summary['studies']:.0f} studies"]
    )
    axis.invert_yaxis()
    axis.set(xlabel=_LABELS.get(outcome, outcome.replace("_", " ")))
    return figure


def draw_funnel(
    effects: pd.DataFrame, pooled: pd.DataFrame, outcome: str, therapy: str = "restorative"
) -> Figure:
    """Draw standard errors against effects, each study at its longest follow-up."""
    rows = _select(effects, therapy, outcome)
    rows = rows[rows.groupby("study")["months"].transform("max") == rows["months"]]
    summary = _summary(pooled, therapy, outcome)
    centre = summary["estimate"]
    if (rows["measure"] == "logit").all():
        centre = float(np.log(centre / (100 - centre)))
    figure, axis = plt.subplots(figsize=(WIDTH, 2.6), layout="constrained")
    top = 1.1 * float(rows["error"].max())
    axis.fill([centre, centre - _Z * top, centre + _Z * top], [0, top, top], color=LIGHT, lw=0)
    axis.axvline(centre, color=SOFT, lw=0.8)
    axis.plot(rows["effect"], rows["error"], "o", ms=4, color=ACCENT)
    for study, x, y in zip(rows["study"], rows["effect"], rows["error"], strict=True):
        axis.annotate(str(study), (float(x), float(y)), xytext=(4, 3), textcoords="offset points")
    axis.set(xlabel=_LABELS.get(outcome, outcome), ylabel="Standard error", ylim=(top, 0))
    return figure
