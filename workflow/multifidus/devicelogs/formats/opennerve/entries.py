"""What one OpenNerve entry holds.

Facts are those of the project's published logging guide and of the firmware's public header of
parameters (``CARSSCenter/OpenNerve-Implantable-Pulse-Generator``, CC BY 4.0).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from multifidus.devicelogs.clock.times import NO_TIME, parse_iso

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multifidus.devicelogs.findings import FaultLog

__all__ = [
    "BOOTS",
    "COLUMNS",
    "EVENT_LABELS",
    "PARAMETERS",
    "SUB_SECONDS",
    "Parameter",
    "read_entry",
]

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "time": "int64",
        "sub": "int64",
        "type": "str",
        "label": "str",
        "value": "float64",
        "second": "float64",
        "text": "str",
        "unit": "str",
        "byte_start": "int64",
    }
)
"""Columns of the records and their types."""

SUB_SECONDS = 256
EVENT_LABELS = frozenset(
    "PO ER EOS UF MD SC HI NI LSA SS SE BC BD SL WK SD OC".split()  # noqa: SIM905
)
"""The 16 labels of the guide, and OC, which the guide names as defined but never written."""

BOOTS = frozenset({"PO", "UF"})
_NAN = float("nan")


@dataclass(frozen=True)
class Parameter:
    """Limits of a stimulation parameter: name, UCUM unit, inclusive range, step."""

    name: str
    unit: str
    low: float
    high: float
    step: float

    def holds(self, value: float) -> bool:
        """Whether a value is within the range."""
        return self.low <= value <= self.high

    def on_step(self, value: float) -> bool:
        """Whether a value is one that can be set."""
        steps = (value - self.low) / self.step
        return abs(steps - round(steps)) < 1e-6  # noqa: PLR2004


PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        "SP01": Parameter("scheduled sessions", "1", 1, 6, 1),
        "SP02": Parameter("amplitude", "mA", 0.2, 5.0, 0.1),
        "SP03": Parameter("pulse width", "us", 100, 1000, 50),
        "SP04": Parameter("rate", "Hz", 1, 2000, 1),
        "SP05": Parameter("ramp up", "s", 0, 10, 1),
        "SP06": Parameter("ramp down", "s", 0, 10, 1),
        "SP07": Parameter("train on", "s", 10, 300, 10),
        "SP08": Parameter("train off", "s", 0, 300, 10),
        **{f"ST{n}1": Parameter(f"session {n} start", "min", 0, 1438, 1) for n in range(1, 7)},
        **{f"ST{n}2": Parameter(f"session {n} stop", "min", 1, 1439, 1) for n in range(1, 7)},
    }
)
"""Stimulation parameters by id; starts and stops are minutes of the day."""

_BATTERY = re.compile(r"A=(\d+\.\d)V, ?B=(\d+\.\d)V")
_OHMS = re.compile(r"(\d{1,3}(?:,\d{3})*|\d+) ?ohm")
_PARAMETER = re.compile(
    r"\(([A-Za-z0-9]{4,5})\)(?:Val=(-?\d+\.\d)|(?:Val=)?(?:0x)?((?:[0-9A-Fa-f]{2})+))"
)


def read_entry(
    stamp: tuple[str, int],
    kind: str,
    body: str,
    span: tuple[int, int],
    faults: FaultLog,
    *,
    cut: bool = False,
) -> tuple[int, *tuple[object, ...]]:
    """Read one entry.

    Parameters
    ----------
    stamp
        Time as text and sub-second.
    kind, body
        The two letters of the type, and what follows them.
    span
        Bytes of the entry, for the fault list.
    faults
        Receives faults 23, 28 and 33.
    cut
        Whether the input ends within the entry; a value that may lack digits is then taken out.

    Returns
    -------
    tuple
        In the order of :data:`COLUMNS`. Hexadecimal data are ``text``.
    """
    time = parse_iso(stamp[0])
    if time is None:
        faults.add(23, "an impossible time is taken out; the entry is kept", span=span)
    sub = stamp[1]
    if sub >= SUB_SECONDS:
        faults.add(28, "value taken out: sub-second", span=span)
        sub = 0
    words = body.rstrip(" ")
    label, value, second, text, unit = words, _NAN, _NAN, "", ""
    if kind == "EV":
        if words not in EVENT_LABELS:
            faults.add(33, "an event of an unknown label is kept as it is", span=span)
    elif kind == "BA" and (found := _BATTERY.fullmatch(words)):
        label, value, second, unit = "", float(found[1]), float(found[2]), "V"
    elif kind == "IM" and (found := _OHMS.fullmatch(words)) and int(found[1].replace(",", "")):
        label, value, unit = "", float(found[1].replace(",", "")), "Ohm"
    elif kind == "PA" and not cut and (found := _PARAMETER.fullmatch(words)):
        label, text = found[1], (found[3] or "").upper()
        value, unit = _parameter(label, found[2], span, faults)
    elif kind in {"BA", "IM", "PA"}:
        faults.add(28, f"value taken out: a {kind} entry cannot be read", span=span)
        label = ""
    else:
        faults.add(33, "an entry of an unknown type is kept as it is", span=span)
    return (NO_TIME if time is None else time, sub, kind, label, value, second, text, unit, span[0])


def _parameter(
    label: str, number: str | None, span: tuple[int, int], faults: FaultLog
) -> tuple[float, str]:
    """Return value and unit of a parameter; raw data have no value."""
    limits = PARAMETERS.get(label)
    unit = limits.unit if limits else ""
    if number is None:
        return _NAN, unit
    value = float(number)
    if limits and not limits.holds(value):
        faults.add(28, f"value taken out: {limits.name} is outside its range", span=span)
        return _NAN, unit
    if limits and not limits.on_step(value):
        detail = f"{limits.name} lies between the steps that can be set; it is kept"
        faults.add(28, detail, span=span, outcome="flag")
    return value, unit
