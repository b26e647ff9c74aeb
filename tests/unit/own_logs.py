"""A writer of logs from the specification alone, with nothing of the package's writers.

Checksums come from ``zlib.crc32``. The sample in the specification fixes the writer. The
device: activated on 2021-01-01 at 00:00 UTC, tick 0 then, clock 9 s ahead, two sessions of
1,800 s a day at 08:00 and 20:00.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from multifidus.devicelogs.reading import read_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from multifidus.devicelogs.reading import LogResult

T0 = int(datetime(2021, 1, 1, tzinfo=UTC).timestamp())
DEFAULT = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
DAY = 86_400
AHEAD = 9
START = ("ACT", 1, 31, 28, 214, 200, 10, 20)


@dataclass(frozen=True)
class Rec:
    seq: int
    boot: int
    tick: int
    clock: int | None
    kind: str
    values: tuple[object, ...]

    def body(self) -> str:
        values = [*self.values, *[""] * (8 - len(self.values))]
        fields = [self.seq, self.boot, self.tick, iso(self.clock), self.kind, *values]
        return "R" + ",".join(str(field) for field in fields)


def iso(seconds: int | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def line(text: str) -> bytes:
    raw = text.encode("ascii")
    return raw + b"*%08X\n" % zlib.crc32(raw)


def at(seq: int, tick: int, kind: str, *values: object) -> Rec:
    return Rec(seq, 0, tick, T0 + tick + AHEAD, kind, values)


def device(days: int = 4) -> list[Rec]:
    records: list[Rec] = []
    for day in range(days):
        for hour in (8, 20):
            tick = day * DAY + hour * 3600
            records.append(at(len(records) + 1, tick, "SST", *START))
            end = ("CPL", 1800, 60, 31, 28, 0)
            records.append(at(len(records) + 1, tick + 1800, "SEN", *end))
    return records


def renumbered(records: Sequence[Rec]) -> list[Rec]:
    return [replace(record, seq=number) for number, record in enumerate(records, 1)]


def header(
    records: Sequence[Rec],
    read: int,
    *,
    sync: tuple[int, int, int | None] | None = None,
    session_s: int = 1800,
    version: str = "ipglog-text,1.0",
) -> list[str]:
    """Header lines of a download at tick ``read``; ``sync`` is its boot, tick and clock."""
    utc = T0 + read
    boot, tick, clock = (0, read, utc + AHEAD) if sync is None else sync
    later = None if clock is None else clock + 200
    return [
        f"Hformat,{version}",
        "Hdevice,RX8-SIM,P017,fw2.1.4",
        f"Hdownload,{iso(utc)},{iso(utc + 200)},PRG-03,+00:00",
        f"Hsync,{boot},{tick},{iso(clock)},{iso(utc)},2",
        f"Hsync,{boot},{tick + 200},{iso(later)},{iso(utc + 200)},2",
        f"Hring,3184,{records[0].seq},{records[-1].seq},0",
        f"Hrx,1,20,214,10,20,{session_s},2",
    ]


def lines(head: Sequence[str], records: Sequence[Rec]) -> list[bytes]:
    """One line each: header, records, block lines every 64 records, end line."""
    result = [line(text) for text in head]
    blocks = 0
    for begin in range(0, len(records), 64):
        block = [line(record.body()) for record in records[begin : begin + 64]]
        blocks += 1
        last = records[begin + len(block) - 1].seq
        check = f"{zlib.crc32(b''.join(block)):08X}"
        block.append(line(f"B{blocks},{records[begin].seq},{last},{len(block)},{check}"))
        result += block
    return [*result, line(f"E{len(records)},{blocks}")]


def faults(log: LogResult, number: int) -> pd.DataFrame:
    assert log.identity.balanced
    assert all(account.balanced for account in log.sequence.values())
    return log.faults[log.faults["fault"] == number]


def text_log(records: Sequence[Rec], **options: object) -> LogResult:
    head = header(records, 5 * DAY, **options)  # type: ignore[arg-type]
    return read_log(b"".join(lines(head, records)))
