"""Checks on what callers hand in: finite numbers, lengths, levels, counts.

Every function of this room passes its arguments through here, so a wrong input gives one sentence
with a stable id instead of a wrong number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.base.errors import StatisticsError

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["check_alpha", "check_count", "complete_pairs", "finite_vector", "same_length"]


def finite_vector(values: npt.ArrayLike, name: str, *, allow_missing: bool = False) -> np.ndarray:
    """Return ``values`` as a one-dimensional float array, or refuse them.

    Parameters
    ----------
    values
        Numbers, shape ``(n,)``.
    name
        The argument's name, for the error sentence.
    allow_missing
        Whether ``NaN`` may stand for a missing value. Infinite values are always refused.

    Raises
    ------
    StatisticsError
        ``STA-001`` when not numeric or not one-dimensional, ``STA-002`` when infinite or missing.
    """
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise StatisticsError(
            "STA-001", f"`{name}` holds something that is not a number; give numbers only."
        ) from None
    if array.ndim != 1:
        raise StatisticsError(
            "STA-001", f"`{name}` has {array.ndim} dimensions; give a one-dimensional sequence."
        )
    infinite = int(np.isinf(array).sum())
    if infinite:
        raise StatisticsError(
            "STA-002", f"`{name}` holds {infinite} infinite values; correct or remove them."
        )
    missing = int(np.isnan(array).sum())
    if missing and not allow_missing:
        raise StatisticsError(
            "STA-002", f"`{name}` holds {missing} missing values; remove or impute them first."
        )
    return array


def same_length(first: np.ndarray, second: np.ndarray, names: str) -> None:
    """Refuse two arrays of different lengths (``STA-003``)."""
    if len(first) != len(second):
        raise StatisticsError(
            "STA-003",
            f"{names} have {len(first)} and {len(second)} values; they must have the same length.",
        )


def complete_pairs(
    first: npt.ArrayLike, second: npt.ArrayLike, names: tuple[str, str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs where both values are present, in the order given."""
    left = finite_vector(first, names[0], allow_missing=True)
    right = finite_vector(second, names[1], allow_missing=True)
    same_length(left, right, f"`{names[0]}` and `{names[1]}`")
    present = ~(np.isnan(left) | np.isnan(right))
    return left[present], right[present]


def check_alpha(alpha: float) -> float:
    """Return ``alpha``, or refuse a level outside (0, 1) (``STA-004``)."""
    if not 0.0 < alpha < 1.0:
        raise StatisticsError(
            "STA-004", "`alpha` must lie between 0 and 1, for instance 0.05 for 95 % limits."
        )
    return float(alpha)


def check_count(count: float, name: str, *, upper: float | None = None) -> int:
    """Return ``count`` as a whole number of at least zero, or refuse it (``STA-005``)."""
    whole = bool(np.isfinite(count)) and float(count).is_integer()
    if not whole or count < 0:
        raise StatisticsError("STA-005", f"`{name}` must be a whole number of at least 0.")
    if upper is not None and count > upper:
        raise StatisticsError("STA-005", f"`{name}` is larger than its denominator; check both.")
    return int(count)
