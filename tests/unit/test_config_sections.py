"""A study of declared sections: what was not declared cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from multifidus.config.load import load_sections, load_study

STUDY = load_study(Path(__file__).parents[2] / "config/studies/reactiv8b/study.yaml")
DUMP = STUDY.model_dump(mode="json")


def test_a_declared_section_is_whole_and_typed() -> None:
    study = load_sections({"visits": DUMP["visits"]})
    assert study.visits == STUDY.visits


def test_a_section_that_was_not_declared_cannot_be_read() -> None:
    study = load_sections({"visits": DUMP["visits"]})
    with pytest.raises(AttributeError):
        _ = study.outcomes


def test_one_key_of_a_section_may_be_declared_alone() -> None:
    study = load_sections({"opioids.conversion": "cdc_2022"})
    assert study.opioids is not None
    assert study.opioids.conversion == "cdc_2022"
    with pytest.raises(AttributeError):
        _ = study.opioids.unchanged_within_percent


def test_a_key_of_a_missing_section_leaves_the_section_missing() -> None:
    assert load_sections({"opioids.conversion": None}).opioids is None
