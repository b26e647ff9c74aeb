"""Sessions that cannot be placed to half a day: in the total of all years, in no day or year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multifidus.devicelogs.clock.times import MISSING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["add_unplaced"]

_HOUR_S = 3600


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
    extra = seconds.groupby(loose["participant_id"]).sum() / _HOUR_S
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
