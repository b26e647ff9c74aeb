"""The shipped Slurm profile on a real cluster: the same bytes as on this machine alone."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import pytest
from slurm_cluster import planned_jobs, rule_of, threads_of_rules

if TYPE_CHECKING:
    from pathlib import Path

    from slurm_cluster import Cluster, SlurmJob

pytestmark = [pytest.mark.slurm, pytest.mark.slow]

SITE = "tests/hpc/site"
PROFILE = "workflow/profiles/slurm"
# As in the site's profile of these tests.
SITE_DEFAULT_MB = 500
RunSnakemake = Callable[..., subprocess.CompletedProcess[str]]


class Runs(NamedTuple):
    """The same project run twice, and what Slurm saw."""

    local: Path
    remote: Path
    planned: Counter[str]
    jobs: list[SlurmJob]


@pytest.fixture(scope="module")
def runs(cluster: Cluster, copy_project: Callable[[str], Path], snakemake: RunSnakemake) -> Runs:
    """Run the default study on this machine and on the cluster, in two clones."""
    local, remote = copy_project("local"), copy_project("slurm")
    dry = snakemake(remote, "--cores", "2", "--dry-run", "--forceall")
    snakemake(local, "--cores", "2")
    snakemake(remote, "--profile", SITE, "--workflow-profile", PROFILE)
    return Runs(local, remote, planned_jobs(dry.stdout + dry.stderr), cluster.jobs())


def test_every_deliverable_has_the_bytes_of_the_local_run(runs: Runs) -> None:
    """The manifest and every file that it lists are equal, byte by byte."""
    local, remote = runs.local / "results", runs.remote / "results"
    assert (local / "manifest.json").read_bytes() == (remote / "manifest.json").read_bytes()
    outputs = json.loads((local / "manifest.json").read_text(encoding="utf-8"))["outputs"]
    assert len(outputs) > 0
    different = [
        entry["path"]
        for entry in outputs
        if (local / entry["path"]).read_bytes() != (remote / entry["path"]).read_bytes()
    ]
    assert different == []


def test_each_job_of_the_workflow_was_one_slurm_job(runs: Runs) -> None:
    """Slurm ran what the dry run announced: once each, all to the end, on more than one node."""
    assert runs.planned
    assert Counter(rule_of(job.comment) for job in runs.jobs) == runs.planned
    assert {job.state for job in runs.jobs} == {"COMPLETED"}
    assert len({job.node for job in runs.jobs}) > 1


def test_jobs_got_the_memory_and_cpus_that_the_rules_ask_for(runs: Runs) -> None:
    """Each rule says its memory, so no job has the site's default; threads are Slurm's CPUs."""
    assert [rule_of(job.comment) for job in runs.jobs if job.memory_mb == SITE_DEFAULT_MB] == []
    wanted: dict[str, int] = {}
    for path in (runs.remote / "workflow" / "rules").glob("*.smk"):
        wanted |= threads_of_rules(path.read_text(encoding="utf-8"))
    assert wanted
    given = {rule_of(job.comment): job.cpus for job in runs.jobs if job.cpus > 1}
    assert given == {rule: threads for rule, threads in wanted.items() if rule in runs.planned}


def test_another_run_finds_nothing_to_do(runs: Runs, snakemake: RunSnakemake) -> None:
    """What the cluster made counts as made on the submitting machine too."""
    again = snakemake(runs.remote, "--cores", "2")
    assert "Nothing to be done" in again.stdout + again.stderr
