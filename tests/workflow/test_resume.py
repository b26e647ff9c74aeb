"""A stopped run goes on with the same command, and says what the machine lacks."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from multifidus.base.files import sha256_of
from runs import Run, copy_project, environment_of, link_environment, multifidus, snakemake

LITERATURE = "tier: published\ndata: {source: none}\n"
REPORT = ("make", "report", "CONFIG=literature.yaml", "CORES=2")
# One job of the run, for the tests that need no more.
TARGET = "results/literature/checks.csv"
ONE_JOB = (".venv/bin/multifidus", "run", "--cores", "1", TARGET)
ONE_JOB += ("--configfile", "literature.yaml")
PATIENCE = 120.0


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with an environment, whose run checks the literature only."""
    folder = copy_project(tmp_path_factory.mktemp("resume") / "project")
    link_environment(folder)
    (folder / "literature.yaml").write_text(LITERATURE)
    return folder


@pytest.fixture(scope="module")
def undisturbed(project: Path) -> dict[str, str]:
    """Hashes of everything that a run ends in when nothing stops it."""
    run = ended(project)
    assert run.code == 0, run.output[-3000:]
    assert "profiles/default" in run.output
    return hashes(project)


def ended(folder: Path, command: tuple[str, ...] = REPORT) -> Run:
    """Run a command to its end, ``make report`` when none is given."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment_of(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Run(folder, done.returncode, done.stdout)


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in sorted((folder / "results").rglob("*"))
        if path.is_file()
    }


@contextlib.contextmanager
def running(
    folder: Path, at: str, command: tuple[str, ...] = REPORT
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command from nothing and go on once the job of a rule is at work."""
    shutil.rmtree(folder / "results", ignore_errors=True)
    shutil.rmtree(folder / "logs", ignore_errors=True)
    with (folder / "first.log").open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment_of(folder),
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
        try:
            wait_for((folder / f"logs/{at}.log").exists)
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def descendants(process: subprocess.Popen[bytes], word: str) -> list[psutil.Process]:
    """Processes started by a command, whose own command line has a word, oldest first."""
    found = psutil.Process(process.pid).children(recursive=True)
    return [child for child in found if any(word in part for part in child.cmdline())]


def test_after_the_kill_of_all_its_processes(project: Path, undisturbed: dict[str, str]) -> None:
    with running(project, "score_reproduction"):
        pass
    assert list((project / ".snakemake" / "locks").iterdir())
    again = ended(project)
    assert again.code == 0, again.output[-3000:]
    assert hashes(project) == undisturbed


def test_after_the_kill_of_snakemake_alone(project: Path, undisturbed: dict[str, str]) -> None:
    """Its job ends with it, so that the next run is the only writer."""
    with running(project, "check_literature", ONE_JOB) as process:
        (leader,) = descendants(process, "snakemake")[:1]
        assert leader.cmdline()[1:3] == ["-m", "snakemake"]
        jobs = descendants(process, ".snakemake/scripts/")
        leader.kill()
        assert process.wait(PATIENCE) == 16
        _, alive = psutil.wait_procs(jobs, timeout=PATIENCE)
        assert (bool(jobs), alive) == (True, [])
    assert "[ENV-013] Snakemake was killed" in (project / "first.log").read_text()
    again = ended(project, ONE_JOB)
    assert again.code == 0, again.output[-3000:]
    assert sha256_of(project / TARGET) == undisturbed[TARGET]


def test_after_the_kill_of_a_job(project: Path, undisturbed: dict[str, str]) -> None:
    with running(project, "check_literature", ONE_JOB) as process:
        for child in descendants(process, ".snakemake/scripts/"):
            child.kill()
        assert process.wait(PATIENCE) == 16
    output = (project / "first.log").read_text()
    assert "[ENV-013] Rule check_literature was killed, most often because memory" in output
    again = ended(project, ONE_JOB)
    assert again.code == 0, again.output[-3000:]
    assert sha256_of(project / TARGET) == undisturbed[TARGET]


def test_a_second_run_beside_a_live_one_is_refused(project: Path) -> None:
    with running(project, "check_literature", ONE_JOB) as process:
        os.killpg(process.pid, signal.SIGSTOP)
        second = ended(project, ONE_JOB)
    assert second.code == 16
    assert "[ENV-020] Another run is at work in this folder" in second.output


@pytest.fixture
def small_disk(project: Path) -> Iterator[Path]:
    """A folder of the project on a disk of 24 kB."""
    folder = project / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root alone")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


def test_a_full_disk_is_named_with_the_next_step(project: Path, small_disk: Path) -> None:
    (project / "small.yaml").write_text(LITERATURE + f"paths: {{results: {small_disk.name}}}\n")
    run = multifidus(project, "run", "--cores", "1", "--configfile", "small.yaml")
    assert run.code == 16, run.output[-3000:]
    assert run.output.splitlines()[-1].startswith("  [ENV-011] There is no space left on the disk")
    assert "Traceback" not in run.output
    assert not list(small_disk.rglob("*.partial*"))


@pytest.fixture
def read_only_disk(project: Path) -> Iterator[Path]:
    """A folder of the project on a disk that is mounted for reading."""
    folder = project / "fixed"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a read-only disk can be mounted by root alone")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


@pytest.mark.parametrize("below", ["", "/below"])
def test_a_read_only_disk_is_named_before_anything_runs(
    project: Path, read_only_disk: Path, below: str
) -> None:
    text = LITERATURE + f"paths: {{results: {read_only_disk.name}{below}}}\n"
    (project / "fixed.yaml").write_text(text)
    for command in (multifidus, snakemake):
        first = ("run",) if command is multifidus else ()
        run = command(project, *first, "--cores", "1", "--configfile", "fixed.yaml")
        assert run.code == 16, run.output[-3000:]
        assert f"[ENV-012] This account has no access to {read_only_disk}" in run.output
        assert "Traceback" not in run.output


def test_files_of_a_restricted_run_are_its_owners_alone(tmp_path: Path) -> None:
    """Results and logs, under a umask that would let everybody read, from data made by hand."""
    folder = copy_project(tmp_path / "project")
    shutil.copytree(folder / "tests/assurance/hand_written", folder / "data")
    (folder / "run.yaml").write_text(
        "tier: restricted\ndata: {source: csv, path: data}\ndisclosure: {minimum_count: 5}\n"
    )
    arguments = ["--cores", "2", "--configfile", "run.yaml", "--until", "check_literature"]
    for name in ("results", "logs"):
        (folder / name).mkdir()
    before = os.umask(0o022)
    try:
        run = multifidus(folder, "run", *arguments, "score_instruments")
    finally:
        os.umask(before)
    made = [path for name in ("results", "logs") for path in (folder / name).rglob("*")]
    wrong = {
        path.relative_to(folder).as_posix(): oct(path.stat().st_mode & 0o777)
        for path in [*made, folder / "results", folder / "logs"]
        if path.stat().st_mode & 0o777 != (0o700 if path.is_dir() else 0o600)
    }
    assert wrong == {}
    assert run.code == 0, run.output[-3000:]
    assert (folder / "results/scores/scores.parquet").exists()
