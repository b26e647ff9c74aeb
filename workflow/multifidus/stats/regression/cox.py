"""Cox's proportional hazards model.

Own code of a few lines on the formulas: ``statsmodels.PHReg`` has no profile limits, reports
infinite coefficients as large ones and takes times that differ by rounding alone for two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from multifidus.base.errors import StatisticsError
from multifidus.stats.estimates import as_frame
from multifidus.stats.inputs import check_alpha, check_choice
from multifidus.stats.regression.design import (
    INTERCEPT,
    Coefficient,
    chi_square_p,
    regression_data,
    require_rank,
    standardised,
)
from multifidus.stats.regression.maximise import maximise
from multifidus.stats.regression.partial_likelihood import partial_likelihood
from multifidus.stats.regression.profiled import profiled_coefficients
from multifidus.stats.survival import checked_times

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = ["CoxFit", "cox"]


@dataclass(frozen=True)
class CoxFit:
    """A fitted proportional hazards model.

    Attributes
    ----------
    coefficients
        One per column of the design; ``ratio`` is the hazard ratio.
    covariance
        Inverse observed information of the coefficients, shape ``(p, p)``.
    log_likelihood_null, log_likelihood
        Log partial likelihood without covariates and at the maximum.
    likelihood_ratio, wald, score
        Chi-square statistics that all coefficients are 0, on ``df`` degrees of freedom.
    """

    coefficients: tuple[Coefficient, ...]
    covariance: np.ndarray
    participants: int
    events: int
    rows_incomplete: int
    strata: int
    log_likelihood_null: float
    log_likelihood: float
    df: int
    likelihood_ratio: float
    likelihood_ratio_p: float
    wald: float
    wald_p: float
    score: float
    score_p: float
    alpha: float
    method: str

    def table(self) -> pd.DataFrame:
        """Return the coefficients, one row each."""
        return as_frame(self.coefficients).assign(method=self.method)


def cox(
    data: pd.DataFrame,
    terms: str,
    *,
    time: str,
    event: str,
    strata: Sequence[str] = (),
    reference: Mapping[str, Any] | None = None,
    ties: Literal["efron", "breslow"] = "efron",
    alpha: float = 0.05,
) -> CoxFit:
    """Fit Cox's proportional hazards model.

    Parameters
    ----------
    data
        One row per participant; rows with anything missing are left out and counted.
    terms
        Right side of a formula, for instance ``"arm + age"``; text columns are factors.
    time, event
        Columns of follow-up time and of 1 (event) and 0 (censored).
    strata
        Columns whose combinations have baseline hazards of their own.
    reference
        Reference level by factor.
    ties
        ``"efron"`` (R's default) or ``"breslow"`` (SAS PROC PHREG's default).

    Raises
    ------
    StatisticsError
        ``STA-101`` to ``STA-109`` formula and columns, ``STA-241`` or ``STA-242`` times,
        ``STA-271`` no event, ``STA-272`` columns that depend on each other or about which no event
        says anything, ``STA-273`` separated data (a hazard ratio of 0 or infinity), ``STA-275``
        unknown choice.

    Notes
    -----
    Wald limits are those of R ``summary.coxph`` and SAS; profile limits those of SAS
    ``RISKLIMITS=PL``, which R's ``confint`` does not give. Where R warns that a coefficient may be
    infinite and prints a large one, this refuses.
    """
    check_alpha(alpha)
    check_choice(ties, ("efron", "breslow"), "ties", "STA-275")
    strata = (strata,) if isinstance(strata, str) else tuple(strata)
    found = regression_data(data, time, terms, extra=(event, *strata), reference=reference)
    t, e = checked_times(found.design.y, found.extra[event].to_numpy())
    if e.max(initial=0) != 1:
        raise StatisticsError("STA-271", f"`{event}` must hold an event, coded 1, and 0 else.")
    x, columns = _columns(found.design.x, found.design.columns)
    groups = (
        found.extra[list(strata)].groupby(list(strata), observed=True).ngroup() if strata else 0
    )
    stratum = np.zeros(len(t), dtype=int) + np.asarray(groups)
    require_rank(x - x.mean(axis=0), columns)
    scaled, _, spread = standardised(x)
    likelihood = partial_likelihood(scaled, t, e > 0, stratum, efron=ties == "efron")
    maximum = maximise(likelihood, np.zeros(len(columns)), columns)
    overall = 2.0 * (maximum.value - maximum.start)
    wald = float(maximum.beta @ np.linalg.solve(maximum.covariance, maximum.beta))
    df = len(columns)
    method = f"Cox regression, {ties.capitalize()} ties" + (", stratified" if strata else "")
    return CoxFit(
        profiled_coefficients(likelihood, maximum, np.diag(1.0 / spread), columns, alpha),
        maximum.covariance / np.outer(spread, spread),
        len(t), int((e > 0).sum()), found.rows_incomplete, len(np.unique(stratum)),
        maximum.start, maximum.value, df, overall, chi_square_p(overall, df),
        wald, chi_square_p(wald, df), maximum.score, chi_square_p(maximum.score, df), alpha, method,
    )  # fmt: skip


def _columns(x: np.ndarray, columns: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the columns but for the intercept, which the baseline hazard takes up."""
    kept = [k for k, name in enumerate(columns) if name != INTERCEPT]
    if not kept:
        raise StatisticsError("STA-101", "The formula needs a covariate or factor.")
    return x[:, kept], tuple(columns[k] for k in kept)
