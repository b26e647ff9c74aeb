"""Closed-form statistics against figures printed in papers and in SAS and R documentation."""

import numpy as np
import pytest

from multifidus.stats.competing_risks import cumulative_incidence
from multifidus.stats.means import ancova, mean_interval, paired_change, summarise
from multifidus.stats.means import two_sample_difference as two_sample
from multifidus.stats.paired_proportions import mcnemar, paired_proportion_difference
from multifidus.stats.pooling import pool, pool_proportions
from multifidus.stats.proportions import proportion, proportion_difference, two_proportion_test
from multifidus.stats.rates import (
    exposure_adjusted_incidence,
    poisson_rate,
    rate_difference,
    rate_ratio,
)
from multifidus.stats.survival import kaplan_meier, log_rank
from multifidus.stats.wilcoxon import wilcoxon_signed_rank

# Newcombe (1998), Statistics in Medicine 17:857-872, Table I: 81/263, 15/148, 0/20, 1/29.
NEWCOMBE_ONE = [
    ("wald", 81, 263, 0.2522, 0.3638),
    ("wald", 15, 148, 0.0527, 0.1500),
    ("wald", 0, 20, 0.0000, 0.0000),
    ("wald", 1, 29, 0.0000, 0.1009),
    ("wilson", 81, 263, 0.2553, 0.3662),
    ("wilson", 15, 148, 0.0624, 0.1605),
    ("wilson", 0, 20, 0.0000, 0.1611),
    ("wilson", 1, 29, 0.0061, 0.1718),
    ("clopper_pearson", 81, 263, 0.2527, 0.3676),
    ("clopper_pearson", 15, 148, 0.0578, 0.1617),
    ("clopper_pearson", 0, 20, 0.0000, 0.1684),
    ("clopper_pearson", 1, 29, 0.0009, 0.1776),
]

# Newcombe (1998), Statistics in Medicine 17:873-890, Table II, examples (a) to (h), methods 1
# (Wald), 5 (Mee), 6 (Miettinen-Nurminen) and 10 (hybrid score).
NEWCOMBE_TWO = [
    ((56, 70, 48, 80), "wald", 0.0575, 0.3425),
    ((56, 70, 48, 80), "mee", 0.0533, 0.3377),
    ((56, 70, 48, 80), "miettinen_nurminen", 0.0528, 0.3382),
    ((56, 70, 48, 80), "newcombe", 0.0524, 0.3339),
    ((9, 10, 3, 10), "wald", 0.2605, 0.9395),
    ((9, 10, 3, 10), "mee", 0.1821, 0.8370),
    ((9, 10, 3, 10), "miettinen_nurminen", 0.1700, 0.8406),
    ((9, 10, 3, 10), "newcombe", 0.1705, 0.8090),
    ((6, 7, 2, 7), "mee", 0.0544, 0.8478),
    ((6, 7, 2, 7), "miettinen_nurminen", 0.0342, 0.8534),
    ((6, 7, 2, 7), "newcombe", 0.0582, 0.8062),
    ((5, 56, 0, 29), "mee", -0.0313, 0.1926),
    ((5, 56, 0, 29), "miettinen_nurminen", -0.0326, 0.1933),
    ((5, 56, 0, 29), "newcombe", -0.0381, 0.1926),
    ((0, 10, 0, 20), "mee", -0.1611, 0.2775),
    ((0, 10, 0, 20), "miettinen_nurminen", -0.1658, 0.2844),
    ((0, 10, 0, 20), "newcombe", -0.1611, 0.2775),
    ((10, 10, 0, 20), "mee", 0.7225, 1.0000),
    ((10, 10, 0, 20), "miettinen_nurminen", 0.7156, 1.0000),
    ((10, 10, 0, 20), "newcombe", 0.6791, 1.0000),
]


@pytest.mark.parametrize(("method", "count", "n", "lower", "upper"), NEWCOMBE_ONE)
def test_single_proportion_equals_newcombe_table(method, count, n, lower, upper):
    result = proportion(count, n, method=method)
    assert (round(result.ci_lower, 4), round(result.ci_upper, 4)) == (lower, upper)


@pytest.mark.parametrize(("counts", "method", "lower", "upper"), NEWCOMBE_TWO)
def test_proportion_difference_equals_newcombe_table(counts, method, lower, upper):
    result = proportion_difference(*counts, method=method)
    assert (round(result.ci_lower, 4), round(result.ci_upper, 4)) == (lower, upper)


def test_zero_of_204_has_the_upper_limit_of_the_exact_formula():
    """Zero events: upper = 1 - (alpha/2)^(1/n), by hand from the binomial distribution."""
    result = proportion(0, 204, method="clopper_pearson")
    assert result.ci_lower == 0.0
    assert result.ci_upper == pytest.approx(1 - 0.025 ** (1 / 204), abs=1e-12)


def test_paired_change_equals_sas_ttest():
    """SAS PROC TTEST documentation, paired blood pressures (SBPbefore*SBPafter)."""
    before = [120, 124, 130, 118, 140, 128, 140, 135, 126, 130, 126, 127]
    after = [128, 131, 131, 127, 132, 125, 141, 137, 118, 132, 129, 135]
    result = paired_change(after, before)
    assert round(result.mean, 4) == -1.8333
    assert round(result.sd, 4) == 5.8284
    assert round(result.se, 4) == 1.6825
    assert (round(result.ci_lower, 4), round(result.ci_upper, 4)) == (-5.5365, 1.8698)
    assert (round(result.t, 2), result.df, round(result.p_value, 4)) == (-1.09, 11, 0.2992)


def test_missing_pairs_are_left_out():
    """Changes 2 and 4 by hand: mean 3, SD sqrt(2), SE 1."""
    result = paired_change([1, np.nan, 3, 4], [3, 2, np.nan, 8])
    assert (result.n, result.mean) == (2, 3.0)
    assert result.sd == pytest.approx(np.sqrt(2), abs=1e-15)
    assert result.se == pytest.approx(1.0, abs=1e-15)


def test_sleep_data_equals_r_t_test():
    """R documentation of t.test on Student's sleep data: Welch t = -1.8608, df = 17.776."""
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    welch = two_sample(first, second)
    assert (round(welch.t, 4), round(welch.df, 3)) == (-1.8608, 17.776)
    assert round(welch.p_value, 5) == 0.07939
    assert (round(welch.ci_lower, 7), round(welch.ci_upper, 7)) == (-3.3654832, 0.2054832)
    paired = paired_change(second, first)
    assert (round(paired.t, 4), paired.df, round(paired.p_value, 6)) == (-4.0621, 9, 0.002833)


def test_ancova_equals_sas_glm_drug_example():
    """SAS PROC GLM documentation, drug test: LS means A 6.7149635, D 6.8239348, MSE 16.046."""
    a = ([6, 0, 2, 8, 11, 4, 13, 1, 8, 0], [11, 8, 5, 14, 19, 6, 10, 6, 11, 3])
    d = ([0, 2, 3, 1, 18, 4, 14, 9, 1, 9], [6, 6, 7, 8, 18, 8, 19, 8, 5, 15])
    f = ([13, 10, 18, 5, 23, 12, 5, 16, 1, 20], [16, 13, 11, 9, 21, 16, 12, 12, 7, 12])
    # three groups through two covariates: the pre-treatment value and an indicator of group D
    first = ancova(
        a[0] + d[0], f[0], np.column_stack([a[1] + d[1], [0.0] * 10 + [1.0] * 10]),
        np.column_stack([f[1], [0.0] * 10]),
    )  # fmt: skip
    # SAS prints Drug A - F = -3.446138280 with standard error 1.88678065, t -1.83, p 0.0793
    assert first.difference.estimate == pytest.approx(-3.446138280, abs=5e-9)
    assert first.difference.se == pytest.approx(1.88678065, abs=5e-9)
    assert round(first.difference.p_value, 4) == 0.0793
    assert first.residual_sd**2 == pytest.approx(16.04623, abs=5e-5)


def test_signed_rank_equals_hollander_and_wolfe():
    """Hollander and Wolfe (1973), depression scale, as in R's wilcox.test: V = 40, p = 0.03906."""
    x = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    result = wilcoxon_signed_rank(np.subtract(x, y))
    assert (result.statistic, result.p_value) == (40.0, 0.0390625)
    assert wilcoxon_signed_rank(np.subtract(x, y), variant="sas").p_value == 0.0390625


def test_exact_signed_rank_with_ties_by_hand():
    """Differences 1, 1, 2: ranks 1.5, 1.5, 3; all positive in 1 of 8 patterns: p = 2/8."""
    assert wilcoxon_signed_rank([1.0, 1.0, 2.0]).p_value == 0.25
    # -1, 1, 2: V = 4.5; patterns with V >= 4.5: {3+1.5 twice, 6} = 3 of 8 -> p = 6/8
    assert wilcoxon_signed_rank([-1.0, 1.0, 2.0]).p_value == 0.75


def test_sas_signed_rank_t_form_by_hand():
    """n = 21 differences 1..21, the first five negative: formulas of PROC UNIVARIATE.

    T+ = 231 - 15 = 216, S = 216 - 115.5 = 100.5, V = 21*22*43/24 = 827.75,
    t = 100.5 sqrt(20 / (21*827.75 - 100.5^2)) = 5.2378...; p from Student's t with 20 df.
    """
    from scipy import stats

    d = np.arange(1.0, 22.0)
    d[:5] *= -1
    t = 100.5 * np.sqrt(20 / (21 * 827.75 - 100.5**2))
    result = wilcoxon_signed_rank(d, variant="sas")
    assert result.statistic == 216.0
    assert result.p_value == pytest.approx(2 * stats.t.sf(t, 20), rel=1e-12)


def test_quartiles_differ_as_sas_and_r_differ():
    """1..10: SAS PCTLDEF=5 quartiles 3 and 8, R type 7 quartiles 3.25 and 7.75."""
    sas, r = summarise(range(1, 11)), summarise(range(1, 11), quantile_rule="r7")
    assert (sas.q1, sas.median, sas.q3) == (3.0, 5.5, 8.0)
    assert (r.q1, r.median, r.q3) == (3.25, 5.5, 7.75)


def test_mean_interval_of_one_and_of_equal_values():
    assert np.isnan(mean_interval([3.0]).ci_lower)
    same = mean_interval([0.1, 0.1, 0.1])
    assert (same.mean, same.sd, same.ci_lower, same.ci_upper) == (0.1, 0.0, 0.1, 0.1)


@pytest.mark.parametrize(
    ("events", "lower", "upper"),
    [(0, 0.0, 3.689), (1, 0.0253, 5.572), (3, 0.619, 8.767), (10, 4.795, 18.390)],
)
def test_garwood_limits_equal_the_published_table(events, lower, upper):
    """Exact Poisson limits as tabled by Garwood (1936) and Ulm (1990), American J Epidemiology."""
    result = poisson_rate(events, 1.0, per=1.0)
    assert result.ci_lower == pytest.approx(lower, abs=6e-4)
    assert result.ci_upper == pytest.approx(upper, abs=6e-4)


def test_rate_difference_limits_solve_the_score_equation():
    """15 in 19,017 against 41 in 28,010 person-years (Rothman's radiation example).

    Hand check: at a limit d the restricted rates solve the two likelihood equations and the
    score (x1/t1 - x2/t2 - d)/sqrt(l1/t1 + l2/t2) is 1.959964 in absolute value.
    """
    x1, t1, x2, t2 = 41, 28010.0, 15, 19017.0
    result = rate_difference(x1, t1, x2, t2, per=1.0)
    for limit in (result.ci_lower, result.ci_upper):
        t = t1 + t2
        b = t * limit - x1 - x2
        low = (-b + np.sqrt(b**2 + 4 * t * x2 * limit)) / (2 * t)
        assert x1 / (low + limit) - t1 + x2 / low - t2 == pytest.approx(0, abs=1e-6)
        score = (x1 / t1 - x2 / t2 - limit) / np.sqrt((low + limit) / t1 + low / t2)
        assert abs(score) == pytest.approx(1.9599639845, abs=1e-7)


def test_rate_ratio_equals_r_poisson_test():
    """R documentation of poisson.test: 11 in 800 against 6+8+7 in 1083+1050+878.

    Printed: p = 0.07967, ratio 1.971488, interval 0.8584264 to 4.2772659.
    """
    result = rate_ratio(11, 800, 21, 3011)
    assert result.p_value == pytest.approx(0.07967, abs=5e-6)
    assert result.estimate == pytest.approx(1.971488, abs=5e-7)
    assert result.ci_lower == pytest.approx(0.8584264, abs=5e-8)
    assert result.ci_upper == pytest.approx(4.2772659, abs=5e-8)


def test_exposure_adjusted_incidence_by_hand():
    """Events at 0.5 and 1.5 (second after end of exposure 1.0): 1 event in 0.5 + 1 + 2 years."""
    result = exposure_adjusted_incidence([0.5, 1.5, np.nan], [2.0, 1.0, 2.0])
    assert (result.participants, result.n, result.rate.exposure) == (1, 3, 3.5)
    assert result.rate.rate == pytest.approx(100 / 3.5, rel=1e-15)


# CAMIS, "Confidence intervals for paired proportions in SAS": r = 20, s = 15, t = 6, u = 5.
@pytest.mark.parametrize(
    ("method", "lower", "upper"),
    [
        ("wald", 0.008764, 0.382541),
        ("newcombe", 0.002602, 0.369943),
        ("tango", 0.000419, 0.377185),
    ],
)
def test_paired_difference_equals_camis(method, lower, upper):
    result = paired_proportion_difference(20, 15, 6, 5, method=method)
    assert result.estimate == pytest.approx(9 / 46, rel=1e-15)
    assert (round(result.ci_lower, 6), round(result.ci_upper, 6)) == (lower, upper)


def test_mcnemar_equals_agresti_approval_ratings():
    """Agresti (2013), section 11.1: 150 and 86 discordant: z^2 = 17.36; exact p by binomial."""
    from scipy import stats

    result = mcnemar(150, 86)
    assert round(result.statistic, 2) == 17.36
    assert result.p_exact == pytest.approx(stats.binomtest(86, 236).pvalue, rel=1e-12)
    assert result.p_mid < result.p_exact


def test_fishers_tea_drinker():
    """Agresti (2013), section 3.5: Fisher's tea taster, 3 of 4 against 1 of 4, p = 0.486."""
    assert round(two_proportion_test(3, 4, 1, 4, method="fisher").p_value, 3) == 0.486


MAINTAINED = (
    [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161],
    [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0],
)
NON_MAINTAINED = (
    [5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45],
    [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1],
)


def test_leukaemia_curve_equals_miller():
    """Miller (1997), Survival Analysis, AML maintenance: 0.91, 0.82, 0.72, 0.61, 0.49, ..."""
    curve = kaplan_meier(*MAINTAINED)
    at_events = curve.survival[curve.events > 0]
    assert [round(float(s), 2) for s in at_events] == [0.91, 0.82, 0.72, 0.61, 0.49, 0.37, 0.18]
    assert curve.quantile().estimate == 31.0


def test_leukaemia_standard_errors_equal_r_survfit():
    """R survival 3.5.3, survfit(..., conf.type = "log-log") on aml, printed to 8 digits."""
    curve = kaplan_meier(*MAINTAINED)
    assert curve.se[4] == pytest.approx(0.152632331, abs=5e-9)
    assert curve.ci_lower[0] == pytest.approx(0.508080206, abs=5e-9)
    assert curve.ci_upper[-1] == pytest.approx(0.52501484, abs=5e-9)
    assert curve.restricted_mean(100) == pytest.approx((41.41591, 10.82886), abs=5e-6)
    median = kaplan_meier(*NON_MAINTAINED).quantile()
    assert (median.estimate, median.ci_lower, median.ci_upper) == (23.0, 5.0, 33.0)


def test_log_rank_equals_r_survdiff():
    """R survdiff on aml: expected 10.69 and 7.31, chi-square 3.4, p = 0.0653."""
    time = MAINTAINED[0] + NON_MAINTAINED[0]
    event = MAINTAINED[1] + NON_MAINTAINED[1]
    result = log_rank(time, event, [1] * 11 + [2] * 12)
    assert [round(x, 2) for x in result.expected] == [10.69, 7.31]
    assert (round(result.statistic, 1), round(result.p_value, 4)) == (3.4, 0.0653)


def test_quantile_rules_at_a_flat_step():
    """Times 1, 2 events, 3, 4 censored: S = 0.5 from 2 on. R's survfit prints 3, SAS no value."""
    curve = kaplan_meier([1, 2, 3, 4], [1, 1, 0, 0])
    assert np.isnan(curve.quantile(rule="sas").estimate)
    assert curve.quantile(rule="r").estimate == 3.0
    assert curve.quantile(rule="left").estimate == 2.0
    later = kaplan_meier([1, 2, 3, 4], [1, 1, 1, 0])
    assert later.quantile(rule="sas").estimate == later.quantile(rule="r").estimate == 2.5


def test_aalen_johansen_equals_r_survfit():
    """R survival 3.5.3, survfit(Surv(T, factor(C)) ~ 1): incidence and its standard error."""
    time = [1, 4, 14, 22, 3, 3, 4, 1, 10, 1, 5, 33, 3, 13, 5, 20, 9, 15, 3, 2]
    cause = [2, 0, 0, 2, 0, 2, 0, 1, 2, 2, 1, 0, 0, 2, 1, 0, 2, 2, 2, 1]
    curve = cumulative_incidence(time, cause)
    assert curve.at(1)[0] == pytest.approx(0.05, abs=1e-12)
    assert curve.at(30)[0] == pytest.approx(0.24, abs=1e-12)
    assert curve.se[[0, 1, 4]] == pytest.approx(
        [0.04873397172, 0.06708203932, 0.10658330076], abs=5e-11
    )


def test_pooling_equals_rubins_formulas_by_hand():
    """Estimates 1, 2, 3 with variances 0.1: W = 0.1, B = 1, T = 0.1 + 4/3.

    r = 40/3; Rubin df = 2 (1 + 3/40)^2 = 2.31125; lambda = 40/43; Barnard-Rubin with 20 df:
    nu_obs = (21/23) 20 (3/43), df = 1 / (1/2.31125 + 1/nu_obs).
    """
    rubin = pool([1, 2, 3], [0.1] * 3, df_rule="rubin_1987", df_complete=20)
    assert rubin.total == pytest.approx(0.1 + 4 / 3, abs=1e-12)
    assert rubin.relative_increase == pytest.approx(40 / 3, abs=1e-12)
    assert rubin.df == pytest.approx(2.31125, abs=1e-12)
    barnard = pool([1, 2, 3], [0.1] * 3, df_complete=20)
    observed = 21 / 23 * 20 * 3 / 43
    assert barnard.df == pytest.approx(1 / (1 / 2.31125 + 1 / observed), abs=1e-12)
    assert barnard.missing_share == pytest.approx(40 / 43, abs=1e-12)


def test_pooling_without_between_variance_is_its_limit():
    """B = 0: lambda = 0, so df is infinite (1987) or nu (nu+1)/(nu+3) = 20*21/23 (1999)."""
    limit = 20 * 21 / 23
    exact = pool([1, 1, 1], [0.1] * 3, df_complete=20)
    tiny = pool([1, 1 + 1e-9, 1], [0.1] * 3, df_complete=20)
    assert exact.df == pytest.approx(limit, abs=1e-12)
    assert tiny.df == pytest.approx(limit, abs=1e-6)
    assert np.isinf(pool([1, 1, 1], [0.1] * 3, df_rule="rubin_1987").df)
    assert exact.se == pytest.approx(np.sqrt(0.1), abs=1e-15)


def test_failed_analyses_and_varying_df_follow_the_stated_policy():
    """Median of df 10, 20, 60 is 20; a failed analysis is left out by name only."""
    varying = pool([1, 2, 3], [0.1] * 3, df_complete=[10, 20, 60])
    assert varying.df == pool([1, 2, 3], [0.1] * 3, df_complete=20).df
    left = pool([1, np.nan, 2, 3], [0.1] * 4, df_complete=[10, 5, 20, 60], failed="leave_out")
    assert (left.imputations, left.left_out, left.df) == (3, 1, varying.df)
    assert "1 failed analyses left out" in left.method


def test_pooled_proportion_without_missing_data_is_wilsons():
    """Lott and Reiter (2020): equal imputations give back Wilson's interval (large df)."""
    responders = np.tile(np.arange(20) < 8, (5, 1))
    pooled, plain = pool_proportions(responders), proportion(8, 20)
    assert (pooled.ci_lower, pooled.ci_upper) == pytest.approx(
        (plain.ci_lower, plain.ci_upper), abs=1e-12
    )
