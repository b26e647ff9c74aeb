"""Other tiers and other studies through the same rules: published figures, public SDTM, own CSV."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from runs import Run, copy_project, snakemake


def _run(folder: Path, settings: dict[str, object], name: str) -> Run:
    config = folder / f"{name}.yaml"
    config.write_text(yaml.safe_dump(settings))
    return snakemake(folder, "--cores", "2", "--configfile", str(config))


def _attack(results: Path, *options: str) -> tuple[int, str]:
    """Search for hidden counts in what a run shows; shares no code with what hides them."""
    script = Path(__file__).resolve().parents[2] / "benchmarks/attack_disclosure.py"
    done = subprocess.run(
        [sys.executable, script, results, "--minimum", "5", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("studies") / "project")


def test_the_published_tier_needs_no_participant_data(project: Path) -> None:
    paths = {"results": "results/published", "logs": "logs/published"}
    run = _run(project, {"tier": "published", "data": {"source": "none"}, "paths": paths}, "run")
    assert run.code == 0, run.output[-2000:]
    scorecard = pd.read_csv(project / "results/published/scorecard.csv")
    assert set(scorecard["tier"]) == {"published"}
    counts = scorecard["verdict"].value_counts()
    assert counts["not_attempted"] > counts["reproduced"] > 0
    assert not (project / "results/published/cohort").exists()


@pytest.mark.shared_data
def test_a_real_trial_in_sdtm_renders_its_report(project: Path, public_data: Path) -> None:
    """Safety N of 86, 84 and 84: the study report of CDISCPILOT01, table 14-1.01."""
    folder = public_data / "cdisc-pilot"
    if not folder.is_dir():
        pytest.skip("the CDISC pilot is not among the public data of this machine")
    settings = {
        "study": "cdiscpilot01",
        "tier": "public",
        "data": {"source": "sdtm", "path": str(folder)},
        "paths": {"results": "results/pilot", "logs": "logs/pilot"},
    }
    run = _run(project, settings, "pilot")
    assert run.code == 0, run.output[-2000:]
    results = pd.read_csv(project / "results/pilot/results.csv").set_index("result_id")
    arms = {"placebo": 86, "xanomeline_low": 84, "xanomeline_high": 84}
    for arm, number in arms.items():
        row = results.loc[f"adverse_events.any.overall.safety.{arm}.participants"]
        assert row["N"] == number
        kept = results.loc[f"flow.completed.overall.safety.{arm}.count", "value"]
        lost = results.loc[f"flow.discontinued.overall.safety.{arm}.count", "value"]
        assert kept + lost == number
    page = (project / "results/pilot/study_report/study_report.html").read_text(encoding="utf-8")
    assert "Public, de-identified participant data" in page
    assert "Placebo (N = 86)" in page.replace("&nbsp;", " ").replace("\u00a0", " ")
    code, found = _attack(project / "results/pilot", "--naive")
    assert code == 1, found
    assert "recovered 0," not in found, "small counts hidden alone can be recovered"


def test_raw_csv_of_the_cohort_give_the_results_of_the_cohort(
    finished_run: Run, project: Path
) -> None:
    """The cohort's own raw tables, brought as a trial's holder would, with small counts hidden."""
    data = project / "holder"
    shutil.copytree(finished_run.results / "cohort/raw", data)
    shutil.copytree(finished_run.results / "cohort/logs", data / "logs")
    settings = {
        "tier": "restricted",
        "data": {"source": "csv", "path": "holder"},
        "disclosure": {"minimum_count": 5, "narratives": True},
        "paths": {"results": "results/holder", "logs": "logs/holder"},
    }
    run = _run(project, settings, "holder")
    assert run.code == 0, run.output[-2000:]
    theirs = pd.read_parquet(finished_run.results / "results.parquet").set_index("result_id")
    ours = pd.read_parquet(project / "results/holder/results.parquet").set_index("result_id")
    rare = theirs.index.difference(ours.index)
    assert set(theirs.loc[rare, "analysis"]) == {"adverse_events"}
    theirs = theirs.loc[ours.index]
    shown = ours["value"].notna()
    exact = shown & (ours["n"].notna() | theirs["n"].isna())  # means without n are rounded
    pd.testing.assert_series_equal(ours.loc[exact, "value"], theirs.loc[exact, "value"])
    assert not ours.loc[shown, "statistic"].isin(["min", "max"]).any()
    people = ours["statistic"].isin(["count", "participants"])
    assert not ours.loc[people & shown, "value"].between(1, 4).any()
    assert (people & ~shown).any()
    manifest = json.loads((project / "results/holder/manifest.json").read_text())
    marks = {item["path"]: item["sensitivity"] for item in manifest["outputs"]}
    single = {path for path in marks if path.startswith(("data_report/", "narratives/"))}
    assert len(single) == 5
    assert {marks[path] for path in single} == {"participant_level"}
    assert {marks[path] for path in set(marks) - single} == {"restricted"}
    document = (project / "results/holder/manuscript/manuscript.html").read_text(encoding="utf-8")
    listed = pd.read_csv(project / "results/holder/narratives/narratives.csv")
    assert not [name for name in listed["participant_id"].unique() if f">{name}<" in document]
    code, found = _attack(project / "results/holder")
    assert code == 0, found
    assert "recovered 0, bounded to fewer than 3 values 0" in found
