"""What a simulated implant is given: its therapy, its other events, its fixed properties."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from multifidus.devicelogs.formats.ipglog.layout import DEFAULT_RING_CAPACITY
from multifidus.devicelogs.history import Prescription

if TYPE_CHECKING:
    from multifidus.devicelogs.clock.times import IntArray
    from multifidus.devicelogs.formats.ipglog.header import Header

__all__ = [
    "BLOCK_RECORDS",
    "DeviceDesign",
    "DeviceLife",
    "DeviceLog",
    "PrescriptionChange",
    "RecordStream",
    "SessionTruth",
]

BLOCK_RECORDS = 64
"""Records per block; a block starts where the sequence number is a multiple of it."""


@dataclass(frozen=True)
class RecordStream:
    """All records of one type of one device, columns aligned.

    ``seq``, ``boot``, ``tick`` and ``clock`` are arrays of one length; ``clock`` is whole
    seconds since 1970 or ``NO_TIME``. ``columns`` holds one list per position of the layout;
    ``None`` is an empty position.
    """

    type: str
    seq: IntArray
    boot: IntArray
    tick: IntArray
    clock: IntArray
    columns: tuple[list[int | str | None], ...]


@dataclass(frozen=True)
class SessionTruth:
    """The therapy that one implant truly delivered, in order of time.

    Parameters
    ----------
    start_utc
        Starts, whole seconds since 1970 (UTC), ascending.
    seconds
        Seconds delivered; the next session starts after this one's end.
    reason
        Index into :data:`~multifidus.devicelogs.formats.ipglog.layout.END_REASONS`; 0 is
        completion.
    left, right
        Amplitudes in 0.1 mA, one number or one per session.
    program
        Program number, one number or one per session.
    source
        Index into :data:`~multifidus.devicelogs.formats.ipglog.layout.SOURCES`; 0 is the Activator.
    """

    start_utc: IntArray
    seconds: IntArray
    reason: IntArray
    left: IntArray | int = 30
    right: IntArray | int = 30
    program: IntArray | int = 1
    source: IntArray | int = 0

    def __len__(self) -> int:
        return len(self.start_utc)


@dataclass(frozen=True)
class PrescriptionChange:
    """A change of ``session_s`` or ``per_day`` at a time (UTC seconds since 1970)."""

    at: int
    parameter: Literal["session_s", "per_day"]
    new: int


@dataclass(frozen=True)
class DeviceLife:
    """What else happens to an implant; all times are UTC seconds since 1970.

    Parameters
    ----------
    prescription_changes
        Changes of the prescription, in order.
    clock_shifts
        ``(time, seconds)``: the settable clock is moved by so many seconds.
    resets
        Times of resets: a new boot, tick from zero, clock unset until the next download.
    erasures
        Times at which the log was erased.
    """

    prescription_changes: tuple[PrescriptionChange, ...] = ()
    clock_shifts: tuple[tuple[int, int], ...] = ()
    resets: tuple[int, ...] = ()
    erasures: tuple[int, ...] = ()


@dataclass(frozen=True)
class DeviceDesign:
    """Fixed properties of the simulated implant.

    ``drift_ppm`` of ``None`` draws a drift from a normal law with SD 15 ppm.
    """

    model: str = "RX8-SIM"
    firmware: str = "fw2.1.4"
    programmer: str = "PRG-03"
    utc_offset: str = "+00:00"
    capacity: int = DEFAULT_RING_CAPACITY
    block_records: int = BLOCK_RECORDS
    drift_ppm: float | None = None
    download_s: int = 209
    prescription: Prescription = field(default_factory=Prescription)


@dataclass(frozen=True)
class DeviceLog:
    """A simulated log before it is encoded.

    ``streams`` hold every record ever made; ``headers`` one download each, whose records are
    those from ``first_seq`` to ``last_seq``.
    """

    streams: tuple[RecordStream, ...]
    headers: tuple[Header, ...]
    design: DeviceDesign
