"""Writing whole files or none, with the same bytes for the same content.

Readers never see half a file: every writer fills a temporary name in the target's folder and
renames it, after the content has reached the disk. Files and folders get the modes that the
process's umask leaves. Parquet, CSV and JSON are written with fixed settings and no timestamps.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

__all__ = [
    "PARTIAL",
    "adopt_directory",
    "atomic_directory",
    "atomic_path",
    "csv_text",
    "sha256_of",
    "sha256_of_bytes",
    "sha256_of_many",
    "write_bytes",
    "write_csv",
    "write_json",
    "write_parquet",
    "write_text",
]

PARTIAL = ".partial"
"""Part of the temporary names; a file that bears it was left by a process that was killed."""
_CHUNK = 1 << 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?([eE][+-]?\d+)?( ?%)?", re.ASCII)


@contextmanager
def atomic_path(target: Path | str) -> Iterator[Path]:
    """Give a temporary path that becomes ``target`` when the block ends without an error.

    Parameters
    ----------
    target
        The file to make. Its folder is created when absent.

    Yields
    ------
    Path
        A path in the same folder; renamed over ``target`` on success, removed on failure.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(target, target.suffix)
    temporary.touch(exist_ok=False)
    try:
        yield temporary
        _reach_disk(temporary)
        temporary.replace(target)
        _reach_disk(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_directory(target: Path | str) -> Iterator[Path]:
    """Give a temporary folder that replaces ``target`` when the block ends without an error."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(target, "")
    temporary.mkdir()
    try:
        yield temporary
        for path in [*temporary.rglob("*"), temporary]:
            _reach_disk(path)
        if target.exists():
            shutil.rmtree(target)
        temporary.replace(target)
        _reach_disk(target.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _temporary(target: Path, suffix: str) -> Path:
    """Return an unused name beside a target; not from ``tempfile``, which ignores the umask."""
    stem = target.stem if suffix else target.name
    return target.with_name(f".{stem}.{secrets.token_hex(6)}{PARTIAL}{suffix}")


def _reach_disk(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def adopt_directory(source: Path, target: Path) -> None:
    """Copy a folder over another as a whole: the old one stays until the new one is complete."""
    with atomic_directory(target) as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)


def write_bytes(target: Path | str, content: bytes) -> None:
    """Write ``content`` to ``target``, whole or not at all."""
    with atomic_path(target) as path:
        path.write_bytes(content)


def write_text(target: Path | str, content: str) -> None:
    """Write ``content`` as UTF-8 with LF line ends, whole or not at all."""
    write_bytes(target, content.encode("utf-8"))


def write_json(target: Path | str, content: Any) -> None:
    """Write ``content`` as indented JSON with sorted keys and a final line end."""
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    write_text(target, text + "\n")


def write_csv(target: Path | str, frame: pd.DataFrame) -> None:
    """Write a frame as CSV (UTF-8, LF, no index, shortest round-trip floats)."""
    write_text(target, csv_text(frame))


def csv_text(frame: pd.DataFrame) -> str:
    """Return what :func:`write_csv` writes.

    A spreadsheet runs a cell that starts with ``=``, ``+``, ``-`` or ``@`` as a formula, also after
    a tab or a carriage return. Such text, numbers aside, gets an apostrophe in front (OWASP, CSV
    Injection).
    """
    safe = frame.copy()
    for name in safe.select_dtypes(["object", "string", "category"]):
        text = safe[name].astype(object)
        clean = text.map(_plain_cell)
        if not clean.equals(text):
            safe[name] = clean
    return safe.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)


def _plain_cell(cell: Any) -> Any:
    """Return a cell as text that is not run, without carriage returns, which csv leaves bare."""
    if not isinstance(cell, str):
        return cell
    formula = len(cell) > 1 and cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell)
    return ("'" if formula else "") + cell.replace("\r\n", "\n").replace("\r", "\n")


def write_parquet(
    target: Path | str, frame: pd.DataFrame, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a frame as Parquet with settings that give the same bytes for the same frame.

    Parameters
    ----------
    target
        The file to make.
    frame
        Any frame without a meaningful index; row order is kept.
    metadata
        File-level key/value pairs, for instance the data tier and the table's version.
    """
    table = pa.Table.from_pandas(frame, preserve_index=False)
    extra = {key.encode(): value.encode() for key, value in sorted((metadata or {}).items())}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **extra})
    with atomic_path(target) as path:
        pq.write_table(table, path, compression="zstd", version="2.6", write_statistics=True)


def sha256_of_bytes(data: bytes) -> str:
    """Return the SHA-256 of bytes, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_of(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes, as 64 lower-case hexadecimal digits."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_of_many(paths: Iterable[Path | str]) -> str:
    """Return one SHA-256 over the sorted (name, content hash) pairs of several files."""
    lines = sorted(f"{Path(path).name}:{sha256_of(path)}" for path in paths)
    return sha256_of_bytes("\n".join(lines).encode())
