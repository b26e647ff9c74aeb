r"""Covariance structures :math:`\Sigma(\theta)` with first and second derivatives.

Parameters are those of SAS PROC MIXED (variances and correlations; ``UN``, ``CS`` and ``TOEP`` in
covariances), because the Kenward-Roger correction depends on the parametrisation when
:math:`\Sigma` is not linear in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from multifidus.base.errors import StatisticsError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["STRUCTURE_NAMES", "Derivatives", "Structure", "by_group", "structure_for"]

STRUCTURE_NAMES: tuple[str, ...] = (
    "unstructured",
    "heterogeneous_toeplitz",
    "heterogeneous_ar1",
    "heterogeneous_compound_symmetry",
    "toeplitz",
    "ar1",
    "compound_symmetry",
)


@dataclass(frozen=True)
class Derivatives:
    """Value and derivatives of a structure at one point.

    Attributes
    ----------
    sigma
        Shape ``(m, m)``.
    first
        Shape ``(t, m, m)``.
    second
        Shape ``(t, t, m, m)``, or ``None`` for a structure that is linear in its parameters.
    """

    sigma: np.ndarray
    first: np.ndarray
    second: np.ndarray | None


@dataclass(frozen=True)
class Structure:
    """One covariance structure over ``m`` visits."""

    name: str
    parameter_names: tuple[str, ...]
    scales: Callable[[np.ndarray], np.ndarray]
    at: Callable[[np.ndarray], Derivatives]
    start: Callable[[np.ndarray], np.ndarray]

    @property
    def size(self) -> int:
        """Number of covariance parameters."""
        return len(self.parameter_names)


def structure_for(name: str, m: int) -> Structure:
    """Return the structure ``name`` over ``m`` visits.

    Raises
    ------
    StatisticsError
        ``STA-111`` for an unknown name.
    """
    if name not in STRUCTURE_NAMES:
        raise StatisticsError(
            "STA-111",
            f"No covariance structure `{name}`; choose one of {', '.join(STRUCTURE_NAMES)}.",
        )
    if m == 1:
        return _linear("one visit", ("var(1)",), np.ones((1, 1, 1)))
    if name == "unstructured":
        return _unstructured(m)
    if name == "compound_symmetry":
        basis = np.stack([np.ones((m, m)), np.eye(m)])
        return _linear(name, ("covariance", "residual"), basis)
    if name == "toeplitz":
        lag = _lags(m)
        basis = np.stack([(lag == k).astype(float) for k in range(m)])
        return _linear(name, tuple(f"band({k + 1})" for k in range(m)), basis)
    return _correlation_structure(name, m)


def by_group(structure: Structure, groups: tuple[str, ...]) -> Structure:
    """Return the structure with parameters of its own in each group, as one of blocks.

    Visits of all groups follow each other: those of the first, then those of the second.
    """
    count, t = len(groups), structure.size

    def blocks(sigma: np.ndarray) -> list[np.ndarray]:
        m = len(sigma) // count
        return [sigma[k * m : (k + 1) * m, k * m : (k + 1) * m] for k in range(count)]

    def at(theta: np.ndarray) -> Derivatives:
        parts = [structure.at(part) for part in theta.reshape(count, t)]
        m = len(parts[0].sigma)
        sigma = np.zeros((count * m, count * m))
        first = np.zeros((count * t, count * m, count * m))
        curved = parts[0].second is not None
        second = np.zeros((count * t, count * t, count * m, count * m)) if curved else None
        for k, part in enumerate(parts):
            own, these = slice(k * m, (k + 1) * m), slice(k * t, (k + 1) * t)
            sigma[own, own] = part.sigma
            first[these, own, own] = part.first
            if second is not None and part.second is not None:
                second[these, these, own, own] = part.second
        return Derivatives(sigma, first, second)

    def joined(each: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
        return lambda sigma: np.concatenate([each(block) for block in blocks(sigma)])

    names = tuple(f"{group}: {name}" for group in groups for name in structure.parameter_names)
    return Structure(structure.name, names, joined(structure.scales), at, joined(structure.start))


def _lags(m: int) -> np.ndarray:
    index = np.arange(m)
    return np.asarray(np.abs(index[:, None] - index[None, :]))


def _unstructured(m: int) -> Structure:
    rows, columns = np.tril_indices(m)
    basis = np.zeros((len(rows), m, m))
    basis[np.arange(len(rows)), rows, columns] = 1.0
    basis[np.arange(len(rows)), columns, rows] = 1.0
    names = tuple(f"cov({a + 1},{b + 1})" for a, b in zip(rows, columns, strict=True))
    return _linear("unstructured", names, basis)


def _linear(name: str, names: tuple[str, ...], basis: np.ndarray) -> Structure:
    """Return a structure that is a sum of parameters times fixed matrices."""
    design = basis.reshape(len(basis), -1).T

    def at(theta: np.ndarray) -> Derivatives:
        return Derivatives(np.tensordot(theta, basis, axes=1), basis, None)

    def start(sigma: np.ndarray) -> np.ndarray:
        return np.asarray(np.linalg.lstsq(design, sigma.ravel(), rcond=None)[0])

    def scales(sigma: np.ndarray) -> np.ndarray:
        spread = np.sqrt(np.outer(np.diag(sigma), np.diag(sigma)))
        weight = basis / basis.sum(axis=(1, 2), keepdims=True)
        return np.asarray((weight * spread).sum(axis=(1, 2)))

    return Structure(name, names, scales, at, start)


def _correlation_structure(name: str, m: int) -> Structure:
    """Return a structure of variances and correlations: AR(1), Toeplitz, exchangeable."""
    kind = name.removeprefix("heterogeneous_")
    hetero = name.startswith("heterogeneous_")
    owner = np.eye(m) if hetero else np.ones((1, m))
    variances = len(owner)
    lag = _lags(m)
    size = m - 1 if kind == "toeplitz" else 1
    labels = tuple(f"var({k + 1})" for k in range(variances))
    labels += ("rho",) if size == 1 else tuple(f"rho({k + 1})" for k in range(size))

    def at(theta: np.ndarray) -> Derivatives:
        corr = _correlation(kind, theta[variances:], lag)
        return _scale_correlation(theta[:variances], owner, corr)

    def start(sigma: np.ndarray) -> np.ndarray:
        diagonal = np.diag(sigma)
        corr = sigma / np.sqrt(np.outer(diagonal, diagonal))
        head = diagonal if hetero else np.array([diagonal.mean()])
        bands = np.array([corr[lag == k].mean() for k in range(1, m)])
        off = corr[lag > 0].mean()
        tail = {"ar1": bands[:1], "compound_symmetry": np.array([off])}.get(kind, bands)
        return np.concatenate([head, np.clip(tail, -0.9 / m, 0.95)])

    def scales(sigma: np.ndarray) -> np.ndarray:
        head = np.diag(sigma) if hetero else np.array([sigma[0, 0]])
        return np.concatenate([head, np.ones(size)])

    return Structure(name, labels, scales, at, start)


def _correlation(
    kind: str, rho: np.ndarray, lag: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the correlation matrix and its first and second derivatives in ``rho``."""
    m = len(lag)
    off = lag > 0
    second = np.zeros((len(rho), len(rho), m, m))
    if kind == "toeplitz":
        first = np.stack([(lag == k + 1).astype(float) for k in range(m - 1)])
        return np.eye(m) + np.tensordot(rho, first, axes=1), first, second
    if kind == "compound_symmetry":
        return np.where(off, rho[0], 1.0), off.astype(float)[None], second
    value = rho[0]
    first = np.where(off, lag * value ** np.maximum(lag - 1, 0), 0.0)[None]
    second[0, 0] = np.where(lag > 1, lag * (lag - 1) * value ** np.maximum(lag - 2, 0), 0.0)
    return np.where(off, value**lag, 1.0), first, second


def _scale_correlation(
    variance: np.ndarray, owner: np.ndarray, corr: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> Derivatives:
    r"""Combine variances and correlations: :math:`\Sigma_{ab} = \sqrt{v_a v_b}\,R_{ab}`."""
    matrix, corr_first, corr_second = corr
    with np.errstate(invalid="ignore"):
        spread = np.sqrt(variance @ owner)
    scale = np.outer(spread, spread)
    sigma = scale * matrix
    # half the number of times visit a or b takes its variance from parameter i
    share = 0.5 * (owner[:, :, None] + owner[:, None, :])
    inverse = 1.0 / variance
    head = share * inverse[:, None, None] * sigma
    tail = scale * corr_first
    t, v = len(variance) + len(tail), len(variance)
    second = np.zeros((t, t, *sigma.shape))
    twice = share[:, None] * share[None, :] - share[:, None] * np.eye(v)[:, :, None, None]
    second[:v, :v] = twice * np.outer(inverse, inverse)[:, :, None, None] * sigma
    mixed = share[:, None] * inverse[:, None, None, None] * tail[None]
    second[:v, v:] = mixed
    second[v:, :v] = mixed.swapaxes(0, 1)
    second[v:, v:] = scale * corr_second
    return Derivatives(sigma, np.concatenate([head, tail]), second)
