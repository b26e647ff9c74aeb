"""Configurations that cannot be meant: each is refused with id, file and field, none is run.

Every case is one change of the project's own configuration, which is accepted as it is. What is
right is said by the reference in ``config/README.md`` (types and ranges), by the rule named in the
comment over a group, or by YAML 1.1 (what a bare word is read as).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from config_cases import FILE_CASES, MAPPING_CASES, RUN_CASES, STUDY_CASES
from config_project import PILOT_MAPPING, PILOT_RUN, TRIAL, edit, make_project

from multifidus.base.errors import ConfigError
from multifidus.config.layers import load_configuration, read_layers


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_project(tmp_path_factory.mktemp("refusals") / "project")
    (folder / "linked").symlink_to("workflow")
    (folder / "home").symlink_to(folder)
    (folder / "twin").symlink_to("logs")
    (folder / "a_file").write_text("x")
    (folder / "raw").mkdir()
    return folder


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The project as the working folder, its files restored afterwards."""
    monkeypatch.chdir(project)
    files = [Path("config/config.yaml"), *Path("config/studies").rglob("*.yaml")]
    kept = {path: path.read_bytes() for path in files}
    yield project
    for path, content in kept.items():
        path.write_bytes(content)


def refused(files: list[str] | None = None, options: tuple[str, ...] = ()) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_configuration(read_layers(files or [], options))
    error = caught.value
    assert error.exit_code == 10
    assert "\n" not in error.message
    assert len(error.message) < 600
    return error


def names_field(error: ConfigError, field: str) -> bool:
    """The field is a word of its own: ``visits.3`` is not found in ``visits.30``."""
    return re.search(rf"(^|[ .'])({re.escape(field)})(\.|:|')", error.message) is not None


def count_of_cases() -> int:
    return len(STUDY_CASES) + len(RUN_CASES) + len(MAPPING_CASES) + len(FILE_CASES)


def test_the_projects_own_configuration_is_accepted(inside: Path) -> None:
    run, study = load_configuration(read_layers([]))
    assert (run.study, study.study.id) == ("reactiv8b", "reactiv8b")
    run, study = load_configuration(read_layers([PILOT_RUN]))
    assert (run.study, study.study.id) == ("cdiscpilot01", "cdiscpilot01")


def test_there_are_many_cases_and_no_two_are_the_same() -> None:
    assert count_of_cases() >= 200
    for cases in (STUDY_CASES, RUN_CASES, MAPPING_CASES):
        assert len({repr(case) for case in cases}) == len(cases)


@pytest.mark.parametrize(("place", "value", "field"), STUDY_CASES)
def test_a_study_file_that_cannot_be_meant(
    inside: Path, place: str, value: Any, field: str
) -> None:
    edit(Path(TRIAL), place, value)
    error = refused()
    assert error.error_id == "CFG-004"
    assert names_field(error, field), error.message
    assert re.match(rf"{re.escape(TRIAL)}(, line \d+)?: ", error.message)


@pytest.mark.parametrize(("values", "field"), RUN_CASES)
def test_a_run_that_cannot_be_meant(inside: Path, values: Any, field: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    error = refused([str(path)])
    assert error.error_id == "CFG-004"
    assert names_field(error, field), error.message
    assert error.message.startswith(str(path)), error.message


@pytest.mark.parametrize(("place", "value", "field"), MAPPING_CASES)
def test_a_mapping_that_cannot_be_meant(inside: Path, place: str, value: Any, field: str) -> None:
    edit(Path(PILOT_MAPPING), place, value)
    error = refused([PILOT_RUN])
    assert error.error_id == "CFG-004"
    assert names_field(error, field), error.message
    assert error.message.startswith(PILOT_MAPPING)


def test_a_study_without_published_figures_is_not_scored(inside: Path) -> None:
    """The claims are those of another trial."""
    edit(Path(PILOT_RUN).parent / "study.yaml", "report.literature", True)
    error = refused([PILOT_RUN])
    assert names_field(error, "report.literature"), error.message


@pytest.mark.parametrize("case", FILE_CASES)
def test_a_file_that_would_be_misread(inside: Path, case: str, tmp_path: Path) -> None:
    content, error_id, words = FILE_CASES[case]
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    error = refused([str(path)])
    assert error.error_id == error_id, error.message
    assert re.search(words, error.message), error.message
    assert str(path) in error.message


@pytest.mark.parametrize(
    ("option", "error_id", "words"),
    [
        ("seed=true", "CFG-004", "--config: seed"),
        ("seed=0120", "CFG-009", "--config seed.*0120"),
        ("seed", "CFG-002", "key=value"),
        ("sede=1", "CFG-003", "'seed'"),
        ("render={engine: latex}", "CFG-004", "--config: render.engine"),
        ("render={engine: auto, engine: quarto}", "CFG-008", "render"),
        ("render={engine: auto", "CFG-002", "--config render"),
        ("disclosure={minimum_count: two}", "CFG-004", "disclosure.minimum_count"),
    ],
)
def test_a_value_on_the_command_line(inside: Path, option: str, error_id: str, words: str) -> None:
    error = refused(options=(option,))
    assert (error.error_id, bool(re.search(words, error.message))) == (error_id, True), str(error)


def test_values_on_the_command_line_keep_their_kind(inside: Path) -> None:
    """Snakemake reads nested values as text, which a number is not."""
    run, _ = load_configuration(
        read_layers([], ["disclosure={minimum_count: 5, narratives: false}", "seed=7"])
    )
    assert (run.disclosure.minimum_count, run.disclosure.narratives, run.seed) == (5, False, 7)


def test_a_value_given_twice_on_the_command_line_is_refused(inside: Path) -> None:
    assert refused(options=("seed=1", "seed=2")).error_id == "CFG-008"


def test_a_file_that_is_not_there_names_the_nearest(inside: Path) -> None:
    error = refused(["config/studies/cdiscpilot01/confg.yaml"])
    assert error.error_id == "CFG-001"
    assert "did you mean 'config/studies/cdiscpilot01/config.yaml'?" in error.message


def test_a_folder_is_no_file(inside: Path) -> None:
    error = refused(["config/studies"])
    assert (error.error_id, "it is a folder" in error.message) == ("CFG-007", True)


def test_the_sentence_names_the_layer_that_holds_the_fault(inside: Path, tmp_path: Path) -> None:
    """Of three layers that give the section, the middle one holds the fault."""
    middle, top = tmp_path / "middle.yaml", tmp_path / "top.yaml"
    middle.write_text("render:\n  engine: latex\n")
    top.write_text("render:\n  formats: [html]\n")
    error = refused([str(middle), str(top)])
    assert f"{middle}, line 2: render.engine" in error.message


def test_a_fault_of_the_defaults_names_their_file(inside: Path) -> None:
    edit(Path("config/config.yaml"), "seed", "many")
    assert re.match(r"config/config\.yaml, line \d+: seed", refused().message)


def test_an_unknown_study_names_the_nearest(inside: Path) -> None:
    error = refused(options=("study=reactiv8",))
    assert error.error_id == "CFG-001"
    assert "reactiv8b" in error.message


def test_a_json_file_may_be_indented_with_tabs(inside: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{\n\t"seed": 7\n}\n')
    assert load_configuration(read_layers([path]))[0].seed == 7


def test_a_byte_order_mark_and_crlf_are_read(inside: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xef\xbb\xbfseed: 7\r\nrender:\r\n  formats: [html]\r\n")
    assert load_configuration(read_layers([path]))[0].seed == 7
