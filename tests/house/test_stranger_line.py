"""Add your own: densities on a line, an interval [-L, L] of R in under 60 lines, moved by laws of R^d and by diffusion.

Nothing here touches a private name of the packages: what a space that is no sphere must say is its `geometry`, its
`laplacian` and its `area`.  Oracles: closed forms (the heat kernel by images, Ornstein-Uhlenbeck, x' = -x), and points
at Gauss's nodes under scipy's integrator.
"""

# mypy: disable-error-code="attr-defined"
# (the space sets its frozen data by object.__setattr__, which a type checker cannot follow)
from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import meanfield as mf
import particles as pt
from meanfield.geometry import FLAT
from meanfield.protocols import Array, Kernel, Law
from meanfield.spaces.base import Gridded

pytestmark = pytest.mark.rounding


@mf.register
@dataclass(frozen=True)
class Interval(Gridded):
    """[-L, L] by cosines, sqrt(2) cos(k pi (x + L) / 2L): nothing flows through its ends; `size` is the highest k."""

    L: float
    size: int
    d = 1
    geometry = FLAT

    def __post_init__(self) -> None:
        k, N = np.arange(self.size + 1), 2 * self.size + 2
        nodes = self.L * ((2.0 * np.arange(N) + 1.0) / N - 1.0)
        data = {"nodes": nodes, "weights": np.full(N, 1.0 / N), "degrees": k, "names": tuple(k.tolist())}
        data |= {"rows": nodes[:, None], "laplacian": -np.square(self._waves(k)), "area": 2.0 * self.L}
        for name, value in data.items():
            object.__setattr__(self, name, value)

    def _waves(self, k: Array) -> Array:
        return k * (0.5 * math.pi / self.L)

    @cached_property
    def _own(self) -> Array:
        return self._basis(self.nodes)

    def _basis(self, q: Array, slope: bool = False) -> Array:
        k = self._waves(self.degrees)
        a, scale = (q[..., None] + self.L) * k, np.where(k == 0, 1.0, math.sqrt(2.0))
        return scale * (-k * np.sin(a) if slope else np.cos(a))

    def analyse(self, values: Array) -> Array:
        return values @ (self.weights[:, None] * self._own)

    def evaluate(self, c: Array, q: Array | None = None, gradient: bool = False) -> Array:
        if gradient:
            return (c @ self._basis(self.nodes if q is None else q, True).T)[..., None]
        return c @ (self._own if q is None else self._basis(q)).T

    def chart(self, x: Array) -> Array:
        return x[..., 0]

    def frame(self, x: Array | None = None) -> Array:
        x = self.rows if x is None else x
        return np.ones((*x.shape[:-1], 1, 1))

    def resized(self, size: int) -> Interval:
        return Interval(self.L, size)


@mf.register
@dataclass(frozen=True)
class Contract(mf.Law):
    """x' = -x."""

    geometry = "flat"
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return -(mu.x if x is None else x)


@mf.register
@dataclass(frozen=True)
class Bump(Kernel):
    """e^s = exp(-|x - y|^2 / 2), of which it says no bandwidth."""

    isotropic = False
    range = np.inf

    def log(self, x: Array, y: Array) -> Array:
        return -0.5 * np.sum(np.square(x[..., :, None, :] - y[..., None, :, :]), axis=-1)


@mf.register
@dataclass(frozen=True)
class Gather(Law):
    """v = int (y - x) exp(-|x - y|^2 / 2) d mu(y)."""

    geometry = "flat"
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        r = mu.read(Bump(), x, "ZM")
        return np.exp(r.log) * (r.M - r.Z * (mu.x if x is None else x))


def bell(mean: float, variance: float) -> Callable[[Array], Array]:
    return lambda x: np.exp(-0.5 * np.square(x - mean) / variance) / math.sqrt(2.0 * math.pi * variance)


def gauss(L: float, n: int = 240) -> tuple[Array, Array]:
    x, w = np.polynomial.legendre.leggauss(n)
    return L * x, L * w


# --- heat ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("L", [0.01, 1.0, 5.0, 300.0])
def test_heat_of_a_mode(L: float) -> None:
    """cos(3 pi (x + L) / 2L) falls as e^{-kappa (3 pi / 2L)^2 t}; as of a sphere it fell as e^{-6 kappa t}."""
    wave, kappa = 3.0 * math.pi / (2.0 * L), 0.1 * L * L
    rho = Interval(L, 16).density(lambda x: 1.0 + 0.6 * np.cos(wave * (x + L)))
    end = mf.solve(mf.Diffusion(kappa, geometry="flat"), rho, (0.0, 1.0))(1.0)
    q = np.linspace(-L, L, 31)
    exact = 1.0 + 0.6 * math.exp(-kappa * wave**2) * np.cos(wave * (q + L))
    np.testing.assert_allclose(end(q), exact, rtol=0.0, atol=1e-12)


def test_heat_of_a_bell_against_the_heat_kernel_by_images() -> None:
    L, kappa, t = 8.0, 0.4, 2.0
    end = mf.solve(mf.Diffusion(kappa, geometry="flat"), Interval(L, 192).density(bell(4.0, 0.2)), (0.0, t))(t)
    q = np.linspace(-L, L, 41)
    centres = [c + 4.0 * L * m for m in range(-4, 5) for c in (4.0, 2.0 * L - 4.0)]
    images = [bell(centre, 0.2 + 2.0 * kappa * t) for centre in centres]
    np.testing.assert_allclose(end.pdf(q), sum(image(q) for image in images), rtol=0.0, atol=1e-12)


def test_ornstein_uhlenbeck() -> None:
    """x' = -x with noise: a bell of mean m e^-t and variance kappa + (v - kappa) e^-2t, of points and densities."""
    kappa, t = 0.3, 0.7
    rho = Interval(8.0, 128).density(bell(1.0, 0.4))
    sol = mf.solve(Contract(), rho, (0.0, t), diffusion=kappa, rtol=1e-10)
    q = np.linspace(-2.0, 3.0, 21)
    exact = bell(math.exp(-t), kappa + (0.4 - kappa) * math.exp(-2.0 * t))(q)
    np.testing.assert_allclose(sol(t).pdf(q), exact, rtol=0.0, atol=1e-8)
    x0 = np.random.default_rng(0).normal(1.0, math.sqrt(0.4), (20_000, 1))
    run = pt.simulate(Contract(), x0, (0.0, t), diffusion=kappa, method="heun", step=0.01, rng=1)
    assert abs(run.x[-1].mean() - math.exp(-t)) < 5.0 * math.sqrt(0.35 / len(x0))
    assert abs(run.x[-1].var() - (kappa + 0.1 * math.exp(-2.0 * t))) < 5.0 * math.sqrt(2.0 / len(x0)) * 0.35


# --- transport -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("L", [0.01, 1.0, 5.0, 300.0])
def test_contraction_at_any_length(L: float) -> None:
    """rho(t, x) = e^t rho_0(e^t x); steps are bounded by wave numbers, pi k / 2L, and not by k."""
    rho = Interval(L, 96).density(bell(0.1 * L, (0.1 * L) ** 2))
    sol = mf.solve(Contract(), rho, (0.0, 0.5), rtol=1e-10)
    q = L * np.linspace(-0.3, 0.3, 9)
    exact = math.exp(0.5) * rho.pdf(math.exp(0.5) * q)
    np.testing.assert_allclose(sol(0.5).pdf(q), exact, rtol=0.0, atol=1e-9 * exact.max())
    same = mf.solve(Contract(), Interval(2.0, 96).density(bell(0.2, 0.04)), (0.0, 0.5), rtol=1e-10)
    assert abs(sol.counters.evaluations - same.counters.evaluations) <= 0.1 * same.counters.evaluations


def test_a_kernel_that_says_nothing_against_points() -> None:
    x, w = gauss(5.0)
    m = w * bell(0.4, 0.25)(x)

    def slope(_: float, z: Array) -> Array:
        apart = z - z[:, None]
        return np.asarray((apart * np.exp(-0.5 * apart**2)) @ m)

    z = solve_ivp(slope, (0.0, 0.4), x, "DOP853", rtol=1e-11, atol=1e-12).y[:, -1]
    mu = mf.solve(Gather(), Interval(5.0, 64).density(bell(0.4, 0.25)), (0.0, 0.4), rtol=1e-10)(0.4)
    for p in (1, 2, 3, 4):
        assert abs(np.sum(mu.weights * mu.x[:, 0] ** p) - m @ z**p) < 1e-9


def test_attention_of_ours_and_its_energy() -> None:
    """On points by sums over all pairs, on the density by quadrature: never by harmonics of a sphere."""
    law = mf.SA(0.7, sign=-1, geometry="flat")
    rho = Interval(3.0, 96).density(bell(0.3, 0.04))
    sol = mf.solve(law, rho, (0.0, 0.5), rtol=1e-10)
    masses = np.maximum(rho.weights, 0.0)
    points = mf.Points(rho.x, weights=masses, geometry="flat")
    run = pt.simulate(law, rho.x, (0.0, 0.5), weights=masses, rtol=1e-11)
    for p in (1, 2, 3):
        assert abs(np.sum(sol(0.5).weights * sol(0.5).x[:, 0] ** p) - run.weights @ run.x[-1][:, 0] ** p) < 1e-9
    assert abs(rho.energy(law) - points.energy(law)) < 1e-11 * points.energy(law)
    change = sol.energy - sol.energy[0]
    np.testing.assert_allclose(sol.dissipated, change, rtol=0.0, atol=1e-7 * abs(change[-1]))


def test_an_energy_that_is_not_confirmed_is_not_told() -> None:
    """Where there is mass at the ends the quadrature of e^{beta x y} is rough; of a bell of variance v in between E is
    1 / (2 beta sqrt(1 - beta^2 v^2))."""
    space, law = Interval(30.0, 64), mf.SA(0.05, geometry="flat")
    assert law.quantities(0.0, space.density(lambda x: 1.0 + np.cos(math.pi * (x + 30.0) / 60.0))) == {}
    told = law.quantities(0.0, space.density(bell(0.0, 9.0)))["energy"]
    assert abs(told * 2.0 * 0.05 * math.sqrt(1.0 - (0.05 * 9.0) ** 2) - 1.0) < 1e-9


# --- the house takes it --------------------------------------------------------------------------------------


def test_a_run_is_saved_resumed_and_not_drawn_as_angles(tmp_path: Path) -> None:
    rho, law = Interval(5.0, 64).density(bell(0.4, 0.25)), Contract() + mf.Diffusion(0.05, geometry="flat")
    whole = mf.solve(law, rho, (0.0, 1.0))
    half = mf.solve(law, rho, (0.0, 1.0), observe=lambda t, mu: t > 0.3)
    half.save(tmp_path / "half.nc")
    on = mf.resume(mf.load(tmp_path / "half.nc"))
    np.testing.assert_array_equal(on(1.0).coefficients, whole(1.0).coefficients)
    assert whole.to_xarray()["rho"].shape[0] == len(whole.t)
    for draw in (whole.plot, whole.plot_profiles, lambda: whole.animate(tmp_path / "no.gif")):
        with pytest.raises(TypeError, match=r"Interval.* has no picture of ours .*ax.plot\(sol.finest.nodes"):
            draw()
    mu = whole(1.0)
    x, w = gauss(5.0)
    assert abs(w @ mu.pdf(x) - 1.0) < 1e-12
    assert abs(float(mu.at([[0.3]])[0]) - float(mu(0.3))) < 1e-12
    assert mu.geometry == FLAT and mu.also([[1.0]], 0.5).geometry == FLAT


def test_laws_and_spaces_of_other_manifolds_are_refused() -> None:
    rho, ring = Interval(5.0, 48).density(bell(0.0, 0.5)), mf.uniform(mf.Circle(32))
    for law in (mf.SA(1.0), mf.Diffusion(0.1)):
        with pytest.raises(ValueError, match=r'densities on Interval.* live on R.d: give it geometry="flat"'):
            mf.solve(law, rho, (0.0, 0.1))
        with pytest.raises(ValueError, match=r"law: .*on spheres"):
            rho.energy(law)
    with pytest.raises(ValueError, match=r"moves points of R.d, and densities on Circle.* live on spheres"):
        mf.solve(Contract(), ring, (0.0, 0.1))
    with pytest.raises(TypeError, match=r"on spheres, got .* on Interval"):
        rho.read(mf.Exponential(1.0))
    with pytest.raises(ValueError, match="lagrangian"):
        mf.solve(Contract(), rho, (0.0, 0.1), method="lagrangian")


def test_a_labelled_law_of_the_line_is_found_out() -> None:
    @dataclass(frozen=True)
    class First(mf.Law):
        geometry = "flat"
        autonomous = True

        def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
            return np.broadcast_to(mu.x[..., :1, :], mu.x.shape)

    with pytest.raises(ValueError, match="tells tokens apart by their index"):
        mf.solve(First(), Interval(5.0, 48).density(bell(0.0, 0.5)), (0.0, 0.1))


def test_what_a_space_does_not_say_is_asked_for() -> None:
    class Silent(Gridded):
        d = 1
        geometry = FLAT

    for name in ("laplacian", "area", "waves"):
        with pytest.raises(TypeError, match=r"(laplacian|area): Silent lives in R.1 and does not say it: write"):
            getattr(Silent(), name)


def test_densities_of_data_are_those_of_spheres() -> None:
    line = Interval(5.0, 48)
    with pytest.raises(TypeError, match=r"no sphere.*use space.density\(f\)"):
        line.density_from([[0.1], [0.2]], bandwidth=0.3)
    with pytest.raises(TypeError, match="no angle that edges could cut"):
        line.density_from_cells([1.0, 2.0], [-5.0, 0.0, 5.0])


@pytest.mark.parametrize("part", [Interval, Contract, Bump, Gather])
def test_each_is_small(part: type) -> None:
    assert len(inspect.getsource(part).splitlines()) < 60
