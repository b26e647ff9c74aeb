r"""Degrees of freedom and adjusted covariance: Satterthwaite and Kenward-Roger.

Sources: Kenward and Roger (1997), Biometrics 53:983-997; Fai and Cornelius (1996), Journal of
Statistical Computation and Simulation 54:363-378 (several-row Satterthwaite). As in SAS PROC
MIXED, the covariance of :math:`\hat\theta` is twice the inverse observed Hessian of -2 REML
log-likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import stats

from multifidus.base.errors import StatisticsError

if TYPE_CHECKING:
    from multifidus.stats.mmrm.compression import Compressed
    from multifidus.stats.mmrm.optimise import Optimum
    from multifidus.stats.mmrm.sandwich import Clusters

__all__ = ["DfMethod", "Inference", "prepare_inference"]

DfMethod = Literal["satterthwaite", "kenward_roger", "kenward_roger_linear"]


@dataclass(frozen=True)
class Inference:
    """What tests of the fixed effects need, in the scaled and orthonormal design.

    Attributes
    ----------
    phi, phi_reported
        Model-based covariance of the estimates and the one reported (Kenward-Roger adjusted or
        the same), shape ``(p, p)``.
    w
        Covariance of the covariance parameters, shape ``(t, t)``.
    p_matrices
        ``P_h``, shape ``(t, p, p)``.
    clusters
        What degrees of freedom need under an empirical covariance.
    """

    phi: np.ndarray
    phi_reported: np.ndarray
    w: np.ndarray
    p_matrices: np.ndarray
    df_method: DfMethod
    clusters: Clusters | None = None

    def one_row_df(self, row: np.ndarray) -> float:
        """Return the degrees of freedom of one linear combination, ``row`` of shape ``(p,)``."""
        if self.clusters is not None:
            return self.clusters.one_row_df(row)
        weighted = self.phi @ row
        variance = float(row @ weighted)
        slope = -np.einsum("p,hpq,q->h", weighted, self.p_matrices, weighted)
        spread = float(slope @ self.w @ slope)
        return 2.0 * variance**2 / spread if spread > 0 else np.inf

    def f_statistic(self, rows: np.ndarray, estimate: np.ndarray) -> tuple[float, float, float]:
        """Return F, its denominator degrees of freedom and p of ``rows @ beta = 0``.

        Parameters
        ----------
        rows
            Linearly independent rows, shape ``(q, p)``.
        estimate
            ``rows @ beta``, shape ``(q,)``.
        """
        q = len(rows)
        quadratic = float(estimate @ np.linalg.solve(rows @ self.phi_reported @ rows.T, estimate))
        if q == 1:
            scale, df = 1.0, self.one_row_df(rows[0])
        elif self.df_method == "satterthwaite":
            scale, df = 1.0, self._fai_cornelius(rows)
        else:
            scale, df = self._kenward_roger(rows)
        f = scale * quadratic / q
        p = float(stats.f.sf(f, q, df)) if df > 0 else np.nan
        return f, df, p

    def _fai_cornelius(self, rows: np.ndarray) -> float:
        """Return the several-row Satterthwaite df; 0 when not estimable, as in SAS."""
        _, vectors = np.linalg.eigh(rows @ self.phi_reported @ rows.T)
        each = np.array([self.one_row_df(row) for row in vectors.T @ rows])
        if np.ptp(each) < 1e-8 * each.max():
            return float(each.mean())
        usable = each[each > 2]  # noqa: PLR2004 - the mean of F exists above 2 df only
        total = float((usable / (usable - 2)).sum())
        return 2.0 * total / (total - len(rows)) if total > len(rows) else 0.0

    def _kenward_roger(self, rows: np.ndarray) -> tuple[float, float]:
        """Return the scale and denominator df of Kenward and Roger (1997), section 3."""
        q = len(rows)
        theta = rows.T @ np.linalg.solve(rows @ self.phi @ rows.T, rows)
        pieces = theta @ self.phi @ self.p_matrices @ self.phi
        trace = np.trace(pieces, axis1=1, axis2=2)
        crossed = np.einsum("hpq,jqp->hj", pieces, pieces, optimize=True)
        a1 = float(trace @ self.w @ trace)
        a2 = float((self.w * crossed).sum())
        b = (a1 + 6 * a2) / (2 * q)
        g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
        denominator = 3 * q + 2 * (1 - g)
        c1, c2, c3 = g / denominator, (q - g) / denominator, (q + 2 - g) / denominator
        mean = 1 / (1 - a2 / q)
        variance = (2 / q) * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
        rho = variance / (2 * mean**2)
        df = 4 + (q + 2) / (q * rho - 1)
        return df / (mean * (df - 2)), df


def prepare_inference(
    data: Compressed, optimum: Optimum, df_method: DfMethod, *, reml: bool
) -> Inference:
    """Return the inference object at ``optimum``.

    Raises
    ------
    StatisticsError
        ``STA-112`` for an unknown method or Kenward-Roger without REML.
    """
    if df_method not in ("satterthwaite", "kenward_roger", "kenward_roger_linear"):
        raise StatisticsError(
            "STA-112",
            f"No df method `{df_method}`; choose satterthwaite, kenward_roger or "
            "kenward_roger_linear.",
        )
    phi = optimum.state.phi
    w = 2.0 * np.linalg.inv(optimum.curvature.hessian)
    w = (w + w.T) / 2
    adjusted = phi
    if df_method != "satterthwaite":
        if not reml:
            raise StatisticsError(
                "STA-112", "Kenward-Roger needs REML; use `satterthwaite` with maximum likelihood."
            )
        adjusted = _adjusted_covariance(data, optimum, w, linear=df_method.endswith("linear"))
    return Inference(phi, adjusted, w, optimum.curvature.p_matrices, df_method)


def _adjusted_covariance(
    data: Compressed, optimum: Optimum, w: np.ndarray, *, linear: bool
) -> np.ndarray:
    r"""Return :math:`\Phi_A = \Phi + 2\Phi[\sum W_{hj}(Q_{hj}-P_h\Phi P_j-R_{hj}/4)]\Phi`.

    The second-derivative term :math:`R_{hj}` is zero for structures linear in their parameters
    and left out when ``linear``.
    """
    state, at = optimum.state, optimum.at
    m, p = data.x.shape[1:]
    basis = at.first.reshape(len(at.first), -1)
    spread = (basis.T @ w @ basis).reshape(m, m, m, m)
    middle = np.einsum("abcd,kbc->kad", spread, state.weight, optimize=True)
    if at.second is not None and not linear:
        middle = middle - 0.25 * np.tensordot(w, at.second, axes=([0, 1], [0, 1]))
    turned = (middle[data.pattern] @ state.wx).reshape(-1, p)
    q_sum = state.wx.reshape(-1, p).T @ turned
    p_matrices = optimum.curvature.p_matrices
    mixed = np.tensordot(w, p_matrices @ state.phi, axes=([0], [0]))
    p_sum = np.einsum("jpq,jqs->ps", mixed, p_matrices, optimize=True)
    bracket = q_sum - p_sum
    adjusted = state.phi + 2.0 * state.phi @ ((bracket + bracket.T) / 2) @ state.phi
    return np.asarray((adjusted + adjusted.T) / 2)
