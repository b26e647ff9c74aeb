"""RC+S session folders through the common interface.

The files of one session (``RecordInfo.SessionId``) are read together: any of them shows how long
the host listened, ``StimLog`` and ``DeviceSettings`` each say when therapy was on. Entries have
neither numbers nor checksums. Certain is therapy between an on and the off after it, in files that
are whole and in order, within the 30 hours that a session lasts at most; between two entries that
say the same a change and its return may be lost. Outside a session nothing is observed.
"""

from __future__ import annotations

import re
from itertools import pairwise
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multifidus.devicelogs.clock.times import NO_TIME, utc_column
from multifidus.devicelogs.formats.interface import LogFormat
from multifidus.devicelogs.formats.rcs.files import Status, read_rcs_file
from multifidus.devicelogs.formats.single import Session, SingleLog, unite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.findings import FaultLog
    from multifidus.devicelogs.formats.interface import LogFile, Reading
    from multifidus.devicelogs.formats.rcs.files import RcsFile

__all__ = ["FORMAT", "LONGEST_S", "SummitRcs"]

LONGEST_S = 30 * 3600
"""Seconds that a session can last on one charge, as the description of the format says."""

_HEAD = re.compile(rb'[\xef\xbb\xbf\s]*\[?\s*\{\s*"RecordInfo"\s*:')
_HOST_S = 60.0
_SAME_MS = 10_000
"""Two files of one session write one change within so many milliseconds."""

_OFF, _ON = 0, 1


class SummitRcs(LogFormat):
    """JSON files of the Summit RC+S research system, one folder a session."""

    name = "rcs-json"

    def detect(self, data: bytes) -> bool:
        """Look for a list of entries that begin with the record of the host."""
        return _HEAD.match(data[:1024]) is not None and b'"HostUnixTime"' in data

    def read(self, files: Sequence[LogFile]) -> Reading:
        """Read the files of each session together."""
        read = [(file, read_rcs_file(file.data)) for file in files]
        groups: dict[tuple[str, str], list[RcsFile]] = {}
        for file, one in read:
            groups.setdefault((file.participant, one.session), []).append(one)
        logs: list[tuple[LogFile, SingleLog]] = []
        seen: set[tuple[str, str]] = set()
        for file, one in read:
            key = file.participant, one.session
            # The sessions of a folder are those of its first file.
            sessions, observed = ([], []) if key in seen else _sessions(groups[key], one.faults)
            seen.add(key)
            logs.append((file, _single(one, sessions, observed)))
        return unite(self.name, logs)


FORMAT = SummitRcs()


def _single(one: RcsFile, sessions: list[Session], observed: list[tuple[int, int]]) -> SingleLog:
    return SingleLog(
        one.account,
        sessions,
        observed,
        one.faults,
        device=one.device,
        records=lambda: _records(one),
        entries=len(one.rows),
        method="one-sync",
        uncertainty_s=_HOST_S,
        facts={"session": one.session},
    )


def _records(one: RcsFile) -> pd.DataFrame:
    times = np.asarray([time for time, _, _ in one.rows], dtype=np.int64).reshape(-1)
    known = times != NO_TIME
    utc = utc_column(np.where(known, times // 1000, NO_TIME))
    return pd.DataFrame(
        {
            "device": pd.array([one.device] * len(times), dtype="str"),
            "type": pd.array([kind for _, kind, _ in one.rows], dtype="str"),
            "text": pd.array([text for _, _, text in one.rows], dtype="str"),
            "utc": utc,
            "time_method": pd.array(np.where(known, "one-sync", "none"), dtype="str"),
            "uncertainty_s": np.where(known, _HOST_S, np.inf),
        }
    )


def _sessions(
    files: Sequence[RcsFile], faults: FaultLog
) -> tuple[list[Session], list[tuple[int, int]]]:
    """Return the intervals of therapy of one session, and the time that it observes."""
    logs = [file for file in files if file.statuses]
    whole = all(file.whole for file in files)
    if not logs:
        return [], []
    steps = 0
    for file in logs:
        times = [status.time_ms for status in file.statuses]
        whole = whole and NO_TIME not in times
        steps += sum(after < before for before, after in pairwise(times))
    if steps:
        faults.add(18, "the host's clock steps back within a session", count=steps)
    known = _merge([status for file in logs for status in file.statuses])
    if not known:
        return [], []
    start = known[0].time_ms
    times = [time for file in files for time in file.times]
    late = [time for time in times if time - start > 1000 * LONGEST_S]
    if late:
        detail = "times more than 30 hours after the start of a session"
        faults.add(27, detail, count=len(late))
    end = max((time for time in times if time not in set(late)), default=start)
    certain = whole and not steps
    found = [_between(a, b, certain=certain) for a, b in pairwise(known)]
    if end > known[-1].time_ms and known[-1].code != _OFF:
        faults.add(24, "therapy is not off at the end of a session; since when is unknown")
        found.append(_between(known[-1], Status(end, -1), certain=False))
    sessions = [session for session in found if session is not None]
    window = [(floor(start / 1000), ceil(end / 1000))] if certain and not late else []
    return sessions, window


def _merge(statuses: Sequence[Status]) -> list[Status]:
    """Sort by time; what two files say of one moment is one status."""
    merged: list[Status] = []
    known = [status for status in statuses if status.time_ms != NO_TIME]
    # At one moment the order of the file decides.
    for status in sorted(known, key=lambda status: status.time_ms):
        last = merged[-1] if merged else None
        if last is None or status.code != last.code or status.time_ms - last.time_ms > _SAME_MS:
            merged.append(status)
    return merged


def _between(before: Status, after: Status, *, certain: bool) -> Session | None:
    span = (after.time_ms - before.time_ms) / 1000
    upper = min(ceil(span), LONGEST_S)
    if upper <= 0 or (before.code == _OFF and after.code == _ON):
        return None
    at = before.time_ms // 1000
    closed = before.code == _ON and after.code not in {_ON, -1}
    if certain and closed and span <= LONGEST_S:
        return Session(at, floor(span), upper, round(span), "therapy on", "one-sync", _HOST_S)
    rule = "start without end" if before.code == _ON else "unknown change"
    return Session(at, 0, upper, None, rule, "one-sync", _HOST_S)
