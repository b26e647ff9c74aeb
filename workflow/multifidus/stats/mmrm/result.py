"""The result of a fit: coefficients, contrasts, least squares means, tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from multifidus.base.errors import StatisticsError
from multifidus.stats.estimates import Estimate, FTest, as_frame, t_estimate
from multifidus.stats.inputs import check_alpha, finite_table, finite_vector
from multifidus.stats.mmrm.comparison import InformationCriteria, information_criteria
from multifidus.stats.mmrm.marginal_means import (
    MarginalMeans,
    least_squares_means,
    type3_rows,
)
from multifidus.stats.mmrm.preparation import independent_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from multifidus.stats.mmrm.design import Design
    from multifidus.stats.mmrm.engine import Engine
    from multifidus.stats.mmrm.inference import DfMethod

__all__ = ["ConvergenceReport", "MmrmFit"]


@dataclass(frozen=True)
class ConvergenceReport:
    """How the fit ended.

    Attributes
    ----------
    gradient
        Largest absolute derivative of -2 log-likelihood at the end, each covariance parameter in
        units of its own scale.
    skipped
        Structures that were tried before and why each was not used.
    """

    gradient: float
    iterations: int
    scoring_steps: int
    covariance_requested: str
    covariance_used: str
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class MmrmFit:
    """A fitted MMRM.

    Attributes
    ----------
    covariance
        Within-participant covariance, shape ``(m, m)``, visits in ``visits`` order; with
        covariances by group one block per group.
    covariance_parameters
        Parameters of the structure by name, on the outcome's scale (SAS PROC MIXED's parameters).
    coefficients
        One estimate per column of the design; aliased columns carry ``NaN``.
    coefficient_covariance
        Covariance of the estimable coefficients as reported (Kenward-Roger adjusted when that is
        the method), shape ``(p, p)``, ``NaN`` at aliased columns.
    deviance
        -2 restricted log-likelihood (``reml``) or -2 log-likelihood, constants as in SAS.
    """

    formula: str
    visits: tuple[str, ...]
    participants: int
    rows_read: int
    rows_used: int
    rows_without_outcome: int
    rows_without_covariate: int
    reml: bool
    df_method: DfMethod
    alpha: float
    method: str
    covariance: np.ndarray
    covariance_parameters: dict[str, float]
    coefficients: tuple[Estimate, ...]
    coefficient_covariance: np.ndarray
    deviance: float
    convergence: ConvergenceReport
    aliased: tuple[str, ...]
    design: Design = field(repr=False)
    _engine: Engine = field(repr=False)

    @property
    def criteria(self) -> InformationCriteria:
        """AIC, AICC and BIC."""
        return information_criteria(self)

    @property
    def log_likelihood(self) -> float:
        """The (restricted) log-likelihood."""
        return -self.deviance / 2

    def summary(self) -> dict[str, Any]:
        """Return one line about the fit: subjects, rows, likelihood, covariance, convergence."""
        return {
            "participants": self.participants,
            "visits": len(self.visits),
            "rows_read": self.rows_read,
            "rows_used": self.rows_used,
            "deviance": self.deviance,
            "aic": self.criteria.aic,
            "aicc": self.criteria.aicc,
            "bic": self.criteria.bic,
            "covariance_requested": self.convergence.covariance_requested,
            "covariance_used": self.convergence.covariance_used,
            "df_method": self.df_method,
            "gradient": self.convergence.gradient,
            "iterations": self.convergence.iterations,
            "method": self.method,
        }

    def coefficient_table(self) -> pd.DataFrame:
        """Return the coefficients, one row each."""
        return as_frame(self.coefficients)

    def contrast(
        self, weights: npt.ArrayLike, label: str = "contrast", *, alpha: float | None = None
    ) -> Estimate:
        """Return one linear combination of the coefficients with its t test.

        Parameters
        ----------
        weights
            One weight per design column, shape ``(p,)``.

        Raises
        ------
        StatisticsError
            ``STA-113`` wrong length, ``STA-114`` not estimable, ``STA-001`` or ``STA-002`` weights
            that are no finite numbers.
        """
        level = self.alpha if alpha is None else check_alpha(alpha)
        row = finite_vector(weights, "weights")
        return self._estimate(row, label, level, self.method)

    def f_test(self, weights: npt.ArrayLike, label: str = "contrast") -> FTest:
        """Return the F test that several linear combinations are all zero.

        Dependent rows are dropped, so the numerator df is the rank of ``weights``.
        """
        rows = self._rows(finite_table(np.atleast_2d(np.asarray(weights)), "weights"))
        rows = independent_rows(rows)
        f, df, p = self._engine.f_test(rows)
        return FTest(label, len(rows), df, f, p, self.method)

    def lsmeans(
        self,
        factors: str | Sequence[str],
        *,
        weights: Literal["equal", "proportional"] = "equal",
        at: Mapping[str, Any] | None = None,
        alpha: float | None = None,
    ) -> MarginalMeans:
        """Return least squares means by the levels of ``factors``.

        Parameters
        ----------
        factors
            One or more factors of the formula; the means run over all their combinations.
        weights
            Other factors are averaged with equal weights (SAS, emmeans default) or in proportion
            to the rows used (SAS ``OM``, emmeans ``"proportional"``).
        at
            Covariate values or factor levels to hold; other covariates are at their mean over
            the rows used.

        Raises
        ------
        StatisticsError
            ``STA-114`` not estimable, ``STA-119`` unknown factor, covariate or level.
        """
        method = f"{self.method}; LS means, {weights} weights"
        estimate = partial(self._estimate, method=method)
        return least_squares_means(
            self, factors, weights=weights, at=at, alpha=alpha, estimate=estimate
        )

    def type3(self) -> tuple[FTest, ...]:
        """Return the Type 3 F test of each term, as SAS PROC MIXED.

        A term's hypothesis is that its columns are zero under sum-to-zero coding, which equals
        SAS Type III when no cell is empty. The order of terms does not matter. The Satterthwaite
        df of a term with several rows belongs to rows in reference coding, as in SAS PROC MIXED and
        R mmrm; SAS takes the last level as the reference, R the first.

        Raises
        ------
        StatisticsError
            ``STA-114`` when aliased columns were dropped.
        """
        if self.aliased:
            raise StatisticsError(
                "STA-114", "Type 3 tests need a design of full rank; simplify the formula."
            )
        return tuple(
            self.f_test(rows, label) for label, rows in type3_rows(self.design) if len(rows)
        )

    def _estimate(self, weights: np.ndarray, label: str, alpha: float, method: str) -> Estimate:
        value, se, df = self._engine.linear(self._rows(weights[None])[0])
        return t_estimate(label, value, se, df, alpha=alpha, method=method)

    def _rows(self, weights: np.ndarray) -> np.ndarray:
        """Return ``weights`` reduced to the kept columns, after the estimability check."""
        if weights.shape[1] != len(self.design.columns):
            raise StatisticsError(
                "STA-113",
                f"A contrast needs {len(self.design.columns)} weights, one per design column.",
            )
        return self._engine.estimable(weights)
