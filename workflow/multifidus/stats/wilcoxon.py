"""Wilcoxon's signed-rank test in the variants that packages print, and rank-based estimates.

The estimates of a shift and of a centre are those of Hodges and Lehmann, with limits from the rank
tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import check_alpha, check_choice, finite_vector
from multifidus.stats.ties import settle

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "HodgesLehmann",
    "SignedRank",
    "WilcoxonVariant",
    "centre_of_differences",
    "shift_between_groups",
    "wilcoxon_signed_rank",
]

WilcoxonVariant = Literal["exact", "normal", "normal_corrected", "sas"]
_EXACT_LIMIT = 1000
_SAS_EXACT_LIMIT = 20
LimitMethod = Literal["exact", "asymptotic"]
_MOST_EXACT = 100
_MOST_PAIRS = 50_000_000


@dataclass(frozen=True)
class SignedRank:
    """Result of a signed-rank test.

    Attributes
    ----------
    n
        Differences other than zero (zeros are left out, Wilcoxon's way).
    statistic
        Sum of the ranks of positive differences (R's V). SAS prints this minus n(n+1)/4.
    """

    n: int
    zeros: int
    statistic: float
    p_value: float
    method: str


def wilcoxon_signed_rank(
    differences: npt.ArrayLike,
    *,
    variant: WilcoxonVariant = "exact",
    noise: np.ndarray | float = 0.0,
) -> SignedRank:
    """Test whether paired differences are symmetric about zero (two-sided).

    Parameters
    ----------
    differences
        Numbers, shape ``(n,)``; zeros are left out, ties get average ranks. Differences that are
        equal but for rounding are ties (:func:`multifidus.stats.ties.settle`).
    variant
        ``"exact"``: permutation distribution given the ties (equals R's ``exact=TRUE`` without
        ties, where R with ties falls back to the normal form). Above 1,000 differences
        ``"normal_corrected"`` is used and named.
        ``"normal"`` and ``"normal_corrected"``: normal form with tie correction, without and with
        continuity correction (scipy's and R's defaults for tied data).
        ``"sas"``: PROC UNIVARIATE, exact to n = 20, above that Student's t form.
    noise
        Rounding error of each difference, where it is known.

    Raises
    ------
    StatisticsError
        ``STA-205`` for an unknown variant.
    """
    check_choice(variant, ("exact", "normal", "normal_corrected", "sas"), "variant", "STA-205")
    array = finite_vector(differences, "differences")
    # the sizes are settled together, so that 2.2 and -2.2 with other rounding are a tie
    size = settle(np.abs(array), noise)
    values = np.copysign(size, array)[size > 0]
    n, zeros = len(values), len(array) - len(values)
    if n == 0:
        return SignedRank(0, zeros, 0.0, 1.0, f"signed rank, {variant} (all differences are zero)")
    ranks = stats.rankdata(np.abs(values))
    positive = float(ranks[values > 0].sum())
    centred = positive - n * (n + 1) / 4
    variance = float((ranks**2).sum()) / 4
    if variant == "exact" and n > _EXACT_LIMIT:
        variant = "normal_corrected"
    if variant == "exact" or (variant == "sas" and n <= _SAS_EXACT_LIMIT):
        p = _exact_p(ranks, positive)
        name = "exact" if variant == "exact" else "SAS, exact"
    elif variant == "sas":
        t = centred * np.sqrt((n - 1) / (n * variance - centred**2))
        p, name = float(2 * stats.t.sf(abs(t), n - 1)), "SAS, Student's t form"
    else:
        corrected = variant == "normal_corrected"
        shifted = max(abs(centred) - 0.5 * corrected, 0.0)
        p = float(2 * stats.norm.sf(shifted / np.sqrt(variance)))
        name = f"normal form {'with' if corrected else 'without'} continuity correction"
    return SignedRank(n, zeros, positive, min(p, 1.0), f"signed rank, {name}")


def _exact_p(ranks: np.ndarray, positive: float) -> float:
    """Return the two-sided p over all sign patterns, ranks doubled so ties stay whole numbers."""
    doubled = np.rint(2 * ranks).astype(int)
    total = int(doubled.sum())
    mass = np.zeros(total + 1)
    mass[0] = 1.0
    reached = 0
    for rank in doubled:
        reached += rank
        mass[rank : reached + 1] = (mass[rank : reached + 1] + mass[: reached + 1 - rank]) / 2
        mass[:rank] /= 2
    observed = round(2 * positive)
    tail = min(mass[: observed + 1].sum(), mass[observed:].sum())
    return min(1.0, 2.0 * float(tail))


@dataclass(frozen=True)
class HodgesLehmann:
    """A median of pairwise differences or averages with distribution-free limits.

    Attributes
    ----------
    ci_lower, ci_upper
        Infinite where so few values can give no limits at the level asked for.
    attained
        Confidence level that the exact limits have without ties; ``NaN`` for asymptotic ones.
    """

    estimate: float
    ci_lower: float
    ci_upper: float
    attained: float
    n_first: int
    n_second: int
    alpha: float
    method: str


def shift_between_groups(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    method: LimitMethod = "exact",
    alpha: float = 0.05,
) -> HodgesLehmann:
    """Return the shift between two independent groups: the median of all differences.

    Parameters
    ----------
    first, second
        Values of the groups, ``NaN`` for missing; differences are first minus second.
    method
        ``"exact"``: limits from the exact distribution of the rank-sum statistic without ties (R
        ``wilcox.test(exact = TRUE, conf.int = TRUE)``, SAS ``EXACT HL``); above 100 values in a
        group ``"asymptotic"`` is used and named. ``"asymptotic"``: Moses, from its normal form (SAS
        default), the same order statistics; R's asymptotic limits come from the continuity-
        corrected test instead and differ slightly.

    Raises
    ------
    StatisticsError
        ``STA-203`` an empty group, ``STA-206`` more than 50 million pairs, ``STA-201`` unknown
        method.

    Notes
    -----
    Hodges and Lehmann (1963), Annals of Mathematical Statistics 34:598-611; Hollander and Wolfe
    (1999), section 4.3. With ties the exact limits hold their level and are a little too wide.
    """
    check_alpha(alpha)
    check_choice(method, ("exact", "asymptotic"), "method", "STA-201")
    x, y = (_present(values, name) for values, name in ((first, "first"), (second, "second")))
    m, n = len(x), len(y)
    if m < 1 or n < 1:
        raise StatisticsError("STA-203", "Each group needs a value.")
    _check_pairs(m * n)
    pairs = np.sort(np.subtract.outer(x, y).ravel())
    exact = method == "exact" and max(m, n) <= _MOST_EXACT
    chances = _rank_sum_chances(m, n) if exact else None
    spread = float(np.sqrt(m * n * (m + n + 1) / 12))
    lower, upper, attained = _limits(pairs, chances, m * n / 2, spread, alpha)
    name = "Hodges-Lehmann shift, " + ("exact limits" if exact else "asymptotic (Moses) limits")
    return HodgesLehmann(float(np.median(pairs)), lower, upper, attained, m, n, alpha, name)


def centre_of_differences(
    differences: npt.ArrayLike, *, method: LimitMethod = "exact", alpha: float = 0.05
) -> HodgesLehmann:
    """Return the centre of paired differences: the median of all averages of two.

    Parameters
    ----------
    differences
        Numbers, ``NaN`` for missing.
    method
        As for :func:`shift_between_groups`, from the signed-rank statistic.

    Raises
    ------
    StatisticsError
        ``STA-202`` no value, ``STA-206`` more than 50 million pairs, ``STA-201`` unknown method.
    """
    check_alpha(alpha)
    check_choice(method, ("exact", "asymptotic"), "method", "STA-201")
    d = _present(differences, "differences")
    n = len(d)
    if n < 1:
        raise StatisticsError("STA-202", "No value is present; there is nothing to estimate.")
    count = n * (n + 1) // 2
    _check_pairs(count)
    rows, columns = np.triu_indices(n)
    pairs = np.sort((d[rows] + d[columns]) / 2)
    exact = method == "exact" and n <= _MOST_EXACT
    chances = _signed_rank_chances(n) if exact else None
    spread = float(np.sqrt(n * (n + 1) * (2 * n + 1) / 24))
    lower, upper, attained = _limits(pairs, chances, count / 2, spread, alpha)
    name = "Hodges-Lehmann centre, " + ("exact limits" if exact else "asymptotic limits")
    return HodgesLehmann(float(np.median(pairs)), lower, upper, attained, n, 0, alpha, name)


def _present(values: npt.ArrayLike, name: str) -> np.ndarray:
    array = finite_vector(values, name, allow_missing=True)
    return np.asarray(array[~np.isnan(array)])


def _check_pairs(count: int) -> None:
    if count > _MOST_PAIRS:
        raise StatisticsError(
            "STA-206", "There are more than 50 million pairs; estimate from a sample of them."
        )


def _limits(
    pairs: np.ndarray, chances: np.ndarray | None, middle: float, spread: float, alpha: float
) -> tuple[float, float, float]:
    """Return the order statistics that are limits, and the level that they attain.

    The ``c``-th smallest and largest pair are limits at level ``1 - 2 P(statistic < c)``.
    """
    if chances is None:
        place = int(np.floor(middle - float(stats.norm.isf(alpha / 2)) * spread))
        attained = float("nan")
    else:
        below = np.cumsum(chances)
        # as many as have a chance of at most half alpha, rounding apart
        place = int(np.searchsorted(below, alpha / 2 * (1 + 1e-12), side="right"))
        attained = 1.0 - 2.0 * float(below[place - 1]) if place else 1.0
    if place < 1:
        return -np.inf, np.inf, attained
    return float(pairs[place - 1]), float(pairs[-place]), attained


def _rank_sum_chances(m: int, n: int) -> np.ndarray:
    """Return the chances of Mann and Whitney's U of 0 to ``m n`` without ties."""
    row = [np.ones(1) for _ in range(n + 1)]
    for i in range(1, m + 1):
        new = [np.ones(1)]
        for j in range(1, n + 1):
            # the largest value is of the first group, and above all j of the second, or not
            mass = np.zeros(i * j + 1)
            mass[j : j + len(row[j])] += i / (i + j) * row[j]
            mass[: len(new[j - 1])] += j / (i + j) * new[j - 1]
            new.append(mass)
        row = new
    return row[n]


def _signed_rank_chances(n: int) -> np.ndarray:
    """Return the chances of the signed-rank statistic of 0 to ``n (n + 1) / 2`` without ties."""
    mass = np.ones(1)
    for rank in range(1, n + 1):
        new = np.zeros(len(mass) + rank)
        new[: len(mass)] += mass / 2
        new[rank:] += mass / 2
        mass = new
    return mass
