"""Fits compared with one another: information criteria and likelihood-ratio tests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from multifidus.base.errors import StatisticsError

if TYPE_CHECKING:
    from multifidus.stats.mmrm.result import MmrmFit

__all__ = ["InformationCriteria", "LikelihoodRatioTest", "information_criteria", "likelihood_ratio"]

_NOISE = 1e-6


@dataclass(frozen=True)
class InformationCriteria:
    """Smaller is better; comparable between fits to the same rows.

    Attributes
    ----------
    parameters
        Parameters counted: those of the covariance, and the coefficients too under maximum
        likelihood.
    """

    deviance: float
    parameters: int
    aic: float
    aicc: float
    bic: float
    method: str


@dataclass(frozen=True)
class LikelihoodRatioTest:
    """A chi-square test of a model inside a larger one."""

    statistic: float
    df: int
    p_value: float
    method: str


def information_criteria(fit: MmrmFit) -> InformationCriteria:
    """Return AIC, AICC and BIC as SAS PROC MIXED prints them.

    Notes
    -----
    Under REML only covariance parameters count, BIC takes the logarithm of the number of
    participants, and AICC the number of rows less the rank of the design (under ML: rows). R
    ``mmrm`` gives the same AIC and BIC under REML; under ML it still counts covariance parameters
    alone, and R ``nlme`` counts the coefficients always.
    """
    coefficients = sum(math.isfinite(each.estimate) for each in fit.coefficients)
    d = len(fit.covariance_parameters) + (0 if fit.reml else coefficients)
    rows = fit.rows_used - (coefficients if fit.reml else 0)
    rows, deviance = max(rows, d + 2), float(fit.deviance)
    return InformationCriteria(
        deviance,
        d,
        deviance + 2 * d,
        deviance + 2 * d * rows / (rows - d - 1),
        deviance + d * math.log(fit.participants),
        f"information criteria as SAS PROC MIXED, {'REML' if fit.reml else 'ML'}",
    )


def likelihood_ratio(smaller: MmrmFit, larger: MmrmFit) -> LikelihoodRatioTest:
    """Return the likelihood-ratio test of a model inside a larger one.

    Under REML both need the same coefficients, so that only covariances are compared; under ML
    coefficients may differ as well.

    Raises
    ------
    StatisticsError
        ``STA-121`` for fits to other rows, by REML and ML, with other coefficients under REML, with
        no parameter more, or where the larger one fits worse, which one inside it cannot.

    Notes
    -----
    The chi-square distribution is conservative where the smaller model is at an edge of the larger
    one (a variance of 0), as in R ``anova`` and SAS ``COVTEST``.
    """
    same_rows = (
        smaller.rows_used == larger.rows_used
        and np.array_equal(smaller.design.source, larger.design.source)
        and np.array_equal(smaller.design.y, larger.design.y)
    )
    if not same_rows or smaller.reml != larger.reml:
        raise StatisticsError(
            "STA-121", "Both models must be fitted to the same rows, both by REML or both by ML."
        )
    if smaller.reml and smaller.design.columns != larger.design.columns:
        raise StatisticsError(
            "STA-121", "REML likelihoods compare covariances only; fit by ML to compare formulas."
        )
    counts = [
        len(fit.covariance_parameters) + sum(math.isfinite(c.estimate) for c in fit.coefficients)
        for fit in (smaller, larger)
    ]
    df = counts[1] - counts[0]
    statistic = float(smaller.deviance - larger.deviance)
    if df < 1 or statistic < -_NOISE * max(1.0, abs(larger.deviance)):
        raise StatisticsError(
            "STA-121", "The first model is not inside the second; give the smaller one first."
        )
    statistic = max(statistic, 0.0)
    return LikelihoodRatioTest(
        statistic, df, float(stats.chi2.sf(statistic, df)),
        f"likelihood-ratio test, {'REML' if smaller.reml else 'ML'}",
    )  # fmt: skip
