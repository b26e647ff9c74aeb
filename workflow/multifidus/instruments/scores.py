"""Scores: one long table in the manner of ADaM's basic data structure.

Raw answers are scored first, then placed into visit windows (a record without a score cannot stand
for a visit), then compared with the baseline record. Every row names the record it rests on.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.config.instruments import INSTRUMENTS
from multifidus.instruments.mme import MME, MmeRules, mme_per_day
from multifidus.instruments.mme_factors import mme_factors_named
from multifidus.instruments.visits import place_records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multifidus.config.study import Outcome, StudyConfig, Visit
    from multifidus.instruments.mme_factors import MmeFactors
    from multifidus.instruments.value_sets import ValueSet

__all__ = ["SCORE_COLUMNS", "build_scores"]

_TEXT = pd.StringDtype(na_value=np.nan)
_DTYPES: tuple[tuple[str, Any], ...] = (
    ("participant_id", _TEXT),
    ("parameter", _TEXT),
    ("visit", _TEXT),
    ("value", "float64"),
    ("unit", _TEXT),
    ("assessment_date", "datetime64[s]"),
    ("study_day", "Int64"),
    ("baseline", "float64"),
    ("change", "float64"),
    ("percent_change", "float64"),
    ("record_key", _TEXT),
    ("rule", _TEXT),
)
SCORE_COLUMNS = tuple(name for name, _ in _DTYPES)
"""Columns of the scores in order."""


def build_scores(
    tables: Mapping[str, pd.DataFrame],
    study: StudyConfig,
    value_sets: Mapping[str, ValueSet],
    mme_factors: Mapping[str, MmeFactors],
) -> pd.DataFrame:
    """Score every outcome of the study at every visit.

    Parameters
    ----------
    tables
        The tables of the contracts: participants, visits, opioids and those of the instruments.
    study
        The study; its sections ``visits``, ``outcomes`` and ``opioids`` are read.
    value_sets
        EQ-5D-5L value sets by id.
    mme_factors
        Editions of the MME factors by id.

    Returns
    -------
    DataFrame
        Columns :data:`SCORE_COLUMNS`, sorted by participant, parameter and visit. The first visit
        of the study file is the baseline; ``change`` and ``percent_change`` are missing there,
        where the baseline is missing, and (per cent) where it is zero.

    Raises
    ------
    InstrumentError
        As the scorers, :func:`~multifidus.instruments.mme.mme_per_day` and
        :func:`~multifidus.instruments.visits.assign_visits`.
    """
    parts = [_outcome_scores(outcome, tables, study, value_sets) for outcome in study.outcomes]
    if study.opioids is not None:
        parts.append(_mme_scores(tables, study, mme_factors))
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=SCORE_COLUMNS)
    rows = _with_changes(rows, study.visits[0].id if study.visits else "")
    order = {visit.id: place for place, visit in enumerate(study.visits)}
    rows = rows.assign(_order=rows["visit"].map(order))
    rows = rows.sort_values(["participant_id", "parameter", "_order"], kind="stable")
    return rows[list(SCORE_COLUMNS)].astype(dict(_DTYPES)).reset_index(drop=True)


def _outcome_scores(
    outcome: Outcome,
    tables: Mapping[str, pd.DataFrame],
    study: StudyConfig,
    value_sets: Mapping[str, ValueSet],
) -> pd.DataFrame:
    raw = tables[outcome.instrument]
    answers = raw.drop(columns=["participant_id", "visit", "assessment_date"])
    module, _, name = INSTRUMENTS[outcome.instrument].scorer.rpartition(".")
    score, how = getattr(import_module(module), name)(answers, outcome, value_sets)
    scored = {**tables, outcome.instrument: raw.assign(value=score)}
    placed = place_records(outcome.instrument, scored, study, ~np.isnan(score))
    return _score_rows(placed, outcome.id, outcome.unit, how, study.visits)


def _mme_scores(
    tables: Mapping[str, pd.DataFrame], study: StudyConfig, editions: Mapping[str, MmeFactors]
) -> pd.DataFrame:
    """Score the opioid dose on the day of every attended visit."""
    assert study.opioids is not None  # noqa: S101 - the caller asked
    factors = mme_factors_named(editions, study.opioids.conversion)
    rules = MmeRules(study.opioids.as_needed, study.opioids.partial_dates)
    seen = tables["visits"].rename(columns={"visit_date": "assessment_date"})
    attended = seen["attended"].fillna(False).astype(bool) & seen["assessment_date"].notna()
    placed = place_records("visits", {**tables, "visits": seen}, study, attended)
    asked = placed[["participant_id"]].assign(date=placed["assessment_date"])
    placed["value"] = mme_per_day(tables["opioids"], asked, factors, rules)
    how = f"{factors.edition}, as needed: {rules.as_needed}, partial dates: {rules.partial_dates}"
    return _score_rows(placed, MME, "mg/day", how, study.visits)


def _score_rows(
    placed: pd.DataFrame, parameter: str, unit: str, how: str, visits: tuple[Visit, ...]
) -> pd.DataFrame:
    used = placed[placed["flag"] == "used"]
    windows = {
        visit.id: f"{how}; nearest to day {visit.target_day} in [{visit.window[0]}, "
        f"{visit.window[1]}] from {visit.anchor}"
        + "".join(f", {arm}: {column}" for arm, column in visit.anchor_by_arm.items())
        + (f", not after {visit.not_after}" if visit.not_after else "")
        for visit in visits
    }
    return pd.DataFrame(
        {
            "participant_id": used["participant_id"],
            "parameter": parameter,
            "visit": used["analysis_visit"],
            "value": used["value"],
            "unit": unit,
            "assessment_date": used["assessment_date"],
            "study_day": used["study_day"],
            "record_key": used["record_key"],
            "rule": used["analysis_visit"].map(windows),
        }
    )


def _with_changes(rows: pd.DataFrame, baseline_visit: str) -> pd.DataFrame:
    first = rows[rows["visit"] == baseline_visit]
    keys = ["participant_id", "parameter"]
    baseline = first[[*keys, "value"]].rename(columns={"value": "baseline"})
    rows = rows.drop(columns="baseline", errors="ignore").merge(baseline, on=keys, how="left")
    later = rows["visit"] != baseline_visit
    change = (rows["value"].astype("float64") - rows["baseline"].astype("float64")).where(later)
    whole = rows["baseline"].astype("float64").where(rows["baseline"] != 0)
    return rows.assign(change=change, percent_change=100.0 * change / whole)
