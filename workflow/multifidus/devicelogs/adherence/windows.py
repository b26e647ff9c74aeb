"""Stretches of the daily grid, one a participant and period, and sums over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.devicelogs.clock.times import BoolArray, FloatArray, IntArray

__all__ = ["Window", "ratio", "set_within"]


@dataclass(frozen=True)
class Window:
    """Cells of the grid of one period: participant index, first cell, cell after the last."""

    participant: IntArray
    begin: IntArray
    end: IntArray

    def total(self, values: FloatArray | IntArray | BoolArray) -> FloatArray:
        """Sum per-day values over each window.

        Each window is summed on its own: a difference of running sums would carry the rounding
        of everybody before into a participant's figures.
        """
        if not len(self.begin):
            return np.zeros(0)
        # One cell more, for a window that ends with the grid; every second sum lies between two.
        cells = np.append(np.asarray(values, dtype=np.float64), 0.0)
        edges = np.column_stack([self.begin, self.end]).reshape(-1)
        return np.asarray(np.add.reduceat(cells, edges)[::2])


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide, missing where the denominator is not above 0."""
    result = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result


def set_within(frame: pd.DataFrame, name: str, point: FloatArray) -> None:
    """Set a point estimate, kept between its own bounds."""
    frame[name] = np.clip(point, frame[f"{name}_lower"], frame[f"{name}_upper"])
