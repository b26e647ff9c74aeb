"""Seconds of therapy per participant and local day, with what is not known about each day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multifidus.devicelogs.clock.times import DAY_S, MISSING, NO_TIME, local_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.devicelogs.clock.times import BoolArray, FloatArray, IntArray
    from multifidus.devicelogs.history import Interval

__all__ = [
    "DailyGrid",
    "Exposure",
    "Window",
    "build_grid",
    "epoch_days",
    "ratio",
    "set_within",
]

_COMPLETED_SHARE = 0.95


@dataclass(frozen=True)
class Exposure:
    """Exposure days of each participant: first local day (days since 1970) and number of days.

    A day begins ``day_start`` seconds after local midnight.
    """

    participant_id: tuple[str, ...]
    first_day: IntArray
    days: IntArray
    day_start: IntArray

    @property
    def offset(self) -> IntArray:
        """Where each participant's days begin in the grid; one more entry closes the last."""
        return np.concatenate(([0], np.cumsum(self.days)))


@dataclass(frozen=True)
class DailyGrid:
    """Flat arrays over all exposure days of all participants, in the order of ``exposure``.

    Seconds of therapy are unions of sessions: ``lower``, ``point`` and ``upper`` per day, with
    ``filled`` seconds from lifetime counters. ``unobserved_s`` are seconds of the day that no
    record covers; ``open`` marks days with a session of unknown length. ``prescribed_s`` and
    ``prescribed_sessions`` are what was prescribed for the day.
    """

    exposure: Exposure
    lower: FloatArray
    point: FloatArray
    upper: FloatArray
    filled: FloatArray
    unobserved_s: FloatArray
    unfilled_s: FloatArray
    open: BoolArray
    started: IntArray
    completed: IntArray
    prescribed_s: FloatArray
    prescribed_sessions: FloatArray
    session_cell: IntArray
    sessions: pd.DataFrame

    @property
    def observed(self) -> BoolArray:
        """Days that records cover from midnight to midnight, every session's length known."""
        return (self.unobserved_s <= 0) & ~self.open

    @property
    def upper_bound(self) -> FloatArray:
        """Recorded seconds, and the prescribed maximum where time is unobserved."""
        room = np.maximum(self.prescribed_s - self.upper, 0)
        return self.upper + np.minimum(room, self.unobserved_s)


def build_grid(
    sessions: pd.DataFrame,
    exposure: Exposure,
    unobserved: Sequence[Sequence[Interval]],
    prescribed: tuple[FloatArray, FloatArray],
    zone: str,
) -> DailyGrid:
    """Lay sessions and unobserved time out over the exposure days.

    Parameters
    ----------
    sessions
        Sessions that may count per day, with ``participant`` (index into ``exposure``),
        ``start_s``, ``seconds``, ``seconds_lower``, ``seconds_upper``, ``end_s``,
        ``prescribed_length``; any order.
    exposure
        Exposure days.
    unobserved
        Per participant, intervals that no record covers.
    prescribed
        Prescribed seconds and sessions per day of the grid.
    zone
        IANA name of the zone whose midnights part the days.
    """
    size = int(exposure.days.sum())
    frame = sessions.sort_values(["participant", "start_s"], kind="stable", ignore_index=True)
    begin = frame["start_s"].to_numpy(dtype=np.int64)
    who = frame["participant"].to_numpy()
    start = local_seconds(begin, zone) - exposure.day_start[who]
    first = exposure.first_day[who] * DAY_S
    last = first + exposure.days[who] * DAY_S
    cells = exposure.offset[who] + (start - first) // DAY_S
    inside = (start >= first) & (start < last)
    known = frame["seconds"].to_numpy() != MISSING
    point = np.where(known, frame["seconds"], frame["seconds_lower"])
    lower, middle, upper = (
        _union_per_day(who, begin, np.asarray(length, dtype=np.int64), exposure, zone)
        for length in (frame["seconds_lower"], point, frame["seconds_upper"])
    )
    spread = np.where(known, 0, frame["seconds_upper"]).astype(np.int64)
    unknown = _union_per_day(who, begin, spread, exposure, zone) > 0
    done = np.asarray(frame["seconds_lower"] >= _COMPLETED_SHARE * frame["prescribed_length"])
    gap, unfilled, filled = (np.zeros(size) for _ in range(3))
    for index, intervals in enumerate(unobserved):
        for interval in intervals:
            _add_interval(index, interval, exposure, zone, (gap, unfilled, filled))

    def count(mask: BoolArray) -> IntArray:
        return np.asarray(np.bincount(cells[inside & mask], minlength=size)[:size], dtype=np.int64)

    return DailyGrid(
        exposure=exposure,
        lower=lower,
        point=middle,
        upper=upper,
        filled=filled,
        unobserved_s=gap,
        unfilled_s=unfilled,
        open=unknown | (count(~known) > 0),
        started=count(inside),
        completed=count(done),
        prescribed_s=prescribed[0],
        prescribed_sessions=prescribed[1],
        session_cell=np.where(inside, cells, MISSING),
        sessions=frame.assign(local_start=start),
    )


def _union_per_day(
    who: IntArray, start: IntArray, length: IntArray, exposure: Exposure, zone: str
) -> FloatArray:
    """Sum the union of sessions per local day: time that two sessions share counts once.

    The union is one of UTC: the hour that the wall clock shows twice is two hours.
    """
    size = int(exposure.days.sum())
    if not len(start):
        return np.zeros(size)
    # Participants are kept apart on one axis by a stride longer than any history.
    shift = who * (np.int64(1) << 36)
    end = start + length + shift
    reached = np.maximum.accumulate(end)
    before = np.concatenate(([np.iinfo(np.int64).min], reached[:-1]))
    begin = np.maximum(start + shift, before)
    keep = end > begin
    begin, end, who = (begin - shift)[keep], (end - shift)[keep], who[keep]
    since = exposure.day_start[who]
    opened, closed = local_seconds(begin, zone) - since, local_seconds(end, zone) - since
    day = opened // DAY_S
    total = np.zeros(size)

    def add(on_day: IntArray, seconds: IntArray, of: IntArray) -> None:
        cell = on_day - exposure.first_day[of]
        inside = (cell >= 0) & (cell < exposure.days[of])
        cells = (exposure.offset[of] + cell)[inside]
        total[:] += np.bincount(cells, seconds[inside], minlength=size)

    # Most sessions lie on one local day, or on that and the next.
    short = closed <= (day + 2) * DAY_S
    after = np.clip(closed - (day + 1) * DAY_S, 0, end - begin)
    add(day[short], (end - begin - after)[short], who[short])
    add(day[short] + 1, after[short], who[short])
    for row in np.flatnonzero(~short).tolist():
        days, seconds = _by_local_day(int(begin[row]), int(end[row]), zone, int(since[row]))
        add(days, seconds, np.full(len(days), who[row]))
    return np.asarray(total, dtype=np.float64)


def _by_local_day(begin: int, end: int, zone: str, since: int) -> tuple[IntArray, IntArray]:
    """Divide a long session where days begin in the zone: local days and UTC seconds on each."""
    edges = local_seconds(np.asarray([begin, end - 1]), zone) - since
    days = np.arange(int(edges[0]) // DAY_S, int(edges[1]) // DAY_S + 1)
    dates = pd.DatetimeIndex((days[1:] * DAY_S + since).astype("datetime64[s]"))
    midnights = dates.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    inner = midnights.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]")
    edges = np.concatenate(([begin], np.clip(inner.astype(np.int64), begin, end), [end]))
    return days, np.diff(edges)


def _add_interval(
    index: int,
    interval: Interval,
    exposure: Exposure,
    zone: str,
    targets: tuple[FloatArray, FloatArray, FloatArray],
) -> None:
    gap, unfilled, filled = targets
    edges = local_seconds(np.asarray([interval.start, interval.end], dtype=np.int64), zone)
    edges = edges - exposure.day_start[index]
    first = int(exposure.first_day[index]) * DAY_S
    low = max(int(edges[0]), first)
    high = min(int(edges[1]), first + int(exposure.days[index]) * DAY_S)
    if high <= low:
        return
    days = np.arange((low - first) // DAY_S, (high - 1 - first) // DAY_S + 1)
    begin = np.maximum(first + days * DAY_S, low)
    share = np.minimum(first + (days + 1) * DAY_S, high) - begin
    cells = int(exposure.offset[index]) + days
    gap[cells] += share
    if interval.filled_s is None:
        unfilled[cells] += share
    else:
        filled[cells] += interval.filled_s * share / max(interval.end - interval.start, 1)


def epoch_days(dates: pd.Series) -> IntArray:
    """Return days since 1970 of a column of dates; ``NO_TIME`` where absent."""
    stamps = pd.to_datetime(dates).dt.normalize().to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(stamps), NO_TIME, stamps.astype(np.int64))


@dataclass(frozen=True)
class Window:
    """Cells of the grid of one period: participant index, first cell, cell after the last."""

    participant: IntArray
    begin: IntArray
    end: IntArray

    def total(self, values: FloatArray | IntArray | BoolArray) -> FloatArray:
        """Sum per-day values over each window.

        Each window is summed on its own: a difference of running sums would carry the rounding
        of everybody before into a participant's figures.
        """
        if not len(self.begin):
            return np.zeros(0)
        # One cell more, for a window that ends with the grid; every second sum lies between two.
        cells = np.append(np.asarray(values, dtype=np.float64), 0.0)
        edges = np.column_stack([self.begin, self.end]).reshape(-1)
        return np.asarray(np.add.reduceat(cells, edges)[::2])


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Divide, missing where the denominator is not above 0."""
    result = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result


def set_within(frame: pd.DataFrame, name: str, point: FloatArray) -> None:
    """Set a point estimate, kept between its own bounds."""
    frame[name] = np.clip(point, frame[f"{name}_lower"], frame[f"{name}_upper"])
