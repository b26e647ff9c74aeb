"""Levels and changes from baseline of every outcome at every visit, as observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.analyses.efficacy.descriptives import describe
from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell, Group
from multifidus.stats.means import mean_interval, paired_change
from multifidus.stats.wilcoxon import wilcoxon_signed_rank

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from multifidus.config.study import Outcome
    from multifidus.results.table import ResultRow

__all__ = ["observed_groups", "outcome_rows", "summarise_effectiveness"]

OBSERVED = "observed"
_LEVEL = ("n", "mean", "sd", "se", "median", "q1", "q3", "min", "max")
_PERCENT = ("n", "mean", "sd", "median")


def summarise_effectiveness(inputs: AnalysisInputs) -> list[ResultRow]:
    """Describe level, change and per cent change of every outcome at every visit.

    All arms together at every visit; by arm at baseline and, where the study has a randomised
    comparison, at its visit: later the arms no longer differ in treatment. Members are those of
    the main analysis set with the value at the visit. Per cent change is given for symptom scales
    (lower is better), which have a true zero. The paired t test is reported beside Wilcoxon's
    signed-rank test (``signed_rank``), which asks for no normal distribution. Reads the scores
    and the sections analysis_sets, arms, visits, outcomes and randomised.

    Returns
    -------
    list of ResultRow
        ``level``, ``change``, ``signed_rank`` and ``percent_change`` rows.
    """
    rows: list[ResultRow] = []
    for outcome in inputs.study.outcomes:
        for visit in inputs.study.visits:
            for group, own in observed_groups(inputs, outcome.id, visit.id):
                cell = Cell("level", outcome.id, visit.id, OBSERVED, group.id, outcome.label)
                rows += outcome_rows(cell.of(total=group.size), outcome, own)
    return rows


def observed_groups(
    inputs: AnalysisInputs, outcome: str, visit: str
) -> Iterator[tuple[Group, pd.DataFrame]]:
    """Yield the groups reported at a visit with their scores there.

    Parameters
    ----------
    inputs
        Scores, participants and the sections analysis_sets, arms, visits and randomised.
    outcome, visit
        Ids of the study file.
    """
    scores = inputs.scored()
    rows = scores[(scores["parameter"] == outcome) & (scores["visit"] == visit)]
    randomised = inputs.study.randomised
    by_arm = visit in {inputs.study.visits[0].id, randomised.visit if randomised else ""}
    for group in inputs.groups(inputs.members(inputs.main_set()), by_arm=by_arm):
        own = rows[rows["participant_id"].isin(group.members["participant_id"])]
        if len(own) or group.id == ALL:
            yield group, own


def outcome_rows(cell: Cell, outcome: Outcome, own: pd.DataFrame) -> list[ResultRow]:
    """Give level, change and per cent change of one outcome in one group at one visit.

    Parameters
    ----------
    cell
        Where the rows stand, with its denominator; ``analysis`` is replaced for the changes.
    outcome
        The outcome.
    own
        The group's scores there: columns value, baseline, change and percent_change.
    """
    display = f"f{outcome.decimals}"
    level = own["value"].dropna().to_numpy(dtype="float64")
    rows = describe(cell, level, display=display, unit=outcome.unit, statistics=_LEVEL)
    rows += _interval(cell, level, display, outcome.unit)
    paired = own.dropna(subset=["change"])
    if paired.empty:
        return rows
    rows += _change(cell.of(analysis="change"), outcome, paired)
    if outcome.better == "higher":  # an index with values below zero has no per cent
        return rows
    percent = own["percent_change"].dropna().to_numpy(dtype="float64")
    cell = cell.of(analysis="percent_change")
    rows += describe(cell, percent, display="pct1", unit="%", statistics=_PERCENT)
    return rows + _interval(cell, percent, "pct1", "%", test=True)


def _interval(
    cell: Cell, values: NDArray[np.float64], display: str, unit: str, *, test: bool = False
) -> list[ResultRow]:
    """Give the t interval of a mean, and its test of zero where zero is no change."""
    if len(values) < 2:  # noqa: PLR2004 - an interval needs two values
        return []
    found = mean_interval(values)
    cell = cell.of(n=found.n, method=found.method)
    rows = [cell.row("ci_lower", found.ci_lower, display, unit)]
    rows.append(cell.row("ci_upper", found.ci_upper, display, unit))
    return [*rows, cell.row("p_value", found.p_value, "p")] if test else rows


def _change(cell: Cell, outcome: Outcome, paired: pd.DataFrame) -> list[ResultRow]:
    """Give the paired change with its t interval; fewer than two pairs give the mean alone."""
    display = f"f{outcome.decimals}"
    change = paired["change"].to_numpy(dtype="float64")
    if len(change) < 2:  # noqa: PLR2004 - an interval needs two pairs
        return describe(cell, change, display=display, unit=outcome.unit, statistics=("n", "mean"))
    test = paired_change(
        paired["baseline"].to_numpy(dtype="float64"), paired["value"].to_numpy(dtype="float64")
    )
    cell = cell.of(n=test.n, method=test.method)
    values = {"mean": test.mean, "sd": test.sd, "se": test.se}
    values |= {"ci_lower": test.ci_lower, "ci_upper": test.ci_upper}
    rows = [cell.row("n", test.n, "d0")]
    rows += [cell.row(name, value, display, outcome.unit) for name, value in values.items()]
    ranks = wilcoxon_signed_rank(change)
    return [
        *rows,
        cell.row("p_value", test.p_value, "p"),
        cell.of(analysis="signed_rank", method=ranks.method).row("p_value", ranks.p_value, "p"),
    ]
