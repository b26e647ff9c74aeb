"""Writing ``ipglog-bin`` 1.0: a header page, then pages of records in physical order."""

from __future__ import annotations

from binascii import crc_hqx
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from multifidus.devicelogs.binary_layout import (
    CLOCK_EPOCH,
    EMPTY_LONG,
    HEADER_MAGIC,
    OPEN_COUNT,
    PAGE_BYTES,
    PAGE_HEADER,
    PAGE_MAGIC,
    PAGE_RECORDS,
    PAYLOADS,
    RECORD,
    RECORD_BYTES,
    TEXT_WORDS,
)
from multifidus.devicelogs.layout import FORMAT_MAJOR, FORMAT_MINOR, LAYOUT, TYPE_CODES
from multifidus.devicelogs.model import NO_TIME, parse_iso
from multifidus.devicelogs.text_writer import header_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.device_truth import DeviceLog
    from multifidus.devicelogs.layout import Position
    from multifidus.devicelogs.model import Header, RecordStream

__all__ = ["encode_binary_records", "simulate_device_binary", "write_ipglog_binary"]

_CHECKSUM_TEXT = 10


def _numbers(
    values: Sequence[int | str | None], kind: str, position: Position, empty: int
) -> list[int]:
    words = position.words or TEXT_WORDS.get((kind, position.name), ())
    codes = {word: code for code, word in enumerate(words)}

    def number(value: int | str | None) -> int:
        if value is None or value == "":
            return empty
        if value in codes:
            return codes[str(value)]
        if position.kind == "time":
            seconds = parse_iso(str(value))
            return empty if seconds is None else seconds - CLOCK_EPOCH
        return int(value)

    return [number(value) for value in values]


def encode_binary_records(streams: Sequence[RecordStream]) -> np.ndarray:
    """Write the records of one device as 32-byte records in the order of their numbers.

    Parameters
    ----------
    streams
        One stream per type; together the sequence numbers are 1 to n without a gap.

    Returns
    -------
    numpy.ndarray
        Structured array of dtype ``RECORD``; element ``i`` holds number ``i + 1``.
    """
    total = sum(len(stream.seq) for stream in streams)
    records = np.zeros(total, dtype=RECORD)
    programs = [stream.columns[1] for stream in streams if stream.type == "SST"]
    for stream in streams:
        rows = stream.seq - 1
        records["seq"][rows] = stream.seq
        records["tick"][rows] = stream.tick
        records["boot"][rows] = stream.boot
        records["type"][rows] = TYPE_CODES[stream.type]
        unset = stream.clock == NO_TIME
        clock = np.where(unset, EMPTY_LONG, stream.clock - np.where(unset, 0, CLOCK_EPOCH))
        records["clock"][rows] = clock
        records["flags"][rows] = unset
        payload = np.zeros(len(rows), dtype=PAYLOADS[stream.type])
        for position, column in zip(LAYOUT[stream.type], stream.columns, strict=False):
            field = payload.dtype[position.name]
            if field.kind == "S":
                payload[position.name] = ["" if value is None else str(value) for value in column]
            else:
                empty = (1 << (8 * field.itemsize)) - 1
                payload[position.name] = _numbers(column, stream.type, position, empty)
        if stream.type == "SEN" and programs:
            payload["session_program"] = programs[0]
        records["payload"][rows] = payload.view("V14")
    raw = records.view("V32").tolist()
    records["crc"] = [crc_hqx(item[:30], 0xFFFF) for item in raw]
    return records


def write_ipglog_binary(header: Header, records: np.ndarray) -> bytes:
    """Write one download.

    Parameters
    ----------
    header
        Facts for the header page.
    records
        All records of the device, as :func:`encode_binary_records` gives them; those from the
        header's first to its last number are written.

    Returns
    -------
    bytes
        Header page, then the ring's pages in physical order: page ``n`` stands in slot
        ``n mod slots``, so that the oldest page follows the newest.
    """
    first, last = header.first_seq or 1, header.last_seq or 0
    pages: dict[int, bytes] = {}
    for number in range((first - 1) // PAGE_RECORDS, max(last - 1, 0) // PAGE_RECORDS + 1):
        low = max(first, number * PAGE_RECORDS + 1)
        high = min(last, (number + 1) * PAGE_RECORDS)
        if high >= low:
            pages[number] = _page(records[low - 1 : high], number, full=(high % PAGE_RECORDS == 0))
    slots = max(len(pages), -(-(header.capacity or 1) // PAGE_RECORDS) + 1)
    ring = [b"\xff" * PAGE_BYTES] * (slots if last > PAGE_RECORDS else max(len(pages), 1))
    for number, page in pages.items():
        ring[number % len(ring)] = page
    return _header_page(header) + b"".join(ring)


def _page(records: np.ndarray, number: int, *, full: bool) -> bytes:
    head = np.zeros(1, dtype=PAGE_HEADER)
    head[0] = (
        PAGE_MAGIC,
        FORMAT_MAJOR,
        FORMAT_MINOR,
        RECORD_BYTES,
        number + 1,
        records["seq"][0],
        len(records) if full else OPEN_COUNT,
        records["boot"][0],
        0,
        records["tick"][0],
    )
    body = head.tobytes() + records.tobytes()
    body += b"\xff" * (PAGE_BYTES - 4 - len(body))
    return body + (crc32(body).to_bytes(4, "little") if full else b"\xff" * 4)


def _header_page(header: Header) -> bytes:
    lines = b"".join(line[:-_CHECKSUM_TEXT] + b"\n" for line in header_lines(header))
    body = HEADER_MAGIC + bytes([FORMAT_MAJOR, FORMAT_MINOR])
    body += len(lines).to_bytes(2, "little") + lines
    body += b"\xff" * (PAGE_BYTES - 4 - len(body))
    return body + crc32(body).to_bytes(4, "little")


def simulate_device_binary(log: DeviceLog) -> list[bytes]:
    """Write each download of a simulated implant as ``ipglog-bin`` 1.0.

    Parameters
    ----------
    log
        As :func:`~multifidus.devicelogs.simulator.build_device_log` gives it.
    """
    records = encode_binary_records(log.streams)
    return [write_ipglog_binary(header, records) for header in log.headers]
