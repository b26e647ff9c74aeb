"""Decoding the payload bytes of ``ipglog-bin``: to numbers at once, to text where wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from multifidus.devicelogs.binary_layout import CLOCK_EPOCH, PAYLOADS, TEXT_WORDS
from multifidus.devicelogs.layout import LAYOUT, RECORD_TYPES, TYPE_CODES
from multifidus.devicelogs.model import MISSING, NO_TIME

if TYPE_CHECKING:
    import numpy.typing as npt

    from multifidus.devicelogs.layout import Position
    from multifidus.devicelogs.model import IntArray

__all__ = ["payload_numbers", "payload_texts"]


def payload_numbers(
    payload: npt.NDArray[np.void], record_type: str, position: Position
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Decode one position of records of one type.

    Returns
    -------
    values, empty
        Numbers, indices of words, or seconds since 1970; mask of empty positions (all ones).
    """
    layout = PAYLOADS[record_type]
    column = payload.view(layout)[position.name]
    empty = column == (1 << (8 * layout[position.name].itemsize)) - 1
    values = column.astype(np.int64)
    if position.kind == "time":
        values = np.where(empty, NO_TIME, values + CLOCK_EPOCH)
    else:
        values = np.where(empty, MISSING, values)
    return values, empty


def payload_texts(
    payload: npt.NDArray[np.void], codes: npt.NDArray[np.uint8], index: int
) -> pa.Array:
    """Write one position of mixed records as the text format would."""
    rows, texts = [], []
    blank = np.ones(len(payload), dtype=np.bool_)
    for record_type in RECORD_TYPES:
        own = np.flatnonzero(codes == TYPE_CODES[record_type])
        if len(own) and index < len(LAYOUT[record_type]):
            rows.append(own)
            texts.append(_texts(payload[own], record_type, LAYOUT[record_type][index]))
            blank[own] = False
    rows.append(np.flatnonzero(blank))
    texts.append(pa.repeat(pa.scalar("", pa.string()), len(rows[-1])))
    order = np.concatenate(rows)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return pa.concat_arrays(texts).take(pa.array(place))


def _texts(payload: npt.NDArray[np.void], record_type: str, position: Position) -> pa.Array:
    layout = PAYLOADS[record_type]
    if layout[position.name].kind == "S":
        column = payload.view(layout)[position.name]
        return pa.array([item.decode("ascii", "replace") for item in column.tolist()], pa.string())
    values, empty = payload_numbers(payload, record_type, position)
    if position.kind == "time":
        stamps = pc.strftime(pa.array(values, pa.timestamp("s"), mask=empty), "%Y-%m-%dT%H:%M:%SZ")
        return stamps.fill_null("")
    numbers = pa.array(values, mask=values < 0).cast(pa.string()).fill_null("")
    words = position.words or TEXT_WORDS.get((record_type, position.name), ())
    if not words:
        return numbers
    known = (values >= 0) & (values < len(words))
    named = pa.array(words).take(pa.array(np.where(known, values, 0)))
    return pc.if_else(pa.array(known), named, numbers)
