"""A whole cohort's logs: files in, sessions, faults, identities and adherence out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multifidus.base.errors import DataError
from multifidus.base.parallel import map_processes
from multifidus.devicelogs.adherence.daily import Exposure, build_grid, epoch_days
from multifidus.devicelogs.adherence.periods import (
    add_unplaced,
    measure_months,
    measure_periods,
)
from multifidus.devicelogs.clock.times import DAY_S, MISSING, NO_TIME
from multifidus.devicelogs.findings import FAULT_KINDS, fault_frame
from multifidus.devicelogs.formats.interface import empty_sessions, present_sessions
from multifidus.devicelogs.history import BEGINNING, Interval, Prescription
from multifidus.devicelogs.reading import read_files
from multifidus.devicelogs.shards import group_logs, list_cohort_logs, load_logs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from multifidus.devicelogs.adherence.daily import DailyGrid
    from multifidus.devicelogs.clock.times import FloatArray, IntArray
    from multifidus.devicelogs.findings import FaultKind
    from multifidus.devicelogs.formats.interface import FaultRow, Identity
    from multifidus.devicelogs.history import DeviceHistory
    from multifidus.devicelogs.shards import LogPath

__all__ = ["CohortLogs", "read_cohort_logs"]

_SHARD_BYTES = 48 << 20
_ROSTER = ("participant_id", "exposure_start", "exposure_end")
_NAMED = 3
"""Logs that an error names."""


@dataclass(frozen=True)
class CohortLogs:
    """What the logs of a cohort say.

    Parameters
    ----------
    sessions
        One row per session, sorted by participant, implant and sequence number; ``start_utc``
        as UTC time, seconds as point (null where unknown), lower and upper.
    faults
        The fault lists of all files (``file`` empty: of the merged log of a participant).
    identities
        One row per download: file, SHA-256, format, device, record and byte account.
    periods
        Adherence per participant and period, see
        :func:`~multifidus.devicelogs.adherence.periods.measure_periods`.
    months
        Use per participant and month, see
        :func:`~multifidus.devicelogs.adherence.periods.measure_months`.
    """

    sessions: pd.DataFrame
    faults: pd.DataFrame
    identities: pd.DataFrame
    periods: pd.DataFrame
    months: pd.DataFrame


@dataclass(frozen=True)
class _ShardResult:
    """What one shard hands back; small enough to cross a process border."""

    sessions: pd.DataFrame
    faults: list[FaultRow]
    identities: list[tuple[object, ...]]
    histories: list[DeviceHistory]
    unread: list[str]


_IDENTITY = (
    "participant_id",
    "file",
    "sha256",
    "format",
    "version",
    "device",
    "firmware",
    "download_utc",
    "records",
    "first_seq",
    "last_seq",
    "bytes",
    "bytes_accepted",
    "bytes_framing",
    "bytes_flagged",
)


_MEMBERS = {"bytes": "size", **{f"bytes_{n}": n for n in ("accepted", "framing", "flagged")}}


def read_cohort_logs(
    paths: Path | str | Iterable[Path | str],
    roster: pd.DataFrame,
    *,
    years: int = 5,
    zone: str = "UTC",
    standard: Prescription | None = None,
    processes: int = 1,
    shard_bytes: int = _SHARD_BYTES,
    root: Path | str | None = None,
    names: Iterable[str] | None = None,
) -> CohortLogs:
    """Read the logs of a cohort and measure adherence.

    Parameters
    ----------
    paths
        A folder (all files in it and below it, but hidden ones) or the files. A log that names
        its participant is that participant's; others are the participant's whose id their file
        or a folder above it is called after.
    roster
        ``participant_id``, ``exposure_start`` and ``exposure_end`` (dates; an empty end is
        ongoing). Exposure days run from the start up to, not including, the end or the day of
        the last download. Optional ``activation_date`` and ``explant_date``: use outside them
        is flagged and kept out. Optional ``zero_from``: from this date up to the end, days of a
        participant with a download count as days without therapy, whatever the last download.
    years
        Yearly periods from the exposure start.
    zone
        IANA zone whose midnights part the days.
    standard
        Prescription of days for which a log names none.
    processes
        Worker processes; the result does not depend on it.
    shard_bytes
        Bytes read at a time by one process; bounds the memory.
    root
        Folder that the files are named below; by default the one that holds them all.
    names
        Ids that paths may name; by default those of the roster.

    Returns
    -------
    CohortLogs

    Raises
    ------
    DataError
        ``LOG-001`` when a path is absent, ``LOG-002`` when the roster lacks a column or names
        a participant twice, ``LOG-006`` when a file cannot be opened, ``LOG-008`` when no format
        reads a log. No other content of a log raises.
    """
    roster = _check_roster(roster)
    files = list_cohort_logs(paths, roster["participant_id"] if names is None else names, root)
    shards = _shards(files, shard_bytes)
    results = list(map_processes(_read_shard, shards, processes))
    _check_read(sorted(name for result in results for name in result.unread))
    filled = [result.sessions for result in results if len(result.sessions)]
    sessions = pd.concat(filled, ignore_index=True) if filled else empty_sessions()
    histories = [history for result in results for history in result.histories]
    faults = [row for result in results for row in result.faults]
    sessions, unassigned = _assign(sessions, roster)
    faults += unassigned
    grid = _grid(sessions, histories, roster, zone, standard or Prescription())
    periods, unplaced = add_unplaced(measure_periods(grid, years), sessions)
    faults += unplaced
    identities = pd.DataFrame(
        sorted(row for result in results for row in result.identities), columns=list(_IDENTITY)
    )
    return CohortLogs(
        _present(sessions),
        fault_frame(faults, ("participant_id", "file")),
        identities,
        periods,
        measure_months(grid, years),
    )


def _check_roster(roster: pd.DataFrame) -> pd.DataFrame:
    for name in _ROSTER:
        if name not in roster.columns:
            raise DataError("LOG-002", f"The roster of the logs lacks the column {name}; add it.")
    if roster["participant_id"].duplicated().any():
        raise DataError(
            "LOG-002", "The roster of the logs names a participant twice; keep one row."
        )
    return roster.sort_values("participant_id", kind="stable", ignore_index=True)


def _check_read(unread: Sequence[str]) -> None:
    if unread:
        named = ", ".join(unread[:_NAMED]) + (" ..." if len(unread) > _NAMED else "")
        noun = "log" if len(unread) == 1 else "logs"
        raise DataError(
            "LOG-008",
            f"No log format, or more than one, recognises {len(unread)} {noun} of the study "
            f"({named}); move what is no log elsewhere, transfer damaged files again, or install "
            "the package that reads them.",
        )


def _shards(files: Sequence[LogPath], shard_bytes: int) -> list[list[LogPath]]:
    """Group files so that all logs of a participant are read together."""
    shards: list[list[LogPath]] = [[]]
    size = 0
    for group in sorted(group_logs(files), key=lambda group: (min(group.names, default=""), group)):
        if size and size + group.size > shard_bytes:
            shards.append([])
            size = 0
        shards[-1] += group.files
        size += group.size
    return shards


def _read_shard(paths: list[LogPath]) -> _ShardResult:
    readings, unread = read_files(load_logs(paths))
    sessions = [reading.sessions for reading in readings if len(reading.sessions)]
    return _ShardResult(
        pd.concat(sessions, ignore_index=True) if sessions else empty_sessions(),
        [row for reading in readings for row in reading.faults],
        [_identity_row(item) for reading in readings for item in reading.identities],
        [history for reading in readings for history in reading.histories],
        unread,
    )


def _identity_row(item: Identity) -> tuple[object, ...]:
    return tuple(getattr(item, _MEMBERS.get(name, name)) for name in _IDENTITY)


def _assign(
    sessions: pd.DataFrame, roster: pd.DataFrame
) -> tuple[pd.DataFrame, list[tuple[object, ...]]]:
    """Give sessions their participant; flag those of nobody, or outside the implant's life."""
    codes, devices = pd.factorize(sessions["device"])
    names = pd.array([name.partition("/")[0] for name in devices], dtype="str")
    who = pd.Series(names.take(codes), index=sessions.index)
    index = pd.Index(roster["participant_id"]).get_indexer(who)
    counted = index != MISSING
    faults: list[FaultRow] = []

    def flag(mask: np.ndarray, detail: str) -> None:
        for name, rows in sessions[mask].groupby(who[mask], sort=True):
            numbers = rows[["seq_start", "seq_end"]].max(axis=1)
            first, last = int(numbers.min()), int(numbers.max())
            seqs = (None, None) if first == MISSING else (first, last)
            kind = _kind(FAULT_KINDS[44])
            faults.append((name, "", *kind, None, None, *seqs, len(rows), detail))

    flag(~counted, "nobody of the roster is named as its participant; kept out of adherence")
    start = sessions["start_s"].to_numpy()
    placed = start != NO_TIME
    for column, sign, detail in (
        ("activation_date", 1, "use before activation; kept out of adherence"),
        ("explant_date", -1, "use after explant; kept out of adherence"),
    ):
        if column in roster.columns:
            # The last place stands for sessions of nobody, whose index is -1.
            day = np.append(epoch_days(roster[column]), NO_TIME)[index]
            known = (day != NO_TIME) & counted & placed
            wrong = known & (sign * (start // DAY_S - np.where(known, day, 0)) < 0)
            flag(wrong, detail)
            counted = counted & ~wrong
    assigned = sessions.assign(participant_id=who, participant=index, counted=counted)
    order = ["participant_id", "device", "seq_start", "seq_end"]
    first = np.where(assigned["seq_start"] == MISSING, assigned["seq_end"], assigned["seq_start"])
    assigned = assigned.assign(_first=first).sort_values(
        [*order[:2], "_first", "start_s"], kind="stable", ignore_index=True
    )
    return assigned.drop(columns="_first"), faults


def _kind(kind: FaultKind) -> tuple[object, ...]:
    return kind.number, kind.name, kind.severity, kind.outcome


def _grid(
    sessions: pd.DataFrame,
    histories: Sequence[DeviceHistory],
    roster: pd.DataFrame,
    zone: str,
    standard: Prescription,
) -> DailyGrid:
    by_participant: dict[str, list[DeviceHistory]] = {}
    for history in sorted(histories, key=lambda item: item.device):
        by_participant.setdefault(history.participant_id, []).append(history)
    first = epoch_days(roster["exposure_start"])
    end = epoch_days(roster["exposure_end"])
    zero = np.full(len(roster), NO_TIME)
    if "zero_from" in roster.columns:
        zero = epoch_days(roster["zero_from"])
    names = tuple(str(name) for name in roster["participant_id"])
    days = np.zeros(len(names), dtype=np.int64)
    for row, name in enumerate(names):
        own = by_participant.get(name, [])
        last = max((history.last_download for history in own), default=BEGINNING) // DAY_S
        stop = last if end[row] == NO_TIME else min(int(end[row]), last)
        if own and NO_TIME not in (zero[row], end[row]):
            stop = int(end[row])
        days[row] = max(0, stop - int(first[row])) if first[row] != NO_TIME else 0
    logged = [by_participant.get(name, []) for name in names]
    since = [max((history.day_start_s for history in own), default=0) for own in logged]
    exposure = Exposure(
        names, np.where(first == NO_TIME, 0, first), days, np.asarray(since, dtype=np.int64)
    )
    unobserved = [
        _unobserved(own, int(day)) for own, day in zip(logged, zero.tolist(), strict=True)
    ]
    prescribed, sessions_a_day = _prescribed(exposure, logged, standard)
    usable = sessions[sessions["counted"] & sessions["per_day"].astype(bool)]
    usable = usable.assign(prescribed_length=_prescribed_length(usable, histories, standard))
    return build_grid(usable, exposure, unobserved, (prescribed, sessions_a_day), zone)


def _unobserved(histories: Sequence[DeviceHistory], zero_from: int) -> list[Interval]:
    """Stretches that no implant of the participant observed, up to the day of known zeros."""
    intervals = [interval for history in histories for interval in history.unobserved]
    for before, after in pairwise(histories):
        if after.observed_from > before.observed_to:
            intervals.append(Interval(before.observed_to, after.observed_from))
    if zero_from == NO_TIME or not histories:
        return intervals
    limit = zero_from * DAY_S
    intervals.append(Interval(max(history.last_download for history in histories), limit))
    return [
        Interval(item.start, min(item.end, limit), item.filled_s)
        for item in intervals
        if item.start < limit
    ]


def _prescribed(
    exposure: Exposure, histories: Sequence[Sequence[DeviceHistory]], standard: Prescription
) -> tuple[FloatArray, FloatArray]:
    """Prescribed seconds and sessions per day; a change counts from the next day on."""
    seconds = np.zeros(int(exposure.days.sum()))
    sessions = np.zeros(int(exposure.days.sum()))
    for row, own in enumerate(histories):
        low, high = (int(edge) for edge in exposure.offset[row : row + 2])
        seconds[low:high] = standard.daily_seconds
        sessions[low:high] = standard.per_day
        for step in sorted(
            (s for history in own for s in history.prescription), key=lambda s: s.at
        ):
            day = step.at // DAY_S + 1 - int(exposure.first_day[row])
            begin = low + min(max(day, 0), high - low)
            seconds[begin:high] = step.session_s * step.per_day
            sessions[begin:high] = step.per_day
    return seconds, sessions


def _prescribed_length(
    sessions: pd.DataFrame, histories: Sequence[DeviceHistory], standard: Prescription
) -> IntArray:
    """Prescribed length of each session at its start, seconds."""
    lengths = np.full(len(sessions), standard.session_s, dtype=np.int64)
    device = sessions["device"].to_numpy()
    start = sessions["start_s"].to_numpy()
    for history in histories:
        if len(history.prescription) <= 1 and not any(
            step.session_s != standard.session_s for step in history.prescription
        ):
            continue
        own = device == history.device
        for step in history.prescription:
            lengths[own & (start >= step.at)] = step.session_s
    # What a format caps at its longest session is complete at the cap.
    capped = (sessions["rule"] == "capped").to_numpy()
    return np.where(capped, np.minimum(lengths, sessions["seconds_upper"]), lengths)


def _present(sessions: pd.DataFrame) -> pd.DataFrame:
    """Turn internal marks into nulls and seconds into times."""
    frame = present_sessions(sessions.drop(columns="participant"))
    frame["participant_id"] = frame["participant_id"].astype("str")
    return frame[["participant_id", *(name for name in frame if name != "participant_id")]]
