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

from multifidus.devicelogs.binding import WHOLE_RING, Binding, read_facts
from multifidus.devicelogs.denial import denied_downloads
from multifidus.devicelogs.records import MISSING

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
    denied = denied_downloads(table, headers, bounds)
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
