"""Public formats through the common interface: Percept reports and OpenNerve logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.base.files import sha256_of_bytes
from multifidus.devicelogs.model import NO_TIME
from multifidus.devicelogs.opennerve import read_opennerve
from multifidus.devicelogs.percept import read_percept
from multifidus.devicelogs.placement import METHODS
from multifidus.devicelogs.results import Identity, LogResult, utc_column

if TYPE_CHECKING:
    from multifidus.devicelogs.model import IntArray

__all__ = ["opennerve_result", "percept_result"]

_ONE_SYNC, _NONE = METHODS[1], METHODS[4]
_BY_CLOCK = (METHODS[3], 7200.0)
_DAY = 86_400
_TABLET_S = 60.0


def percept_result(data: bytes) -> LogResult:
    """Read a Percept report into the common result; therapy-on intervals are its sessions."""
    report = read_percept(data)
    ahead = report.facts["tablet_minus_device_s"]
    method, uncertainty = (_ONE_SYNC, _TABLET_S) if ahead is not None else _BY_CLOCK
    utc = report.records["utc_s"].to_numpy(dtype=np.int64)
    records = report.records.drop(columns="utc_s").rename(columns={"device_time": "clock"})
    records["clock"] = utc_column(records["clock"].to_numpy(dtype=np.int64))
    records = _placed(records, utc, method, uncertainty)
    sessions = report.sessions.assign(rule="therapy on")
    offset = None if ahead is None else -ahead
    resolved = ahead is None or abs(ahead) <= _DAY
    identity = Identity(
        "percept-json",
        report.version,
        sha256_of_bytes(data),
        report.device,
        "",
        report.size,
        report.used,
        0,
        report.size - report.used,
    )
    return LogResult(
        identity,
        records,
        _sessions(sessions, method, uncertainty).assign(per_day=resolved),
        _segment(method, uncertainty, offset),
        report.faults.frame(),
        {},
        _percept_facts(report.facts),
    )


def _percept_facts(facts: dict[str, Any]) -> dict[str, Any]:
    usage = facts["group_usage_percent"].items()
    unread = [name for name, state in facts["sections"].items() if state == "not read"]
    return {
        "tablet_minus_device_s": facts["tablet_minus_device_s"],
        "utc_offset": facts["utc_offset"],
        "battery_percent": facts["battery_percent"],
        "group_usage_percent": ", ".join(f"{group} {share:g}" for group, share in usage) or None,
        "stimulation": " at the start, ".join(facts["stimulation"]) + " at the end",
        "streams": facts["streams"],
        "not_read": ", ".join(unread) or "nothing",
    }


def opennerve_result(data: bytes, *, ring: bool) -> LogResult:
    """Read an OpenNerve log into the common result; the device's clock stands for UTC."""
    log = read_opennerve(data, ring=ring)
    clock = log.records["time"].to_numpy(dtype=np.int64)
    records = log.records.drop(columns="time").assign(clock=utc_column(clock))
    records = _placed(records, clock, *_BY_CLOCK)
    name = "opennerve-fram" if ring else "opennerve-text"
    account = log.account
    identity = Identity(
        name,
        "",
        sha256_of_bytes(data),
        "",
        "",
        account.size,
        account.accepted,
        account.framing,
        account.flagged,
    )
    sessions = log.sessions.assign(
        start_s=np.floor(log.sessions["start_s"].astype(float)).astype("int64"),
    )
    sessions["end_s"] = sessions["start_s"] + sessions["seconds_upper"].astype(float).astype(
        "int64"
    )
    return LogResult(
        identity,
        records,
        _sessions(sessions, *_BY_CLOCK),
        _segment(*_BY_CLOCK, None),
        log.faults.frame(),
        {},
    )


def _placed(records: pd.DataFrame, utc: IntArray, method: str, uncertainty: float) -> pd.DataFrame:
    """Put the device in front, and UTC with its method and uncertainty behind."""
    known = utc != NO_TIME
    words = pd.array([method, _NONE], dtype="str")
    placed = records.assign(
        utc=utc_column(utc),
        time_method=words.take(np.where(known, 0, 1)),
        uncertainty_s=np.where(known, uncertainty, np.inf),
    )
    placed.insert(0, "device", "")
    return placed


def _sessions(frame: pd.DataFrame, method: str, uncertainty: float) -> pd.DataFrame:
    result = frame.drop(columns=["start_s", "end_s"])
    result.insert(0, "device", "")
    result.insert(1, "start_utc", utc_column(frame["start_s"].to_numpy(dtype=np.int64)))
    result.insert(2, "end_utc", utc_column(frame["end_s"].to_numpy(dtype=np.int64)))
    return result.assign(time_method=method, uncertainty_s=uncertainty, per_day=True)


def _segment(method: str, uncertainty: float, offset: int | None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "device": [""],
            "boot": [0],
            "seq_first": [-1],
            "seq_last": [-1],
            "method": [method],
            "uncertainty_s": [uncertainty],
            "offset_s": pd.array([offset], dtype="Int64"),
        }
    )
