"""Which analysis gives a printed p value or confidence interval of a comparison of two arms.

For printed shares every pair of counts that rounds to them is tried, under each rounding mode and
each admitted pair of denominators; for printed means the rounding of means and SDs is carried
along. Rank tests need the participants' values and cannot be computed from such figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING

from scipy import stats

from multifidus.literature.consistency.arithmetic import Figure, evaluate, figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from multifidus.literature.record.printed import Printed

__all__ = [
    "ROUNDING",
    "SHARE_TESTS",
    "Match",
    "counts_printing_as",
    "denominators_for_share",
    "intervals_that_give",
    "mean_tests_that_give",
    "share_tests_that_give",
]

ROUNDING: Mapping[str, str] = MappingProxyType(
    {"half-up": ROUND_HALF_UP, "half-even": ROUND_HALF_EVEN, "truncation": ROUND_DOWN}
)
"""Rounding modes by name."""

_Counts = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Match:
    """An analysis that gives a printed figure: test, tails, counts and sizes, rounding mode."""

    test: str
    tails: int
    counts: _Counts | None
    rounding: str
    value: float


def _exactly(value: float | Decimal, decimals: int, mode: str) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUNDING[mode])


def counts_printing_as(percent: Printed, n: int, mode: str) -> list[int]:
    """List the counts of ``n`` whose share prints like ``percent`` in one rounding mode."""
    centre = round(percent.value * n / 100)
    reach = math.ceil(percent.half_unit * n / 50) + 1
    near = range(max(centre - reach, 0), min(centre + reach, n) + 1)
    return [
        k for k in near if _exactly(Decimal(100 * k) / n, percent.decimals, mode) == percent.number
    ]


def denominators_for_share(percent: Printed, largest: int) -> dict[int, list[int]]:
    """Map every denominator up to ``largest`` that allows a share to its counts.

    Half-up and half-even rounding are admitted, truncation is not.
    """
    found = {
        n: sorted(
            {k for mode in ("half-up", "half-even") for k in counts_printing_as(percent, n, mode)}
        )
        for n in range(1, largest + 1)
    }
    return {n: counts for n, counts in found.items() if counts}


def _z_statistic(counts: _Counts, *, pooled: bool, correction: float = 0.0) -> float:
    k1, n1, k2, n2 = counts
    p1, p2 = k1 / n1, k2 / n2
    common = (k1 + k2) / (n1 + n2)
    variance = (
        common * (1 - common) * (1 / n1 + 1 / n2)
        if pooled
        else p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2
    )
    gap = p1 - p2
    shrunk = math.copysign(max(abs(gap) - correction * (1 / n1 + 1 / n2), 0.0), gap)
    return shrunk / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, gap)


def _normal(statistic: float, tails: int) -> float:
    return float(tails * stats.norm.sf(abs(statistic)))


def _fisher(counts: _Counts, tails: int, *, mid: bool = False) -> float:
    """Return Fisher's p; the mid-p takes half the probability of tables as likely as this one."""
    k1, n1, k2, n2 = counts
    law = stats.hypergeom(n1 + n2, k1 + k2, n1)
    support = range(max(0, k1 + k2 - n2), min(n1, k1 + k2) + 1)
    likely: dict[int, float] = dict(zip(support, law.pmf(support).tolist(), strict=True))
    here = likely[k1]
    if tails == 1:
        upper = k1 * n2 >= k2 * n1
        beyond = sum(p for k, p in likely.items() if (k > k1 if upper else k < k1))
        return beyond + (here / 2 if mid else here)
    tied = sum(p for p in likely.values() if math.isclose(p, here, rel_tol=1e-9))
    rarer = sum(p for p in likely.values() if p < here and not math.isclose(p, here, rel_tol=1e-9))
    return min(rarer + (tied / 2 if mid else tied), 1.0)


SHARE_TESTS: Mapping[str, Callable[[_Counts, int], float]] = MappingProxyType(
    {
        "Wald z": lambda c, tails: _normal(_z_statistic(c, pooled=False), tails),
        "pooled z": lambda c, tails: _normal(_z_statistic(c, pooled=True), tails),
        "pooled z with Yates' correction": lambda c, tails: _normal(
            _z_statistic(c, pooled=True, correction=0.5), tails
        ),
        "Fisher": _fisher,
        "Fisher mid-p": lambda c, tails: _fisher(c, tails, mid=True),
    }
)
"""Tests of two shares by name: counts and sizes, tails, to p."""


def _prints(value: float, printed: Printed) -> Iterator[str]:
    """Give the rounding modes in which a computed value prints like the figure."""
    for mode in ROUNDING:
        if printed.relation == "=":
            if _exactly(value, printed.decimals, mode) == printed.number:
                yield mode
        elif printed.prints_as(value):
            yield mode


def _tables(
    shares: tuple[Printed, Printed], sizes: Iterable[tuple[int, int]]
) -> Iterator[tuple[_Counts, str]]:
    for (n1, n2), mode in product(sizes, ROUNDING):
        for k1, k2 in product(
            counts_printing_as(shares[0], n1, mode), counts_printing_as(shares[1], n2, mode)
        ):
            yield (k1, n1, k2, n2), mode


def share_tests_that_give(
    p_value: Printed, shares: tuple[Printed, Printed], sizes: Iterable[tuple[int, int]]
) -> list[Match]:
    """List the tests of two shares that give a printed p value.

    Parameters
    ----------
    p_value
        The p value as printed.
    shares
        Share of each arm in per cent, as printed.
    sizes
        Admitted pairs of denominators.

    Returns
    -------
    list of Match
        Every test, number of tails, pair of counts and rounding mode that gives the p value; the
        shares and the p value are rounded in the same mode.
    """
    found = []
    for counts, mode in _tables(shares, sizes):
        for (name, test), tails in product(SHARE_TESTS.items(), (2, 1)):
            value = test(counts, tails)
            if mode in _prints(value, p_value):
                found.append(Match(name, tails, counts, mode, value))
    return found


def _wald(counts: _Counts, z: float, correction: float = 0.0) -> tuple[float, float]:
    k1, n1, k2, n2 = counts
    p1, p2 = k1 / n1, k2 / n2
    width = z * math.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    width += correction * (1 / n1 + 1 / n2)
    return 100 * (p1 - p2 - width), 100 * (p1 - p2 + width)


def _agresti_caffo(counts: _Counts, z: float) -> tuple[float, float]:
    k1, n1, k2, n2 = counts
    return _wald((k1 + 1, n1 + 2, k2 + 1, n2 + 2), z)


def _newcombe(counts: _Counts, z: float) -> tuple[float, float]:
    k1, n1, k2, n2 = counts
    p1, p2 = k1 / n1, k2 / n2

    def wilson(k: int, n: int, side: int) -> float:
        root = math.sqrt(z**2 + 4 * k * (n - k) / n)
        return (2 * k + z**2 + side * z * root) / (2 * (n + z**2))

    low = math.hypot(p1 - wilson(k1, n1, -1), wilson(k2, n2, 1) - p2)
    high = math.hypot(wilson(k1, n1, 1) - p1, p2 - wilson(k2, n2, -1))
    return 100 * (p1 - p2 - low), 100 * (p1 - p2 + high)


_INTERVALS: Mapping[str, Callable[[_Counts, float], tuple[float, float]]] = MappingProxyType(
    {
        "Wald": _wald,
        "Wald with continuity correction": lambda c, z: _wald(c, z, 0.5),
        "Newcombe": _newcombe,
        "Agresti-Caffo": _agresti_caffo,
    }
)


def intervals_that_give(
    limits: tuple[Printed, Printed],
    shares: tuple[Printed, Printed],
    sizes: Iterable[tuple[int, int]],
    *,
    level: float = 95.0,
) -> list[Match]:
    """List the intervals of a difference of two shares that give the printed limits.

    The methods are Wald's, Wald's with continuity correction, Newcombe's (1998, method 10) and
    Agresti and Caffo's (2000). ``value`` of a match is the lower limit.
    """
    z = float(stats.norm.ppf(0.5 + level / 200))
    found = []
    for counts, mode in _tables(shares, sizes):
        for name, method in _INTERVALS.items():
            low, high = method(counts, z)
            if mode in _prints(low, limits[0]) and mode in _prints(high, limits[1]):
                found.append(Match(name, 2, counts, mode, low))
    return found


def _t_test(*figures: float, tails: int, test: str, sizes: tuple[int, int]) -> float:
    mean1, sd1, mean2, sd2 = figures
    n1, n2 = sizes
    error1, error2 = sd1**2 / n1, sd2**2 / n2
    if test == "Student's t":
        pooled = ((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2)
        error, freedom = pooled * (1 / n1 + 1 / n2), float(n1 + n2 - 2)
    else:
        error = error1 + error2
        freedom = error**2 / (error1**2 / (n1 - 1) + error2**2 / (n2 - 1)) if error else 1.0
    gap = abs(mean1 - mean2)
    statistic = gap / math.sqrt(error) if error > 0 else math.inf
    tail = stats.norm.sf(statistic) if test == "z" else stats.t.sf(statistic, freedom)
    return float(tails * tail)


def mean_tests_that_give(
    p_value: Printed,
    means: tuple[Printed, Printed],
    sds: tuple[Printed, Printed],
    sizes: Iterable[tuple[int, int]],
) -> list[Match]:
    """List the tests of two means (Student's t, Welch's t, z) that can give a printed p value.

    A test is listed when some unrounded means and SDs give the p value. Corners of the rounding
    bound the p value unless the two means' intervals overlap; then it may be as large as 1.
    """
    inputs: Sequence[Figure] = [figure(x) for x in (means[0], sds[0], means[1], sds[1])]
    apart = abs(means[0].value - means[1].value) > means[0].half_unit + means[1].half_unit
    found = []
    for pair, test, tails in product(sizes, ("Student's t", "Welch's t", "z"), (2, 1)):
        p = evaluate(
            lambda *x, t=tails, name=test, n=pair: _t_test(*x, tails=t, test=name, sizes=n), inputs
        )
        reachable = type(p)(p.value, p.low, p.high if apart else float(tails) / 2)
        if reachable.meets(p_value):
            found.append(Match(test, tails, None, "within rounding", p.value))
    return found
