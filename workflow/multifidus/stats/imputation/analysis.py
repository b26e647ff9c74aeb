"""Analyses of many imputed tables at once, delta adjustment and the tipping point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import check_alpha
from multifidus.stats.pooling import DfRule, PooledEstimate, pool

if TYPE_CHECKING:
    import numpy.typing as npt

    from multifidus.stats.imputation.multiple import Imputations

__all__ = [
    "Analysis",
    "TippingPoint",
    "add_delta",
    "compare_responders",
    "regress_imputations",
    "tipping_point",
]

Analysis = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, float]]


@dataclass(frozen=True)
class TippingPoint:
    """The shift of imputed values at which significance is lost.

    Attributes
    ----------
    delta
        The shift nearest 0 within the range searched where the pooled p reaches ``alpha``;
        ``NaN`` when it never does.
    shifts, results
        The grid searched and the pooled result at each of its points.
    """

    delta: float
    shifts: tuple[float, ...]
    results: tuple[PooledEstimate, ...]
    alpha: float
    method: str


def regress_imputations(
    outcome: npt.ArrayLike, design: npt.ArrayLike, weights: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray, float]:
    """Fit one linear model to every imputation and return one combination of coefficients.

    Parameters
    ----------
    outcome
        Completed outcome, shape ``(imputations, n)``.
    design
        Common design matrix with its intercept, shape ``(n, p)``.
    weights
        Combination of the coefficients, shape ``(p,)``.

    Returns
    -------
    tuple
        Estimates and variances, shape ``(imputations,)``, and the residual df ``n - p``.

    Raises
    ------
    StatisticsError
        ``STA-255`` for a design that is not of full rank or shapes that do not fit.
    """
    y, x = np.asarray(outcome, dtype=float), np.asarray(design, dtype=float)
    row = np.asarray(weights, dtype=float)
    if y.ndim != 2 or x.shape[0] != y.shape[1] or row.shape != (x.shape[1],):  # noqa: PLR2004
        raise StatisticsError("STA-255", "Outcome, design and weights do not fit together.")
    df = x.shape[0] - x.shape[1]
    norms = np.linalg.norm(x, axis=0)
    if df < 1 or (norms == 0).any() or np.linalg.matrix_rank(x / norms) < x.shape[1]:
        raise StatisticsError("STA-255", "The design has collinear columns or too few rows.")
    q, r = np.linalg.qr(x)
    gamma = y @ q
    variance = ((y - gamma @ q.T) ** 2).sum(axis=1) / df
    turned = np.linalg.solve(r.T, row)
    return gamma @ turned, variance * float(turned @ turned), float(df)


def compare_responders(
    responders: npt.ArrayLike, group: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the difference of responder proportions in every imputation, for pooling.

    Parameters
    ----------
    responders
        Booleans cut from imputed outcomes, shape ``(imputations, n)``.
    group
        Whether a participant is in the first group, booleans of shape ``(n,)``.

    Returns
    -------
    tuple
        First minus second proportion and its variance p(1-p)/n summed over the groups, shape
        ``(imputations,)``, and infinite df.

    Raises
    ------
    StatisticsError
        ``STA-255`` for shapes that do not fit or an empty group.
    """
    table = np.asarray(responders, dtype=bool)
    first = np.asarray(group, dtype=bool)
    if table.ndim != 2 or first.shape != table.shape[1:] or first.all() or not first.any():  # noqa: PLR2004
        raise StatisticsError("STA-255", "Responders and groups do not fit, or a group is empty.")
    one, two = table[:, first].mean(axis=1), table[:, ~first].mean(axis=1)
    variance = one * (1 - one) / first.sum() + two * (1 - two) / (~first).sum()
    return one - two, variance, float("inf")


def add_delta(
    imputations: Imputations, delta: npt.ArrayLike, rows: npt.ArrayLike | None = None
) -> np.ndarray:
    """Return completed tables with imputed values shifted; observed values stay.

    Parameters
    ----------
    delta
        One shift, or one per visit, shape ``(m,)``.
    rows
        Participants it applies to, booleans of shape ``(n,)``; all by default.
    """
    mask = imputations.imputed
    if rows is not None:
        mask = mask & np.asarray(rows, dtype=bool)[:, None]
    shift = np.broadcast_to(np.asarray(delta, dtype=float), mask.shape[1:])
    return np.asarray(imputations.completed + np.where(mask, shift, 0.0))


def tipping_point(
    imputations: Imputations,
    analysis: Analysis,
    shifts: npt.ArrayLike,
    *,
    rows: npt.ArrayLike | None = None,
    df_rule: DfRule = "barnard_rubin",
    alpha: float = 0.05,
) -> TippingPoint:
    """Search the shift of imputed values at which the pooled p reaches ``alpha``.

    Parameters
    ----------
    analysis
        From completed tables ``(imputations, n, m)`` to estimates, variances and complete-data df,
        for instance through :func:`regress_imputations`.
    shifts
        Grid of shifts to search, holding at least two; between neighbours whose p lie on two sides
        of ``alpha`` the point is found to 1e-8 of the step.
    rows
        Participants whose imputed values are shifted, for instance the active arm.

    Raises
    ------
    StatisticsError
        ``STA-256`` when the grid is too short or not finite.
    """
    check_alpha(alpha)
    grid = np.unique(np.asarray(shifts, dtype=float))
    if len(grid) < 2 or not np.isfinite(grid).all():  # noqa: PLR2004
        raise StatisticsError("STA-256", "The tipping-point search needs at least two shifts.")

    def pooled(delta: float) -> PooledEstimate:
        estimates, variances, df = analysis(add_delta(imputations, delta, rows))
        return pool(estimates, variances, df_complete=df, df_rule=df_rule, alpha=alpha)

    results = [pooled(float(delta)) for delta in grid]
    gap = np.array([result.p_value - alpha for result in results])
    crossings = [
        float(
            optimize.brentq(
                lambda delta: pooled(delta).p_value - alpha,
                grid[k],
                grid[k + 1],
                xtol=1e-8 * float(grid[k + 1] - grid[k]),
            )
        )
        for k in np.flatnonzero(np.sign(gap[:-1]) * np.sign(gap[1:]) < 0)
    ]
    crossings += [float(delta) for delta in grid[gap == 0]]
    nearest = min(crossings, key=abs) if crossings else float("nan")
    return TippingPoint(
        nearest, tuple(float(x) for x in grid), tuple(results), alpha,
        f"tipping point of a shift of imputed values, {imputations.method}",
    )  # fmt: skip
