"""The test cluster, and what was planned for it against what it ran."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

# Targets without work, which run on the submitting machine. A dry run does not mark them.
STAYS_LOCAL = frozenset({"all", "default"})
# Exit status of ``cluster.sh up`` where a Slurm that is not of these tests lives.
ANOTHER_SLURM = 3
SCRIPT = Path(__file__).resolve().parent / "cluster.sh"


class SlurmJob(NamedTuple):
    """A job as Slurm saw it.

    Parameters
    ----------
    comment
        ``rule_<name>_wildcards_<values>``, as the executor writes it.
    state
        Slurm's word, for instance ``COMPLETED``.
    memory_mb, cpus
        What was allocated.
    node
        Where it ran.
    """

    comment: str
    state: str
    memory_mb: int
    cpus: int
    node: str


class Cluster:
    """A running cluster; see ``cluster.sh`` for what it is made of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def call(self, action: str, *, seconds: float = 120) -> str:
        """Run one action of ``cluster.sh`` and return its output.

        Beside another Slurm the tests are skipped with the reason.
        """
        result = subprocess.run(
            ["bash", str(SCRIPT), action, str(self.folder)],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if result.returncode == ANOTHER_SLURM:
            pytest.skip(result.stderr.strip())
        assert result.returncode == 0, f"cluster.sh {action}: {result.stdout}\n{result.stderr}"
        return result.stdout

    def jobs(self) -> list[SlurmJob]:
        """Every job since the cluster started."""
        jobs = []
        for line in self.call("jobs").splitlines():
            comment, state, memory, cpus, node = line.split("|")
            jobs.append(SlurmJob(comment, state, megabytes(memory), int(cpus), node))
        return jobs


def megabytes(text: str) -> int:
    """Read Slurm's ``1500M`` or ``2G``."""
    factor = {"M": 1, "G": 1024}[text[-1]]
    return round(float(text[:-1]) * factor)


def planned_jobs(output: str) -> Counter[str]:
    """Count the jobs of each rule that a dry run announces, without those that stay local."""
    table = re.search(r"^Job stats:\n.*?\n-[- ]+\n(.*?)\ntotal", output, re.DOTALL | re.MULTILINE)
    if table is None:
        return Counter()
    rows = (line.split() for line in table[1].splitlines())
    counts = Counter({rule: int(count) for rule, count in rows})
    return Counter({rule: n for rule, n in counts.items() if rule not in STAYS_LOCAL})


def threads_of_rules(text: str) -> dict[str, int]:
    """Return the threads of every rule of a Snakefile that asks for more than one."""
    blocks = re.split(r"(?m)^(?:    )?(?=rule\b)", text)
    found = {}
    for block in blocks:
        name = re.match(r"rule (\w+):", block)
        threads = re.search(r"(?m)^ +threads:\s+(\d+)$", block)
        if name and threads and int(threads[1]) > 1:
            found[name[1]] = int(threads[1])
    return found


def rule_of(comment: str) -> str:
    """Return the rule that a job's comment names."""
    return comment.removeprefix("rule_").partition("_wildcards_")[0]
