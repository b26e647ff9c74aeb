"""Rank correlation and slope against published and hand-worked answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from multifidus.base.errors import StatisticsError
from multifidus.stats.association import linear_slope, spearman


def test_rank_correlation_of_a_textbook_example() -> None:
    """IQ and hours of television of ten people: squared rank differences add up to 194.

    1 - 6 x 194 / (10 x 99) = -29/165 = -0.1758, p 0.6272 (t approximation): the worked example
    of the article on Spearman's coefficient in Wikipedia.
    """
    iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    found = spearman(iq, hours)
    assert found.estimate == pytest.approx(-29 / 165)
    assert found.p_value == pytest.approx(0.6272, abs=5e-5)
    # Fisher's z of r is -0.17764; SE sqrt((1 + 0.01545) / 7) = 0.38087; times 1.95996: 0.74649.
    assert found.ci_lower == pytest.approx(math.tanh(-0.17764 - 0.74649), abs=5e-4)
    assert found.ci_upper == pytest.approx(math.tanh(-0.17764 + 0.74649), abs=5e-4)


def test_a_monotone_relation_is_one_and_missing_pairs_are_left_out() -> None:
    found = spearman([1, 2, np.nan, 3, 4, 9], [1, 8, 3, 27, 64, np.nan])
    assert (found.n, found.estimate, found.ci_lower, found.ci_upper) == (4, 1, 1, 1)


def test_slope_by_hand() -> None:
    """x 1 to 5, y 2, 4, 5, 4, 5: Sxx 10, Sxy 6, slope 0.6.

    Residuals -0.8, 0.6, 1, -0.6, -0.2: sum of squares 2.4, s^2 = 0.8, SE sqrt(0.08) = 0.28284;
    t(0.975, 3) = 3.18245: limits 0.6 -/+ 0.90013.
    """
    found = linear_slope([1, 2, 3, 4, 5], [2, 4, 5, 4, 5])
    assert found.estimate == pytest.approx(0.6)
    assert found.se == pytest.approx(math.sqrt(0.08))
    assert found.df == 3
    assert found.ci_lower == pytest.approx(0.6 - 0.90013, abs=1e-5)
    assert found.ci_upper == pytest.approx(0.6 + 0.90013, abs=1e-5)


@pytest.mark.parametrize("function", [spearman, linear_slope])
def test_too_few_pairs_and_no_variation_are_refused(function) -> None:
    with pytest.raises(StatisticsError, match="four complete pairs") as few:
        function([1, 2, 3], [1, 2, 3])
    assert few.value.error_id == "STA-261"
    with pytest.raises(StatisticsError, match="never varies") as flat:
        function([1, 1, 1, 1], [1, 2, 3, 4])
    assert flat.value.error_id == "STA-262"
