"""Parsing verified record lines: one pass of a CSV engine over a whole batch of downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from multifidus.devicelogs.layout import POSITIONS, RECORD_TYPES
from multifidus.devicelogs.model import NO_TIME
from multifidus.devicelogs.records import (
    MISSING,
    BadValue,
    RecordTable,
    clock_seconds,
    empty_table,
    plausible_times,
    whole_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.model import IntArray
    from multifidus.devicelogs.text_parts import TextPart

__all__ = ["parse_records"]

_CHECKSUM = 9
_NEWLINE, _STAR, _RECORD = ord("\n"), ord("*"), ord("R")
_FIXED = ["seq", "boot", "tick", "clock", "type"]
_NAMES = [*_FIXED, *(f"p{number}" for number in range(1, POSITIONS + 1))]
BoolArray = npt.NDArray[np.bool_]
_TIMESTAMP = pa.timestamp("s", tz="UTC")


def parse_records(
    parts: Sequence[tuple[bytes, TextPart]],
) -> tuple[RecordTable, list[BadValue], list[int], IntArray]:
    """Parse the verified record lines of many parts into one table.

    Parameters
    ----------
    parts
        Cleaned text and part, one pair per download.

    Returns
    -------
    table, bad values, rejected rows, part sizes
        Rejected are lines whose checksum holds but whose shape is not that of a record; they
        are numbered among all lines, before rejection.
    """
    pieces = [data[run.start : run.end] for data, part in parts for run in part.runs]
    # A run whose last line end was lost still ends its own line here.
    buffer = b"".join([p if p[-1] == _NEWLINE else p + b"\n" for p in pieces])
    counts = np.asarray([part.count for _, part in parts], dtype=np.int64)
    if not buffer:
        return empty_table(), [], [], counts
    owner = np.repeat(np.arange(len(parts), dtype=np.int64), counts)
    checks = np.concatenate([run.checks for _, part in parts for run in part.runs])
    table, rejected = _read_csv(buffer)
    keep = np.ones(len(owner), dtype=np.bool_)
    keep[rejected] = False
    typed, bad = _typed(table, owner[keep], checks[keep])
    return typed, bad, rejected, counts


def _read_csv(buffer: bytes) -> tuple[pa.Table, list[int]]:
    """Read the lines typed; when one value does not fit its type, read all as text."""
    skipped: list[int] = []
    if not buffer:
        return pa.table({name: pa.array([], type=pa.string()) for name in _NAMES}), skipped

    if not buffer.isascii():
        # The format is 7-bit: such a line is no record, and the engine must not decode it.
        lines = buffer.split(b"\n")
        buffer = b"\n".join(line if line.isascii() else b"?" * len(line) for line in lines)

    def skip(row: pacsv.InvalidRow) -> str:
        skipped.append(row.number - 1)
        return "skip"

    text = dict.fromkeys(_NAMES, pa.string())
    typed = text | {"boot": pa.int64(), "tick": pa.int64(), "clock": _TIMESTAMP}
    for types in (typed, text):
        skipped.clear()
        try:
            table = pacsv.read_csv(
                pa.py_buffer(buffer),
                read_options=pacsv.ReadOptions(
                    column_names=_NAMES, use_threads=False, block_size=len(buffer) + 1
                ),
                parse_options=pacsv.ParseOptions(
                    quote_char=False, double_quote=False, invalid_row_handler=skip
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=types, null_values=[""], strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid:
            continue
        return table.combine_chunks(), list(skipped)
    raise AssertionError  # reading as text fits every line


def _typed(
    table: pa.Table, owner: IntArray, checks: npt.NDArray[np.uint32]
) -> tuple[RecordTable, list[BadValue]]:
    columns = {name: _plain(table.column(name)) for name in _NAMES}
    bad: list[BadValue] = []

    def note(name: str, fault: int, mask: np.ndarray) -> None:
        bad.extend(BadValue(int(row), name, fault) for row in np.flatnonzero(mask))

    seq, unreadable = whole_numbers(pc.utf8_slice_codeunits(columns["seq"], 1))
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
    last = pc.utf8_slice_codeunits(columns["p8"], 0, -_CHECKSUM)
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
        checks,
    )
    return records, bad


def _plain(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
