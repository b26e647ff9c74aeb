"""Judging a device's only clock by the order of its records.

Such a clock may be reset to its default, set forward or back, or a stamp may be damaged. Records
are in the order of writing; the longest run of stamps that never falls shows which to rely on.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.clock.times import DAY_S, NO_TIME

if TYPE_CHECKING:
    from multifidus.devicelogs.clock.times import BoolArray, IntArray

__all__ = ["ClockJudgement", "judge_clock"]


@dataclass(frozen=True)
class ClockJudgement:
    """What the order of stamps says of each.

    ``known`` stamps can be read. ``ordered`` ones belong to the longest run that never falls.
    ``placed`` ones do, or stray from it by less than a day, as after a change of zone or of
    daylight saving. ``reset`` stamps lie before any such device was made. ``largest_step_s`` is the
    largest step back among placed ones.
    """

    known: BoolArray
    ordered: BoolArray
    placed: BoolArray
    reset: BoolArray
    largest_step_s: int

    @property
    def displaced(self) -> BoolArray:
        """Stamps that contradict the order of writing, those of a reset clock left out."""
        return self.known & ~self.ordered & ~self.reset


def judge_clock(times: IntArray, earliest: int) -> ClockJudgement:
    """Judge the stamps of records in the order of writing.

    Parameters
    ----------
    times
        Seconds since 1970, ``NO_TIME`` where a stamp cannot be read.
    earliest
        No device of this kind was in use before; seconds since 1970.

    Returns
    -------
    ClockJudgement
    """
    known = times != NO_TIME
    reset = known & (times < earliest)
    rows = np.flatnonzero(known & ~reset)
    ordered = np.zeros(len(times), dtype=np.bool_)
    ordered[rows[_longest_run(times[rows].tolist())]] = True
    stamps = times[rows]
    within = ordered[rows]
    # Each stamp against the ordered ones before and after it.
    low = np.maximum.accumulate(np.where(within, stamps, NO_TIME)) if len(rows) else stamps
    top = np.iinfo(np.int64).max
    after = np.where(within, stamps, top)[::-1]
    high = np.minimum.accumulate(after)[::-1] if len(rows) else stamps
    early = np.where(low == NO_TIME, 0, np.maximum(low - stamps, 0))
    late = np.where(high == top, 0, np.maximum(stamps - high, 0))
    stray = np.maximum(early, late)
    placed = np.zeros(len(times), dtype=np.bool_)
    placed[rows] = stray < DAY_S
    return ClockJudgement(known, ordered, placed, reset, int(stray[stray < DAY_S].max(initial=0)))


def _longest_run(stamps: list[int]) -> list[int]:
    """Return the indices of the longest run that never falls (patience sorting)."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, stamp in enumerate(stamps):
        place = bisect_right(tails, stamp)
        before.append(ends[place - 1] if place else -1)
        if place == len(tails):
            tails.append(stamp)
            ends.append(index)
        else:
            tails[place], ends[place] = stamp, index
    run: list[int] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        run.append(index)
        index = before[index]
    return run[::-1]
