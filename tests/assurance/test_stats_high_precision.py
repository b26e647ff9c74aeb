"""Score intervals against 40-digit arithmetic that maximises the likelihoods by bisection.

The oracle uses neither the closed forms of the package nor floating point: restricted estimates are
found where the derivative of the log-likelihood changes sign, limits where the score meets z.
"""

from decimal import Decimal, localcontext

import pytest

from multifidus.stats.paired_proportions import paired_proportion_difference
from multifidus.stats.proportions import proportion_difference
from multifidus.stats.rates import rate_difference

Z = Decimal("1.9599639845400542355245944305205515279555")
HUGE = Decimal(10) ** 60


def bisect(function, low, high, target=Decimal(0), steps=100):
    """Return where a decreasing function meets ``target``."""
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > target else (low, middle)
    return (low + high) / 2


def ratio(count, probability):
    if not count:
        return Decimal(0)
    return count / probability if probability > 0 else HUGE


def limits(score, centre, low, high):
    return bisect(score, low, centre, Z), bisect(score, centre, high, -Z)


@pytest.fixture(autouse=True)
def digits():
    with localcontext() as context:
        context.prec = 40
        yield


@pytest.mark.parametrize(
    "counts", [(56, 70, 48, 80), (5, 56, 0, 29), (1, 204, 0, 204), (3, 5000, 1, 4000)]
)
def test_miettinen_nurminen(counts):
    x1, n1, x2, n2 = map(Decimal, counts)
    factor = (n1 + n2) / (n1 + n2 - 1)

    def score(delta):
        def slope(r):
            second = r - delta
            return (
                ratio(x1, r) - ratio(n1 - x1, 1 - r)
                + ratio(x2, second) - ratio(n2 - x2, 1 - second)
            )  # fmt: skip

        one = bisect(slope, max(delta, Decimal(0)), 1 + min(delta, Decimal(0)))
        two = one - delta
        variance = (one * (1 - one) / n1 + two * (1 - two) / n2) * factor
        return (x1 / n1 - x2 / n2 - delta) / variance.sqrt()

    lower, upper = limits(score, x1 / n1 - x2 / n2, Decimal(-1), Decimal(1))
    found = proportion_difference(*counts, method="miettinen_nurminen")
    assert (found.ci_lower, found.ci_upper) == pytest.approx(
        (float(lower), float(upper)), abs=1e-13
    )


@pytest.mark.parametrize("data", [(15, 19017, 41, 28010), (0, 10, 5, 9), (1, 204, 0, 198)])
def test_rate_difference(data):
    x1, t1, x2, t2 = map(Decimal, data)

    def score(delta):
        def slope(rate):
            return ratio(x1, rate + delta) - t1 + ratio(x2, rate) - t2

        # with no event in the first group and delta above 0 the slope may be below 0 at once
        second = bisect(slope, max(-delta, Decimal(0)), Decimal(1000))
        variance = (second + delta) / t1 + second / t2
        return (x1 / t1 - x2 / t2 - delta) / variance.sqrt() if variance > 0 else -HUGE

    lower, upper = limits(score, x1 / t1 - x2 / t2, Decimal(-100), Decimal(100))
    found = rate_difference(*data, per=1.0)
    assert (found.ci_lower, found.ci_upper) == pytest.approx(
        (float(lower), float(upper)), abs=1e-13
    )


@pytest.mark.parametrize("cells", [(20, 15, 6, 5), (794, 150, 86, 570), (36, 0, 0, 2)])
def test_tango(cells):
    a, b, c, d = map(Decimal, cells)
    n = a + b + c + d

    def score(delta):
        def slope(q21):
            q12, rest = q21 + delta, 1 - 2 * q21 - delta
            return ratio(b, q12) + ratio(c, q21) - 2 * ratio(a + d, rest)

        low = max(Decimal(0), -delta)
        q21 = bisect(slope, low, (1 - delta) / 2)
        variance = n * (2 * q21 + delta * (1 - delta))
        gap = b - c - n * delta
        return gap / variance.sqrt() if variance > 0 else gap * HUGE

    lower, upper = limits(score, (b - c) / n, Decimal(-1), Decimal(1))
    found = paired_proportion_difference(*cells)
    assert (found.ci_lower, found.ci_upper) == pytest.approx(
        (float(lower), float(upper)), abs=1e-13
    )
