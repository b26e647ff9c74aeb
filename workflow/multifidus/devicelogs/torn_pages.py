"""Which records of an open, torn or short flash page can be taken for what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from multifidus.devicelogs.binary_layout import PAGE_RECORDS
from multifidus.devicelogs.binding import DAY_S
from multifidus.devicelogs.layout import TYPE_CODES

if TYPE_CHECKING:
    from multifidus.devicelogs.model import IntArray

__all__ = ["AGREEING", "placed", "steady"]

AGREEING = 2
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


def placed(base: IntArray, known: IntArray, first: int) -> npt.NDArray[np.bool_]:
    """Say of each slot whether its number belongs to the page; ``base`` is number less slot."""
    values, counts = np.unique(known, return_counts=True)
    moved = (counts >= AGREEING) & (values > first) & (values < first + PAGE_RECORDS)
    within = base + np.arange(len(base)) < first + PAGE_RECORDS
    rising = base == np.maximum.accumulate(base)
    return np.asarray((base == first) | (np.isin(base, values[moved]) & within & rising))
