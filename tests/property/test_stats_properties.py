"""Properties that hold whatever the data: invariances, bounds, limits, consistency."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from multifidus.stats.examples import trial
from multifidus.stats.imputation.multiple import impute
from multifidus.stats.means import paired_change
from multifidus.stats.mmrm.model import mmrm
from multifidus.stats.paired_proportions import mcnemar, paired_proportion_difference
from multifidus.stats.pooling import pool
from multifidus.stats.proportions import proportion, proportion_difference
from multifidus.stats.rates import poisson_rate, rate_difference
from multifidus.stats.survival import kaplan_meier

MODEL = "change ~ arm * visit + baseline"
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
FAST = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 10_000)


def differences(data, **options):
    fit = mmrm(data, MODEL, subject="id", visit="visit", **options)
    found = fit.lsmeans(["arm", "visit"]).differences("arm", "control")
    return np.array([[e.estimate, e.se, e.df] for e in found])


@SLOW
@given(seeds)
def test_mmrm_ignores_row_order_and_participant_labels(seed):
    data = trial(n=40, seed=seed)
    base = differences(data)
    shuffled = data.sample(frac=1, random_state=seed)
    assert differences(shuffled) == pytest.approx(base, abs=0)  # same rows, same bytes
    renamed = data.assign(id=data.id.map(lambda p: str(7919 * int(p[1:]) % 10007)))
    assert differences(renamed) == pytest.approx(base, rel=1e-7)


@SLOW
@given(seeds)
def test_mmrm_contrasts_ignore_the_reference_level(seed):
    data = trial(n=40, seed=seed)
    moved = differences(data, reference={"arm": "treatment", "visit": "v2"})
    order = [1, 2, 0, 3]  # v2 first
    assert moved[order] == pytest.approx(differences(data), rel=1e-6)


@SLOW
@given(seeds, st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_mmrm_follows_linear_rescaling(seed, factor, shift):
    data = trial(n=40, seed=seed)
    base = differences(data)
    scaled = differences(data.assign(change=data.change * factor + shift))
    assert scaled[:, 0] == pytest.approx(base[:, 0] * factor, rel=1e-6, abs=1e-9 * factor)
    assert scaled[:, 1] == pytest.approx(base[:, 1] * factor, rel=1e-6)
    assert scaled[:, 2] == pytest.approx(base[:, 2], rel=1e-6)


@SLOW
@given(seeds)
def test_mmrm_on_complete_balanced_data_is_the_closed_form(seed):
    """Saturated and complete: differences of means, pooled variance, n - 2 df (Student)."""
    data = trial(n=30, seed=seed, missing=0.0)
    fit = mmrm(data, "change ~ arm * visit", subject="id", visit="visit")
    found = fit.lsmeans(["arm", "visit"]).differences("arm", "control")
    for visit, estimate in zip(fit.visits, found, strict=True):
        part = data[data.visit == visit]
        treated = part.loc[part.arm == "treatment", "change"]
        control = part.loc[part.arm == "control", "change"]
        t = stats.ttest_ind(treated, control)
        assert estimate.t == pytest.approx(t.statistic, rel=1e-7)
        assert estimate.df == pytest.approx(28, rel=1e-7)


@SLOW
@given(seeds)
def test_richer_structures_never_fit_worse(seed):
    """Nested structures: -2 log likelihood (ML) falls as parameters are added."""
    data = trial(n=50, seed=seed)
    chain = ["compound_symmetry", "toeplitz", "heterogeneous_toeplitz", "unstructured"]
    found = [
        mmrm(
            data, MODEL, subject="id", visit="visit", reml=False, fallback=(),
            covariance=name, df_method="satterthwaite",
        ).deviance
        for name in chain
    ]  # fmt: skip
    assert all(later <= earlier + 1e-7 for earlier, later in pairwise(found))


@SLOW
@given(seeds)
def test_mmrm_ends_at_a_flat_likelihood(seed):
    fit = mmrm(trial(n=40, seed=seed), MODEL, subject="id", visit="visit")
    assert fit.convergence.gradient < 1e-8


counts = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@FAST
@given(counts, st.sampled_from(["wilson", "clopper_pearson", "agresti_coull", "jeffreys"]))
def test_proportion_limits_hold_the_estimate_and_mirror(pair, method):
    count, n = pair
    found, mirrored = (proportion(x, n, method=method) for x in (count, n - count))
    assert 0 <= found.ci_lower <= found.estimate <= found.ci_upper <= 1
    assert found.ci_lower == pytest.approx(1 - mirrored.ci_upper, abs=1e-12)


@FAST
@given(counts)
def test_exact_limits_have_tail_probability_half_alpha(pair):
    count, n = pair
    found = proportion(count, n, method="clopper_pearson")
    if count > 0:
        assert stats.binom.sf(count - 1, n, found.ci_lower) == pytest.approx(0.025, abs=1e-10)
    if count < n:
        assert stats.binom.cdf(count, n, found.ci_upper) == pytest.approx(0.025, abs=1e-10)


@FAST
@given(counts, counts, st.sampled_from(["newcombe", "miettinen_nurminen", "mee"]))
def test_difference_limits_are_ordered_and_antisymmetric(first, second, method):
    one = proportion_difference(*first, *second, method=method)
    two = proportion_difference(*second, *first, method=method)
    assert -1 <= one.ci_lower <= one.estimate <= one.ci_upper <= 1
    assert one.ci_lower == pytest.approx(-two.ci_upper, abs=1e-9)


@FAST
@given(counts, counts)
def test_mee_limits_agree_with_pearsons_test(first, second):
    """The Mee interval holds 0 exactly when the uncorrected chi-square test does not reject."""
    found = proportion_difference(*first, *second, method="mee")
    if abs(found.p_value - 0.05) > 1e-6:
        assert (found.ci_lower <= 0 <= found.ci_upper) == (found.p_value > 0.05)


cells = st.integers(0, 40)


@FAST
@given(cells, cells, cells, cells)
def test_tango_limits_agree_with_mcnemars_test(a, b, c, d):
    """Tango's score at 0 is McNemar's statistic, so test and interval agree."""
    if a + b + c + d == 0:
        return
    found = paired_proportion_difference(a, b, c, d)
    assert -1 <= found.ci_lower <= found.estimate <= found.ci_upper <= 1
    p = mcnemar(b, c).p_value
    if abs(p - 0.05) > 1e-6:
        assert (found.ci_lower <= 0 <= found.ci_upper) == (p > 0.05)


@FAST
@given(st.integers(0, 200), st.floats(0.01, 1000))
def test_exact_rate_limits_have_tail_probability_half_alpha(events, exposure):
    found = poisson_rate(events, exposure, per=1.0)
    assert stats.poisson.cdf(events, found.ci_upper * exposure) == pytest.approx(0.025, abs=1e-9)
    if events:
        tail = stats.poisson.sf(events - 1, found.ci_lower * exposure)
        assert tail == pytest.approx(0.025, abs=1e-9)


@FAST
@given(st.integers(0, 50), st.floats(0.1, 500), st.integers(0, 50), st.floats(0.1, 500))
def test_rate_difference_is_antisymmetric_and_agrees_with_its_test(x1, t1, x2, t2):
    one, two = rate_difference(x1, t1, x2, t2), rate_difference(x2, t2, x1, t1)
    scale = abs(one.ci_lower) + abs(one.ci_upper)
    assert one.ci_lower == pytest.approx(-two.ci_upper, rel=1e-7, abs=1e-9 * scale)
    assert one.ci_lower <= one.estimate <= one.ci_upper
    if abs(one.p_value - 0.05) > 1e-5:
        assert (one.ci_lower <= 0 <= one.ci_upper) == (one.p_value > 0.05)


numbers = st.lists(st.floats(-100, 100), min_size=3, max_size=30)


@FAST
@given(numbers, st.floats(-50, 50))
def test_paired_change_moves_with_a_shift(values, shift):
    baseline = np.linspace(0, 1, len(values))
    one = paired_change(baseline, baseline + values)
    two = paired_change(baseline, baseline + values + shift)
    assert two.mean == pytest.approx(one.mean + shift, abs=1e-9)
    assert two.ci_upper - two.ci_lower == pytest.approx(one.ci_upper - one.ci_lower, abs=1e-8)


@FAST
@given(st.lists(st.floats(-10, 10), min_size=2, max_size=20), st.floats(5, 500))
def test_pooled_df_lies_between_its_bounds(estimates, complete):
    found = pool(estimates, [1.0] * len(estimates), df_complete=complete)
    rubin = pool(estimates, [1.0] * len(estimates), df_rule="rubin_1987")
    assert 0 <= found.df <= min(complete, rubin.df) + 1e-9
    assert found.total >= found.within
    assert np.isfinite([found.p_value, found.ci_lower, found.missing_information]).all()


@FAST
@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=40),
    st.sampled_from(["log_log", "log", "plain"]),
)
def test_survival_falls_and_equals_the_product_limit(pairs, limits):
    time, event = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    curve = kaplan_meier(time, event, limits=limits)
    assert (np.diff(curve.survival) <= 0).all()
    known = np.isfinite(curve.ci_lower)
    assert (known == np.isfinite(curve.ci_upper)).all()
    unknown = (curve.survival == 0) | ((curve.survival == 1) & (limits == "log_log"))
    assert (~known == unknown).all()
    assert (curve.ci_lower[known] <= curve.survival[known]).all()
    assert (curve.survival[known] <= curve.ci_upper[known]).all()
    expected = 1.0
    for t in np.unique(time):
        expected *= 1 - (event & (time == t)).sum() / (time >= t).sum()
        assert curve.at(float(t))[0] == pytest.approx(expected, abs=1e-12)


@SLOW
@given(seeds, st.sampled_from(["mar", "j2r", "cr", "cir"]))
def test_imputation_keeps_what_was_seen_and_repeats_with_its_seed(seed, strategy):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(60, 3)).cumsum(axis=1)
    table[rng.random(table.shape) < 0.2] = np.nan
    arm = np.arange(60) % 2
    options = {
        "imputations": 4, "seed": seed, "arm": arm, "reference": 0, "strategy": strategy,
        "burn_in": 5, "thin": 2,
    }  # fmt: skip
    one, two = impute(table, **options), impute(table, **options)
    assert (one.completed == two.completed).all()
    seen = ~np.isnan(table)
    assert (one.completed[:, seen] == table[seen]).all()
    assert np.isfinite(one.completed).all()
    assert one.completed[:, ~seen].std() > 0
