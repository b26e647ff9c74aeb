"""The data tier that an output states of itself, read back from the file."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["stated_tiers", "table_shape"]

_HTML_TIER = re.compile(r"""(?:<meta\s+name=["']tier["']\s+content|data-tier)=["']([a-z]+)["']""")


def stated_tiers(path: Path | str) -> frozenset[str]:
    """Return the data tiers that a file names itself.

    Parquet files say it in their file metadata or in a column ``tier``, CSV files in a column,
    JSON files under a top key, HTML pages in a ``meta`` element or a ``data-tier`` attribute. Other
    kinds of file, and files that say nothing, give the empty set: the manifest is their label.

    Parameters
    ----------
    path
        An output.

    Returns
    -------
    frozenset of str
        More than one only where a file contradicts itself.
    """
    path = Path(path)
    readers: Mapping[str, Callable[[Path], set[str]]] = {
        ".parquet": _parquet_tiers,
        ".csv": _csv_tiers,
        ".json": _json_tiers,
        ".html": _html_tiers,
    }
    reader = readers.get(path.suffix)
    return frozenset(reader(path)) if reader else frozenset()


def table_shape(path: Path | str) -> tuple[int, int] | None:
    """Return rows and columns of a Parquet or CSV table, and none for anything else."""
    path = Path(path)
    if path.suffix == ".parquet":
        metadata = pq.read_metadata(path)
        return metadata.num_rows, metadata.num_columns
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream)
            header = next(rows, [])
            return sum(1 for row in rows if row), len(header)
    return None


def _parquet_tiers(path: Path) -> set[str]:
    schema = pq.read_schema(path)
    stated = {(schema.metadata or {}).get(b"tier", b"").decode()}
    if "tier" in schema.names:
        column = pq.read_table(path, columns=["tier"]).column("tier")
        stated |= {str(value) for value in column.unique().to_pylist() if value}
    return stated - {""}


def _csv_tiers(path: Path) -> set[str]:
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["tier"] for row in csv.DictReader(stream) if row.get("tier")}


def _json_tiers(path: Path) -> set[str]:
    content = json.loads(path.read_text(encoding="utf-8"))
    stated = content.get("tier") if isinstance(content, dict) else None
    return {stated} if isinstance(stated, str) else set()


def _html_tiers(path: Path) -> set[str]:
    return set(_HTML_TIER.findall(path.read_text(encoding="utf-8")))
