"""Where the time of a whole run goes: the default study in a fresh copy, rule by rule.

Prints each rule's seconds and peak memory from Snakemake's own benchmark files, and the share of
the two cores that was in use. Run it with ``make bench`` or ``python benchmarks/bench_run.py``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
CORES = 2


def run_copy(folder: Path) -> float:
    """Copy the tracked and untracked files of the project and run the workflow there."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target, follow_symlinks=False)
    environment = {**os.environ, "PYTHONPATH": str(folder / "workflow")}
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", str(CORES), "--quiet", "all"],
        cwd=folder,
        env=environment,
        check=True,
    )
    return time.perf_counter() - started


def rule_times(folder: Path) -> pd.DataFrame:
    """Return seconds, CPU seconds and peak memory of every job."""
    files = sorted((folder / "logs/benchmarks").glob("*.tsv"))
    frames = [pd.read_csv(path, sep="\t").assign(job=path.stem) for path in files]
    return pd.concat(frames).sort_values("s", ascending=False, kind="stable")


def main() -> None:
    """Run once and print the table."""
    with tempfile.TemporaryDirectory(prefix="multifidus-bench-") as name:
        folder = Path(name) / "project"
        folder.mkdir()
        wall = run_copy(folder)
        times = rule_times(folder)
    table = Table(title=f"The default study on {CORES} cores: {wall:.1f} s")
    for head in ("job", "seconds", "CPU seconds", "peak memory, MB"):
        table.add_column(head, justify="left" if head == "job" else "right")
    for job in times.itertuples():
        table.add_row(str(job.job), f"{job.s:.1f}", f"{job.cpu_time:.1f}", f"{job.max_rss:.0f}")
    Console().print(table)
    used = times["cpu_time"].sum() / (CORES * wall)
    print(f"jobs {times['s'].sum():.1f} s, {100 * used:.0f} % of {CORES} cores in use")


if __name__ == "__main__":
    main()
