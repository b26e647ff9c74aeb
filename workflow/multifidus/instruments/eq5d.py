"""EQ-5D-5L: levels of five dimensions to the index of an explicit value set, and profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.instruments.arrays import Items
from multifidus.instruments.errors import InstrumentError
from multifidus.instruments.value_sets import DIMENSIONS, LEVELS, ValueSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from multifidus.config.study import Outcome

__all__ = ["classify_pareto", "level_sum_score", "score_eq5d", "score_outcome", "value_set_named"]

_WEIGHTS = LEVELS ** np.arange(len(DIMENSIONS) - 1, -1, -1, dtype="float64")
_ITEMS = Items("EQ-5D-5L", len(DIMENSIONS), 1, LEVELS, "INS-020")


def value_set_named(value_sets: Mapping[str, ValueSet], name: str) -> ValueSet:
    """Return a value set by id.

    Raises
    ------
    InstrumentError
        ``INS-021`` when there is none, with the ids known.
    """
    if name not in value_sets:
        known = ", ".join(sorted(value_sets)) or "none"
        raise InstrumentError(
            "INS-021", f"The EQ-5D-5L value set '{name}' is unknown; choose one of: {known}."
        )
    return value_sets[name]


def score_eq5d(levels: ArrayLike | pd.DataFrame, value_set: ValueSet) -> NDArray[np.float64]:
    """Look the index of each profile up in a value set.

    Parameters
    ----------
    levels
        Levels 1 to 5 of mobility, self-care, usual activities, pain/discomfort and
        anxiety/depression, shape (n, 5); missing ones are NaN or NA.
    value_set
        The value set; there is no default.

    Returns
    -------
    ndarray
        Shape (n,), index (1 = full health); a profile with a missing dimension has none.

    Raises
    ------
    InstrumentError
        ``INS-020`` for levels outside 1 to 5, ``INS-008`` and ``INS-009`` for another shape and
        for what is no number.
    """

    def look_up(items: NDArray[np.float64]) -> NDArray[np.float64]:
        place = _WEIGHTS @ items - _WEIGHTS.sum()
        complete = np.isfinite(place)
        index = value_set.index[np.where(complete, place, 0.0).astype(np.intp)]
        return np.where(complete, index, np.nan)

    return _ITEMS.score(levels, look_up)


def level_sum_score(levels: ArrayLike | pd.DataFrame) -> NDArray[np.float64]:
    """Sum the five levels, 5 (no problem) to 25; incomplete profiles have none.

    Parameters
    ----------
    levels
        Levels 1 to 5, shape (n, 5).

    Raises
    ------
    InstrumentError
        As :func:`score_eq5d`.
    """
    return _ITEMS.score(levels, lambda items: np.asarray(items.sum(axis=0)))


def classify_pareto(
    before: ArrayLike | pd.DataFrame, after: ArrayLike | pd.DataFrame
) -> NDArray[np.object_]:
    """Classify the change of health without a value set (Pareto classification).

    Devlin N, Parkin D, Browne J. Patient-reported outcome measures in the NHS. Health Econ
    2010;19(8):886-905: better on at least one dimension and worse on none is an improvement.

    Parameters
    ----------
    before, after
        Levels 1 to 5, shape (n, 5) each.

    Returns
    -------
    ndarray
        Shape (n,): ``no_problems`` (11111 twice), ``no_change``, ``improved``, ``worsened``,
        ``mixed``, or None where a level is missing.

    Raises
    ------
    InstrumentError
        As :func:`score_eq5d`.
    """
    for levels in (before, after):
        level_sum_score(levels)  # refuses what is no level
    first, second = _ITEMS.matrix(before), _ITEMS.matrix(after)
    missing = np.asarray(np.isnan(first + second).any(axis=1))
    with np.errstate(invalid="ignore"):
        better, worse = (second < first).any(axis=1), (second > first).any(axis=1)
        healthy = (first == 1).all(axis=1) & (second == 1).all(axis=1)
    classes: NDArray[np.object_] = np.array(["no_change"] * len(missing), dtype=object)
    classes[worse], classes[better], classes[better & worse] = "worsened", "improved", "mixed"
    classes[healthy], classes[missing] = "no_problems", None
    return classes


def score_outcome(
    answers: pd.DataFrame, outcome: Outcome, value_sets: Mapping[str, ValueSet]
) -> tuple[NDArray[np.float64], str]:
    """Score the raw answers of an outcome; returns the scores and the method in words."""
    value_set = value_set_named(value_sets, outcome.value_set or "")
    return score_eq5d(answers, value_set), f"value set {value_set.id}"
