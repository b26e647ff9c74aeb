"""Writing ``ipglog-text`` 1.0: header, records in checked blocks, end line."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from multifidus.cohort.devices.truth import BLOCK_RECORDS
from multifidus.devicelogs.clock.times import NO_TIME, iso_seconds
from multifidus.devicelogs.formats.ipglog.layout import FORMAT_MAJOR, FORMAT_MINOR, POSITIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.cohort.devices.truth import RecordStream
    from multifidus.devicelogs.clock.times import IntArray
    from multifidus.devicelogs.formats.ipglog.header import Header

__all__ = ["encode_records", "frame_line", "header_lines", "write_ipglog_text"]


def frame_line(body: bytes) -> bytes:
    """Add ``*``, the CRC-32 (ISO-HDLC) of the body in upper-case hex, and the line end."""
    return b"%b*%08X\n" % (body, crc32(body))


def _clock_texts(clock: IntArray) -> list[str]:
    texts = np.datetime_as_string(clock.astype("datetime64[s]")).tolist()
    if not (clock == NO_TIME).any():
        return [f"{text}Z" for text in texts]
    return ["" if text == "NaT" else f"{text}Z" for text in texts]


def _text_column(values: list[int | str | None]) -> list[int | str]:
    if None in values:
        return ["" if value is None else value for value in values]
    return values  # type: ignore[return-value]  # None was just ruled out


def encode_records(streams: Sequence[RecordStream]) -> list[bytes]:
    """Write the records of one device as framed lines in the order of their numbers.

    Parameters
    ----------
    streams
        One stream per record type; together the sequence numbers are 1 to n without a gap.

    Returns
    -------
    list of bytes
        Line ``i`` holds sequence number ``i + 1``.
    """
    total = sum(len(stream.seq) for stream in streams)
    lines: list[bytes] = [b""] * total
    for stream in streams:
        columns = [_text_column(column) for column in stream.columns]
        empty = "," * (POSITIONS - len(columns))
        template = f"R%d,%d,%d,%s,{stream.type}" + ",%s" * len(columns) + empty
        rows = zip(
            stream.seq.tolist(),
            stream.boot.tolist(),
            stream.tick.tolist(),
            _clock_texts(stream.clock),
            *columns,
            strict=True,
        )
        for row in rows:
            body = (template % row).encode("ascii")
            lines[row[0] - 1] = b"%b*%08X\n" % (body, crc32(body))
    return lines


def header_lines(header: Header) -> list[bytes]:
    """Write the ``H`` lines of a download; facts that are ``None`` leave their line out."""
    major = FORMAT_MAJOR if header.major is None else header.major
    minor = FORMAT_MINOR if header.minor is None else header.minor
    bodies = [f"Hformat,{header.name or 'ipglog-text'},{major}.{minor}"]
    if header.pseudonym is not None:
        bodies.append(f"Hdevice,{header.model},{header.pseudonym},{header.firmware}")
    if header.download_start is not None and header.download_end is not None:
        bodies.append(
            f"Hdownload,{iso_seconds(header.download_start)},{iso_seconds(header.download_end)},"
            f"{header.programmer},{header.utc_offset}"
        )
    bodies += [
        f"Hsync,{sync.boot},{sync.tick},{iso_seconds(sync.clock)},{iso_seconds(sync.utc)},"
        f"{sync.uncertainty_s}"
        for sync in header.syncs
    ]
    if header.capacity is not None:
        bodies.append(
            f"Hring,{header.capacity},{header.first_seq},{header.last_seq},{header.lost_before}"
        )
    if header.life_seconds is not None:
        bodies.append(
            f"Hlife,{header.life_sessions},{header.life_seconds},{header.life_contractions}"
        )
    bodies += [
        f"Hrx,{rx.program},{rx.rate_hz},{rx.width_us},{rx.on_s},{rx.off_s},{rx.session_s},"
        f"{rx.per_day}"
        for rx in header.prescriptions
    ]
    return [frame_line(body.encode("ascii")) for body in bodies]


def write_ipglog_text(
    header: Header, lines: Sequence[bytes], first_seq: int, block_records: int = BLOCK_RECORDS
) -> bytes:
    """Write one download.

    Parameters
    ----------
    header
        Facts for the ``H`` lines.
    lines
        Framed record lines with consecutive sequence numbers, as :func:`encode_records` gives.
    first_seq
        Sequence number of the first line.
    block_records
        Records per block, 64 to 256.

    Returns
    -------
    bytes
        The whole file.
    """
    parts = header_lines(header)
    blocks = 0
    begin = 0
    while begin < len(lines):
        number = (first_seq + begin) // block_records
        end = min(len(lines), (number + 1) * block_records - first_seq)
        block = b"".join(lines[begin:end])
        body = b"B%d,%d,%d,%d,%08X" % (
            number,
            first_seq + begin,
            first_seq + end - 1,
            end - begin,
            crc32(block),
        )
        parts += (block, frame_line(body))
        blocks += 1
        begin = end
    parts.append(frame_line(b"E%d,%d" % (len(lines), blocks)))
    return b"".join(parts)
