"""Lifetime counters on either side of each record of one download, found in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.records import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from multifidus.devicelogs.model import Header, IntArray

__all__ = ["NEAR", "Counter", "LifetimeCounters", "SessionFacts"]

NEAR = 512
"""Records within which a counter is looked for; daily records are far closer than that."""


@dataclass(frozen=True)
class Counter:
    """A lifetime counter, and what ended between it and a record: seconds, unknown sessions.

    ``boot``, ``tick`` and ``day`` are those of its daily record; the header's has none.
    """

    life: int
    seconds: int
    unknown: int
    boot: int = MISSING
    tick: int = MISSING
    day: int = MISSING


@dataclass(frozen=True)
class SessionFacts:
    """Of each record of a download, in the order of its numbers.

    ``life`` and ``day`` are those of a daily record, ``seconds`` those of a session's end,
    ``ends`` and ``starts`` mark ends and starts of sessions.
    """

    seq: IntArray
    boot: IntArray
    tick: IntArray
    life: IntArray
    day: IntArray
    seconds: IntArray
    ends: npt.NDArray[np.bool_]
    starts: npt.NDArray[np.bool_]


class LifetimeCounters:
    """The nearest counter below and above each record, among the records of its own group.

    Parameters
    ----------
    facts
        The records of one download.
    group
        Group of each record, 0 for a record of none.
    header
        Header of the download; its counter stands above the newest record.
    """

    def __init__(self, facts: SessionFacts, group: IntArray, header: Header) -> None:
        order = np.argsort(group, kind="stable")
        order = order[group[order] != 0]
        size = len(order)
        place = np.full(len(group), MISSING, dtype=np.int64)
        place[order] = np.arange(size)
        mine = group[order]
        self._facts, self._header = facts, header
        self._order, self._place = order.tolist(), place.tolist()
        seq = facts.seq[order]
        same = np.append([False], mine[1:] == mine[:-1])[:size]
        gap = np.where(same, np.maximum(np.abs(np.diff(seq, prepend=0)) - 1, 0), 0)
        self._gaps = np.cumsum(gap).tolist()
        ends, seconds = facts.ends[order], facts.seconds[order]
        self._seconds = _running(np.where(ends, np.maximum(seconds, 0), 0))
        self._unknown = _running(ends & (seconds == MISSING))
        self._starts = _running(facts.starts[order])
        here = np.arange(size)
        counted = facts.life[order] != MISSING
        below = np.maximum.accumulate(np.where(counted, here, MISSING))
        above = np.minimum.accumulate(np.where(counted, here, size)[::-1])[::-1]
        far = np.append(order, len(group) + NEAR)
        kin = np.append(mine, [0])
        near_below = (below >= 0) & (kin[below] == mine) & (order - far[below] <= NEAR)
        near_above = (kin[above] == mine) & (far[above] - order < NEAR)
        self._below = np.where(near_below, below, MISSING).tolist()
        self._above = np.where(near_above, above, MISSING).tolist()
        self._ended = np.maximum.accumulate(np.where(ends, here, MISSING)).tolist()
        self._group_end = np.searchsorted(mine, mine, side="right").tolist()

    def below(self, index: int) -> Counter | None:
        """Return the counter of the nearest daily record at or below a record.

        A session that has begun after the last end and not ended may have been counted already.
        """
        here = self._place[index]
        at = MISSING if here == MISSING else self._below[here]
        if at == MISSING:
            return None
        unknown = self._gaps[here] - self._gaps[at]
        unknown += self._unknown[here + 1] - self._unknown[at + 1]
        unknown += self._starts[here + 1] - self._starts[max(self._ended[here], at) + 1]
        return self._daily(at, self._seconds[here + 1] - self._seconds[at + 1], unknown)

    def above(self, index: int) -> Counter | None:
        """Return the counter of the nearest daily record at or above a record, or the header's."""
        here = self._place[index]
        if here == MISSING:
            return None
        at = self._above[here]
        if at != MISSING:
            unknown = self._gaps[at] - self._gaps[here] + self._unknown[at] - self._unknown[here]
            return self._daily(at, self._seconds[at] - self._seconds[here], unknown)
        life, last = self._header.life_seconds, self._header.last_seq
        if index + NEAR < len(self._place) or life is None or last is None:
            return None
        end = self._group_end[here]
        unknown = self._gaps[end - 1] - self._gaps[here] + self._unknown[end] - self._unknown[here]
        absent = last - int(self._facts.seq[self._order[end - 1]])
        return Counter(life, self._seconds[end] - self._seconds[here], unknown + absent)

    def _daily(self, at: int, seconds: int, unknown: int) -> Counter:
        facts, row = self._facts, self._order[at]
        columns = (facts.boot, facts.tick, facts.day)
        return Counter(
            int(facts.life[row]), seconds, unknown, *(int(column[row]) for column in columns)
        )


def _running(values: npt.NDArray[np.generic]) -> Sequence[int]:
    """Return sums of the values before each place, and of all."""
    return [0, *np.cumsum(values, dtype=np.int64).tolist()]
