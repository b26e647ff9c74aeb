"""RC+S and ResMed logs of the tests' own making, and mutation trials of them.

Neither format is sealed. Damage that leaves a log as well formed as before, with another status or
another consistent day, leaves no trace; nor do an off and the on after it that are lost together.
Such mutants are counted and left out.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from edfio import Edf, EdfSignal, Recording

from device_lab.mutate import mutate
from device_lab.public_trials import PublicLog, Trial
from multifidus.devicelogs.formats.rcs import reader as rcs
from multifidus.devicelogs.formats.resmed import reader as resmed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RCS", "RESMED", "Day", "rcs_entry", "stim_log", "str_edf"]

_T0 = 1_767_225_600  # 2026-01-01T00:00:00Z
_SESSION = str(_T0 * 1000)
_EPOCH = dt.date(1970, 1, 1)
Day = tuple[tuple[int, int], ...]
"""Pairs of mask on and mask off in minutes since noon."""


def rcs_entry(seconds: float, session: str = _SESSION, **members: Any) -> dict[str, Any]:
    """Make one entry of a file, some UTC seconds since 1970."""
    info = {"DeviceId": "NPC700378H", "HostUnixTime": round(seconds * 1000), "SessionId": session}
    return {"RecordInfo": info, **members}


def stim_log(statuses: Sequence[tuple[float, int]], session: str = _SESSION) -> bytes:
    """Write a StimLog: UTC seconds and the code of the therapy's status (0 off, 1 on)."""
    entries = [
        rcs_entry(time, session, therapyStatusData={"activeGroup": 0, "therapyStatus": code})
        for time, code in statuses
    ]
    return json.dumps(entries, indent=1).encode()


def _make_session(seed: int) -> PublicLog:
    rng = np.random.default_rng([seed, 23])
    count = 2 * int(rng.integers(1, 5))
    times = np.sort(_T0 + rng.choice(9 * 3600, count, replace=False)).tolist()
    statuses = [(float(time), 1 - index % 2) for index, time in enumerate(times)]
    truth = tuple(zip(times[::2], times[1::2], strict=True))
    return PublicLog(stim_log(statuses), truth)


def _damage_session(data: bytes, rng: np.random.Generator) -> bytes:
    if rng.integers(0, 2):
        return mutate(data, rng)
    entries = json.loads(data)
    at, to = (int(rng.integers(0, len(entries))) for _ in range(2))
    kind = int(rng.integers(0, 6))
    if kind == 0:
        del entries[at]
    elif kind == 1:
        entries.insert(to, entries[at])
    elif kind == 2:
        entries[at], entries[to] = entries[to], entries[at]
    elif kind == 3:
        rng.shuffle(entries)
    elif kind == 4:
        entries[at].pop(str(rng.choice(list(entries[at]))))
    else:
        values = [None, "", -1, 1e99, [], {}, 0, "1700000000000"]
        entries[at]["RecordInfo"]["HostUnixTime"] = values[int(rng.integers(0, len(values)))]
    return json.dumps(entries, indent=1).encode()


def _statuses(data: bytes) -> list[tuple[object, object]] | None:
    """Return time and code of each entry that has both; ``None`` where the text is not whole."""
    try:
        found = [
            (entry["RecordInfo"]["HostUnixTime"], entry["therapyStatusData"]["therapyStatus"])
            for entry in json.loads(data)
            if "therapyStatusData" in entry and "RecordInfo" in entry
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return [(time, code) for time, code in found if isinstance(time, int) and time > 0]


def _beyond_session(clean: bytes, mutant: bytes) -> bool:
    own, found = _statuses(clean), _statuses(mutant)
    if own is None or found is None:
        return False
    if any(status not in own for status in found):
        return True
    lost = [status not in found for status in own]
    return any(
        lost[index] and lost[index + 1] and own[index][1] == 0 for index in range(len(own) - 1)
    )


def str_edf(
    days: Sequence[Day],
    start: dt.date = dt.date(2026, 1, 1),
    dates: Sequence[int] | None = None,
    durations: Sequence[int] | None = None,
) -> bytes:
    """Write a summary of some days in a row.

    Parameters
    ----------
    days
        Pairs of each day; a mask time of -1 is unused.
    start
        Date of the first day.
    dates
        Days since 1970 that the records give, where they are not in a row.
    durations
        Minutes that the records give, where they are not the sum of the pairs.
    """
    count = len(days)
    on, off = np.full((2, count, 10), -1)
    for row, pairs in enumerate(days):
        for place, (begin, end) in enumerate(pairs):
            on[row, place], off[row, place] = begin, end
    sums = [sum((end if end > 0 else 1440) - max(begin, 0) for begin, end in p) for p in days]
    first = (start - _EPOCH).days
    columns = {
        "Date": (dates or list(range(first, first + count)), 0, 32767, ""),
        "MaskOn": (on, -1, 1440, "min"),
        "MaskOff": (off, -1, 1440, "min"),
        "MaskEvents": ([2 * len(pairs) for pairs in days], 0, 32767, ""),
        "Duration": (durations or sums, 0, 1440, "min"),
        "Mode": ([1] * count, 0, 20, ""),
    }
    signals = []
    for label, (values, low, high, unit) in columns.items():
        stored = np.asarray(values, dtype=np.int16).reshape(count, -1)
        signal = EdfSignal(
            np.zeros(stored.size),
            stored.shape[1] / 86_400,
            label=label,
            physical_dimension=unit,
            physical_range=(low, high),
            digital_range=(low, high),
        )
        signal._digital = stored.ravel()  # values beyond the range are what some tests are about
        signals.append(signal)
    edf = Edf(
        signals,
        starttime=dt.time(12),
        data_record_duration=86_400,
        recording=Recording(startdate=start),
    )
    return edf.to_bytes()


def _make_summary(seed: int) -> PublicLog:
    rng = np.random.default_rng([seed, 24])
    days, truth = [], []
    for day in range(int(rng.integers(4, 20))):
        edges = np.sort(rng.choice(np.arange(1, 1440), 2 * int(rng.integers(0, 4)), replace=False))
        pairs = tuple((int(a), int(b)) for a, b in edges.reshape(-1, 2))
        days.append(pairs)
        noon = _T0 + day * 86_400 + 43_200
        truth += [(noon + 60 * a, noon + 60 * b) for a, b in pairs]
    return PublicLog(str_edf(days), tuple(truth))


def _beyond_summary(clean: bytes, mutant: bytes) -> bool:
    """Whether a record, as stored, agrees with itself and is not one of the clean ones."""
    records = _records(clean)
    return any(_agrees(record) and record not in records for record in _records(mutant))


_WIDTH = 2 * (1 + 10 + 10 + 1 + 1 + 1)


def _records(data: bytes) -> list[tuple[int, ...]]:
    body = data[256 * 7 :]
    count = len(body) // _WIDTH
    values = np.frombuffer(body[: count * _WIDTH], dtype="<i2").reshape(-1, _WIDTH // 2)
    return [tuple(row) for row in values[:, :-1].tolist()]


def _agrees(record: tuple[int, ...]) -> bool:
    on, off, events, duration = record[1:11], record[11:21], record[21], record[22]
    pairs = [(a, b) for a, b in zip(on, off, strict=True) if a > 0 or b > 0]
    length = sum((b if b > 0 else 1440) - max(a, 0) for a, b in pairs)
    return bool(pairs) and events in {len(pairs), 2 * len(pairs)} and abs(length - duration) <= 10


RCS = Trial("rcs", rcs.FORMAT, _make_session, _damage_session, _beyond_session)
RESMED = Trial("resmed", resmed.FORMAT, _make_summary, mutate, _beyond_summary)
