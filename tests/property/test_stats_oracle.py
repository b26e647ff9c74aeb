"""Every method of the engine against R, on random and degenerate data sets.

R is started once for all of them. Without R, or without its packages, the tests are skipped with
the reason. ``benchmarks/oracle_stats.py`` prints the largest difference of each method.
"""

import os

import numpy as np
import pytest
from stats_oracle import METHODS, ask_r, data_sets, difference, missing_from_r

SETS = 200
SLOW = os.environ.get("MULTIFIDUS_SLOW", "0") not in ("", "0")
# nlme::gls and profile limits in R take about a quarter of a second for each
FEW = ("cox", "logistic", "mmrm", "mmrm_empirical")
COUNTS = {method: SETS if method not in FEW or SLOW else 20 for method in METHODS}


@pytest.fixture(scope="session")
def answers_of_r(tmp_path_factory):
    reason = missing_from_r()
    if reason:
        pytest.skip(f"comparison with R left out: {reason}")
    return ask_r(COUNTS, tmp_path_factory.mktemp("oracle"))


@pytest.mark.parametrize("method", METHODS)
def test_engine_equals_r(answers_of_r, method):
    data, theirs = data_sets(method, COUNTS[method]), answers_of_r[method]
    assert len(theirs) == len(data) == COUNTS[method]
    found = [difference(method, one, answer) for one, answer in zip(data, theirs, strict=True)]
    compared = [gap for gap, _ in found if gap is not None]
    assert len(compared) > 0.8 * len(data)
    wrong = [text for gap, text in found if gap is not None and gap > METHODS[method].tolerance]
    assert not wrong, wrong[0]


def test_a_difference_is_found():
    """The comparison sees a wrong digit, a value where R has none, and another length."""
    data = data_sets("mean", 3)[2]
    right = METHODS["mean"].ours(data)
    assert difference("mean", data, right)[0] == 0.0
    for wrong in (right["t"] * (1 + 1e-7), np.full(4, np.nan), right["t"][:3]):
        gap, where = difference("mean", data, right | {"t": wrong})
        assert gap > METHODS["mean"].tolerance
        assert where.startswith("t: ")
