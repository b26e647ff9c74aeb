"""The test cluster, and what was planned for it against what it ran."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

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
        """Run one action of ``cluster.sh`` and return its output."""
        result = subprocess.run(
            ["bash", str(SCRIPT), action, str(self.folder)],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
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
    """Read Slurm's ``1500M`` or ``2G``.

    >>> megabytes("1500M"), megabytes("2G")
    (1500, 2048)
    """
    factor = {"M": 1, "G": 1024}[text[-1]]
    return round(float(text[:-1]) * factor)


class PlannedJob(NamedTuple):
    """A job that a dry run announces: rule, memory in MB, threads."""

    rule: str
    memory_mb: int
    threads: int


def planned_jobs(output: str) -> list[PlannedJob]:
    """Read the jobs out of a dry run, without those that stay on the submitting machine.

    >>> planned_jobs("rule a:\\n    threads: 2\\n    resources: mem_mb=300, runtime=5\\n\\n")
    [PlannedJob(rule='a', memory_mb=300, threads=2)]
    >>> planned_jobs("localrule all:\\n    input: x\\n\\n")
    []
    """
    jobs = []
    for block in re.split(r"\n(?=\[|(?:local)?rule )", "\n" + output):
        if head := re.search(r"^rule (\w+):", block, re.MULTILINE):
            memory = re.search(r"resources: .*?\bmem_mb=(\d+)", block)
            threads = re.search(r"threads: (\d+)", block)
            jobs.append(
                PlannedJob(
                    head[1], int(memory[1]) if memory else 0, int(threads[1]) if threads else 1
                )
            )
    return jobs


def rule_of(comment: str) -> str:
    """Return the rule that a job's comment names.

    >>> rule_of("rule_render_document_wildcards_manuscript"), rule_of("rule_a_wildcards_")
    ('render_document', 'a')
    """
    return comment.removeprefix("rule_").partition("_wildcards_")[0]
