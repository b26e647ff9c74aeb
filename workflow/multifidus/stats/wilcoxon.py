"""Wilcoxon's signed-rank test in the variants that statistical packages print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import stats

from multifidus.stats.inputs import check_choice, finite_vector
from multifidus.stats.ties import settle

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["SignedRank", "WilcoxonVariant", "wilcoxon_signed_rank"]

WilcoxonVariant = Literal["exact", "normal", "normal_corrected", "sas"]
_EXACT_LIMIT = 1000
_SAS_EXACT_LIMIT = 20


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
