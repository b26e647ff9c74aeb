"""Single imputation rules used as sensitivity analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.base.errors import StatisticsError
from multifidus.stats.inputs import finite_table, finite_vector, same_length

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "baseline_carried_forward",
    "last_observation_carried_forward",
    "non_responder_imputation",
]


def non_responder_imputation(responder: npt.ArrayLike) -> np.ndarray:
    """Return responder status with missing counted as no response.

    Parameters
    ----------
    responder
        1 responder, 0 not, ``NaN`` missing, shape ``(n,)``.

    Raises
    ------
    StatisticsError
        ``STA-251`` for any other value.
    """
    array = finite_vector(responder, "responder", allow_missing=True, allow_flags=True)
    if not np.isin(array[~np.isnan(array)], (0.0, 1.0)).all():
        raise StatisticsError("STA-251", "Responder status is 1, 0 or missing; nothing else.")
    return np.asarray(np.nan_to_num(array, nan=0.0) == 1.0)


def baseline_carried_forward(outcomes: npt.ArrayLike, baseline: npt.ArrayLike) -> np.ndarray:
    """Return outcomes, shape ``(n, m)``, with missing values set to the baseline ``(n,)``."""
    table = finite_table(outcomes, "outcomes", allow_missing=True)
    start = finite_vector(baseline, "baseline", allow_missing=True)
    same_length(table, start, "`outcomes` and `baseline`")
    return np.where(np.isnan(table), start[:, None], table)


def last_observation_carried_forward(
    outcomes: npt.ArrayLike, baseline: npt.ArrayLike
) -> np.ndarray:
    """Return outcomes, shape ``(n, m)``, with gaps set to the value before, from the baseline."""
    table = finite_table(outcomes, "outcomes", allow_missing=True)
    start = finite_vector(baseline, "baseline", allow_missing=True)
    same_length(table, start, "`outcomes` and `baseline`")
    filled = np.column_stack([start, table])
    last = np.where(np.isnan(filled), 0, np.arange(filled.shape[1]))
    np.maximum.accumulate(last, axis=1, out=last)
    return np.asarray(filled[np.arange(len(filled))[:, None], last][:, 1:])
