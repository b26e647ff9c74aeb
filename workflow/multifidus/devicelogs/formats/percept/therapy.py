"""Intervals of therapy between the on and off events of a report.

The log has neither numbers nor checksums, so an event may be lost without a trace. Certain is what
lies between an on and the event after it; where an off or an on must be lost, the time between lies
within bounds. An event whose stamp and counter disagree lies anywhere between the two.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from multifidus.devicelogs.clock.times import NO_TIME
from multifidus.devicelogs.formats.single import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.findings import FaultLog

__all__ = ["Change", "Therapy", "read_therapy"]

_SLACK_S = 60


class Change(NamedTuple):
    """A change of therapy in the order of the log: UTC by counter and by stamp, and its word."""

    time: int
    stamp: int
    word: str

    @property
    def early(self) -> int:
        """Earliest possible time."""
        return self.time if self.stamp == NO_TIME else min(self.time, self.stamp)

    @property
    def late(self) -> int:
        """Latest possible time."""
        return self.time if self.stamp == NO_TIME else max(self.time, self.stamp)


@dataclass(frozen=True)
class Therapy:
    """What the report says of therapy beside its events.

    ``start`` and ``end`` of the programmer's session (UTC seconds or ``NO_TIME``), stimulation
    found at either (``on``, ``off`` or empty). ``whole`` says that the text of the report shows no
    damage; where it does, events may be lost and nothing is certain.
    """

    start: int
    end: int
    found: tuple[str, str]
    method: str
    uncertainty_s: float
    whole: bool = True
    sessions: list[Session] = field(default_factory=list)
    observed: list[tuple[int, int]] = field(default_factory=list)

    def add(self, start: Change, end: Change, rule: str, *, certain: bool = False) -> None:
        """Add the interval between two events."""
        certain = certain and self.whole
        lower = max(end.early - start.late, 0) if certain else 0
        upper = max(end.late - start.early, 0)
        seconds = max(end.time - start.time, 0) if certain else None
        session = Session(start.early, lower, upper, seconds, rule, self.method, self.uncertainty_s)
        if upper:
            self.sessions.append(session)


def read_therapy(changes: Sequence[Change], therapy: Therapy, faults: FaultLog) -> None:
    """Fill in the sessions and the observed time of a report.

    Parameters
    ----------
    changes
        The therapy events in the order of the log, which may run either way.
    therapy
        Receives sessions and observed time.
    faults
        Receives faults 23, 24, 25 and 33.
    """
    known, doubtful = _in_order(changes, therapy.end, faults)
    for before, after in pairwise(known):
        _between(before, after, therapy, faults, certain=(before, after) not in doubtful)
    if known and known[0].word == "off":
        detail = "therapy goes off with no on before it; since when it was on is unknown"
        faults.add(25, detail, outcome="flag")
    strange = [change for change in known if change.word not in {"on", "off"}]
    if strange:
        detail = "a change of therapy other than on and off; what follows it is not certain"
        faults.add(33, detail, count=len(strange))
    if therapy.end != NO_TIME:
        _to_the_end(known, therapy, faults, certain=not doubtful or doubtful[-1][1] is not None)
    if known:
        end = known[-1].late if therapy.end == NO_TIME else max(therapy.end, known[-1].late)
        therapy.observed.append((known[0].early, end))
    elif therapy.sessions:
        therapy.observed.append((therapy.start, therapy.end))


def _in_order(
    changes: Sequence[Change], end: int, faults: FaultLog
) -> tuple[list[Change], list[tuple[Change, Change | None]]]:
    """Sort by time; return pairs of neighbours between which an event without a time may lie."""
    late = [change for change in changes if end != NO_TIME and change.time > end + _SLACK_S]
    if late:
        faults.add(23, "therapy events after the end of the report are not used", count=len(late))
    given = [c for c in changes if c.time != NO_TIME and c not in late]
    backwards = len(given) > 1 and given[0].time > given[-1].time
    listed = list(reversed(changes)) if backwards else list(changes)
    given = [c for c in listed if c.time != NO_TIME and c not in late]
    known = sorted(given, key=lambda change: change.time)
    lost = [number for number, c in enumerate(listed) if c.time == NO_TIME or c in late]
    if not lost:
        return known, []
    pairs: list[tuple[Change, Change | None]] = [*pairwise(known)]
    pairs += [(known[-1], None)] if known else []
    if given != known:
        return known, pairs
    places = {sum(c.time != NO_TIME and c not in late for c in listed[:number]) for number in lost}
    return known, [pairs[place - 1] for place in sorted(places) if place]


def _between(
    before: Change, after: Change, therapy: Therapy, faults: FaultLog, *, certain: bool
) -> None:
    if before.word == "on" and after.word != "on":
        if not certain:
            faults.add(24, "a change without a time may lie within an interval of therapy")
        therapy.add(before, after, "therapy on", certain=certain)
    elif before.word == "on":
        faults.add(24, "therapy goes on twice; when it went off between is unknown")
        therapy.add(before, after, "start without end")
    elif after.word == "off":
        detail = "therapy goes off with no on before it; since when it was on is unknown"
        faults.add(25, detail, outcome="flag")
        therapy.add(before, after, "end without start")
    elif before.word != "off":
        therapy.add(before, after, "unknown change")


def _to_the_end(
    known: Sequence[Change], therapy: Therapy, faults: FaultLog, *, certain: bool
) -> None:
    """Add what lies between the last event and the end of the report."""
    end = Change(therapy.end, NO_TIME, "")
    first, last = therapy.found
    if not known:
        if "on" in therapy.found and therapy.start != NO_TIME:
            faults.add(24, "stimulation is on and no event says since when")
            begin = Change(therapy.start, NO_TIME, first)
            therapy.add(begin, end, "no event")
        return
    newest = known[-1]
    if newest.word == "on":
        if last != "on":
            detail = "stimulation is not found on at the end of the session; when it stopped"
            faults.add(24, f"{detail} is unknown")
        therapy.add(newest, end, "therapy on", certain=certain and last == "on")
    elif newest.word != "off" or last == "on":
        faults.add(24, "stimulation is on at the end and no event says since when")
        therapy.add(newest, end, "no event")
