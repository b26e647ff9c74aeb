"""The clocks of a simulated implant: tick, boot and settable clock over true time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.clock.times import NO_TIME

if TYPE_CHECKING:
    from multifidus.cohort.devices.truth import DeviceLife
    from multifidus.devicelogs.clock.times import IntArray

__all__ = ["DeviceClock"]


class DeviceClock:
    """Tick, boot and settable clock of the implant as functions of true time."""

    def __init__(self, powered: int, synced: list[int], life: DeviceLife, drift_ppm: float) -> None:
        self._boots = np.asarray([powered, *life.resets], dtype=np.int64)
        self._rate = 1.0 + drift_ppm * 1e-6
        # (time, order, action, target or shift): every event that changes the settable clock.
        steps: list[tuple[int, int, str, int]] = [(powered, 0, "SYN", powered)]
        steps += [(at, 1, "RST", 0) for at in life.resets]
        steps += [(at, 2, "SET", shift) for at, shift in life.clock_shifts]
        steps += [(at, 3, "SYN", at) for at in synced]
        self._apply(sorted(steps))

    def boot(self, at: IntArray) -> IntArray:
        """Boots so far, counted from 1."""
        return np.asarray(np.searchsorted(self._boots, at, side="right"), dtype=np.int64)

    def tick(self, at: IntArray) -> IntArray:
        """Seconds since the boot as the device counts them."""
        since = at - self._boots[self.boot(at) - 1]
        return np.asarray(np.floor(since * self._rate + 1e-9), dtype=np.int64)

    def clock(self, at: IntArray) -> IntArray:
        """Settable clock in seconds since 1970; :data:`NO_TIME` while it is unset."""
        index = np.searchsorted(self._step_at, at, side="right") - 1
        base = self._base[index]
        value = base + self._elapsed(at, index)
        return np.asarray(np.where(base == NO_TIME, NO_TIME, value), dtype=np.int64)

    def _elapsed(self, at: IntArray, index: IntArray) -> IntArray:
        since = np.floor((at - self._step_at[index]) * self._rate + 1e-9)
        return np.asarray(since, dtype=np.int64)

    def _apply(self, steps: list[tuple[int, int, str, int]]) -> None:
        self._step_at = np.asarray([step[0] for step in steps], dtype=np.int64)
        bases: list[int] = []
        self.changes: list[tuple[int, str, int, int]] = []
        for index, (at, _, action, target) in enumerate(steps):
            old = NO_TIME
            if bases and bases[-1] != NO_TIME:
                since = self._elapsed(np.asarray([at]), np.asarray([index - 1]))
                old = bases[-1] + int(since[0])
            new = {"RST": NO_TIME, "SYN": target}.get(action, NO_TIME)
            if action == "SET" and old != NO_TIME:
                new = old + target
            bases.append(new)
            if index:
                self.changes.append((at, action, old, new))
        self._base = np.asarray(bases, dtype=np.int64)
