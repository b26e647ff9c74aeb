"""Baseline of the participants seen at the last visit against those who were not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.analyses.descriptives import count_rows, describe
from multifidus.analyses.inputs import AnalysisInputs, Cell
from multifidus.stats.means import two_sample_difference
from multifidus.stats.proportions import two_proportion_test

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from multifidus.results import ResultRow

__all__ = ["summarise_completers"]

_ANALYSIS = "completers"
_AGAINST = "completers_vs_lost"
_STATISTICS = ("n", "mean", "sd")


def summarise_completers(inputs: AnalysisInputs) -> list[ResultRow]:
    """Compare completers, who attended the last visit of the study, with the others at baseline.

    Age, sex and the baseline scores; differences are completers minus lost (Welch), shares are
    tested by Pearson's chi-square. Descriptive: no decision rests on the p values. Reads the tables
    ``participants`` and ``visits``, the scores and the sections analysis_sets, visits and outcomes.

    Returns
    -------
    list of ResultRow
        ``completers.<variable>.<last visit>.<set>.<completers|lost|completers_vs_lost>.<...>``.
    """
    if not inputs.study.visits:
        return []
    last = inputs.study.visits[-1].id
    members = inputs.members(inputs.main_set())
    visits = inputs.tables["visits"]
    seen = visits[(visits["visit"] == last) & visits["attended"].fillna(False).astype(bool)]
    completed = members["participant_id"].isin(seen["participant_id"])
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
        rows += _difference(cell, values["completers"], values["lost"], display, unit)
    return rows + _sex(Cell(_ANALYSIS, "sex_female", last, inputs.main_set(), "", "Female"), groups)


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
    display: str,
    unit: str,
) -> list[ResultRow]:
    if min(len(completers), len(lost)) < 2:  # noqa: PLR2004 - a variance needs two values
        return []
    found = two_sample_difference(completers, lost, method="welch")
    cell = cell.of(n=len(completers) + len(lost), method=found.method)
    return [
        cell.row("estimate", found.estimate, display, unit),
        cell.row("ci_lower", found.ci_lower, display, unit),
        cell.row("ci_upper", found.ci_upper, display, unit),
        cell.row("p_value", found.p_value, "p"),
    ]


def _sex(cell: Cell, groups: dict[str, pd.DataFrame]) -> list[ResultRow]:
    rows: list[ResultRow] = []
    counts = []
    for name, people in groups.items():
        known = people["sex"].isin(["F", "M"])
        counts += [int((people["sex"] == "F").sum()), int(known.sum())]
        rows += count_rows(cell.of(group=name), counts[-2], counts[-1])
    if counts[1] and counts[3]:
        found = two_proportion_test(*counts, method="chi_square")
        total = counts[1] + counts[3]
        cell = cell.of(group=_AGAINST, n=counts[0] + counts[2], total=total, method=found.method)
        rows.append(cell.row("p_value", found.p_value, "p"))
    return rows
