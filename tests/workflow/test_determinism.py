"""The same inputs give the same bytes, wherever and whenever the run is made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from multifidus.base.files import sha256_of
from runs import Run, copy_project, snakemake


@pytest.fixture(scope="module")
def second_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same study in a folder of another name, on one core."""
    folder = copy_project(tmp_path_factory.mktemp("second") / "elsewhere and named differently")
    return snakemake(folder, "--cores", "1")


def _hashes(run: Run) -> dict[str, str]:
    manifest = json.loads((run.results / "manifest.json").read_text())
    return {item["path"]: item["sha256"] for item in manifest["outputs"]}


def test_two_runs_give_the_same_bytes_of_every_deliverable(
    finished_run: Run, second_run: Run
) -> None:
    assert second_run.code == 0, second_run.output[-2000:]
    first, second = _hashes(finished_run), _hashes(second_run)
    assert len(first) >= 13
    assert first == second
    for name, digest in first.items():
        assert sha256_of(second_run.results / name) == digest
    manifests = [run.results / "manifest.json" for run in (finished_run, second_run)]
    assert manifests[0].read_bytes() == manifests[1].read_bytes()


def test_intermediate_tables_are_the_same_too(finished_run: Run, second_run: Run) -> None:
    for name in ("cohort/raw", "tables", "scores", "analyses", "devicelogs", "figures"):
        files = sorted(path for path in (finished_run.results / name).rglob("*") if path.is_file())
        assert files
        for path in files:
            other = second_run.results / path.relative_to(finished_run.results)
            assert sha256_of(path) == sha256_of(other), path.name


def test_no_product_names_the_machine(finished_run: Run) -> None:
    for path in (
        finished_run.results / "manuscript/manuscript.html",
        finished_run.results / "manifest.json",
    ):
        text = path.read_text(encoding="utf-8")
        assert str(finished_run.folder) not in text
        assert str(Path.home()) not in text


def test_logs_read_by_three_jobs_give_the_bytes_of_one(finished_run: Run, second_run: Run) -> None:
    names = ("sessions", "periods", "months", "faults", "identities")
    targets = [f"results/devicelogs/{name}.parquet" for name in names]
    shards = ("--config", "device_logs={shards: 3}", "--forcerun", "divide_device_logs")
    run = snakemake(second_run.folder, "--cores", "2", *shards, "--", *targets)
    assert run.code == 0, run.output[-2000:]
    jobs = {"divide_device_logs": 1, "read_device_log_shard": 3, "gather_device_logs": 1}
    assert run.rules() == jobs
    for name in names:
        one = finished_run.results / f"devicelogs/{name}.parquet"
        assert sha256_of(one) == sha256_of(run.results / f"devicelogs/{name}.parquet"), name
    left = sorted(path.name for path in (run.results / "devicelogs").iterdir())
    assert left == sorted(f"{name}.parquet" for name in names)
