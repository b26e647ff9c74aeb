"""Reading a Percept session report (``percept-json``) through the common interface.

Times in the report are the device's own clock; the ``Z`` behind them is syntax. UTC is the
device time plus what the tablet's clock was ahead at the end of the session. A section that is
absent because the device was not fully read is "not read", never empty.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.json_text import load_json
from multifidus.devicelogs.model import NO_TIME, parse_iso

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PerceptReport", "read_percept"]

_DAY = 86_400
_NAN = float("nan")
_TREND_STEP_S = 600
_SECTIONS = ("EventLogs", "LFPTrendLogs", "LfpFrequencySnapshotEvents")
_MANGLED = re.compile(r"^x?(\d{4})_(\d{2})_(\d{2})T(\d{2})_(\d{2})_(\d{2})Z$")
_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")
_EVENT_KEYS = (
    ("TherapyStatus", "therapy"),
    ("AdbsStatus", "adaptive"),
    ("NewGroupId", "group change"),
    ("MriType", "mri"),
    ("SessionType", "session"),
)
_COLUMNS = ("section", "kind", "side", "device_time", "offset_s", "value", "text", "unit")


@dataclass(frozen=True)
class PerceptReport:
    """What one report says.

    Parameters
    ----------
    records
        One row per dated or measured fact: section, kind, side, device time (seconds since
        1970 or ``NO_TIME``), offset in the device's own counter, value, text, UCUM unit.
    sessions
        Therapy-on intervals from the event log, seconds since 1970 (UTC).
    facts
        Single facts of the header: battery, clock difference, UTC offset, group usage.
    """

    sha256: str
    version: str
    device: str
    size: int
    used: int
    records: pd.DataFrame
    sessions: pd.DataFrame
    facts: dict[str, Any]
    faults: FaultLog


def read_percept(data: bytes) -> PerceptReport:
    """Read one report.

    Parameters
    ----------
    data
        The bytes of the JSON file.

    Returns
    -------
    PerceptReport
        Never raises on any input.
    """
    faults = FaultLog()
    report, used = load_json(data, faults)
    _note_unread(report, faults)
    facts = _facts(report, faults)
    rows = [*_events(report, faults), *_trend(report, faults), *_others(report, faults)]
    records = pd.DataFrame(rows, columns=list(_COLUMNS))
    records["offset_s"] = records["offset_s"].astype("Int64")
    records["device_time"] = records["device_time"].astype("int64")
    _note_inconsistent(records, facts, faults)
    _note_streams(report, faults)
    sessions = _therapy(records, facts)
    _note_counters(report, sessions, faults)
    if records.empty:
        faults.add(43, "the report holds no dated record", span=(0, len(data)))
    device = _dict(_dict(report, "DeviceInformation", faults), "Final", faults)
    return PerceptReport(
        hashlib.sha256(data).hexdigest(),
        str(report.get("DataVersion", "")),
        str(device.get("NeurostimulatorModel", "")),
        len(data),
        used,
        records,
        sessions,
        facts,
        faults,
    )


def _dict(report: dict[str, Any], name: str, faults: FaultLog) -> dict[str, Any]:
    """Return a member that must be an object; a list of one object is unpacked (fault 40)."""
    value = report.get(name)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        faults.add(40, f"{name} stands in a list of one")
        return value[0]
    return value if isinstance(value, dict) else {}


def _list(report: dict[str, Any], name: str, faults: FaultLog) -> list[dict[str, Any]]:
    """Return a member that must be a list; a single object stands for a list of one."""
    value = report.get(name)
    if isinstance(value, dict):
        faults.add(40, f"{name} is one object in place of a list of one")
        return [value]
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]


def _time(value: object) -> int:
    if not isinstance(value, str):
        return NO_TIME
    seconds = parse_iso(value)
    return NO_TIME if seconds is None else seconds


def _number(value: object) -> float:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain else float("nan")  # type: ignore[arg-type]  # just tested


def _side(text: object) -> str:
    return str(text).rpartition(".")[2].lower() if text else ""


def _row(
    section: str,
    kind: str,
    item: dict[str, Any],
    value: float = _NAN,
    text: str = "",
    *,
    unit: str = "",
    side: str = "",
) -> tuple[object, ...]:
    offset = item.get("DateTimeOffsetInSeconds", item.get("DateOffsetInSeconds"))
    offset = item.get("SessionDateOffsetInSeconds") if offset is None else offset
    time = item.get("DateTime", item.get("Date", item.get("SessionDate")))
    whole = offset if isinstance(offset, int) else None
    return (section, kind, side, _time(time), whole, value, text, unit)


def _note_unread(report: dict[str, Any], faults: FaultLog) -> None:
    unread = report.get("FullyReadForSession") is False
    unread |= report.get("ReadAllStatus", "COMPLETED") != "COMPLETED"
    diagnostics = report.get("DiagnosticData")
    present = diagnostics if isinstance(diagnostics, dict) else {}
    missing = [name for name in _SECTIONS if name not in present]
    if unread or missing:
        detail = f"not read, not empty: {', '.join(missing) or 'parts of the device'}"
        faults.add(38, detail, count=max(len(missing), 1))


def _facts(report: dict[str, Any], faults: FaultLog) -> dict[str, Any]:
    information = _dict(report, "DeviceInformation", faults)
    final = _dict(information, "Final", faults) or _dict(information, "Initial", faults)
    tablet, device = _time(report.get("SessionEndDate")), _time(final.get("DeviceDateTime"))
    ahead = None if NO_TIME in {tablet, device} else tablet - device
    if ahead is None:
        faults.add(21, "tablet and device time are not both given")
    elif abs(ahead) > _DAY:
        faults.add(22, "left out of figures per day until resolved")
    offset = report.get("ProgrammerUtcOffset")
    if not isinstance(offset, str) or not _OFFSET.fullmatch(offset):
        faults.add(23, "UTC offset of the programmer is impossible or absent")
        offset = None
    usage = {}
    for item in _list(report, "GroupUsagePercentage", faults):
        share = _number(item.get("UsagePercentage"))
        if not item:
            continue
        if not 0 <= share <= 100:  # noqa: PLR2004
            faults.add(28, "value taken out: UsagePercentage")
            continue
        usage[str(item.get("GroupId", "")).rpartition("_")[2]] = share
    battery = _number(_dict(report, "BatteryInformation", faults).get("BatteryPercentage"))
    return {
        "tablet_minus_device_s": ahead,
        "utc_offset": offset,
        "battery_percent": None if np.isnan(battery) else battery,
        "group_usage_percent": usage,
        "device_time": device,
        "device_offset_s": final.get("DeviceDateTimeOffsetInSeconds"),
        "session_start": _time(report.get("SessionDate")),
        "session_end": tablet,
    }


def _diagnostics(report: dict[str, Any], faults: FaultLog) -> dict[str, Any]:
    return _dict(report, "DiagnosticData", faults)


def _events(report: dict[str, Any], faults: FaultLog) -> Iterator[tuple[object, ...]]:
    """Event log: the kind of a record is given by which keys are present."""
    for item in _list(_diagnostics(report, faults), "EventLogs", faults):
        for key, kind in _EVENT_KEYS:
            if key in item:
                yield _row("events", kind, item, text=_side(item[key]))
                break
        else:
            trend = str(item.get("ParameterTrendId", ""))
            kind = "lead check" if trend else "unknown"
            if kind == "unknown":
                faults.add(33, "an event of an unknown kind is kept as it stands")
            yield _row("events", kind, item, text=_side(trend))


def _trend(report: dict[str, Any], faults: FaultLog) -> Iterator[tuple[object, ...]]:
    """Trend logs: per side a map from a date to points of ten minutes."""
    mangled = 0
    sides = _dict(_diagnostics(report, faults), "LFPTrendLogs", faults)
    for side, groups in sides.items():
        if not isinstance(groups, dict):
            continue
        name = _side(side.replace("_", "."))
        for key in groups:
            mangled += bool(_MANGLED.match(key)) and parse_iso(key) is None
            for item in _list(groups, key, faults):
                offset = item.get("DateTimeOffsetInSeconds")
                whole = offset if isinstance(offset, int) else None
                time, value = _time(item.get("DateTime")), _number(item.get("LFP"))
                yield ("trend", key, name, time, whole, value, "", "1")
    if mangled:
        faults.add(40, "map keys lost their punctuation", count=mangled)


def _others(report: dict[str, Any], faults: FaultLog) -> Iterator[tuple[object, ...]]:
    diagnostics = _diagnostics(report, faults)
    for item in _list(diagnostics, "LfpFrequencySnapshotEvents", faults):
        yield _row("snapshots", "snapshot", item)
    for item in _list(report, "Annotations", faults):
        yield _row("annotations", "annotation", item, side=_side(item.get("Hemisphere")))
    for item in _list(report, "GroupHistory", faults):
        yield _row("past sessions", "session", item)
    for entry in _list(report, "Impedance", faults):
        for half in _list(entry, "Hemisphere", faults):
            measured = _dict(half, "SessionImpedance", faults)
            for kind in ("Monopolar", "Bipolar"):
                for item in _list(measured, kind, faults):
                    ohms = _number(item.get("ResultValue"))
                    if not ohms > 0:
                        faults.add(28, "value taken out: impedance")
                    pair = f"{_side(item.get('Electrode1'))}-{_side(item.get('Electrode2'))}"
                    side = _side(half.get("Hemisphere"))
                    yield _row("impedance", kind.lower(), {}, ohms, pair, unit="Ohm", side=side)


def _note_inconsistent(records: pd.DataFrame, facts: dict[str, Any], faults: FaultLog) -> None:
    """Check each time against the device's counter; trend points are stamped at their start."""
    base = facts["device_offset_s"]
    if not isinstance(base, int) or facts["device_time"] == NO_TIME:
        return
    dated = records[records["offset_s"].notna() & (records["device_time"] != NO_TIME)]
    expected = facts["device_time"] - base + dated["offset_s"].astype("int64")
    expected = expected - np.where(dated["section"] == "trend", _TREND_STEP_S, 0)
    off = int((expected != dated["device_time"]).sum())
    if off:
        faults.add(18, "times that the device's counter does not explain", count=off)


def _note_streams(report: dict[str, Any], faults: FaultLog) -> None:
    """Look for lost packets over the union of the streams of one start, which share numbers."""
    streams: dict[str, list[list[int]]] = {}
    for item in _list(report, "BrainSenseTimeDomain", faults):
        listed = str(item.get("GlobalSequences", "")).split(",")
        numbers = [int(text) for text in listed if text.strip().isdigit()]
        streams.setdefault(str(item.get("FirstPacketDateTime")), []).append(numbers)
    for members in streams.values():
        union = sorted({number for numbers in members for number in numbers})
        alone = any(_jumps(numbers) for numbers in members)
        if len(union) > 1 and _jumps(union):
            faults.add(7, "packets of a stream are missing", seqs=(union[0], union[-1]))
        elif alone:
            faults.add(39, "numbers are shared; their union is complete", count=len(members))


def _jumps(numbers: list[int]) -> bool:
    return any(after - before > 1 for before, after in pairwise(numbers))


def _therapy(records: pd.DataFrame, facts: dict[str, Any]) -> pd.DataFrame:
    """Therapy-on intervals between the on and off events; the last ends with the report."""
    ahead = facts["tablet_minus_device_s"] or 0
    events = records[(records["kind"] == "therapy") & (records["device_time"] != NO_TIME)]
    rows: list[tuple[int, int]] = []
    begun: int | None = None
    for time, text in zip(events["device_time"].tolist(), events["text"].tolist(), strict=True):
        if text == "on" and begun is None:
            begun = time
        elif text == "off" and begun is not None:
            rows.append((begun + ahead, time + ahead))
            begun = None
    if begun is not None and facts["device_time"] != NO_TIME:
        rows.append((begun + ahead, facts["device_time"] + ahead))
    frame = pd.DataFrame(rows, columns=["start_s", "end_s"], dtype="int64")
    frame["seconds"] = frame["end_s"] - frame["start_s"]
    return frame


def _note_counters(report: dict[str, Any], sessions: pd.DataFrame, faults: FaultLog) -> None:
    information = _dict(report, "DeviceInformation", faults)
    final = _dict(information, "Final", faults)
    counter = final.get("AccumulatedTherapyOnTimeSinceImplant")
    if counter == 0 and len(sessions):
        faults.add(31, "the on-time counter is 0 although the log shows therapy; the log is used")
