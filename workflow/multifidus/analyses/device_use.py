"""Use of the stimulator from its logs, with bounds for what the logs do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.analyses.descriptives import describe
from multifidus.analyses.errors import AnalysisError
from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.analyses.responders import share_rows

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.results import ResultRow

__all__ = ["summarise_device_use"]

_NUMBERS = ("n", "mean", "sd", "median", "q1", "q3", "min", "max")
_MEASURES = {
    "utilisation": ("Share of the prescribed time used", "%", "pct0", 100.0),
    "utilisation_lower": ("Share of the prescribed time used, lower bound", "%", "pct0", 100.0),
    "utilisation_upper": ("Share of the prescribed time used, upper bound", "%", "pct0", 100.0),
    "capped_utilisation": ("Share used, days capped at the prescription", "%", "pct0", 100.0),
    "coverage": ("Days that the logs show", "%", "pct0", 100.0),
    "hours": ("Therapy delivered", "h", "f0", 1.0),
    "hours_lower": ("Therapy delivered, lower bound", "h", "f0", 1.0),
    "hours_upper": ("Therapy delivered, upper bound", "h", "f0", 1.0),
}
_POPULATIONS = {
    "exposed": "Participants with exposure in the period",
    "continuers": "Participants with exposure and at least one completed session in the period",
}


def summarise_device_use(inputs: AnalysisInputs) -> list[ResultRow]:
    """Describe device use per year since the start of therapy, over exposed and over continuers.

    Shares are in per cent of the prescribed time. ``continued`` is the share of exposed
    participants with a completed session in the period (Wilson interval). Reads the device-use
    table of :func:`multifidus.devicelogs.adherence.measure_periods` and the section device_use.

    Returns
    -------
    list of ResultRow
        ``device_use.<measure>.<year1|...|overall>.<exposed|continuers>.all.<statistic>``; none
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
        cell = Cell(
            "device_use", "continued", period, "exposed", ALL, "Continued to use the device"
        )
        rows += share_rows(cell, int(continued.sum()), len(exposed))
        for population, own in (("exposed", exposed), ("continuers", exposed[continued])):
            cell = cell.of(population=population, method=_POPULATIONS[population])
            rows += _measures(cell, own)
    return rows


def _measures(cell: Cell, own: pd.DataFrame) -> list[ResultRow]:
    rows: list[ResultRow] = []
    for measure, (label, unit, display, factor) in _MEASURES.items():
        values = factor * own[measure].to_numpy(dtype="float64")
        here = cell.of(outcome=measure, label=label, total=len(own))
        known = values[~np.isnan(values)]
        rows += describe(here, known, display=display, unit=unit, statistics=_NUMBERS)
    return rows
