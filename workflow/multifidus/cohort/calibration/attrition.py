"""What a likelihood model that uses every visit says of the change, beside completed cases.

The trial's supporting mixed model was weaker than the completed cases; its figures were never
published. The cohort has the same property because people without benefit leave more often. Here
it is checked by the EM algorithm for a multivariate normal with missing values (Dempster, Laird and
Rubin, 1977, 10.1111/j.2517-6161.1977.tb01600.x), whose maximum is that of an unstructured model for
baseline and all visits. The report's own model is fitted elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

__all__ = ["likelihood_means"]

_MAX_ROUNDS = 300
_TOLERANCE = 1e-5


def likelihood_means(values: FloatArray) -> FloatArray:
    """Return maximum-likelihood means of a multivariate normal with values missing at random.

    Parameters
    ----------
    values
        Scores, shape (persons, visits), NaN where missing; the first column complete.

    Returns
    -------
    ndarray
        Means, shape (visits,).
    """
    missing = np.isnan(values)
    patterns, which = np.unique(missing, axis=0, return_inverse=True)
    which = which.ravel()
    means = np.nanmean(values, axis=0)
    covariance = np.diag(np.nanvar(values, axis=0))
    spread = np.sqrt(np.diag(covariance))
    for _ in range(_MAX_ROUNDS):
        filled = values.copy()
        correction = np.zeros_like(covariance)
        for number, gone in enumerate(patterns):
            if not gone.any():
                continue
            rows, known = which == number, ~gone
            slope = np.linalg.solve(
                covariance[np.ix_(known, known)], covariance[np.ix_(known, gone)]
            )
            centred = values[np.ix_(rows, known)] - means[known]
            filled[np.ix_(rows, gone)] = means[gone] + centred @ slope
            left = covariance[np.ix_(gone, gone)] - covariance[np.ix_(gone, known)] @ slope
            correction[np.ix_(gone, gone)] += rows.sum() * left
        new = filled.mean(axis=0)
        deviation = filled - new
        wider = (deviation.T @ deviation + correction) / len(values)
        moved = max(
            float(np.max(np.abs(new - means) / spread)),
            float(np.max(np.abs(wider - covariance) / np.outer(spread, spread))),
        )
        means, covariance = new, wider
        if moved < _TOLERANCE:
            break
    return np.asarray(means)
