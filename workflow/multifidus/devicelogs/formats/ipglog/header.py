"""The header of one download, and reading its ``H`` lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from multifidus.devicelogs.clock.times import NO_TIME, parse_iso
from multifidus.devicelogs.history import Prescription

if TYPE_CHECKING:
    from collections.abc import Callable

    from multifidus.devicelogs.findings import FaultLog

__all__ = ["Header", "Sync", "header_line_name", "read_header_line"]

_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")
_SENTINELS = (0xFFFF, 0xFFFFFFFF)


@dataclass(frozen=True)
class Sync:
    """A coincident stamp of the device's tick and clock with the programmer's UTC.

    ``clock`` and ``utc`` are whole seconds since 1970, ``clock`` may be ``NO_TIME``;
    ``uncertainty_s`` is the half width, in seconds.
    """

    boot: int
    tick: int
    clock: int
    utc: int
    uncertainty_s: int = 2


@dataclass
class Header:
    """What the ``H`` lines of one download say; ``None`` where a line is absent or damaged."""

    name: str | None = None
    major: int | None = None
    minor: int | None = None
    model: str | None = None
    pseudonym: str | None = None
    firmware: str | None = None
    download_start: int | None = None
    download_end: int | None = None
    programmer: str | None = None
    utc_offset: str | None = None
    syncs: list[Sync] = field(default_factory=list)
    capacity: int | None = None
    first_seq: int | None = None
    last_seq: int | None = None
    lost_before: int | None = None
    life_sessions: int | None = None
    life_seconds: int | None = None
    life_contractions: int | None = None
    prescriptions: list[Prescription] = field(default_factory=list)

    @property
    def participant_id(self) -> str | None:
        """The pseudonym without the implant's ordinal (``P017/2`` is P017's second implant)."""
        return None if self.pseudonym is None else self.pseudonym.partition("/")[0]

    @property
    def version(self) -> str:
        """Version of the format, empty where unknown."""
        return "" if self.major is None else f"{self.major}.{self.minor}"


def _number(text: str) -> int | None:
    """Read a whole number; ``None`` when it is none, or is all ones."""
    if not text.isascii() or not text.isdigit():
        return None
    value = int(text)
    return None if value in _SENTINELS else value


def _format(header: Header, fields: list[str]) -> str | None:
    header.name = fields[0]
    major, _, minor = fields[1].partition(".")
    header.major, header.minor = _number(major), _number(minor)
    return None if header.major is not None and header.minor is not None else "version"


def _device(header: Header, fields: list[str]) -> str | None:
    header.model, header.pseudonym, header.firmware = fields[:3]
    return None if header.pseudonym else "pseudonym"


def _download(header: Header, fields: list[str]) -> str | None:
    header.download_start, header.download_end = parse_iso(fields[0]), parse_iso(fields[1])
    header.programmer = fields[2]
    header.utc_offset = fields[3] if _OFFSET.fullmatch(fields[3]) else None
    values = {
        "download start": header.download_start,
        "download end": header.download_end,
        "UTC offset": header.utc_offset,
    }
    return ", ".join(name for name, value in values.items() if value is None) or None


def _sync(header: Header, fields: list[str]) -> str | None:
    boot, tick, uncertainty = _number(fields[0]), _number(fields[1]), _number(fields[4])
    clock = NO_TIME if not fields[2] else parse_iso(fields[2])
    utc = parse_iso(fields[3])
    if boot is None or tick is None or utc is None or uncertainty is None:
        return "sync"
    header.syncs.append(Sync(boot, tick, NO_TIME if clock is None else clock, utc, uncertainty))
    return "sync device clock" if clock is None else None


def _ring(header: Header, fields: list[str]) -> str | None:
    numbers = [_number(text) for text in fields[:4]]
    if None not in numbers:
        header.capacity, header.first_seq, header.last_seq, header.lost_before = numbers
    return "ring" if None in numbers else None


def _life(header: Header, fields: list[str]) -> str | None:
    numbers = [_number(text) for text in fields[:3]]
    header.life_sessions, header.life_seconds, header.life_contractions = numbers
    return "lifetime counters" if None in numbers else None


def _rx(header: Header, fields: list[str]) -> str | None:
    numbers = [_number(text) for text in fields[:7]]
    known = [number for number in numbers if number is not None]
    if len(known) != len(numbers) or known[5] == 0:
        return "prescription"
    header.prescriptions.append(Prescription(*known))
    return None


_READERS: dict[str, tuple[int, Callable[[Header, list[str]], str | None]]] = {
    "format": (2, _format),
    "device": (3, _device),
    "download": (4, _download),
    "sync": (5, _sync),
    "ring": (4, _ring),
    "life": (3, _life),
    "rx": (7, _rx),
}
_IMPOSSIBLE_TIME = ("download", "sync")


def header_line_name(text: str) -> str:
    """Return the name of a header line; ``other`` when the format does not know it."""
    name = text.partition(",")[0]
    return name if name in _READERS else "other"


def read_header_line(header: Header, text: str, faults: FaultLog, span: tuple[int, int]) -> None:
    """Read one header line (the text after ``H``) into ``header``.

    A value that cannot be read is rejected and reported; the rest of the line is kept. Lines of
    an unknown name are reported and passed over.
    """
    name, _, rest = text.partition(",")
    fields = rest.split(",")
    if name not in _READERS:
        faults.add(33, "header line of an unknown name passed over", span=span, outcome="flag")
        return
    size, reader = _READERS[name]
    if len(fields) < size:
        faults.add(28, f"header line {name} has too few fields", span=span)
        return
    problem = reader(header, fields)
    if problem:
        number = 23 if name in _IMPOSSIBLE_TIME else 28
        faults.add(number, f"header value rejected: {problem}", span=span)
