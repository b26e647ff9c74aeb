"""A change in one domain of the synthetic cohort leaves the bytes of the others as they were."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from multifidus.cohort.calibration.targets import CohortTargets
from multifidus.cohort.devices.usage_table import usage_frame
from multifidus.cohort.generate import generate_cohort
from multifidus.cohort.run import decrements_of
from multifidus.cohort.streams import DEPENDS_ON, DOMAINS, Streams
from multifidus.literature.record.value_sets import load_value_sets
from synthetic_cohort import LITERATURE, assumed_design, published_targets

if TYPE_CHECKING:
    from multifidus.cohort.design import CohortDesign
    from multifidus.cohort.tables import CohortTables

SEED = 7
NO_TARGETS = CohortTargets(())
PERSON = ["participant_id", "age_years", "sex"]
ENTRY = ["participant_id", "site_id", "arm", "randomisation_date", "treatment_start_date"]


def contents(cohort: CohortTables) -> dict[str, str]:
    """What each domain writes, as text; the trajectories write nothing of their own."""
    tables, people = cohort.tables, cohort["participants"]
    rest = ["participant_id", "crossover_date", "treatment_end_date", "death_date"]
    frames: dict[str, list[pd.DataFrame]] = {
        "enrolment": [people[ENTRY]],
        "attendance": [tables["visits"], tables["disposition"], people[rest]],
        "people": [people[PERSON], tables["characteristics"]],
        "vas": [tables["vas"], tables["analgesics"]],
        "use": [usage_frame(cohort.usage)],
    }
    frames |= {
        name: [tables[name]]
        for name in ("odi", "eq5d", "opioids", "adverse_events", "device_events")
    }
    return {name: "".join(frame.to_csv() for frame in found) for name, found in frames.items()}


@pytest.fixture(scope="module")
def as_it_was() -> dict[str, str]:
    return contents(generate_cohort(SEED, NO_TARGETS, assumed_design()))


def may_change(domain: str) -> set[str]:
    """The domain and every domain that is declared to be conditional on it."""
    return {domain} | {name for name, needs in DEPENDS_ON.items() if domain in needs}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name, text in after.items() if text != before[name]}


@pytest.mark.parametrize("domain", [name for name in DOMAINS if name != "logs"])
def test_an_extra_draw_stays_in_its_domain(
    domain: str, as_it_was: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pairs of domains: one more number is drawn first in one of them."""
    opened = Streams.of

    def of(self: Streams, name: str) -> np.random.Generator:
        new = name not in self._open
        stream = opened(self, name)
        if new and name == domain:
            stream.random()
        return stream

    monkeypatch.setattr(Streams, "of", of)
    found = changed(as_it_was, contents(generate_cohort(SEED, NO_TARGETS, assumed_design())))
    assert found <= may_change(domain)
    assert found, "the draw reached nothing"


def england() -> tuple[tuple[float, ...], ...]:
    coefficients = load_value_sets(LITERATURE / "value_sets").coefficients
    return decrements_of(coefficients, "england_2018")


@pytest.mark.parametrize(
    ("domain", "setting"),
    [
        ("people", {"share_female": 0.9}),
        ("attendance", {"missed_slope": 0.9}),
        ("vas", {"vas_range_mm": (55, 95)}),
        ("odi", {"odi_section_person_sd": 1.0}),
        ("eq5d", {"eq5d_decrements": england()}),
        ("opioids", {"post_surgical_share": 0.9}),
        ("lead_faults", {"lead_fractures_per_year": 0.2}),
        ("adverse_events", {"serious_related": 12}),
        ("use", {"completion_share": 0.5}),
    ],
)
def test_a_changed_assumption_stays_in_its_domain(
    domain: str, setting: dict[str, object], as_it_was: dict[str, str]
) -> None:
    design: CohortDesign = replace(assumed_design(), **setting)
    found = changed(as_it_was, contents(generate_cohort(SEED, NO_TARGETS, design)))
    assert found
    assert found <= may_change(domain)


def test_calibrated_answers_do_not_depend_on_each_other() -> None:
    """With all published figures: another value set moves the EQ-5D answers and nothing else."""
    design = replace(assumed_design(), eq5d_decrements=england())
    before = contents(generate_cohort(SEED, published_targets(), assumed_design()))
    after = contents(generate_cohort(SEED, published_targets(), design))
    assert changed(before, after) == {"eq5d"}


def test_each_domain_and_each_device_has_a_stream_of_its_own() -> None:
    first = [float(Streams(SEED).of(name).random()) for name in DOMAINS]
    assert len(set(first)) == len(DOMAINS)
    devices = {Streams(SEED).seed_of("logs", f"P{person:03d}") for person in range(204)}
    assert len(devices) == 204
    assert Streams(SEED).seed_of("logs", "P001") != Streams(SEED + 1).seed_of("logs", "P001")
    with pytest.raises(KeyError):
        Streams(SEED).of("weather")
