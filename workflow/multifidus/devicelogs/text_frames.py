"""Finding the frames of ``ipglog-text``: every byte is accepted, framing or flagged.

Record lines are checked all together (:mod:`~multifidus.devicelogs.text_lines`), blocks by one
CRC over their bytes. After damage the scan resynchronises at the next frame whose own CRC-32
holds, also in the middle of a line. The work is linear in the size of the input, whatever it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from isal.isal_zlib import crc32

from multifidus.devicelogs.layout import CHECKSUM_BYTES, MAX_LINE_BYTES
from multifidus.devicelogs.text_lines import KNOWN_KINDS, tabulate_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multifidus.devicelogs.text_lines import LineTable

__all__ = [
    "Block",
    "CleanText",
    "Frame",
    "Gap",
    "Item",
    "RecordRun",
    "Scan",
    "clean_text",
    "scan_frames",
]

_NEWLINE, _STAR_BYTE = ord("\n"), ord("*")
_AT_ONCE = 256
BoolArray = npt.NDArray[np.bool_]
_MAX_BODY = MAX_LINE_BYTES - CHECKSUM_BYTES
_BLOCK = re.compile(
    rb"B(\d{1,10}),(\d{1,10}),(\d{1,10}),(\d{1,10}),([0-9A-F]{8})\*([0-9A-F]{8})(\n?)"
)
_FRAME = re.compile(rb"[HRBE][^*\r\n\x80-\xff]{1,190}\*([0-9A-F]{8})")
_STAR = re.compile(rb"\*([0-9A-F]{8})")
# Within a line, a frame starts at the letter of a kind and the digit or name that follows it.
_START = re.compile(rb"[HRBE][0-9a-z]")
_FOLLOWING = np.isin(
    np.arange(256), np.frombuffer(b"0123456789abcdefghijklmnopqrstuvwxyz", dtype=np.uint8)
)
_RESIDUES = ((b"\x00", "NUL"), (b"\r", "CR"), (b" ", "blanks"), (b"\t", "blanks"))
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class CleanText:
    """The input without transfer residues, and the way back to its own offsets."""

    data: bytes
    size: int
    removed: int
    residues: tuple[str, ...]
    _shift: np.ndarray | None = None

    def offset(self, position: int) -> int:
        """Return the offset in the input of a position in ``data``."""
        if self._shift is None:
            return position
        return position + int(np.searchsorted(self._shift, position, side="right"))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open span in the input of a span in ``data``."""
        if self._shift is None:
            return start, end
        return self.offset(start), (self.offset(end - 1) + 1 if end > start else self.offset(end))


class RecordRun(NamedTuple):
    """Consecutive record lines that verify: half-open span and number of lines."""

    start: int
    end: int
    lines: int


class Block(NamedTuple):
    """A block line: sequence range, count and CRC-32 of the lines before it.

    ``verified`` says that the bytes before it are those the writer wrote.
    """

    start: int
    end: int
    first: int
    last: int
    lines: int
    crc: int
    verified: bool


class Frame(NamedTuple):
    """A header or end line: kind letter, span, and the text after the letter."""

    kind: str
    start: int
    end: int
    text: str


class Gap(NamedTuple):
    """Bytes between frames that verify nothing.

    ``framed`` says that they are one line with the shape of a frame.
    """

    start: int
    end: int
    framed: bool = False


Item = RecordRun | Block | Frame | Gap


@dataclass
class Scan:
    """Where a scan stands.

    ``items`` are those found and not yet given out; ``block_start`` is where the lines of the
    block now read begin, ``block_line`` how many line ends lie before it; ``glued`` are positions
    where a line end is missing.
    """

    items: list[Item] = field(default_factory=list)
    block_start: int = 0
    block_line: int = 0
    glued: list[int] = field(default_factory=list)

    def ready(self) -> list[Item]:
        """Take out what was found, but for a gap that may yet grow."""
        kept = 1 if self.items and isinstance(self.items[-1], Gap) else 0
        given = self.items[: len(self.items) - kept]
        del self.items[: len(given)]
        return given


def clean_text(data: bytes) -> CleanText:
    """Take out byte-order mark, NUL padding, CR and trailing blanks.

    They carry nothing and come from transfers; each removed byte counts as framing.
    """
    residues = {name for octet, name in _RESIDUES if octet in data}
    if data.startswith(_BOM):
        residues.add("byte-order mark")
    if not residues:
        return CleanText(data, len(data), 0, ())
    octets = np.frombuffer(data, dtype=np.uint8)
    remove = octets == 0
    if data.startswith(_BOM):
        remove[: len(_BOM)] = True
    blank = (octets == ord(" ")) | (octets == ord("\t")) | (octets == ord("\r"))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], blank, [False]))))
    begins, ends = edges[::2], edges[1::2]
    final = (ends == len(octets)) | (octets[np.minimum(ends, len(octets) - 1)] == _NEWLINE)
    for begin, end in zip(begins[final].tolist(), ends[final].tolist(), strict=True):
        remove[begin:end] = True
    gone = np.flatnonzero(remove)
    if not len(gone):
        return CleanText(data, len(data), 0, ())
    shift = gone - np.arange(len(gone))
    kept = octets[~remove].tobytes()
    return CleanText(kept, len(data), len(gone), tuple(sorted(residues)), shift)


def scan_frames(data: bytes, scan: Scan | None = None) -> Iterator[Item]:
    """Split cleaned text into frames and gaps.

    Parameters
    ----------
    data
        The text as :func:`clean_text` gives it.
    scan
        A new scan, to be asked for ``glued`` positions afterwards.

    Yields
    ------
    RecordRun, Block, Frame or Gap
        In the order of the text, which they cover without overlap.
    """
    scan = scan or Scan()
    table = tabulate_lines(data)
    view = memoryview(data)
    others = np.flatnonzero(~table.records)
    line = 0
    alone = _hold_no_frame(data, table, others[table.framed[others] & ~table.verified[others]])
    columns = (table.starts, table.ends, table.claimed, table.framed, table.verified, alone)
    rows = zip(others.tolist(), *(column[others].tolist() for column in columns), strict=True)
    for other, start, end, claimed, framed, verified, empty in rows:
        if other < line:
            continue  # taken with the damage before it
        if len(scan.items) > _AT_ONCE:
            yield from scan.ready()
        if line < other:
            begin = int(table.starts[line])
            scan.items.append(RecordRun(begin, start, other - line))
        block = _BLOCK.match(data, start) if verified else None
        if block and block[7]:
            _take_block(view, block, other, scan)
            line = other + 1
        elif empty or (
            not verified and _is_plain_damage(data, start, end, claimed if framed else None)
        ):
            _flag(scan, start, end + 1, framed=framed)
            line = other + 1
        else:
            line = _take_piecewise(data, start, table, scan)
    _take_tail(data, line, table, scan)
    yield from scan.items


def _hold_no_frame(data: bytes, table: LineTable, lines: npt.NDArray[np.int64]) -> BoolArray:
    """Mark framed lines with one star within which no frame can start; see below for others."""
    marks = np.zeros(len(table.starts), dtype=np.bool_)
    if not len(lines):
        return marks
    begin, end = table.starts[lines], table.ends[lines]
    spans = zip(begin.tolist(), end.tolist(), strict=True)
    octets = np.frombuffer(b"".join([data[low:high] for low, high in spans]), dtype=np.uint8)
    edge = np.concatenate(([0], np.cumsum(end - begin)))
    starts = np.append(KNOWN_KINDS[octets[:-1]] & _FOLLOWING[octets[1:]], [False])
    starts[edge[:-1]] = False
    starts[edge[1:, None] - np.arange(1, CHECKSUM_BYTES + 1)] = False
    found = np.logical_or.reduceat(starts, edge[:-1])
    stars = np.add.reduceat((octets == _STAR_BYTE).astype(np.int64), edge[:-1])
    marks[lines] = ~found & (stars == 1)
    return marks


def _is_plain_damage(data: bytes, start: int, end: int, claimed: int | None) -> bool:
    """Whether a line that does not verify holds no frame that does.

    A frame within it would end at a star; a framed line with one star claims one checksum, and
    any frame within it starts at a letter of a kind. Other lines are not decided.
    """
    stars = data.count(b"*", start, end)
    if not stars:
        return True
    if stars > 1 or claimed is None:
        return False
    star = end - CHECKSUM_BYTES
    for letter in _START.finditer(data, start + 1, star):
        if crc32(data[letter.start() : star]) == claimed:
            return False
    return True


def _flag(scan: Scan, start: int, end: int, *, framed: bool = False) -> None:
    """Flag bytes, together with those flagged just before them."""
    items = scan.items
    if items and isinstance(items[-1], Gap):
        items[-1] = Gap(items[-1].start, end)
    else:
        items.append(Gap(start, end, framed))


def _take_tail(data: bytes, line: int, table: LineTable, scan: Scan) -> None:
    """Take the last run of records, and what follows the last line end."""
    count = len(table.starts)
    if line < count:
        begin, end = int(table.starts[line]), int(table.ends[-1]) + 1
        scan.items.append(RecordRun(begin, end, count - line))
        line = count
    start = int(table.ends[-1]) + 1 if count else 0
    if line == count and start < len(data):
        _take_piecewise(data, start, table, scan)


def _take_piecewise(data: bytes, start: int, table: LineTable, scan: Scan) -> int:
    """Take frames and gaps one by one until a line starts; return the number of that line.

    The number is one more than the last line's when the end of the text was reached behind it.
    """
    view = memoryview(data)
    position = start
    while position < len(data):
        block = _BLOCK.match(data, position)
        if block and crc32(view[position : block.start(6) - 1]) == int(block[6], 16):
            _take_block(view, block, int(np.searchsorted(table.ends, position)), scan)
            position = block.end()
        else:
            match = _FRAME.match(data, position)
            if match and crc32(match[0][:-CHECKSUM_BYTES]) == int(match[1], 16):
                position = _take_frame(data, match, table, scan)
            else:
                position = _take_gap(data, position, scan)
        line = int(np.searchsorted(table.starts, position))
        if line < len(table.starts) and table.starts[line] == position:
            return line
    return len(table.starts) + 1


def _take_block(view: memoryview, line: re.Match[bytes], ends_before: int, scan: Scan) -> None:
    """Take a block line that verifies; compare the lines before it with what it says of them.

    ``ends_before`` is the number of line ends before the block line.
    """
    first, last, count, claim = line.group(2, 3, 4, 5)
    start, end = line.span()
    if not line[7] and end < len(view):
        scan.glued.append(end)
    crc, lines = int(claim, 16), int(count)
    whole = ends_before - scan.block_line == lines and crc32(view[scan.block_start : start]) == crc
    scan.items.append(Block(start, end, int(first), int(last), lines, crc, whole))
    scan.block_start = end
    scan.block_line = ends_before + len(line[7])


def _take_frame(data: bytes, frame: re.Match[bytes], table: LineTable, scan: Scan) -> int:
    """Take one line whose CRC holds; return the position after its line end."""
    start, end = frame.span()
    if data[end : end + 1] == b"\n":
        end += 1
    elif end < len(data):
        scan.glued.append(end)
    kind = chr(data[start])
    if kind == "R":
        scan.items.append(RecordRun(start, end, 1))
        return end
    text = data[start + 1 : end].rstrip(b"\n")[:-CHECKSUM_BYTES]
    scan.items.append(Frame(kind, start, end, text.decode("latin-1")))
    scan.block_start = end
    scan.block_line = int(np.searchsorted(table.ends, end))
    return end


def _take_gap(data: bytes, position: int, scan: Scan) -> int:
    """Flag bytes up to the next frame that verifies; return where that frame starts.

    A checksum is searched for first and its frame's start then within the 190 bytes before it,
    so that noise costs one pass and nothing more.
    """
    for match in _STAR.finditer(data, position):
        star = match.start()
        low = max(position, star - _MAX_BODY)
        low = max(low, data.rfind(b"\n", low, star) + 1, data.rfind(b"*", low, star) + 1)
        window = data[low:star]
        claimed = int(match[1], 16)
        for begin in _START.finditer(window):
            start = low + begin.start()
            if start == position:
                continue
            if star - start > 1 and crc32(window[begin.start() :]) == claimed:
                _flag(scan, position, start)
                return start
    _flag(scan, position, len(data))
    return len(data)
