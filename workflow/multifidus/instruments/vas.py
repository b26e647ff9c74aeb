"""Visual analogue scale of low back pain: millimetres or centimetres to centimetres."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from multifidus.instruments.arrays import count_true, float_array
from multifidus.instruments.errors import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from multifidus.config.study import Outcome
    from multifidus.instruments.value_sets import ValueSet

__all__ = ["score_outcome", "score_vas"]

_MM_PER_CM = 10.0
_SCALE_END_CM = 10.0


def score_vas(values: ArrayLike, *, unit: Literal["mm", "cm"] = "mm") -> NDArray[np.float64]:
    """Turn marks on the 100 mm scale into centimetres, unrounded.

    Parameters
    ----------
    values
        Marks, shape (n,); missing ones are NaN or NA.
    unit
        Unit of ``values``. It is declared, never detected: values that contradict it are refused.

    Returns
    -------
    ndarray
        Shape (n,), centimetres from 0 to 10; missing marks stay missing.

    Raises
    ------
    InstrumentError
        ``INS-001`` for an unknown unit, ``INS-002`` for marks outside the scale, ``INS-003`` for
        millimetres mixed with what can only be centimetres, ``INS-009`` for what is no number.
    """
    if unit not in ("mm", "cm"):
        raise InstrumentError(
            "INS-001", f"The VAS unit '{unit}' is unknown: declare 'mm' or 'cm' for the column."
        )
    marks = float_array(values, "VAS")
    end = _SCALE_END_CM * (_MM_PER_CM if unit == "mm" else 1.0)
    bad = count_true((marks < 0) | (marks > end))
    if bad:
        raise InstrumentError(
            "INS-002",
            f"VAS: {bad} marks lie outside 0 to {end:g} {unit}; check the unit of the column and "
            "correct them at the source.",
        )
    if unit == "mm":
        _refuse_mixed_units(marks)
    return marks / _MM_PER_CM if unit == "mm" else marks


def _refuse_mixed_units(marks: NDArray[Any]) -> None:
    """Refuse a column of millimetres that holds marks with decimals only at 10 and below.

    An electronic scale that stores fractions of a millimetre stores them along the whole scale;
    fractions that stop at 10 are centimetres among millimetres.
    """
    fraction = np.isfinite(marks) & (marks != np.floor(marks))
    small = fraction & (marks <= _SCALE_END_CM)
    if small.any() and not (fraction & ~small).any():
        raise InstrumentError(
            "INS-003",
            f"VAS: {int(small.sum())} marks of 10 or less carry decimals as centimetres would, "
            "in a column declared in millimetres; bring the column to one unit.",
        )


def score_outcome(
    answers: pd.DataFrame, _outcome: Outcome, _value_sets: Mapping[str, ValueSet]
) -> tuple[NDArray[np.float64], str]:
    """Score the raw answers of an outcome; returns the scores and the method in words."""
    return score_vas(answers["vas_mm"]), "VAS in mm / 10"
