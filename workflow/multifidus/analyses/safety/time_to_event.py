"""Time from treatment start to explantation, revision and the first related serious event.

Kaplan-Meier takes every other end as censoring; the cumulative incidence (Aalen-Johansen) takes
death, and for other events explantation, as competing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.analyses.safety.exposure import DAYS_PER_YEAR, SAFETY, observation_days
from multifidus.analyses.safety.narratives import REMOVALS
from multifidus.analyses.safety.treatment_emergent import adverse_event_list
from multifidus.stats.competing_risks import cumulative_incidence
from multifidus.stats.survival import kaplan_meier

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from multifidus.results.table import ResultRow

__all__ = ["summarise_time_to_event"]

_YEARS = (1, 2, 3, 4, 5)
_REVISIONS = ("lead_revision", "ipg_revision")
_EVENT, _COMPETING = 1, 2
_LABELS = {
    "explant": "Explantation for any reason",
    "revision": "Revision of lead or stimulator",
    "serious_related": "First serious related adverse event",
}


def summarise_time_to_event(inputs: AnalysisInputs) -> list[ResultRow]:
    """Estimate at each full year the share with an event.

    Reads the tables ``participants``, ``adverse_events`` and ``device_events`` and the sections
    analysis_sets and adverse_events.

    Returns
    -------
    list of ResultRow
        ``kaplan_meier.<event>.year<k>.safety.all.<percent|ci_lower|ci_upper>`` (1 - survival, with
        the number at risk) and ``incidence.<event>.year<k>.safety.all.<percent|ci_lower|
        ci_upper>``; none in a study without device events. Before the first event there are no
        limits: Greenwood's variance is zero there, and a limit of zero would claim certainty.
    """
    members = inputs.members(SAFETY)
    if members.empty or not inputs.study.adverse_events.device_event_types:
        return []
    span = observation_days(members, inputs.study.adverse_events)
    death = members.set_index("participant_id")["death_date"]
    first = _first_days(inputs)
    rows: list[ResultRow] = []
    for event, label in _LABELS.items():
        other = first["explant"] if event != "explant" else None
        years, cause = _times(span, death, first[event], other)
        cell = Cell("kaplan_meier", event, "", SAFETY, ALL, label)
        rows += _rows(cell.of(total=len(members)), years, cause)
    return rows


def _first_days(inputs: AnalysisInputs) -> dict[str, pd.Series]:
    """Return the first day of each kind of event by participant."""
    table = inputs.tables["device_events"]

    def earliest(kinds: tuple[str, ...]) -> pd.Series:
        own = table[table["event_type"].isin(kinds)]
        return own.groupby("participant_id")["event_date"].min()

    listed = adverse_event_list(inputs)
    serious = listed[listed["treatment_emergent"] & listed["serious"] & listed["related"]]
    return {
        "explant": earliest(REMOVALS),
        "revision": earliest(_REVISIONS),
        "serious_related": serious.groupby("participant_id")["start_day"].min(),
    }


def _times(
    span: pd.DataFrame, death: pd.Series, event: pd.Series, competing: pd.Series | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return years to the first of event, competing event and end; and which it was (0, 1, 2).

    Events on the last day of observation count; those after it do not.
    """
    day = event.reindex(span.index)
    rival = death.reindex(span.index)
    if competing is not None:
        other = competing.reindex(span.index)
        rival = rival.where(rival.notna() & ~(other < rival), other)
    last = span["last"]
    happened = day.notna() & (day <= last) & ~(rival < day)
    overtaken = ~happened & rival.notna() & (rival <= last)
    end = last.where(~overtaken, rival).where(~happened, day)
    years = ((end - span["first"]).dt.days + 1).to_numpy(dtype="float64") / DAYS_PER_YEAR
    cause = np.select([happened, overtaken], [_EVENT, _COMPETING], default=0)
    return years, cause.astype(np.int64)


def _rows(cell: Cell, years: NDArray[np.float64], cause: NDArray[np.int64]) -> list[ResultRow]:
    curve = kaplan_meier(years, cause == _EVENT)
    crude = cumulative_incidence(years, cause, of=_EVENT)
    rows: list[ResultRow] = []
    for year in _YEARS:
        at_risk = int((years >= year).sum())
        if not at_risk:
            continue
        here = cell.of(visit=f"year{year}", n=at_risk)
        place = int(np.searchsorted(curve.time, year, side="right")) - 1
        found = (1.0, np.nan, np.nan)
        if place >= 0:
            found = (curve.survival[place], curve.ci_upper[place], curve.ci_lower[place])
        rows += _share(here.of(method=f"1 - survival; {curve.method}"), *(1.0 - x for x in found))
        place = int(np.searchsorted(crude.time, year, side="right")) - 1
        found = (0.0, np.nan, np.nan)
        if place >= 0:
            found = (crude.incidence[place], crude.ci_lower[place], crude.ci_upper[place])
        rows += _share(here.of(analysis="incidence", method=crude.method), *found)
    return rows


def _share(cell: Cell, share: float, lower: float, upper: float) -> list[ResultRow]:
    rows = [cell.row("percent", 100.0 * share, "pct1", "%")]
    if share > 0 and np.isfinite(lower) and np.isfinite(upper):
        rows.append(cell.row("ci_lower", 100.0 * lower, "pct1", "%"))
        rows.append(cell.row("ci_upper", 100.0 * upper, "pct1", "%"))
    return rows
