"""Multiple imputation: posterior draws, strategies, delta adjustment, tipping point."""

import numpy as np
import pytest
from scipy import stats

from multifidus.stats.imputation.analysis import (
    add_delta,
    compare_responders,
    regress_imputations,
    tipping_point,
)
from multifidus.stats.imputation.multiple import impute
from multifidus.stats.imputation.single import (
    baseline_carried_forward,
    last_observation_carried_forward,
    non_responder_imputation,
)
from multifidus.stats.pooling import pool

NAN = float("nan")


@pytest.fixture(scope="module")
def dropouts():
    """Two arms of 100, three visits; a third leave after the first or second visit."""
    rng = np.random.default_rng(3)
    n = 200
    arm = np.arange(n) % 2
    table = rng.multivariate_normal([0, 0, 0], 4 * (0.5 + 0.5 * np.eye(3)), n)
    table += arm[:, None] * np.array([-2.0, -4.0, -6.0])
    leave = rng.integers(1, 6, n)
    for visit in (1, 2):
        table[leave <= visit, visit] = NAN
    table[leave == 1, 1:] = NAN
    return table, arm


def test_one_visit_posterior_is_the_t_distribution():
    """y2 given y1 by simple regression: the posterior predictive of a missing y2 is Student's t
    with n - 2 df about the fitted line (Gelman et al. 2013, section 14.2)."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=20)
    y = 1 + 2 * x + rng.normal(size=20)
    table = np.column_stack([np.append(x, 1.5), np.append(y, NAN)])
    drawn = impute(table, imputations=4000, seed=5).completed[:, -1, 1]
    design = np.column_stack([np.ones(20), x])
    beta, rss, *_ = np.linalg.lstsq(design, y, rcond=None)
    point = np.array([1.0, 1.5])
    leverage = point @ np.linalg.inv(design.T @ design) @ point
    scale = np.sqrt(rss[0] / 18 * (1 + leverage))
    assert stats.kstest((drawn - point @ beta) / scale, stats.t(18).cdf).pvalue > 0.001


def test_gaps_are_drawn_given_both_neighbours():
    """A gap between seen visits: its mean follows the regression on both sides."""
    rng = np.random.default_rng(9)
    n = 2000
    sigma = np.array([[1, 0.8, 0.6], [0.8, 1, 0.8], [0.6, 0.8, 1]])
    table = rng.multivariate_normal([0, 0, 0], sigma, n)
    table[:, 1][rng.random(n) < 0.1] = NAN
    table[0] = [2.0, NAN, 1.0]
    drawn = impute(table, imputations=400, seed=2, burn_in=20, thin=3).completed[:, 0, 1]
    weights = np.linalg.solve(sigma[np.ix_([0, 2], [0, 2])], sigma[[0, 2], 1])
    expected = weights @ [2.0, 1.0]
    spread = np.sqrt(1 - sigma[1, [0, 2]] @ weights)
    assert drawn.mean() == pytest.approx(expected, abs=4 * spread / np.sqrt(400) + 0.05)
    assert drawn.std() == pytest.approx(spread, rel=0.15)


def _arm_mean(dropouts, strategy, imputations=300):
    table, arm = dropouts
    drawn = impute(
        table, imputations=imputations, seed=1, arm=arm, reference=0, strategy=strategy
    ).completed
    return drawn[:, arm == 1, 2].mean()


def test_a_jump_to_baseline_is_the_regression_moved_to_the_mean_at_baseline():
    """Return to baseline in the sense of Qu and Dai (2021, arXiv:2111.09423).

    With y1 seen by all, y2 = g + b z + a y1 + e. The marginal mean of y2 at z is m2(z) = g + b z +
    a m1(z); moved to the mean ``level`` over all participants it is level + m2(z) - mean of m2, and
    a missing y2 is drawn about that plus a (y1 - m1(z)). All coefficients by plain least squares.
    """
    rng = np.random.default_rng(21)
    n, level = 300, 7.0
    z = rng.normal(7, 1, n)
    y1 = 1 + 0.5 * z + rng.normal(0, 1, n)
    y2 = 0.5 + 0.2 * z + 0.6 * y1 + rng.normal(0, 1, n)
    gone = rng.random(n) < 0.4
    table = np.column_stack([y1, np.where(gone, NAN, y2)])
    drawn = impute(table, z, imputations=1000, seed=4, strategy="j2b", level=level)
    one = np.column_stack([np.ones(n), z])
    first = one @ np.linalg.lstsq(one, y1, rcond=None)[0]
    two = np.column_stack([one, y1])[~gone]
    g, b, a = np.linalg.lstsq(two, y2[~gone], rcond=None)[0]
    second = g + b * z + a * first
    expected = level + second - second.mean() + a * (y1 - first)
    found = drawn.completed[:, gone, 1].mean(axis=0)
    assert found == pytest.approx(expected[gone], abs=0.25)
    assert found.mean() == pytest.approx(expected[gone].mean(), abs=0.03)
    assert "jump to baseline" in drawn.method
    assert drawn.completed[0, ~gone, 1] == pytest.approx(y2[~gone], abs=0)


def test_whoever_was_never_seen_has_no_mean_change_after_a_jump_to_baseline(dropouts):
    """Participants never seen keep nothing of their own: they are drawn about the level."""
    table = np.vstack([dropouts[0], np.full((400, 3), NAN)])
    drawn = impute(table, imputations=200, seed=6, strategy="j2b", level=5.0).completed[:, 200:]
    assert drawn.mean(axis=(0, 1)) == pytest.approx([5.0, 5.0, 5.0], abs=0.1)


def test_strategies_are_ordered_as_their_definitions(dropouts):
    """The active arm is better (lower): MAR < CIR < J2R, and the reference arm does not move."""
    mar, cir, j2r = (_arm_mean(dropouts, s) for s in ("mar", "cir", "j2r"))
    assert mar < cir < j2r


def test_jump_to_reference_equals_its_closed_form(dropouts):
    """J2R by hand: mean of the completed active arm at the last visit from the fitted model.

    Under J2R a dropout's expected last value is the reference mean plus the regression of its
    residuals up to dropout; with monotone data those regressions are least squares.
    """
    table, arm = dropouts
    z = np.column_stack([np.ones(len(table)), arm])

    def regress(visit, rows):
        design = np.column_stack([z, table[:, :visit]])[rows]
        return np.linalg.lstsq(design, table[rows, visit], rcond=None)[0]

    seen = ~np.isnan(table)
    b0, b1, b2 = (regress(v, seen[:, v]) for v in range(3))
    means = []
    for group in (0, 1):
        m0 = b0[0] + b0[1] * group
        m1 = b1[0] + b1[1] * group + b1[2] * m0
        means.append((m0, m1, b2[0] + b2[1] * group + b2[2] * m0 + b2[3] * m1))
    total = []
    for row in table[arm == 1]:
        if not np.isnan(row[2]):
            total.append(row[2])
        elif not np.isnan(row[1]):
            total.append(
                means[0][2] + b2[2] * (row[0] - means[1][0]) + b2[3] * (row[1] - means[1][1])
            )
        else:
            off = b1[2] * (row[0] - means[1][0])
            total.append(means[0][2] + b2[2] * (row[0] - means[1][0]) + b2[3] * off)
    assert _arm_mean(dropouts, "j2r", 2000) == pytest.approx(np.mean(total), abs=0.03)


def test_each_participant_may_have_a_strategy(dropouts):
    table, arm = dropouts
    each = ["j2r" if a else "mar" for a in arm]
    options = {"imputations": 20, "seed": 1, "arm": arm, "reference": 0}
    mixed = impute(table, strategy=each, **options).completed
    jumped = impute(table, strategy="j2r", **options).completed
    assert (mixed == jumped).all()  # MAR and J2R are one for the reference arm itself


def test_seeds_name_generator_and_draw(dropouts):
    table, arm = dropouts
    few, many = (impute(table, imputations=k, seed=6, arm=arm) for k in (3, 10))
    assert (few.completed == many.completed[:3]).all()
    assert [(s.seed, s.chain, s.draw) for s in few.seeds] == [(6, 0, 0), (6, 1, 0), (6, 2, 0)]


def test_delta_shifts_imputed_values_only(dropouts):
    table, arm = dropouts
    drawn = impute(table, imputations=2, seed=1, arm=arm)
    moved = add_delta(drawn, [0.0, 1.0, 2.0], rows=arm == 1)
    change = moved - drawn.completed
    assert (change[:, ~drawn.imputed] == 0).all()
    assert (change[:, arm == 0] == 0).all()
    last = drawn.imputed[:, 2] & (arm == 1)
    assert change[:, last, 2] == pytest.approx(2.0)


def test_tipping_point_lies_where_p_is_alpha(dropouts):
    table, arm = dropouts
    drawn = impute(table, imputations=50, seed=1, arm=arm)
    design = np.column_stack([np.ones(len(arm)), arm])

    def analysis(completed):
        return regress_imputations(completed[:, :, 2], design, [0.0, 1.0])

    found = tipping_point(drawn, analysis, np.arange(0, 31, 3), rows=arm == 1)
    shifted = analysis(add_delta(drawn, found.delta, arm == 1))
    assert pool(*shifted[:2], df_complete=shifted[2]).p_value == pytest.approx(0.05, abs=1e-6)
    assert 0 < found.delta < 30


def test_regression_of_many_imputations_equals_one_by_one():
    rng = np.random.default_rng(1)
    y = rng.normal(size=(3, 20))
    x = np.column_stack([np.ones(20), rng.normal(size=20)])
    estimates, variances, df = regress_imputations(y, x, [0.0, 1.0])
    for row, estimate, variance in zip(y, estimates, variances, strict=True):
        fit = stats.linregress(x[:, 1], row)
        assert (estimate, variance) == pytest.approx((fit.slope, fit.stderr**2), rel=1e-10)
    assert df == 18


def test_responders_of_imputed_outcomes_by_hand():
    """2 of 4 against 1 of 4: difference 0.25, variance 0.25/4 + 0.1875/4."""
    responders = np.array([[1, 1, 0, 0, 1, 0, 0, 0]], dtype=bool)
    estimate, variance, df = compare_responders(responders, np.arange(8) < 4)
    assert (estimate[0], variance[0], df) == (0.25, 0.25 / 4 + 0.1875 / 4, np.inf)


def test_single_imputation_rules_by_hand():
    table = np.array([[1.0, NAN, 3.0], [NAN, NAN, NAN], [4.0, 5.0, NAN]])
    start = np.array([9.0, 8.0, 7.0])
    assert baseline_carried_forward(table, start).tolist() == [[1, 9, 3], [8, 8, 8], [4, 5, 7]]
    carried = last_observation_carried_forward(table, start)
    assert carried.tolist() == [[1, 1, 3], [8, 8, 8], [4, 5, 5]]
    assert non_responder_imputation([1, NAN, 0]).tolist() == [True, False, False]
