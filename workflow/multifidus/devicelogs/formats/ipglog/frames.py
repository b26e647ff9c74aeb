"""From the bytes of ``ipglog-text`` to downloads: each with its header and the blocks that verify.

One rule says what is used. A block verifies when its lines, each once and in the order of their
numbers, are as many as its block line says and have the CRC-32 that it says; records of a block
that does not verify are not used. A download whose header is damaged or lacks a line is not used.
Every byte is accepted, framing or flagged; the work is linear in the size of the input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from isal.isal_zlib import crc32

from multifidus.devicelogs.clock.times import MISSING
from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.formats.interface import ByteAccount
from multifidus.devicelogs.formats.ipglog.damage import Damage, record_number
from multifidus.devicelogs.formats.ipglog.header import (
    Header,
    header_line_name,
    read_header_line,
)
from multifidus.devicelogs.formats.ipglog.layout import (
    FORMAT_MAJOR,
    FORMAT_MINOR,
    FORMAT_NAME,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Download", "Piece", "TextFile", "find_frames", "read_frames", "reject_line"]

_FRAME = re.compile(rb"[HRBE][^*\r\n\x80-\xff]{1,190}\*([0-9A-F]{8})\n?")
_GLUE = re.compile(rb"(\*[0-9A-F]{8})(?=R\d)")
_LINE = re.compile(rb"[^\n\x00]*+\n|[^\n\x00]++")
_BOM = b"\xef\xbb\xbf"
_RESIDUES = {b"\x00": "NUL", b"\r": "CR", b" ": "blanks", b"\t": "blanks"}
_REQUIRED = ("format", "device", "download", "ring")
_WHOLE = {*_REQUIRED, "life", "rx"}


class Piece(NamedTuple):
    """Record lines of a block that verifies: bytes, number of lines, bytes of the input, offset.

    The offset in the cleaned text is -1 where the lines were put in order first.
    """

    data: bytes
    lines: int
    size: int
    start: int


@dataclass
class Download:
    """One download: header, verified record lines, numbers of records that are not used.

    ``doubt`` says why its header cannot be relied on, empty when it can. ``end`` are the counts of
    its end line, ``file`` is the number of its input, ``device`` that of its device (``MISSING``
    when no header names it).
    """

    header: Header = field(default_factory=Header)
    names: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    faults: FaultLog = field(default_factory=FaultLog)
    blocks: int = 0
    begun: bool = False
    end: tuple[int, int] | None = None
    end_text: str = ""
    doubt: str = ""
    file: int = 0
    device: int = MISSING

    @property
    def records(self) -> int:
        """Record lines of blocks that verify."""
        return sum(piece.lines for piece in self.pieces)


@dataclass
class TextFile:
    """An input without transfer residues, its downloads, account of bytes and faults."""

    data: bytes
    parts: list[Download]
    account: ByteAccount
    faults: FaultLog
    plain: bool
    _shifts: list[np.ndarray]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open span in the input of a span in ``data``."""
        edges = np.asarray([start, max(end - 1, start)])
        for shift in self._shifts:
            edges = edges + np.searchsorted(shift, edges, side="right")
        low, high = edges.tolist()
        return low, high + (end > start)


class Frame(NamedTuple):
    """A header, block or end line that verifies: span with its line end, text after the letter."""

    kind: str
    start: int
    end: int
    text: str
    ended: bool


class _Block(NamedTuple):
    """What a block line says of the lines before it."""

    first: int
    last: int
    lines: int
    crc: int


def read_frames(data: bytes) -> TextFile:
    """Frame one ``ipglog-text`` input and account for each byte.

    Returns
    -------
    TextFile
        At least one part; never raises on any input.
    """
    file = _without_residues(data)
    position = 0
    for frame in find_frames(file.data):
        if frame.start >= position:
            _take_stretch(file, position, frame.start, frame)
            position = frame.end
    _take_stretch(file, position, len(file.data), None)
    names = {part.header.pseudonym for part in file.parts if part.header.pseudonym}
    if len(names) > 1:
        detail = "headers of more than one device; each part is read by its own header"
        file.faults.add(12, detail, span=(0, len(data)), count=len(names))
    for part in file.parts:
        _check_part(part, file)
    return file


def _without_residues(data: bytes) -> TextFile:
    """Take out byte-order mark, NUL padding, CR and trailing blanks; they count as framing."""
    mark = len(_BOM) if data.startswith(_BOM) else 0
    nul = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 0)
    padding = np.concatenate([np.arange(mark), nul])
    text = data[mark:].replace(b"\x00", b"")
    names = {name for octet, name in _RESIDUES.items() if octet in data}
    blanks: list[int] = []
    if names - {"NUL"}:
        at, lines = 0, text.split(b"\n")
        kept = [line.rstrip(b" \t\r") for line in lines]
        for line, rest in zip(lines, kept, strict=True):
            blanks += range(at + len(rest), at + len(line))
            at += len(line) + 1
        text = b"\n".join(kept)
    file = TextFile(
        text,
        [Download()],
        ByteAccount(len(data), framing=len(padding) + len(blanks)),
        FaultLog(),
        text.isascii() and b"\r" not in text,
        [
            np.asarray(blanks, dtype=np.int64) - np.arange(len(blanks)),
            padding - np.arange(len(padding)),
        ],
    )
    if file.account.framing:
        found = sorted({*names, *(["byte-order mark"] if mark else [])})
        detail = f"removed: {', '.join(found)}"
        file.faults.add(35, detail, span=(0, len(data)), count=file.account.framing)
    return file


def find_frames(data: bytes, kinds: bytes = b"HBE") -> Iterator[Frame]:
    """Find the lines of some kinds that verify, also behind a lost line end, in order."""
    places = [0, *(match.end() - 1 for match in re.finditer(rb"\n[%b]" % kinds, data))]
    if data.count(b"*") != data.count(b"\n"):
        glued = re.finditer(rb"\*[0-9A-F]{8}[%b]" % kinds, data)
        places = sorted([*places, *(match.end() - 1 for match in glued)])
    for at in places:
        match = _FRAME.match(data, at)
        if match is None or data[at] not in kinds:
            continue
        star = match.start(1) - 1
        if crc32(memoryview(data)[at:star]) == int(match[1], 16):
            text = data[at + 1 : star].decode("ascii")
            yield Frame(chr(data[at]), at, match.end(), text, match[0].endswith(b"\n"))


def _take_stretch(file: TextFile, begin: int, end: int, frame: Frame | None) -> None:
    """Take the lines up to a frame, then the frame itself."""
    block = None if frame is None else _read_block(frame)
    verified = False
    if begin < end:
        chunk = file.data[begin:end]
        if block and crc32(chunk) == block.crc and chunk.count(b"\n") == block.lines:
            verified = True
            _take_block(file, Piece(chunk, block.lines, len(chunk), begin))
        else:
            verified = _take_damaged(file, begin, chunk, block)
    if frame is not None:
        _take_frame(file, frame, block, verified=verified)


def _read_block(frame: Frame) -> _Block | None:
    fields = frame.text.split(",")
    if frame.kind != "B" or len(fields) != 5 or len(fields[4]) != 8:  # noqa: PLR2004
        return None
    try:
        return _Block(int(fields[1]), int(fields[2]), int(fields[3]), int(fields[4], 16))
    except ValueError:
        return None


def _take_block(file: TextFile, piece: Piece) -> None:
    """Take a block that verifies; leave out lines that are no plain text."""
    part, kept = _open_part(file), piece
    if not file.plain:
        lines, at = [], piece.start
        for line in (text + b"\n" for text in piece.data.split(b"\n")[:-1]):
            if line.isascii() and b"\r" not in line:
                lines.append(line)
            else:
                reject_line(file, part, line, at, "bytes that are no plain text")
            at += len(line)
        data = b"".join(lines)
        kept = piece if data == piece.data else Piece(data, len(lines), len(data), -1)
    part.pieces += [kept] if kept.lines else []
    file.account.accepted += kept.size
    file.account.flagged += piece.size - kept.size


def reject_line(file: TextFile, part: Download, line: bytes, at: int, detail: str) -> None:
    """Report a record line that is not used though its block verifies; -1 for no offset."""
    number = record_number(line)
    part.damaged += [] if number is None else [number]
    span = None if at < 0 else file.span(at, at + len(line))
    part.faults.add(1, detail, span=span, seqs=None if number is None else (number, number))


def _open_part(file: TextFile) -> Download:
    """Return the part that lines now read belong to; behind an end line nothing says whose."""
    if file.parts[-1].end is not None:
        file.parts.append(Download())
    file.parts[-1].begun = True
    return file.parts[-1]


def _take_frame(file: TextFile, frame: Frame, block: _Block | None, *, verified: bool) -> None:
    span = file.span(frame.start, frame.end)
    file.account.framing += frame.end - frame.start
    if not frame.ended and frame.end < len(file.data):
        detail = "a line end is missing; both sides were read"
        file.faults.add(4, detail, span=(span[1], span[1]))
    if frame.kind == "H":
        _take_header(file, frame, span)
        return
    if frame.kind == "E" and frame.text == file.parts[-1].end_text:
        file.parts[-1].faults.add(8, "the end line is present twice; read once", span=span)
        return
    part = _open_part(file)
    numbers = frame.text.split(",")
    if block is not None:
        part.blocks += 1
        if not verified:
            seqs = (block.first, block.last)
            part.faults.add(46, "records of the block are not used", span=span, seqs=seqs)
    elif frame.kind == "E" and len(numbers) == 2 and all(map(str.isdigit, numbers)):  # noqa: PLR2004
        part.end, part.end_text = (int(numbers[0]), int(numbers[1])), frame.text
    else:
        part.faults.add(6, "a block or end line cannot be read", span=span)


def _take_header(file: TextFile, frame: Frame, span: tuple[int, int]) -> None:
    part = file.parts[-1]
    name = header_line_name(frame.text)
    begun = part.begun or part.end is not None
    if not begun and frame.text in part.texts and (name != "format" or len(part.texts) == 1):
        part.faults.add(8, "a header line is present twice; read once", span=span)
        return
    if begun or (name in {"format", "download", "ring"} and name in part.names):
        part = Download()
        file.parts.append(part)
    if name == "device" and name in part.names:
        part.doubt = "the header names more than one device"
    part.names.append(name)
    part.texts.append(frame.text)
    read_header_line(part.header, frame.text, part.faults, span)


def _take_damaged(file: TextFile, begin: int, chunk: bytes, block: _Block | None) -> bool:
    """Take lines that do not verify as they are; say whether they did once put in order."""
    lines = _LINE.findall(_GLUE.sub(b"\\1\x00", chunk))
    found = [record_number(line) for line in lines]
    numbers = [number for number in found if number is not None]
    orderly = numbers == sorted(set(numbers)) and len(lines) == chunk.count(b"\n")
    loose = block is not None and (not orderly or len(lines) > block.lines)
    used = _in_order(lines, block) if block and loose else {}
    first = next((n for n, number in enumerate(found) if number is not None), len(lines))
    oldest = _doubt_header(file.parts[-1], lines[:first])
    part = _open_part(file) if first < len(lines) else file.parts[-1]
    damage = Damage("recover" if used else "reject", begin + len(chunk) == len(file.data))
    for number, (line, at) in enumerate(zip(lines, accumulate(map(len, lines), initial=begin))):  # noqa: B905
        # A good line in its place needs no word: the block's fault covers it.
        if not (orderly and b"*%08X\n" % crc32(line[:-10]) == line[-10:] and number >= first):
            damage.look_at(line, at, oldest if number < first else None)
    damage.report(part.faults, file.span)
    size = sum(map(len, used))
    file.account.accepted += size
    file.account.flagged += len(chunk) - size
    if used:
        part.pieces.append(Piece(b"".join(used.values()), len(used), size, -1))
    left = sorted(set(numbers).difference(map(record_number, used)))
    part.damaged += left
    if left and (used or block is None):
        detail = "no block line covers the records; not used"
        part.faults.add(46, detail, seqs=(left[0], left[-1]), count=len(left))
    return bool(used)


def _doubt_header(part: Download, lines: Sequence[bytes]) -> int | None:
    """Mark a header with damaged lines behind its first one.

    Behind the whole header of a ring that has wrapped they are the half-overwritten oldest record;
    return its number.
    """
    if part.begun or part.end is not None or not part.names:
        return None
    wrapped = bool(part.header.lost_before) and set(part.names) >= _WHOLE
    if any(line[:1] == b"H" or not wrapped for line in lines):
        part.doubt = "a line of the header is damaged"
    return part.header.first_seq if wrapped and not part.doubt else None


def _in_order(lines: Sequence[bytes], block: _Block) -> dict[bytes, bytes]:
    """Return lines as read, and with their ends, that are the block once each and in order."""
    own: dict[int, bytes] = {}
    for line in lines:
        number = record_number(line)
        if number is None or not block.first <= number <= block.last:
            continue
        if _ended(own.setdefault(number, line)) != _ended(line):
            return {}
    ordered = {own[number]: _ended(own[number]) for number in sorted(own)}
    verified = len(own) == block.lines and crc32(b"".join(ordered.values())) == block.crc
    return ordered if verified else {}


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"


def _check_part(part: Download, file: TextFile) -> None:
    """Compare a part with its end line, and leave it out where its header is damaged."""
    header, size = part.header, file.account.size
    if part.end is None and (part.begun or part.names):
        part.faults.add(5, "no end line; what followed is unknown", span=(size, size))
    elif part.end is not None and part.end != (part.records, part.blocks):
        detail = "the end line counts other records or blocks than were read"
        part.faults.add(6, detail, count=abs(part.end[0] - part.records))
    lacking = [name for name in _REQUIRED if name not in part.names]
    if header.name is not None and (header.major or 0) != FORMAT_MAJOR:
        detail = "unknown major version; nothing read"
        part.faults.add(34, detail, severity="severe", outcome="reject")
        part.doubt = "the version is unknown"
    elif part.doubt or lacking or not header.pseudonym:
        part.doubt = part.doubt or f"the header lacks a readable line: {', '.join(lacking)}"
        if part.begun or part.names:
            detail = f"{part.doubt}; the download is not used"
            part.faults.add(45, detail, count=max(part.records + len(part.damaged), 1))
    elif header.name != FORMAT_NAME:
        part.faults.add(34, "the format line names another format; read as 1.0")
    elif header.minor is not None and header.minor > FORMAT_MINOR:
        part.faults.add(34, "newer minor version; read as 1.0")
    if part.doubt:
        unused = sum(piece.size for piece in part.pieces)
        file.account.accepted -= unused
        file.account.flagged += unused
        part.pieces = []
    if not part.records:
        part.faults.add(43, "no record verifies")
