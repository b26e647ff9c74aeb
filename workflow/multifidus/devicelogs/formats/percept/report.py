"""Reading a Percept session report (``percept-json``) through the common interface.

Times in the report are the device's own clock; the ``Z`` behind them is syntax. UTC is the
device time plus what the tablet's clock was ahead at the end of the session. Where a record
carries the device's counter, the counter places it, so that a clock set in between moves
nothing. A section that is absent because the device was not fully read is "not read", never empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from multifidus.devicelogs.clock.times import DAY_S, NO_TIME
from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.formats.interface import ByteAccount
from multifidus.devicelogs.formats.json_text import load_json
from multifidus.devicelogs.formats.percept.sections import nested_times, section_rows
from multifidus.devicelogs.formats.percept.shapes import Shapes, parse_times, word_of
from multifidus.devicelogs.formats.percept.streams import note_streams
from multifidus.devicelogs.formats.percept.therapy import Change, Therapy, read_therapy

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.devicelogs.clock.times import IntArray
    from multifidus.devicelogs.formats.json_text import JsonObject

__all__ = ["PerceptReport", "read_percept"]

_TREND_STEP_S = 600
_LOGS = ("EventLogs", "LFPTrendLogs", "LfpFrequencySnapshotEvents")
_SECTIONS = (
    "BatteryInformation",
    "GroupUsagePercentage",
    "Groups",
    "Stimulation",
    "Impedance",
    "Annotations",
    "GroupHistory",
)
_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")
_READ = frozenset({*_SECTIONS, "DeviceInformation", "DiagnosticData", "EventSummary"})
"""Objects and lists that this reader reads; of streams it looks at the packet numbers only."""

_TABLET_S = 60.0
_MOST_USAGE = 100.5
"""Percent; shares are rounded."""

_CLOCK_ONLY_S = 7200.0


@dataclass(frozen=True)
class PerceptReport:
    """What one report says.

    Parameters
    ----------
    records
        One row per dated or measured fact, see
        :func:`~multifidus.devicelogs.formats.percept.sections.section_rows`, and ``utc_s``:
        seconds since 1970 on the tablet's time, or ``NO_TIME``.
    therapy
        Therapy-on intervals from the event log, how they were placed, and the time that the log
        observes.
    facts
        Single facts: battery, clock difference, UTC offset, group usage, stimulation at start
        and end, state of each section (``read``, ``empty`` or ``not read``), bytes of each member
        and whether it was read, number of streams and of dated fields.
    """

    version: str
    device: str
    account: ByteAccount
    records: pd.DataFrame
    therapy: Therapy
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
    faults, shapes = FaultLog(), Shapes()
    loaded = load_json(data, faults)
    report = loaded.content
    facts = _facts(report, shapes, faults)
    facts["sections"] = _section_states(report, shapes, faults)
    facts["streams"] = note_streams(report, shapes, faults)
    account, facts["bytes"] = _account(loaded, len(data))
    records = section_rows(report, shapes)
    records["utc_s"] = _place(records, report, facts, shapes, faults)
    therapy = _therapy(records, facts, faults)
    _note_counters(report, therapy, shapes, faults)
    if records.empty:
        faults.add(43, "the report holds no dated record", span=(0, len(data)))
    shapes.report(faults)
    version = report.get("DataVersion")
    return PerceptReport(
        version if isinstance(version, str) and version.isascii() else "",
        str(facts["model"]),
        account,
        records,
        therapy,
        facts,
        faults,
    )


def _account(loaded: JsonObject, size: int) -> tuple[ByteAccount, dict[str, tuple[str, int]]]:
    """Account for the bytes: of members that are read, of others, and between them."""
    sections = {
        name: ("read" if _is_read(name, loaded.content[name]) else "not read", size)
        for name, size in sorted(loaded.sizes.items())
    }
    accepted = sum(size for state, size in sections.values() if state == "read")
    unread = sum(size for state, size in sections.values() if state != "read")
    flagged = unread + size - loaded.used
    return ByteAccount(size, accepted, size - accepted - flagged, flagged), sections


def _is_read(name: str, value: object) -> bool:
    """Whether a member is read: by name, or as a word of the report's head."""
    return name in _READ or not isinstance(value, dict | list)


def _facts(report: dict[str, Any], shapes: Shapes, faults: FaultLog) -> dict[str, Any]:
    information = shapes.member(report, "DeviceInformation")
    final = shapes.member(information, "Final") or shapes.member(information, "Initial")
    start, end, device = parse_times(
        [report.get("SessionDate"), report.get("SessionEndDate"), final.get("DeviceDateTime")]
    ).tolist()
    ahead = None if NO_TIME in {end, device} else end - device
    if ahead is None:
        faults.add(21, "tablet and device time are not both given")
    elif abs(ahead) > DAY_S:
        faults.add(22, "left out of figures per day until resolved")
    offset = report.get("ProgrammerUtcOffset")
    if not isinstance(offset, str) or not _OFFSET.fullmatch(offset):
        faults.add(23, "UTC offset of the programmer is impossible or absent")
        offset = None
    charge = shapes.member(report, "BatteryInformation").get("BatteryPercentage")
    battery = shapes.number(charge, "BatteryPercentage", 0, 100)
    stimulation = shapes.member(report, "Stimulation")
    return {
        "tablet_minus_device_s": ahead,
        "utc_offset": offset,
        "battery_percent": None if np.isnan(battery) else battery,
        "group_usage_percent": _usage(report, shapes),
        "stimulation": tuple(
            word_of(stimulation.get(f"{when}StimStatus")) for when in ("Initial", "Final")
        ),
        "model": shapes.text(final.get("NeurostimulatorModel")),
        "device_time": device,
        "device_offset_s": shapes.whole(final.get("DeviceDateTimeOffsetInSeconds")),
        "device_block": shapes.whole(final.get("DeviceDateTimeBlockId")),
        "session_start": start,
        "session_end": end,
    }


def _usage(report: dict[str, Any], shapes: Shapes) -> dict[str, float]:
    usage = {}
    for item in shapes.members(report, "GroupUsagePercentage"):
        share = shapes.number(item.get("UsagePercentage"), "UsagePercentage", 0, 100)
        if not np.isnan(share):
            usage[shapes.text(item.get("GroupId")).rpartition("_")[2]] = share
    if sum(usage.values()) > _MOST_USAGE:
        shapes.count(28, "usage of the groups adds up to more than 100 %")
    return usage


def _section_states(report: dict[str, Any], shapes: Shapes, faults: FaultLog) -> dict[str, str]:
    """Say of each section whether it was read, was empty, or was not read (fault 38)."""
    abnormal = _is(report.get("AbnormalEnd"), "true")
    partly = _is(report.get("FullyReadForSession"), "false") or not _is(
        report.get("ReadAllStatus", "COMPLETED"), "completed"
    )
    diagnostics = shapes.member(report, "DiagnosticData")
    states = {}
    for name in (*_LOGS, *_SECTIONS):
        value = (diagnostics if name in _LOGS else report).get(name)
        absent = value is None or (not value and (partly or abnormal))
        states[name] = "not read" if absent else "read" if value else "empty"
    missing = [name for name in _LOGS if states[name] == "not read"]
    if partly or missing:
        detail = f"not read, not empty: {', '.join(missing) or 'parts of the device'}"
        faults.add(38, detail, count=max(len(missing), 1))
    if abnormal:
        faults.add(38, "the session ended abnormally; what it read may be incomplete")
    return states


def _is(value: object, word: str) -> bool:
    """Whether a flag or coded value says a word, as a boolean or as text."""
    return word_of(str(value)) == word


def _place(
    records: pd.DataFrame,
    report: dict[str, Any],
    facts: dict[str, Any],
    shapes: Shapes,
    faults: FaultLog,
) -> IntArray:
    """Place records by the device's counter, else by its clock; trend points start earlier."""
    clock = records["device_time"].to_numpy(dtype=np.int64)
    own = records["offset_s"].to_numpy(dtype=np.float64, na_value=np.nan)
    block = records["block"].to_numpy(dtype=np.float64, na_value=np.nan)
    base, device = facts["device_offset_s"], facts["device_time"]
    device_block = block if facts["device_block"] is None else facts["device_block"]
    nested, counters = nested_times(report, shapes)
    facts["dated_fields"] = int((~np.isnan(own) & (clock != NO_TIME)).sum()) + len(nested)
    if base is not None and device != NO_TIME:
        step = np.where((records["section"] == "trend").to_numpy(), _TREND_STEP_S, 0)
        counted = ~np.isnan(own) & (np.isnan(block) | (block == device_block))
        expected = device - base + np.nan_to_num(own).astype(np.int64) - step
        odd = int((counted & (clock != NO_TIME) & (expected != clock)).sum())
        odd += int((nested - counters != device - base).sum())
        if odd:
            detail = "times that the device's counter does not explain; the counter places them"
            faults.add(18, detail, count=odd)
        clock = np.where(counted, expected, clock)
    ahead = facts["tablet_minus_device_s"]
    return np.where(clock == NO_TIME, NO_TIME, clock + (ahead or 0))


def _therapy(records: pd.DataFrame, facts: dict[str, Any], faults: FaultLog) -> Therapy:
    """Read the intervals of therapy on the tablet's time."""
    ahead = facts["tablet_minus_device_s"] or 0
    events = records[(records["kind"] == "therapy").to_numpy()]
    columns = (events["utc_s"], events["device_time"], events["text"])
    changes = [
        Change(utc, stamp if stamp == NO_TIME else stamp + ahead, word)
        for utc, stamp, word in zip(*(column.tolist() for column in columns), strict=True)
    ]
    by_tablet = facts["tablet_minus_device_s"] is not None
    device, end = facts["device_time"], facts["session_end"]
    therapy = Therapy(
        facts["session_start"],
        device + ahead if device != NO_TIME else end,
        facts["stimulation"],
        "one-sync" if by_tablet else "clock-only",
        _TABLET_S if by_tablet else _CLOCK_ONLY_S,
        whole=not faults.numbers() & {41, 42},
    )
    read_therapy(changes, therapy, faults)
    return therapy


def _note_counters(
    report: dict[str, Any], therapy: Therapy, shapes: Shapes, faults: FaultLog
) -> None:
    information = shapes.member(report, "DeviceInformation")
    name = "AccumulatedTherapyOnTimeSinceImplant"
    before, after = (
        shapes.whole(shapes.member(information, when).get(name)) for when in ("Initial", "Final")
    )
    if after == 0 and therapy.sessions:
        faults.add(31, "the on-time counter is 0 although the log shows therapy; the log is used")
    elif before is not None and after is not None and after < before:
        faults.add(31, "the on-time counter falls within the session; the log is used")
