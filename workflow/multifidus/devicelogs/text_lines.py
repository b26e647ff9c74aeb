"""Checking all lines of a text at once, column-wise.

One CRC call per line runs over the whole line; that the claim in its tail is right is then
decided for all lines together, without a copy of any body.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from isal.isal_zlib import crc32

from multifidus.devicelogs.layout import CHECKSUM_BYTES, MAX_LINE_BYTES

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["KNOWN_KINDS", "LineTable", "hexadecimal", "is_plain", "tabulate_lines", "words_before"]

BoolArray = npt.NDArray[np.bool_]
_PIECE, _ROWS = 1 << 20, 1 << 15
_NEWLINE, _STAR, _RECORD = ord("\n"), ord("*"), ord("R")
KNOWN_KINDS = np.isin(np.arange(256), np.frombuffer(b"HRBE", dtype=np.uint8))
"""By octet, whether it is the letter of a kind of line."""


@dataclass(frozen=True)
class LineTable:
    """The lines of a text that end with a line end.

    ``starts`` and ``ends`` are offsets of first bytes and line ends, ``claimed`` the checksums
    that the lines claim, ``framed`` marks lines of a known kind with a checksum where it belongs,
    ``verified`` those whose checksum holds and ``records`` the record lines among them.
    """

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    claimed: npt.NDArray[np.uint32]
    framed: BoolArray
    verified: BoolArray
    records: BoolArray


def tabulate_lines(data: bytes) -> LineTable:
    """Check every line of a text.

    Parameters
    ----------
    data
        Text without transfer residues.

    Returns
    -------
    LineTable
        A line verifies when it is ASCII without CR, at most 200 bytes long, starts with ``H``,
        ``R``, ``B`` or ``E`` and ends with ``*`` and eight upper-case hexadecimal digits, the
        CRC-32 of what stands before.
    """
    octets = np.frombuffer(data, dtype=np.uint8)
    ends = _line_ends(octets)
    count = len(ends) if len(data) > CHECKSUM_BYTES else 0
    ends = ends[:count]
    starts = np.concatenate(([0], ends + 1))[:count]
    # Lines come out of a stream one at a time: a list of them all would not fit the cache.
    whole = np.fromiter(map(crc32, BytesIO(data)), np.uint32, count)
    claimed = np.empty(count, dtype=np.uint32)
    framed, verified, records = (np.empty(count, dtype=np.bool_) for _ in range(3))
    for begin in range(0, count, _ROWS):
        rows = slice(begin, begin + _ROWS)
        start, end = starts[rows], ends[rows]
        claimed[rows], shaped = hexadecimal(words_before(data, end))
        length, first = end - start, octets[start]
        shaped &= (length > CHECKSUM_BYTES) & (length <= MAX_LINE_BYTES) & KNOWN_KINDS[first]
        shaped &= octets[np.maximum(end - CHECKSUM_BYTES, 0)] == _STAR
        framed[rows], records[rows] = shaped, first == _RECORD
        verified[rows] = shaped & (whole[rows] == _of_whole_line(claimed[rows]))
    if not is_plain(data):
        found = np.flatnonzero(verified)
        spans = zip(starts[found].tolist(), ends[found].tolist(), strict=True)
        verified[found] = [is_plain(data[start:end]) for start, end in spans]
    return LineTable(starts, ends, claimed, framed, verified, verified & records)


def _line_ends(octets: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the offsets of all line ends, searched in pieces that stay in the cache."""
    pieces = [
        np.flatnonzero(octets[begin : begin + _PIECE] == _NEWLINE) + begin
        for begin in range(0, len(octets), _PIECE)
    ]
    return np.concatenate([np.zeros(0, dtype=np.int64), *pieces])


def is_plain(text: bytes) -> bool:
    """Whether a text is ASCII and free of CR, which some readers take for a line end."""
    return text.isascii() and b"\r" not in text


def words_before(data: bytes | pa.Buffer, ends: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Return the eight bytes before each offset as one little-endian word; the text is longer."""
    words = np.ndarray((len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))
    return words[np.maximum(ends - 8, 0)]


def hexadecimal(text: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint32], BoolArray]:
    """Read words of eight upper-case hexadecimal digits, the first digit in the lowest byte.

    Returns
    -------
    numbers, shaped
        The numbers, and whether the word holds nothing but such digits.
    """
    ones = np.uint64(0x0101010101010101)
    value = (text & (ones * np.uint64(15))) + ((text >> np.uint64(6)) & ones) * np.uint64(9)
    value &= ones * np.uint64(15)
    letter = ((value + ones * np.uint64(6)) >> np.uint64(4)) & ones
    shaped = text == value + ones * np.uint64(48) + letter * np.uint64(7)
    value = ((value << np.uint64(4)) | (value >> np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    value = (value | (value >> np.uint64(8))) & np.uint64(0x0000FFFF0000FFFF)
    value = (value | (value >> np.uint64(16))) & np.uint64(0xFFFFFFFF)
    return value.astype(np.uint32).byteswap(), shaped


def _of_whole_line(claimed: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Return the CRC-32 of a whole line, line end included, whose body has the claimed CRC-32.

    A CRC is linear, and each hexadecimal digit depends on one byte of the claim only: so the
    checksum over body, star, digits and line end is a constant changed by one table entry per
    byte.
    """
    octets = np.ascontiguousarray(claimed).astype("<u4").view(np.uint8).reshape(-1, 4)
    result = np.full(len(claimed), _over(0), dtype=np.uint32)
    for place, table in enumerate(_claim_tables()):
        result ^= table[octets[:, place]]
    return result


def _over(claim: int) -> int:
    return crc32(b"*%08X\n" % claim, claim)


@cache
def _claim_tables() -> tuple[npt.NDArray[np.uint32], ...]:
    """Return what each value of each byte of the claim changes in the CRC of a whole line."""
    base = _over(0)
    return tuple(
        np.asarray([_over(value << (8 * place)) ^ base for value in range(256)], dtype=np.uint32)
        for place in range(4)
    )
