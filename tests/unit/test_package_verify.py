"""Verification of a run: files, labels, facts, the ledger, and what a forger would change."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hand_made_run import CARD, RUN, make_results, write

from multifidus.package.errors import PackageError
from multifidus.package.ledger import FOLDER, record_job
from multifidus.package.manifest import read_manifest
from multifidus.package.verify import Finding, verify_command, verify_manifest


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return make_results(tmp_path)


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
