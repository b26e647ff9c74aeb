"""Figures of the outcomes: means over time, responders, opioid use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from multifidus.config.instruments import INSTRUMENTS
from multifidus.report.figures.style import (
    ACCENT,
    INK,
    LIGHT,
    PALETTE,
    SOFT,
    WIDTH,
    add_legend,
    say_nothing_observed,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from multifidus.config.study import Outcome, StudyConfig
    from multifidus.results.table import Results

__all__ = ["draw_opioids", "draw_outcomes", "draw_responders"]

_Z = 1.959963984540054  # 97.5 % point of the normal distribution


def _over_time(results: Results, study: StudyConfig, outcome: Outcome) -> pd.DataFrame:
    records = []
    for visit in study.visits:
        stem = f"level.{outcome.id}.{visit.id}.observed.all"
        if f"{stem}.mean" in results and visit.years is not None:
            error = f"{stem}.se"  # one value alone has none
            records.append(
                {
                    "years": visit.years,
                    "mean": results.value(f"{stem}.mean"),
                    "half": _Z * results.value(error) if error in results else float("nan"),
                    "n": results.text(f"{stem}.n"),
                }
            )
    return pd.DataFrame(records, columns=["years", "mean", "half", "n"]).dropna(subset="mean")


def draw_outcomes(results: Results, study: StudyConfig) -> Figure:
    """Draw the mean of each outcome with its 95 % interval at every visit."""
    figure, axes = plt.subplots(
        1, len(study.outcomes), figsize=(WIDTH, 2.7), layout="constrained", squeeze=False
    )
    for axis, outcome, colour in zip(axes[0], study.outcomes, PALETTE, strict=False):
        data = _over_time(results, study, outcome)
        if data.empty:
            say_nothing_observed(axis)
            continue
        sns.lineplot(data=data, x="years", y="mean", ax=axis, color=colour, lw=1.4)
        axis.errorbar(
            data["years"],
            data["mean"],
            yerr=data["half"],
            fmt="o",
            ms=4,
            capsize=2,
            lw=1,
            color=colour,
        )
        axis.set(
            title=outcome.label.replace("Oswestry Disability Index", "Oswestry (ODI)"),
            xlabel="Years after activation",
            ylabel=outcome.unit if outcome.unit != "index" else "",
        )
        axis.set_xticks(range(int(data["years"].max()) + 1))
        axis.grid(axis="y")
        _from_zero(axis, outcome)
        for _, point in data.iterrows():
            if float(point["years"]).is_integer():
                axis.annotate(
                    point["n"],
                    (point["years"], 0),
                    xycoords=("data", "axes fraction"),
                    xytext=(0, 3),
                    textcoords="offset points",
                    ha="center",
                    fontsize=6,
                    color=SOFT,
                )
    return figure


def _from_zero(axis: Axes, outcome: Outcome) -> None:
    axis.set_ylim(0, INSTRUMENTS[outcome.instrument].axis_top)


def draw_responders(results: Results, study: StudyConfig) -> Figure:
    """Draw the share of responders at the yearly visits with Wilson intervals."""
    wanted = ("vas_ge50", "vas_le25", "odi_ge20", "vas50_or_odi20")
    visits = [visit for visit in study.visits if visit.years and visit.years >= 1]
    chosen = [item for item in study.responders if item.id in wanted]
    figure, axis = plt.subplots(figsize=(WIDTH, 2.9), layout="constrained")
    width = 0.8 / max(1, len(chosen))
    for i, responder in enumerate(chosen):
        points = []
        for j, visit in enumerate(visits):
            stem = f"responder.{responder.id}.{visit.id}.observed.all"
            if f"{stem}.percent" in results:
                share, low, high = (
                    results.value(f"{stem}.{name}") for name in ("percent", "ci_lower", "ci_upper")
                )
                points.append((j + (i - (len(chosen) - 1) / 2) * width, share, low, high))
        data = pd.DataFrame(points, columns=["x", "share", "low", "high"])
        axis.bar(data["x"], data["share"], width * 0.92, color=PALETTE[i], label=responder.label)
        axis.errorbar(
            data["x"],
            data["share"],
            yerr=[data["share"] - data["low"], data["high"] - data["share"]],
            fmt="none",
            ecolor=INK,
            elinewidth=0.8,
            capsize=1.5,
        )
    axis.set_xticks(range(len(visits)), [visit.label for visit in visits])
    axis.set(ylim=(0, 100), ylabel="Responders, %")
    axis.grid(axis="y")
    add_legend(figure, 2)
    return figure


def draw_opioids(results: Results, study: StudyConfig) -> Figure:
    """Draw the change of opioid use among baseline users as stacked shares."""
    categories = ("discontinued", "decreased", "unchanged", "increased")
    colours = (ACCENT, "#7fb2cf", LIGHT, PALETTE[1])
    rules = study.opioids
    visits = [visit for visit in study.visits if rules is not None and visit.id in rules.visits]
    figure, axis = plt.subplots(figsize=(WIDTH, 2.2), layout="constrained")
    for j, visit in enumerate(visits):
        left = 0.0
        for category, colour in zip(categories, colours, strict=True):
            stem = f"opioids.{category}.{visit.id}.observed.all"
            if f"{stem}.percent" not in results:
                continue
            share = results.value(f"{stem}.percent")
            axis.barh(
                j, share, left=left, height=0.66, color=colour, label=category if j == 0 else ""
            )
            if share >= 6:  # noqa: PLR2004 - narrower pieces hold no number
                dark = category in ("discontinued", "increased")
                axis.text(
                    left + share / 2,
                    j,
                    results.text(f"{stem}.count"),
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="white" if dark else INK,
                )
            left += share
    axis.set_yticks(range(len(visits)), [visit.label for visit in visits])
    axis.invert_yaxis()
    axis.set(xlim=(0, 100), xlabel="Baseline opioid users seen at the visit, %")
    add_legend(figure, 4)
    return figure
