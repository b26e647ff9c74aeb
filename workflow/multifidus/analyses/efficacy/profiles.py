"""EQ-5D-5L profiles: problems by dimension, Pareto classes of change, level sum score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.analyses.efficacy.descriptives import count_rows, describe
from multifidus.analyses.efficacy.effectiveness import OBSERVED
from multifidus.analyses.inputs import ALL, AnalysisInputs, Cell
from multifidus.instruments.eq5d import classify_pareto, level_sum_score
from multifidus.instruments.value_sets import DIMENSIONS
from multifidus.instruments.visits import place_records

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.results.table import ResultRow

__all__ = ["summarise_profiles"]

_COLUMNS = [f"eq5d_{name}" for name in DIMENSIONS]
_NAMES = {
    "mo": "Mobility",
    "sc": "Self-care",
    "ua": "Usual activities",
    "pd": "Pain/discomfort",
    "ad": "Anxiety/depression",
}
_CLASSES = {
    "no_problems": "No problem at either time",
    "no_change": "No change",
    "improved": "Better on a dimension, worse on none",
    "worsened": "Worse on a dimension, better on none",
    "mixed": "Better on some, worse on others",
}
_NUMBERS = ("n", "mean", "sd", "median", "q1", "q3", "min", "max")
_SEVERE = 4


def summarise_profiles(inputs: AnalysisInputs) -> list[ResultRow]:
    """Describe EQ-5D-5L profiles at every visit, without any value set.

    Complete profiles of members of the main set. Reads the tables ``participants`` and ``eq5d`` and
    the sections analysis_sets, visits and outcomes.

    Returns
    -------
    list of ResultRow
        ``profile.<dimension>_<any|severe>``, ``profile.level_sum`` and, after baseline,
        ``pareto.<class>``, each ``.<visit>.observed.all.<statistic>``; none where the study has no
        EQ-5D outcome.
    """
    if not any(one.instrument == "eq5d" for one in inputs.study.outcomes):
        return []
    complete = inputs.tables["eq5d"][_COLUMNS].notna().all(axis=1)
    placed = place_records("eq5d", inputs.tables, inputs.study, complete)
    members = inputs.members(inputs.main_set())["participant_id"]
    used = placed[(placed["flag"] == "used") & placed["participant_id"].isin(members)]
    first = used[used["analysis_visit"] == inputs.study.visits[0].id].set_index("participant_id")
    rows: list[ResultRow] = []
    for visit in inputs.study.visits:
        here = used[used["analysis_visit"] == visit.id].set_index("participant_id")
        cell = Cell("profile", "", visit.id, OBSERVED, ALL, "", total=len(members))
        rows += _problems(cell, here)
        if visit.id != inputs.study.visits[0].id:
            rows += _classes(cell.of(analysis="pareto"), first, here)
    return rows


def _problems(cell: Cell, here: pd.DataFrame) -> list[ResultRow]:
    rows: list[ResultRow] = []
    for name, label in _NAMES.items():
        levels = here[f"eq5d_{name}"].to_numpy(dtype="float64")
        for outcome, low, words in (
            ("any", 2, "any problem"),
            ("severe", _SEVERE, "severe or worse"),
        ):
            there = cell.of(outcome=f"{name}_{outcome}", label=f"{label}: {words}")
            rows += count_rows(there, int((levels >= low).sum()), len(levels))
    sums = level_sum_score(here[_COLUMNS]) if len(here) else np.array([])
    cell = cell.of(outcome="level_sum", label="Level sum score (5 to 25)")
    return rows + describe(cell, sums, display="f1", unit="points", statistics=_NUMBERS)


def _classes(cell: Cell, first: pd.DataFrame, here: pd.DataFrame) -> list[ResultRow]:
    both = here.index.intersection(first.index)
    classes = (
        classify_pareto(first.loc[both, _COLUMNS], here.loc[both, _COLUMNS])
        if len(both)
        else np.array([], dtype=object)
    )
    rows: list[ResultRow] = []
    for name, label in _CLASSES.items():
        count = int((classes == name).sum())
        rows += count_rows(cell.of(outcome=name, label=label), count, len(both))
    return rows
