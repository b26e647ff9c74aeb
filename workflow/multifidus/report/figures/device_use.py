"""Figures of device use: over the years, by calendar month of therapy, against outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.lines import Line2D

from multifidus.report.figures.style import ACCENT, INK, LIGHT, PALETTE, SOFT, WIDTH
from multifidus.results.formatting import format_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from multifidus.config.study import Outcome, StudyConfig
    from multifidus.results.table import Results

__all__ = ["draw_calendar", "draw_device_use", "draw_exposure_response"]

_MONTHS = 12
_GROUPS = (("exposed", "All exposed", ACCENT), ("continuers", "Continuers", PALETTE[1]))


def _years(study: StudyConfig) -> range:
    rules = study.device_use
    return range(1, (rules.years if rules is not None else 0) + 1)


def _value(results: Results, result_id: str) -> float:
    """Return a result, missing where there is none."""
    return results.value(result_id) if result_id in results else float("nan")


def draw_device_use(results: Results, study: StudyConfig) -> Figure:
    """Draw adherence over the years: use with quartiles and bounds, and persistence."""
    figure, axes = plt.subplots(
        1, 2, figsize=(WIDTH, 2.9), layout="constrained", width_ratios=(1.25, 1)
    )
    _utilisation(axes[0], results, study)
    _persistence(axes[1], results, study)
    handles, labels = axes[0].get_legend_handles_labels()
    bounds = Line2D([], [], ls="none", marker="_", ms=13, color=SOFT)
    figure.legend(
        [*handles, bounds],
        [*labels, "bounds of the median for what no log shows"],
        loc="outside upper left",
        ncols=3,
        fontsize=7,
    )
    return figure


def _utilisation(axis: Axes, results: Results, study: StudyConfig) -> None:
    names = ("median", "q1", "q3")
    for shift, (population, label, colour) in zip((-0.1, 0.1), _GROUPS, strict=True):
        points = []
        for year in _years(study):
            tail = f"year{year}.{population}.all"
            values = [_value(results, f"device_use.utilisation.{tail}.{name}") for name in names]
            bounds = [
                _value(results, f"device_use.utilisation_{name}.{tail}.median")
                for name in ("lower", "upper")
            ]
            points.append((year + shift, *values, *bounds))
        data = pd.DataFrame(points, columns=["year", *names, "lower", "upper"])
        for name in ("lower", "upper"):
            axis.plot(data["year"], data[name], "_", ms=13, mew=1, color=colour, alpha=0.6)
        axis.errorbar(
            data["year"],
            data["median"],
            yerr=[data["median"] - data["q1"], data["q3"] - data["median"]],
            fmt="o-",
            ms=4,
            lw=1.3,
            elinewidth=1,
            capsize=2,
            color=colour,
            label=f"{label}: median and quartiles",
        )
    axis.set_xticks(
        list(_years(study)),
        [f"Year {year}\n{_coverage(results, year)}" for year in _years(study)],
        fontsize=7,
    )
    axis.set(ylim=(0, 100), ylabel="Share of prescribed time, %", title="Use")
    axis.set_xlabel("Below: days that the logs show", fontsize=7)
    axis.grid(axis="y")


def _coverage(results: Results, year: int) -> str:
    result_id = f"device_use.coverage.year{year}.exposed.all.mean"
    return results.text(result_id) if result_id in results else ""


def _persistence(axis: Axes, results: Results, study: StudyConfig) -> None:
    """Draw the Kaplan-Meier curve from its values at the ends of the months."""
    points = [(0.0, 100.0, 100.0, 100.0)]
    for month in range(1, _MONTHS * len(_years(study)) + 1):
        stem = f"device_use.persistence.month{month}.exposed.all"
        share, low, high = (
            _value(results, f"{stem}.{name}") for name in ("percent", "ci_lower", "ci_upper")
        )
        points.append((month / _MONTHS, share, low, high))
    data = pd.DataFrame(points, columns=["years", "percent", "low", "high"])
    axis.fill_between(
        data["years"], data["low"], data["high"], step="post", color=ACCENT, alpha=0.15, lw=0
    )
    axis.step(data["years"], data["percent"], where="post", color=ACCENT, lw=1.3)
    labels = ["0"]
    for year in _years(study):
        result_id = f"device_use.persistence.year{year}.exposed.all.percent"
        at_risk = results.row(result_id)["n"] if result_id in results else pd.NA
        labels.append(f"{year}\n{'' if pd.isna(at_risk) else int(at_risk)}")
    axis.set_xticks([0, *_years(study)], labels, fontsize=7)
    axis.set(ylim=(0, 101), ylabel="No 30-day gap yet, %", title="Persistence")
    axis.set_xlabel("Years since the start of therapy; below: at risk", fontsize=7)
    axis.grid(axis="y")


def draw_calendar(results: Results, study: StudyConfig) -> Figure:
    """Draw use and observation by month of therapy: a row a year, a column a month."""
    figure, axes = plt.subplots(2, 1, figsize=(WIDTH, 4.2), layout="constrained")
    use = _by_month(results, study, "utilisation", "mean")
    highest = float(np.nanmax(use.to_numpy(), initial=0.0))
    _heat(axes[0], use, ACCENT, max(10.0, 10 * np.ceil(highest / 10)))
    axes[0].set_title("Mean share of the prescribed time used, %")
    _heat(axes[1], _by_month(results, study, "observed", "percent"), SOFT, 100.0)
    axes[1].set_title("\nParticipants whose logs show days of the month, % of all ever exposed")
    axes[1].set_xlabel("Month of the year of therapy")
    return figure


def _by_month(results: Results, study: StudyConfig, outcome: str, statistic: str) -> pd.DataFrame:
    """Return a results row of each month, years by months; missing where there is none."""
    cells = [
        [
            _value(
                results,
                f"device_use.{outcome}.month{_MONTHS * (year - 1) + month}.exposed.all.{statistic}",
            )
            for month in range(1, _MONTHS + 1)
        ]
        for year in _years(study)
    ]
    names = [f"Year {year}" for year in _years(study)]
    return pd.DataFrame(cells, index=names, columns=range(1, _MONTHS + 1))


def _heat(axis: Axes, data: pd.DataFrame, colour: str, highest: float) -> None:
    sns.heatmap(
        data,
        ax=axis,
        annot=data.map(lambda value: format_value(value, "f0")),
        fmt="",
        annot_kws={"fontsize": 7.5},
        cmap=sns.light_palette(colour, as_cmap=True),
        vmin=0.0,
        vmax=highest,
        linewidths=1.2,
        linecolor="white",
        cbar=False,
    )
    axis.set_facecolor(LIGHT)
    axis.tick_params(length=0)
    axis.set_yticklabels(axis.get_yticklabels(), rotation=0)


def draw_exposure_response(results: Results, study: StudyConfig) -> Figure:
    """Draw the change at the last visit in thirds of the hours of therapy before it."""
    outcomes = study.outcomes
    figure, axes = plt.subplots(
        1, len(outcomes), figsize=(WIDTH, 2.9), layout="constrained", squeeze=False
    )
    for axis, outcome, colour in zip(axes[0], outcomes, PALETTE, strict=False):
        stem = f"exposure_response.{outcome.id}.{study.visits[-1].id}.hours"
        _thirds(axis, results, stem, colour)
        _dress(axis, outcome, _ranks(results, f"{stem}.spearman"))
    figure.supxlabel(
        "Exploratory: not evidence of an effect. Use may have fallen because benefit did.",
        fontsize=7,
        fontstyle="italic",
        color=INK,
    )
    return figure


def _ranks(results: Results, stem: str) -> str:
    if f"{stem}.estimate" not in results:
        return ""
    value, low, high = (
        results.text(f"{stem}.{name}") for name in ("estimate", "ci_lower", "ci_upper")
    )
    return f"Spearman {value}\n({low} to {high})"


def _dress(axis: Axes, outcome: Outcome, ranks: str) -> None:
    axis.axhline(0, color=SOFT, lw=0.7)
    unit = f", {outcome.unit}" if outcome.unit != "index" else ""
    axis.set(
        title=outcome.label.replace("Oswestry Disability Index", "Oswestry (ODI)"),
        ylabel=f"Change{unit}",
    )
    axis.set_xlabel(f"Hours of therapy\n{ranks}", fontsize=7.5)
    axis.grid(axis="y")
    axis.margins(x=0.18, y=0.2)


def _thirds(axis: Axes, results: Results, stem: str, colour: str) -> None:
    names = ("use", "mean", "ci_lower", "ci_upper")
    points = []
    for third in ("third1", "third2", "third3"):
        result_id = f"{stem}.{third}.mean"
        if result_id in results and pd.notna(results.row(result_id)["n"]):
            values = [results.value(f"{stem}.{third}.{name}") for name in names]
            points.append((*values, int(results.row(result_id)["n"])))
    data = pd.DataFrame(points, columns=[*names, "n"])
    if data.empty:
        axis.text(0.5, 0.5, "too few participants", transform=axis.transAxes, ha="center")
        return
    axis.errorbar(
        data["use"],
        data["mean"],
        yerr=[data["mean"] - data["ci_lower"], data["ci_upper"] - data["mean"]],
        fmt="o",
        ms=4,
        capsize=2,
        lw=1,
        color=colour,
    )
    for _, point in data.iterrows():
        axis.annotate(
            f"n = {int(point['n'])}",
            (point["use"], point["ci_upper"]),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=6,
            color=SOFT,
        )
