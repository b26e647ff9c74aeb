"""Entries and sessions of one OpenNerve log together, as the tests ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from multifidus.devicelogs.formats.opennerve.scan import read_entries
from multifidus.devicelogs.formats.opennerve.sessions import Timeline, build_sessions

if TYPE_CHECKING:
    from multifidus.devicelogs.findings import FaultLog
    from multifidus.devicelogs.formats.interface import ByteAccount

__all__ = ["OpenNerveLog", "read_opennerve"]


@dataclass(frozen=True)
class OpenNerveLog:
    account: ByteAccount
    records: pd.DataFrame
    sessions: pd.DataFrame
    faults: FaultLog


def read_opennerve(data: bytes, *, ring: bool | None = None) -> OpenNerveLog:
    entries = read_entries(data, ring=ring)
    found = build_sessions(Timeline.of(entries, entries.faults), entries.faults)
    rows = [(s.start_s, s.seconds, s.lower, s.upper, s.rule) for s in found]
    columns = ["start_s", "seconds", "seconds_lower", "seconds_upper", "rule"]
    sessions = pd.DataFrame(rows, columns=columns)
    return OpenNerveLog(entries.account, entries.records, sessions, entries.faults)
