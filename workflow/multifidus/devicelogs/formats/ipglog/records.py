"""The records table: typed columns over the verified records of many downloads at once.

One table holds the records of a whole batch of files, because a vectorised pass over many
small files costs what it costs over one large file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from multifidus.devicelogs.clock.times import MISSING, NO_TIME, parse_iso
from multifidus.devicelogs.formats.interface import TIME_METHODS
from multifidus.devicelogs.formats.ipglog.layout import LAYOUT, POSITIONS, TYPE_CODES

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.devicelogs.clock.times import BoolArray, FloatArray, IntArray
    from multifidus.devicelogs.formats.ipglog.layout import Position

__all__ = [
    "BadValue",
    "MergedRecords",
    "Placement",
    "RecordTable",
    "SeqGap",
    "TypedView",
    "clock_seconds",
    "empty_table",
    "plausible_times",
    "rows_of",
    "typed_view",
    "whole_numbers",
]


@dataclass(frozen=True)
class BadValue:
    """A value taken out of a kept record: row, column, and fault number (23, 28 or 29)."""

    row: int
    column: str
    fault: int


@dataclass(frozen=True)
class RecordTable:
    """Records in columns; row ``i`` of each array belongs together.

    ``part`` is the index of the download in the batch; ``seq``, ``boot`` and ``tick`` are
    ``MISSING`` where rejected, ``clock`` is in seconds since 1970 or ``NO_TIME``; ``code`` is the
    type's code in the layout, 0 for an unknown type. ``words`` and ``positions`` hold type and
    positions of all lines as written, ``line`` the line of each record: texts are gathered where
    they are wanted. ``check`` is the CRC-32 of the record's body: equal records have equal ones.
    ``views`` holds typed columns asked for before.
    """

    part: IntArray
    seq: IntArray
    boot: IntArray
    tick: IntArray
    clock: IntArray
    code: npt.NDArray[np.uint8]
    words: pa.Array
    positions: tuple[pa.Array, ...]
    check: npt.NDArray[np.uint32]
    line: IntArray | None = None
    views: dict[str, TypedView] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.seq)

    @property
    def word(self) -> pa.Array:
        """Types as written."""
        return self.words if self.line is None else self.words.take(pa.array(self.line))

    def texts(self, position: int, rows: IntArray | None = None) -> pa.Array:
        """Return a position as written."""
        column = self.positions[position]
        if self.line is not None:
            rows = self.line if rows is None else self.line[rows]
        return column if rows is None else column.take(pa.array(rows))

    def take(self, rows: IntArray | BoolArray) -> RecordTable:
        """Return the rows chosen by index or by mask, in that order."""
        index: IntArray = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows.astype(np.int64)
        return RecordTable(
            self.part[index],
            self.seq[index],
            self.boot[index],
            self.tick[index],
            self.clock[index],
            self.code[index],
            self.words,
            self.positions,
            self.check[index],
            index if self.line is None else self.line[index],
        )


@dataclass(frozen=True)
class SeqGap:
    """Absent sequence numbers of one device, inclusive; ``status`` says why they are absent.

    ``damaged`` and ``missing`` lay within a download; ``lost to wrap`` were overwritten (or
    erased) before any download could hold them.
    """

    device: int
    first: int
    last: int
    status: str

    @property
    def count(self) -> int:
        """Number of sequence numbers."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class MergedRecords:
    """Records of all devices, sorted by device and sequence number, each number once."""

    table: RecordTable
    device: IntArray


@dataclass(frozen=True)
class Placement:
    """UTC of each record: seconds since 1970 or ``NO_TIME``, index into the methods, half width."""

    utc: IntArray
    method: npt.NDArray[np.int8]
    uncertainty_s: FloatArray
    segments: pd.DataFrame

    def set(
        self,
        rows: slice,
        ticks: IntArray,
        utc: IntArray,
        method: npt.NDArray[np.int8],
        spread: FloatArray,
    ) -> None:
        """Place some records; those without a tick stay unplaced."""
        given = ticks != MISSING
        self.utc[rows] = np.where(given, utc, NO_TIME)
        self.method[rows] = np.where(given, method, len(TIME_METHODS) - 1)
        self.uncertainty_s[rows] = np.where(given, spread, np.inf)


def rows_of(table: RecordTable, record_type: str) -> IntArray:
    """Return the row numbers of one record type, ascending."""
    return np.flatnonzero(table.code == TYPE_CODES[record_type])


def empty_table() -> RecordTable:
    """Return a table without rows."""
    none = np.zeros(0, dtype=np.int64)
    text = pa.array([], type=pa.string())
    check = np.zeros(0, dtype=np.uint32)
    return RecordTable(
        none, none, none, none, none, np.zeros(0, np.uint8), text, (text,) * POSITIONS, check
    )


@dataclass(frozen=True)
class TypedView:
    """The typed columns of one record type.

    ``rows`` are row numbers in the table it was taken from. Integer columns hold
    :data:`MISSING` and time columns ``NO_TIME`` where a value is empty or was taken out; word
    columns hold the index of the word, or :data:`MISSING`.
    """

    rows: IntArray
    columns: dict[str, IntArray]
    bad: list[BadValue]


def typed_view(table: RecordTable, record_type: str) -> TypedView:
    """Type the positions of one record type and take out what lies outside the limits.

    Parameters
    ----------
    table
        Any records table.
    record_type
        A type of the layout.

    Returns
    -------
    TypedView
        ``text`` positions are left out; they are words of the programmer, never numbers. Read
        once for each table; not to be changed.
    """
    if record_type not in table.views:
        table.views[record_type] = _read_view(table, record_type)
    return table.views[record_type]


def _read_view(table: RecordTable, record_type: str) -> TypedView:
    rows = rows_of(table, record_type)
    view = TypedView(rows, {}, [])
    for index, position in enumerate(LAYOUT[record_type]):
        if position.kind == "text":
            continue
        texts = table.texts(index, rows)
        reader = {"int": _read_int, "word": _read_word, "time": _read_time}[position.kind]
        values, faults = reader(texts, position)
        _collect(view, rows, position.name, values, faults)
    return view


def _collect(
    view: TypedView, rows: IntArray, name: str, values: IntArray, faults: dict[int, BoolArray]
) -> None:
    view.columns[name] = values
    for number, mask in faults.items():
        view.bad.extend(BadValue(int(row), name, number) for row in rows[np.flatnonzero(mask)])


def _read_int(texts: pa.Array, position: Position) -> tuple[IntArray, dict[int, BoolArray]]:
    empty = _mask(pc.equal(texts, ""))
    values, unreadable = whole_numbers(texts)
    sentinel = values == position.sentinel
    outside = (
        ~empty & ~unreadable & ~sentinel & ((values < position.low) | (values > position.high))
    )
    bad = outside | unreadable
    values = np.where(empty | bad | sentinel, MISSING, values)
    return values, {28: bad, 29: sentinel & ~empty}


def whole_numbers(texts: pa.Array) -> tuple[IntArray, BoolArray]:
    """Read decimal digits; return the numbers and a mask of texts that are none.

    Empty texts give :data:`MISSING` and are not in the mask.
    """
    empty = pc.equal(texts, "")
    some = bool(pc.any(empty).as_py())
    filled = pc.if_else(empty, pa.scalar("-1"), texts) if some else texts
    try:
        numbers = filled.cast(pa.int64())
    except pa.ArrowInvalid:
        digits = pc.match_substring_regex(filled, r"^(-1|\d{1,18})$")
        numbers = pc.if_else(digits, filled, pa.scalar("-2")).cast(pa.int64())
    values = numbers.to_numpy(zero_copy_only=False)
    unreadable = values < 0
    if some:
        unreadable &= ~_mask(empty)
    return values, unreadable


def _read_word(texts: pa.Array, position: Position) -> tuple[IntArray, dict[int, BoolArray]]:
    index = pc.index_in(texts, value_set=pa.array(position.words))
    values = index.fill_null(MISSING).to_numpy(zero_copy_only=False).astype(np.int64)
    return values, {28: (values == MISSING) & ~_mask(pc.equal(texts, ""))}


def _read_time(texts: pa.Array, _: Position) -> tuple[IntArray, dict[int, BoolArray]]:
    values, bad, sentinel = clock_seconds(texts)
    return values, {23: bad, 29: sentinel}


_MIN_DATE = int(np.datetime64("2000-01-01T00:00:00", "s").astype(np.int64))
_MAX_DATE = int(np.datetime64("2100-01-01T00:00:00", "s").astype(np.int64))


def clock_seconds(texts: pa.Array) -> tuple[IntArray, BoolArray, BoolArray]:
    """Read RFC 3339 times.

    Returns
    -------
    values, impossible, sentinel
        Seconds since 1970 or ``NO_TIME``; masks of texts that are no time between 2000 and
        2099, and of the smallest date (2000-01-01T00:00:00Z), which means "not known".
    """
    empty = _mask(pc.equal(texts, ""))
    times = [parse_iso(text) if text else None for text in texts.to_pylist()]
    values = np.asarray([NO_TIME if time is None else time for time in times], dtype=np.int64)
    return plausible_times(values, ~empty)


def plausible_times(values: IntArray, given: BoolArray) -> tuple[IntArray, BoolArray, BoolArray]:
    """Take out times outside 2000 to 2099 and the smallest date; see :func:`clock_seconds`."""
    sentinel = given & (values == _MIN_DATE)
    impossible = given & ~sentinel & ((values < _MIN_DATE) | (values >= _MAX_DATE))
    return np.where(impossible | sentinel | ~given, NO_TIME, values), impossible, sentinel


def _mask(values: pa.Array) -> BoolArray:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.bool_)
