"""The mixed model against SAS and R listings and against closed forms."""

import numpy as np
import pytest
from scipy import stats

from multifidus.stats.examples import growth, trial
from multifidus.stats.mmrm.model import mmrm

KEYS = {"subject": "child", "visit": "occasion", "reference": {"sex": "M"}}


def test_growth_data_equal_sas_proc_mixed_unstructured():
    """SAS PROC MIXED documentation, "Repeated Measures", method=ML type=UN: -2 log L 419.5.

    Solution: Intercept 15.8423 (0.9356), F 1.5831 (1.4658), Age 0.8268 (0.07911), Age*F -0.3504
    (0.1239); UN(1,1) 5.1192, UN(2,1) 2.4409, UN(2,2) 3.9279, UN(3,1) 3.6105, UN(3,2) 2.7175,
    UN(3,3) 5.9798, UN(4,1) 2.5222, UN(4,2) 3.0624, UN(4,3) 3.8235, UN(4,4) 4.6180.
    """
    fit = mmrm(growth(), "distance ~ sex * age", reml=False, df_method="satterthwaite", **KEYS)
    assert round(fit.deviance, 1) == 419.5
    assert [round(c.estimate, 4) for c in fit.coefficients] == [15.8423, 1.5831, 0.8268, -0.3504]
    assert [round(c.se, 4) for c in fit.coefficients] == [0.9356, 1.4658, 0.0791, 0.1239]
    printed = [5.1192, 2.4409, 3.9279, 3.6105, 2.7175, 5.9798, 2.5222, 3.0624, 3.8235, 4.6180]
    # one unit of the last printed digit: SAS stops before the likelihood is flat to rounding
    assert fit.covariance[np.tril_indices(4)] == pytest.approx(printed, abs=1e-4)


def test_growth_data_equal_pinheiro_and_bates_and_pbkrtest():
    """Random intercepts = compound symmetry: REML variances 3.2986 and 1.9221, -2 log L 433.757.

    R lme4/pbkrtest (Debian 12): vcovAdj standard errors 0.9813122, 1.5374208, 0.0775011,
    0.1214209; KRmodcomp F = 6.3027, ddf = 79 for the interaction and F = 64.376, ddf = 79 for age
    and interaction together.
    """
    fit = mmrm(growth(), "distance ~ sex * age", covariance="compound_symmetry", **KEYS)
    assert round(fit.deviance, 7) == 433.7572492
    assert fit.covariance_parameters == pytest.approx(
        {"covariance": 3.2986341, "residual": 1.9220548}, abs=5e-7
    )
    assert [c.se for c in fit.coefficients] == pytest.approx(
        [0.9813122, 1.5374208, 0.0775011, 0.1214209], abs=5e-7
    )
    both = fit.f_test([[0, 0, 1, 0], [0, 0, 0, 1]])
    assert (round(both.f, 3), round(both.denominator_df, 6)) == (64.376, 79)
    single = fit.f_test([0, 0, 0, 1])
    assert (round(single.f, 4), round(single.denominator_df, 6)) == (6.3027, 79)


def _wide(frame, value, key, level):
    return frame.pivot_table(index=key, columns=level, values=value).to_numpy()


def test_complete_data_equal_hotelling():
    """Complete data, two groups: Kenward-Roger is exact and equals Hotelling's T squared.

    Profile test by hand: contrasts of the occasions in each group, pooled covariance S,
    T^2 = (n1 n2/(n1+n2)) d' S^-1 d, F = (N - 2 - q + 1)/(q (N - 2)) T^2 on (q, N - q - 1) df
    (Anderson 2003, section 5.3).
    """
    data = growth()
    fit = mmrm(data, "distance ~ sex * occasion", subject="child", visit="occasion")
    girls = _wide(data[data.sex == "F"], "distance", "child", "occasion")
    boys = _wide(data[data.sex == "M"], "distance", "child", "occasion")
    c = np.diff(np.eye(4), axis=0)
    d = c @ (boys.mean(axis=0) - girls.mean(axis=0))
    n1, n2, q = len(girls), len(boys), 3
    pooled = ((n1 - 1) * np.cov(girls.T) + (n2 - 1) * np.cov(boys.T)) / (n1 + n2 - 2)
    t2 = n1 * n2 / (n1 + n2) * d @ np.linalg.solve(c @ pooled @ c.T, d)
    f = (n1 + n2 - 2 - q + 1) / (q * (n1 + n2 - 2)) * t2
    interaction = fit.type3()[2]
    assert interaction.f == pytest.approx(f, rel=1e-9)
    assert interaction.denominator_df == pytest.approx(n1 + n2 - q - 1, abs=1e-7)
    assert fit.covariance == pytest.approx(pooled, rel=1e-9)


def test_complete_data_equal_two_sample_t_at_each_visit():
    """Unstructured, saturated, complete: each visit's difference is Student's pooled t test."""
    data = growth()
    fit = mmrm(data, "distance ~ sex * occasion", subject="child", visit="occasion")
    differences = fit.lsmeans(["sex", "occasion"]).differences("sex", "F")
    for difference, occasion in zip(differences, "1234", strict=True):
        part = data[data.occasion == occasion]
        boys = part.loc[part.sex == "M", "distance"]
        girls = part.loc[part.sex == "F", "distance"]
        t = stats.ttest_ind(boys, girls)
        assert difference.t == pytest.approx(t.statistic, rel=1e-9)
        assert difference.df == pytest.approx(25, abs=1e-7)
        assert difference.p_value == pytest.approx(t.pvalue, rel=1e-8)


def test_one_visit_equals_analysis_of_covariance():
    """With one visit the model is ordinary least squares (numpy, n - p df)."""
    data = trial(m=3)
    data = data[data.visit == "v1"]
    fit = mmrm(data, "change ~ arm + baseline", subject="id", visit="visit")
    used = data.dropna()
    x = np.column_stack([np.ones(len(used)), used.arm == "treatment", used.baseline]).astype(float)
    beta, rss, *_ = np.linalg.lstsq(x, used.change, rcond=None)
    variance = rss[0] / (len(used) - 3)
    se = np.sqrt(np.diag(variance * np.linalg.inv(x.T @ x)))
    assert [c.estimate for c in fit.coefficients] == pytest.approx(beta, rel=1e-9)
    assert [c.se for c in fit.coefficients] == pytest.approx(se, rel=1e-9)
    assert fit.coefficients[1].df == pytest.approx(len(used) - 3, rel=1e-9)


def test_least_squares_means_weights():
    """Equal weights average cells; proportional weights follow the rows (by hand on OLS means)."""
    data = growth().iloc[4:]  # drop one girl: 10 girls, 16 boys
    fit = mmrm(data, "distance ~ sex * occasion", subject="child", visit="occasion")
    cells = data.groupby(["occasion", "sex"])["distance"].mean().unstack()
    equal = [e.estimate for e in fit.lsmeans("occasion").estimates]
    weighted = [e.estimate for e in fit.lsmeans("occasion", weights="proportional").estimates]
    assert equal == pytest.approx(cells.mean(axis=1).to_numpy(), rel=1e-9)
    by_rows = (10 * cells["F"] + 16 * cells["M"]) / 26
    assert weighted == pytest.approx(by_rows.to_numpy(), rel=1e-9)


def test_type_3_does_not_depend_on_order_or_reference():
    """Type III hypotheses are about cell means, so the coding must not matter."""
    data = trial()
    keys = {"subject": "id", "visit": "visit"}
    one = mmrm(data, "change ~ arm * visit + baseline:visit", **keys).type3()
    two = mmrm(
        data,
        "change ~ baseline:visit + visit * arm",
        reference={"arm": "treatment", "visit": "v2"},
        **keys,
    ).type3()
    first = {"".join(sorted(t.label.split(":"))): (t.f, t.denominator_df) for t in one}
    second = {"".join(sorted(t.label.split(":"))): (t.f, t.denominator_df) for t in two}
    assert first.keys() == second.keys()
    for name, values in first.items():
        assert second[name] == pytest.approx(values, rel=1e-6)
