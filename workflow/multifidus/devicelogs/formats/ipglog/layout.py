"""The record layout of ``ipglog`` 1.0: types, positions, words, units and limits.

The reader, the simulator and the documentation all take the layout from here. The format is this
project's own; its limits are limits of the format, not claims about any implant. See
``docs/ipglog.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "AGREE_S",
    "CHECKSUM_BYTES",
    "DEFAULT_RING_CAPACITY",
    "END_REASONS",
    "FORMAT_MAJOR",
    "FORMAT_MINOR",
    "LAYOUT",
    "MAX_LINE_BYTES",
    "POSITIONS",
    "RECORD_TYPES",
    "SESSION_LIMIT_S",
    "SOURCES",
    "TYPE_CODES",
    "Position",
]

FORMAT_MAJOR = 1
FORMAT_MINOR = 0
MAX_LINE_BYTES = 200
CHECKSUM_BYTES = 9
"""Length of the end of a line of the text form: a star and eight hexadecimal digits."""

DEFAULT_RING_CAPACITY = 3184
AGREE_S = 5
"""Seconds by which stored and elapsed time may differ; both are whole seconds of one tick."""

SESSION_LIMIT_S = 3600
"""Longest session that the format allows, in seconds; longer ones are flagged and capped."""

POSITIONS = 8
SOURCES = ("ACT", "PRG", "SCH")
END_REASONS = ("CPL", "USR", "MAG", "PRG", "BAT", "FLT", "RST")

Kind = Literal["int", "word", "time", "text"]
_AMPLITUDE_MAX = 70
_U16 = 0xFFFF
_U32 = 0xFFFFFFFF


@dataclass(frozen=True)
class Position:
    """One of the eight positions of a record.

    Parameters
    ----------
    name
        Column name in typed views.
    kind
        ``int``, ``word`` (from ``words``), ``time`` (RFC 3339) or ``text``.
    unit
        UCUM unit, ``"1"`` for counts, empty for words.
    low, high
        Inclusive limits of an ``int``; a value outside is rejected, the record kept.
    words
        The words allowed.
    sentinel
        The value that means "not known" (all ones), read as null.
    """

    name: str
    kind: Kind
    unit: str = ""
    low: int = 0
    high: int = _U32 - 1
    words: tuple[str, ...] = ()
    sentinel: int = _U32


def _int(name: str, unit: str, low: int, high: int, sentinel: int = _U16) -> Position:
    return Position(name, "int", unit, low, high, (), sentinel)


def _word(name: str, *words: str) -> Position:
    return Position(name, "word", words=words)


_WHO = Position("who", "text")

LAYOUT: Mapping[str, tuple[Position, ...]] = MappingProxyType(
    {
        "SST": (
            _word("source", *SOURCES),
            _int("program", "1", 0, 255),
            _int("left", "0.1 mA", 0, _AMPLITUDE_MAX),
            _int("right", "0.1 mA", 0, _AMPLITUDE_MAX),
            _int("width", "us", 1, 1000),
            _int("rate", "0.1 Hz", 1, 2000),
            _int("on", "s", 1, 300),
            _int("off", "s", 0, 300),
        ),
        "SEN": (
            _word("reason", *END_REASONS),
            _int("seconds", "s", 0, 43_200),
            _int("contractions", "1", 0, 43_200),
            _int("left", "0.1 mA", 0, _AMPLITUDE_MAX),
            _int("right", "0.1 mA", 0, _AMPLITUDE_MAX),
            _int("clamp", "1", 0, 255),
        ),
        "IMP": (
            _word("lead", "L", "R"),
            _int("electrode", "1", 0, 3),
            _word("return", "0", "1", "2", "3", "C"),
            _int("impedance", "Ohm", 1, 60_000),
            _int("test", "0.1 mA", 0, _AMPLITUDE_MAX),
            _word("status", "OK", "HI", "LO", "FAIL"),
        ),
        "BAT": (
            _int("voltage", "mV", 1, 10_000),
            _int("charge", "%", 0, 100),
            _int("months", "mo", 0, 600),
            _word("status", "OK", "ERI", "EOS"),
        ),
        "PRG": (
            _int("program", "1", 0, 255),
            Position("parameter", "text"),
            Position("old", "text"),
            Position("new", "text"),
            _WHO,
        ),
        "CLK": (
            _word("action", "SET", "RST", "SYN"),
            Position("old", "time"),
            Position("new", "time"),
            _WHO,
        ),
        "FLT": (
            Position("code", "text"),
            Position("severity", "text"),
            Position("argument", "text"),
        ),
        "MAG": (_word("state", "ON", "OFF"), _int("seconds", "s", 0, 43_200)),
        "LNK": (_word("state", "ON", "OFF"), _int("seconds", "s", 0, 43_200), _WHO),
        "DAY": (
            _int("day", "d", 0, 36_500),
            _int("sessions", "1", 0, 1_000),
            _int("seconds", "s", 0, 86_400, _U32),
            _int("contractions", "1", 0, 86_400, _U32),
            _int("lifetime_seconds", "s", 0, _U32 - 1, _U32),
        ),
        "ERA": (_WHO, _int("last_erased", "1", 0, _U32 - 1, _U32)),
    }
)

RECORD_TYPES = tuple(LAYOUT)
TYPE_CODES: Mapping[str, int] = MappingProxyType(
    {name: code for code, name in enumerate(RECORD_TYPES, start=1)}
)
"""Codes of the record types in tables: SST 1, SEN 2, ... in the order of :data:`LAYOUT`."""
