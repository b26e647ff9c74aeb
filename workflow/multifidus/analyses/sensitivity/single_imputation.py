"""Sensitivity of changes and responder shares to missing visits, by single imputation.

Three rules for changes, from mild to harsh: last observation carried forward, baseline carried
forward (no change), worst case (the least favourable change that anyone showed at the visit);
one for responders: missing is no response. Their intervals take imputed values as observed and
are too narrow; the method says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.analyses.efficacy.trajectories import Trajectories, trajectories
from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.analyses.responders.responder_status import responder_status
from multifidus.analyses.responders.shares import share_rows
from multifidus.stats.imputation.single import (
    baseline_carried_forward,
    last_observation_carried_forward,
)
from multifidus.stats.means import mean_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from multifidus.config.study import Outcome
    from multifidus.results.table import ResultRow

__all__ = ["summarise_single_imputation"]

_NARROW = "imputed values taken as observed"


def summarise_single_imputation(inputs: AnalysisInputs) -> list[ResultRow]:
    """Give changes and responder shares of all members of the main set with gaps filled.

    Reads the scores, participants, analgesics and the sections analysis_sets, outcomes, visits,
    arms, responders, randomised and mixed_model, whose visits the changes are reported at.

    Returns
    -------
    list of ResultRow
        ``change_locf``, ``change_bocf`` and ``change_worst_case`` (members with a baseline) and
        ``responder_nri`` (all members, at every visit after baseline, by arm at the visit of the
        randomised comparison): a participant without a baseline, or missing at the visit for any
        reason, is no responder.
    """
    rules = inputs.study.mixed_model
    if rules is None:
        return []
    rows: list[ResultRow] = []
    for outcome in inputs.study.outcomes:
        whole = trajectories(inputs, outcome.id, rules.visits)
        known = whole.rows(np.isfinite(whole.baseline))
        if len(known.participants) > 1:
            rows += _changes(inputs, outcome, known)
    return rows + _responders(inputs)


def _changes(inputs: AnalysisInputs, outcome: Outcome, known: Trajectories) -> list[ResultRow]:
    start = known.baseline[:, None]
    filled = {
        "change_locf": last_observation_carried_forward(known.values, known.baseline) - start,
        "change_bocf": baseline_carried_forward(known.values, known.baseline) - start,
        "change_worst_case": _worst_case(known.values - start, outcome.better),
    }
    how = {
        "change_locf": "last observation carried forward from the visits of the model or baseline",
        "change_bocf": "baseline carried forward",
        "change_worst_case": "least favourable change at the visit",
    }
    rows: list[ResultRow] = []
    for analysis, changes in filled.items():
        for column, visit in enumerate(known.visits):
            values = changes[:, column]
            if np.isnan(values).any():  # nobody was seen at the visit: there is no worst case
                continue
            found = mean_interval(values)
            cell = Cell(analysis, outcome.id, visit, inputs.main_set(), ALL, outcome.label)
            cell = cell.of(
                n=int(np.isfinite(known.values[:, column]).sum()),
                total=found.n,
                method=f"{how[analysis].capitalize()}, {_NARROW}; {found.method}",
            )
            display = f"f{outcome.decimals}"
            numbers = {"mean": found.mean, "sd": found.sd, "se": found.se}
            numbers |= {"ci_lower": found.ci_lower, "ci_upper": found.ci_upper}
            rows += [cell.row(key, value, display, outcome.unit) for key, value in numbers.items()]
            rows.append(cell.row("p_value", found.p_value, "p"))
    return rows


def _worst_case(changes: NDArray[np.float64], better: str) -> NDArray[np.float64]:
    """Fill gaps with the least favourable change observed at the visit."""
    sign = 1.0 if better == "lower" else -1.0
    signed = np.where(np.isnan(changes), -np.inf, sign * changes)
    worst = signed.max(axis=0)
    worst[~np.isfinite(worst)] = np.nan
    return np.where(np.isnan(changes), sign * worst, changes)


def _responders(inputs: AnalysisInputs) -> list[ResultRow]:
    status = responder_status(inputs)
    met = status[status["met"]]
    population = inputs.main_set()
    randomised = inputs.study.randomised
    rows: list[ResultRow] = []
    for item in inputs.study.responders:
        for visit in [one.id for one in inputs.study.visits[1:]]:
            if item.visits is not None and visit not in item.visits:
                continue
            here = met[(met["responder"] == item.id) & (met["visit"] == visit)]
            by_arm = randomised is not None and visit == randomised.visit
            for group in inputs.groups(inputs.members(population), by_arm=by_arm):
                count = int(group.members["participant_id"].isin(here["participant_id"]).sum())
                cell = Cell("responder_nri", item.id, visit, population, group.id, item.label)
                rows += share_rows(cell, count, group.size, note="Missing counts as no response")
    return rows
