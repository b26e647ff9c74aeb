"""The ledger: what each job made, and that nothing else is read after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from multifidus.package.errors import PackageError
from multifidus.package.ledger import FOLDER, MARKER, Ledger, check_inputs, record_job


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two jobs: one makes a folder, one makes a table from it and from a file elsewhere."""
    folder = tmp_path / "results"
    (folder / "raw").mkdir(parents=True)
    for name in ("raw/a.csv", "raw/b.csv", "table.csv", "table.json"):
        (folder / name).write_text(name)
    (folder / "raw" / MARKER).touch()
    (tmp_path / "study.yaml").write_text("study")
    record_job(folder, "draw", [], [folder / "raw"])
    inputs = [folder / "raw", tmp_path / "study.yaml"]
    record_job(folder, "tabulate", inputs, [folder / "table.csv", folder / "table.json"])
    return folder


def refused(results: Path, *names: str) -> str | None:
    try:
        check_inputs(results, [results / name for name in names])
    except PackageError as error:
        return error.error_id
    return None


def test_files_are_followed_back_to_all_that_they_rest_on(results: Path) -> None:
    """The marker of Snakemake and files outside the results are no products."""
    behind = Ledger.read(results).behind(["table.csv"])
    assert {path: record.rule for path, record in behind.items()} == {
        "raw/a.csv": "draw",
        "raw/b.csv": "draw",
        "table.csv": "tabulate",
        "table.json": "tabulate",
    }


def test_untouched_inputs_are_read(results: Path) -> None:
    assert refused(results, "raw", "table.csv") is None
    assert refused(results, "../study.yaml") is None


def test_a_changed_file_is_not_read(results: Path) -> None:
    (results / "raw/a.csv").write_text("other")
    assert refused(results, "raw") == "PKG-031"
    assert refused(results, "raw/a.csv") == "PKG-031"
    assert refused(results, "table.csv") is None


@pytest.mark.parametrize("lost", [["a.csv"], ["a.csv", "b.csv"]])
def test_a_folder_that_lost_files_is_not_read(results: Path, lost: list[str]) -> None:
    for name in lost:
        (results / "raw" / name).unlink()
    assert refused(results, "raw") == "PKG-032"


def test_a_folder_that_gained_a_file_is_not_read(results: Path) -> None:
    (results / "raw/c.csv").write_text("c")
    assert refused(results, "raw") == "PKG-032"


def test_a_job_that_runs_again_replaces_its_record(results: Path) -> None:
    (results / "table.csv").write_text("new")
    assert refused(results, "table.csv") == "PKG-031"
    record_job(results, "other_name", [results / "raw"], [results / "table.csv"])
    assert refused(results, "table.csv") is None
    assert len(list((results / FOLDER).glob("*.json"))) == 2


def test_a_damaged_record_is_named(results: Path) -> None:
    (results / FOLDER / "table.csv.json").write_text("{")
    assert refused(results, "table.csv") == "PKG-033"


def test_a_record_that_another_job_is_writing_is_left_alone(results: Path) -> None:
    (results / FOLDER / ".other.0a1b.partial.json").write_text("{")
    assert "table.csv" in Ledger.read(results)
    assert record_job(results, "draw", [], [results / "raw"]).rule == "draw"
