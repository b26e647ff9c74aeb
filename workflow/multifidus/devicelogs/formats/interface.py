"""What a log format is: it recognises its logs by content, and reads them.

A reading gives sessions with bounds, clock segments, faults, an identity with the account of every
byte, and the history of each device. All formats give the same tables, so that every format with
sessions feeds adherence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from multifidus.devicelogs.clock.times import MISSING, utc_column

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from multifidus.devicelogs.history import DeviceHistory

__all__ = [
    "PER_DAY_LIMIT_S",
    "SESSION_COLUMNS",
    "TIME_METHODS",
    "ByteAccount",
    "FaultRow",
    "Identity",
    "LogFile",
    "LogFormat",
    "Reading",
    "SeqAccount",
    "empty_records",
    "empty_sessions",
    "present_sessions",
]

TIME_METHODS = ("between-syncs", "one-sync", "chained", "clock-only", "none")
"""How a record was placed in UTC, best first."""

PER_DAY_LIMIT_S = 12 * 3600
"""Sessions less certain than this count in totals and are left out of figures per day."""

SESSION_COLUMNS: Mapping[str, str] = {
    "device": "object",
    "seq_start": "int64",
    "seq_end": "int64",
    "start_s": "int64",
    "end_s": "int64",
    "seconds": "int64",
    "seconds_lower": "int64",
    "seconds_upper": "int64",
    "reason": "object",
    "source": "object",
    "program": "int64",
    "left": "int64",
    "right": "int64",
    "width": "int64",
    "rate": "int64",
    "on": "int64",
    "off": "int64",
    "contractions": "int64",
    "time_method": "object",
    "uncertainty_s": "float64",
    "per_day": "bool",
    "rule": "object",
}
"""Columns of the sessions table and their types. Times are seconds since 1970, ``NO_TIME`` where
unknown; integers are ``MISSING`` where unknown. ``per_day`` says whether a session is placed well
enough to count in figures per day, ``rule`` where its seconds come from."""

_NUMBERS = (
    "seq_start seq_end seconds program left right width rate on off contractions".split()  # noqa: SIM905
)

FaultRow = tuple[object, ...]
"""Participant and file, then the columns of the fault table; empty texts where unknown."""


@dataclass(frozen=True)
class LogFile:
    """One file: its path below the folder of logs with ``/``, its bytes, and whose log it is.

    ``participant`` is the participant that the path names, empty for none.
    """

    name: str
    data: bytes
    participant: str = ""


@dataclass
class ByteAccount:
    """Every byte of an input is exactly one of these (the first conservation law)."""

    size: int = 0
    accepted: int = 0
    framing: int = 0
    flagged: int = 0

    @property
    def balanced(self) -> bool:
        """Whether the three kinds add up to the size."""
        return self.accepted + self.framing + self.flagged == self.size


@dataclass(frozen=True)
class SeqAccount:
    """Every sequence number from 1 to the last is one of these (the second conservation law)."""

    last: int
    present: int
    damaged: int
    missing: int
    lost_to_wrap: int

    @property
    def balanced(self) -> bool:
        """Whether the four kinds add up to the last number."""
        return self.present + self.damaged + self.missing + self.lost_to_wrap == self.last


@dataclass(frozen=True)
class Identity:
    """What was read: format, version, content hash, whose log, and where each byte went.

    There is one for each download; those of one file share the account of its bytes.
    """

    format: str
    version: str
    sha256: str
    device: str
    firmware: str
    size: int
    accepted: int
    framing: int
    flagged: int
    file: str = ""
    participant_id: str = ""
    download_utc: str = ""
    records: int = 0
    first_seq: int = MISSING
    last_seq: int = MISSING

    @property
    def balanced(self) -> bool:
        """Whether accepted, framing and flagged bytes add up to the size."""
        return self.accepted + self.framing + self.flagged == self.size


@dataclass(frozen=True)
class Reading:
    """What a format gives for some of its logs.

    Parameters
    ----------
    identities
        One for each download, at least one for each file.
    sessions
        :data:`SESSION_COLUMNS`, one row per therapy session.
    segments
        One row per device and stretch of its clock: time method, uncertainty, clock offset.
    faults
        The fault list.
    histories
        One for each device that the logs show.
    sequence
        Account of the sequence numbers of each device; empty for formats without such numbers.
    facts
        Single facts that the format states beside its tables, by name.
    records
        Makes the table of records when it is asked for: a study needs sessions only.
    """

    identities: Sequence[Identity]
    sessions: pd.DataFrame
    segments: pd.DataFrame
    faults: Sequence[FaultRow]
    histories: Sequence[DeviceHistory]
    sequence: Mapping[str, SeqAccount] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    records: Callable[[], pd.DataFrame] = pd.DataFrame


class LogFormat(Protocol):
    """A log format; an instance is what the registry holds."""

    name: str

    def detect(self, data: bytes) -> bool:
        """Say by its content whether a log is of this format; never raise."""
        ...

    def read(self, files: Sequence[LogFile]) -> Reading:
        """Read logs of this format, of any participants, in the order of their names.

        No content raises. Damage or a lost event never raises a lower bound.
        """
        ...

    def owners(self, data: bytes) -> frozenset[str]:  # noqa: ARG002
        """Return the participants that a log itself names; empty when only its path does."""
        return frozenset()


def empty_sessions() -> pd.DataFrame:
    """Return a sessions table without rows."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in SESSION_COLUMNS.items()})


def empty_records() -> pd.DataFrame:
    """Return a table of records without rows, in the columns that all formats share."""
    columns = {"device": "str", "utc": "datetime64[s, UTC]", "time_method": "str"}
    records = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    return records.assign(uncertainty_s=pd.Series(dtype="float64"))


def present_sessions(sessions: pd.DataFrame) -> pd.DataFrame:
    """Turn internal marks into nulls and seconds since 1970 into UTC times."""
    frame = sessions.copy()
    frame["device"] = frame["device"].astype("str")
    for name in ("start", "end"):
        frame[f"{name}_utc"] = utc_column(frame.pop(f"{name}_s").to_numpy(dtype=np.int64))
    for name in _NUMBERS:
        frame[name] = frame[name].astype("Int64").mask(frame[name] == MISSING)
    for name in ("reason", "source", "time_method", "rule"):
        frame[name] = frame[name].astype("str")
    frame["per_day"] = frame["per_day"].astype(bool)
    lead = ["device", "seq_start", "seq_end", "start_utc", "end_utc"]
    return frame[[*lead, *(name for name in frame.columns if name not in lead)]]
