"""What all tests share: the project's folders, and which kinds of test run."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from runs import Run, copy_project, snakemake

REPOSITORY = Path(__file__).resolve().parent.parent
SLOW_VARIABLE = "MULTIFIDUS_SLOW"
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, visibly and with the reason, what this machine or this call is not meant to run."""
    slow = os.environ.get(SLOW_VARIABLE, "0") not in ("", "0")
    has_browser = any(shutil.which(name) for name in _CHROMIUM) and shutil.which("chromedriver")
    for item in items:
        if not slow and (item.get_closest_marker("slow") or item.get_closest_marker("slurm")):
            item.add_marker(pytest.mark.skip(reason=f"slow: run with {SLOW_VARIABLE}=1"))
        if item.get_closest_marker("browser") and not has_browser:
            item.add_marker(
                pytest.mark.skip(reason="no Chromium with chromedriver on this machine")
            )


@pytest.fixture(scope="session")
def repository() -> Path:
    """The project's folder."""
    return REPOSITORY


@pytest.fixture(scope="session")
def tracked_files() -> list[Path]:
    """Every file that is, or would be, under version control; absolute paths, sorted."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    names = sorted({name for name in listing.split("\0") if name})
    return [REPOSITORY / name for name in names if (REPOSITORY / name).is_file()]


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Folder of public data sets beside the project; the test is skipped when it is absent."""
    folder = Path(os.environ.get("MULTIFIDUS_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the public data are not on this machine (MULTIFIDUS_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A whole run of the default study in a copy of the project; not to be changed by a test.

    Workers of a parallel test run share it: the first one makes it, the others wait.
    """
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    folder, record = shared / "finished", shared / "finished.json"
    with (shared / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            run = snakemake(copy_project(folder), "--cores", "2")
            record.write_text(json.dumps({"code": run.code, "output": run.output}))
    found = json.loads(record.read_text())
    return Run(folder, found["code"], found["output"])


@pytest.fixture(scope="module")
def own_run(finished_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A copy of the finished run that the tests of a module may change."""
    folder = tmp_path_factory.mktemp("own") / "project"
    shutil.copytree(finished_run.folder, folder, symlinks=True)
    return Run(folder, finished_run.code, finished_run.output)
