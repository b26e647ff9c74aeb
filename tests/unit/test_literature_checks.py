"""Arithmetic checks: each agrees where it should and can fail."""

from __future__ import annotations

import pandas as pd
import pytest

from multifidus.base.errors import LiteratureError
from multifidus.literature.consistency.checks import CHECK_IDS, check_claims, require_declared

_DIVERGENCES = pd.DataFrame({"divergence_id": ["known"], "check_id": ["ci_symmetric;parts_sum"]})


def _claim(claim_id: str, printed: str, **fields: object) -> dict[str, object]:
    base: dict[str, object] = {
        "claim_id": claim_id,
        "source": "paper",
        "study": "trial",
        "outcome": "vas",
        "visit": "y1",
        "population": "observed",
        "group": "all",
        "statistic": "mean",
        "value_printed": printed,
        "value": 0.0,
        "ci_lower_printed": "",
        "ci_upper_printed": "",
        "n_printed": pd.NA,
        "count_printed": pd.NA,
        "superseded_by": "",
        "declared_contradiction": "",
    }
    return base | fields


def _check(*claims: dict[str, object]) -> pd.DataFrame:
    return check_claims(pd.DataFrame(claims), _DIVERGENCES)


def _verdict(check_id: str, *claims: dict[str, object]) -> str:
    found = _check(*claims)
    rows = found[found["check"] == check_id]
    assert len(rows) == 1
    return str(rows["verdict"].iloc[0])


def _interval(value: str, lower: str, upper: str, **fields: object) -> dict[str, object]:
    return _claim("a", value, ci_lower_printed=lower, ci_upper_printed=upper, **fields)


def test_percent_from_count() -> None:
    """34/57 = 59.65 %, so 60 % agrees and 59 % does not (hand calculation)."""
    share = {"statistic": "percent", "n_printed": 57, "count_printed": 34}
    assert _verdict("percent_from_count", _claim("a", "60%", **share)) == "agrees"
    assert _verdict("percent_from_count", _claim("a", "59%", **share)) == "disagrees"


def test_counts_for_share() -> None:
    """95/156 = 60.9 %; 71.8 % is between 90/126 = 71.4 % and 91/126 = 72.2 %."""
    share = {"statistic": "percent"}
    assert _verdict("counts_for_share", _claim("a", "61%", n_printed=156, **share)) == "agrees"
    found = _check(_claim("a", "71.8%", n_printed=126, **share))
    assert list(found["verdict"]) == ["disagrees"]
    assert found["sentence"].iloc[0] == "No count of 126 gives 71.8%; 89 of 124 does."


def test_ci_symmetric() -> None:
    """-5.3 and -4.5 have -4.9 in their middle; -25.4 and -20.8 have -23.1, not -22.7."""
    assert _verdict("ci_symmetric", _interval("-4.9", "-5.3", "-4.5")) == "agrees"
    assert _verdict("ci_symmetric", _interval("-22.7", "-25.4", "-20.8")) == "disagrees"
    # A middle of -0.85 can belong to -0.9: all three figures are rounded.
    assert _verdict("ci_symmetric", _interval("-0.9", "-1.6", "-0.1")) == "agrees"


def test_t_interval_of_a_mean() -> None:
    """SD 15 in 100: half-width 15/10 x t(99) = 1.5 x 1.984 = 2.98."""
    mean = _interval("-20.0", "-23.0", "-17.0", n_printed=100)
    spread = _claim("b", "15.0", statistic="sd")
    assert _verdict("t_interval", mean, spread) == "agrees"
    wrong = _interval("-20.0", "-22.0", "-18.0", n_printed=100)
    assert _verdict("t_interval", wrong, spread) == "disagrees"


def test_t_interval_of_a_difference_takes_the_arms_sizes() -> None:
    """SDs 2.7 and 2.9 in 102 and 102: SE = sqrt((7.29 + 8.41)/102) = 0.392, half-width 0.77."""
    arms = [
        _claim(f"sd_{group}", sd, statistic="sd", group=group)
        for group, sd in (("treatment", "2.7"), ("control", "2.9"))
    ]
    sizes = [
        _claim(f"n_{group}", "102", outcome="participants", statistic="count", group=group)
        | {"value": 102.0, "visit": "overall"}
        for group in ("treatment", "control")
    ]
    contrast = {"statistic": "difference", "group": "treatment_vs_control"}
    right = _interval("-0.90", "-1.67", "-0.13", **contrast)
    wrong = _interval("-0.90", "-1.40", "-0.40", **contrast)
    assert _verdict("t_interval", right, *arms, *sizes) == "agrees"
    assert _verdict("t_interval", wrong, *arms, *sizes) == "disagrees"


def test_wald_interval() -> None:
    """111/155: 71.61 +- 1.96 x 3.62 = 64.5 to 78.7; Wilson's 64.0 to 78.1 does not match."""
    share = {"statistic": "percent", "n_printed": 155, "count_printed": 111}
    assert _verdict("wald_interval", _interval("71.6%", "64.5", "78.7", **share)) == "agrees"
    assert _verdict("wald_interval", _interval("71.6%", "64.0", "78.1", **share)) == "disagrees"


def test_change_is_difference() -> None:
    """0.807 - 0.585 = 0.222; 16.5 - 39.1 = -22.6, which rounding lets be -22.7."""
    levels = [_claim("b", "0.585", visit="baseline"), _claim("c", "0.807")]
    change = {"outcome": "vas_change"}
    assert _verdict("change_is_difference", _claim("a", "0.222", **change), *levels) == "agrees"
    assert _verdict("change_is_difference", _claim("a", "0.231", **change), *levels) == "disagrees"
    levels = [_claim("b", "39.1", visit="baseline"), _claim("c", "16.5")]
    assert _verdict("change_is_difference", _claim("a", "-22.7", **change), *levels) == "agrees"


def test_difference_between_arms() -> None:
    """57.1 - 46.6 = 10.5; 10.4 is within the rounding of three figures, 10.2 is not."""
    arms = [
        _claim(f"arm_{group}", share, statistic="percent", group=group)
        for group, share in (("treatment", "57.1%"), ("control", "46.6%"))
    ]
    contrast = {"statistic": "difference", "group": "treatment_vs_control"}
    assert _verdict("difference_between_arms", _claim("a", "10.4%", **contrast), *arms) == "agrees"
    wrong = _claim("a", "10.2%", **contrast)
    assert _verdict("difference_between_arms", wrong, *arms) == "disagrees"


def test_parts_sum() -> None:
    """39 + 21 = 60; 62 is more than rounding of three whole per cents allows."""
    parts = [
        _claim(f"part_{name}", share, outcome=f"opioids_{name}", statistic="percent")
        for name, share in (("discontinued", "39%"), ("decreased", "21%"))
    ]
    total = {"outcome": "opioids_eliminated_or_reduced", "statistic": "percent"}
    assert _verdict("parts_sum", _claim("a", "60%", **total), *parts) == "agrees"
    assert _verdict("parts_sum", _claim("a", "62%", **total), *parts) == "disagrees"


def test_monotone_attrition_skips_superseded_counts() -> None:
    def seen(claim_id: str, n: int, visit: str, **fields: object) -> dict[str, object]:
        fields |= {"outcome": "participants", "statistic": "count", "visit": visit}
        return _claim(claim_id, str(n), **fields) | {"value": float(n)}

    falling = [seen("a", 204, "overall"), seen("b", 156, "y2"), seen("c", 133, "y3")]
    assert set(_check(*falling)["verdict"]) == {"agrees"}
    old = seen("old", 120, "y2", superseded_by="b")
    assert set(_check(*falling, old)["verdict"]) == {"agrees"}
    rising = _check(*falling, seen("d", 140, "y5"))
    assert rising.loc[rising["verdict"] == "disagrees", "claim_id"].tolist() == ["c"]


def test_a_disagreement_must_be_declared_for_that_check() -> None:
    asymmetric = _interval("-22.7", "-25.4", "-20.8")
    with pytest.raises(LiteratureError, match=r"a \(ci_symmetric\)") as caught:
        require_declared(_check(asymmetric))
    assert caught.value.error_id == "LIT-008"
    declared = _check(asymmetric | {"declared_contradiction": "known"})
    assert declared["declared_as"].tolist() == ["known"]
    require_declared(declared)
    other = _claim("a", "71.8%", statistic="percent", n_printed=126, declared_contradiction="known")
    with pytest.raises(LiteratureError, match="counts_for_share"):
        require_declared(_check(other))


def test_every_check_is_tested_here() -> None:
    source = globals()
    assert all(any(name.startswith(f"test_{check}") for name in source) for check in CHECK_IDS)
