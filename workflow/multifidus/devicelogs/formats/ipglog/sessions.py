"""From start and end records to therapy sessions with seconds as point, lower and upper.

A session's seconds are those that its end record stores. Where records are lost the bounds
widen; nothing lost ever adds a session or raises a lower bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from multifidus.devicelogs.clock.times import MISSING, NO_TIME
from multifidus.devicelogs.formats.interface import PER_DAY_LIMIT_S, SESSION_COLUMNS, TIME_METHODS
from multifidus.devicelogs.formats.ipglog.layout import (
    AGREE_S,
    END_REASONS,
    SESSION_LIMIT_S,
    SOURCES,
    TYPE_CODES,
)
from multifidus.devicelogs.formats.ipglog.records import typed_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.clock.times import IntArray
    from multifidus.devicelogs.findings import FaultLog
    from multifidus.devicelogs.formats.ipglog.records import MergedRecords, Placement, TypedView

__all__ = ["build_sessions"]


_CUT_OFF_WITHIN = 64
"""Records within which the fault or reset that ended a session is looked for."""

_SECONDS = ("seconds", "seconds_lower", "seconds_upper")

_NESTED_WITHIN = 8
"""Open starts before an end among which its own is looked for."""


@dataclass(frozen=True)
class _Pairs:
    """Row numbers of starts and ends, aligned; :data:`MISSING` where there is none.

    ``whole`` says that no sequence number between start and end is absent.
    """

    start: IntArray
    end: IntArray
    whole: npt.NDArray[np.bool_]


def build_sessions(
    merged: MergedRecords,
    placement: Placement,
    session_s: IntArray,
    faults: Sequence[FaultLog],
) -> pd.DataFrame:
    """Build the sessions of all devices.

    Parameters
    ----------
    merged, placement
        Records in order, and their places in time.
    session_s
        Prescribed session length of each device, seconds.
    faults
        Per device.

    Returns
    -------
    pandas.DataFrame
        :data:`SESSION_COLUMNS`, sorted by device and sequence number. Times are seconds since
        1970, ``NO_TIME`` where unknown; integers are :data:`MISSING` where unknown.
    """
    starts = typed_view(merged.table, "SST")
    ends = typed_view(merged.table, "SEN")
    seconds = _spread(ends.columns["seconds"], ends.rows, len(merged.table))
    pairs = _pair(merged, starts.rows, ends.rows, seconds)
    frame = pd.DataFrame({"device": merged.device[np.maximum(pairs.start, pairs.end)]})
    frame["seq_start"] = _at(merged.table.seq, pairs.start)
    frame["seq_end"] = _at(merged.table.seq, pairs.end)
    limit = session_s[frame["device"].to_numpy()]
    _add_seconds(frame, merged, pairs, seconds, limit)
    _add_cut_off(frame, merged, placement, pairs, limit)
    _add_times(frame, placement, pairs)
    _add_settings(frame, merged, pairs, starts, ends)
    _note(frame, faults)
    return frame[list(SESSION_COLUMNS)]


def _spread(values: IntArray, rows: IntArray, size: int) -> IntArray:
    """Lay the values of some rows out over all rows."""
    wide = np.full(size, MISSING, dtype=np.int64)
    wide[rows] = values
    return wide


def _at(values: IntArray, rows: IntArray) -> IntArray:
    return np.where(rows == MISSING, MISSING, values[np.maximum(rows, 0)]) if len(values) else rows


def _pair(merged: MergedRecords, starts: IntArray, ends: IntArray, seconds: IntArray) -> _Pairs:
    """Pair each start with the next session record when that is its end.

    With a gap between the two they are one session only if the stored seconds span exactly the
    elapsed ticks: an end and a start could have been lost between them.
    """
    table = merged.table
    rows = np.sort(np.concatenate([starts, ends]))
    is_start = table.code[rows] == TYPE_CODES["SST"]
    following = np.append(rows[1:], MISSING)
    follows = np.zeros(len(rows), dtype=np.bool_)
    if len(rows) > 1:
        follows[:-1] = (
            is_start[:-1] & ~is_start[1:] & (merged.device[rows[1:]] == merged.device[rows[:-1]])
        )
    begin, end = rows[follows], following[follows]
    whole = (table.seq[end] - table.seq[begin]) == (end - begin)
    same_boot = table.boot[end] == table.boot[begin]
    ticked = (table.tick[end] != MISSING) & (table.tick[begin] != MISSING)
    elapsed = table.tick[end] - table.tick[begin]
    agree = same_boot & ticked & (np.abs(elapsed - seconds[end]) <= AGREE_S)
    paired = whole | agree
    found = _pair_by_length(merged, starts, ends, seconds, (begin[agree], end[agree]))
    paired &= ~np.isin(begin, found[0]) & ~np.isin(end, found[1])
    begin = np.concatenate([begin[paired], found[0]])
    end = np.concatenate([end[paired], found[1]])
    whole = (table.seq[end] - table.seq[begin]) == (end - begin)
    lone_start = np.setdiff1d(starts, begin, assume_unique=True)
    lone_end = np.setdiff1d(ends, end, assume_unique=True)
    start = np.concatenate([begin, lone_start, np.full(len(lone_end), MISSING)])
    stop = np.concatenate([end, np.full(len(lone_start), MISSING), lone_end])
    unbroken = np.concatenate([whole, np.zeros(len(lone_start) + len(lone_end), dtype=np.bool_)])
    order = np.argsort(np.where(start == MISSING, stop, start), kind="stable")
    return _Pairs(start[order], stop[order], unbroken[order])


def _pair_by_length(
    merged: MergedRecords,
    starts: IntArray,
    ends: IntArray,
    seconds: IntArray,
    settled: tuple[IntArray, IntArray],
) -> tuple[IntArray, IntArray]:
    """Pair nested and overlapping sessions: an end whose seconds reach back to an open start."""
    table = merged.table
    free = np.setdiff1d(starts, settled[0], assume_unique=True)
    found: list[tuple[int, int]] = []
    taken: set[int] = set()
    for end in np.setdiff1d(ends, settled[1], assume_unique=True).tolist():
        near = free[:0]
        if seconds[end] != MISSING and table.tick[end] != MISSING:
            place = int(np.searchsorted(free, end))
            near = free[max(0, place - _NESTED_WITHIN) : place]
            near = near[(merged.device[near] == merged.device[end])]
            near = near[(table.boot[near] == table.boot[end]) & (table.tick[near] != MISSING)]
            elapsed = table.tick[end] - table.tick[near]
            near = near[np.abs(elapsed - seconds[end]) <= AGREE_S]
        open_starts = [row for row in near.tolist() if row not in taken]
        if open_starts:
            taken.add(open_starts[-1])
            found.append((open_starts[-1], end))
    pairs = np.asarray(found, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _add_seconds(
    frame: pd.DataFrame, merged: MergedRecords, pairs: _Pairs, stored: IntArray, limit: IntArray
) -> None:
    """Seconds delivered and their bounds, and the rule that gave them."""
    seconds = _at(stored, pairs.end)
    known = seconds != MISSING
    table = merged.table
    both = (pairs.start != MISSING) & (pairs.end != MISSING)
    comparable = (
        both
        & (_at(table.boot, pairs.start) == _at(table.boot, pairs.end))
        & (_at(table.tick, pairs.start) != MISSING)
        & (_at(table.tick, pairs.end) != MISSING)
    )
    elapsed = np.where(comparable, _at(table.tick, pairs.end) - _at(table.tick, pairs.start), 0)
    longer = comparable & known & (seconds > elapsed + AGREE_S)
    over = known & (seconds > SESSION_LIMIT_S)
    point = np.minimum(np.where(longer, np.maximum(elapsed, 0), seconds), SESSION_LIMIT_S)
    ceiling = np.where(limit > 0, limit, SESSION_LIMIT_S)
    open_upper = np.where(comparable, np.clip(elapsed, 0, ceiling), ceiling)
    frame["seconds"] = np.where(known, point, MISSING)
    frame["seconds_lower"] = np.where(known, point, 0)
    frame["seconds_upper"] = np.where(known, point, open_upper)
    rule = np.full(len(frame), "stored", dtype=object)
    rule[longer] = "elapsed"
    rule[over] = "capped"
    rule[known & (seconds == 0)] = "attempt"
    rule[both & ~known] = "unknown seconds"
    rule[pairs.end == MISSING] = "start without end"
    rule[pairs.start == MISSING] = "end without start"
    rule[(pairs.start == MISSING) & ~known] = "end without seconds"
    frame["rule"] = rule


def _add_cut_off(
    frame: pd.DataFrame,
    merged: MergedRecords,
    placement: Placement,
    pairs: _Pairs,
    limit: IntArray,
) -> None:
    """Take the seconds of a start without an end from the fault or reset that ended it.

    No number between the two may be absent. Within a boot ticks count; over a reset the places
    in time do, with their uncertainty.
    """
    table = merged.table
    ceiling = np.where(limit > 0, limit, SESSION_LIMIT_S)
    columns = {name: frame[name].to_numpy().copy() for name in (*_SECONDS, "rule")}
    for index in np.flatnonzero(pairs.end == MISSING).tolist():
        start = int(pairs.start[index])
        stop = _cut_off_at(merged, start)
        if stop is None:
            continue
        margin = 0.0
        if table.boot[stop] == table.boot[start]:
            span = int(table.tick[stop] - table.tick[start])
        elif NO_TIME not in {int(placement.utc[start]), int(placement.utc[stop])}:
            span = int(placement.utc[stop] - placement.utc[start])
            margin = float(placement.uncertainty_s[start] + placement.uncertainty_s[stop])
        else:
            continue
        bounds = np.clip([span, span - margin, span + margin], 0, int(ceiling[index]))
        for name, value in zip(_SECONDS, bounds.tolist(), strict=True):
            columns[name][index] = round(value)
        columns["rule"][index] = "cut off"
    for name, values in columns.items():
        frame[name] = values


def _cut_off_at(merged: MergedRecords, start: int) -> int | None:
    """Find the fault or reset record that follows a start before any other session record."""
    table = merged.table
    for row in range(start + 1, min(start + _CUT_OFF_WITHIN, len(table))):
        same = merged.device[row] == merged.device[start]
        if not same or table.seq[row] - table.seq[start] != row - start:
            return None
        if table.code[row] in {TYPE_CODES["SST"], TYPE_CODES["SEN"]}:
            return None
        if MISSING in {int(table.tick[row]), int(table.tick[start])}:
            return None
        if table.code[row] == TYPE_CODES["FLT"] or table.boot[row] != table.boot[start]:
            return row
    return None


def _add_times(frame: pd.DataFrame, placement: Placement, pairs: _Pairs) -> None:
    """Place a session by its start record, else by its end record less its seconds."""
    size = len(placement.utc)
    anchor = np.where(pairs.start != MISSING, pairs.start, pairs.end)
    by_start = pairs.start != MISSING
    if size == 0:
        frame[["start_s", "end_s"]] = 0
        frame[["time_method", "uncertainty_s", "per_day"]] = ""
        return
    # A start that cannot be placed may have an end that can.
    lost = by_start & (placement.utc[anchor] == NO_TIME) & (pairs.end != MISSING)
    anchor = np.where(lost, pairs.end, anchor)
    by_start &= ~lost
    at = placement.utc[anchor]
    length = frame["seconds_upper"].to_numpy()
    placed = at != NO_TIME
    start = np.where(placed, np.where(by_start, at, at - length), NO_TIME)
    frame["start_s"] = start
    frame["end_s"] = np.where(placed, start + length, NO_TIME)
    frame["time_method"] = np.asarray(TIME_METHODS, dtype=object)[placement.method[anchor]]
    frame["uncertainty_s"] = placement.uncertainty_s[anchor]
    frame["per_day"] = placed & (placement.uncertainty_s[anchor] <= PER_DAY_LIMIT_S)


def _add_settings(
    frame: pd.DataFrame,
    merged: MergedRecords,
    pairs: _Pairs,
    starts: TypedView,
    ends: TypedView,
) -> None:
    size = len(merged.table)

    def from_start(name: str) -> IntArray:
        return _at(_spread(starts.columns[name], starts.rows, size), pairs.start)

    def from_end(name: str) -> IntArray:
        return _at(_spread(ends.columns[name], ends.rows, size), pairs.end)

    for name in ("program", "width", "rate", "on", "off"):
        frame[name] = from_start(name)
    for name in ("left", "right"):
        delivered = from_end(name)
        frame[name] = np.where(delivered == MISSING, from_start(name), delivered)
    frame["contractions"] = from_end("contractions")
    frame["reason"] = _words(from_end("reason"), END_REASONS)
    frame["source"] = _words(from_start("source"), SOURCES)


def _words(codes: IntArray, words: tuple[str, ...]) -> npt.NDArray[np.object_]:
    return np.asarray([*words, ""], dtype=object)[codes]


_RULE_FAULTS = (
    ("start without end", 24, "seconds between 0 and the prescribed length"),
    ("cut off", 24, "seconds up to the fault or reset record"),
    ("unknown seconds", 24, "the end stores no seconds; between 0 and the prescribed length"),
    ("end without seconds", 25, "neither start nor seconds; between 0 and the prescribed length"),
    ("end without start", 25, "recovered from the stored seconds"),
    ("capped", 27, "longer than the device allows; capped"),
    ("elapsed", 27, "stored seconds exceed the elapsed time; capped"),
    ("attempt", 27, "no length; counts as an attempt"),
)


def _note(frame: pd.DataFrame, faults: Sequence[FaultLog]) -> None:
    unusual = frame[frame["rule"] != "stored"]
    details = {rule: (number, detail) for rule, number, detail in _RULE_FAULTS}
    first = np.where(unusual["seq_start"] == MISSING, unusual["seq_end"], unusual["seq_start"])
    last = np.where(unusual["seq_end"] == MISSING, unusual["seq_start"], unusual["seq_end"])
    for device, rule, low, high in zip(
        unusual["device"].tolist(),
        unusual["rule"].tolist(),
        first.tolist(),
        last.tolist(),
        strict=True,
    ):
        number, detail = details[rule]
        outcome = "flag" if rule == "end without seconds" else None
        faults[device].add(number, detail, seqs=(low, high), outcome=outcome)
