"""Writing what a reader found: Parquet tables with units, JSON Lines for the fault list."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from multifidus.base.files import write_json, write_parquet, write_text
from multifidus.devicelogs.formats.ipglog.layout import FORMAT_MAJOR, FORMAT_MINOR

if TYPE_CHECKING:
    from pathlib import Path

    from multifidus.devicelogs.reading import LogResult

__all__ = ["UNITS", "fault_lines", "write_result"]

UNITS = {
    "tick": "s",
    "uncertainty_s": "s",
    "seconds": "s",
    "seconds_lower": "s",
    "seconds_upper": "s",
    "left": "0.1 mA",
    "right": "0.1 mA",
    "width": "us",
    "rate": "0.1 Hz",
    "on": "s",
    "off": "s",
    "offset_s": "s",
}
"""UCUM units of table columns, written into the metadata of each Parquet file."""


def fault_lines(faults: pd.DataFrame, file: str = "") -> str:
    """Write a fault list as JSON Lines, one fault a line, absent values left out.

    Parameters
    ----------
    faults
        The fault list.
    file
        Name of the log, put into each line when given.
    """
    rows = []
    for record in faults.astype(object).to_dict(orient="records"):
        content = {
            str(name): (int(value) if isinstance(value, int | float) else value)
            for name, value in record.items()
            if not pd.isna(value)
        }
        if file:
            content["file"] = file
        rows.append(json.dumps(content, sort_keys=True, ensure_ascii=False))
    return "".join(f"{row}\n" for row in rows)


def write_result(result: LogResult, folder: Path, stem: str) -> list[Path]:
    """Write the tables of one log.

    Parameters
    ----------
    result
        What a reader gave.
    folder, stem
        Files are ``<stem>.records.parquet``, ``.sessions.parquet``, ``.segments.parquet``,
        ``.faults.jsonl`` and ``.identity.json`` in ``folder``. Records that carry numbers are
        sorted by device and number, others are in the order of the log.

    Returns
    -------
    list of Path
        The files written, sorted; same input, same bytes.
    """
    paths = []
    for name in ("records", "sessions", "segments"):
        frame: pd.DataFrame = getattr(result, name)
        if "seq" in frame:
            order = ["device", "seq"]
            frame = frame.sort_values(order, kind="stable", na_position="last", ignore_index=True)
        metadata = {
            "table": f"devicelogs.{name}",
            "version": f"{FORMAT_MAJOR}.{FORMAT_MINOR}",
            "format": f"{result.identity.format} {result.identity.version}".strip(),
            "input_sha256": result.identity.sha256,
        }
        metadata |= {f"unit.{column}": UNITS[column] for column in frame if column in UNITS}
        path = folder / f"{stem}.{name}.parquet"
        write_parquet(path, frame, metadata)
        paths.append(path)
    faults = folder / f"{stem}.faults.jsonl"
    write_text(faults, fault_lines(result.faults))
    identity = folder / f"{stem}.identity.json"
    accounts = {device: asdict(account) for device, account in sorted(result.sequence.items())}
    facts = dict(result.facts)
    write_json(identity, {**asdict(result.identity), "sequence": accounts, "facts": facts})
    return sorted([*paths, faults, identity])
