"""Changes and responder shares by multiple imputation, and how far they bend.

All outcomes at all visits are imputed together under missing at random (joint normal, baseline
values as covariates), so that definitions that join outcomes keep their correlation; the pooled
results stand beside the observed ones and the mixed model. Three departures from missing at random:
jump to baseline, jump to reference, and a shift (delta) of the imputed values up to the point at
which the mean change could be zero. Imputed values are not cut to the scale.

The reference arm of a trial whose controls switch to the therapy is itself on therapy when the long
visits come, so that a jump to it differs little from missing at random. In such a single cohort the
state without therapy is known from baseline alone, and the jump to baseline is the harsher one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from multifidus.analyses.efficacy.trajectories import Trajectories, trajectories
from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.analyses.responders.responder_status import reached, worsened
from multifidus.base.errors import StatisticsError
from multifidus.config.instruments import INSTRUMENTS
from multifidus.stats.imputation.analysis import tipping_point
from multifidus.stats.imputation.multiple import Imputations, impute
from multifidus.stats.pooling import pool, pool_proportions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from multifidus.config.study import Outcome, Responder
    from multifidus.results.table import ResultRow
    from multifidus.stats.pooling import PooledEstimate

__all__ = ["IMPUTATIONS", "summarise_multiple_imputation"]

IMPUTATIONS = 50
_SHIFTS = 21
_STATISTICS = ("mean", "se", "ci_lower", "ci_upper", "df", "p_value")


def summarise_multiple_imputation(inputs: AnalysisInputs) -> list[ResultRow]:
    """Pool changes and responder shares over imputations of the missing visits.

    Members of the main set with all baselines; the seed is that of the inputs. Where the model
    cannot be fitted the changes are not estimable and say why. Reads the scores, participants and
    the sections analysis_sets, outcomes, visits, responders, mixed_model (its visits) and
    randomised (the reference arm).

    Returns
    -------
    list of ResultRow
        ``change_mi``, ``change_j2b``, ``change_j2r`` and ``responder_mi`` at each visit,
        ``tipping_point`` at the last. Definitions that ask for analgesics have no ``responder_mi``:
        the answer on analgesics is not in the imputation model.
    """
    rules = inputs.study.mixed_model
    if rules is None or not inputs.study.outcomes:
        return []
    whole = {one.id: trajectories(inputs, one.id, rules.visits) for one in inputs.study.outcomes}
    known = np.all([np.isfinite(one.baseline) for one in whole.values()], axis=0)
    data = {name: one.rows(known) for name, one in whole.items()}
    try:
        joint = _impute_together(data, inputs.seed)
    except StatisticsError as error:
        return [
            row
            for one in inputs.study.outcomes
            for row in _not_estimable(inputs, one, "change_mi", rules.visits, error)
        ]
    rows: list[ResultRow] = []
    for outcome in inputs.study.outcomes:
        own = joint[outcome.id]
        rows += _changes(inputs, outcome, "change_mi", data[outcome.id], own)
        rows += _jump(inputs, outcome, data[outcome.id], "change_j2b")
        if inputs.study.randomised is not None:
            rows += _jump(inputs, outcome, data[outcome.id], "change_j2r")
        rows += _tipping(inputs, outcome, data[outcome.id], own)
    return rows + _responders(inputs, data, joint)


def _not_estimable(
    inputs: AnalysisInputs,
    outcome: Outcome,
    analysis: str,
    visits: Sequence[str],
    error: StatisticsError,
) -> list[ResultRow]:
    cell = Cell(analysis, outcome.id, "", inputs.main_set(), ALL, outcome.label)
    return [
        row
        for visit in visits
        for row in cell.of(visit=visit).not_estimable(error.message, _STATISTICS)
    ]


def _impute_together(data: Mapping[str, Trajectories], seed: int) -> dict[str, Imputations]:
    """Impute all outcomes as one table, visit by visit, and hand each outcome its own part."""
    tables = list(data.values())
    stacked = np.stack([one.values for one in tables], axis=2)
    people, visits, outcomes = stacked.shape
    baselines = np.column_stack([one.baseline for one in tables])
    drawn = impute(
        stacked.reshape(people, visits * outcomes), baselines, imputations=IMPUTATIONS, seed=seed
    )
    completed = drawn.completed.reshape(IMPUTATIONS, people, visits, outcomes)
    imputed = drawn.imputed.reshape(people, visits, outcomes)
    return {
        name: Imputations(completed[..., place], imputed[..., place], drawn.seeds, drawn.method)
        for place, name in enumerate(data)
    }


def _pooled(changes: NDArray[np.float64]) -> PooledEstimate:
    """Pool the mean of changes, shape (imputations, n)."""
    size = changes.shape[1]
    return pool(changes.mean(axis=1), changes.var(axis=1, ddof=1) / size, df_complete=size - 1)


def _changes(
    inputs: AnalysisInputs,
    outcome: Outcome,
    analysis: str,
    data: Trajectories,
    drawn: Imputations,
) -> list[ResultRow]:
    rows: list[ResultRow] = []
    for column, visit in enumerate(data.visits):
        found = _pooled(drawn.completed[:, :, column] - data.baseline)
        cell = Cell(analysis, outcome.id, visit, inputs.main_set(), ALL, outcome.label)
        cell = cell.of(
            n=int((~drawn.imputed[:, column]).sum()),
            total=len(data.participants),
            method=f"{drawn.method}; {found.method}",
        )
        display = f"f{outcome.decimals}"
        numbers = {"mean": found.estimate, "se": found.se}
        numbers |= {"ci_lower": found.ci_lower, "ci_upper": found.ci_upper}
        rows += [cell.row(name, value, display, outcome.unit) for name, value in numbers.items()]
        rows.append(cell.row("df", found.df, "f1"))
        rows.append(cell.row("p_value", found.p_value, "p"))
    return rows


def _jump(
    inputs: AnalysisInputs, outcome: Outcome, data: Trajectories, analysis: str
) -> list[ResultRow]:
    """Impute after a participant's last visit as if the mean fell to baseline or to the controls'.

    The controls of the randomised comparison are on therapy at these visits where they crossed
    over; the method then says so.
    """
    rules = inputs.study.randomised
    settings: dict[str, Any] = {"strategy": "j2b", "level": float(data.baseline.mean())}
    words = "mean change of zero after the last visit seen"
    if analysis == "change_j2r" and rules is not None:
        settings = {"strategy": "j2r", "arm": data.arm, "reference": rules.control}
        switched = inputs.participants["crossover_date"].notna().any()
        words = f"reference arm {rules.control}" + (", itself on therapy" if switched else "")
    try:
        drawn = impute(
            data.values, data.baseline, imputations=IMPUTATIONS, seed=inputs.seed, **settings
        )
    except StatisticsError as error:
        return _not_estimable(inputs, outcome, analysis, data.visits, error)
    drawn = replace(drawn, method=f"{drawn.method} ({words})")
    return _changes(inputs, outcome, analysis, data, drawn)


def _tipping(
    inputs: AnalysisInputs, outcome: Outcome, data: Trajectories, drawn: Imputations
) -> list[ResultRow]:
    """Find the shift of imputed last-visit values at which the change is no longer significant."""
    last = Imputations(drawn.completed[:, :, -1:], drawn.imputed[:, -1:], drawn.seeds, drawn.method)
    if not last.imputed.any():
        return []

    def mean_change(
        completed: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        changes = completed[:, :, 0] - data.baseline
        size = changes.shape[1]
        return changes.mean(axis=1), changes.var(axis=1, ddof=1) / size, float(size - 1)

    sign = 1.0 if outcome.better == "lower" else -1.0
    span = INSTRUMENTS[outcome.instrument].span  # the largest shift that makes sense
    found = tipping_point(last, mean_change, sign * np.linspace(0.0, span, _SHIFTS))
    reached_at = f"worsening of up to {span:g} {outcome.unit} searched"
    cell = Cell("tipping_point", outcome.id, data.visits[-1], inputs.main_set(), ALL, outcome.label)
    cell = cell.of(
        n=int(last.imputed.sum()),
        total=len(data.participants),
        method=f"{found.method}; {reached_at}; not reached where no value is given",
    )
    return [cell.row("estimate", found.delta, f"f{outcome.decimals}", outcome.unit)]


def _responders(
    inputs: AnalysisInputs, data: Mapping[str, Trajectories], joint: Mapping[str, Imputations]
) -> list[ResultRow]:
    rows: list[ResultRow] = []
    by_id = {item.id: item for item in inputs.study.responders}
    for item in inputs.study.responders:
        if item.visits is not None or _asks_for_analgesics(item, by_id):
            continue  # defined outside the imputed visits, or on what is not imputed
        met = _met(inputs, item, by_id, data, joint)
        some = next(iter(data.values()))
        for column, visit in enumerate(some.visits):
            found = pool_proportions(met[:, :, column])
            cell = Cell("responder_mi", item.id, visit, inputs.main_set(), ALL, item.label)
            cell = cell.of(
                n=_seen(item, by_id, joint, column),
                total=found.n,
                method=f"{next(iter(joint.values())).method}; {found.method}",
            )
            rows.append(cell.row("percent", 100.0 * found.estimate, "pct1", "%"))
            rows.append(cell.row("ci_lower", 100.0 * found.ci_lower, "pct1", "%"))
            rows.append(cell.row("ci_upper", 100.0 * found.ci_upper, "pct1", "%"))
    return rows


def _asks_for_analgesics(item: Responder, by_id: Mapping[str, Responder]) -> bool:
    parts = [_asks_for_analgesics(by_id[name], by_id) for name in item.of]
    return item.refuse_analgesic_increase or any(parts)


def _outcomes_of(item: Responder, by_id: Mapping[str, Responder]) -> set[str]:
    """Return every outcome that a definition reads."""
    own = {rule.outcome for rule in item.without_worsening}
    if item.outcome is not None:
        own.add(item.outcome)
    return own.union(*(_outcomes_of(by_id[name], by_id) for name in item.of))


def _seen(
    item: Responder, by_id: Mapping[str, Responder], joint: Mapping[str, Imputations], column: int
) -> int:
    """Count the participants for whom nothing that the definition reads was imputed."""
    gaps = [joint[name].imputed[:, column] for name in sorted(_outcomes_of(item, by_id))]
    return int((~np.any(gaps, axis=0)).sum())


def _met(
    inputs: AnalysisInputs,
    item: Responder,
    by_id: Mapping[str, Responder],
    data: Mapping[str, Trajectories],
    joint: Mapping[str, Imputations],
) -> NDArray[np.bool_]:
    """Return who meets a definition, shape (imputations, n, visits)."""
    better = {one.id: one.better for one in inputs.study.outcomes}
    if item.outcome is not None:
        name = item.outcome
        start = data[name].baseline[:, None]
        met = reached(item, better[name], joint[name].completed, start)
    else:
        parts = [_met(inputs, by_id[name], by_id, data, joint) for name in item.of]
        met = np.asarray(np.any(parts, axis=0) if item.kind == "any_of" else np.all(parts, axis=0))
    for rule in item.without_worsening:
        name = rule.outcome
        start = data[name].baseline[:, None]
        met &= ~worsened(rule, better[name], joint[name].completed, start)
    return met
