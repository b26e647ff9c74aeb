"""Adherence per participant and period: point, lower and upper bound, and coverage.

Lower: unobserved and damaged time counts as none. Upper: as the prescribed maximum. Point:
observed days only, or recorded seconds and lifetime counters where counters are at both ends
of every unobserved stretch.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multifidus.devicelogs.adherence.daily import Window, ratio, set_within
from multifidus.devicelogs.adherence.dose import add_per_session, daily_doses
from multifidus.devicelogs.clock.times import MISSING

if TYPE_CHECKING:
    from multifidus.devicelogs.adherence.daily import DailyGrid, Exposure
    from multifidus.devicelogs.clock.times import BoolArray, FloatArray, IntArray

__all__ = [
    "COVERED_SHARES",
    "PERSISTENCE_GAP_D",
    "add_unplaced",
    "measure_months",
    "measure_periods",
    "period_edges",
]

COVERED_SHARES = {"any": 0.0, "50": 0.5, "80": 0.8, "100": 1.0}
PERSISTENCE_GAP_D = 30
"""Days without therapy that end persistence."""


def period_edges(first_day: IntArray, years: int) -> list[tuple[str, IntArray, IntArray]]:
    """Anniversaries of the exposure start: ``year1`` to ``yearN`` and ``overall``.

    Returns
    -------
    list of (name, first day, day after the last)
        Days since 1970; boundaries by date since the start, not by calendar year.
    """
    edges = [_months_after(first_day, 12 * year) for year in range(years + 1)]
    named = [(f"year{year + 1}", edges[year], edges[year + 1]) for year in range(years)]
    return [*named, ("overall", edges[0], edges[years])]


def _months_after(first_day: IntArray, months: int) -> IntArray:
    """Return the same day of the month some months later, or the last day of a shorter month."""
    begin = first_day.astype("datetime64[D]").astype("datetime64[M]")
    day = first_day.astype("datetime64[D]") - begin.astype("datetime64[D]")
    month = begin + np.timedelta64(months, "M")
    after = (month + np.timedelta64(1, "M")).astype("datetime64[D]")
    date = np.minimum(month.astype("datetime64[D]") + day, after - np.timedelta64(1, "D"))
    return np.asarray(date.astype(np.int64))


def _window(exposure: Exposure, low: IntArray, high: IntArray) -> Window:
    """Return the cells of a period for the participants with exposure days in it."""
    begin = np.clip(low - exposure.first_day, 0, exposure.days)
    end = np.clip(high - exposure.first_day, 0, exposure.days)
    chosen = np.flatnonzero(end > begin)
    offset = exposure.offset[:-1]
    return Window(chosen, (offset + begin)[chosen], (offset + end)[chosen])


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
    doses = daily_doses(grid)
    frames = []
    for name, low, high in period_edges(exposure.first_day, years):
        window = _window(exposure, low, high)
        frame = pd.DataFrame(
            {
                "participant_id": _names(exposure)[window.participant],
                "period": name,
                "exposure_days": window.end - window.begin,
            }
        )
        _add_use(frame, grid, window)
        _add_sessions(frame, grid, window)
        _add_days(frame, grid, window)
        _add_persistence(frame, grid, window)
        add_per_session(frame, grid, window, doses)
        frames.append(frame)
    result = pd.concat(frames, ignore_index=True)
    result["participant_id"] = result["participant_id"].astype("str")
    result["period"] = result["period"].astype("str")
    return result.sort_values(["participant_id", "period"], kind="stable", ignore_index=True)


def measure_months(grid: DailyGrid, years: int = 5) -> pd.DataFrame:
    """Measure use per participant and month since the start of exposure.

    Parameters
    ----------
    grid
        Seconds per exposure day.
    years
        Years of twelve months; months begin on the day of the month of the exposure start.

    Returns
    -------
    pandas.DataFrame
        One row per participant and month that has exposure days, sorted: ``month`` (1 for the
        first), ``start_date`` and ``end_date`` (the day after the last exposure day in it), and
        the columns of :func:`measure_periods` on hours, utilisation and coverage; ``continued``
        for a completed session in it.
    """
    exposure = grid.exposure
    edges = [_months_after(exposure.first_day, month) for month in range(12 * years + 1)]
    windows = [_window(exposure, low, high) for low, high in pairwise(edges)]
    month = np.repeat(np.arange(1, len(windows) + 1), [len(item.begin) for item in windows])
    window = Window(
        np.concatenate([item.participant for item in windows]),
        np.concatenate([item.begin for item in windows]),
        np.concatenate([item.end for item in windows]),
    )
    start = (exposure.first_day - exposure.offset[:-1])[window.participant] + window.begin
    length = window.end - window.begin
    frame = pd.DataFrame(
        {
            "participant_id": _names(exposure)[window.participant],
            "month": month,
            "start_date": start.astype("datetime64[D]").astype("datetime64[s]"),
            "end_date": (start + length).astype("datetime64[D]").astype("datetime64[s]"),
            "exposure_days": length,
        }
    )
    _add_use(frame, grid, window)
    frame["continued"] = window.total(grid.completed) > 0
    frame["participant_id"] = frame["participant_id"].astype("str")
    return frame.sort_values(["participant_id", "month"], kind="stable", ignore_index=True)


def _names(exposure: Exposure) -> np.ndarray:
    return np.asarray(exposure.participant_id, dtype=object)


def _add_use(frame: pd.DataFrame, grid: DailyGrid, window: Window) -> None:
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
    set_within(frame, "hours", np.where(by_counter, with_counters, recorded) / 3600)
    prescribed = window.total(grid.prescribed_s)
    seen = ratio(window.total(grid.point * observed), window.total(grid.prescribed_s * observed))
    frame["prescribed_hours"] = prescribed / 3600
    frame["utilisation_lower"] = ratio(window.total(grid.lower), prescribed)
    frame["utilisation_upper"] = ratio(window.total(upper_bound), prescribed)
    point = np.where(by_counter, ratio(with_counters, prescribed), seen)
    set_within(frame, "utilisation", point)
    for suffix, seconds in (("lower", grid.lower), ("upper", upper_bound)):
        capped = window.total(np.minimum(seconds, grid.prescribed_s))
        frame[f"capped_utilisation_{suffix}"] = ratio(capped, prescribed)
    capped = window.total(np.minimum(grid.point, grid.prescribed_s) * observed)
    set_within(
        frame,
        "capped_utilisation",
        ratio(capped, window.total(grid.prescribed_s * observed)),
    )


def _add_sessions(frame: pd.DataFrame, grid: DailyGrid, window: Window) -> None:
    """Sessions started and completed, against the prescription and against each other."""
    started, completed = window.total(grid.started), window.total(grid.completed)
    prescribed = window.total(grid.prescribed_sessions)
    unobserved = ~grid.observed
    room = np.maximum(grid.prescribed_sessions - grid.completed, 0) * unobserved
    frame["sessions_started"] = started.astype(np.int64)
    frame["sessions_completed"] = completed.astype(np.int64)
    frame["delivered_share_lower"] = ratio(completed, prescribed)
    frame["delivered_share_upper"] = ratio(completed + window.total(room), prescribed)
    seen = window.total(grid.completed * grid.observed)
    point = ratio(seen, window.total(grid.prescribed_sessions * grid.observed))
    set_within(frame, "delivered_share", point)
    # On days not wholly seen, sessions begun may have been completed and others not been seen.
    begun = window.total(np.minimum(room, np.maximum(grid.started - grid.completed, 0)))
    unseen = window.total(room) - begun
    frame["completion_lower"] = ratio(completed, started + unseen)
    frame["completion_upper"] = ratio(completed + begun + unseen, started + unseen)
    set_within(frame, "completion", ratio(completed, started))
    possible = window.total(unobserved & (room > 0)) > 0
    frame["continued_lower"] = completed > 0
    frame["continued_upper"] = frame["continued_lower"] | possible
    frame["continued"] = frame["continued_lower"]


def _add_days(frame: pd.DataFrame, grid: DailyGrid, window: Window) -> None:
    """Share of days with therapy at several thresholds, and with both sessions."""
    days = frame["exposure_days"].to_numpy(dtype=np.float64)
    observed = grid.observed
    upper = grid.upper_bound

    def add(name: str, low: np.ndarray, point: np.ndarray, high: np.ndarray) -> None:
        frame[f"{name}_lower"] = window.total(low) / days
        frame[f"{name}_upper"] = window.total(high) / days
        set_within(frame, name, ratio(window.total(point & observed), window.total(observed)))

    for label, share in COVERED_SHARES.items():
        need = np.maximum(share * grid.prescribed_s, 1.0)
        add(f"days_covered_{label}", grid.lower >= need, grid.point >= need, upper >= need)
    both = grid.completed >= 2  # noqa: PLR2004
    add("both_session_days", both, both, both | ~observed)


def _add_persistence(frame: pd.DataFrame, grid: DailyGrid, window: Window) -> None:
    """Days to the first 30 days without therapy, and the longest such gap.

    A day that no record shows ends a gap, for the point; for the other bound it is one more day
    without therapy. So the gap is shortest, and persistence longest, at the point.
    """
    seen = (grid.point <= 0) & (grid.filled <= 0) & grid.observed
    longest, until = _gaps(seen, grid, window)
    widest, earliest = _gaps(grid.lower <= 0, grid, window)
    frame["longest_gap_days"] = frame["longest_gap_days_lower"] = longest
    frame["longest_gap_days_upper"] = widest
    frame["persistence_days"] = frame["persistence_days_upper"] = until
    frame["persistence_days_lower"] = earliest


def _gaps(idle: BoolArray, grid: DailyGrid, window: Window) -> tuple[IntArray, FloatArray]:
    """Return the longest run of idle days, and the days before the first one of 30 or more."""
    run = _run_lengths(idle, grid.exposure.offset)
    longest = np.zeros(len(window.begin), dtype=np.int64)
    until = np.full(len(window.begin), np.nan)
    for row, (begin, end) in enumerate(
        zip(window.begin.tolist(), window.end.tolist(), strict=True)
    ):
        inside = np.minimum(run[begin:end], np.arange(1, end - begin + 1))
        longest[row] = int(inside.max(initial=0))
        reached = np.flatnonzero(inside >= PERSISTENCE_GAP_D)
        if len(reached):
            until[row] = reached[0] + 1 - PERSISTENCE_GAP_D
    return longest, until


def _run_lengths(mask: np.ndarray, offset: IntArray) -> IntArray:
    """Length of the run of true cells that ends at each cell, within participants."""
    position = np.arange(len(mask))
    starts = np.zeros(len(mask), dtype=np.int64)
    starts[offset[:-1][offset[:-1] < len(mask)]] = offset[:-1][offset[:-1] < len(mask)]
    barrier = np.where(mask, starts, position + 1)
    return np.where(mask, position + 1 - np.maximum.accumulate(barrier), 0)


def add_unplaced(
    periods: pd.DataFrame, sessions: pd.DataFrame
) -> tuple[pd.DataFrame, list[tuple[object, ...]]]:
    """Add the seconds of sessions without a place in time to the hours of all years.

    They are this participant's, so the point estimate of ``hours`` holds them, up to its upper
    bound; whether they lie within the exposure nothing says, so the lower bound does not.
    Where a lifetime counter gives the hours, it holds them already.

    Parameters
    ----------
    periods
        Adherence per participant and period.
    sessions
        Sessions with ``participant_id``, ``counted``, ``per_day``, ``seconds``,
        ``seconds_lower`` (seconds) and their sequence numbers.

    Returns
    -------
    periods, faults
        Rows of the fault table, one per participant concerned, which say so.
    """
    loose = sessions[sessions["counted"] & ~sessions["per_day"].astype(bool)]
    if loose.empty:
        return periods, []
    known = loose["seconds"] != MISSING
    seconds = loose["seconds"].where(known, loose["seconds_lower"])
    extra = seconds.groupby(loose["participant_id"]).sum() / 3600
    whole = (periods["period"] == "overall") & (periods["hours_source"] == "records")
    more = periods["participant_id"].map(extra).fillna(0.0).where(whole, 0.0)
    hours = (periods["hours"] + more).clip(upper=periods["hours_upper"])
    faults: list[tuple[object, ...]] = []
    numbers = loose[["seq_start", "seq_end"]]
    for name, rows in numbers.groupby(loose["participant_id"], sort=True):
        given = rows.to_numpy()[rows.to_numpy() != MISSING]
        kind = (17, "clock_reset", "warning", "flag", None, None)
        seqs = (int(given.min()), int(given.max())) if len(given) else (None, None)
        detail = "sessions without a place in time: in the hours of all years, in no day or year"
        faults.append((name, "", *kind, *seqs, len(rows), detail))
    return periods.assign(hours=hours.where(more > 0, periods["hours"])), faults
