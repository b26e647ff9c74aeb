"""Reading step functions off at a time: survival and cumulative incidence."""

from __future__ import annotations

import numpy as np

__all__ = ["step_at"]


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
        ``NaN`` after the last observed time.
    """
    if time > times[-1]:
        return (float("nan"),) * 3
    index = int(np.searchsorted(times, time, side="right")) - 1
    if index < 0:
        return start, start, start
    estimate, lower, upper = (float(column[index]) for column in columns)
    return estimate, lower, upper
