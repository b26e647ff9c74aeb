"""From the bytes of ``ipglog-text`` to downloads: each with its header and the blocks that verify.

One rule says what is used. A block verifies when its lines, each once and in the order of their
numbers, are as many as its block line says and have the CRC-32 that it says; records of a block
that does not verify are not used. A download whose header is damaged or lacks a line is not used.
Every byte is accepted, framing or flagged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from isal.isal_zlib import crc32

from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.formats.interface import ByteAccount
from multifidus.devicelogs.formats.ipglog.header import header_line_name, read_header_line
from multifidus.devicelogs.formats.ipglog.lines import (
    clean_text,
    frames_at_line_starts,
    frames_within,
    name_damage,
    record_number,
)
from multifidus.devicelogs.formats.ipglog.parts import (
    Part,
    Piece,
    TextFile,
    check_devices,
    check_part,
)

if TYPE_CHECKING:
    from multifidus.devicelogs.formats.ipglog.lines import Frame

__all__ = ["read_frames"]

_WHOLE = {"format", "device", "download", "ring", "life", "rx"}


class _Block(NamedTuple):
    """What a block line says of the lines before it."""

    first: int
    last: int
    lines: int
    crc: int


def read_frames(data: bytes) -> TextFile:
    """Frame one ``ipglog-text`` input and account for each byte.

    Parameters
    ----------
    data
        The whole input.

    Returns
    -------
    TextFile
        At least one part; never raises on any input.
    """
    text = clean_text(data)
    file = TextFile(
        text,
        [Part()],
        ByteAccount(len(data), framing=text.removed),
        FaultLog(),
        _is_plain(text.data),
    )
    if text.residues:
        detail = f"removed: {', '.join(text.residues)}"
        file.faults.add(35, detail, span=(0, len(data)), count=text.removed)
    position = 0
    for frame in frames_at_line_starts(text.data):
        if frame.start < position:
            continue
        _take_stretch(file, position, frame.start, frame)
        position = frame.end
    _take_stretch(file, position, len(text.data), None)
    check_devices(file)
    for part in file.parts:
        check_part(part, file)
    return file


def _take_stretch(file: TextFile, begin: int, end: int, frame: Frame | None) -> None:
    """Take the lines up to a frame, then the frame itself."""
    data = file.text.data
    block = None if frame is None else _read_block(frame)
    if begin < end and not (block and _verifies(data, begin, end, block)):
        _take_damaged(file, begin, end, frame)
    else:
        if begin < end and block:
            part = _open_part(file)
            whole = Piece(data[begin:end], block.lines, end - begin, begin)
            piece = whole if file.plain else _plain_lines(file, part, whole)
            part.pieces += [piece] if piece.lines else []
            file.account.accepted += piece.size
            file.account.flagged += whole.size - piece.size
        if frame is not None:
            _take_frame(file, frame, block, verified=begin < end)


def _read_block(frame: Frame) -> _Block | None:
    fields = frame.text.split(",")
    if frame.kind != "B" or len(fields) != 5 or len(fields[4]) != 8:  # noqa: PLR2004
        return None
    try:
        first, last, lines = (int(text) for text in fields[1:4])
        return _Block(first, last, lines, int(fields[4], 16))
    except ValueError:
        return None


def _verifies(data: bytes, begin: int, end: int, block: _Block) -> bool:
    """Whether a stretch is exactly the lines that the block line counts."""
    view = memoryview(data)[begin:end]
    return crc32(view) == block.crc and data.count(b"\n", begin, end) == block.lines


def _is_plain(text: bytes) -> bool:
    """Whether a text is ASCII and free of CR, which some readers take for a line end."""
    return text.isascii() and b"\r" not in text


def _plain_lines(file: TextFile, part: Part, piece: Piece) -> Piece:
    """Leave out lines that are no plain text, though their block verifies."""
    kept, begin = [], piece.start
    for line in (text + b"\n" for text in piece.data.split(b"\n")[:-1]):
        if _is_plain(line):
            kept.append(line)
        else:
            number = record_number(line)
            span = file.text.span(begin, begin + len(line))
            seqs = None if number is None else (number, number)
            part.faults.add(1, "bytes that are no plain text", span=span, seqs=seqs)
            part.damaged += [] if number is None else [number]
        begin += len(line)
    data = b"".join(kept)
    return Piece(data, len(kept), len(data), -1)


def _open_part(file: TextFile) -> Part:
    """Return the part that lines now read belong to; behind an end line nothing says whose."""
    if file.parts[-1].end is not None:
        file.parts.append(Part())
    part = file.parts[-1]
    part.begun = True
    return part


def _take_frame(file: TextFile, frame: Frame, block: _Block | None, *, verified: bool) -> None:
    span = file.text.span(frame.start, frame.end)
    file.account.framing += frame.end - frame.start
    if not frame.ended and frame.end < len(file.text.data):
        detail = "a line end is missing; both sides were read"
        file.faults.add(4, detail, span=(span[1], span[1]))
    if frame.kind == "H":
        _take_header(file, frame, span)
        return
    if frame.kind == "E" and frame.text == file.parts[-1].end_text:
        file.parts[-1].faults.add(8, "the end line is present twice; read once", span=span)
        return
    part = _open_part(file)
    if block is not None:
        part.blocks += 1
        if not verified:
            _reject_block(part, block, span)
        return
    numbers = frame.text.split(",")
    if frame.kind == "E" and len(numbers) == 2 and all(map(str.isdigit, numbers)):  # noqa: PLR2004
        part.end, part.end_text = (int(numbers[0]), int(numbers[1])), frame.text
    else:
        part.faults.add(6, "a block or end line cannot be read", span=span)


def _reject_block(part: Part, block: _Block, span: tuple[int, int]) -> None:
    seqs = (block.first, block.last)
    part.faults.add(46, "records of the block are not used", span=span, seqs=seqs)


def _take_header(file: TextFile, frame: Frame, span: tuple[int, int]) -> None:
    part = file.parts[-1]
    name = header_line_name(frame.text)
    begun = part.begun or part.end is not None
    if not begun and frame.text in part.texts and (name != "format" or len(part.texts) == 1):
        part.faults.add(8, "a header line is present twice; read once", span=span)
        return
    if begun or (name in {"format", "download", "ring"} and name in part.names):
        part = Part()
        file.parts.append(part)
    if name == "device" and name in part.names:
        part.doubt = "the header names more than one device"
    part.names.append(name)
    part.texts.append(frame.text)
    read_header_line(part.header, frame.text, part.faults, span)


def _take_damaged(file: TextFile, begin: int, end: int, frame: Frame | None) -> None:
    """Take a stretch that does not verify: resynchronise at the frames within it."""
    data = file.text.data
    records: list[Frame] = []
    position = begin
    for inner in frames_within(data, begin, end):
        _note_fragment(file, position, inner.start, records)
        position = inner.end
        if inner.kind == "R":
            records.append(inner)
            continue
        _settle(file, records, inner)
        records = []
    _note_fragment(file, position, end, records)
    _settle(file, records, frame)


def _settle(file: TextFile, records: list[Frame], frame: Frame | None) -> None:
    """Use the records before a block line that verify as its block; reject the others."""
    block = None if frame is None else _read_block(frame)
    used: list[Frame] = []
    if records:
        part = _open_part(file)
        used = _block_of(records, block, file.text.data) if block else []
        _note_records(file, part, records, used)
        if used or block is None:
            _note_uncovered(part, records, used, file.text.data)
    if frame is not None:
        _take_frame(file, frame, block, verified=bool(used))


def _note_uncovered(part: Part, records: list[Frame], used: list[Frame], data: bytes) -> None:
    """Report records of a stretch that are of no block that verifies, repeats left out."""
    own = {record.text for record in used}
    left = [record for record in records if record.text not in own]
    numbers = [record_number(data[record.start : record.end]) or 0 for record in left]
    if left:
        seqs = (min(numbers), max(numbers))
        detail = "no block line covers the records; not used"
        part.faults.add(46, detail, seqs=seqs, count=len(left))


def _block_of(records: list[Frame], block: _Block, data: bytes) -> list[Frame]:
    """Return the records that, each once and in order, are the block; none when it fails."""
    if len(records) < block.lines:
        return []
    own: dict[int, Frame] = {}
    for record in records:
        number = record_number(data[record.start : record.end])
        if number is not None and block.first <= number <= block.last:
            if number in own and own[number].text != record.text:
                return []
            own.setdefault(number, record)
    ordered = [own[number] for number in sorted(own)]
    lines = b"".join(_line(data, record) for record in ordered)
    return ordered if len(ordered) == block.lines and crc32(lines) == block.crc else []


def _line(data: bytes, record: Frame) -> bytes:
    return data[record.start : record.end] + (b"" if record.ended else b"\n")


def _note_records(file: TextFile, part: Part, records: list[Frame], used: list[Frame]) -> None:
    """Account for record lines of a stretch; report what is out of place among them."""
    data = file.text.data
    outcome = "recover" if used else "reject"
    taken = {record.start for record in used}
    if used:
        lines = b"".join(_line(data, record) for record in used)
        size = sum(record.end - record.start for record in used)
        part.pieces.append(Piece(lines, len(used), size, -1))
    seen: dict[int, str] = {}
    highest = -1
    for record in records:
        size = record.end - record.start
        number = record_number(data[record.start : record.end])
        span = file.text.span(record.start, record.end)
        if record.start in taken:
            file.account.accepted += size
        else:
            file.account.flagged += size
        if not record.ended and record.end < len(data):
            detail = "a line end is missing; both sides were read"
            file.faults.add(4, detail, span=(span[1], span[1]), outcome=outcome)
        if number is None:
            part.faults.add(1, "a line is not shaped as a record", span=span)
            continue
        seqs = (number, number)
        if number in seen and seen[number] == record.text:
            detail = "present twice in one download; used once at most"
            part.faults.add(8, detail, span=span, seqs=seqs, outcome=outcome)
        elif number in seen:
            detail = "different records with one sequence number; none used"
            part.faults.add(9, detail, span=span, seqs=seqs)
        elif number < highest:
            detail = "lines are not in the order of the sequence numbers"
            part.faults.add(10, detail, span=span, seqs=(number, highest), outcome=outcome)
        seen[number] = record.text
        highest = max(highest, number)
        if record.start not in taken:
            part.damaged.append(number)


def _note_fragment(file: TextFile, begin: int, end: int, records: list[Frame]) -> None:
    """Report the lines of a stretch in which nothing verifies."""
    if begin >= end:
        return
    file.account.flagged += end - begin
    part = file.parts[-1]
    data = file.text.data
    while begin < end:
        newline = data.find(b"\n", begin, end)
        stop = end if newline < 0 else newline + 1
        line = data[begin:stop].rstrip(b"\n")
        seq = record_number(line)
        if not (part.begun or records or seq is not None or part.end is not None):
            _doubt_header(part, line)
        _note_line(file, part, line, (begin, stop))
        if seq is not None:
            part.damaged.append(seq)
        begin = stop


def _doubt_header(part: Part, line: bytes) -> None:
    """Mark a header with a damaged line behind its first one.

    Behind a whole header of a ring that has wrapped, it is the half-overwritten oldest record.
    """
    if not part.names:
        return
    seam = part.header.lost_before and set(part.names) >= _WHOLE and line[:1] != b"H"
    if not seam:
        part.doubt = "a line of the header is damaged"


def _note_line(file: TextFile, part: Part, line: bytes, span: tuple[int, int]) -> None:
    outside = file.text.span(*span)
    if not line:
        part.faults.add(35, "an empty line", span=outside)
        return
    number = record_number(line)
    fault, detail = name_damage(
        line, last=span[1] == len(file.text.data) and len(line) == (span[1] - span[0])
    )
    wrapped = part.header.lost_before and not part.begun and not part.doubt and part.names
    if wrapped and number is None and line[:1] not in (b"H", b"B", b"E"):
        fault, detail = 15, "the oldest record is half overwritten"
        number = part.header.first_seq
    seqs = None if number is None else (number, number)
    part.faults.add(fault, detail, span=outside, seqs=seqs, outcome="reject")
