"""The shipped profiles, without a cluster: no trap for a site, every entry explained."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from slurm_cluster import megabytes, planned_jobs, rule_of, threads_of_rules

if TYPE_CHECKING:
    from pathlib import Path

PROFILES = ("default", "conda", "slurm")
# Snakemake 9 merges profiles key by key, and the workflow's profile wins over the site's: these
# keys there would drop what the site says (its documentation, "Profiles"; checked on a cluster).
SITE_KEYS = ("default-resources", "slurm-partition-config", "set-resources")
RUN_KEYS = ("cores", "jobs", "executor", "retries")


def read(repository: Path, name: str) -> dict[str, Any]:
    """Read a shipped profile."""
    path = repository / "workflow" / "profiles" / name / "profile.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PROFILES)
def test_no_profile_takes_over_what_belongs_to_the_site(repository: Path, name: str) -> None:
    assert set(read(repository, name)).isdisjoint(SITE_KEYS)


@pytest.mark.parametrize("name", ["default", "conda"])
def test_profiles_for_one_machine_bind_no_cluster(repository: Path, name: str) -> None:
    assert set(read(repository, name)).isdisjoint(RUN_KEYS)


@pytest.mark.parametrize("name", ["conda", "slurm"])
def test_named_profiles_repeat_the_default_one_that_they_replace(
    repository: Path, name: str
) -> None:
    assert read(repository, "default").items() <= read(repository, name).items()


@pytest.mark.parametrize("name", PROFILES)
def test_every_entry_is_explained(repository: Path, name: str) -> None:
    """Each key has a comment above it, or stands directly below one that has."""
    path = repository / "workflow" / "profiles" / name / "profile.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    explained = False
    for line in lines:
        if line.startswith("#"):
            explained = True
        elif not line.strip():
            explained = False
        elif re.match(r"[a-z]", line):
            assert explained, f"{path.name} of {name}: no comment above {line!r}"


def test_slurm_polls_without_an_accounting_database(repository: Path) -> None:
    """``sacct`` without slurmdbd hangs for ever in the executor plugin 2.8.0."""
    profile = read(repository, "slurm")
    assert profile["executor"] == "slurm"
    assert profile["slurm-status-command"] == "squeue"
    assert profile["retries"] >= 1


def test_planned_jobs_are_counted_from_a_dry_run() -> None:
    """Output of Snakemake 9.27, shortened."""
    output = """Building DAG of jobs...
Job stats:
job                 count
----------------  -------
read_device_logs        1
execute_notebook        2
default                 1
total                   4

"""
    assert planned_jobs(output) == {"read_device_logs": 1, "execute_notebook": 2}
    assert planned_jobs("Nothing to be done.") == {}


def test_threads_are_read_from_the_rules() -> None:
    text = """
rule one:
    threads: 1
    output: "a"


rule two:
    output:
        "b",
    threads: 2
    resources:
        mem_mb=1


rule none:
    output: "c"
"""
    assert threads_of_rules(text) == {"two": 2}


def test_job_comments_name_their_rule() -> None:
    """The form of the executor plugin 2.8.0, seen in ``squeue``."""
    assert rule_of("rule_render_document_wildcards_manuscript") == "render_document"
    assert rule_of("rule_collect_results_wildcards_") == "collect_results"


def test_slurm_memory_is_read_in_megabytes() -> None:
    """``squeue`` prints 2048 MB as 2G."""
    assert [megabytes("1500M"), megabytes("2G"), megabytes("2.50G")] == [1500, 2048, 2560]
