"""Both commands of the README, each run first in a fresh clone with an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
DOCUMENTS = ("manuscript.html", "manuscript.pdf", "manuscript.docx")


def clone(repository: Path, target: Path) -> Path:
    """Clone the project's present commit."""
    if not (repository / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git repository, or no git")
    subprocess.run(["git", "clone", "--quiet", str(repository), str(target)], check=True)
    return target


def make(
    folder: Path, *arguments: str, prefix: tuple[str, ...] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run make as a user would: without this test run's variables, and without its environment."""
    hidden = ("MULTIFIDUS_", "PYTEST_", "VIRTUAL_ENV", "MAKE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return subprocess.run(
        [*prefix, "make", *arguments],
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )


def without_network() -> tuple[str, ...]:
    """Return a prefix under which a command has no network, or none where that cannot be had."""
    probe = subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True)
    return ("unshare", "-n") if probe.returncode == 0 else ()


def test_report_works_when_run_first_and_afterwards_offline(
    repository: Path, tmp_path: Path
) -> None:
    folder = clone(repository, tmp_path / "clone")
    first = make(folder, "report")
    assert first.returncode == 0, first.stdout[-4000:] + first.stderr[-4000:]
    assert first.stdout.startswith("set-up: ")
    for name in DOCUMENTS:
        assert f"results/manuscript/{name}" in first.stdout
    assert "Scorecard    " in first.stdout
    assert "Time taken   " in first.stdout

    again = make(folder, "report", prefix=without_network())
    assert again.returncode == 0, again.stdout + again.stderr
    assert "set-up: " not in again.stdout
    assert "Nothing to be done" in again.stdout + again.stderr
    assert make(folder, "verify").returncode == 0


def test_test_works_when_run_first_with_pip_alone(repository: Path, tmp_path: Path) -> None:
    """One small file of tests: what is proved is that the command stands on its own."""
    folder = clone(repository, tmp_path / "clone")
    result = make(folder, "test", "TESTS=tests/unit/test_house_rooms.py", MULTIFIDUS_NO_UV="1")
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    assert "installed by pip" in result.stdout
    assert " passed" in result.stdout.splitlines()[-1]
