"""Reading OpenNerve logs: the read-out text and the image of the ring memory.

Written from the project's published logging guide (``Docs/IPG-Logging-Guide.md`` of
``CARSSCenter/OpenNerve-Implantable-Pulse-Generator``, CC BY 4.0): ASCII entries
``[20YY-MM-DDThh:mm:ssZ(uuu)]<TYPE>data`` ended by CR LF, in a ring of 131,072 bytes with a
4-byte write pointer and neither numbers nor checksums. The reader resynchronises at every entry
and reports what lies between; times are the device's own clock.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import pandas as pd

from multifidus.devicelogs.findings import FaultLog
from multifidus.devicelogs.model import NO_TIME, parse_iso
from multifidus.devicelogs.text_parts import ByteAccount

__all__ = ["RING_BYTES", "OpenNerveLog", "read_opennerve", "write_opennerve_ring"]

RING_BYTES = 131_072
_POINTER_BYTES = 4
_SUB_SECONDS = 256
_LONGEST = 64
_ENTRY = re.compile(rb"\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\((\d{1,3})\)\]<([A-Z]{2})>")
_END = re.compile(rb"\r\n|(?=\[\d{4}-\d\d-\d\dT)|[\x00\xff]|\Z")
_LABELS = frozenset(
    (
        "PO",
        "ER",
        "EOS",
        "UF",
        "MD",
        "SC",
        "OC",
        "HI",
        "NI",
        "LSA",
        "SS",
        "SE",
        "BC",
        "BD",
        "SL",
        "WK",
        "SD",
    )
)
_BATTERY = re.compile(r"A=(\d+\.\d)V, ?B=(\d+\.\d)V")
_OHMS = re.compile(r"(\d{1,3}(?:,\d{3})*|\d+) ?ohm")
_PARAMETER = re.compile(r"\((\w{4,5})\)Val=(?:0x([0-9A-Fa-f]+)|(-?\d+(?:\.\d)?)|([0-9A-Fa-f]+))")
_COLUMNS = ("time", "sub", "type", "label", "value", "second", "unit", "byte_start")


@dataclass(frozen=True)
class OpenNerveLog:
    """What one OpenNerve log says.

    ``records`` are in the order of writing: device time (seconds since 1970 or ``NO_TIME``),
    sub-second in 1/256 s, type (EV, BA, IM, PA), label or parameter, value, second value (cell
    B), UCUM unit, byte offset. ``sessions`` have seconds with lower and upper bound.
    """

    sha256: str
    account: ByteAccount
    records: pd.DataFrame
    sessions: pd.DataFrame
    faults: FaultLog


def read_opennerve(data: bytes, *, ring: bool | None = None) -> OpenNerveLog:
    """Read one log.

    Parameters
    ----------
    data
        Read-out text, or the image of the ring with its write pointer.
    ring
        Whether the input is a ring image; by default decided by its size.

    Returns
    -------
    OpenNerveLog
        Never raises on any input.
    """
    faults = FaultLog()
    account = ByteAccount(size=len(data))
    is_ring = len(data) == RING_BYTES + _POINTER_BYTES if ring is None else ring
    if is_ring and len(data) >= _POINTER_BYTES:
        text, begin = _unroll(data, account, faults)
    else:
        text, begin = data, 0

    def offset(position: int) -> int:
        return (position + begin) % RING_BYTES if is_ring else position

    rows: list[tuple[object, ...]] = []
    position = 0
    for match in _ENTRY.finditer(text):
        if match.start() < position:
            continue
        _between(text[position : match.start()], offset(position), position, account, faults)
        end = _END.search(text, match.end())
        stop = min(end.start() if end else len(text), match.end() + _LONGEST)
        body = text[match.end() : stop].decode("latin-1")
        after = stop + 2 if text[stop : stop + 2] == b"\r\n" else stop
        span = (offset(match.start()), offset(match.start()) + after - match.start())
        row = _entry(match, body, span, faults)
        if row is None:
            account.flagged += after - match.start()
        else:
            rows.append(row)
            account.accepted += after - match.start()
            if after == stop and after < len(text):
                faults.add(4, "an entry has no line end", span=span)
        position = after
    _between(text[position:], offset(position), position, account, faults)
    records = pd.DataFrame(rows, columns=list(_COLUMNS))
    if records.empty:
        faults.add(43, "no entry can be read", span=(0, len(data)))
    _note_clock(records, faults)
    sessions = _sessions(records, faults)
    return OpenNerveLog(hashlib.sha256(data).hexdigest(), account, records, sessions, faults)


def _unroll(data: bytes, account: ByteAccount, faults: FaultLog) -> tuple[bytes, int]:
    """Put the ring in the order of writing: from the write pointer round to it."""
    image, tail = data[:-_POINTER_BYTES], data[-_POINTER_BYTES:]
    pointer = int.from_bytes(tail, "little")
    span = (len(image), len(data))
    if pointer >= max(len(image), 1):
        faults.add(28, "the write pointer lies outside the ring; read from its start", span=span)
        account.flagged += _POINTER_BYTES
        return image, 0
    account.framing += _POINTER_BYTES
    if image[pointer:].strip(b"\x00\xff"):
        faults.add(14, "the ring has wrapped; earlier entries are unobserved")
        return image[pointer:] + image[:pointer], pointer
    return image, 0


def _between(
    piece: bytes, offset: int, position: int, account: ByteAccount, faults: FaultLog
) -> None:
    """Account for bytes between entries."""
    if not piece:
        return
    if not piece.strip(b"\x00\xff\r\n "):
        account.framing += len(piece)
        return
    account.flagged += len(piece)
    span = (offset, offset + len(piece))
    if position == 0:
        faults.add(15, "the oldest entry is half overwritten", span=span)
    else:
        faults.add(3, "bytes that are no entry", span=span)


def _entry(
    match: re.Match[bytes], body: str, span: tuple[int, int], faults: FaultLog
) -> tuple[object, ...] | None:
    time = parse_iso(match[1].decode("ascii"))
    if time is None:
        faults.add(23, "an impossible time is taken out; the entry is kept", span=span)
    sub = int(match[2])
    if sub >= _SUB_SECONDS:
        faults.add(28, "value taken out: sub-second", span=span)
        sub = 0
    kind = match[3].decode("ascii")
    label, value, second, unit = body.rstrip(" "), float("nan"), float("nan"), ""
    if kind == "EV":
        if label not in _LABELS:
            faults.add(33, "an event of an unknown label is kept as it stands", span=span)
    elif kind == "BA" and (found := _BATTERY.fullmatch(label)):
        label, value, second, unit = "", float(found[1]), float(found[2]), "V"
    elif kind == "IM" and (found := _OHMS.fullmatch(label)):
        label, value, unit = "", float(found[1].replace(",", "")), "Ohm"
    elif kind == "PA" and (found := _PARAMETER.fullmatch(label)):
        number = found[3]
        value = float(number) if number else float(int(found[2] or found[4], 16))
        label = found[1]
    elif kind in {"BA", "IM", "PA"}:
        faults.add(28, f"the value of a {kind} entry cannot be read", span=span)
        label = ""
    else:
        faults.add(33, "an entry of an unknown type is kept as it stands", span=span)
    stamp = NO_TIME if time is None else time
    return (stamp, sub, kind, label, value, second, unit, span[0])


def _note_clock(records: pd.DataFrame, faults: FaultLog) -> None:
    known = records[records["time"] != NO_TIME]
    back = int((known["time"].astype("int64").diff() < 0).sum()) if len(known) else 0
    if back:
        faults.add(18, "the clock steps back; entries stay in the order of writing", count=back)


def _sessions(records: pd.DataFrame, faults: FaultLog) -> pd.DataFrame:
    """Pair stimulation starts and stops; a start without a stop ends before the next boot."""
    rows: list[tuple[object, ...]] = []
    events = records[(records["type"] == "EV") & (records["time"] != NO_TIME)]
    open_at: float | None = None
    for time, sub, label in zip(events["time"], events["sub"], events["label"], strict=True):
        at = time + sub / _SUB_SECONDS
        if open_at is not None and label in {"SS", "PO", "UF"}:
            faults.add(24, "a stimulation start has no stop; bounds up to the next start or boot")
            rows.append((open_at, None, 0.0, max(at - open_at, 0.0), "start without end"))
            open_at = None
        if label == "SS":
            open_at = at
        elif label == "SE" and open_at is None:
            faults.add(
                25, "a stimulation stop has no start; its length is not stored", outcome="flag"
            )
        elif label == "SE" and open_at is not None:
            length = at - open_at
            if length < 0:
                faults.add(18, "the clock was set back within a session; length unknown")
                rows.append((open_at, None, 0.0, 0.0, "clock set back"))
            else:
                rows.append((open_at, length, length, length, "stored"))
            open_at = None
    if open_at is not None:
        faults.add(24, "the last stimulation start has no stop")
        last = float(events["time"].iloc[-1])
        rows.append((open_at, None, 0.0, max(last - open_at, 0.0), "start without end"))
    columns = ["start_s", "seconds", "seconds_lower", "seconds_upper", "rule"]
    return pd.DataFrame(rows, columns=columns)


def write_opennerve_ring(entries: list[bytes]) -> bytes:
    """Write entries into a ring image as the guide describes it, for tests and examples.

    Parameters
    ----------
    entries
        Whole entries with their line ends, oldest first.
    """
    image = bytearray(RING_BYTES)
    pointer = 0
    for entry in entries:
        for octet in entry:
            image[pointer] = octet
            pointer = (pointer + 1) % RING_BYTES
    return bytes(image) + pointer.to_bytes(_POINTER_BYTES, "little")
