"""Public formats through the common interface: Percept reports and OpenNerve logs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from multifidus.devicelogs.model import NO_TIME
from multifidus.devicelogs.opennerve import read_opennerve
from multifidus.devicelogs.percept import read_percept
from multifidus.devicelogs.placement import METHODS
from multifidus.devicelogs.results import Identity, LogResult, utc_column

__all__ = ["opennerve_result", "percept_result"]

_CLOCK_ONLY, _ONE_SYNC = METHODS[3], METHODS[1]
_CLOCK_ONLY_S = 7200.0
_TABLET_S = 60.0


def percept_result(data: bytes) -> LogResult:
    """Read a Percept report into the common result; therapy-on intervals are its sessions."""
    report = read_percept(data)
    ahead = report.facts["tablet_minus_device_s"]
    records = report.records.rename(columns={"device_time": "clock"})
    clock = records["clock"].to_numpy(dtype=np.int64)
    known = (clock != NO_TIME) & (ahead is not None)
    utc = np.where(known, clock + (ahead or 0), NO_TIME)
    records = records.assign(clock=utc_column(clock), utc=utc_column(utc))
    sessions = report.sessions.assign(
        seconds_lower=report.sessions["seconds"],
        seconds_upper=report.sessions["seconds"],
        rule="therapy on",
    )
    offset = None if ahead is None else -ahead
    identity = Identity(
        "percept-json",
        report.version,
        report.sha256,
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
        _sessions(sessions, _ONE_SYNC, _TABLET_S),
        _segment(_ONE_SYNC if ahead is not None else METHODS[4], _TABLET_S, offset),
        report.faults.frame(),
        {},
    )


def opennerve_result(data: bytes, *, ring: bool) -> LogResult:
    """Read an OpenNerve log into the common result; the device's clock stands for UTC."""
    log = read_opennerve(data, ring=ring)
    clock = log.records["time"].to_numpy(dtype=np.int64)
    records = log.records.drop(columns="time").assign(clock=utc_column(clock))
    records["utc"] = records["clock"]
    name = "opennerve-fram" if ring else "opennerve-text"
    account = log.account
    identity = Identity(
        name,
        "",
        log.sha256,
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
        _sessions(sessions, _CLOCK_ONLY, _CLOCK_ONLY_S),
        _segment(_CLOCK_ONLY, _CLOCK_ONLY_S, None),
        log.faults.frame(),
        {},
    )


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
