"""Public formats: no content raises, and every byte is accounted for."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from device_lab.opennerve_log import read_opennerve
from multifidus.devicelogs.clock.times import NO_TIME, parse_iso
from multifidus.devicelogs.formats.percept.shapes import parse_times
from multifidus.devicelogs.reading import read_log
from percept_report import REPORT


def paths(value: object, before: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    found = [before] if before else []
    if isinstance(value, dict):
        items: list[tuple[object, object]] = list(value.items())
    else:
        items = list(enumerate(value)) if isinstance(value, list) else []
    for key, member in items:
        found += paths(member, (*before, key))
    return found


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=9), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(paths(REPORT)), VALUES)
def test_no_value_anywhere_raises(path, value):
    content = deepcopy(REPORT)
    place: Any = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    result = read_log(json.dumps(content).encode())
    assert result.identity.balanced
    if len(result.sessions):
        assert (result.sessions["seconds_lower"] >= 0).all()


@given(
    st.lists(
        st.sampled_from(["2024-02-29T23:59:59Z", "2023-02-29T00:00:00Z", "2025-01-10T10:00:60Z"])
        | st.datetimes().map(lambda time: f"{time:%Y-%m-%dT%H:%M:%S}Z")
        | st.text("0123456789-:TZ", max_size=22)
    )
)
def test_times_read_at_once_are_those_read_one_by_one(texts):
    one_by_one = [NO_TIME if parse_iso(text) is None else parse_iso(text) for text in texts]
    assert parse_times(texts).tolist() == one_by_one


PIECES = st.sampled_from(
    [
        b"[2026-03-15T14:32:05Z(128)]<EV>SS   \r\n",
        b"[2026-03-15T15:02:05Z(128)]<EV>SE   \r\n",
        b"[2026-03-15T14:00:00Z(000)]<EV>PO   \r\n",
        b"[2026-03-15T14:32:06Z(012)]<BA>A=3.7V, B=3.6V\r\n",
        b"[2026-03-15T14:32:10Z(200)]<IM>12,500ohm\x00\x00\r\n",
        b"[2026-03-15T14:32:11Z(005)]<PA>(SP02)Val=00010.0\r\n",
        b"[2026-03-15T14:32:11Z(999)]<ZZ>",
        b"[2026-99-15T14:32:11Z(1)]",
        b"\x00\x00",
        b"\xff",
        b"\r\n",
        b"[",
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(PIECES | st.binary(max_size=40), max_size=30).map(b"".join),
    st.integers(0, 2**32 - 1) | st.integers(0, 400),
    st.booleans(),
)
def test_every_byte_of_an_opennerve_log_is_accounted_for(body, pointer, ring):
    data = body + pointer.to_bytes(4, "little") if ring else body
    log = read_opennerve(data, ring=ring)
    assert log.account.balanced
    assert min(log.account.accepted, log.account.framing, log.account.flagged) >= 0
    bounds = log.sessions[["seconds_lower", "seconds_upper"]].astype(float)
    assert (bounds["seconds_lower"] <= bounds["seconds_upper"]).all()
    assert read_log(data).identity.balanced
