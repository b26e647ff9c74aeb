"""Merging the downloads of one device, and accounting for every sequence number."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.clock.times import MISSING
from multifidus.devicelogs.formats.ipglog.records import MergedRecords, SeqGap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from multifidus.devicelogs.clock.times import IntArray
    from multifidus.devicelogs.findings import FaultLog
    from multifidus.devicelogs.formats.ipglog.frames import Download
    from multifidus.devicelogs.formats.ipglog.records import RecordTable

__all__ = ["account_for_sequence", "merge_downloads"]


def merge_downloads(
    table: RecordTable,
    downloads: Sequence[Download],
) -> MergedRecords:
    """Take the union of all downloads by (device, sequence number).

    Equal records merge; of unequal ones with one number none is used, and both are damaged.
    Numbers outside the ring that the header declares are not used.
    """
    device_of = np.asarray([item.device for item in downloads], dtype=np.int64)
    faults = [item.faults for item in downloads]
    first = np.asarray([_or(item.header.first_seq, 0) for item in downloads], dtype=np.int64)
    last = np.asarray([_or(item.header.last_seq, 1 << 40) for item in downloads], dtype=np.int64)
    owner = device_of[table.part] if len(table) else np.zeros(0, dtype=np.int64)
    inside = (table.seq >= first[table.part]) & (table.seq <= last[table.part])
    _note_strays(table, inside, faults)
    _note_order(table, faults)
    rows = np.flatnonzero(inside & (owner != MISSING) & (table.seq != MISSING))
    order = rows[np.lexsort((table.part[rows], table.seq[rows], owner[rows]))]
    same = np.zeros(len(order), dtype=np.bool_)
    same[1:] = (owner[order[1:]] == owner[order[:-1]]) & (
        table.seq[order[1:]] == table.seq[order[:-1]]
    )
    unequal = np.zeros(len(order), dtype=np.bool_)
    unequal[1:] = same[1:] & (table.check[order[1:]] != table.check[order[:-1]])
    group = np.cumsum(~same)
    conflict = np.isin(group, group[unequal])
    _note_repeats(table, order, same & ~conflict, faults)
    _note_conflicts(table, order[conflict], downloads)
    chosen = order[~same & ~conflict]
    return MergedRecords(table.take(chosen), owner[chosen])


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _by_part(table: RecordTable, rows: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Yield each download among some rows, and the numbers of its records."""
    parts = table.part[rows]
    order = np.argsort(parts, kind="stable")
    found, begins = np.unique(parts[order], return_index=True)
    numbers = np.split(table.seq[rows[order]], begins[1:])
    yield from zip(found.tolist(), numbers, strict=len(rows) > 0)


def _note_strays(table: RecordTable, inside: np.ndarray, faults: Sequence[FaultLog]) -> None:
    for part, numbers in _by_part(table, np.flatnonzero(~inside & (table.seq != MISSING))):
        faults[part].add(
            11,
            "records outside the ring that the header declares; not used",
            seqs=(int(numbers.min()), int(numbers.max())),
            count=len(numbers),
            outcome="reject",
        )


def _note_order(table: RecordTable, faults: Sequence[FaultLog]) -> None:
    """Report numbers that fall: out of order when ticks fall with them, else a restart."""
    back = np.flatnonzero((np.diff(table.part) == 0) & (np.diff(table.seq) < 0))
    known = (table.tick[back] != MISSING) & (table.tick[back + 1] != MISSING)
    later = np.diff(table.boot)[back] > 0
    later |= (np.diff(table.boot)[back] == 0) & (np.diff(table.tick)[back] > 0)
    for row in back[known & later & (table.seq[back + 1] != MISSING)].tolist():
        faults[int(table.part[row])].add(
            11,
            "numbers begin anew while time goes on, with no erasure that says so",
            seqs=(int(table.seq[row + 1]), int(table.seq[row])),
        )
    back = back[~(known & later)]
    after = dict(_by_part(table, back + 1))
    for part, before in _by_part(table, back):
        faults[part].add(
            10,
            "read in the order of the sequence numbers",
            seqs=(int(after[part].min()), int(before.max())),
            count=len(before),
        )


def _note_repeats(
    table: RecordTable, order: IntArray, repeat: np.ndarray, faults: Sequence[FaultLog]
) -> None:
    rows = np.flatnonzero(repeat)
    within = table.part[order[rows]] == table.part[order[rows - 1]]
    for number, mask, detail in (
        (8, within, "present twice in one download; used once"),
        (13, ~within, "also held by an earlier download; merged"),
    ):
        for part, numbers in _by_part(table, order[rows[mask]]):
            faults[part].add(
                number,
                detail,
                seqs=(int(numbers.min()), int(numbers.max())),
                count=len(numbers),
            )


def _note_conflicts(
    table: RecordTable,
    rows: IntArray,
    downloads: Sequence[Download],
) -> None:
    for part in np.unique(table.part[rows]).tolist():
        for seq in np.unique(table.seq[rows[table.part[rows] == part]]).tolist():
            downloads[part].faults.add(
                9, "different records with one sequence number; none used", seqs=(seq, seq)
            )
            downloads[part].damaged.append(seq)


def account_for_sequence(
    merged: MergedRecords,
    downloads: Sequence[Download],
    devices: int,
) -> tuple[list[SeqGap], list[int]]:
    """Say of each absent sequence number, from 1 to the last known, why it is absent.

    Returns
    -------
    gaps, last numbers
        Gaps sorted by device and number; with the present numbers they tile 1 to the last
        number known of each of so many devices, from its records or from its header.
    """
    gaps: list[SeqGap] = []
    latest: list[int] = []
    bounds = np.searchsorted(merged.device, np.arange(devices + 1))
    for device in range(devices):
        own = [item for item in downloads if item.device == device]
        present = merged.table.seq[bounds[device] : bounds[device + 1]]
        last = max([_or(item.header.last_seq, 0) for item in own], default=0)
        last = max(last, int(present[-1]) if len(present) else 0)
        latest.append(last)
        edges = np.concatenate(([0], present, [last + 1]))
        holes = np.flatnonzero(np.diff(edges) > 1)
        rings = [(item.header.first_seq, item.header.last_seq) for item in own]
        broken = sorted({seq for item in own for seq in item.damaged})
        for hole in holes.tolist():
            span = (int(edges[hole]) + 1, int(edges[hole + 1]) - 1)
            inside = broken[bisect_left(broken, span[0]) : bisect_right(broken, span[1])]
            gaps.extend(_classify(device, span, rings, inside))
    return gaps, latest


def _classify(
    device: int,
    span: tuple[int, int],
    rings: Sequence[tuple[int | None, int | None]],
    broken: Sequence[int],
) -> list[SeqGap]:
    """Cut one hole where its status changes; ``broken`` are the damaged numbers in it."""
    first, last = span
    cuts = {first, last + 1}
    for low, high in rings:
        if low is not None and high is not None:
            cuts |= {low, high + 1}
    for seq in broken:
        cuts |= {seq, seq + 1}
    torn = set(broken)
    edges = sorted(cut for cut in cuts if first <= cut <= last + 1)
    result: list[SeqGap] = []
    for low, after in pairwise(edges):
        held = any(begin is None or end is None or (begin <= low <= end) for begin, end in rings)
        status = "damaged" if low in torn else ("missing" if held else "lost to wrap")
        if result and result[-1].status == status:
            result[-1] = SeqGap(device, result[-1].first, after - 1, status)
        else:
            result.append(SeqGap(device, low, after - 1, status))
    return result
