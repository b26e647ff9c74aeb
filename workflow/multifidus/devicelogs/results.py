"""What every reader gives: identity, records, sessions, clock segments, faults, accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from multifidus.devicelogs.model import IntArray

__all__ = ["Identity", "LogResult", "SeqAccount", "utc_column"]


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
    """What was read: format, version, content hash, whose log, and where each byte went."""

    format: str
    version: str
    sha256: str
    device: str
    firmware: str
    size: int
    accepted: int
    framing: int
    flagged: int

    @property
    def balanced(self) -> bool:
        """Whether accepted, framing and flagged bytes add up to the size."""
        return self.accepted + self.framing + self.flagged == self.size


@dataclass(frozen=True)
class LogResult:
    """What every reader gives.

    Parameters
    ----------
    identity
        Format and content of the input.
    records
        One row per record, sorted by device and sequence number.
    sessions
        One row per therapy session.
    segments
        One row per device and boot: time method, uncertainty, clock offset.
    faults
        The fault list.
    sequence
        Sequence-number account per device; empty for formats without such numbers.
    facts
        Single facts that the format states beside its tables, by name.
    """

    identity: Identity
    records: pd.DataFrame
    sessions: pd.DataFrame
    segments: pd.DataFrame
    faults: pd.DataFrame
    sequence: dict[str, SeqAccount]
    facts: dict[str, Any] = field(default_factory=dict)


def utc_column(seconds: IntArray) -> pd.DatetimeIndex:
    """Return UTC times of seconds since 1970; ``NaT`` for ``NO_TIME``."""
    return pd.DatetimeIndex(seconds.astype("datetime64[s]")).tz_localize("UTC")
