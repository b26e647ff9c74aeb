"""Reading a Percept session report (``percept-json``) through the common interface.

Times in the report are the device's own clock; the ``Z`` behind them is syntax. UTC is the
device time plus what the tablet's clock was ahead at the end of the session. Where a record
carries the device's counter, the counter places it, so that a clock set in between moves
nothing. A section that is absent because the device was not fully read is "not read", never empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.json_text import load_json
from multifidus.devicelogs.model import NO_TIME
from multifidus.devicelogs.percept_sections import nested_times, section_rows
from multifidus.devicelogs.percept_shapes import Shapes, parse_times, word_of

if TYPE_CHECKING:
    from multifidus.devicelogs.model import IntArray

__all__ = ["PerceptReport", "read_percept"]

_DAY = 86_400
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
_SEQUENCE_SIZE = 256
"""Packet numbers of a stream are one byte: 255 is followed by 0."""


@dataclass(frozen=True)
class PerceptReport:
    """What one report says.

    Parameters
    ----------
    records
        One row per dated or measured fact, see
        :func:`~multifidus.devicelogs.percept_sections.section_rows`, and ``utc_s``: seconds
        since 1970 on the tablet's time, or ``NO_TIME``.
    sessions
        Therapy-on intervals from the event log: ``start_s``, ``end_s`` (UTC), ``seconds`` with
        ``seconds_lower`` and ``seconds_upper``.
    facts
        Single facts: battery, clock difference, UTC offset, group usage, stimulation at start
        and end, state of each section (``read``, ``empty`` or ``not read``), number of streams
        and of dated fields.
    """

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
    faults, shapes = FaultLog(), Shapes()
    report, used = load_json(data, faults)
    facts = _facts(report, shapes, faults)
    facts["sections"] = _section_states(report, shapes, faults)
    facts["streams"] = _note_streams(report, shapes, faults)
    records = section_rows(report, shapes)
    records["utc_s"] = _place(records, report, facts, shapes, faults)
    sessions = _therapy(records, facts, faults)
    _note_counters(report, sessions, shapes, faults)
    if records.empty:
        faults.add(43, "the report holds no dated record", span=(0, len(data)))
    shapes.report(faults)
    version = report.get("DataVersion")
    return PerceptReport(
        version if isinstance(version, str) and version.isascii() else "",
        str(facts["model"]),
        len(data),
        used,
        records,
        sessions,
        facts,
        faults,
    )


def _facts(report: dict[str, Any], shapes: Shapes, faults: FaultLog) -> dict[str, Any]:
    information = shapes.member(report, "DeviceInformation")
    final = shapes.member(information, "Final") or shapes.member(information, "Initial")
    start, end, device = parse_times(
        [report.get("SessionDate"), report.get("SessionEndDate"), final.get("DeviceDateTime")]
    ).tolist()
    ahead = None if NO_TIME in {end, device} else end - device
    if ahead is None:
        faults.add(21, "tablet and device time are not both given")
    elif abs(ahead) > _DAY:
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


def _note_streams(report: dict[str, Any], shapes: Shapes, faults: FaultLog) -> int:
    """Look for lost packets over the union of the streams of one start, which share numbers."""
    streams: dict[str, list[list[int]]] = {}
    items = shapes.members(report, "BrainSenseTimeDomain")
    for item in items:
        listed = str(item.get("GlobalSequences", "")).split(",")
        numbers = [int(text) for text in listed if text.strip().isdecimal()]
        streams.setdefault(str(item.get("FirstPacketDateTime")), []).append(_unwrapped(numbers))
    for members in streams.values():
        first = next((numbers[0] for numbers in members if numbers), 0)
        union = sorted({n for numbers in members for n in _beside(numbers, first)})
        alone = any(_jumps(numbers) for numbers in members)
        if len(union) > 1 and _jumps(union):
            faults.add(7, "packets of a stream are missing", seqs=(union[0], union[-1]))
        elif alone:
            faults.add(39, "numbers are shared; their union is complete", count=len(members))
    return len(items)


def _unwrapped(numbers: list[int]) -> list[int]:
    """Count on where a packet number starts again at 0."""
    laps, result, before = 0, [], None
    for number in numbers:
        if before is not None and before - number > _SEQUENCE_SIZE // 2:
            laps += 1
        result.append(number + laps * _SEQUENCE_SIZE)
        before = number
    return result


def _beside(numbers: list[int], first: int) -> list[int]:
    """Shift a stream that started just after the lap of the one beside it, or just before."""
    ahead = numbers[0] - first if numbers else 0
    laps = (ahead > _SEQUENCE_SIZE // 2) - (ahead < -_SEQUENCE_SIZE // 2)
    return [number - laps * _SEQUENCE_SIZE for number in numbers]


def _jumps(numbers: list[int]) -> bool:
    return any(after - before > 1 for before, after in pairwise(numbers))


def _therapy(records: pd.DataFrame, facts: dict[str, Any], faults: FaultLog) -> pd.DataFrame:
    """Therapy-on intervals between the on and off events; the last ends with the report."""
    events = records[(records["kind"] == "therapy").to_numpy()]
    changes = zip(events["utc_s"].tolist(), events["text"].tolist(), strict=True)
    rows: list[tuple[int, int, int]] = []
    begun: int | None = None
    for time, text in sorted(changes, key=itemgetter(0)):
        if time == NO_TIME:
            continue
        if text == "on" and begun is None:
            begun = time
        elif text == "off" and begun is not None:
            rows.append((begun, time, time - begun))
            begun = None
    now = facts["device_time"]
    if begun is not None and now != NO_TIME:
        now = max(now + (facts["tablet_minus_device_s"] or 0), begun)
        lower = now - begun
        if facts["stimulation"][1] == "off":
            faults.add(
                24, "stimulation is off at the end of the session; when it stopped is unknown"
            )
            lower = 0
        rows.append((begun, now, lower))
    frame = pd.DataFrame(rows, columns=["start_s", "end_s", "seconds_lower"], dtype="int64")
    frame["seconds_upper"] = frame["end_s"] - frame["start_s"]
    certain = frame["seconds_lower"] == frame["seconds_upper"]
    frame.insert(2, "seconds", frame["seconds_upper"].astype("Int64").where(certain))
    return frame


def _note_counters(
    report: dict[str, Any], sessions: pd.DataFrame, shapes: Shapes, faults: FaultLog
) -> None:
    information = shapes.member(report, "DeviceInformation")
    name = "AccumulatedTherapyOnTimeSinceImplant"
    before, after = (
        shapes.whole(shapes.member(information, when).get(name)) for when in ("Initial", "Final")
    )
    if after == 0 and len(sessions):
        faults.add(31, "the on-time counter is 0 although the log shows therapy; the log is used")
    elif before is not None and after is not None and after < before:
        faults.add(31, "the on-time counter falls within the session; the log is used")
