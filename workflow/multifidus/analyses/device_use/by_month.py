"""Device use of the group by month since the start of therapy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.analyses.efficacy.descriptives import describe
from multifidus.analyses.inputs import ALL, Cell
from multifidus.analyses.responders.shares import share_rows

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.results.table import ResultRow

__all__ = ["month_rows"]

_MEASURES = {
    "utilisation": "Share of the prescribed time used",
    "utilisation_lower": "Share of the prescribed time used, lower bound",
    "utilisation_upper": "Share of the prescribed time used, upper bound",
    "coverage": "Days that the logs show",
}
_POPULATIONS = {
    "exposed": "Participants with exposure in the month",
    "continuers": "Participants with at least one completed session in the month",
}


def month_rows(months: pd.DataFrame, years: int) -> list[ResultRow]:
    """Give mean use and how many participants it rests on, by month.

    Parameters
    ----------
    months
        As :func:`multifidus.devicelogs.adherence.periods.measure_months` gives them.
    years
        Years of twelve months that are reported.

    Returns
    -------
    list of ResultRow
        ``device_use.<utilisation|utilisation_lower|utilisation_upper|coverage>.month<m>.
        <exposed|continuers>.all.<n|mean|median>`` and ``device_use.observed.month<m>.exposed.all.
        <count|percent|ci_lower|ci_upper>``: participants with an observed day in the month, of all
        who were ever exposed.
    """
    ever = int(months["participant_id"].nunique())
    rows: list[ResultRow] = []
    for month in range(1, 12 * years + 1):
        exposed = months[months["month"] == month]
        label = "Participants with a day in the month that the logs show"
        cell = Cell("device_use", "observed", f"month{month}", "exposed", ALL, label)
        rows += share_rows(cell, int((exposed["observed_days"] > 0).sum()), ever)
        continued = exposed[exposed["continued"].astype(bool)]
        for population, own in (("exposed", exposed), ("continuers", continued)):
            for name, words in _MEASURES.items():
                here = cell.of(outcome=name, population=population, label=words, total=len(own))
                rows += describe(
                    here.of(method=_POPULATIONS[population]),
                    100.0 * own[name].dropna().to_numpy(dtype="float64"),
                    display="pct0",
                    unit="%",
                    statistics=("n", "mean", "median"),
                )
    return rows
