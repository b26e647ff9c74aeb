"""Logistic regression: the likelihood of statsmodels, with profile limits and separation found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from statsmodels.discrete.discrete_model import Logit

from multifidus.base.errors import StatisticsError
from multifidus.stats.estimates import as_frame
from multifidus.stats.inputs import check_alpha
from multifidus.stats.regression.design import (
    INTERCEPT,
    Coefficient,
    chi_square_p,
    regression_data,
    require_rank,
)
from multifidus.stats.regression.maximise import maximise
from multifidus.stats.regression.profiled import profiled_coefficients, scaled_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["LogisticFit", "logistic"]


@dataclass(frozen=True)
class LogisticFit:
    """A fitted logistic model.

    Attributes
    ----------
    coefficients
        One per column of the design; ``ratio`` is the odds ratio (of the intercept: the odds).
    covariance
        Inverse information, shape ``(p, p)``.
    deviance
        -2 log-likelihood.
    likelihood_ratio
        Chi-square statistic that all coefficients but the intercept are 0, on ``df`` degrees of
        freedom; ``NaN`` without an intercept.
    """

    coefficients: tuple[Coefficient, ...]
    covariance: np.ndarray
    participants: int
    responders: int
    rows_incomplete: int
    deviance: float
    df: int
    likelihood_ratio: float
    likelihood_ratio_p: float
    alpha: float
    method: str

    def table(self) -> pd.DataFrame:
        """Return the coefficients, one row each."""
        return as_frame(self.coefficients).assign(method=self.method)


def logistic(
    data: pd.DataFrame,
    outcome: str,
    terms: str,
    *,
    reference: Mapping[str, Any] | None = None,
    alpha: float = 0.05,
) -> LogisticFit:
    """Fit a logistic regression.

    Parameters
    ----------
    data
        One row per participant; rows with anything missing are left out and counted.
    outcome
        Column of 1 (yes) and 0 (no).
    terms
        Right side of a formula, for instance ``"arm + baseline"``; text columns are factors.
    reference
        Reference level by factor.

    Raises
    ------
    StatisticsError
        ``STA-101`` to ``STA-109`` formula and columns, ``STA-271`` an outcome that is not 1 and 0
        or never varies, ``STA-272`` dependent columns, ``STA-273`` separated data.

    Notes
    -----
    Wald and profile limits equal R ``confint.default`` and ``confint`` of ``glm`` and SAS
    ``CLODDS=BOTH``. Where R and statsmodels print a large coefficient for separated data, and SAS
    a warning, this refuses; Firth's penalty is not offered.
    """
    check_alpha(alpha)
    found = regression_data(data, outcome, terms, reference=reference)
    y, columns = found.design.y, found.design.columns
    if not np.isin(y, (0.0, 1.0)).all() or len(np.unique(y)) < 2:  # noqa: PLR2004 - yes and no
        raise StatisticsError("STA-271", f"`{outcome}` must hold both 1 (yes) and 0 (no) only.")
    require_rank(found.design.x, columns)
    x, back = scaled_columns(found.design.x, columns)
    model = Logit(y, x)

    def likelihood(beta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        return float(model.loglike(beta)), model.score(beta), -model.hessian(beta)

    maximum = maximise(likelihood, np.zeros(x.shape[1]), columns)
    share, n = y.mean(), len(y)
    null = n * float(share * np.log(share) + (1 - share) * np.log(1 - share))
    df = len(columns) - 1 if INTERCEPT in columns else 0
    overall = 2.0 * (maximum.value - null) if df else float("nan")
    return LogisticFit(
        profiled_coefficients(likelihood, maximum, back, columns, alpha),
        back @ maximum.covariance @ back.T,
        n, int(y.sum()), found.rows_incomplete, -2.0 * maximum.value, df, overall,
        chi_square_p(overall, df), alpha, "logistic regression, maximum likelihood",
    )  # fmt: skip
