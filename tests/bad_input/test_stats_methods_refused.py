"""Regression, strata, ranks, multiplicity and imputation on data that have no answer."""

import numpy as np
import pandas as pd
import pytest

from multifidus.base.errors import StatisticsError
from multifidus.stats.imputation.conditional_mean import conditional_means, jackknife_difference
from multifidus.stats.imputation.multiple import impute
from multifidus.stats.mmrm.comparison import likelihood_ratio
from multifidus.stats.mmrm.model import mmrm
from multifidus.stats.multiplicity import dunnett, holm
from multifidus.stats.regression.counts import negative_binomial
from multifidus.stats.regression.cox import cox
from multifidus.stats.regression.linear import linear_model
from multifidus.stats.regression.logistic import logistic
from multifidus.stats.stratified.mantel_haenszel import mantel_haenszel
from multifidus.stats.stratified.odds_ratio import conditional_odds_ratio
from multifidus.stats.stratified.tables import count_strata, strata_counts
from multifidus.stats.survival import log_rank
from multifidus.stats.wilcoxon import centre_of_differences, shift_between_groups

FRAME = pd.DataFrame(
    {
        "t": [1.0, 2, 3, 4, 5, 6], "e": [1.0, 1, 1, 0, 0, 0], "none": [0.0] * 6,
        "x": [1.0, 1, 1, 0, 0, 0], "twice": [2.0, 2, 2, 0, 0, 0], "z": [3.0, 1, 4, 1, 5, 9],
        "arm": list("aaabbb"), "one": list("cccccc"), "alone": [1.0, 0, 0, 0, 0, 0],
        "site": ["p", "q", "p", "q", "p", "q"], "gap": [1.0, np.nan, 3, 4, 5, 6],
    }
)  # fmt: skip
LONG = pd.DataFrame(
    {
        "id": np.repeat(np.arange(12), 2), "visit": [1, 2] * 12, "arm": np.repeat(["a", "b"], 12),
        "y": np.random.default_rng(1).normal(size=24),
    }
)  # fmt: skip
TABLE = np.random.default_rng(2).normal(size=(16, 3))
ARM = np.repeat([0, 1], 8)


@pytest.mark.parametrize(
    ("call", "error_id"),
    [
        (lambda: cox(FRAME, "z", time="t", event="none"), "STA-271"),
        (lambda: cox(FRAME, "z", time="t", event="z"), "STA-271"),
        (lambda: cox(FRAME, "x", time="t", event="e"), "STA-273"),
        (lambda: cox(FRAME, "z + x + twice", time="t", event="e"), "STA-272"),
        (lambda: cox(FRAME, "z", time="t", event="e", strata=["t"]), "STA-272"),
        (lambda: cox(FRAME, "one", time="t", event="e"), "STA-108"),
        (lambda: cox(FRAME, "1", time="t", event="e"), "STA-101"),
        (lambda: cox(FRAME, "z", time="t", event="no"), "STA-102"),
        (lambda: cox(FRAME, "z", time="t", event="e", ties="exact"), "STA-275"),
        (lambda: logistic(FRAME, "x", "t"), "STA-273"),
        (lambda: logistic(FRAME, "x", "arm"), "STA-273"),
        (lambda: logistic(FRAME, "none", "z"), "STA-271"),
        (lambda: logistic(FRAME, "z", "t"), "STA-271"),
        (lambda: logistic(FRAME, "e", "x + twice"), "STA-272"),
        (lambda: negative_binomial(FRAME, "none", "z"), "STA-271"),
        (lambda: negative_binomial(FRAME, "x", "arm"), "STA-273"),
        (lambda: negative_binomial(FRAME, "z", "arm", exposure="none"), "STA-271"),
        (lambda: negative_binomial(FRAME, "z", "arm", information="robust"), "STA-275"),
        (lambda: linear_model(FRAME, "z", "x + twice"), "STA-272"),
        (lambda: linear_model(FRAME, "z", "arm + site + x + t + e + gap"), "STA-272"),
        (lambda: linear_model(FRAME.head(2), "z", "t"), "STA-203"),
        (lambda: linear_model(FRAME, "z", "alone", covariance="hc3"), "STA-276"),
        (lambda: linear_model(FRAME, "z", "arm").lsmeans("site"), "STA-119"),
        (lambda: linear_model(FRAME, "z", "arm").lsmeans([1]), "STA-119"),
        (lambda: log_rank([1, 2], [1, 1], list("ab"), ["x", "y"]), "STA-243"),
        (lambda: log_rank([1, 2], [1, 1], list("ab"), ["x", None]), "STA-002"),
        (lambda: strata_counts(1, 0, 1, 2), "STA-005"),
        (lambda: strata_counts([1, 2], [3, 3], [1], [2]), "STA-003"),
        (lambda: strata_counts([0, 2], [0, 3], [1, 0], [2, 0]), "STA-281"),
        (lambda: mantel_haenszel(strata_counts([0, 3], [5, 3], [0, 4], [4, 4])), "STA-282"),
        (lambda: conditional_odds_ratio(strata_counts(0, 5, 0, 4)), "STA-282"),
        (lambda: conditional_odds_ratio(strata_counts(10**7, 10**8, 10**7, 10**8)), "STA-284"),
        (lambda: count_strata([1, 0, 1], list("abc"), [1, 1, 1], first="a"), "STA-283"),
        (lambda: count_strata([1, 0], list("ab"), [1, 1], first="z"), "STA-283"),
        (lambda: shift_between_groups([], [1.0]), "STA-203"),
        (lambda: centre_of_differences([np.nan]), "STA-202"),
        (lambda: shift_between_groups([1.0], [2.0], method="normal"), "STA-201"),
        (lambda: holm([0.1, 1.2]), "STA-291"),
        (lambda: dunnett([1.0, 2.0], np.eye(3)), "STA-291"),
        (lambda: dunnett([1.0, 2.0], np.zeros((2, 2))), "STA-291"),
        (lambda: impute(TABLE, imputations=2, seed=1, event=[4.0] * 16), "STA-257"),
        (lambda: impute(TABLE, imputations=2, seed=1, covariance="by_arm"), "STA-254"),
        (lambda: impute(TABLE, imputations=2, seed=1, event=[1.0] * 16), "STA-252"),
        (lambda: impute(TABLE, imputations=2, seed=1, after_event="hide"), "STA-257"),
        (lambda: conditional_means(TABLE, None, ARM, strategy="j2r"), "STA-254"),
        (lambda: conditional_means(TABLE, ["a"] * 16, ARM), "STA-251"),
        (lambda: conditional_means(TABLE[:, 0], None, ARM), "STA-251"),
        (lambda: conditional_means(TABLE, None, ARM, covariance="by-arm"), "STA-257"),
        (lambda: conditional_means(TABLE, None, ARM, strategy="j2b", level=np.nan), "STA-254"),
        (lambda: jackknife_difference(TABLE, None, ARM, reference=0, visit=4), "STA-255"),
    ],
)
def test_what_has_no_answer_is_refused(call, error_id):
    with pytest.raises(StatisticsError) as caught:
        call()
    assert caught.value.error_id == error_id
    assert caught.value.message.endswith(".")


def fit(formula="y ~ arm * visit", **choices):
    choices = {"df_method": "satterthwaite"} | choices
    return mmrm(LONG, formula, subject="id", visit="visit", **choices)


@pytest.mark.parametrize(
    ("call", "error_id"),
    [
        (lambda: fit(sandwich="cr1"), "STA-112"),
        (lambda: fit(sandwich="cr2", df_method="kenward_roger"), "STA-112"),
        (lambda: fit(group="visit"), "STA-123"),
        (lambda: fit(group="nobody"), "STA-123"),
        (lambda: likelihood_ratio(fit(), fit(covariance="compound_symmetry")), "STA-121"),
        (lambda: likelihood_ratio(fit("y ~ visit"), fit()), "STA-121"),
        (lambda: likelihood_ratio(fit(reml=False), fit()), "STA-121"),
    ],
)
def test_mixed_models_that_cannot_be_compared(call, error_id):
    with pytest.raises(StatisticsError) as caught:
        call()
    assert caught.value.error_id == error_id


def test_few_values_give_infinite_limits():
    """Two values a group: even the widest interval holds with 1 - 2/6 only (by hand)."""
    found = shift_between_groups([1.0, 2.0], [3.0, 5.0])
    assert (found.ci_lower, found.ci_upper, found.attained) == (-np.inf, np.inf, 1.0)
    wider = shift_between_groups([1.0, 2.0], [3.0, 5.0], alpha=0.34)
    assert (wider.ci_lower, wider.ci_upper) == (-4.0, -1.0)
    assert wider.attained == pytest.approx(2 / 3)


def test_no_overdispersion_is_poisson():
    """Counts that vary less than Poisson's: rate ratio 12/6 with SE sqrt(1/12 + 1/6)."""
    frame = pd.DataFrame({"y": [2.0] * 3 + [4.0] * 3, "arm": list("aaabbb")})
    found = negative_binomial(frame, "y", "arm")
    assert found.dispersion == 0.0
    assert found.coefficients[1].ratio == pytest.approx(2.0)
    assert found.coefficients[1].se == pytest.approx(np.sqrt(1 / 12 + 1 / 6))
    assert "Poisson" in found.method
