r"""The empirical ("sandwich") covariance of the fixed effects, participants as clusters.

With :math:`\Sigma_i^{-1} = L_i L_i'`, :math:`\tilde X_i = L_i' X_i`, :math:`\tilde e_i = L_i' (y_i
- X_i\hat\beta)` and :math:`H_{ii} = \tilde X_i \Phi \tilde X_i'`,

.. math:: V = \Phi \sum_i \tilde X_i' A_i \tilde e_i \tilde e_i' A_i \tilde X_i \Phi

with :math:`A_i = I` (CR0), :math:`(I - H_{ii})^{-1/2}` (CR2) or :math:`(I - H_{ii})^{-1}` (CR3), as
R ``mmrm``. Degrees of freedom of one combination by Bell and McCaffrey (2002),
Survey Methodology 28:169-181, with the model's covariance as the working one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from multifidus.base.errors import StatisticsError

if TYPE_CHECKING:
    from multifidus.stats.mmrm.design import Design
    from multifidus.stats.mmrm.inference import Inference
    from multifidus.stats.mmrm.optimise import Optimum
    from multifidus.stats.mmrm.preparation import Problem

__all__ = ["SANDWICH_NAMES", "Clusters", "Sandwich", "sandwich_inference"]

Sandwich = Literal["cr0", "cr2", "cr3"]
SANDWICH_NAMES = {
    "cr0": "empirical covariance (CR0)",
    "cr2": "bias-reduced empirical covariance (CR2)",
    "cr3": "jackknife empirical covariance (CR3)",
}
_NOTHING_LEFT = 1e-10


@dataclass(frozen=True)
class Clusters:
    """What the degrees of freedom of a combination need.

    Attributes
    ----------
    influence
        ``A_i X_i Phi`` per participant, shape ``(n, m, p)``, zeros at unseen visits.
    pull
        ``X_i' A_i X_i Phi`` per participant, shape ``(n, p, p)``.
    phi
        Model-based covariance, shape ``(p, p)``.
    """

    influence: np.ndarray
    pull: np.ndarray
    phi: np.ndarray

    def one_row_df(self, row: np.ndarray) -> float:
        """Return the degrees of freedom of one combination, ``row`` of shape ``(p,)``."""
        own = ((self.influence @ row) ** 2).sum(axis=1)
        u = self.pull @ row
        inner = (u @ self.phi) @ u.T if len(u) <= u.shape[1] else None
        if inner is not None:
            g = np.diag(own) - inner
            total, square = float(np.trace(g)), float((g**2).sum())
        else:
            gram = self.phi @ (u.T @ u)
            cross = np.einsum("np,pq,nq->n", u, self.phi, u)
            total = float(own.sum() - np.trace(gram))
            square = float((own**2).sum() - 2 * (own * cross).sum() + np.trace(gram @ gram))
        return total**2 / square if square > 0 else np.inf


def sandwich_inference(
    design: Design,
    kept: np.ndarray,
    fit: tuple[Problem, Optimum],
    inference: Inference,
    kind: Sandwich,
) -> Inference:
    """Return the inference with the empirical covariance in place of the model's.

    Raises
    ------
    StatisticsError
        ``STA-122`` CR2 or CR3 where a participant alone determines a coefficient.
    """
    problem, optimum = fit
    m = len(problem.visit_scale)
    n = int(design.subject.max()) + 1
    x = np.zeros((n, m, len(kept)))
    residual = np.zeros((n, m))
    seen = np.zeros((n, m), dtype=bool)
    at = (design.subject, design.visit)
    scale = problem.visit_scale[design.visit]
    turned = np.linalg.solve(problem.triangle.T, (design.x[:, kept] / scale[:, None]).T).T
    x[at] = turned
    residual[at] = design.y / (scale * problem.scale) - turned @ optimum.state.beta
    seen[at] = True
    half = _half_inverses(seen, optimum.at.sigma)
    phi = optimum.state.phi
    x = half @ x
    residual = np.einsum("nab,nb->na", half, residual)
    adjusted, influence = _adjusted(x, residual, phi, kind)
    scores = np.einsum("nap,na->np", x, adjusted) @ phi
    pull = x.swapaxes(1, 2) @ influence
    return replace(
        inference, phi_reported=scores.T @ scores, clusters=Clusters(influence, pull, phi)
    )


def _half_inverses(seen: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Return ``L_i'`` of each participant, zeros at unseen visits, shape ``(n, m, m)``."""
    patterns, member = np.unique(seen, axis=0, return_inverse=True)
    roots = np.zeros((len(patterns), *sigma.shape))
    for root, pattern in zip(roots, patterns, strict=True):
        place = np.flatnonzero(pattern)
        lower = np.linalg.cholesky(sigma[np.ix_(place, place)])
        root[np.ix_(place, place)] = np.linalg.inv(lower)
    return np.asarray(roots[member.ravel()])


def _adjusted(
    x: np.ndarray, residual: np.ndarray, phi: np.ndarray, kind: Sandwich
) -> tuple[np.ndarray, np.ndarray]:
    """Return ``A_i e_i`` and ``A_i X_i Phi``."""
    if kind == "cr0":
        return residual, x @ phi
    m = x.shape[1]
    values, vectors = np.linalg.eigh(np.eye(m) - x @ phi @ x.swapaxes(1, 2))
    lost = values < _NOTHING_LEFT
    if lost.any():
        raise StatisticsError(
            "STA-122",
            f"{int(lost.any(axis=1).sum())} participants alone determine a coefficient; use the "
            "model's covariance or CR0, or simplify the formula.",
        )
    power = values ** (-0.5 if kind == "cr2" else -1.0)
    adjust = (vectors * power[:, None, :]) @ vectors.swapaxes(1, 2)
    return np.einsum("nab,nb->na", adjust, residual), adjust @ x @ phi
