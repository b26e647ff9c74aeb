"""Example data: a small published data set and simulated trials.

Used by the method pages, the tests and the benchmark.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["growth", "trial"]

# Potthoff and Roy (1964), Biometrika 51:313-326, table 1: distance in mm at ages 8, 10, 12, 14.
_GIRLS = """21 20 21.5 23|21 21.5 24 25.5|20.5 24 24.5 26|23.5 24.5 25 26.5|21.5 23 22.5 23.5
20 21 21 22.5|21.5 22.5 23 25|23 23 23.5 24|20 21 22 21.5|16.5 19 19 19.5|24.5 25 28 28"""
_BOYS = """26 25 29 31|21.5 22.5 23 26.5|23 22.5 24 27.5|25.5 27.5 26.5 27|20 23.5 22.5 26
24.5 25.5 27 28.5|22 22 24.5 26.5|24 21.5 24.5 25.5|23 20.5 31 26|27.5 28 31 31.5
23 23 23.5 25|21.5 23.5 24 28|17 24.5 26 29.5|22.5 25.5 25.5 26|23 24.5 26 30|22 21.5 23.5 25"""


def growth() -> pd.DataFrame:
    """Return Potthoff and Roy's growth data, one row per child and age."""
    rows = [
        [float(x) for x in child.split()]
        for text in (_GIRLS, _BOYS)
        for child in text.replace("\n", "|").split("|")
    ]
    n = len(rows)
    return pd.DataFrame(
        {
            "child": np.repeat(np.arange(n), 4),
            "age": np.tile([8.0, 10.0, 12.0, 14.0], n),
            "occasion": np.tile(["1", "2", "3", "4"], n),
            "sex": np.repeat(["F", "M"], [44, 64]),
            "distance": np.ravel(rows),
        }
    )


def trial(n: int = 60, m: int = 4, *, seed: int = 1, missing: float = 0.25) -> pd.DataFrame:
    """Return a simulated two-arm trial with missing outcomes, one row per participant and visit.

    Parameters
    ----------
    n, m
        Participants and visits.
    seed
        Root of the random numbers.
    missing
        Share of outcomes missing, completely at random.
    """
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(m, m))
    sigma = 50 * (root @ root.T / m + np.eye(m))
    treated = np.arange(n) % 2
    baseline = rng.normal(70, 10, n)
    effect = -5 * np.arange(1, m + 1) / m
    y = rng.multivariate_normal(np.zeros(m), sigma, n)
    y += treated[:, None] * effect + 0.5 * (baseline[:, None] - 70)
    y[rng.random((n, m)) < missing] = np.nan
    return pd.DataFrame(
        {
            "id": np.repeat([f"P{k:05d}" for k in range(n)], m),
            "visit": np.tile([f"v{k}" for k in range(m)], n),
            "arm": np.repeat(np.where(treated, "treatment", "control"), m),
            "baseline": np.repeat(baseline, m),
            "change": y.ravel(),
        }
    )
