"""Reading a batch of downloads in one pass: frames, records, merge, places, sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.clock.times import MISSING, NO_TIME
from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.formats.ipglog.frames import read_frames, reject_line
from multifidus.devicelogs.formats.ipglog.layout import SESSION_LIMIT_S
from multifidus.devicelogs.formats.ipglog.merge import account_for_sequence, merge_downloads
from multifidus.devicelogs.formats.ipglog.parse import parse_records
from multifidus.devicelogs.formats.ipglog.placement import device_anchors, place_records
from multifidus.devicelogs.formats.ipglog.plausibility import note_implausible
from multifidus.devicelogs.formats.ipglog.records import typed_view
from multifidus.devicelogs.formats.ipglog.sessions import build_sessions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from multifidus.devicelogs.clock.times import IntArray
    from multifidus.devicelogs.formats.interface import ByteAccount
    from multifidus.devicelogs.formats.ipglog.frames import Download, TextFile
    from multifidus.devicelogs.formats.ipglog.records import (
        MergedRecords,
        Placement,
        RecordTable,
        SeqGap,
    )

__all__ = ["Batch", "read_batch"]

_COUNTER_SLACK_S = 60
"""Seconds by which a counter may run ahead of placed times, whose rounding it shares."""


@dataclass
class Batch:
    """Everything read from some inputs.

    ``devices`` are pseudonyms in sorted order; arrays named ``device`` index them. ``counters``
    are times and lifetime seconds of each device, from daily records and headers.
    """

    accounts: list[ByteAccount]
    file_faults: list[FaultLog]
    downloads: list[Download]
    devices: list[str]
    merged: MergedRecords
    placement: Placement
    sessions: pd.DataFrame
    gaps: list[SeqGap]
    device_faults: list[FaultLog]
    last_seq: list[int]
    counters: list[tuple[IntArray, IntArray]] = field(default_factory=list)
    counter_trusted: list[bool] = field(default_factory=list)


def read_batch(inputs: Sequence[bytes]) -> Batch:
    """Read ``ipglog-text`` inputs together.

    Parameters
    ----------
    inputs
        The bytes of each file; downloads of one device are merged, devices never.

    Returns
    -------
    Batch
        Never raises on any input.
    """
    files = [read_frames(data) for data in inputs]
    downloads = [part for file in files for part in file.parts]
    for index, file in enumerate(files):
        for part in file.parts:
            part.file = index
    devices = sorted({item.header.pseudonym or "" for item in downloads} - {""})
    number = {name: index for index, name in enumerate(devices)}
    for item in downloads:
        item.device = number.get(item.header.pseudonym or "", MISSING)
    table = _read_records(files, downloads)
    _note_wrap(downloads)
    merged = merge_downloads(table, downloads)
    gaps, last = account_for_sequence(merged, downloads, len(devices))
    device_faults = [FaultLog() for _ in devices]
    _note_gaps(gaps, device_faults)
    # Sync records of a download that is not used may be another device's.
    used = [item for item in downloads if not item.doubt]
    anchors = [
        device_anchors([item for item in used if item.device == device])
        for device in range(len(devices))
    ]
    placement = place_records(merged, anchors, device_faults)
    lengths = _session_lengths(downloads, len(devices))
    sessions = build_sessions(merged, placement, lengths, device_faults)
    note_implausible(merged, sessions, device_faults)
    batch = Batch(
        [file.account for file in files],
        [file.faults for file in files],
        downloads,
        devices,
        merged,
        placement,
        sessions,
        gaps,
        device_faults,
        last,
    )
    batch.counters = _counter_points(batch)
    batch.counter_trusted = [_counter_holds(batch, device) for device in range(len(devices))]
    return batch


def _read_records(files: Sequence[TextFile], downloads: Sequence[Download]) -> RecordTable:
    """Parse the record lines of all downloads; report what cannot be used of them."""
    ends = np.cumsum([item.records for item in downloads])
    table, bad, rejected = parse_records(downloads)
    for item, end in zip(downloads, ends.tolist(), strict=True):
        lost = [row - (end - item.records) for row in rejected if end - item.records <= row < end]
        _reject_lines(files[item.file], item, lost)
    for value in bad:
        seq = int(table.seq[value.row])
        downloads[int(table.part[value.row])].faults.add(
            value.fault, f"value of {value.column} taken out", seqs=(seq, seq) if seq >= 0 else None
        )
    return table


def _reject_lines(file: TextFile, part: Download, lines: Sequence[int]) -> None:
    """Move lines that the parser refused from accepted to flagged, and report them."""
    edges = np.cumsum([0, *(piece.lines for piece in part.pieces)])
    for row in lines:
        at = int(np.searchsorted(edges, row, side="right")) - 1
        piece = part.pieces[at]
        before = piece.data.split(b"\n")[: row - int(edges[at]) + 1]
        size = len(before[-1]) + 1
        begin = sum(len(text) + 1 for text in before) - size
        detail = "the line does not verify, or is not shaped as a record, though its block does"
        line = before[-1] + b"\n"
        reject_line(file, part, line, -1 if piece.start < 0 else piece.start + begin, detail)
        file.account.accepted -= size
        file.account.flagged += size


def _note_wrap(downloads: Sequence[Download]) -> None:
    for download in downloads:
        if download.header.lost_before and not download.doubt:
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


def _session_lengths(downloads: Sequence[Download], devices: int) -> IntArray:
    """Longest prescribed session of each device; the format's limit when none is known."""
    lengths = np.zeros(devices, dtype=np.int64)
    for item in downloads:
        if item.device != MISSING:
            longest = max((rx.session_s for rx in item.header.prescriptions), default=0)
            lengths[item.device] = max(int(lengths[item.device]), longest)
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
        if item.device != MISSING and not item.doubt and start is not None and seconds is not None:
            heads[item.device].append((start, seconds))
    points = []
    for own, (low, high) in zip(heads, pairwise(edges), strict=True):
        extra = np.asarray(own, dtype=np.int64).reshape(-1, 2)
        times = np.concatenate([at[low:high], extra[:, 0]])
        counter = np.concatenate([values[low:high], extra[:, 1]])
        order = np.lexsort((counter, times))
        points.append((times[order], counter[order]))
    return points
