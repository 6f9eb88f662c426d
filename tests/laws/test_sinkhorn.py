"""Doubly stochastic attention: against printed runs, Newton's method in a loop, closed forms, and by every method."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.kernels import balancing
from meanfield.methods.on_plan import OnPlan
from meanfield.protocols import Array
from validation.exact import changed, growth

pytestmark = pytest.mark.rounding

FIVE = np.array([[np.sin(1.3 * i + 0.4), np.cos(0.9 * i * i), np.sin(0.7 * i) + 0.3] for i in range(1, 6)])
FIVE /= np.linalg.norm(FIVE, axis=1, keepdims=True)
END = [
    [0.619213730375006139, 0.291277303929778209, 0.729199484592843641],
    [-0.173334460020045523, -0.478678994437179665, 0.860709930960581957],
    [-0.441150567653879601, -0.334238647342423810, 0.832868959249512820],
    [-0.454806717248821137, -0.353568982760194471, 0.817398204289238800],
    [0.514062288640726451, -0.846676777949638593, 0.137398679317804322],
]
PHI = [-1.26281348384899365, -1.73712508500743949, -1.73921835111996261, -1.73542272927937971, -1.26392169250388435]
MATRIX = [
    [0.87365922672316, 0.045689025722397, 0.025623387585020, 0.023238951490163, 0.031789408479259],
    [0.045689025722397, 0.33834537609141, 0.28012802428334, 0.27929245195051, 0.056545121952337],
    [0.025623387585020, 0.28012802428334, 0.33693184323622, 0.33767277088148, 0.019643974013936],
    [0.023238951490163, 0.27929245195051, 0.33767277088148, 0.33949930775699, 0.020296517920850],
    [0.031789408479259, 0.056545121952337, 0.019643974013936, 0.020296517920850, 0.87172497763362],
]


def cloud(n: int, d: int, seed: int, *lead: int) -> Any:
    return geometry.retract(np.random.default_rng(seed).standard_normal((*lead, n, d)))


def test_five_tokens() -> None:
    """beta = 4 to t = 2 against 15 digits: tokens, potential, matrix, and F = -E, whose fall was dissipated."""
    law = mf.Sinkhorn(4.0)
    run = pt.simulate(law, FIVE, (0.0, 2.0), [0.0, 1.0, 2.0], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(run.x[-1], END, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(law.potential(mf.Points(run.x[-1])), PHI, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(pt.attention(law, run.x[-1]), MATRIX, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(run.energy[[0, -1]], [0.358592639492189665, 0.386925067087982990], rtol=0.0, atol=1e-13)
    assert np.abs(run.gained - run.dissipated).max() < 1e-12
    assert law.rises == ("energy",) and law.falls == ("free_energy",)
    assert mf.Sinkhorn(4.0, sign=-1).rises == () and mf.Sinkhorn(4.0, V=np.diag([1.0, 2.0, 3.0])).rises == ()


@pytest.mark.parametrize("beta", [0.0, 0.3, 4.0, 64.0, 400.0])
def test_rows_and_columns_sum_to_1(beta: float) -> None:
    """To 1e-13 and the scores' rounding, at other masses too; the last token has none."""
    limit = 1e-13 + 8.0 * beta * np.finfo(float).eps
    tried: Any = ((5, 3, {}), (40, 2, {}), (60, 4, {}), (12, 3, {"Q": np.diag([0.5, 0.3, 0.1])}))
    for n, d, matrices in tried:
        law, x = mf.Sinkhorn(beta, **matrices), cloud(n, d, n)
        P = pt.attention(law, x)
        assert max(np.abs(P.sum(axis=axis) - 1.0).max() for axis in (0, 1)) <= limit
        w = np.random.default_rng(n).uniform(0.1, 1.0, n)
        w[-1] = 0.0
        mu = mf.Points(x, weights=w)
        P = law.attention(0.0, mu)
        np.testing.assert_allclose(P.sum(axis=1), 1.0, rtol=0.0, atol=limit)
        np.testing.assert_allclose(mu.weights @ P, mu.weights, rtol=0.0, atol=limit)


def test_velocities_are_newton_s_in_a_loop() -> None:
    """Of rows and angles, by all sums, with masses and as replicas; asked elsewhere; beside tokens that stay."""
    law, w = mf.Sinkhorn(4.0), np.random.default_rng(2).dirichlet(np.ones(20), size=2)
    x = cloud(20, 3, 1, 2)
    want = np.array([changed.sinkhorn_velocity(x[k], 4.0, weights=w[k]) for k in range(2)])
    mu = mf.Points(x, weights=w)
    for at in (None, mu.x):
        v = geometry.project(x, law.velocity(0.0, at, mu))
        np.testing.assert_allclose(v, want, rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(mf.Sinkhorn(4.0, sign=-1).velocity(0.0, None, mu), -want, rtol=0.0, atol=1e-13)
    theta = np.random.default_rng(3).uniform(0.0, 6.0, 300)
    y = geometry.to_rows(theta)
    want = np.sum(changed.sinkhorn_velocity(y, 4.0) * geometry.quarter_turn(y), axis=1)
    for field in ("direct", "differences", "harmonic"):
        v = law.velocity(0.0, None, mf.Points(theta, field=field))
        np.testing.assert_allclose(v[:, 0], want, rtol=0.0, atol=1e-12)
    masses, both = np.array([*[1 / 20] * 20, 0.1, 0.2]), np.concatenate([x[0], np.eye(3)[:2]])
    beside = mf.Frozen(law, np.eye(3)[:2], [2.0, 4.0]).velocity(0.0, None, mf.Points(x[0]))
    want = changed.sinkhorn_velocity(both, 4.0, weights=masses)[:20]
    np.testing.assert_allclose(geometry.project(x[0], beside), want, rtol=0.0, atol=1e-13)
    twins = np.concatenate([x[0], x[0][:1]])
    one = law.velocity(0.0, None, mf.Points(twins))[:20]
    two = law.velocity(0.0, None, mf.Points(x[0], weights=np.array([2.0] + [1.0] * 19)))
    np.testing.assert_allclose(one, two, rtol=0.0, atol=1e-13)


def matrix_velocity(x: Array, S: Array, V: Array, beta: float) -> Array:
    """By plain alternation, symmetrised."""
    k = np.exp(beta * x @ S @ x.T) / len(x)
    u = np.ones(len(x))
    for _ in range(4000):
        u = np.sqrt(u / (k @ u))
    return np.asarray(geometry.project(x, (u[:, None] * k * u) @ x @ V.T))


@pytest.mark.parametrize("sense", [1, -1])
def test_matrices(sense: int) -> None:
    """Symmetric scores, indefinite too; a gradient flow where V = +-Q^T K, whose gain was dissipated."""
    x, A = cloud(9, 3, 4), np.array([[0.9, 0.2, 0.0], [0.2, -0.6, 0.3], [0.0, 0.3, 0.4]])
    law = mf.Sinkhorn(2.0, Q=A, V=sense * A)
    v = geometry.project(x, law.velocity(0.0, x, mf.Points(x)))
    np.testing.assert_allclose(v, matrix_velocity(x, A, sense * A, 2.0), rtol=0.0, atol=1e-12)
    run = pt.simulate(law, x, (0.0, 0.5), rtol=1e-11, atol=1e-13)
    assert law.gradient == sense and sense * run.gained[-1] > 1e-3
    assert abs(run.gained[-1] - run.dissipated[-1]) < 1e-10
    P = pt.attention(mf.Sinkhorn(16.0, Q=4.0 * A), x)  # scores of both signs, as far as e^{+-64}
    assert max(np.abs(P.sum(axis=axis) - 1.0).max() for axis in (0, 1)) < 1e-12


def test_density_on_the_circle_by_three_methods() -> None:
    """Spectral, Lagrangian, and as 256 quadrature points, to 1e-10; and what E gains was dissipated."""
    law, times = mf.Sinkhorn(4.0), (0.0, 0.4)
    rho = mf.Circle(96).density(lambda q: 1.0 + 0.3 * np.cos(q) + 0.2 * np.sin(2.0 * q))
    sols = [mf.solve(law, rho, times, t_eval=times, method=m, rtol=1e-10) for m in ("spectral", "lagrangian")]
    told = [sol(0.4).moments(6) for sol in sols]
    fine = rho.resized(256)
    run = pt.simulate(law, geometry.to_angles(fine.x), times, [0.4], weights=fine.weights, rtol=1e-10)
    told.append(np.array([np.sum(fine.weights * np.exp(-1j * k * run.theta[-1])) for k in range(7)]))
    np.testing.assert_allclose(told[1], told[0], rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(told[2], told[0], rtol=0.0, atol=1e-11)
    for sol in sols:
        assert abs(sol.gained[-1] - sol.dissipated[-1]) < 1e-13 and sol.gained[-1] > 1e-4


@pytest.mark.parametrize("space", [mf.Circle(64), mf.Sphere(14), mf.ZonalSphere(4, 24)], ids=str)
def test_a_density_is_its_quadrature_points(space: Any) -> None:
    """Velocity and energy of a density, as it is run, and those of its points; rows sum to 1."""
    from meanfield.measures.rings import Rings

    law = mf.Sinkhorn(3.0)
    rho = mf.von_mises_fisher(space, [0.0] * (space.d - 1) + [1.0], 1.5)
    seen = OnPlan(space, True, 1e-12)
    seen.open(rho.coefficients)
    v = np.array(law.velocity(0.0, None, seen))
    points: Any
    if space.rows is None:
        points = Rings(space, np.arccos(seen.grid.nodes), seen.weights)
        want = law.velocity(0.0, None, points)
    else:
        points = mf.Points(seen.x, weights=seen.weights)
        want = geometry.project(seen.x, law.velocity(0.0, seen.x, points))
        v = np.einsum("nm,nmd->nd", v, seen.grid.frame())
    np.testing.assert_allclose(v, want, rtol=0.0, atol=1e-11)
    phi = law.potential(seen)
    r = seen.reweighed(np.exp(phi)).read(mf.Exponential(3.0), None, "Z")
    np.testing.assert_allclose(np.exp(phi) * r.Z[:, 0] * np.exp(r.log), 1.0, rtol=0.0, atol=1e-12)
    told, want = law.quantities(0.0, rho), law.quantities(0.0, points)
    for name in ("energy", "dissipation", "free_energy"):
        np.testing.assert_allclose(told[name], want[name], rtol=0.0, atol=1e-11)
    uniform = law.quantities(0.0, mf.uniform(space))
    assert abs(uniform["energy"] - mf.Exponential(3.0).log_lambda0(space.d) / 6.0) < 1e-14


def test_divergence() -> None:
    """Of P_x X by differences on the circle, without matrices and with them."""
    q, h = np.linspace(0.0, 6.0, 7), 1e-4
    mu = mf.Points(np.random.default_rng(5).uniform(0.0, 6.0, 20))
    A = np.array([[0.9, 0.2], [0.2, -0.6]])
    for law in (mf.Sinkhorn(3.0), mf.Sinkhorn(2.0, sign=-1, Q=A, V=np.array([[0.3, 1.0], [0.0, 0.2]]))):

        def along(t: Array, law: mf.Law = law) -> Array:
            y = geometry.to_rows(t)
            return np.asarray(np.sum(law.velocity(0.0, y, mu) * geometry.quarter_turn(y), axis=-1))

        slope = (8.0 * (along(q + h) - along(q - h)) - along(q + 2.0 * h) + along(q - 2.0 * h)) / (12.0 * h)
        told = law.divergence(0.0, geometry.to_rows(q), mu)
        np.testing.assert_allclose(told, slope, rtol=0.0, atol=1e-9)


def test_gaussians_in_space_stay_gaussians() -> None:
    """x' = m + c (x - m), c = ((1 + 4 b^2 s^2)^(1/2) - 1) / (2 b s), of variance s: on Gauss-Hermite points."""
    z, w = np.polynomial.hermite_e.hermegauss(40)
    w, b, s, m = w / w.sum(), 0.5, 0.8, 0.4
    law, x = mf.Sinkhorn(b, geometry="flat"), (m + np.sqrt(s) * z)[:, None]
    mu = mf.Points(x, weights=w, geometry="flat")
    c = (np.sqrt(1.0 + 4.0 * (b * s) ** 2) - 1.0) / (2.0 * b * s)
    near = w > 1e-12
    v = law.velocity(0.0, mu.x, mu)[:, 0]
    np.testing.assert_allclose(v[near], (m + c * (x[:, 0] - m))[near], rtol=0.0, atol=1e-11)
    run = pt.simulate(law, x, (0.0, 0.5), [0.0, 0.25, 0.5], weights=w, rtol=1e-10, atol=1e-12)
    end = solve_ivp(lambda t, y: (np.sqrt(1.0 + 4.0 * (b * y) ** 2) - 1.0) / b, (0.0, 0.5), [s], rtol=1e-12, atol=1e-13)
    mean = w @ run.x[-1, :, 0]
    assert abs(mean - m * np.exp(0.5)) < 1e-9
    assert abs(w @ np.square(run.x[-1, :, 0] - mean) - end.y[0, -1]) < 1e-9
    assert abs(run.gained[-1] - run.dissipated[-1]) < 1e-9
    # the potential is that of the scores as they are, wherever the points lie
    far = mf.Points(x + 30.0, weights=w, geometry="flat")
    phi = law.potential(far)
    k = np.exp(b * far.x @ far.x.T + phi[:, None] + phi)
    np.testing.assert_allclose(k[near] @ w, 1.0, rtol=0.0, atol=1e-11)


def test_growth_about_the_uniform_measure() -> None:
    """k(k+d-2) q / (beta (1 + q)), beside other laws too, and the circle's run."""
    for beta, d in ((4.0, 2), (9.0, 3), (2.0, 8)):
        want = growth.growth_rates("sinkhorn", beta, d, 6)
        np.testing.assert_allclose(mf.growth_rates(mf.Sinkhorn(beta), d, 6), want, rtol=0.0, atol=1e-13)
        both = mf.growth_rates(mf.Sinkhorn(beta) + mf.SA(beta) + mf.Diffusion(0.1), d, 6)
        want = want + growth.growth_rates("SA", beta, d, 6, kappa=0.1)
        np.testing.assert_allclose(both, want, rtol=0.0, atol=1e-13)
    assert [mf.fastest(mf.Sinkhorn(beta), 2)[0] for beta in (1.0, 5.0, 64.0, 1000.0)] == [2, 4, 13, 51]


def test_what_does_not_settle_says_after_how_much_and_keeps_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    law = mf.Sinkhorn(4.0)
    before, found = [pt.simulate(law, FIVE, (0.0, 0.1), rtol=1e-6).counters.evaluations], balancing.balanced

    def tired(mu: Any, kernel: Any) -> Any:
        before[0] -= 1
        if before[0] < 0:
            monkeypatch.setattr(balancing, "MOST", 3)
        return found(mu, kernel)

    monkeypatch.setattr("meanfield.laws.sinkhorn.balanced", tired)
    with pytest.raises(mf.RunError, match=r"After \d+ iterations of Sinkhorn's .* is \d.\de-\d+ off") as caught:
        pt.simulate(law, FIVE, (0.0, 2.0), rtol=1e-6)
    kept: Any = caught.value.solution
    assert kept.status is mf.Status.UNBALANCED and 0.0 < kept.end < 2.0
    np.testing.assert_allclose(kept.x[0], FIVE)


def test_who_is_refused() -> None:
    asked: Any = mf.Sinkhorn
    A = np.array([[0.0, 1.0], [-1.0, 0.5]])
    for tried, what in (
        (lambda: asked(-1.0), "beta must"),
        (lambda: asked(np.inf), "beta must"),
        (lambda: asked(lambda t: t), "beta must"),
        (lambda: asked(1.0, sign=2), "sign: got 2"),
        (lambda: asked(1.0, geometry="torus"), "geometry"),
        (lambda: asked(1.0, Q=A), "Q, K: Q\\^T K differs from its transpose"),
        (lambda: asked(1.0, Q=A, K=np.eye(3)), "Q and K must"),
        (lambda: asked(1.0, Q=lambda t: A), "Q: got .* it does not change in time"),
        (lambda: asked(1.0, V=np.full((2, 2), np.nan)), "V must"),
        (lambda: pt.simulate(asked(1.0, V=np.eye(2)), FIVE, (0.0, 1.0)), "V: got shape"),
        (lambda: pt.simulate(asked(1.0, Q=np.eye(2)), FIVE, (0.0, 1.0)), "Q: got shape"),
        (lambda: pt.simulate(mf.Causal(asked(1.0)), FIVE, (0.0, 1.0)), "under a mask"),
        (lambda: pt.attention(mf.Causal(asked(1.0)), FIVE), "under a mask"),
        (lambda: mf.solve(asked(1.0, geometry="flat"), mf.uniform(mf.Circle(16)), (0.0, 1.0)), "moves points of R"),
        (lambda: pt.simulate(asked(1.0, geometry="flat"), [0.0, 1.0], (0.0, 1.0)), "x0 must be rows"),
        (lambda: pt.longtime(asked(9.0), [0.0, 1.0, 3.0], log_t_end=8.0), "law"),
    ):
        with pytest.raises((ValueError, TypeError), match=what):
            tried()
    assert asked(1.0, Q=(A.T + A) / 2.0).gradient == 0
    diagonal = np.diag([2.0, 1.0, 0.5])
    one = asked(1.0, D=[2.0, 1.0, 0.5]).velocity(0.0, FIVE, mf.Points(FIVE))
    two = asked(1.0, Q=diagonal, K=diagonal, V=diagonal).velocity(0.0, FIVE, mf.Points(FIVE))
    np.testing.assert_allclose(one, two, rtol=0.0, atol=1e-13)
    kept = asked(4.0, sign=-1, Q=np.eye(2), V=np.eye(2))
    assert kept == asked(4.0, sign=-1, Q=np.eye(2), V=np.eye(2)) and "sign=-1" in str(kept)
