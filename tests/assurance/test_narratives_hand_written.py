"""Narratives of the hand-written participants, worked out on paper.

Treatment started on 2018-01-10 for all, stimulation on 2018-01-24 in the treatment arm (P31, P35)
and on 2018-05-25 in the sham arm (P32, P34).

* P31, 1: implant site pain from "2018-01", taken as 2018-01-10 (flag D), probably related.
* P31, 2: the same from 2018-07-01, ongoing; revisions on 2018-08-01 (31 days later) and 2019-08-01.
* P32, 1: implant site infection in "2018", taken as 2018-01-10 (flag M), to 2018-04-01, serious.
* P34, 1: loss of effect from 2020-11-15, possibly related to stimulation; explanted on 2021-03-01.
* P35, 1: fatal infarction on 2021-06-29 and 30, unrelated; the death needs no row of its own.
* P30, P33, P36, P37 and P38 have neither serious nor related events.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hand_written_cohort import inputs, study

from multifidus.analyses.safety.narratives import (
    NARRATIVE_COLUMNS,
    list_narratives,
    summarise_narratives,
)

if TYPE_CHECKING:
    from multifidus.analyses.inputs import AnalysisInputs


@pytest.fixture(scope="module")
def given() -> AnalysisInputs:
    return inputs()


@pytest.fixture(scope="module")
def listed(given: AnalysisInputs) -> pd.DataFrame:
    return list_narratives(given)


def changed(given: AnalysisInputs, rules: dict[str, Any] | None = None, **tables: Any) -> Any:
    """Return inputs with other rules on adverse events and other tables."""
    trial = given.study
    if rules:
        trial = trial.model_copy(
            update={"adverse_events": trial.adverse_events.model_copy(update=rules)}
        )
    return replace(given, study=trial, tables={**given.tables, **tables})


def edit(frame: pd.DataFrame, where: dict[str, str], **values: Any) -> pd.DataFrame:
    frame = frame.copy()
    mask = pd.Series(True, index=frame.index)
    for name, value in where.items():
        mask &= frame[name] == value
    assert mask.sum() == 1
    for name, value in values.items():
        frame.loc[mask, name] = value
    return frame


def test_what_is_told(listed: pd.DataFrame) -> None:
    keys = ["participant_id", "kind", "event_id", "reasons"]
    assert [tuple(row) for row in listed[keys].to_numpy()] == [
        ("P31", "adverse_event", "1", "related"),
        ("P31", "adverse_event", "2", "related"),
        ("P32", "adverse_event", "1", "serious;related"),
        ("P34", "adverse_event", "1", "related"),
        ("P34", "device_event", "1", "explant"),
        ("P35", "adverse_event", "1", "serious;death"),
    ]
    assert list(listed.columns) == list(NARRATIVE_COLUMNS)


@pytest.mark.parametrize(
    ("row", "onset", "flag", "duration", "treated", "stimulated"),
    [
        (0, 0, "D", None, 0, 0),
        (1, 172, None, None, 172, 158),  # 21 + 28 + 31 + 30 + 31 + 30 + 1; less 14
        (2, 0, "M", None, 0, 0),  # a complete end does not correct an imputed onset
        (3, 1040, None, None, 1040, 905),  # 730 + 310; 731 + 174 since 2018-05-25
        (4, 1146, None, None, 1146, 1011),  # 106 days later
        (5, 1266, None, 2, 1266, 1252),  # 1096 + 170; the 29th and the 30th
    ],
)
def test_days(
    listed: pd.DataFrame, *, row: int, onset: int, flag: str | None, duration: int | None,
    treated: int, stimulated: int,
) -> None:  # fmt: skip
    found = listed.iloc[row]
    assert found["onset_day"] == onset
    assert (found["onset_imputed"] if flag else pd.isna(found["onset_imputed"])) == (flag or True)
    assert found["duration_days"] == duration if duration else pd.isna(found["duration_days"])
    assert (found["days_treated"], found["days_stimulated"]) == (treated, stimulated)


def test_who_and_what(listed: pd.DataFrame) -> None:
    infection = listed.iloc[2]
    assert (infection["age_band"], infection["sex"], infection["arm"]) == (
        "60 to 69", "F", "control",
    )  # fmt: skip
    assert infection["related_procedure"] == "definite"
    assert infection["preferred_term"] == "Implant site infection"
    assert bool(infection["serious"])
    assert infection["outcome"] == "recovered"
    assert listed.iloc[4]["outcome"] == "lack of benefit", "the reason of the device event"


def test_device_events_near_an_event(given: AnalysisInputs, listed: pd.DataFrame) -> None:
    """The revision of P31 is 31 days after the onset; day 203 is 172 + 31."""
    assert listed["device_action"].isna().all()
    wider = list_narratives(changed(given, {"narrative_device_days": 31}))
    assert wider.loc[1, "device_action"] == "IPG revision (day 203)"
    widest = list_narratives(changed(given, {"narrative_device_days": 106}))
    assert widest.loc[3, "device_action"] == "Explant (day 1146)"
    assert pd.isna(widest.loc[4, "device_action"]), "an event does not name itself"


def test_a_death_without_a_fatal_event_has_a_row(given: AnalysisInputs) -> None:
    events = edit(
        given.tables["adverse_events"], {"participant_id": "P35"}, severity="severe",
        outcome="unknown", serious=False,
    )  # fmt: skip
    listed = list_narratives(changed(given, adverse_events=events))
    row = listed[listed["participant_id"] == "P35"].iloc[0]
    assert (row["kind"], row["reasons"], row["preferred_term"]) == ("death", "death", "Death")
    assert row["onset_day"] == 1267, "2021-06-30"


def test_an_event_before_treatment_is_told_and_marked(given: AnalysisInputs) -> None:
    """P30's back pain of 2017-12-30, made serious: day -11."""
    events = edit(given.tables["adverse_events"], {"participant_id": "P30"}, serious=True)
    row = list_narratives(changed(given, adverse_events=events)).iloc[0]
    assert row["participant_id"] == "P30"
    assert (row["onset_day"], row["days_treated"], row["days_stimulated"]) == (-11, 0, 0)
    assert not row["treatment_emergent"]
    assert row["duration_days"] == 62, "30 and 31 December, 31 January, 28 February, 1 March"


def test_an_unanswered_relation_counts_by_the_declared_rule(given: AnalysisInputs) -> None:
    """P36 alone has no answer on any relation."""
    listed = list_narratives(changed(given, {"missing_relation": "related"}))
    assert listed["participant_id"].tolist().count("P36") == 1
    assert len(listed) == 7


def test_exposure_ends_with_treatment(given: AnalysisInputs) -> None:
    """P34's event moved to 2021-04-10, forty days after the explantation on day 1146."""
    events = edit(
        given.tables["adverse_events"], {"participant_id": "P34"}, start_date="2021-04-10"
    )
    listed = list_narratives(changed(given, adverse_events=events))
    row = listed[(listed["participant_id"] == "P34") & (listed["kind"] == "adverse_event")].iloc[0]
    assert (row["onset_day"], row["days_treated"]) == (1186, 1146)


def test_nothing_identifies_beyond_the_pseudonym(given: AnalysisInputs) -> None:
    """No date, no exact age, no site, no words of the site's report."""
    text = list_narratives(given).to_csv()
    assert not re.search(r"\b(19|20)\d\d-\d\d", text)
    reported = given.tables["adverse_events"]["reported_term"]
    terms = set(given.tables["adverse_events"]["preferred_term"])
    assert not [term for term in reported if term in text and term not in terms]
    assert "S1" not in text
    old = given.participants.assign(age_years=93.0)
    bands = list_narratives(changed(given, participants=old))["age_band"]
    assert set(bands) == {"80 or over"}


def test_no_narrative_is_an_empty_listing_with_zero_counts(given: AnalysisInputs) -> None:
    none = {name: given.tables[name].iloc[:0] for name in ("adverse_events", "device_events")}
    quiet = changed(given, participants=given.participants.assign(death_date=pd.NaT), **none)
    listed = list_narratives(quiet)
    assert listed.empty
    assert list(listed.columns) == list(NARRATIVE_COLUMNS)
    rows = summarise_narratives(quiet)
    assert rows
    assert {row.value for row in rows} == {0.0}


def test_a_drug_trial_has_no_days_of_stimulation(given: AnalysisInputs) -> None:
    drug = replace(given, study=given.study.model_copy(update={"device_use": None}))
    assert list_narratives(drug)["days_stimulated"].isna().all()


@pytest.mark.parametrize(
    ("reason", "group", "participants", "events"),
    [
        ("any", "all", 4, 6),
        ("serious", "all", 2, 2),
        ("related", "all", 3, 4),
        ("serious_related", "all", 1, 1),
        ("death", "all", 1, 1),
        ("explant", "all", 1, 1),
        ("any", "treatment", 2, 3),
        ("explant", "treatment", 0, 0),
    ],
)
def test_counts(
    given: AnalysisInputs, *, reason: str, group: str, participants: int, events: int
) -> None:
    rows = {row.result_id: row for row in summarise_narratives(given)}
    stem = f"narratives.{reason}.overall.safety.{group}"
    assert rows[f"{stem}.participants"].value == participants
    assert rows[f"{stem}.events"].value == events
    assert rows[f"{stem}.participants"].total == {"all": 47, "treatment": 24}[group]
    assert study().arms[0].id == "treatment"
