"""Manifest, verification and closing summary of a run, on a hand-made results folder."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hand_made_run import (
    DELIVERABLES,
    PAGE,
    RUN,
    SCORECARD,
    make_results,
    record_jobs,
    write,
    write_word,
)

from multifidus.base.files import write_parquet
from multifidus.cli.app import main as command
from multifidus.config.tier import Tier
from multifidus.package.errors import PackageError
from multifidus.package.labels import stated_tiers, table_shape
from multifidus.package.manifest import canonical_sha256, read_manifest, write_manifest
from multifidus.package.summary import summarise
from multifidus.package.verify import Finding, verify_manifest


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return make_results(tmp_path)


@pytest.mark.parametrize(
    ("tier", "sensitivity", "wanted"),
    [
        ("synthetic", "open", "open"),
        ("public", "open", "open"),
        ("restricted", "restricted", "participant_level"),
    ],
)
def test_participant_level_outputs_are_marked_where_data_are_not_open(
    tmp_path: Path, *, tier: str, sensitivity: str, wanted: str
) -> None:
    """A narrative tells of one person: in the restricted tier it is more than restricted."""
    for name in ("narratives/narratives.csv", "results.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"value,tier\n1,{tier}\n", encoding="utf-8")
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1\n", encoding="utf-8")
    manifest = write_manifest(
        [tmp_path / "narratives", tmp_path / "results.csv"],
        tmp_path / "manifest.json",
        run=RUN | {"tier": tier},
        sensitivity=sensitivity,
        lock=lock,
    )
    marks = {output.path: output.sensitivity for output in manifest.outputs}
    assert marks == {"narratives/narratives.csv": wanted, "results.csv": sensitivity}
    lock.unlink()
    assert verify_manifest(manifest, tmp_path) == []
    weaker = replace(manifest.outputs[0], sensitivity=sensitivity)
    if weaker != manifest.outputs[0]:
        weakened = replace(manifest, outputs=(weaker, manifest.outputs[1]))
        (found,) = verify_manifest(weakened, tmp_path)
        assert found == Finding("narratives/narratives.csv", "unlabelled")


def test_every_output_is_listed_with_size_hash_shape_and_labels(results: Path) -> None:
    """Hashes from hashlib; three rows and three columns are those of the hand-made scorecard."""
    content = json.loads(write(results).read_text(encoding="utf-8"))
    entries = {entry["path"]: entry for entry in content["outputs"]}
    assert list(entries) == sorted([*DELIVERABLES, "data_report/index.html"])
    assert entries["scorecard.csv"] == {
        "path": "scorecard.csv",
        "bytes": len(SCORECARD),
        "sha256": hashlib.sha256(SCORECARD.encode()).hexdigest(),
        "rows": 3,
        "columns": 3,
        "tier": "synthetic",
        "sensitivity": "open",
    }
    assert (entries["results.parquet"]["rows"], entries["results.parquet"]["columns"]) == (3, 2)
    assert entries["manuscript/manuscript.pdf"]["rows"] is None
    assert {entry["tier"] for entry in entries.values()} == {"synthetic"}
    assert {entry["sensitivity"] for entry in entries.values()} == {"open"}


def test_the_facts_of_the_run_are_told(results: Path) -> None:
    run = json.loads(write(results).read_text(encoding="utf-8"))["run"]
    assert run["study"] == "reactiv8b"
    assert run["seed"] == 20240110
    assert run["engine"] == {"name": "embedded", "version": "3.9"}
    assert run["lock_sha256"] == hashlib.sha256(b"a==1\n").hexdigest()
    assert run["config_sha256"] == canonical_sha256(dict(reversed(RUN.items())))
    assert run["configuration"] == RUN
    assert canonical_sha256({**RUN, "seed": 1}) != run["config_sha256"]


def test_two_runs_in_two_places_write_the_same_bytes(results: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "results"
    shutil.copytree(results, other)
    shutil.copy(results.parent / "requirements.lock", other.parent)
    assert write(results).read_bytes() == write(other).read_bytes()
    assert str(tmp_path) not in (results / "manifest.json").read_text(encoding="utf-8")


def test_a_missing_output_stops_the_manifest(results: Path) -> None:
    (results / "scorecard.csv").unlink()
    with pytest.raises(PackageError, match=r"scorecard\.csv is missing") as caught:
        write(results)
    assert caught.value.error_id == "PKG-001"
    assert not (results / "manifest.json").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("scorecard.csv", SCORECARD + "d,reproduced,restricted\n"),
        ("scorecard.json", '{"tier": "restricted"}'),
        ("manuscript/manuscript.html", f"{PAGE} {Tier.RESTRICTED.banner}"),
    ],
)
def test_an_output_of_another_tier_stops_the_manifest(
    results: Path, name: str, content: str
) -> None:
    (results / name).write_text(content, encoding="utf-8")
    record_jobs(results)
    with pytest.raises(PackageError, match="tier 'restricted' in a run of tier") as caught:
        write(results)
    assert caught.value.error_id == "PKG-002"


def test_a_table_of_another_tier_stops_the_manifest(results: Path) -> None:
    write_parquet(results / "results.parquet", pd.DataFrame({"a": [1]}), {"tier": "published"})
    record_jobs(results)
    with pytest.raises(PackageError, match="'published'"):
        write(results)


def test_a_word_document_of_another_tier_stops_the_manifest(results: Path) -> None:
    write_word(results / "manuscript" / "manuscript.docx", Tier.RESTRICTED.banner)
    record_jobs(results)
    with pytest.raises(PackageError, match="'restricted'"):
        write(results)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("scorecard.csv", "claim_id,verdict\na,reproduced\n"),
        ("scorecard.json", "[]"),
        ("scorecard.html", "<p>A page without a banner.</p>"),
    ],
)
def test_an_output_without_a_tier_stops_the_manifest(
    results: Path, name: str, content: str
) -> None:
    (results / name).write_text(content, encoding="utf-8")
    record_jobs(results)
    with pytest.raises(PackageError, match="does not state its data tier") as caught:
        write(results)
    assert caught.value.error_id == "PKG-004"


def test_a_word_document_and_a_table_without_a_tier_stop_the_manifest(results: Path) -> None:
    write_word(results / "manuscript" / "manuscript.docx", "")
    record_jobs(results)
    with pytest.raises(PackageError, match=r"manuscript\.docx does not state"):
        write(results)
    write_word(results / "manuscript" / "manuscript.docx", Tier.SYNTHETIC.banner)
    write_parquet(results / "results.parquet", pd.DataFrame({"a": [1]}), {})
    record_jobs(results)
    with pytest.raises(PackageError, match=r"results\.parquet does not state"):
        write(results)


def test_a_record_without_an_engine_stops_the_manifest(results: Path) -> None:
    (results / "manuscript" / "render.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PackageError) as caught:
        write(results)
    assert caught.value.error_id == "PKG-003"


def test_an_output_outside_the_results_folder_stops_the_manifest(results: Path) -> None:
    with pytest.raises(PackageError, match="lies outside") as caught:
        write_manifest(
            [results.parent / "requirements.lock"],
            results / "manifest.json",
            run=RUN,
            sensitivity="open",
            lock=results.parent / "requirements.lock",
        )
    assert caught.value.error_id == "PKG-001"


@pytest.mark.parametrize(
    ("text", "error_id"),
    [
        ("{", "PKG-011"),
        ("[]", "PKG-011"),
        ('{"format": "multifidus-manifest/0"}', "PKG-011"),
        ('{"format": "multifidus-manifest/1", "run": {}, "outputs": []}', "PKG-011"),
        ('{"format": "multifidus-manifest/2", "run": {}, "outputs": [{}]}', "PKG-011"),
        (None, "PKG-010"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str | None, error_id: str) -> None:
    path = tmp_path / "manifest.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(PackageError) as caught:
        read_manifest(path)
    assert caught.value.error_id == error_id


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.csv", "a/../../b"])
def test_a_path_out_of_the_folder_is_refused(results: Path, name: str) -> None:
    path = write(results)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["outputs"][0]["path"] = name
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(PackageError) as caught:
        read_manifest(path)
    assert caught.value.error_id == "PKG-012"


def test_the_command_ends_with_the_sentence_and_a_failing_code(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(results)
    (results / "scorecard.csv").unlink()
    monkeypatch.setattr("sys.argv", ["multifidus", "verify", str(path)])
    with pytest.raises(SystemExit) as left:
        command()
    assert left.value.code == 1
    assert capsys.readouterr().err.startswith("[PKG-020] ")


def test_the_summary_names_documents_verdicts_and_time(results: Path) -> None:
    path = write(results)
    manifest, own = read_manifest(path), hashlib.sha256(path.read_bytes()).hexdigest()
    assert summarise(manifest, results, seconds=93.4) == "\n".join(
        [
            "Multifidus 0.1.0: study reactiv8b, tier synthetic",
            "Synthetic cohort, calibrated to published figures: not trial data.",
            "",
            f"Document     {results}/manuscript/manuscript.html  (1 kB)",
            f"             {results}/manuscript/manuscript.pdf  (1 kB)",
            f"             {results}/manuscript/manuscript.docx  (1 kB)",
            "Scorecard    3 published figures: 2 reproduced, 1 other data cut",
            f"             {results}/scorecard.html",
            f"Data report  {results}/data_report/index.html",
            "Rendered by  embedded 3.9",
            f"Manifest     {results}/manifest.json, SHA-256 {own}",
            "Time taken   1 min 33 s",
            "",
        ]
    )


def test_a_run_without_scorecard_or_time_has_a_summary_too(results: Path) -> None:
    manifest = read_manifest(write(results, record=None))
    for page in results.glob("scorecard.*"):
        page.unlink()
    text = summarise(manifest, results)
    assert "Scorecard" not in text
    assert "Rendered by" not in text
    assert "Time taken" not in text


def test_files_state_their_tier_where_their_kind_can(results: Path) -> None:
    stated = {name: stated_tiers(results / name) for name in DELIVERABLES}
    assert stated == {
        "manuscript/manuscript.docx": {"synthetic"},
        "manuscript/manuscript.html": {"synthetic"},
        "manuscript/manuscript.pdf": frozenset(),
        "results.parquet": {"synthetic"},
        "scorecard.csv": {"synthetic"},
        "scorecard.html": {"synthetic"},
        "scorecard.json": {"synthetic"},
    }
    assert table_shape(results / "manuscript" / "manuscript.html") is None
    assert stated_tiers(results / "manuscript" / "render.json") == frozenset()
