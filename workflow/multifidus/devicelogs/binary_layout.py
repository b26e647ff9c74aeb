"""The byte layout of ``ipglog-bin`` 1.0: pages, records and the payload of each type."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.layout import LAYOUT

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CLOCK_EPOCH",
    "EMPTY_BYTE",
    "EMPTY_LONG",
    "EMPTY_SHORT",
    "HEADER_MAGIC",
    "OPEN_COUNT",
    "PAGE",
    "PAGE_BYTES",
    "PAGE_HEADER",
    "PAGE_MAGIC",
    "PAGE_RECORDS",
    "PAYLOADS",
    "RECORD",
    "RECORD_BYTES",
    "TEXT_WORDS",
]

PAGE_BYTES = 2048
PAGE_RECORDS = 63
RECORD_BYTES = 32
PAGE_MAGIC = b"IPGB"
HEADER_MAGIC = b"IPGH"
OPEN_COUNT = 0xFFFF
EMPTY_BYTE, EMPTY_SHORT, EMPTY_LONG = 0xFF, 0xFFFF, 0xFFFFFFFF
CLOCK_EPOCH = int(np.datetime64("2000-01-01T00:00:00", "s").astype(np.int64))

PAGE_HEADER = np.dtype(
    [
        ("magic", "S4"),
        ("major", "u1"),
        ("minor", "u1"),
        ("record_size", "<u2"),
        ("page", "<u4"),
        ("first", "<u4"),
        ("count", "<u2"),
        ("boot", "<u2"),
        ("erased", "<u4"),
        ("tick", "<u4"),
    ]
)

RECORD = np.dtype(
    [
        ("seq", "<u4"),
        ("tick", "<u4"),
        ("clock", "<u4"),
        ("boot", "<u2"),
        ("type", "u1"),
        ("flags", "u1"),
        ("payload", "V14"),
        ("crc", "<u2"),
    ]
)


PAGE = np.dtype([("head", PAGE_HEADER), ("records", RECORD, (PAGE_RECORDS,)), ("crc", "<u4")])


def _payload(*fields: tuple[str, str]) -> np.dtype[np.void]:
    size = sum(np.dtype(kind).itemsize for _, kind in fields)
    return np.dtype([*fields, ("spare", f"V{14 - size}")] if size < 14 else list(fields))  # noqa: PLR2004


_WHO = ("who", "u1")
PAYLOADS: Mapping[str, np.dtype[np.void]] = MappingProxyType(
    {
        "SST": _payload(
            ("source", "u1"),
            ("program", "u1"),
            *((name, "<u2") for name in ("left", "right", "width", "rate", "on", "off")),
        ),
        "SEN": _payload(
            ("reason", "u1"),
            ("session_program", "u1"),
            *((name, "<u2") for name in ("seconds", "contractions", "left", "right", "clamp")),
        ),
        "IMP": _payload(
            *((name, "u1") for name in ("lead", "electrode", "return", "status")),
            ("impedance", "<u2"),
            ("test", "<u2"),
        ),
        "BAT": _payload(("status", "u1"), ("charge", "u1"), ("voltage", "<u2"), ("months", "<u2")),
        "PRG": _payload(
            ("program", "u1"),
            ("parameter", "u1"),
            _WHO,
            ("pad", "u1"),
            ("old", "<u4"),
            ("new", "<u4"),
        ),
        "CLK": _payload(("action", "u1"), _WHO, ("old", "<u4"), ("new", "<u4")),
        "FLT": _payload(("code", "S4"), ("severity", "S1"), ("pad", "u1"), ("argument", "<u4")),
        "MAG": _payload(("state", "u1"), ("pad", "u1"), ("seconds", "<u2")),
        "LNK": _payload(("state", "u1"), _WHO, ("seconds", "<u2")),
        "DAY": _payload(
            ("day", "<u2"),
            ("sessions", "<u2"),
            ("seconds", "<u4"),
            ("contractions", "<u2"),
            ("lifetime_seconds", "<u4"),
        ),
        "ERA": _payload(_WHO, ("pad", "u1"), ("last_erased", "<u4")),
    }
)
"""Payload of each type: 14 bytes, little-endian; all ones is an empty position."""

TEXT_WORDS: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        **{(kind, "who"): ("PRG", "ACT", "SYS", "PAT") for kind in LAYOUT},
        ("PRG", "parameter"): ("SES", "NPD", "AML", "AMR", "PWD", "RAT", "TON", "TOF"),
    }
)
"""Words of the text positions that the binary form stores as numbers."""
