"""``ipglog-text`` through the common interface."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from multifidus.base.files import sha256_of_bytes
from multifidus.devicelogs.clock.times import MISSING, iso_seconds, utc_column
from multifidus.devicelogs.formats.interface import (
    TIME_METHODS,
    Identity,
    LogFormat,
    Reading,
    SeqAccount,
)
from multifidus.devicelogs.formats.ipglog.batch import read_batch
from multifidus.devicelogs.formats.ipglog.frames import find_frames
from multifidus.devicelogs.formats.ipglog.layout import POSITIONS
from multifidus.devicelogs.formats.ipglog.observation import device_histories

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.formats.interface import FaultRow, LogFile
    from multifidus.devicelogs.formats.ipglog.batch import Batch
    from multifidus.devicelogs.formats.ipglog.frames import Download

__all__ = ["FORMAT", "IpglogText"]

_PSEUDONYM = re.compile(rb"Hdevice,[^,*\n]{0,150},([^,*\n/]{0,150})[,*/]")
_HEAD_BYTES = 65_536


class IpglogText(LogFormat):
    """The project's own format, see ``docs/ipglog.md``."""

    name = "ipglog-text"

    def detect(self, data: bytes) -> bool:
        """Look for the format line, else for any line that verifies."""
        head = data[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip(b"\x00 \t\r\n")
        if head.startswith(b"Hformat,ipglog-text,"):
            return True
        return next(find_frames(data, b"HRBE"), None) is not None

    def owners(self, data: bytes) -> frozenset[str]:
        """Return every participant that a device line names."""
        return frozenset(name.decode("latin-1") for name in _PSEUDONYM.findall(data))

    def read(self, files: Sequence[LogFile]) -> Reading:
        """Read logs together: downloads of one device are merged by their sequence numbers."""
        batch = read_batch([file.data for file in files])
        devices = np.asarray(batch.devices, dtype=object)
        sessions = batch.sessions.assign(
            device=devices[batch.sessions["device"].to_numpy(dtype=np.int64)]
        )
        return Reading(
            _identities(batch, files),
            sessions,
            _segments(batch),
            _faults(batch, files),
            device_histories(batch),
            _sequence(batch),
            records=lambda: _records(batch),
        )


FORMAT = IpglogText()


def _identities(batch: Batch, files: Sequence[LogFile]) -> list[Identity]:
    hashes = [sha256_of_bytes(file.data) for file in files]
    return [_identity(batch, item, files[item.file], hashes[item.file]) for item in batch.downloads]


def _identity(batch: Batch, item: Download, file: LogFile, sha256: str) -> Identity:
    header, account = item.header, batch.accounts[item.file]
    return Identity(
        FORMAT.name,
        header.version,
        sha256,
        header.pseudonym or "",
        header.firmware or "",
        account.size,
        account.accepted,
        account.framing,
        account.flagged,
        file.name,
        header.participant_id or "",
        "" if header.download_start is None else iso_seconds(header.download_start),
        item.records,
        MISSING if header.first_seq is None else header.first_seq,
        MISSING if header.last_seq is None else header.last_seq,
    )


def _faults(batch: Batch, files: Sequence[LogFile]) -> list[FaultRow]:
    rows: list[FaultRow] = []
    for file, log in zip(files, batch.file_faults, strict=True):
        rows += [("", file.name, *row) for row in log.rows]
    for item in batch.downloads:
        who = item.header.participant_id or ""
        rows += [(who, files[item.file].name, *row) for row in item.faults.rows]
    for device, log in zip(batch.devices, batch.device_faults, strict=True):
        rows += [(device.partition("/")[0], "", *row) for row in log.rows]
    return rows


def _sequence(batch: Batch) -> dict[str, SeqAccount]:
    present = np.bincount(batch.merged.device, minlength=len(batch.devices)).tolist()
    counts = [dict.fromkeys(("damaged", "missing", "lost to wrap"), 0) for _ in batch.devices]
    for gap in batch.gaps:
        counts[gap.device][gap.status] += gap.count
    return {
        name: SeqAccount(
            batch.last_seq[device],
            present[device],
            counts[device]["damaged"],
            counts[device]["missing"],
            counts[device]["lost to wrap"],
        )
        for device, name in enumerate(batch.devices)
    }


def _segments(batch: Batch) -> pd.DataFrame:
    frame = batch.placement.segments.copy()
    names = np.asarray([*batch.devices, ""], dtype=object)
    frame["device"] = pd.Series(names[frame["device"].to_numpy(dtype=np.int64)]).astype("str")
    frame["method"] = frame["method"].astype("str")
    frame["offset_s"] = frame["offset_s"].astype("Int64")
    return frame


def _records(batch: Batch) -> pd.DataFrame:
    table = batch.merged.table
    names = np.asarray([*batch.devices, ""], dtype=object)
    device = pd.Series(names[batch.merged.device]).astype("str")
    frame = pd.DataFrame({"device": device}, index=pd.RangeIndex(len(table)))
    for name in ("seq", "boot", "tick"):
        values = pd.Series(getattr(table, name)).astype("Int64")
        frame[name] = values.mask(values == MISSING)
    frame["clock"] = utc_column(table.clock)
    frame["type"] = _text_column(table.word)
    for position in range(POSITIONS):
        frame[f"p{position + 1}"] = _text_column(table.texts(position))
    frame["utc"] = utc_column(batch.placement.utc)
    methods = np.asarray(TIME_METHODS, dtype=object)[batch.placement.method]
    frame["time_method"] = pd.Series(methods).astype("str")
    frame["uncertainty_s"] = batch.placement.uncertainty_s
    return frame


def _text_column(texts: pa.Array) -> pd.Series:
    """Return text as pandas keeps it, without a detour over Python objects."""
    return pd.Series(pd.array(pa.chunked_array([texts.cast(pa.large_string())]), dtype="str"))
