"""Raw answers to float arrays, with refusals that name counts and never values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.instruments.errors import InstrumentError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["count_bad", "float_array", "level_matrix"]


def count_bad(mask: NDArray[Any]) -> int:
    """Count the true elements of a mask."""
    return int(np.count_nonzero(mask))


def float_array(
    values: ArrayLike | pd.DataFrame | pd.Series[Any], what: str
) -> NDArray[np.float64]:
    """Return answers as floats, missing ones as NaN.

    Parameters
    ----------
    values
        Any array, series or frame of numbers; pandas' NA and None are missing.
    what
        Name of the instrument, for the message.

    Raises
    ------
    InstrumentError
        ``INS-009`` when something is no number, or infinite.
    """
    try:
        if isinstance(values, pd.DataFrame | pd.Series):
            numbers = values.to_numpy(dtype="float64", na_value=np.nan)
        else:
            given = np.asarray(values)
            if given.dtype == object:
                missing = np.asarray(pd.isna(given))
                given = np.where(missing, np.nan, given)
            numbers = given.astype("float64")
    except (TypeError, ValueError):
        raise InstrumentError(
            "INS-009", f"{what}: an answer is not a number; write numbers or leave it empty."
        ) from None
    if np.isinf(numbers).any():
        raise InstrumentError(
            "INS-009", f"{what}: an answer is infinite; write finite numbers or leave it empty."
        )
    return numbers


def level_matrix(
    values: ArrayLike | pd.DataFrame, what: str, *, columns: int, low: int, high: int, error_id: str
) -> NDArray[np.float64]:
    """Return an (n, columns) matrix of levels and refuse everything but whole levels in range.

    Parameters
    ----------
    values
        Levels; missing ones are NaN or NA. A single profile of shape (columns,) is one row.
    what
        Name of the instrument, for the message.
    columns
        Number of items.
    low, high
        Range of levels, both included.
    error_id
        Id for a level outside the range.

    Raises
    ------
    InstrumentError
        ``error_id`` for levels out of range, ``INS-008`` for another shape, ``INS-009`` for what
        is no number.
    """
    levels = np.atleast_2d(float_array(values, what))
    if levels.ndim != 2 or levels.shape[1] != columns:  # noqa: PLR2004 - rows by items
        raise InstrumentError(
            "INS-008", f"{what}: {columns} items are needed for each form; give one column an item."
        )
    with np.errstate(invalid="ignore"):
        bad = ~np.isnan(levels) & ((levels < low) | (levels > high) | (levels % 1 != 0))
    if bad.any():
        raise InstrumentError(
            error_id,
            f"{what}: {count_bad(bad)} answers are not whole levels from {low} to {high}; correct "
            "them at the source or leave them empty.",
        )
    return levels
