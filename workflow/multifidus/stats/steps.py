"""Reading step functions off at a time: survival and cumulative incidence."""

from __future__ import annotations

import numpy as np

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import check_number

__all__ = ["checked_moment", "step_at"]

# a step at 0.1 + 0.2 is reached at 0.3
_RELATIVE = 1e-11


def checked_moment(time: float, times: np.ndarray) -> float:
    """Return a time to read a curve at; the observed time when it differs by rounding alone.

    Raises
    ------
    StatisticsError
        ``STA-006`` when it is no finite number, ``STA-241`` when it is negative.
    """
    moment = check_number(time, "time")
    if moment < 0:
        raise StatisticsError("STA-241", "A curve is read at a time of at least 0.")
    nearest = float(times[np.argmin(np.abs(times - moment))])
    return nearest if abs(nearest - moment) <= _RELATIVE * moment else moment


def step_at(
    time: float, times: np.ndarray, columns: tuple[np.ndarray, np.ndarray, np.ndarray], start: float
) -> tuple[float, float, float]:
    """Return an estimate and its limits at a time.

    Parameters
    ----------
    time
        The time asked for.
    times
        Times at which the function steps, ascending.
    columns
        Estimate, lower and upper limit from each step on.
    start
        Value of all three before the first step.

    Returns
    -------
    tuple of float
        ``NaN`` after the last observed time, and limits of ``NaN`` where they are not estimable.

    Raises
    ------
    StatisticsError
        ``STA-006`` or ``STA-241`` for a time that is no number of at least 0.
    """
    time = checked_moment(time, times)
    if time > times[-1]:
        return (float("nan"),) * 3
    index = int(np.searchsorted(times, time, side="right")) - 1
    if index < 0:
        return start, start, start
    estimate, lower, upper = (float(column[index]) for column in columns)
    return estimate, lower, upper
