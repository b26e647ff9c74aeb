"""Telling the format of a log by its content, never by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from isal.isal_zlib import crc32

from multifidus.devicelogs.binary_layout import HEADER_MAGIC, PAGE_MAGIC

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LogFormat", "detect_format"]

LogFormat = Literal[
    "ipglog-text",
    "ipglog-bin",
    "percept-json",
    "opennerve-text",
    "opennerve-fram",
    "empty",
    "unknown",
]

_PAGE = PAGE_MAGIC + b"\x01\x00\x20\x00"
_STAR = re.compile(rb"\*([0-9A-F]{8})")
_START = re.compile(rb"[HRBE]")
_LONGEST = 191
_OPENNERVE = re.compile(rb"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\(\d{1,3}\)\]<[A-Z]{2}>")
_FRAM_BYTES = 131_072 + 4
_PERCEPT_KEYS = (b'"DeviceInformation"', b'"ProgrammerVersion"', b'"SessionDate"')
_HEAD_BYTES = 65_536
_MOST_TRIES = 64


def detect_format(data: bytes) -> LogFormat:
    """Name the format of a log.

    Parameters
    ----------
    data
        The whole input.

    Returns
    -------
    str
        ``empty`` for no bytes (or NUL only), ``unknown`` when nothing matches: a guess is
        never made.
    """
    head = data[:_HEAD_BYTES]
    if not head.strip(b"\x00") and not data.strip(b"\x00"):
        return "empty"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\x00 \t\r\n")
    # Cheap tests first: each of the later ones may search the whole input.
    tests: tuple[tuple[LogFormat, Callable[[], bool]], ...] = (
        ("ipglog-text", lambda: text.startswith(b"Hformat,ipglog-text,")),
        ("ipglog-bin", lambda: head.startswith((HEADER_MAGIC, PAGE_MAGIC))),
        ("percept-json", lambda: text.startswith((b"{", b"[")) and _names_percept(data)),
        ("opennerve-fram", lambda: len(data) == _FRAM_BYTES and bool(_OPENNERVE.search(data))),
        ("opennerve-text", lambda: bool(_OPENNERVE.search(head))),
        ("ipglog-bin", lambda: _PAGE in data),
        ("ipglog-text", lambda: _holds_frame(data)),
    )
    return next((name for name, found in tests if found()), "unknown")


def _names_percept(data: bytes) -> bool:
    """Whether at least two keys of a session report stand in the text."""
    return sum(key in data for key in _PERCEPT_KEYS) > 1


def _holds_frame(data: bytes) -> bool:
    """Whether any line of the text format verifies anywhere."""
    for tries, match in enumerate(_STAR.finditer(data)):
        star = match.start()
        window = data[max(0, star - _LONGEST) : star]
        claimed = int(match[1], 16)
        for start in _START.finditer(window):
            if crc32(window[start.start() :]) == claimed and len(window) - start.start() > 1:
                return True
        if tries > _MOST_TRIES and star > len(data) // 2:
            return False
    return False
