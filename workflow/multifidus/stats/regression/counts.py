"""Negative binomial regression with exposure.

Own likelihood: the second derivatives that ``statsmodels.NegativeBinomial`` (0.15) gives in the
dispersion are not those of its likelihood, which makes its standard errors wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import special
from statsmodels.discrete.discrete_model import Poisson

from multifidus.base.errors import StatisticsError
from multifidus.stats.estimates import as_frame
from multifidus.stats.inputs import check_alpha, check_choice
from multifidus.stats.regression.design import (
    WaldCoefficient,
    regression_data,
    require_rank,
    wald_coefficient,
)
from multifidus.stats.regression.maximise import Maximum, maximise
from multifidus.stats.regression.profiled import scaled_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["CountFit", "negative_binomial"]

_ROUNDS = 200
_HALVINGS = 40
_SETTLED = 1e-9
_LARGEST = 1_000_000


@dataclass(frozen=True)
class CountFit:
    """A fitted negative binomial model.

    Attributes
    ----------
    coefficients
        One per column of the design; ``ratio`` is the rate ratio (of the intercept: the rate).
    dispersion
        ``k`` in ``variance = mean + k mean**2`` (SAS's dispersion, one over R's theta); 0 where the
        counts vary no more than Poisson's.
    dispersion_se
        ``NaN`` where the dispersion is 0.
    deviance
        -2 log-likelihood.
    """

    coefficients: tuple[WaldCoefficient, ...]
    covariance: np.ndarray
    dispersion: float
    dispersion_se: float
    participants: int
    events: int
    exposure: float
    rows_incomplete: int
    deviance: float
    alpha: float
    method: str

    def table(self) -> pd.DataFrame:
        """Return the coefficients, one row each."""
        return as_frame(self.coefficients).assign(dispersion=self.dispersion, method=self.method)


def negative_binomial(
    data: pd.DataFrame,
    outcome: str,
    terms: str,
    *,
    exposure: str | None = None,
    reference: Mapping[str, Any] | None = None,
    information: Literal["observed", "expected"] = "observed",
    alpha: float = 0.05,
) -> CountFit:
    """Fit a negative binomial regression (log link, variance ``mean + k mean**2``).

    Parameters
    ----------
    data
        One row per participant; rows with anything missing are left out and counted.
    outcome
        Column of numbers of events.
    terms
        Right side of a formula, for instance ``"arm + baseline"``; text columns are factors.
    exposure
        Column of time at risk, above 0; its logarithm is the offset.
    information
        Where the standard errors come from: ``"observed"`` information of all parameters (SAS PROC
        GENMOD) or ``"expected"`` (R ``MASS::glm.nb``).

    Raises
    ------
    StatisticsError
        ``STA-101`` to ``STA-109`` formula and columns, ``STA-271`` counts or exposure that are
        none, or no event, ``STA-272`` dependent columns, ``STA-273`` a level without any event,
        ``STA-274`` no maximum found, ``STA-275`` unknown choice.

    Notes
    -----
    Where the counts vary no more than Poisson's the likelihood is largest at a dispersion of 0;
    the answer is then Poisson's and ``method`` says so. R ``glm.nb`` runs to a large theta there.
    """
    check_alpha(alpha)
    check_choice(information, ("observed", "expected"), "information", "STA-275")
    extra = () if exposure is None else (exposure,)
    found = regression_data(data, outcome, terms, extra=extra, reference=reference)
    y, columns = found.design.y, found.design.columns
    time = np.ones(len(y)) if exposure is None else found.extra[exposure].to_numpy()
    _check_counts(y, time, outcome)
    time = time.astype(float)
    require_rank(found.design.x, columns)
    x, back = scaled_columns(found.design.x, columns)
    offset = np.log(time)
    offset = offset - offset.mean()
    poisson = _poisson(y, x, offset, columns)
    mean = np.exp(x @ poisson.beta + offset)
    method, dispersion, dispersion_se = "negative binomial regression", 0.0, float("nan")
    beta, spread, value = poisson.beta, poisson.covariance, poisson.value
    if float(((y - mean) ** 2 - y).sum()) > 0:
        beta, dispersion, value, joint = _fit(y, x, offset, poisson.beta, mean)
        spread, dispersion_se = joint[:-1, :-1], float(np.sqrt(joint[-1, -1]))
        if information == "expected":
            mean = np.exp(x @ beta + offset)
            weight = mean / (1 + dispersion * mean)
            spread = np.linalg.inv(x.T @ (weight[:, None] * x))
        method += f", standard errors from the {information} information"
    else:
        method += ", no overdispersion: dispersion 0, Poisson"
    shift = np.log(time).mean()
    return CountFit(
        _rates(columns, back, (beta, spread), shift, alpha), back @ spread @ back.T, dispersion,
        dispersion_se, len(y), int(y.sum()), float(time.sum()), found.rows_incomplete, -2.0 * value,
        alpha, method,
    )  # fmt: skip


def _check_counts(y: np.ndarray, time: np.ndarray, outcome: str) -> None:
    """Refuse counts and exposures that are none (``STA-271``)."""
    if ((y < 0) | (y != np.floor(y)) | (y > _LARGEST)).any():
        raise StatisticsError(
            "STA-271", f"`{outcome}` must hold whole numbers from 0 to a million."
        )
    numeric = np.issubdtype(np.asarray(time).dtype, np.number)
    if not numeric or not (np.isfinite(time) & (time > 0)).all():
        raise StatisticsError("STA-271", "Exposure must be a number above 0 in every row.")
    if not y.any():
        raise StatisticsError("STA-271", f"`{outcome}` holds no event; there is no rate ratio.")


def _poisson(y: np.ndarray, x: np.ndarray, offset: np.ndarray, columns: tuple[str, ...]) -> Maximum:
    """Return Poisson's maximum, which exists where the negative binomial one does."""
    model = Poisson(y, x, offset=offset)

    def likelihood(beta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        with np.errstate(over="ignore", invalid="ignore"):
            return float(model.loglike(beta)), model.score(beta), -model.hessian(beta)

    return maximise(likelihood, np.zeros(x.shape[1]), columns)


@dataclass(frozen=True)
class _Counts:
    r"""The likelihood in the coefficients and :math:`t = \log\theta`, :math:`\theta = 1/k`.

    Callable: ``(p + 1,)`` to log-likelihood, gradient and observed information. Differences of
    gamma functions are sums over the counts, exact also near Poisson's limit.
    """

    y: np.ndarray
    x: np.ndarray
    offset: np.ndarray

    def __call__(self, at: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        y, x, theta = self.y, self.x, float(np.exp(at[-1]))
        eta = x @ at[:-1] + self.offset
        mu = np.exp(eta)
        total = mu + theta
        steps = theta + np.arange(int(y.max()))
        sums = np.zeros((3, len(steps) + 1))
        np.cumsum([np.log(steps), 1 / steps, -1 / steps**2], axis=1, out=sums[:, 1:])
        rise, first, second = sums[:, y.astype(int)]
        value = float(
            (rise - special.gammaln(y + 1) - theta * np.log1p(mu / theta)).sum()
            + (y * (eta - np.log(total))).sum()
        )
        by_theta = first - np.log1p(mu / theta) + (mu - y) / total
        by_theta2 = second + mu / (theta * total) + (y - mu) / total**2
        cross = theta * mu * (y - mu) / total**2
        weight = mu * theta * (y + theta) / total**2
        p = x.shape[1]
        gradient = np.append(x.T @ ((y - mu) * theta / total), theta * by_theta.sum())
        information = np.empty((p + 1, p + 1))
        information[:p, :p] = x.T @ (weight[:, None] * x)
        information[p, :p] = information[:p, p] = -x.T @ cross
        information[p, p] = -(theta**2 * by_theta2.sum() + theta * by_theta.sum())
        return value, gradient, information


def _fit(
    y: np.ndarray, x: np.ndarray, offset: np.ndarray, start: np.ndarray, mean: np.ndarray
) -> tuple[np.ndarray, float, float, np.ndarray]:
    """Return coefficients, dispersion, log-likelihood and the inverse observed information.

    Newton's steps, with the ridge that a step uphill needs; the information is that of the
    coefficients and the dispersion.
    """
    likelihood = _Counts(y, x, offset)
    moment = float(((y - mean) ** 2 - y).sum() / (mean**2).sum())
    place = np.append(start, -np.log(max(moment, 1e-3)))
    value, gradient, information = likelihood(place)
    for _ in range(_ROUNDS):
        smallest = float(np.linalg.eigvalsh(information)[0])
        ridge = 1e-3 * float(np.abs(information).max()) - smallest if smallest <= 0 else 0.0
        step = np.linalg.solve(information + ridge * np.eye(len(place)), gradient)
        step = step / max(1.0, float(np.abs(step).max()))
        for _ in range(_HALVINGS):
            with np.errstate(over="ignore", invalid="ignore"):
                better = likelihood(place + step)
            if np.isfinite(better[0]) and better[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
        place, (value, gradient, information) = place + step, better
        if np.abs(step).max() < _SETTLED and ridge == 0.0:
            k = float(np.exp(-place[-1]))
            scale = np.append(np.ones(len(start)), -k)
            return place[:-1], k, value, np.linalg.inv(information) * np.outer(scale, scale)
    raise StatisticsError(
        "STA-274",
        "The negative binomial likelihood has no maximum that can be found; simplify the formula.",
    )


def _rates(
    columns: tuple[str, ...],
    back: np.ndarray,
    fit: tuple[np.ndarray, np.ndarray],
    shift: float,
    alpha: float,
) -> tuple[WaldCoefficient, ...]:
    """Return the coefficients in the units of their columns."""
    beta, spread = back @ fit[0], back @ fit[1] @ back.T
    shifts = [shift if name == "Intercept" else 0.0 for name in columns]
    return tuple(
        wald_coefficient(name, float(value) - moved, float(se), alpha=alpha)
        for name, value, moved, se in zip(
            columns, beta, shifts, np.sqrt(np.diag(spread)), strict=True
        )
    )
