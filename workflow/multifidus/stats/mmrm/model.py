"""Mixed model for repeated measures (MMRM): fit, coefficients, contrasts, tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from multifidus.base.errors import StatisticsError
from multifidus.stats.estimates import Estimate, t_estimate
from multifidus.stats.inputs import check_alpha, check_choice, group_codes
from multifidus.stats.mmrm.compression import compress
from multifidus.stats.mmrm.design import Design, build_design
from multifidus.stats.mmrm.engine import Engine
from multifidus.stats.mmrm.inference import DfMethod, Inference, prepare_inference
from multifidus.stats.mmrm.preparation import (
    Problem,
    plain_problem,
    split_columns,
    weighted_problem,
)
from multifidus.stats.mmrm.result import ConvergenceReport, MmrmFit
from multifidus.stats.mmrm.sandwich import SANDWICH_NAMES, Sandwich, sandwich_inference
from multifidus.stats.mmrm.selection import DEFAULT_FALLBACK, fit_first
from multifidus.stats.mmrm.structures import STRUCTURE_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multifidus.stats.mmrm.compression import Compressed
    from multifidus.stats.mmrm.optimise import Optimum
    from multifidus.stats.mmrm.structures import Structure

__all__ = ["fit_design", "grouped_design", "mmrm"]

_DF_NAMES = {
    "satterthwaite": "Satterthwaite df",
    "kenward_roger": "Kenward-Roger df",
    "kenward_roger_linear": "Kenward-Roger df without second derivatives",
}


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
    group: str | None = None,
    sandwich: Sandwich | None = None,
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
    group
        Column whose groups have covariances of their own (SAS ``GROUP=``, R mmrm
        ``us(visit | group / subject)``).
    sandwich
        Empirical covariance of the coefficients, ``"cr0"``, ``"cr2"`` or ``"cr3"`` (R mmrm's
        Empirical, Empirical-Bias-Reduced, Empirical-Jackknife), with ``"satterthwaite"`` df.

    Raises
    ------
    StatisticsError
        ``STA-101`` to ``STA-118``; ``STA-122`` an empirical covariance that cannot be found,
        ``STA-123`` participants without one group.
    """
    check_alpha(alpha)
    if sandwich is not None:
        check_choice(sandwich, SANDWICH_NAMES, "sandwich", "STA-112")
        if df_method != "satterthwaite":
            raise StatisticsError(
                "STA-112", "An empirical covariance needs `satterthwaite` degrees of freedom."
            )
    _check_choices(covariance, df_method, fallback, aliased, reml)
    design = build_design(
        data, formula, subject=subject, visit=visit, reference=reference, visit_order=visit_order
    )
    groups: tuple[str, ...] = ()
    if group is not None:
        design, groups = grouped_design(design, data, group)
    return fit_design(
        design,
        covariance=covariance,
        reml=reml,
        df_method=df_method,
        fallback=tuple(fallback),
        aliased=aliased,
        alpha=alpha,
        groups=groups,
        sandwich=sandwich,
    )


def grouped_design(
    design: Design, data: pd.DataFrame, group: str
) -> tuple[Design, tuple[str, ...]]:
    """Return the design with visits of its own for each group, and the groups."""
    if group not in data.columns or isinstance(data[group], pd.DataFrame):
        raise StatisticsError("STA-123", f"The data have no one column `{group}`.")
    labels, member = group_codes(data[group].iloc[design.source], group)
    first = np.full(int(design.subject.max()) + 1, -1)
    first[design.subject] = member
    if (first[design.subject] != member).any():
        raise StatisticsError("STA-123", f"Participants must be in one group of `{group}` each.")
    m = len(design.visit_levels)
    names = tuple(str(label) for label in labels)
    visits = tuple(f"{name}: {visit}" for name in names for visit in design.visit_levels)
    return replace(design, visit=member * m + design.visit, visit_levels=visits), names


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
    groups: tuple[str, ...] = (),
    sandwich: Sandwich | None = None,
) -> MmrmFit:
    """Fit an already built (and perhaps already compressed) design; see :func:`mmrm`."""
    raw = compress(design) if compressed is None else compressed
    kept, dropped, aliasing = split_columns(raw, design, aliased)
    problem, optimum, structure, skipped = fit_first(
        plain_problem(raw, kept), lambda: weighted_problem(raw, kept), covariance, fallback,
        reml=reml, groups=groups,
    )  # fmt: skip
    inference = prepare_inference(problem.data, optimum, df_method, reml=reml)
    if sandwich is not None:
        inference = sandwich_inference(design, kept, (problem, optimum), inference, sandwich)
    method = _method_text(structure.name, covariance, df_method, reml=reml)
    method += _more_text(groups, sandwich)
    engine = _engine(problem, optimum, inference, (kept, dropped, aliasing))
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
        covariance=optimum.at.sigma * problem.unit,
        covariance_parameters=_natural_parameters(structure, optimum.theta, problem),
        coefficients=estimates,
        coefficient_covariance=spread,
        deviance=_deviance(optimum, problem, reml=reml),
        convergence=_convergence(optimum, covariance, structure, skipped),
        aliased=tuple(design.columns[index] for index in dropped),
        design=design,
        _engine=engine,
    )


def _engine(
    problem: Problem,
    optimum: Optimum,
    inference: Inference,
    columns: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> Engine:
    """Return what finds combinations of the fixed effects."""
    beta = optimum.state.beta
    return Engine(*columns, problem.triangle, problem.scale, beta, inference)


def _convergence(
    optimum: Optimum, requested: str, used: Structure, skipped: tuple[tuple[str, str], ...]
) -> ConvergenceReport:
    """Return how the fit ended."""
    return ConvergenceReport(
        optimum.gradient,
        optimum.iterations,
        optimum.scoring_steps,
        requested,
        used.name,
        skipped,
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


def _is_correlation(name: str) -> bool:
    """Whether a parameter, perhaps that of a group, is a correlation, which has no unit."""
    return name.rpartition(": ")[2].startswith("rho")


def _natural_parameters(
    structure: Structure, theta: np.ndarray, problem: Problem
) -> dict[str, float]:
    """Return the parameters by name on the outcome's scale (correlations stay as they are)."""
    by_visit = structure.scales(np.outer(problem.visit_scale, problem.visit_scale))
    return {
        name: float(value * (1.0 if _is_correlation(name) else problem.scale**2 * factor))
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


def _more_text(groups: tuple[str, ...], sandwich: Sandwich | None) -> str:
    """Return what a covariance by group and an empirical covariance add to the method."""
    text = ", by group" if groups else ""
    return text if sandwich is None else f"{text}, {SANDWICH_NAMES[sandwich]}"


def _method_text(used: str, requested: str, df_method: DfMethod, *, reml: bool) -> str:
    text = f"MMRM, {used.replace('_', ' ')} covariance, {'REML' if reml else 'ML'}, "
    text += _DF_NAMES[df_method]
    if used not in (requested, "one visit"):
        text += f" (fallback from {requested.replace('_', ' ')})"
    return text
