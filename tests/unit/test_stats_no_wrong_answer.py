"""Inputs that once got a wrong answer: each now gets the right one, or one sentence with an id.

The source of every expected value is named beside it.
"""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from multifidus.base.errors import StatisticsError
from multifidus.stats.association import spearman
from multifidus.stats.competing_risks import cumulative_incidence
from multifidus.stats.examples import growth, trial
from multifidus.stats.imputation.analysis import (
    add_delta,
    compare_responders,
    regress_imputations,
    tipping_point,
)
from multifidus.stats.imputation.multiple import impute
from multifidus.stats.means import mean_interval, paired_change
from multifidus.stats.mmrm.model import mmrm
from multifidus.stats.paired_proportions import mcnemar
from multifidus.stats.rates import exposure_adjusted_incidence
from multifidus.stats.survival import kaplan_meier, log_rank
from multifidus.stats.wilcoxon import wilcoxon_signed_rank

NAN = float("nan")
MODEL = "change ~ arm * visit + baseline"


def fit(data, formula=MODEL, **options):
    return mmrm(data, formula, subject="id", visit="visit", **options)


# Degenerate curves


@pytest.mark.parametrize("limits", ["log_log", "log", "plain"])
def test_no_limits_where_the_survival_curve_is_zero(limits):
    """R 4.2.2, survfit(Surv(5, 1) ~ 1): surv 0, lower NA, upper NA; median 5, NA, NA."""
    curve = kaplan_meier([5], [1], limits=limits)
    assert curve.at(5) == pytest.approx((0.0, NAN, NAN), nan_ok=True)
    median = curve.quantile()
    found = (median.estimate, median.ci_lower, median.ci_upper)
    assert found == pytest.approx((5.0, NAN, NAN), nan_ok=True)
    assert np.isnan(curve.se[-1])


@pytest.mark.parametrize("limits", ["log_log", "log", "plain"])
@pytest.mark.parametrize("time", [[5], [1, 2, 3, 4, 5, 6, 7]])
def test_no_limits_where_the_incidence_is_one(limits, time):
    """Everybody had the event: 1 - survival is 1, whose limits R's survfit leaves out.

    Seven events sum to 1 - 1e-16 in floating point, so the case is found by counting.
    """
    found = cumulative_incidence(time, np.ones(len(time)), limits=limits)
    assert found.at(time[-1]) == pytest.approx((1.0, NAN, NAN), nan_ok=True)


def test_log_log_limits_before_the_first_event_are_not_known():
    """R 4.2.2, survfit(Surv(1:2, c(0, 0)) ~ 1, conf.type = "log-log"): NA; 1 and 1 for "log"."""
    assert kaplan_meier([1, 2], [0, 0]).at(1) == pytest.approx((1.0, NAN, NAN), nan_ok=True)
    assert kaplan_meier([1, 2], [0, 0], limits="log").at(1) == (1.0, 1.0, 1.0)
    assert cumulative_incidence([1, 2], [0, 1]).at(1) == pytest.approx((0, NAN, NAN), nan_ok=True)


def test_upper_limit_of_the_median_is_known_only_if_the_curve_of_limits_reaches_it():
    """R 4.2.2, survfit(Surv(1:4, rep(1, 4)) ~ 1, conf.type = "log-log"): 2.5, 1, NA."""
    median = kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1]).quantile(rule="r")
    found = (median.estimate, median.ci_lower, median.ci_upper)
    assert found == pytest.approx((2.5, 1.0, NAN), nan_ok=True)


def test_time_at_which_a_curve_is_read_must_be_a_time():
    curve = kaplan_meier([1, 2], [1, 0])
    for time in (NAN, float("inf"), "1", None, True, -1):
        with pytest.raises(StatisticsError):
            curve.at(time)
        with pytest.raises(StatisticsError):
            cumulative_incidence([1, 2], [1, 0]).at(time)
        with pytest.raises(StatisticsError):
            curve.restricted_mean(time)


# Rounding


def test_differences_equal_but_for_rounding_are_ties():
    """One decimal, so the exact differences are 2.2, 2.2, ...; p by hand over all signs below.

    Differences in tenths 22, 22, -5, 13, 13, 8, 3, -3, 17: V = 39.5 of 45, and
    scipy's exact enumeration of the same numbers in whole tenths gives the p.
    """
    before = np.array([7.3, 6.4, 5.0, 8.1, 7.0, 6.2, 4.1, 3.3, 9.9])
    tenths = np.array([-22, -22, 5, -13, -13, -8, -3, 3, -17])
    after = (np.round(before * 10) + tenths) / 10
    exact = stats.permutation_test(
        (stats.rankdata(np.abs(tenths)) * np.sign(tenths),),
        np.sum, permutation_type="samples", n_resamples=np.inf,
    ).pvalue  # fmt: skip
    assert paired_change(before, after).signed_rank.p_value == pytest.approx(exact, abs=1e-12)
    assert wilcoxon_signed_rank(after - before).p_value == pytest.approx(exact, abs=1e-12)


def test_differences_that_are_zero_but_for_rounding_are_zero():
    """0.1 + 0.2 - 0.3 is 5.6e-17 in binary and 0 on paper."""
    before, after = np.full(6, 0.3), np.array([0.1 + 0.2, 0.1 + 0.2, 1.3, 1.4, 1.5, 2.0])
    assert paired_change(before, after).signed_rank.zeros == 2
    same = paired_change(np.full(4, 0.3), np.array([0.1 + 0.2, 0.3, 0.1 + 0.2, 0.3]))
    assert (same.mean, same.sd) == (0.0, 0.0)
    assert np.isnan(same.p_value)
    assert mean_interval([0.1 + 0.2, 0.3]).sd == 0.0


def test_event_times_equal_but_for_rounding_are_one_time():
    """0.1 + 0.2 and 0.3 are one time: at risk 3, two events, survival 1/3 (by hand)."""
    curve = kaplan_meier([0.1 + 0.2, 0.3, 0.5], [1, 1, 0])
    assert list(curve.at_risk) == [3, 1]
    assert curve.at(0.3)[0] == pytest.approx(1 / 3)
    assert kaplan_meier([0.1 + 0.2, 0.5], [1, 0]).at(0.3)[0] == 0.5
    assert kaplan_meier([0.1, 0.3], [1, 0]).at(0.1 + 0.2)[0] == 0.5
    one = log_rank([0.1 + 0.2, 0.3, 0.5, 0.7], [1, 1, 1, 0], [0, 1, 0, 1])
    two = log_rank([0.3, 0.3, 0.5, 0.7], [1, 1, 1, 0], [0, 1, 0, 1])
    assert one.statistic == two.statistic
    assert exposure_adjusted_incidence([0.1 + 0.2], [0.3]).participants == 1


def test_rank_correlation_sees_ties_through_rounding():
    """R: cor(c(3, 3, 1, 5, 4), 1:5, method = "spearman") is 0.5130 (ranks 2.5, 2.5, 1, 5, 4)."""
    x = np.array([0.1 + 0.2, 0.3, 0.1, 0.5, 0.4])
    ranks = np.corrcoef([2.5, 2.5, 1, 5, 4], [1, 2, 3, 4, 5])[0, 1]
    assert spearman(x, [1, 2, 3, 4, 5]).estimate == pytest.approx(ranks, abs=1e-12)


# McNemar's mid-p


@pytest.mark.parametrize(("count", "expected"), [(1, 0.75), (2, 0.8125), (3, 0.84375)])
def test_mid_p_of_equal_discordant_counts(count, expected):
    """Fagerland, Lydersen and Laake (2013): 1 - f/2; f = C(2n, n) / 4^n is 1/2, 3/8, 5/16."""
    assert mcnemar(count, count).p_mid == pytest.approx(expected, abs=1e-15)


# The user's own columns


@pytest.mark.parametrize("name", ["_visit", "_subject", "_outcome", "x y", "Q"])
def test_a_covariate_may_have_any_name(name):
    """The same numbers under another name give the same fit."""
    data = trial()
    rng = np.random.default_rng(3)
    covariate = np.repeat(rng.normal(size=60), 4)
    expected = fit(data.assign(z=covariate), "change ~ arm + baseline + z").coefficients[1].estimate
    text = f"`{name}`" if " " in name else name
    found = fit(data.assign(**{name: covariate}), f"change ~ arm + baseline + {text}")
    assert found.coefficients[1].estimate == pytest.approx(expected, rel=1e-9)


# Type 3 tests


def test_type_3_satterthwaite_df_belongs_to_reference_coded_rows():
    """Fai and Cornelius (1996) by hand, on the rows "level minus reference", other levels averaged.

    Spectral decomposition of L C L', one-row df of each direction from the fit's own one-row
    contrasts, then 2 E / (E - q) with E the sum of df / (df - 2).
    """
    found = fit(trial(n=24, seed=5, missing=0.35), df_method="satterthwaite")
    rows = found.lsmeans(["visit"]).rows
    contrasts = rows[1:] - rows[0]
    spread = contrasts @ found.coefficient_covariance @ contrasts.T
    _, directions = np.linalg.eigh(spread)
    each = np.array([found.contrast(row).df for row in directions.T @ contrasts])
    total = (each[each > 2] / (each[each > 2] - 2)).sum()
    expected = 2 * total / (total - len(each))
    test = next(test for test in found.type3() if test.label == "visit")
    assert test.denominator_df == pytest.approx(expected, rel=1e-8)


# Tipping point


def test_no_tipping_point_without_significance():
    rng = np.random.default_rng(1)
    table = rng.normal(size=(60, 2))
    table[:20, 1] = NAN
    drawn = impute(table, imputations=20, seed=1)

    def analysis(completed):
        return regress_imputations(completed[:, :, 1], np.ones((60, 1)), [1.0])

    found = tipping_point(drawn, analysis, np.linspace(-6, 6, 13))
    assert found.unshifted.p_value > 0.05
    assert np.isnan(found.delta)
    assert abs(found.gained) > 0
    assert not found.significant
    assert "no tipping point" in found.method


def test_tipping_point_is_where_significance_is_first_lost():
    """Means of 1 fall below significance, then become significant on the other side."""
    rng = np.random.default_rng(2)
    table = rng.normal(size=(60, 2)) + 1.0
    table[:40, 1] = NAN
    drawn = impute(table, imputations=20, seed=1)

    def analysis(completed):
        return regress_imputations(completed[:, :, 1], np.ones((60, 1)), [1.0])

    whole = tipping_point(drawn, analysis, np.linspace(-8, 0, 9))
    far = tipping_point(drawn, analysis, [-8.0, -5.0])
    assert whole.significant
    assert -5 < whole.delta < 0
    assert far.delta == pytest.approx(whole.delta, abs=1e-6)


# Order of visits


def test_visits_named_in_text_are_in_the_order_of_their_numbers():
    data = trial()
    names = {"v0": "Week 8", "v1": "Week 16", "v2": "Week 104", "v3": "Week 1000"}
    numbers = data.assign(visit=data.visit.map(lambda v: int(names[v].split()[1])))
    for covariance in ("ar1", "toeplitz"):
        expected = fit(numbers, covariance=covariance).deviance
        found = fit(data.assign(visit=data.visit.map(names)), covariance=covariance)
        assert found.visits == tuple(names.values())
        assert found.deviance == pytest.approx(expected, rel=1e-12)
        listed = data.assign(visit=data.visit.map(names).astype("category"))
        assert fit(listed, covariance=covariance).visits == tuple(names.values())


@pytest.mark.parametrize(
    "names", [["Baseline", "Week 8", "Week 16", "Week 24"], ["pre", "mid", "post", "late"],
              ["Week 8", "Month 6", "Year 1", "Year 2"], ["08", "8", "16", "24"]],
)  # fmt: skip
def test_visits_in_no_clear_order_are_refused(names):
    data = trial()
    data = data.assign(
        visit=data.visit.map(dict(zip(["v0", "v1", "v2", "v3"], names, strict=True)))
    )
    with pytest.raises(StatisticsError) as caught:
        fit(data)
    assert caught.value.error_id == "STA-109"
    assert "visit_order" in caught.value.message
    assert fit(data, visit_order=names).visits == tuple(names)


# Missing values are neither true nor a group


@pytest.mark.parametrize("missing", [NAN, None])
def test_a_missing_responder_is_refused(missing):
    with pytest.raises(StatisticsError) as caught:
        compare_responders([[True, missing, False, True]], [True, True, False, False])
    assert caught.value.error_id == "STA-002"
    with pytest.raises(StatisticsError):
        compare_responders([[1, 0, 0, 1]], [1, missing, 0, 0])


@pytest.mark.parametrize("group", [["a", "b", None], [1.0, 2.0, NAN], ["a", "b", NAN]])
def test_a_missing_group_is_refused(group):
    with pytest.raises(StatisticsError) as caught:
        log_rank([1, 2, 3], [1, 1, 1], group)
    assert caught.value.error_id == "STA-002"


def test_shifted_rows_must_be_known():
    table = np.random.default_rng(0).normal(size=(12, 2))
    table[:3, 1] = NAN
    drawn = impute(table, imputations=2, seed=1)
    for rows in ([True] * 3, [NAN] * 12, np.arange(12), ["a"] * 12):
        with pytest.raises(StatisticsError):
            add_delta(drawn, 1.0, rows)


def test_log_rank_degrees_of_freedom_leave_out_a_group_nobody_is_left_of():
    """R 4.2.2: survdiff(Surv(c(1,1,2,3,4,5), c(0,0,1,1,1,1)) ~ c(3,3,1,2,1,2)), chisq 0.6153846
    on 1 df."""
    found = log_rank([1, 1, 2, 3, 4, 5], [0, 0, 1, 1, 1, 1], [3, 3, 1, 2, 1, 2])
    assert (found.df, found.statistic) == (1, pytest.approx(0.6153846, abs=1e-6))


# Hard data for the mixed model


def test_one_gross_outlier_does_not_stop_the_unstructured_fit():
    """The fit is that of a search with each visit on its own scale: it does not depend on units.

    An outlier of 1e7 at one visit; dividing that visit's outcomes by 1e6 changes -2 log-likelihood
    by 2 n log(1e6) where visit effects are separate (ML, change of variables).
    """
    data = trial(missing=0.1)
    row = data.index[(data.visit == "v2") & data.change.notna()][0]
    data.loc[row, "change"] = 1e7
    assert fit(data, fallback=()).convergence.gradient < 1e-8
    formula = "change ~ visit + baseline:visit"
    options = {"reml": False, "df_method": "satterthwaite", "fallback": ()}
    found = fit(data, formula, **options)
    assert found.convergence.covariance_used == "unstructured"
    small = data.assign(change=np.where(data.visit == "v2", data.change / 1e6, data.change))
    other = fit(small, formula, **options)
    n = int(((data.visit == "v2") & data.change.notna()).sum())
    assert found.deviance == pytest.approx(other.deviance + 2 * n * np.log(1e6), abs=1e-5)
    assert found.covariance[:2, :2] == pytest.approx(other.covariance[:2, :2], rel=1e-4)


@pytest.mark.parametrize(
    ("seed", "deviance"),
    [(198, 546.5623), (208, 876.9583), (271, 880.9305), (372, 678.3158)],
)
def test_unstructured_fits_that_one_start_misses(seed, deviance):
    """The -2 REML log-likelihoods of nlme::gls 3.1-162 (R 4.2.2); 40 % of the outcomes missing."""
    rng = np.random.default_rng(seed)
    n, m, rho = int(rng.integers(10, 51)), int(rng.integers(3, 6)), rng.choice([0.3, 0.5, 0.7])
    spread = rng.uniform(5, 15, m)
    sigma = (rho + (1 - rho) * np.eye(m)) * np.outer(spread, spread)
    y = rng.multivariate_normal(np.zeros(m), sigma, n)
    y[rng.random((n, m)) < 0.4] = np.nan
    data = pd.DataFrame(
        {
            "id": np.repeat(np.arange(n), m), "visit": np.tile([f"v{k}" for k in range(m)], n),
            "arm": np.repeat(np.where(np.arange(n) % 2, "t", "c"), m), "change": y.ravel(),
        }
    )  # fmt: skip
    found = fit(data, "change ~ arm * visit", df_method="satterthwaite")
    assert found.convergence.covariance_used == "unstructured"
    assert found.deviance == pytest.approx(deviance, abs=2e-4)


# Memory


def test_log_rank_of_many_participants_needs_little_memory():
    """Linear in participants: 20,000 of them hold 160 kB a column."""
    rng = np.random.default_rng(0)
    n = 20_000
    time, event, group = rng.exponential(size=n), rng.integers(0, 2, n), rng.integers(0, 2, n)
    tracemalloc.start()
    found = log_rank(time, event, group)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.df == 1
    assert peak < 40e6


def test_growth_is_untouched_by_a_fit():
    """The caller's frame keeps its columns and rows."""
    data = growth()
    copy = data.copy()
    mmrm(data, "distance ~ sex * occasion", subject="child", visit="occasion")
    pd.testing.assert_frame_equal(data, copy)
