"""Kernels that do not say how many harmonics they have: a density's quadrature is made finer until it is seen to hold.

Oracles: the same kernel that says it, and the closed form of the integral over an interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.methods.on_plan import OnPlan
from meanfield.protocols import Array, Bilinear, Kernel

pytestmark = pytest.mark.rounding

TURN = 2.0 * np.pi
STRETCH = np.array([[1.3, 0.4], [-0.2, 0.7]])


@dataclass(frozen=True)
class Silent(Kernel):
    """e^{beta <Q x, y>}, of which it says the scores alone."""

    beta: float
    isotropic = False
    range = np.inf

    def log(self, x: Array, y: Array) -> Array:
        return np.asarray(self.beta * (x @ STRETCH.T) @ np.swapaxes(y, -1, -2))


@dataclass(frozen=True)
class Near(Kernel):
    """e^s = 1 where the angle between x and y is below r, else 0."""

    r: float
    isotropic = False
    range = np.inf

    def log(self, x: Array, y: Array) -> Array:
        return np.where(x @ np.swapaxes(y, -1, -2) > np.cos(self.r), 0.0, -np.inf)


@dataclass(frozen=True)
class Rib(Kernel):
    """e^s = 1 + 5 e^{-(r - at)^2 / (2 width^2)} at angles r between x and y."""

    at: float
    width: float
    isotropic = False
    range = 2.0

    def log(self, x: Array, y: Array) -> Array:
        r = np.arccos(np.clip(x @ np.swapaxes(y, -1, -2), -1.0, 1.0))
        return np.log1p(5.0 * np.exp(-0.5 * ((r - self.at) / self.width) ** 2))


@dataclass(frozen=True)
class Attend(mf.Law):
    kernel: Any
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        r = mu.read(self.kernel, x, "ZM")
        return r.M / r.Z


class Together(Attend):
    isotropic = True


def waves(theta: Array) -> Array:
    return 1.0 + 0.5 * np.cos(theta) + 0.2 * np.sin(3.0 * theta)


@pytest.mark.parametrize("beta", [2.0, 60.0])
def test_a_smooth_kernel_is_integrated_whether_it_says_its_bandwidth_or_not(beta: float) -> None:
    """At beta = 60 the plan's own nodes (32) are off by 0.2; its bandwidth asks for 96."""
    rho = mf.Circle(16).density(waves)
    seen = OnPlan(rho.space, False, 1e-12)
    seen.open(rho.coefficients)
    silent, says = Silent(beta), mf.Exponential(beta, STRETCH)
    one, two = (Attend(kernel).velocity(0.0, seen.x, seen) for kernel in (silent, says))
    np.testing.assert_allclose(one, two, rtol=0.0, atol=1e-11)
    again = seen.reweighed(np.ones(len(seen.weights)))
    np.testing.assert_allclose(Attend(silent).velocity(0.0, again.x, again), two, rtol=0.0, atol=1e-11)


def test_a_run_is_that_of_the_kernel_that_says_it() -> None:
    rho = mf.Circle(64).density(waves)
    both = Silent(4.0), mf.Exponential(4.0, STRETCH)
    ends = [mf.solve(Attend(kernel), rho, (0.0, 0.3), t_eval=[0.3])(0.3) for kernel in both]
    np.testing.assert_allclose(ends[0].moments(20), ends[1].moments(20), rtol=0.0, atol=1e-11)


@pytest.mark.parametrize("at", [0.1, 1.0, 2.2])
def test_what_lies_between_the_distances_of_the_nodes_is_seen(at: float) -> None:
    """From node to node of one grid, and of one twice as fine, the same few distances come again and again: a rib
    between them was passed over, and its part of the sums, 7e-4 and more, was missing."""
    rho, kernel = mf.Circle(64).density(waves), Rib(at, 0.008)
    seen = OnPlan(rho.space, False, 1e-11)
    seen.open(rho.coefficients)
    r = seen.read(kernel, seen.x, "ZM")
    y = TURN * np.arange(2**15) / 2**15
    sight = np.exp(kernel.log(seen.x, np.stack([np.cos(y), np.sin(y)], axis=-1)))
    exact = sight @ rho(y) / len(y)
    np.testing.assert_allclose(np.squeeze(r.Z * np.exp(r.log)), exact, rtol=1e-10)


@pytest.mark.parametrize(("at", "width"), [(0.025, 2e-3), (0.05, 2e-3), (2.2, 2e-3), (0.405, 1e-4), (1.175, 1e-4)])
def test_a_kernel_narrower_than_the_finest_grid_is_refused(at: float, width: float) -> None:
    """The last two lie where neither the plan's nodes nor twice as many meet them: the finest grid does."""
    with pytest.raises(ValueError, match=r"Rib.* does not say its bandwidth.*pt.simulate"):
        mf.solve(Attend(Rib(at, width)), mf.Circle(64).density(waves), (0.0, 0.1))


@pytest.mark.parametrize("space", [mf.Circle(64), mf.Sphere(8)], ids=str)
def test_a_kernel_that_jumps_is_refused(space: Any) -> None:
    """Its sums converge as 1/N: 0.02 at 128 nodes, and a run told nothing of it."""
    rho = mf.perturbed_uniform(space, {1: 0.3} if space.d == 2 else {(1, 0): 0.3})
    with pytest.raises(ValueError, match=r"Near.* does not say its bandwidth.*points of .* and .*pt.simulate"):
        mf.solve(Attend(Near(0.8)), rho, (0.0, 0.1))


def test_harmonics_that_a_kernel_does_not_say_are_refused_where_they_are_asked_for() -> None:
    """They were None, and a sum over points went by them."""

    @dataclass(frozen=True)
    class Arcs(Near):
        isotropic = True

    kernel = Arcs(0.8)
    for name in ("multipliers", "potential"):
        with pytest.raises(TypeError, match=f"{name}: Arcs does not say its harmonics: write multipliers.*mf.Zonal"):
            getattr(kernel, name)(2, 4)
    with pytest.raises(TypeError, match="does not say its harmonics"):
        mf.solve(Together(kernel), mf.uniform(mf.Circle(32)), (0.0, 0.1))
    with pytest.raises(ValueError, match="bandwidth: Arcs does not say how many harmonics"):
        kernel.bandwidth(2)
    theta = np.linspace(0.0, 6.2, 700)  # more than `auto` needs to go by harmonics
    weight = mf.Points(theta).read(kernel, want="Z").Z[..., 0]
    apart = np.abs((theta[:, None] - theta + np.pi) % (2.0 * np.pi) - np.pi)
    np.testing.assert_allclose(weight, (apart < 0.8).mean(axis=1), rtol=0.0, atol=1e-13)


def test_lagrangian_panels_ask_the_kernel_itself() -> None:
    """Of a kernel with matrices they took half its range, and of an endless range nothing."""

    @dataclass(frozen=True)
    class Linear(Bilinear):
        isotropic = False
        range = np.inf

        def log(self, x: Array, y: Array) -> Array:
            return np.asarray(4.0 * x @ np.swapaxes(y, -1, -2))

        def factors(self, x: Array, y: Array) -> tuple[Array, Array]:
            return 4.0 * x, y

    @dataclass(frozen=True)
    class Carrying(Attend):
        def divergence(self, t: float, x: Array | None, mu: Any) -> Any:
            return 0.0

    with pytest.raises(ValueError, match="bandwidth: Linear does not say"):
        mf.solve(Carrying(Linear()), mf.uniform(mf.Circle(32)), (0.0, 0.1), method="lagrangian")
