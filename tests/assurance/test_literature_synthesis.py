"""Random-effects estimators against published worked examples and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from multifidus.literature.synthesis.estimators import Estimator, meta_regression, pool_effects

# Colditz et al. 1994, 13 BCG trials, as in metafor's dat.bcg: cases and others, vaccinated and not.
_BCG = np.array(
    [
        (4, 119, 11, 128, 44),
        (6, 300, 29, 274, 55),
        (3, 228, 11, 209, 42),
        (62, 13536, 248, 12619, 52),
        (33, 5036, 47, 5761, 13),
        (180, 1361, 372, 1079, 44),
        (8, 2537, 10, 619, 19),
        (505, 87886, 499, 87892, 13),
        (29, 7470, 45, 7232, 27),
        (17, 1699, 65, 1600, 42),
        (186, 50448, 141, 27197, 18),
        (5, 2493, 3, 2338, 33),
        (27, 16886, 29, 17825, 33),
    ],
    dtype=float,
)
_A, _B, _C, _D, _LATITUDE = _BCG.T
_Y = np.log(_A / (_A + _B)) - np.log(_C / (_C + _D))
_SE = np.sqrt(1 / _A - 1 / (_A + _B) + 1 / _C - 1 / (_C + _D))


def test_reml_equals_the_published_bcg_example() -> None:
    """metafor, rma(yi, vi) on dat.bcg (Viechtbauer 2010, J Stat Softw 36(3), section 3)."""
    fit = pool_effects(_Y, _SE, test="wald")
    assert fit.tau2 == pytest.approx(0.3132, abs=5e-5)
    assert fit.estimate[0] == pytest.approx(-0.7145, abs=5e-5)
    assert fit.se[0] == pytest.approx(0.1798, abs=5e-5)
    assert (fit.lower[0], fit.upper[0]) == pytest.approx((-1.0669, -0.3622), abs=5e-5)
    assert fit.i2 == pytest.approx(92.22, abs=5e-3)
    assert fit.q == pytest.approx(152.2330, abs=5e-5)


def test_meta_regression_equals_the_published_bcg_example() -> None:
    """metafor, rma(yi, vi, mods = ~ ablat) on dat.bcg: absolute latitude as moderator."""
    fit = meta_regression(_Y, _SE, _LATITUDE, test="wald")
    assert fit.tau2 == pytest.approx(0.0764, abs=1e-4)  # its Fisher scoring stops at 1e-5
    assert fit.estimate == pytest.approx([0.2515, -0.0291], abs=5e-5)
    assert fit.se == pytest.approx([0.2491, 0.0072], abs=5e-5)


@pytest.mark.parametrize(("estimator", "method"), [("dl", "chi2"), ("pm", "iterated")])
def test_estimators_equal_statsmodels(estimator: Estimator, method: str) -> None:
    """Mean, variance and Hartung-Knapp error by statsmodels' own code, to 1e-8."""
    other = combine_effects(_Y, _SE**2, method_re=method, use_t=True, atol=1e-14)
    fit = pool_effects(_Y, _SE, estimator=estimator)
    wald = pool_effects(_Y, _SE, estimator=estimator, test="wald")
    assert fit.tau2 == pytest.approx(other.tau2, abs=1e-8)
    assert fit.estimate[0] == pytest.approx(other.mean_effect_re, abs=1e-8)
    assert fit.se[0] == pytest.approx(other.sd_eff_w_re_hksj, abs=1e-8)
    assert wald.se[0] == pytest.approx(other.sd_eff_w_re, abs=1e-8)
    assert fit.q == pytest.approx(other.q, abs=1e-8)


def test_equal_errors_have_a_closed_form() -> None:
    """With one common error s, REML gives var(y) - s^2 and Knapp-Hartung the t interval."""
    y, s = np.array([1.0, 2.0, 4.0, 9.0]), 0.5
    for estimator in ("reml", "dl", "pm"):
        fit = pool_effects(y, np.full(4, s), estimator=estimator)
        assert fit.tau2 == pytest.approx(np.var(y, ddof=1) - s**2, abs=1e-10)
        assert fit.se[0] == pytest.approx(np.std(y, ddof=1) / 2, abs=1e-10)


@pytest.mark.parametrize(
    ("effects", "errors"), [([1.0], [1.0]), ([1.0, 2.0], [1.0, 0.0]), ([1.0, 2.0], [1.0, np.nan])]
)
def test_what_cannot_be_pooled_is_refused(effects: list[float], errors: list[float]) -> None:
    with pytest.raises(ValueError, match=r"studies|standard error"):
        pool_effects(effects, errors)
