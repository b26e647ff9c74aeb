"""Figures recomputed from published figures, against hand calculations."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from multifidus.base.errors import LiteratureError
from multifidus.literature.consistency.recompute import METHODS, recompute_figures
from multifidus.literature.record.claims import load_literature

_LITERATURE = load_literature(Path(__file__).parents[2] / "literature")


@pytest.fixture(scope="module")
def recomputed() -> dict[str, dict[str, float]]:
    frame = recompute_figures(_LITERATURE.claims, _LITERATURE.recomputations)
    return frame.set_index("recomputation_id").to_dict("index")


@pytest.mark.parametrize(
    ("name", "expected", "tolerance"),
    [
        # 100 x 103/146, 15/146, 124/146 by hand.
        ("impact_high_baseline", 70.548, 0.001),
        ("impact_high_y2", 10.274, 0.001),
        ("impact_low_or_none_y2", 84.932, 0.001),
        # p +- 1.96 sqrt(p (1 - p)/155) by hand for 128, 111 and 103.
        ("nice_vas_ge30_wald_lower", 76.61, 0.01),
        ("nice_vas_ge30_wald_upper", 88.55, 0.01),
        ("nice_vas_ge50_wald_lower", 64.51, 0.01),
        ("nice_vas_ge50_wald_upper", 78.71, 0.01),
        ("nice_vas_le25_wald_lower", 59.02, 0.01),
        ("nice_vas_le25_wald_upper", 73.88, 0.01),
        # SE = sqrt(57.1 x 42.9/102 + 46.6 x 53.4/102) = 6.958; 10.5 +- 13.64; z = 1.509.
        ("primary_difference", 10.5, 1e-9),
        ("primary_difference_lower", -3.14, 0.01),
        ("primary_difference_upper", 24.14, 0.01),
        ("primary_p", 0.131, 0.0005),
        # -0.9 +- 1.972 x 0.3923.
        ("vas_difference_d120_lower", -1.674, 0.001),
        ("vas_difference_d120_upper", -0.126, 0.001),
        # 43 % of 60 min on 365.25 days = 157.06 h; 1106 of 1826.25 h = 60.6 %.
        ("derived_utilisation_hours_year2", 157.0575, 1e-6),
        ("derived_pmcf_utilisation_y5", 60.561, 0.001),
        # (5.3 - 4.5)/(2 x t(125) = 3.958) = 0.202, x sqrt(126) = 2.27; 2.7/1.979 x 11.225 = 15.3.
        ("derived_vas_change_y5_se", 0.2021, 0.0002),
        ("derived_vas_change_y5_sd", 2.269, 0.002),
        ("derived_eq5d_change_y5_sd", 0.2042, 0.0002),
        ("derived_odi_change_y5_sd", 15.31, 0.01),
        ("derived_attended_share_y5", 61.765, 0.001),
    ],
)
def test_recomputed_figures(
    recomputed: dict[str, dict[str, float]], name: str, expected: float, tolerance: float
) -> None:
    assert recomputed[name]["value"] == pytest.approx(expected, abs=tolerance)


def test_rounding_of_the_inputs_is_carried_along(
    recomputed: dict[str, dict[str, float]],
) -> None:
    """Two shares rounded to 0.05 points differ by 10.5 give or take 0.1."""
    found = recomputed["primary_difference"]
    assert (found["low"], found["high"]) == pytest.approx((10.4, 10.6))
    exact = recomputed["impact_high_y2"]
    assert exact["low"] == exact["value"] == exact["high"]


def test_sd_from_ci_turns_a_t_interval_back() -> None:
    """SD 2 in 9: SE 2/3, t(8) = 2.306004, so limits 10 -+ 1.537336."""
    claims = pd.DataFrame(
        {
            "claim_id": ["m"],
            "value_printed": ["10.000000"],
            "ci_lower_printed": ["8.462664"],
            "ci_upper_printed": ["11.537336"],
            "n_printed": [9],
            "count_printed": [pd.NA],
            "value": [10.0],
            "statistic": ["mean"],
        }
    )
    row = {"claim_id": "", "part": "value", "unit": "", "note": ""}
    declared = pd.DataFrame(
        [
            row | {"recomputation_id": "a", "method": "sd_from_ci", "arguments": _LIMITS},
            row | {"recomputation_id": "b", "method": "sd_from_arm", "arguments": _ARM},
            row | {"recomputation_id": "c", "method": "p_from_ci", "arguments": _ARM},
        ]
    )
    values = recompute_figures(claims, declared)["value"].tolist()
    assert values[:2] == pytest.approx([2.0, 2.0], abs=1e-5)
    # t = 10/(2/3) = 15 on 8 df: p = 3.85e-7 (R: 2 * pt(-15, 8)).
    assert math.isclose(values[2], 3.85e-7, rel_tol=0.01)


_LIMITS = "m#ci_lower;m#ci_upper;m#n"
_ARM = "m;m#ci_lower;m#n"


@pytest.mark.parametrize(
    ("method", "arguments", "said"),
    [
        ("cube", "nice_vas_ge30_y2", "'cube'"),
        ("percent", "nice_vas_ge30_y2", "other arguments"),
        ("percent", "nobody;nice_vas_ge30_y2#n", "names no claim"),
        ("percent", "nice_vas_ge70_y2#count;nice_vas_ge70_y2#n", "is not printed"),
        ("percent", "nice_vas_ge70_y2#page;nice_vas_ge70_y2#n", "is not printed"),
    ],
)
def test_wrong_declarations_are_refused(method: str, arguments: str, said: str) -> None:
    row = {"recomputation_id": "x", "claim_id": "", "part": "value", "unit": "", "note": ""}
    declared = pd.DataFrame([row | {"method": method, "arguments": arguments}])
    with pytest.raises(LiteratureError, match=said) as caught:
        recompute_figures(_LITERATURE.claims, declared)
    assert caught.value.error_id == "LIT-009"
    assert "row 2" in caught.value.message


def test_every_declared_method_exists() -> None:
    assert set(_LITERATURE.recomputations["method"]) <= set(METHODS)
