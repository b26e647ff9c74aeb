"""Reading logs of any format: one by itself, or many with those of one format together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from multifidus.base.files import sha256_of_bytes
from multifidus.devicelogs.findings import FaultLog, fault_frame
from multifidus.devicelogs.formats.interface import (
    Identity,
    LogFile,
    Reading,
    SeqAccount,
    empty_records,
    empty_sessions,
    present_sessions,
)
from multifidus.devicelogs.formats.registry import detect_format, find_formats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from multifidus.devicelogs.formats.interface import LogFormat

__all__ = ["LogResult", "read_files", "read_log", "recognise"]


@dataclass(frozen=True)
class LogResult:
    """What one log holds.

    Parameters
    ----------
    identity
        Format and content of the input.
    records
        What the log holds, in the columns of its format.
    sessions
        One row per therapy session.
    segments
        One row per device and stretch of its clock: time method, uncertainty, clock offset.
    faults
        The fault list.
    sequence
        Sequence-number account per device; empty for formats without such numbers.
    facts
        Single facts that the format states beside its tables, by name.
    """

    identity: Identity
    records: pd.DataFrame
    sessions: pd.DataFrame
    segments: pd.DataFrame
    faults: pd.DataFrame
    sequence: Mapping[str, SeqAccount]
    facts: Mapping[str, Any] = field(default_factory=dict)


def read_log(source: bytes | Path | str) -> LogResult:
    """Read one log, whatever it holds.

    Parameters
    ----------
    source
        The bytes, or the path of a file.

    Returns
    -------
    LogResult
        No content raises; what cannot be read is in the fault list.
    """
    if isinstance(source, bytes):
        return _read_bytes(source)
    path = Path(source)
    before = path.stat()
    data = path.read_bytes()
    after = path.stat()
    result = _read_bytes(data)
    if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
        return result
    log = FaultLog()
    log.add(43, "the file changed while it was read; read it again", span=(0, len(data)))
    rows = [*log.rows, *result.faults.itertuples(index=False, name=None)]
    return replace(result, faults=fault_frame(rows))


def _read_bytes(data: bytes) -> LogResult:
    found = detect_format(data)
    reading = _unread(data) if found is None else found.read([LogFile("", data)])
    return LogResult(
        reading.identities[0],
        reading.records(),
        present_sessions(reading.sessions),
        reading.segments,
        fault_frame([row[2:] for row in reading.faults]),
        reading.sequence,
        reading.facts,
    )


def _unread(data: bytes) -> Reading:
    """Return what a log gives that no format reads: its bytes, all flagged, and fault 43."""
    size = len(data)
    empty = not data.strip(b"\x00")
    faults = FaultLog()
    reason = "the input is empty" if empty else "the input is of no known format"
    faults.add(43, reason, span=(0, size), outcome="reject")
    name = "empty" if empty else "unknown"
    identity = Identity(name, "", sha256_of_bytes(data), "", "", size, 0, 0, size)
    return Reading(
        [identity],
        empty_sessions(),
        pd.DataFrame({"device": pd.Series(dtype="str")}),
        [("", "", *row) for row in faults.rows],
        [],
        records=empty_records,
    )


def recognise(files: Sequence[LogFile]) -> tuple[list[tuple[LogFormat, list[LogFile]]], list[str]]:
    """Sort logs by their format.

    Returns
    -------
    formats, unread
        Each format with its logs, in the order of the registry; names of logs that no format, or
        more than one, recognises.
    """
    own: dict[str, list[LogFile]] = {}
    unread = []
    for file in files:
        found = detect_format(file.data)
        if found is None:
            unread.append(file.name)
        else:
            own.setdefault(found.name, []).append(file)
    return [(item, own[item.name]) for item in find_formats() if item.name in own], unread


def read_files(files: Sequence[LogFile]) -> tuple[list[Reading], list[str]]:
    """Read logs of any formats, those of one format together.

    Returns
    -------
    readings, unread
        One reading for each format; names of logs that no format reads.
    """
    formats, unread = recognise(files)
    return [item.read(own) for item, own in formats], unread
