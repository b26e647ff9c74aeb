"""From a compressed design to a well-scaled problem: rank, orthonormal columns, unit scale.

The plain problem divides the outcome by one residual scale. The weighted problem also divides the
rows of each visit by the visit's own scale, which a search needs when visits differ by orders of
magnitude, as with one gross outlier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from multifidus.base.errors import StatisticsError

if TYPE_CHECKING:
    from multifidus.stats.mmrm.compression import Compressed
    from multifidus.stats.mmrm.design import Design

__all__ = [
    "Problem",
    "independent_rows",
    "leading_independent",
    "plain_problem",
    "split_columns",
    "weighted_problem",
]

_ROUNDS = 200
_SETTLED = 1e-8


@dataclass(frozen=True)
class Problem:
    """A scaled problem with orthonormal columns.

    Attributes
    ----------
    data
        The compressed rows, each visit divided by its ``visit_scale``, the outcome also by
        ``scale``, and the design orthonormal.
    triangle
        The triangle that turns the design's columns into orthonormal ones, shape ``(p, p)``.
    visit_scale
        Shape ``(m,)``, ones in the plain problem.
    start
        A covariance matrix to start from, shape ``(m, m)``.
    """

    data: Compressed
    triangle: np.ndarray
    scale: float
    visit_scale: np.ndarray
    start: np.ndarray

    @property
    def unit(self) -> np.ndarray:
        """What each element of the covariance is multiplied by for the outcome's scale."""
        return np.asarray(self.scale**2 * np.outer(self.visit_scale, self.visit_scale))


def split_columns(
    raw: Compressed, design: Design, aliased: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return kept and dropped columns, and how the dropped depend on the kept."""
    x = raw.x.reshape(-1, raw.x.shape[2])
    norms = np.linalg.norm(x, axis=0)
    triangle = np.asarray(np.linalg.qr(x / np.where(norms > 0, norms, 1.0), mode="r"))
    kept = leading_independent(triangle)
    dropped = np.setdiff1d(np.arange(x.shape[1]), kept)
    if len(dropped) and aliased == "refuse":
        names = ", ".join(f"`{design.columns[index]}`" for index in dropped)
        raise StatisticsError(
            "STA-115",
            f"The design columns {names} depend on the others (an empty cell or a repeated "
            "covariate); simplify the formula or pass aliased='drop'.",
        )
    if raw.rows <= len(kept):
        raise StatisticsError(
            "STA-116",
            f"{raw.rows} rows cannot estimate {len(kept)} coefficients and a covariance matrix.",
        )
    aliasing = np.asarray(np.linalg.lstsq(x[:, kept], x[:, dropped], rcond=None)[0])
    return kept, dropped, aliasing


def leading_independent(triangle: np.ndarray) -> np.ndarray:
    """Return the columns that are independent of those before them (unit-norm columns)."""
    kept: list[int] = []
    basis = np.zeros((triangle.shape[0], 0))
    for index, column in enumerate(triangle.T):
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        size = float(np.linalg.norm(rest))
        if size > 1e-9:  # noqa: PLR2004 - columns have norm 1, so this is relative
            kept.append(index)
            basis = np.column_stack([basis, rest / size])
    return np.array(kept, dtype=int)


def plain_problem(raw: Compressed, kept: np.ndarray) -> Problem:
    """Return the problem with one scale for all visits.

    Raises
    ------
    StatisticsError
        ``STA-117`` when the fixed effects leave no variation.
    """
    flat = raw.x.reshape(-1, raw.x.shape[2])[:, kept]
    triangle = np.asarray(np.linalg.qr(flat, mode="r"))
    q = linalg.solve_triangular(triangle, flat.T, trans="T").T.reshape(*raw.y.shape, len(kept))
    gamma = np.einsum("rap,ra->p", q, raw.y)
    residual = raw.y - q @ gamma
    total = float((residual**2).sum())
    if total <= 1e-20 * float((raw.y**2).sum()) or total == 0.0:
        raise StatisticsError(
            "STA-117", "The outcome has no variation left after the fixed effects; nothing to fit."
        )
    scale = float(np.sqrt(total / (raw.rows - len(kept))))
    residual = residual / scale
    together = np.maximum(raw.seen_together, 1.0)
    start = np.einsum("ra,rb->ab", residual * 1.0, residual) / together
    scaled = replace(raw, x=q, y=raw.y / scale)
    return Problem(scaled, triangle, scale, np.ones(raw.y.shape[1]), _positive_definite(start))


def weighted_problem(raw: Compressed, kept: np.ndarray) -> Problem:
    """Return the problem with a scale for each visit, that of a fit without correlations."""
    spread = _visit_scale(raw, kept)
    weighted = replace(raw, x=raw.x / spread[:, None], y=raw.y / spread)
    return replace(plain_problem(weighted, kept), visit_scale=spread)


def _visit_scale(raw: Compressed, kept: np.ndarray) -> np.ndarray:
    """Return each visit's residual SD when visits are independent, by reweighted least squares."""
    x, seen = raw.x[:, :, kept], np.maximum(raw.counts @ raw.masks, 1.0)
    spread = np.sqrt(np.maximum((raw.y**2).sum(axis=0) / seen, np.finfo(float).tiny))
    for _ in range(_ROUNDS):
        rows = (x / spread[:, None]).reshape(-1, len(kept))
        norms = np.linalg.norm(rows, axis=0)
        beta = np.linalg.lstsq(rows / norms, (raw.y / spread).ravel(), rcond=None)[0] / norms
        found = np.sqrt(((raw.y - x @ beta) ** 2).sum(axis=0) / seen)
        found = np.maximum(found, 1e-12 * found.max())
        change = float(np.abs(np.log(found / spread)).max())
        spread = found
        if change < _SETTLED:
            break
    return np.asarray(spread)


def _positive_definite(start: np.ndarray) -> np.ndarray:
    """Shrink a pairwise residual covariance towards its diagonal until it is well conditioned."""
    variance = np.maximum(np.diag(start), 1e-3)
    spread = np.sqrt(variance)
    corr = start / np.outer(spread, spread)
    np.fill_diagonal(corr, 1.0)
    smallest = float(np.linalg.eigvalsh(corr)[0])
    floor = 0.02
    if smallest < floor:
        weight = (floor - smallest) / (1.0 - smallest)
        corr = (1 - weight) * corr + weight * np.eye(len(corr))
    return np.asarray(corr * np.outer(spread, spread))


def independent_rows(rows: np.ndarray) -> np.ndarray:
    """Return the rows that are independent of those before them.

    Raises
    ------
    StatisticsError
        ``STA-113`` when all weights are zero.
    """
    norms = np.linalg.norm(rows, axis=1)
    rows = rows[norms > 0]
    if not len(rows):
        raise StatisticsError("STA-113", "A contrast needs at least one weight that is not zero.")
    chosen = leading_independent((rows / np.linalg.norm(rows, axis=1)[:, None]).T)
    return np.asarray(rows[chosen])
