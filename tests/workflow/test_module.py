"""The workflow as a module of another one, in another folder and with a blank in its path."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pandas as pd
import pytest

from runs import ROOT, Run, snakemake

PUBLISHED = '{"tier": "published", "data": {"source": "none"}}'


def other_workflow(folder: Path, *, statement: str = "", rules: str = "", used: str = "*") -> Path:
    """Write a Snakefile that uses this workflow; its statement is given without the snakefile."""
    folder.mkdir(parents=True)
    lines = [
        "module multifidus:",
        f'    snakefile: "{ROOT}/workflow/Snakefile"',
        *(f"    {line}" for line in statement.splitlines()),
        f"use rule {used} from multifidus as study_*",
    ]
    (folder / "Snakefile").write_text("\n".join(lines) + "\n" + dedent(rules), encoding="utf-8")
    return folder


def run(folder: Path, *arguments: str) -> Run:
    return snakemake(folder, "--cores", "1", "--quiet", "progress", *arguments)


def test_another_workflow_builds_on_the_scorecard(tmp_path: Path) -> None:
    """Its rules have names of its own and its files are in its folder; no source is copied."""
    config = PUBLISHED[:-1] + ', "paths": {"results": "made/trial", "logs": "made/logs"}}'
    rules = """
        rule count_verdicts:
            default_target: True
            input: "made/trial/scorecard.csv", "made/trial/notebooks/literature_check.ipynb"
            output: "verdicts.txt"
            shell: "wc -l < {input[0]} > {output}"
    """
    folder = other_workflow(tmp_path / "another study", statement=f"config: {config}", rules=rules)
    done = run(folder)
    assert done.code == 0, done.output[-2000:]
    scorecard = pd.read_csv(folder / "made/trial/scorecard.csv")
    assert set(scorecard["tier"]) == {"published"}
    assert int((folder / "verdicts.txt").read_text()) > len(scorecard) > 100
    made = {path.name for path in folder.iterdir()} - {".snakemake"}
    assert made == {"Snakefile", "made", "verdicts.txt"}
    again = run(folder, "--dry-run")
    assert again.code == 0
    assert "Nothing to be done" in again.output


def test_without_a_config_the_defaults_are_those_of_this_project(tmp_path: Path) -> None:
    done = run(other_workflow(tmp_path / "plain"), "--dry-run")
    assert done.code == 0, done.output[-2000:]
    assert "study_simulate_cohort" in done.output


def test_a_fault_in_the_config_of_the_module_is_one_sentence(tmp_path: Path) -> None:
    done = run(other_workflow(tmp_path / "typo", statement='config: {"tierr": "public"}'))
    assert done.code == 10
    assert done.output.startswith("[CFG-003] the configuration of the module: 'tierr' is not")


@pytest.mark.parametrize("option", ['prefix: "trial"', 'replace_prefix: {"results/": "trial/"}'])
def test_a_prefix_is_refused_before_any_job_runs(tmp_path: Path, option: str) -> None:
    """Sources, and the files that a notebook reads, would be looked for in other places."""
    folder = other_workflow(tmp_path / "prefix", statement=f"config: {PUBLISHED}\n{option}")
    done = run(folder)
    assert done.code == 10
    assert done.output.startswith("[CFG-010] The module statement gives 'prefix'")
    assert len(done.output.splitlines()) == 1
