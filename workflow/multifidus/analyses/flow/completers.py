"""Baseline of the completers against the participants who were lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.analyses.efficacy.descriptives import count_rows, describe
from multifidus.analyses.inputs import AnalysisInputs, Cell
from multifidus.instruments.mme import MME
from multifidus.stats.means import two_sample_difference
from multifidus.stats.proportions import two_proportion_test

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from multifidus.results.table import ResultRow

__all__ = ["summarise_completers"]

_ANALYSIS = "completers"
_AGAINST = "completers_vs_lost"
_STATISTICS = ("n", "mean", "sd")


def summarise_completers(inputs: AnalysisInputs) -> list[ResultRow]:
    """Compare completers with the other members of the main set at baseline.

    Completers attended the visit of the completers' set, in a study without such a set its last
    visit. Age and the baseline scores: differences are completers minus lost (Welch). Sex, opioid
    use at baseline and the randomised arm: shares, tested by Pearson's chi-square. Descriptive: no
    decision rests on the p values. Reads the tables ``participants`` and ``visits``, the scores and
    the sections analysis_sets, arms, visits, outcomes and opioids.

    Returns
    -------
    list of ResultRow
        ``completers.<variable>.<visit>.<set>.<completers|lost|completers_vs_lost>.<...>``.
    """
    if not inputs.study.visits:
        return []
    chosen = inputs.completers()
    last = (chosen and chosen.attended_visit) or inputs.study.visits[-1].id
    members = inputs.members(inputs.main_set())
    completed = members["participant_id"].isin(inputs.attended(last))
    groups = {"completers": members[completed], "lost": members[~completed]}
    labels = {"age": ("Age", "years", "f1")}
    labels |= {one.id: (one.label, one.unit, f"f{one.decimals}") for one in inputs.study.outcomes}
    rows: list[ResultRow] = []
    for variable, (label, unit, display) in labels.items():
        cell = Cell(_ANALYSIS, variable, last, inputs.main_set(), _AGAINST, label)
        values = {name: _values(inputs, variable, people) for name, people in groups.items()}
        for name, numbers in values.items():
            here = cell.of(group=name, total=len(groups[name]))
            rows += describe(here, numbers, display=display, unit=unit, statistics=_STATISTICS)
        rows += _difference(cell, *values.values(), people=len(members), display=display, unit=unit)
    for variable, (label, known, positive) in _shares(inputs).items():
        cell = Cell(_ANALYSIS, variable, last, inputs.main_set(), "", label)
        rows += _share(cell, groups, known, positive)
    return rows


def _values(inputs: AnalysisInputs, variable: str, people: pd.DataFrame) -> NDArray[np.float64]:
    if variable == "age":
        numbers = people["age_years"].to_numpy(dtype="float64")
    else:
        scores = inputs.scored()
        first = scores[
            (scores["parameter"] == variable) & (scores["visit"] == inputs.study.visits[0].id)
        ]
        own = first[first["participant_id"].isin(people["participant_id"])]
        numbers = own["value"].to_numpy(dtype="float64")
    known: NDArray[np.float64] = numbers[~np.isnan(numbers)]
    return known


def _difference(
    cell: Cell,
    completers: NDArray[np.float64],
    lost: NDArray[np.float64],
    *,
    people: int,
    display: str,
    unit: str,
) -> list[ResultRow]:
    if min(len(completers), len(lost)) < 2:  # noqa: PLR2004 - a variance needs two values
        return []
    found = two_sample_difference(completers, lost, method="welch")
    cell = cell.of(n=len(completers) + len(lost), total=people, method=found.method)
    return [
        cell.row("estimate", found.estimate, display, unit),
        cell.row("ci_lower", found.ci_lower, display, unit),
        cell.row("ci_upper", found.ci_upper, display, unit),
        cell.row("p_value", found.p_value, "p"),
    ]


def _shares(inputs: AnalysisInputs) -> dict[str, tuple[str, pd.Series, pd.Series]]:
    """Return variable -> (label, ids with it known, ids that have it)."""
    people = inputs.participants
    ids, sex = people["participant_id"], people["sex"]
    shares = {"sex_female": ("Female", ids[sex.isin(["F", "M"])], ids[sex == "F"])}
    if inputs.study.opioids is not None:
        scores = inputs.scored()
        first = scores[
            (scores["parameter"] == MME) & (scores["visit"] == inputs.study.opioids.baseline_visit)
        ]
        users = first.loc[first["value"] > 0, "participant_id"]
        shares["opioid_users"] = ("On opioids", first["participant_id"], users)
    if len(inputs.study.arms) == 2:  # noqa: PLR2004 - of two arms the first one says all
        arm = inputs.study.arms[0]
        own = ids[people["arm"] == arm.id]
        shares[f"arm_{arm.id}"] = (f"Arm: {arm.label}", ids[people["arm"].notna()], own)
    return shares


def _share(
    cell: Cell, groups: dict[str, pd.DataFrame], known: pd.Series, positive: pd.Series
) -> list[ResultRow]:
    rows: list[ResultRow] = []
    counts = []
    for name, people in groups.items():
        ids = people["participant_id"]
        counts += [int(ids.isin(positive).sum()), int(ids.isin(known).sum())]
        rows += count_rows(cell.of(group=name), counts[-2], counts[-1])
    if counts[1] and counts[3]:
        found = two_proportion_test(*counts, method="chi_square")
        total = counts[1] + counts[3]
        cell = cell.of(group=_AGAINST, n=counts[0] + counts[2], total=total, method=found.method)
        rows.append(cell.row("p_value", found.p_value, "p"))
    return rows
