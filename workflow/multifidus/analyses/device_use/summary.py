"""Use of the stimulator from its logs, with bounds for what the logs do not show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from multifidus.analyses.device_use.by_month import month_rows
from multifidus.analyses.device_use.exposure_response import exposure_response_rows
from multifidus.analyses.efficacy.descriptives import describe
from multifidus.analyses.errors import AnalysisError
from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.analyses.responders.persistence import persistence_rows
from multifidus.analyses.responders.shares import share_rows

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from multifidus.results.table import ResultRow

__all__ = ["BOUNDS", "MEASURES", "Measure", "summarise_device_use"]

BOUNDS = {"": "", "_lower": ", lower bound", "_upper": ", upper bound"}
"""Ending of an outcome's id to the ending of its label."""
_POINT = ("n", "mean", "sd", "median", "q1", "q3", "min", "max")
_BOUND = ("n", "mean", "median", "q1", "q3")
_BEYOND = 1e100
"""Stands for an infinite bound while values are ordered; no measure comes near it."""
_POPULATIONS = {
    "exposed": "Participants with exposure in the period",
    "continuers": "Participants with exposure and at least one completed session in the period",
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of the device-use table: how it is printed, and whether it has bounds."""

    label: str
    unit: str
    display: str
    factor: float = 1.0
    bounded: bool = True


_SHARE = ("%", "pct0", 100.0)
MEASURES = {
    "utilisation": Measure("Share of the prescribed time used", *_SHARE),
    "capped_utilisation": Measure("Share used, days capped at the prescription", *_SHARE),
    "hours": Measure("Therapy delivered", "h", "f0"),
    "delivered_share": Measure("Prescribed sessions completed", *_SHARE),
    "completion": Measure("Started sessions completed", *_SHARE),
    "days_covered_any": Measure("Days with any therapy", *_SHARE),
    "days_covered_50": Measure("Days with half of the prescribed time or more", *_SHARE),
    "days_covered_80": Measure("Days with 80 % of the prescribed time or more", *_SHARE),
    "days_covered_100": Measure("Days with all of the prescribed time", *_SHARE),
    "both_session_days": Measure("Days with two completed sessions", *_SHARE),
    "longest_gap_days": Measure("Longest gap without therapy", "days", "d0"),
    "start_time_sd_hours": Measure("Circular SD of start times", "h", "f1"),
    "contractions": Measure("Contractions", "", "d0"),
    "on_time_hours": Measure("Time of contraction", "h", "f0"),
    "charge_left_mc": Measure("Charge, left side", "mC", "d0"),
    "charge_right_mc": Measure("Charge, right side", "mC", "d0"),
    "coverage": Measure("Days that the logs show", *_SHARE, bounded=False),
    "exposure_days": Measure("Exposure", "days", "d0", bounded=False),
}
"""Columns of the device-use table that are reported."""


def summarise_device_use(inputs: AnalysisInputs) -> list[ResultRow]:
    """Describe device use per year since the start of therapy, over exposed and over continuers.

    Every measure of :data:`MEASURES` has a point and, under ``<measure>_lower`` and
    ``<measure>_upper``, the bounds for what the logs do not show; shares are in per cent.
    ``continued`` is the share of exposed participants with a completed session in the period
    (Wilson interval). With the use by month come persistence, use by month, and, in studies with
    outcomes, the comparison of use with outcome. Reads the tables of
    :mod:`multifidus.devicelogs.adherence`, the scores, and the sections device_use, visits and
    outcomes. A measure that the table does not hold gives no rows.

    Returns
    -------
    list of ResultRow
        ``device_use.<measure>.<year1|...|overall>.<exposed|continuers>.all.<statistic>``, and the
        rows of :func:`~multifidus.analyses.responders.persistence.persistence_rows`,
        :func:`~multifidus.analyses.device_use.by_month.month_rows` and
        :func:`~multifidus.analyses.device_use.exposure_response.exposure_response_rows`; none
        where the study has no section device_use.

    Raises
    ------
    AnalysisError
        ``ANA-004`` when the device-use table was not given.
    """
    rules = inputs.study.device_use
    if rules is None:
        return []
    if inputs.usage is None:
        raise AnalysisError(
            "ANA-004", "This analysis needs device use; give the table that reading the logs wrote."
        )
    rows: list[ResultRow] = []
    for period in [*(f"year{year}" for year in range(1, rules.years + 1)), "overall"]:
        exposed = inputs.usage[inputs.usage["period"] == period]
        continued = exposed["continued"].astype(bool)
        rows += _continued(exposed, period)
        for population, own in (("exposed", exposed), ("continuers", exposed[continued])):
            rows += _measures(own, period, population)
    rows += persistence_rows(inputs.usage, rules.years)
    if inputs.months is not None:
        rows += month_rows(inputs.months, rules.years)
        rows += exposure_response_rows(inputs, inputs.months)
    return rows


def _continued(exposed: pd.DataFrame, period: str) -> list[ResultRow]:
    rows: list[ResultRow] = []
    for ending, words in BOUNDS.items():
        name = f"continued{ending}"
        if name in exposed:
            label = f"Continued to use the device{words}"
            cell = Cell("device_use", name, period, "exposed", ALL, label)
            rows += share_rows(cell, int(exposed[name].astype(bool).sum()), len(exposed))
    return rows


def _measures(own: pd.DataFrame, period: str, population: str) -> list[ResultRow]:
    rows: list[ResultRow] = []
    for name, measure in MEASURES.items():
        for ending, words in BOUNDS.items() if measure.bounded else [("", "")]:
            if f"{name}{ending}" not in own:
                continue
            values = measure.factor * own[f"{name}{ending}"].to_numpy(dtype="float64")
            cell = Cell(
                "device_use", f"{name}{ending}", period, population, ALL, measure.label + words
            )
            cell = cell.of(total=len(own), method=_POPULATIONS[population])
            known = values[~np.isnan(values)]
            rows += _statistics(cell, known, measure, _BOUND if ending else _POINT)
    return rows


def _statistics(
    cell: Cell, known: NDArray[np.float64], measure: Measure, statistics: tuple[str, ...]
) -> list[ResultRow]:
    """Describe a measure; where a bound is infinite for somebody it has no mean."""
    infinite = np.isinf(known)
    if infinite.any():
        statistics = tuple(name for name in statistics if name not in ("mean", "sd"))
    found = describe(
        cell,
        np.where(infinite, _BEYOND, known),
        display=measure.display,
        unit=measure.unit,
        statistics=statistics,
    )
    return [_labelled(row, cell.method) for row in found]


def _labelled(row: ResultRow, population: str) -> ResultRow:
    method = row.method if row.method == population else f"{population}; {row.method}"
    value = np.inf if row.value > _BEYOND / 4 else row.value
    return replace(row, method=method, value=float(value))
