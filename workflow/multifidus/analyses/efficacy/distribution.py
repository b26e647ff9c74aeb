"""Cumulative responder distribution: the share of participants with at least each reduction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from multifidus.analyses.efficacy.effectiveness import OBSERVED, observed_groups
from multifidus.analyses.inputs import AnalysisInputs, Cell
from multifidus.analyses.responders.responder_status import CUT_TOLERANCE

if TYPE_CHECKING:
    from multifidus.config.study import Outcome
    from multifidus.results.table import ResultRow

__all__ = ["STEPS", "summarise_distribution"]

STEPS = tuple(range(0, 101, 10))
"""Reductions in per cent of baseline at which the distribution is tabulated."""


def summarise_distribution(inputs: AnalysisInputs) -> list[ResultRow]:
    """Tabulate the cumulative distribution of per cent reductions and compare the arms.

    For symptom scales (lower is better) at every visit after baseline, all arms together and by
    arm at the visit of the randomised comparison, where the two distributions are compared by the
    Wilcoxon rank-sum test (normal, corrected for ties). Reads the scores, participants and the
    sections analysis_sets, arms, visits, outcomes and randomised.

    Returns
    -------
    list of ResultRow
        ``cumulative.<outcome>_ge<step>.<visit>.observed.<group>.percent`` and
        ``cumulative.<outcome>.<visit>.<set>.<treatment>_vs_<control>.p_value``.
    """
    rows: list[ResultRow] = []
    for outcome in inputs.study.outcomes:
        if outcome.better == "higher":
            continue
        for visit in inputs.study.visits[1:]:
            for group, own in observed_groups(inputs, outcome.id, visit.id):
                reduction = -own["percent_change"].dropna().to_numpy(dtype="float64")
                if not len(reduction):
                    continue
                for step in STEPS:
                    count = int((reduction >= step - CUT_TOLERANCE).sum())
                    cell = Cell(
                        "cumulative", f"{outcome.id}_ge{step}", visit.id, OBSERVED, group.id,
                        f"{outcome.label} reduced by {step} % or more", count, len(reduction),
                    )  # fmt: skip
                    value = 100.0 * count / len(reduction)
                    rows.append(cell.row("percent", value, "pct1", "%"))
        rows += _arms(inputs, outcome)
    return rows


def _arms(inputs: AnalysisInputs, outcome: Outcome) -> list[ResultRow]:
    rules = inputs.study.randomised
    if rules is None:
        return []
    found = {
        group.id: own["percent_change"].dropna().to_numpy(dtype="float64")
        for group, own in observed_groups(inputs, outcome.id, rules.visit)
    }
    first, second = (found.get(arm, np.array([])) for arm in (rules.treatment, rules.control))
    if not len(first) or not len(second):
        return []
    test = stats.mannwhitneyu(first, second, method="asymptotic", use_continuity=False)
    group = f"{rules.treatment}_vs_{rules.control}"
    cell = Cell("cumulative", outcome.id, rules.visit, inputs.main_set(), group, outcome.label)
    arms = inputs.members(inputs.main_set())["arm"].isin([rules.treatment, rules.control])
    cell = cell.of(
        n=len(first) + len(second),
        total=int(arms.sum()),
        method="Wilcoxon rank-sum test of the per cent change, normal, corrected for ties",
    )
    return [cell.row("p_value", float(test.pvalue), "p")]
