"""Which records of an open, torn or short flash page can be taken for what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from multifidus.devicelogs.binary_layout import PAGE_RECORDS
from multifidus.devicelogs.binary_payload import payload_numbers
from multifidus.devicelogs.binding import DAY_S
from multifidus.devicelogs.layout import AGREE_S, LAYOUT, TYPE_CODES

if TYPE_CHECKING:
    from multifidus.devicelogs.model import IntArray

__all__ = ["ends_fit", "first_number", "placed", "steady"]

_SECONDS = next(position for position in LAYOUT["SEN"] if position.name == "seconds")

_AGREEING = 2
"""Records of a page that must agree on where its numbers begin."""


def steady(records: npt.NDArray[np.void]) -> bool:
    """Whether ticks, boots and clocks of an open page go on; no checksum covers such a page."""
    boot, tick = (records[name].astype(np.int64) for name in ("boot", "tick"))
    offset = records["clock"].astype(np.int64) - tick
    stamped = (records["flags"][1:] | records["flags"][:-1]) & 1 == 0
    told = (records["type"][1:] == TYPE_CODES["CLK"]) | (records["type"][:-1] == TYPE_CODES["CLK"])
    same = np.diff(boot) == 0
    jump = same & ((np.diff(tick) < 0) | (stamped & ~told & (np.abs(np.diff(offset)) > DAY_S)))
    return not bool(((np.diff(boot) < 0) | jump).any())


def ends_fit(records: npt.NDArray[np.void]) -> bool:
    """Whether each end of a session in an open page fits the start before it.

    Its stored seconds are the elapsed ticks since that start. Records of another device, put
    among those of a page that no checksum covers, seldom are.
    """
    sessions = records[np.isin(records["type"], (TYPE_CODES["SST"], TYPE_CODES["SEN"]))]
    if len(sessions) < 2:  # noqa: PLR2004
        return True
    before, after = sessions[:-1], sessions[1:]
    seconds, empty = payload_numbers(np.ascontiguousarray(after["payload"]), "SEN", _SECONDS)
    elapsed = after["tick"].astype(np.int64) - before["tick"].astype(np.int64)
    told = (after["type"] == TYPE_CODES["SEN"]) & (after["boot"] == before["boot"]) & ~empty
    fits = (before["type"] == TYPE_CODES["SST"]) & (np.abs(elapsed - seconds) <= AGREE_S)
    return bool((fits | ~told).all())


def first_number(stated: int, known: IntArray) -> int:
    """Return where a page's numbers begin: as its header states, unless its records agree."""
    if len(known) < _AGREEING or (known == stated).sum() >= _AGREEING:
        return stated
    values, counts = np.unique(known, return_counts=True)
    return int(values[counts.argmax()]) if counts.max() >= _AGREEING else stated


def placed(base: IntArray, known: IntArray, first: int) -> npt.NDArray[np.bool_]:
    """Say of each slot whether its number belongs to the page; ``base`` is number less slot."""
    values, counts = np.unique(known, return_counts=True)
    moved = (counts >= _AGREEING) & (values > first) & (values < first + PAGE_RECORDS)
    within = base + np.arange(len(base)) < first + PAGE_RECORDS
    rising = base == np.maximum.accumulate(base)
    return np.asarray((base == first) | (np.isin(base, values[moved]) & within & rising))
