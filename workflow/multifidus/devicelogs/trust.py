"""Records that cannot be shown to be this device's are not used.

A line's checksum says that the line is whole, not whose it is. Where a download is complete and
every block verifies, nothing could have been slipped in. Elsewhere each record must be bound to
the download's own sync records: by a settable clock that agrees with its tick as the sync
records do, or by an unbroken chain of numbers within tidy blocks to a record so bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from multifidus.devicelogs.custody import syncs_contradict
from multifidus.devicelogs.model import NO_TIME
from multifidus.devicelogs.records import MISSING, typed_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.findings import FaultLog
    from multifidus.devicelogs.model import Header, IntArray
    from multifidus.devicelogs.records import RecordTable

BoolArray = npt.NDArray[np.bool_]

__all__ = ["UNEXPLAINED_S", "refuse_strangers"]

UNEXPLAINED_S = 5400
"""Largest change of the clock offset that a lost clock record may explain: an hour of daylight
saving and a year's drift stay below it; two devices powered on at other times do not."""


def refuse_strangers(
    table: RecordTable,
    headers: Sequence[Header],
    tidy: Sequence[BoolArray | IntArray | None],
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
        Per download ``None`` when it is complete, else for each of its records 0 when it lies
        in no whole block, or a number: records of one number may be bound by their sequence.

    Returns
    -------
    numpy.ndarray
        Mask of records that must not be used; each download reports them as fault 12.
    """
    refused = np.zeros(len(table), dtype=np.bool_)
    bounds = np.searchsorted(table.part, np.arange(len(headers) + 1))
    shifts = _clock_changes(table)
    for part, header in enumerate(headers):
        in_tidy_block = tidy[part]
        if in_tidy_block is None:
            continue
        begin = int(bounds[part])
        rows = np.arange(begin, bounds[part + 1])
        rows = rows[table.seq[rows] != MISSING]
        rows = rows[np.argsort(table.seq[rows], kind="stable")]
        if not len(rows):
            continue
        bound = _Binding(table, rows, in_tidy_block[rows - begin], header, shifts).solve()
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


def _clock_changes(table: RecordTable) -> dict[int, int | None]:
    """Change of the clock by row of a CLK record, in seconds; ``None`` when not known."""
    view = typed_view(table, "CLK")
    changes: dict[int, int | None] = {}
    old, new = view.columns["old"].tolist(), view.columns["new"].tolist()
    for row, before, after in zip(view.rows.tolist(), old, new, strict=True):
        changes[row] = None if NO_TIME in {before, after} else after - before
    return changes


class _Binding:
    """Binds the records of one download, newest to oldest and back again."""

    def __init__(
        self,
        table: RecordTable,
        rows: IntArray,
        tidy: BoolArray | IntArray,
        header: Header,
        shifts: dict[int, int | None],
    ) -> None:
        clock, tick = table.clock[rows], table.tick[rows]
        self._seq: list[int] = table.seq[rows].tolist()
        self._boot: list[int] = table.boot[rows].tolist()
        self._tick: list[int] = tick.tolist()
        self._tidy: list[int] = tidy.astype(np.int64).tolist()
        stamped = (clock != NO_TIME) & (tick != MISSING)
        self._offset: list[int | None] = [
            value if given else None
            for value, given in zip((clock - tick).tolist(), stamped.tolist(), strict=True)
        ]
        self._shift = [shifts.get(row, 0) for row in rows.tolist()]
        self._header = header
        self._bound = [False] * len(rows)

    def solve(self) -> BoolArray:
        """Return which records are bound."""
        if self._header.syncs and not syncs_contradict(self._header.syncs, UNEXPLAINED_S):
            latest = max(self._header.syncs, key=lambda sync: (sync.boot, sync.tick))
            reached = (latest.boot, latest.tick)
            self._walk(range(len(self._seq) - 1, -1, -1), reached, newest_first=True)
            self._walk(range(len(self._seq)), reached, newest_first=False)
        return np.asarray(self._bound, dtype=np.bool_)

    def _walk(self, order: range, reached: tuple[int, int], *, newest_first: bool) -> None:
        boot: int | None = None
        expected: int | None = None
        last: int | None = None
        for index in order:
            if self._boot[index] != boot:
                boot = self._boot[index]
                expected = self._reference(boot) if newest_first else None
            if not newest_first:
                expected = self._shifted(expected, index, 1)
            offset = self._offset[index]
            possible = (self._boot[index], self._tick[index]) <= reached
            agrees = None
            if offset is not None and expected is not None:
                agrees = abs(offset - expected) <= UNEXPLAINED_S
            linked = self._linked(index, last, reached[0], newest_first=newest_first)
            if possible and agrees is not False and (agrees or linked or self._bound[index]):
                self._bound[index] = True
                last = index
                expected = offset if offset is not None else expected
            if newest_first:
                expected = self._shifted(expected, index, -1)

    def _shifted(self, expected: int | None, index: int, sign: int) -> int | None:
        shift = self._shift[index]
        if expected is None or shift == 0:
            return expected
        return None if shift is None else expected + sign * shift

    def _linked(
        self, index: int, last: int | None, latest_boot: int, *, newest_first: bool
    ) -> bool:
        """Whether the record next in number is bound, both in tidy blocks, ticks in order.

        The newest record of the ring is bound by the header when it has the boot of the sync.
        """
        if not self._tidy[index]:
            return False
        if last is None:
            newest = self._seq[index] == self._header.last_seq
            return newest_first and newest and self._boot[index] == latest_boot
        if abs(self._seq[index] - self._seq[last]) != 1 or self._tidy[last] != self._tidy[index]:
            return False
        early, late = (index, last) if newest_first else (last, index)
        return (self._boot[early], self._tick[early]) <= (self._boot[late], self._tick[late])

    def _reference(self, boot: int) -> int | None:
        for sync in self._header.syncs:
            if sync.boot == boot and sync.clock != NO_TIME:
                return sync.clock - sync.tick
        return None
