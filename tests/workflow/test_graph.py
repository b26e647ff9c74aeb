"""The graph: what a run makes, that a second one does nothing, and what a change reruns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runs import Run, snakemake

DELIVERABLES = {
    "manifest.json",
    "results.csv",
    "results.parquet",
    "scorecard.csv",
    "scorecard.html",
    "scorecard.json",
    "data_report/index.html",
    "data_report/report.json",
    "literature/verdicts.json",
    "manuscript/manuscript.docx",
    "manuscript/manuscript.html",
    "manuscript/manuscript.pdf",
    "narratives/index.html",
    "narratives/narratives.csv",
    "narratives/narratives.parquet",
    "notebooks/cohort_calibration.ipynb",
    "notebooks/literature_check.ipynb",
}
AFTER_RESULTS = {
    "collect_results",
    "draw_figures",
    "score_reproduction",
    "check_verdicts",
    "execute_notebook",
    "render_document",
    "deliver_document",
    "write_manifest",
}
CHANGES = {
    "a line of the manuscript": (
        "reports/manuscript/manuscript.qmd",
        ("# Discussion\n", "# Discussion\n\nA further sentence.\n"),
        {"render_document", "deliver_document", "write_manifest"},
    ),
    "a claim that the cohort is not calibrated to": (
        "literature/claims.csv",
        None,
        {
            "check_literature",
            "score_reproduction",
            "check_verdicts",
            "execute_notebook",
            "render_document",
            "deliver_document",
            "write_manifest",
        },
    ),
    "a threshold of the opioid analysis": (
        "config/studies/reactiv8b/study.yaml",
        ("conversion: cdc_2022\n", "conversion: cdc_2022\n  unchanged_within_percent: 5\n"),
        {"analyse_opioids", "analyse_supplement", *AFTER_RESULTS},
    ),
    "the coverage that the comparison of use and outcome asks for": (
        "config/studies/reactiv8b/study.yaml",
        ("minimum_coverage: 0.8", "minimum_coverage: 0.9"),
        {
            "analyse_device_events",
            "analyse_device_use",
            "analyse_flow",
            "list_narratives",
            *AFTER_RESULTS,
        },
    ),
    "a responder cut": (
        "config/studies/reactiv8b/study.yaml",
        ("outcome: odi, threshold: 15}", "outcome: odi, threshold: 16}"),
        {
            "analyse_randomised",
            "analyse_responders",
            "analyse_sensitivity",
            "analyse_supplement",
            *AFTER_RESULTS,
        },
    ),
    "the module of the opioid analysis": (
        "workflow/multifidus/analyses/opioids/categories.py",
        ("from __future__", "# A comment.\nfrom __future__"),
        {"analyse_opioids", "analyse_supplement", *AFTER_RESULTS},
    ),
    "the module of the flow figure": (
        "workflow/multifidus/report/figures/flow.py",
        ("from __future__", "# A comment.\nfrom __future__"),
        {"draw_figures", "render_document", "deliver_document", "write_manifest"},
    ),
}


def test_the_run_ends_well_and_makes_every_deliverable(own_run: Run) -> None:
    assert own_run.code == 0, own_run.output[-3000:]
    made = {str(path.relative_to(own_run.results)) for path in own_run.results.rglob("*")}
    assert made >= DELIVERABLES


def test_a_second_run_does_nothing(own_run: Run) -> None:
    again = snakemake(own_run.folder, "--cores", "all")
    assert again.code == 0
    assert "Nothing to be done" in again.output


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_reruns_what_depends_on_it(own_run: Run, change: str) -> None:
    name, edit, expected = CHANGES[change]
    path = own_run.folder / name
    before = path.read_bytes()
    try:
        _edit(path, edit)
        dry = snakemake(own_run.folder, "--cores", "all", "--dry-run")
    finally:
        path.write_bytes(before)
    rules = set(dry.rules()) - {"default", "all"}
    assert rules, dry.output[-2000:]
    assert rules == expected
    assert not rules & {"simulate_cohort", "simulate_logs", "read_device_logs", "check_data"}


def _edit(path: Path, edit: tuple[str, str] | None) -> None:
    text = path.read_text(encoding="utf-8")
    if edit is None:
        # A figure of another evidence class than the calibrated ones, changed in its note alone.
        lines = text.splitlines()
        at = next(i for i, line in enumerate(lines) if ",needs_participant_data," in line)
        lines[at] += " Read again."
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return
    old, new = edit
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_every_rule_has_log_benchmark_message_and_environment() -> None:
    rules = Path(__file__).resolve().parents[2] / "workflow/rules"
    for path in sorted(rules.glob("*.smk")):
        for block in re.split(r"^ *rule\b", path.read_text(), flags=re.M)[1:]:
            for directive in ("log:", "benchmark:", "message:", "conda:", "script:", "resources:"):
                assert directive in block, f"{path.name}: a rule lacks {directive}"
