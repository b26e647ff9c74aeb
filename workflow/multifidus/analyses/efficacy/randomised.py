"""The randomised comparison of the arms at the end of the blinded phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.analyses.inputs import AnalysisInputs, Cell
from multifidus.analyses.responders.responder_status import responder_status
from multifidus.stats.means import ancova, two_sample_difference
from multifidus.stats.proportions import proportion_difference

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.config.analysis import RandomisedComparison
    from multifidus.config.study import Outcome
    from multifidus.results.table import ResultRow
    from multifidus.stats.estimates import Estimate

__all__ = ["summarise_randomised"]

_SHARE_STATISTICS = ("estimate", "ci_lower", "ci_upper", "p_value")
_STATISTICS = (*_SHARE_STATISTICS, "se", "df")


def summarise_randomised(inputs: AnalysisInputs) -> list[ResultRow]:
    """Compare the arms at the study file's visit: changes of outcomes and the primary endpoint.

    Changes: two-sample t with pooled variance among participants with the visit's value
    (``difference``), and adjusted for baseline (``difference_ancova``). Primary endpoint: all
    randomised members of the set, participants that cannot be classified counting as
    non-responders, with the score interval of Miettinen and Nurminen. Reads the scores,
    participants, analgesics and the sections analysis_sets, outcomes, responders, visits and
    randomised.

    Returns
    -------
    list of ResultRow
        ``difference.<outcome|responder>.<visit>.<set>.<treatment>_vs_<control>.<statistic>``;
        none where the study has no section randomised.
    """
    rules = inputs.study.randomised
    if rules is None:
        return []
    rows: list[ResultRow] = []
    for outcome in inputs.study.outcomes:
        if outcome.id in rules.outcomes:
            rows += _change(inputs, outcome, rules)
    return rows + _primary(inputs, rules)


def _arms(inputs: AnalysisInputs, rules: RandomisedComparison) -> tuple[pd.Series, pd.Series]:
    """Return the participant ids of the two arms, members of the main set."""
    members = inputs.members(inputs.main_set())
    first, second = (
        members.loc[members["arm"] == arm, "participant_id"]
        for arm in (rules.treatment, rules.control)
    )
    return first, second


def _cell(inputs: AnalysisInputs, rules: RandomisedComparison, outcome: str, label: str) -> Cell:
    group = f"{rules.treatment}_vs_{rules.control}"
    return Cell("difference", outcome, rules.visit, inputs.main_set(), group, label)


def _change(
    inputs: AnalysisInputs, outcome: Outcome, rules: RandomisedComparison
) -> list[ResultRow]:
    scores = inputs.scored()
    here = scores[(scores["parameter"] == outcome.id) & (scores["visit"] == rules.visit)]
    here = here.dropna(subset=["change"])
    arms = _arms(inputs, rules)
    first, second = (here[here["participant_id"].isin(arm)] for arm in arms)
    cell = _cell(inputs, rules, outcome.id, outcome.label)
    if min(len(first), len(second)) < 2:  # noqa: PLR2004 - a variance needs two values
        reason = "an arm has fewer than two participants with the change"
        return cell.not_estimable(reason, _STATISTICS)
    cell = cell.of(n=len(first) + len(second), total=sum(map(len, arms)))
    changes = (
        first["change"].to_numpy(dtype="float64"),
        second["change"].to_numpy(dtype="float64"),
    )
    before = (
        first["baseline"].to_numpy(dtype="float64"),
        second["baseline"].to_numpy(dtype="float64"),
    )
    plain = two_sample_difference(*changes, method="pooled")
    rows = _estimate_rows(cell, plain, outcome)
    if len(first) + len(second) > 3 and len({*before[0], *before[1]}) > 1:  # noqa: PLR2004 - residual df
        adjusted = ancova(*changes, *before).difference
        rows += _estimate_rows(cell.of(analysis="difference_ancova"), adjusted, outcome)
    return rows


def _estimate_rows(cell: Cell, difference: Estimate, outcome: Outcome) -> list[ResultRow]:
    cell = cell.of(method=difference.method)
    display = f"f{outcome.decimals}"
    values = {"estimate": difference.estimate, "se": difference.se}
    values |= {"ci_lower": difference.ci_lower, "ci_upper": difference.ci_upper}
    rows = [cell.row(name, value, display, outcome.unit) for name, value in values.items()]
    return [
        *rows,
        cell.row("df", difference.df, "f1"),
        cell.row("p_value", difference.p_value, "p"),
    ]


def _primary(inputs: AnalysisInputs, rules: RandomisedComparison) -> list[ResultRow]:
    status = responder_status(inputs)
    here = status[(status["responder"] == rules.responder) & (status["visit"] == rules.visit)]
    responders = set(here.loc[here["met"], "participant_id"])
    arms = _arms(inputs, rules)
    label = next(one.label for one in inputs.study.responders if one.id == rules.responder)
    cell = _cell(inputs, rules, rules.responder, label)
    if not all(len(arm) for arm in arms):
        return cell.not_estimable("an arm has no participants", _SHARE_STATISTICS)
    counts = [int(arm.isin(responders).sum()) for arm in arms]
    difference = proportion_difference(
        counts[0], len(arms[0]), counts[1], len(arms[1]), method="miettinen_nurminen"
    )
    cell = cell.of(
        n=sum(counts),
        total=sum(map(len, arms)),
        method=f"Not classified counts as no responder; {difference.method}",
    )
    values = {"estimate": difference.estimate}
    values |= {"ci_lower": difference.ci_lower, "ci_upper": difference.ci_upper}
    rows = [cell.row(name, 100.0 * value, "pct1", "%") for name, value in values.items()]
    return [*rows, cell.row("p_value", difference.p_value, "p")]
