"""Checks of a merged log against itself: clock events, erasures, overlaps, daily records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.clock.times import MISSING, NO_TIME, at_default
from multifidus.devicelogs.formats.ipglog.layout import AGREE_S, RECORD_TYPES, TYPE_CODES
from multifidus.devicelogs.formats.ipglog.records import rows_of, typed_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from multifidus.devicelogs.findings import FaultLog
    from multifidus.devicelogs.formats.ipglog.records import MergedRecords

__all__ = ["note_implausible"]

_JUMP_S, _JUMP_RATE = 60, 1e-3
"""A clock that departs from the ticks by more was set: seconds, and a share of the time passed."""


def note_implausible(
    merged: MergedRecords, sessions: pd.DataFrame, faults: Sequence[FaultLog]
) -> None:
    """Report what the log says of itself: faults 16, 17, 18, 26, 28, 29, 30, 32 and 33.

    Parameters
    ----------
    merged
        Records of all devices in order.
    sessions
        As :func:`~multifidus.devicelogs.formats.ipglog.sessions.build_sessions` gives them.
    faults
        Per device.
    """
    _note_values(merged, faults)
    _note_clock_changes(merged, faults)
    _note_erasures(merged, faults)
    _note_prescription(merged, faults)
    _note_overlaps(sessions, faults)
    _note_daily(merged, faults)


def _note_values(merged: MergedRecords, faults: Sequence[FaultLog]) -> None:
    table = merged.table
    for record_type in RECORD_TYPES:
        for value in typed_view(table, record_type).bad:
            seq = int(table.seq[value.row])
            faults[int(merged.device[value.row])].add(
                value.fault, f"{record_type} value taken out: {value.column}", seqs=(seq, seq)
            )
    for row in np.flatnonzero(table.code == 0).tolist():
        seq = int(table.seq[row])
        faults[int(merged.device[row])].add(
            33, "a record of an unknown type is kept as it is", seqs=(seq, seq)
        )


def _note_clock_changes(merged: MergedRecords, faults: Sequence[FaultLog]) -> None:
    view = typed_view(merged.table, "CLK")
    action = view.columns["action"]
    for code, number, detail in (
        (0, 18, "the clock was set; ticks keep order and time"),
        (1, 17, "the clock was reset; times come from ticks and sync records"),
    ):
        for row in view.rows[action == code].tolist():
            seq = int(merged.table.seq[row])
            faults[int(merged.device[row])].add(number, detail, seqs=(seq, seq))
    _note_clock_jumps(merged, faults)


def _note_clock_jumps(merged: MergedRecords, faults: Sequence[FaultLog]) -> None:
    """Report clocks that jump against the ticks, or are at their default, with no CLK record."""
    table = merged.table
    if len(table) < 2:  # noqa: PLR2004
        return
    recorded = table.code == TYPE_CODES["CLK"]
    beside = (
        (np.diff(merged.device) == 0) & ~recorded[1:] & ~recorded[:-1] & (table.tick[1:] != MISSING)
    )
    same = beside & (np.diff(table.boot) == 0) & (table.tick[:-1] != MISSING)
    stamped = table.clock != NO_TIME
    clock = np.where(stamped, table.clock, 0)
    passed = np.diff(table.tick)
    jump = np.abs(np.diff(clock) - passed) > _JUMP_S + np.abs(passed) * _JUMP_RATE
    jump &= same & stamped[1:] & stamped[:-1] & (passed >= 0)
    # The default clock counts from its epoch no longer than the boot has lasted.
    default = ~stamped[1:] | at_default(clock[1:], table.tick[1:])
    booted = beside & (np.diff(table.boot) > 0) & stamped[:-1] & default
    booted |= jump & default
    for number, mask, detail in (
        (17, booted, "the clock is unset or at its default; times come from ticks and syncs"),
        (18, jump & ~booted, "the clock jumps and no record says so; ticks keep order and time"),
    ):
        for row in (np.flatnonzero(mask) + 1).tolist():
            seq = int(table.seq[row])
            faults[int(merged.device[row])].add(number, detail, seqs=(seq, seq))


def _note_erasures(merged: MergedRecords, faults: Sequence[FaultLog]) -> None:
    for row in rows_of(merged.table, "ERA").tolist():
        seq = int(merged.table.seq[row])
        faults[int(merged.device[row])].add(
            16, "earlier records not held by another download are unobserved", seqs=(seq, seq)
        )


def _note_prescription(merged: MergedRecords, faults: Sequence[FaultLog]) -> None:
    rows = rows_of(merged.table, "PRG")
    names = merged.table.texts(1, rows).to_pylist()
    old = merged.table.texts(2, rows).to_pylist()
    new = merged.table.texts(3, rows).to_pylist()
    for row, name, before, after in zip(rows.tolist(), names, old, new, strict=True):
        if name in {"SES", "NPD"} and before and before != after:
            seq = int(merged.table.seq[row])
            faults[int(merged.device[row])].add(
                32, "the prescribed maximum changes from the next day on", seqs=(seq, seq)
            )


def _note_overlaps(sessions: pd.DataFrame, faults: Sequence[FaultLog]) -> None:
    placed = sessions[sessions["start_s"] != NO_TIME]
    placed = placed.sort_values(["device", "start_s"], kind="stable")
    device = placed["device"].to_numpy(dtype=np.int64)
    begin = placed["start_s"].to_numpy(dtype=np.int64)
    end = begin + placed["seconds_lower"].to_numpy(dtype=np.int64)
    stride = np.int64(1) << 36
    reached = np.maximum.accumulate(end + device * stride) - device * stride
    over = np.flatnonzero(begin[1:] < np.where(np.diff(device) == 0, reached[:-1], 0) - AGREE_S)
    first = placed["seq_start"].where(placed["seq_start"] != MISSING, placed["seq_end"])
    numbers = first.to_numpy(dtype=np.int64)
    for row in over.tolist():
        pair = sorted((int(numbers[row]), int(numbers[row + 1])))
        faults[int(device[row])].add(
            26, "time that sessions share counts once", seqs=(pair[0], pair[1])
        )


def _note_daily(merged: MergedRecords, faults: Sequence[FaultLog]) -> None:
    """Compare each daily record with the sessions that ended since the one before it."""
    table = merged.table
    days, ends = typed_view(table, "DAY"), typed_view(table, "SEN")
    if len(days.rows) < 2:  # noqa: PLR2004
        return
    seconds = np.zeros(len(table), dtype=np.int64)
    unknown = np.zeros(len(table), dtype=np.int64)
    seconds[ends.rows] = np.maximum(ends.columns["seconds"], 0)
    unknown[ends.rows] = ends.columns["seconds"] == MISSING
    count = np.cumsum(table.code == TYPE_CODES["SEN"])
    low, high = days.rows[:-1], days.rows[1:]
    whole = (
        (merged.device[low] == merged.device[high])
        & (table.seq[high] - table.seq[low] == high - low)
        & (days.columns["day"][1:] == days.columns["day"][:-1] + 1)
        & (np.cumsum(unknown)[high] == np.cumsum(unknown)[low])
        & (days.columns["seconds"][1:] != MISSING)
        & (days.columns["sessions"][1:] != MISSING)
    )
    summed = np.cumsum(seconds)
    off = np.abs(summed[high] - summed[low] - days.columns["seconds"][1:]) > AGREE_S
    off |= count[high] - count[low] != days.columns["sessions"][1:]
    for row in np.flatnonzero(whole & off).tolist():
        span = (int(table.seq[low[row]]), int(table.seq[high[row]]))
        faults[int(merged.device[high[row]])].add(
            30, "both are reported; figures use the sessions", seqs=span
        )
