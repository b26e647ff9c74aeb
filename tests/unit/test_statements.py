"""Sentences follow the numbers and settings that they are about."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
import yaml

from multifidus.base.errors import MultifidusError, RenderError
from multifidus.config.load import load_study
from multifidus.config.study import StudyConfig
from multifidus.report.settings import fill, read_words, setting_in_words
from multifidus.report.statements import (
    STATEMENTS,
    held_out_statement,
    reproduction_statement,
    state,
)

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "config/studies/reactiv8b/study.yaml"
ONE_CENTIMETRE = [{"outcome": "vas", "more_than": 1}, {"outcome": "odi", "more_than": 0}]
PUBLISHED = {
    # The five-year abstract: -4.9 cm, -22.7 points, +0.231, each p < 0.0001; its mixed model was
    # weaker and of the same sign (in words).
    "change.vas.y5.observed.all.mean": -4.9,
    "change.odi.y5.observed.all.mean": -22.7,
    "change.eq5d.y5.observed.all.mean": 0.231,
    "mmrm.vas.y5.itt.all.estimate": -4.4,
    "mmrm.odi.y5.itt.all.estimate": -20.1,
    "mmrm.eq5d.y5.itt.all.estimate": 0.2,
} | {
    name.format(outcome): 1e-5
    for name in ("change.{}.y5.observed.all.p_value", "mmrm.{}.y5.itt.all.p_value")
    for outcome in ("vas", "odi", "eq5d")
}


def test_the_published_results_make_each_statement_true() -> None:
    for name, statement in STATEMENTS.items():
        assert state(name, PUBLISHED) == statement.true


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("model_is_weaker", {"mmrm.odi.y5.itt.all.estimate": -22.8}),
        ("model_is_weaker", {"mmrm.eq5d.y5.itt.all.estimate": -0.1}),
        ("model_conclusions", {"mmrm.eq5d.y5.itt.all.p_value": 0.06}),
        ("improved", {"change.vas.y5.observed.all.mean": 0.1}),
        ("improved", {"change.eq5d.y5.observed.all.mean": -0.1}),
        ("improved", {"change.odi.y5.observed.all.p_value": 0.3}),
    ],
)
def test_one_result_turns_a_statement(name: str, change: dict[str, float]) -> None:
    assert state(name, PUBLISHED | change) == STATEMENTS[name].false


def test_a_result_that_is_missing_hidden_or_not_estimable_is_no_proof() -> None:
    for absent in (None, float("nan")):
        values = PUBLISHED | {"change.vas.y5.observed.all.p_value": absent}
        assert state("improved", values) == STATEMENTS["improved"].unknown
        assert state("model_is_weaker", values) == STATEMENTS["model_is_weaker"].true
    assert state("improved", {}) == STATEMENTS["improved"].unknown
    with pytest.raises(RenderError, match=r"RND-903.*'improves'"):
        state("improves", PUBLISHED)


def test_random_changes_move_the_statements_that_read_them_and_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """200 changes of one result each, to its negative, to none, or to a p of a half."""
    rng = random.Random(20260101)
    before = {name: state(name, PUBLISHED) for name in STATEMENTS}
    moved = 0
    for _ in range(200):
        result_id = rng.choice([*PUBLISHED, "level.vas.y1.observed.all.mean"])
        value = 0.5 if result_id.endswith("p_value") else -PUBLISHED.get(result_id, 1.0)
        after = {name: state(name, PUBLISHED | {result_id: value}) for name in STATEMENTS}
        changed = {name for name in STATEMENTS if after[name] != before[name]}
        assert changed == {n for n, item in STATEMENTS.items() if result_id in item.reads}
        moved += len(changed)
    with capsys.disabled():
        print(f"\n200 random changes of results moved {moved} statements, each that reads them")


def scorecard(*verdicts: str) -> pd.DataFrame:
    return pd.DataFrame({"family": "five_year_abstract", "verdict": verdicts})


def test_reproduction_is_claimed_only_when_nothing_failed() -> None:
    good = scorecard("reproduced", "within_rounding", "record_contradiction")
    text = reproduction_statement(good, "five_year_abstract", "synthetic")
    assert text.startswith("The workflow recovers all 3 printed figures")
    assert "1 of them within a difference declared beforehand" in text
    assert "not that the trial is confirmed" in text
    real = reproduction_statement(good, "five_year_abstract", "public")
    assert real.startswith("All 3 printed figures")
    assert "confirmed" not in real
    bad = scorecard("reproduced", "not_reproduced", "hidden")
    for tier in ("synthetic", "restricted"):
        text = reproduction_statement(bad, "five_year_abstract", tier)
        assert text.startswith("Of 2 printed figures")
        assert "give 1; 1 cannot be compared" in text
        assert "recover" not in text


def test_figures_held_out_are_counted_with_their_distance() -> None:
    """Two of three within rounding; the third lies 2.0 off, with half a unit of 0.5: 4 of them."""
    card = pd.DataFrame(
        {
            "evidence": ["held_out"] * 3 + ["recovered_from_cohort"],
            "verdict": ["reproduced", "within_rounding", "not_reproduced", "reproduced"],
            "difference": ["0.1", "0.5", "-2.0", ""],
            "tolerance": ["0.5", "0.5", "0.5", ""],
        }
    )
    text = held_out_statement(card)
    assert text.startswith("3 printed figures were held out")
    assert "it gives 2 of them within rounding" in text
    assert "the others is 4.0 half units of the last printed digit, the largest 4.0." in text
    assert held_out_statement(card[3:]).startswith("No published figure was held out")


def changed_study(tmp_path: Path, path: str, value: object) -> Path:
    values = yaml.safe_load(STUDY.read_text(encoding="utf-8"))
    *parents, last = path.split(".")
    inside = values
    for key in parents:
        if isinstance(inside, list):
            inside = next(entry for entry in inside if entry["id"] == key)
        else:
            inside = inside[key]
    inside[last] = value
    changed = tmp_path / "study.yaml"
    changed.write_text(yaml.safe_dump(values), encoding="utf-8")
    return changed


@cache
def as_committed() -> StudyConfig:
    return load_study(STUDY)


def texts(study: StudyConfig) -> list[str]:
    """What the manuscript says of the settings: assumptions, methods, labels."""
    words = read_words(ROOT / "literature")
    said = [fill(item.statement, study, words) for item in study.assumptions]
    methods = ("outcomes.eq5d.value_set", "opioids.conversion", "mixed_model.visits")
    said += [setting_in_words(study, path, words) for path in methods]
    return said


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("outcomes.eq5d.value_set", "england_2018"),
        ("outcomes.odi.max_missing_items", 0),
        ("opioids.conversion", "cdc_2016"),
        ("opioids.as_needed", "exclude"),
        ("opioids.partial_dates", "shortest"),
        ("device_use.prescribed_minutes_per_day", 30),
        ("device_use.after_explant", "zero"),
        ("device_use.exposure_start", dict.fromkeys(("treatment", "control"), "activation_date")),
        ("mixed_model.visits", ["y1", "y2", "y3", "y4", "y5"]),
        ("visits.d120.window", [100, 140]),
        ("visits.d120.not_after", None),
        ("visits.y1.window", [300, 547]),
        ("visits.y5.window", [1644, 2000]),
        ("visits.y5.anchor", "treatment_start_date"),
        ("visits.y2.anchor", "randomisation_date"),
        ("analysis_sets.completers.attended_visit", "y4"),
        ("responders.vas_ge50.threshold", 40),
        ("responders.odi_ge20.threshold", 15),
        ("responders.vas_le25.threshold", 3),
        ("responders.primary.refuse_analgesic_increase", False),
        ("responders.vas50_or_odi20_not_worse.without_worsening", ONE_CENTIMETRE),
        ("adverse_events.treatment_emergent_from", "activation_date"),
        ("adverse_events.comparator_terms.infection", ["Wound infection"]),
        ("randomised.visit", "m6"),
        ("randomised.responder", "vas_ge50"),
    ],
)  # fmt: skip
def test_a_changed_setting_changes_the_text_or_is_refused(
    path: str, value: object, tmp_path: Path
) -> None:
    """25 settings: either a sentence says the new value, or one sentence names the old claim."""
    try:
        after, refusal = texts(load_study(changed_study(tmp_path, path, value))), ""
    except MultifidusError as error:
        after, refusal = [], str(error)
    if refusal:
        keys = path.split(".")
        named = keys[1] if keys[0] == "responders" else keys[-1]
        assert refusal.startswith("[CFG-004]")
        assert named in refusal or "assumption '" in refusal
    assert after != texts(as_committed())


def test_a_value_set_carries_its_source() -> None:
    words = read_words(ROOT / "literature")
    assert words["value_set"]["england_2018"] == {
        "words": "England value set of 2018",
        "citation": "[@devlin2018]",
    }
    assert words["conversion"]["cdc_2016"]["citation"] == "[@cdc2016_table; @cdc2014_factors]"


def test_a_statement_cannot_name_a_setting_that_is_not_there(tmp_path: Path) -> None:
    broken = changed_study(
        tmp_path, "assumptions.model.statement", "The model is {mixed_model.kind}."
    )
    with pytest.raises(MultifidusError, match=r"there is no setting 'mixed_model\.kind'"):
        load_study(broken)
    broken = changed_study(tmp_path, "assumptions.model.when", {"outcomes.nrs.unit": "cm"})
    with pytest.raises(MultifidusError, match=r"there is no setting 'outcomes\.nrs\.unit'"):
        load_study(broken)


def test_alternative_texts_say_what_is_drawn_and_no_result() -> None:
    """Words that tell a course or a size would be true of one set of data only."""
    telling = {"falls", "falling", "rises", "rising", "steeply", "stays", "low", "high", "fades"}
    telling |= {"fall", "rise", "stay", "slowly", "most", "few", "half"}
    sources = [*(ROOT / "reports/manuscript").rglob("*.qmd")]
    every = [line for path in sources for line in path.read_text("utf-8").splitlines()]
    lines = [line for line in every if "fig-alt" in line]
    assert len(lines) >= 9
    for line in lines:
        found = telling & set(line.lower().replace(",", " ").replace(".", " ").split())
        assert not found, line
