"""Durability of response: who still responds later, and the flow between states."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pandas as pd

from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.analyses.responders.responder_status import responder_status
from multifidus.analyses.responders.shares import share_rows
from multifidus.stats.paired_proportions import mcnemar, paired_proportion_difference

if TYPE_CHECKING:
    from multifidus.config.study import Responder, Visit
    from multifidus.results.table import ResultRow

__all__ = ["STATES", "summarise_durability"]

STATES = {
    "responder": "responder",
    "non_responder": "no responder",
    "not_seen": "not classified",
}
"""States of a participant at a visit under a definition."""
_FIRST_YEAR = 1.0


def summarise_durability(inputs: AnalysisInputs) -> list[ResultRow]:
    """Follow responders of the first yearly visit, and everybody's state from visit to visit.

    Reads the scores, participants, analgesics and the sections analysis_sets, visits, outcomes and
    responders. The index visit is the first one a year or more after the anchor.

    Returns
    -------
    list of ResultRow
        ``durability.<id>.<visit>.observed.all``: of those who responded at the index visit and are
        classified at the visit, how many still respond (Wilson); ``durability_nri`` the same of all
        of them, not classified counting as no response. ``durability_difference``: share at the
        visit minus share at the index visit among those classified at both (Tango's interval,
        McNemar's p without continuity correction, exact under ``durability_exact``).
        ``transition.<id>.<visit>.<set>.<state>_to_<state>.count``: from the yearly visit before,
        all members, for a flow diagram.
    """
    yearly = [one for one in inputs.study.visits if (one.years or 0.0) >= _FIRST_YEAR]
    if len(yearly) < 2:  # noqa: PLR2004 - durability needs a later visit
        return []
    status = responder_status(inputs)
    members = inputs.members(inputs.main_set())["participant_id"]
    rows: list[ResultRow] = []
    for item in inputs.study.responders:
        if item.visits is not None:
            continue
        states = _states(status[status["responder"] == item.id], members, yearly)
        rows += _durability(item, states, yearly, inputs.main_set())
        rows += _differences(item, states, yearly)
        rows += _transitions(item, states, yearly, inputs.main_set())
    return rows


def _states(status: pd.DataFrame, members: pd.Series, yearly: list[Visit]) -> pd.DataFrame:
    """Return the state of every member (rows) at every yearly visit (columns)."""
    wide = pd.DataFrame("not_seen", index=pd.Index(members), columns=[one.id for one in yearly])
    for visit in wide.columns:
        here = status[(status["visit"] == visit) & status["participant_id"].isin(members)]
        words = here["met"].map({True: "responder", False: "non_responder"})
        wide.loc[here["participant_id"], visit] = words.to_numpy()
    return wide


def _durability(
    item: Responder, states: pd.DataFrame, yearly: list[Visit], population: str
) -> list[ResultRow]:
    index = yearly[0]
    rows: list[ResultRow] = []
    started = states[states[index.id] == "responder"]
    for visit in yearly[1:]:
        seen = started[started[visit.id] != "not_seen"]
        still = int((seen[visit.id] == "responder").sum())
        cell = Cell("durability", item.id, visit.id, "observed", ALL, item.label)
        rows += share_rows(
            cell, still, len(seen), note=f"Of responders at {index.label} classified at the visit"
        )
        rows += share_rows(
            cell.of(analysis="durability_nri", population=population),
            still,
            len(started),
            note=f"Of responders at {index.label}, not classified counts as no response",
        )
    always = started[(started != "not_seen").all(axis=1)]
    count = int((always == "responder").all(axis=1).sum())
    cell = Cell("durability", item.id, "overall", "observed", ALL, item.label)
    note = f"Of responders at {index.label} classified at every yearly visit, at all of them"
    return rows + share_rows(cell, count, len(always), note=note)


def _differences(item: Responder, states: pd.DataFrame, yearly: list[Visit]) -> list[ResultRow]:
    """Compare the shares of two visits in the same participants."""
    index = yearly[0]
    rows: list[ResultRow] = []
    for visit in yearly[1:]:
        both = states[(states[[index.id, visit.id]] != "not_seen").all(axis=1)]
        if both.empty:
            continue
        late, early = both[visit.id] == "responder", both[index.id] == "responder"
        only_late, only_early = int((late & ~early).sum()), int((early & ~late).sum())
        kept, neither = int((late & early).sum()), int((~late & ~early).sum())
        found = paired_proportion_difference(kept, only_late, only_early, neither, method="tango")
        cell = Cell("durability_difference", item.id, visit.id, "observed", ALL, item.label)
        note = f"Share at the visit minus share at {index.label}, classified at both"
        cell = cell.of(n=len(both), total=len(states), method=f"{note}; {found.method}")
        values = {"estimate": found.estimate}
        values |= {"ci_lower": found.ci_lower, "ci_upper": found.ci_upper}
        rows += [cell.row(name, 100.0 * value, "pct1", "%") for name, value in values.items()]
        test = mcnemar(only_late, only_early)
        rows.append(cell.of(method=test.method).row("p_value", test.p_value, "p"))
        exact = cell.of(analysis="durability_exact", method="McNemar's test, exact")
        rows.append(exact.row("p_value", test.p_exact, "p"))
    return rows


def _transitions(
    item: Responder, states: pd.DataFrame, yearly: list[Visit], population: str
) -> list[ResultRow]:
    rows: list[ResultRow] = []
    for before, after in pairwise(yearly):
        for source, source_label in STATES.items():
            for target, target_label in STATES.items():
                count = int(((states[before.id] == source) & (states[after.id] == target)).sum())
                label = f"{item.label}: {source_label} at {before.label}, then {target_label}"
                group = f"{source}_to_{target}"
                cell = Cell("transition", item.id, after.id, population, group, label)
                rows.append(cell.of(n=count, total=len(states)).row("count", count, "d0"))
    return rows
