"""Oswestry Disability Index: ten sections scored 0 to 5, per cent of the points attainable.

Fairbank JCT, Pynsent PB. The Oswestry Disability Index. Spine 2000;25(22):2940-2953: a skipped
section takes five points off the denominator.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from multifidus.instruments.arrays import Items, count_true, float_array
from multifidus.instruments.errors import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from multifidus.config.study import Outcome
    from multifidus.instruments.value_sets import ValueSet

__all__ = ["ODI_BANDS", "ODI_SECTIONS", "odi_band", "score_odi", "score_outcome"]

ODI_SECTIONS = 10
_TOP_LEVEL = 5
_ITEMS = Items("ODI", ODI_SECTIONS, 0, _TOP_LEVEL, "INS-010")
ODI_BANDS: Mapping[str, float] = MappingProxyType(
    {"minimal": 20.0, "moderate": 40.0, "severe": 60.0, "crippled": 80.0, "bed_bound": 100.0}
)
"""Bands with their upper limits in points, included; a score between two printed limits (20 and
21, say) belongs to the higher band."""


def score_odi(items: ArrayLike | pd.DataFrame, *, max_missing: int = 1) -> NDArray[np.float64]:
    """Score Oswestry questionnaires, unrounded.

    Parameters
    ----------
    items
        Levels 0 to 5, shape (n, 10); missing sections are NaN or NA.
    max_missing
        Sections that may be missing; a form with more has no score.

    Returns
    -------
    ndarray
        Shape (n,), points from 0 to 100: ``100 * sum / (5 * answered)``.

    Raises
    ------
    InstrumentError
        ``INS-010`` for levels outside 0 to 5, ``INS-011`` for an impossible ``max_missing``,
        ``INS-008`` and ``INS-009`` for another shape and for what is no number.
    """
    if not 0 <= max_missing < ODI_SECTIONS:
        raise InstrumentError(
            "INS-011", "ODI: max_missing must lie between 0 and 9; correct it in the study file."
        )
    fewest = ODI_SECTIONS - max_missing

    def points(items: NDArray[np.float64]) -> NDArray[np.float64]:
        answered = np.isfinite(items).sum(axis=0)
        total = np.nansum(items, axis=0)
        scored = 100.0 * total / (np.maximum(answered, 1) * float(_TOP_LEVEL))
        return np.where(answered >= fewest, scored, np.nan)

    return _ITEMS.score(items, points)


def odi_band(points: ArrayLike) -> NDArray[np.object_]:
    """Name the band of disability of each score; missing scores have the band None.

    Parameters
    ----------
    points
        Scores from 0 to 100, shape (n,).

    Raises
    ------
    InstrumentError
        ``INS-012`` for scores outside 0 to 100, ``INS-009`` for what is no number.
    """
    scores = np.atleast_1d(float_array(points, "ODI"))
    if bad := count_true((scores < 0) | (scores > ODI_BANDS["bed_bound"])):
        raise InstrumentError(
            "INS-012", f"ODI: {bad} scores lie outside 0 to 100 points; score the answers again."
        )
    limits = np.fromiter(ODI_BANDS.values(), dtype="float64")
    names = np.array([*ODI_BANDS, None], dtype=object)
    place = np.searchsorted(limits, scores, side="left")
    return names[np.where(np.isnan(scores), len(ODI_BANDS), np.minimum(place, len(limits) - 1))]


def score_outcome(
    answers: pd.DataFrame, outcome: Outcome, _value_sets: Mapping[str, ValueSet]
) -> tuple[NDArray[np.float64], str]:
    """Score the raw answers of an outcome; returns the scores and the method in words."""
    how = f"100 x sum / (5 x answered), at most {outcome.max_missing_items} missing"
    return score_odi(answers, max_missing=outcome.max_missing_items), how
