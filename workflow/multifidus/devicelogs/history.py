"""What a log says of a device beside its sessions: when it was observed, what was prescribed."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BEGINNING", "DeviceHistory", "Interval", "Prescription", "PrescriptionStep"]

BEGINNING = -(1 << 40)
"""Earlier than any record, in seconds since 1970."""


@dataclass(frozen=True)
class Interval:
    """A half-open stretch of time, UTC seconds since 1970, with imputed seconds of therapy.

    ``filled_s`` is what lifetime counters say was delivered in it beyond the recorded sessions;
    ``None`` where a counter at either end is unknown.
    """

    start: int
    end: int
    filled_s: float | None = None


@dataclass(frozen=True)
class Prescription:
    """Programmed therapy: rate in Hz, width in us, on, off and session length in seconds."""

    program: int = 1
    rate_hz: int = 20
    width_us: int = 214
    on_s: int = 10
    off_s: int = 20
    session_s: int = 1800
    per_day: int = 2

    @property
    def daily_seconds(self) -> int:
        """Prescribed seconds of therapy a day."""
        return self.session_s * self.per_day


@dataclass(frozen=True)
class PrescriptionStep:
    """From a time on (UTC seconds), session length in seconds and sessions a day."""

    at: int
    session_s: int
    per_day: int


@dataclass(frozen=True)
class DeviceHistory:
    """One device: when it was observed, what is missing, what was prescribed.

    ``device`` is the participant, with ``/`` and more behind it for a further device of the same
    person. ``observed_from`` is :data:`BEGINNING` for the first device of a participant. Its days
    begin ``day_start_s`` seconds after midnight: those of a breathing device run from noon to noon.
    """

    device: str
    observed_from: int
    observed_to: int
    last_download: int
    unobserved: tuple[Interval, ...]
    prescription: tuple[PrescriptionStep, ...] = ()
    day_start_s: int = 0

    @property
    def participant_id(self) -> str:
        """The participant whose device it is."""
        return self.device.partition("/")[0]
