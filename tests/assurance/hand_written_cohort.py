"""Hand-written participants as tables, and the published weights.

``hand_written/*.csv`` holds 48 participants for the definitions of outcomes, opioids and events,
``hand_written_follow_up/*.csv`` 16 for what follows people over the visits.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from multifidus.analyses.inputs import AnalysisInputs
from multifidus.config.load import load_study
from multifidus.config.study import StudyConfig
from multifidus.contracts.check import check_table, empty_table, parse_table
from multifidus.contracts.tables import TABLES
from multifidus.instruments.mme_factors import MmeFactors, mme_factors_from_frame
from multifidus.instruments.scores import build_scores
from multifidus.instruments.value_sets import ValueSet, value_sets_from_frames

FOLDER = Path(__file__).parent / "hand_written"
FOLLOW_UP = Path(__file__).parent / "hand_written_follow_up"
ROOT = Path(__file__).parents[2]
USA_2019 = {  # Pickard 2019, 10.1016/j.jval.2019.02.009
    "mo": (0.096, 0.122, 0.237, 0.322),
    "sc": (0.089, 0.107, 0.220, 0.261),
    "ua": (0.068, 0.101, 0.255, 0.255),
    "pd": (0.060, 0.098, 0.318, 0.414),
    "ad": (0.057, 0.123, 0.299, 0.321),
}
CDC = (  # CDC 2022 and 2016 (MMWR 71(3) and 65(1)): drug, route, unit, 2022, 2016
    ("codeine", "oral", "mg/day", 0.15, 0.15),
    ("fentanyl", "transdermal", "mcg/h", 2.4, 2.4),
    ("hydrocodone", "oral", "mg/day", 1.0, 1.0),
    ("hydromorphone", "oral", "mg/day", 5.0, 4.0),
    ("morphine", "oral", "mg/day", 1.0, 1.0),
    ("oxycodone", "oral", "mg/day", 1.5, 1.5),
    ("tramadol", "oral", "mg/day", 0.2, 0.1),
)
METHADONE = (
    ("cdc_2022", 4.7, np.nan, np.nan),
    ("cdc_2016", 4.0, 0.0, 20.0),
    ("cdc_2016", 8.0, 20.0, 40.0),
    ("cdc_2016", 10.0, 40.0, 60.0),
    ("cdc_2016", 12.0, 60.0, np.nan),
)


def read_raw(name: str, folder: Path = FOLDER) -> list[dict[str, str]]:
    """Return a table's raw text, row by row; no rows where there is no file."""
    path = folder / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def read_tables(folder: Path = FOLDER) -> dict[str, pd.DataFrame]:
    """Return the typed tables, held against their contracts."""
    tables = {}
    for name in TABLES:
        raw = pd.DataFrame(read_raw(name, folder)).replace("", None)
        if raw.empty:
            tables[name] = empty_table(name)
            continue
        tables[name], findings = parse_table(name, raw)
        assert not findings + check_table(name, tables[name]), name
    return tables


def study() -> StudyConfig:
    return load_study(ROOT / "config" / "studies" / "reactiv8b" / "study.yaml")


def value_sets() -> dict[str, ValueSet]:
    names = pd.DataFrame(
        [("usa_2019", "vt", 0.0, 0.0, 0.0, "pickard2019")],
        columns=["id", "kind", "intercept", "n45", "n5", "citation"],
    )
    rows = [
        ("usa_2019", dimension, level, decrement)
        for dimension, decrements in USA_2019.items()
        for level, decrement in enumerate(decrements, start=2)
    ]
    weights = pd.DataFrame(rows, columns=["value_set", "dimension", "level", "decrement"])
    return value_sets_from_frames(names, weights)


def mme_factors() -> dict[str, MmeFactors]:
    rows = [
        (edition, drug, route, unit, factor, np.nan, np.nan)
        for drug, route, unit, new, old in CDC
        for edition, factor in (("cdc_2022", new), ("cdc_2016", old))
    ]
    rows += [(e, "methadone", "oral", "mg/day", f, low, high) for e, f, low, high in METHADONE]
    columns = ["edition", "drug", "route", "unit", "factor", "dose_from", "dose_to"]
    return mme_factors_from_frame(pd.DataFrame(rows, columns=columns))


def inputs(folder: Path = FOLDER, trial: StudyConfig | None = None) -> AnalysisInputs:
    tables, trial = read_tables(folder), trial or study()
    scores = build_scores(tables, trial, value_sets(), mme_factors())
    return AnalysisInputs(study=trial, tables=tables, scores=scores)
