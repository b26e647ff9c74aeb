"""Newton's method on the covariance parameters, kept inside the positive-definite cone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg, optimize

from multifidus.stats.mmrm.likelihood import (
    Curvature,
    State,
    curvature,
    evaluate,
    expected_information,
    slope_in_elements,
)

if TYPE_CHECKING:
    from multifidus.stats.mmrm.compression import Compressed
    from multifidus.stats.mmrm.structures import Derivatives, Structure

__all__ = ["NotFittedError", "Optimum", "maximise", "search_cholesky"]

GRADIENT_TOLERANCE = 1e-8
_FLOOR_DECREMENT = 1e-13
_MAX_ITERATIONS = 200
_MAX_HALVINGS = 40
_SINGULAR = 1e-9
_FLAT = 1e-13


class NotFittedError(Exception):
    """A structure cannot be fitted to the data; the text says why."""


@dataclass(frozen=True)
class Optimum:
    """A maximum of the likelihood, with what inference needs there.

    Attributes
    ----------
    theta
        Covariance parameters of the scaled problem, shape ``(t,)``.
    gradient
        Largest absolute gradient at the end, each parameter in units of its own scale.
    """

    theta: np.ndarray
    at: Derivatives
    state: State
    curvature: Curvature
    gradient: float
    iterations: int
    scoring_steps: int


def maximise(data: Compressed, structure: Structure, start: np.ndarray, *, reml: bool) -> Optimum:
    """Maximise the (restricted) likelihood of ``structure`` from the matrix ``start``.

    Newton steps with the observed Hessian; where it is not positive definite, Fisher scoring;
    steps are halved until the likelihood rises inside the cone. Stops when the largest scaled
    gradient is below 1e-8, or no longer falls while the Newton decrement is at the rounding floor.

    Raises
    ------
    NotFittedError
        No interior maximum was found or the Hessian there is singular.
    """
    theta, at, state = _first_point(data, structure, start, reml=reml)
    scoring, previous = 0, np.inf
    for iteration in range(_MAX_ITERATIONS):
        bend = curvature(data, state, at, reml=reml)
        scale = structure.scales(at.sigma)
        gradient = bend.gradient * scale
        largest = float(np.abs(gradient).max())
        hessian = bend.hessian * np.outer(scale, scale)
        step, newton = _direction(gradient, hessian)
        decrement = float(-gradient @ step) if newton else np.inf
        stalled = decrement < _FLOOR_DECREMENT and largest > previous / 2
        if newton and (largest < GRADIENT_TOLERANCE or stalled):
            _refuse_flat(hessian)
            return Optimum(theta, at, state, bend, largest, iteration, scoring)
        moved = None
        if newton:
            moved = _line_search(
                data, structure, theta, step * scale, slope=gradient @ step, state=state, reml=reml
            )
        if moved is None:
            scoring += 1
            step = _scoring_step(data, state, at, gradient, scale, reml=reml)
            moved = _line_search(
                data, structure, theta, step * scale, slope=gradient @ step, state=state, reml=reml
            )
        if moved is None:
            raise NotFittedError(f"no step improves the likelihood after {iteration} iterations")
        theta, at, state = moved
        _refuse_boundary(at.sigma)
        previous = largest
    raise NotFittedError(f"no convergence within {_MAX_ITERATIONS} iterations")


def search_cholesky(data: Compressed, start: np.ndarray, *, reml: bool) -> np.ndarray:
    """Return the covariance matrix that a quasi-Newton search in its Cholesky factor ends at.

    The factor's logarithmic diagonal keeps every step inside the cone (Pinheiro and Bates 1996,
    Statistics and Computing 6:289-296), so a search that Newton's steps lead astray can end near
    the maximum, from where Newton's method goes on.
    """
    m = len(start)
    rows, columns = np.tril_indices(m)
    diagonal = rows == columns

    def factor(theta: np.ndarray) -> np.ndarray:
        lower = np.zeros((m, m))
        lower[rows, columns] = np.where(diagonal, np.exp(np.clip(theta, -30, 30)), theta)
        return lower

    def value(theta: np.ndarray) -> tuple[float, np.ndarray]:
        lower = factor(theta)
        state = evaluate(data, lower @ lower.T, reml=reml)
        if state is None:
            return np.inf, np.zeros(len(theta))
        slope = 2.0 * (slope_in_elements(data, state, reml=reml) @ lower)[rows, columns]
        return state.deviance, np.where(diagonal, slope * lower[rows, columns], slope)

    lower = np.linalg.cholesky(start)[rows, columns]
    first = np.where(diagonal, np.log(np.where(diagonal, lower, 1.0)), lower)
    with np.errstate(all="ignore"):
        ended = optimize.minimize(
            value, first, jac=True, method="BFGS", options={"maxiter": 500, "gtol": 1e-6}
        )
    reached = factor(ended.x)
    return np.asarray(reached @ reached.T)


def _direction(gradient: np.ndarray, hessian: np.ndarray) -> tuple[np.ndarray, bool]:
    try:
        factor = linalg.cho_factor(hessian, lower=True)
    except (linalg.LinAlgError, ValueError):
        return -gradient, False
    return -linalg.cho_solve(factor, gradient), True


def _scoring_step(
    data: Compressed,
    state: State,
    at: Derivatives,
    gradient: np.ndarray,
    scale: np.ndarray,
    *,
    reml: bool,
) -> np.ndarray:
    information = expected_information(data, state, at, reml=reml) * np.outer(scale, scale)
    values, vectors = np.linalg.eigh((information + information.T) / 2)
    floor = max(float(values[-1]) * 1e-8, np.finfo(float).tiny)
    return np.asarray(-vectors @ ((vectors.T @ gradient) / np.maximum(values, floor)))


def _line_search(
    data: Compressed,
    structure: Structure,
    theta: np.ndarray,
    step: np.ndarray,
    *,
    slope: float,
    state: State,
    reml: bool,
) -> tuple[np.ndarray, Derivatives, State] | None:
    """Halve the step until the likelihood rises enough (Armijo) inside the cone."""
    # below this the deviance itself is rounding, so a full step need only not worsen it
    noise = 1e-11 * max(1.0, abs(state.deviance))
    length = 1.0
    for _ in range(_MAX_HALVINGS):
        candidate = theta + length * step
        at = structure.at(candidate)
        reached = evaluate(data, at.sigma, reml=reml) if _inside(at.sigma) else None
        if reached is not None:
            gain = reached.deviance - state.deviance
            if gain <= 1e-4 * length * slope + noise:
                return candidate, at, reached
        length /= 2
    return None


def _first_point(
    data: Compressed, structure: Structure, start: np.ndarray, *, reml: bool
) -> tuple[np.ndarray, Derivatives, State]:
    """Return the structure nearest ``start``, correlations shrunk until it is in the cone."""
    diagonal = np.diag(np.diag(start))
    for weight in (1.0, 0.8, 0.5, 0.2, 0.0):
        theta = structure.start(weight * start + (1 - weight) * diagonal)
        at = structure.at(theta)
        state = evaluate(data, at.sigma, reml=reml) if _inside(at.sigma) else None
        if state is not None:
            return theta, at, state
    raise NotFittedError("no positive-definite covariance matrix to start from")


def _inside(sigma: np.ndarray) -> bool:
    """Whether the whole matrix is positive definite, not only the parts that patterns show."""
    try:
        np.linalg.cholesky(sigma)
    except np.linalg.LinAlgError:
        return False
    return bool(np.isfinite(sigma).all())


def _refuse_boundary(sigma: np.ndarray) -> None:
    """Refuse a search that runs to the edge of the cone: no maximum lies inside."""
    spread = np.sqrt(np.diag(sigma))
    if float(np.linalg.eigvalsh(sigma / np.outer(spread, spread))[0]) < _SINGULAR:
        raise NotFittedError("the likelihood rises towards a singular covariance matrix")


def _refuse_flat(hessian: np.ndarray) -> None:
    """Refuse a maximum that the data do not determine in every direction."""
    values = np.linalg.eigvalsh(hessian)
    if values[0] < _FLAT * values[-1]:
        raise NotFittedError("the data do not determine all covariance parameters")
