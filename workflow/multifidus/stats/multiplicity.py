"""Several comparisons at once: Holm's p values, Dunnett's p values and simultaneous limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from scipy import optimize, special, stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import check_alpha, finite_table, finite_vector

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Simultaneous", "dunnett", "holm"]

_NODES = 200
_FIT = 1e-10
_SEED = 20_240_101
_POINTS = 40_000


@dataclass(frozen=True)
class Simultaneous:
    """Comparisons with a common reference, corrected for their number.

    Attributes
    ----------
    estimate, se, t
        As given, shape ``(k,)``.
    p_value
        Adjusted two-sided p values.
    ci_lower, ci_upper
        Simultaneous limits.
    critical
        The quantile of the largest absolute t.
    """

    estimate: np.ndarray
    se: np.ndarray
    t: np.ndarray
    df: float
    p_value: np.ndarray
    ci_lower: np.ndarray
    ci_upper: np.ndarray
    critical: float
    alpha: float
    method: str


def holm(p_values: npt.ArrayLike) -> np.ndarray:
    """Return Holm's adjusted p values (1979, Scandinavian Journal of Statistics 6:65-70).

    Parameters
    ----------
    p_values
        Shape ``(k,)``; ``NaN`` is no comparison and stays ``NaN``.

    Raises
    ------
    StatisticsError
        ``STA-291`` for a value outside [0, 1].
    """
    p = finite_vector(p_values, "p_values", allow_missing=True)
    given = ~np.isnan(p)
    if ((p[given] < 0) | (p[given] > 1)).any():
        raise StatisticsError("STA-291", "p values must be from 0 to 1.")
    order = np.argsort(p[given], kind="stable")
    factor = np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(factor * p[given][order]), 1.0)
    result = np.full(len(p), np.nan)
    result[given] = adjusted
    return result


def dunnett(
    estimates: npt.ArrayLike,
    covariance: npt.ArrayLike,
    df: float = np.inf,
    *,
    alpha: float = 0.05,
) -> Simultaneous:
    """Return comparisons adjusted by the distribution of the largest absolute t.

    Parameters
    ----------
    estimates
        Differences from a common reference, shape ``(k,)``.
    covariance
        Their covariance, shape ``(k, k)``.
    df
        Degrees of freedom of the residual variance; infinite for a known one. For a mixed model,
        whose comparisons have df of their own, the smallest is on the safe side.

    Raises
    ------
    StatisticsError
        ``STA-291`` for shapes that do not fit, a covariance that is none, or df of 0.

    Notes
    -----
    Dunnett (1955), JASA 50:1096-1121. With the one-factor correlations of unadjusted comparisons
    with a control (any group sizes), and always for up to two comparisons, the probabilities are
    integrals found to ten digits; others are found by quasi-Monte Carlo from a fixed seed, to about
    four digits. SAS ``ADJUST=DUNNETT`` approximates the latter by a one-factor structure (R
    emmeans' ``"dunnettx"`` does cruder, its ``"mvt"`` is exact up to simulation).
    """
    check_alpha(alpha)
    value, spread = finite_vector(estimates, "estimates"), finite_table(covariance, "covariance")
    k = len(value)
    variance = np.diag(spread) if spread.shape == (k, k) else np.zeros(1)
    good = k > 0 and spread.shape == (k, k) and (variance > 0).all() and df > 0
    if not good or not np.allclose(spread, spread.T, rtol=1e-8, atol=0):
        raise StatisticsError(
            "STA-291", "Give k estimates, their covariance, k by k with variances above 0, and df."
        )
    se = np.sqrt(variance)
    correlation = spread / np.outer(se, se)
    if np.linalg.eigvalsh(correlation)[0] < -1e-8:  # noqa: PLR2004 - rounding
        raise StatisticsError("STA-291", "The covariance of the estimates is none.")
    factor = _one_factor(correlation)
    t = value / se

    def beyond(size: float) -> float:
        if factor is not None:
            return _beyond_one_factor(size, factor, df)
        return _beyond(size, correlation, df)

    p = np.array([min(beyond(abs(float(each))), 1.0) for each in t])
    single, bonferroni = (float(stats.t.isf(a / 2, df)) for a in (alpha, alpha / k))
    critical = single
    if bonferroni > single and beyond(single) > alpha:
        critical = float(
            optimize.brentq(lambda c: beyond(c) - alpha, single, bonferroni * (1 + 1e-9) + 1e-9)
        )
    name = "Dunnett, largest absolute t, " + (
        "integrated" if factor is not None else f"quasi-Monte Carlo, seed {_SEED}"
    )
    return Simultaneous(
        value, se, t, float(df), p, value - critical * se, value + critical * se, critical, alpha,
        name,
    )  # fmt: skip


def _one_factor(correlation: np.ndarray) -> np.ndarray | None:
    """Return loadings whose products are the correlations, or ``None`` where there are none."""
    k = len(correlation)
    if k == 1:
        return np.zeros(1)
    if k == 2:  # noqa: PLR2004
        rho = float(correlation[0, 1])
        size = np.sqrt(min(abs(rho), 1.0))
        return np.array([size, np.copysign(size, rho)])
    if (np.abs(correlation) < _FIT).any():
        return None
    first = correlation[0, 1] * correlation[0, 2] / correlation[1, 2]
    if not 0 < first <= 1:
        return None
    loadings = np.concatenate([[np.sqrt(first)], correlation[0, 1:] / np.sqrt(first)])
    product = np.outer(loadings, loadings)
    np.fill_diagonal(product, 1.0)
    fits = np.abs(product - correlation).max() < _FIT and (np.abs(loadings) <= 1.0).all()
    return loadings if fits else None


def _beyond_one_factor(size: float, loadings: np.ndarray, df: float) -> float:
    """Return the chance that the largest absolute t is above ``size``.

    Over the common factor by Gauss-Legendre nodes, over the residual SD likewise.
    """
    nodes, weights = special.roots_legendre(_NODES)
    factor = 9.0 * nodes
    density = 9.0 * weights * np.exp(-(factor**2) / 2) / np.sqrt(2 * np.pi)
    scale, chance = np.ones(1), np.ones(1)
    if np.isfinite(df):
        low, high = (float(np.sqrt(stats.chi2.ppf(q, df) / df)) for q in (1e-15, 1 - 1e-15))
        scale = low + (high - low) * (nodes + 1) / 2
        chance = (high - low) / 2 * weights * 2 * df * scale * stats.chi2.pdf(df * scale**2, df)
    rest = np.sqrt(np.maximum(1.0 - loadings**2, 1e-30))
    edge = size * scale[:, None, None]
    shift = loadings * factor[:, None]
    inside = special.ndtr((edge - shift) / rest) - special.ndtr((-edge - shift) / rest)
    within = float(chance @ np.prod(inside, axis=2) @ density)
    return max(1.0 - within, 0.0)


def _beyond(size: float, correlation: np.ndarray, df: float) -> float:
    """Return the same for any correlation, by quasi-Monte Carlo."""
    k = len(correlation)
    edge = np.full(k, size)
    if np.isfinite(df):
        within = stats.multivariate_t.cdf(
            edge, shape=correlation, df=cast("int", df), lower_limit=-edge, maxpts=_POINTS * k,
            allow_singular=True, random_state=np.random.default_rng(_SEED),
        )  # fmt: skip
    else:
        within = stats.multivariate_normal.cdf(
            edge, cov=correlation, lower_limit=-edge, maxpts=_POINTS * k, allow_singular=True,
            rng=np.random.default_rng(_SEED),
        )  # fmt: skip
    return max(1.0 - float(within), 0.0)
