"""Time to event, device-event rates, exposure, comparators: four participants, answers on paper."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hand_written_cohort import study
from scipy import stats

from multifidus.analyses.flow.disposition import summarise_flow
from multifidus.analyses.inputs import AnalysisInputs
from multifidus.analyses.safety.adverse_events import summarise_adverse_events
from multifidus.analyses.safety.comparators import summarise_comparison
from multifidus.analyses.safety.device_events import summarise_device_events
from multifidus.analyses.safety.time_to_event import summarise_time_to_event
from multifidus.contracts.check import empty_table, parse_table

if TYPE_CHECKING:
    from multifidus.results.table import ResultRow

START = date(2020, 1, 1)


def day(number: int) -> str:
    """Return the day that many days after the start of treatment."""
    return (START + timedelta(number)).isoformat()


def typed(name: str, rows: list[dict[str, str]]) -> pd.DataFrame:
    if not rows:
        return empty_table(name)
    columns = list(empty_table(name).columns)
    frame, findings = parse_table(name, pd.DataFrame(rows, columns=columns, dtype="str"))
    assert not findings
    return frame


def given(
    ends: dict[str, tuple[int, bool]],
    device: list[tuple[str, str, int]] = [],  # noqa: B006 - never changed
    events: list[dict[str, str]] = [],  # noqa: B006 - never changed
    **rules: Any,
) -> AnalysisInputs:
    """Build inputs from participant -> (last day, died), device events and adverse events."""
    people = [
        {
            "participant_id": name, "arm": "treatment", "randomisation_date": day(0),
            "treatment_start_date": day(0), "activation_date": day(14),
            "last_contact_date": day(last), **({"death_date": day(last)} if died else {}),
        }
        for name, (last, died) in ends.items()
    ]  # fmt: skip
    happened = [
        {"participant_id": who, "event_id": f"D{at}", "event_type": what, "event_date": day(when)}
        for at, (who, what, when) in enumerate(device)
    ]
    adverse = [
        {"event_id": f"A{at}", "reported_term": "x", "preferred_term": "Pain",
         "system_organ_class": "General", **event}
        for at, event in enumerate(events)
    ]  # fmt: skip
    trial = study()
    trial = trial.model_copy(
        update={"adverse_events": trial.adverse_events.model_copy(update=rules)}
    )
    return AnalysisInputs(
        trial,
        {
            "participants": typed("participants", people),
            "device_events": typed("device_events", happened),
            "adverse_events": typed("adverse_events", adverse),
        },
    )


def by_id(rows: list[ResultRow]) -> dict[str, ResultRow]:
    return {row.result_id: row for row in rows}


FOUR = {"A": (800, False), "B": (150, True), "C": (200, True), "D": (800, False)}


def test_death_competes_and_an_explantation_on_the_day_of_death_counts() -> None:
    """A explanted on day 100, B dies on day 150, C is explanted and dies on day 200, D stays.

    Kaplan-Meier: 3/4, B censored, then 1/2 of two at risk: 3/8, so 62.5 per cent by year 1.
    Aalen-Johansen: 1/4, survival 1/2 after B's death, then 1/2 x 1/2: 50 per cent.
    """
    rows = by_id(
        summarise_time_to_event(given(FOUR, [("A", "explant", 100), ("C", "explant", 200)]))
    )
    assert rows["kaplan_meier.explant.year1.safety.all.percent"].value == pytest.approx(62.5)
    assert rows["incidence.explant.year1.safety.all.percent"].value == pytest.approx(50.0)
    assert rows["kaplan_meier.explant.year1.safety.all.percent"].n == 1, "D is still at risk"


def test_greenwood_and_log_log_limits_of_a_first_step() -> None:
    """One of four: S = 3/4, Greenwood's sum 1/(4 x 3); S^exp(+-1.96 x sqrt(1/12) / |log S|)."""
    rows = by_id(summarise_time_to_event(given(FOUR, [("A", "explant", 100)])))
    spread = 2.718281828459045 ** (1.959963984540054 * (1 / 12) ** 0.5 / 0.2876820724517809)
    stem = "kaplan_meier.explant.year1.safety.all"
    assert rows[f"{stem}.ci_lower"].value == pytest.approx(100 * (1 - 0.75 ** (1 / spread)))
    assert rows[f"{stem}.ci_upper"].value == pytest.approx(100 * (1 - 0.75**spread))


def test_before_the_first_event_there_are_no_limits() -> None:
    """Zero with limits of zero would claim that the event is impossible."""
    rows = by_id(summarise_time_to_event(given(FOUR, [("A", "lead_revision", 500)])))
    for stem in ("kaplan_meier", "incidence"):
        assert rows[f"{stem}.revision.year1.safety.all.percent"].value == 0
        assert f"{stem}.revision.year1.safety.all.ci_upper" not in rows
        assert f"{stem}.revision.year2.safety.all.ci_upper" in rows
        assert f"{stem}.explant.year2.safety.all.ci_upper" not in rows


def test_a_censoring_at_the_time_of_an_event_counts_as_at_risk() -> None:
    """B leaves alive on day 100, the day on which A is explanted: one of four, not of three."""
    ends = FOUR | {"B": (100, False)}
    rows = by_id(summarise_time_to_event(given(ends, [("A", "explant", 100)])))
    assert rows["kaplan_meier.explant.year1.safety.all.percent"].value == pytest.approx(25.0)


def test_rates_of_device_events_over_their_own_time_at_risk() -> None:
    """A's first fracture on day 100, another on day 300; no migration.

    Days at risk of a fracture, both ends counted: 101 + 151 + 201 + 801 = 1254; of a migration
    801 + 151 + 201 + 801 = 1954. Garwood: lower chi2(0.025, 2)/2, upper chi2(0.975, 4)/2 for one
    event, and -log(0.025) for none.
    """
    device = [("A", "lead_fracture", 100), ("A", "lead_fracture", 300)]
    rows = by_id(summarise_device_events(given(FOUR, device)))
    stem = "device_event_rates.lead_fracture.overall.safety.all"
    years = 1254 / 365.25
    assert rows[f"{stem}.patient_years"].value == pytest.approx(years)
    assert rows[f"{stem}.rate"].value == pytest.approx(100 / years)
    assert rows[f"{stem}.rate"].n == 1
    upper = float(stats.chi2.isf(0.025, 4)) / 2
    assert rows[f"{stem}.ci_upper"].value == pytest.approx(100 * upper / years)
    none = "device_event_rates.lead_migration.overall.safety.all"
    assert rows[f"{none}.rate"].value == 0
    assert rows[f"{none}.ci_upper"].value == pytest.approx(100 * 3.688879454 / (1954 / 365.25))
    assert rows["device_events.lead_fracture.overall.safety.all.events"].value == 2


def test_an_event_after_the_end_of_observation_is_counted_and_is_no_rate() -> None:
    """Observation ends with treatment on day 99 (100 days); A's pain starts on day 120."""
    inputs = given(
        {"A": (800, False)}, events=[{"participant_id": "A", "start_date": day(120)}],
        observation_end="treatment_end_date",
    )  # fmt: skip
    people = inputs.tables["participants"].assign(treatment_end_date=pd.Timestamp(day(99)))
    inputs = AnalysisInputs(inputs.study, {**inputs.tables, "participants": people})
    rows = by_id(summarise_adverse_events(inputs))
    stem = "adverse_events.any.overall.safety.all"
    assert rows[f"{stem}.participants"].value == 1
    assert (rows[f"{stem}.rate"].value, rows[f"{stem}.rate"].n) == (0.0, 0)
    assert rows[f"{stem}.patient_years"].value == pytest.approx(100 / 365.25)
    assert rows[f"{stem}.ci_upper"].value == pytest.approx(100 * 3.688879454 / (100 / 365.25))


def test_answers_that_are_missing_are_counted_and_no_guess() -> None:
    """A has nothing answered, B says unrelated, mild, not serious, not anticipated."""
    events = [
        {"participant_id": "A", "start_date": day(5)},
        {
            "participant_id": "B", "start_date": day(0), "severity": "mild", "serious": "false",
            "related_device": "none", "anticipated": "false",
        },
    ]  # fmt: skip
    rows = by_id(summarise_adverse_events(given(FOUR, events=events)))
    value = {name: row.value for name, row in rows.items()}
    stem = "adverse_events.{}.overall.safety.all.{}"
    for name in ("relation", "severity", "seriousness", "anticipation"):
        assert value[stem.format(f"{name}_missing", "events")] == 1
    assert value[stem.format("any", "participants")] == 2, "the day of implantation counts"
    assert value[stem.format("related", "participants")] == 0
    assert value[stem.format("mild", "events")] == 1
    assert value[stem.format("anticipated", "events")] == 0
    assert value[stem.format("unanticipated", "events")] == 1
    related = summarise_adverse_events(given(FOUR, events=events, missing_relation="related"))
    assert by_id(related)[stem.format("related", "participants")].value == 1


def test_parts_of_a_class_and_term() -> None:
    """A: serious pain twice and rash; B: pain. Serious pain: one participant, two events."""
    events = [
        {"participant_id": "A", "start_date": day(5), "serious": "true"},
        {"participant_id": "A", "start_date": day(9), "serious": "true"},
        {"participant_id": "A", "start_date": day(7), "preferred_term": "Rash"},
        {"participant_id": "B", "start_date": day(5)},
    ]
    rows = by_id(summarise_adverse_events(given(FOUR, events=events)))
    stem = "adverse_events.{}.overall.safety.all.{}"
    for outcome, participants, count in (
        ("soc_general", 2, 4), ("pt_pain", 2, 3), ("serious_soc_general", 1, 2),
        ("serious_pt_pain", 1, 2),
    ):  # fmt: skip
        assert rows[stem.format(outcome, "participants")].value == participants
        assert rows[stem.format(outcome, "events")].value == count
    assert stem.format("serious_pt_rash", "events") not in rows, "no serious rash in any group"
    # Days at risk of serious pain: A until day 5 (6 days), B 151, C 201, D 801.
    years = rows[stem.format("serious_pt_pain", "patient_years")].value
    assert years == pytest.approx((6 + 151 + 201 + 801) / 365.25)


def test_comparators_of_terms_and_of_counts_without_a_share() -> None:
    """Own infections: A of four; a registry prints "< 1%" with 11 of 1289 events."""
    columns = [
        "comparator_id", "study", "event", "follow_up", "events", "n", "percent_printed",
        "ci_lower_printed", "ci_upper_printed", "rate_printed", "note",
    ]  # fmt: skip
    published = pd.DataFrame(
        [
            ("registry", "Registry", "infection", "", 11, 1289, "< 1%", "", "", "", "Events, not"),
            ("low", "Old", "any_complication", "", None, None, "30%", "", "", "", "Lower end of"),
            ("yearly", "R", "infection", "", 5, 100, "5%", "", "", "5% a year", ""),
        ],
        columns=columns,
    )
    event = {"participant_id": "A", "start_date": day(5), "related_procedure": "definite"}
    inputs = given(
        FOUR, events=[event | {"preferred_term": "Wound infection"}],
        comparator_terms={"infection": ("Wound infection",)},
    )  # fmt: skip
    inputs = AnalysisInputs(inputs.study, inputs.tables, comparators=published)
    rows = by_id(summarise_comparison(inputs))
    assert rows["comparison.infection.overall.safety.all.percent"].value == pytest.approx(25)
    printed = rows["comparison.infection.overall.published.registry.percent"]
    assert printed.value == pytest.approx(100 * 11 / 1289)
    assert printed.label == "Infection: Registry, events"
    any_own = rows["comparison.any_complication.overall.safety.all.percent"]
    assert any_own.value == pytest.approx(25)
    assert any_own.method.startswith("Any complication here is any related adverse event; ")
    low = rows["comparison.any_complication.overall.published.low.percent"]
    assert low.label == "Any complication: Old, low end of a range"
    assert not [name for name in rows if ".yearly." in name]


def test_a_published_kind_that_two_kinds_answer_says_which() -> None:
    """Explantation: A for lack of relief and B for an infection, 2 of 4; migration: nobody."""
    columns = [
        "comparator_id", "study", "event", "follow_up", "events", "n", "percent_printed",
        "ci_lower_printed", "ci_upper_printed", "rate_printed", "note",
    ]  # fmt: skip
    published = pd.DataFrame(
        [
            (kind, "Old", kind, "", None, None, "30%", "", "", "", "")
            for kind in ("explant", "lead_migration")
        ],
        columns=columns,
    )
    device = [
        {"participant_id": who, "event_id": "D1", "event_type": kind, "event_date": day(9)}
        for who, kind in (("A", "explant"), ("B", "infection_removal"))
    ]
    inputs = given(FOUR)
    tables = {**inputs.tables, "device_events": typed("device_events", device)}
    inputs = AnalysisInputs(inputs.study, tables, comparators=published)
    rows = by_id(summarise_comparison(inputs))
    own = rows["comparison.explant.overall.safety.all.percent"]
    assert own.value == pytest.approx(50)
    assert own.method.startswith("Explant here is explant or infection removal; ")
    none = rows["comparison.lead_migration.overall.safety.all.percent"]
    assert none.method.startswith("Clopper-Pearson")


def test_flow_names_why_people_were_not_randomised_or_not_treated() -> None:
    """E and F fail screening for two reasons; G is randomised and withdraws before treatment."""
    inputs = given(FOUR)
    more = typed(
        "participants",
        [
            {"participant_id": "E"},
            {"participant_id": "F"},
            {"participant_id": "G", "arm": "control", "randomisation_date": day(0)},
        ],
    )
    disposition = typed(
        "disposition",
        [
            {"participant_id": "E", "category": "disposition event", "term": "screen failure"},
            {"participant_id": "F", "category": "disposition event", "term": "Declined"},
            {"participant_id": "G", "category": "disposition event", "term": "withdrew"},
            {"participant_id": "A", "category": "disposition event", "term": "completed"},
        ],
    )
    people = pd.concat([inputs.tables["participants"], more], ignore_index=True)
    tables = {"participants": people, "disposition": disposition, "visits": empty_table("visits")}
    trial = inputs.study.model_copy(update={"outcomes": (), "visits": ()})
    rows = by_id(summarise_flow(AnalysisInputs(trial, tables)))
    count = {
        name.removeprefix("flow.").replace(".overall.itt", ""): row.value
        for name, row in rows.items()
    }
    assert count["screened.all.count"] == 7
    assert count["screen_failure.all.count"] == 2
    assert count["screen_failure_declined.all.count"] == 1
    assert "screen_failure_screen_failure.all.count" not in count, "no reason"
    assert count["not_treated.all.count"] == count["not_treated.control.count"] == 1
    assert count["not_treated_withdrew.control.count"] == 1
    assert count["not_treated_withdrew.treatment.count"] == 0, "zero rows are kept"
    assert (count["set_safety.all.count"], count["outside_safety.all.count"]) == (4, 1)
    assert count["discontinued_withdrew.control.count"] == 1
