"""The compressed likelihood and Kenward-Roger against a dense, term-by-term computation.

The oracle below builds every participant's matrices in full and takes the formulas of Kenward and
Roger (1997) literally; it shares nothing with the package but the structures' derivatives, which
are themselves held against finite differences.
"""

import numpy as np
import pytest

from multifidus.stats.examples import trial
from multifidus.stats.mmrm.compression import compress
from multifidus.stats.mmrm.design import build_design
from multifidus.stats.mmrm.likelihood import curvature, evaluate, expected_information
from multifidus.stats.mmrm.model import mmrm
from multifidus.stats.mmrm.structures import STRUCTURE_NAMES, structure_for

FORMULA = "change ~ arm * visit + baseline"
KEYS = {"subject": "id", "visit": "visit"}


def _point(name, m):
    rng = np.random.default_rng(7)
    root = rng.normal(size=(m, 2 * m))
    structure = structure_for(name, m)
    return structure, structure.start(60 * (root @ root.T / (2 * m)))


@pytest.mark.parametrize("name", STRUCTURE_NAMES)
def test_structure_derivatives_equal_finite_differences(name):
    structure, theta = _point(name, 4)
    at = structure.at(theta)
    step = 1e-5 * np.maximum(np.abs(theta), 0.1)
    for k in range(structure.size):
        shift = np.eye(structure.size)[k] * step[k]
        up, down = structure.at(theta + shift), structure.at(theta - shift)
        assert (up.sigma - down.sigma) / (2 * step[k]) == pytest.approx(at.first[k], abs=1e-6)
        if at.second is None:
            assert up.first == pytest.approx(down.first, abs=0)
        else:
            slope = (up.first - down.first) / (2 * step[k])
            assert slope == pytest.approx(at.second[k], abs=1e-5)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", STRUCTURE_NAMES)
def test_gradient_and_hessian_equal_finite_differences(name, reml):
    data = compress(build_design(trial(n=40), FORMULA, **KEYS))
    structure, theta = _point(name, 4)

    def gradient(point):
        at = structure.at(point)
        return curvature(data, evaluate(data, at.sigma, reml=reml), at, reml=reml)

    here = gradient(theta)
    step = 1e-4 * np.maximum(np.abs(theta), 0.1)
    for k in range(structure.size):
        shift = np.eye(structure.size)[k] * step[k]
        up = evaluate(data, structure.at(theta + shift).sigma, reml=reml).deviance
        down = evaluate(data, structure.at(theta - shift).sigma, reml=reml).deviance
        assert (up - down) / (2 * step[k]) == pytest.approx(here.gradient[k], rel=1e-4, abs=1e-5)
        row = (gradient(theta + shift).gradient - gradient(theta - shift).gradient) / (2 * step[k])
        assert row == pytest.approx(here.hessian[k], rel=1e-4, abs=1e-5)


class Dense:
    """Literal matrices of the fit: V, its derivatives, Phi, P, Q, R."""

    def __init__(self, fit, structure, theta):
        design = fit.design
        n = len(design.y)
        same = design.subject[:, None] == design.subject[None, :]
        pick = np.ix_(design.visit, design.visit)
        at = structure.at(theta)
        self.x, self.y = design.x, design.y
        self.v = np.where(same, at.sigma[pick], 0.0)
        self.dv = [np.where(same, d[pick], 0.0) for d in at.first]
        t = structure.size
        second = at.second if at.second is not None else np.zeros((t, t, *at.sigma.shape))
        inverse = np.linalg.inv(self.v)
        self.phi = np.linalg.inv(self.x.T @ inverse @ self.x)
        self.beta = self.phi @ self.x.T @ inverse @ self.y
        self.p = [-self.x.T @ inverse @ d @ inverse @ self.x for d in self.dv]
        wx = inverse @ self.x
        self.q = [[wx.T @ a @ inverse @ b @ wx for b in self.dv] for a in self.dv]
        self.r = [
            [wx.T @ np.where(same, second[i, j][pick], 0.0) @ wx for j in range(t)]
            for i in range(t)
        ]
        p = inverse - wx @ self.phi @ wx.T
        py = p @ self.y
        logdet = np.linalg.slogdet(self.v)[1]
        self.deviance = (
            (n - self.x.shape[1]) * np.log(2 * np.pi)
            + logdet
            - np.linalg.slogdet(self.phi)[1]
            + self.y @ py
        )
        # observed information of -2 l: -tr(PViPVj) + 2 y'PViPVjPy, and second-derivative terms
        h = np.zeros((t, t))
        for i in range(t):
            for j in range(t):
                curved = np.where(same, second[i, j][pick], 0.0)
                h[i, j] = (
                    -np.trace(p @ self.dv[i] @ p @ self.dv[j])
                    + 2 * py @ self.dv[i] @ p @ self.dv[j] @ py
                    + np.trace(p @ curved)
                    - py @ curved @ py
                )
        self.information = h
        self.expected = np.array([[np.trace(p @ a @ p @ b) for b in self.dv] for a in self.dv])
        self.w = 2 * np.linalg.inv(h)

    def adjusted(self, *, linear):
        t = len(self.dv)
        total = np.zeros_like(self.phi)
        for i in range(t):
            for j in range(t):
                term = self.q[i][j] - self.p[i] @ self.phi @ self.p[j]
                if not linear:
                    term = term - self.r[i][j] / 4
                total += self.w[i, j] * term
        return self.phi + 2 * self.phi @ total @ self.phi

    def f_test(self, rows, *, linear=False):
        """Kenward and Roger (1997), section 3, with A1 and A2 summed term by term."""
        q, t = len(rows), len(self.dv)
        theta = rows.T @ np.linalg.inv(rows @ self.phi @ rows.T) @ rows
        piece = [theta @ self.phi @ self.p[i] @ self.phi for i in range(t)]
        a1 = a2 = 0.0
        for i in range(t):
            for j in range(t):
                a1 += self.w[i, j] * np.trace(piece[i]) * np.trace(piece[j])
                a2 += self.w[i, j] * np.trace(piece[i] @ piece[j])
        b = (a1 + 6 * a2) / (2 * q)
        g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
        d = 3 * q + 2 * (1 - g)
        e = 1 / (1 - a2 / q)
        v = 2 / q * (1 + g / d * b) / ((1 - (q - g) / d * b) ** 2 * (1 - (q + 2 - g) / d * b))
        rho = v / (2 * e**2)
        df = 4 + (q + 2) / (q * rho - 1)
        estimate = rows @ self.beta
        spread = rows @ self.adjusted(linear=linear) @ rows.T
        wald = estimate @ np.linalg.solve(spread, estimate) / q
        return df / (e * (df - 2)) * wald, df


def _fit(name, df_method):
    fit = mmrm(
        trial(n=24, seed=3), FORMULA, covariance=name, fallback=(), df_method=df_method, **KEYS
    )
    structure = structure_for(name, 4)
    theta = np.array([fit.covariance_parameters[k] for k in structure.parameter_names])
    return fit, Dense(fit, structure, theta)


@pytest.mark.parametrize("name", STRUCTURE_NAMES)
def test_kenward_roger_equals_the_dense_formulas(name):
    fit, dense = _fit(name, "kenward_roger")
    assert fit.deviance == pytest.approx(dense.deviance, abs=1e-8)
    assert [c.estimate for c in fit.coefficients] == pytest.approx(dense.beta, rel=1e-8)
    assert fit.coefficient_covariance == pytest.approx(dense.adjusted(linear=False), rel=1e-6)
    rows = np.eye(len(dense.beta))[5:8]
    test = fit.f_test(rows)
    assert (test.f, test.denominator_df) == pytest.approx(dense.f_test(rows), rel=1e-6)
    single = fit.f_test(rows[:1])
    assert (single.f, single.denominator_df) == pytest.approx(dense.f_test(rows[:1]), rel=1e-6)


@pytest.mark.parametrize("name", ["heterogeneous_toeplitz", "ar1"])
def test_first_order_kenward_roger_leaves_out_second_derivatives(name):
    fit, dense = _fit(name, "kenward_roger_linear")
    assert fit.coefficient_covariance == pytest.approx(dense.adjusted(linear=True), rel=1e-6)


def test_satterthwaite_equals_the_dense_formula():
    """df = 2 (l Phi l')^2 / (g' W g) with g_h = -l Phi P_h Phi l' (Giesbrecht and Burns 1985)."""
    fit, dense = _fit("unstructured", "satterthwaite")
    for k, coefficient in enumerate(fit.coefficients):
        row = np.eye(len(fit.coefficients))[k]
        g = np.array([-row @ dense.phi @ p @ dense.phi @ row for p in dense.p])
        df = 2 * dense.phi[k, k] ** 2 / (g @ dense.w @ g)
        assert coefficient.df == pytest.approx(df, rel=1e-6)
        assert coefficient.se == pytest.approx(np.sqrt(dense.phi[k, k]), rel=1e-8)


def test_expected_information_equals_the_trace_formula():
    """Fisher scoring uses tr(P V_i P V_j), found densely."""
    fit, dense = _fit("unstructured", "satterthwaite")
    data = compress(fit.design)
    at = structure_for("unstructured", 4).at(np.array(list(fit.covariance_parameters.values())))
    state = evaluate(data, at.sigma, reml=True)
    found = expected_information(data, state, at, reml=True)
    assert found == pytest.approx(dense.expected, rel=1e-8, abs=1e-12)


def test_compression_keeps_every_cross_product():
    """Sums of x x', x y and y y' over participants are those of the data, pattern by pattern."""
    design = build_design(trial(n=200, m=3), FORMULA, **KEYS)
    small = compress(design)
    assert len(small.y) < small.subjects / 2
    flat = small.x.reshape(-1, small.x.shape[2])
    assert flat.T @ flat == pytest.approx(design.x.T @ design.x, rel=1e-9, abs=1e-8)
    assert flat.T @ small.y.ravel() == pytest.approx(design.x.T @ design.y, rel=1e-9, abs=1e-8)
    assert (small.counts.sum(), small.rows) == (small.subjects, len(design.y))
