"""Reading a batch of downloads in one pass: frames, records, merge, places, sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.layout import SESSION_LIMIT_S
from multifidus.devicelogs.merge import account_for_sequence, merge_downloads
from multifidus.devicelogs.model import NO_TIME
from multifidus.devicelogs.placement import device_anchors, place_records
from multifidus.devicelogs.plausibility import note_implausible
from multifidus.devicelogs.records import MISSING, typed_view
from multifidus.devicelogs.sessions import build_sessions
from multifidus.devicelogs.sources import read_sources
from multifidus.devicelogs.trust import refuse_strangers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from multifidus.devicelogs.merge import MergedRecords, SeqGap
    from multifidus.devicelogs.model import Header, IntArray
    from multifidus.devicelogs.placement import Placement
    from multifidus.devicelogs.records import RecordTable
    from multifidus.devicelogs.sources import Download, InputFile

__all__ = ["Batch", "read_batch"]

_COUNTER_SLACK_S = 60
"""Seconds by which a counter may run ahead of placed times, whose rounding it shares."""


@dataclass
class Batch:
    """Everything read from some inputs.

    ``devices`` are pseudonyms in sorted order; arrays named ``device`` index them. ``counters``
    are times and lifetime seconds of each device, from daily records and headers.
    """

    files: list[InputFile]
    downloads: list[Download]
    devices: list[str]
    table: RecordTable
    merged: MergedRecords
    placement: Placement
    sessions: pd.DataFrame
    gaps: list[SeqGap]
    device_faults: list[FaultLog]
    last_seq: list[int]
    counters: list[tuple[IntArray, IntArray]] = field(default_factory=list)
    counter_trusted: list[bool] = field(default_factory=list)


def read_batch(inputs: Sequence[bytes]) -> Batch:
    """Read ``ipglog`` inputs, text or binary, together.

    Parameters
    ----------
    inputs
        The bytes of each file; downloads of one device are merged, devices never.

    Returns
    -------
    Batch
        Never raises on any input.
    """
    files, downloads, table = read_sources(inputs)
    devices = sorted({download.owner for download in downloads} - {""})
    number = {name: index for index, name in enumerate(devices)}
    for download in downloads:
        download.device = number.get(download.owner, MISSING)
    device_of = np.asarray([download.device for download in downloads], dtype=np.int64)
    headers = [download.header for download in downloads]
    logs = [download.faults for download in downloads]
    damaged = [download.damaged for download in downloads]
    _note_unowned(downloads)
    refused = refuse_strangers(table, headers, [download.tidy for download in downloads], logs)
    for row in np.flatnonzero(refused & (table.seq != MISSING)).tolist():
        damaged[int(table.part[row])].append(int(table.seq[row]))
    merged = merge_downloads(table, headers, device_of, refused, logs, damaged=damaged)
    seams = [download.seam for download in downloads]
    gaps, last = account_for_sequence(
        merged, headers, device_of, damaged, len(devices), seams=seams
    )
    device_faults = [FaultLog() for _ in devices]
    _note_gaps(gaps, device_faults)
    anchors = [
        device_anchors(np.flatnonzero(device_of == device).tolist(), headers, logs)
        for device in range(len(devices))
    ]
    placement = place_records(merged, anchors, device_faults)
    lengths = _session_lengths(headers, device_of, len(devices))
    sessions = build_sessions(merged, placement, lengths, device_faults)
    note_implausible(merged, sessions, device_faults)
    batch = Batch(
        files, downloads, devices, table, merged, placement, sessions, gaps, device_faults, last
    )
    batch.counters = _counter_points(batch)
    batch.counter_trusted = [_counter_holds(batch, device) for device in range(len(devices))]
    return batch


def _note_unowned(downloads: Sequence[Download]) -> None:
    for download in downloads:
        if download.device == MISSING and download.records:
            download.faults.add(
                44,
                "no header says whose log this is; kept out of sessions and adherence",
                count=download.records,
            )
        if download.header.lost_before:
            download.faults.add(
                14,
                "records before the first one were overwritten",
                seqs=(1, download.header.lost_before),
                count=download.header.lost_before,
            )


def _note_gaps(gaps: Sequence[SeqGap], faults: Sequence[FaultLog]) -> None:
    for gap in gaps:
        if gap.status == "missing":
            faults[gap.device].add(
                7,
                "sequence numbers are missing; sessions among them are unknown, not absent",
                seqs=(gap.first, gap.last),
                count=gap.count,
            )


def _session_lengths(headers: Sequence[Header], device_of: IntArray, devices: int) -> IntArray:
    """Longest prescribed session of each device; the format's limit when none is known."""
    lengths = np.zeros(devices, dtype=np.int64)
    for header, device in zip(headers, device_of.tolist(), strict=True):
        if device != MISSING:
            longest = max((rx.session_s for rx in header.prescriptions), default=0)
            lengths[device] = max(int(lengths[device]), longest)
    return np.where(lengths > 0, np.minimum(lengths, SESSION_LIMIT_S), SESSION_LIMIT_S)


def _counter_holds(batch: Batch, device: int) -> bool:
    """Whether a lifetime counter never falls and never outruns the time; report it if not."""
    at, counter = batch.counters[device]
    fell = bool((np.diff(counter) < 0).any())
    outran = bool((np.diff(counter) > np.diff(at) + _COUNTER_SLACK_S).any())
    if fell or outran:
        detail = "falls" if fell else "exceeds the elapsed time"
        span = (1, max(batch.last_seq[device], 1))
        batch.device_faults[device].add(
            31, f"the lifetime counter {detail}; not used for totals", seqs=span
        )
    return not (fell or outran)


def _counter_points(batch: Batch) -> list[tuple[IntArray, IntArray]]:
    view = typed_view(batch.merged.table, "DAY")
    device = batch.merged.device[view.rows]
    at, values = batch.placement.utc[view.rows], view.columns["lifetime_seconds"]
    known = (values >= 0) & (at != NO_TIME)
    device, at, values = device[known], at[known], values[known]
    edges = np.searchsorted(device, np.arange(len(batch.devices) + 1)).tolist()
    heads: list[list[tuple[int, int]]] = [[] for _ in batch.devices]
    for item in batch.downloads:
        start, seconds = item.header.download_start, item.header.life_seconds
        if item.device != MISSING and start is not None and seconds is not None:
            heads[item.device].append((start, seconds))
    points = []
    for own, (low, high) in zip(heads, pairwise(edges), strict=True):
        extra = np.asarray(own, dtype=np.int64).reshape(-1, 2)
        times = np.concatenate([at[low:high], extra[:, 0]])
        counter = np.concatenate([values[low:high], extra[:, 1]])
        order = np.lexsort((counter, times))
        points.append((times[order], counter[order]))
    return points
