"""Adherence per participant and period: point, lower and upper bound, and coverage.

Lower: unobserved and damaged time counts as none. Upper: as the prescribed maximum. Point:
observed days only, or recorded seconds and lifetime counters where counters stand at both ends
of every unobserved stretch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multifidus.devicelogs.daily import DAY_S
from multifidus.devicelogs.records import MISSING

if TYPE_CHECKING:
    from multifidus.devicelogs.daily import BoolArray, DailyGrid, FloatArray
    from multifidus.devicelogs.model import IntArray

__all__ = ["COVERED_SHARES", "PERSISTENCE_GAP_D", "measure_periods", "period_edges"]

COVERED_SHARES = {"any": 0.0, "50": 0.5, "80": 0.8, "100": 1.0}
PERSISTENCE_GAP_D = 30
"""Days without therapy that end persistence."""


@dataclass(frozen=True)
class _Window:
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
        padded = np.append(np.asarray(values, dtype=np.float64), 0.0)
        edges = np.column_stack([self.begin, self.end]).ravel()
        return np.asarray(np.add.reduceat(padded, edges)[::2], dtype=np.float64)


def period_edges(first_day: IntArray, years: int) -> list[tuple[str, IntArray, IntArray]]:
    """Anniversaries of the exposure start: ``year1`` to ``yearN`` and ``overall``.

    Returns
    -------
    list of (name, first day, day after the last)
        Days since 1970; boundaries by date since the start, not by calendar year.
    """
    months = first_day.astype("datetime64[D]").astype("datetime64[M]")
    day = first_day.astype("datetime64[D]") - months.astype("datetime64[D]")
    edges = []
    for year in range(years + 1):
        month = months + np.timedelta64(12 * year, "M")
        date = month.astype("datetime64[D]") + day
        # 29 February has its anniversary on 28 February.
        after = (month + np.timedelta64(1, "M")).astype("datetime64[D]")
        date = np.minimum(date, after - np.timedelta64(1, "D"))
        edges.append(date.astype(np.int64))
    named = [(f"year{year + 1}", edges[year], edges[year + 1]) for year in range(years)]
    return [*named, ("overall", edges[0], edges[years])]


def measure_periods(grid: DailyGrid, years: int = 5) -> pd.DataFrame:
    """Measure adherence per participant and period.

    Parameters
    ----------
    grid
        Seconds per exposure day.
    years
        Number of yearly periods; ``overall`` covers them all.

    Returns
    -------
    pandas.DataFrame
        One row per participant and period that has exposure days, sorted. Every metric has
        columns ``name``, ``name_lower``, ``name_upper``; shares are between 0 and 1 except
        utilisation, which may exceed 1.
    """
    exposure = grid.exposure
    offset = exposure.offset
    frames = []
    for name, low, high in period_edges(exposure.first_day, years):
        begin = np.clip(low - exposure.first_day, 0, exposure.days)
        end = np.clip(high - exposure.first_day, 0, exposure.days)
        chosen = np.flatnonzero(end > begin)
        window = _Window(chosen, (offset[:-1] + begin)[chosen], (offset[:-1] + end)[chosen])
        frame = pd.DataFrame(
            {
                "participant_id": np.asarray(exposure.participant_id, dtype=object)[chosen],
                "period": name,
                "exposure_days": (end - begin)[chosen],
            }
        )
        _add_use(frame, grid, window)
        _add_sessions(frame, grid, window)
        _add_days(frame, grid, window)
        _add_persistence(frame, grid, window)
        _add_per_session(frame, grid, window)
        frames.append(frame)
    result = pd.concat(frames, ignore_index=True)
    result["participant_id"] = result["participant_id"].astype("str")
    result["period"] = result["period"].astype("str")
    return result.sort_values(["participant_id", "period"], kind="stable", ignore_index=True)


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    result = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result


def _within(frame: pd.DataFrame, name: str, point: FloatArray) -> None:
    """Set a point estimate, kept between its own bounds."""
    frame[name] = np.clip(point, frame[f"{name}_lower"], frame[f"{name}_upper"])


def _add_use(frame: pd.DataFrame, grid: DailyGrid, window: _Window) -> None:
    """Hours, utilisation, capped utilisation and coverage."""
    days = frame["exposure_days"].to_numpy(dtype=np.float64)
    observed = grid.observed
    frame["observed_days"] = window.total(observed).astype(np.int64)
    frame["coverage"] = frame["observed_days"] / days
    upper_bound = grid.upper_bound
    recorded = window.total(grid.point)
    complete = (window.total(grid.unfilled_s) <= 0) & (window.total(grid.open) == 0)
    unobserved = window.total(grid.unobserved_s) > 0
    by_counter = complete & unobserved
    frame["hours_source"] = np.where(by_counter, "lifetime counter", "records")
    frame["hours_lower"] = window.total(grid.lower) / 3600
    frame["hours_upper"] = window.total(upper_bound) / 3600
    with_counters = recorded + window.total(grid.filled)
    _within(frame, "hours", np.where(by_counter, with_counters, recorded) / 3600)
    prescribed = window.total(grid.prescribed_s)
    seen = _ratio(window.total(grid.point * observed), window.total(grid.prescribed_s * observed))
    frame["prescribed_hours"] = prescribed / 3600
    frame["utilisation_lower"] = _ratio(window.total(grid.lower), prescribed)
    frame["utilisation_upper"] = _ratio(window.total(upper_bound), prescribed)
    point = np.where(by_counter, _ratio(with_counters, prescribed), seen)
    _within(frame, "utilisation", point)
    for suffix, seconds in (("lower", grid.lower), ("upper", upper_bound)):
        capped = window.total(np.minimum(seconds, grid.prescribed_s))
        frame[f"capped_utilisation_{suffix}"] = _ratio(capped, prescribed)
    capped = window.total(np.minimum(grid.point, grid.prescribed_s) * observed)
    _within(
        frame,
        "capped_utilisation",
        _ratio(capped, window.total(grid.prescribed_s * observed)),
    )


def _add_sessions(frame: pd.DataFrame, grid: DailyGrid, window: _Window) -> None:
    """Sessions started and completed, against the prescription and against each other."""
    started, completed = window.total(grid.started), window.total(grid.completed)
    prescribed = window.total(grid.prescribed_sessions)
    unobserved = ~grid.observed
    room = np.maximum(grid.prescribed_sessions - grid.completed, 0) * unobserved
    frame["sessions_started"] = started.astype(np.int64)
    frame["sessions_completed"] = completed.astype(np.int64)
    frame["delivered_share_lower"] = _ratio(completed, prescribed)
    frame["delivered_share_upper"] = _ratio(completed + window.total(room), prescribed)
    seen = window.total(grid.completed * grid.observed)
    point = _ratio(seen, window.total(grid.prescribed_sessions * grid.observed))
    _within(frame, "delivered_share", point)
    frame["completion"] = _ratio(completed, started)
    possible = window.total(unobserved & (room > 0)) > 0
    frame["continued_lower"] = completed > 0
    frame["continued_upper"] = frame["continued_lower"] | possible
    frame["continued"] = frame["continued_lower"]


def _add_days(frame: pd.DataFrame, grid: DailyGrid, window: _Window) -> None:
    """Share of days with therapy at several thresholds, and with both sessions."""
    days = frame["exposure_days"].to_numpy(dtype=np.float64)
    observed = grid.observed
    upper = grid.upper_bound

    def add(name: str, low: np.ndarray, point: np.ndarray, high: np.ndarray) -> None:
        frame[f"{name}_lower"] = window.total(low) / days
        frame[f"{name}_upper"] = window.total(high) / days
        _within(frame, name, _ratio(window.total(point & observed), window.total(observed)))

    for label, share in COVERED_SHARES.items():
        need = np.maximum(share * grid.prescribed_s, 1.0)
        add(f"days_covered_{label}", grid.lower >= need, grid.point >= need, upper >= need)
    both = grid.completed >= 2  # noqa: PLR2004
    add("both_session_days", both, both, both | ~observed)


def _add_persistence(frame: pd.DataFrame, grid: DailyGrid, window: _Window) -> None:
    """Days to the first 30 observed days without therapy, and the longest such gap."""
    offset = grid.exposure.offset
    idle = (grid.point <= 0) & (grid.filled <= 0) & grid.observed
    run = _run_lengths(idle, offset)
    longest = np.zeros(len(frame), dtype=np.int64)
    until = np.full(len(frame), np.nan)
    for row, (begin, end) in enumerate(
        zip(window.begin.tolist(), window.end.tolist(), strict=True)
    ):
        inside = np.minimum(run[begin:end], np.arange(1, end - begin + 1))
        longest[row] = int(inside.max(initial=0))
        reached = np.flatnonzero(inside >= PERSISTENCE_GAP_D)
        if len(reached):
            until[row] = reached[0] + 1 - PERSISTENCE_GAP_D
    frame["longest_gap_days"] = longest
    frame["persistence_days"] = until


def _run_lengths(mask: np.ndarray, offset: IntArray) -> IntArray:
    """Length of the run of true cells that ends at each cell, within participants."""
    position = np.arange(len(mask))
    starts = np.zeros(len(mask), dtype=np.int64)
    starts[offset[:-1][offset[:-1] < len(mask)]] = offset[:-1][offset[:-1] < len(mask)]
    barrier = np.where(mask, starts, position + 1)
    return np.where(mask, position + 1 - np.maximum.accumulate(barrier), 0)


def _add_per_session(frame: pd.DataFrame, grid: DailyGrid, window: _Window) -> None:
    """Dose and regularity, from the sessions themselves."""
    sessions = grid.sessions
    cells = grid.session_cell
    size = int(grid.exposure.days.sum())
    inside = cells != MISSING
    cell = cells[inside]

    def per_cell(values: np.ndarray) -> FloatArray:
        return np.asarray(np.bincount(cell, values[inside], minlength=size)[:size])

    def known(name: str) -> FloatArray:
        values = sessions[name].to_numpy(dtype=np.float64)
        return np.where(values < 0, 0.0, values)

    contractions = known("contractions")
    on_time = contractions * known("on")
    frame["contractions"] = window.total(per_cell(contractions))
    frame["on_time_hours"] = window.total(per_cell(on_time)) / 3600
    # 0.1 mA x us x 0.1 Hz x s = 1e-8 mC
    for side in ("left", "right"):
        charge = known(side) * known("width") * known("rate") * on_time * 1e-8
        frame[f"charge_{side}_mc"] = window.total(per_cell(charge))
    angle = 2 * np.pi * (sessions["local_start"].to_numpy() % DAY_S) / DAY_S
    count = window.total(per_cell(np.ones(len(sessions))))
    length = np.hypot(window.total(per_cell(np.cos(angle))), window.total(per_cell(np.sin(angle))))
    mean = np.clip(_ratio(length, count), 1e-12, 1.0)
    frame["start_time_sd_hours"] = np.sqrt(-2 * np.log(mean)) * 24 / (2 * np.pi)
