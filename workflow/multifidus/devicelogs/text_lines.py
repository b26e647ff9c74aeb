"""Checking all record lines of a text at once, column-wise.

One CRC call per line runs over the whole line; that the claim in its tail is right is then
decided for all lines together, without a copy of any body.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt

from multifidus.devicelogs.layout import MAX_LINE_BYTES

__all__ = ["LineTable", "tabulate_lines"]

BoolArray = npt.NDArray[np.bool_]
_CHECKSUM = 9
_NEWLINE, _STAR, _RECORD = ord("\n"), ord("*"), ord("R")


@dataclass(frozen=True)
class LineTable:
    """The lines of a text that end with a line end.

    ``starts`` and ``ends`` are offsets of first bytes and line ends, ``claimed`` the checksums
    that the lines claim, ``records`` marks record lines whose checksum holds.
    """

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    claimed: npt.NDArray[np.uint32]
    records: BoolArray


def tabulate_lines(data: bytes) -> LineTable:
    """Check every line of a text as a record line.

    Parameters
    ----------
    data
        Text without transfer residues.

    Returns
    -------
    LineTable
        A record line is plain ASCII of at most 200 bytes that starts with ``R`` and ends with
        ``*`` and eight upper-case hexadecimal digits, the CRC-32 of what stands before.
    """
    octets = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(octets == _NEWLINE)
    if not len(ends) or len(data) <= _CHECKSUM:
        none = np.zeros(0, dtype=np.int64)
        return LineTable(none, none, np.zeros(0, np.uint32), np.zeros(0, np.bool_))
    starts = np.concatenate(([0], ends[:-1] + 1))
    lines = data.split(b"\n")
    lines.pop()
    whole = np.fromiter(map(crc32, lines), np.uint32, len(lines))
    # Eight digits before each line end, read as one word wherever they stand.
    words = np.ndarray((len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))
    claimed, shaped = _hexadecimal(words[np.maximum(ends - 8, 0)])
    length = ends - starts
    records = shaped & (length > _CHECKSUM) & (length <= MAX_LINE_BYTES)
    records &= (octets[starts] == _RECORD) & (octets[np.maximum(ends - _CHECKSUM, 0)] == _STAR)
    records &= whole == _of_whole_line(claimed)
    if not data.isascii():
        rows = np.flatnonzero(records)
        records[rows] = [lines[row].isascii() for row in rows.tolist()]
    return LineTable(starts, ends, claimed, records)


def _hexadecimal(text: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint32], BoolArray]:
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
    """Return the CRC-32 of a whole line whose body has the claimed CRC-32.

    A CRC is linear, and each hexadecimal digit depends on one byte of the claim only: so the
    checksum over body, star and digits is a constant changed by one table entry per byte.
    """

    def over(claim: int) -> int:
        return crc32(b"*%08X" % claim, claim)

    base = over(0)
    result = np.full(len(claimed), base, dtype=np.uint32)
    octets = np.ascontiguousarray(claimed).astype("<u4").view(np.uint8).reshape(-1, 4)
    for place in range(4):
        table = [over(value << (8 * place)) ^ base for value in range(256)]
        result ^= np.asarray(table, dtype=np.uint32)[octets[:, place]]
    return result
