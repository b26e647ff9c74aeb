"""The Cochran-Mantel-Haenszel test and the common odds ratio, risk ratio and risk difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.estimates import Interval
from multifidus.stats.inputs import check_alpha

if TYPE_CHECKING:
    from multifidus.stats.stratified.tables import StrataCounts

__all__ = ["MantelHaenszel", "mantel_haenszel"]


@dataclass(frozen=True)
class MantelHaenszel:
    """Two proportions compared over strata.

    Attributes
    ----------
    statistic, p_value
        Chi-square of one degree of freedom.
    odds_ratio, risk_ratio
        ``NaN`` where a sum of the estimator is 0 of 0; limits ``NaN`` where the variance is.
    risk_difference
        First minus second.
    strata, strata_left_out
        Strata used, and strata with participants of one group only.
    """

    statistic: float
    p_value: float
    odds_ratio: Interval
    risk_ratio: Interval
    risk_difference: Interval
    strata: int
    strata_left_out: int
    method: str


def mantel_haenszel(
    counts: StrataCounts, *, continuity: bool = False, alpha: float = 0.05
) -> MantelHaenszel:
    """Return the Cochran-Mantel-Haenszel test and the common effects.

    Parameters
    ----------
    counts
        From :func:`multifidus.stats.stratified.tables.strata_counts`.
    continuity
        Subtract one half from the sum of differences (R ``mantelhaen.test`` does by default, SAS
        PROC FREQ does not).

    Raises
    ------
    StatisticsError
        ``STA-282`` when in every stratum all respond or none does.

    Notes
    -----
    Mantel and Haenszel (1959), JNCI 22:719-748. Variance of the log odds ratio by Robins, Breslow
    and Greenland (1986), Biometrics 42:311-323; of the log risk ratio by Greenland and Robins
    (1985), Biometrics 41:55-68; of the risk difference by Sato (1989), Biometrics 45:1323-1324,
    valid for large strata and for many sparse ones, as SAS ``COMMONRISKDIFF(CL=MH)``.
    """
    check_alpha(alpha)
    a, n1, c, n2 = counts.count_first, counts.n_first, counts.count_second, counts.n_second
    n = n1 + n2
    yes = a + c
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(n > 1, n1 * n2 * yes * (n - yes) / (n**2 * (n - 1)), 0.0).sum()
    if variance <= 0:
        raise StatisticsError(
            "STA-282", "In every stratum all respond or none does; there is nothing to compare."
        )
    gap = abs(float((a - n1 * yes / n).sum()))
    # a sum below one half is not corrected, as in R
    gap = gap - 0.5 if continuity and gap >= 0.5 else gap  # noqa: PLR2004
    statistic = gap**2 / float(variance)
    name = (
        f"Cochran-Mantel-Haenszel test {'with' if continuity else 'without'} continuity correction"
    )
    return MantelHaenszel(
        statistic, float(stats.chi2.sf(statistic, 1)),
        _odds_ratio(counts, alpha), _risk_ratio(counts, alpha), _risk_difference(counts, alpha),
        len(n), counts.left_out, name,
    )  # fmt: skip


def _ratio(value: float, log_se: float, alpha: float, method: str) -> Interval:
    width = float(stats.norm.isf(alpha / 2)) * log_se
    return Interval(
        value, value * float(np.exp(-width)), value * float(np.exp(width)), alpha, method
    )


def _odds_ratio(counts: StrataCounts, alpha: float) -> Interval:
    a, c = counts.count_first, counts.count_second
    b, d = counts.n_first - a, counts.n_second - c
    n = counts.n_first + counts.n_second
    r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
    total_r, total_s = float(r.sum()), float(s.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.divide(total_r, total_s))
        spread = (
            (p * r).sum() / (2 * total_r**2)
            + (p * s + q * r).sum() / (2 * total_r * total_s)
            + (q * s).sum() / (2 * total_s**2)
        )
    se = float(np.sqrt(spread)) if np.isfinite(spread) else float("nan")
    return _ratio(value, se, alpha, "Mantel-Haenszel odds ratio, Robins-Breslow-Greenland limits")


def _risk_ratio(counts: StrataCounts, alpha: float) -> Interval:
    a, c, n1, n2 = counts.count_first, counts.count_second, counts.n_first, counts.n_second
    n = n1 + n2
    r, s = float((a * n2 / n).sum()), float((c * n1 / n).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.divide(r, s))
        spread = ((n1 * n2 * (a + c) - a * c * n) / n**2).sum() / np.float64(r * s)
    se = float(np.sqrt(spread)) if np.isfinite(spread) else float("nan")
    return _ratio(value, se, alpha, "Mantel-Haenszel risk ratio, Greenland-Robins limits")


def _risk_difference(counts: StrataCounts, alpha: float) -> Interval:
    a, c, n1, n2 = counts.count_first, counts.count_second, counts.n_first, counts.n_second
    n = n1 + n2
    total = float((n1 * n2 / n).sum())
    value = float(((a * n2 - c * n1) / n).sum()) / total
    p = (n1**2 * c - n2**2 * a + n1 * n2 * (n2 - n1) / 2) / n**2
    q = (a * (n2 - c) + c * (n1 - a)) / (2 * n)
    variance = (value * float(p.sum()) + float(q.sum())) / total**2
    width = float(stats.norm.isf(alpha / 2)) * float(np.sqrt(max(variance, 0.0)))
    return Interval(
        value, max(value - width, -1.0), min(value + width, 1.0), alpha,
        "Mantel-Haenszel risk difference, Sato limits, cut at -1 and 1",
    )  # fmt: skip
