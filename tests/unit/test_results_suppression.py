"""Disclosure control of the results table. Expected values are worked out in each test's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from multifidus.results.disclosure.step import protect_results
from multifidus.results.table import Provenance, ResultRow, Results, rows_to_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

STEM = ("overall", "safety")
ARMS = {"all": 204, "control": 102, "treatment": 102}


def frame_of(rows: Iterator[ResultRow] | list[ResultRow]) -> pd.DataFrame:
    return rows_to_frame(rows, Provenance("0", "r", "f", "restricted"))


def events(outcome: str, people: dict[str, int], label: str = "") -> Iterator[ResultRow]:
    """Give people, events and share of an adverse event in every group, one event a person."""
    for group, count in people.items():
        stem = ("adverse_events", outcome, *STEM, group)
        total = ARMS[group]
        for statistic in ("participants", "events"):
            yield ResultRow(*stem, statistic, count, "d0", label or outcome, "", count, total)
        share = 100 * count / total
        yield ResultRow(*stem, "percent", share, "pct1", label or outcome, "%", count, total)


def flow(counts: dict[str, int], group: str = "all", total: int = 204) -> list[ResultRow]:
    return [
        ResultRow(
            "flow", name, "overall", "itt", group, "count", count, "d0", name, "", count, total
        )
        for name, count in counts.items()
    ]


def hidden(frame: pd.DataFrame, minimum: int = 5) -> set[str]:
    """Return the ids without statistic of the counts that are hidden."""
    shown = protect_results(frame, minimum)
    gone = shown[shown["value"].isna() & shown["statistic"].isin(["participants", "count"])]
    return set(gone["result_id"].str.rsplit(".", n=1).str[0])


def test_an_arm_is_not_found_by_subtraction_from_all() -> None:
    """9 in all, 6 in control: 3 in treatment follows unless a second number goes, too."""
    frame = frame_of(events("serious", {"all": 9, "control": 6, "treatment": 3}))
    gone = hidden(frame)
    assert "adverse_events.serious.overall.safety.treatment" in gone
    assert len(gone) >= 2


def test_a_reason_is_not_found_by_subtraction_from_its_total() -> None:
    """78 = 29 + 18 + 6 + 23 + 2 deaths."""
    reasons = {
        "discontinued": 78, "discontinued_died": 2, "discontinued_explanted": 29,
        "discontinued_lost": 18, "discontinued_other": 6, "discontinued_withdrew": 23,
    }  # fmt: skip
    gone = hidden(frame_of(flow({"randomised": 204, **reasons})))
    assert "flow.discontinued_died.overall.itt.all" in gone
    assert len(gone) >= 2


def test_two_who_are_missing_are_not_found_from_the_rest() -> None:
    """202 seen of 204: the number of those not seen is 2."""
    stem = ("level", "vas", "d120", "observed", "all")
    rows = [
        ResultRow(*stem, "n", 202, "d0", "VAS", "", 202, 204),
        ResultRow(*stem, "mean", 4.4312345, "f1", "VAS", "cm", 202, 204),
        ResultRow(*stem, "ci_lower", 4.1, "f1", "VAS", "cm", 202, 204),
    ]
    whole = flow({"randomised": 204})
    shown = protect_results(frame_of([*rows, *whole]), 5).set_index("statistic")
    assert shown.loc[["n", "ci_lower"], "value"].isna().all()
    assert shown.loc[["n", "mean", "ci_lower"], "n"].isna().all()
    assert shown.loc["mean", "value"] == 4.4, "in the decimals that are printed: no fraction of n"


def test_what_is_computed_from_a_hidden_count_goes_with_it() -> None:
    frame = frame_of(events("fatal", {"all": 3, "control": 2, "treatment": 1}))
    shown = protect_results(frame, 5)
    assert shown["value"].isna().all()
    assert shown["n"].isna().all()
    assert set(shown["method"]) <= {"suppressed: 1 to 4", "suppressed: hidden"}


def test_none_is_shown_as_none() -> None:
    frame = frame_of(events("fatal", {"all": 0, "control": 0, "treatment": 0}))
    assert (protect_results(frame, 5)["value"] == 0).all()


def test_few_and_none_are_printed_differently() -> None:
    """One lead that migrated is "1 to 4"; its share is hidden; none is 0."""
    few = {"all": 1, "control": 0, "treatment": 1}
    results = Results(protect_results(frame_of(events("fatal", few)), 5))
    stem = "adverse_events.fatal.overall.safety"
    assert results.text(f"{stem}.all.participants") == "1 to 4"
    assert results.text(f"{stem}.all.percent") == "hidden"
    assert results.text(f"{stem}.control.participants") == "0"


def test_a_rare_term_goes_with_its_name() -> None:
    rare = {"all": 1, "control": 1, "treatment": 0}
    frame = frame_of(
        [
            *events("any", {"all": 60, "control": 30, "treatment": 30}),
            *events("pt_porphyria", rare, "Metabolism / Porphyria"),
            *events("serious_pt_porphyria", rare, "Serious: Metabolism / Porphyria"),
        ]
    )
    shown = protect_results(frame, 5)
    assert set(shown["outcome"]) == {"any"}


def test_no_persons_extreme_is_shown_below_the_set_number() -> None:
    """Quartiles divide people into four parts, so 12 people give parts of 3."""
    rows = [
        ResultRow(
            "baseline", name, "baseline", "itt", "all", statistic, 9.0, "f0", "Age", "", n, 204
        )
        for name, n in (("age", 204), ("years", 12))
        for statistic in ("min", "q1", "median", "max", "mean")
    ]
    shown = protect_results(frame_of(rows), 5, extremes_from=1000).set_index("result_id")["value"]
    known = {key.split(".")[1] + " " + key.split(".")[-1] for key in shown.dropna().index}
    assert known == {"age q1", "age median", "age mean", "years median", "years mean"}


def test_rounded_counts_are_multiples_and_shares_follow_them() -> None:
    """Of 204 (205) people 33 (35): 35/205 = 17.07 %."""
    rows = list(events("any", {"all": 33}))
    stem = ("adverse_events", "any", *STEM, "all")
    rows.append(ResultRow(*stem, "ci_lower", 11.4, "pct1", "any", "%", 33, 204))
    shown = protect_results(frame_of(rows), 8, rounding=5).set_index("statistic")
    assert shown.loc["participants", "value"] == 35
    assert shown.loc["percent", "value"] == pytest.approx(100 * 35 / 205)
    assert pd.isna(shown.loc["ci_lower", "value"])
    assert set(shown["N"]) == {205}


@pytest.mark.parametrize("minimum", [0, 1])
def test_zero_switches_control_off(minimum: int) -> None:
    frame = frame_of(events("any", {"all": 3, "control": 2, "treatment": 1}))
    pd.testing.assert_frame_equal(protect_results(frame, minimum), frame)
