"""Circles of latitude added to a measure about an axis: against points on S^2, circles of points, and slow sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.measures.rings import Rings
from meanfield.methods.on_plan import OnPlan
from meanfield.protocols import Array

pytestmark = pytest.mark.rounding


@mf.register
@dataclass(frozen=True)
class NextTo(mf.Law):
    """SA that sees fixed masses, too."""

    y: tuple[Any, ...]
    a: tuple[float, ...]
    beta: float = 3.0
    isotropic = True
    autonomous = True

    def _seen(self, mu: Any) -> Any:
        return mu.also(np.array(self.y), np.array(self.a), per_token=False)

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return mf.SA(self.beta).velocity(t, x, self._seen(mu))

    def divergence(self, t: float, x: Array | None, mu: Any) -> Any:
        return mf.SA(self.beta).divergence(t, x, self._seen(mu))


def heap(c: Array) -> Array:
    return 1.0 + 0.4 * c + 0.2 * c * c


def test_a_pole_beside_a_density_on_the_sphere_moves_it_as_on_the_whole_sphere() -> None:
    axis = (0.0, 0.0, 1.0)
    zonal = mf.ZonalSphere(3, 48).density(heap)
    whole = mf.Sphere(32).density(lambda x: heap(x[..., 2]))
    c = np.linspace(-0.95, 0.95, 9)
    rows = np.stack([np.sqrt(1.0 - c * c), np.zeros(9), c], axis=-1)
    ends = [mf.solve(NextTo((axis,), (0.3,)), rho, (0.0, 0.3), t_eval=[0.3], rtol=1e-10)(0.3).at(rows)
            for rho in (zonal, whole)]  # fmt: skip
    np.testing.assert_allclose(ends[0], ends[1], rtol=0.0, atol=1e-8)
    alone = mf.solve(mf.SA(3.0), zonal, (0.0, 0.3), t_eval=[0.3], rtol=1e-10)(0.3).at(rows)
    assert np.abs(ends[0] - alone).max() > 0.05


@pytest.mark.parametrize("d", [2, 3, 8])
def test_runs_by_both_methods(d: int) -> None:
    rho = mf.ZonalSphere(d, 64).density(heap)
    axis = np.asarray(rho.space.axis)
    law = NextTo((tuple(axis), tuple(-axis)), (0.2, 0.3))
    ends = [mf.solve(law, rho, (0.0, 0.3), t_eval=[0.3], method=m, rtol=1e-10).measures[-1].moments(6)
            for m in ("spectral", "lagrangian")]  # fmt: skip
    np.testing.assert_allclose(ends[0], ends[1], rtol=0.0, atol=1e-9)


def test_a_circle_of_s1_is_two_points() -> None:
    c = np.cos(np.linspace(0.1, 3.0, 7))
    zonal = mf.ZonalSphere(2, 64).density(heap)
    circle = mf.Circle(128).density(lambda s: heap(np.cos(s)))
    two = circle.also([1.2, -1.2], [0.15, 0.15]).read(mf.Exponential(3.0), np.stack([c, np.sqrt(1 - c * c)], -1), "Z")
    space = mf.ZonalSphere(2, 64)
    rings = Rings(space, np.arccos(c), np.full(7, 1.0 / 7.0))
    added = rings.also([1.2], 0.3).read(mf.Exponential(3.0), None, "Z")
    without = rings.read(mf.Exponential(3.0), None, "Z")
    one = circle.read(mf.Exponential(3.0), np.stack([c, np.sqrt(1 - c * c)], -1), "Z")
    mine = added.Z * np.exp(added.log) - without.Z * np.exp(without.log)
    np.testing.assert_allclose(mine, two.Z * np.exp(two.log) - one.Z * np.exp(one.log), rtol=1e-12)
    assert abs(zonal.also([1.2], 0.3).mass - 1.3) < 1e-12


@pytest.mark.parametrize("d", [2, 3, 5, 64])
def test_they_are_circles_like_the_others(d: int) -> None:
    """What is added answers as rings among rings do, by quadrature around them; Z, M and L."""
    rng, space = np.random.default_rng(d), mf.ZonalSphere(d, 16)
    phi, w = np.sort(rng.uniform(0.0, np.pi, 9)), rng.dirichlet(np.ones(9))
    y, a, kernel = np.array([0.0, 0.7, 2.0, np.pi]), np.array([0.4, -0.1, 0.3, 0.2]), mf.Exponential(4.0)
    mixed = Rings(space, phi, w, "direct").also(y[:1], a[:1]).also(y[1:], a[1:])
    slow = Rings(space, np.append(phi, y), np.append(w, a)).by_quadrature(kernel, "ZML", np.arange(9))
    r = mixed.read(kernel, None, "ZML")
    size = np.exp(r.log - slow.log)
    np.testing.assert_allclose(r.Z * size, slow.Z, rtol=1e-11)
    np.testing.assert_allclose(r.M * size, slow.M, rtol=0.0, atol=1e-11 * np.abs(slow.Z).max())
    np.testing.assert_allclose(r.L * size[..., 0], slow.L, rtol=0.0, atol=1e-10 * d * np.abs(slow.Z).max())
    mean = (w @ np.cos(phi) + a @ np.cos(y)) * np.asarray(space.axis)
    np.testing.assert_allclose(mixed.mean, mean, rtol=0.0, atol=1e-13)
    g = np.linspace(0.5, 1.5, 13)
    twice = mixed.reweighed(g)
    np.testing.assert_allclose(twice.weights, g * np.append(w, a), rtol=1e-15)
    np.testing.assert_array_equal(mixed.positions, np.append(phi, y))


def test_on_the_plan_of_a_run() -> None:
    rho = mf.ZonalSphere(4, 24).density(heap)
    seen = OnPlan(rho.space, True, 1e-12)
    seen.open(rho.coefficients)
    fine = rho.resized(seen.grid.size)
    one, two = (mu.also([0.4, np.pi], [0.2, 0.1]).read(mf.Exponential(2.0), None, "ZM") for mu in (seen, fine))
    np.testing.assert_allclose(one.Z * np.exp(one.log), two.Z * np.exp(two.log), rtol=1e-12)
    np.testing.assert_allclose(one.M * np.exp(one.log), two.M * np.exp(two.log), rtol=0.0, atol=1e-12 * one.Z.max())


def test_refusals() -> None:
    rho = mf.ZonalSphere(4, 8).density(heap)
    for y, words in ((np.eye(4)[:1], "rows .k, 4. on it"), ([0.1, 4.0], r"colatitudes in \[0, pi\]")):
        with pytest.raises(ValueError, match=words):
            rho.also(y, 0.1)
    with pytest.raises(ValueError, match=r"^a: .*\(2,\), one for each"):
        rho.also([0.1, 0.2], [1.0, 2.0, 3.0])
    mixed = rho.also([0.3], 0.1)
    for ask in (lambda: mixed.x, lambda: mixed.excess(mf.Exponential(1.0)), lambda: mixed.read(mf.Zonal(np.exp, "e"))):
        with pytest.raises(TypeError, match=r"circles|what does not move"):
            ask()
