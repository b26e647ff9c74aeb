"""Association of two continuous variables: rank correlation and the slope of a straight line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.estimates import Estimate, t_estimate
from multifidus.stats.inputs import check_alpha, complete_pairs
from multifidus.stats.ties import settle

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["RankCorrelation", "linear_slope", "spearman"]

_FEWEST = 4


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation with its test of zero and its limits."""

    n: int
    estimate: float
    p_value: float
    ci_lower: float
    ci_upper: float
    alpha: float
    method: str


def _varied(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    first, second = complete_pairs(x, y, ("x", "y"))
    if len(first) < _FEWEST:
        raise StatisticsError("STA-261", "An association needs at least four complete pairs.")
    if np.ptp(settle(first)) == 0 or np.ptp(settle(second)) == 0:
        raise StatisticsError("STA-262", "A variable that never varies has no association.")
    return first, second


def spearman(x: npt.ArrayLike, y: npt.ArrayLike, alpha: float = 0.05) -> RankCorrelation:
    """Return Spearman's rank correlation of the pairs with both values.

    Parameters
    ----------
    x, y
        One value a participant, same order, ``NaN`` for missing, shape ``(n,)``.

    Raises
    ------
    StatisticsError
        ``STA-261`` fewer than four pairs, ``STA-262`` a variable without variation.

    Notes
    -----
    Ties take mid-ranks; values equal but for rounding are ties. The p value is that of the t
    approximation with n - 2 degrees of freedom. Limits are Fisher's z with the standard error
    sqrt((1 + r^2 / 2) / (n - 3)) of Bonett and Wright (2000), Psychometrika 65:23-28; they are r
    itself where r is 1 or -1.
    """
    check_alpha(alpha)
    first, second = _varied(x, y)
    found = stats.spearmanr(settle(first), settle(second))
    r, n = float(np.clip(found.statistic, -1, 1)), len(first)
    lower = upper = r
    if abs(r) < 1:
        half = float(stats.norm.isf(alpha / 2)) * np.sqrt((1 + r**2 / 2) / (n - 3))
        lower, upper = (float(np.tanh(np.arctanh(r) + sign * half)) for sign in (-1, 1))
    name = "Spearman, Bonett-Wright limits"
    return RankCorrelation(n, r, float(found.pvalue), lower, upper, alpha, name)


def linear_slope(x: npt.ArrayLike, y: npt.ArrayLike, alpha: float = 0.05) -> Estimate:
    """Return the least-squares slope of ``y`` on ``x`` with t limits.

    Parameters
    ----------
    x, y
        One value a participant, same order, ``NaN`` for missing, shape ``(n,)``; pairs with a
        missing value are left out.

    Raises
    ------
    StatisticsError
        ``STA-261`` fewer than four pairs, ``STA-262`` a variable without variation.
    """
    check_alpha(alpha)
    first, second = _varied(x, y)
    found = stats.linregress(first, second)
    return t_estimate(
        "slope",
        float(found.slope),
        float(found.stderr),
        len(first) - 2,
        alpha=alpha,
        method="least-squares slope, t limits",
    )
