"""The shapes in which this room answers: an estimate with its interval, a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Estimate", "FTest", "Interval", "as_frame", "t_estimate"]


@dataclass(frozen=True)
class Interval:
    """A point estimate with two-sided limits.

    Attributes
    ----------
    estimate, ci_lower, ci_upper
        On the scale the ``method`` names.
    alpha
        One minus the confidence level.
    method
        One phrase naming the variant.
    """

    estimate: float
    ci_lower: float
    ci_upper: float
    alpha: float
    method: str


@dataclass(frozen=True)
class Estimate:
    """A t-based estimate: value, standard error, degrees of freedom, test, limits."""

    label: str
    estimate: float
    se: float
    df: float
    t: float
    p_value: float
    ci_lower: float
    ci_upper: float
    alpha: float
    method: str


@dataclass(frozen=True)
class FTest:
    """An F test of several linear combinations of the fixed effects."""

    label: str
    numerator_df: int
    denominator_df: float
    f: float
    p_value: float
    method: str


def t_estimate(
    label: str, value: float, se: float, df: float, *, alpha: float, method: str
) -> Estimate:
    """Return the two-sided t test of ``value = 0`` and its limits.

    With ``se`` = 0 the test is degenerate: p is 0 where the value differs from 0, else ``NaN``.
    """
    width = float(stats.t.isf(alpha / 2, df)) * se if df > 0 else np.nan
    if se > 0:
        t = value / se
        p = float(2 * stats.t.sf(abs(t), df))
    else:
        t = float(np.sign(value)) * np.inf if value else np.nan
        p = 0.0 if value else np.nan
    return Estimate(label, value, se, df, t, p, value - width, value + width, alpha, method)


def as_frame(rows: Sequence[object]) -> pd.DataFrame:
    """Return a frame with one row per dataclass instance, columns in field order."""
    return pd.DataFrame([vars(row) for row in rows])
