"""Rubin's rules as a pure function of estimates, variances and complete-data df."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special, stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import (
    check_alpha,
    check_choice,
    check_number,
    finite_vector,
    same_length,
)

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["DfRule", "PooledEstimate", "PooledProportion", "pool", "pool_proportions"]

DfRule = Literal["rubin_1987", "barnard_rubin"]
_RULES: dict[DfRule, str] = {
    "rubin_1987": "Rubin 1987 df",
    "barnard_rubin": "Barnard-Rubin df",
}


@dataclass(frozen=True)
class PooledEstimate:
    """One estimate pooled over imputations.

    Attributes
    ----------
    within, between, total
        Variances W, B and T = W + (1 + 1/m) B.
    relative_increase
        r = (1 + 1/m) B / W.
    missing_share
        lambda = (1 + 1/m) B / T, the share of the variance due to missing data.
    missing_information
        Fraction of missing information, (r + 2/(df + 3)) / (r + 1).
    df_complete
        Degrees of freedom had nothing been missing; infinite when not given.
    left_out
        Imputations whose analysis failed, when they were to be left out.
    """

    imputations: int
    left_out: int
    estimate: float
    se: float
    df: float
    t: float
    p_value: float
    ci_lower: float
    ci_upper: float
    within: float
    between: float
    total: float
    relative_increase: float
    missing_share: float
    missing_information: float
    df_complete: float
    alpha: float
    method: str


@dataclass(frozen=True)
class PooledProportion:
    """A proportion pooled over imputations, as a fraction of one."""

    imputations: int
    n: int
    estimate: float
    ci_lower: float
    ci_upper: float
    relative_increase: float
    df: float
    alpha: float
    method: str


def pool(
    estimates: npt.ArrayLike,
    variances: npt.ArrayLike,
    *,
    df_complete: float | npt.ArrayLike = np.inf,
    df_rule: DfRule = "barnard_rubin",
    failed: Literal["refuse", "leave_out"] = "refuse",
    alpha: float = 0.05,
    null: float = 0.0,
) -> PooledEstimate:
    r"""Pool one estimate over ``m`` imputations.

    Parameters
    ----------
    estimates, variances
        One estimate and its squared standard error per imputation, shape ``(m,)``, ``m`` >= 2.
    df_complete
        Degrees of freedom of the analysis of complete data (SAS MIANALYZE ``EDF=``); one number, or
        one per imputation when they vary (a mixed model's), of which the median is taken.
    df_rule
        ``"rubin_1987"``: :math:`\nu = (m-1)(1+1/r)^2`, as SAS MIANALYZE without ``EDF``.
        ``"barnard_rubin"``: :math:`(1/\nu + 1/\nu_{obs})^{-1}`, as SAS with ``EDF``, mice and rbmi;
        equal to the former when ``df_complete`` is infinite.
    failed
        What to do with an imputation whose analysis failed (``NaN`` estimate): ``"refuse"``, or
        ``"leave_out"``, which counts it in ``left_out`` and says so in ``method``.
    null
        Value tested.

    Returns
    -------
    PooledEstimate
        With B = 0 every quantity is its limit: r = 0, and df is infinite (1987) or
        :math:`\nu_{com}(\nu_{com}+1)/(\nu_{com}+3)` (Barnard-Rubin, continuous in B; rbmi jumps
        to :math:`\nu_{com}` there).

    Raises
    ------
    StatisticsError
        ``STA-231`` fewer than two imputations, ``STA-232`` a negative variance or df,
        ``STA-212`` unknown rule, ``STA-002`` a failed analysis that is not to be left out.

    Notes
    -----
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, section 3.3; Barnard and Rubin
    (1999), Biometrika 86:948-955.
    """
    check_alpha(alpha)
    check_choice(df_rule, _RULES, "df_rule", "STA-212")
    check_choice(failed, ("refuse", "leave_out"), "failed", "STA-212")
    null = check_number(null, "null")
    q, u, complete, left_out = _usable(estimates, variances, df_complete, failed)
    m = len(q)
    if m < 2:  # noqa: PLR2004 - between-imputation variance needs two
        raise StatisticsError("STA-231", "Pooling needs at least two imputations.")
    if (u < 0).any() or not complete > 0:
        raise StatisticsError("STA-232", "Variances must not be negative, and df above 0.")
    value = float(q.mean())
    within = float(u.mean())
    between = 0.0 if np.ptp(q) == 0 else float(q.var(ddof=1))
    extra = (1 + 1 / m) * between
    total = within + extra
    share = extra / total if total > 0 else 0.0
    df = _degrees(m, share, within / total if total > 0 else 1.0, complete, df_rule)
    increase = extra / within if within > 0 else (float("inf") if extra > 0 else 0.0)
    information = 1.0 if np.isinf(increase) else (increase + 2 / (df + 3)) / (increase + 1)
    se = float(np.sqrt(total))
    width = _t_quantile(alpha, df) * se
    t, p = _test(value - null, se, df)
    method = f"Rubin's rules, {_RULES[df_rule]}, {m} imputations"
    return PooledEstimate(
        imputations=m, left_out=left_out, estimate=value, se=se, df=df, t=t, p_value=p,
        ci_lower=value - width, ci_upper=value + width, within=within, between=between,
        total=total, relative_increase=increase, missing_share=share,
        missing_information=information, df_complete=complete, alpha=alpha,
        method=method + (f", {left_out} failed analyses left out" if left_out else ""),
    )  # fmt: skip


def _usable(
    estimates: npt.ArrayLike, variances: npt.ArrayLike, df_complete: npt.ArrayLike, failed: str
) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Return estimates and variances, the median complete-data df, and how many were left out."""
    allowed = failed == "leave_out"
    q = finite_vector(estimates, "estimates", allow_missing=allowed)
    u = finite_vector(variances, "variances", allow_missing=allowed)
    same_length(q, u, "`estimates` and `variances`")
    kept = ~(np.isnan(q) | np.isnan(u))
    try:
        df = np.asarray(df_complete, dtype=float)
    except (TypeError, ValueError):
        raise StatisticsError("STA-001", "`df_complete` must be a number, or one each.") from None
    if df.ndim:
        same_length(q, df, "`estimates` and `df_complete`")
        df = np.median(df[kept]) if kept.any() else np.asarray(np.nan)
    return q[kept], u[kept], float(df), int((~kept).sum())


def _degrees(m: int, share: float, own: float, df_complete: float, rule: DfRule) -> float:
    """Return the pooled df; ``share`` is lambda and ``own`` is 1 - lambda."""
    if rule == "rubin_1987" or np.isinf(df_complete):
        with np.errstate(divide="ignore", over="ignore"):
            return float(np.divide(m - 1, np.square(share)))
    observed = (df_complete + 1) / (df_complete + 3) * df_complete * own
    # 1/(1/old + 1/observed) with old = (m-1)/lambda^2, without dividing by a tiny lambda
    return float((m - 1) * observed / (m - 1 + share**2 * observed))


def _t_quantile(alpha: float, df: float) -> float:
    if df <= 0:
        return float("inf")
    return float(stats.norm.isf(alpha / 2) if np.isinf(df) else stats.t.isf(alpha / 2, df))


def _test(gap: float, se: float, df: float) -> tuple[float, float]:
    if se == 0:
        return (float("nan"), float("nan")) if gap == 0 else (float(np.copysign(np.inf, gap)), 0.0)
    t = gap / se
    if df <= 0:
        return t, 1.0
    p = 2 * (stats.norm.sf(abs(t)) if np.isinf(df) else stats.t.sf(abs(t), df))
    return t, float(p)


def pool_proportions(
    responders: npt.ArrayLike,
    *,
    method: Literal["wilson", "wald", "logit"] = "wilson",
    alpha: float = 0.05,
) -> PooledProportion:
    """Pool the proportion of responders over imputations.

    Parameters
    ----------
    responders
        Booleans per imputation and participant, shape ``(m, n)``.
    method
        ``"wilson"``: the score interval for multiple imputation of Lott and Reiter (2020), The
        American Statistician 74:109-115; stays within 0 and 1 and holds at 0 or all responders.
        ``"wald"``: Rubin's rules on p with variance p(1-p)/n, cut at 0 and 1.
        ``"logit"``: Rubin's rules on log odds, carried back.

    Raises
    ------
    StatisticsError
        ``STA-233`` wrong shape, or log odds of 0 or of all responders.
    """
    check_alpha(alpha)
    check_choice(method, ("wilson", "wald", "logit"), "method", "STA-212")
    table = np.asarray(responders)
    if table.ndim != 2 or table.shape[1] == 0 or table.dtype != bool:  # noqa: PLR2004
        raise StatisticsError("STA-233", "Responders are a table of true or false, m by n.")
    n = table.shape[1]
    p = table.mean(axis=1)
    name = f"MI proportion, {method}, {len(table)} imputations"
    if method == "logit":
        if (p == 0).any() or (p == 1).any():
            raise StatisticsError(
                "STA-233", "Log odds are infinite in an imputation without or with only "
                "responders; use method='wilson'.",
            )  # fmt: skip
        pooled = pool(special.logit(p), 1 / (n * p * (1 - p)), alpha=alpha)
        back = special.expit([pooled.estimate, pooled.ci_lower, pooled.ci_upper])
        value, lower, upper = (float(x) for x in back)
    else:
        pooled = pool(p, p * (1 - p) / n, alpha=alpha)
        value = pooled.estimate
        lower, upper = max(pooled.ci_lower, 0.0), min(pooled.ci_upper, 1.0)
        if method == "wilson":
            lower, upper = _lott_reiter(value, n, pooled.relative_increase, pooled.df, alpha)
    return PooledProportion(
        len(table), n, value, lower, upper, pooled.relative_increase, pooled.df, alpha, name
    )


def _lott_reiter(p: float, n: int, increase: float, df: float, alpha: float) -> tuple[float, float]:
    """Return the multiple-imputation Wilson limits; Wilson's own when nothing is missing."""
    g = _t_quantile(alpha, df) ** 2 / n * (1 + increase)
    centre = (2 * p + g) / (2 * (1 + g))
    width = np.sqrt(max(g * (4 * p * (1 - p) + g), 0.0)) / (2 * (1 + g))
    lower = 0.0 if p == 0 else float(max(centre - width, 0.0))
    return lower, 1.0 if p == 1 else float(min(centre + width, 1.0))
