"""The scorecard's verdicts, on hand-made claims and results."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from multifidus.base.errors import ScorecardError
from multifidus.literature.record.register import Expected, Register
from multifidus.literature.scorecard.build import build_scorecard
from multifidus.literature.scorecard.verdicts import (
    compare_verdicts,
    load_expected_verdicts,
    verdict_counts,
    write_expected_verdicts,
)

_ID = "change.vas.y5.observed.all.mean"
_CLAIM = {
    "claim_id": "a",
    "source": "paper",
    "outcome": "vas_change",
    "visit": "y5",
    "group": "all",
    "statistic": "mean",
    "value_printed": "-4.9",
    "unit": "cm",
    "ci_lower_printed": "",
    "ci_upper_printed": "",
    "result_id": _ID,
    "evidence": "recovered_from_cohort",
    "family": "five_year_abstract",
    "superseded_by": "",
    "declared_contradiction": "",
    "note": "",
}
_REGISTER = Register(
    {"upper": "The limits are not symmetric.", "wording": "Words.", "cut": "An earlier cut."},
    {
        ("a", "ci_upper"): Expected("record_contradiction", -4.3, -4.1, "Symmetry."),
        ("cut", "value"): Expected("other_data_cut", -4.2, -3.9, "One person more."),
        ("method", "value"): Expected("unpublished_method", -4.0, -4.0, "A count."),
    },
)
_NOTHING = pd.DataFrame(
    columns=["recomputation_id", "claim_id", "part", "method", "value", "low", "high"]
)


def _score(
    results: dict[str, float] | None = None,
    recomputed: pd.DataFrame = _NOTHING,
    tier: str = "synthetic",
    held_out: tuple[str, ...] = (),
    **fields: str,
) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"result_id": list(results or {}), "value": list((results or {}).values())}
    )
    claims = pd.DataFrame([_CLAIM | fields])
    return build_scorecard(claims, frame, recomputed, _REGISTER, tier, held_out=held_out)


def _recomputed(value: float, spread: float) -> pd.DataFrame:
    row = ("r", "a", "value", "a difference", value, value - spread, value + spread)
    return pd.DataFrame([row], columns=_NOTHING.columns)


@pytest.mark.parametrize(
    ("printed", "value", "verdict", "shown"),
    [
        # Half away from zero: -4.85 prints -4.9 and -4.95 prints -5.0, though both lie 0.05 off.
        ("-4.9", -4.88, "reproduced", "-4.9"),
        ("-4.9", -4.85, "reproduced", "-4.9"),
        ("-4.9", -4.95, "within_rounding", "-5.0"),
        ("-4.9", -4.96, "not_reproduced", "-5.0"),
        ("71.8%", 100 * 89 / 124, "reproduced", "71.8%"),
        ("71.8%", 100 * 90 / 126, "not_reproduced", "71.4%"),
        ("< 0.0001", 1e-9, "reproduced", "< 0.0001"),
        ("< 0.0001", 0.0002, "not_reproduced", "0.0002"),
        ("none", 0.0, "reproduced", "0"),
        ("none", 1.0, "not_reproduced", "1"),
    ],
)
def test_verdict_follows_the_print(printed: str, value: float, verdict: str, shown: str) -> None:
    row = _score({_ID: value}, value_printed=printed).iloc[0]
    assert (row["verdict"], row["reproduced"]) == (verdict, shown)
    if "<" in printed:
        assert math.isnan(row["difference"])
        assert math.isnan(row["tolerance"])
    else:
        number = 0 if printed == "none" else float(printed.rstrip("%"))
        assert row["difference"] == pytest.approx(value - number)


def test_limits_are_parts_with_their_own_results() -> None:
    limits = {"ci_lower_printed": "-5.3", "ci_upper_printed": "-4.5"}
    stem = "change.vas.y5.observed.all."
    found = _score(
        {_ID: -4.9, stem + "ci_lower": -5.31, stem + "ci_upper": -4.2},
        declared_contradiction="upper",
        **limits,
    )
    assert found["part"].tolist() == ["value", "ci_lower", "ci_upper"]
    assert found["verdict"].tolist() == ["reproduced", "reproduced", "record_contradiction"]
    assert found["result_id"].tolist()[1:] == [stem + "ci_lower", stem + "ci_upper"]
    words = "The limits are not symmetric. Expected: -4.3 to -4.1. Symmetry."
    assert found["reason"].iloc[2] == words
    assert found["label"].iloc[0] == "Change in low back pain (VAS), at five years, mean (cm)"


def test_a_declaration_excuses_only_its_own_part() -> None:
    value_off = _score({_ID: -4.0}, declared_contradiction="upper")
    assert value_off["verdict"].tolist() == ["not_reproduced"]
    remark_only = _score({_ID: -4.0}, declared_contradiction="wording")
    assert remark_only["verdict"].tolist() == ["not_reproduced"]
    matches = _score({_ID: -4.9}, claim_id="cut", declared_contradiction="cut")
    assert matches["verdict"].tolist() == ["reproduced"]


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(-4.2, "other_data_cut"), (-3.9, "other_data_cut"), (-4.21, "not_reproduced")],
)
@pytest.mark.parametrize("tier", ["synthetic", "restricted"])
def test_a_declaration_excuses_inside_its_range_only(value: float, verdict: str, tier: str) -> None:
    fields = {"claim_id": "cut", "declared_contradiction": "cut"}
    row = _score({_ID: value}, tier=tier, **fields).iloc[0]
    assert row["verdict"] == verdict
    assert "Expected: -4.2 to -3.9. One person more." in row["reason"]


def test_figures_held_out_of_the_calibration_are_evidence_of_their_own() -> None:
    """A share is the same quantity as its count; another statistic is not; real data have none."""
    fields = {"result_id": "responder.vas_ge50.y4.observed.all.count", "value_printed": "9"}
    row = _score({fields["result_id"]: 9.0}, held_out=("a",), **fields).iloc[0]
    assert (row["verdict"], row["evidence"]) == ("reproduced", "held_out")
    wrong = _score({fields["result_id"]: 8.0}, held_out=("a",), **fields).iloc[0]
    assert (wrong["verdict"], wrong["evidence"]) == ("not_reproduced", "held_out")
    real = _score({fields["result_id"]: 9.0}, tier="public", held_out=("a",), **fields).iloc[0]
    assert real["evidence"] == "participant_data"
    assert _score({_ID: -4.9}).iloc[0]["evidence"] == "recovered_from_cohort"


def test_a_superseded_claim_names_the_preferred_one() -> None:
    fields = {"claim_id": "cut", "declared_contradiction": "cut", "superseded_by": "b"}
    found = _score({_ID: -4.0}, **fields).iloc[0]
    assert found["verdict"] == "other_data_cut"
    assert found["reason"].startswith("An earlier cut.")
    assert found["reason"].endswith("Preferred: b.")


def test_a_fall_printed_as_a_size_is_held_against_minus_the_change() -> None:
    found = _score({_ID: -68.12}, statistic="mean_reduction", value_printed="68.1%").iloc[0]
    assert (found["verdict"], found["reproduced"]) == ("reproduced", "68.1%")


def test_a_missing_result_is_a_failure_and_says_which() -> None:
    found = _score({}).iloc[0]
    assert found["verdict"] == "not_reproduced"
    assert _ID in found["reason"]
    assert found["reproduced"] == ""
    empty = _score({_ID: float("nan")}).iloc[0]
    assert empty["verdict"] == "not_reproduced"


def test_recomputed_claims_allow_for_the_rounding_of_their_inputs() -> None:
    fields = {"evidence": "recomputed", "result_id": "", "value_printed": "10.4%"}
    near = _score(recomputed=_recomputed(10.5, 0.1), **fields).iloc[0]
    assert near["verdict"] == "within_rounding"
    assert near["tolerance"] == pytest.approx(0.15)
    exact = _score(recomputed=_recomputed(10.5, 0.0), **fields).iloc[0]
    assert exact["verdict"] == "not_reproduced"
    undeclared = _score(**fields).iloc[0]
    assert undeclared["verdict"] == "not_reproduced"


def test_tiers() -> None:
    cohort = {_ID: -4.9}
    published = _score(cohort, tier="published").iloc[0]
    assert published["verdict"] == "needs_participant_data"
    assert published["reproduced"] == ""
    assert "no other published figure" in published["reason"]
    answered = _score(cohort, _recomputed(-4.9, 0.1), tier="published").iloc[0]
    assert (answered["verdict"], answered["evidence"]) == ("reproduced", "recomputed")
    for tier in ("public", "restricted"):
        assert _score(cohort, tier=tier).iloc[0]["evidence"] == "participant_data"
    missing = _score({_ID: float("nan")}, tier="restricted").iloc[0]
    assert missing["verdict"] == "not_reproduced"


def test_a_claim_about_a_hidden_count_is_neither_unattempted_nor_reproduced() -> None:
    """The claim "none" beside a count that is 1 to 4: the run has a figure and hides it."""
    frame = pd.DataFrame(
        {
            "result_id": [_ID],
            "value": [float("nan")],
            "statistic": ["count"],
            "method": ["suppressed: 1 to 4"],
        }
    )
    claims = pd.DataFrame([_CLAIM | {"value_printed": "0"}])
    scored = build_scorecard(claims, frame, _NOTHING, _REGISTER, "restricted")
    assert scored["verdict"].tolist() == ["hidden"]
    assert scored["reproduced"].tolist() == [""]
    assert "1 to 4" in scored["reason"].iloc[0]
    assert verdict_counts(scored)["hidden"] == 1
    assert "hidden" not in verdict_counts(scored[:0])


def test_claims_that_need_participant_data() -> None:
    needs = {"evidence": "needs_participant_data", "note": "Nobody else knows."}
    synthetic = _score({_ID: -4.9}, **needs).iloc[0]
    assert (synthetic["verdict"], synthetic["reason"]) == (
        "needs_participant_data",
        "Nobody else knows.",
    )
    assert _score({_ID: -4.9}, tier="restricted", **needs).iloc[0]["verdict"] == "reproduced"
    nameless = _score({}, tier="restricted", **needs, result_id="").iloc[0]
    assert nameless["verdict"] == "needs_participant_data"


def test_counts_name_every_verdict() -> None:
    assert verdict_counts(_score({_ID: -4.9})) == {
        "reproduced": 1,
        "within_rounding": 0,
        "other_data_cut": 0,
        "unpublished_method": 0,
        "record_contradiction": 0,
        "not_reproduced": 0,
        "needs_participant_data": 0,
    }


def test_a_changed_verdict_stops_the_build(tmp_path) -> None:
    path = tmp_path / "expected_verdicts.csv"
    good = _score({_ID: -4.9})
    write_expected_verdicts(path, good, "synthetic")
    write_expected_verdicts(
        path, _score(tier="published"), "published", load_expected_verdicts(path)
    )
    expected = load_expected_verdicts(path)
    assert expected["tier"].tolist() == ["published", "synthetic"]
    compare_verdicts(good, expected, "synthetic")
    with pytest.raises(ScorecardError, match="accept-verdicts") as caught:
        compare_verdicts(_score({_ID: -4.0}), expected, "synthetic")
    assert caught.value.error_id == "SCO-001"
    assert "a value (reproduced to not_reproduced)" in caught.value.message
    compare_verdicts(_score({_ID: -4.0}, tier="restricted"), expected, "restricted")


def test_a_claim_that_appears_or_goes_is_a_change(tmp_path) -> None:
    path = tmp_path / "expected_verdicts.csv"
    write_expected_verdicts(path, _score({_ID: -4.9}), "synthetic")
    expected = load_expected_verdicts(path)
    renamed = _score({_ID: -4.9}, claim_id="b")
    with pytest.raises(ScorecardError, match="2 verdicts") as caught:
        compare_verdicts(renamed, expected, "synthetic")
    assert "a value (reproduced to absent)" in caught.value.message
    assert "b value (absent to reproduced)" in caught.value.message


@pytest.mark.parametrize(("effect", "verdict"), [(-4.0, "reproduced"), (0.3, "not_reproduced")])
def test_a_small_p_of_an_effect_in_the_other_direction_is_no_reproduction(
    effect: float, verdict: str
) -> None:
    p_value = _ID.replace(".mean", ".p_value")
    test = {"claim_id": "p", "statistic": "p_value", "value_printed": "< 0.0001", "unit": ""}
    claims = pd.DataFrame([_CLAIM, _CLAIM | test | {"result_id": p_value}])
    results = pd.DataFrame({"result_id": [_ID, p_value], "value": [effect, 1e-6]})
    card = build_scorecard(claims, results, _NOTHING, _REGISTER, "public")
    assert card["verdict"].iloc[1] == verdict
