"""Documents and metadata of the project agree with the code and with each other."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

import multifidus

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def catalogue() -> ModuleType:
    """The module of tools/, which is no package."""
    sys.path.insert(0, str(REPOSITORY / "tools"))
    try:
        import error_catalogue as module
    finally:
        sys.path.pop(0)
    return module


def test_the_error_catalogue_is_as_the_code_says(catalogue: ModuleType) -> None:
    written = (REPOSITORY / "docs" / "errors.md").read_text(encoding="utf-8")
    assert written == catalogue.page(REPOSITORY), "run `make generate`"


def test_errors_are_found_however_they_are_written(catalogue: ModuleType) -> None:
    source = """
raise ConfigError("CFG-901", f"The file {path} is missing: restore it.")
Rule(rule_id="DAT-901", sentence="a value must not be missing here")
TABLE = {"DAT-902": build}
"""
    assert sorted(catalogue.entries_of(source, "room")) == [
        ("CFG-901", "room", "The file … is missing: restore it."),
        ("DAT-901", "room", "a value must not be missing here"),
        ("DAT-902", "room", ""),
    ]


def test_set_ups_errors_are_in_the_catalogue(catalogue: ModuleType) -> None:
    entries = catalogue.all_entries(REPOSITORY)
    ids = {entry.error_id for entry in entries if entry.room == "set-up"}
    assert ids == {"ENV-001", "ENV-002", "ENV-003", "ENV-004", "ENV-005"}


def test_exit_codes_are_those_of_the_code(catalogue: ModuleType) -> None:
    from multifidus.base.errors import ExitCode

    assert [number for number, _ in catalogue.exit_codes(REPOSITORY)] == sorted(map(int, ExitCode))


def make_targets() -> set[str]:
    """Return the targets of the Makefile."""
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"(?m)^([a-z]+):", text))


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", ".ci/run", ".github/workflows/ci.yml"]
)
def test_every_make_command_that_is_named_exists(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:[`$|=]|run:|=1) ?make ([a-z]+)", text))
    assert named
    assert named <= make_targets()


def test_the_test_command_is_the_one_of_the_readme() -> None:
    assert "\nMULTIFIDUS_SLOW=1 make test\n" in (REPOSITORY / ".ci" / "run").read_text("utf-8")
    assert "\n$ make test " in (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_help_lists_every_command() -> None:
    shown = subprocess.run(
        ["make", "help"], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout
    assert set(re.findall(r"(?m)^make ([a-z]+)", shown)) == make_targets()


def test_version_and_licence_are_the_same_everywhere() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert project["version"] == citation["version"] == multifidus.__version__
    assert project["license"] == citation["license"] == "MIT"
    assert (REPOSITORY / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n")


def test_the_citation_file_has_what_version_1_2_0_requires() -> None:
    """Required keys of the Citation File Format 1.2.0: message, title, authors, cff-version."""
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)
    assert citation["authors"] == [{"name": "The Multifidus authors"}]
    assert "doi" not in citation


def test_the_catalogue_of_workflows_finds_what_it_looks_for() -> None:
    """Requirements of the Snakemake Workflow Catalog for standardised usage."""
    usage = yaml.safe_load((REPOSITORY / ".snakemake-workflow-catalog.yml").read_text("utf-8"))
    assert {"mandatory-flags", "software-stack-deployment"} <= set(usage["usage"])
    assert (REPOSITORY / "workflow" / "Snakefile").is_file()
    assert list((REPOSITORY / "workflow" / "rules").glob("*.smk"))
    reference = (REPOSITORY / "config" / "README.md").read_text(encoding="utf-8")
    assert not re.search(r"(?m)^# ", re.sub(r"(?s)```.*?```", "", reference))


def test_hooks_call_the_locked_tools_only() -> None:
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"] for repo in hooks["repos"] for hook in repo["hooks"]]
    assert {repo["repo"] for repo in hooks["repos"]} == {"local"}
    assert all(entry.startswith(".venv/bin/") for entry in entries)
    programs = {entry.split()[0].rpartition("/")[2] for entry in entries}
    assert programs == {"ruff", "mypy", "snakefmt", "python"}


def check_file(kind: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run one of the hooks' own checks on a file."""
    return subprocess.run(
        [sys.executable, str(REPOSITORY / "tools" / "check_files.py"), kind, str(path)],
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("kind", "good", "bad", "words"),
    [
        ("yaml", "a: [1]\n", "a: [1\n", "not valid YAML at line 2"),
        (
            "notebooks",
            '{"cells": [{"cell_type": "code", "outputs": [], "execution_count": null}]}',
            '{"cells": [{"cell_type": "code", "outputs": [{}], "execution_count": 1}]}',
            "1 cells carry output",
        ),
        ("size", "x" * 1_000_000, "x" * 1_000_001, "more than 1000000"),
    ],
)
def test_the_hooks_own_checks_pass_and_fail(
    tmp_path: Path, kind: str, good: str, bad: str, words: str
) -> None:
    path = tmp_path / "file"
    path.write_text(good, encoding="utf-8")
    assert check_file(kind, path).returncode == 0
    path.write_text(bad, encoding="utf-8")
    result = check_file(kind, path)
    assert result.returncode == 1
    assert words in result.stdout
