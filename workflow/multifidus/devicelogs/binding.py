"""Binding the records of one download to its sync records, one after the other.

A record is bound by a settable clock that agrees with its tick as the sync records do, or by an
unbroken chain of numbers within blocks that belong together to a record so bound. A chain may
pass over a gap within a whole ring where the lifetime counters and the ticks of the daily records
on both sides of it agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from multifidus.devicelogs.counters import NEAR, LifetimeCounters, SessionFacts
from multifidus.devicelogs.custody import syncs_contradict
from multifidus.devicelogs.layout import SESSION_LIMIT_S
from multifidus.devicelogs.model import NO_TIME
from multifidus.devicelogs.records import MISSING, rows_of, typed_view

if TYPE_CHECKING:
    from multifidus.devicelogs.counters import Counter
    from multifidus.devicelogs.model import Header, IntArray
    from multifidus.devicelogs.records import RecordTable

BoolArray = npt.NDArray[np.bool_]

__all__ = [
    "COUNTER_SLACK_S",
    "DAILY_SLACK_S",
    "DAY_S",
    "SUFFIX",
    "UNEXPLAINED_S",
    "UNTIDY",
    "WHOLE_RING",
    "Binding",
    "Facts",
    "near_boot",
    "read_facts",
]

UNTIDY, WHOLE_RING, SUFFIX = 0, 1, 2
"""What vouches for a record: nothing; a block that verifies within blocks that tile the declared
ring; a block that verifies, and those after it up to the ring's last number. A higher number is
that of a damaged block within a whole ring, a negative one of a block that stands alone.
"""

UNEXPLAINED_S = 5400
"""Largest change of the clock offset that a lost clock record may explain: an hour of daylight
saving and a year's drift stay below it; two devices powered on at other times do not."""

DAY_S = 86_400
COUNTER_SLACK_S = 5
"""Seconds by which a lifetime counter and its records may differ."""

DAILY_SLACK_S = 300
"""Ticks by which daily records may stray from whole days; a year's drift stays below it."""

_FEW = 4
"""Absent records over which counters of two boots still tell one device from another."""

_NEAR_BOOT_S = 2 * DAY_S
"""Longest time from a stamped record to the boot that follows it; daily records come between."""

_CLOCK_AHEAD_S = 7200
"""Seconds by which a settable clock may be ahead of UTC without being another device's."""


def _clock_changes(table: RecordTable) -> dict[int, int | None]:
    """Change of the clock by row of a CLK record, in seconds; ``None`` when not known."""
    view = typed_view(table, "CLK")
    changes: dict[int, int | None] = {}
    old, new = view.columns["old"].tolist(), view.columns["new"].tolist()
    for row, before, after in zip(view.rows.tolist(), old, new, strict=True):
        changes[row] = None if NO_TIME in {before, after} else after - before
    return changes


@dataclass(frozen=True)
class Facts:
    """By row of the table: change of the clock, starts, seconds, lifetime seconds, day number."""

    shifts: dict[int, int | None]
    starts: frozenset[int]
    seconds: dict[int, int]
    life: dict[int, int]
    day: dict[int, int]


def read_facts(table: RecordTable) -> Facts:
    """Take from a records table what binding asks of it."""
    ends, days = typed_view(table, "SEN"), typed_view(table, "DAY")
    seconds = zip(ends.rows.tolist(), ends.columns["seconds"].tolist(), strict=True)
    rows = days.rows.tolist()
    life = dict(zip(rows, days.columns["lifetime_seconds"].tolist(), strict=True))
    day = dict(zip(rows, days.columns["day"].tolist(), strict=True))
    starts = frozenset(rows_of(table, "SST").tolist())
    return Facts(_clock_changes(table), starts, dict(seconds), life, day)


def near_boot(clock: int, zero: int) -> bool:
    """Whether a clock can be that of the last records before a boot at UTC ``zero``."""
    return -_CLOCK_AHEAD_S <= zero - clock <= _NEAR_BOOT_S


def _rest(below: Counter, above: Counter) -> tuple[int, int]:
    """Seconds between two counters that no record between them explains; sessions not known."""
    rest = above.life - below.life - above.seconds - below.seconds
    return rest, above.unknown + below.unknown


def _daily(below: Counter, above: Counter) -> bool:
    """Whether two daily records of one boot lie whole days of ticks apart."""
    elapsed = above.tick - below.tick - DAY_S * (above.day - below.day)
    return abs(elapsed) <= DAILY_SLACK_S


def _unmixed(tidy: IntArray, boot: IntArray, tick: IntArray) -> IntArray:
    """Take away what vouches for damaged blocks in which time falls while numbers rise.

    Their edges count too: a record that is later than the one after it is not of its block.
    """
    fell = (np.diff(boot) < 0) | ((np.diff(boot) == 0) & (np.diff(tick) < 0))
    mixed = np.concatenate([tidy[1:][fell], tidy[:-1][fell]])
    return np.where(np.isin(tidy, mixed[mixed > SUFFIX]), UNTIDY, tidy)


class Binding:
    """Binds the records of one download, newest to oldest and back again."""

    def __init__(
        self,
        table: RecordTable,
        rows: IntArray,
        tidy: IntArray,
        header: Header,
        facts: Facts,
        *,
        denied: bool = False,
    ) -> None:
        clock, tick = table.clock[rows], table.tick[rows]
        self._seq: list[int] = table.seq[rows].tolist()
        self._boot: list[int] = table.boot[rows].tolist()
        self._tick: list[int] = tick.tolist()
        self._tidy: list[int] = _unmixed(tidy, table.boot[rows], tick).tolist()
        self._rows: list[int] = rows.tolist()
        self._facts = facts
        stamped = (clock != NO_TIME) & (tick != MISSING)
        self._offset: list[int | None] = [
            value if given else None
            for value, given in zip((clock - tick).tolist(), stamped.tolist(), strict=True)
        ]
        self._shift = [facts.shifts.get(row, 0) for row in self._rows]
        self._header = header
        self._denied = denied
        self._whole = bool((tidy == WHOLE_RING).any())
        self._bound = [False] * len(rows)

    @cached_property
    def _counters(self) -> LifetimeCounters:
        """Counters among records that lie in one block, or in blocks that belong together."""
        facts, rows = self._facts, self._rows
        own = SessionFacts(
            seq=np.asarray(self._seq),
            boot=np.asarray(self._boot),
            tick=np.asarray(self._tick),
            life=np.asarray([facts.life.get(row, MISSING) for row in rows]),
            day=np.asarray([facts.day.get(row, MISSING) for row in rows]),
            seconds=np.asarray([facts.seconds.get(row, MISSING) for row in rows]),
            ends=np.asarray([row in facts.seconds for row in rows], dtype=np.bool_),
            starts=np.asarray([row in facts.starts for row in rows], dtype=np.bool_),
        )
        tidy = np.asarray(self._tidy)
        group = (tidy > UNTIDY).astype(np.int64) if self._whole else tidy
        return LifetimeCounters(own, group, self._header)

    def solve(self) -> BoolArray:
        """Return which records are bound."""
        if self._header.syncs and not syncs_contradict(self._header.syncs, UNEXPLAINED_S):
            latest = max(self._header.syncs, key=lambda sync: (sync.boot, sync.tick))
            reached = (latest.boot, latest.tick)
            for newest_first in (True, False, True):
                if not all(self._bound):
                    self._walk(reached, newest_first=newest_first)
        return np.asarray(self._bound, dtype=np.bool_)

    def _walk(self, reached: tuple[int, int], *, newest_first: bool) -> None:
        order = range(len(self._seq))
        boot: int | None = None
        expected: int | None = None
        last: int | None = None
        for index in reversed(order) if newest_first else order:
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
            if not possible or agrees is False:
                fits = False
            else:
                fits = bool(agrees) or self._bound[index]
                fits = fits or self._linked(index, last, reached[0], newest_first=newest_first)
            if fits:
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
        """Whether a record follows the one bound before it, in blocks that belong together.

        Within a whole ring a gap may lie between the two when lifetime counters on both sides
        of it agree.
        """
        if self._tidy[index] == UNTIDY:
            return False
        if last is None:
            return newest_first and self._anchored(index, latest_boot)
        early, late = (index, last) if newest_first else (last, index)
        if (self._boot[early], self._tick[early]) > (self._boot[late], self._tick[late]):
            return False
        if not self._related(early, late):
            return False
        if self._seq[late] - self._seq[early] == 1:
            same = self._tidy[early] == self._tidy[late]
            joined = same or WHOLE_RING in {self._tidy[early], self._tidy[late]}
            joined = joined and not self._left_open(early, late)
            return joined and self._follows(early, late) and not self._strangers(early, late)
        # Over a gap a chain goes on with a daily record: what lies between is bound from there.
        daily = self._facts.life.get(self._rows[index], MISSING) != MISSING
        apart = self._whole and daily and self._seq[late] > self._seq[early]
        return apart and self._agree(early, late) and self._follows_over(early, late)

    def _left_open(self, early: int, late: int) -> bool:
        """Whether a session starts and the next record of its boot is too late to be its end."""
        if self._rows[early] not in self._facts.starts or self._boot[early] != self._boot[late]:
            return False
        return self._tick[late] - self._tick[early] > SESSION_LIMIT_S + COUNTER_SLACK_S

    def _related(self, one: int, two: int) -> bool:
        """Whether two records lie in one block, or in blocks that belong together."""
        if self._whole:
            return min(self._tidy[one], self._tidy[two]) > UNTIDY
        return self._tidy[one] == self._tidy[two] != UNTIDY

    def _anchored(self, index: int, latest_boot: int) -> bool:
        """Whether the header binds a record as the newest of its ring.

        It needs the boot of the sync, and the header's lifetime counter must not contradict
        its block's; where newer records are absent, it must agree.
        """
        absent = (self._header.last_seq or 0) - self._seq[index]
        if self._boot[index] != latest_boot or absent < 0 or (absent and not self._whole):
            return False
        below, life = self._counters.below(index), self._header.life_seconds
        if below is None or life is None:
            return not absent
        # The newest records are those of the visit: no session ends among absent ones.
        most = COUNTER_SLACK_S + (0 if absent else SESSION_LIMIT_S * below.unknown)
        return absent <= _FEW // 2 and -COUNTER_SLACK_S <= life - below.life - below.seconds <= most

    def _follows(self, early: int, late: int, *, known: bool = False) -> bool:
        """Whether the clock before a change of boot is one of the time before that boot.

        Over a gap that must be known; elsewhere it must not be denied.
        """
        if self._boot[early] == self._boot[late]:
            return True
        zero = [s.utc - s.tick for s in self._header.syncs if s.boot == self._boot[late]]
        offset = self._offset[early]
        if not zero or offset is None:
            return not known
        return near_boot(offset + self._tick[early], zero[0])

    def _follows_over(self, early: int, late: int) -> bool:
        """Whether a change of boot within a gap is one in time, at its last record before too."""
        boot = self._boot[early]
        edge = early
        for at in range(min(early, late), max(early, late)):
            if self._boot[at] == boot and self._related(at, early):
                edge = at if self._seq[at] > self._seq[edge] else edge
        return self._follows(early, late, known=True) and self._follows(edge, late, known=True)

    def _strangers(self, early: int, late: int) -> bool:
        """Whether the lifetime counter denies that one follows the other.

        Within a boot the daily ticks must deny it too, for one alone is a fault of the device;
        in a block that does not verify, or a download that denies itself, one is enough.
        """
        below, above = self._counters.below(early), self._counters.above(late)
        if below is None or above is None:
            return False
        rest, unknown = _rest(below, above)
        denied = not -COUNTER_SLACK_S <= rest <= COUNTER_SLACK_S + SESSION_LIMIT_S * unknown
        stepped = below.boot == above.boot and not _daily(below, above)
        if self._denied or max(self._tidy[early], self._tidy[late]) > SUFFIX:
            return denied or stepped
        return denied and (stepped or below.boot != above.boot)

    def _agree(self, early: int, late: int) -> bool:
        """Whether counters and daily ticks on both sides of a gap say that it is one life."""
        if abs(late - early) > NEAR:
            return False
        below, above = self._counters.below(early), self._counters.above(late)
        if below is None or above is None:
            return False
        rest, unknown = _rest(below, above)
        seconds, absent = self._between(early, late)
        rest, unknown = rest - seconds, unknown + absent
        same = below.boot == above.boot
        fits = _daily(below, above) if same else unknown <= _FEW
        return fits and -COUNTER_SLACK_S <= rest <= COUNTER_SLACK_S + SESSION_LIMIT_S * unknown

    def _between(self, early: int, late: int) -> tuple[int, int]:
        """Seconds of the sessions that end between two records, and how much is not known."""
        low, high = min(early, late) + 1, max(early, late)
        inside = [at for at in range(low, high) if self._related(at, early)]
        ended = [self._facts.seconds.get(self._rows[at], 0) for at in inside]
        present = len({self._seq[at] for at in inside} - {self._seq[early], self._seq[late]})
        absent = self._seq[late] - self._seq[early] - 1 - present
        return sum(max(value, 0) for value in ended), absent + ended.count(MISSING)

    def _reference(self, boot: int) -> int | None:
        for sync in self._header.syncs:
            if sync.boot == boot and sync.clock != NO_TIME:
                return sync.clock - sync.tick
        return None
