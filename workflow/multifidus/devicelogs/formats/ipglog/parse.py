"""Parsing verified record lines: one pass of a CSV engine over a whole batch of downloads."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from isal.isal_zlib import crc32

from multifidus.devicelogs.clock.times import MISSING, NO_TIME
from multifidus.devicelogs.formats.ipglog.layout import (
    CHECKSUM_BYTES,
    MAX_LINE_BYTES,
    POSITIONS,
    RECORD_TYPES,
)
from multifidus.devicelogs.formats.ipglog.records import (
    BadValue,
    RecordTable,
    clock_seconds,
    empty_table,
    plausible_times,
    whole_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.clock.times import IntArray
    from multifidus.devicelogs.formats.ipglog.frames import Download

__all__ = ["parse_records"]

_PIECE = 1 << 20
_NEWLINE, _RECORD = 10, ord("R")
_FIXED = ["seq", "boot", "tick", "clock", "type"]
_NAMES = [*_FIXED, *(f"p{number}" for number in range(1, POSITIONS + 1))]
_TIMESTAMP = pa.timestamp("s", tz="UTC")


def parse_records(
    parts: Sequence[Download],
) -> tuple[RecordTable, list[BadValue], list[int]]:
    """Parse the verified record lines of many parts into one table.

    Parameters
    ----------
    parts
        One for each download.

    Returns
    -------
    table, bad values, rejected rows
        Rejected are lines whose checksum holds but whose shape is not that of a record; they
        are numbered among all lines, before rejection.
    """
    counts = np.asarray([part.records for part in parts], dtype=np.int64)
    if not counts.any():
        return empty_table(), [], []
    owner = np.repeat(np.arange(len(parts), dtype=np.int64), counts)
    text = b"".join(piece.data for part in parts for piece in part.pieces)
    table, skipped = _read_csv(text)
    octets = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(octets == _NEWLINE)
    starts = np.append(0, ends[:-1] + 1)
    # The eight octets before each line end; a line of a verified block may be shorter.
    words = np.ndarray((max(len(text) - 7, 1),), dtype="<u8", buffer=text.ljust(8), strides=(1,))
    claims = _hexadecimal(words[np.maximum(ends - 8, 0)])
    # Lines come out of a stream one at a time: a list of them all would not fit the cache.
    whole = np.fromiter(map(crc32, BytesIO(text)), np.uint32, len(ends))
    # A line damaged before the block was sealed, or one of another kind.
    right = (whole == _of_whole_line(claims)) & (octets[starts] == _RECORD)
    keep = np.ones(len(owner), dtype=np.bool_)
    keep[skipped] = False
    if not right[keep].all():
        table = table.filter(pa.array(right[keep])).combine_chunks()
    keep &= right
    typed, bad = _typed(table, owner[keep], claims[keep])
    return typed, bad, np.flatnonzero(~keep).tolist()


def _read_csv(text: bytes) -> tuple[pa.Table, list[int]]:
    """Read the lines typed; when one value does not fit its type, read all as text."""
    skipped: list[int] = []

    def skip(row: pacsv.InvalidRow) -> str:
        skipped.append(row.number - 1)
        return "skip"

    plain: dict[str, pa.DataType] = dict.fromkeys(_NAMES, pa.string())
    # Bytes are cut faster than text: the letter before the first field, the last one's checksum.
    plain |= {"seq": pa.binary(), "p8": pa.binary()}
    typed = plain | {"boot": pa.int64(), "tick": pa.int64(), "clock": _TIMESTAMP}
    for types in (typed, plain):
        skipped.clear()
        try:
            table = pacsv.read_csv(
                BytesIO(text),
                read_options=pacsv.ReadOptions(
                    column_names=_NAMES, use_threads=False, block_size=_PIECE
                ),
                parse_options=pacsv.ParseOptions(
                    quote_char=False,
                    double_quote=False,
                    ignore_empty_lines=False,
                    invalid_row_handler=skip,
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=types,
                    null_values=[""],
                    strings_can_be_null=False,
                    check_utf8=False,  # lines that verify are plain ASCII
                ),
            )
        except pa.ArrowInvalid:
            continue
        return table.combine_chunks(), list(skipped)
    raise AssertionError  # reading as text fits every line


def _typed(
    table: pa.Table, owner: IntArray, claims: npt.NDArray[np.uint32]
) -> tuple[RecordTable, list[BadValue]]:
    columns = {name: _plain(table.column(name)) for name in _NAMES}
    bad: list[BadValue] = []

    def note(name: str, fault: int, mask: np.ndarray) -> None:
        bad.extend(BadValue(int(row), name, fault) for row in np.flatnonzero(mask))

    digits = pc.binary_slice(columns["seq"], 1, MAX_LINE_BYTES).view(pa.string())
    seq, unreadable = whole_numbers(digits)
    note("seq", 28, unreadable | (seq == MISSING))
    numbers = {"seq": np.where(unreadable, MISSING, seq)}
    for name in ("boot", "tick"):
        if pa.types.is_integer(columns[name].type):
            values = columns[name].fill_null(MISSING).to_numpy(zero_copy_only=False)
            unreadable = values < 0
        else:
            values, unreadable = whole_numbers(columns[name])
            unreadable |= values == MISSING
        note(name, 28, unreadable)
        numbers[name] = np.where(unreadable, MISSING, values)
    if pa.types.is_timestamp(columns["clock"].type):
        given = columns["clock"].is_valid().to_numpy(zero_copy_only=False)
        clock = columns["clock"].cast(pa.int64()).fill_null(NO_TIME)
        times, impossible, sentinel = plausible_times(clock.to_numpy(zero_copy_only=False), given)
    else:
        times, impossible, sentinel = clock_seconds(columns["clock"])
    note("clock", 23, impossible)
    note("clock", 29, sentinel)
    index = pc.index_in(columns["type"], value_set=pa.array(RECORD_TYPES))
    code = index.fill_null(-1).to_numpy(zero_copy_only=False) + 1
    last = pc.binary_slice(columns["p8"], 0, -CHECKSUM_BYTES).view(pa.string())
    positions = (*(columns[f"p{number}"] for number in range(1, POSITIONS)), last)
    records = RecordTable(
        owner,
        numbers["seq"],
        numbers["boot"],
        numbers["tick"],
        times,
        code.astype(np.uint8),
        columns["type"],
        positions,
        claims,
    )
    return records, bad


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


def _hexadecimal(text: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint32]:
    """Read words of eight upper-case hexadecimal digits, the first digit in the lowest byte."""
    ones = np.uint64(0x0101010101010101)
    value = (text & (ones * np.uint64(15))) + ((text >> np.uint64(6)) & ones) * np.uint64(9)
    value &= ones * np.uint64(15)
    value = ((value << np.uint64(4)) | (value >> np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    value = (value | (value >> np.uint64(8))) & np.uint64(0x0000FFFF0000FFFF)
    value = (value | (value >> np.uint64(16))) & np.uint64(0xFFFFFFFF)
    return value.astype(np.uint32).byteswap()


def _plain(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
