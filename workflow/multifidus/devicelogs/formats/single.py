"""Help for formats whose logs are read one by one: sessions, observed time, and their union.

Several logs of one participant are united: what two logs say alike counts once, and what one leaves
open another may settle. Time that no log observes is unobserved, and widens the bounds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.base.files import sha256_of_bytes
from multifidus.devicelogs.clock.times import MISSING, NO_TIME, iso_seconds
from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.formats.interface import (
    PER_DAY_LIMIT_S,
    SESSION_COLUMNS,
    ByteAccount,
    Identity,
    LogFile,
    Reading,
    empty_records,
    empty_sessions,
)
from multifidus.devicelogs.history import BEGINNING, DeviceHistory, Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from multifidus.devicelogs.history import PrescriptionStep

__all__ = ["Session", "SingleLog", "by_participant", "read_singly", "session_frame", "unite"]


@dataclass(frozen=True)
class Session:
    """One therapy session.

    Parameters
    ----------
    start_s
        Start, UTC seconds since 1970; ``NO_TIME`` for a session that cannot be placed.
    lower, upper
        Seconds that are certain, and that are possible; damage and lost events may lower the one
        and raise the other, never the reverse.
    seconds
        Seconds delivered, ``None`` where unknown.
    rule
        Where the seconds come from, in words.
    method, uncertainty_s
        How the start was placed, one of ``TIME_METHODS``, and within how many seconds.
    details
        Further columns of the sessions table by name, for instance ``{"left": 31}``.
    """

    start_s: int
    lower: int
    upper: int
    seconds: int | None = None
    rule: str = "stored"
    method: str = "clock-only"
    uncertainty_s: float = 7200.0
    details: Mapping[str, int | str] = field(default_factory=dict, hash=False)

    @property
    def end_s(self) -> int:
        """Latest possible end; ``NO_TIME`` for a session that cannot be placed."""
        return NO_TIME if self.start_s == NO_TIME else self.start_s + self.upper


@dataclass(frozen=True)
class SingleLog:
    """What one log says.

    Parameters
    ----------
    account
        Where each byte went.
    sessions
        Its therapy sessions.
    observed
        Stretches of time (UTC seconds since 1970) in which a session would have been recorded.
    faults
        Its fault list.
    version, device, firmware
        As the log names them; empty where it does not.
    records, entries
        Makes the table of what the log holds, for ``multifidus logs parse``, in any columns; the
        number of its rows.
    method, uncertainty_s, offset_s
        How records were placed, and what the device's clock is ahead of UTC, if known.
    facts
        Single facts by name.
    prescription
        What was prescribed over time, if the log says.
    per_day
        Whether its sessions may count in figures per day.
    form
        Name of the form that it has, where the format has several.
    day_start_s
        Seconds after midnight at which its days begin; a session counts on the day of its start.
    """

    account: ByteAccount
    sessions: Sequence[Session]
    observed: Sequence[tuple[int, int]]
    faults: FaultLog
    version: str = ""
    device: str = ""
    firmware: str = ""
    records: Callable[[], pd.DataFrame] = empty_records
    entries: int = 0
    method: str = "clock-only"
    uncertainty_s: float = 7200.0
    offset_s: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    prescription: Sequence[PrescriptionStep] = ()
    per_day: bool = True
    form: str = ""
    day_start_s: int = 0


def read_singly(
    name: str, files: Sequence[LogFile], read_one: Callable[[LogFile], SingleLog]
) -> Reading:
    """Read logs one by one, and unite those of each participant.

    Parameters
    ----------
    name
        Name of the format.
    files
        The logs.
    read_one
        Reads one of them; must not raise on any content.
    """
    return unite(name, [(file, read_one(file)) for file in files])


def unite(name: str, logs: Sequence[tuple[LogFile, SingleLog]]) -> Reading:
    """Unite logs that were read, those of each participant with each other."""
    identities, faults, sessions, histories = [], [], [], []
    for file, log in logs:
        identities.append(_identity(name, file, log))
        faults += [(file.participant, file.name, *row) for row in log.faults.rows]
    for participant, own in by_participant(logs).items():
        union, notes = _union([log for _, log in own])
        faults += [(participant, "", *row) for row in notes.rows]
        sessions += [(participant, session) for session in union]
        history = _history(participant, [log for _, log in own])
        histories += [] if history is None else [history]
    return Reading(
        identities,
        session_frame(sessions),
        _segments(logs),
        faults,
        histories,
        facts=logs[0][1].facts if len(logs) == 1 else {},
        records=lambda: _join(logs),
    )


def by_participant(
    logs: Sequence[tuple[LogFile, SingleLog]],
) -> dict[str, list[tuple[LogFile, SingleLog]]]:
    """Put the logs of each participant together; a log of nobody stays alone."""
    groups: dict[tuple[str, str], list[tuple[LogFile, SingleLog]]] = {}
    for file, log in logs:
        key = (file.participant, "" if file.participant else file.name)
        groups.setdefault(key, []).append((file, log))
    result: dict[str, list[tuple[LogFile, SingleLog]]] = {}
    for (participant, _), own in sorted(groups.items(), key=lambda item: item[0]):
        result.setdefault(participant, []).extend(own)
    return result


def session_frame(sessions: Sequence[tuple[str, Session]]) -> pd.DataFrame:
    """Return sessions, each with its device, as rows of the sessions table."""
    if not sessions:
        return empty_sessions()
    own = [session for _, session in sessions]
    placed = [session.start_s != NO_TIME for session in own]
    near = [session.uncertainty_s <= PER_DAY_LIMIT_S for session in own]
    known: dict[str, list[object]] = {
        "device": [device for device, _ in sessions],
        "start_s": [session.start_s for session in own],
        "end_s": [session.end_s for session in own],
        "seconds": [MISSING if item.seconds is None else item.seconds for item in own],
        "seconds_lower": [session.lower for session in own],
        "seconds_upper": [session.upper for session in own],
        "time_method": [session.method for session in own],
        "uncertainty_s": [session.uncertainty_s for session in own],
        "per_day": [one and two for one, two in zip(placed, near, strict=True)],
        "rule": [session.rule for session in own],
    }
    columns = {}
    for name, kind in SESSION_COLUMNS.items():
        usual: object = MISSING if kind == "int64" else ""
        values = known.get(name) or [session.details.get(name, usual) for session in own]
        columns[name] = np.asarray(values, dtype=kind)
    return pd.DataFrame(columns)


def _identity(name: str, file: LogFile, log: SingleLog) -> Identity:
    account = log.account
    last = max((stop for _, stop in log.observed), default=NO_TIME)
    return Identity(
        log.form or name,
        log.version,
        sha256_of_bytes(file.data),
        log.device,
        log.firmware,
        account.size,
        account.accepted,
        account.framing,
        account.flagged,
        file.name,
        file.participant,
        iso_seconds(last),
        log.entries,
    )


def _segments(logs: Sequence[tuple[LogFile, SingleLog]]) -> pd.DataFrame:
    """Return the segments table: each log is one stretch of its device's clock."""
    none = np.full(len(logs), MISSING)
    offsets = [log.offset_s for _, log in logs]
    columns = {
        "device": pd.array([file.participant for file, _ in logs], dtype="str"),
        "boot": np.zeros(len(logs), dtype=np.int64),
        "seq_first": none,
        "seq_last": none,
        "method": pd.array([log.method for _, log in logs], dtype="str"),
        "uncertainty_s": [log.uncertainty_s for _, log in logs],
        "offset_s": pd.array(offsets, dtype="Int64"),
    }
    return pd.DataFrame(columns)


def _join(logs: Sequence[tuple[LogFile, SingleLog]]) -> pd.DataFrame:
    frames = [log.records() for _, log in logs]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _union(logs: Sequence[SingleLog]) -> tuple[list[Session], FaultLog]:
    """Unite the sessions of logs of one device.

    A session whose length one log leaves open is left to a log that observed all of it. Of
    sessions with one start that two logs give unlike, the bounds hold both.
    """
    notes = FaultLog()
    found: dict[int, Session] = {}
    # Sessions without a place are distinguished by their content only.
    loose: Counter[Session] = Counter()
    repeated = 0
    for number, log in enumerate(logs):
        others = [span for at, item in enumerate(logs) if at != number for span in item.observed]
        unplaced = [item for item in log.sessions if item.start_s == NO_TIME]
        repeated += (loose & Counter(unplaced)).total()
        loose |= Counter(unplaced)
        for session in log.sessions:
            placed = session if log.per_day else replace(session, uncertainty_s=float("inf"))
            known = found.get(placed.start_s)
            if placed.start_s == NO_TIME:
                continue
            if placed.seconds is None and any(
                low <= placed.start_s and placed.end_s <= high for low, high in others
            ):
                repeated += 1
            elif known is None:
                found[placed.start_s] = placed
            else:
                repeated += 1
                found[placed.start_s] = _both(known, placed, notes)
    if repeated:
        detail = "sessions that two logs of the participant hold; counted once"
        notes.add(13, detail, count=repeated)
    return [*loose.elements(), *(found[start] for start in sorted(found))], notes


def _both(one: Session, two: Session, notes: FaultLog) -> Session:
    """Unite two accounts of one session: a known length before an open one, else both bounds."""
    if one.seconds is None or two.seconds is None:
        return two if one.seconds is None else one
    if (one.seconds, one.lower, one.upper) == (two.seconds, two.lower, two.upper):
        return one
    notes.add(9, "two logs give one session unlike; its bounds hold both", outcome="flag")
    lower, upper = min(one.lower, two.lower), max(one.upper, two.upper)
    return replace(one, seconds=None, lower=lower, upper=upper, rule="logs disagree")


def _history(participant: str, logs: Sequence[SingleLog]) -> DeviceHistory | None:
    windows = sorted(window for log in logs for window in log.observed)
    if not windows:
        return None
    merged = [windows[0]]
    for low, high in windows[1:]:
        if low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    holes = [Interval(before[1], after[0]) for before, after in pairwise(merged)]
    last = merged[-1][1]
    steps = sorted((step for log in logs for step in log.prescription), key=lambda step: step.at)
    first = Interval(BEGINNING, merged[0][0])
    start = max(log.day_start_s for log in logs)
    return DeviceHistory(participant, BEGINNING, last, last, (first, *holes), tuple(steps), start)
