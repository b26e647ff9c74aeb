"""Coefficients in the units of their columns, with limits by the profile likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multifidus.stats.regression.design import (
    INTERCEPT,
    Coefficient,
    coefficient,
    standardised,
)
from multifidus.stats.regression.maximise import profile_limits, profile_maximum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multifidus.stats.regression.maximise import Likelihood, Maximum

__all__ = ["profiled_coefficients", "scaled_columns"]


def scaled_columns(x: np.ndarray, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return columns of unit spread, and the matrix that turns their coefficients back.

    They are centred where the model has an intercept, which takes up the centres.
    """
    scaled, centre, spread = standardised(x)
    back = np.diag(1.0 / spread)
    if INTERCEPT in columns:
        place = columns.index(INTERCEPT)
        back[place] -= centre / spread
        back[place, place] = 1.0
        return scaled, back
    return x / spread, back


def profiled_coefficients(
    likelihood: Likelihood,
    maximum: Maximum,
    back: np.ndarray,
    columns: Sequence[str],
    alpha: float,
) -> tuple[Coefficient, ...]:
    """Return the coefficients; the intercept has neither profile limits nor a profile test."""
    beta, spread = back @ maximum.beta, back @ maximum.covariance @ back.T
    answers = []
    for place, name in enumerate(columns):
        profile, test = (float("nan"), float("nan")), float("nan")
        if name != INTERCEPT:
            unit = float(back[place, place])
            low, high = profile_limits(likelihood, maximum, place, alpha)
            profile = (low * unit, high * unit)
            without, _ = profile_maximum(likelihood, place, 0.0, maximum.beta)
            test = 2.0 * (maximum.value - without)
        se = float(np.sqrt(spread[place, place]))
        answers.append(
            coefficient(
                name, float(beta[place]), se, alpha=alpha, profile=profile, likelihood_ratio=test
            )
        )
    return tuple(answers)
