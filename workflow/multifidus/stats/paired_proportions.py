"""Two proportions in the same participants: McNemar's test and intervals of the difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import check_alpha, check_choice, check_count
from multifidus.stats.proportions import proportion, score_limit

__all__ = ["Mcnemar", "PairedDifference", "mcnemar", "paired_proportion_difference"]


@dataclass(frozen=True)
class Mcnemar:
    """McNemar's test from the discordant pairs.

    Attributes
    ----------
    statistic, p_value
        Chi-square with 1 df, without continuity correction (SAS ``AGREE``; R corrects by default).
    p_exact, p_mid
        Two-sided binomial p, and the mid-p version: p minus half the probability of the table seen
        on each side, so ``1 - f / 2`` with equal discordant counts (Fagerland, Lydersen and Laake
        2013, BMC Medical Research Methodology 13:91).
    """

    first_only: int
    second_only: int
    statistic: float
    p_value: float
    p_exact: float
    p_mid: float
    method: str


@dataclass(frozen=True)
class PairedDifference:
    """Difference of paired proportions, first minus second, as fractions of one."""

    n: int
    estimate: float
    ci_lower: float
    ci_upper: float
    alpha: float
    method: str


def mcnemar(first_only: int, second_only: int) -> Mcnemar:
    """Test that two paired proportions are equal.

    Parameters
    ----------
    first_only, second_only
        Participants positive only the first or only the second time.

    Notes
    -----
    McNemar (1947), Psychometrika 12:153-157. Without discordant pairs the statistic is 0 and all
    p are 1.
    """
    b, c = check_count(first_only, "first_only"), check_count(second_only, "second_only")
    name = "McNemar's test without continuity correction"
    if b + c == 0:
        return Mcnemar(b, c, 0.0, 1.0, 1.0, 1.0, name)
    statistic = (b - c) ** 2 / (b + c)
    tail = float(stats.binom.cdf(min(b, c), b + c, 0.5))
    point = float(stats.binom.pmf(min(b, c), b + c, 0.5))
    exact = min(1.0, 2 * tail)
    mid = 1.0 - point / 2 if b == c else 2 * tail - point
    return Mcnemar(b, c, statistic, float(stats.chi2.sf(statistic, 1)), exact, mid, name)


def paired_proportion_difference(
    both: int,
    first_only: int,
    second_only: int,
    neither: int,
    *,
    method: Literal["tango", "newcombe", "wald"] = "tango",
    alpha: float = 0.05,
) -> PairedDifference:
    """Return the difference of two paired proportions, first minus second.

    Parameters
    ----------
    both, first_only, second_only, neither
        The four cells of the paired table.
    method
        ``"tango"``: score interval (Tango 1998, Statistics in Medicine 17:891-908).
        ``"newcombe"``: hybrid of Wilson limits with the phi correction (Newcombe 1998,
        Statistics in Medicine 17:2635-2650, method 10). ``"wald"``: cut at -1 and 1.

    Raises
    ------
    StatisticsError
        ``STA-211`` empty table, ``STA-212`` unknown method.
    """
    check_alpha(alpha)
    check_choice(method, ("tango", "newcombe", "wald"), "method", "STA-212")
    names = ("both", "first_only", "second_only", "neither")
    cells = [
        check_count(cell, name)
        for cell, name in zip((both, first_only, second_only, neither), names, strict=True)
    ]
    a, b, c, d = cells
    n = sum(cells)
    if n == 0:
        raise StatisticsError("STA-211", "The paired table is empty; nothing to compare.")
    value = (b - c) / n
    z = float(stats.norm.isf(alpha / 2))
    if method == "tango":
        lower = score_limit(lambda delta: _tango_score(b, c, n, delta), z, value, -1.0)
        upper = score_limit(lambda delta: _tango_score(b, c, n, delta), -z, value, 1.0)
        name = "Tango score interval"
    elif method == "newcombe":
        lower, upper = _newcombe_paired(a, b, c, d, alpha)
        name = "Newcombe hybrid score interval of a paired difference"
    else:
        width = z * float(np.sqrt(b + c - (b - c) ** 2 / n)) / n
        lower, upper, name = value - width, value + width, "Wald interval of a paired difference"
    return PairedDifference(n, value, max(lower, -1.0), min(upper, 1.0), alpha, name)


def _tango_score(b: int, c: int, n: int, delta: float) -> float:
    """Return Tango's score statistic of a difference ``delta``."""
    a2 = 2.0 * n
    b2 = -b - c + (2 * n - b + c) * delta
    c2 = -c * delta * (1 - delta)
    root = float(np.sqrt(max(b2**2 - 4 * a2 * c2, 0.0)))
    # the form of the quadratic's root that does not subtract near-equal numbers
    q = -2 * c2 / (b2 + root) if b2 > 0 else (root - b2) / (2 * a2)
    variance = n * (2 * q + delta * (1 - delta))
    gap = b - c - n * delta
    if variance <= 0:
        return float(np.copysign(np.inf, gap)) if gap else 0.0
    return gap / float(np.sqrt(variance))


def _newcombe_paired(a: int, b: int, c: int, d: int, alpha: float) -> tuple[float, float]:
    n = a + b + c + d
    first = proportion(a + b, n, alpha=alpha)
    second = proportion(a + c, n, alpha=alpha)
    margin = (a + b) * (c + d) * (a + c) * (b + d)
    phi = 0.0
    if margin:
        cross = float(a * d - b * c)
        cross = max(cross - n / 2, 0.0) if cross > 0 else cross
        phi = cross / float(np.sqrt(margin))
    p1, p2 = first.estimate, second.estimate
    dl, du = p1 - first.ci_lower, first.ci_upper - p1
    el, eu = p2 - second.ci_lower, second.ci_upper - p2
    lower = p1 - p2 - float(np.sqrt(dl**2 - 2 * phi * dl * eu + eu**2))
    upper = p1 - p2 + float(np.sqrt(el**2 - 2 * phi * el * du + du**2))
    return lower, upper
