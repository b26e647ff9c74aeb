"""A real Slurm cluster for the tests, and copies of the project to run in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from slurm_cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "munged")


def _install_slurm() -> None:
    """Install Slurm where that can be done; skip the test, with the reason, where it cannot."""
    if all(shutil.which(program) for program in PROGRAMS):
        return
    if not shutil.which("apt-get"):
        pytest.skip("Slurm is not installed and there is no apt-get to install it")
    install = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "-qq"]
    for command in (
        ["apt-get", "update", "-qq"],
        [*install, "--no-install-recommends", *PACKAGES],
    ):
        result = subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if result.returncode != 0:
            pytest.skip(f"Slurm could not be installed: {' '.join(command)} failed")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A Slurm cluster of three nodes with two CPUs each; gone afterwards."""
    if os.geteuid() != 0:
        pytest.skip("starting a Slurm cluster needs root")
    _install_slurm()
    # Not pytest's own folder: the path must be short and open to all.
    folder = Path(tempfile.mkdtemp(prefix="mf-slurm.", dir="/tmp"))
    running = Cluster(folder)
    try:
        running.call("up")
        yield running
        running.call("down")
        assert running.call("strays").split() == [], "processes outlived the cluster"
    finally:
        running.call("down")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def copy_project(
    repository: Path, tracked_files: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Return a function that makes a copy of the project, as a clone would be."""

    def copy(name: str) -> Path:
        target = tmp_path_factory.mktemp(name)
        for path in tracked_files:
            place = target / path.relative_to(repository)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place)
        return target

    return copy


@pytest.fixture(scope="session")
def snakemake() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs Snakemake in a folder and asserts its exit code."""

    def run(
        folder: Path, *arguments: str, seconds: float = 1800, expected: int = 0
    ) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert result.returncode == expected, result.stdout + result.stderr
        return result

    return run
