"""The design matrix: factors, levels, order, formulas."""

import numpy as np
import pandas as pd
import pytest

from multifidus.base.errors import StatisticsError
from multifidus.stats.examples import trial
from multifidus.stats.mmrm.design import build_design
from multifidus.stats.mmrm.model import mmrm


def fit(data, formula, **options):
    return mmrm(data, formula, subject="id", visit="visit", **options)


def test_reference_is_first_category_else_first_in_order():
    data = trial()
    assert build_design(data, "change ~ arm", subject="id", visit="visit").columns[1] == (
        "arm[T.treatment]"
    )
    listed = pd.Categorical(data.arm, categories=["unused", "treatment", "control"])
    design = build_design(data.assign(arm=listed), "change ~ arm", subject="id", visit="visit")
    assert design.levels["arm"] == ("treatment", "control")
    design = build_design(
        data, "change ~ arm", subject="id", visit="visit", reference={"arm": "treatment"}
    )
    assert design.columns[1] == "arm[T.control]"


def test_visit_order_rules_the_covariance_and_the_factor():
    data = trial().replace({"visit": {"v0": "d120", "v1": "m6", "v2": "y1", "v3": "y10"}})
    found = fit(data, "change ~ visit", visit_order=["m6", "d120", "y10", "y1"])
    assert found.visits == ("m6", "d120", "y10", "y1")
    assert found.design.levels["visit"] == ("m6", "d120", "y10", "y1")


def test_numeric_factor_by_c_equals_text_factor():
    data = trial()
    numbers = data.assign(visit=data.visit.str[1:].astype(int))
    one = fit(numbers, "change ~ arm * C(visit) + baseline").type3()
    two = fit(data, "change ~ arm * visit + baseline").type3()
    assert [t.f for t in one] == pytest.approx([t.f for t in two], rel=1e-9)


def test_numbered_visits_are_a_factor_and_numbered_subjects_are_told_apart():
    data = trial()
    numbers = data.assign(visit=data.visit.str[1:].astype(int), id=data.id.str[1:].astype(int))
    plain = fit(data, "change ~ arm * visit + baseline").deviance
    found = fit(numbers, "change ~ arm * visit + baseline")
    assert found.deviance == pytest.approx(plain, rel=1e-12)
    mixed = numbers.assign(id=[i if i else "1" for i in numbers.id])  # 1 and "1" are two people
    assert fit(mixed, "change ~ arm * visit + baseline").participants == found.participants


def test_own_contrasts_are_refused_in_type_3_only():
    found = fit(trial(), "change ~ C(arm, contr.sum) * visit")
    assert np.isfinite(found.deviance)
    with pytest.raises(StatisticsError) as caught:
        found.type3()
    assert caught.value.error_id == "STA-120"


@pytest.mark.parametrize("term", ["np.log(baseline)", "center(baseline)", "I(baseline**2)"])
def test_functions_of_covariates_drop_their_missing_values(term):
    data = trial(missing=0.0)
    data.loc[:3, "baseline"] = np.nan
    found = fit(data, f"change ~ arm * visit + {term}")
    assert found.rows_without_covariate == 4
    means = found.lsmeans(["arm", "visit"])
    assert len(means.estimates) == 8


def test_centring_a_covariate_leaves_means_and_likelihood_alone():
    plain = fit(trial(), "change ~ arm * visit + baseline")
    centred = fit(trial(), "change ~ arm * visit + center(baseline)")
    assert centred.deviance == pytest.approx(plain.deviance, abs=1e-7)
    one, two = (f.lsmeans(["arm", "visit"]).table().estimate for f in (plain, centred))
    assert one.to_numpy() == pytest.approx(two.to_numpy(), rel=1e-7)


def test_means_at_a_covariate_value_move_with_its_slope():
    found = fit(trial(), "change ~ arm * visit + baseline")
    low, high = (found.lsmeans("arm", at={"baseline": b}).estimates[0] for b in (60, 70))
    assert high.estimate - low.estimate == pytest.approx(
        10 * found.coefficients[found.design.columns.index("baseline")].estimate, rel=1e-9
    )


def test_boolean_and_site_factors():
    data = trial()
    data["high"] = data.baseline > 70
    found = fit(data, "change ~ visit + high")
    assert found.design.levels["high"] == (False, True)
    assert found.coefficients[-1].label == "high[T.True]"


def test_average_difference_is_the_mean_of_differences():
    means = fit(trial(), "change ~ arm * visit + baseline").lsmeans(["arm", "visit"])
    each = means.differences("arm", "control")
    average = means.differences("arm", "control", average=True)
    assert len(average) == 1
    assert average[0].estimate == pytest.approx(np.mean([e.estimate for e in each]), rel=1e-9)
    by_hand = means.contrast([-0.25] * 4 + [0.25] * 4)
    assert (average[0].se, average[0].df) == pytest.approx((by_hand.se, by_hand.df), rel=1e-9)
