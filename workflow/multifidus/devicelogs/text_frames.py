"""Finding the frames of ``ipglog-text``: every byte is accepted, framing or flagged.

Record lines are checked all together (:mod:`~multifidus.devicelogs.text_lines`), blocks by one
CRC over their bytes. After damage the scan resynchronises at the next frame whose own CRC-32
holds, also in the middle of a line. The work is linear in the size of the input, whatever it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
import numpy.typing as npt

from multifidus.devicelogs.layout import MAX_LINE_BYTES
from multifidus.devicelogs.text_lines import tabulate_lines

__all__ = ["Block", "CleanText", "Frame", "Gap", "RecordRun", "Scan", "clean_text", "scan_frames"]

_NEWLINE = 10
_CHECKSUM = 9
_MAX_BODY = MAX_LINE_BYTES - _CHECKSUM
_BLOCK = re.compile(
    rb"B(\d{1,10}),(\d{1,10}),(\d{1,10}),(\d{1,10}),([0-9A-F]{8})\*([0-9A-F]{8})(\n?)"
)
_FRAME = re.compile(rb"[HRBE][^*\n]{1,190}\*([0-9A-F]{8})")
_STAR = re.compile(rb"\*([0-9A-F]{8})")
_START = re.compile(rb"[HRBE]")
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
        return self.offset(start), (self.offset(end - 1) + 1 if end > start else self.offset(end))


@dataclass(frozen=True)
class RecordRun:
    """Consecutive record lines that verify: half-open span, number, their checksums."""

    start: int
    end: int
    count: int
    checks: npt.NDArray[np.uint32] = field(compare=False)


@dataclass(frozen=True)
class Block:
    """A block line: number, sequence range, count and CRC-32 of the lines before it.

    ``verified`` says that the bytes before it are those the writer wrote.
    """

    start: int
    end: int
    number: int
    first: int
    last: int
    count: int
    crc: int
    verified: bool


@dataclass(frozen=True)
class Frame:
    """A header or end line: kind letter, span, and the text after the letter."""

    kind: str
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Gap:
    """Bytes between frames that verify nothing."""

    start: int
    end: int


@dataclass
class Scan:
    """Everything found, in the order of the file.

    ``block_start`` is where the lines of the block now read begin.
    """

    items: list[RecordRun | Block | Frame | Gap] = field(default_factory=list)
    block_start: int = 0
    glued: list[int] = field(default_factory=list)


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


def scan_frames(data: bytes) -> Scan:
    """Split cleaned text into frames and gaps.

    Parameters
    ----------
    data
        The text as :func:`clean_text` gives it.

    Returns
    -------
    Scan
        Items that together cover ``data`` without overlap.
    """
    scan = Scan()
    table = tabulate_lines(data)
    starts, ends = table.starts, table.ends
    others = np.flatnonzero(~table.records).tolist()
    others.append(len(starts))
    line = other = position = 0
    while position < len(data):
        if line < len(starts) and starts[line] < position:
            line = int(np.searchsorted(starts, position))
        while others[other] < line:
            other += 1
        if line < others[other] and starts[line] == position:
            last = others[other]
            end = int(ends[last - 1]) + 1
            scan.items.append(RecordRun(position, end, last - line, table.claimed[line:last]))
            position, line = end, last
            continue
        block = _BLOCK.match(data, position)
        if block and crc32(data[position : block.start(6) - 1]) == int(block[6], 16):
            position = _take_block(data, block, scan)
            continue
        match = _FRAME.match(data, position)
        if match and crc32(match[0][:-_CHECKSUM]) == int(match[1], 16):
            position = _take_frame(data, match, scan)
            continue
        position = _take_gap(data, position, scan)
    return scan


def _take_block(data: bytes, line: re.Match[bytes], scan: Scan) -> int:
    """Take a block line that verifies; compare the lines before it with what it says of them."""
    number, first, last, count = (int(text) for text in line.group(1, 2, 3, 4))
    start, end = line.span()
    if not line[7] and end < len(data):
        scan.glued.append(end)
    crc = int(line[5], 16)
    body = data[scan.block_start : start]
    whole = crc32(body) == crc and body.count(b"\n") == count
    scan.items.append(Block(start, end, number, first, last, count, crc, whole))
    scan.block_start = end
    return end


def _take_frame(data: bytes, frame: re.Match[bytes], scan: Scan) -> int:
    """Take one line whose CRC holds; return the position after its line end."""
    start, end = frame.span()
    if data[end : end + 1] == b"\n":
        end += 1
    elif end < len(data):
        scan.glued.append(end)
    kind = chr(data[start])
    if kind == "R":
        check = np.asarray([int(frame[1], 16)], dtype=np.uint32)
        scan.items.append(RecordRun(start, end, 1, check))
        return end
    text = data[start + 1 : end].rstrip(b"\n")[:-_CHECKSUM]
    scan.items.append(Frame(kind, start, end, text.decode("latin-1")))
    scan.block_start = end
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
                scan.items.append(Gap(position, start))
                return start
    scan.items.append(Gap(position, len(data)))
    return len(data)
