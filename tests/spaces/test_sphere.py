"""Densities on S^2: closed forms, the zonal solver, quadrature points, an independent solution of the PDE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import sph_harm_y
from spheres import AXIS, LAWS, lopsided, turned, unit

import meanfield as mf
from meanfield.kernels import Exponential
from meanfield.methods.spectral import Coefficients
from meanfield.protocols import Array
from meanfield.spaces import Sphere, sphere, sphere_plan
from meanfield.spaces import sphere_points as sp
from meanfield.spaces.coefficients import tail
from meanfield.spaces.density import Density
from validation.exact import poisson

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)


def series(degree: int, *lead: int, seed: int = 0) -> Array:
    """Coefficients of real fields, of about the same power in every degree."""
    rng = np.random.default_rng(seed)
    k, m = sp.pairs(degree)
    c = rng.standard_normal((*lead, len(k))) + 1j * rng.standard_normal((*lead, len(k)))
    c[..., m == 0] = c[..., m == 0].real
    return c / (2.0 * k + 1.0)


def rate(law: Any, rho: Density) -> Array:
    """d c / dt as the spectral method gives it."""
    out = np.empty_like(rho.coefficients)
    return Coefficients(law, rho.space, 1e-12, rho.space.size).rhs(0.0, rho.coefficients, out)


# --- transforms -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lmax", [2, 3, 16, 31])
def test_nodes_integrate_and_analyse_what_the_space_holds(lmax: int) -> None:
    space = Sphere(lmax)
    N = space.shape[0] * space.shape[1]
    assert space.shape[1] % 2 == 0 and space.shape[1] >= 2 * lmax + 2
    assert space.nodes.shape == (N, 3) and space.weights.shape == (N,)
    assert space.weights.sum() == pytest.approx(1.0, abs=16.0 * EPS)
    np.testing.assert_allclose(np.linalg.norm(space.rows, axis=1), 1.0, rtol=8.0 * EPS)
    c = series(lmax, 2)
    values = space.evaluate(c)
    assert values.shape == (2, N)
    np.testing.assert_allclose(space.analyse(values), c, rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(space.evaluate(c, space.rows), values, rtol=0.0, atol=3e-13 * np.abs(values).max())
    slopes = space.evaluate(c, gradient=True)
    assert slopes.shape == (2, N, 2)
    np.testing.assert_allclose(space.evaluate(c, space.rows, True), slopes, rtol=0.0, atol=5e-13 * np.abs(slopes).max())
    # the rule is exact for products of two fields: their inner product is that of the coefficients
    both = np.where(sp.pairs(lmax)[1] == 0, 1.0, 2.0)
    inner = np.sum(both * (c[0] * c[1].conj()).real)
    assert np.sum(space.weights * values[0] * values[1]) == pytest.approx(float(inner), abs=1e-13)


def test_coefficients_are_integrals_against_the_documented_harmonics() -> None:
    space = Sphere(6)
    k, m = sp.pairs(6)
    theta, phi = np.meshgrid(space.colatitudes, space.longitudes, indexing="ij")
    Y = np.sqrt(4.0 * np.pi) * sph_harm_y(k[:, None], m[:, None], theta.ravel(), phi.ravel())
    values = lopsided(space.rows)
    exact = Y.conj() @ (space.weights * values)
    np.testing.assert_allclose(space.analyse(values), exact, rtol=0.0, atol=16.0 * EPS * np.abs(values).max())
    assert space.names == tuple(zip(k.tolist(), m.tolist()))


def test_fields_answer_together_and_alone() -> None:
    space, s, g = Sphere(8), series(8, 2, 3), series(8, 3, seed=1)
    for q in (None, unit(11)):
        scalars, slopes = space.fields(s, g, q)
        n = len(space.nodes) if q is None else 11
        assert slopes is not None
        assert scalars.shape == (2, 3, n) and slopes.shape == (3, n, 2)
        np.testing.assert_allclose(scalars[1, 2], space.evaluate(s[1, 2], q), rtol=0.0, atol=1e-13)
        np.testing.assert_allclose(slopes[1], space.evaluate(g[1], q, gradient=True), rtol=0.0, atol=1e-13)
        nothing, alone = space.fields(s[:0], g, q)
        assert nothing.shape == (0, 3, n) and alone is not None
        np.testing.assert_array_equal(alone, slopes)


def test_gradient_is_the_slope_at_the_nodes() -> None:
    space, h = Sphere(12), 1e-4
    c, e = series(12), space.frame()
    gradient = space.evaluate(c, gradient=True)
    for i in range(2):
        ahead = [space.evaluate(c, np.cos(a) * space.rows + np.sin(a) * e[:, i]) for a in (h, -h, 2 * h, -2 * h)]
        slope = (8.0 * (ahead[0] - ahead[1]) - (ahead[2] - ahead[3])) / (12.0 * h)
        np.testing.assert_allclose(gradient[:, i], slope, rtol=0.0, atol=2e-8 * np.abs(gradient).max())


# --- plans ----------------------------------------------------------------------------------------------------


def test_plan_opens_the_fields_it_was_laid_for() -> None:
    space, kernel = Sphere(40), Exponential(4.0)
    k = space.degrees
    Z, U = kernel.multipliers(3, 40)[k], kernel.potential(3, 40)[k]
    plan = space.plan(np.stack([np.ones(len(k)), Z]), U)
    assert sphere_plan.lost(Z, k) < 30 and plan.grid.lmax >= 50  # or the band would be of no use here
    x = plan.grid.rows
    for seed in (1, 2):  # the buffers are used again
        c = series(40, seed=seed)
        scalars, slopes = plan.open(c)
        assert slopes is not None
        np.testing.assert_allclose(scalars[0], space.evaluate(c, x), rtol=0.0, atol=1e-11)
        limit = 4.0 * c.size * EPS  # the band leaves out coefficients that are rounding
        np.testing.assert_allclose(scalars[1], space.evaluate(Z * c, x), rtol=0.0, atol=limit)
        np.testing.assert_allclose(slopes, space.evaluate(U * c, x, gradient=True), rtol=0.0, atol=limit)


def test_plan_closes_with_the_divergence() -> None:
    """For X = P_x a in closed form: -div(rho P_x a) = 2 rho <a, x> - <grad rho, a>."""
    space, a = Sphere(9), np.array([0.3, -1.2, 0.7])
    rho = space.density(lopsided)
    plan = space.plan(np.ones((1, len(space.degrees))), None)
    x = plan.grid.rows
    X = np.einsum("nmd,d->nm", plan.grid.frame(), a)
    out = np.empty_like(rho.coefficients)
    got = plan.close(X, plan.open(rho.coefficients)[0][0], out)
    assert got is out
    slope = np.stack([0.4 * x[:, 1] - 0.3 * x[:, 2] ** 2, 0.4 * x[:, 0], 0.3 - 0.6 * x[:, 0] * x[:, 2]], axis=-1)
    across = slope - np.sum(slope * x, axis=-1, keepdims=True) * x
    wanted = plan.grid.analyse(2.0 * lopsided(x) * (x @ a) - across @ a)
    np.testing.assert_allclose(out, sp.recut(wanted, 9), rtol=0.0, atol=2e-14)
    assert out[0] == 0.0 and not out[:10].imag.any()


def test_plan_closes_as_the_weak_form() -> None:
    """int conj(grad Y_lm) . X d mu against every harmonic, one by one, for fields without any structure."""
    space, rng = Sphere(5), np.random.default_rng(0)
    plan = space.plan(np.ones((1, len(space.degrees))), None)
    N = len(plan.grid.nodes)
    X, rho = rng.standard_normal((N, 2)), rng.random(N)
    out = plan.close(X, rho, np.empty(len(space.degrees), dtype=complex))
    for i, (_, m) in enumerate(space.names):
        c = np.zeros((2, len(out)), dtype=complex)
        c[:, i] = (1.0, 0.0) if m == 0 else (0.5, 0.5j)  # Re Y and -Im Y
        real, imaginary = space.evaluate(c, plan.grid.rows, gradient=True)
        wanted = np.sum((plan.grid.weights * rho)[:, None] * X * (real + 1j * imaginary))
        size = np.sum((plan.grid.weights * rho)[:, None] * np.abs(X) * np.hypot(real, imaginary))
        assert out[i] == pytest.approx(wanted, rel=0.0, abs=256.0 * EPS * size)


@pytest.mark.parametrize(
    ("lmax", "kappa", "kind", "beta"),
    [(32, 16.0, "SA", 9.0), (32, 16.0, "SA", 30.0), (64, 64.0, "USA", 30.0), (64, 64.0, "SA", 100.0)],
)
def test_aliasing_stays_below_truncation(
    lmax: int, kappa: float, kind: str, beta: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A density as steep as the space resolves: on the padded grid what products alias is lost in what is cut off."""
    space = Sphere(lmax)
    parts = [
        mf.von_mises_fisher(space, [1.0, 2.0, 2.0], kappa),
        mf.von_mises_fisher(space, [-2.0, 1.0, 0.3], kappa / 1.5),
    ]
    rho = mf.mixture(parts, [0.6, 0.4])
    assert 1e-13 < tail(space, rho.coefficients) < 1e-11
    law = LAWS[kind](beta, scale="relative")
    got = rate(law, rho)
    monkeypatch.setattr(sphere, "padded", lambda lmax: 4 * lmax)
    exact = rate(law, rho)
    aliased = np.abs(got - exact).max()
    cut = np.abs(exact[space.degrees == lmax]).max()
    assert aliased < max(1e-3 * cut, 2e-14 * np.abs(exact).max())
    monkeypatch.setattr(sphere, "padded", lambda lmax: lmax)
    assert np.abs(rate(law, rho) - exact).max() > 10.0 * aliased  # the padding is needed


# --- densities ------------------------------------------------------------------------------------------------


def test_initial_densities_have_their_closed_forms() -> None:
    space, kappa, w, x = Sphere(40), 6.0, np.array([0.2, -0.1, 0.25]), unit(50)
    fisher = mf.von_mises_fisher(space, 3.0 * AXIS, kappa)
    np.testing.assert_allclose(fisher(x), kappa / np.sinh(kappa) * np.exp(kappa * x @ AXIS), rtol=0, atol=1e-12 * 12)
    np.testing.assert_allclose(fisher.mean, (1.0 / np.tanh(kappa) - 1.0 / kappa) * AXIS, rtol=0.0, atol=1e-14)
    ball = mf.poisson_kernel(space, w)
    np.testing.assert_allclose(ball(x), poisson.kernel(x, w), rtol=0.0, atol=1e-12)
    r = float(np.linalg.norm(w))
    np.testing.assert_allclose(ball.mean, poisson.mean_of_parameter(r, 3) * w / r, rtol=0.0, atol=1e-14)
    both = mf.mixture([fisher, ball], [1.0, 3.0])
    np.testing.assert_allclose(both.at(x), 0.25 * fisher.at(x) + 0.75 * ball.at(x), rtol=0.0, atol=1e-13)
    assert mf.uniform(space).coefficients[0].real == pytest.approx(1.0, abs=4.0 * EPS)
    assert float(mf.uniform(space).mass) == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(mf.uniform(space).pdf(x), 1.0 / (4.0 * np.pi))
    assert fisher(AXIS) == pytest.approx(float(fisher(AXIS[None])[0])) and np.shape(fisher(AXIS)) == ()
    assert fisher(x.reshape(5, 10, 3)).shape == (5, 10)


def test_means_second_moments_and_powers_are_quadratures() -> None:
    rho = mf.mixture([mf.von_mises_fisher(Sphere(32), AXIS, 7.0), mf.poisson_kernel(Sphere(32), [0.1, 0.2, -0.1])])
    mass, x = rho.weights, rho.x
    np.testing.assert_allclose(rho.mean, mass @ x, rtol=0.0, atol=1e-14)
    np.testing.assert_allclose(rho.second_moment, np.einsum("n,ni,nj->ij", mass, x, x), rtol=0.0, atol=1e-14)
    power = rho.space.spectrum(rho.coefficients)
    assert power.shape == (33,)
    assert power.sum() == pytest.approx(float(mass @ rho.values), rel=1e-13)
    assert np.all(np.diff(power[2:20]) < 0.0)
    stacked = Density(rho.space, np.stack([rho.coefficients, mf.uniform(rho.space).coefficients]))
    np.testing.assert_allclose(stacked.mean, [rho.mean, np.zeros(3)], rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(stacked.second_moment[1], np.eye(3) / 3.0, rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(stacked.mass, 1.0, rtol=0.0, atol=1e-14)


def test_ripples_are_the_documented_harmonics() -> None:
    space, x = Sphere(8), unit(20)
    theta, phi = sp.angles(x).T
    modes = {(1, 0): 0.1, (3, 2): 0.05 - 0.02j, (5, -3): 0.03 + 0.04j, (4, 4): 0.02j}
    wanted = 1.0 + sum((a * np.sqrt(4 * np.pi) * sph_harm_y(*k, theta, phi)).real for k, a in modes.items())
    np.testing.assert_allclose(mf.perturbed_uniform(space, modes)(x), wanted, rtol=0.0, atol=1e-13)


def test_moments_are_the_coefficients_asked_for() -> None:
    rho = Sphere(6).density(lopsided)
    few, many = rho.moments(2), rho.moments(9)
    assert few.shape == (6,) and many.shape == (55,)
    np.testing.assert_array_equal(sp.recut(many, 2), few)
    np.testing.assert_array_equal(sp.recut(many, 6), rho.coefficients)
    np.testing.assert_allclose(few, Sphere(2).project(rho.x, rho.weights, 2), rtol=0.0, atol=5e-13)
    again = Sphere(9).density(coefficients=few)  # of a smaller degree than the space
    np.testing.assert_array_equal(again.moments(2), few)
    np.testing.assert_array_equal(rho.resized(12).moments(6), rho.coefficients)


def test_rotated_densities() -> None:
    space, x, R = Sphere(24), unit(30), turned(AXIS)
    np.testing.assert_allclose(R @ [0.0, 0.0, 1.0], AXIS, rtol=0.0, atol=1e-15)
    north = mf.von_mises_fisher(space, [0.0, 0.0, 1.0], 3.0)
    there = space.rotated(north, R)
    np.testing.assert_allclose(
        there.coefficients, mf.von_mises_fisher(space, AXIS, 3.0).coefficients, rtol=0.0, atol=1e-14
    )
    np.testing.assert_allclose(there(x @ R.T), north(x), rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(there.mean, R @ north.mean, rtol=0.0, atol=1e-15)


# --- what a law is told ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [0.0, 1.0, 9.0])
def test_readings_are_sums_over_the_quadrature_points(beta: float) -> None:
    rho = mf.mixture([mf.von_mises_fisher(Sphere(40), AXIS, 5.0), mf.uniform(Sphere(40))])
    points, kernel = mf.Points(rho.x, weights=rho.weights, field="direct"), Exponential(beta)
    x = np.concatenate([unit(20), [[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]], rho.x[::97]])
    got, wanted = rho.read(kernel, x, "ZML"), points.read(kernel, x, "ZML")
    scale = np.exp(wanted.log - got.log)
    np.testing.assert_allclose(got.Z, wanted.Z * scale, rtol=1e-12 * np.exp(2 * beta))
    np.testing.assert_allclose(got.M, wanted.M * scale, rtol=0.0, atol=1e-12 * np.abs(wanted.M * scale).max())
    np.testing.assert_allclose(
        got.L, wanted.L * scale[:, 0], rtol=0.0, atol=2e-12 * np.abs(wanted.L * scale[:, 0]).max()
    )
    own = rho.read(kernel, None, "ZM")
    np.testing.assert_allclose(own.Z[::97], got.Z[22:], rtol=0.0, atol=1e-12 * own.Z.max())
    tangent = mf.geometry.project(x[22:], got.M[22:])  # without x it is P_x M
    rows = np.einsum("nm,nmd->nd", own.M, rho.space.frame())[::97]
    np.testing.assert_allclose(rows, tangent, rtol=0.0, atol=1e-12 * np.abs(got.M).max())


@pytest.mark.parametrize("kind", LAWS)
def test_velocity_energy_and_dissipation_are_those_of_the_points(kind: str) -> None:
    rho, law = mf.von_mises_fisher(Sphere(40), AXIS, 4.0), LAWS[kind](3.0)
    points = mf.Points(rho.x, weights=rho.weights, field="direct")
    x = unit(25, seed=3)
    v, wanted = law.velocity(0.0, x, rho), law.velocity(0.0, x, points)
    np.testing.assert_allclose(v, wanted, rtol=0.0, atol=1e-12 * np.abs(wanted).max())
    got = law.divergence(0.0, x, rho)
    np.testing.assert_allclose(got, law.divergence(0.0, x, points), rtol=0.0, atol=1e-11 * np.abs(got).max())
    for name, value in law.quantities(0.0, points).items():
        assert law.quantities(0.0, rho)[name] == pytest.approx(float(value), rel=1e-12)


def test_laws_that_answer_in_rows_are_projected() -> None:
    """A matrix law sees the quadrature points: with Q = K = 1 it must give what the isotropic one gives."""

    class Rows(mf.SA):
        isotropic = False

    rho = Sphere(10).density(lopsided)
    np.testing.assert_allclose(rate(Rows(1.0), rho), rate(mf.SA(1.0), rho), rtol=0.0, atol=1e-14)


# --- refusals -------------------------------------------------------------------------------------------------


def test_memory_is_refused_in_bytes() -> None:
    with pytest.raises(ValueError, match=r"4004001000 bytes.*2147483648 bytes"):
        Sphere(2000)
    assert Sphere(1400).size == 1400  # nothing is made before it is asked for


def test_points_and_angles_are_refused_by_name() -> None:
    rho = Sphere(4).density(lopsided)
    off: tuple[Any, ...] = (
        [[0.0, 0.0, 1.1]],
        [0.6, 0.6, 0.6],
        [[np.nan, 0.0, 1.0]],
        [[1.0, 0.0]],
        [1.0, 0.0, 0.0, 0.0],
    )
    for bad in off:
        with pytest.raises(ValueError, match="x"):
            rho(bad)
    for theta in (-0.1, 3.5, [0.1, 10.0]):
        with pytest.raises(ValueError, match=r"theta: got .*\[0, pi\]"):
            Sphere.from_angles(theta, 0.0)
    with pytest.raises(ValueError, match="theta"):
        Sphere.from_angles(np.inf, 0.0)
    with pytest.raises(ValueError, match="broadcast"):
        Sphere.from_angles([0.1, 0.2], [1.0, 2.0, 3.0])
    x = Sphere.from_angles([[0.0], [np.pi]], [-100.0, 0.5, 50.0])  # longitudes of any number of turns
    assert x.shape == (2, 3, 3) and np.isfinite(rho(x)).all()


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "lmax": (lambda: Sphere(1), "lmax"),
    "count": (lambda: Sphere(4).density(coefficients=[1.0, 0.0]), "coefficients"),
    "too many": (lambda: Sphere(4).density(coefficients=np.eye(1, 21)[0]), "larger space"),
    "phase of a_10": (lambda: Sphere(2).density(coefficients=[1, 0.1j, 0, 0, 0, 0]), "must be real"),
    "no such degree": (lambda: mf.perturbed_uniform(Sphere(4), {(5, 0): 0.1}), "not held"),
    "no such order": (lambda: mf.perturbed_uniform(Sphere(4), {(2, 3): 0.1}), "m"),
    "phase of a zonal mode": (lambda: mf.perturbed_uniform(Sphere(4), {(2, 0): 0.1j}), "real"),
    "steep": (lambda: mf.von_mises_fisher(Sphere(16), AXIS, 100.0), "under-resolved"),
    "jump": (lambda: Sphere(8).density(lambda x: 1.0 + (x[..., 2] > 0.3)), "not resolved"),
    "no room to refine": (lambda: Sphere(100).density(lambda x: 1.0 + (x[..., 2] > 0.3)), "not resolved"),
    "node values": (lambda: Sphere(8).density(1.0 + 0.5 * sp.rows(*_mesh(8))[..., 0].ravel() ** 8), "under-resolved"),
    "wrong number": (lambda: Sphere(8).density(np.ones(7)), "values"),
    "negative": (lambda: Sphere(8).density(lambda x: x[..., 2]), "negative"),
}


def _mesh(lmax: int) -> tuple[Array, Array]:
    theta, phi = np.meshgrid(Sphere(lmax).colatitudes, Sphere(lmax).longitudes, indexing="ij")
    return theta, phi


@pytest.mark.parametrize(("make", "said"), BAD.values(), ids=BAD)
def test_refusals_say_what_is_wrong(make: Callable[[], Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sphere, "MEMORY", sphere.BYTES * 110**2)
    with pytest.raises(ValueError, match=said):
        make()


def test_modes_are_pairs() -> None:
    with pytest.raises(TypeError, match="modes"):
        mf.perturbed_uniform(Sphere(4), {2: 0.1})
