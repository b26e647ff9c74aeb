"""A small results folder as a run leaves it, made by hand, with the ledger of its jobs."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd

from multifidus.base.files import write_parquet
from multifidus.config.run import RunConfig
from multifidus.config.tier import Tier
from multifidus.package.ledger import record_job
from multifidus.package.manifest import write_manifest

RUN = RunConfig().model_dump(mode="json")
# The banner as a page may break it.
PAGE = "<p>Synthetic cohort, calibrated to\n  published figures: not trial data.</p>"
SCORECARD = "claim_id,verdict,tier\na,reproduced,synthetic\nb,reproduced,synthetic\n"
SCORECARD += "c,other_data_cut,synthetic\n"
CARD = [
    {"claim_id": "a", "verdict": "reproduced"},
    {"claim_id": "b", "verdict": "reproduced"},
    {"claim_id": "c", "verdict": "other_data_cut"},
]


def write_word(path: Path, banner: str) -> None:
    """Write what matters here of a Word document: its header."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("word/header1.xml"), f"<w:t>{banner}</w:t>")


def record_jobs(folder: Path) -> None:
    """Leave the records of the jobs that would have made the folder as it is."""
    for rule, inputs, outputs in (
        ("ingest_tables", [], ["tables", "data_report"]),
        ("collect_results", ["tables"], ["results.parquet"]),
        ("score", ["results.parquet"], ["scorecard.csv", "scorecard.html", "scorecard.json"]),
        ("render_document", ["results.parquet", "scorecard.csv"], ["manuscript"]),
    ):
        record_job(folder, rule, [folder / n for n in inputs], [folder / n for n in outputs])


def make_results(tmp_path: Path) -> Path:
    """Make a results folder as a run leaves it: deliverables, and files between the steps."""
    folder = tmp_path / "results"
    for name, content in {
        "manuscript/manuscript.html": PAGE,
        "manuscript/manuscript.pdf": "%PDF-1.7",
        "manuscript/render.json": '{"engine_name": "embedded", "engine_version": "3.9"}',
        "scorecard.csv": SCORECARD,
        "scorecard.html": PAGE,
        "scorecard.json": json.dumps({"rows": CARD, "tier": "synthetic"}),
        "data_report/index.html": PAGE,
        "tables/vas.parquet": "between the steps",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    write_word(folder / "manuscript" / "manuscript.docx", Tier.SYNTHETIC.banner)
    frame = pd.DataFrame({"value": [1.0, 2.0, 3.0], "tier": ["synthetic"] * 3})
    write_parquet(folder / "results.parquet", frame, {"tier": "synthetic"})
    (tmp_path / "requirements.lock").write_text("a==1\n", encoding="utf-8")
    record_jobs(folder)
    return folder


DELIVERABLES = (
    "manuscript/manuscript.docx",
    "manuscript/manuscript.html",
    "manuscript/manuscript.pdf",
    "results.parquet",
    "scorecard.csv",
    "scorecard.html",
    "scorecard.json",
)


def write(results: Path, **changes: Any) -> Path:
    """Write the manifest of the hand-made run."""
    target = results / "manifest.json"
    arguments: dict[str, Any] = {
        "run": RUN,
        "sensitivity": "open",
        "lock": results.parent / "requirements.lock",
        "record": results / "manuscript" / "render.json",
        **changes,
    }
    outputs = [results / name for name in DELIVERABLES]
    write_manifest([*outputs, results / "data_report"], target, **arguments)
    return target
