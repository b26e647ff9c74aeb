"""Checks on what callers hand in: finite numbers, flags, lengths, levels, counts.

Every function of this room passes its arguments through here, so a wrong input gives one sentence
with a stable id instead of a wrong number.
"""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
import pandas as pd

from multifidus.base.errors import StatisticsError

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

__all__ = [
    "check_alpha",
    "check_choice",
    "check_count",
    "check_number",
    "check_positive",
    "complete_pairs",
    "finite_table",
    "finite_vector",
    "flags",
    "group_codes",
    "same_length",
]

# squares of numbers outside these sizes leave the range of a double
_LARGEST, _SMALLEST = 1e100, 1e-100
_LARGEST_COUNT = 2**53
_SMALLEST_ALPHA = 1e-12


def finite_vector(
    values: npt.ArrayLike, name: str, *, allow_missing: bool = False, allow_flags: bool = False
) -> np.ndarray:
    """Return ``values`` as a one-dimensional float array, or refuse them.

    Parameters
    ----------
    values
        Numbers, shape ``(n,)``.
    name
        The argument's name, for the error sentence.
    allow_missing
        Whether ``NaN`` may stand for a missing value. Infinite values are always refused.
    allow_flags
        Whether true and false may stand for 1 and 0.

    Raises
    ------
    StatisticsError
        ``STA-001`` when not numeric or not one-dimensional, ``STA-002`` when infinite, missing or
        so large that a double cannot hold their squares.
    """
    array = _numbers(values, name, allow_flags=allow_flags)
    if array.ndim != 1:
        raise StatisticsError(
            "STA-001", f"`{name}` has {array.ndim} dimensions; give a one-dimensional sequence."
        )
    return _finite(array, name, allow_missing=allow_missing)


def finite_table(values: npt.ArrayLike, name: str, *, allow_missing: bool = False) -> np.ndarray:
    """Return ``values`` as a float array of shape ``(n, k)``; one column for a vector.

    Raises
    ------
    StatisticsError
        ``STA-001`` and ``STA-002`` as for :func:`finite_vector`.
    """
    array = _numbers(values, name, allow_flags=False)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2:  # noqa: PLR2004 - rows and columns
        raise StatisticsError("STA-001", f"`{name}` has {array.ndim} dimensions; give a table.")
    return _finite(array, name, allow_missing=allow_missing)


def flags(values: npt.ArrayLike, name: str) -> np.ndarray:
    """Return ``values`` as booleans; only true, false, 1 and 0 are read, and none is missing.

    Raises
    ------
    StatisticsError
        ``STA-001`` for anything else, ``STA-002`` for a missing value, which is neither.
    """
    array = _numbers(values, name, allow_flags=True)
    missing = int(np.isnan(array).sum())
    if missing:
        raise StatisticsError(
            "STA-002", f"`{name}` holds {missing} missing values; remove or impute them first."
        )
    if not np.isin(array, (0.0, 1.0)).all():
        raise StatisticsError("STA-001", f"`{name}` holds something else than true and false.")
    return np.asarray(array == 1.0)


def _numbers(values: npt.ArrayLike, name: str, *, allow_flags: bool) -> np.ndarray:
    """Return ``values`` as floats, missing as ``NaN``; text, dates and loose truth are refused."""
    refusal = StatisticsError(
        "STA-001", f"`{name}` holds something that is not a number; give numbers only."
    )
    try:
        if isinstance(values, np.ma.MaskedArray):
            values = np.where(np.ma.getmaskarray(values), np.nan, values.data)
        array = np.asarray(values)
        if array.dtype == object:
            cells = np.asarray(array, dtype=object)
            absent = np.asarray(pd.isna(cells))
            kinds = (Real, Decimal, np.bool_) if allow_flags else (Real, Decimal)
            flat = zip(cells.ravel(), absent.ravel(), strict=True)
            for cell, gone in flat:
                loose = isinstance(cell, bool | np.bool_) and not allow_flags
                if not gone and (loose or not isinstance(cell, kinds)):
                    raise refusal
            return np.where(absent, np.nan, cells).astype(float)
        if array.dtype.kind not in ("iufb" if allow_flags else "iuf"):
            raise refusal
        return array.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise refusal from None


def _finite(array: np.ndarray, name: str, *, allow_missing: bool) -> np.ndarray:
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
    largest = float(np.nanmax(np.abs(array))) if missing < array.size else 0.0
    if largest > _LARGEST:
        raise StatisticsError(
            "STA-002", f"`{name}` holds values too large to square; change the unit."
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


def group_codes(group: npt.ArrayLike, name: str = "group") -> tuple[list[object], np.ndarray]:
    """Return the distinct labels, in order of their text, and each participant's number of label.

    Raises
    ------
    StatisticsError
        ``STA-002`` for a participant without a label, ``STA-001`` for a table of labels.
    """
    labels = np.asarray(group if isinstance(group, np.ndarray) else pd.Series(group).to_numpy())
    if labels.ndim != 1:
        raise StatisticsError(
            "STA-001", f"`{name}` has {labels.ndim} dimensions; give a one-dimensional sequence."
        )
    absent = int(pd.isna(labels).sum())
    if absent:
        raise StatisticsError(
            "STA-002", f"`{name}` holds {absent} missing values; remove those participants first."
        )
    codes, found = pd.factorize(labels)
    numeric = all(isinstance(label, Real) for label in found)
    order = sorted(
        range(len(found)), key=lambda k: (found[k], "") if numeric else (0, str(found[k]))
    )
    rank = np.empty(len(found), dtype=int)
    rank[order] = np.arange(len(found))
    return [found[k] for k in order], rank[codes]


def _is_number(value: object) -> TypeGuard[float]:
    """Whether a value is one real number; true and false are none."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def check_number(value: object, name: str) -> float:
    """Return ``value`` as a finite float, or refuse text, truth, ``NaN`` and infinity."""
    if not _is_number(value) or not abs(value) <= _LARGEST:
        raise StatisticsError("STA-006", f"`{name}` must be one finite number.")
    return float(value)


def check_positive(value: float, name: str) -> float:
    """Return ``value`` as a finite float above 0, or refuse it (``STA-006``)."""
    number = check_number(value, name)
    if number < _SMALLEST:
        raise StatisticsError("STA-006", f"`{name}` must be a number above 0.")
    return number


def check_choice(value: object, choices: Collection[str], name: str, error_id: str) -> None:
    """Refuse a word that is not among ``choices``, with the error id of the function asked."""
    if not isinstance(value, str) or value not in choices:
        raise StatisticsError(error_id, f"`{name}` is one of {', '.join(choices)}.")


def check_alpha(alpha: float) -> float:
    """Return ``alpha``, or refuse a level outside [1e-12, 1) (``STA-004``)."""
    # further out in the tails than this, quantiles of the beta distribution are not found
    if not _is_number(alpha) or not _SMALLEST_ALPHA <= alpha < 1.0:
        raise StatisticsError(
            "STA-004", "`alpha` must lie between 0 and 1, for instance 0.05 for 95 % limits."
        )
    return float(alpha)


def check_count(count: float, name: str, *, upper: float | None = None) -> int:
    """Return ``count`` as a whole number of at least zero, or refuse it (``STA-005``)."""
    if not _is_number(count) or not 0 <= count <= _LARGEST_COUNT or not float(count).is_integer():
        raise StatisticsError("STA-005", f"`{name}` must be a whole number of at least 0.")
    if upper is not None and count > upper:
        raise StatisticsError("STA-005", f"`{name}` is larger than its denominator; check both.")
    return int(count)
