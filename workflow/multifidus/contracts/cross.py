"""Checks across tables: participants, visits, arms, dates, attendance, drugs.

Every check is a pure function of the tables and the study; it returns findings and never a value.
A table that could not be read is left out of the mapping; what rests on it is then not checked.
An *error* is a contradiction that would make a result wrong; a *note* is unusual and may be true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from multifidus.contracts.check import Finding, finding_at
from multifidus.contracts.cross_dates import check_dates
from multifidus.contracts.opioid_names import opioid_in
from multifidus.contracts.tables import ANSWERS, TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from multifidus.config.study import StudyConfig

    Tables = Mapping[str, pd.DataFrame]

__all__ = ["check_tables"]

_MILLIMETRES_EXPECTED = 10
_ENOUGH_ANSWERS = 20


def check_tables(
    tables: Tables,
    study: StudyConfig,
    *,
    known_opioids: Set[tuple[str, str, str]] | None = None,
) -> list[Finding]:
    """Check the tables against each other and against the study file.

    Parameters
    ----------
    tables
        Typed tables by name; absent ones are not checked.
    study
        The study.
    known_opioids
        (drug, route, unit) in lower case that have a conversion factor; ``None`` checks no drug.

    Returns
    -------
    list of Finding
        Errors and notes, in the order of the checks.
    """
    findings = [
        *_participants_known(tables),
        *_visits_known(tables, study),
        *_arms_known(tables, study),
        *_characteristics(tables, study),
        *_attendance(tables, study),
        *_vas_unit(tables),
        *_repeated(tables),
        *check_dates(tables, study),
    ]
    if known_opioids is not None:
        findings += _opioids_known(tables, known_opioids)
    return findings


def _participants_known(tables: Tables) -> list[Finding]:
    if "participants" not in tables:
        return []
    known = tables["participants"]["participant_id"].dropna()
    findings = []
    for name, frame in tables.items():
        if name != "participants":
            given = frame["participant_id"]
            unknown = given.notna() & ~given.isin(known)
            findings += finding_at("participant_known", name, "participant_id", frame, unknown)
    return findings


def _visits_known(tables: Tables, study: StudyConfig) -> list[Finding]:
    visits = [visit.id for visit in study.visits]
    findings = []
    for name, frame in tables.items():
        if "visit" in TABLES[name].columns:
            given = frame["visit"]
            unknown = given.notna() & ~given.isin(visits)
            detail = f"its visits are {', '.join(visits)}" if visits else "it declares no visits"
            findings += finding_at("visit_known", name, "visit", frame, unknown, detail=detail)
    return findings


def _arms_known(tables: Tables, study: StudyConfig) -> list[Finding]:
    if "participants" not in tables:
        return []
    frame = tables["participants"]
    arms = [arm.id for arm in study.arms]
    unknown = frame["arm"].notna() & ~frame["arm"].isin(arms)
    treated = frame["treatment_start_date"].notna() & frame["arm"].isna()
    detail = f"its arms are {', '.join(arms)}"
    return [
        *finding_at("arm_known", "participants", "arm", frame, unknown, detail=detail),
        *finding_at("treated_in_an_arm", "participants", "arm", frame, treated, severity="note"),
    ]


def _characteristics(tables: Tables, study: StudyConfig) -> list[Finding]:
    frame = tables.get("characteristics")
    if frame is None:
        return []
    declared = {item.id: item for item in study.characteristics}
    given = frame["characteristic"]
    unknown = given.notna() & ~given.isin(list(declared))
    detail = f"they are {', '.join(declared)}" if declared else "it declares none"
    findings = finding_at(
        "characteristic_known", "characteristics", "characteristic", frame, unknown, detail=detail
    )
    for item in declared.values():
        outside = (given == item.id) & ~frame["value"].between(item.minimum, item.maximum)
        findings += finding_at(
            "characteristic_in_range",
            "characteristics",
            "value",
            frame,
            outside & frame["value"].notna(),
            detail=f"{item.id} is declared from {item.minimum:g} to {item.maximum:g} {item.unit}",
        )
    return findings


def _attendance(tables: Tables, study: StudyConfig) -> list[Finding]:
    """Attendance with its date and reason, and answers only where somebody was seen."""
    frame = tables.get("visits")
    if frame is None:
        return []
    attended = frame["attended"]
    seen, missed = attended.fillna(False), ~attended.fillna(True)
    no_date = seen & frame["visit_date"].isna()
    reason = (missed & frame["reason_missed"].isna()) | (seen & frame["reason_missed"].notna())
    findings = [
        *finding_at("attendance_reason", "visits", "visit_date", frame, no_date),
        *finding_at("attendance_reason", "visits", "reason_missed", frame, reason),
    ]
    keys = ["participant_id", "visit"]
    visits = [visit.id for visit in study.visits]
    status = frame[keys].assign(seen=attended).drop_duplicates(keys)
    for name in ANSWERS:
        answers = tables.get(name)
        if answers is None or frame.empty:
            continue
        merged = answers[keys].merge(status, on=keys, how="left", indicator=True)
        filled = _has_answers(name, answers).to_numpy()
        not_seen = pd.Series((~merged["seen"].fillna(True)).to_numpy(dtype=bool) & filled)
        no_row = pd.Series((merged["_merge"] == "left_only").to_numpy() & filled)
        no_row &= answers["visit"].isin(visits).to_numpy()
        findings += finding_at("seen_when_answered", name, "visit", answers, not_seen)
        findings += finding_at(
            "attendance_recorded", name, "visit", answers, no_row, severity="note"
        )
    return findings


def _has_answers(name: str, frame: pd.DataFrame) -> pd.Series:
    """Whether a row holds any answer beyond its key and date."""
    answers = [column for column in frame.columns if column not in _not_answers(name)]
    return frame[answers].notna().any(axis=1)


def _not_answers(name: str) -> frozenset[str]:
    return frozenset((*TABLES[name].key, "assessment_date"))


def _vas_unit(tables: Tables) -> list[Finding]:
    """Recognise a column in centimetres: nothing in it is above 10."""
    frame = tables.get("vas")
    if frame is None or frame["vas_mm"].notna().sum() < _ENOUGH_ANSWERS:
        return []
    suspicious = frame["vas_mm"].max() <= _MILLIMETRES_EXPECTED
    rows = frame["vas_mm"].notna() & suspicious
    return finding_at("vas_in_millimetres", "vas", "vas_mm", frame, rows)


def _repeated(tables: Tables) -> list[Finding]:
    findings = []
    for name, identifier in (
        ("adverse_events", "event_id"),
        ("device_events", "event_id"),
        ("opioids", "prescription_id"),
    ):
        if (frame := tables.get(name)) is not None:
            others = [column for column in frame.columns if column != identifier]
            again = frame.duplicated(others, keep=False)
            findings += finding_at("repeated_record", name, "", frame, again, severity="note")
    return findings


def _opioids_known(tables: Tables, known: Set[tuple[str, str, str]]) -> list[Finding]:
    """Drug, then route, then unit: the first that no factor has is the one at fault.

    A combination product is known by its opioid.
    """
    frame = tables.get("opioids")
    if frame is None:
        return []
    columns = ("drug", "route", "dose_unit")
    given = [frame[column].str.strip().str.lower() for column in columns]
    complete = pd.concat(given, axis=1).notna().all(axis=1)
    drugs = {drug for drug, _, _ in known}
    given[0] = given[0].map(lambda name: opioid_in(name, drugs) or name, na_action="ignore")
    findings = []
    blamed = pd.Series(False, index=frame.index)
    for place, column in enumerate(columns, start=1):
        prefixes = {entry[:place] for entry in known}
        triples = zip(*given[:place], strict=True)
        unknown = pd.Series([triple not in prefixes for triple in triples], index=frame.index)
        unknown &= complete & ~blamed
        blamed |= unknown
        findings += finding_at("known_drug", "opioids", column, frame, unknown)
    return findings
