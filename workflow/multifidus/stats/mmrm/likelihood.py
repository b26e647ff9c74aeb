r"""Restricted and full log-likelihood with analytic gradient and Hessian in :math:`\Sigma`.

Notation follows Kenward and Roger (1997): :math:`W_k = \Sigma_k^{-1}` for visit pattern ``k``,
:math:`\Phi = (\sum X_i^T W X_i)^{-1}`, :math:`P_h = -\sum X_i^T W B_h W X_i`, where
:math:`B_h = \partial\Sigma/\partial\theta_h`. Sums run over the pseudo-participants of
:mod:`multifidus.stats.mmrm.compression`. All quantities are first found in the elements of
:math:`\Sigma` and carried to a structure's parameters by the chain rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

if TYPE_CHECKING:
    from multifidus.stats.mmrm.compression import Compressed
    from multifidus.stats.mmrm.structures import Derivatives

__all__ = [
    "Curvature",
    "State",
    "curvature",
    "evaluate",
    "expected_information",
    "slope_in_elements",
]


@dataclass(frozen=True)
class State:
    """The likelihood at one covariance matrix.

    Attributes
    ----------
    deviance
        -2 (restricted) log-likelihood of the scaled problem, with its constant.
    beta, phi
        Generalised least squares estimate, shape ``(p,)``, and its covariance, ``(p, p)``.
    weight
        Inverse covariance per pattern, zero at unseen visits, shape ``(k, m, m)``.
    wx, wr
        ``W X`` and ``W (y - X beta)`` per pseudo-participant, ``(r, m, p)`` and ``(r, m)``.
    """

    deviance: float
    beta: np.ndarray
    phi: np.ndarray
    weight: np.ndarray
    wx: np.ndarray
    wr: np.ndarray


@dataclass(frozen=True)
class Curvature:
    """Derivatives of the deviance in a structure's ``t`` parameters.

    Attributes
    ----------
    gradient, hessian
        Shapes ``(t,)`` and ``(t, t)``; the Hessian is the observed one.
    p_matrices
        ``P_h``, shape ``(t, p, p)``.
    """

    gradient: np.ndarray
    hessian: np.ndarray
    p_matrices: np.ndarray


def evaluate(data: Compressed, sigma: np.ndarray, *, reml: bool) -> State | None:
    """Return the likelihood at ``sigma``, or ``None`` outside the positive-definite cone."""
    inverse = _pattern_inverses(data.masks, sigma)
    if inverse is None:
        return None
    weight, logdet = inverse
    wx = weight[data.pattern] @ data.x
    wy = np.einsum("rab,rb->ra", weight[data.pattern], data.y)
    p = data.x.shape[2]
    flat = data.x.reshape(-1, p)
    information = flat.T @ wx.reshape(-1, p)
    try:
        factor = linalg.cho_factor((information + information.T) / 2, lower=True)
    except linalg.LinAlgError:
        return None
    beta = linalg.cho_solve(factor, flat.T @ wy.ravel())
    residual = data.y - data.x @ beta
    wr = np.einsum("rab,rb->ra", weight[data.pattern], residual)
    deviance = float(data.counts @ logdet) + float(np.vdot(residual, wr))
    deviance += (data.rows - p * reml) * np.log(2.0 * np.pi)
    if reml:
        deviance += 2.0 * float(np.log(np.diag(factor[0])).sum())
    phi = linalg.cho_solve(factor, np.eye(p))
    return State(deviance, beta, (phi + phi.T) / 2, weight, wx, wr)


def _pattern_inverses(masks: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return zero-padded inverses and log-determinants of ``sigma`` per visit pattern."""
    if not np.isfinite(sigma).all():
        return None
    both = masks[:, :, None] & masks[:, None, :]
    padded = np.where(both, sigma, 0.0) + np.eye(len(sigma)) * ~masks[:, :, None]
    try:
        lower = np.linalg.cholesky(padded)
    except np.linalg.LinAlgError:
        return None
    logdet = 2.0 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    half = np.linalg.solve(lower, np.broadcast_to(np.eye(len(sigma)), padded.shape))
    inverse = half.swapaxes(1, 2) @ half
    return np.where(both, inverse, 0.0), logdet


def curvature(data: Compressed, state: State, at: Derivatives, *, reml: bool) -> Curvature:
    """Return gradient, observed Hessian and ``P_h`` of the deviance at ``state``."""
    m, p = data.x.shape[1:]
    basis = at.first.reshape(len(at.first), -1)
    fitted, residual = _pattern_sums(data, state)
    spread = residual + fitted if reml else residual
    counted = data.counts[:, None, None] * state.weight
    slope = (counted - spread).sum(axis=0)
    second = _quartic(state.weight, 2.0 * spread - counted)
    p_elements = _p_elements(state.wx)
    cross = np.einsum("rap,rb->abp", state.wx, state.wr, optimize=True).reshape(m * m, p)
    a = -basis @ cross
    p_flat = basis @ p_elements.reshape(m * m, p * p)
    hessian = basis @ second @ basis.T - 2.0 * a @ state.phi @ a.T
    p_matrices = p_flat.reshape(-1, p, p)
    if reml:
        hessian -= _phi_products(p_matrices, state.phi)
    if at.second is not None:
        hessian += np.tensordot(at.second, slope, axes=([2, 3], [0, 1]))
    return Curvature(basis @ slope.ravel(), (hessian + hessian.T) / 2, p_matrices)


def slope_in_elements(data: Compressed, state: State, *, reml: bool) -> np.ndarray:
    """Return the derivative of the deviance in the elements of the covariance, ``(m, m)``."""
    fitted, residual = _pattern_sums(data, state)
    counted = data.counts[:, None, None] * state.weight
    return np.asarray((counted - residual - (fitted if reml else 0.0)).sum(axis=0))


def expected_information(
    data: Compressed, state: State, at: Derivatives, *, reml: bool
) -> np.ndarray:
    """Return the expected Hessian of the deviance, for Fisher scoring, shape ``(t, t)``."""
    m, p = data.x.shape[1:]
    basis = at.first.reshape(len(at.first), -1)
    counted = data.counts[:, None, None] * state.weight
    if not reml:
        return np.asarray(basis @ _quartic(state.weight, counted) @ basis.T)
    fitted, _ = _pattern_sums(data, state)
    p_flat = basis @ _p_elements(state.wx).reshape(m * m, p * p)
    information = basis @ _quartic(state.weight, counted - 2.0 * fitted) @ basis.T
    return np.asarray(information + _phi_products(p_flat.reshape(-1, p, p), state.phi))


def _pattern_sums(data: Compressed, state: State) -> tuple[np.ndarray, np.ndarray]:
    """Return per pattern the sums of ``W X Phi X' W`` and of ``W r r' W``, ``(k, m, m)``."""
    fitted = (state.wx @ state.phi) @ state.wx.swapaxes(1, 2)
    residual = state.wr[:, :, None] * state.wr[:, None, :]
    return (
        np.add.reduceat(fitted, data.starts, axis=0),
        np.add.reduceat(residual, data.starts, axis=0),
    )


def _quartic(weight: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return ``T[ab, cd]`` with ``B_h T B_j`` = sum over patterns of ``tr(W B_j other B_h)``."""
    k, m = weight.shape[:2]
    product = weight.reshape(k, m * m).T @ other.reshape(k, m * m)
    # product[(b, c), (a, d)] -> T[(a, b), (c, d)]
    tensor = product.reshape(m, m, m, m).transpose(2, 0, 1, 3).reshape(m * m, m * m)
    return np.asarray((tensor + tensor.T) / 2)


def _p_elements(wx: np.ndarray) -> np.ndarray:
    """Return minus the sums of ``(W X)_a' (W X)_b``, symmetrised in ``a, b``: ``(m, m, p, p)``."""
    r, m, p = wx.shape
    flat = wx.reshape(r, m * p)
    gram = (flat.T @ flat).reshape(m, p, m, p).transpose(0, 2, 1, 3)
    return np.asarray(-(gram + gram.swapaxes(0, 1)) / 2)


def _phi_products(p_matrices: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Return ``tr(Phi P_h Phi P_j)``, shape ``(t, t)``."""
    left = (phi @ p_matrices).reshape(len(p_matrices), -1)
    right = (p_matrices @ phi).reshape(len(p_matrices), -1)
    return np.asarray(left @ right.T)
