"""A file, or files, that provoke each fault of the table, with the ground truth beside them.

Faults 12 to 14, 16 to 19, 32 and 44 need two logs or another life of the device; 38 to 42 a
report in the shape of a Percept one; the others are injected into one clean log.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from device_lab.inject import (
    JSON_FAULTS,
    TEXT_FAULTS,
    Injected,
    inject_fault,
)
from multifidus.cohort.devices.simulator import simulate_device
from multifidus.cohort.devices.truth import (
    DeviceDesign,
    DeviceLife,
    PrescriptionChange,
    SessionTruth,
)
from multifidus.devicelogs.findings import FAULT_KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Provoked", "clean_report", "fault_number", "inject_mixture", "provoke_fault"]

_DAY = 86_400
_START = 1_609_459_200  # 2021-01-01T00:00:00Z
_DAYS = 40
_LAST = (43, 45, 46, 5)
"""Faults that take away what others need: they come last in a mixture."""


@dataclass(frozen=True)
class Provoked:
    """Files by name that provoke one fault, and what is wrong with them."""

    files: dict[str, bytes]
    truth: dict[str, object]


def fault_number(name: str) -> int:
    """Return the number of a fault given by its number or its name."""
    for kind in FAULT_KINDS.values():
        if name in {str(kind.number), kind.name}:
            return kind.number
    raise KeyError(name)


def provoke_fault(name: str | int, seed: int = 0) -> Provoked:
    """Make a file, or files, with one fault of the table.

    Parameters
    ----------
    name
        Number or name of the fault.
    seed
        Chooses the place of the damage.

    Returns
    -------
    Provoked
        The files, and as truth the row of the fault table with the numbers that are touched.
    """
    number = fault_number(str(name))
    rng = np.random.default_rng([seed, number])
    if number in JSON_FAULTS:
        injected = inject_fault(number, clean_report(), rng)
        return Provoked({"report.json": injected.data}, injected.truth())
    if number in TEXT_FAULTS:
        injected = inject_fault(number, _clean("P1"), rng)
        return Provoked({"P1-00.ipglog": injected.data}, injected.truth())
    return _by_life(number)


def inject_mixture(
    numbers: Sequence[int], data: bytes, rng: np.random.Generator
) -> tuple[bytes, list[dict[str, object]]]:
    """Inject several faults into one clean text log.

    Faults that the writer seals come first, the others damage what it wrote. A fault that the
    damage before it leaves no place for is left out.

    Parameters
    ----------
    numbers
        Keys of :data:`~device_lab.inject.TEXT_FAULTS`.
    data
        A clean log.
    rng
        Chooses the places.

    Returns
    -------
    data, truths
        The damaged log, and the ground truth of each fault that was injected, in order.
    """
    sealed = {11, *range(20, 35)}
    order = sorted(set(numbers), key=lambda n: (n in _LAST, n not in sealed, n))
    truths = []
    for number in order:
        try:
            injected = inject_fault(number, data, rng)
        except (StopIteration, ValueError, IndexError):
            continue
        data = injected.data
        truths.append(injected.truth())
    return data, truths


def _sessions(days: int = _DAYS) -> SessionTruth:
    at = (_START + np.arange(days)[:, None] * _DAY + np.asarray([8, 20]) * 3600).ravel()
    return SessionTruth(at, np.full(len(at), 1800), np.zeros(len(at), dtype=np.int64))


def _clean(name: str) -> bytes:
    return simulate_device(name, _START, [_START + _DAYS * _DAY], _sessions())[0]


def _by_life(number: int) -> Provoked:
    """Provoke a fault that is one of the device's life, or of two logs together."""
    if number == 12:
        return Provoked({"P1-00.ipglog": _clean("P1") + _clean("P2")}, _truth(number))
    if number == 44:
        return Provoked({"P1-00.ipglog": _clean("OTHER")}, _truth(number))
    at = _START + 10 * _DAY
    change = PrescriptionChange(at, "per_day", 1)
    life, design = {
        13: (DeviceLife(), DeviceDesign()),
        14: (DeviceLife(), DeviceDesign(capacity=150)),
        16: (DeviceLife(erasures=(at,)), DeviceDesign()),
        17: (DeviceLife(resets=(at,)), DeviceDesign()),
        18: (DeviceLife(clock_shifts=((at, 3600),)), DeviceDesign()),
        19: (DeviceLife(), DeviceDesign(drift_ppm=400.0)),
        32: (DeviceLife(prescription_changes=(change,)), DeviceDesign()),
    }[number]
    reads = [_START + 20 * _DAY, _START + _DAYS * _DAY]
    files = simulate_device("P1", _START, reads, _sessions(), life=life, design=design)
    named = {f"P1-{index:02d}.ipglog": data for index, data in enumerate(files)}
    return Provoked(named, _truth(number))


def _truth(number: int) -> dict[str, object]:
    return Injected(b"", number).truth()


def clean_report() -> bytes:
    """Make a small report in the shape of a Percept one, of this project's own making."""
    device = {"DeviceDateTime": "2025-01-10T10:00:00Z", "DeviceDateTimeOffsetInSeconds": 864_000}
    event = {"DateTime": "2025-01-10T01:00:00Z", "DateTimeOffsetInSeconds": 831_600}
    return json.dumps(
        {
            "DataVersion": "1.2",
            "FullyReadForSession": True,
            "ReadAllStatus": "COMPLETED",
            "SessionDate": "2025-01-10T09:55:00Z",
            "SessionEndDate": "2025-01-10T10:00:02Z",
            "ProgrammerUtcOffset": "+01:00",
            "DeviceInformation": {"Initial": device, "Final": device},
            "BatteryInformation": {"BatteryPercentage": 80},
            "Stimulation": {
                "InitialStimStatus": "StimStatusDef.ON",
                "FinalStimStatus": "StimStatusDef.ON",
            },
            "GroupUsagePercentage": [{"GroupId": "GroupIdDef.GROUP_A", "UsagePercentage": 100.0}],
            "DiagnosticData": {
                "EventLogs": [{**event, "TherapyStatus": "TherapyChangeStatusDef.ON"}],
                "LFPTrendLogs": {},
                "LfpFrequencySnapshotEvents": [],
            },
        }
    ).encode()
