"""Deliberately awkward inputs: each gives the right answer or one clear error with its id."""

import numpy as np
import pandas as pd
import pytest

from multifidus.base.errors import StatisticsError
from multifidus.stats.competing_risks import cumulative_incidence
from multifidus.stats.examples import trial
from multifidus.stats.imputation.analysis import regress_imputations, tipping_point
from multifidus.stats.imputation.multiple import impute
from multifidus.stats.means import ancova, mean_interval, paired_change, summarise
from multifidus.stats.means import two_sample_difference as two_sample
from multifidus.stats.mmrm.model import mmrm
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

NAN, INF = float("nan"), float("inf")
MODEL = "change ~ arm * visit + baseline"


def fit(data, formula=MODEL, **options):
    return mmrm(data, formula, subject="id", visit="visit", **options)


def changed(**columns):
    return trial().assign(**columns)


def with_duplicate():
    data = trial()
    return pd.concat([data, data.iloc[[5]]])


def without_cell():
    data = trial()
    gone = (data.arm == "treatment") & (data.visit == "v3")
    return data.assign(change=data.change.where(~gone))


def infinite():
    data = trial()
    data.loc[3, "change"] = INF
    return data


def keyless():
    data = trial()
    data.loc[3, "id"] = None
    return data


def few_participants():
    return trial(n=6, m=8, missing=0.0)


REFUSED = {
    "mmrm: constant outcome": ("STA-117", lambda: fit(changed(change=1.0))),
    "mmrm: outcome equals a covariate": (
        "STA-117", lambda: fit(trial().assign(change=lambda d: d.baseline * 2)),
    ),
    "mmrm: one arm": ("STA-108", lambda: fit(changed(arm="control"))),
    "mmrm: all outcomes missing": ("STA-104", lambda: fit(changed(change=NAN))),
    "mmrm: infinite outcome": ("STA-103", lambda: fit(infinite())),
    "mmrm: infinite covariate": ("STA-103", lambda: fit(changed(baseline=INF))),
    "mmrm: outcome is text": ("STA-103", lambda: fit(changed(change="a"))),
    "mmrm: duplicate participant-visit": ("STA-106", lambda: fit(with_duplicate())),
    "mmrm: missing participant": ("STA-105", lambda: fit(keyless())),
    "mmrm: unknown column": ("STA-102", lambda: fit(trial(), "change ~ arm + age")),
    "mmrm: broken formula": ("STA-101", lambda: fit(trial(), "change ~ arm *")),
    "mmrm: no outcome in the formula": ("STA-101", lambda: fit(trial(), "arm * visit")),
    "mmrm: code in the formula": (
        "STA-101", lambda: fit(trial(), "change ~ arm + missing_function(baseline)"),
    ),
    "mmrm: collinear covariates": (
        "STA-115",
        lambda: fit(trial().assign(twice=lambda d: 2 * d.baseline + 1), MODEL + " + twice"),
    ),
    "mmrm: empty arm-by-visit cell": ("STA-115", lambda: fit(without_cell())),
    "mmrm: unknown structure": ("STA-111", lambda: fit(trial(), covariance="banana")),
    "mmrm: unknown df": ("STA-112", lambda: fit(trial(), df_method="between")),
    "mmrm: Kenward-Roger with ML": ("STA-112", lambda: fit(trial(), reml=False)),
    "mmrm: more coefficients than rows": (
        "STA-116", lambda: fit(trial(n=2, m=4, missing=0.0), "change ~ arm * visit"),
    ),
    "mmrm: fewer participants than visits, no fallback": (
        "STA-118", lambda: fit(few_participants(), "change ~ visit", fallback=()),
    ),
    "mmrm: unknown reference level": (
        "STA-107", lambda: fit(trial(), reference={"arm": "placebo"}),
    ),
    "mmrm: visit not in the order": (
        "STA-107", lambda: fit(trial(), visit_order=["v0", "v1"]),
    ),
    "mmrm: contrast of wrong length": ("STA-113", lambda: fit(trial()).contrast([1, 0])),
    "mmrm: zero contrast": ("STA-113", lambda: fit(trial()).f_test(np.zeros(9))),
    "mmrm: LS means of a covariate": ("STA-119", lambda: fit(trial()).lsmeans("baseline")),
    "mmrm: LS mean of an empty cell": (
        "STA-114",
        lambda: fit(without_cell(), aliased="drop").lsmeans(["arm", "visit"]),
    ),
    "mmrm: alpha of 5": ("STA-004", lambda: fit(trial(), alpha=5)),
    "change: nobody with both values": ("STA-202", lambda: paired_change([1, NAN], [NAN, 2])),
    "change: infinite": ("STA-002", lambda: paired_change([1, INF], [1, 2])),
    "change: lengths differ": ("STA-003", lambda: paired_change([1, 2], [1])),
    "change: text": ("STA-001", lambda: paired_change(["a"], [1])),
    "mean: empty": ("STA-202", lambda: mean_interval([])),
    "two samples: one value": ("STA-203", lambda: two_sample([1.0], [1.0, 2.0])),
    "ancova: constant covariate": (
        "STA-204", lambda: ancova([1, 2, 3], [2, 3, 5], [1, 1, 1], [1, 1, 1]),
    ),
    "proportion: 0 of 0": ("STA-211", lambda: proportion(0, 0)),
    "proportion: 5 of 4": ("STA-005", lambda: proportion(5, 4)),
    "proportion: half a person": ("STA-005", lambda: proportion(0.5, 4)),
    "proportion: negative": ("STA-005", lambda: proportion(-1, 4)),
    "proportion: unknown method": ("STA-212", lambda: proportion(1, 4, method="magic")),
    "difference: empty group": ("STA-211", lambda: proportion_difference(0, 0, 1, 2)),
    "paired: empty table": ("STA-211", lambda: paired_proportion_difference(0, 0, 0, 0)),
    "rate: no exposure": ("STA-221", lambda: poisson_rate(0, 0.0)),
    "rate: infinite exposure": ("STA-221", lambda: poisson_rate(1, INF)),
    "rate ratio: no event": ("STA-222", lambda: rate_ratio(0, 1.0, 0, 1.0)),
    "incidence: negative time": (
        "STA-223", lambda: exposure_adjusted_incidence([NAN], [-1.0]),
    ),
    "survival: nobody": ("STA-242", lambda: kaplan_meier([], [])),
    "survival: negative time": ("STA-242", lambda: kaplan_meier([-1], [1])),
    "survival: two kinds of event": ("STA-242", lambda: kaplan_meier([1, 2], [1, 2])),
    "survival: missing time": ("STA-002", lambda: kaplan_meier([NAN], [1])),
    "log-rank: one group": ("STA-243", lambda: log_rank([1, 2], [1, 1], ["a", "a"])),
    "log-rank: all censored": ("STA-243", lambda: log_rank([1, 2], [0, 0], ["a", "b"])),
    "incidence of censoring": ("STA-244", lambda: cumulative_incidence([1], [0], of=0)),
    "pool: one imputation": ("STA-231", lambda: pool([1.0], [1.0])),
    "pool: negative variance": ("STA-232", lambda: pool([1, 2], [1, -1])),
    "pool: failed fit": ("STA-002", lambda: pool([1, NAN], [1, 1])),
    "pool: log odds of nobody": (
        "STA-233", lambda: pool_proportions(np.zeros((3, 9), dtype=bool), method="logit"),
    ),
    "impute: visit nobody attended": (
        "STA-252",
        lambda: impute(np.column_stack([np.arange(9.0), np.full(9, NAN)]), imputations=2, seed=1),
    ),
    "impute: visit copied": (
        "STA-252",
        lambda: impute(
            np.column_stack([np.arange(9.0), np.arange(9.0), [NAN, *range(8)]]),
            imputations=2, seed=1,
        ),
    ),
    "impute: missing covariate": (
        "STA-251", lambda: impute(np.ones((5, 2)), [1, 2, NAN, 3, 4], imputations=2, seed=1),
    ),
    "impute: constant covariate": (
        "STA-252", lambda: impute(np.ones((5, 2)), np.ones(5), imputations=2, seed=1),
    ),
    "impute: reference without arm": (
        "STA-254",
        lambda: impute(np.ones((5, 2)), imputations=2, seed=1, strategy="j2r", reference="c"),
    ),
    "impute: unknown strategy": (
        "STA-254", lambda: impute(np.ones((5, 2)), imputations=2, seed=1, strategy="hope"),
    ),
    "impute: jump to a baseline that is not known": (
        "STA-254", lambda: impute(np.ones((5, 2)), imputations=2, seed=1, strategy="j2b"),
    ),
    "impute: jump to a baseline that is no number": (
        "STA-254",
        lambda: impute(np.ones((5, 2)), imputations=2, seed=1, strategy="j2b", level=NAN),
    ),
    "regress: collinear design": (
        "STA-255", lambda: regress_imputations(np.ones((2, 4)), np.ones((4, 2)), [1, 0]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_one_sentence(name):
    error, call = REFUSED[name]
    with pytest.raises(StatisticsError) as caught:
        call()
    assert caught.value.error_id == error
    assert "\n" not in caught.value.message
    assert caught.value.message.endswith(".")


def test_errors_never_name_a_participant():
    with pytest.raises(StatisticsError) as caught:
        fit(with_duplicate())
    assert "P0" not in caught.value.message
    assert "data row 241" in caught.value.message


def test_fewer_participants_than_visits_falls_back_and_says_so():
    found = fit(few_participants(), "change ~ visit")
    assert found.convergence.covariance_requested == "unstructured"
    assert found.convergence.covariance_used != "unstructured"
    assert "not more participants than visits" in found.convergence.skipped[0][1]
    assert "fallback from unstructured" in found.method


def test_visit_seen_once_falls_back_and_says_so():
    data = trial()
    rest = data.index[data.visit == "v3"][1:]
    data.loc[rest, "change"] = NAN
    data.loc[data.index[data.visit == "v3"][0], "change"] = 1.0
    found = fit(data, "change ~ visit")
    assert found.convergence.covariance_used == "compound_symmetry"
    assert "seen in fewer than two" in found.convergence.skipped[0][1]


def test_participants_seen_once_each_are_refused():
    """No participant has two visits, so no structure's correlation is known."""
    data = trial(m=2, missing=0.0)
    first = data.id < "P00030"
    keep = np.where(data.visit == "v0", first, ~first)
    with pytest.raises(StatisticsError) as caught:
        fit(data.assign(change=data.change.where(keep)), "change ~ visit", covariance="ar1")
    assert caught.value.error_id == "STA-118"
    assert "seen at two visits" in caught.value.message


def test_one_pair_of_visits_never_seen_together_falls_back():
    data = trial(m=3, missing=0.0)
    first = data.id < "P00030"
    keep = np.select([data.visit == "v1", data.visit == "v2"], [first, ~first], True)
    found = fit(data.assign(change=data.change.where(keep)), "change ~ visit")
    assert "pairs of visits never seen in one participant: 1" in found.convergence.skipped[0][1]
    assert found.convergence.covariance_used == "heterogeneous_toeplitz"


def test_identical_visits_are_singular_not_wrong():
    data = trial(missing=0.0)
    second = data.loc[data.visit == "v0", "change"].to_numpy()
    data.loc[data.visit == "v1", "change"] = second
    with pytest.raises(StatisticsError) as caught:
        fit(data, "change ~ visit", fallback=())
    assert caught.value.error_id == "STA-118"


def test_dropped_columns_leave_estimable_means_alone():
    """An empty cell: the other cells' LS means equal those of the model without that cell."""
    found = fit(without_cell(), "change ~ arm * visit", aliased="drop")
    assert found.aliased == ("arm[T.treatment]:visit[T.v3]",)
    row = np.zeros(len(found.design.columns))
    row[[0, found.design.columns.index("visit[T.v3]")]] = 1.0
    assert np.isfinite(found.contrast(row).estimate)
    assert np.isnan(found.coefficients[-1].estimate)


def test_missing_covariates_are_left_out_and_counted():
    data = trial(missing=0.0)
    data.loc[:3, "baseline"] = NAN
    found = fit(data)
    assert (found.rows_without_covariate, found.rows_used) == (4, len(data) - 4)


def test_extreme_scales_do_not_matter():
    """Outcome in 1e-9 and covariate around 1e6: t values are those of the plain scales."""
    plain = fit(trial()).coefficients[1].t
    moved = trial().assign(
        change=lambda d: d.change * 1e-9, baseline=lambda d: d.baseline * 1e3 + 1e6
    )
    assert fit(moved).coefficients[1].t == pytest.approx(plain, rel=1e-6)


ANSWERED = {
    "equal changes": (paired_change([1, 2], [3, 4]).ci_lower, 2.0),
    "equal changes differ from 0 for certain": (paired_change([1, 2], [3, 4]).p_value, 0.0),
    "no change at all": (paired_change([1, 2], [1, 2]).p_value, NAN),
    "all differences zero": (wilcoxon_signed_rank([0, 0]).p_value, 1.0),
    "one pair": (paired_change([1], [3]).ci_upper, NAN),
    "summary of nothing": (summarise([NAN]).median, NAN),
    "0 of 5 Wilson lower": (proportion(0, 5).ci_lower, 0.0),
    "5 of 5 exact upper": (proportion(5, 5, method="clopper_pearson").ci_upper, 1.0),
    "both groups 0, Wald has no width": (
        proportion_difference(0, 5, 0, 5, method="wald").p_value, NAN,
    ),
    "both groups 0, score test": (
        proportion_difference(0, 5, 0, 5, method="miettinen_nurminen").p_value, 1.0,
    ),
    "both groups full, Fisher": (two_proportion_test(5, 5, 4, 4, method="fisher").p_value, 1.0),
    "both groups full, chi-square": (two_proportion_test(5, 5, 4, 4).p_value, 1.0),
    "no discordant pair": (mcnemar(0, 0).p_exact, 1.0),
    "no event lower limit": (poisson_rate(0, 10.0).ci_lower, 0.0),
    "no event in either group": (rate_difference(0, 1.0, 0, 1.0).estimate, 0.0),
    "rate ratio over nothing": (rate_ratio(3, 1.0, 0, 1.0).estimate, INF),
    "all censored": (kaplan_meier([1, 2], [0, 0]).survival[-1], 1.0),
    "all censored median": (kaplan_meier([1, 2], [0, 0]).quantile().estimate, NAN),
    "all die, the limits of 0 are not known": (kaplan_meier([1, 2], [1, 1]).ci_upper[-1], NAN),
    "beyond follow-up": (kaplan_meier([1, 2], [1, 0]).at(3)[0], NAN),
    "no variance anywhere": (pool([2, 2], [0, 0]).p_value, 0.0),
    "all variance between": (pool([1, 2], [0, 0]).missing_share, 1.0),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERED)
def test_answered_with_the_limiting_value(name):
    found, expected = ANSWERED[name]
    assert found == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_tipping_point_that_never_tips():
    rng = np.random.default_rng(1)
    table = rng.normal(size=(40, 2))
    table[:5, 1] = NAN
    table[:, 1] += 100
    drawn = impute(table, imputations=5, seed=1)
    found = tipping_point(
        drawn, lambda c: regress_imputations(c[:, :, 1], np.ones((40, 1)), [1.0]), [0, 1, 2]
    )
    assert np.isnan(found.delta)
    assert len(found.results) == 3


def test_nothing_missing_gives_the_data_back():
    table = np.random.default_rng(2).normal(size=(12, 3))
    drawn = impute(table, imputations=3, seed=1)
    assert (drawn.completed == table).all()
    assert not drawn.imputed.any()
