r"""The partial likelihood of Cox with ties by Efron or Breslow, stratified.

At an event time with :math:`d` events, Efron's denominators are
:math:`\sum_{R} e^{\eta} - (l/d)\sum_{D} e^{\eta}`, :math:`l = 0 \ldots d-1`, with :math:`R`
those at risk and :math:`D` those with the event (Efron 1977, JASA 72:557-565); Breslow's have
:math:`l = 0`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["PartialLikelihood", "partial_likelihood"]


@dataclass(frozen=True)
class _Stratum:
    """Participants of one stratum by time, latest first.

    Attributes
    ----------
    rows
        Their numbers, shape ``(n,)``.
    ends
        For each distinct event time how many are at risk, shape ``(g,)``.
    dead, member
        Places of those with the event, ``(d,)``, and the number of their event time.
    share
        Efron's ``l/d`` of each event, shape ``(d,)``.
    """

    rows: np.ndarray
    ends: np.ndarray
    dead: np.ndarray
    member: np.ndarray
    share: np.ndarray


@dataclass(frozen=True)
class PartialLikelihood:
    """Callable: coefficients ``(p,)`` to log-likelihood, gradient and information."""

    x: np.ndarray
    strata: tuple[_Stratum, ...]

    def __call__(self, beta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Return the log partial likelihood with its derivatives."""
        p = self.x.shape[1]
        value, gradient, information = 0.0, np.zeros(p), np.zeros((p, p))
        for stratum in self.strata:
            x = self.x[stratum.rows]
            eta = x @ beta
            eta = eta - eta.max()
            risk = np.exp(eta)
            weighted = risk[:, None] * x
            square = weighted[:, :, None] * x[:, None, :]
            s0, s1, s2 = (_denominators(each, stratum) for each in (risk, weighted, square))
            mean = s1 / s0[:, None]
            value += float(eta[stratum.dead].sum() - np.log(s0).sum())
            gradient += x[stratum.dead].sum(axis=0) - mean.sum(axis=0)
            information += (s2 / s0[:, None, None]).sum(axis=0) - mean.T @ mean
        return value, gradient, (information + information.T) / 2


def _denominators(values: np.ndarray, stratum: _Stratum) -> np.ndarray:
    """Return for each event the sum over those at risk less Efron's share of the events."""
    at_risk = np.cumsum(values, axis=0)[stratum.ends - 1]
    own = np.zeros_like(at_risk)
    np.add.at(own, stratum.member, values[stratum.dead])
    share = stratum.share.reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(at_risk[stratum.member] - share * own[stratum.member])


def partial_likelihood(
    x: np.ndarray, time: np.ndarray, event: np.ndarray, stratum: np.ndarray, *, efron: bool
) -> PartialLikelihood:
    """Return the likelihood; strata without an event take no part.

    Parameters
    ----------
    x
        Columns, shape ``(n, p)``.
    time, event, stratum
        Times with rounding settled, whether they end with the event, numbers of stratum, ``(n,)``.
    """
    parts = []
    for number in np.unique(stratum[event]):
        rows = np.flatnonzero(stratum == number)
        rows = rows[np.argsort(-time[rows], kind="stable")]
        late = time[rows]
        dead = np.flatnonzero(event[rows])
        distinct, member, count = np.unique(-late[dead], return_inverse=True, return_counts=True)
        ends = np.searchsorted(-late, distinct, side="right")
        rank = np.arange(len(dead)) - np.concatenate([[0], np.cumsum(count)[:-1]])[member]
        share = rank / count[member] if efron else np.zeros(len(dead))
        parts.append(_Stratum(rows, ends, dead, member, share))
    return PartialLikelihood(x, tuple(parts))
