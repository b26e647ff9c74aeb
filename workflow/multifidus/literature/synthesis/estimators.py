"""Random-effects meta-analysis of effects with known standard errors.

Notation follows Viechtbauer 2010 (J Stat Softw 36(3)). The between-study variance is estimated by
REML, DerSimonian-Laird (1986) or Paule-Mandel (1982); confidence limits are those of Hartung and
Knapp (2001) and Sidik and Jonkman (2002) with Student's t on ``k - p`` degrees of freedom, or
Wald's. statsmodels has the DerSimonian-Laird and Paule-Mandel estimators without moderators, which
the tests compare with; it has no REML.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import optimize, stats

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

__all__ = ["Estimator", "Pooled", "Test", "meta_regression", "pool_effects"]

Estimator = Literal["reml", "dl", "pm"]
Test = Literal["knapp_hartung", "modified_knapp_hartung", "wald"]
_TOLERANCE = 1e-13


@dataclass(frozen=True, slots=True)
class Pooled:
    """A fitted random-effects model; with one coefficient its mean, else a meta-regression.

    Attributes
    ----------
    estimate, se, lower, upper, p
        One number per coefficient, in the unit of the effects (slopes: per unit of moderator).
    tau2
        Between-study variance; with moderators the residual one.
    q, q_p
        Cochran's (residual) Q and its p value on ``k - p`` degrees of freedom.
    i2
        Share of the total variability due to heterogeneity, in per cent, from ``tau2``.
    prediction
        95 % interval of the effect in a new study (Higgins et al. 2009, with t on the degrees of
        freedom of the test); NaN with moderators.
    studies
        Number of effects.
    """

    estimate: NDArray[np.float64]
    se: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    p: NDArray[np.float64]
    tau2: float
    q: float
    q_p: float
    i2: float
    prediction: tuple[float, float]
    studies: int


def pool_effects(
    effects: ArrayLike,
    errors: ArrayLike,
    *,
    estimator: Estimator = "reml",
    test: Test = "knapp_hartung",
) -> Pooled:
    """Pool effects under a random-effects model.

    Parameters
    ----------
    effects, errors
        Effect of each study and its standard error, the same unit; two or more studies, errors
        above zero.
    estimator
        Of the between-study variance.
    test
        Knapp-Hartung or Wald inference on the mean. The modified Knapp-Hartung error is never
        below Wald's (Röver, Knapp and Friede 2015, BMC Med Res Methodol 15:99); with few studies
        that happen to agree the unmodified one can be far too small.

    Raises
    ------
    ValueError
        With fewer than two studies, or an error that is not a positive number.
    """
    y = np.asarray(effects, dtype=np.float64)
    return _fit(y, np.asarray(errors, dtype=np.float64), np.ones((y.size, 1)), estimator, test)


def meta_regression(
    effects: ArrayLike,
    errors: ArrayLike,
    moderators: ArrayLike,
    *,
    estimator: Estimator = "reml",
    test: Test = "knapp_hartung",
) -> Pooled:
    """Regress effects on moderators; the first coefficient is the intercept.

    Parameters are those of :func:`pool_effects`; ``moderators`` has one row per study.

    Raises
    ------
    ValueError
        As :func:`pool_effects`, or when the moderators do not determine the coefficients.
    """
    y = np.asarray(effects, dtype=np.float64)
    x = np.asarray(moderators, dtype=np.float64).reshape(y.size, -1)
    design = np.column_stack([np.ones(y.size), x])
    return _fit(y, np.asarray(errors, dtype=np.float64), design, estimator, test)


def _fit(
    y: NDArray[np.float64],
    errors: NDArray[np.float64],
    design: NDArray[np.float64],
    estimator: Estimator,
    test: Test,
) -> Pooled:
    k, terms = design.shape
    if k <= terms:
        raise ValueError(f"{k} studies cannot be pooled with {terms} coefficients; add studies.")
    if errors.shape != y.shape or not (np.isfinite(y).all() and np.isfinite(errors).all()):
        raise ValueError("Every effect needs a finite value and a finite standard error.")
    if (errors <= 0).any():
        raise ValueError("Every standard error must be above zero.")
    if np.linalg.matrix_rank(design) < terms:
        raise ValueError("The moderators do not determine the coefficients.")
    v = errors**2
    tau2 = _ESTIMATORS[estimator](y, v, design)
    beta, covariance = _weighted(y, 1 / (v + tau2), design)
    fixed, _ = _weighted(y, 1 / v, design)
    q = float(((y - design @ fixed) ** 2 / v).sum())
    freedom = k - terms
    if test != "wald":
        scale = float(((y - design @ beta) ** 2 / (v + tau2)).sum()) / freedom
        covariance = covariance * (max(scale, 1.0) if test.startswith("modified") else scale)
        law = stats.t(freedom)
    else:
        law = stats.norm()
    se = np.sqrt(np.diag(covariance))
    width = law.ppf(0.975) * se
    typical = freedom / _projection_trace(1 / v, design)
    reach = float(law.ppf(0.975) * np.sqrt(tau2 + se[0] ** 2)) if terms == 1 else float("nan")
    with np.errstate(divide="ignore"):
        p = 2 * law.sf(np.abs(beta / se))
    return Pooled(
        estimate=beta,
        se=se,
        lower=beta - width,
        upper=beta + width,
        p=p,
        tau2=tau2,
        q=q,
        q_p=float(stats.chi2.sf(q, freedom)),
        i2=100 * tau2 / (tau2 + typical),
        prediction=(float(beta[0] - reach), float(beta[0] + reach)),
        studies=k,
    )


def _weighted(
    y: NDArray[np.float64], w: NDArray[np.float64], design: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weighted least squares coefficients and the inverse of the information."""
    covariance: NDArray[np.float64] = np.asarray(
        np.linalg.inv(design.T @ (w[:, None] * design)), dtype=np.float64
    )
    return covariance @ (design.T @ (w * y)), covariance


def _projection(w: NDArray[np.float64], design: NDArray[np.float64]) -> NDArray[np.float64]:
    weighted = w[:, None] * design
    return np.diag(w) - weighted @ np.linalg.inv(design.T @ weighted) @ weighted.T


def _projection_trace(w: NDArray[np.float64], design: NDArray[np.float64]) -> float:
    return float(np.trace(_projection(w, design)))


def _dersimonian_laird(
    y: NDArray[np.float64], v: NDArray[np.float64], design: NDArray[np.float64]
) -> float:
    k, terms = design.shape
    projection = _projection(1 / v, design)
    estimate = float((y @ projection @ y - (k - terms)) / np.trace(projection))
    return max(estimate, 0.0)


def _paule_mandel(
    y: NDArray[np.float64], v: NDArray[np.float64], design: NDArray[np.float64]
) -> float:
    """Solve for the variance at which the generalised Q equals its degrees of freedom."""
    k, terms = design.shape

    def excess(tau2: float) -> float:
        return float(y @ _projection(1 / (v + tau2), design) @ y - (k - terms))

    return _falling_root(excess, y, v)


def _restricted_likelihood(
    y: NDArray[np.float64], v: NDArray[np.float64], design: NDArray[np.float64]
) -> float:
    """Maximise the restricted likelihood: over the roots of its slope, and at zero."""

    def loss(tau2: float) -> float:
        w = 1 / (v + tau2)
        _, logdet = np.linalg.slogdet(design.T @ (w[:, None] * design))
        return float(-np.log(w).sum() + logdet + y @ _projection(w, design) @ y)

    def slope(tau2: float) -> float:
        projection = _projection(1 / (v + tau2), design)
        fitted = projection @ y
        return float(fitted @ fitted - np.trace(projection))

    top = _ceiling(y, v)
    grid = np.concatenate([[0.0], np.geomspace(top * 1e-8, top, 200)])
    slopes = [slope(tau2) for tau2 in grid]
    roots = [
        float(optimize.brentq(slope, a, b, xtol=_TOLERANCE * top, rtol=1e-14))
        for a, b, low, high in zip(grid, grid[1:], slopes, slopes[1:], strict=False)
        if low > 0 >= high
    ]
    return float(min([0.0, *roots], key=loss))


def _ceiling(y: NDArray[np.float64], v: NDArray[np.float64]) -> float:
    """Return a variance above any estimate."""
    return float(10 * (np.var(y) * y.size + v.max()))


def _falling_root(
    function: Callable[[float], float], y: NDArray[np.float64], v: NDArray[np.float64]
) -> float:
    if function(0.0) <= 0:
        return 0.0
    top = _ceiling(y, v)
    return float(optimize.brentq(function, 0.0, top, xtol=_TOLERANCE * top, rtol=1e-14))


_ESTIMATORS: dict[
    str, Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], float]
] = {
    "reml": _restricted_likelihood,
    "dl": _dersimonian_laird,
    "pm": _paule_mandel,
}
