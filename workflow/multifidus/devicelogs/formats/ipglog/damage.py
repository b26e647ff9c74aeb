"""Names for the damage of lines that are not used; notes that are alike are one fault."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from isal.isal_zlib import crc32

from multifidus.devicelogs.formats.ipglog.layout import CHECKSUM_BYTES, MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from multifidus.devicelogs.findings import FaultLog

__all__ = ["Damage", "record_number"]

_NUMBER = re.compile(rb"R(\d{1,10}),")
_START = re.compile(rb"[HRBE][0-9a-z]")
_SEALED = re.compile(rb"[HRBE].{1,190}\*[0-9A-Fa-f]{8}", re.DOTALL)
_ENDING = re.compile(rb"[HRBE].*\*[^*]{6,10}", re.DOTALL)


def record_number(line: bytes) -> int | None:
    """Return the number that a record line carries, ``None`` for none."""
    match = _NUMBER.match(line)
    return None if match is None else int(match[1])


class Damage:
    """Looks at the lines of a stretch that does not verify as it is.

    ``outcome`` says whether its records are used all the same, ``ends_input`` whether the input
    ends with it.
    """

    def __init__(self, outcome: str, ends_input: bool) -> None:
        self._outcome = outcome
        self._ends_input = ends_input
        self._seen: dict[int, bytes] = {}
        self._highest = -1
        self._notes: dict[tuple[int, str, str], list[tuple[int, int, int | None]]] = {}

    def look_at(self, line: bytes, at: int, oldest: int | None) -> None:
        """Name what is wrong with one line, which begins at an offset.

        ``oldest`` is the number of the oldest record of a ring where the line may be its rest.
        """
        body = line[:-1] if line.endswith(b"\n") else line
        number = record_number(line)
        span = (at, at + len(line))
        if number is not None:
            self._compare(body, number, span)
        if not body:
            self._note(35, "an empty line", span, None, "recover")
        elif number is None and oldest is not None and body[:1] not in (b"H", b"B", b"E"):
            self._note(15, "the oldest record is half overwritten", span, oldest, "reject")
        elif number is None or not _is_sealed(body):
            fault, detail = _name(body, last=self._ends_input and body is line)
            if cut := _cut_at(body):
                fault, detail, span = 3, "a fragment of a line", (at, at + cut)
            self._note(fault, detail, span, number, "reject")
        elif body is line:
            detail = "a line end is missing; both sides were read"
            self._note(4, detail, (span[1], span[1]), None, self._outcome)

    def _compare(self, body: bytes, number: int, span: tuple[int, int]) -> None:
        """Report a number that was seen before or is out of order."""
        known = self._seen.setdefault(number, body)
        if known is not body and known == body:
            detail = "present twice in one download; used once at most"
            self._note(8, detail, span, number, self._outcome)
        elif known is not body:
            detail = "different records with one sequence number; none used"
            self._note(9, detail, span, number, "reject")
        elif number < self._highest:
            detail = "lines are not in the order of the sequence numbers"
            self._note(10, detail, span, number, self._outcome)
        self._highest = max(self._highest, number)

    def _note(
        self, fault: int, detail: str, span: tuple[int, int], number: int | None, outcome: str
    ) -> None:
        self._notes.setdefault((fault, detail, outcome), []).append((*span, number))

    def report(self, faults: FaultLog, span: Callable[[int, int], tuple[int, int]]) -> None:
        """Add the faults; ``span`` gives the bytes of the input."""
        for (fault, detail, outcome), places in self._notes.items():
            numbers = [number for _, _, number in places if number is not None]
            seqs = (min(numbers), max(numbers)) if numbers else None
            where = span(places[0][0], places[-1][1])
            faults.add(fault, detail, span=where, seqs=seqs, count=len(places), outcome=outcome)


def _is_sealed(body: bytes) -> bool:
    seal = b"*%08X" % crc32(body[:-CHECKSUM_BYTES])
    return body.isascii() and body[-CHECKSUM_BYTES:] == seal


def _cut_at(body: bytes) -> int:
    """Return where a whole line begins behind one that lost its end; 0 for nowhere."""
    if body[-CHECKSUM_BYTES : 1 - CHECKSUM_BYTES] != b"*":
        return 0
    low = max(len(body) - MAX_LINE_BYTES, 1)
    starts = (match.start() for match in _START.finditer(body, low))
    return next((at for at in starts if _is_sealed(body[at:])), 0)


def _name(line: bytes, *, last: bool) -> tuple[int, str]:
    """Return fault and detail of a line that does not verify; what looks alike is not guessed."""
    kind = line[0] in b"HRBE"
    if kind and _SEALED.fullmatch(line):
        seal = line[1 - CHECKSUM_BYTES :]
        if seal != seal.upper() and crc32(line[:-CHECKSUM_BYTES]) == int(seal, 16):
            return 35, "checksum in lower-case digits is a format error"
        if seal == seal.upper():
            return 1, "checksum does not hold" if line.isascii() else "bytes that are no plain text"
    if last:
        return 5, "the last line is cut"
    if kind and _ENDING.fullmatch(line):
        return 2, "checksum is not eight upper-case hexadecimal digits"
    return 3, "a fragment of a line"
