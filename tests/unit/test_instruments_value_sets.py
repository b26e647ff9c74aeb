"""Value sets of ``literature/value_sets`` against states whose values were published."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from multifidus.instruments.eq5d import score_eq5d, value_set_named
from multifidus.instruments.errors import InstrumentError
from multifidus.instruments.run import read_value_sets
from multifidus.instruments.value_sets import ValueSet
from multifidus.literature.record.value_sets import load_value_sets

FOLDER = Path(__file__).parents[2] / "literature" / "value_sets"


@pytest.fixture(scope="module")
def sets() -> dict[str, ValueSet]:
    return read_value_sets(FOLDER)


def _state(text: str) -> list[list[int]]:
    return [[int(level) for level in text]]


def test_every_check_state_prints_its_published_value(sets: dict[str, ValueSet]) -> None:
    """``check_states.csv`` holds the states printed with the value sets and the crosswalk table."""
    states: pd.DataFrame = load_value_sets(FOLDER).check_states
    assert len(states) >= 36
    for row in states.to_dict("records"):
        value = score_eq5d(_state(row["state"]), sets[row["value_set"]])[0]
        assert round(value, 3) == pytest.approx(row["index"]), (row["state"], row["value_set"])


@pytest.mark.parametrize(
    ("state", "value"),
    [
        # above the half of a thousandth
        ("11122", 0.768), ("11341", 0.548), ("24551", -0.018), ("52254", -0.317), ("22445", -0.013),
        # just below it, yet rounded up by way of the fourth decimal
        ("24415", 0.172), ("24435", 0.049), ("24451", 0.022), ("24154", -0.076), ("41254", -0.004),
        ("24354", -0.112), ("24554", -0.170), ("41314", 0.503), ("41334", 0.380),
        # below, and rounded down
        ("24541", 0.140), ("24543", 0.069), ("41245", 0.070), ("11425", 0.260), ("24222", 0.482),
        ("42422", 0.434), ("41321", 0.678), ("13141", 0.480), ("31321", 0.716), ("52422", 0.040),
    ],
)  # fmt: skip
def test_uk_crosswalk_near_ties_as_in_the_published_table(
    sets: dict[str, ValueSet], state: str, value: float
) -> None:
    """States within half a ten-thousandth of a tie; values of van Hout's table (R package eq5d)."""
    assert score_eq5d(_state(state), sets["uk_crosswalk_2012"])[0] == pytest.approx(
        value, abs=1e-12
    )


@pytest.mark.parametrize(
    ("name", "state", "value"),
    [
        ("netherlands_2016", "11111", 1.0),
        ("netherlands_2016", "21111", 1 - 0.047 - 0.035),  # intercept once
        ("netherlands_2016", "22111", 1 - 0.047 - 0.035 - 0.038),
        ("australia_2023", "11115", 1 - 0.238 - 0.153),  # N5 once
        ("australia_2023", "11155", 1 - 0.285 - 0.238 - 0.153),
        ("australia_2023", "11144", 1 - 0.276 - 0.238),  # no 5, no N5
        ("australia_2023", "11211", 1.0),  # a decrement of zero
        ("belgium_2022", "12111", 1 - 0.0377 - 0.0230),
    ],
)
def test_intercept_and_n5_apply_only_when_they_should(
    sets: dict[str, ValueSet], name: str, state: str, value: float
) -> None:
    """By hand from the published coefficients (Versteegh 2016, Norman 2023, Bouckaert 2022)."""
    assert score_eq5d(_state(state), sets[name])[0] == pytest.approx(value, abs=1e-12)


def test_an_unknown_value_set_is_refused_with_the_known_ones(sets: dict[str, ValueSet]) -> None:
    with pytest.raises(InstrumentError) as caught:
        value_set_named(sets, "england")
    assert caught.value.error_id == "INS-021"
    assert "england_2018" in caught.value.message
