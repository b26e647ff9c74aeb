"""The data tier that an output states of itself, read back from the file, and its sensitivity."""

from __future__ import annotations

import csv
import json
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from multifidus.config.tier import Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "PARTICIPANT_LEVEL",
    "PARTICIPANT_SENSITIVITY",
    "SELF_LABELLING",
    "sensitivity_of",
    "stated_tiers",
    "table_shape",
]

SELF_LABELLING = frozenset({".csv", ".docx", ".html", ".json", ".parquet"})
"""Kinds of file whose own content must state the tier. A PDF's text is compressed and a notebook is
a working paper: for them the manifest is the label."""
PARTICIPANT_LEVEL = ("data_report/*", "narratives/*")
"""Patterns of deliverables whose rows describe single participants."""
PARTICIPANT_SENSITIVITY = "participant_level"
"""Sensitivity of those in a tier that is not open: stricter than ``restricted``, since no rule on
small counts protects them."""


def sensitivity_of(path: str, sensitivity: str) -> str:
    """Return who may see a deliverable.

    Parameters
    ----------
    path
        Relative to the results folder, with forward slashes.
    sensitivity
        Sensitivity of the run's tier, ``open`` or ``restricted``.

    Returns
    -------
    str
        :data:`PARTICIPANT_SENSITIVITY` for participant-level outputs of a tier that is not open,
        else ``sensitivity``.
    """
    single = any(fnmatchcase(path, pattern) for pattern in PARTICIPANT_LEVEL)
    return PARTICIPANT_SENSITIVITY if single and sensitivity != "open" else sensitivity


def stated_tiers(path: Path | str) -> frozenset[str]:
    """Return the data tiers that a file names itself.

    Parquet files say it in their file metadata or in a column ``tier``, CSV files in a column,
    JSON files under a top key, HTML pages and Word documents by the tier's banner. Other kinds of
    file, and files that say nothing, give the empty set.

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
        ".html": _page_tiers,
        ".docx": _word_tiers,
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


def _page_tiers(path: Path) -> set[str]:
    return _banners_in(path.read_text(encoding="utf-8"))


def _word_tiers(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        parts = [name for name in archive.namelist() if name.endswith(".xml")]
        texts = (archive.read(name).decode("utf-8", errors="replace") for name in parts)
        return set().union(*(_banners_in(text) for text in texts))


def _banners_in(text: str) -> set[str]:
    """Return the tiers whose banner is in a text, however its lines are broken."""
    words = " ".join(text.split())
    return {tier.value for tier in Tier if tier.banner in words}
