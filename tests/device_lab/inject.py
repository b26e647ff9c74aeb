"""Injecting each named fault into a clean log, with the ground truth beside it.

``1`` to ``35`` and ``43`` to ``46`` act on ``ipglog`` downloads, ``38`` to ``42`` on Percept
reports. The numbers are those of the fault table (:mod:`~multifidus.devicelogs.findings`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from multifidus.cohort.devices.text_writer import frame_line
from multifidus.cohort.devices.truth import BLOCK_RECORDS
from multifidus.devicelogs.findings import FAULT_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

__all__ = ["JSON_FAULTS", "TEXT_FAULTS", "Injected", "Text", "inject_fault"]

_CHECK = 9
_FIELD = {"seq": 0, "boot": 1, "tick": 2, "clock": 3, "type": 4, "p1": 5, "p2": 6, "p3": 7}


@dataclass(frozen=True)
class Injected:
    """A damaged log and what was done to it.

    ``seqs`` are the sequence numbers that the damage touches, empty when it touches none.
    """

    data: bytes
    fault: int
    seqs: tuple[int, ...] = ()

    def truth(self) -> dict[str, object]:
        """Return the ground truth as plain values for a JSON file beside the log."""
        kind = FAULT_KINDS[self.fault]
        return {
            "fault": self.fault,
            "kind": kind.name,
            "severity": kind.severity,
            "outcome": kind.outcome,
            "seqs": list(self.seqs),
        }


class Text:
    """A clean download taken apart: header bodies and record bodies."""

    def __init__(self, data: bytes) -> None:
        lines = data.splitlines()
        self.header = [line[:-_CHECK] for line in lines if line.startswith(b"H")]
        self.records = [line[:-_CHECK] for line in lines if line.startswith(b"R")]

    def write(self, end: bytes | None = None) -> bytes:
        """Write the download with right checksums, blocks and end line."""
        parts = [frame_line(body) for body in self.header]
        blocks = 0
        for begin in range(0, len(self.records), BLOCK_RECORDS):
            chunk = self.records[begin : begin + BLOCK_RECORDS]
            block = b"".join(frame_line(body) for body in chunk)
            first, last = _seq(chunk[0]), _seq(chunk[-1])
            line = b"B%d,%d,%d,%d,%08X" % (blocks, first, last, len(chunk), crc32(block))
            parts += [block, frame_line(line)]
            blocks += 1
        parts.append(frame_line(end or b"E%d,%d" % (len(self.records), blocks)))
        return b"".join(parts)

    def of_type(self, kind: bytes, skip: int = 3) -> int:
        """Return the index of a record of a type, not among the first ones."""
        found = [i for i, body in enumerate(self.records) if body.split(b",")[4] == kind]
        return found[min(skip, len(found) - 1)]

    def set(self, index: int, **values: object) -> int:
        """Change fields of a record; return its sequence number."""
        fields = self.records[index].split(b",")
        for name, value in values.items():
            fields[_FIELD[name]] = str(value).encode()
        self.records[index] = b",".join(fields)
        return _seq(self.records[index])

    def replace(self, index: int, rest: bytes) -> int:
        """Give a record another type and positions; return its sequence number."""
        self.records[index] = b",".join([*self.records[index].split(b",")[:4], rest])
        return _seq(self.records[index])

    def head(self, name: bytes, body: bytes | None) -> None:
        """Change the first header line of a name, or drop all of them."""
        if body is None:
            self.header = [line for line in self.header if not line.startswith(name)]
        else:
            place = next(i for i, line in enumerate(self.header) if line.startswith(name))
            self.header[place] = body


def _seq(body: bytes) -> int:
    return int(body[1:].split(b",", 1)[0])


def _record_line(data: bytes, rng: np.random.Generator) -> tuple[list[bytes], int]:
    """Return the lines and the index of a record line that is neither first nor last."""
    lines = data.splitlines(keepends=True)
    records = [i for i, line in enumerate(lines) if line.startswith(b"R")]
    return lines, records[int(rng.integers(2, len(records) - 2))]


def _flipped(data: bytes, rng: np.random.Generator) -> Injected:
    lines, at = _record_line(data, rng)
    line = bytearray(lines[at])
    line[len(line) // 2] ^= 1
    seq = _seq(lines[at])
    lines[at] = bytes(line)
    return Injected(b"".join(lines), 1, (seq,))


def _bad_check(data: bytes, rng: np.random.Generator) -> Injected:
    lines, at = _record_line(data, rng)
    seq = _seq(lines[at])
    lines[at] = lines[at][:-5] + b"G" + lines[at][-4:]
    return Injected(b"".join(lines), 2, (seq,))


def _cut_line(data: bytes, rng: np.random.Generator) -> Injected:
    lines, at = _record_line(data, rng)
    seq = _seq(lines[at])
    lines[at : at + 1] = [lines[at][:20] + b"\n", lines[at][30:]]
    return Injected(b"".join(lines), 3, (seq,))


def _glued(data: bytes, rng: np.random.Generator) -> Injected:
    lines, at = _record_line(data, rng)
    lines[at] = lines[at].rstrip(b"\n")
    return Injected(b"".join(lines), 4)


def _truncated(data: bytes, rng: np.random.Generator) -> Injected:
    lines, at = _record_line(data, rng)
    lost = [_seq(line) for line in lines[at:] if line.startswith(b"R")]
    return Injected(b"".join(lines[:at]), 5, tuple(lost))


def _dropped(data: bytes, rng: np.random.Generator) -> Injected:
    lines, at = _record_line(data, rng)
    seq = _seq(lines.pop(at))
    return Injected(b"".join(lines), 7, (seq,))


def _doubled(data: bytes, rng: np.random.Generator) -> Injected:
    lines, at = _record_line(data, rng)
    lines.insert(at, lines[at])
    return Injected(b"".join(lines), 8, (_seq(lines[at]),))


def _conflicting(data: bytes, rng: np.random.Generator) -> Injected:
    lines, at = _record_line(data, rng)
    fields = lines[at][: -_CHECK - 1].split(b",")
    fields[2] = b"%d" % (int(fields[2]) + 1)
    lines.insert(at + 1, frame_line(b",".join(fields)))
    return Injected(b"".join(lines), 9, (_seq(lines[at]),))


def _swapped(data: bytes, rng: np.random.Generator) -> Injected:
    lines, at = _record_line(data, rng)
    after = at + 1 if lines[at + 1].startswith(b"R") else at - 1
    lines[at], lines[after] = lines[after], lines[at]
    return Injected(b"".join(lines), 10)


def _seam(data: bytes, _: np.random.Generator) -> Injected:
    text = Text(data)
    first = _seq(text.records[0])
    capacity = len(text.records)
    ring = b"Hring,%d,%d,%d,%d" % (capacity, first, first + capacity - 1, max(first - 1, 1))
    text.head(b"Hring", ring)
    lines = text.write().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith(b"R"))
    lines[at] = b"U" * 20 + lines[at][20:]
    return Injected(b"".join(lines), 15, (first,))


def _rewrite(
    fault: int, edit: Callable[[Text], object]
) -> Callable[[bytes, np.random.Generator], Injected]:
    """Make an injector whose damage the writer itself sealed: every checksum is right."""

    def injector(data: bytes, _: np.random.Generator) -> Injected:
        text = Text(data)
        touched = edit(text)
        seqs = touched if isinstance(touched, tuple) else ()
        return Injected(text.write(), fault, seqs)

    return injector


def _restart(text: Text) -> tuple[int, ...]:
    half = len(text.records) // 2
    for index in range(half, len(text.records)):
        fields = text.records[index].split(b",")
        fields[0] = b"R%d" % (2 * (10**6) + index)
        text.records[index] = b",".join(fields)
    return tuple(_seq(body) for body in text.records[half:])


def _tick_back(text: Text) -> tuple[int, ...]:
    half = len(text.records) // 2
    for index in range(half, len(text.records)):
        tick = int(text.records[index].split(b",")[2])
        text.set(index, tick=max(0, tick - 10**6))
    return (_seq(text.records[half]),)


def _clocks_apart(text: Text) -> None:
    for place, line in enumerate(text.header):
        if line.startswith(b"Hsync"):
            fields = line.split(b",")
            fields[3] = b"%d" % (int(fields[3][:4]) + 1) + fields[3][4:]
            text.header[place] = b",".join(fields)


def _overlapping(text: Text) -> tuple[int, ...]:
    """Let the second session end ten minutes after the first, with no start of its own."""
    one, two = text.of_type(b"SEN", 3), text.of_type(b"SEN", 4)
    tick = int(text.records[one].split(b",")[2])
    for index in range(one + 1, two):
        text.set(index, tick=tick + 1)
        if text.records[index].split(b",")[4] == b"SST":
            text.replace(index, b"MAG,ON,5,,,,,,")
    text.set(two, tick=tick + 600)
    return _seq(text.records[one]), _seq(text.records[two])


def _life_falls(text: Text) -> tuple[int, ...]:
    index = text.of_type(b"DAY", 4)
    fields = text.records[index].split(b",")
    fields[9] = b"1"
    text.records[index] = b",".join(fields)
    return (_seq(text.records[index]),)


def _field(kind: bytes, place: int, value: bytes) -> Callable[[Text], tuple[int, ...]]:
    def edit(text: Text) -> tuple[int, ...]:
        index = text.of_type(kind)
        fields = text.records[index].split(b",")
        fields[place] = value
        text.records[index] = b",".join(fields)
        return (_seq(text.records[index]),)

    return edit


def _swap_type(kind: bytes, rest: bytes) -> Callable[[Text], tuple[int, ...]]:
    def edit(text: Text) -> tuple[int, ...]:
        return (text.replace(text.of_type(kind), rest),)

    return edit


def _end_counts(data: bytes, _: np.random.Generator) -> Injected:
    text = Text(data)
    return Injected(text.write(b"E%d,1" % (len(text.records) + 5)), 6)


def _residues(data: bytes, _: np.random.Generator) -> Injected:
    return Injected(b"\xef\xbb\xbf" + data.replace(b"\n", b" \r\n") + b"\x00" * 50, 35)


def _header_line(data: bytes, _: np.random.Generator) -> Injected:
    at = data.index(b"\nHring") + 8
    return Injected(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], 45)


def _block_line(data: bytes, _: np.random.Generator) -> Injected:
    at = data.index(b"\nB")
    end = data.index(b"\n", at + 1)
    before = data[: at + 1].rpartition(b"\nB")[0] if b"\nB" in data[:at] else data[: at + 1]
    lines = [line for line in before.splitlines() if line.startswith(b"R")]
    seqs = tuple(_seq(line) for line in lines)
    return Injected(data[: at + 1] + data[end + 1 :], 46, seqs)


def _empty(_data: bytes, _: np.random.Generator) -> Injected:
    return Injected(b"", 43)


def _json(
    fault: int, edit: Callable[[dict[str, object]], None]
) -> Callable[[bytes, np.random.Generator], Injected]:
    def injector(data: bytes, _: np.random.Generator) -> Injected:
        report = json.loads(data)
        edit(report)
        return Injected(json.dumps(report).encode(), fault)

    return injector


def _not_read(report: dict[str, object]) -> None:
    report["FullyReadForSession"] = False
    report.pop("DiagnosticData", None)


def _shared_numbers(report: dict[str, object]) -> None:
    report["BrainSenseTimeDomain"] = [
        {"FirstPacketDateTime": "2025-01-01T00:00:00.000Z", "GlobalSequences": "1,3,5,"},
        {"FirstPacketDateTime": "2025-01-01T00:00:00.000Z", "GlobalSequences": "2,4,6,"},
    ]


def _one_element(report: dict[str, object]) -> None:
    usage = report.get("GroupUsagePercentage")
    if isinstance(usage, list) and usage:
        report["GroupUsagePercentage"] = usage[0]


def _json_cut(data: bytes, _: np.random.Generator) -> Injected:
    return Injected(data[: len(data) * 2 // 3], 41)


def _json_values(data: bytes, _: np.random.Generator) -> Injected:
    return Injected(data.replace(b"{", b'{"BatteryTwice": 1, "BatteryTwice": NaN, ', 1), 42)


TEXT_FAULTS: dict[int, Callable[[bytes, np.random.Generator], Injected]] = {
    1: _flipped,
    2: _bad_check,
    3: _cut_line,
    4: _glued,
    5: _truncated,
    6: _end_counts,
    7: _dropped,
    8: _doubled,
    9: _conflicting,
    10: _swapped,
    11: _rewrite(11, _restart),
    15: _seam,
    20: _rewrite(20, _tick_back),
    21: _rewrite(21, lambda text: text.head(b"Hsync", None)),
    22: _rewrite(22, _clocks_apart),
    23: _rewrite(23, _field(b"LNK", 3, b"2021-13-01T00:00:00Z")),
    24: _rewrite(24, _swap_type(b"SEN", b"MAG,ON,5,,,,,,")),
    25: _rewrite(25, _swap_type(b"SST", b"MAG,ON,5,,,,,,")),
    26: _rewrite(26, _overlapping),
    27: _rewrite(27, _field(b"SEN", 6, b"7200")),
    28: _rewrite(28, _field(b"SST", 7, b"99")),
    29: _rewrite(29, _field(b"SEN", 7, b"65535")),
    30: _rewrite(30, _field(b"DAY", 7, b"1")),
    31: _rewrite(31, _life_falls),
    33: _rewrite(33, _swap_type(b"LNK", b"XYZ,1,2,3,,,,,")),
    34: _rewrite(34, lambda text: text.head(b"Hformat", b"Hformat,ipglog-text,1.7")),
    35: _residues,
    43: _empty,
    45: _header_line,
    46: _block_line,
}
"""Injectors for ``ipglog-text``. Faults 12 to 14, 16 to 19, 32 and 44 need two logs or another
life of the device: see :mod:`~multifidus.cohort.devices.simulator`."""

JSON_FAULTS = {
    38: _json(38, _not_read),
    39: _json(39, _shared_numbers),
    40: _json(40, _one_element),
    41: _json_cut,
    42: _json_values,
}


def inject_fault(number: int, data: bytes, rng: np.random.Generator) -> Injected:
    """Inject one fault into a clean log.

    Parameters
    ----------
    number
        Number in the fault table; must be a key of one of the two tables of injectors.
    data
        A clean log of the matching form.
    rng
        Chooses the place.

    Raises
    ------
    KeyError
        When no injector acts on a single log for that number.
    """
    return {**TEXT_FAULTS, **JSON_FAULTS}[number](data, rng)
