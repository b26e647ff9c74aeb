"""Newton's method on a concave log-likelihood, and limits by its profile.

A likelihood without a maximum (separated data) shows in its Newton steps: they stay at about one
unit of the linear predictor, while the information goes to 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from multifidus.base.errors import StatisticsError

__all__ = ["Likelihood", "Maximum", "maximise", "profile_limits", "profile_maximum"]

Likelihood = Callable[[np.ndarray], tuple[float, np.ndarray, np.ndarray]]
"""From coefficients ``(p,)`` to log-likelihood, gradient ``(p,)`` and information ``(p, p)``."""

_ROUNDS = 40
_HALVINGS = 40
_SETTLED = 1e-9
_LOST = 1e-9
_FARTHEST = 60.0
_REACH = 2.0**8


@dataclass(frozen=True)
class Maximum:
    """The maximum of a log-likelihood.

    Attributes
    ----------
    beta, covariance
        Estimates ``(p,)`` and inverse observed information ``(p, p)``.
    score
        Score statistic at the start.
    """

    beta: np.ndarray
    value: float
    start: float
    score: float
    covariance: np.ndarray


def maximise(likelihood: Likelihood, start: np.ndarray, columns: tuple[str, ...]) -> Maximum:
    """Return the maximum of a concave log-likelihood in standardised columns.

    Raises
    ------
    StatisticsError
        ``STA-272`` when the data say nothing about a column, ``STA-273`` when the likelihood has no
        maximum because the data are separated.
    """
    value, gradient, information = likelihood(start)
    before, first = value, information
    if np.linalg.eigvalsh(first)[0] <= _LOST * max(1.0, np.abs(first).max()):
        raise StatisticsError(
            "STA-272",
            f"The data say nothing about one of {', '.join(columns)} or a combination of them; "
            "simplify the formula.",
        )
    score = float(gradient @ np.linalg.solve(first, gradient))
    beta, settled = start, False
    for _ in range(_ROUNDS):
        step = _newton_step(gradient, information)
        if step is None or np.abs(beta + step).max() > _FARTHEST:
            break
        beta, value, gradient, information = _climb(likelihood, beta, value, step)
        if np.abs(step).max() < _SETTLED * max(1.0, np.abs(beta).max()):
            settled = True
            break
    root = np.linalg.inv(np.linalg.cholesky(first))
    if not settled or np.linalg.eigvalsh(root @ information @ root.T)[0] < _LOST:
        raise StatisticsError(
            "STA-273",
            f"A coefficient of {', '.join(columns)} is infinite: a combination of the columns "
            "separates the outcomes; merge levels, leave a column out or use an exact method.",
        )
    return Maximum(beta, value, before, score, np.linalg.inv(information))


def _newton_step(gradient: np.ndarray, information: np.ndarray) -> np.ndarray | None:
    try:
        step = np.linalg.solve(information, gradient)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(step) if np.isfinite(step).all() else None


def _climb(
    likelihood: Likelihood, beta: np.ndarray, value: float, step: np.ndarray
) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
    """Return the first of the halved steps that does not lower the likelihood (but for noise)."""
    slack = 1e-12 * max(1.0, abs(value))
    for _ in range(_HALVINGS):
        found, gradient, information = likelihood(beta + step)
        if np.isfinite(found) and found >= value - slack:
            break
        step = step / 2
    return beta + step, found, gradient, information


def profile_maximum(
    likelihood: Likelihood, place: int, fixed: float, start: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return the maximum with one coefficient fixed, and where it is."""
    beta = start.copy()
    beta[place] = fixed
    free = np.arange(len(beta)) != place
    value, gradient, information = likelihood(beta)
    if not free.any():
        return value, beta
    for _ in range(_ROUNDS):
        inner = _newton_step(gradient[free], information[np.ix_(free, free)])
        if inner is None:
            break
        step = np.zeros(len(beta))
        step[free] = inner
        beta, value, gradient, information = _climb(likelihood, beta, value, step)
        if np.abs(step).max() < _SETTLED:
            break
    return value, beta


def profile_limits(
    likelihood: Likelihood, maximum: Maximum, place: int, alpha: float
) -> tuple[float, float]:
    """Return where twice the profile falls short of its maximum by the chi-square quantile.

    Infinite on a side where it never does.
    """
    drop = float(stats.chi2.isf(alpha, 1))
    centre = float(maximum.beta[place])
    unit = float(np.sqrt(maximum.covariance[place, place] * drop))

    def shortfall(value: float) -> float:
        found, _ = profile_maximum(likelihood, place, value, maximum.beta)
        return 2.0 * (maximum.value - found) - drop

    limits = []
    for side in (-1.0, 1.0):
        reach = 1.0
        while reach <= _REACH and shortfall(centre + side * reach * unit) < 0:
            reach *= 2.0
        if reach > _REACH:
            limits.append(side * np.inf)
            continue
        inner = centre + side * unit * (reach / 2 if reach > 1 else 0.0)
        outer = centre + side * unit * reach
        limits.append(
            float(
                optimize.brentq(
                    shortfall, min(inner, outer), max(inner, outer), xtol=1e-11, rtol=1e-13
                )
            )
        )
    return limits[0], limits[1]
