"""The sections of a Percept report as rows of one table.

Which keys a report has depends on the programmer's version and on what was read; each section
is therefore looked for on its own, and what was found is kept beside the rows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.devicelogs.clock.times import NO_TIME
from multifidus.devicelogs.formats.percept.shapes import side_of, word_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.clock.times import BoolArray, FloatArray, IntArray
    from multifidus.devicelogs.formats.percept.shapes import Shapes

__all__ = ["COLUMNS", "nested_times", "section_rows"]

Members = dict[str, Any]

COLUMNS = (
    "section",
    "kind",
    "side",
    "device_time",
    "offset_s",
    "block",
    "value",
    "second",
    "text",
    "unit",
)
_EVENT_KEYS = (
    ("TherapyStatus", "therapy"),
    ("AdbsStatus", "adaptive"),
    ("NewGroupId", "group change"),
    ("MriType", "mri"),
    ("SessionType", "session"),
)
_STAMPS = ("DateTime", "Date", "SessionDate")
_AMPLITUDE_MAX = 25.5
"""Milliamperes; a larger value is no amplitude of such a device."""
_EXACT = 2**53
_HEMISPHERES = ("LeftHemisphere", "RightHemisphere")


class _Rows:
    """Collects rows as runs of equal words; times and counters are read together at the end."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self._words: list[tuple[str, ...]] = []
        self._sizes: list[int] = []
        self._values: list[Sequence[float] | FloatArray] = []
        self._seconds: list[Sequence[float] | FloatArray] = []
        self._stamps: list[object] = []
        self._counters: list[object] = []
        self._blocks: list[object] = []
        self._dated: list[bool] = []

    def add(
        self,
        section: str,
        kind: str,
        item: Members | None = None,
        *,
        side: str = "",
        value: float = math.nan,
        text: str = "",
        unit: str = "",
    ) -> None:
        """Add one row; an item is dated by its stamp."""
        self._append(section, kind, side, text, unit)
        self._sizes.append(1)
        self._dated.append(item is not None)
        self._values.append((value,))
        self._seconds.append((math.nan,))
        if item is not None:
            stamps = _STAMPS[:1] if section == "events" else _STAMPS
            name = next((stamp for stamp in stamps if stamp in item), _STAMPS[0])
            self._stamps.append(item.get(name))
            self._counters.append(item.get(f"{name}OffsetInSeconds"))
            self._blocks.append(item.get(f"{name}BlockId"))

    def _append(self, *words: str) -> None:
        self._words.append(tuple(self.shapes.text(word) for word in words))

    def add_trend(self, key: str, side: str, points: list[Members]) -> None:
        """Add the points of one group of a trend log."""
        self._append("trend", key, side, "", "1")
        self._sizes.append(len(points))
        self._dated.append(True)
        self._values.append(_numbers(points, "LFP", self.shapes))
        self._seconds.append(_numbers(points, "AmplitudeInMilliAmps", self.shapes, _AMPLITUDE_MAX))
        self._stamps += [point.get("DateTime") for point in points]
        self._counters += [point.get("DateTimeOffsetInSeconds") for point in points]
        self._blocks += [point.get("DateTimeBlockId") for point in points]

    def frame(self) -> pd.DataFrame:
        """Return the rows as a table."""
        total = sum(self._sizes)
        dated = np.repeat(np.asarray(self._dated, dtype=np.bool_), self._sizes)
        times = np.full(total, NO_TIME, dtype=np.int64)
        times[dated] = self.shapes.times(self._stamps)
        runs = np.repeat(np.arange(len(self._sizes)), self._sizes)
        words = zip(*self._words, strict=True) if self._words else iter([()] * 5)
        section, kind, side, text, unit = (pd.array(w, dtype="str").take(runs) for w in words)
        columns = (
            section,
            kind,
            side,
            times,
            _integers(self._counters, dated, self.shapes),
            _integers(self._blocks, dated, self.shapes),
            np.concatenate([np.zeros(0), *self._values]),
            np.concatenate([np.zeros(0), *self._seconds]),
            text,
            unit,
        )
        return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def section_rows(report: Members, shapes: Shapes) -> pd.DataFrame:
    """Return all sections that hold dated or measured facts, in a fixed order.

    Parameters
    ----------
    report
        The outermost object.
    shapes
        Reads members and counts what was not as it should be.

    Returns
    -------
    pandas.DataFrame
        Columns :data:`COLUMNS`: section, kind, side, device time (seconds since 1970 or
        ``NO_TIME``), seconds of the device's counter, its block, value, second value (amplitude
        of a trend point in mA), text, UCUM unit of the value.
    """
    diagnostics = shapes.member(report, "DiagnosticData")
    rows = _Rows(shapes)
    _events(diagnostics, rows)
    _trend(diagnostics, rows)
    for item in shapes.members(diagnostics, "LfpFrequencySnapshotEvents"):
        rows.add("snapshots", "snapshot", item, text=str(item.get("EventName", "")))
    for item in shapes.members(report, "Annotations"):
        rows.add("annotations", "annotation", item, side=side_of(item.get("Hemisphere")))
    for item in shapes.members(report, "GroupHistory"):
        rows.add("past sessions", "session", item)
    _impedance(report, rows)
    _programs(report, rows)
    return rows.frame()


def _events(diagnostics: Members, rows: _Rows) -> None:
    """Event log: the kind of a record is given by which keys are present."""
    for item in rows.shapes.members(diagnostics, "EventLogs"):
        for key, kind in _EVENT_KEYS:
            if key in item:
                rows.add("events", kind, item, text=word_of(item[key]))
                break
        else:
            trend = item.get("ParameterTrendId")
            kind = "lead check" if trend else "unknown"
            if not trend:
                rows.shapes.count(33, "an event of an unknown kind is kept as it is")
            rows.add("events", kind, item, text=word_of(trend))


def _trend(diagnostics: Members, rows: _Rows) -> None:
    """Trend logs: per side a map from a date to points of ten minutes."""
    sides = rows.shapes.member(diagnostics, "LFPTrendLogs")
    rows.shapes.side_keys(sides)
    for side in sides:
        groups = rows.shapes.member(sides, side, "LFPTrendLogs")
        for key in groups:
            points = rows.shapes.members(groups, key, "LFPTrendLogs")
            rows.add_trend(rows.shapes.date_key(key), side_of(side), points)


def _integers(values: list[Any], where: BoolArray, shapes: Shapes) -> pd.arrays.IntegerArray:
    """Put whole numbers in their places; only odd ones are looked at one by one."""
    known = where.copy()
    numbers = np.ones(len(where), dtype=np.int64)
    if set(map(type, values)) == {int} and _EXACT > max(values) >= min(values) > -_EXACT:
        numbers[where] = values
    else:
        whole = [shapes.whole(value) for value in values]
        known[where] = [value is not None for value in whole]
        numbers[known] = [value for value in whole if value is not None]
    return pd.arrays.IntegerArray(numbers, ~known)


def _numbers(items: list[Members], name: str, shapes: Shapes, high: float = _EXACT) -> FloatArray:
    """Read one number of each point; only odd ones are looked at one by one."""
    values: list[Any] = [item.get(name) for item in items]
    if set(map(type, values)) <= {int, float} and values and high >= max(values):
        numbers = np.asarray(values, dtype=np.float64)
        if (numbers >= 0).all():  # which no NaN is
            return numbers
    return np.asarray([shapes.number(value, name, 0.0, high) for value in values], dtype=np.float64)


def _impedance(report: Members, rows: _Rows) -> None:
    shapes = rows.shapes
    for entry in shapes.members(report, "Impedance"):
        for half in shapes.members(entry, "Hemisphere"):
            measured = shapes.member(half, "SessionImpedance")
            for kind in ("Monopolar", "Bipolar"):
                for item in shapes.members(measured, kind):
                    if "ResultValue" not in item or "Electrode1" not in item:
                        detail = "an impedance entry names its electrodes otherwise; passed over"
                        shapes.count(33, detail)
                    ohms = shapes.number(item.get("ResultValue"), "impedance", low=1.0)
                    pair = "-".join(word_of(item.get(f"Electrode{end}")) for end in (1, 2))
                    rows.add(
                        "impedance",
                        kind.lower(),
                        side=side_of(half.get("Hemisphere")),
                        value=ohms,
                        text=pair,
                        unit="Ohm",
                    )


def _programs(report: Members, rows: _Rows) -> None:
    """Programmed groups at the start and the end of the session.

    The rate is that of the group or of each program, depending on the report's version.
    """
    groups = rows.shapes.member(report, "Groups")
    for when in ("Initial", "Final"):
        for group in rows.shapes.members(groups, when):
            settings = rows.shapes.member(group, "ProgramSettings")
            name = str(group.get("GroupId", "")).rpartition("_")[2]
            for half in _HEMISPHERES:
                side = half[: -len("Hemisphere")].lower()
                for program in rows.shapes.members(rows.shapes.member(settings, half), "Programs"):
                    _program(f"{when.lower()} {name}", side, settings, program, rows)


def _program(kind: str, side: str, settings: Members, program: Members, rows: _Rows) -> None:
    shapes = rows.shapes
    rate = program.get("RateInHertz", settings.get("RateInHertz"))
    poles = " ".join(
        f"{word_of(item.get('Electrode'))} {word_of(item.get('ElectrodeStateResult'))}"
        for item in shapes.members(program, "ElectrodeState")
    )
    facts = (
        ("amplitude", program.get("AmplitudeInMilliAmps"), "mA", _AMPLITUDE_MAX),
        ("pulse width", program.get("PulseWidthInMicroSecond"), "us", math.inf),
        ("rate", rate, "Hz", math.inf),
    )
    for name, value, unit, high in facts:
        number = shapes.number(value, name, 0.0, high)
        rows.add("programs", f"{kind} {name}", side=side, value=number, unit=unit)
    rows.add("programs", f"{kind} electrodes", side=side, text=poles)


def nested_times(report: Members, shapes: Shapes) -> tuple[IntArray, IntArray]:
    """Return the dated fields that have no row of their own: seconds since 1970, counter.

    They are the halves of the snapshots, the edges of the event summary and the device's own
    stamps; a check of the device's clock needs them.
    """
    stamps: list[object] = []
    counters: list[int] = []

    def take(item: Members, name: str) -> None:
        counter = shapes.whole(item.get(f"{name}OffsetInSeconds"))
        if counter is not None and name in item:
            stamps.append(item[name])
            counters.append(counter)

    for item in shapes.members(
        shapes.member(report, "DiagnosticData"), "LfpFrequencySnapshotEvents"
    ):
        halves = item.get("LfpFrequencySnapshotEvents")
        for half in (halves or {}).values() if isinstance(halves, dict) else ():
            if isinstance(half, dict):
                take(half, "DateTime")
    summary = report.get("EventSummary")
    if isinstance(summary, dict):
        take(summary, "SessionStartDate")
        take(summary, "SessionEndDate")
    device = shapes.member(report, "DeviceInformation")
    for when in ("Initial", "Final"):
        take(shapes.member(device, when), "DeviceDateTime")
    return shapes.times(stamps), np.asarray(counters, dtype=np.int64)
