"""Add your own: a stepper that splits, a form of states with its scheme, and a mixture, each in under 60 lines.

What moves a run and what its states mean, from outside, as `test_stranger.py` has laws and spaces.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy

import meanfield as mf
import particles as pt
from meanfield.geometry import ROWS
from meanfield.protocols import Array, Form, Geometry, Law, Measure, Method, Reading, Scheme, Stepped, Stepper
from meanfield.sums.scores import share_of

pytestmark = pytest.mark.rounding

KAPPA = 0.05


# --- a stepper that splits -----------------------------------------------------------------------------------


@mf.register
@dataclass(frozen=True)
class Strang(Stepper):
    """Half a step of the linear part, exactly; one of the rest by the midpoint rule; the other half: order 2."""

    size: float
    order = 2
    linear = math.inf

    def step(self, method: Any, t: float, y: Array, h: Any, stop: float, rng: Any, keep: bool) -> Stepped:
        count = max(1, math.ceil((stop - t) / self.size - 1e-9))
        h = (stop - t) / count
        half = 1.0 if method.linear is None else np.exp(0.5 * h * method.linear)
        k = np.empty_like(y)
        start = method.retract(half * y)
        method.rhs(t, start, k)
        method.rhs(t + 0.5 * h, method.retract(start + 0.5 * h * k), k)
        end = method.retract(half * (start + h * k))
        return Stepped(stop if count == 1 else t + h, end, self.size, None, 2, 0)


# --- a form, and the scheme it belongs to --------------------------------------------------------------------


@mf.register
@dataclass(frozen=True)
class OnNodes(Form):
    """A state is the density's values at the nodes of a circle."""

    space: Any
    name = "nodal"

    def measure(self, y: Array) -> Any:
        return mf.Density(self.space, self.space.analyse(y))


@mf.register
@dataclass(frozen=True)
class Nodal(Scheme):
    """Pseudospectral: d_t rho = -d_theta (rho X), the product on the nodes as they are."""

    def check(self, law: Any, space: Any, rtol: float) -> None:
        if not isinstance(space, mf.Circle):
            raise ValueError(f"method: Nodal() moves densities on mf.Circle(n), got {space}")

    def bind(self, law: Any, mu: Any, rtol: float, atol: float) -> tuple[Method, Array]:
        self.check(law, mu.space, rtol)
        return _OnNodes(law, OnNodes(mu.space)), mu.values

    def rebind(self, law: Any, form: Any, rtol: float, atol: float) -> Method:
        return _OnNodes(law, form)


@dataclass(frozen=True, eq=False)
class _OnNodes(Method):
    law: Any
    form: Any

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        space = self.form.space
        mu = mf.Points(space.nodes, weights=space.weights * np.maximum(y, 0.0), field="direct")
        flux = space.analyse(y * self.law.velocity(t, None, mu)[:, 0])
        out[:] = -space.evaluate(flux, gradient=True)[:, 0]
        return out


# --- a mixture -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Blend(Measure):
    """(1 - p) mu + p nu: readings added under a common logarithm; it is asked at mu's points."""

    mu: Any
    nu: Any
    p: float

    @property
    def d(self) -> int:
        return int(self.mu.d)

    @property
    def geometry(self) -> Geometry:
        return ROWS

    @property
    def x(self) -> Array:
        return np.concatenate([self.mu.x, self.nu.x], axis=-2)

    @property
    def weights(self) -> Array:
        return np.concatenate([(1.0 - self.p) * self.mu.weights, self.p * self.nu.weights], axis=-1)

    @property
    def mean(self) -> Array:
        return np.asarray((1.0 - self.p) * self.mu.mean + self.p * self.nu.mean)

    def tangential(self, v: Array) -> Array:
        return np.asarray(self.mu.tangential(v))

    def read(self, kernel: Any, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        if share_of(kernel) is not None:
            raise TypeError(f"{kernel}: the largest score is that of both, and each is summed apart")
        a = self.mu.read(kernel, x, want, V)
        b = self.nu.read(kernel, self.mu.x if x is None else x, want, V)
        log = np.maximum(a.log, b.log)
        left, right = (1.0 - self.p) * np.exp(a.log - log), self.p * np.exp(b.log - log)
        both = {k: left * getattr(a, k) + right * getattr(b, k) for k in want}
        return Reading(both.get("Z"), both.get("M"), both.get("L"), log)


@dataclass(frozen=True)
class Beside(Law):
    """Attention to the others and, with a share p, to a density that stands still."""

    law: Any
    still: Any
    p: float
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return self.law.velocity(t, x, Blend(mu, self.still, self.p))


# --- they work -----------------------------------------------------------------------------------------------


def start(theta: Array) -> Array:
    return 1.0 + 0.6 * np.cos(theta) + 0.4 * np.cos(2.0 * theta)


def heated(T: float, n: int = 64) -> Array:
    """SA(1) with diffusion at 2 pi i / n: the kernel's sum written out, derivatives by numpy's FFT, DOP853."""
    theta, k = 2.0 * np.pi * np.arange(n) / n, np.fft.fftfreq(n, 1.0 / n)
    apart = theta[None] - theta[:, None]

    def slope(_: float, rho: Array) -> Array:
        e = np.exp(np.cos(apart)) * rho[None]
        v = np.sum(e * np.sin(apart), axis=1) / np.sum(e, axis=1)
        return np.asarray(np.fft.ifft(-1j * k * np.fft.fft(v * rho) - KAPPA * k**2 * np.fft.fft(rho)).real)

    found = scipy.integrate.solve_ivp(slope, (0.0, T), start(theta), "DOP853", rtol=1e-12, atol=1e-13)
    return np.asarray(found.y[:, -1])


def test_splitting_has_order_two() -> None:
    rho0, exact = mf.Circle(64).density(start), heated(1.0)
    law, errors = mf.SA(1.0) + mf.Diffusion(KAPPA), []
    for h in (0.1, 0.05, 0.025):
        sol = mf.solve(law, rho0, (0.0, 1.0), t_eval=[1.0], stepper=Strang(h))
        assert sol.counters.steps == round(1.0 / h)
        errors.append(np.abs(sol(1.0).values - exact).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 2.0) < 0.2), orders


def test_splitting_is_exact_for_heat_alone_and_resumes(tmp_path: Path) -> None:
    rho0 = mf.Circle(64).density(start)
    sol = mf.solve(mf.Diffusion(KAPPA), rho0, (0.0, 1.0), t_eval=[1.0], stepper=Strang(0.5))
    decayed = rho0.coefficients * np.exp(-KAPPA * np.arange(33) ** 2)
    np.testing.assert_allclose(sol(1.0).coefficients, decayed, rtol=0.0, atol=1e-14)
    whole, half = (
        mf.solve(
            mf.SA(1.0), rho0, (0.0, 1.0), diffusion=KAPPA, t_eval=[0.5, 1.0], land=True, stepper=Strang(0.05), observe=o
        )
        for o in (None, lambda t, mu: t > 0.3)
    )
    half.save(tmp_path / "half.nc")
    on = mf.resume(mf.load(tmp_path / "half.nc"))
    assert half.status is mf.Status.OBSERVER and on.stepper == Strang(0.05)
    np.testing.assert_allclose(on(1.0).coefficients, whole(1.0).coefficients, rtol=0.0, atol=1e-14)


def test_form_is_what_a_state_means(tmp_path: Path) -> None:
    """Kuramoto's order from a Poisson kernel: r^2 = 1 / (1 + (r0^-2 - 1) e^-t)."""
    rho0 = mf.poisson_kernel(mf.Circle(256), [0.3, 0.0])
    sol = mf.solve(mf.SA(0.0), rho0, (0.0, 1.0), method=Nodal())
    r = np.array([rho.mean[0] for rho in sol.measures])
    np.testing.assert_allclose(r, 1.0 / np.sqrt(1.0 + (0.3**-2 - 1.0) * np.exp(-sol.t)), rtol=0.0, atol=1e-10)
    assert sol.segments[0].form == OnNodes(mf.Circle(256)) and sol.plot() is not None
    half = mf.solve(mf.SA(0.0), rho0, (0.0, 1.0), method=Nodal(), observe=lambda t, mu: t > 0.3)
    half.save(tmp_path / "half.nc")
    on = mf.resume(mf.load(tmp_path / "half.nc"))
    assert on.scheme == Nodal()
    np.testing.assert_array_equal(on.states[-1], sol.states[-1])
    with pytest.raises(ValueError, match=r"moves densities on mf.Circle"):
        mf.solve(mf.SA(1.0), mf.uniform(mf.Sphere(8)), (0.0, 1.0), method=Nodal())


def test_mixture_answers_our_laws() -> None:
    """Ten tokens beside a density that stands still, against the sums written out under scipy's integrator."""
    beta, p, theta0 = 2.0, 0.25, np.linspace(0.0, 5.0, 10)
    still = mf.von_mises_fisher(mf.Circle(128), 1.0, 3.0)
    node = 2.0 * np.pi * np.arange(128) / 128
    weight = np.exp(3.0 * np.cos(node - 1.0))
    w = np.r_[np.full(10, (1.0 - p) / 10), p * weight / weight.sum()]

    def slope(_: float, theta: Array) -> Array:
        apart = np.r_[theta, node][None] - theta[:, None]
        e = w * np.exp(beta * np.cos(apart))
        return np.asarray(np.sum(e * np.sin(apart), axis=1) / np.sum(e, axis=1))

    run = pt.simulate(Beside(mf.SA(beta), still, p), theta0, (0.0, 2.0), rtol=1e-11, atol=1e-13)
    exact = scipy.integrate.solve_ivp(slope, (0.0, 2.0), theta0, "DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    np.testing.assert_allclose(run.x[-1], exact, rtol=0.0, atol=1e-9)
    points = mf.Points(np.r_[theta0, node], weights=w)
    blend = Blend(mf.Points(theta0), still, p)
    np.testing.assert_allclose(blend.mean, points.mean, rtol=0.0, atol=1e-14)
    np.testing.assert_allclose(blend.weights.sum(), 1.0, rtol=1e-14)
    with pytest.raises(TypeError, match="each is summed apart"):
        blend.read(mf.Exponential(np.inf, np.eye(2), np.eye(2)))
    at = np.linspace(0.0, 6.0, 7)
    x = np.stack([np.cos(at), np.sin(at)], axis=-1)
    for law in (mf.SA(beta), mf.USA(beta)):
        off = law.velocity(0.0, x, blend) - law.velocity(0.0, x, points)
        along = off[:, 1] * x[:, 0] - off[:, 0] * x[:, 1]  # what points from the sphere a density need not tell
        np.testing.assert_allclose(along, 0.0, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("part", [Strang, OnNodes, Nodal, _OnNodes, Blend, Beside])
def test_each_is_small(part: type) -> None:
    assert len(inspect.getsource(part).splitlines()) < 60
