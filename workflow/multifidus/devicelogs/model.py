"""The shapes that move through this room: header facts, record streams, truth of a device."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

__all__ = [
    "MISSING",
    "NO_TIME",
    "Header",
    "IntArray",
    "Prescription",
    "RecordStream",
    "Sync",
    "at_default",
    "iso_seconds",
    "parse_iso",
]

IntArray = npt.NDArray[np.int64]

NO_TIME = int(np.iinfo(np.int64).min)
"""Marks an absent time among whole seconds since 1970 (the bit pattern of NumPy's NaT)."""

MISSING = -1
"""Marks an absent number in integer columns, whose valid values are never negative."""

_EARLIEST = int(np.datetime64("2000-01-01T00:00:00", "s").astype(np.int64))
_LATEST = int(np.datetime64("2100-01-01T00:00:00", "s").astype(np.int64))
_DEFAULT_SLACK_S = 86_400
_ISO_LENGTH = len("2021-03-04T10:02:11Z")


@dataclass(frozen=True)
class Sync:
    """A coincident stamp of the device's tick and clock with the programmer's UTC.

    ``clock`` and ``utc`` are whole seconds since 1970, ``clock`` may be :data:`NO_TIME`;
    ``uncertainty_s`` is the half width, in seconds.
    """

    boot: int
    tick: int
    clock: int
    utc: int
    uncertainty_s: int = 2


@dataclass(frozen=True)
class Prescription:
    """Programmed therapy: rate in Hz, width in us, on, off and session length in seconds."""

    program: int = 1
    rate_hz: int = 20
    width_us: int = 214
    on_s: int = 10
    off_s: int = 20
    session_s: int = 1800
    per_day: int = 2

    @property
    def daily_seconds(self) -> int:
        """Prescribed seconds of therapy a day."""
        return self.session_s * self.per_day


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


@dataclass(frozen=True)
class RecordStream:
    """All records of one type of one device, columns aligned.

    ``seq``, ``boot``, ``tick`` and ``clock`` are arrays of one length; ``clock`` is whole
    seconds since 1970 or :data:`NO_TIME`. ``columns`` holds one list per position of the
    layout; ``None`` is an empty position.
    """

    type: str
    seq: IntArray
    boot: IntArray
    tick: IntArray
    clock: IntArray
    columns: tuple[list[int | str | None], ...]


def at_default(clock: IntArray | int, tick: IntArray | int) -> npt.NDArray[np.bool_]:
    """Say whether a clock has run on from its default since some moment of the boot.

    The default is the format's epoch, 2000-01-01: such a clock counts from there no longer than
    the boot has lasted. Both in seconds, ``clock`` since 1970.
    """
    since = np.asarray(clock) - _EARLIEST
    return np.asarray((since >= 0) & (since <= np.asarray(tick) + _DEFAULT_SLACK_S))


def iso_seconds(seconds: int) -> str:
    """Write whole seconds since 1970 as RFC 3339 with ``Z``; empty for :data:`NO_TIME`."""
    if seconds == NO_TIME:
        return ""
    return f"{np.datetime64(seconds, 's')}Z"


def parse_iso(text: str) -> int | None:
    """Read RFC 3339 with ``Z`` into whole seconds since 1970.

    Returns
    -------
    int or None
        ``None`` when the text is not such a time, or lies outside 2000 to 2099, where no
        implant of this kind can have been.
    """
    if len(text) != _ISO_LENGTH or text[-1] != "Z" or text[4] + text[7] + text[10] != "--T":
        return None
    try:
        seconds = int(datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
    return seconds if _EARLIEST <= seconds < _LATEST else None
