"""Invariants of the adverse-event tables, for any participants and any events."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multifidus.analyses.inputs import AnalysisInputs
from multifidus.analyses.safety.adverse_events import summarise_adverse_events
from multifidus.analyses.safety.treatment_emergent import adverse_event_list
from multifidus.config.study import StudyConfig
from multifidus.contracts.check import empty_table, parse_table

if TYPE_CHECKING:
    from multifidus.results.table import ResultRow

START = date(2020, 1, 1)
CLASSES = {"soc_nervous": ("headache", "dizziness"), "soc_skin": ("rash", "itching")}
TERMS = {"Headache": "Nervous", "Dizziness": "Nervous", "Rash": "Skin", "Itching": "Skin"}
STUDY = StudyConfig.model_validate(
    {
        "study": {
            "id": "small",
            "title": "A trial",
            "short_title": "Trial",
            "intervention": "x",
            "condition": "y",
        },
        "arms": [{"id": "one", "label": "One"}, {"id": "two", "label": "Two"}],
        "analysis_sets": [
            {"id": "safety", "label": "Safety", "requires": ["treatment_start_date"]}
        ],
        "report": {"document": "study_report"},
    }
)


@st.composite
def cohorts(draw: st.DrawFn) -> dict[str, pd.DataFrame]:
    size = draw(st.integers(1, 8))
    people, events = [], []
    for number in range(size):
        treated = draw(st.booleans()) or number == 0
        days = draw(st.integers(0, 900))
        died = draw(st.booleans())
        end = (START + timedelta(days)).isoformat()
        people.append(
            {
                "participant_id": f"P{number}",
                "arm": draw(st.sampled_from(["one", "two"])),
                "treatment_start_date": START.isoformat() if treated else None,
                "last_contact_date": end,
                "death_date": end if died else None,
            }
        )
        for event in range(draw(st.integers(0, 5))):
            onset = START + timedelta(draw(st.integers(-60, 1000)))
            cut = draw(st.sampled_from([0, 4, 7, 10]))
            term = draw(st.sampled_from(sorted(TERMS)))
            events.append(
                {
                    "participant_id": f"P{number}",
                    "event_id": str(event),
                    "reported_term": term,
                    "preferred_term": term,
                    "system_organ_class": TERMS[term],
                    "start_date": onset.isoformat()[:cut] or None,
                    "serious": draw(st.sampled_from(["true", "false", None])),
                    "related_device": draw(st.sampled_from(["none", "possible", None])),
                }
            )
    return {
        "participants": _typed("participants", people),
        "adverse_events": _typed("adverse_events", events),
    }


def _typed(name: str, rows: list[dict[str, str | None]]) -> pd.DataFrame:
    columns = list(empty_table(name).columns)
    frame, findings = parse_table(name, pd.DataFrame(rows, columns=columns, dtype="str"))
    assert not findings
    return frame


def value_of_exposure(safety: pd.DataFrame, group: str) -> float:
    """Years from treatment to the last contact, both days counted: the most that can be at risk."""
    own = safety if group == "all" else safety[safety["arm"] == group]
    days = (own["last_contact_date"] - own["treatment_start_date"]).dt.days + 1
    return float(days.sum()) / 365.25 + 1e-9


def _table(rows: list[ResultRow]) -> dict[tuple[str, str, str], float]:
    return {(row.outcome, row.group, row.statistic): row.value for row in rows}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cohorts())
def test_invariants(tables: dict[str, pd.DataFrame]) -> None:
    given_inputs = AnalysisInputs(STUDY, tables)
    rows = summarise_adverse_events(given_inputs)
    value = _table(rows)
    safety = tables["participants"].dropna(subset=["treatment_start_date"])
    sizes = {"all": len(safety), **safety["arm"].value_counts().to_dict()}
    outcomes = [key[0] for key in value if key[1:] == ("all", "participants")]
    for group in ("all", "one", "two"):
        size = sizes.get(group, 0)
        for outcome in outcomes:
            participants = value[outcome, group, "participants"]
            events = value[outcome, group, "events"]
            assert 0 <= participants <= min(events, size), "subjects <= events, header N"
            assert participants <= value["any", group, "participants"]
            assert (participants == 0) == (events == 0)
            if size:
                assert value[outcome, group, "percent"] == pytest.approx(100 * participants / size)
                low, rate, high = (
                    value[outcome, group, name] for name in ("ci_lower", "rate", "ci_upper")
                )
                assert low <= rate <= high
                years = value[outcome, group, "patient_years"]
                assert 0 < years <= value_of_exposure(safety, group)
                at_risk = round(rate * years / 100)
                assert at_risk <= participants, "events after the end of observation are no rate"
                assert rate == pytest.approx(100 * at_risk / years), "a count over its exposure"
                assert high > 0, "a zero numerator has an upper limit"
        socs = [outcome for outcome in outcomes if outcome.startswith("soc_")]
        assert sum(value[soc, group, "events"] for soc in socs) == value["any", group, "events"]
        for soc, terms in CLASSES.items():
            if soc not in outcomes:
                continue
            shares = [value.get((f"pt_{term}", group, "participants"), 0) for term in terms]
            assert max(shares) <= value[soc, group, "participants"] <= sum(shares)
    for subset in ("serious", "related", "severe"):
        own = [outcome for outcome in outcomes if outcome.startswith(f"{subset}_soc_")]
        assert sum(value[soc, "all", "events"] for soc in own) == value[subset, "all", "events"]
        for soc in own:
            whole = value[soc.removeprefix(f"{subset}_"), "all", "participants"]
            assert value[soc, "all", "participants"] <= whole, "a part of the class's participants"
    for outcome in outcomes:
        for statistic in ("participants", "events"):
            arms = sum(value[outcome, arm, statistic] for arm in ("one", "two"))
            assert arms == value[outcome, "all", statistic], "the arms add up, zero rows kept"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cohorts())
def test_completed_dates_agree_with_what_was_recorded(tables: dict[str, pd.DataFrame]) -> None:
    """An imputed day lies inside the recorded part of the date; complete dates stay."""
    listed = adverse_event_list(AnalysisInputs(STUDY, tables))
    raw = tables["adverse_events"].set_index(["participant_id", "event_id"])["start_date"]
    for row in listed.itertuples():
        recorded = raw[row.participant_id, row.event_id]
        if isinstance(recorded, str):
            assert row.start_day.date().isoformat().startswith(recorded)
            assert (row.start_imputed == "") == (len(recorded) == 10)
        else:
            assert row.start_imputed == "Y"
            assert row.treatment_emergent, "an event without any date is taken as emergent"
    assert len(listed) == raw.index.get_level_values(0).isin(listed["participant_id"]).sum()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cohorts(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(tables: dict[str, pd.DataFrame], random: object) -> None:
    shuffled = {
        name: frame.sample(frac=1.0, random_state=random.randrange(2**31)).reset_index(drop=True)  # type: ignore[attr-defined]
        for name, frame in tables.items()
    }
    rows = summarise_adverse_events(AnalysisInputs(STUDY, tables))
    assert summarise_adverse_events(AnalysisInputs(STUDY, shuffled)) == rows
