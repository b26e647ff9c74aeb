"""One JSON file of an RC+S session folder.

Written from the description and code of ``openmind-consortium/Analysis-rcs-data`` (Sellers et al.
2021, Front Hum Neurosci 15:714256): each file is a list whose entries have ``RecordInfo`` with
``SessionId``, ``DeviceId`` and ``HostUnixTime`` (milliseconds of the host computer's clock, UTC).
``StimLog`` has ``therapyStatusData`` in the entry, ``DeviceSettings`` within ``GeneralData``.
Files are often malformed at their end; no bracket is added here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from multifidus.devicelogs.clock.times import NO_TIME, parse_iso
from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.formats.interface import ByteAccount
from multifidus.devicelogs.formats.json_text import load_list

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STATUS_WORDS", "RcsFile", "Status", "read_rcs_file"]

STATUS_WORDS = (
    "off",
    "on",
    "lead integrity test",
    "transitioning to off",
    "transitioning to active",
    "transitioning to lead integrity test",
)
"""Words of the codes 0 to 5 of ``therapyStatus``."""

_EARLIEST_MS = 1000 * (parse_iso("2015-01-01T00:00:00Z") or 0)
_LATEST_MS = 1000 * (parse_iso("2099-01-01T00:00:00Z") or 0)
_MOST_GROUPS = 4
_PACKETS = ("PacketRxUnixTime", "PacketGenTime")


class Status(NamedTuple):
    """Therapy at one moment of the host's clock: milliseconds or ``NO_TIME``, and its code."""

    time_ms: int
    code: int


@dataclass
class RcsFile:
    """What one file says.

    ``rows`` are time in milliseconds or ``NO_TIME``, kind, text; ``times`` all times that can be
    read; ``whole`` says that the text shows no damage.
    """

    account: ByteAccount
    faults: FaultLog
    session: str = ""
    device: str = ""
    whole: bool = True
    rows: list[tuple[int, str, str]] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)


def read_rcs_file(data: bytes) -> RcsFile:
    """Read one file; no content raises."""
    file = RcsFile(ByteAccount(len(data)), FaultLog())
    entries, used = load_list(data, file.faults)
    file.account.accepted, file.account.flagged = used, len(data) - used
    unread = sum(not isinstance(entry, dict) for entry in entries)
    if unread:
        file.faults.add(28, "entries of the list are no objects", count=unread)
    counts: Counter[tuple[int, str]] = Counter()
    for entry in entries:
        if isinstance(entry, dict):
            _take_entry(entry, file, counts)
    for (fault, detail), count in sorted(counts.items()):
        file.faults.add(fault, detail, count=count)
    if not file.rows:
        file.faults.add(43, "the file holds no record", span=(0, len(data)))
    file.whole = not file.faults.numbers() & {23, 28, 33, 41, 42}
    return file


def _take_entry(entry: Mapping[str, Any], file: RcsFile, counts: Counter[tuple[int, str]]) -> None:
    info = _member(entry, "RecordInfo")
    session, device = str(info.get("SessionId", "")), str(info.get("DeviceId", ""))
    if not info or (file.session and session != file.session):
        counts[28, "an entry lacks its record or is of another session; not used"] += 1
        return
    file.session, file.device = session, file.device or device
    time = _time(info.get("HostUnixTime"), counts)
    general = _member(entry, "GeneralData") or entry
    therapy = _member(general, "therapyStatusData")
    code, group = therapy.get("therapyStatus"), therapy.get("activeGroup")
    kind, text = "settings", ""
    if code is not None:
        known = isinstance(code, int) and not isinstance(code, bool)
        if not known or not 0 <= code < len(STATUS_WORDS):
            counts[33, "a therapy status of an unknown code"] += 1
            code = -1
        file.statuses.append(Status(time, code))
        kind, text = "therapy", STATUS_WORDS[code] if code >= 0 else "unknown"
        if isinstance(group, int) and 0 <= group < _MOST_GROUPS:
            text += f", group {'ABCD'[group]}"
    elif event := _member(entry, "Event"):
        kind, text = "event", str(event.get("EventName", ""))
    file.rows.append((time, kind, text))
    file.times += [time] if time != NO_TIME else []
    for name, packets in entry.items():
        for packet in packets if isinstance(packets, list) else ():
            times = [packet.get(key) for key in _PACKETS] if isinstance(packet, dict) else []
            file.times += [int(t) for t in times if t is not None and _is_time(t)]
            if times and kind == "settings":
                file.rows[-1] = (time, "stream", name)


def _member(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _is_time(value: object) -> bool:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and _EARLIEST_MS <= value < _LATEST_MS  # type: ignore[operator]  # just tested


def _time(value: object, counts: Counter[tuple[int, str]]) -> int:
    if _is_time(value):
        return int(value)  # type: ignore[call-overload,no-any-return]  # just tested
    early = isinstance(value, int | float) and 0 < value < _EARLIEST_MS
    reason = "is before any such device" if early else "is impossible or absent"
    counts[17 if early else 23, f"the host's clock {reason}; the entry has no place in time"] += 1
    return NO_TIME
