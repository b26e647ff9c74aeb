"""Records that cannot be shown to be this device's are not used.

A line's checksum says that the line is whole, not whose it is. A download that is complete and
whose every block verifies is taken as it stands, unless its own records deny it. Elsewhere each
record must be bound to the download's own sync records
(:mod:`~multifidus.devicelogs.binding`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from multifidus.devicelogs.binding import (
    COUNTER_SLACK_S,
    DAILY_SLACK_S,
    DAY_S,
    UNEXPLAINED_S,
    WHOLE_RING,
    Binding,
    near_boot,
    read_facts,
)
from multifidus.devicelogs.layout import SESSION_LIMIT_S, TYPE_CODES
from multifidus.devicelogs.model import NO_TIME
from multifidus.devicelogs.records import MISSING, typed_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.findings import FaultLog
    from multifidus.devicelogs.model import Header, IntArray
    from multifidus.devicelogs.records import RecordTable

BoolArray = npt.NDArray[np.bool_]

__all__ = ["refuse_strangers"]


def refuse_strangers(
    table: RecordTable,
    headers: Sequence[Header],
    tidy: Sequence[IntArray | None],
    faults: Sequence[FaultLog],
) -> BoolArray:
    """Find records that cannot be bound to the device of their download.

    Parameters
    ----------
    table
        Records of a batch, those of one download together.
    headers, faults
        Header and fault list of each download.
    tidy
        Per download ``None`` when it is complete, else a number for each of its records
        (see :mod:`~multifidus.devicelogs.binding`): records of one number, and of any block
        within a whole ring, may be bound by their sequence.

    Returns
    -------
    numpy.ndarray
        Mask of records that must not be used; each download reports them as fault 12.
    """
    refused = np.zeros(len(table), dtype=np.bool_)
    bounds = np.searchsorted(table.part, np.arange(len(headers) + 1))
    denied = _denied(table, headers, bounds)
    if not denied.any() and all(numbers is None for numbers in tidy):
        return refused
    facts = read_facts(table)
    for part, header in enumerate(headers):
        in_tidy_block = tidy[part]
        begin = int(bounds[part])
        if in_tidy_block is None:
            if not denied[part]:
                continue
            in_tidy_block = np.full(int(bounds[part + 1]) - begin, WHOLE_RING, dtype=np.int64)
        rows = np.arange(begin, bounds[part + 1])
        rows = rows[table.seq[rows] != MISSING]
        rows = rows[np.argsort(table.seq[rows], kind="stable")]
        if not len(rows):
            continue
        # A record that stands twice is bound once.
        first = np.ones(len(rows), dtype=np.bool_)
        first[1:] = (np.diff(table.seq[rows]) != 0) | (np.diff(table.check[rows]) != 0)
        once = rows[first]
        numbers = in_tidy_block[once - begin]
        itself = bool(denied[part])
        bound = Binding(table, once, numbers, header, facts, denied=itself).solve()
        bound = bound[np.cumsum(first) - 1]
        refused[rows[~bound]] = True
        if not bound.all():
            numbers = table.seq[rows[~bound]]
            faults[part].add(
                12,
                "records that nothing binds to this device's clock or download; not used",
                seqs=(int(numbers.min()), int(numbers.max())),
                count=int((~bound).sum()),
            )
    return refused


def _denied(table: RecordTable, headers: Sequence[Header], bounds: IntArray) -> BoolArray:
    """Say of each download whether its records deny that they are of one life.

    The boot falls, or lies beyond that of the sync records; or a lifetime counter breaks where
    the ticks or clocks of the daily records do, or the clock before a change of boot; or the
    header's counter and its sync records both deny the newest records. A counter alone is a
    fault of the device, to be reported as such.
    """
    days, ends = typed_view(table, "DAY"), typed_view(table, "SEN")
    size = len(table)
    seconds = np.zeros(size, dtype=np.int64)
    seconds[ends.rows] = ends.columns["seconds"]
    unknown = np.cumsum(seconds == MISSING)
    summed = np.cumsum(np.maximum(seconds, 0))
    known = (days.columns["lifetime_seconds"] != MISSING) & (days.columns["day"] != MISSING)
    rows = days.rows[known]
    life, day = (days.columns[name][known] for name in ("lifetime_seconds", "day"))
    part, tick = table.part[rows], table.tick[rows]
    same = (np.diff(part) == 0) & (np.diff(unknown[rows]) == 0)
    counted = same & (np.abs(np.diff(life) - np.diff(summed[rows])) > COUNTER_SLACK_S)
    ticked = (np.diff(table.boot[rows]) == 0) & (tick[1:] != MISSING) & (tick[:-1] != MISSING)
    stepped = ticked & (np.abs(np.diff(tick) - DAY_S * np.diff(day)) > DAILY_SLACK_S)
    denied = np.zeros(len(headers), dtype=np.bool_)
    offset = np.where(table.clock[rows] == NO_TIME, NO_TIME, table.clock[rows] - tick)
    set_ = np.diff(np.cumsum(table.code == TYPE_CODES["CLK"])[rows]) > 0
    moved = ticked & ~set_ & (offset[1:] != NO_TIME) & (offset[:-1] != NO_TIME)
    moved &= np.abs(offset[1:] - offset[:-1]) > UNEXPLAINED_S
    # Without the counter, ticks and clock together need a day number that falls.
    fallen = same & stepped & moved & (np.diff(day) <= 0)
    denied[part[1:][(counted & (stepped | moved)) | fallen]] = True
    fell = (np.diff(table.part) == 0) & (np.diff(table.boot) < 0) & (np.diff(table.seq) > 0)
    denied[table.part[1:][fell]] = True
    for at in np.flatnonzero(counted & (np.diff(table.boot[rows]) > 0)).tolist():
        index = int(part[at])
        denied[index] |= bool(day[at + 1] <= day[at])
        denied[index] |= _other_boot(table, headers[index], int(rows[at]), int(rows[at + 1]))
    started = np.maximum.accumulate(np.where(table.code == TYPE_CODES["SST"], np.arange(size), -1))
    newest = np.searchsorted(part, np.arange(len(headers)), side="right") - 1
    for index, header in enumerate(headers):
        at, last = int(newest[index]), int(bounds[index + 1]) - 1
        if header.syncs and last >= int(bounds[index]):
            reached = max(sync.boot for sync in header.syncs)
            denied[index] |= bool(table.boot[bounds[index] : last + 1].max() > reached)
        if header.life_seconds is None or at < 0 or int(part[at]) != index:
            continue
        rest = header.life_seconds - int(life[at]) - int(summed[last] - summed[rows[at]])
        running = (table.code[started[last] : last + 1] != TYPE_CODES["SEN"]).all()
        most = SESSION_LIMIT_S if running else COUNTER_SLACK_S
        whole = unknown[last] == unknown[rows[at]]
        if whole and not -COUNTER_SLACK_S <= rest <= most:
            rows_of_both = (last, int(rows[at]))
            denied[index] |= any(_other_clock(table, header, row) for row in rows_of_both)
    return denied


def _other_boot(table: RecordTable, header: Header, low: int, high: int) -> bool:
    """Whether the clock before a change of boot is of another time than the boot."""
    edge = low + int(np.flatnonzero(np.diff(table.boot[low : high + 1]))[0])
    clock = int(table.clock[edge])
    zero = [s.utc - s.tick for s in header.syncs if s.boot == int(table.boot[edge + 1])]
    return bool(zero) and clock != NO_TIME and not near_boot(clock, zero[0])


def _other_clock(table: RecordTable, header: Header, row: int) -> bool:
    """Whether a record is of another boot than the sync records, or of another clock."""
    if header.syncs and int(table.boot[row]) != max(sync.boot for sync in header.syncs):
        return True
    clock, tick = int(table.clock[row]), int(table.tick[row])
    offsets = [
        sync.clock - sync.tick
        for sync in header.syncs
        if sync.boot == int(table.boot[row]) and sync.clock != NO_TIME
    ]
    if clock == NO_TIME or tick == MISSING or not offsets:
        return False
    return bool(abs(clock - tick - offsets[0]) > UNEXPLAINED_S)
