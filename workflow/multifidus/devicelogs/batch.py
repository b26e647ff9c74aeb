"""Reading a batch of downloads in one pass: frames, records, merge, places, sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.layout import SESSION_LIMIT_S
from multifidus.devicelogs.merge import account_for_sequence, merge_downloads
from multifidus.devicelogs.model import NO_TIME
from multifidus.devicelogs.placement import device_anchors, place_records
from multifidus.devicelogs.records import MISSING, typed_view
from multifidus.devicelogs.sessions import build_sessions
from multifidus.devicelogs.text_parts import read_frames
from multifidus.devicelogs.text_reader import parse_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from multifidus.devicelogs.merge import MergedRecords, SeqGap
    from multifidus.devicelogs.model import Header, IntArray
    from multifidus.devicelogs.placement import Placement
    from multifidus.devicelogs.records import BadValue, RecordTable
    from multifidus.devicelogs.text_parts import TextFile, TextPart

__all__ = ["Batch", "Download", "counter_points", "read_batch"]


@dataclass
class Download:
    """One part of one input: which file, which device, what its header says, its faults."""

    file: int
    header: Header
    device: int
    faults: FaultLog
    records: int


@dataclass
class Batch:
    """Everything read from some inputs.

    ``devices`` are pseudonyms in sorted order; arrays named ``device`` index them.
    """

    files: list[TextFile]
    downloads: list[Download]
    devices: list[str]
    table: RecordTable
    merged: MergedRecords
    placement: Placement
    sessions: pd.DataFrame
    gaps: list[SeqGap]
    device_faults: list[FaultLog]
    last_seq: list[int]


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
    parts = [(index, part) for index, file in enumerate(files) for part in file.parts]
    table, bad, rejected, sizes = parse_records(
        [(files[index].text.data, part) for index, part in parts]
    )
    devices = sorted({part.header.pseudonym for _, part in parts if part.header.pseudonym})
    number = {name: index for index, name in enumerate(devices)}
    device_of = np.asarray(
        [number.get(part.header.pseudonym or "", MISSING) for _, part in parts], dtype=np.int64
    )
    downloads = [
        Download(index, part.header, int(device_of[row]), part.faults, int(sizes[row]))
        for row, (index, part) in enumerate(parts)
    ]
    headers = [download.header for download in downloads]
    logs = [download.faults for download in downloads]
    damaged = _damaged_numbers(parts, files, rejected, sizes)
    _note_bad_values(table, bad, logs)
    _note_unowned(downloads)
    merged = merge_downloads(table, headers, device_of, logs)
    gaps, last = account_for_sequence(merged, headers, device_of, damaged, len(devices))
    device_faults = [FaultLog() for _ in devices]
    _note_gaps(gaps, device_faults)
    anchors = [
        device_anchors(np.flatnonzero(device_of == device).tolist(), headers, logs)
        for device in range(len(devices))
    ]
    placement = place_records(merged, anchors, device_faults)
    lengths = _session_lengths(headers, device_of, len(devices))
    sessions = build_sessions(merged, placement, lengths, device_faults)
    return Batch(
        files, downloads, devices, table, merged, placement, sessions, gaps, device_faults, last
    )


def _damaged_numbers(
    parts: Sequence[tuple[int, TextPart]],
    files: Sequence[TextFile],
    rejected: Sequence[int],
    sizes: IntArray,
) -> list[list[int]]:
    """Numbers that rejected lines claim to carry, per part."""
    damaged = [
        [line.claimed_seq for line in part.damaged if line.claimed_seq is not None]
        for _, part in parts
    ]
    if not rejected:
        return damaged
    begins = np.concatenate(([0], np.cumsum(sizes)))
    for row in rejected:
        owner = int(np.searchsorted(begins, row, side="right")) - 1
        index, part = parts[owner]
        start, end = _line_span(files[index].text.data, part, row - int(begins[owner]))
        text = files[index].text.data[start:end]
        digits = text[1:].split(b",", 1)[0]
        seq = int(digits) if digits.isdigit() and len(digits) < 11 else None  # noqa: PLR2004
        seam = bool(part.header.lost_before) and seq == part.header.first_seq
        part.faults.add(
            15 if seam else 1,
            "the oldest record is half overwritten" if seam else "damaged before it was read out",
            span=files[index].text.span(start, end),
            seqs=None if seq is None else (seq, seq),
        )
        files[index].account.accepted -= end - start
        files[index].account.flagged += end - start
        if seq is not None:
            damaged[owner].append(seq)
    return damaged


def _line_span(data: bytes, part: TextPart, line: int) -> tuple[int, int]:
    """Find the bytes of the n-th record line of a part."""
    for run in part.runs:
        if line < run.count:
            begin = run.start
            for _ in range(line):
                begin = data.index(b"\n", begin) + 1
            end = data.find(b"\n", begin, run.end)
            return begin, (run.end if end < 0 else end + 1)
        line -= run.count
    raise IndexError(line)


def _note_bad_values(
    table: RecordTable, bad: Sequence[BadValue], faults: Sequence[FaultLog]
) -> None:
    for value in bad:
        seq = int(table.seq[value.row])
        faults[int(table.part[value.row])].add(
            value.fault, f"value of {value.column} taken out", seqs=(seq, seq) if seq >= 0 else None
        )


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


def counter_points(batch: Batch, device: int) -> tuple[IntArray, IntArray]:
    """Return times and lifetime seconds of one device, from daily records and headers."""
    view = typed_view(batch.merged.table, "DAY")
    own = (batch.merged.device[view.rows] == device) & (view.columns["lifetime_seconds"] >= 0)
    rows = view.rows[own]
    placed = batch.placement.utc[rows] != NO_TIME
    at = batch.placement.utc[rows][placed]
    values = view.columns["lifetime_seconds"][own][placed]
    heads = [
        (item.header.download_start, item.header.life_seconds)
        for item in batch.downloads
        if item.device == device
        and item.header.download_start is not None
        and item.header.life_seconds is not None
    ]
    at = np.concatenate([at, np.asarray([head[0] for head in heads], dtype=np.int64)])
    values = np.concatenate([values, np.asarray([head[1] for head in heads], dtype=np.int64)])
    order = np.lexsort((values, at))
    return at[order], values[order]
