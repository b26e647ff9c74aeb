"""OpenNerve logs through the common interface."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.clock.times import utc_column
from multifidus.devicelogs.formats.interface import LogFormat
from multifidus.devicelogs.formats.opennerve.scan import RING_BYTES, read_entries
from multifidus.devicelogs.formats.opennerve.sessions import Timeline, build_sessions
from multifidus.devicelogs.formats.single import SingleLog, read_singly

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from multifidus.devicelogs.formats.interface import LogFile, Reading

__all__ = ["FORMAT", "OpenNerve"]

_ENTRY = re.compile(rb"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)\(\d{1,3}\)\]<[A-Z]{2}>")
_HEAD_BYTES = 65_536
_POINTER_BYTES = 4


class OpenNerve(LogFormat):
    """Read-out text and ring image of the OpenNerve implant, decided by the size of the input."""

    name = "opennerve"

    def detect(self, data: bytes) -> bool:
        """Look for an entry: anywhere in a ring image, near the start of a read-out."""
        return _ENTRY.search(data if _is_ring(data) else data[:_HEAD_BYTES]) is not None

    def read(self, files: Sequence[LogFile]) -> Reading:
        """Read logs one by one; what two of a participant hold counts once."""
        return read_singly(self.name, files, _read_one)


FORMAT = OpenNerve()


def _is_ring(data: bytes) -> bool:
    return len(data) == RING_BYTES + _POINTER_BYTES


def _read_one(file: LogFile) -> SingleLog:
    ring = _is_ring(file.data)
    entries = read_entries(file.data, ring=ring)
    time = Timeline.of(entries, entries.faults)
    sessions = build_sessions(time, entries.faults)
    return SingleLog(
        entries.account,
        sessions,
        time.observed(),
        entries.faults,
        records=lambda: _records(time),
        entries=len(entries.records),
        uncertainty_s=time.uncertainty_s,
        form="opennerve-fram" if ring else "opennerve-text",
    )


def _records(time: Timeline) -> pd.DataFrame:
    """Put the device in front, and UTC with its method and uncertainty behind."""
    stamps = time.entries.records["time"].to_numpy(dtype=np.int64)
    placed = time.clock.placed
    records = time.entries.records.drop(columns="time").assign(
        clock=utc_column(stamps),
        utc=utc_column(stamps).where(placed),
        time_method=np.where(placed, "clock-only", "none"),
        uncertainty_s=np.where(placed, time.uncertainty_s, np.inf),
    )
    records["time_method"] = records["time_method"].astype("str")
    records.insert(0, "device", "")
    return records
