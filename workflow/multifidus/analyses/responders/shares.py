"""Responder shares at every visit, as observed, with Wilson intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.analyses.efficacy.effectiveness import OBSERVED
from multifidus.analyses.inputs import AnalysisInputs, Cell
from multifidus.analyses.responders.responder_status import responder_status
from multifidus.stats.proportions import proportion

if TYPE_CHECKING:
    from typing import Literal

    from multifidus.results.table import ResultRow

__all__ = ["share_rows", "summarise_responders"]


def summarise_responders(inputs: AnalysisInputs) -> list[ResultRow]:
    """Give the responder shares of every definition at every visit after baseline.

    All arms together; by arm at the visit of the randomised comparison. The denominator is the
    members of the main set that the definition can be applied to at the visit. Wald intervals are
    given beside the Wilson ones, under ``responder_wald``, because published intervals are Wald.
    Reads the scores, participants, analgesics and the sections analysis_sets, arms, visits,
    outcomes, responders and randomised.

    Returns
    -------
    list of ResultRow
        ``responder.<id>.<visit>.observed.<group>.<count|percent|ci_lower|ci_upper>`` and the same
        under ``responder_wald``.
    """
    status = responder_status(inputs)
    randomised = inputs.study.randomised
    members = inputs.members(inputs.main_set())
    rows: list[ResultRow] = []
    for item in inputs.study.responders:
        for visit in inputs.study.visits[1:]:
            if item.visits is not None and visit.id not in item.visits:
                continue
            here = status[(status["responder"] == item.id) & (status["visit"] == visit.id)]
            by_arm = randomised is not None and visit.id == randomised.visit
            for group in inputs.groups(members, by_arm=by_arm):
                own = here[here["participant_id"].isin(group.members["participant_id"])]
                cell = Cell("responder", item.id, visit.id, OBSERVED, group.id, item.label)
                count, total = int(own["met"].sum()), len(own)
                rows += share_rows(cell, count, total)
                rows += share_rows(cell.of(analysis="responder_wald"), count, total, method="wald")
    return rows


def share_rows(
    cell: Cell,
    count: int,
    total: int,
    *,
    method: Literal["wilson", "clopper_pearson", "wald"] = "wilson",
    note: str = "",
) -> list[ResultRow]:
    """Give a count, its share in per cent and the share's 95 % interval.

    Parameters
    ----------
    cell
        Where the rows stand.
    count, total
        Participants that count and their denominator; a zero denominator gives the count alone.
    method
        Interval of :func:`multifidus.stats.proportions.proportion`.
    note
        A phrase on what was counted, before the interval's method.
    """
    cell = cell.of(n=count, total=total)
    rows = [cell.row("count", count, "d0")]
    if total:
        share = proportion(count, total, method=method)
        cell = cell.of(method=f"{note}; {share.method}" if note else share.method)
        rows.append(cell.row("percent", 100.0 * count / total, "pct1", "%"))
        rows.append(cell.row("ci_lower", 100.0 * share.ci_lower, "pct1", "%"))
        rows.append(cell.row("ci_upper", 100.0 * share.ci_upper, "pct1", "%"))
    return rows
