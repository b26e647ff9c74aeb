"""Baseline characteristics (Table 1): demography, declared characteristics, baseline scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.analyses.efficacy.descriptives import count_rows, describe
from multifidus.analyses.inputs import AnalysisInputs, Cell, Group

if TYPE_CHECKING:
    from multifidus.results.table import ResultRow

__all__ = ["summarise_baseline"]

_BASELINE = "baseline"
_SEXES = {"sex_female": ("F", "Female"), "sex_male": ("M", "Male")}


def summarise_baseline(inputs: AnalysisInputs) -> list[ResultRow]:
    """Describe the participants of the main analysis set at baseline, together and by arm.

    Reads the tables ``participants`` and ``characteristics``, the scores (where the study has
    outcomes) and the sections arms, analysis_sets, characteristics, outcomes and visits.

    Returns
    -------
    list of ResultRow
        ``baseline.<variable>.baseline.<set>.<group>.<statistic>``; shares are of participants
        with the variable known.
    """
    population = inputs.main_set()
    rows: list[ResultRow] = []
    for group in inputs.groups(inputs.members(population)):
        rows += _demography(population, group)
        rows += _characteristics(inputs, population, group)
        rows += _scores(inputs, population, group)
    return rows


def _cell(outcome: str, population: str, group: Group, label: str) -> Cell:
    return Cell(_BASELINE, outcome, _BASELINE, population, group.id, label, total=group.size)


def _demography(population: str, group: Group) -> list[ResultRow]:
    cell = _cell("participants", population, group, "Participants")
    rows = [cell.of(n=group.size).row("n", group.size, "d0")]
    age = group.members["age_years"].dropna().to_numpy(dtype="float64")
    cell = _cell("age", population, group, "Age")
    rows += describe(cell, age, display="f1", unit="years")
    known = group.members["sex"].isin(["F", "M"])
    for outcome, (code, label) in _SEXES.items():
        count = int((group.members["sex"] == code).sum())
        cell = _cell(outcome, population, group, label)
        rows += count_rows(cell, count, int(known.sum()))
    return rows


def _characteristics(inputs: AnalysisInputs, population: str, group: Group) -> list[ResultRow]:
    rows: list[ResultRow] = []
    for item in inputs.study.characteristics:
        table = inputs.tables["characteristics"]
        own = table[table["characteristic"] == item.id]
        own = own[own["participant_id"].isin(group.members["participant_id"])]
        values = own["value"].dropna().to_numpy(dtype="float64")
        cell = _cell(item.id, population, group, item.label)
        rows += describe(cell, values, display=f"f{item.decimals}", unit=item.unit)
    return rows


def _scores(inputs: AnalysisInputs, population: str, group: Group) -> list[ResultRow]:
    if not inputs.study.outcomes:
        return []
    rows: list[ResultRow] = []
    scores = inputs.scored()
    first = scores[scores["visit"] == inputs.study.visits[0].id]
    first = first[first["participant_id"].isin(group.members["participant_id"])]
    for outcome in inputs.study.outcomes:
        values = first.loc[first["parameter"] == outcome.id, "value"].to_numpy(dtype="float64")
        cell = _cell(outcome.id, population, group, outcome.label)
        values = values[~np.isnan(values)]
        rows += describe(cell, values, display=f"f{outcome.decimals}", unit=outcome.unit)
    return rows
