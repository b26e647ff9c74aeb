"""Mutation trials of Percept reports and OpenNerve logs.

These formats have neither checksums nor sequence numbers. Two kinds of damage leave no trace in
them, and no reader can see them: a stored event that becomes another event which is as well
formed, and in a Percept log an off and the on after it that are lost together. They are counted and
left out.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from device_lab.mutate import mutate
from device_lab.trials import Outcome
from multifidus.devicelogs.clock.times import NO_TIME
from multifidus.devicelogs.formats.interface import LogFile
from multifidus.devicelogs.formats.opennerve import reader as opennerve
from multifidus.devicelogs.formats.opennerve.scan import write_opennerve_ring
from multifidus.devicelogs.formats.percept import reader as percept
from multifidus.devicelogs.formats.registry import detect_format

if TYPE_CHECKING:
    from collections.abc import Callable

    from multifidus.devicelogs.formats.interface import LogFormat

__all__ = ["OPENNERVE", "PERCEPT", "PublicLog", "Trial", "run_public_round"]

_DAY = 86_400
_T0 = 1_767_225_600  # 2026-01-01T00:00:00Z
_ROUNDING_S = 2
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class PublicLog:
    """A clean log, and when therapy was truly on (UTC seconds)."""

    data: bytes
    truth: Spans


@dataclass(frozen=True)
class Trial:
    """A format, its clean logs, how they are damaged, and what damage no reader can see."""

    name: str
    form: LogFormat
    make: Callable[[int], PublicLog]
    damage: Callable[[bytes, np.random.Generator], bytes]
    beyond: Callable[[bytes, bytes], bool]


@cache
def _clean(trial: Trial, index: int) -> PublicLog:
    return trial.make(index)


def run_public_round(trial: Trial, number: int, logs: int = 50) -> Outcome:
    """Damage as many logs once, read each, and name the laws that broke."""
    whole = beyond = damaged = 0
    breaches: list[str] = []
    for index in range(logs):
        log = _clean(trial, index)
        mutant = trial.damage(log.data, np.random.default_rng([number, index]))
        if mutant == log.data:
            whole += 1
        elif trial.beyond(log.data, mutant):
            beyond += 1
        else:
            damaged += 1
            breaches += [f"log {index}: {text}" for text in _judge(trial.form, mutant, log.truth)]
    return Outcome(damaged, whole, tuple(breaches), beyond)


def _judge(form: LogFormat, data: bytes, truth: Spans) -> list[str]:
    detect_format(data)
    reading = form.read([LogFile("P1.log", data, "P1")])
    breaches = [] if all(item.balanced for item in reading.identities) else ["bytes"]
    columns = ("start_s", "seconds_lower", "seconds_upper")
    rows = list(zip(*(reading.sessions[name].tolist() for name in columns), strict=True))
    if any(not 0 <= lower <= upper for _, lower, upper in rows):
        breaches.append("a lower bound is above its upper one")
    true = sum(stop - start for start, stop in truth)
    placed = [(start, start + lower) for start, lower, _ in rows if start != NO_TIME and lower]
    if _union(placed) + sum(lower for start, lower, _ in rows if start == NO_TIME) > true:
        breaches.append("certain seconds are more than were delivered")
    # A clock that is wrong by a constant moves all sessions alike, by less than a day or flagged.
    longest = max((stop - start for start, stop in truth), default=0)
    if any(stop - start > longest + _ROUNDING_S for start, stop in placed):
        breaches.append("a session has a raised lower bound")
    return breaches


def _union(spans: list[tuple[int, int]]) -> int:
    total, reached = 0, NO_TIME
    for start, stop in sorted(spans):
        total += max(0, stop - max(start, reached))
        reached = max(reached, stop)
    return total


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


# Percept ------------------------------------------------------------------------------------


def make_report(seed: int) -> PublicLog:
    """Write a report whose events are on the device's counter and its clock alike."""
    rng = np.random.default_rng([seed, 21])
    times = np.sort(_T0 + rng.integers(0, 60 * _DAY, int(rng.integers(1, 9)))).tolist()
    on_first = bool(rng.integers(0, 2))
    words = ["ON" if (index % 2 == 0) == on_first else "OFF" for index in range(len(times))]
    end = _T0 + 61 * _DAY
    edges = [time for time, word in zip(times, words, strict=True)]
    starts = [time for time, word in zip(times, words, strict=True) if word == "ON"]
    stops = [time for time, word in zip(times, words, strict=True) if word == "OFF"]
    stops = stops[0 if on_first else 1 :]
    truth = tuple(zip(starts, [*stops, end], strict=False))
    events = [
        {**_stamp(time), "TherapyStatus": f"TherapyChangeStatusDef.{word}"}
        for time, word in zip(times, words, strict=True)
    ]
    events += [
        {**_stamp(int(time)), "NewGroupId": "GroupIdDef.GROUP_A"}
        for time in rng.integers(edges[0], end, 3)
    ]
    events.sort(key=lambda event: str(event["DateTime"]), reverse=bool(rng.integers(0, 2)))
    found = f"StimStatusDef.{words[-1]}"
    device = {
        "NeurostimulatorModel": "B35200",
        **{f"Device{name}": value for name, value in _stamp(end).items()},
    }
    report = {
        "DataVersion": "1.2",
        "FullyReadForSession": True,
        "ReadAllStatus": "COMPLETED",
        "SessionDate": _iso(end - 600),
        "SessionEndDate": _iso(end),
        "ProgrammerUtcOffset": "+00:00",
        "ProgrammerVersion": "5.0",
        "DeviceInformation": {"Initial": device, "Final": device},
        "Stimulation": {"InitialStimStatus": found, "FinalStimStatus": found},
        "DiagnosticData": {"EventLogs": events, "LFPTrendLogs": {}},
    }
    return PublicLog(json.dumps(report, indent=1).encode(), truth)


def _stamp(time: int) -> dict[str, Any]:
    return {
        "DateTime": _iso(time),
        "DateTimeBlockId": 1,
        "DateTimeOffsetInSeconds": time - _T0 + 5_000_000,
    }


def damage_report(data: bytes, rng: np.random.Generator) -> bytes:
    """Damage bytes or lines, or lose, repeat, displace or change whole events."""
    if rng.integers(0, 2):
        return mutate(data, rng)
    report = json.loads(data)
    events = report["DiagnosticData"]["EventLogs"]
    at, to = (int(rng.integers(0, len(events))) for _ in range(2))
    kind = int(rng.integers(0, 8))
    if kind == 0:
        del events[at]
    elif kind == 1:
        events.insert(to, dict(events[at]))
    elif kind == 2:
        events[at], events[to] = events[to], events[at]
    elif kind == 3:
        rng.shuffle(events)
    elif kind == 4:
        events[at].pop(str(rng.choice(list(events[at]))))
    elif kind == 5:
        name = str(rng.choice(list(events[at])))
        events[at][name] = [None, "", -1, 1e99, [], {}, "2031-01-01T00:00:00Z"][
            int(rng.integers(0, 7))
        ]
    elif kind == 6:
        report.pop(str(rng.choice(list(report))))
    else:
        report["Stimulation"]["FinalStimStatus"] = "StimStatusDef.OFF"
    return json.dumps(report, indent=1).encode()


def beyond_report(clean: bytes, mutant: bytes) -> bool:
    """Whether a consistent event is new, or an off and the on after it are both lost."""
    try:
        report = json.loads(mutant)
        events = report["DiagnosticData"]["EventLogs"]
        found = [event for event in map(_event, events) if event]
    except (ValueError, KeyError, TypeError, IndexError):
        return False
    own = sorted(
        event for event in map(_event, json.loads(clean)["DiagnosticData"]["EventLogs"]) if event
    )
    if set(found) - set(own):
        return True
    lost = [event not in found for event in own]
    return any(
        lost[index] and lost[index + 1] and own[index][1] == "off" for index in range(len(own) - 1)
    )


def _event(event: Any) -> tuple[int, str] | None:
    """Return time and word of a therapy event whose stamp and counter agree."""
    if not isinstance(event, dict) or "TherapyStatus" not in event:
        return None
    word = str(event["TherapyStatus"]).rpartition(".")[2].lower()
    counter = event.get("DateTimeOffsetInSeconds")
    if not isinstance(counter, int) or word not in {"on", "off"}:
        # Without a counter the stamp alone places it: any other stamp is as good.
        stamp = event.get("DateTime")
        return (hash(stamp), word) if isinstance(stamp, str) and word in {"on", "off"} else None
    time = counter + _T0 - 5_000_000
    try:
        agrees = _iso(time) == event.get("DateTime")
    except (ValueError, OverflowError, OSError):
        return None
    return (time, word) if agrees else None


# OpenNerve ----------------------------------------------------------------------------------


def make_readout(seed: int) -> PublicLog:
    """Write a read-out, or for every fourth seed a ring, of two sessions a day."""
    rng = np.random.default_rng([seed, 22])
    entries: list[tuple[int, bytes]] = [(_T0, b"<EV>PO   ")]
    truth = []
    for day in range(int(rng.integers(4, 14))):
        for hour in (8, 20):
            start = _T0 + day * _DAY + hour * 3600 + int(rng.integers(0, 3000))
            if rng.random() < 0.2:
                continue
            stop = start + (1800 if rng.random() < 0.8 else int(rng.integers(10, 1800)))
            truth.append((start, stop))
            entries += [(start, b"<EV>SS   "), (start + 2, b"<BA>A=3.7V, B=3.6V")]
            entries += [(start + 5, b"<IM>12,500ohm"), (stop, b"<EV>SE   ")]
        entries.append((_T0 + (day + 1) * _DAY - 60, b"<PA>(SP02)Val=00003.5"))
    lines = [
        f"[{_iso(time)}({int(rng.integers(0, 1)):03d})]".encode() + body + b"\r\n"
        for time, body in entries
    ]
    data = write_opennerve_ring(lines) if seed % 4 == 3 else b"".join(lines)
    return PublicLog(data, tuple(truth))


_EVENT = re.compile(rb"\[([^\[\]]{20,25})\((\d{1,3})\)\]<EV>([A-Z]{2,3})")
_DECIDING = {b"SS", b"SE", b"PO", b"UF"}


def beyond_readout(clean: bytes, mutant: bytes) -> bool:
    """Whether a start, stop or boot is new: its time or label became another well-formed one."""
    own, found = (
        {match.groups() for match in _EVENT.finditer(data) if match[3] in _DECIDING}
        for data in (clean, mutant)
    )
    return bool(found - own)


PERCEPT = Trial("percept", percept.FORMAT, make_report, damage_report, beyond_report)
OPENNERVE = Trial("opennerve", opennerve.FORMAT, make_readout, mutate, beyond_readout)
