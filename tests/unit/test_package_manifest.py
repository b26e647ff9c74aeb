"""Manifest, verification and closing summary of a run, on a hand-made results folder."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from multifidus.base.files import write_parquet
from multifidus.cli.app import main as command
from multifidus.config import RunConfig
from multifidus.config.run import Tier
from multifidus.package.errors import PackageError
from multifidus.package.labels import stated_tiers, table_shape
from multifidus.package.ledger import FOLDER, record_job
from multifidus.package.manifest import canonical_sha256, read_manifest, write_manifest
from multifidus.package.summary import summarise
from multifidus.package.verify import Finding, verify_command, verify_manifest

RUN = RunConfig().model_dump(mode="json")
# The banner as a page may break it.
PAGE = "<p>Synthetic cohort, calibrated to\n  published figures: not trial data.</p>"
SCORECARD = "claim_id,verdict,tier\na,reproduced,synthetic\nb,reproduced,synthetic\n"
SCORECARD += "c,declared_contradiction,synthetic\n"
CARD = [
    {"claim_id": "a", "verdict": "reproduced"},
    {"claim_id": "b", "verdict": "reproduced"},
    {"claim_id": "c", "verdict": "declared_contradiction"},
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


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder as a run leaves it: deliverables, and files between the steps."""
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


def test_untouched_files_verify(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(results)
    assert verify_manifest(read_manifest(path), results) == []
    assert verify_command(path) == verify_command(results) == 0
    own = hashlib.sha256(path.read_bytes()).hexdigest()
    text = (
        f"8 outputs and 2 files that they rest on, under {results}, are as the manifest says; tier"
        f" synthetic, sensitivity open.\nManifest SHA-256: {own}"
        " (compare it with the one that the run printed)\n"
    )
    assert capsys.readouterr().out == text * 2
    assert verify_command(path, sha256=own.upper()) == 0
    with pytest.raises(PackageError) as caught:
        verify_command(path, sha256="0" * 64)
    assert caught.value.error_id == "PKG-021"


def test_a_copied_folder_verifies(results: Path, tmp_path: Path) -> None:
    write(results)
    shutil.copytree(results, tmp_path / "copy")
    assert verify_command(tmp_path / "copy") == 0


def flip_a_byte(results: Path) -> None:
    """Change a file and keep its size."""
    path = results / "manuscript" / "manuscript.pdf"
    path.write_bytes(path.read_bytes().replace(b"7", b"8"))


def relabel(results: Path, **labels: str) -> None:
    """Change the labels of the scorecard's entry in the manifest."""
    path = results / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    next(item for item in content["outputs"] if item["path"] == "scorecard.csv").update(labels)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        (flip_a_byte, Finding("manuscript/manuscript.pdf", "changed")),
        (lambda r: (r / "scorecard.csv").unlink(), Finding("scorecard.csv", "missing")),
        (lambda r: (r / "scorecard.csv").write_text(""), Finding("scorecard.csv", "changed")),
        (lambda r: (r / "extra.csv").write_text("a\n"), Finding("extra.csv", "unlisted")),
        (lambda r: (r / "tables/a.csv").write_text("a\n"), Finding("tables/a.csv", "unlisted")),
        (lambda r: (r / ".hidden").write_text("a\n"), Finding(".hidden", "unlisted")),
        (
            lambda r: (r / "tables/vas.parquet").write_text("other"),
            Finding("tables/vas.parquet", "changed"),
        ),
        (
            lambda r: (r / "manuscript/render.json").write_text("{}"),
            Finding("manuscript/render.json", "changed"),
        ),
        (lambda r: relabel(r, tier=""), Finding("scorecard.csv", "unlabelled")),
        (lambda r: relabel(r, tier="published"), Finding("scorecard.csv", "unlabelled")),
        (lambda r: relabel(r, sensitivity="restricted"), Finding("scorecard.csv", "unlabelled")),
    ],
)
def test_each_kind_of_damage_is_found(
    results: Path, damage: Any, finding: Finding, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(results)
    damage(results)
    found = verify_manifest(read_manifest(path), results)
    assert finding in found
    # A damaged file may contradict another one too, or the manifest's facts.
    others = {other.path for other in found if other.problem not in ("contradicted", "unlisted")}
    assert others <= {finding.path, "manifest.json"}
    with pytest.raises(PackageError, match=rf"\d {finding.problem}") as caught:
        verify_command(path)
    assert caught.value.error_id == "PKG-020"
    assert finding.path in capsys.readouterr().out


def rewrite(results: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest as somebody would who knows its form."""
    path = results / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["run"].update(seed=1),
        lambda m: m["run"].update(study="other"),
        lambda m: m["run"].update(sensitivity="restricted"),
        lambda m: m["run"].update(config_sha256="0" * 64),
        lambda m: m["run"]["configuration"].update(seed=1),
        lambda m: m["run"].update(engine={"name": "quarto", "version": "1.9"}),
        lambda m: m["run"].update(engine=None),
        lambda m: m["outputs"][4].update(rows=4),
        lambda m: m["outputs"][4].update(columns=None),
        lambda m: m["outputs"].pop(),
        lambda m: m["working"].pop(),
    ],
)
def test_each_fact_of_the_manifest_is_checked(
    results: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    path = write(results)
    assert verify_command(path) == 0
    rewrite(results, change)
    with pytest.raises(PackageError) as caught:
        verify_command(path)
    assert caught.value.error_id == "PKG-020"


@pytest.mark.parametrize("fact", ["lock_sha256", "multifidus", "python"])
def test_the_ledger_of_a_run_knows_its_manifest(results: Path, fact: str) -> None:
    """Facts that no other file bears are checked by the manifest's own record."""
    path = write(results)
    record_job(results, "write_manifest", [], [path])
    assert verify_command(path) == 0
    rewrite(results, lambda manifest: manifest["run"].update({fact: "0"}))
    with pytest.raises(PackageError, match="1 changed"):
        verify_command(path)


def test_a_changed_file_with_its_new_hash_in_the_manifest_is_found(results: Path) -> None:
    """The ledger, which the forger left alone, has the hash with which the file was made."""
    path = write(results)
    flip_a_byte(results)
    changed = hashlib.sha256((results / "manuscript/manuscript.pdf").read_bytes()).hexdigest()
    rewrite(results, lambda manifest: manifest["outputs"][3].update(sha256=changed))
    assert [(f.path, f.problem) for f in verify_manifest(read_manifest(path), results)] == [
        ("manuscript/manuscript.pdf", "changed")
    ]


@pytest.mark.parametrize("name", ["scorecard.csv", "results.parquet", "tables/vas.parquet"])
def test_the_hash_of_a_file_that_its_job_did_not_write_enters_no_manifest(
    results: Path, name: str
) -> None:
    (results / name).write_bytes((results / name).read_bytes() + b"\n")
    with pytest.raises(PackageError, match="was changed after rule") as caught:
        write(results)
    assert caught.value.error_id == "PKG-031"


def test_a_file_that_no_job_made_enters_no_manifest(results: Path) -> None:
    (results / FOLDER / "scorecard.csv.json").unlink()
    with pytest.raises(PackageError, match="No job of this workflow made") as caught:
        write(results)
    assert caught.value.error_id == "PKG-030"
    shutil.rmtree(results / FOLDER)
    with pytest.raises(PackageError) as caught:
        write(results, from_ledger=True)
    assert caught.value.error_id == "PKG-030"


def test_two_tables_that_differ_stop_the_manifest(results: Path) -> None:
    for card in CARD[:1]:
        text = json.dumps({"rows": [card], "tier": "synthetic"})
        (results / "scorecard.json").write_text(text, encoding="utf-8")
    cards = [results / f"scorecard.{kind}" for kind in ("csv", "html", "json")]
    record_job(results, "score", [], cards)
    with pytest.raises(PackageError) as caught:
        write(results)
    assert caught.value.error_id == "PKG-005"


def test_a_private_data_folder_is_not_named(results: Path) -> None:
    run = RUN | {"data": {"source": "csv", "path": "/secret/place"}}
    path = write(results, run=run)
    assert "secret" not in path.read_text(encoding="utf-8")
    assert verify_command(path) == 0


def test_documents_are_left_out_before_they_are_made_again(results: Path) -> None:
    path = write(results)
    (results / "manuscript/manuscript.pdf").unlink()
    assert verify_command(path, inputs_only=True) == 0
    (results / "tables/vas.parquet").write_text("other", encoding="utf-8")
    with pytest.raises(PackageError) as caught:
        verify_command(path, inputs_only=True)
    assert caught.value.error_id == "PKG-020"


def test_another_run_inside_the_folder_is_its_own_matter(results: Path) -> None:
    path = write(results)
    (results / "pilot").mkdir()
    (results / "pilot" / "results.csv").write_text("a\n", encoding="utf-8")
    assert verify_manifest(read_manifest(path), results) == [
        Finding("pilot/results.csv", "unlisted")
    ]
    (results / "pilot" / "manifest.json").write_text("{}", encoding="utf-8")
    assert verify_manifest(read_manifest(path), results) == []


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
            "Scorecard    3 published figures: 2 reproduced, 1 declared contradiction",
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
