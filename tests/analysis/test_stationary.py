"""Stationary densities with noise: printed values, nodal quadrature, other spaces, and the equation itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.analysis.linearised import basis, matrix, spectrum
from meanfield.analysis.stationary import NotStationary, stationary
from meanfield.analysis.zeroflux import balance
from validation.exact import stationary as exact

pytestmark = pytest.mark.rounding
PRINTED = {
    ("USA", 1.0, 0.5): (0.543821203160208, 0.205285340932025, 0.0616878411314934, 0.0158292107866176),
    ("SA", 1.0, 0.4): (0.443448317748523, 0.0841402350392331, 0.00827374683891349, 0.000465431434411595),
    ("SA", 4.0, 0.1): (0.913136127880328, 0.695870644199738, 0.443689692065046, 0.237604519299623),
}
"""int cos k theta d rho, k = 1..4, to 15 digits."""


def peak(space: Any) -> mf.Density:
    return mf.von_mises_fisher(space, np.eye(space.d)[0 if space.d == 2 else -1], 1.0)


@pytest.mark.parametrize(("kind", "beta", "kappa"), PRINTED, ids=str)
def test_the_printed_moments(kind: str, beta: float, kappa: float) -> None:
    """On the circle from an oblique guess, and by P_k on the zonal sphere of d = 2."""
    law, told = getattr(mf, kind)(beta), np.array(PRINTED[kind, beta, kappa])
    turned = stationary(law, mf.von_mises_fisher(mf.Circle(128), 0.7, 1.0), kappa)
    assert np.abs(np.abs(turned.density.moments(4)[1:]) - told).max() < 1e-13
    assert np.angle(turned.density.moments(1)[1]) == pytest.approx(-0.7, abs=1e-9)
    zonal = stationary(law, peak(mf.ZonalSphere(2, 48)), kappa)
    assert np.abs(zonal.density.moments(4)[1:] - told).max() < 1e-13
    assert turned.residual < 1e-13
    assert turned.stable
    # all of the circle is even and odd, and the rotation's zero is left out of both
    assert np.abs(turned.eigenvalues[:4] - zonal.eigenvalues[:4]).max() < 1e-9
    assert turned.free_energy == pytest.approx(zonal.free_energy, rel=1e-13)


@pytest.mark.parametrize("kind", ["SA", "USA"])
def test_nothing_flows_by_quadrature(kind: str) -> None:
    """rho is its image by sums over nodes, without multipliers; and the iteration of those sums ends there."""
    law = getattr(mf, kind)(2.0)
    found = stationary(law, peak(mf.Circle(128)), 0.3).density
    _, rho = exact.circle(kind, 2.0, 0.3, n=128)
    assert np.abs(found.values - rho).max() < 1e-11 * rho.max()


def test_nothing_flows_on_the_sphere() -> None:
    space, kappa = mf.Sphere(20), 0.95 * exact.critical("USA", 1.0, 3, 1)
    rho = stationary(mf.USA(1.0), mf.von_mises_fisher(space, [1.0, 2.0, -1.0], 1.0), kappa).density
    image = exact.image(space.rows, space.weights, rho.values, "USA", 1.0, kappa)
    assert np.abs(rho.values - image).max() < 1e-11 * image.max()
    assert rho.maximum > 1.3


def test_scales_and_laws_with_noise_in_them() -> None:
    """The same density in every scale, kappa with it; noise in the law adds to what is given beside it."""
    law = mf.USA(2.0)
    plain = stationary(law, peak(mf.Circle(96)), 0.6)
    factor = np.exp(mf.USA(2.0, scale="relative").log_factor(2))
    scaled = stationary(mf.USA(2.0, scale="relative"), peak(mf.Circle(96)), 0.6 * factor)
    assert np.abs(plain.density.values - scaled.density.values).max() < 1e-12
    assert np.abs(factor * plain.eigenvalues[:6] - scaled.eigenvalues[:6]).max() < 1e-11
    inside = stationary(law + mf.Diffusion(0.25), peak(mf.Circle(96)), 0.35)
    assert inside.diffusion == pytest.approx(0.6, rel=1e-15)
    assert np.abs(plain.density.values - inside.density.values).max() < 1e-13
    sol = mf.solve(law, plain.density, (0.0, 1e-3), diffusion=0.6)
    free = 0.6 * plain.density.entropy - plain.density.energy(law)
    assert plain.free_energy == pytest.approx(float(free), rel=1e-13)
    assert np.abs(sol(1e-3).coefficients - plain.density.coefficients).max() < 1e-13


def test_repulsion_leaves_the_uniform_density_alone() -> None:
    found = stationary(mf.SA(3.0, sign=-1), peak(mf.ZonalSphere(4, 32)), 0.1)
    assert np.abs(found.density.values - 1.0).max() < 1e-12
    rates = mf.growth_rates(mf.SA(3.0, sign=-1), 4, 3, 0.1)
    assert found.leading == pytest.approx(rates[1:].max(), rel=1e-10)


def test_the_spectrum_about_the_uniform_density_is_that_of_its_modes() -> None:
    rates = mf.growth_rates(mf.SA(4.0), 3, 8, 0.05)
    told = spectrum(mf.SA(4.0), mf.uniform(mf.Sphere(8)), 0.05)
    modes = np.sort(np.repeat(rates[1:], 2 * np.arange(1, 9) + 1))[::-1]
    assert np.abs(told - modes).max() < 1e-11
    zonal = spectrum(mf.SA(4.0), mf.uniform(mf.ZonalSphere(3, 8)), 0.05)
    assert np.abs(np.unique(np.round(zonal, 9)) - np.unique(np.round(rates[1:], 9))).max() < 1e-8


@pytest.mark.parametrize("law", [mf.SA(3.0), mf.USA(2.0, sign=-1)], ids=str)
@pytest.mark.parametrize("space", [mf.Circle(48), mf.Sphere(12)], ids=str)
def test_the_linearised_equation_is_that_of_the_solver(space: Any, law: Any) -> None:
    """About a density that moves, against differences of d_t rho as a plan closes it, in two directions."""
    names: dict[Any, complex] = {1: 0.3, 2: 0.2j} if space.d == 2 else {(1, 0): 0.2, (2, 1): 0.1 + 0.05j}
    c = mf.perturbed_uniform(space, names).coefficients
    flux, kappa = balance(law, space.d, 0.1)
    unit = basis(space, 6)
    L, norms = matrix(flux, kappa, space, c, unit)
    for seed in (0, 1):
        v = np.random.default_rng(seed).standard_normal(len(unit))
        change = sum(s * moved(law, kappa, space, c + s * 1e-3 * (v @ unit)) for s in (1.0, -1.0)) / 2e-3
        told = (L @ (v * norms)) / norms
        w = space.weights
        got = space.evaluate(unit) * w @ space.evaluate(change) / norms**2
        assert np.abs(told - got).max() < 1e-5 * np.abs(told).max()


def moved(law: Any, kappa: float, space: Any, c: Any) -> Any:
    """Coefficients of d_t rho."""
    plan = space.plan(np.ones((1, len(c))), None)
    fine = space.density(coefficients=c, signed=True).resized(plan.grid.size)
    X = np.asarray(law.velocity(0.0, None, fine))
    return plan.close(X, fine.values, np.empty_like(c)) + kappa * space.laplacian * c


@pytest.mark.parametrize("law", [mf.SA(4.0), mf.USA(2.0, sign=-1)], ids=str)
@pytest.mark.parametrize("m", [1, 2, 5])
def test_clusters_of_a_star_widen_at_their_rate(law: Any, m: int) -> None:
    """Each made of two halves that are 2e-5 apart: no cluster moves, and the halves do."""
    h = 1e-5
    theta = np.add.outer(2.0 * np.pi * np.arange(m) / m, [-h, h]).ravel()
    v = np.asarray(law.velocity(0.0, None, mf.Points(theta)))[..., 0]
    size = 1.0 if law.normalised else np.exp(law.beta)
    assert (v[1::2] - v[::2]) / (2.0 * h) == pytest.approx(np.full(m, mf.star_spread(law, m)), abs=1e-5 * size)


def test_the_spectrum_along_a_run() -> None:
    """It begins as that of the uniform density, of which the run's mode grows at one of its eigenvalues."""
    law, rho0 = mf.SA(4.0), mf.perturbed_uniform(mf.Circle(48), {3: 1e-4})
    sol = mf.solve(law, rho0, (0.0, 4.0), t_eval=[0.0, 2.0, 4.0], diffusion=0.02)
    rates = mf.growth_rates(law, 2, 3, 0.02)
    told = [float(np.real(spectrum(law, sol(t), 0.02)[0])) for t in (0.0, 4.0)]
    assert told[0] == pytest.approx(rates.max(), abs=1e-5)
    c = [float(np.abs(sol(t).moments(3)[3])) for t in (0.0, 4.0)]
    assert np.log(c[1] / c[0]) / 4.0 == pytest.approx(rates[3], rel=1e-3)
    assert 1e-8 < abs(told[1] - told[0]) < 1e-2


def test_what_is_refused() -> None:
    guess = peak(mf.Circle(64))
    with pytest.raises(ValueError, match=r"diffusion: got 0.0 in all, wanted noise > 0"):
        stationary(mf.SA(1.0), guess, 0.0)
    with pytest.raises(ValueError, match="diffusion"):
        stationary(mf.SA(1.0), guess, -1.0)
    with pytest.raises(ValueError, match="wanted one gradient law"):
        stationary(mf.Sinkhorn(1.0), guess, 0.1)
    with pytest.raises(ValueError, match="under-resolved"):
        stationary(mf.SA(4.0), mf.von_mises_fisher(mf.Circle(32), 0.0, 1.0), 0.01)
    with pytest.raises(TypeError, match="guess"):
        stationary(mf.SA(1.0), mf.Points([0.0, 1.0]), 0.1)


def test_a_start_that_is_lost_is_told_with_its_residuals() -> None:
    """A signed guess of which Z vanishes somewhere."""
    guess = mf.Circle(64).density(lambda q: 1.0 + 9.0 * np.cos(q), signed=True)
    with pytest.raises(NotStationary, match="lost it") as caught:
        stationary(mf.SA(2.0), guess, 0.1)
    assert caught.value.residuals == [np.inf]
