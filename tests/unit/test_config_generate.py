"""What is generated from the configuration models agrees with them and with the files at hand."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from multifidus.config.generate import COMMAND, drift, generated_files, main, reference
from multifidus.config.layers import load_run
from multifidus.config.load import load_study
from multifidus.config.run import RunConfig
from multifidus.config.study import StudyConfig

if TYPE_CHECKING:
    from pathlib import Path

STUDIES = ("reactiv8b", "cdiscpilot01")


def read_yaml(path: Path) -> Any:
    """Read a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def read_schema(repository: Path, name: str) -> Any:
    """Read a committed JSON Schema."""
    path = repository / "config" / "schema" / f"{name}.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def project(repository: Path, tmp_path: Path) -> Path:
    """A copy of the configuration folder to change."""
    shutil.copytree(repository / "config", tmp_path / "config")
    return tmp_path


def test_generated_files_are_as_the_models_say(repository: Path) -> None:
    difference = drift(repository)
    assert difference == "", f"run `{COMMAND}`:\n{difference}"


def test_a_drift_is_shown_with_the_command_that_mends_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = project / "config" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("20240110", "1"), encoding="utf-8")
    assert main(["--check", "--root", str(project)]) == 10
    output = capsys.readouterr()
    assert "-seed: 1\n+seed: 20240110\n" in output.out
    assert output.err == (
        "[CFG-005] Generated files differ from the configuration models: run `make generate`.\n"
    )
    assert main(["--root", str(project)]) == 0
    assert main(["--check", "--root", str(project)]) == 0


def test_hand_written_text_around_the_reference_is_kept(project: Path) -> None:
    readme = project / "config" / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text("Before.\n" + text.replace("| `seed` |", "| `sede` |") + "After.\n", "utf-8")
    main(["--root", str(project)])
    assert readme.read_text(encoding="utf-8") == "Before.\n" + text + "After.\n"


def test_the_written_defaults_are_the_models_defaults(repository: Path) -> None:
    written = read_yaml(repository / "config" / "config.yaml")
    assert load_run(written) == RunConfig()


def test_every_key_of_a_run_stands_in_the_defaults_with_a_comment(repository: Path) -> None:
    text = (repository / "config" / "config.yaml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip()]
    keys = [index for index, line in enumerate(lines) if not line.strip().startswith("#")]
    schema = RunConfig.model_json_schema()
    sections = [schema, *(item for item in schema["$defs"].values() if "properties" in item)]
    assert len(keys) == sum(len(section["properties"]) for section in sections)
    assert all(lines[index - 1].strip().startswith("#") for index in keys)


@pytest.mark.parametrize("model", [RunConfig, StudyConfig])
def test_every_key_is_described(model: type[RunConfig | StudyConfig]) -> None:
    schema = model.model_json_schema()
    sections = [schema, *(item for item in schema["$defs"].values() if "properties" in item)]
    undescribed = [
        f"{section['title']}.{name}"
        for section in sections
        for name, node in section["properties"].items()
        if not node.get("description")
    ]
    assert undescribed == []


@pytest.mark.parametrize("study", STUDIES)
def test_study_files_pass_schema_and_model(repository: Path, study: str) -> None:
    """The JSON Schema, read by a validator of its own, agrees with the models."""
    path = repository / "config" / "studies" / study / "study.yaml"
    jsonschema.Draft202012Validator(read_schema(repository, "study")).validate(read_yaml(path))
    assert load_study(path).study.id == study


@pytest.mark.parametrize("values", [{"seed": -1}, {"sede": 1}, {"render": {"engine": "latex"}}])
def test_the_schema_refuses_what_the_model_refuses(
    repository: Path, values: dict[str, Any]
) -> None:
    validator = jsonschema.Draft202012Validator(read_schema(repository, "run"))
    assert not validator.is_valid(values)
    assert validator.is_valid({})


def test_the_public_study_runs_from_its_own_configuration(repository: Path) -> None:
    """It reads beside the project's folder, and writes apart from the default run."""
    folder = repository / "config" / "studies" / "cdiscpilot01"
    run = load_run(read_yaml(folder / "config.yaml"))
    assert (run.study, run.tier.value, run.data.source) == ("cdiscpilot01", "public", "sdtm")
    assert run.paths.results != RunConfig().paths.results
    assert run.paths.logs != RunConfig().paths.logs


def test_the_reference_has_the_fixed_shape() -> None:
    """Headings of the second level, as the workflow catalog wants, and five columns each."""
    text = reference("config/config.yaml", RunConfig.model_json_schema())
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings[:2] == ["## config/config.yaml", "## config/config.yaml: `data`"]
    assert all(line.startswith("## ") for line in headings)
    assert text.count("| Key | Type | Required | Default | Description |") == len(headings)
    assert (
        "| `seed` | whole number, at least 0, below 4294967296 | no | `20240110` |"
        " Seed of everything that is drawn at random. |" in text
    )


def test_required_keys_and_lists_are_told_apart() -> None:
    text = reference("study.yaml", StudyConfig.model_json_schema())
    assert "| `arms[].id` | id | yes |  | Id used in results. |" in text
    assert "| `visits` | list of sections | no | none | Scheduled visits in order. |" in text
    assert "| `visits[].years` | number, at least 0, at most 100, or null | no | null |" in text


def test_generation_writes_five_files(repository: Path) -> None:
    names = sorted(path.relative_to(repository).as_posix() for path in generated_files(repository))
    assert names == [
        "config/README.md",
        "config/config.yaml",
        "config/schema/cohort.schema.json",
        "config/schema/run.schema.json",
        "config/schema/study.schema.json",
    ]
