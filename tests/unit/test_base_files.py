"""Whole files or none, the same bytes for the same content."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import stat
from pathlib import Path

import pandas as pd
import pytest

from multifidus.base.errors import ConfigError, DataError, ExitCode
from multifidus.base.files import (
    adopt_directory,
    atomic_directory,
    atomic_path,
    csv_text,
    sha256_of,
    write_csv,
    write_json,
    write_parquet,
)


def test_a_failing_writer_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(target) as path:
        path.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failing_folder_leaves_the_old_folder(tmp_path: Path) -> None:
    target = tmp_path / "tables"
    target.mkdir()
    (target / "a").write_text("old")
    with pytest.raises(RuntimeError), atomic_directory(target) as folder:
        (folder / "a").write_text("half")
        raise RuntimeError
    assert (target / "a").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["tables"]


def test_adopting_a_folder_drops_what_the_old_one_held(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, name in ((old, "gone"), (new, "kept")):
        folder.mkdir()
        (folder / name).write_text(name)
    adopt_directory(new, old)
    assert [p.name for p in old.iterdir()] == ["kept"]
    assert (new / "kept").exists()


def test_tables_and_json_have_the_same_bytes_twice(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.5, None], "b": ["x", "y"]})
    hashes = []
    for name in ("one", "two"):
        write_parquet(tmp_path / f"{name}.parquet", frame, {"tier": "synthetic"})
        write_csv(tmp_path / f"{name}.csv", frame)
        write_json(tmp_path / f"{name}.json", {"b": 1, "a": [1, 2]})
        hashes.append([sha256_of(tmp_path / f"{name}.{end}") for end in ("parquet", "csv", "json")])
    assert hashes[0] == hashes[1]
    assert (tmp_path / "one.csv").read_bytes() == b"a,b\n1.5,x\n,y\n"


def test_hash_is_sha256(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_of(path) == hashlib.sha256(b"abc").hexdigest()


def test_errors_print_id_and_one_sentence() -> None:
    error = ConfigError("CFG-999", "a  sentence\n over lines")
    assert str(error) == "[CFG-999] a sentence over lines"
    assert error.exit_code is ExitCode.CONFIG
    assert DataError("DAT-999", "x").exit_code == 11


@pytest.mark.parametrize(
    ("umask", "file", "folder"), [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700)]
)
def test_files_and_folders_have_the_modes_that_the_umask_leaves(
    tmp_path: Path, umask: int, file: int, folder: int
) -> None:
    before = os.umask(umask)
    try:
        write_json(tmp_path / "below" / "a.json", {})
        with atomic_directory(tmp_path / "tables") as made:
            (made / "b").write_text("b")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes == {"below": folder, "a.json": file, "tables": folder, "b": file}


def test_content_is_on_the_disk_before_its_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut a name must not stand for a file whose content was never written."""
    seen: list[str] = []
    sync, replace = os.fsync, os.replace

    def note_sync(handle: int) -> None:
        seen.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        sync(handle)

    def note_replace(source: os.PathLike[str], target: os.PathLike[str]) -> None:
        seen.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_replace)
    write_json(tmp_path / "manifest.json", {})
    assert seen == ["file", "rename", "folder"]
    seen.clear()
    with atomic_directory(tmp_path / "figures") as made:
        (made / "a").write_text("a")
    assert seen == ["file", "folder", "rename", "folder"]


def test_text_that_a_spreadsheet_would_run_is_written_as_text() -> None:
    """The characters are those of OWASP's page on CSV injection; numbers stay numbers."""
    told = [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "-4.9",
        "-65.9%",
        "plain",
    ]
    frame = pd.DataFrame({"term": told, "value": [-1.5] * len(told)})
    lines = list(csv.DictReader(io.StringIO(csv_text(frame), newline="")))
    assert [line["term"][0] for line in lines] == ["'"] * 6 + ["-", "-", "p"]
    assert {line["value"] for line in lines} == {"-1.5"}
