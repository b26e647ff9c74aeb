"""The maintained cohort: completers with the answer at their last visit, at every visit.

Means over all participants seen mix two things, how people change and who comes. Here the people
are the same at every visit, but for the answers that they left out in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.analyses.efficacy.effectiveness import outcome_rows
from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.analyses.responders.responder_status import responder_status
from multifidus.analyses.responders.shares import share_rows

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.config.study import AnalysisSet, Outcome
    from multifidus.results.table import ResultRow

__all__ = ["summarise_maintained"]


def summarise_maintained(inputs: AnalysisInputs) -> list[ResultRow]:
    """Give every outcome and responder definition of the completers at every visit.

    Of the completers those whose change (or responder status) is known at the set's visit; N is
    their number, so that it equals n at that visit. Reads the tables ``participants``, ``visits``
    and ``analgesics``, the scores and the sections analysis_sets, visits, outcomes and responders.

    Returns
    -------
    list of ResultRow
        ``level``, ``change``, ``signed_rank`` and ``percent_change`` as
        :func:`~multifidus.analyses.efficacy.effectiveness.outcome_rows`, and ``responder`` rows,
        with the set's id as population; none where the study has no set of completers.
    """
    chosen = inputs.completers()
    if chosen is None:
        return []
    members = inputs.members(chosen.id)["participant_id"]
    rows: list[ResultRow] = []
    for outcome in inputs.study.outcomes:
        rows += _outcome(inputs, outcome, chosen, members)
    return rows + _responders(inputs, chosen, members)


def _outcome(
    inputs: AnalysisInputs, outcome: Outcome, chosen: AnalysisSet, members: pd.Series
) -> list[ResultRow]:
    scores = inputs.scored()
    own = scores[(scores["parameter"] == outcome.id) & scores["participant_id"].isin(members)]
    last = own[(own["visit"] == chosen.attended_visit) & own["change"].notna()]
    own = own[own["participant_id"].isin(last["participant_id"])]
    rows: list[ResultRow] = []
    for visit in inputs.study.visits:
        cell = Cell(
            "level", outcome.id, visit.id, chosen.id, ALL, f"{outcome.label}, {_who(chosen)}"
        )
        rows += outcome_rows(cell.of(total=len(last)), outcome, own[own["visit"] == visit.id])
    return rows


def _responders(inputs: AnalysisInputs, chosen: AnalysisSet, members: pd.Series) -> list[ResultRow]:
    status = responder_status(inputs)
    status = status[status["participant_id"].isin(members)]
    rows: list[ResultRow] = []
    for item in inputs.study.responders:
        if item.visits is not None:
            continue
        own = status[status["responder"] == item.id]
        last = own.loc[own["visit"] == chosen.attended_visit, "participant_id"]
        for visit in inputs.study.visits[1:]:
            here = own[(own["visit"] == visit.id) & own["participant_id"].isin(last)]
            label = f"{item.label}, {_who(chosen)}"
            cell = Cell("responder", item.id, visit.id, chosen.id, ALL, label)
            rows += share_rows(cell, int(here["met"].sum()), len(here))
    return rows


def _who(chosen: AnalysisSet) -> str:
    return f"{chosen.id} with the last answer"
