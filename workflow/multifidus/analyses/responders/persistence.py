"""Persistence: time to the first 30 days without therapy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.analyses.inputs import ALL, Cell
from multifidus.analyses.safety.exposure import DAYS_PER_YEAR
from multifidus.stats.survival import kaplan_meier

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from multifidus.results.table import ResultRow
    from multifidus.stats.survival import KaplanMeier

__all__ = ["persistence_rows"]

_BOUNDS = {
    "": ("", "unobserved days end a gap"),
    "_lower": (", lower bound", "unobserved days are days without therapy"),
    "_upper": (", upper bound", "unobserved days are days with therapy"),
}


def persistence_rows(usage: pd.DataFrame, years: int) -> list[ResultRow]:
    """Estimate the share that has not yet had 30 days in a row without therapy.

    The event is the first day of the first such gap; everybody else is censored at the end of
    exposure (explantation, death, last download, or the last year), so that with
    ``after_explant: zero`` explantation itself begins a gap.

    Parameters
    ----------
    usage
        Device use per participant and period, with ``persistence_days`` and its bounds.
    years
        Years that are reported.

    Returns
    -------
    list of ResultRow
        ``device_use.persistence.<year..|month..>.<exposed|continuers>.all.<percent|ci_lower|
        ci_upper>`` (n at risk, N with exposure) and ``device_use.persistence.overall...`` with the
        ``count`` of gaps and, where the curve reaches it, the ``median`` in years; the bounds
        under ``persistence_lower`` and ``persistence_upper``; months for all exposed only.
    """
    overall = usage[usage["period"] == "overall"]
    groups = {"exposed": overall, "continuers": overall[overall["continued"].astype(bool)]}
    rows: list[ResultRow] = []
    for population, own in groups.items():
        for ending, (words, rule) in _BOUNDS.items():
            if f"persistence_days{ending}" not in own or own.empty:
                continue
            until = own[f"persistence_days{ending}"].to_numpy(dtype="float64")
            lapsed = ~np.isnan(until)
            time = np.where(lapsed, until, own["exposure_days"].to_numpy(dtype="float64"))
            curve = kaplan_meier(time, lapsed)
            label = f"No 30 days without therapy yet{words}"
            cell = Cell("device_use", f"persistence{ending}", "overall", population, ALL, label)
            cell = cell.of(n=len(own), total=len(own), method=f"{curve.method}; {rule}")
            rows += _overall(cell, curve, int(lapsed.sum()))
            rows += _curve(cell, curve, time, years, monthly=population == "exposed")
    return rows


def _overall(cell: Cell, curve: KaplanMeier, lapsed: int) -> list[ResultRow]:
    rows = [cell.of(n=lapsed).row("count", lapsed, "d0")]
    median = curve.quantile(0.5)
    for name, value in (
        ("median", median.estimate),
        ("ci_lower", median.ci_lower),
        ("ci_upper", median.ci_upper),
    ):
        if np.isfinite(value):
            rows.append(cell.row(name, value / DAYS_PER_YEAR, "f1", "years"))
    return rows


def _curve(
    cell: Cell, curve: KaplanMeier, time: NDArray[np.float64], years: int, *, monthly: bool
) -> list[ResultRow]:
    points = {f"year{year}": int(DAYS_PER_YEAR * year) for year in range(1, years + 1)}
    if monthly and not cell.outcome.endswith(("_lower", "_upper")):
        months = range(1, 12 * years + 1)
        points |= {f"month{month}": int(DAYS_PER_YEAR * month / 12) for month in months}
    rows: list[ResultRow] = []
    for visit, day in points.items():
        at_risk = int((time >= day).sum())
        if not at_risk:
            continue
        here = cell.of(visit=visit, n=at_risk)
        for name, value in zip(("percent", "ci_lower", "ci_upper"), curve.at(day), strict=True):
            if np.isfinite(value):
                rows.append(here.row(name, 100.0 * value, "pct0", "%"))
    return rows
