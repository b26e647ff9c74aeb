"""Decoding the payload bytes of ``ipglog-bin``: to numbers at once, to text where wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

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
    texts = np.full(len(payload), "", dtype=object)
    for record_type in RECORD_TYPES:
        rows = np.flatnonzero(codes == TYPE_CODES[record_type])
        if len(rows) and index < len(LAYOUT[record_type]):
            position = LAYOUT[record_type][index]
            texts[rows] = _texts(payload[rows], record_type, position)
    return pa.array(texts, type=pa.string())


def _texts(payload: npt.NDArray[np.void], record_type: str, position: Position) -> list[str]:
    layout = PAYLOADS[record_type]
    if layout[position.name].kind == "S":
        column = payload.view(layout)[position.name]
        return [item.decode("ascii", "replace") for item in column.tolist()]
    values, empty = payload_numbers(payload, record_type, position)
    if position.kind == "time":
        stamps = np.datetime_as_string(values.astype("datetime64[s]")).tolist()
        return ["" if gone else f"{text}Z" for text, gone in zip(stamps, empty, strict=True)]
    words = position.words or TEXT_WORDS.get((record_type, position.name), ())
    if words:
        known = dict(enumerate(words))
        return [known.get(value, "" if value < 0 else str(value)) for value in values.tolist()]
    return ["" if value < 0 else str(value) for value in values.tolist()]
