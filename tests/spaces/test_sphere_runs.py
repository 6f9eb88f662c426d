"""Runs on S^2 against closed forms, the zonal sphere, and themselves at other resolutions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from spheres import AXIS, LAWS, lopsided, turned, unit

import meanfield as mf
from meanfield.methods.spectral import Coefficients
from meanfield.protocols import Array
from meanfield.spaces import Sphere
from meanfield.spaces.density import Density
from meanfield.steppers import dop853
from validation.exact import growth, poisson

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)


def test_independent_solution_of_the_pde() -> None:
    """By a Lagrangian flow map on product Gauss labels with direct sums over pairs, to about twelve digits."""
    sol = mf.solve(mf.SA(4.0), Sphere(32).density(lopsided), (0.0, 1.0), t_eval=[1.0])
    rho = sol(1.0)
    np.testing.assert_allclose(
        rho.mean, [-0.02905701497803, -2.642044737684e-06, 0.1449902681526], rtol=0.0, atol=1e-12
    )
    second = [0.332874680934, 0.0510459026192, -0.000129511842773, 0.332548146965, 0.000110909897721, 0.334577172101]
    np.testing.assert_allclose(rho.second_moment[np.triu_indices(3)], second, rtol=0.0, atol=2e-12)
    assert float(rho.weights @ rho.x.prod(axis=1)) == pytest.approx(0.001718737038, abs=1e-12)
    assert sol.energy[-1] == pytest.approx(0.9102266335837, abs=2e-12)
    assert sol.dissipation[-1] == pytest.approx(0.050882788083, abs=2e-12)


def zonal_data(c: Array) -> Array:
    return 1.0 + 0.3 * c + 0.1 * (3.0 * c * c - 1.0) + 0.2 * c**3


@pytest.mark.parametrize(("kind", "t"), [("SA", 1.0), ("USA", 0.15)])
@pytest.mark.parametrize("axis", [np.array([0.0, 0.0, 1.0]), AXIS], ids=["upright", "tilted"])
def test_zonal_data_run_as_on_the_zonal_sphere(kind: str, t: float, axis: Array) -> None:
    law = LAWS[kind](4.0)
    line = mf.solve(law, mf.ZonalSphere(3, 48, axis=axis).density(zonal_data), (0.0, t), t_eval=[0.5 * t, t])
    ball = mf.solve(law, Sphere(48).density(lambda x: zonal_data(x @ axis)), (0.0, t), t_eval=[0.5 * t, t])
    np.testing.assert_allclose(ball.energy, line.energy, rtol=2e-12)
    np.testing.assert_allclose(ball.dissipation, line.dissipation, rtol=2e-11)
    np.testing.assert_allclose(ball.dissipated, line.dissipated, rtol=1e-9)
    for a, b in zip(ball.densities, line.densities):
        np.testing.assert_allclose(a.mean, b.mean, rtol=0.0, atol=1e-12)
        np.testing.assert_allclose(a.second_moment, b.second_moment, rtol=0.0, atol=1e-12)
        x = unit(20)
        np.testing.assert_allclose(a(x), b(x @ axis), rtol=0.0, atol=5e-12 * b.maximum)
        back = a.space.rotated(a, turned(axis).T)  # upright again, where all that is not zonal must be rounding
        zonal = np.zeros(len(back.coefficients))
        zonal[: len(b.coefficients)] = b.coefficients
        np.testing.assert_allclose(back.coefficients, zonal, rtol=0.0, atol=2e-12)


@pytest.mark.parametrize("kind", LAWS)
def test_zonal_velocities_agree_on_both_spheres(kind: str) -> None:
    law, c = LAWS[kind](5.0, scale="relative"), np.linspace(-0.99, 0.99, 9)
    line, ball = mf.ZonalSphere(3, 48), Sphere(48)
    x = Sphere.from_angles(np.arccos(c), np.linspace(0.0, 6.0, 9))
    a = law.velocity(0.0, x, line.density(zonal_data))
    b = law.velocity(0.0, x, ball.density(lambda y: zonal_data(y[..., 2])))
    np.testing.assert_allclose(b, a, rtol=0.0, atol=2e-12 * np.abs(a).max())


@pytest.mark.parametrize(("kind", "beta", "sign"), [("SA", 4.0, 1), ("USA", 2.0, 1), ("SA", 9.0, -1), ("USA", 0.0, 1)])
def test_every_mode_grows_at_its_rate(kind: str, beta: float, sign: int) -> None:
    space, eps = Sphere(16), 1e-5
    law = LAWS[kind](beta, sign=sign)
    wanted = growth.growth_rates(kind, beta, 3, 6, sign=sign)
    method = Coefficients(law, space, 1e-12, 16)
    c0 = mf.uniform(space).coefficients
    up, down = np.empty_like(c0), np.empty_like(c0)
    for l in range(7):  # noqa: E741
        for m in range(l + 1):
            for a in (1.0,) if m == 0 else (1.0, 1.0j):
                ripple = eps * space.ripple({(l, m): a}) if l else np.zeros_like(c0)
                method.rhs(0.0, c0 + ripple, up)
                method.rhs(0.0, c0 - ripple, down)
                slope = (up - down) / (2.0 * eps)
                np.testing.assert_allclose(slope, wanted[l] * ripple / eps, rtol=0.0, atol=1e-8 * np.abs(wanted).max())


@pytest.mark.parametrize("kind", LAWS)
@pytest.mark.parametrize("sign", [1, -1])
def test_poisson_kernels_stay_poisson_kernels_at_beta_zero(kind: str, sign: int) -> None:
    w0, t = 0.3 * AXIS, 1.0
    sol = mf.solve(
        LAWS[kind](0.0, sign=sign), mf.poisson_kernel(Sphere(56), w0), (0.0, t), t_eval=[t], rtol=1e-12, atol=1e-15
    )
    rho = sol(t)
    w = poisson.parameter(t, w0, sign)
    exact = poisson.kernel(rho.x, w)
    error = np.sqrt(rho.space.weights @ (rho.values - exact) ** 2 / (rho.space.weights @ exact**2))
    assert error < 1e-12
    r = float(np.linalg.norm(w))
    np.testing.assert_allclose(rho.mean, poisson.mean_of_parameter(r, 3) * w / r, rtol=0.0, atol=1e-12)
    assert float(np.linalg.norm(rho.mean)) == pytest.approx(float(poisson.order_parameter(t, 0.3, 3, sign)), abs=1e-12)


@pytest.mark.parametrize("kind", LAWS)
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("beta", [0.0, 4.0])
def test_energy_changes_by_what_is_dissipated_and_mass_is_kept(kind: str, sign: int, beta: float) -> None:
    law = LAWS[kind](beta, sign=sign, scale="relative")
    sol = mf.solve(law, Sphere(24).density(lopsided), (0.0, 1.0))
    np.testing.assert_allclose(sol.mass, 1.0, rtol=0.0, atol=1e-13)
    gain = sol.energy[-1] - sol.energy[0]
    assert sign * gain > 0.0 and np.all(sign * np.diff(sol.energy) > -1e-14)
    assert np.abs(sol.energy - sol.energy[0] - sol.dissipated).max() < 1e-9 * abs(gain)
    assert not sol.coefficients[:, : sol.finest.lmax + 1].imag.any()


def test_heat_alone_and_with_attention() -> None:
    space, kappa, t = Sphere(16), 0.3, 0.7
    rho0 = space.density(lopsided)
    rho = mf.solve(mf.Diffusion(kappa), rho0, (0.0, t), t_eval=[t])(t)
    k = space.degrees
    np.testing.assert_allclose(
        rho.coefficients, np.exp(-kappa * k * (k + 1) * t) * rho0.coefficients, rtol=0.0, atol=1e-14
    )
    law = mf.USA(2.0, scale="relative")
    axis = np.array([0.0, 0.0, 1.0])
    ball = mf.solve(law, space.density(lambda x: zonal_data(x @ axis)), (0.0, 1.0), t_eval=[1.0], diffusion=0.2)
    line = mf.solve(law, mf.ZonalSphere(3, 16).density(zonal_data), (0.0, 1.0), t_eval=[1.0], diffusion=0.2)
    np.testing.assert_allclose(ball(1.0).coefficients[:17], line(1.0).coefficients, rtol=0.0, atol=1e-11)
    assert np.all(np.diff(mf.solve(law, rho0, (0.0, 1.0), diffusion=0.2).free_energy) < 1e-13)


def test_error_falls_exponentially_with_lmax() -> None:
    def run(lmax: int) -> Density:
        rho0 = Sphere(lmax).density(lopsided)
        whole = mf.Spectral(max_resolution=lmax, tail=1.0)
        return mf.solve(mf.SA(4.0), rho0, (0.0, 2.0), t_eval=[2.0], method=whole)(2.0)

    exact = run(40).moments(3)
    errors = np.array([np.abs(run(lmax).moments(3) - exact).max() for lmax in (6, 10, 14, 18, 22)])
    assert errors[0] > 1e-6  # there is something to converge
    assert np.all(errors[1:] < 0.1 * errors[:-1] + 16.0 * EPS), errors


def test_resolution_doubles_when_needed_and_then_says_so(tmp_path: Path) -> None:
    rho0 = Sphere(16).density(lopsided)
    sol = mf.solve(mf.SA(4.0), rho0, (0.0, 3.0), t_eval=[1.0, 3.0])
    assert sol.finest.lmax > 16 and sol.success
    fine = mf.solve(mf.SA(4.0), rho0.resized(64), (0.0, 3.0), t_eval=[1.0, 3.0])
    np.testing.assert_allclose(sol(3.0).moments(8), fine(3.0).moments(8), rtol=0.0, atol=1e-11)
    with pytest.raises(mf.UnresolvedError):
        mf.solve(mf.SA(4.0), rho0, (0.0, 3.0), max_resolution=16)
    half = mf.solve(mf.SA(4.0), rho0, (0.0, 3.0), t_eval=[1.0, 3.0], observe=lambda t, mu: t >= 1.0)
    half.save(tmp_path / "half.nc")
    whole = mf.resume(mf.load(tmp_path / "half.nc"))
    np.testing.assert_array_equal(whole(3.0).coefficients, sol(3.0).coefficients)


def test_stepper_keeps_its_order_on_the_sphere() -> None:
    space = Sphere(20)
    method = Coefficients(mf.SA(4.0), space, 1.0, 20)
    y0 = space.density(lopsided).coefficients

    def run(h: float) -> Array:
        t, y, stepper = 0.0, y0, dop853(1e-1, 1e2)
        while t < 1.0:
            t, y = stepper.step(method, t, y, h, min(1.0, t + h), None, False)[:2]
        return y

    exact = run(1.0 / 32.0)
    errors = [np.abs(run(h) - exact).max() for h in (1.0, 0.5, 0.25)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > 7.0), (errors, orders)
