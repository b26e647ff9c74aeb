"""Mixed model for repeated measures (MMRM): fit, coefficients, contrasts, tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from multifidus.base.errors import StatisticsError
from multifidus.stats.estimates import Estimate, FTest, as_frame, t_estimate
from multifidus.stats.inputs import check_alpha, check_choice, finite_table, finite_vector
from multifidus.stats.mmrm.compression import compress
from multifidus.stats.mmrm.design import Design, build_design
from multifidus.stats.mmrm.engine import Engine
from multifidus.stats.mmrm.inference import DfMethod, prepare_inference
from multifidus.stats.mmrm.marginal_means import MarginalMeans, lsmean_rows, type3_rows
from multifidus.stats.mmrm.preparation import (
    Problem,
    independent_rows,
    plain_problem,
    split_columns,
    weighted_problem,
)
from multifidus.stats.mmrm.selection import DEFAULT_FALLBACK, fit_first
from multifidus.stats.mmrm.structures import STRUCTURE_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt
    import pandas as pd

    from multifidus.stats.mmrm.compression import Compressed
    from multifidus.stats.mmrm.optimise import Optimum
    from multifidus.stats.mmrm.structures import Structure

__all__ = ["DEFAULT_FALLBACK", "ConvergenceReport", "MmrmFit", "fit_design", "mmrm"]

_DF_NAMES = {
    "satterthwaite": "Satterthwaite df",
    "kenward_roger": "Kenward-Roger df",
    "kenward_roger_linear": "Kenward-Roger df without second derivatives",
}


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
        Within-participant covariance, shape ``(m, m)``, visits in ``visits`` order.
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
            Covariate values or factor levels to hold; other covariates stand at their mean over
            the rows used.

        Raises
        ------
        StatisticsError
            ``STA-114`` not estimable, ``STA-119`` unknown factor, covariate or level.
        """
        names = (factors,) if isinstance(factors, str) else tuple(factors)
        if not all(isinstance(name, str) for name in names):
            raise StatisticsError("STA-119", "LS means run over factors; give their names.")
        rows, labels = lsmean_rows(self.design, names, weights, at or {})
        level = self.alpha if alpha is None else check_alpha(alpha)
        method = f"{self.method}; LS means, {weights} weights"
        estimates = tuple(
            self._estimate(row, ", ".join(label), level, method)
            for row, label in zip(rows, labels, strict=True)
        )
        return MarginalMeans(names, labels, rows, estimates, level, self)

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


def mmrm(
    data: pd.DataFrame,
    formula: str,
    *,
    subject: str,
    visit: str,
    covariance: str = "unstructured",
    reml: bool = True,
    df_method: DfMethod = "kenward_roger",
    reference: Mapping[str, Any] | None = None,
    visit_order: Sequence[Any] | None = None,
    fallback: Sequence[str] = DEFAULT_FALLBACK,
    aliased: Literal["refuse", "drop"] = "refuse",
    alpha: float = 0.05,
) -> MmrmFit:
    r"""Fit a mixed model for repeated measures without random effects.

    :math:`y_i \sim N(X_i\beta, \Sigma_i)`, where :math:`\Sigma_i` holds the rows and columns of
    one common :math:`\Sigma` for the visits at which participant ``i`` was seen. Rows without
    outcome or covariate are left out (valid under missing at random).

    Parameters
    ----------
    data
        One row per participant and visit.
    formula
        ``"change ~ arm * visit + baseline:visit"``; text, boolean and categorical columns and the
        visit are factors, other numbers covariates unless written ``C(name)``.
    subject, visit
        Columns that identify the participant and order the covariance.
    covariance
        One of :data:`~multifidus.stats.mmrm.structures.STRUCTURE_NAMES`.
    reml
        Restricted (default) or full maximum likelihood.
    df_method
        ``"kenward_roger"`` is SAS's ``ddfm=kr`` (linear in Sigma for the unstructured case, where R
        mmrm calls it Kenward-Roger-Linear); ``"kenward_roger_linear"`` is ``kr(firstorder)``.
    reference
        Reference level by factor.
    visit_order
        Order of the visits, when neither the column's categories nor the numbers in its texts give
        it.
    fallback
        Structures tried in turn when ``covariance`` cannot be fitted; said in ``convergence`` and
        ``method``. Empty: an error instead.
    aliased
        Columns that depend on earlier ones: ``"refuse"`` or ``"drop"`` (as SAS and R do).

    Raises
    ------
    StatisticsError
        ``STA-101`` to ``STA-118``.
    """
    check_alpha(alpha)
    _check_choices(covariance, df_method, fallback, aliased, reml)
    design = build_design(
        data, formula, subject=subject, visit=visit, reference=reference, visit_order=visit_order
    )
    return fit_design(
        design,
        covariance=covariance,
        reml=reml,
        df_method=df_method,
        fallback=tuple(fallback),
        aliased=aliased,
        alpha=alpha,
    )


def _check_choices(
    covariance: object, df_method: object, fallback: object, aliased: object, reml: object
) -> None:
    """Refuse misspelt choices before anything is fitted."""
    check_choice(covariance, STRUCTURE_NAMES, "covariance", "STA-111")
    check_choice(df_method, _DF_NAMES, "df_method", "STA-112")
    check_choice(aliased, ("refuse", "drop"), "aliased", "STA-115")
    if isinstance(fallback, str) or not isinstance(fallback, Sequence):
        raise StatisticsError("STA-111", "`fallback` is a sequence of covariance structures.")
    for name in fallback:
        check_choice(name, STRUCTURE_NAMES, "fallback", "STA-111")
    if not isinstance(reml, bool):
        raise StatisticsError("STA-112", "`reml` is True or False.")


def fit_design(
    design: Design,
    *,
    covariance: str,
    reml: bool,
    df_method: DfMethod,
    fallback: tuple[str, ...],
    aliased: Literal["refuse", "drop"],
    alpha: float,
    compressed: Compressed | None = None,
) -> MmrmFit:
    """Fit an already built (and perhaps already compressed) design; see :func:`mmrm`."""
    raw = compress(design) if compressed is None else compressed
    kept, dropped, aliasing = split_columns(raw, design, aliased)
    problem, optimum, structure, skipped = fit_first(
        plain_problem(raw, kept),
        lambda: weighted_problem(raw, kept),
        covariance,
        fallback,
        reml=reml,
    )
    inference = prepare_inference(problem.data, optimum, df_method, reml=reml)
    engine = Engine(
        kept, dropped, aliasing, problem.triangle, problem.scale, optimum.state.beta, inference
    )
    report = ConvergenceReport(
        optimum.gradient,
        optimum.iterations,
        optimum.scoring_steps,
        covariance,
        structure.name,
        skipped,
    )
    method = _method_text(structure.name, covariance, df_method, reml=reml)
    estimates, spread = _coefficients(design, engine, alpha, method)
    return MmrmFit(
        formula=design.formula,
        visits=design.visit_levels,
        participants=raw.subjects,
        rows_read=design.rows_read,
        rows_used=design.rows_used,
        rows_without_outcome=design.rows_without_outcome,
        rows_without_covariate=design.rows_without_covariate,
        reml=reml,
        df_method=df_method,
        alpha=alpha,
        method=method,
        covariance=optimum.at.sigma
        * problem.scale**2
        * np.outer(problem.visit_scale, problem.visit_scale),
        covariance_parameters=_natural_parameters(structure, optimum.theta, problem),
        coefficients=estimates,
        coefficient_covariance=spread,
        deviance=_deviance(optimum, problem, reml=reml),
        convergence=report,
        aliased=tuple(design.columns[index] for index in dropped),
        design=design,
        _engine=engine,
    )


def _deviance(optimum: Optimum, problem: Problem, *, reml: bool) -> float:
    """Return -2 log-likelihood on the outcome's scale and in the formula's columns."""
    data = problem.data
    free = data.rows - len(problem.triangle) * reml
    total = optimum.state.deviance + 2.0 * float(np.log(problem.scale)) * free
    total += 2.0 * float(data.counts @ data.masks @ np.log(problem.visit_scale))
    if reml:
        total += 2.0 * float(np.log(np.abs(np.diag(problem.triangle))).sum())
    return total


def _natural_parameters(
    structure: Structure, theta: np.ndarray, problem: Problem
) -> dict[str, float]:
    """Return the parameters by name on the outcome's scale (correlations stay as they are)."""
    by_visit = structure.scales(np.outer(problem.visit_scale, problem.visit_scale))
    return {
        name: float(value if name.startswith("rho") else value * problem.scale**2 * factor)
        for name, value, factor in zip(structure.parameter_names, theta, by_visit, strict=True)
    }


def _coefficients(
    design: Design, engine: Engine, alpha: float, method: str
) -> tuple[tuple[Estimate, ...], np.ndarray]:
    """Return one estimate per design column, and their covariance."""
    p = len(design.columns)
    estimates = []
    order = {int(column): place for place, column in enumerate(engine.kept)}
    for index, name in enumerate(design.columns):
        if index in order:
            value, se, df = engine.linear(np.eye(len(order))[order[index]])
            estimates.append(t_estimate(name, value, se, df, alpha=alpha, method=method))
        else:
            nan = float("nan")
            estimates.append(Estimate(name, nan, nan, nan, nan, nan, nan, nan, alpha, "aliased"))
    half = engine.turned(np.eye(len(order)))
    spread = np.full((p, p), np.nan)
    inner = half @ engine.inference.phi_reported @ half.T * engine.scale**2
    spread[np.ix_(engine.kept, engine.kept)] = inner
    return tuple(estimates), spread


def _method_text(used: str, requested: str, df_method: DfMethod, *, reml: bool) -> str:
    text = f"MMRM, {used.replace('_', ' ')} covariance, {'REML' if reml else 'ML'}, "
    text += _DF_NAMES[df_method]
    if used not in (requested, "one visit"):
        text += f" (fallback from {requested.replace('_', ' ')})"
    return text
