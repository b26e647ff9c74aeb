"""Analysis of covariance with factors and covariates: least squares means, Type 3 tests, HC3."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import linalg, stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.estimates import Estimate, FTest, as_frame, t_estimate
from multifidus.stats.inputs import check_alpha, check_choice, finite_table, finite_vector
from multifidus.stats.mmrm.marginal_means import (
    MarginalMeans,
    least_squares_means,
    type3_rows,
)
from multifidus.stats.mmrm.preparation import independent_rows
from multifidus.stats.regression.design import regression_data, require_rank

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from multifidus.stats.mmrm.design import Design

__all__ = ["LinearFit", "linear_model"]

_NAMES = {"model": "common variance", "hc3": "HC3 covariance"}
_FULL_LEVERAGE = 1e-10


@dataclass(frozen=True)
class LinearFit:
    """A fitted linear model.

    Attributes
    ----------
    coefficients
        One estimate per column of the design.
    coefficient_covariance
        Shape ``(p, p)``, model-based or HC3.
    df
        Residual degrees of freedom, ``n - p``.
    """

    coefficients: tuple[Estimate, ...]
    coefficient_covariance: np.ndarray
    residual_sd: float
    df: int
    participants: int
    rows_incomplete: int
    alpha: float
    method: str
    design: Design = field(repr=False)

    def table(self) -> pd.DataFrame:
        """Return the coefficients, one row each."""
        return as_frame(self.coefficients)

    def contrast(
        self, weights: npt.ArrayLike, label: str = "contrast", *, alpha: float | None = None
    ) -> Estimate:
        """Return one linear combination of the coefficients, ``weights`` of shape ``(p,)``.

        Raises
        ------
        StatisticsError
            ``STA-113`` wrong length, ``STA-001`` or ``STA-002`` no finite numbers.
        """
        row = finite_vector(weights, "weights")
        if len(row) != len(self.coefficients):
            raise StatisticsError(
                "STA-113",
                f"A contrast needs {len(self.coefficients)} weights, one per design column.",
            )
        value = float(row @ [each.estimate for each in self.coefficients])
        se = float(np.sqrt(max(row @ self.coefficient_covariance @ row, 0.0)))
        level = self.alpha if alpha is None else check_alpha(alpha)
        return t_estimate(label, value, se, self.df, alpha=level, method=self.method)

    def f_test(self, weights: npt.ArrayLike, label: str = "contrast") -> FTest:
        """Return the F test that several linear combinations are 0; dependent rows are dropped."""
        rows = independent_rows(finite_table(np.atleast_2d(np.asarray(weights)), "weights"))
        value = rows @ [each.estimate for each in self.coefficients]
        spread = rows @ self.coefficient_covariance @ rows.T
        f = float(value @ np.linalg.solve(spread, value)) / len(rows)
        p = float(stats.f.sf(f, len(rows), self.df))
        return FTest(label, len(rows), float(self.df), f, p, self.method)

    def type3(self) -> tuple[FTest, ...]:
        """Return the Type 3 F test of each term (SAS PROC GLM; R ``drop1`` with sum contrasts)."""
        return tuple(self.f_test(rows, label) for label, rows in type3_rows(self.design))

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
        weights
            Other factors are averaged with equal weights, or as observed (SAS ``OM``, emmeans
            ``"proportional"``).
        at
            Values of covariates; others are at their mean over the rows used.

        Raises
        ------
        StatisticsError
            ``STA-114`` not estimable, ``STA-119`` unknown factor, covariate or level.
        """

        def estimate(row: np.ndarray, label: str, level: float) -> Estimate:
            return self.contrast(row, label, alpha=level)

        return least_squares_means(
            self, factors, weights=weights, at=at, alpha=alpha, estimate=estimate
        )


def linear_model(
    data: pd.DataFrame,
    outcome: str,
    terms: str,
    *,
    reference: Mapping[str, Any] | None = None,
    covariance: Literal["model", "hc3"] = "model",
    alpha: float = 0.05,
) -> LinearFit:
    """Fit a linear model by least squares.

    Parameters
    ----------
    data
        One row per participant; rows with anything missing are left out and counted.
    outcome
        Column of numbers.
    terms
        Right side of a formula, for instance ``"arm + site + baseline"``; text columns are factors.
    covariance
        ``"model"``: one residual variance. ``"hc3"``: valid with unequal variances (MacKinnon and
        White 1985, Journal of Econometrics 29:305-325; R ``sandwich::vcovHC`` default, SAS
        ``HCCMETHOD=3``); t with ``n - p`` degrees of freedom, where SAS and R print the same.

    Raises
    ------
    StatisticsError
        ``STA-101`` to ``STA-109`` formula and columns, ``STA-272`` columns that depend on each
        other, ``STA-203`` too few participants, ``STA-275`` unknown choice, ``STA-276`` HC3 where a
        participant alone determines a coefficient.
    """
    check_alpha(alpha)
    check_choice(covariance, _NAMES, "covariance", "STA-275")
    found = regression_data(data, outcome, terms, reference=reference)
    design = found.design
    require_rank(design.x, design.columns)
    n, p = design.x.shape
    if n <= p:
        raise StatisticsError("STA-203", f"{n} participants cannot estimate {p} coefficients.")
    norms = np.linalg.norm(design.x, axis=0)
    q, triangle = np.linalg.qr(design.x / norms)
    gamma = q.T @ design.y
    residual = design.y - q @ gamma
    root = linalg.solve_triangular(triangle, np.eye(p)) / norms[:, None]
    variance = float(residual @ residual) / (n - p)
    middle = variance * np.eye(p)
    if covariance == "hc3":
        room = 1.0 - (q**2).sum(axis=1)
        if (room < _FULL_LEVERAGE).any():
            raise StatisticsError(
                "STA-276",
                f"{int((room < _FULL_LEVERAGE).sum())} participants alone determine a coefficient; "
                "HC3 cannot be found: simplify the formula.",
            )
        weighted = q * (residual / room)[:, None]
        middle = weighted.T @ weighted
    spread = root @ middle @ root.T
    method = f"linear model, least squares, {_NAMES[covariance]}"
    estimates = tuple(
        t_estimate(name, float(value), float(se), n - p, alpha=alpha, method=method)
        for name, value, se in zip(
            design.columns, root @ gamma, np.sqrt(np.diag(spread)), strict=True
        )
    )
    return LinearFit(
        estimates, spread, float(np.sqrt(variance)), n - p, n, found.rows_incomplete, alpha, method,
        design,
    )  # fmt: skip
