"""Pooled effects of each therapy and outcome, and how far they rest on single studies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit

from multifidus.literature.synthesis.effects import latest_per_study, refuse_overlap
from multifidus.literature.synthesis.estimators import Pooled, meta_regression, pool_effects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from multifidus.literature.synthesis.estimators import Test

__all__ = ["PERIODS", "synthesise"]

PERIODS = {"year 1": (6, 18), "year 2": (19, 30), "year 3 and later": (31, 600)}
"""Months of follow-up by period, both ends in."""
_TEST: Test = "modified_knapp_hartung"
_FEWEST, _FEWEST_REGRESSION = 2, 4
_NUMBERS = (
    "studies",
    "estimate",
    "lower",
    "upper",
    "se",
    "p",
    "tau2",
    "i2",
    "q",
    "q_p",
    "prediction_lower",
    "prediction_upper",
)


def synthesise(effects: pd.DataFrame) -> pd.DataFrame:
    """Pool the effects of each therapy and outcome in every way that the studies allow.

    Parameters
    ----------
    effects
        As :func:`multifidus.literature.synthesis.effects.standard_effects` gives them.

    Returns
    -------
    pandas.DataFrame
        One row per ``therapy``, ``outcome``, ``analysis`` (``latest``, a period, ``without
        <study>``, ``slope per year``), ``estimator``; then the numbers. Shares are in per cent;
        tau2 and the standard error of a share are on the logit scale. Every analysis holds each
        study once, at its longest follow-up, with modified Knapp-Hartung limits; two or
        more studies are needed, four for the slope.

    Raises
    ------
    LiteratureError
        ``LIT-014`` where studies that share participants would be pooled.
    """
    rows = []
    for (therapy, outcome), group in effects.groupby(["therapy", "outcome"], sort=True):
        for analysis, estimator, fit in _analyses(group):
            logit = group["measure"].iloc[0] == "logit" and analysis != "slope per year"
            rows.append((therapy, outcome, analysis, estimator, *_numbers(fit, logit=logit)))
    head = ["therapy", "outcome", "analysis", "estimator"]
    return pd.DataFrame(rows, columns=[*head, *_NUMBERS])


def _analyses(group: pd.DataFrame) -> Iterator[tuple[str, str, Pooled]]:
    latest = latest_per_study(group)
    refuse_overlap(latest)
    if len(latest) >= _FEWEST:
        for estimator in ("reml", "dl", "pm"):
            y, errors = latest["effect"], latest["error"]
            yield "latest", estimator, pool_effects(y, errors, estimator=estimator, test=_TEST)
    for name, (first, last) in PERIODS.items():
        period = latest_per_study(group[group["months"].between(first, last)])
        if len(period) >= _FEWEST:
            yield name, "reml", pool_effects(period["effect"], period["error"], test=_TEST)
    if len(latest) > _FEWEST:
        for study in latest["study"]:
            rest = latest[latest["study"] != study]
            yield (
                f"without {study}",
                "reml",
                pool_effects(rest["effect"], rest["error"], test=_TEST),
            )
    years = latest["months"].astype(float) / 12
    if len(latest) >= _FEWEST_REGRESSION and years.min() < years.max():
        fit = meta_regression(latest["effect"], latest["error"], years, test=_TEST)
        yield "slope per year", "reml", fit


def _numbers(fit: Pooled, *, logit: bool) -> tuple[float, ...]:
    """Give the last coefficient (the mean, or the slope) and what belongs to it."""
    places = np.array([fit.estimate[-1], fit.lower[-1], fit.upper[-1], *fit.prediction])
    estimate, lower, upper, low, high = 100 * expit(places) if logit else places
    rest = (fit.se[-1], fit.p[-1], fit.tau2, fit.i2, fit.q, fit.q_p)
    return (fit.studies, *(float(x) for x in (estimate, lower, upper, *rest, low, high)))
