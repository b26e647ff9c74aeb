"""Reading OpenNerve logs: the read-out text and the image of the ring memory.

Written from the project's published logging guide (``Docs/IPG-Logging-Guide.md`` of
``CARSSCenter/OpenNerve-Implantable-Pulse-Generator``, CC BY 4.0): ASCII entries
``[20YY-MM-DDThh:mm:ssZ(uuu)]<TYPE>data`` ended by CR LF, in a ring of 131,072 bytes with a
4-byte write pointer and neither numbers nor checksums. What the firmware does beyond the guide
is allowed for: NUL padding before a line end, entries that end at a NUL, a rest of an earlier
lap where an entry no longer fitted at the end of the ring, a write pointer that power loss left
before the newest entry. The reader resynchronises at every entry and reports what lies between;
times are the device's own clock.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from multifidus.devicelogs.clock.times import NO_TIME
from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.formats.interface import ByteAccount
from multifidus.devicelogs.formats.opennerve.entries import COLUMNS, read_entry

if TYPE_CHECKING:
    from multifidus.devicelogs.clock.times import BoolArray

__all__ = ["RING_BYTES", "Entries", "read_entries", "write_opennerve_ring"]

RING_BYTES = 131_072
_POINTER_BYTES = 4
_LONGEST = 512
"""Bytes of the firmware's buffer for one entry."""

_BOM = b"\xef\xbb\xbf"
_ERASED = b"\x00\xff"
_STAMP = rb"\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d))\((\d{1,3})\)\]"
_ENTRY = re.compile(
    _STAMP + rb"<([A-Z]{2})>([^\[\r\n\x00\xff]{0,%d})([\x00\xff]*(?=\r\n))?(\r\n|\n|\r)?" % _LONGEST
)


class _Entry(NamedTuple):
    """An entry: time, place, content, and whether damage lies before it or in it."""

    time: int
    start: int
    size: int
    row: tuple[object, ...]
    text: bytes
    broken: bool


@dataclass(frozen=True)
class Entries:
    """The entries of one log in the order of writing, each once.

    ``records`` have device time (seconds since 1970 or ``NO_TIME``), sub-second in 1/256 s, type
    (EV, BA, IM, PA), label or parameter, value, second value (cell B), hexadecimal data, UCUM unit,
    byte offset. ``broken`` marks entries before or in which something is damaged.
    """

    account: ByteAccount
    records: pd.DataFrame
    broken: BoolArray
    faults: FaultLog


def read_entries(data: bytes, *, ring: bool | None = None) -> Entries:
    """Read the entries of one log.

    Parameters
    ----------
    data
        Read-out text, or the image of the ring with its write pointer.
    ring
        Whether the input is a ring image; by default decided by its size.

    Returns
    -------
    Entries
        Never raises on any input.
    """
    is_ring = len(data) == RING_BYTES + _POINTER_BYTES if ring is None else ring
    scan = _Scan(data, ring=is_ring and len(data) > _POINTER_BYTES)
    entries = _without_repeats(scan.read(), scan.faults)
    records = pd.DataFrame([entry.row for entry in entries], columns=list(COLUMNS))
    if records.empty:
        scan.faults.add(43, "no entry can be read", span=(0, len(data)))
    broken = np.asarray([entry.broken for entry in entries], dtype=np.bool_)
    return Entries(scan.account, records.astype(dict(COLUMNS)), broken, scan.faults)


def _without_repeats(entries: list[_Entry], faults: FaultLog) -> list[_Entry]:
    """Leave out entries that only repeat an earlier one: a ring or a read-out taken twice."""
    seen: set[bytes] = set()
    kept: list[_Entry] = []
    repeated: list[_Entry] = []
    broken = False
    for entry in entries:
        if entry.text in seen:
            repeated.append(entry)
            broken |= entry.broken
            continue
        seen.add(entry.text)
        kept.append(entry._replace(broken=entry.broken or broken))
        broken = False
    if repeated:
        span = (
            min(entry.start for entry in repeated),
            max(entry.start + entry.size for entry in repeated),
        )
        faults.add(8, "entries are present twice; used once", span=span, count=len(repeated))
    return kept


class _Scan:
    """One pass over the bytes in the order of writing, with the account of each byte."""

    def __init__(self, data: bytes, *, ring: bool) -> None:
        self.faults = FaultLog()
        self.account = ByteAccount(size=len(data))
        self._size = len(data) - _POINTER_BYTES if ring else 0
        self._begin = 0
        self._text = data
        self._residues: Counter[str] = Counter()
        self._notes: dict[tuple[int, str, str | None], tuple[int, tuple[int, int]]] = {}
        self._broken = False
        if ring:
            self._unroll(data[: self._size], data[self._size :])

    def read(self) -> list[_Entry]:
        """Return the entries in the order of writing."""
        entries: list[_Entry] = []
        position = 0
        if not self._size and self._text.startswith(_BOM):
            position = len(_BOM)
            self.account.framing += position
            self._residues["a byte order mark is before the text"] += 1
        first = position
        for match in _ENTRY.finditer(self._text):
            self._between(position, match.start(), first)
            entries.append(self._entry(match))
            position = match.end()
        self._between(position, len(self._text), first)
        if self._size:
            entries = self._without_rests(entries)
        for detail, count in sorted(self._residues.items()):
            self.faults.add(35, detail, count=count)
        for (number, detail, outcome), (count, span) in self._notes.items():
            self.faults.add(number, detail, span=span, count=count, outcome=outcome)
        return entries

    def _note(
        self, number: int, detail: str, span: tuple[int, int], outcome: str | None = None
    ) -> None:
        """Note a fault; those that are alike become one with a count."""
        count, hull = self._notes.get((number, detail, outcome), (0, span))
        hull = (min(hull[0], span[0]), max(hull[1], span[1]))
        self._notes[number, detail, outcome] = (count + 1, hull)

    def _span(self, start: int, end: int) -> tuple[int, int]:
        """Bytes of the input; a piece of a ring is named by where it starts."""
        begin = (start + self._begin) % self._size if self._size else start
        return begin, begin + end - start

    def _entry(self, match: re.Match[bytes]) -> _Entry:
        start, end = match.span()
        span = self._span(start, end)
        ended = match[6] is not None
        at_end = end == len(self._text)
        stamp = match[1].decode("ascii"), int(match[2])
        body = match[4].decode("latin-1")
        own = FaultLog()
        kind = match[3].decode("ascii")
        row = read_entry(stamp, kind, body, span, own, cut=at_end and not ended)
        for item in own.rows:
            self._note(int(str(item[0])), str(item[9]), span, str(item[3]))
        self.account.accepted += end - start
        odd = bool(own.numbers() & {23, 33})
        broken, self._broken = self._broken or odd, not ended
        if not ended and at_end:
            self._note(5, "the last entry has no line end and may be cut", span)
        elif not ended:
            self._note(4, "an entry has no line end", span)
        elif match[5]:
            self._residues["padding before a line end"] += 1
        elif match[6] != b"\r\n":
            self._residues["line ends other than CR LF"] += 1
        text = self._text[start : match.end(4)]
        return _Entry(row[0], span[0], end - start, row, text, broken)

    def _between(self, start: int, end: int, first: int) -> None:
        """Account for bytes between entries."""
        piece = self._text[start:end]
        if not piece:
            return
        if not piece.strip(_ERASED + b"\r\n "):
            self.account.framing += len(piece)
            # One NUL ends the newest entry of a ring; more were written over something.
            self._broken |= len(piece.strip(b"\r\n ")) > (1 if self._size else 0)
            return
        self.account.flagged += len(piece)
        span = self._span(start, end)
        if start == first:
            self._note(15, "the oldest entry is half overwritten", span)
        elif self._size and span[0] < self._size <= span[1]:
            self._note(15, "a rest of an earlier lap is at the end of the ring", span)
        else:
            self._broken = True
            self._note(3, "bytes that are no entry", span)

    def _unroll(self, image: bytes, tail: bytes) -> None:
        """Put the ring in the order of writing: from the write pointer round to it."""
        pointer = int.from_bytes(tail, "little")
        span = (len(image), len(image) + len(tail))
        self._text = image
        if pointer >= len(image):
            detail = "the write pointer lies outside the ring; read from its start"
            self.faults.add(28, detail, span=span)
            self.account.flagged += len(tail)
            return
        self.account.framing += len(tail)
        settled = _settled(image, pointer)
        if settled != pointer:
            detail = "the write pointer is before the newest entry"
            self.faults.add(6, detail, span=(pointer, settled))
        if image[settled:].strip(_ERASED):
            self.faults.add(14, "the ring has wrapped; earlier entries are unobserved")
            self._text = image[settled:] + image[:settled]
            self._begin = settled

    def _without_rests(self, entries: list[_Entry]) -> list[_Entry]:
        """Take out whole entries of an earlier lap that lie where the ring ends.

        They are older than the entry before them, and the one after them is not.
        """
        turns = (n + 1 for n, (a, b) in enumerate(pairwise(entries)) if b.start < a.start)
        kept = turn = next(turns, 0)
        while kept > 1 and self._size - entries[kept - 1].start <= _LONGEST:
            kept -= 1
            newest = max(entry.time for entry in entries[kept:turn])
            unknown = any(entry.time == NO_TIME for entry in entries[kept - 1 : turn + 1])
            if unknown or not newest < entries[kept - 1].time <= entries[turn].time:
                continue
            for entry in entries[kept:turn]:
                self.account.accepted -= entry.size
                self.account.flagged += entry.size
                detail = "an entry of an earlier lap is at the end of the ring"
                self._note(15, detail, (entry.start, entry.start + entry.size))
            return entries[:kept] + entries[turn:]
        return entries


def _settled(image: bytes, pointer: int) -> int:
    """Move a write pointer past a whole entry that is not older than the one before it.

    Power lost between writing an entry and writing the pointer leaves the pointer behind.
    """
    begin = max(0, pointer - _LONGEST)
    before = [(match[1], int(match[2])) for match in _ENTRY.finditer(image, begin, pointer)]
    match = _ENTRY.match(image, pointer)
    if match is None or match[6] is None or not before:
        return pointer
    newer = (match[1], int(match[2])) >= before[-1]
    return match.end() if newer and match.end() < len(image) else pointer


def write_opennerve_ring(entries: list[bytes]) -> bytes:
    """Write entries into a ring image as the guide describes it, for tests and examples.

    Parameters
    ----------
    entries
        Whole entries with their line ends, oldest first.
    """
    image = bytearray(RING_BYTES)
    pointer = 0
    for entry in entries:
        for octet in entry:
            image[pointer] = octet
            pointer = (pointer + 1) % RING_BYTES
    return bytes(image) + pointer.to_bytes(_POINTER_BYTES, "little")
