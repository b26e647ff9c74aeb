"""One input, whatever its form, as downloads over a common records table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from multifidus.devicelogs.binary_reader import read_pages
from multifidus.devicelogs.custody import doubts
from multifidus.devicelogs.detect import detect_format
from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.layout import POSITIONS
from multifidus.devicelogs.packed_records import PackedRecords
from multifidus.devicelogs.records import MISSING, TextRecords
from multifidus.devicelogs.text_blocks import tidy_lines
from multifidus.devicelogs.text_parts import ByteAccount, read_frames
from multifidus.devicelogs.text_reader import parse_records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.binary_reader import BinaryFile
    from multifidus.devicelogs.detect import LogFormat
    from multifidus.devicelogs.model import Header, IntArray
    from multifidus.devicelogs.records import BadValue, RecordTable
    from multifidus.devicelogs.text_parts import TextFile, TextPart

__all__ = ["Download", "InputFile", "read_sources"]


@dataclass
class InputFile:
    """One input: its format, byte account and faults of the file as a whole."""

    format: LogFormat
    account: ByteAccount
    faults: FaultLog = field(default_factory=FaultLog)


@dataclass
class Download:
    """One download within an input.

    ``owner`` is the device whose records it shows to hold, empty when it shows none;
    ``damaged`` are numbers of rejected records, ``seam`` says that the oldest was half
    overwritten; ``tidy`` is ``None`` for a complete download,
    else one number per record (see :mod:`~multifidus.devicelogs.binding`).
    """

    file: int
    header: Header
    faults: FaultLog
    owner: str
    records: int
    damaged: list[int]
    tidy: IntArray | None
    device: int = MISSING
    seam: bool = False


def read_sources(
    inputs: Sequence[bytes],
) -> tuple[list[InputFile], list[Download], RecordTable]:
    """Frame and parse inputs of any form.

    Returns
    -------
    files, downloads, table
        ``table.part`` indexes ``downloads``. Inputs of forms that hold no ``ipglog`` records
        give a file and no download.
    """
    files: list[InputFile] = []
    texts: list[tuple[int, TextFile]] = []
    binaries: list[tuple[int, BinaryFile]] = []
    for index, data in enumerate(inputs):
        name = detect_format(data)
        if name == "ipglog-text":
            text = read_frames(data)
            texts.append((index, text))
            files.append(InputFile(name, text.account, text.faults))
        elif name == "ipglog-bin":
            binary = read_pages(data)
            binaries.append((index, binary))
            files.append(InputFile(name, binary.account))
        else:
            files.append(_without_records(name, data))
    downloads, table = _from_text(texts)
    more, extra = _from_binary(binaries, len(downloads))
    return files, [*downloads, *more], _join(table, extra)


def _without_records(name: LogFormat, data: bytes) -> InputFile:
    account = ByteAccount(size=len(data), flagged=len(data))
    file = InputFile(name, account)
    reason = {
        "empty": "the input is empty",
        "unknown": "the input is of no known format",
    }.get(name, "the input holds no ipglog records; read it by itself")
    file.faults.add(43, reason, span=(0, len(data)), outcome="reject")
    return file


def _owner(header: Header, names: Sequence[str], records: int, faults: FaultLog) -> str:
    if not header.pseudonym:
        return ""
    doubt = doubts(header, names)
    if not doubt or not records:
        return header.pseudonym
    faults.add(12, f"{doubt}; its records are not used", count=records)
    return ""


def _from_text(texts: Sequence[tuple[int, TextFile]]) -> tuple[list[Download], TextRecords]:
    parts = [(index, file, part) for index, file in texts for part in file.parts]
    table, bad, rejected, sizes = parse_records([(file.text.data, part) for _, file, part in parts])
    kept = np.ones(int(sizes.sum()), dtype=np.bool_)
    kept[rejected] = False
    seqs = np.full(len(kept), MISSING, dtype=np.int64)
    seqs[kept] = table.seq
    ends = np.cumsum(sizes)
    downloads = []
    for (index, file, part), end, size in zip(parts, ends.tolist(), sizes.tolist(), strict=True):
        own = slice(end - size, end)
        lost = [row - own.start for row in rejected if own.start <= row < own.stop]
        _reject_lines(file, part, lost)
        claimed = _damaged_numbers(part, seqs[own])
        whole = part.complete and not lost
        tidy = None if whole else tidy_lines(file.text.data, part, seqs[own])[kept[own]]
        owner = _owner(part.header, part.header_names, part.count, part.faults)
        seam = any(part.damaged.seam)
        download = Download(index, part.header, part.faults, owner, size, claimed, tidy, seam=seam)
        downloads.append(download)
    _note_bad_values(table, bad, downloads)
    return downloads, table


def _reject_lines(file: TextFile, part: TextPart, lines: Sequence[int]) -> None:
    """Move lines that the parser refused from accepted to flagged, and report them."""
    for line in lines:
        start, end = part.runs.span_of_line(file.text.data, line)
        digits = file.text.data[start + 1 : end].split(b",", 1)[0]
        seq = int(digits) if digits.isdigit() and len(digits) < 11 else None  # noqa: PLR2004
        part.faults.add(
            1,
            "the checksum holds but the line is not shaped as a record",
            span=file.text.span(start, end),
            seqs=None if seq is None else (seq, seq),
        )
        file.account.accepted -= end - start
        file.account.flagged += end - start


def _damaged_numbers(part: TextPart, seqs: IntArray) -> list[int]:
    """Say which numbers the rejected lines of a part carried.

    A rejected line stands for one absent number between its neighbours: the one it seems to
    carry, when that lies there, else the lowest that no other line stands for.

    Parameters
    ----------
    part
        The part.
    seqs
        Numbers of its record lines in the order of the file, :data:`MISSING` where rejected.
    """
    before_run = part.runs.before().tolist()
    # A half-overwritten oldest record is lost to wrap, not damaged.
    lost = part.damaged
    lines = zip(lost.after_run, lost.claimed, lost.seam, strict=True)
    places = [(before_run[run], claimed) for run, claimed, seam in lines if not seam]
    places += [(row, MISSING) for row in np.flatnonzero(seqs == MISSING).tolist()]
    places.sort(key=lambda place: (place[0], max(place[1], 0)))
    numbers = seqs[seqs != MISSING]
    at = np.searchsorted(np.flatnonzero(seqs != MISSING), [row for row, _ in places])
    # The numbers of its neighbours, beyond them the ring's own ends as far as those are known.
    first, last = part.header.first_seq, part.header.last_seq
    edged = np.concatenate(([(first or 0) - 1], numbers, [(last or 0) + 1]))
    unknown = ((at == 0) & (first is None)) | ((at == len(numbers)) & (last is None))
    taken: set[int] = set()
    lowest: dict[int, int] = {}  # of each stretch, where its lowest free number is looked for
    for (_, claimed), low, high, endless in zip(
        places,
        (edged[at] + 1).tolist(),
        (edged[at + 1] - 1).tolist(),
        unknown.tolist(),
        strict=True,
    ):
        if claimed != MISSING and (endless or low <= claimed <= high):
            taken.add(claimed)
        elif not endless:
            free = lowest.get(low, low)
            while free in taken:
                free += 1
            lowest[low] = free
            if free <= high:
                taken.add(free)
    return sorted(taken)


def _note_bad_values(
    table: RecordTable, bad: Sequence[BadValue], downloads: Sequence[Download]
) -> None:
    for value in bad:
        seq = int(table.seq[value.row])
        downloads[int(table.part[value.row])].faults.add(
            value.fault, f"value of {value.column} taken out", seqs=(seq, seq) if seq >= 0 else None
        )


def _from_binary(
    binaries: Sequence[tuple[int, BinaryFile]], begin: int
) -> tuple[list[Download], PackedRecords | None]:
    if not binaries:
        return [], None
    downloads = []
    for index, file in binaries:
        file.header.name = "ipglog-bin"
        count = file.count
        owner = _owner(file.header, file.header_names, count, file.faults)
        tidy = None if file.complete else file.tidy
        downloads.append(
            Download(index, file.header, file.faults, owner, count, file.damaged, tidy)
        )
    sizes = [file.count for _, file in binaries]
    part = np.repeat(np.arange(begin, begin + len(binaries), dtype=np.int64), sizes)
    return downloads, PackedRecords(part, tuple(p for _, file in binaries for p in file.pieces))


def _join(text: TextRecords, binary: PackedRecords | None) -> RecordTable:
    """Put tables of both forms together; binary stays as stored when it stands alone."""
    if binary is None or not len(binary):
        return text
    if not len(text):
        return binary
    both: tuple[RecordTable, ...] = (text, binary)
    return TextRecords(
        part=np.concatenate([t.part for t in both]),
        seq=np.concatenate([t.seq for t in both]),
        boot=np.concatenate([t.boot for t in both]),
        tick=np.concatenate([t.tick for t in both]),
        clock=np.concatenate([t.clock for t in both]),
        code=np.concatenate([t.code for t in both]),
        words=pa.concat_arrays([t.word for t in both]),
        positions=tuple(
            pa.concat_arrays([t.texts(position) for t in both]) for position in range(POSITIONS)
        ),
        check=np.concatenate([t.check for t in both]),
    )
