"""One reader interface: bytes in; records, sessions, clock segments, faults, identity out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from multifidus.base.files import sha256_of_bytes
from multifidus.devicelogs.batch import read_batch
from multifidus.devicelogs.detect import detect_format
from multifidus.devicelogs.findings import FaultLog, fault_frame
from multifidus.devicelogs.foreign import opennerve_result, percept_result
from multifidus.devicelogs.layout import POSITIONS
from multifidus.devicelogs.model import NO_TIME, Header
from multifidus.devicelogs.placement import METHODS
from multifidus.devicelogs.records import MISSING
from multifidus.devicelogs.results import Identity, LogResult, SeqAccount, utc_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.batch import Batch
    from multifidus.devicelogs.records import RecordTable

__all__ = ["read_log", "session_table"]


def read_log(source: bytes | Path | str) -> LogResult:
    """Read one log, whatever it holds.

    Parameters
    ----------
    source
        The bytes, or the path of a file.

    Returns
    -------
    LogResult
        No content raises; what cannot be read is in the fault list.
    """
    if isinstance(source, bytes):
        return _read_bytes(source)
    path = Path(source)
    before = path.stat()
    data = path.read_bytes()
    after = path.stat()
    result = _read_bytes(data)
    if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
        return result
    log = FaultLog()
    log.add(43, "the file changed while it was read; read it again", span=(0, len(data)))
    rows = [*log.rows, *result.faults.itertuples(index=False, name=None)]
    return replace(result, faults=fault_frame(rows))


def _read_bytes(data: bytes) -> LogResult:
    name = detect_format(data)
    if name == "percept-json":
        return percept_result(data)
    if name in {"opennerve-text", "opennerve-fram"}:
        return opennerve_result(data, ring=name == "opennerve-fram")
    batch = read_batch([data])
    return LogResult(
        _identity(batch, data),
        _records(batch),
        session_table(batch.sessions, batch.devices),
        _segments(batch),
        _faults(batch),
        _sequence(batch),
    )


def _identity(batch: Batch, data: bytes) -> Identity:
    file = batch.files[0]
    header = batch.downloads[0].header if batch.downloads else Header()
    version = "" if header.major is None else f"{header.major}.{header.minor}"
    return Identity(
        file.format,
        version,
        sha256_of_bytes(data),
        header.pseudonym or "",
        header.firmware or "",
        file.account.size,
        file.account.accepted,
        file.account.framing,
        file.account.flagged,
    )


def _records(batch: Batch) -> pd.DataFrame:
    owned = _record_frame(batch.merged.table)
    names = np.asarray([*batch.devices, ""], dtype=object)
    owned.insert(0, "device", pd.Series(names[batch.merged.device]).astype("str"))
    owned["utc"] = utc_column(batch.placement.utc)
    owned["time_method"] = pd.Series(np.asarray(METHODS, dtype=object)[batch.placement.method])
    owned["uncertainty_s"] = batch.placement.uncertainty_s
    nobody = np.asarray([item.owner == "" for item in batch.downloads], dtype=np.bool_)
    if not len(batch.table) or not nobody[batch.table.part].any():
        return owned.astype({"time_method": "str"})
    # Records that no header claims are shown as they stand, unplaced, and used for nothing.
    loose = _record_frame(batch.table.take(nobody[batch.table.part]))
    loose.insert(0, "device", pd.Series([""] * len(loose), dtype="str"))
    loose["utc"] = utc_column(np.full(len(loose), NO_TIME))
    loose["time_method"] = METHODS[-1]
    loose["uncertainty_s"] = np.inf
    both = pd.concat([loose, owned], ignore_index=True) if len(owned) else loose
    return both.astype({"time_method": "str", "device": "str"})


def _record_frame(table: RecordTable) -> pd.DataFrame:
    frame = pd.DataFrame(index=pd.RangeIndex(len(table)))
    for name in ("seq", "boot", "tick"):
        values = pd.Series(getattr(table, name)).astype("Int64")
        frame[name] = values.mask(values == MISSING)
    frame["clock"] = utc_column(table.clock)
    frame["type"] = _text_column(table.word)
    for position in range(POSITIONS):
        frame[f"p{position + 1}"] = _text_column(table.texts(position))
    return frame


def _text_column(texts: pa.Array) -> pd.Series:
    """Return text as pandas keeps it, without a detour over Python objects."""
    return pd.Series(pd.array(pa.chunked_array([texts.cast(pa.large_string())]), dtype="str"))


def session_table(sessions: pd.DataFrame, devices: Sequence[str]) -> pd.DataFrame:
    """Turn internal marks into nulls, seconds into UTC times, device numbers into names."""
    names = np.asarray([*devices, ""], dtype=object)
    frame = sessions.copy()
    frame["device"] = pd.Series(names[frame["device"].to_numpy(dtype=np.int64)]).astype("str")
    for name in ("start", "end"):
        frame[f"{name}_utc"] = utc_column(frame.pop(f"{name}_s").to_numpy(dtype=np.int64))
    numbers = ["seq_start", "seq_end", "seconds", "program", "left", "right", "width", "rate"]
    for name in [*numbers, "on", "off", "contractions"]:
        frame[name] = frame[name].astype("Int64").mask(frame[name] == MISSING)
    for name in ("reason", "source", "time_method", "rule"):
        frame[name] = frame[name].astype("str")
    frame["per_day"] = frame["per_day"].astype(bool)
    lead = ["device", "seq_start", "seq_end", "start_utc", "end_utc"]
    return frame[[*lead, *(name for name in frame.columns if name not in lead)]]


def _segments(batch: Batch) -> pd.DataFrame:
    frame = batch.placement.segments.copy()
    names = np.asarray([*batch.devices, ""], dtype=object)
    frame["device"] = pd.Series(names[frame["device"].to_numpy(dtype=np.int64)]).astype("str")
    frame["method"] = frame["method"].astype("str")
    frame["offset_s"] = frame["offset_s"].astype("Int64")
    return frame


def _faults(batch: Batch) -> pd.DataFrame:
    logs = [
        *(file.faults for file in batch.files),
        *(item.faults for item in batch.downloads),
        *batch.device_faults,
    ]
    return fault_frame([row for log in logs for row in log.rows])


def _sequence(batch: Batch) -> dict[str, SeqAccount]:
    accounts = {}
    for device, name in enumerate(batch.devices):
        present = int((batch.merged.device == device).sum())
        counts = dict.fromkeys(("damaged", "missing", "lost to wrap"), 0)
        for gap in batch.gaps:
            if gap.device == device:
                counts[gap.status] += gap.count
        last = batch.last_seq[device]
        accounts[name] = SeqAccount(
            last, present, counts["damaged"], counts["missing"], counts["lost to wrap"]
        )
    return accounts
