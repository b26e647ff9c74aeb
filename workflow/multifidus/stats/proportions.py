"""Proportions of independent participants and their differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import optimize, stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import check_alpha, check_choice, check_count

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "DifferenceMethod",
    "Proportion",
    "ProportionDifference",
    "ProportionMethod",
    "TwoProportionTest",
    "proportion",
    "proportion_difference",
    "restricted_variance",
    "score_limit",
    "two_proportion_test",
]

ProportionMethod = Literal["wilson", "clopper_pearson", "wald", "agresti_coull", "jeffreys"]
DifferenceMethod = Literal["newcombe", "miettinen_nurminen", "mee", "wald"]


@dataclass(frozen=True)
class Proportion:
    """A proportion with two-sided limits, all as fractions of one."""

    count: int
    n: int
    estimate: float
    ci_lower: float
    ci_upper: float
    alpha: float
    method: str


@dataclass(frozen=True)
class ProportionDifference:
    """Difference of two independent proportions, first minus second, as fractions of one.

    Attributes
    ----------
    p_value
        Test of no difference that belongs to the interval: score test for ``miettinen_nurminen``
        and ``mee``, z test for ``wald``, ``NaN`` for ``newcombe`` (an interval only).
    """

    count_first: int
    n_first: int
    count_second: int
    n_second: int
    estimate: float
    ci_lower: float
    ci_upper: float
    p_value: float
    alpha: float
    method: str


@dataclass(frozen=True)
class TwoProportionTest:
    """Test that two independent proportions are equal."""

    statistic: float
    p_value: float
    method: str


def proportion(
    count: int, n: int, *, method: ProportionMethod = "wilson", alpha: float = 0.05
) -> Proportion:
    """Return ``count`` of ``n`` with a confidence interval.

    Parameters
    ----------
    method
        ``"wilson"``: score interval without continuity correction (Wilson 1927; SAS ``CL=WILSON``).
        ``"clopper_pearson"``: exact (SAS ``CL=EXACT``, R ``binom.test``).
        ``"wald"``: normal form, cut at 0 and 1; to reproduce published intervals only.
        ``"agresti_coull"``, ``"jeffreys"``: as in SAS.

    Raises
    ------
    StatisticsError
        ``STA-005`` for impossible counts, ``STA-211`` for 0 of 0, ``STA-212`` unknown method.

    Notes
    -----
    Newcombe (1998), Statistics in Medicine 17:857-872. R's ``prop.test`` prints the Wilson
    interval *with* continuity correction unless it is turned off.
    """
    check_alpha(alpha)
    n = check_count(n, "n")
    count = check_count(count, "count", upper=n)
    if n == 0:
        raise StatisticsError("STA-211", "0 of 0 is not a proportion; the denominator is empty.")
    check_choice(method, _INTERVALS, "method", "STA-212")
    function, name = _INTERVALS[method]
    lower, upper = function(count, n, alpha)
    return Proportion(count, n, count / n, max(lower, 0.0), min(upper, 1.0), alpha, name)


def _wilson(count: int, n: int, alpha: float) -> tuple[float, float]:
    z2 = float(stats.norm.isf(alpha / 2)) ** 2
    centre = (2 * count + z2) / (2 * (n + z2))
    width = float(np.sqrt(z2 * (z2 + 4 * count * (n - count) / n))) / (2 * (n + z2))
    # exact ends: rounding must not turn 0 into 1e-17
    return (0.0 if count == 0 else centre - width), (1.0 if count == n else centre + width)


def _clopper_pearson(count: int, n: int, alpha: float) -> tuple[float, float]:
    lower = 0.0 if count == 0 else float(stats.beta.ppf(alpha / 2, count, n - count + 1))
    upper = 1.0 if count == n else float(stats.beta.isf(alpha / 2, count + 1, n - count))
    return lower, upper


def _wald(count: int, n: int, alpha: float) -> tuple[float, float]:
    p = count / n
    width = float(stats.norm.isf(alpha / 2)) * float(np.sqrt(p * (1 - p) / n))
    return p - width, p + width


def _agresti_coull(count: int, n: int, alpha: float) -> tuple[float, float]:
    z = float(stats.norm.isf(alpha / 2))
    size = n + z**2
    p = (count + z**2 / 2) / size
    width = z * float(np.sqrt(p * (1 - p) / size))
    return p - width, p + width


def _jeffreys(count: int, n: int, alpha: float) -> tuple[float, float]:
    a, b = count + 0.5, n - count + 0.5
    lower = 0.0 if count == 0 else float(stats.beta.ppf(alpha / 2, a, b))
    upper = 1.0 if count == n else float(stats.beta.isf(alpha / 2, a, b))
    return lower, upper


_INTERVALS: dict[str, tuple[Callable[[int, int, float], tuple[float, float]], str]] = {
    "wilson": (_wilson, "Wilson score interval"),
    "clopper_pearson": (_clopper_pearson, "Clopper-Pearson exact interval"),
    "wald": (_wald, "Wald interval, cut at 0 and 1"),
    "agresti_coull": (_agresti_coull, "Agresti-Coull interval"),
    "jeffreys": (_jeffreys, "Jeffreys interval"),
}


def proportion_difference(
    count_first: int,
    n_first: int,
    count_second: int,
    n_second: int,
    *,
    method: DifferenceMethod = "newcombe",
    alpha: float = 0.05,
) -> ProportionDifference:
    """Return the difference of two independent proportions, first minus second.

    Parameters
    ----------
    method
        ``"newcombe"``: hybrid of the Wilson limits, without continuity correction (Newcombe 1998,
        Statistics in Medicine 17:873-890, method 10).
        ``"miettinen_nurminen"``: score limits with the factor N/(N-1) (Miettinen and Nurminen
        1985, Statistics in Medicine 4:213-226; SAS ``CL=MN``).
        ``"mee"``: the same without the factor (Mee 1984; Newcombe's method 5).
        ``"wald"``: normal form without continuity correction, cut at -1 and 1.

    Raises
    ------
    StatisticsError
        ``STA-005``, ``STA-211``, ``STA-212`` as for :func:`proportion`.
    """
    check_choice(method, ("newcombe", "miettinen_nurminen", "mee", "wald"), "method", "STA-212")
    first = proportion(count_first, n_first, alpha=alpha)
    second = proportion(count_second, n_second, alpha=alpha)
    n_first, n_second = first.n, second.n
    p1, p2 = first.estimate, second.estimate
    value = p1 - p2
    z = float(stats.norm.isf(alpha / 2))
    p_value = float("nan")
    if method == "newcombe":
        lower = value - float(np.hypot(p1 - first.ci_lower, second.ci_upper - p2))
        upper = value + float(np.hypot(first.ci_upper - p1, p2 - second.ci_lower))
        name = "Newcombe hybrid score interval"
    elif method == "wald":
        se = float(np.sqrt(p1 * (1 - p1) / n_first + p2 * (1 - p2) / n_second))
        lower, upper = value - z * se, value + z * se
        p_value = float(2 * stats.norm.sf(abs(value) / se)) if se > 0 else float("nan")
        name = "Wald interval of a difference, cut at -1 and 1"
    else:
        factor, name = 1.0, "Mee score interval"
        if method == "miettinen_nurminen":
            factor = (n_first + n_second) / (n_first + n_second - 1)
            name = "Miettinen-Nurminen score interval"

        def score(delta: float) -> float:
            return _difference_score(p1, n_first, p2, n_second, delta, factor=factor)

        lower = score_limit(score, z, value, -1.0)
        upper = score_limit(score, -z, value, 1.0)
        p_value = float(2 * stats.norm.sf(abs(score(0.0))))
    return ProportionDifference(
        first.count, first.n, second.count, second.n, value,
        max(lower, -1.0), min(upper, 1.0), p_value, alpha, name,
    )  # fmt: skip


def score_limit(
    score: Callable[[float], float], target: float, centre: float, edge: float
) -> float:
    """Return where a decreasing score function meets ``target`` between ``centre`` and ``edge``.

    The ``edge`` itself when the score does not reach the target before it.
    """
    inner = edge + (centre - edge) * 1e-12
    if abs(edge - centre) < 1e-12 or (score(inner) - target) * (edge - centre) > 0:  # noqa: PLR2004
        return edge
    found = optimize.brentq(
        lambda delta: score(delta) - target, min(centre, inner), max(centre, inner),
        xtol=1e-14, rtol=1e-15, maxiter=500,
    )  # fmt: skip
    return float(found)


def _difference_score(
    p1: float, n1: int, p2: float, n2: int, delta: float, *, factor: float
) -> float:
    """Return the score statistic of a difference ``delta``."""
    variance = restricted_variance(p1, n1, p2, n2, delta) * factor
    gap = p1 - p2 - delta
    if variance <= 0:
        return float(np.copysign(np.inf, gap)) if abs(gap) > 1e-14 else 0.0  # noqa: PLR2004
    return gap / float(np.sqrt(variance))


def restricted_variance(p1: float, n1: float, p2: float, n2: float, delta: float) -> float:
    """Return the variance of the difference of two proportions under a difference ``delta``.

    With the restricted maximum likelihood estimates (the cubic of Farrington and Manning 1990,
    Statistics in Medicine 9:1447-1454).
    """
    ratio = n2 / n1
    a = 1 + ratio
    b = -(1 + ratio + p1 + ratio * p2 + delta * (ratio + 2))
    c = delta**2 + delta * (2 * p1 + ratio + 1) + p1 + ratio * p2
    d = -p1 * delta * (1 + delta)
    v = (b / (3 * a)) ** 3 - b * c / (6 * a**2) + d / (2 * a)
    u = float(np.copysign(np.sqrt(max((b / (3 * a)) ** 2 - c / (3 * a), 0.0)), v))
    angle = np.arccos(np.clip(v / u**3, -1.0, 1.0)) if u else np.pi / 2
    low, high = max(delta, 0.0), 1.0 + min(delta, 0.0)
    r1 = min(max(float(2 * u * np.cos((np.pi + angle) / 3) - b / (3 * a)), low), high)
    for _ in range(3):
        # the arc cosine loses half the digits of small proportions; Newton restores them
        slope = (3 * a * r1 + 2 * b) * r1 + c
        if slope:
            r1 = min(max(r1 - (((a * r1 + b) * r1 + c) * r1 + d) / slope, low), high)
    r2 = float(np.clip(r1 - delta, 0.0, 1.0))
    return r1 * (1 - r1) / n1 + r2 * (1 - r2) / n2


def two_proportion_test(
    count_first: int,
    n_first: int,
    count_second: int,
    n_second: int,
    *,
    method: Literal["fisher", "chi_square", "chi_square_corrected"] = "chi_square",
) -> TwoProportionTest:
    """Test equality of two independent proportions (two-sided).

    ``"fisher"`` sums the tables no more likely than the one seen (SAS, R); ``"chi_square"`` is
    Pearson's without continuity correction (SAS default), ``"chi_square_corrected"`` Yates's (R
    default). A table with an empty margin has statistic 0 and p = 1.
    """
    choices = ("fisher", "chi_square", "chi_square_corrected")
    check_choice(method, choices, "method", "STA-212")
    n1, n2 = check_count(n_first, "n_first"), check_count(n_second, "n_second")
    a = check_count(count_first, "count_first", upper=n1)
    c = check_count(count_second, "count_second", upper=n2)
    if n1 == 0 or n2 == 0:
        raise StatisticsError("STA-211", "A group is empty; two proportions cannot be compared.")
    table = np.array([[a, n1 - a], [c, n2 - c]])
    if method == "fisher":
        odds, p = stats.fisher_exact(table)
        return TwoProportionTest(float(odds), float(p), "Fisher's exact test, two-sided")
    corrected = method == "chi_square_corrected"
    name = f"Pearson chi-square {'with' if corrected else 'without'} continuity correction"
    if (table.sum(axis=0) == 0).any():
        return TwoProportionTest(0.0, 1.0, name)
    result = stats.chi2_contingency(table, correction=corrected)
    return TwoProportionTest(float(result.statistic), float(result.pvalue), name)
