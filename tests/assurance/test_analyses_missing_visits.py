"""Imputation, durability, distribution and time to event on hand-made scores.

Five participants, VAS in cm at baseline and at two yearly visits:

====  ========  ====  ====
P     baseline  y1    y2
====  ========  ====  ====
A     8         4     4
B     8         2     6
C     8         6     -
D     8         -     -
E     8         -     2
====  ========  ====  ====
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hand_written_cohort import study

from multifidus.analyses.inputs import AnalysisInputs
from multifidus.config.study import StudyConfig
from multifidus.contracts.check import empty_table

if TYPE_CHECKING:
    from multifidus.results.table import ResultRow

VALUES = {
    "A": (8, 4, 4),
    "B": (8, 2, 6),
    "C": (8, 6, None),
    "D": (8, None, None),
    "E": (8, None, 2),
}
VISITS = ("baseline", "y1", "y2")


def run_analysis(name: str, given: AnalysisInputs) -> list[ResultRow]:
    """Run the one analysis that a module offers."""
    module = import_module(f"multifidus.analyses.{name}")
    function = next(item for item in module.__all__ if item.startswith("summarise_"))
    rows: list[ResultRow] = getattr(module, function)(given)
    return rows


def small_study() -> StudyConfig:
    """Keep of the study file what two yearly visits and one outcome need."""
    whole = study().model_dump(mode="json")
    whole["visits"] = [one for one in whole["visits"] if one["id"] in VISITS]
    whole["outcomes"] = [one for one in whole["outcomes"] if one["id"] == "vas"]
    whole["responders"] = [one for one in whole["responders"] if one["id"] == "vas_ge50"]
    for one in whole["analysis_sets"]:
        one["attended_visit"] = "y2" if one["id"] == "completers" else None
    whole["mixed_model"] |= {"outcomes": ["vas"], "visits": ["y1", "y2"]}
    whole |= {"randomised": None, "opioids": None}
    return StudyConfig.model_validate(whole)


def score_rows() -> pd.DataFrame:
    rows = [
        {
            "participant_id": person,
            "parameter": "vas",
            "visit": visit,
            "value": float(value),
            "baseline": 8.0,
            "change": float(value) - 8.0 if visit != "baseline" else np.nan,
            "percent_change": 100 * (value - 8) / 8 if visit != "baseline" else np.nan,
        }
        for person, values in VALUES.items()
        for visit, value in zip(VISITS, values, strict=True)
        if value is not None
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def given() -> AnalysisInputs:
    people = empty_table("participants").reindex(range(5))
    people = people.assign(
        participant_id=sorted(VALUES),
        arm="treatment",
        sex=["F", "F", "M", "M", "F"],
        age_years=[40.0, 50.0, 60.0, 30.0, 45.0],
        randomisation_date=pd.Timestamp("2020-01-01"),
        treatment_start_date=pd.Timestamp("2020-01-01"),
        last_contact_date=pd.Timestamp("2021-12-31"),
    )
    visits = empty_table("visits").reindex(range(3))
    visits = visits.assign(participant_id=["A", "B", "E"], visit="y2", attended=True)
    tables = {
        "participants": people,
        "visits": visits,
        "analgesics": empty_table("analgesics"),
        "adverse_events": empty_table("adverse_events"),
        "device_events": empty_table("device_events"),
    }
    return AnalysisInputs(small_study(), tables, score_rows(), seed=7)


def values_of(given: AnalysisInputs, name: str) -> dict[str, float]:
    return {row.result_id: row.value for row in run_analysis(name, given)}


@pytest.mark.parametrize(
    ("analysis", "changes"),
    [
        ("change_locf", [-4, -2, -2, 0, -6]),  # C keeps its y1, D its baseline
        ("change_bocf", [-4, -2, 0, 0, -6]),
        ("change_worst_case", [-4, -2, -2, -2, -6]),  # the worst seen at y2 is B's -2
    ],
)
def test_changes_by_single_imputation(
    given: AnalysisInputs, analysis: str, changes: list[float]
) -> None:
    found = values_of(given, "sensitivity.single_imputation")
    prefix = f"{analysis}.vas.y2.itt.all."
    mean = sum(changes) / 5
    sd = math.sqrt(sum((one - mean) ** 2 for one in changes) / 4)
    assert found[prefix + "mean"] == pytest.approx(mean)
    assert found[prefix + "sd"] == pytest.approx(sd)
    half = 2.7764451051977987 * sd / math.sqrt(5)  # t(0.975, 4)
    assert found[prefix + "ci_lower"] == pytest.approx(mean - half)


def test_missing_is_no_response(given: AnalysisInputs) -> None:
    """Half of 8 is 4: at y2 A (4) and E (2) respond, B (6) does not, C and D are missing."""
    rows = {row.result_id: row for row in run_analysis("sensitivity.single_imputation", given)}
    row = rows["responder_nri.vas_ge50.y2.itt.all.percent"]
    assert (row.value, row.n, row.total) == (pytest.approx(40.0), 2, 5)


def test_response_at_two_visits_in_the_same_participants(given: AnalysisInputs) -> None:
    """Classified at both: A (yes, yes) and B (yes, no): 50 against 100 per cent. One discordant
    pair: chi-square 1 on 1 df, p 0.3173 without continuity correction; exact p 2 x 1/2.

    Tango's limit d solves (b - c - n d) / sqrt(n (2 q + d (1 - d))) = +-z with b = 0, c = 1, n = 2;
    the estimate lies inside. Of both responders at y1, missing as lost, one responds still."""
    rows = {row.result_id: row for row in run_analysis("responders.durability", given)}
    prefix = "durability_difference.vas_ge50.y2.observed.all."
    estimate = rows[prefix + "estimate"]
    assert (estimate.value, estimate.n, estimate.total) == (pytest.approx(-50), 2, 5)
    assert rows[prefix + "p_value"].value == pytest.approx(0.317311, abs=1e-6)
    assert rows["durability_exact.vas_ge50.y2.observed.all.p_value"].value == pytest.approx(1)
    assert rows[prefix + "ci_lower"].value < -50 < rows[prefix + "ci_upper"].value
    row = rows["durability_nri.vas_ge50.y2.itt.all.count"]
    assert (row.value, row.total) == (1, 2)


def test_everybody_missing_a_later_visit_counts_as_lost(given: AnalysisInputs) -> None:
    """With C's 2 cm at y1 there are three responders there; C missed y2: 1 of 2 seen, 1 of 3."""
    scores = given.scored().copy()
    scores.loc[(scores["participant_id"] == "C") & (scores["visit"] == "y1"), "value"] = 2.0
    changed = AnalysisInputs(given.study, given.tables, scores)
    rows = {row.result_id: row for row in run_analysis("responders.durability", changed)}
    seen = rows["durability.vas_ge50.y2.observed.all.count"]
    lost = rows["durability_nri.vas_ge50.y2.itt.all.count"]
    assert (seen.value, seen.total) == (1, 2)
    assert (lost.value, lost.total) == (1, 3)


def test_durability_and_flow_between_states(given: AnalysisInputs) -> None:
    """Responders at y1: A and B; at y2 A still, B not: 1 of 2. C, D, E missed a visit."""
    rows = {row.result_id: row for row in run_analysis("responders.durability", given)}
    row = rows["durability.vas_ge50.y2.observed.all.count"]
    assert (row.value, row.total) == (1, 2)
    flow = {
        key.split(".")[4]: row.value for key, row in rows.items() if key.startswith("transition.")
    }
    assert {key: value for key, value in flow.items() if value} == {
        "responder_to_responder": 1,  # A
        "responder_to_non_responder": 1,  # B
        "non_responder_to_not_seen": 1,  # C
        "not_seen_to_not_seen": 1,  # D
        "not_seen_to_responder": 1,  # E
    }
    assert sum(flow.values()) == 5


def test_cumulative_distribution(given: AnalysisInputs) -> None:
    """Reductions at y2: A 50, B 25, E 75 per cent."""
    found = values_of(given, "efficacy.distribution")
    share = {
        step: found[f"cumulative.vas_ge{step}.y2.observed.all.percent"]
        for step in (0, 20, 30, 50, 80)
    }
    assert share == pytest.approx({0: 100, 20: 100, 30: 200 / 3, 50: 200 / 3, 80: 0})


def test_completers_against_the_others(given: AnalysisInputs) -> None:
    """A, B, E attended y2 (ages 40, 50, 45); C and D did not (60, 30): means 45 and 45."""
    found = values_of(given, "flow.completers")
    prefix = "completers.age.y2.itt."
    assert found[prefix + "completers.mean"] == pytest.approx(45)
    assert found[prefix + "lost.sd"] == pytest.approx(math.sqrt(450))
    assert found[prefix + "completers_vs_lost.estimate"] == pytest.approx(0)
    assert found["completers.sex_female.y2.itt.completers.percent"] == pytest.approx(100)
    assert found["completers.sex_female.y2.itt.lost.percent"] == pytest.approx(0)


def test_a_model_that_cannot_be_fitted_says_so(given: AnalysisInputs) -> None:
    """Five participants with one baseline value cannot carry the joint model."""
    rows = run_analysis("sensitivity.multiple_imputation", given)
    asked = {"mean", "se", "df", "ci_lower", "ci_upper", "p_value"}
    assert {row.statistic for row in rows} == asked
    assert {row.visit for row in rows} == {"y1", "y2"}
    assert all(math.isnan(row.value) for row in rows)
    assert all(row.method.startswith("Not estimable: ") for row in rows)


@pytest.mark.parametrize(
    ("events", "deaths", "explanted", "incidence"),
    [
        # one of five explanted on day 100: 20 per cent at one year, nobody lost before
        ({"A": "2020-04-09"}, {}, 20.0, 20.0),
        # B dies on day 50: 4 at risk at day 100, 1 - 3/4 = 25; with death competing 4/5 x 1/4 = 20
        ({"A": "2020-04-09"}, {"B": "2020-02-19"}, 25.0, 20.0),
        # an event after the last contact does not count
        ({"A": "2022-06-01"}, {}, 0.0, 0.0),
    ],
)
def test_time_to_explantation(
    given: AnalysisInputs,
    *,
    events: dict[str, str],
    deaths: dict[str, str],
    explanted: float,
    incidence: float,
) -> None:
    people = given.participants.copy()
    people["death_date"] = pd.to_datetime(people["participant_id"].map(deaths))
    table = empty_table("device_events").reindex(range(len(events)))
    table = table.assign(
        participant_id=list(events),
        event_id="1",
        event_type="explant",
        event_date=pd.to_datetime(list(events.values())),
    )
    tables = {**given.tables, "participants": people, "device_events": table}
    rows = run_analysis("safety.time_to_event", AnalysisInputs(given.study, tables))
    found = {row.result_id: row.value for row in rows}
    assert found["kaplan_meier.explant.year1.safety.all.percent"] == pytest.approx(explanted)
    assert found["incidence.explant.year1.safety.all.percent"] == pytest.approx(incidence)
