"""A wrong configuration: id, one sentence with place and remedy, exit code 10."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from multifidus.base.errors import ConfigError, ExitCode
from multifidus.config.generate import main as generate
from multifidus.config.layers import load_run
from multifidus.config.load import load_study

STUDY: dict[str, Any] = {
    "study": {
        "id": "small",
        "title": "A small trial",
        "short_title": "Small",
        "intervention": "stimulation",
        "condition": "back pain",
    },
    "arms": [{"id": "treatment", "label": "Treatment"}],
    "analysis_sets": [{"id": "safety", "label": "Safety", "requires": ["treatment_start_date"]}],
    "report": {"document": "manuscript"},
    "visits": [
        {
            "id": "y1",
            "label": "1 year",
            "anchor": "activation_date",
            "target_day": 365,
            "window": [300, 430],
        }
    ],
    "outcomes": [
        {
            "id": "vas",
            "label": "Pain",
            "instrument": "vas",
            "unit": "cm",
            "better": "lower",
            "decimals": 1,
        }
    ],
}


def check_sentence(error: ConfigError) -> None:
    """A user error is one sentence on one line, with its id in front and exit code 10."""
    assert error.exit_code == ExitCode.CONFIG == 10
    assert str(error) == f"[{error.error_id}] {error.message}"
    assert "\n" not in error.message
    assert error.message.rstrip(")").endswith((".", "?", "more after it"))


def write_study(folder: Path, content: Any) -> Path:
    """Write a study file."""
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sede": 1}, ("config/config.yaml", "'sede'", "did you mean 'seed'?")),
        ({"render": {"engin": "auto"}}, ("'render.engin'", "did you mean 'engine'?")),
        ({"disclosure": {"minimal_count": 5}}, ("did you mean 'minimum_count'?",)),
        ({"data": {"qqq": 1}}, ("'data.qqq'", "known keys there: source, path")),
    ],
)
def test_a_misspelt_key_is_refused_with_the_nearest_one(
    values: dict[str, Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_run(values)
    assert caught.value.error_id == "CFG-003"
    assert all(word in caught.value.message for word in words)
    check_sentence(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"seed": -1}, ("seed", "greater than or equal to 0")),
        ({"seed": "many"}, ("seed", "valid integer")),
        ({"tier": "secret"}, ("tier", "'published'")),
        ({"study": "ReActiv8-B"}, ("study", "pattern")),
        ({"render": {"engine": "latex"}}, ("render.engine", "'embedded'")),
        ({"render": {"formats": ["html", "html"]}}, ("render", "once")),
        ({"render": {"formats": []}}, ("render", "at least one")),
        ({"data": {"source": "synthetic", "path": "x"}}, ("data.path is not used",)),
        ({"tier": "public", "data": {"source": "csv"}}, ("data.path is required",)),
        ({"tier": "restricted"}, ("tier 'restricted' goes with data.source csv or sdtm",)),
        (
            {"tier": "restricted", "data": {"source": "csv", "path": "x"}},
            ("needs disclosure.minimum_count",),
        ),
        ({"tier": "synthetic", "data": {"source": "csv", "path": "x"}}, ("goes with data.source",)),
        ({"disclosure": {"minimum_count": 21}}, ("disclosure.minimum_count", "less than")),
        ({"disclosure": {"minimum_count": True}}, ("disclosure.minimum_count",)),
        *(
            (
                {
                    "tier": "restricted",
                    "data": {"source": "csv", "path": "x"},
                    "disclosure": {"minimum_count": few},
                },
                ("disclosure.minimum_count of at least 3",),
            )
            for few in (1, 2)
        ),
        ({"paths": {"results": "/tmp/x"}}, ("paths.results must stay inside",)),
        ({"paths": {"logs": "../logs"}}, ("paths.logs must stay inside",)),
    ],
)
def test_a_wrong_value_is_named_with_its_place(
    values: dict[str, Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_run(values)
    assert caught.value.error_id == "CFG-004"
    assert all(word in caught.value.message for word in words), caught.value.message
    check_sentence(caught.value)


def test_further_faults_are_counted() -> None:
    with pytest.raises(ConfigError, match=r"\(1 more after it\)"):
        load_run({"sede": 1, "teir": "synthetic"})


def test_the_small_study_of_these_tests_is_right(tmp_path: Path) -> None:
    """The faults below are what is refused, not the base that they are put into."""
    assert load_study(write_study(tmp_path, STUDY)).study.id == "small"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_study(tmp_path / "none.yaml")
    assert caught.value.error_id == "CFG-001"
    assert "none.yaml" in caught.value.message
    check_sentence(caught.value)


@pytest.mark.parametrize("text", ["study: [unclosed", "study:\n\tid: x", "a: b: c"])
def test_a_file_that_is_no_yaml_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_study(path)
    assert caught.value.error_id == "CFG-002"
    assert "line " in caught.value.message
    check_sentence(caught.value)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n"])
def test_a_study_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_study(path)
    assert caught.value.error_id == "CFG-004"
    check_sentence(caught.value)


def changed(**sections: Any) -> dict[str, Any]:
    """Return the small study with sections replaced."""
    return {**copy.deepcopy(STUDY), **sections}


RESPONDER = {
    "id": "vas_ge50",
    "label": "Half",
    "kind": "percent_reduction",
    "outcome": "vas",
    "threshold": 50,
}
JOINED = {"id": "either", "label": "Either", "kind": "any_of", "of": ["vas_ge50", "vas_ge50"]}
COMPLETERS = {"id": "completers", "label": "Completers", "requires": [], "attended_visit": "y1"}
RANDOMISED = {
    "visit": "y1",
    "treatment": "treatment",
    "control": "treatment",
    "outcomes": ["vas"],
    "responder": "vas_ge50",
}


@pytest.mark.parametrize(
    ("study", "error_id", "words"),
    [
        (changed(arm=[]), "CFG-003", ("did you mean 'arms'?",)),
        (
            changed(visits=[{**STUDY["visits"][0], "windows": [1, 2]}]),
            "CFG-003",
            ("visits.0.windows", "did you mean 'window'?"),
        ),
        (
            changed(visits=[{**STUDY["visits"][0], "target_day": 500}]),
            "CFG-004",
            ("visit 'y1'", "inside the window"),
        ),
        (
            changed(visits=[{**STUDY["visits"][0], "anchor": "birthday"}]),
            "CFG-004",
            ("visits.0.anchor", "'activation_date'"),
        ),
        (changed(arms=STUDY["arms"] * 2), "CFG-004", ("arms.1.id", "'treatment' is given twice")),
        (
            changed(outcomes=[{**STUDY["outcomes"][0], "value_set": "usa_2019"}]),
            "CFG-004",
            ("outcome 'vas'", "value_set"),
        ),
        (
            changed(responders=[{**RESPONDER, "outcome": "vass"}]),
            "CFG-004",
            ("responder 'vas_ge50'", "no outcome 'vass'"),
        ),
        (
            changed(responders=[{**RESPONDER, "visits": ["y9"]}]),
            "CFG-004",
            ("no visit 'y9'",),
        ),
        (
            changed(responders=[{**RESPONDER, "threshold": None}]),
            "CFG-004",
            ("needs outcome and threshold",),
        ),
        (
            changed(responders=[{"id": "both", "label": "Both", "kind": "all_of", "of": ["a"]}]),
            "CFG-004",
            ("all_of needs `of`",),
        ),
        (
            changed(responders=[JOINED | {"of": ["vas_ge50", "either"]}, RESPONDER]),
            "CFG-004",
            ("responder 'either'", "joined in a circle"),
        ),
        (
            changed(responders=[RESPONDER | {"without_worsening": [{"outcome": "odi"}]}]),
            "CFG-004",
            ("responder 'vas_ge50'", "no outcome 'odi'"),
        ),
        (
            changed(
                responders=[
                    RESPONDER | {"without_worsening": [{"outcome": "vas", "more_than": -1}]}
                ]
            ),
            "CFG-004",
            ("more_than", "greater than or equal to 0"),
        ),
        (
            changed(analysis_sets=[*STUDY["analysis_sets"], COMPLETERS | {"attended_visit": "y9"}]),
            "CFG-004",
            ("analysis set 'completers'", "no visit 'y9'"),
        ),
        (
            changed(analysis_sets=[COMPLETERS | {"id": "safety"}]),
            "CFG-004",
            ("analysis set 'safety'", "must not ask for a visit"),
        ),
        (
            changed(visits=[STUDY["visits"][0] | {"anchor_by_arm": {"sham": "crossover_date"}}]),
            "CFG-004",
            ("visit 'y1'", "no arm 'sham'"),
        ),
        (
            changed(randomised=RANDOMISED | {"visit": "d12"}),
            "CFG-004",
            ("randomised", "no visit 'd12'"),
        ),
        (
            changed(randomised=RANDOMISED | {"control": "sham"}),
            "CFG-004",
            ("randomised", "no arm 'sham'"),
        ),
        (
            changed(randomised=RANDOMISED, responders=[]),
            "CFG-004",
            ("randomised", "no responder 'vas_ge50'"),
        ),
        (
            changed(mixed_model={"outcomes": ["vas", "odi"], "visits": ["y1"]}),
            "CFG-004",
            ("mixed_model", "no outcome 'odi'"),
        ),
        (
            changed(opioids={"baseline_visit": "y1", "visits": ["y1", "y2"]}),
            "CFG-004",
            ("opioids", "no visit 'y2'"),
        ),
        (
            changed(device_use={"exposure_start": {"sham": "activation_date"}}),
            "CFG-004",
            ("device_use", "no arm 'sham'"),
        ),
        (
            changed(analysis_sets=[{"id": "itt", "label": "All", "requires": []}]),
            "CFG-004",
            ("a set with the id 'safety' is required",),
        ),
        (
            changed(device_use={"exposure_start": {}, "after_explant": "keep"}),
            "CFG-004",
            ("device_use.after_explant", "'drop'", "'zero'"),
        ),
        (
            changed(device_use={"exposure_start": {}, "minimum_coverage": 80}),
            "CFG-004",
            ("device_use.minimum_coverage", "1"),
        ),
    ],
)
def test_a_wrong_study_file_is_named_with_its_place(
    tmp_path: Path, study: dict[str, Any], error_id: str, words: tuple[str, ...]
) -> None:
    path = write_study(tmp_path, study)
    with pytest.raises(ConfigError) as caught:
        load_study(path)
    assert caught.value.error_id == error_id
    assert all(word in caught.value.message for word in words), caught.value.message
    assert str(path) in caught.value.message
    check_sentence(caught.value)


def test_a_missing_reference_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(["--check", "--root", str(tmp_path)]) == 10
    assert capsys.readouterr().err.startswith("[CFG-001] ")


def test_a_reference_file_without_its_markers_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config").mkdir()
    readme = tmp_path / "config" / "README.md"
    readme.write_text("By hand.\n", encoding="utf-8")
    assert generate(["--root", str(tmp_path)]) == 10
    assert capsys.readouterr().err.startswith("[CFG-006] ")
    assert readme.read_text(encoding="utf-8") == "By hand.\n"
    assert sorted(path.name for path in (tmp_path / "config").iterdir()) == ["README.md"]
