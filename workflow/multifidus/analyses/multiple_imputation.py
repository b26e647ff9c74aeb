"""Changes and responder shares by multiple imputation, and how far they bend.

All outcomes at all visits are imputed together under missing at random (joint normal, baseline
values as covariates), so that definitions that join outcomes keep their correlation; the pooled
results stand beside the observed ones and the mixed model. Two departures from missing at random:
jump to reference, and a shift (delta) of the imputed values up to the point at which the mean
change could be zero. Imputed values are not cut to the scale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.analyses.responder_status import reached
from multifidus.analyses.trajectories import Trajectories, not_fitted, trajectories
from multifidus.base.errors import StatisticsError
from multifidus.stats.imputation import Imputations, impute, tipping_point
from multifidus.stats.pooling import pool, pool_proportions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from multifidus.config.study import Outcome, Responder
    from multifidus.results import ResultRow
    from multifidus.stats.pooling import PooledEstimate

__all__ = ["IMPUTATIONS", "summarise_multiple_imputation"]

IMPUTATIONS = 50
_SHIFTS = 21
_SPANS = {"vas": 10.0, "odi": 100.0, "eq5d": 1.5}
"""Length of each instrument's scale: the largest shift that makes sense."""


def summarise_multiple_imputation(inputs: AnalysisInputs) -> list[ResultRow]:
    """Pool changes and responder shares over imputations of the missing visits.

    Members of the main set with all baselines; the seed is that of the inputs. Where the model
    cannot be fitted one row per outcome says why. Reads the scores, participants and the sections
    analysis_sets, outcomes, visits, responders, mixed_model (its visits) and randomised (the
    reference arm).

    Returns
    -------
    list of ResultRow
        ``change_mi``, ``change_j2r`` and ``responder_mi`` at each visit, ``tipping_point`` at the
        last.
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
        cell = Cell("change_mi", "", rules.visits[-1], inputs.main_set(), ALL, "")
        return [
            not_fitted(cell.of(outcome=one.id, label=one.label), error)
            for one in inputs.study.outcomes
        ]
    rows: list[ResultRow] = []
    for outcome in inputs.study.outcomes:
        own = joint[outcome.id]
        rows += _changes(inputs, outcome, "change_mi", data[outcome.id], own)
        rows += _reference_based(inputs, outcome, data[outcome.id])
        rows += _tipping(inputs, outcome, data[outcome.id], own)
    return rows + _responders(inputs, data, joint)


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


def _reference_based(
    inputs: AnalysisInputs, outcome: Outcome, data: Trajectories
) -> list[ResultRow]:
    """Impute after a participant's last visit from the means of the arm randomised to control."""
    randomised = inputs.study.randomised
    if randomised is None:
        return []
    try:
        drawn = impute(
            data.values,
            data.baseline,
            imputations=IMPUTATIONS,
            seed=inputs.seed,
            arm=data.arm,
            reference=randomised.control,
            strategy="j2r",
        )
    except StatisticsError as error:
        cell = Cell(
            "change_j2r", outcome.id, data.visits[-1], inputs.main_set(), ALL, outcome.label
        )
        return [not_fitted(cell, error)]
    return _changes(inputs, outcome, "change_j2r", data, drawn)


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
    span = _SPANS[outcome.instrument]
    found = tipping_point(last, mean_change, sign * np.linspace(0.0, span, _SHIFTS))
    reached_at = f"worsening of up to {span:g} {outcome.unit} searched"
    cell = Cell("tipping_point", outcome.id, data.visits[-1], inputs.main_set(), ALL, outcome.label)
    cell = cell.of(
        n=int(last.imputed.sum()),
        total=len(data.participants),
        method=f"{found.method}; {reached_at}; not reached where no value stands",
    )
    return [cell.row("estimate", found.delta, f"f{outcome.decimals}", outcome.unit)]


def _responders(
    inputs: AnalysisInputs, data: Mapping[str, Trajectories], joint: Mapping[str, Imputations]
) -> list[ResultRow]:
    rows: list[ResultRow] = []
    by_id = {item.id: item for item in inputs.study.responders}
    for item in inputs.study.responders:
        if item.visits is not None:  # defined at a visit outside the imputed ones
            continue
        met = _met(inputs, item, by_id, data, joint)
        some = next(iter(data.values()))
        for column, visit in enumerate(some.visits):
            found = pool_proportions(met[:, :, column])
            cell = Cell("responder_mi", item.id, visit, inputs.main_set(), ALL, item.label)
            cell = cell.of(
                total=found.n, method=f"{next(iter(joint.values())).method}; {found.method}"
            )
            rows.append(cell.row("percent", 100.0 * found.estimate, "pct1", "%"))
            rows.append(cell.row("ci_lower", 100.0 * found.ci_lower, "pct1", "%"))
            rows.append(cell.row("ci_upper", 100.0 * found.ci_upper, "pct1", "%"))
    return rows


def _met(
    inputs: AnalysisInputs,
    item: Responder,
    by_id: Mapping[str, Responder],
    data: Mapping[str, Trajectories],
    joint: Mapping[str, Imputations],
) -> NDArray[np.bool_]:
    """Return who meets a definition, shape (imputations, n, visits)."""
    if item.of:
        parts = [_met(inputs, by_id[name], by_id, data, joint) for name in item.of]
        joined = np.any(parts, axis=0) if item.kind == "any_of" else np.all(parts, axis=0)
        return np.asarray(joined)
    outcome = next(one for one in inputs.study.outcomes if one.id == item.outcome)
    own = data[outcome.id]
    return reached(item, outcome.better, joint[outcome.id].completed, own.baseline[:, None])
