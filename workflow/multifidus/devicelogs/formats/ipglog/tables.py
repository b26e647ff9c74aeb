"""What reading a batch of downloads gives before it takes the common shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from multifidus.devicelogs.clock.times import MISSING

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.devicelogs.clock.times import IntArray
    from multifidus.devicelogs.findings import FaultLog
    from multifidus.devicelogs.formats.interface import ByteAccount
    from multifidus.devicelogs.formats.ipglog.header import Header
    from multifidus.devicelogs.formats.ipglog.records import MergedRecords, Placement, SeqGap

__all__ = ["Batch", "Download"]


@dataclass
class Download:
    """One download within an input.

    ``file`` is the number of the input, ``device`` that of the device (``MISSING`` when no header
    names it), ``damaged`` holds numbers of records that are not used; ``doubt`` says why the whole
    download is not used, empty when it is.
    """

    file: int
    header: Header
    faults: FaultLog
    records: int
    damaged: list[int]
    doubt: str
    device: int = MISSING


@dataclass
class Batch:
    """Everything read from some inputs.

    ``devices`` are pseudonyms in sorted order; arrays named ``device`` index them. ``counters``
    are times and lifetime seconds of each device, from daily records and headers.
    """

    accounts: list[ByteAccount]
    file_faults: list[FaultLog]
    downloads: list[Download]
    devices: list[str]
    merged: MergedRecords
    placement: Placement
    sessions: pd.DataFrame
    gaps: list[SeqGap]
    device_faults: list[FaultLog]
    last_seq: list[int]
    counters: list[tuple[IntArray, IntArray]] = field(default_factory=list)
    counter_trusted: list[bool] = field(default_factory=list)
