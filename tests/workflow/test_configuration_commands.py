"""Wrong configurations through the real commands: id, one sentence, exit code 10, no traceback."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from runs import Run, copy_project, multifidus, snakemake

TRIAL = "config/studies/reactiv8b/study.yaml"
DEEP = b"seed: " + b"[" * 3000 + b"]" * 3000

# Content of the file given with --configfile; what the sentence says.
FILES: dict[str, tuple[bytes | None, str]] = {
    "misspelt name": (None, r"\[CFG-001\] .*mine\.yaml is missing"),
    "Latin-1": ("# Zürich\nseed: 1\n".encode("latin-1"), r"\[CFG-007\] .*mine\.yaml.*UTF-8"),
    "UTF-16": ("seed: 1\n".encode("utf-16"), r"\[CFG-007\] .*mine\.yaml.*UTF-16"),
    "deep nesting": (DEEP, r"\[CFG-009\] .*mine\.yaml.*levels deep"),
    "5,000 digits": (b"seed: " + b"9" * 5000, r"\[CFG-009\] .*mine\.yaml, line 1"),
    "empty": (b"", r"\[CFG-004\] .*mine\.yaml"),
    "list": (b"- a\n", r"\[CFG-004\] .*mine\.yaml"),
    "tabs": (b"render:\n\tengine: auto\n", r"\[CFG-002\] .*mine\.yaml.*line 2"),
    "NUL": (b"seed: 1\x00\n", r"\[CFG-007\] .*mine\.yaml.*line 1"),
    "Python tag": (b"seed: !!python/name:os.sep ''\n", r"\[CFG-009\] .*mine\.yaml, line 1"),
}

# Files that Snakemake can read and merges without a word.
MERGED: dict[str, tuple[str, str]] = {
    "duplicate key": ("seed: 1\nseed: 2\n", r"\[CFG-008\] .*mine\.yaml: 'seed'.*lines 1 and 2"),
    "leading zero": ("seed: 0120\n", r"\[CFG-009\] .*mine\.yaml, line 1"),
    "misspelt key": ("\nsede: 1\n", r"\[CFG-003\] .*mine\.yaml, line 2: 'sede'"),
    "results over sources": ("paths:\n  results: workflow\n", r"\[CFG-004\] .*line 2: paths.resul"),
    "results in a link": ("paths: {results: linked/out}\n", r"\[CFG-004\] .*paths\.results"),
    "results beside home": ("paths: {results: ~/x}\n", r"\[CFG-004\] .*paths\.results"),
}

STUDY: dict[str, tuple[tuple[str, int, str], Any, str]] = {
    "threshold": (("responders", 0, "threshold"), math.nan, "responders.0.threshold"),
    "label": (("responders", 1, "threshold"), 40, "responders.1.label"),
    "event type": (
        ("adverse_events", "device_event_types", 0),  # type: ignore[dict-item]
        "lead_migraton",
        "did you mean 'lead_migration'",
    ),
    "control arm": (("randomised", "control", ""), "treatment", "randomised.control"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_project(tmp_path_factory.mktemp("commands") / "project")
    (folder / "linked").symlink_to("literature")
    return folder


@pytest.fixture
def mine(copy: Path) -> Iterator[Path]:
    path = copy / "mine.yaml"
    yield path
    path.unlink(missing_ok=True)


def check(run: Run, sentence: str) -> None:
    """The sentence is all that is printed, but for Snakemake's line on the profile."""
    assert run.code == 10, run.output[-2000:]
    assert re.search(sentence, run.output), run.output[-2000:]
    lines = [line for line in run.output.splitlines() if not line.startswith("Using workflow")]
    assert len(lines) == 1, run.output[-2000:]


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_read(copy: Path, mine: Path, case: str) -> None:
    content, sentence = FILES[case]
    if content is not None:
        mine.write_bytes(content)
    check(multifidus(copy, "run", "-n", "--configfile", "mine.yaml"), sentence)


def test_a_folder_as_the_file(copy: Path, mine: Path) -> None:
    run = multifidus(copy, "run", "-n", "--configfile=config")
    check(run, r"\[CFG-007\] .*config .*it is a folder")


@pytest.mark.parametrize("case", MERGED)
def test_a_file_that_snakemake_reads(copy: Path, mine: Path, case: str) -> None:
    content, sentence = MERGED[case]
    mine.write_text(content)
    check(snakemake(copy, "-n", "--configfile", "mine.yaml"), sentence)


@pytest.mark.parametrize(
    ("option", "sentence"),
    [("seed=true", r"\[CFG-004\] --config: seed"), ("sede=1", r"\[CFG-003\] --config: 'sede'")],
)
def test_a_value_of_the_command_line(copy: Path, option: str, sentence: str) -> None:
    check(snakemake(copy, "-n", "--config", option), sentence)


@pytest.mark.parametrize("case", STUDY)
def test_a_study_that_cannot_be_meant(copy: Path, case: str) -> None:
    (section, key, inner), value, words = STUDY[case]
    path = copy / TRIAL
    before = path.read_bytes()
    content = yaml.safe_load(before)
    if inner == "":
        content[section][key] = value
    else:
        content[section][key][inner] = value
    try:
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
        check(snakemake(copy, "-n"), rf"\[CFG-004\] {TRIAL}.*{words}")
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize("name", ["config/config.yaml", TRIAL])
def test_a_file_of_the_project_in_another_encoding(copy: Path, name: str) -> None:
    path = copy / name
    before = path.read_bytes()
    try:
        path.write_bytes("# Zürich\n".encode("latin-1") + before)
        check(snakemake(copy, "-n"), rf"\[CFG-007\] The file {name} .*line 1 is not UTF-8")
    finally:
        path.write_bytes(before)


RESTRICTED = """
tier: restricted
data: {source: csv, path: raw}
disclosure: {minimum_count: 5}
"""


@pytest.fixture
def raw(copy: Path) -> Iterator[Path]:
    """A data folder with tables and no stimulator logs; a dry run reads none of them."""
    folder = copy / "raw"
    folder.mkdir()
    (folder / "participants.csv").write_text("participant_id\n")
    yield folder
    shutil.rmtree(folder)


def test_without_logs_device_use_is_left_out_and_said(copy: Path, mine: Path, raw: Path) -> None:
    mine.write_text(RESTRICTED)
    run = snakemake(copy, "-n", "--configfile", "mine.yaml")
    assert run.code == 0, run.output[-2000:]
    assert "raw/logs holds no stimulator logs: device use is left out of this run." in run.output
    assert "read_device_logs" not in run.rules()
    assert "Analysing: device_use" not in run.output
    assert "Analysing: device_events" in run.output
    assert "render_document" in run.rules()


def test_with_logs_device_use_is_analysed(copy: Path, mine: Path, raw: Path) -> None:
    mine.write_text(RESTRICTED)
    (raw / "logs").mkdir()
    (raw / "logs/P001.ipglog").write_text("x")
    run = snakemake(copy, "-n", "--configfile", "mine.yaml")
    assert "no stimulator logs" not in run.output
    assert "read_device_logs" in run.rules()
    assert "Analysing: device_use" in run.output


def test_missing_logs_may_be_refused(copy: Path, mine: Path, raw: Path) -> None:
    mine.write_text(RESTRICTED + "device_logs: {when_missing: refuse}\n")
    run = snakemake(copy, "-n", "--configfile", "mine.yaml")
    check(run, r"\[CFG-004\] mine\.yaml, line 3: data\.path: .*'raw/logs' holds no stimulator logs")


def test_make_report_says_which_file_is_missing(repository: Path) -> None:
    """The command of the README, in the project's own folder: it ends before anything is run."""
    if not (repository / ".venv").is_dir() or not shutil.which("make"):
        pytest.skip("needs make and the environment that it makes")
    done = subprocess.run(
        ["make", "--silent", "report", "CONFIG=config/studies/cdiscpilot01/confg.yaml"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2  # make's own code for any failure
    first = done.stderr.strip().splitlines()[0]
    assert re.match(r"\[CFG-001\] .*confg\.yaml is missing: did you mean .*config\.yaml", first)
