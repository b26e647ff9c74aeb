r"""The joint normal model as a sequence of regressions, and draws from its posterior.

.. math:: y_t = z\gamma_t + \sum_{s<t} a_{ts} y_s + \sigma_t e_t

for visits :math:`t = 1 \ldots m` and covariates :math:`z`. A monotone pattern makes the posterior
of each regression closed (Rubin 1987, section 5.3); gaps before the last observed visit are filled
by monotone data augmentation (Schafer 1997, Analysis of Incomplete Multivariate Data, section
6.5), each chain being one slice of the arrays' first axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from multifidus.base.errors import StatisticsError

__all__ = ["Gaps", "Parameters", "draw_parameters", "fill_gaps", "fill_tails", "find_gaps"]

_COLLINEAR = 1e-10


@dataclass(frozen=True)
class Parameters:
    """One posterior draw per chain.

    Attributes
    ----------
    gamma
        Coefficients of the covariates, shape ``(c, m, q)``.
    a
        Coefficients of earlier visits, strictly lower triangular, shape ``(c, m, m)``.
    sigma
        Residual standard deviations, shape ``(c, m)``.
    """

    gamma: np.ndarray
    a: np.ndarray
    sigma: np.ndarray

    def means(self, z: np.ndarray) -> np.ndarray:
        """Return marginal means for covariate rows ``z`` ``(n, q)``, shape ``(c, n, m)``."""
        m = self.a.shape[1]
        total = np.linalg.solve(np.eye(m) - self.a, self.gamma)
        return np.asarray(z @ total.swapaxes(1, 2))


@dataclass(frozen=True)
class Gaps:
    """Participants with one pattern of gaps before their last observed visit."""

    rows: np.ndarray
    missing: np.ndarray
    observed: np.ndarray
    offset: int


def find_gaps(outcomes: np.ndarray, last: np.ndarray) -> tuple[Gaps, ...]:
    """Return the gap patterns; ``offset`` counts the values missing in patterns before."""
    visits = np.arange(outcomes.shape[1])
    gap = np.isnan(outcomes) & (visits < last[:, None])
    patterns: dict[tuple[int, tuple[bool, ...]], list[int]] = {}
    for row in np.flatnonzero(gap.any(axis=1)):
        key = (int(last[row]), tuple(bool(x) for x in gap[row]))
        patterns.setdefault(key, []).append(int(row))
    found = []
    offset = 0
    for (end, pattern), rows in sorted(patterns.items()):
        missing = np.flatnonzero(pattern)
        observed = np.setdiff1d(np.arange(end + 1), missing)
        found.append(Gaps(np.array(rows), missing, observed, offset))
        offset += len(rows) * len(missing)
    return tuple(found)


def draw_parameters(
    z: np.ndarray,
    filled: np.ndarray,
    rows_at: np.ndarray,
    normals: np.ndarray,
    chi_squares: np.ndarray,
) -> Parameters:
    r"""Draw :math:`(\gamma_t, a_t, \sigma_t)` for every chain.

    Prior :math:`p(\gamma_t, a_t, \sigma_t^2) \propto \sigma_t^{-2}` for each regression.

    Parameters
    ----------
    z
        Covariates, shape ``(n, q)``, participants sorted by last observed visit, latest first.
    filled
        Outcomes with gaps filled, shape ``(c or 1, n, m)``.
    rows_at
        For each visit, how many leading participants are observed then or later, shape ``(m,)``.
    normals, chi_squares
        Standard normal draws ``(c, sum of coefficients)`` and chi-square draws ``(c, m)``.
    """
    c, q, m = len(normals), z.shape[1], filled.shape[2]
    gamma, a, sigma = np.zeros((c, m, q)), np.zeros((c, m, m)), np.zeros((c, m))
    joined = np.concatenate([np.broadcast_to(z, (len(filled), *z.shape)), filled], axis=2)
    place = 0
    for t in range(m):
        size = q + t
        used = joined[:, : rows_at[t], : size + 1]
        gram = used.swapaxes(1, 2) @ used
        lower = _cholesky(gram[:, :size, :size], t)
        half = np.linalg.solve(lower, gram[:, :size, size:])
        spread = gram[:, size, size] - (half**2).sum(axis=(1, 2))
        floor = 1e-14 * gram[:, size, size]
        scale = np.sqrt(np.maximum(spread, floor) / chi_squares[:, t])
        noise = scale[:, None] * normals[:, place : place + size]
        beta = np.linalg.solve(lower.swapaxes(1, 2), half + noise[:, :, None])[:, :, 0]
        gamma[:, t], a[:, t, :t], sigma[:, t] = beta[:, :q], beta[:, q:], scale
        place += size
    return Parameters(gamma, a, sigma)


def _cholesky(gram: np.ndarray, visit: int) -> np.ndarray:
    """Return lower triangles; refuse regressors that depend on each other."""
    size = gram.shape[1]
    diagonal = np.diagonal(gram, axis1=1, axis2=2)
    try:
        lower = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        lower = np.zeros_like(gram)
    # squared share of each regressor that earlier ones do not explain: 1 - R^2
    own = np.diagonal(lower, axis1=1, axis2=2) ** 2
    if size and (own <= _COLLINEAR * diagonal).any():
        raise StatisticsError(
            "STA-252",
            f"The imputation model of visit {visit + 1} has collinear covariates or visits; "
            "leave one out.",
        )
    return np.asarray(lower)


def fill_gaps(
    parameters: Parameters,
    z: np.ndarray,
    filled: np.ndarray,
    gaps: tuple[Gaps, ...],
    normals: np.ndarray,
) -> None:
    """Draw the gaps of every chain given all observed values, into ``filled`` in place."""
    unit = np.eye(filled.shape[2]) - parameters.a
    root = unit / parameters.sigma[:, :, None]
    profile = parameters.means(z) if gaps else filled
    for gap in gaps:
        end = int(gap.observed[-1]) + 1
        head = root[:, :end, :end]
        precision = head.swapaxes(1, 2) @ head
        inner = precision[:, gap.missing[:, None], gap.missing]
        cross = precision[:, gap.missing[:, None], gap.observed]
        mean = profile[:, gap.rows]
        rows = gap.rows[:, None]
        off = filled[:, rows, gap.observed] - mean[:, :, gap.observed]
        lower = np.linalg.cholesky(inner)
        count = len(gap.rows) * len(gap.missing)
        draws = normals[:, gap.offset : gap.offset + count]
        draws = draws.reshape(len(draws), len(gap.missing), len(gap.rows))
        pull = np.linalg.solve(lower, cross @ off.swapaxes(1, 2))
        shift = np.linalg.solve(lower.swapaxes(1, 2), draws - pull)
        filled[:, rows, gap.missing] = mean[:, :, gap.missing] + shift.swapaxes(1, 2)


def fill_tails(
    parameters: Parameters,
    centre: np.ndarray,
    filled: np.ndarray,
    last: np.ndarray,
    normals: np.ndarray,
    *,
    borrowed: tuple[Parameters, np.ndarray] | None = None,
) -> None:
    """Draw visits after the last observed one, sequentially about ``centre``, in place.

    Parameters
    ----------
    centre
        Mean profile of each participant under its strategy, shape ``(c, n, m)``.
    last
        Index of the last observed visit, -1 for none, shape ``(n,)``, descending.
    normals
        One standard normal draw per value to fill, shape ``(c, k)``, visit by visit.
    borrowed
        Other parameters and the visits that follow them instead, shape ``(n, m)``.
    """
    place = 0
    for t in range(filled.shape[2]):
        rows = np.flatnonzero(last < t)
        if not len(rows):
            continue
        start = int(rows[0])
        off = filled[:, start:, :t] - centre[:, start:, :t]
        pull = (off @ parameters.a[:, t, :t, None])[:, :, 0]
        size = parameters.sigma[:, t, None]
        if borrowed is not None:
            other, use = borrowed[0], borrowed[1][start:, t]
            pull = np.where(use, (off @ other.a[:, t, :t, None])[:, :, 0], pull)
            size = np.where(use, other.sigma[:, t, None], size)
        noise = size * normals[:, place : place + len(rows)]
        filled[:, start:, t] = centre[:, start:, t] + pull + noise
        place += len(rows)
