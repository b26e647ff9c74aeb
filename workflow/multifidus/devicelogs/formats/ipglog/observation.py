"""What of a participant's time no record covers, and what was prescribed for each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.clock.times import DAY_S, MISSING, NO_TIME
from multifidus.devicelogs.formats.interface import PER_DAY_LIMIT_S
from multifidus.devicelogs.formats.ipglog.records import typed_view, whole_numbers
from multifidus.devicelogs.history import BEGINNING, DeviceHistory, Interval, PrescriptionStep

if TYPE_CHECKING:
    from multifidus.devicelogs.formats.ipglog.batch import Batch

__all__ = ["device_histories"]

_TOLERANCE_S = 5


def device_histories(batch: Batch) -> list[DeviceHistory]:
    """Derive the history of each device of a batch.

    A stretch is unobserved from the last placed record before an absent sequence number to the
    first placed record after it. Records that cannot be placed to half a day do not observe.
    """
    bounds = np.searchsorted(batch.merged.device, np.arange(len(batch.devices) + 1))
    steps = _prescription_steps(batch)
    histories = []
    for device, name in enumerate(batch.devices):
        rows = slice(int(bounds[device]), int(bounds[device + 1]))
        holes = _holes(batch, device, rows)
        reads = [
            item.header.download_start
            for item in batch.downloads
            if item.device == device and item.header.download_start is not None
        ]
        placed = _placed(batch, rows)
        times = batch.placement.utc[rows][placed]
        last = max(reads, default=int(times.max()) if len(times) else BEGINNING)
        begin = BEGINNING if "/" not in name else (int(times.min()) if len(times) else last)
        end = last
        intervals = [(max(low, begin), min(high, end)) for low, high in holes]
        if not len(times):
            intervals = [(begin, end)]
        filled = _fill(batch, device, [pair for pair in intervals if pair[1] > pair[0]])
        histories.append(DeviceHistory(name, begin, end, last, tuple(filled), steps[device]))
    return histories


def _placed(batch: Batch, rows: slice) -> np.ndarray:
    utc = batch.placement.utc[rows]
    certain = batch.placement.uncertainty_s[rows] <= PER_DAY_LIMIT_S
    return np.asarray((utc != NO_TIME) & certain)


def _holes(batch: Batch, device: int, rows: slice) -> list[tuple[int, int]]:
    """Time between placed records with consecutive numbers on either side of each hole."""
    placed = np.flatnonzero(_placed(batch, rows))
    seqs = batch.merged.table.seq[rows][placed]
    times = batch.placement.utc[rows][placed]
    if not len(seqs):
        return []
    latest = [
        item.header.last_seq
        for item in batch.downloads
        if item.device == device and item.header.last_seq is not None
    ]
    holes = []
    if seqs[0] > 1:
        holes.append((BEGINNING, int(times[0])))
    inner = np.flatnonzero(np.diff(seqs) > 1)
    holes += zip(times[inner].tolist(), times[inner + 1].tolist(), strict=True)
    truncated = any(
        item.device == device and item.header.last_seq is None for item in batch.downloads
    )
    if truncated or (latest and max(latest) > int(seqs[-1])):
        holes.append((int(times[-1]), 1 << 40))
    elif any(item.device == device and item.doubt for item in batch.downloads):
        # A download that is not used was read after the newest record, for all that is known.
        holes.append((int(times[-1]), 1 << 40))
    return holes


def _fill(batch: Batch, device: int, intervals: list[tuple[int, int]]) -> list[Interval]:
    """Say for each unobserved stretch what lifetime counters add to the recorded sessions."""
    if not intervals:
        return []
    at, counter = batch.counters[device]
    trusted = batch.counter_trusted[device]
    own = batch.sessions[batch.sessions["device"] == device]
    ended = own["end_s"].to_numpy()
    # What has no place in time is not among the recorded sessions of any stretch.
    recorded = (own["seconds"] != MISSING) & own["per_day"].astype(bool)
    delivered = np.where(recorded, own["seconds"], 0)
    result = []
    activation = _activation(batch, device)
    for begin, high in intervals:
        low = begin
        before = int(np.searchsorted(at, low, side="right")) - 1
        after = int(np.searchsorted(at, high, side="left"))
        filled = None
        # When therapy was first programmed every counter was zero.
        zero = before < 0 and low == BEGINNING and activation is not None
        if trusted and after < len(at) and (before >= 0 or zero):
            base, since = (0, BEGINNING) if zero else (int(counter[before]), int(at[before]))
            known = delivered[(ended > since) & (ended <= at[after] + _TOLERANCE_S)].sum()
            filled = max(0.0, float(counter[after] - base - known))
            if zero and activation is not None:
                # Nothing was delivered before; the imputed seconds belong after it.
                low = min(activation, high - 1)
                result.append(Interval(begin, low, 0.0))
        result.append(Interval(low, high, filled))
    return result


def _activation(batch: Batch, device: int) -> int | None:
    """Return when therapy was first programmed, from the day number of the first daily record."""
    view = typed_view(batch.merged.table, "DAY")
    known = (batch.merged.device[view.rows] == device) & (view.columns["day"] >= 0)
    rows = view.rows[known]
    placed = np.flatnonzero(batch.placement.utc[rows] != NO_TIME)
    if not len(placed):
        return None
    day = int(view.columns["day"][known][placed[0]])
    return int(batch.placement.utc[rows][placed[0]]) - (day + 1) * DAY_S


def _prescription_steps(batch: Batch) -> list[tuple[PrescriptionStep, ...]]:
    """Programmed session length and sessions a day over time, from PRG records and headers."""
    events: list[list[tuple[int, str, int]]] = [[] for _ in batch.devices]
    view = typed_view(batch.merged.table, "PRG")
    names = batch.merged.table.texts(1, view.rows).to_pylist()
    old, _ = whole_numbers(batch.merged.table.texts(2, view.rows))
    values, unreadable = whole_numbers(batch.merged.table.texts(3, view.rows))
    known: set[tuple[int, str]] = set()
    for row, name, before, value, bad in zip(
        view.rows.tolist(), names, old.tolist(), values.tolist(), unreadable.tolist(), strict=True
    ):
        at, device = int(batch.placement.utc[row]), int(batch.merged.device[row])
        if name in {"SES", "NPD"} and not bad and value >= 0 and at != NO_TIME:
            # The first change says what held before it; 0 is "never programmed".
            if (device, name) not in known and before > 0:
                events[device].append((BEGINNING, name, before))
            known.add((device, name))
            events[device].append((at, name, value))
    for item in batch.downloads:
        if item.device == MISSING or item.header.download_start is None:
            continue
        for rx in item.header.prescriptions[:1]:
            at = item.header.download_start
            events[item.device] += [(at, "SES", rx.session_s), (at, "NPD", rx.per_day)]
    return [_steps(sorted(own)) for own in events]


def _steps(events: list[tuple[int, str, int]]) -> tuple[PrescriptionStep, ...]:
    # The earliest value of each holds before its first record.
    current = {name: value for _, name, value in reversed(events)}
    steps: list[PrescriptionStep] = []
    if set(current) == {"SES", "NPD"}:
        steps.append(PrescriptionStep(BEGINNING, current["SES"], current["NPD"]))
        for at, name, value in events:
            if current[name] != value:
                current[name] = value
                steps.append(PrescriptionStep(at, current["SES"], current["NPD"]))
    return tuple(steps)
