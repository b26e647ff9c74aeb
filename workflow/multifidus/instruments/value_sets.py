"""EQ-5D-5L value sets as tables of the 3,125 states.

Two kinds: EQ-VT sets (index = 1 - intercept - decrements - N45 - N5 terms) and the crosswalk to a
3L set (van Hout et al., Value Health 2012;15(5):708-715, 10.1016/j.jval.2012.02.008: the index is
the expected 3L value over the 3L states that a 5L state may stand for, dimensions independent).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from multifidus.instruments.errors import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["DIMENSIONS", "LEVELS", "ValueSet", "all_states", "value_sets_from_frames"]

DIMENSIONS = ("mo", "sc", "ua", "pd", "ad")
"""Mobility, self-care, usual activities, pain/discomfort, anxiety/depression."""
LEVELS = 5
_SEVERE, _WORST = 4, 5
_STATES = LEVELS ** len(DIMENSIONS)


@dataclass(frozen=True, slots=True, eq=False)
class ValueSet:
    """A value set: the index of every EQ-5D-5L state.

    Parameters
    ----------
    id
        Id under ``literature/value_sets/``.
    citation
        Key of the reference.
    index
        Values of the 3,125 states in the order 11111, 11112, ... 55555, read-only.
    """

    id: str
    citation: str
    index: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.index.shape != (_STATES,) or not np.isfinite(self.index).all():
            raise InstrumentError(
                "INS-024",
                f"The value set '{self.id}' does not value all 3,125 states; correct its rows.",
            )
        self.index.flags.writeable = False


def all_states() -> NDArray[np.int64]:
    """Return the levels of all states, shape (3125, 5), from 11111 to 55555."""
    return np.array(list(itertools.product(range(1, LEVELS + 1), repeat=len(DIMENSIONS))))


def value_sets_from_frames(
    value_sets: pd.DataFrame,
    coefficients: pd.DataFrame,
    *,
    tto_3l: pd.DataFrame | None = None,
    crosswalk_probabilities: pd.DataFrame | None = None,
) -> dict[str, ValueSet]:
    """Build every value set from the frames of ``literature/value_sets/``.

    Parameters
    ----------
    value_sets
        One row per value set: id, kind (``vt`` or ``crosswalk``), intercept, n45, n5, citation.
    coefficients
        Decrements of the ``vt`` sets: value_set, dimension, level, decrement.
    tto_3l, crosswalk_probabilities
        For crosswalks: decrements of the 3L set (term, level, decrement) and the chances that a 5L
        level 2 is a 3L level 1 and a 5L level 4 a 3L level 3 (dimension, level_5l, level_3l,
        probability).

    Returns
    -------
    dict
        Value sets by id.

    Raises
    ------
    InstrumentError
        ``INS-022`` for an unknown kind, ``INS-023`` when a coefficient is missing or repeated.
    """
    sets: dict[str, ValueSet] = {}
    for row in value_sets.to_dict("records"):
        name, kind = str(row["id"]), str(row["kind"])
        if kind == "vt":
            terms = {key: _number(row.get(key)) for key in ("intercept", "n45", "n5")}
            index = _vt_index(_decrements(coefficients, name), terms)
        elif kind == "crosswalk":
            index = _crosswalk_index(name, tto_3l, crosswalk_probabilities)
        else:
            raise InstrumentError(
                "INS-022",
                f"The value set '{name}' is of the unknown kind '{kind}': vt or crosswalk.",
            )
        sets[name] = ValueSet(name, str(row["citation"]), index)
    return sets


def _number(value: Any) -> float:
    return 0.0 if value is None or pd.isna(value) or value == "" else float(value)


def _decrements(coefficients: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Return decrements, shape (5 dimensions, 5 levels), level 1 being zero."""
    own = coefficients[coefficients["value_set"] == name]
    table = np.full((len(DIMENSIONS), LEVELS), np.nan)
    table[:, 0] = 0.0
    repeated = own.duplicated(["dimension", "level"]).any()
    for dimension, level, decrement in zip(
        own["dimension"], own["level"], own["decrement"], strict=True
    ):
        if dimension in DIMENSIONS and 1 <= int(level) <= LEVELS:
            table[DIMENSIONS.index(dimension), int(level) - 1] = float(decrement)
    if repeated or np.isnan(table).any():
        raise InstrumentError(
            "INS-023",
            f"The value set '{name}' needs one decrement for each dimension and level from 2 to 5; "
            "correct its rows in literature/value_sets/coefficients.csv.",
        )
    return table


def _vt_index(decrements: NDArray[np.float64], terms: Mapping[str, float]) -> NDArray[np.float64]:
    states = all_states()
    lost = decrements[np.arange(len(DIMENSIONS)), states - 1].sum(axis=1)
    lost += terms["intercept"] * (states > 1).any(axis=1)
    lost += terms["n45"] * (states >= _SEVERE).any(axis=1)
    lost += terms["n5"] * (states >= _WORST).any(axis=1)
    # The published terms have at most four decimals: drop the noise of binary sums.
    index: NDArray[np.float64] = np.round(1.0 - lost, 10) + 0.0
    return index


def _crosswalk_index(
    name: str, tto: pd.DataFrame | None, chances: pd.DataFrame | None
) -> NDArray[np.float64]:
    """Return the expected 3L value of each 5L state, at three decimals as published."""
    if tto is None or chances is None:
        raise InstrumentError(
            "INS-023",
            f"The crosswalk '{name}' needs a 3L value set and its probabilities; give both tables.",
        )
    best, worst = _transition(chances)
    loss: dict[tuple[str, int], float] = {
        (str(term), int(_number(level))): float(decrement)
        for term, level, decrement in zip(tto["term"], tto["level"], tto["decrement"], strict=True)
    }
    states = all_states() - 1
    columns = np.arange(len(DIMENSIONS))
    p1, p3 = best[columns, states], worst[columns, states]
    second = np.array([loss[name, 2] for name in DIMENSIONS])
    third = np.array([loss[name, 3] for name in DIMENSIONS])
    index = (
        1.0
        - loss["constant", 0] * (1.0 - p1.prod(axis=1))
        - ((1.0 - p1 - p3) * second + p3 * third).sum(axis=1)
        - loss["n3", 0] * (1.0 - (1.0 - p3).prod(axis=1))
    )
    return np.asarray(np.sign(index) * _rounded_twice(np.abs(index)) + 0.0)


def _rounded_twice(size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round half up to four decimals and the result to three, as the published table was made.

    Rounded once, no ten probabilities give all of the 3,125 published values: about 78 of them,
    between 0.45 and 0.5 thousandths above a thousandth, are rounded up in the table. Rounded
    twice, the probabilities of ``uk_crosswalk_probabilities.csv`` (fitted to the intervals that the
    published values leave) give every value that was compared.
    """
    four = np.floor(size * 10_000.0 + 0.5)
    return np.asarray(np.floor((four + 5.0) / 10.0) / 1_000.0)


def _transition(chances: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the chances of 3L level 1 and of 3L level 3, each (5 dimensions, 5 levels of 5L)."""
    best, worst = np.zeros((2, len(DIMENSIONS), LEVELS))
    best[:, 0], worst[:, LEVELS - 1] = 1.0, 1.0
    filled = 0
    for dimension, level_5l, level_3l, probability in zip(
        chances["dimension"], chances["level_5l"], chances["level_3l"], chances["probability"],
        strict=True,
    ):  # fmt: skip
        target = best if int(level_3l) == 1 else worst
        target[DIMENSIONS.index(str(dimension)), int(level_5l) - 1] = float(probability)
        filled += 1
    if filled != 2 * len(DIMENSIONS):
        raise InstrumentError(
            "INS-023",
            "The crosswalk needs ten probabilities, two for each dimension; correct "
            "literature/value_sets/uk_crosswalk_probabilities.csv.",
        )
    return best, worst
