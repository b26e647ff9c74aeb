"""Equality of computed numbers: 0.1 + 0.2 and 0.3 are one value, different by rounding alone."""

from __future__ import annotations

import numpy as np

__all__ = ["noise_of_difference", "settle"]

_RELATIVE = 1e-11
_OF_LARGEST = 1e-13


def settle(values: np.ndarray, noise: np.ndarray | float = 0.0) -> np.ndarray:
    """Return ``values`` with those that differ by rounding alone made equal.

    Neighbours in sorted order are equal when they agree to eleven significant digits, or differ by
    less than 1e-13 of the largest value, or by less than their ``noise``. Equal values take the
    smallest of them, and values that are 0 but for rounding become 0. R's ``survival`` does the
    same to event times (``timefix``) with a wider tolerance.

    Parameters
    ----------
    values
        Finite numbers, shape ``(n,)``.
    noise
        Rounding error of each value, shape ``(n,)`` or one for all.
    """
    if not len(values):
        return values
    size = np.abs(values)
    floor = _OF_LARGEST * float(size.max())
    error = np.broadcast_to(np.asarray(noise, dtype=float), values.shape)
    cleaned = np.where(size <= np.maximum(floor, error), 0.0, values)
    order = np.argsort(cleaned, kind="stable")
    ranked, spread = cleaned[order], error[order]
    reach = _RELATIVE * np.maximum(np.abs(ranked[1:]), np.abs(ranked[:-1]))
    reach = np.maximum(np.maximum(reach, floor), spread[1:] + spread[:-1])
    # 0 stays apart from every value that is not 0 itself
    apart = (np.diff(ranked) > reach) | ((ranked[1:] == 0) != (ranked[:-1] == 0))
    first = np.concatenate([[True], apart])
    settled = np.empty_like(cleaned)
    settled[order] = ranked[first][np.cumsum(first) - 1]
    return settled


def noise_of_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the largest rounding error of ``first - second``, each rounded once before."""
    epsilon = float(np.finfo(float).eps)
    return np.asarray(2 * epsilon * np.maximum(np.abs(first), np.abs(second)))
