"""Regression, strata, ranks and the mixed model's additions against published figures."""

import numpy as np
import pandas as pd
import pytest

from multifidus.stats.examples import growth
from multifidus.stats.imputation.conditional_mean import conditional_means, jackknife_difference
from multifidus.stats.imputation.multiple import impute
from multifidus.stats.imputation.profiles import mean_profiles
from multifidus.stats.mmrm.comparison import likelihood_ratio
from multifidus.stats.mmrm.model import mmrm
from multifidus.stats.multiplicity import dunnett, holm
from multifidus.stats.regression.cox import cox
from multifidus.stats.stratified.differences import stratified_difference
from multifidus.stats.stratified.mantel_haenszel import mantel_haenszel
from multifidus.stats.stratified.odds_ratio import conditional_odds_ratio
from multifidus.stats.stratified.tables import strata_counts
from multifidus.stats.survival import log_rank
from multifidus.stats.wilcoxon import centre_of_differences

KEYS = {"subject": "child", "visit": "occasion", "reference": {"sex": "M"}}
# BCG vaccine against tuberculosis, 13 trials (Colditz 1994): cases and others, vaccine and control
BCG = np.array(
    [
        [4, 119, 11, 128], [6, 300, 29, 274], [3, 228, 11, 209], [62, 13536, 248, 12619],
        [33, 5036, 47, 5761], [180, 1361, 372, 1079], [8, 2537, 10, 619], [505, 87886, 499, 87892],
        [29, 7470, 45, 7232], [17, 1699, 65, 1600], [186, 50448, 141, 27197], [5, 2493, 3, 2338],
        [27, 16886, 29, 17825],
    ]
)  # fmt: skip


def test_common_risk_difference_and_odds_ratio_equal_metafor():
    """R metafor, tests of rma.mh on dat.bcg: difference -0.0033 (-0.0039, -0.0027) with the
    variance of Sato, z = -11.4708; log odds ratio -0.4734 (-0.5538, -0.3930).
    """
    a, b, c, d = BCG.T
    found = mantel_haenszel(strata_counts(a, a + b, c, c + d))
    gap, odds = found.risk_difference, found.odds_ratio
    assert [round(x, 4) for x in (gap.estimate, gap.ci_lower, gap.ci_upper)] == [
        -0.0033, -0.0039, -0.0027,
    ]  # fmt: skip
    half = (gap.ci_upper - gap.ci_lower) / 2 / 1.959963984540054
    assert gap.estimate / half == pytest.approx(-11.4708, abs=5e-5)
    assert np.log([odds.estimate, odds.ci_lower, odds.ci_upper]) == pytest.approx(
        [-0.4734, -0.5538, -0.3930], abs=5e-5
    )


def test_stratified_newcombe_equals_sas():
    """R tern, test "output matches equivalent SAS function output": set.seed(1), six strata of 80
    participants; 0.25390590 (0.03467969, 0.44544132).
    """
    counts = strata_counts(
        [8, 4, 2, 5, 6, 5], [9, 4, 5, 7, 7, 8], [3, 6, 2, 3, 3, 3], [6, 12, 5, 4, 8, 5]
    )
    found = stratified_difference(counts)
    assert [found.estimate, found.ci_lower, found.ci_upper] == pytest.approx(
        [0.25390590, 0.03467969, 0.44544132], abs=5e-9
    )


def test_conditional_odds_ratio_of_the_lady_tasting_tea():
    """R fisher.test (Agresti 1990, p. 61): 3 of 4 against 1 of 4.

    Estimate 6.408309, lower 95 % limit 0.2117329, p = 0.4857; the one-sided limit of R's help page
    is 0.3135693. R's upper limit, 621.93, is a root found to two digits: the tables have weights 1,
    16, 36, 16 and 1, so that the limit u solves 16/u + 36/u^2 + 16/u^3 + 1/u^4 = 1/0.975 - 1.
    """
    found = conditional_odds_ratio(strata_counts(3, 4, 1, 4))
    assert found.estimate == pytest.approx(6.408309, rel=2e-5)
    assert found.ci_lower == pytest.approx(0.2117329, rel=1e-4)
    one_sided = conditional_odds_ratio(strata_counts(3, 4, 1, 4), alpha=0.1)
    assert one_sided.ci_lower == pytest.approx(0.3135693, rel=1e-4)
    u = found.ci_upper
    assert 16 / u + 36 / u**2 + 16 / u**3 + 1 / u**4 == pytest.approx(1 / 0.975 - 1, rel=1e-9)
    assert u == pytest.approx(621.93, rel=0.01)
    assert round(found.p_value, 4) == 0.4857


def test_hodges_lehmann_of_the_depression_scores():
    """Hollander and Wolfe (1973), p. 29, R help of wilcox.test: estimate -0.46 of the change.

    95 % limits -0.786 and -0.010 (R ``wilcox.test(conf.int = TRUE)``).
    """
    first = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    second = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    found = centre_of_differences(np.subtract(second, first))
    assert [round(x, 3) for x in (found.estimate, found.ci_lower, found.ci_upper)] == [
        -0.46, -0.786, -0.01,
    ]  # fmt: skip


def test_cox_of_the_leukaemia_remissions():
    """Freireich (1963), R MASS gehan: Efron ties, placebo against 6-MP.

    Venables and Ripley (2002), section 13.3: coefficient 1.57 (0.412) on 1 df, likelihood ratio
    16.4; R prints exp(coef) 4.82 (2.15, 10.8).
    """
    drug = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    seen = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    frame = pd.DataFrame(
        {"t": drug + placebo, "e": seen + [1] * 21, "arm": ["6-MP"] * 21 + ["placebo"] * 21}
    )
    fit = cox(frame, "arm", time="t", event="e")
    own = fit.coefficients[0]
    assert [f"{x:.3g}" for x in (own.estimate, own.se, fit.likelihood_ratio)] == [
        "1.57", "0.412", "16.4",
    ]  # fmt: skip
    assert [f"{x:.3g}" for x in (own.ratio, own.ci_lower, own.ci_upper)] == ["4.82", "2.15", "10.8"]


def test_stratified_log_rank_by_hand():
    """Two strata of two: O - E = (1 - 1/2) + (1 - 1/2), variance 1/4 + 1/4; chi-square 2."""
    found = log_rank([1, 2, 1, 2], [1, 0, 1, 0], list("abab"), ["x", "x", "y", "y"])
    assert found.statistic == pytest.approx(2.0, abs=1e-14)


def test_holm_by_hand():
    """0.01 x 4, 0.02 x 3, then 0.03 x 2 = 0.06, and 0.5."""
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06], abs=1e-15)


@pytest.mark.parametrize(
    ("k", "df", "critical"), [(2, 10, 2.57), (3, 20, 2.54), (5, 60, 2.58), (9, np.inf, 2.69)]
)
def test_dunnett_critical_values(k, df, critical):
    """Dunnett (1964), Biometrics 20:482-491, two-sided 5 % points for equal groups."""
    found = dunnett(np.zeros(k), (np.ones((k, k)) + np.eye(k)) / 2, df)
    assert round(found.critical, 2) == critical


def test_information_criteria_and_covariance_by_group_equal_sas():
    """SAS PROC MIXED documentation, "Repeated Measures", ML: UN has AIC 447.5, AICC 452.0 and BIC
    465.6; compound symmetry by gender -2 log L 408.8, covariance and residual of girls 3.8804 and
    0.5900, of boys 2.4463 and 2.7577.
    """
    fits = {
        name: mmrm(
            growth(), "distance ~ sex * age", reml=False, df_method="satterthwaite",
            covariance=name, group=group, **KEYS,
        )
        for name, group in [("unstructured", None), ("compound_symmetry", "sex")]
    }  # fmt: skip
    found = fits["unstructured"].criteria
    assert [round(x, 1) for x in (found.aic, found.aicc, found.bic)] == [447.5, 452.0, 465.6]
    by_group = fits["compound_symmetry"]
    assert round(by_group.deviance, 1) == 408.8
    assert {k: round(v, 4) for k, v in by_group.covariance_parameters.items()} == {
        "F: covariance": 3.8804, "F: residual": 0.5900, "M: covariance": 2.4463,
        "M: residual": 2.7577,
    }  # fmt: skip
    shared = mmrm(
        growth(), "distance ~ sex * age", reml=False, df_method="satterthwaite",
        covariance="compound_symmetry", **KEYS,
    )  # fmt: skip
    test = likelihood_ratio(shared, by_group)
    # 428.6 less 408.8 (the same listing) on two parameters more
    assert (round(test.statistic, 1), test.df) == (19.8, 2)


def small_trial():
    rng = np.random.default_rng(8)
    arm = np.repeat([0, 1], 30)
    y = rng.normal(0, 3, (60, 1)) + rng.normal(0, 4, (60, 3)) - 3 * arm[:, None] * [0.5, 1.0, 1.5]
    event = np.where(np.arange(60) % 4 == 0, 2.0, np.nan)
    return y, arm, event


@pytest.mark.parametrize("covariance", ["common", "by_arm"])
@pytest.mark.parametrize("strategy", ["mar", "j2r", "cr", "cir", "lmcf"])
def test_conditional_means_are_the_means_of_many_imputations(strategy, covariance):
    """Two codes apart: maximum likelihood of a mixed model, and a posterior of regressions."""
    y, arm, event = small_trial()
    common = {"strategy": strategy, "event": event, "reference": 0, "covariance": covariance}
    one = conditional_means(y, None, arm, **common)
    many = impute(y, arm=arm, imputations=2000, seed=3, **common)
    assert (one.imputed == many.imputed).all()
    assert one.imputed[:, 0].sum() == 0
    gap = (many.completed.mean(axis=0) - one.completed)[one.imputed]
    # 2,000 draws of an SD near 5, and a posterior mean that is the estimate but for 1/n
    assert np.abs(gap).max() < 0.6
    assert abs(gap.mean()) < 0.15


def test_complete_data_give_the_analysis_of_covariance_and_its_jackknife():
    """Without missing data the estimate is the difference of means, and the jackknife variance of
    a difference of means is the sum of s^2/n (n_total - 1)/n_total n_g/(n_g - 1) (by hand).
    """
    y, arm, _ = small_trial()
    found = jackknife_difference(y, None, arm, reference=0, visit=3)
    one, two = y[arm == 1, 2], y[arm == 0, 2]
    assert found.estimate == pytest.approx(one.mean() - two.mean(), abs=1e-12)
    means = [(g.mean() - np.delete(g, k).mean()) for g in (one, two) for k in range(30)]
    left_out = np.array([*(-np.array(means[:30])), *means[30:]])
    variance = 59 / 60 * ((left_out - left_out.mean()) ** 2).sum()
    assert found.se == pytest.approx(np.sqrt(variance), rel=1e-9)


def test_kept_values_after_an_event_stay():
    y, arm, event = small_trial()
    kept = conditional_means(y, None, arm, event=event, after_event="keep")
    assert not kept.imputed.any()
    assert kept.completed == pytest.approx(y)


@pytest.mark.parametrize("strategy", ["cir", "lmcf"])
def test_increments_and_means_are_carried_in_the_unit_of_the_outcome(strategy):
    """Visits whose spread differs: a mean that is carried forward stays the same number."""
    y, arm, event = small_trial()
    y = y * np.array([1.0, 3.0, 9.0]) + np.array([0.0, 20.0, 70.0])
    common = {"strategy": strategy, "event": event, "reference": 0}
    one = conditional_means(y, None, arm, **common)
    many = impute(y, arm=arm, imputations=2000, seed=3, **common)
    gap = (many.completed.mean(axis=0) - one.completed)[:, 1:] / y.std(axis=0)[1:]
    assert np.abs(gap).max() < 0.15


def test_mean_profiles_by_hand():
    """Own means 10, 20, 30 and the reference arm's 8, 9, 12; the event after the first visit."""
    names = ["mar", "j2r", "cr", "cir", "lmcf", "j2b"]
    own = np.tile([10.0, 20.0, 30.0], (1, 6, 1))
    other = np.tile([8.0, 9.0, 12.0], (1, 6, 1))
    found = mean_profiles(own, other, np.array(names, dtype=object), np.ones(6, dtype=int), 5.0)[0]
    assert found.tolist() == [
        [10, 20, 30], [10, 9, 12], [8, 9, 12], [10, 11, 14], [10, 10, 10], [10, 5, 5],
    ]  # fmt: skip
