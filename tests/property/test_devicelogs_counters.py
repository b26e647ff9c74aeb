"""Lifetime counters found in one pass are those that a plain walk over the records finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from multifidus.devicelogs.counters import NEAR, Counter, LifetimeCounters, SessionFacts
from multifidus.devicelogs.model import Header

MISSING = -1
Record = tuple[int, int, str, int]
"""Step of the number, group, kind (start, end, day, other), value."""

RECORDS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from([0, 1, 1, 1, 5, -2]),
        st.sampled_from(["start", "end", "day", "other"]),
        st.sampled_from([MISSING, 600, 1800]),
    ),
    min_size=1,
    max_size=40,
)


def _walk(records: list[Record], header: Header, index: int, step: int) -> Counter | None:
    """Go from a record to the nearest daily record of its group, adding up what lies between."""
    seq = np.cumsum([record[0] for record in records]).tolist()
    seconds = unknown = 0
    previous, ended = seq[index], False
    at = index
    while 0 <= at < len(records):
        _, group, kind, value = records[at]
        if group == records[index][1]:
            unknown += max(abs(seq[at] - previous) - 1, 0)
            previous = seq[at]
            if kind == "day" and value != MISSING:
                return Counter(value, seconds, unknown, 1, 7 * at, at)
            unknown += kind == "start" and step < 0 and not ended
            if kind == "end":
                ended = True
                seconds += max(value, 0)
                unknown += value == MISSING
        at += step
    if step < 0 or header.life_seconds is None or header.last_seq is None:
        return None
    return Counter(header.life_seconds, seconds, unknown + header.last_seq - previous)


def _counters(records: list[Record], header: Header) -> LifetimeCounters:
    size = len(records)
    kinds = [record[2] for record in records]
    values = np.asarray([record[3] for record in records])

    def of(kind: str) -> np.ndarray:
        return np.asarray([own == kind for own in kinds], dtype=np.bool_)

    facts = SessionFacts(
        seq=np.cumsum([record[0] for record in records]),
        boot=np.ones(size, dtype=np.int64),
        tick=7 * np.arange(size),
        life=np.where(of("day"), values, MISSING),
        day=np.arange(size),
        seconds=np.where(of("end"), values, MISSING),
        ends=of("end"),
        starts=of("start"),
    )
    return LifetimeCounters(facts, np.asarray([record[1] for record in records]), header)


@given(records=RECORDS, life=st.sampled_from([None, 7200]), beyond=st.integers(0, 2))
@settings(max_examples=200, deadline=None)
def test_one_pass_finds_what_a_walk_finds(
    records: list[Record], life: int | None, beyond: int
) -> None:
    header = Header(life_seconds=life, last_seq=sum(record[0] for record in records) + beyond)
    counters = _counters(records, header)
    for index, record in enumerate(records):
        walks = (_walk(records, header, index, step) for step in (-1, 1))
        expected = (None, None) if record[1] == 0 else tuple(walks)
        assert (counters.below(index), counters.above(index)) == expected


def test_a_counter_too_far_away_is_not_looked_for() -> None:
    records: list[Record] = [(1, 1, "day", 600)] + [(1, 1, "other", MISSING)] * (NEAR + 1)
    counters = _counters(records, Header())
    assert counters.below(NEAR) == Counter(600, 0, 0, 1, 0, 0)
    assert counters.below(NEAR + 1) is None
