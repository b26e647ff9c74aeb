"""Whole seconds since 1970, the marks of absent times and numbers, and RFC 3339."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = [
    "DAY_S",
    "MISSING",
    "NO_TIME",
    "BoolArray",
    "FloatArray",
    "IntArray",
    "at_default",
    "iso_seconds",
    "local_seconds",
    "parse_iso",
    "utc_column",
]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

DAY_S = 86_400
NO_TIME = int(np.iinfo(np.int64).min)
"""Marks an absent time among whole seconds since 1970 (the bit pattern of NumPy's NaT)."""

MISSING = -1
"""Marks an absent number in integer columns, whose valid values are never negative."""

_EARLIEST = int(np.datetime64("2000-01-01T00:00:00", "s").astype(np.int64))
_LATEST = int(np.datetime64("2100-01-01T00:00:00", "s").astype(np.int64))
_DEFAULT_SLACK_S = DAY_S
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|([+-])(0\d|1[0-4]):?([0-5]\d))", re.ASCII
)


def at_default(clock: IntArray | int, tick: IntArray | int) -> BoolArray:
    """Say whether a clock has run on from its default since some moment of the boot.

    The default is 2000-01-01: such a clock counts from there no longer than the boot has lasted.
    Both in seconds, ``clock`` since 1970.
    """
    since = np.asarray(clock) - _EARLIEST
    return np.asarray((since >= 0) & (since <= np.asarray(tick) + _DEFAULT_SLACK_S))


def iso_seconds(seconds: int) -> str:
    """Write whole seconds since 1970 as RFC 3339 with ``Z``; empty for :data:`NO_TIME`."""
    if seconds == NO_TIME:
        return ""
    return f"{np.datetime64(seconds, 's')}Z"


def parse_iso(text: str) -> int | None:
    """Read RFC 3339 into whole seconds since 1970.

    Parameters
    ----------
    text
        A time with ``Z`` or a UTC offset; a fraction of a second is cut off.

    Returns
    -------
    int or None
        ``None`` when the text is not such a time, or lies outside 2000 to 2099, where no
        implant of this kind can have been.
    """
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    try:
        local = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    except ValueError:
        return None
    ahead = timedelta(hours=int(match[3] or 0), minutes=int(match[4] or 0))
    try:
        utc = local + ahead if match[2] == "-" else local - ahead
    except OverflowError:
        return None
    seconds = int(utc.timestamp())
    return seconds if _EARLIEST <= seconds < _LATEST else None


def utc_column(seconds: IntArray) -> pd.DatetimeIndex:
    """Return UTC times of seconds since 1970; ``NaT`` for ``NO_TIME``."""
    return pd.DatetimeIndex(seconds.astype("datetime64[s]")).tz_localize("UTC")


def local_seconds(utc: IntArray, zone: str) -> IntArray:
    """Return wall-clock seconds since 1970 in a zone (IANA name) of UTC seconds."""
    if zone == "UTC":
        return utc
    stamps = pd.DatetimeIndex(utc.astype("datetime64[s]"), tz="UTC").tz_convert(zone)
    return np.asarray(stamps.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64))
