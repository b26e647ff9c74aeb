"""Who is at work in a folder, what a killed run leaves, and what the machine lacks."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from multifidus.base.errors import DataError, SetupError
from multifidus.base.files import PARTIAL
from multifidus.base.running import (
    Role,
    at_work,
    attend,
    environment_error,
    keep_modes,
    refuse_unwritable,
    start_run,
)


@pytest.fixture
def left(tmp_path: Path) -> tuple[Path, Path]:
    """Results and Snakemake's folder as a killed run leaves them."""
    results, state = tmp_path / "results", tmp_path / ".snakemake"
    (state / "locks").mkdir(parents=True)
    (state / "locks" / "0.output.lock").write_text("results/a.csv\n")
    (results / "tables").mkdir(parents=True)
    (results / "a.csv").write_text("whole")
    (results / f".a.0123{PARTIAL}.csv").write_text("half")
    (results / f".tables.0123{PARTIAL}").mkdir()
    (results / f".tables.0123{PARTIAL}" / "b").write_text("half")
    return results, state


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_what_a_killed_run_left_is_removed(left: tuple[Path, Path]) -> None:
    results, state = left
    os.close(start_run(results, state))
    assert names(results) == ["a.csv", "tables"]
    assert not (state / "locks").exists()


def test_nothing_is_removed_while_another_run_is_at_work(left: tuple[Path, Path]) -> None:
    results, state = left
    other, before = attend(Role.RUN, state), names(results)
    os.close(start_run(results, state))
    assert names(results) == before
    assert (state / "locks" / "0.output.lock").exists()
    os.close(other)


def test_jobs_of_a_run_that_is_gone_stop_the_next_one(left: tuple[Path, Path]) -> None:
    results, state = left
    job, before = attend(Role.JOB, state), names(results)
    with pytest.raises(SetupError, match="Jobs of a run that was stopped") as caught:
        start_run(results, state, patience=0.2)
    assert caught.value.error_id == "ENV-021"
    assert names(results) == before
    os.close(job)
    os.close(start_run(results, state, patience=0.2))


def test_a_process_is_at_work_until_it_ends_however_it_ends(tmp_path: Path) -> None:
    assert at_work(Role.JOB, tmp_path) is False
    code = (
        "import pathlib, sys; from multifidus.base.running import *;"
        "attend(Role.JOB, pathlib.Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert at_work(Role.JOB, tmp_path) is True
        assert at_work(Role.RUN, tmp_path) is False
        process.kill()
    assert at_work(Role.JOB, tmp_path) is False


@pytest.mark.parametrize("exact", [True, False])
def test_a_process_ends_with_another_one(exact: bool) -> None:
    """With and without the system call that waits for another process."""
    code = (
        "import os, sys, time; from multifidus.base.running import end_with;"
        + ("" if exact else "os.__dict__.pop('pidfd_open', None);")
        + "end_with(int(sys.argv[1])); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    child = subprocess.Popen([sys.executable, "-c", code, str(parent.pid)], env=environment)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(1.5)
        parent.kill()
        parent.wait()
        assert child.wait(120) == -9
    finally:
        for process in (parent, child):
            process.kill()
            process.wait()


@pytest.mark.parametrize(
    ("error", "error_id"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a.csv"), "ENV-011"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "ENV-011"),
        (PermissionError(errno.EACCES, "Permission denied", "a.csv"), "ENV-012"),
        (OSError(errno.EROFS, "Read-only file system", "a.csv"), "ENV-012"),
        (MemoryError(), "ENV-013"),
        (BrokenProcessPool("a worker"), "ENV-013"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.csv"), None),
        (DataError("DAT-100", "a sentence"), None),
        (ValueError("x"), None),
    ],
)
def test_what_the_machine_lacks_is_named(error: Exception, error_id: str | None) -> None:
    found = environment_error(error)
    assert (found.error_id if found else None) == error_id
    wrapped = RuntimeError()
    wrapped.__cause__ = error
    found = environment_error(wrapped)
    assert (found.error_id if found else None) == error_id


def test_the_file_is_named_where_it_is_known() -> None:
    found = environment_error(OSError(errno.ENOSPC, "No space left on device", "a.csv"))
    assert "no space left on the disk for a.csv:" in str(found)


def test_a_folder_without_write_access_is_refused(tmp_path: Path) -> None:
    refuse_unwritable(tmp_path, tmp_path / "new" / "below")
    if os.geteuid() == 0:
        pytest.skip("an administrator may write everywhere; the read-only disk is tried elsewhere")
    tmp_path.chmod(0o500)
    with pytest.raises(SetupError, match="no access to") as caught:
        refuse_unwritable(tmp_path / "new" / "below")
    assert caught.value.error_id == "ENV-012"


def test_copies_lose_the_permissions_that_the_umask_withholds(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir(mode=0o755)
    (tmp_path / "below" / "a").write_text("a")
    (tmp_path / "below" / "a").chmod(0o644)
    before = os.umask(0o077)
    try:
        keep_modes([tmp_path / "below"])
    finally:
        os.umask(before)
    assert (tmp_path / "below").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "below" / "a").stat().st_mode & 0o777 == 0o600
