"""Placing records in UTC through sync records, ticks and clock changes.

Methods in the order of preference: ``between-syncs``, ``one-sync``, ``chained``, ``clock-only``,
``none``; each record carries its method and an uncertainty in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from multifidus.devicelogs.clock.times import MISSING, NO_TIME, at_default
from multifidus.devicelogs.formats.interface import TIME_METHODS
from multifidus.devicelogs.formats.ipglog.records import Placement, typed_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.clock.times import FloatArray, IntArray
    from multifidus.devicelogs.findings import FaultLog
    from multifidus.devicelogs.formats.ipglog.frames import Download
    from multifidus.devicelogs.formats.ipglog.header import Sync
    from multifidus.devicelogs.formats.ipglog.records import MergedRecords, RecordTable

__all__ = ["Anchor", "device_anchors", "place_records"]

_BETWEEN, _ONE, _CHAINED, _CLOCK, _NONE = range(len(TIME_METHODS))

_DAY = 86_400
_FLAGGED_DRIFT_PPM = 200
_IMPOSSIBLE_DRIFT_PPM = 5_000
# Residual rates: a crystal whose mean rate is known strays little from it; one whose rate is
# not known is taken to be within twice the usual tolerance of such crystals (50 ppm).
_KNOWN_RATE_PPM = 20
_UNKNOWN_RATE_PPM = 100
_CHAINED_S = 60
_CLOCK_ONLY_S = 2 * 3600


@dataclass(frozen=True)
class Anchor:
    """One download's coincidence of tick and UTC; ``clock`` as in :class:`Sync`.

    ``seq`` is the last number made before it.
    """

    seq: int
    boot: int
    tick: int
    utc: int
    clock: int
    uncertainty_s: float


@dataclass(frozen=True)
class _Segment:
    """Records of one device and boot over which the tick rises, and what anchors them."""

    device: int
    boot: int
    rows: slice
    anchors: list[Anchor]
    by_clock_record: bool


def device_anchors(downloads: Sequence[Download]) -> list[Anchor]:
    """Turn the sync records of a device's downloads into one anchor per visit and boot.

    Sync records that contradict each other within a download are not used (fault 21). Where
    device clock and programmer differ by more than a day the anchor's uncertainty is that
    difference, which keeps its records out of figures per day (fault 22).
    """
    anchors: list[Anchor] = []
    for item in downloads:
        syncs = item.header.syncs
        if not syncs:
            item.faults.add(21, "no usable sync record")
            continue
        for boot in sorted({sync.boot for sync in syncs}):
            own = sorted((sync for sync in syncs if sync.boot == boot), key=lambda s: s.tick)
            if _contradict(own):
                item.faults.add(21, "sync records of one download contradict each other")
                continue
            # The records of one visit are one anchor; one of an earlier visit is another.
            ends = own[:1] if own[-1].tick - own[0].tick <= _DAY else [own[0], own[-1]]
            last = item.header.last_seq or 0
            anchors += [_anchor(sync, last, item.faults) for sync in ends]
    return _cluster(anchors, [item.faults for item in downloads])


def _cluster(anchors: Sequence[Anchor], faults: Sequence[FaultLog]) -> list[Anchor]:
    """Make one anchor of those too close together to tell a rate; none where they contradict."""
    kept: list[Anchor] = []
    refused: set[int] = set()
    for anchor in sorted(anchors, key=lambda item: (item.boot, item.tick, item.utc, item.seq)):
        last = kept[-1] if kept else None
        if last is None or last.boot != anchor.boot:
            kept.append(anchor)
            continue
        width = last.uncertainty_s + anchor.uncertainty_s
        span = anchor.tick - last.tick
        if span * _UNKNOWN_RATE_PPM * 1e-6 >= width:
            kept.append(anchor)
            continue
        if abs(anchor.utc - last.utc - span) > width + 2 + 1e-3 * span:
            refused.add(len(kept) - 1)
        kept[-1] = replace(last, seq=max(last.seq, anchor.seq))
    for log in faults[-1:] if refused else []:
        log.add(21, "sync records of two downloads contradict each other", count=len(refused))
    return [anchor for index, anchor in enumerate(kept) if index not in refused]


def _contradict(syncs: Sequence[Sync]) -> bool:
    first, last = syncs[0], syncs[-1]
    allowed = first.uncertainty_s + last.uncertainty_s + 2 + 1e-3 * (last.tick - first.tick)
    return abs((last.utc - first.utc) - (last.tick - first.tick)) > allowed


def _anchor(sync: Sync, seq: int, faults: FaultLog) -> Anchor:
    uncertainty = float(sync.uncertainty_s)
    if sync.clock != NO_TIME and bool(at_default(sync.clock, sync.tick)):
        faults.add(17, "the clock was at its default when read; times come from tick and sync")
    elif sync.clock != NO_TIME and abs(sync.clock - sync.utc) > _DAY:
        uncertainty = float(abs(sync.clock - sync.utc))
        faults.add(22, "left out of figures per day until resolved")
    return Anchor(seq, sync.boot, sync.tick, sync.utc, sync.clock, uncertainty)


def place_records(
    merged: MergedRecords, anchors: Sequence[Sequence[Anchor]], faults: Sequence[FaultLog]
) -> Placement:
    """Place every record of every device.

    Parameters
    ----------
    merged
        Records sorted by device and number.
    anchors
        Per device, as :func:`device_anchors` gives them.
    faults
        Per device.

    Returns
    -------
    Placement
        Aligned with the records; ``segments`` has one row per device and boot.
    """
    table = merged.table
    size = len(table)
    places = Placement(
        np.full(size, NO_TIME, dtype=np.int64),
        np.full(size, _NONE, dtype=np.int8),
        np.full(size, np.inf),
        pd.DataFrame(),
    )
    segments = _segments(merged, anchors, faults)
    for segment in segments:
        if segment.anchors:
            ticks = table.tick[segment.rows]
            utc, method, spread = _by_anchors(ticks, segment.anchors, faults[segment.device])
            if segment.by_clock_record:
                method = np.full(len(ticks), _CHAINED, dtype=np.int8)
            places.set(segment.rows, ticks, utc, method, spread)
    _chain(segments, table, places)
    _chain(segments[::-1], table, places)
    for segment in segments:
        if places.method[segment.rows].min(initial=_NONE) == _NONE:
            _by_clock(segment.rows, table, places)
    return replace(places, segments=_describe(segments, table, places))


def _segments(
    merged: MergedRecords, anchors: Sequence[Sequence[Anchor]], faults: Sequence[FaultLog]
) -> list[_Segment]:
    """Cut the records where the boot changes or the tick goes back."""
    table = merged.table
    boot_edge = (np.diff(merged.device, prepend=-2) != 0) | (np.diff(table.boot, prepend=-2) != 0)
    reached = np.where(table.tick == MISSING, 0, table.tick)
    group = np.cumsum(boot_edge)
    stride = np.int64(1) << 40
    highest = np.maximum.accumulate(reached + group * stride) - group * stride
    back = np.zeros(len(table), dtype=np.bool_)
    back[1:] = (table.tick[1:] != MISSING) & (table.tick[1:] < highest[:-1]) & ~boot_edge[1:]
    # Only the first record of a stretch that lies below the tick already reached starts anew.
    back[1:] &= table.tick[1:] < table.tick[:-1]
    edges = np.flatnonzero(boot_edge | back)
    synced = _clock_synchronisations(merged)
    segments: list[_Segment] = []
    for begin, end in pairwise([*edges.tolist(), len(table)]):
        device, boot = int(merged.device[begin]), int(table.boot[begin])
        first = int(table.seq[begin])
        if back[begin]:
            faults[device].add(20, "the tick goes back within one boot", seqs=(first, first))
        last_of_device = end == len(table) or int(merged.device[end]) != device
        until = (1 << 60) if last_of_device else int(table.seq[end]) - 1
        own = [
            anchor
            for anchor in anchors[device]
            if anchor.boot == boot and first - 1 <= anchor.seq <= until
        ]
        if back[begin]:
            own = [anchor for anchor in own if anchor.seq >= first]
        by_record = not own
        if by_record:
            found = synced.get((device, boot), [])
            own = [anchor for anchor in found if first <= anchor.seq <= until]
        segments.append(_Segment(device, boot, slice(begin, end), own, bool(own) and by_record))
    return segments


def _chain(segments: Sequence[_Segment], table: RecordTable, places: Placement) -> None:
    """Carry a known clock offset over to the next segment without sync records.

    The settable clock runs on over a change of boot unless it was reset; a result that would
    put records out of order is not used.
    """
    for known, segment in pairwise(segments):
        if known.device != segment.device:
            continue
        if places.method[segment.rows].min() != _NONE:
            continue
        forward = known.rows.start < segment.rows.start
        edge = known.rows.stop - 1 if forward else known.rows.start
        near = segment.rows.start if forward else segment.rows.stop - 1
        stamped = NO_TIME not in {int(table.clock[edge]), int(table.clock[near])}
        if not stamped or places.utc[edge] == NO_TIME or places.method[edge] >= _CLOCK:
            continue
        offset = int(table.clock[edge] - places.utc[edge])
        at = int(table.clock[near]) - offset
        if (
            (at < places.utc[edge] - _CHAINED_S)
            if forward
            else (at > places.utc[edge] + _CHAINED_S)
        ):
            continue
        ticks = table.tick[segment.rows]
        utc = at + ticks - int(table.tick[near])
        spread = float(places.uncertainty_s[edge]) + _CHAINED_S
        if abs(offset) > _DAY:
            # As with sync records a day apart: one of the two clocks is wrong by so much.
            spread += abs(offset)
        distance = np.abs(ticks - int(table.tick[near])) * _UNKNOWN_RATE_PPM * 1e-6
        method = np.full(len(ticks), _CHAINED, dtype=np.int8)
        places.set(segment.rows, ticks, utc, method, spread + distance)


def _by_clock(rows: slice, table: RecordTable, places: Placement) -> None:
    """Take the settable clock as it stands at the newest stamped record, and ticks before it."""
    clock, tick = table.clock[rows], table.tick[rows]
    stamped = np.flatnonzero((clock != NO_TIME) & (tick != MISSING))
    if not len(stamped):
        return
    newest = stamped[-1]
    utc = int(clock[newest]) + tick - int(tick[newest])
    spread = np.full(len(tick), float(_CLOCK_ONLY_S))
    places.set(rows, tick, utc, np.full(len(tick), _CLOCK, dtype=np.int8), spread)


def _describe(segments: Sequence[_Segment], table: RecordTable, places: Placement) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = []
    for segment in segments:
        part = segment.rows
        known = np.flatnonzero((table.clock[part] != NO_TIME) & (places.utc[part] != NO_TIME))
        offset = None
        if len(known):
            offset = int(table.clock[part][known[-1]] - places.utc[part][known[-1]])
        rows.append(
            (
                segment.device,
                segment.boot,
                int(table.seq[part.start]),
                int(table.seq[part.stop - 1]),
                TIME_METHODS[int(places.method[part].min())],
                float(places.uncertainty_s[part].max()),
                offset,
            )
        )
    columns = ["device", "boot", "seq_first", "seq_last", "method", "uncertainty_s", "offset_s"]
    return pd.DataFrame(rows, columns=columns)


def _by_anchors(
    ticks: IntArray, anchors: Sequence[Anchor], faults: FaultLog
) -> tuple[IntArray, npt.NDArray[np.int8], FloatArray]:
    """Interpolate between anchors; outside them go on at the nearest known rate."""
    at = np.asarray([anchor.tick for anchor in anchors], dtype=np.int64)
    utc = np.asarray([anchor.utc for anchor in anchors], dtype=np.int64)
    width = np.asarray([anchor.uncertainty_s for anchor in anchors])
    if len(anchors) == 1:
        distance = np.abs(ticks - at[0])
        spread = width[0] + 1 + _UNKNOWN_RATE_PPM * 1e-6 * distance
        return utc[0] + ticks - at[0], np.full(len(ticks), _ONE, dtype=np.int8), spread
    spans = np.maximum(np.diff(at), 1)
    rates = np.diff(utc) / spans
    drift = np.abs(rates - 1) * 1e6
    off = np.abs(np.diff(utc) - np.diff(at)).astype(np.float64)
    impossible = drift > _IMPOSSIBLE_DRIFT_PPM
    if impossible.any():
        faults.add(21, "sync records of two downloads contradict each other", severity="severe")
    elif (drift > _FLAGGED_DRIFT_PPM).any():
        faults.add(19, "drift above 200 ppm between two downloads; interpolated")
    left = np.clip(np.searchsorted(at, ticks, side="right") - 1, 0, len(at) - 2)
    values = np.rint(utc[left] + (ticks - at[left]) * rates[left]).astype(np.int64)
    between = (ticks >= at[0]) & (ticks <= at[-1])
    nearest = np.minimum(np.abs(ticks - at[left]), np.abs(ticks - at[left + 1]))
    spread = np.maximum(width[left], width[left + 1]) + 1 + _KNOWN_RATE_PPM * 1e-6 * nearest
    spread = np.where(impossible[left], spread + off[left], spread)
    return values, np.where(between, _BETWEEN, _ONE).astype(np.int8), spread


def _clock_synchronisations(merged: MergedRecords) -> dict[tuple[int, int], list[Anchor]]:
    """Anchors from CLK records that the programmer wrote: the new clock is the programmer's."""
    view = typed_view(merged.table, "CLK")
    synced = (view.columns["action"] == 2) & (view.columns["new"] != NO_TIME)  # noqa: PLR2004
    anchors: dict[tuple[int, int], list[Anchor]] = {}
    for row, new in zip(
        view.rows[synced].tolist(), view.columns["new"][synced].tolist(), strict=True
    ):
        key = (int(merged.device[row]), int(merged.table.boot[row]))
        tick = int(merged.table.tick[row])
        if tick != MISSING:
            anchors.setdefault(key, []).append(
                Anchor(int(merged.table.seq[row]), key[1], tick, new, new, _CHAINED_S)
            )
    return {key: _cluster(own, ()) for key, own in anchors.items()}
