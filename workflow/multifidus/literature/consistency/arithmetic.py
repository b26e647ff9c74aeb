"""Arithmetic on published figures, with the rounding of what is printed carried along.

The functions take shares in per cent, as they are printed, and know no participant. The intervals
are those a paper's author would have formed: Wald for shares (Newcombe 1998, Stat Med 17:857-872,
method 1; and 17:873-890, method 1, for differences) and Student's t for means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from multifidus.literature.record.printed import Printed

__all__ = [
    "Figure",
    "Range",
    "counts_for_share",
    "evaluate",
    "figure",
    "mean_difference_limit",
    "mean_difference_p",
    "p_from_limit",
    "sd_from_ci",
    "sd_from_limit",
    "se_from_ci",
    "share_difference_limit",
    "share_difference_p",
    "t_limit",
    "wald_limit",
]

_LEVEL = 0.95
_HUNDRED = 100.0


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and the half-width of the interval that its print represents."""

    value: float
    half_unit: float = 0.0


@dataclass(frozen=True, slots=True)
class Range:
    """A computed number with the least and greatest that the inputs' rounding allows."""

    value: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """The larger distance from the value to either end."""
        return max(self.high - self.value, self.value - self.low)

    def meets(self, printed: Printed) -> bool:
        """Tell whether some unrounded inputs give a number that prints like ``printed``."""
        if printed.relation == "<":
            return self.low < printed.value
        if printed.relation == ">":
            return self.high > printed.value
        slack = printed.half_unit + 1e-9
        return self.low - slack <= printed.value <= self.high + slack


def figure(printed: Printed) -> Figure:
    """Give a printed figure as a number with its half unit."""
    return Figure(printed.value, printed.half_unit)


def evaluate(function: Callable[..., float], arguments: Sequence[Figure]) -> Range:
    """Evaluate a function at the printed figures and at every corner of their rounding.

    Parameters
    ----------
    function
        Monotone in each argument over the half units; then the corners hold the extremes.
    arguments
        The figures in the function's order; counts have a half unit of zero.

    Returns
    -------
    Range
        Value at the printed figures and the extremes over all corners.
    """
    ends = [
        (a.value,) if a.half_unit == 0 else (a.value - a.half_unit, a.value + a.half_unit)
        for a in arguments
    ]
    centre = function(*(a.value for a in arguments))
    corners = [function(*corner) for corner in product(*ends)]
    return Range(centre, min(centre, *corners), max(centre, *corners))


def counts_for_share(percent: Figure, n: int) -> list[int]:
    """List the whole numbers of ``n`` whose share prints like ``percent``.

    Parameters
    ----------
    percent
        Share in per cent with its half unit.
    n
        Denominator.

    Returns
    -------
    list of int
        Counts ``k`` with ``100 k / n`` within the half unit (ties round either way).
    """
    low = math.ceil((percent.value - percent.half_unit) * n / _HUNDRED - 1e-9)
    high = math.floor((percent.value + percent.half_unit) * n / _HUNDRED + 1e-9)
    return list(range(max(low, 0), min(high, n) + 1))


def wald_limit(percent: float, n: float, side: int) -> float:
    """Return a Wald limit of a share, in per cent; ``side`` is -1 (lower) or 1 (upper)."""
    p = min(max(percent / _HUNDRED, 0.0), 1.0)
    return percent + side * _HUNDRED * _z() * math.sqrt(p * (1 - p) / n)


def share_difference_limit(p1: float, n1: float, p2: float, n2: float, side: int) -> float:
    """Return a Wald limit of a difference of two independent shares, in points."""
    return p1 - p2 + side * _z() * _share_difference_se(p1, n1, p2, n2)


def share_difference_p(p1: float, n1: float, p2: float, n2: float) -> float:
    """Return the two-sided Wald p of a difference of two independent shares (unpooled)."""
    return float(2 * stats.norm.sf(abs(p1 - p2) / _share_difference_se(p1, n1, p2, n2)))


def t_limit(mean: float, sd: float, n: float, side: int) -> float:
    """Return a limit of Student's t interval of a mean, in its unit."""
    return mean + side * _t(n - 1) * sd / math.sqrt(n)


def mean_difference_limit(  # noqa: PLR0917
    difference: float, sd1: float, n1: float, sd2: float, n2: float, side: int
) -> float:
    """Return a limit of the pooled two-sample t interval of a difference of means."""
    return difference + side * _t(n1 + n2 - 2) * _pooled_se(sd1, n1, sd2, n2)


def mean_difference_p(difference: float, sd1: float, n1: float, sd2: float, n2: float) -> float:
    """Return the two-sided p of the pooled two-sample t test of a difference of means."""
    statistic = abs(difference) / _pooled_se(sd1, n1, sd2, n2)
    return float(2 * stats.t.sf(statistic, n1 + n2 - 2))


def se_from_ci(lower: float, upper: float, n: float) -> float:
    """Return the standard error behind a one-sample t interval of ``n`` participants."""
    return (upper - lower) / (2 * _t(n - 1))


def sd_from_ci(lower: float, upper: float, n: float) -> float:
    """Return the standard deviation behind a one-sample t interval of ``n`` participants."""
    return se_from_ci(lower, upper, n) * math.sqrt(n)


def sd_from_limit(mean: float, limit: float, n: float) -> float:
    """Return the standard deviation behind one arm of a one-sample t interval."""
    return abs(mean - limit) / _t(n - 1) * math.sqrt(n)


def p_from_limit(mean: float, limit: float, n: float) -> float:
    """Return the two-sided p of a one-sample t test from the mean, one 95 % limit and ``n``."""
    statistic = abs(mean) / (abs(mean - limit) / _t(n - 1))
    return float(2 * stats.t.sf(statistic, n - 1))


def _z() -> float:
    return float(stats.norm.ppf(0.5 + _LEVEL / 2))


def _t(df: float) -> float:
    return float(stats.t.ppf(0.5 + _LEVEL / 2, df))


def _share_difference_se(p1: float, n1: float, p2: float, n2: float) -> float:
    variance = p1 * (_HUNDRED - p1) / n1 + p2 * (_HUNDRED - p2) / n2
    return math.sqrt(variance)


def _pooled_se(sd1: float, n1: float, sd2: float, n2: float) -> float:
    pooled = ((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2)
    return math.sqrt(pooled * (1 / n1 + 1 / n2))
