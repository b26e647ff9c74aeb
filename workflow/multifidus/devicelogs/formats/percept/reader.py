"""Percept reports through the common interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.devicelogs.clock.times import DAY_S, NO_TIME, utc_column
from multifidus.devicelogs.formats.interface import LogFormat
from multifidus.devicelogs.formats.percept.report import read_percept
from multifidus.devicelogs.formats.single import SingleLog, read_singly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.formats.interface import LogFile, Reading
    from multifidus.devicelogs.formats.percept.report import PerceptReport

__all__ = ["FORMAT", "PerceptJson"]

_KEYS = (b'"DeviceInformation"', b'"ProgrammerVersion"', b'"SessionDate"')
_HEAD_BYTES = 1024


class PerceptJson(LogFormat):
    """Session reports of the Percept programmer, one JSON object each."""

    name = "percept-json"

    def detect(self, data: bytes) -> bool:
        """Look for an object or a list with at least two keys of a session report."""
        head = data[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip(b"\x00 \t\r\n")
        return head.startswith((b"{", b"[")) and sum(key in data for key in _KEYS) > 1

    def read(self, files: Sequence[LogFile]) -> Reading:
        """Read reports one by one; therapy-on intervals are their sessions."""
        return read_singly(self.name, files, _read_one)


FORMAT = PerceptJson()


def _read_one(file: LogFile) -> SingleLog:
    report = read_percept(file.data)
    ahead = report.facts["tablet_minus_device_s"]
    therapy = report.therapy
    return SingleLog(
        report.account,
        therapy.sessions,
        therapy.observed,
        report.faults,
        version=report.version,
        device=report.device,
        records=lambda: _records(report),
        entries=len(report.records),
        method=therapy.method,
        uncertainty_s=therapy.uncertainty_s,
        offset_s=None if ahead is None else -ahead,
        facts=_facts(report.facts),
        per_day=ahead is None or abs(ahead) <= DAY_S,
    )


def _records(report: PerceptReport) -> pd.DataFrame:
    """Put the device in front, and UTC with its method and uncertainty behind."""
    utc = report.records["utc_s"].to_numpy(dtype=np.int64)
    known = utc != NO_TIME
    records = report.records.drop(columns="utc_s").rename(columns={"device_time": "clock"})
    words = pd.array([report.therapy.method, "none"], dtype="str")
    records = records.assign(
        clock=utc_column(records["clock"].to_numpy(dtype=np.int64)),
        utc=utc_column(utc),
        time_method=words.take(np.where(known, 0, 1)),
        uncertainty_s=np.where(known, report.therapy.uncertainty_s, np.inf),
    )
    records.insert(0, "device", "")
    return records


def _facts(facts: dict[str, Any]) -> dict[str, Any]:
    usage = facts["group_usage_percent"].items()
    unread = [name for name, state in facts["sections"].items() if state == "not read"]
    members = facts["bytes"].items()
    return {
        "tablet_minus_device_s": facts["tablet_minus_device_s"],
        "utc_offset": facts["utc_offset"],
        "battery_percent": facts["battery_percent"],
        "group_usage_percent": ", ".join(f"{group} {share:g}" for group, share in usage) or None,
        "stimulation": " at the start, ".join(facts["stimulation"]) + " at the end",
        "streams": facts["streams"],
        "not_read": ", ".join(unread) or "nothing",
        **{
            f"bytes_{state.replace(' ', '_')}": ", ".join(
                f"{name} {size:,}" for name, (of, size) in members if of == state
            )
            or "none"
            for state in ("read", "not read")
        },
    }
