"""Pairing stimulation starts and stops, with bounds, by the device's only clock.

Entries have neither numbers nor checksums. A session is certain when its start and stop follow each
other, nothing between or beside them is damaged or out of order, and it is no longer than
:data:`LONGEST_CERTAIN_S`: a stop and the next start may be lost together, and what looks like one
long session is then two short ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.clock.steps import judge_clock
from multifidus.devicelogs.clock.times import DAY_S, MISSING, NO_TIME, parse_iso
from multifidus.devicelogs.formats.opennerve.entries import BOOTS, SUB_SECONDS
from multifidus.devicelogs.formats.single import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multifidus.devicelogs.clock.steps import ClockJudgement
    from multifidus.devicelogs.clock.times import FloatArray
    from multifidus.devicelogs.findings import FaultLog
    from multifidus.devicelogs.formats.opennerve.scan import Entries

__all__ = ["CLOCK_ONLY_S", "EARLIEST", "LONGEST_CERTAIN_S", "Timeline", "build_sessions"]

EARLIEST = parse_iso("2015-01-01T00:00:00Z") or 0
"""No OpenNerve implant was in use before: a clock that says so was reset."""

CLOCK_ONLY_S = 7200
LONGEST_CERTAIN_S = 4 * 3600
_EVENTS = BOOTS | {"SS", "SE"}


@dataclass(frozen=True)
class Timeline:
    """The entries of a log in time: what the clock says, and how far it can be relied on."""

    at: FloatArray
    clock: ClockJudgement
    entries: Entries

    @classmethod
    def of(cls, entries: Entries, faults: FaultLog) -> Timeline:
        """Judge the clock of a log; report resets (17) and steps back (18)."""
        time = entries.records["time"].to_numpy(dtype=np.int64)
        clock = judge_clock(time, EARLIEST)
        sub = entries.records["sub"].to_numpy(dtype=np.float64) / SUB_SECONDS
        at = np.where(time == NO_TIME, np.nan, time + sub)
        if clock.reset.any():
            detail = "the clock is at its default; these entries have no place in time"
            faults.add(17, detail, count=int(clock.reset.sum()))
        known = at[~np.isnan(at) & ~clock.reset]
        back = int((np.diff(known) < 0).sum())
        if back:
            detail = "the clock steps back; entries stay in the order of writing"
            faults.add(18, detail, count=back)
        return cls(at, clock, entries)

    @property
    def uncertainty_s(self) -> float:
        """Half width of the times that the clock gives, seconds."""
        return float(max(CLOCK_ONLY_S, self.clock.largest_step_s))

    def observed(self) -> list[tuple[int, int]]:
        """Return stretches in which an entry follows the other and nothing is damaged."""
        windows: list[tuple[int, int]] = []
        placed = self.clock.placed
        for before, after in pairwise(range(len(self.at))):
            low, high = self.at[before], self.at[after]
            whole = placed[before] and placed[after] and not self.entries.broken[after]
            if not whole or not low <= high:
                continue
            if windows and windows[-1][1] == floor(low):
                windows[-1] = (windows[-1][0], floor(high))
            else:
                windows.append((floor(low), floor(high)))
        if not windows and placed.any():
            first = floor(self.at[np.flatnonzero(placed)[0]])
            windows.append((first, first))
        return windows

    def certain(self, start: int, stop: int) -> bool:
        """Whether nothing may be lost between two entries, and their times are in order."""
        beside = slice(max(start - 1, 0), stop + 2)
        return not (
            self.entries.broken[start + 1 : stop + 1].any() or self.clock.displaced[beside].any()
        )


def build_sessions(time: Timeline, faults: FaultLog) -> list[Session]:
    """Pair stimulation starts and stops.

    Parameters
    ----------
    time
        The entries in the order of writing, on the device's clock.
    faults
        Receives faults 18, 24, 25 and 27.

    Returns
    -------
    list of Session
        A start without a stop lies between nothing and the next event; a session that begins
        while the clock is reset has no place in time.
    """
    return list(_sessions(time, faults))


def _sessions(time: Timeline, faults: FaultLog) -> Iterator[Session]:
    records = time.entries.records
    labels = records["label"].where(records["type"] == "EV", "").tolist()
    timed = ~np.isnan(time.at)
    begun = before = MISSING
    last = MISSING
    for row, label in enumerate(labels):
        last = row if timed[row] else last
        if label not in _EVENTS or not timed[row]:
            continue
        if label == "SE" and begun == MISSING:
            detail = "a stimulation stop has no start; its length is not stored"
            faults.add(25, detail, outcome="flag")
            if before != MISSING:
                yield _open(time, before, row, "end without start")
        elif label == "SE":
            yield _finished(time, begun, row, faults)
        elif begun != MISSING:
            faults.add(24, "a stimulation start has no stop; bounds up to the next start or boot")
            yield _open(time, begun, row, "start without end")
        begun = row if label == "SS" else MISSING
        before = row
    if begun != MISSING:
        faults.add(24, "the last stimulation start has no stop")
        yield _open(time, begun, last, "start without end")


def _open(time: Timeline, start: int, stop: int, rule: str) -> Session:
    """Return a session of unknown length between two entries."""
    seconds = time.at[stop] - time.at[start]
    # Where the clock was reset or went back, only the limit is known.
    known = 0 <= seconds <= DAY_S and not time.clock.reset[start : stop + 1].any()
    return _session(time, start, (0, ceil(seconds) if known else DAY_S), None, rule)


def _finished(time: Timeline, start: int, stop: int, faults: FaultLog) -> Session:
    seconds = float(time.at[stop] - time.at[start])
    if seconds < 0:
        faults.add(18, "the clock was set back within a session; length unknown")
        return _session(time, start, (0, DAY_S), None, "clock set back")
    if seconds > DAY_S:
        faults.add(27, "a session is longer than a day; capped for the bounds")
        return _session(time, start, (0, DAY_S), None, "longer than a day")
    upper = ceil(seconds)
    if not time.certain(start, stop):
        faults.add(24, "damage or a step of the clock lies within or beside a session")
        return _session(time, start, (0, upper), None, "not certain")
    if seconds > LONGEST_CERTAIN_S:
        faults.add(27, "a session is so long that a stop and a start may be lost within it")
        return _session(time, start, (0, upper), None, "longer than is certain")
    if seconds == 0:
        faults.add(27, "a session has no length; it counts as an attempt")
    return _session(time, start, (floor(seconds), upper), round(seconds), "stored")


def _session(
    time: Timeline, start: int, bounds: tuple[int, int], seconds: int | None, rule: str
) -> Session:
    lower, upper = bounds
    if not time.clock.placed[start]:
        return Session(NO_TIME, lower, upper, seconds, rule, "none", float("inf"))
    at = floor(time.at[start])
    return Session(at, lower, upper, seconds, rule, "clock-only", time.uncertainty_s)
