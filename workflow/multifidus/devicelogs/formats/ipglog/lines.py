"""Lines of ``ipglog-text`` that verify, and names for the damage of those that do not.

A frame is a kind letter, a body, ``*`` and the CRC-32 of both as eight upper-case hexadecimal
digits. The work is linear in the size of the input, whatever it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from isal.isal_zlib import crc32

from multifidus.devicelogs.formats.ipglog.layout import CHECKSUM_BYTES, MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "CleanText",
    "Frame",
    "clean_text",
    "frames_at_line_starts",
    "frames_within",
    "name_damage",
    "record_number",
]

_NEWLINE = ord("\n")
_MAX_BODY = MAX_LINE_BYTES - CHECKSUM_BYTES
_FRAME = re.compile(rb"[HRBE][^*\r\n\x80-\xff]{1,190}\*([0-9A-F]{8})\n?")
_LINE_START = re.compile(rb"\n[HBE]")
_STAR = re.compile(rb"\*([0-9A-F]{8})")
# Within a line, a frame starts at the letter of a kind and the digit or name that follows it.
_START = re.compile(rb"[HRBE][0-9a-z]")
_NUMBER = re.compile(rb"R(\d{1,10}),")
_LOWER = re.compile(rb"[HRBE][^*\n]{1,190}\*([0-9A-Fa-f]{8})")
_SHAPE = re.compile(rb"[HRBE][^*]{1,190}\*[0-9A-F]{8}", re.DOTALL)
_ENDING = re.compile(rb"[HRBE].*\*[^*]{6,10}", re.DOTALL)
_RESIDUES = ((b"\x00", "NUL"), (b"\r", "CR"), (b" ", "blanks"), (b"\t", "blanks"))
_BOM = b"\xef\xbb\xbf"


class Frame(NamedTuple):
    """A line that verifies: kind letter, half-open span with its line end, text after the letter.

    ``ended`` says that its line end is there.
    """

    kind: str
    start: int
    end: int
    text: str
    ended: bool


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


def frames_at_line_starts(data: bytes) -> list[Frame]:
    """Return the header, block and end lines that verify and begin a line, in order."""
    found = [] if data[:1] not in {b"H", b"B", b"E"} else [_frame_at(data, 0)]
    found += [_frame_at(data, match.start() + 1) for match in _LINE_START.finditer(data)]
    return [frame for frame in found if frame is not None]


def _frame_at(data: bytes, at: int) -> Frame | None:
    match = _FRAME.match(data, at)
    if match is None:
        return None
    star = match.start(1) - 1
    if crc32(memoryview(data)[at:star]) != int(match[1], 16):
        return None
    return _frame(data, at, star)


def _frame(data: bytes, start: int, star: int) -> Frame:
    end = star + CHECKSUM_BYTES
    ended = data[end : end + 1] == b"\n"
    text = data[start + 1 : star].decode("ascii")
    return Frame(chr(data[start]), start, end + ended, text, ended)


def frames_within(data: bytes, begin: int, end: int) -> Iterator[Frame]:
    """Find the frames of any kind in a stretch that does not verify, also within lines.

    A checksum is searched for first and its frame's start then within the 190 bytes before it,
    so that noise costs one pass and nothing more.
    """
    while begin < end:
        newline = data.find(b"\n", begin, end)
        stop = end if newline < 0 else newline + 1
        star = stop - (newline >= 0) - CHECKSUM_BYTES
        frame = _frame_at(data, begin) if star > begin else None
        if frame is not None and frame.end == stop:
            yield frame
        else:
            yield from _frames_in_line(data, begin, stop)
        begin = stop


def _frames_in_line(data: bytes, begin: int, end: int) -> Iterator[Frame]:
    after = begin
    for match in _STAR.finditer(data, begin, end):
        star = match.start()
        low = max(after, star - _MAX_BODY)
        low = max(low, data.rfind(b"*", low, star) + 1)
        window = data[low:star]
        if b"\r" in window:
            continue
        claimed = int(match[1], 16)
        for first in _START.finditer(window):
            body = window[first.start() :]
            if crc32(body) == claimed and body.isascii():
                frame = _frame(data, low + first.start(), star)
                yield frame
                after = frame.end
                break


def record_number(line: bytes) -> int | None:
    """Return the number that a record line carries, ``None`` for none."""
    match = _NUMBER.match(line)
    return int(match[1]) if match else None


def name_damage(line: bytes, *, last: bool) -> tuple[int, str]:
    """Name the damage of a line that does not verify: fault number and detail.

    ``last`` says that the input ends with it. What cannot be distinguished is not guessed.
    """
    if _SHAPE.fullmatch(line):
        return 1, "checksum does not hold" if line.isascii() else "bytes that are no plain text"
    lower = _LOWER.fullmatch(line)
    if lower and crc32(line[:-CHECKSUM_BYTES]) == int(lower[1], 16):
        return 35, "checksum in lower-case digits is a format error"
    if last:
        return 5, "the last line is cut"
    if _ENDING.fullmatch(line):
        return 2, "checksum is not eight upper-case hexadecimal digits"
    return 3, "a fragment of a line"
