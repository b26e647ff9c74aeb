"""Records of ``ipglog-bin`` as they are stored; columns are decoded where they are wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from multifidus.devicelogs.binary_layout import CLOCK_EPOCH, RECORD, RECORD_BYTES
from multifidus.devicelogs.binary_payload import payload_texts
from multifidus.devicelogs.layout import RECORD_TYPES
from multifidus.devicelogs.model import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.model import IntArray
    from multifidus.devicelogs.records import TypedView

__all__ = ["PackedRecords", "join_records"]

BoolArray = npt.NDArray[np.bool_]
_HASH = np.uint32(2654435761)
"""Knuth's multiplicative hash."""


@dataclass(frozen=True)
class PackedRecords:
    """Records in their 32 bytes (:data:`~multifidus.devicelogs.binary_layout.RECORD`).

    Parameters
    ----------
    part
        Index of the download of each record.
    pieces
        Structured arrays of any shape, together as many elements as ``part``: the pages as they
        lie in the files. See :class:`~multifidus.devicelogs.records.RecordTable` for the columns.
    """

    part: IntArray
    pieces: tuple[npt.NDArray[np.void], ...]
    views: dict[str, TypedView] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.part)

    @cached_property
    def _flat(self) -> npt.NDArray[np.void]:
        return join_records(self.pieces)

    def _stored(self, name: str) -> npt.NDArray[Any]:
        columns = [piece[name].reshape(-1) for piece in self.pieces]
        return np.concatenate(columns) if columns else np.zeros(0, dtype=RECORD[name])

    def _column(self, name: str) -> IntArray:
        return self._stored(name).astype(np.int64)

    @cached_property
    def _payload(self) -> npt.NDArray[np.void]:
        return np.ascontiguousarray(self._stored("payload"))

    @cached_property
    def seq(self) -> IntArray:
        """Sequence numbers."""
        return self._column("seq")

    @cached_property
    def boot(self) -> IntArray:
        """Resets so far."""
        return self._column("boot")

    @cached_property
    def tick(self) -> IntArray:
        """Seconds since the reset."""
        return self._column("tick")

    @cached_property
    def clock(self) -> IntArray:
        """Device clock, seconds since 1970, ``NO_TIME`` when unset."""
        unset = (self._stored("flags") & 1).astype(np.bool_)
        return np.where(unset, NO_TIME, self._column("clock") + CLOCK_EPOCH)

    @cached_property
    def code(self) -> npt.NDArray[np.uint8]:
        """Type codes, 0 when unknown."""
        code = self._stored("type")
        return np.where(code <= len(RECORD_TYPES), code, 0).astype(np.uint8)

    @cached_property
    def word(self) -> pa.Array:
        """Types as written, ``?`` when unknown."""
        return pa.array(["?", *RECORD_TYPES]).take(pa.array(self.code))

    @cached_property
    def check(self) -> npt.NDArray[np.uint32]:
        """Hash of all bytes of each record."""
        words = self._flat.view("<u4").reshape(len(self), RECORD_BYTES // 4)
        check = np.zeros(len(self), dtype=np.uint32)
        for place in range(RECORD_BYTES // 4):
            check = (check ^ words[:, place]) * _HASH
        return check

    def texts(self, position: int, rows: IntArray | None = None) -> pa.Array:
        """Return a position as the text form would write it."""
        if rows is None:
            return payload_texts(self._payload, self.code, position)
        return payload_texts(self.packed(rows), self.code[rows], position)

    def packed(self, rows: IntArray) -> npt.NDArray[np.void]:
        """Return the 14 payload bytes of some rows."""
        return np.asarray(self._payload[rows])

    def take(self, rows: IntArray | BoolArray) -> PackedRecords:
        """Return the rows chosen by index or by mask, in that order."""
        index = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        if len(index) == len(self) and np.array_equal(index, np.arange(len(self))):
            return self
        # Raw bytes are taken faster than structured records.
        raw = self._flat.view(f"V{RECORD_BYTES}")[index]
        return PackedRecords(self.part[index], (raw.view(RECORD),))


def join_records(pieces: Sequence[npt.NDArray[np.void]]) -> npt.NDArray[np.void]:
    """Put records of any shape together in one row."""
    # Raw bytes join faster than structured records, whose fields NumPy would match by name.
    raw = [np.ascontiguousarray(piece).reshape(-1).view(f"V{RECORD_BYTES}") for piece in pieces]
    return np.concatenate(raw).view(RECORD) if raw else np.zeros(0, dtype=RECORD)
