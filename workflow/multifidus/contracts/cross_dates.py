"""Checks of dates across tables: order within a participant, death, observation, visit windows.

Partial dates are compared by what they allow: two dates are in the wrong order only when no
completion of the two would put them right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd

from multifidus.contracts.check import Finding, finding_at
from multifidus.contracts.columns import date_bounds
from multifidus.contracts.tables import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multifidus.config.study import StudyConfig

    Tables = Mapping[str, pd.DataFrame]

__all__ = ["check_dates"]


class _Recorded(NamedTuple):
    """A date of a record, and how bad it is when it is after death."""

    table: str
    column: str
    after_death: Literal["error", "note"]


# Randomisation is not compared with the start of treatment: in implant trials it follows it.
_ORDER = (
    ("randomisation_date", "activation_date"),
    ("randomisation_date", "crossover_date"),
    ("treatment_start_date", "activation_date"),
    ("activation_date", "crossover_date"),
    ("treatment_start_date", "treatment_end_date"),
    ("randomisation_date", "last_contact_date"),
    ("treatment_start_date", "last_contact_date"),
    ("activation_date", "last_contact_date"),
    ("crossover_date", "last_contact_date"),
)
_INTERVALS = ("adverse_events", "opioids", "exposure")
_RECORDED = (
    _Recorded("visits", "visit_date", "error"),
    *(_Recorded(name, "assessment_date", "error") for name in ANSWERS),
    _Recorded("adverse_events", "start_date", "note"),
    _Recorded("device_events", "event_date", "note"),
    _Recorded("exposure", "start_date", "error"),
    _Recorded("opioids", "start_date", "error"),
)
_OLDEST = 130
_PARTICIPANT_DEATH: tuple[tuple[str, Literal["error", "note"]], ...] = (
    ("randomisation_date", "error"),
    ("treatment_start_date", "error"),
    ("activation_date", "error"),
    ("crossover_date", "error"),
    ("treatment_end_date", "note"),
    ("last_contact_date", "note"),
)


def check_dates(tables: Tables, study: StudyConfig) -> list[Finding]:
    """Check the dates of all tables.

    Parameters
    ----------
    tables
        Typed tables by name; absent ones are not checked.
    study
        The study, for its visits and their windows.
    """
    findings = [*_intervals(tables), *_visit_order(tables, study)]
    participants = tables.get("participants")
    if participants is None:
        return findings
    findings += _participant_order(participants)
    people = participants.dropna(subset="participant_id").drop_duplicates("participant_id")
    people = people.set_index("participant_id")
    findings += _records(tables, people)
    findings += _device_events(tables, people)
    findings += _windows(tables, people, study)
    return findings


def _participant_order(frame: pd.DataFrame) -> list[Finding]:
    findings = []
    for earlier, later in _ORDER:
        findings += finding_at(
            "date_order",
            "participants",
            later,
            frame,
            frame[later] < frame[earlier],
            detail=f"{later} is before {earlier}",
        )
    for column, severity in _PARTICIPANT_DEATH:
        after = frame[column] > frame["death_date"]
        findings += finding_at(
            "before_death", "participants", column, frame, after, severity=severity
        )
    return findings


def _intervals(tables: Tables) -> list[Finding]:
    findings = []
    for name in _INTERVALS:
        if (frame := tables.get(name)) is not None:
            wrong = (
                date_bounds(frame["end_date"])["last"] < (date_bounds(frame["start_date"])["first"])
            )
            detail = "end_date is before start_date"
            findings += finding_at("date_order", name, "end_date", frame, wrong, detail=detail)
    return findings


def _visit_order(tables: Tables, study: StudyConfig) -> list[Finding]:
    """Visits of one participant follow each other in the order of the study file."""
    frame = tables.get("visits")
    if frame is None:
        return []
    place = {visit.id: number for number, visit in enumerate(study.visits)}
    dated = pd.DataFrame(
        {
            "participant": frame["participant_id"],
            "place": frame["visit"].map(place),
            "date": frame["visit_date"],
        }
    ).dropna()
    dated = dated.sort_values(["participant", "place"], kind="stable")
    latest = dated.groupby("participant")["date"].cummax()
    wrong = pd.Series(False, index=frame.index)
    wrong[dated.index[dated["date"] < latest]] = True
    detail = "the date is before that of an earlier visit"
    return finding_at("date_order", "visits", "visit_date", frame, wrong, detail=detail)


def _of(people: pd.DataFrame, frame: pd.DataFrame, column: str) -> pd.Series:
    """Return a date of the participants table for each row of another table."""
    return _looked_up(people[column], frame)


def _looked_up(values: pd.Series, frame: pd.DataFrame) -> pd.Series:
    """Return a value per participant for each row; unlike ``map`` it keeps the type when empty."""
    return values.reindex(frame["participant_id"].fillna("")).set_axis(frame.index)


def _records(tables: Tables, people: pd.DataFrame) -> list[Finding]:
    findings = []
    birth = _earliest_birth(people)
    for name, column, after_death in _RECORDED:
        frame = tables.get(name)
        if frame is None or column not in frame:
            continue
        bounds = date_bounds(frame[column])
        after = bounds["first"] > _of(people, frame, "death_date")
        unseen = (bounds["first"] > _of(people, frame, "last_contact_date")) & ~after
        unborn = bounds["last"] < _looked_up(birth, frame)
        findings += finding_at("before_death", name, column, frame, after, severity=after_death)
        findings += finding_at("observed_until", name, column, frame, unseen, severity="note")
        findings += finding_at("after_birth", name, column, frame, unborn)
    return findings


def _earliest_birth(people: pd.DataFrame) -> pd.Series:
    """Return the earliest possible birthday, from the age in whole years at the start.

    Somebody aged ``a`` on a day was born after that day ``a + 1`` years before it.
    """
    start = people["randomisation_date"].fillna(people["treatment_start_date"])
    # An impossible age is reported on its own; no birthday follows from it.
    age = people["age_years"].astype("float64")
    years = age.where(age.between(0, _OLDEST)) + 1
    days = pd.to_timedelta((years * 366).round(), unit="D")
    return (start - days).astype("datetime64[s]")


def _device_events(tables: Tables, people: pd.DataFrame) -> list[Finding]:
    frame = tables.get("device_events")
    if frame is None:
        return []
    early = frame["event_date"] < _of(people, frame, "treatment_start_date")
    detail = "the event is before the implantation"
    return finding_at("date_order", "device_events", "event_date", frame, early, detail=detail)


def _windows(tables: Tables, people: pd.DataFrame, study: StudyConfig) -> list[Finding]:
    if not study.visits:
        return []
    findings = []
    for name in ANSWERS:
        frame = tables.get(name)
        if frame is None or "assessment_date" not in frame:
            continue
        inside = {}
        for visit in study.visits:
            day = (frame["assessment_date"] - _of(people, frame, visit.anchor)).dt.days
            inside[visit.id] = day.between(*visit.window)
        windows = pd.DataFrame(inside, index=frame.index)
        placed = windows.any(axis=1)
        place = pd.Index(windows.columns).get_indexer(pd.Index(frame["visit"]))
        recorded = windows.to_numpy()[np.arange(len(frame)), place]
        known = frame["assessment_date"].notna() & frame["visit"].isin(list(inside))
        outside = frame["assessment_date"].notna() & ~placed
        findings += finding_at(
            "assessment_outside_windows", name, "assessment_date", frame, outside, severity="note"
        )
        findings += finding_at(
            "visit_matches_window",
            name,
            "visit",
            frame,
            known & placed & ~recorded,
            severity="note",
        )
    return findings
