"""Analyses of many imputed tables at once, delta adjustment and the tipping point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import check_alpha, finite_table, finite_vector, flags
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
        The shift nearest 0 within the range searched where significance is lost; ``NaN`` when there
        is none, as when the result is not significant without a shift.
    gained
        The shift nearest 0 where significance is gained, when there was none without a shift;
        ``NaN`` otherwise. It is no tipping point.
    unshifted
        The pooled result without a shift.
    shifts, results
        The grid searched and the pooled result at each of its points.
    """

    delta: float
    gained: float
    unshifted: PooledEstimate
    shifts: tuple[float, ...]
    results: tuple[PooledEstimate, ...]
    alpha: float
    method: str

    @property
    def significant(self) -> bool:
        """Whether the result is significant without a shift."""
        return self.unshifted.p_value < self.alpha


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
        ``STA-255`` for a design that is not of full rank or shapes that do not fit; ``STA-001`` and
        ``STA-002`` for values that are no finite numbers.
    """
    y, x = finite_table(outcome, "outcome"), finite_table(design, "design")
    row = finite_vector(weights, "weights")
    fits = np.ndim(outcome) == 2 and len(x) == y.shape[1] and row.shape == x.shape[1:]  # noqa: PLR2004
    if not fits:
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
        Booleans (or 1 and 0) cut from imputed outcomes, shape ``(imputations, n)``; a missing value
        is refused, because it is neither.
    group
        Whether a participant is in the first group, booleans (or 1 and 0) of shape ``(n,)``.

    Returns
    -------
    tuple
        First minus second proportion and its variance p(1-p)/n summed over the groups, shape
        ``(imputations,)``, and infinite df.

    Raises
    ------
    StatisticsError
        ``STA-255`` for shapes that do not fit or an empty group, ``STA-002`` for missing values,
        ``STA-001`` for other values.
    """
    table, first = flags(responders, "responders"), flags(group, "group")
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

    Raises
    ------
    StatisticsError
        ``STA-255`` for a shape that does not fit, ``STA-001`` and ``STA-002`` for values that are
        no finite shifts or no booleans.
    """
    mask = imputations.imputed
    if rows is not None:
        applied = flags(rows, "rows")
        if applied.shape != mask.shape[:1]:
            raise StatisticsError("STA-255", f"`rows` needs {len(mask)} values, one each.")
        mask = mask & applied[:, None]
    shift = finite_vector(np.atleast_1d(np.asarray(delta)), "delta")
    if len(shift) not in (1, mask.shape[1]):
        raise StatisticsError("STA-255", f"`delta` is one shift, or {mask.shape[1]}, one a visit.")
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
    """Search the shift of imputed values at which a significant result stops being significant.

    A result that is not significant without a shift has no tipping point; the shift at which it
    would become significant is in ``gained``.

    Parameters
    ----------
    analysis
        From completed tables ``(imputations, n, m)`` to estimates, variances and complete-data df,
        for instance through :func:`regress_imputations`.
    shifts
        Grid of shifts to search, holding at least two; 0 is added. Between neighbours whose p lie
        on two sides of ``alpha`` the point is found to 1e-8 of the step.
    rows
        Participants whose imputed values are shifted, for instance the active arm.

    Raises
    ------
    StatisticsError
        ``STA-256`` when the grid is too short, ``STA-001`` and ``STA-002`` when it is not of finite
        numbers.
    """
    check_alpha(alpha)
    grid = np.unique(finite_vector(shifts, "shifts"))
    if len(grid) < 2:  # noqa: PLR2004 - a search needs an interval
        raise StatisticsError("STA-256", "The tipping-point search needs at least two shifts.")

    def pooled(delta: float) -> PooledEstimate:
        estimates, variances, df = analysis(add_delta(imputations, delta, rows))
        return pool(estimates, variances, df_complete=df, df_rule=df_rule, alpha=alpha)

    grid = np.union1d(grid, 0.0)
    results = [pooled(float(delta)) for delta in grid]
    unshifted = results[int(np.flatnonzero(grid == 0)[0])]
    nearest, nan = _nearest_crossing(pooled, grid, results, alpha), float("nan")
    words, lost, gained = "tipping point of a shift of imputed values", nearest, nan
    if not unshifted.p_value < alpha:
        lost, gained = nan, nearest
        words = "no tipping point of a shift of imputed values (not significant without a shift)"
    return TippingPoint(
        lost, gained, unshifted, tuple(float(x) for x in grid), tuple(results), alpha,
        f"{words}, {imputations.method}",
    )  # fmt: skip


def _nearest_crossing(
    pooled: Callable[[float], PooledEstimate],
    grid: np.ndarray,
    results: list[PooledEstimate],
    alpha: float,
) -> float:
    """Return the shift nearest 0 where p reaches ``alpha``; ``NaN`` for none on the grid."""
    # between estimates of opposite sign lies one of 0, where p is 1
    signs = np.sign([result.estimate for result in results])
    zeros = [
        optimize.brentq(lambda delta: pooled(delta).estimate, grid[k], grid[k + 1])
        for k in np.flatnonzero(signs[:-1] * signs[1:] < 0)
    ]
    results = results + [pooled(float(delta)) for delta in zeros]
    order = np.argsort([*grid, *zeros], kind="stable")
    grid, results = np.array([*grid, *zeros])[order], [results[k] for k in order]
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
    return min(crossings, key=abs) if crossings else float("nan")
