"""Wrong data and other settings turn scorecard and sentences, on data that stay as they are."""

from __future__ import annotations

import re
import shutil
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from multifidus.report.statements import STATEMENTS
from runs import Run, copy_project, snakemake

pytestmark = pytest.mark.slow


def write_null_data(raw: Path, target: Path) -> None:
    """Data in which nobody improves, no opioid changes and one lead migrates.

    At every later visit each person has the baseline's answers, or slightly worse ones.
    """
    shutil.copytree(raw, target)
    rng = np.random.default_rng(1)
    for name, columns, top in (("vas", "vas_mm", 100), ("odi", "odi_", 5), ("eq5d", "eq5d_", 5)):
        table = pd.read_csv(target / f"{name}.csv")
        answers = [column for column in table if column.startswith(columns)]
        first = table[table["visit"] == "baseline"].set_index("participant_id")[answers]
        later = table["visit"] != "baseline"
        now = first.loc[table.loc[later, "participant_id"]].to_numpy(dtype=float)
        worse = rng.random(now.shape) < (0.5 if name == "vas" else 0.05)
        table[answers] = table[answers].astype("float64")
        table.loc[later, answers] = np.minimum(now + worse, top)
        table[answers] = table[answers].astype("Int64")
        table.to_csv(target / f"{name}.csv", index=False)
    opioids = pd.read_csv(target / "opioids.csv")
    opioids = opioids[~opioids["as_needed"]].drop_duplicates("participant_id")
    opioids.assign(end_date="").to_csv(target / "opioids.csv", index=False)
    people = pd.read_csv(target / "participants.csv")
    who = people[people["last_contact_date"] > "2020-01-01"].iloc[0]
    events = pd.read_csv(target / "device_events.csv")
    events.loc[len(events)] = [
        who["participant_id"], "DE99", "lead_migration", "2019-06-01", "displacement on X-ray",
    ]  # fmt: skip
    events.to_csv(target / "device_events.csv", index=False)


@pytest.fixture(scope="module")
def null_run(finished_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = copy_project(tmp_path_factory.mktemp("null") / "project")
    write_null_data(finished_run.results / "cohort/raw", project / "null")
    settings = {
        "tier": "public",
        "data": {"source": "csv", "path": "null"},
        "render": {"formats": ["html"]},
    }
    (project / "null.yaml").write_text(yaml.safe_dump(settings))
    return snakemake(project, "--cores", "2", "--configfile", "null.yaml")


def test_data_without_benefit_end_in_a_report_that_says_so(null_run: Run) -> None:
    assert null_run.code == 0, null_run.output[-3000:]
    page = (null_run.results / "manuscript/manuscript.html").read_text(encoding="utf-8")
    text = " ".join(unescape(re.sub(r"<[^>]+>", "", page)).split())
    for name in ("improved", "model_is_weaker"):
        assert STATEMENTS[name].true not in text
    assert STATEMENTS["improved"].false in text
    for word in ("recovers", "fell from", "rose from", "fall steeply", "Declared contradiction"):
        assert word not in text
    abstract = text[text.index("Conclusions.") :][:600]
    assert re.search(
        r"Of \d+ printed figures of the five-year abstract, these data do not", abstract
    )


def test_data_without_benefit_turn_the_scorecard(null_run: Run) -> None:
    """What stays: the figures of baseline, flow and age, which the null data leave as they were."""
    card = pd.read_csv(null_run.results / "scorecard.csv", keep_default_na=False)
    found = card[card["evidence"] == "participant_data"]
    moved = found["result_id"].str.contains(
        r"^(?:change|percent_change|level\.\w+\.(?!baseline)|responder|difference|device_events)"
    )
    moved &= ~found["result_id"].str.endswith(".n")
    # By chance, one limit of a difference between two arms without benefit may lie in its range.
    still = found[moved & (found["verdict"] != "not_reproduced")]
    assert set(still["claim_id"]) <= {"gilligan2021_primary_difference"}
    assert moved.sum() > 90
    assert (found.loc[~moved, "verdict"] != "not_reproduced").sum() > 20
    migration = card[card["result_id"].str.startswith("device_events.lead_migration")]
    assert migration["verdict"].tolist() == ["not_reproduced"]


def test_another_value_set_meets_the_same_data(
    finished_run: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = copy_project(tmp_path_factory.mktemp("england") / "project")
    study = project / "config/studies/reactiv8b/study.yaml"
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("value_set: usa_2019", "value_set: england_2018"), "utf-8")
    run = snakemake(project, "--cores", "2", "results/scorecard.csv")
    assert run.code == 0, run.output[-3000:]
    for path in sorted((finished_run.results / "cohort/raw").iterdir()):
        assert (run.results / "cohort/raw" / path.name).read_bytes() == path.read_bytes()
    before = pd.read_csv(finished_run.results / "scorecard.csv", keep_default_na=False)
    after = pd.read_csv(run.results / "scorecard.csv", keep_default_na=False)
    moved = after[after["verdict"] != before["verdict"]]
    assert len(moved) >= 10
    assert set(moved["verdict"]) <= {"not_reproduced", "other_data_cut"}
    assert moved["result_id"].str.contains(".eq5d.", regex=False).all()
    assert "gilligan2024_eq5d_level_y5_mean" in set(moved["claim_id"])
