"""Downloads whose own records deny that they are of one life."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from multifidus.devicelogs.binding import (
    COUNTER_SLACK_S,
    DAILY_SLACK_S,
    DAY_S,
    UNEXPLAINED_S,
    near_boot,
)
from multifidus.devicelogs.layout import SESSION_LIMIT_S, TYPE_CODES
from multifidus.devicelogs.model import NO_TIME
from multifidus.devicelogs.records import MISSING, typed_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.model import Header, IntArray
    from multifidus.devicelogs.records import RecordTable

BoolArray = npt.NDArray[np.bool_]

__all__ = ["denied_downloads"]

_CLOCK_SLACK_S = DAY_S // 4
"""Seconds by which a settable clock and UTC may differ between two daily records."""

_VISIT_S = 3600
"""Seconds by which a record of the visit itself may lie behind its last sync record."""


class _Days(NamedTuple):
    """Daily records of all downloads with a counter and a day number, in the order of the table.

    ``summed`` and ``unknown`` run over all records: seconds of sessions ended, and how many of
    these are not known.
    """

    rows: IntArray
    part: IntArray
    boot: IntArray
    tick: IntArray
    clock: IntArray
    day: IntArray
    life: IntArray
    summed: IntArray
    unknown: IntArray


def denied_downloads(table: RecordTable, headers: Sequence[Header], bounds: IntArray) -> BoolArray:
    """Say of each download whether its records deny that they are of one life.

    The boot falls, or lies beyond that of the sync records; or two of lifetime counter, ticks and
    clock of the daily records break with the day numbers; or, over a change of boot, two of
    counter, day number and clock; or the header's counter and its sync records both deny the
    newest records. A counter alone is a fault of the device, to be reported as such.

    Parameters
    ----------
    table
        Records of a batch, those of one download together.
    headers
        Header of each download.
    bounds
        First row of each download, and the number of rows.
    """
    days = _daily_records(table)
    denied = np.zeros(len(headers), dtype=np.bool_)
    fell = (np.diff(table.part) == 0) & (np.diff(table.boot) < 0) & (np.diff(table.seq) > 0)
    denied[table.part[1:][fell]] = True
    beside = np.diff(days.part) == 0
    same = beside & (np.diff(days.unknown[days.rows]) == 0)
    counted = np.diff(days.life) - np.diff(days.summed[days.rows])
    broken = same & (np.abs(counted) > COUNTER_SLACK_S)
    denied[days.part[1:][_broken_days(table, days, broken, beside)]] = True
    back = beside & (np.diff(days.day) <= 0)
    for at in np.flatnonzero((broken | back) & (np.diff(days.boot) > 0)).tolist():
        index = int(days.part[at])
        edges = (int(days.rows[at]), int(days.rows[at + 1]))
        elapsed = int(days.day[at + 1] - days.day[at])
        denied[index] |= bool(broken[at] and back[at])
        denied[index] |= _other_boot(table, headers[index], edges, elapsed)
    _deny_by_headers(table, days, headers, bounds, denied)
    return denied


def _daily_records(table: RecordTable) -> _Days:
    days, ends = typed_view(table, "DAY"), typed_view(table, "SEN")
    seconds = np.zeros(len(table), dtype=np.int64)
    seconds[ends.rows] = ends.columns["seconds"]
    known = (days.columns["lifetime_seconds"] != MISSING) & (days.columns["day"] != MISSING)
    rows = days.rows[known]
    return _Days(
        rows,
        table.part[rows],
        table.boot[rows],
        table.tick[rows],
        table.clock[rows],
        days.columns["day"][known],
        days.columns["lifetime_seconds"][known],
        np.cumsum(np.maximum(seconds, 0)),
        np.cumsum(seconds == MISSING),
    )


def _broken_days(
    table: RecordTable, days: _Days, broken: BoolArray, beside: BoolArray
) -> BoolArray:
    """Say of each step between daily records of one boot whether two of its witnesses break."""
    tick, clock = days.tick, days.clock
    ticked = (np.diff(days.boot) == 0) & (tick[1:] != MISSING) & (tick[:-1] != MISSING)
    stepped = ticked & (np.abs(np.diff(tick) - DAY_S * np.diff(days.day)) > DAILY_SLACK_S)
    set_ = np.diff(np.cumsum(table.code == TYPE_CODES["CLK"])[days.rows]) > 0
    timed = ticked & ~set_ & (clock[1:] != NO_TIME) & (clock[:-1] != NO_TIME)
    moved = timed & (np.abs(np.diff(clock) - np.diff(tick)) > UNEXPLAINED_S)
    # Without the counter, the ticks and the clock itself must both belie the day numbers.
    belied = timed & (np.abs(np.diff(clock) - DAY_S * np.diff(days.day)) > _CLOCK_SLACK_S)
    return np.asarray((broken & (stepped | moved)) | (beside & stepped & belied))


def _deny_by_headers(
    table: RecordTable,
    days: _Days,
    headers: Sequence[Header],
    bounds: IntArray,
    denied: BoolArray,
) -> None:
    """Compare the newest records of each download with its header."""
    rows = np.arange(len(table))
    started = np.maximum.accumulate(np.where(table.code == TYPE_CODES["SST"], rows, -1))
    newest = np.searchsorted(days.part, np.arange(len(headers)), side="right") - 1
    for index, header in enumerate(headers):
        at, last = int(newest[index]), int(bounds[index + 1]) - 1
        if header.syncs and last >= int(bounds[index]):
            reached = max(sync.boot for sync in header.syncs)
            denied[index] |= bool(table.boot[bounds[index] : last + 1].max() > reached)
        if header.life_seconds is None or at < 0 or int(days.part[at]) != index:
            continue
        row = int(days.rows[at])
        rest = header.life_seconds - int(days.life[at]) - int(days.summed[last] - days.summed[row])
        running = (table.code[started[last] : last + 1] != TYPE_CODES["SEN"]).all()
        most = SESSION_LIMIT_S if running else COUNTER_SLACK_S
        whole = days.unknown[last] == days.unknown[row]
        if whole and not -COUNTER_SLACK_S <= rest <= most:
            denied[index] |= any(_other_clock(table, header, place) for place in (last, row))


def _other_boot(table: RecordTable, header: Header, edges: tuple[int, int], days: int) -> bool:
    """Whether the clock before a change of boot is of another time than the boot.

    ``edges`` are daily records on both sides of it, so many days apart by their numbers.
    """
    low, high = edges
    edge = low + int(np.flatnonzero(np.diff(table.boot[low : high + 1]))[0])
    zero = [s.utc - s.tick for s in header.syncs if s.boot == int(table.boot[edge + 1])]
    known = NO_TIME not in {int(table.clock[low]), int(table.clock[edge])}
    if not zero or not known or int(table.tick[high]) == MISSING:
        return False
    elapsed = zero[0] + int(table.tick[high]) - int(table.clock[low])
    counted = abs(elapsed - DAY_S * days) <= _CLOCK_SLACK_S
    return not (counted and near_boot(int(table.clock[edge]), zero[0]))


def _other_clock(table: RecordTable, header: Header, row: int) -> bool:
    """Whether a record is of another boot or clock than the sync records, or later than they."""
    boot, tick, clock = (int(column[row]) for column in (table.boot, table.tick, table.clock))
    latest = max(((sync.boot, sync.tick) for sync in header.syncs), default=(boot, tick))
    if boot != latest[0] or tick > latest[1] + _VISIT_S:
        return True
    offsets = [
        sync.clock - sync.tick
        for sync in header.syncs
        if sync.boot == boot and sync.clock != NO_TIME
    ]
    if clock == NO_TIME or tick == MISSING or not offsets:
        return False
    return bool(abs(clock - tick - offsets[0]) > UNEXPLAINED_S)
