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
RENDER = {"render_document", "deliver_document", "write_manifest"}
AFTER_SCORECARD = {"check_verdicts", "execute_notebook", *RENDER}
COMMENT = ("from __future__", "# A comment.\nfrom __future__")
CHANGES = {
    "a line of the manuscript": (
        "reports/manuscript/manuscript.qmd",
        ("# Discussion\n", "# Discussion\n\nA further sentence.\n"),
        RENDER,
    ),
    "a claim that the cohort is not calibrated to": (
        "literature/claims.csv",
        None,
        {
            "check_literature",
            "score_reproduction",
            "check_verdicts",
            "execute_notebook",
            *RENDER,
        },
    ),
    "a threshold of the opioid analysis": (
        "config/studies/reactiv8b/study.yaml",
        ("conversion: cdc_2022\n", "conversion: cdc_2022\n  unchanged_within_percent: 5\n"),
        {"analyse effectiveness", "analyse flow", "analyse opioids", *AFTER_RESULTS},
    ),
    "the coverage that the comparison of use and outcome asks for": (
        "config/studies/reactiv8b/study.yaml",
        ("minimum_coverage: 0.8", "minimum_coverage: 0.9"),
        {
            "analyse device_events",
            "analyse device_use",
            "analyse flow",
            "list_narratives",
            *AFTER_RESULTS,
        },
    ),
    "a responder cut": (
        "config/studies/reactiv8b/study.yaml",
        (
            "by 15 points or more, kind: absolute_reduction, outcome: odi, threshold: 15}",
            "by 16 points or more, kind: absolute_reduction, outcome: odi, threshold: 16}",
        ),
        {
            "analyse randomised",
            "analyse responders",
            "analyse sensitivity",
            *AFTER_RESULTS,
        },
    ),
    "the module of the opioid analysis": (
        "workflow/multifidus/analyses/opioids/categories.py",
        COMMENT,
        {"analyse opioids", *AFTER_RESULTS},
    ),
    "the arithmetic of published figures": (
        "workflow/multifidus/literature/consistency/arithmetic.py",
        COMMENT,
        {"check_literature", "score_reproduction", *AFTER_SCORECARD},
    ),
    "the declared verdicts": (
        "workflow/multifidus/literature/scorecard/verdicts.py",
        COMMENT,
        {"score_reproduction", *AFTER_SCORECARD},
    ),
    "the survival curves": (
        "workflow/multifidus/stats/survival.py",
        COMMENT,
        {"analyse device_events", "analyse device_use", *AFTER_RESULTS},
    ),
    "the mixed model": (
        "workflow/multifidus/stats/mmrm/model.py",
        COMMENT,
        {"analyse mixed_model", "analyse opioids", *AFTER_RESULTS},
    ),
    "the multiple imputation": (
        "workflow/multifidus/stats/imputation/multiple.py",
        COMMENT,
        {"analyse sensitivity", *AFTER_RESULTS},
    ),
    "the table of the participant flow": (
        "workflow/multifidus/report/tables/flow.py",
        COMMENT,
        RENDER,
    ),
    "the figures of the notebooks": (
        "workflow/multifidus/report/figures/evidence.py",
        COMMENT,
        {"execute_notebook", *RENDER},
    ),
    "the narratives' page": (
        "workflow/multifidus/report/narratives.py",
        COMMENT,
        {"list_narratives", "write_manifest"},
    ),
    "the model of a run's configuration": ("workflow/multifidus/config/run.py", COMMENT, set()),
    "the reader of configurations": ("workflow/multifidus/config/layers.py", COMMENT, set()),
    "the summary of verification": (
        "workflow/multifidus/package/verify.py",
        COMMENT,
        set(),
    ),
    "the module of the flow figure": (
        "workflow/multifidus/report/figures/flow.py",
        COMMENT,
        {"draw_figures", *RENDER},
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
    assert dry.code == 0, dry.output[-2000:]
    rules = set(dry.rules()) - {"analyse", "default", "all"}
    rules |= {f"analyse {name}" for name in re.findall(r"Analysing: (\w+)", dry.output)}
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
