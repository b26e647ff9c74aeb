"""``STR.edf`` of ResMed CPAP machines through the common interface.

Written from the descriptions of ``StagPoint/cpap-lib`` (docs/STR_file_format.md) and of the OSCAR
project's loader: one EDF data record a day, which begins at noon of the machine's own clock and
holds up to ten pairs of mask on and mask off in minutes since noon (-1 or 0 where unused), the
number of such events and their duration in minutes. The machine divides a session at noon: it then
ends with the day, and the next begins with it. Values above 1440 are corruption.

Nothing in a record is sealed. A day is certain when each of its pairs can be read, they are in
order, and their sum is the duration; else its pairs lie within bounds and the day is unobserved.
Its settings are used only with a valid pair. The clock is taken as it is, which is local time.
"""

from __future__ import annotations

import io
import warnings
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from edfio import read_edf

from multifidus.devicelogs.clock.steps import judge_clock
from multifidus.devicelogs.clock.times import DAY_S, NO_TIME, parse_iso, utc_column
from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.formats.interface import ByteAccount, LogFormat
from multifidus.devicelogs.formats.single import Session, SingleLog, read_singly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edfio import Edf, EdfSignal

    from multifidus.devicelogs.clock.times import FloatArray, IntArray
    from multifidus.devicelogs.formats.interface import LogFile, Reading

__all__ = ["DAY_MINUTES", "FORMAT", "ResmedStr"]

DAY_MINUTES = 1440
_NOON_S = DAY_S // 2
_EARLIEST = parse_iso("2005-01-01T00:00:00Z") or 0
"""No machine that writes this format was in use before: a clock that says so was reset."""

_LATEST = parse_iso("2099-01-01T00:00:00Z") or 0
_HEADER_BYTES = 256
_MOST_SIGNALS = 512
_PAIRS = (("MaskOn", "Mask On"), ("MaskOff", "Mask Off"))
_COUNTS = (("MaskEvents", "Mask Events"), ("Duration", "Mask Dur"))
_SETTINGS = ("Mode", "S.C.Press", "S.AS.MinPress", "S.AS.MaxPress", "S.EPR.Level")
_WHAT_EDFIO_RAISES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
)


@dataclass
class _Days:
    """The records of a file: noon that each begins at, its signals, what is wrong."""

    noon: IntArray
    signals: Mapping[str, FloatArray]
    faults: FaultLog
    sessions: list[Session] = field(default_factory=list)
    certain: list[bool] = field(default_factory=list)
    valid: list[int] = field(default_factory=list)


class ResmedStr(LogFormat):
    """Daily summaries of a ResMed CPAP machine."""

    name = "resmed-str"

    def detect(self, data: bytes) -> bool:
        """Look for an EDF header with a signal of mask-on times."""
        labels = data[_HEADER_BYTES : _HEADER_BYTES + 16 * _MOST_SIGNALS]
        return data.startswith(b"0       ") and any(name.encode() in labels for name in _PAIRS[0])

    def read(self, files: Sequence[LogFile]) -> Reading:
        """Read summaries one by one; what two of a participant hold counts once."""
        return read_singly(self.name, files, _read_one)


FORMAT = ResmedStr()


def _read_one(file: LogFile) -> SingleLog:
    faults = FaultLog()
    account = ByteAccount(len(file.data))
    days = _read_days(file.data, faults, account)
    counts: Counter[tuple[int, str]] = Counter()
    for row in range(len(days.noon)):
        _take_day(row, days, counts)
    for (fault, detail), count in sorted(counts.items()):
        faults.add(fault, detail, count=count)
    if not len(days.noon):
        faults.add(43, "no day can be read", span=(0, len(file.data)))
    observed = [
        (int(noon), int(noon) + DAY_S)
        for noon, certain in zip(days.noon, days.certain, strict=True)
        if certain
    ]
    return SingleLog(
        account,
        days.sessions,
        observed,
        faults,
        records=lambda: _records(days),
        entries=len(days.noon),
        day_start_s=_NOON_S,
    )


def _read_days(data: bytes, faults: FaultLog, account: ByteAccount) -> _Days:
    """Read the EDF file through ``edfio``, whatever it raises or warns of."""
    none = _Days(np.zeros(0, dtype=np.int64), {}, faults)
    try:
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always")
            edf = read_edf(io.BytesIO(data), lazy_load_data=False, header_encoding="latin-1")
            header, count = edf.bytes_in_header_record, edf.num_data_records
            width = 2 * sum(signal.samples_per_data_record for signal in edf.signals)
            signals = {
                signal.label: _physical(signal).reshape(count, -1)
                for signal in edf.signals
                if signal.label in {*_SETTINGS, "Date", *sum(_PAIRS + _COUNTS, ())}
            }
    except _WHAT_EDFIO_RAISES:
        faults.add(45, "the EDF header cannot be read; the file is not used", span=(0, len(data)))
        account.flagged = len(data)
        return none
    account.framing = min(header, len(data))
    account.accepted = min(count * width, len(data) - account.framing)
    account.flagged = len(data) - account.framing - account.accepted
    if notes or account.flagged:
        detail = "the file holds other records than its header says, or part of one"
        faults.add(5, detail, span=(len(data) - account.flagged, len(data)))
    on, off = (_named(signals, names) for names in _PAIRS)
    if _record_seconds(edf) != DAY_S or not on.size or on.shape != off.shape:
        faults.add(45, "the records are no days of mask times; the file is not used")
        account.flagged, account.accepted = account.flagged + account.accepted, 0
        return none
    noon = _first_day(data) + _NOON_S + DAY_S * np.arange(count)
    return _Days(_place_days(noon, signals.get("Date"), faults), signals, faults)


def _first_day(data: bytes) -> int:
    """Return midnight of the date in the header, seconds since 1970; 0 for none."""
    try:
        date = datetime.strptime(data[168:176].decode("latin-1"), "%d.%m.%y").replace(tzinfo=UTC)
    except ValueError:
        return 0
    return int(date.timestamp())


def _record_seconds(edf: Edf) -> float:
    try:
        return float(edf.data_record_duration)
    except ValueError:
        return 0.0


def _physical(signal: EdfSignal) -> FloatArray:
    """Return physical values; those of a header without a range are as stored."""
    low, high = signal.digital_min, signal.digital_max
    least, most = signal.physical_min, signal.physical_max
    stored = signal.digital.astype(np.float64)
    if not (high > low and np.isfinite(most - least) and most > least):
        return stored
    scaled = (stored - low) * ((most - least) / (high - low)) + least
    return np.asarray(scaled, dtype=np.float64)


def _named(signals: Mapping[str, FloatArray], names: Sequence[str]) -> FloatArray:
    return next((signals[name] for name in names if name in signals), np.zeros((0, 0)))


def _place_days(noon: IntArray, date: FloatArray | None, faults: FaultLog) -> IntArray:
    """Place each record by its own date (days since 1970), else by its place in the file."""
    if date is not None and date.shape == (len(noon), 1):
        known = (date[:, 0] >= 0) & (date[:, 0] * DAY_S < _LATEST)
        noon = np.where(known, np.rint(date[:, 0]), 0).astype(np.int64) * DAY_S + _NOON_S
    clock = judge_clock(noon, _EARLIEST)
    if clock.reset.any():
        detail = "the clock is at its default; these days have no place in time"
        faults.add(17, detail, count=int(clock.reset.sum()))
    # A day is once and after the one before it, or nobody knows which day it is.
    twice = np.isin(noon, noon[1:][np.diff(noon) == 0])
    odd = (clock.displaced | twice) & ~clock.reset
    if odd.any():
        faults.add(18, "days that are out of order or twice have no place", count=int(odd.sum()))
    return np.where(clock.reset | odd, NO_TIME, noon)


def _take_day(row: int, days: _Days, counts: Counter[tuple[int, str]]) -> None:
    """Read the pairs of one day, and say whether it is certain."""
    on, off = (_named(days.signals, names)[row] for names in _PAIRS)
    events, duration = (_named(days.signals, names) for names in _COUNTS)
    pairs, wrong = _pairs(on.tolist(), off.tolist())
    length = sum(stop - start for start, stop in pairs)
    said = int(duration[row, 0]) if duration.size else -1
    number = int(events[row, 0]) if events.size else -1
    if wrong:
        counts[28, "mask times that are no pair between 0 and 1440; not used"] += wrong
    agrees = abs(length - said) <= len(pairs) and number in {len(pairs), 2 * len(pairs)}
    if not agrees:
        counts[30, "the pairs of a day disagree with its duration or number of events"] += 1
    noon = int(days.noon[row])
    certain = agrees and not wrong and noon != NO_TIME
    days.certain.append(certain)
    days.valid.append(len(pairs))
    # Each minute that the pairs are longer than the duration may be any one's.
    spare = max(length - said, 0)
    for start, stop in pairs:
        upper = 60 * (stop - start)
        lower = max(upper - 60 * spare, 0) if certain else 0
        at = NO_TIME if noon == NO_TIME else noon + 60 * start
        how = ("none", float("inf")) if noon == NO_TIME else ("clock-only", 7200.0)
        rule = "stored" if certain else "not certain"
        days.sessions.append(Session(at, lower, upper, upper if certain else None, rule, *how))


def _pairs(on: Sequence[float], off: Sequence[float]) -> tuple[list[tuple[int, int]], int]:
    """Return the valid pairs of a day in minutes since noon, and the number of others."""
    pairs: list[tuple[int, int]] = []
    wrong = 0
    unused = [a <= 0 and b <= 0 for a, b in zip(on, off, strict=True)]
    last = max((n for n, free in enumerate(unused) if not free), default=-1)
    for number in range(last + 1):
        start, stop = on[number], off[number]
        begins = start if start > 0 or number else 0.0
        ends = DAY_MINUTES if stop <= 0 and number == last else stop
        after = pairs[-1][1] if pairs else 0
        if after <= begins < ends <= DAY_MINUTES and (start > 0 or not number):
            pairs.append((int(begins), int(ends)))
        else:
            wrong += 1
    return pairs, wrong


def _records(days: _Days) -> pd.DataFrame:
    """One row a day; without a valid pair a day has no settings."""
    placed = days.noon != NO_TIME
    valid = np.asarray(days.valid, dtype=np.int64)
    columns: dict[str, object] = {
        "device": pd.array([""] * len(placed), dtype="str"),
        "pairs": valid,
        "certain": np.asarray(days.certain, dtype=np.bool_),
    }
    for name in _SETTINGS:
        if name in days.signals:
            columns[name] = np.where(valid > 0, days.signals[name][:, 0], np.nan)
    return pd.DataFrame(
        {
            **columns,
            "utc": utc_column(days.noon),
            "time_method": pd.array(np.where(placed, "clock-only", "none"), dtype="str"),
            "uncertainty_s": np.where(placed, 7200.0, np.inf),
        }
    )
