"""EQ-5D value sets and opioid conversion factors as tables with citations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from multifidus.base.errors import LiteratureError
from multifidus.literature.record.tables import Column, Kind, TableModel, load_table, where

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = [
    "CHECK_STATES",
    "COEFFICIENTS",
    "CROSSWALK_PROBABILITIES",
    "DIMENSIONS",
    "MME_FACTORS",
    "TTO_3L",
    "VALUE_SETS",
    "ValueSets",
    "load_mme_factors",
    "load_value_sets",
]

DIMENSIONS = ("mo", "sc", "ua", "pd", "ad")
"""Mobility, self-care, usual activities, pain/discomfort, anxiety/depression."""

_LEVELS = 4

VALUE_SETS = TableModel(
    "value_sets.csv",
    "EQ-5D-5L value sets: the index is 1 less the decrements of the five answers.",
    ("id",),
    (
        Column("id", "Stable id, asked for in the study file.", Kind.SLUG),
        Column("name", "Name in words."),
        Column("country", "Country whose public valued the states."),
        Column("kind", "`vt` (decrements) or `crosswalk`.", allowed=("vt", "crosswalk")),
        Column("intercept", "Once, when any answer is above 1.", Kind.NUMBER, required=False),
        Column("n45", "Once, when any answer is 4 or 5.", Kind.NUMBER, required=False),
        Column("n5", "Once, when any answer is 5.", Kind.NUMBER, required=False),
        Column("year", "Year of the paper.", Kind.COUNT),
        Column("citation", "Key in references.bib."),
        Column("doi", "DOI of the paper."),
        Column("rights", "Rights in the instrument."),
    ),
)
"""Value sets."""

COEFFICIENTS = TableModel(
    "coefficients.csv",
    "Decrements per dimension and answer; answer 1 has none.",
    ("value_set", "dimension", "level"),
    (
        Column("value_set", "Id of the value set.", Kind.SLUG),
        Column("dimension", "Dimension.", allowed=DIMENSIONS),
        Column("level", "Answer, 2 to 5.", Kind.COUNT),
        Column("decrement", "What is taken off.", Kind.NUMBER),
    ),
)
"""Decrements."""

TTO_3L = TableModel(
    "uk_3l_tto.csv",
    "UK EQ-5D-3L time trade-off set (MVH A1), used inside the UK crosswalk.",
    ("term", "level"),
    (
        Column("term", "Dimension, `constant` or `n3`.", allowed=("constant", *DIMENSIONS, "n3")),
        Column("level", "Answer, 2 or 3; empty for constant and n3.", Kind.NUMBER, required=False),
        Column("decrement", "What is taken off.", Kind.NUMBER),
    ),
)
"""UK 3L set."""

CROSSWALK_PROBABILITIES = TableModel(
    "uk_crosswalk_probabilities.csv",
    "Probabilities of a 3L answer given a 5L answer; 1, 3 and 5 go to 1, 2 and 3 for certain, "
    "the rest of 2 and of 4 goes to 2.",
    ("dimension", "level_5l"),
    (
        Column("dimension", "Dimension.", allowed=DIMENSIONS),
        Column("level_5l", "5L answer, 2 or 4.", Kind.COUNT),
        Column("level_3l", "3L answer, 1 or 3.", Kind.COUNT),
        Column("probability", "Its probability.", Kind.NUMBER),
    ),
)
"""UK crosswalk."""

CHECK_STATES = TableModel(
    "check_states.csv",
    "Index of some states, to hold a scorer against.",
    ("state", "value_set"),
    (
        Column("state", "Five answers, in the order of the dimensions.", Kind.SLUG),
        Column("value_set", "Id of the value set.", Kind.SLUG),
        Column("index", "Index to three decimals.", Kind.NUMBER),
    ),
)
"""Check states."""

MME_FACTORS = TableModel(
    "factors.csv",
    "Morphine milligram equivalents per unit of daily dose.",
    ("edition", "drug", "route", "dose_from"),
    (
        Column("edition", "Edition of the table.", allowed=("cdc_2016", "cdc_2022")),
        Column("drug", "Drug, lower case.", Kind.SLUG),
        Column("route", "Route.", allowed=("oral", "transdermal")),
        Column("unit", "Unit of the daily dose.", allowed=("mg/day", "mcg/h")),
        Column("factor", "MME per unit.", Kind.NUMBER),
        Column("dose_from", "Doses above this; empty for all.", Kind.NUMBER, required=False),
        Column("dose_to", "Doses up to this; empty for no end.", Kind.NUMBER, required=False),
        Column("citation", "Key in references.bib."),
        Column("note", "Remark, one sentence.", required=False),
    ),
)
"""Conversion factors."""


@dataclass(frozen=True, slots=True)
class ValueSets:
    """The tables of EQ-5D value sets.

    Attributes
    ----------
    value_sets, coefficients, tto_3l, crosswalk_probabilities, check_states
        One frame per table of ``literature/value_sets``.
    """

    value_sets: pd.DataFrame
    coefficients: pd.DataFrame
    tto_3l: pd.DataFrame
    crosswalk_probabilities: pd.DataFrame
    check_states: pd.DataFrame


def load_value_sets(folder: Path) -> ValueSets:
    """Read the EQ-5D value sets.

    Parameters
    ----------
    folder
        ``literature/value_sets``.

    Raises
    ------
    LiteratureError
        ``LIT-001`` to ``LIT-004`` for a broken table; ``LIT-010`` when a value set does not have
        its twenty decrements, rising with the answer.
    """
    sets = ValueSets(
        *(
            load_table(folder / model.name, model)
            for model in (VALUE_SETS, COEFFICIENTS, TTO_3L, CROSSWALK_PROBABILITIES, CHECK_STATES)
        )
    )
    listed = sets.value_sets.loc[sets.value_sets["kind"] == "vt", "id"]
    known = set(sets.coefficients["value_set"])
    for value_set in sorted({*listed, *known}):
        rows = sets.coefficients[sets.coefficients["value_set"] == value_set]
        complete = value_set in set(listed) and len(rows) == len(DIMENSIONS) * _LEVELS
        rising = all(
            group.sort_values("level")["decrement"].is_monotonic_increasing
            for _, group in rows.groupby("dimension")
        )
        if not (complete and rising and set(rows["level"]) == {2, 3, 4, 5}):
            raise LiteratureError(
                "LIT-010",
                f"the value set '{value_set}' must be in {where(folder / VALUE_SETS.name)} and "
                f"have twenty decrements in {COEFFICIENTS.name}, rising from answer 2 to 5 in "
                "each dimension; correct its rows.",
            )
    return sets


def load_mme_factors(path: Path) -> pd.DataFrame:
    """Read the opioid conversion factors.

    Parameters
    ----------
    path
        ``literature/mme/factors.csv``.

    Returns
    -------
    pandas.DataFrame
        One row per edition, drug, route and dose band; the factor is MME per unit of daily dose.

    Raises
    ------
    LiteratureError
        ``LIT-001`` to ``LIT-004`` for a broken table; ``LIT-011`` when the dose bands of a drug
        leave a gap or overlap.
    """
    factors = load_table(path, MME_FACTORS)
    for (edition, drug, _), bands in factors.groupby(["edition", "drug", "route"]):
        ordered = bands.sort_values("dose_from")
        ends, starts = ordered["dose_to"].tolist()[:-1], ordered["dose_from"].tolist()[1:]
        if ends != starts or (len(bands) > 1 and ordered["dose_from"].iloc[0] != 0):
            raise LiteratureError(
                "LIT-011",
                f"{where(path)}: the dose bands of {drug} in {edition} must start at 0 and follow "
                "each other without gap or overlap; correct dose_from and dose_to.",
            )
    return factors
