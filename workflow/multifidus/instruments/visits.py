"""Analysis visits: which record belongs to which visit of the study file.

Every record is placed by its date, not by the visit it was recorded under. A record that lies in
two windows goes to the nearer target day; of several records of a participant in one window the
nearest to the target day wins, and of two at equal distance the earlier one. A visit may end on a
date of the participant: records after it are none of its.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.instruments.errors import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from multifidus.config.study import StudyConfig, Visit

__all__ = ["FLAGS", "assign_visits", "place_records", "record_keys"]

FLAGS = ("used", "not_nearest", "outside_windows", "no_anchor", "after_death")
"""Why a record is used or not."""


def record_keys(records: pd.DataFrame, table: str) -> pd.Series[Any]:
    """Name each record: table, participant and the visit it was recorded under."""
    return table + ":" + records["participant_id"] + ":" + records["visit"]


def assign_visits(
    records: pd.DataFrame, participants: pd.DataFrame, visits: Sequence[Visit]
) -> pd.DataFrame:
    """Place dated records into the visit windows of the study.

    Parameters
    ----------
    records
        Columns participant_id, visit (as recorded), assessment_date and record_key, one row per
        record that holds a value; other columns are kept.
    participants
        The table ``participants``, which holds the anchor dates.
    visits
        Visits of the study file with anchors, target days and windows.

    Returns
    -------
    DataFrame
        The records in their order, with ``analysis_visit`` (missing if none), ``study_day`` (days
        from that visit's anchor), ``target_distance`` (days) and ``flag`` (one of
        :data:`FLAGS`; ``used`` marks the one record of the participant and visit).

    Raises
    ------
    InstrumentError
        ``INS-040`` when a record belongs to no participant, ``INS-041`` when an assessment has no
        date.
    """
    placed = records.reset_index(drop=True)
    people = participants.set_index("participant_id")
    _refuse_strays(placed, people)
    day, distance, nearest, anchored = _nearest_windows(placed, people, visits)
    names = np.array([visit.id for visit in visits], dtype=object)
    inside = np.isfinite(distance)
    placed["analysis_visit"] = pd.Series(
        np.where(inside, names[nearest] if len(names) else None, None), dtype=_text()
    )
    placed["study_day"] = pd.array(np.where(inside, day, np.nan), dtype="Int64")
    placed["target_distance"] = pd.array(np.where(inside, distance, np.nan), dtype="Int64")
    death = placed["participant_id"].map(people["death_date"])
    flag = np.where(inside, "not_nearest", np.where(anchored, "outside_windows", "no_anchor"))
    late = (placed["assessment_date"] > death).to_numpy()
    placed["flag"] = pd.Series(np.where(late, "after_death", flag), dtype=_text())
    placed.loc[late, "analysis_visit"] = None
    placed.loc[_chosen(placed), "flag"] = "used"
    return placed


def place_records(
    table: str, tables: Mapping[str, pd.DataFrame], study: StudyConfig, keep: Any = None
) -> pd.DataFrame:
    """Return the records of an instrument's table with their analysis visits.

    Parameters
    ----------
    table
        Name of a table with participant_id, visit and assessment_date.
    tables
        The tables of the contracts.
    study
        The study; its visits are read.
    keep
        Mask of the records that hold a value; None keeps all.

    Returns
    -------
    DataFrame
        As :func:`assign_visits`.
    """
    records = tables[table].assign(record_key=record_keys(tables[table], table))
    records = records if keep is None else records[keep]
    return assign_visits(records, tables["participants"], study.visits)


def _text() -> pd.StringDtype:
    return pd.StringDtype(na_value=np.nan)


def _refuse_strays(records: pd.DataFrame, people: pd.DataFrame) -> None:
    if strays := int((~records["participant_id"].isin(people.index)).sum()):
        raise InstrumentError(
            "INS-040",
            f"{strays} records belong to no participant of the participants table; add the "
            "participants or correct the identifiers.",
        )
    if undated := int(records["assessment_date"].isna().sum()):
        raise InstrumentError(
            "INS-041", f"{undated} assessments have no date; add it, the windows need it."
        )


def _nearest_windows(
    records: pd.DataFrame, people: pd.DataFrame, visits: Sequence[Visit]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return study day, distance, visit index and whether any anchor exists, per record.

    The distance is infinite for records outside all windows; the earlier visit wins a tie.
    """
    size = len(records)
    day, distance = np.full(size, np.nan), np.full(size, np.inf)
    nearest, anchored = np.zeros(size, dtype=np.intp), np.zeros(size, dtype=bool)
    for index, visit in enumerate(visits):
        anchor = records["participant_id"].map(_anchor(visit, people))
        days = (records["assessment_date"] - anchor).dt.days.to_numpy(dtype="float64")
        anchored |= ~np.isnan(days)
        gap = np.abs(days - visit.target_day)
        closer = (days >= visit.window[0]) & (days <= visit.window[1]) & (gap < distance)
        if visit.not_after is not None:
            limit = records["participant_id"].map(people[visit.not_after])
            closer &= ~(records["assessment_date"] > limit).to_numpy()
        day[closer], distance[closer], nearest[closer] = days[closer], gap[closer], index
    return day, distance, nearest, anchored


def _anchor(visit: Visit, people: pd.DataFrame) -> pd.Series[Any]:
    """Return the day zero of a visit for every participant, by arm where the study says so."""
    anchor = people[visit.anchor]
    for arm, column in visit.anchor_by_arm.items():
        own = people["arm"].eq(arm).fillna(value=False).astype(bool)
        anchor = anchor.mask(own, people[column])
    return anchor


def _chosen(placed: pd.DataFrame) -> pd.Index[Any]:
    """Return the rows that win their window: nearest, then earliest, then by record key."""
    inside = placed[placed["analysis_visit"].notna()]
    order = inside.sort_values(["target_distance", "assessment_date", "record_key"], kind="stable")
    return order.drop_duplicates(["participant_id", "analysis_visit"]).index
