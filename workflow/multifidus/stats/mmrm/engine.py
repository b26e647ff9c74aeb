"""Linear combinations of the fixed effects, found in the scaled and orthonormal problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from multifidus.base.errors import StatisticsError

if TYPE_CHECKING:
    from multifidus.stats.mmrm.inference import Inference

__all__ = ["Engine"]


@dataclass(frozen=True)
class Engine:
    """The scaled problem: outcome divided by ``scale``, design orthonormal by ``triangle``."""

    kept: np.ndarray
    dropped: np.ndarray
    aliasing: np.ndarray
    triangle: np.ndarray
    scale: float
    gamma: np.ndarray
    inference: Inference

    def estimable(self, weights: np.ndarray) -> np.ndarray:
        """Return the weights on kept columns; refuse rows outside the design's row space."""
        head = weights[:, self.kept]
        gap = weights[:, self.dropped] - head @ self.aliasing
        size = np.abs(weights).max(axis=1, keepdims=True)
        if gap.size and (np.abs(gap) > 1e-7 * np.maximum(size, 1.0)).any():
            raise StatisticsError(
                "STA-114",
                "This combination of coefficients cannot be estimated: the rows used hold no data "
                "for one of its cells.",
            )
        return head

    def turned(self, rows: np.ndarray) -> np.ndarray:
        """Return rows in the orthonormal design, shape ``(q, p)``."""
        return np.asarray(linalg.solve_triangular(self.triangle, rows.T, trans="T").T)

    def linear(self, row: np.ndarray) -> tuple[float, float, float]:
        """Return estimate, standard error and df of one row."""
        turned = self.turned(row[None])[0]
        variance = float(turned @ self.inference.phi_reported @ turned)
        value = float(turned @ self.gamma) * self.scale
        df = self.inference.one_row_df(turned) if variance > 0 else np.nan
        return value, float(np.sqrt(variance)) * self.scale, df

    def f_test(self, rows: np.ndarray) -> tuple[float, float, float]:
        """Return F, denominator df and p of independent rows."""
        turned = self.turned(rows)
        return self.inference.f_statistic(turned, turned @ self.gamma)
