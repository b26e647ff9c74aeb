"""Placing records in UTC through sync records, ticks and clock changes.

Methods in the order of preference: ``between-syncs``, ``one-sync``, ``chained``, ``clock-only``,
``none``; each record carries its method and an uncertainty in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from multifidus.devicelogs.model import NO_TIME
from multifidus.devicelogs.records import MISSING, typed_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.findings import FaultLog
    from multifidus.devicelogs.merge import MergedRecords
    from multifidus.devicelogs.model import Header, IntArray, Sync

__all__ = ["METHODS", "PER_DAY_LIMIT_S", "Anchor", "Placement", "device_anchors", "place_records"]

METHODS = ("between-syncs", "one-sync", "chained", "clock-only", "none")
_BETWEEN, _ONE, _CHAINED, _CLOCK, _NONE = range(len(METHODS))

PER_DAY_LIMIT_S = 12 * 3600
"""Records less certain than this count in totals and are left out of figures per day."""

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
    """One download's coincidence of tick and UTC; ``clock`` as in :class:`Sync`."""

    boot: int
    tick: int
    utc: int
    clock: int
    uncertainty_s: float


@dataclass(frozen=True)
class Placement:
    """UTC of each record: seconds since 1970 or ``NO_TIME``, index into METHODS, half width."""

    utc: IntArray
    method: npt.NDArray[np.int8]
    uncertainty_s: npt.NDArray[np.float64]
    segments: pd.DataFrame


def device_anchors(
    parts: Sequence[int], headers: Sequence[Header], faults: Sequence[FaultLog]
) -> list[Anchor]:
    """Turn the sync records of a device's downloads into one anchor per download and boot.

    Sync records that contradict each other within a download are not used (fault 21). Where
    device clock and programmer differ by more than a day the anchor's uncertainty is that
    difference, which keeps its records out of figures per day (fault 22).
    """
    anchors: list[Anchor] = []
    for part in parts:
        syncs = headers[part].syncs
        if not syncs:
            faults[part].add(21, "no usable sync record")
            continue
        for boot in sorted({sync.boot for sync in syncs}):
            own = sorted((sync for sync in syncs if sync.boot == boot), key=lambda s: s.tick)
            if _contradict(own):
                faults[part].add(21, "sync records of one download contradict each other")
                continue
            anchors.append(_anchor(own[0], faults[part]))
    return sorted(set(anchors), key=lambda anchor: (anchor.boot, anchor.tick, anchor.utc))


def _contradict(syncs: Sequence[Sync]) -> bool:
    first, last = syncs[0], syncs[-1]
    allowed = first.uncertainty_s + last.uncertainty_s + 2 + 1e-3 * (last.tick - first.tick)
    return abs((last.utc - first.utc) - (last.tick - first.tick)) > allowed


def _anchor(sync: Sync, faults: FaultLog) -> Anchor:
    uncertainty = float(sync.uncertainty_s)
    if sync.clock != NO_TIME and abs(sync.clock - sync.utc) > _DAY:
        uncertainty = float(abs(sync.clock - sync.utc))
        faults.add(22, "left out of figures per day until resolved")
    return Anchor(sync.boot, sync.tick, sync.utc, sync.clock, uncertainty)


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
    utc = np.full(size, NO_TIME, dtype=np.int64)
    method = np.full(size, _NONE, dtype=np.int8)
    uncertainty = np.full(size, np.inf)
    edges = np.flatnonzero(
        (np.diff(merged.device, prepend=-2) != 0) | (np.diff(table.boot, prepend=-2) != 0)
    )
    synced = _clock_synchronisations(merged)
    rows: list[tuple[object, ...]] = []
    previous: tuple[int, int | None] = (-1, None)
    for begin, end in pairwise([*edges.tolist(), size]):
        part = slice(begin, end)
        device, boot = int(merged.device[begin]), int(table.boot[begin])
        own = [anchor for anchor in anchors[device] if anchor.boot == boot]
        own = own or synced.get((device, boot), [])
        ticks, clocks = table.tick[part], table.clock[part]
        _note_ticks(ticks, table.seq[part], faults[device])
        offset = previous[1] if previous[0] == device else None
        if own:
            placed = _by_anchors(ticks, own, faults[device])
            if not any(anchor.boot == boot for anchor in anchors[device]):
                placed = (placed[0], np.full(len(ticks), _CHAINED, dtype=np.int8), placed[2])
        else:
            placed = _by_clock(clocks, offset)
        utc[part], method[part], uncertainty[part] = placed
        _without_tick(utc, method, uncertainty, part, ticks)
        known = np.flatnonzero((clocks != NO_TIME) & (utc[part] != NO_TIME))
        offset = int(clocks[known[-1]] - utc[part][known[-1]]) if len(known) else None
        previous = (device, offset if int(method[part].min()) < _CLOCK else None)
        rows.append(
            (
                device,
                boot,
                int(table.seq[begin]),
                int(table.seq[end - 1]),
                METHODS[int(method[part].min())],
                float(uncertainty[part].max()),
                offset,
            )
        )
    columns = ["device", "boot", "seq_first", "seq_last", "method", "uncertainty_s", "offset_s"]
    return Placement(utc, method, uncertainty, pd.DataFrame(rows, columns=columns))


def _without_tick(
    utc: IntArray,
    method: npt.NDArray[np.int8],
    uncertainty: npt.NDArray[np.float64],
    part: slice,
    ticks: IntArray,
) -> None:
    lost = ticks == MISSING
    if lost.any():
        utc[part] = np.where(lost, NO_TIME, utc[part])
        method[part] = np.where(lost, _NONE, method[part])
        uncertainty[part] = np.where(lost, np.inf, uncertainty[part])


def _note_ticks(ticks: IntArray, seqs: IntArray, faults: FaultLog) -> None:
    given = ticks != MISSING
    back = np.flatnonzero(np.diff(ticks[given]) < 0)
    if len(back):
        numbers = seqs[given][back + 1]
        faults.add(
            20,
            "the tick goes back within one boot",
            seqs=(int(numbers.min()), int(numbers.max())),
            count=len(back),
        )


def _by_anchors(
    ticks: IntArray, anchors: Sequence[Anchor], faults: FaultLog
) -> tuple[IntArray, npt.NDArray[np.int8], npt.NDArray[np.float64]]:
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


def _by_clock(
    clocks: IntArray, offset: int | None
) -> tuple[IntArray, npt.NDArray[np.int8], npt.NDArray[np.float64]]:
    """Use the settable clock: chained to a known offset when there is one, else as it stands."""
    given = clocks != NO_TIME
    kind, width = (_CLOCK, _CLOCK_ONLY_S) if offset is None else (_CHAINED, _CHAINED_S * 2)
    values = np.where(given, clocks - np.where(given, offset or 0, 0), NO_TIME)
    method = np.where(given, kind, _NONE).astype(np.int8)
    return values, method, np.where(given, float(width), np.inf)


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
            anchors.setdefault(key, []).append(Anchor(key[1], tick, new, new, _CHAINED_S))
    return anchors
