"""The reader of SDTM on a real trial, where its transport files are at hand.

Expected counts were taken from the files with plain counting, apart from this package; the dates
that are partial and the screen failures are stated with the data.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multifidus.config.load import load_study
from multifidus.config.mapping import load_mapping
from multifidus.ingest.run import ingest

if TYPE_CHECKING:
    from multifidus.ingest.inputs import IngestOutcome

ROOT = Path(__file__).parents[2]
STUDY = load_study(ROOT / "config/studies/cdiscpilot01/study.yaml")
MAPPING = load_mapping(ROOT / "config/studies/cdiscpilot01/mapping.yaml")
PILOT = Path(os.environ.get("MULTIFIDUS_SHARED_DATA", ROOT / "../shared/data")) / "cdisc-pilot"

needs_pilot = pytest.mark.skipif(
    not (PILOT / "dm.xpt").is_file(),
    reason="The CDISC pilot's transport files are not at hand (set MULTIFIDUS_SHARED_DATA).",
)


def faults(outcome: IngestOutcome) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(item.rule.id, item.place, item.rows) for item in outcome.findings]


@pytest.fixture(scope="module")
def pilot() -> IngestOutcome:
    return ingest("sdtm", PILOT, STUDY, mapping=MAPPING)


@needs_pilot
@pytest.mark.shared_data
def test_pilot_is_accepted_with_the_two_oddities_it_has(pilot: IngestOutcome) -> None:
    """One death dated a day before the end of participation; one event entered twice."""
    assert faults(pilot) == [
        ("DAT-309", "participants.last_contact_date", (191,)),
        ("DAT-314", "adverse_events", (559, 560)),
    ]


@needs_pilot
@pytest.mark.shared_data
def test_pilot_participants(pilot: IngestOutcome) -> None:
    people = pilot.tables["participants"]
    assert len(people) == 306
    assert people["arm"].value_counts().to_dict() == {
        "placebo": 86, "xanomeline_low": 84, "xanomeline_high": 84,
    }  # fmt: skip
    untreated = people["treatment_start_date"].isna()
    assert untreated.sum() == 52
    assert people.loc[untreated, "arm"].isna().all()
    assert people["treatment_end_date"].isna().sum() == 54
    assert people["death_date"].notna().sum() == 3
    assert people["last_contact_date"].notna().all()
    assert people["sex"].value_counts().to_dict() == {"F": 179, "M": 127}


@needs_pilot
@pytest.mark.shared_data
def test_pilot_adverse_events(pilot: IngestOutcome) -> None:
    people, events = pilot.tables["participants"], pilot.tables["adverse_events"]
    assert len(events) == 1191
    assert events["start_date"].str.len().value_counts().to_dict() == {10: 1165, 7: 15, 4: 11}
    by_arm = events.merge(people[["participant_id", "arm"]], on="participant_id")
    assert by_arm.groupby("arm")["participant_id"].nunique().to_dict() == {
        "placebo": 69, "xanomeline_low": 77, "xanomeline_high": 79,
    }  # fmt: skip
    serious = by_arm[by_arm["serious"].fillna(False)]
    assert serious["arm"].value_counts().to_dict() == {"xanomeline_high": 2, "xanomeline_low": 1}
    assert events["system_organ_class"].nunique() == 23
    assert events["preferred_term"].nunique() == 242
    assert events["related_device"].value_counts(dropna=False).sort_index().tolist() == [
        322, 343, 361, 161, 4,
    ]  # fmt: skip
    assert events["end_date"].isna().sum() == 473


@needs_pilot
@pytest.mark.shared_data
def test_pilot_exposure_and_disposition(pilot: IngestOutcome) -> None:
    exposure, disposition = pilot.tables["exposure"], pilot.tables["disposition"]
    assert len(exposure) == 591
    assert exposure["participant_id"].nunique() == 254
    assert exposure["end_date"].isna().sum() == 6
    assert len(disposition) == 596
    reasons = disposition[disposition["category"] == "disposition event"]["term"].value_counts()
    assert reasons.to_dict() == {
        "completed": 110, "adverse event": 92, "screen failure": 52, "withdrawal by subject": 27,
        "study terminated by sponsor": 7, "protocol violation": 6, "lack of efficacy": 4,
        "death": 3, "physician decision": 3, "lost to follow-up": 2,
    }  # fmt: skip
