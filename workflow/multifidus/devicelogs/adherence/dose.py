"""Dose and regularity of therapy per participant and period, from the sessions themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from multifidus.devicelogs.adherence.daily import ratio, set_within
from multifidus.devicelogs.clock.times import DAY_S, MISSING
from multifidus.devicelogs.history import Prescription

if TYPE_CHECKING:
    import pandas as pd

    from multifidus.devicelogs.adherence.daily import DailyGrid, Window
    from multifidus.devicelogs.clock.times import BoolArray, FloatArray

__all__ = ["DailyDoses", "add_per_session", "daily_doses"]

_SAME_TIME = 1e-12
"""Mean resultant lengths this close to 1 are rounding: every session began at one time of day."""


@dataclass(frozen=True)
class DailyDoses:
    """What the sessions of each exposure day sum to, in the cells of the grid.

    ``per_day`` holds a dose by name, ``highest`` the highest dose a second of each participant;
    ``sessions``, ``cosine`` and ``sine`` sum their number and the directions of their start times.
    """

    per_day: dict[str, FloatArray]
    highest: dict[str, FloatArray]
    sessions: FloatArray
    cosine: FloatArray
    sine: FloatArray


def daily_doses(grid: DailyGrid) -> DailyDoses:
    """Sum the doses of all sessions per exposure day."""
    sessions = grid.sessions
    size = int(grid.exposure.days.sum())
    inside = grid.session_cell != MISSING
    cell = grid.session_cell[inside]

    def summed(values: FloatArray) -> FloatArray:
        days = np.bincount(cell, values[inside], minlength=size)[:size]
        return days.astype(np.float64)

    def known(name: str) -> FloatArray:
        values = sessions[name].to_numpy(dtype=np.float64)
        return np.where(values < 0, 0.0, values)

    on, contractions = known("on"), known("contractions")
    cycle = on + known("off")
    pulsed = known("width") * known("rate")
    standard = Prescription()
    usual = standard.on_s + standard.off_s
    doses = {
        "contractions": (contractions, ratio(np.ones(len(on)), cycle), 1 / usual),
        "on_time_hours": (
            contractions * on / 3600,
            ratio(on, cycle) / 3600,
            standard.on_s / usual / 3600,
        ),
    }
    for side in ("left", "right"):
        # 0.1 mA x us x 0.1 Hz x s = 1e-8 mC. No amplitude is prescribed: without a session to tell
        # it, nothing bounds the charge.
        current = known(side) * pulsed * 1e-8
        doses[f"charge_{side}_mc"] = (
            current * contractions * on,
            current * ratio(on, cycle),
            np.inf,
        )
    angle = 2 * np.pi * (sessions["local_start"].to_numpy() % DAY_S) / DAY_S
    return DailyDoses(
        {name: summed(per_session) for name, (per_session, _, _) in doses.items()},
        {
            name: _highest(per_second, inside, grid, unused)
            for name, (_, per_second, unused) in doses.items()
        },
        summed(np.ones(len(angle))),
        summed(np.cos(angle)),
        summed(np.sin(angle)),
    )


def add_per_session(
    frame: pd.DataFrame, grid: DailyGrid, window: Window, doses: DailyDoses
) -> None:
    """Dose and regularity, from the sessions themselves."""
    seconds = _seconds(frame, grid, window)
    for name, per_day in doses.per_day.items():
        highest = doses.highest[name][window.participant]
        _add_dose(frame, name, window.total(per_day), highest, seconds)
    length = np.hypot(window.total(doses.cosine), window.total(doses.sine))
    _add_regularity(frame, grid, window, window.total(doses.sessions), length)


def _highest(
    per_second: FloatArray, inside: BoolArray, grid: DailyGrid, unused: float
) -> FloatArray:
    """Return the highest dose a second that each participant's sessions were set to."""
    found = np.full(len(grid.exposure.days), np.nan)
    known = inside & (per_second > 0)
    who = grid.sessions["participant"].to_numpy()[known]
    np.fmax.at(found, who, per_second[known])
    return np.where(np.isnan(found), unused, found)


@dataclass(frozen=True)
class _Seconds:
    """Seconds of therapy per window: recorded, added by counters, and prescribed but unseen."""

    recorded: FloatArray
    added: FloatArray
    unseen: FloatArray


def _seconds(frame: pd.DataFrame, grid: DailyGrid, window: Window) -> _Seconds:
    recorded = window.total(grid.point)
    hours = frame["hours"].to_numpy(dtype=np.float64)
    unseen = np.maximum(window.total(grid.upper_bound) - recorded, 0)
    return _Seconds(recorded, np.maximum(3600 * hours - recorded, 0), unseen)


def _add_dose(
    frame: pd.DataFrame, name: str, recorded: FloatArray, highest: FloatArray, seconds: _Seconds
) -> None:
    """Set a dose and its bounds: as recorded; and with the prescribed time at full dose.

    Seconds that a lifetime counter adds to the point carry the recorded sessions' dose a second.
    """
    usual = np.where(np.isinf(highest), np.nan, highest)
    each = np.where(recorded > 0, ratio(recorded, seconds.recorded), usual)
    most = np.fmax(each, highest)
    more = np.zeros_like(recorded)
    np.multiply(seconds.unseen, most, out=more, where=seconds.unseen > 0)
    frame[f"{name}_lower"] = recorded
    frame[f"{name}_upper"] = recorded + more
    set_within(frame, name, recorded + np.where(seconds.added > 0, seconds.added * each, 0.0))


def _add_regularity(
    frame: pd.DataFrame, grid: DailyGrid, window: Window, count: FloatArray, length: FloatArray
) -> None:
    """Set the circular SD of start times, in hours.

    Sessions that no record shows may all have begun at the mean time, or opposite it; where they
    could cancel those seen, the upper bound is infinite.
    """
    room = np.maximum(grid.prescribed_sessions - grid.completed, 0) * ~grid.observed
    unseen = window.total(room)
    frame["start_time_sd_hours_lower"] = _circular_sd(ratio(length + unseen, count + unseen))
    spread = np.maximum(length - unseen, 0)
    frame["start_time_sd_hours_upper"] = _circular_sd(ratio(spread, count + unseen))
    set_within(frame, "start_time_sd_hours", _circular_sd(ratio(length, count)))


def _circular_sd(resultant: FloatArray) -> FloatArray:
    """Return the circular SD (Mardia and Jupp 2000, 2.3.11) in hours of mean resultant lengths."""
    mean = np.where(resultant > 1 - _SAME_TIME, 1.0, resultant)
    with np.errstate(divide="ignore"):
        return np.asarray(np.sqrt(np.abs(2 * np.log(mean))) * 24 / (2 * np.pi))
