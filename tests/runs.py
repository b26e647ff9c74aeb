"""Runs of the workflow in copies of the project, made once and shared by the tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OBSERVER = ROOT / "tests/workflow/observer"
PRODUCTS = {".git", ".venv", ".snakemake", "results", "logs", "wheelhouse"}
CACHES = {".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", "__pycache__"}


@dataclass(frozen=True)
class Run:
    """A copy of the project and what its workflow printed.

    Parameters
    ----------
    folder
        The copy; products are under ``results/``.
    code
        Exit code.
    output
        What was printed on both streams.
    """

    folder: Path
    code: int
    output: str

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def rules(self) -> dict[str, int]:
        """Rules of the printed job table and how many jobs each has."""
        table = re.search(r"^job +count\n[- ]+\n(.*?)^total ", self.output, re.S | re.M)
        lines = table[1].splitlines() if table else []
        return {line.split()[0]: int(line.split()[1]) for line in lines if line.strip()}


def copy_project(target: Path) -> Path:
    """Copy what a clone would hold: the working tree without products and caches."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        return set(names) & (CACHES | PRODUCTS if Path(folder) == ROOT else CACHES)

    shutil.copytree(ROOT, target, ignore=left_out)
    return target


def snakemake(folder: Path, *arguments: str, timeout: float = 900) -> Run:
    """Run Snakemake in a copy of the project, as a user would in a fresh shell."""
    return _run(folder, ["-m", "snakemake", *arguments], timeout)


def multifidus(folder: Path, *arguments: str, timeout: float = 900) -> Run:
    """Run the ``multifidus`` command in a copy of the project."""
    return _run(folder, ["-c", "from multifidus.cli.app import main; main()", *arguments], timeout)


def _run(folder: Path, arguments: list[str], timeout: float) -> Run:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SNAKEMAKE", "MULTIFIDUS_REPORT", "QUARTO"))
    }
    environment["PYTHONPATH"] = os.pathsep.join([str(OBSERVER), str(folder / "workflow")])
    environment["MULTIFIDUS_OBSERVED"] = str(folder / ".snakemake/observed")
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Run(folder, done.returncode, done.stdout)


def link_environment(folder: Path) -> None:
    """Give a copy of the project this environment as its own, so that ``make`` sets up none."""
    own, folder = folder / ".venv", folder.resolve()
    (own / "bin").mkdir(parents=True)
    prefix = Path(sys.prefix)
    (own / "lib").symlink_to(prefix / "lib")
    shutil.copy(prefix / "pyvenv.cfg", own)
    (own / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    for name, module in (("multifidus", "multifidus.cli.app"), ("snakemake", "snakemake.cli")):
        program = own / "bin" / name
        program.write_text(f"#!{own}/bin/python\nfrom {module} import main\nmain()\n")
        program.chmod(0o755)
    fingerprint = [sys.executable, "-c", "import setup; print(setup.fingerprint())"]
    stamp = subprocess.run(fingerprint, cwd=folder / "tools", check=True, capture_output=True)
    (own / ".ready").write_bytes(stamp.stdout)


def environment_of(folder: Path) -> dict[str, str]:
    """Variables of a fresh shell, with the package of a copy of the project."""
    hidden = ("SNAKEMAKE", "MULTIFIDUS_", "QUARTO", "MAKE", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return {**kept, "PYTHONPATH": str(folder / "workflow")}
