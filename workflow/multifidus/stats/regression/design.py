"""Designs of models with one row per participant, and answers that these models share."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.mmrm.design import Design, build_design
from multifidus.stats.mmrm.preparation import leading_independent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

__all__ = [
    "Coefficient",
    "RegressionData",
    "WaldCoefficient",
    "chi_square_p",
    "coefficient",
    "regression_data",
    "require_rank",
    "standardised",
    "wald_coefficient",
]

INTERCEPT = "Intercept"


@dataclass(frozen=True)
class WaldCoefficient:
    """One coefficient with Wald limits.

    Attributes
    ----------
    estimate, se, z, p_value
        On the scale of the linear predictor, with the Wald test.
    ratio
        ``exp(estimate)``: a hazard, odds or rate ratio.
    ci_lower, ci_upper
        Wald limits of the ratio.
    """

    label: str
    estimate: float
    se: float
    z: float
    p_value: float
    ratio: float
    ci_lower: float
    ci_upper: float


@dataclass(frozen=True)
class Coefficient(WaldCoefficient):
    """One coefficient with Wald and profile-likelihood limits.

    Attributes
    ----------
    profile_lower, profile_upper
        Limits of the ratio by the profile likelihood; 0 or infinite where it never falls so far.
    likelihood_ratio_p
        Likelihood-ratio test that the coefficient is 0.
    """

    profile_lower: float
    profile_upper: float
    likelihood_ratio_p: float


@dataclass(frozen=True)
class RegressionData:
    """A design with what else the rows carry.

    Attributes
    ----------
    design
        The design of the formula on the complete rows.
    extra
        Further columns of those rows.
    rows_read, rows_incomplete
        Rows of the data, and how many of them lack something that the model needs.
    """

    design: Design
    extra: pd.DataFrame
    rows_read: int
    rows_incomplete: int


def regression_data(
    data: pd.DataFrame,
    outcome: str,
    terms: str,
    *,
    extra: Sequence[str] = (),
    reference: Mapping[str, Any] | None = None,
) -> RegressionData:
    """Return the design of ``outcome ~ terms`` on the rows that are complete in all columns.

    Parameters
    ----------
    data
        One row per participant.
    terms
        Right side of a formula, for instance ``"arm + age"``; a leading ``~`` is allowed.
    extra
        Further columns that must not be missing.

    Raises
    ------
    StatisticsError
        ``STA-101`` to ``STA-109`` as for a mixed model: formula, columns, levels.
    """
    right = terms.strip().removeprefix("~").strip()
    absent = [name for name in (outcome, *extra) if name not in data.columns]
    if absent:
        raise StatisticsError(
            "STA-102", f"The data have no column {', '.join(absent)}; check formula and arguments."
        )
    complete = data.loc[data[list(extra)].notna().all(axis=1)] if extra else data
    quoted = outcome if outcome.isidentifier() else f"`{outcome}`"
    design = build_design(complete, f"{quoted} ~ {right}", reference=reference)
    rows = complete.iloc[design.source]
    return RegressionData(design, rows[list(extra)], len(data), len(data) - len(design.y))


def require_rank(x: np.ndarray, columns: Sequence[str]) -> None:
    """Refuse columns that are constant zero or depend on others (``STA-272``)."""
    norms = np.linalg.norm(x, axis=0)
    if x.shape[1]:
        triangle = np.asarray(np.linalg.qr(x / np.where(norms > 0, norms, 1.0), mode="r"))
        kept = set(leading_independent(triangle))
        lost = [name for k, name in enumerate(columns) if k not in kept]
        if lost:
            raise StatisticsError(
                "STA-272",
                f"The design columns {', '.join(f'`{name}`' for name in lost)} depend on the "
                "others or never vary; simplify the formula.",
            )


def standardised(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return columns centred and divided by their SD (1 where constant), and both."""
    centre, spread = x.mean(axis=0), x.std(axis=0)
    constant = spread <= 1e-12 * np.maximum(np.abs(centre), 1e-300)
    centre, spread = np.where(constant, 0.0, centre), np.where(constant, 1.0, spread)
    return (x - centre) / spread, centre, spread


def chi_square_p(statistic: float, df: int) -> float:
    """Return the upper tail of chi-square; ``NaN`` without degrees of freedom."""
    return float(stats.chi2.sf(max(statistic, 0.0), df)) if df > 0 else float("nan")


def wald_coefficient(label: str, estimate: float, se: float, *, alpha: float) -> WaldCoefficient:
    """Return a coefficient, given on the linear scale, with its Wald test and limits."""
    z = estimate / se
    width = float(stats.norm.isf(alpha / 2)) * se
    with np.errstate(over="ignore"):
        ratio, lower, upper = np.exp([estimate, estimate - width, estimate + width]).tolist()
    p = float(2 * stats.norm.sf(abs(z)))
    return WaldCoefficient(label, estimate, se, z, p, ratio, lower, upper)


def coefficient(
    label: str,
    estimate: float,
    se: float,
    *,
    alpha: float,
    profile: tuple[float, float],
    likelihood_ratio: float,
) -> Coefficient:
    """Return a coefficient; ``profile`` and ``likelihood_ratio`` on the linear scale."""
    wald = wald_coefficient(label, estimate, se, alpha=alpha)
    with np.errstate(over="ignore"):
        low, high = np.exp(profile).tolist()
    return Coefficient(
        **asdict(wald),
        profile_lower=low,
        profile_upper=high,
        likelihood_ratio_p=chi_square_p(likelihood_ratio, 1),
    )
