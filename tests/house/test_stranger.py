"""Add your own: one law, space, measure, method, stepper and geometry, each from outside and each in under 40 lines.

Nothing here touches a private name of the packages.  This page is both the proof that the contracts in
`meanfield/protocols/` suffice and the example to copy from.
"""

# mypy: disable-error-code="attr-defined"
# (the toy space sets its frozen data by object.__setattr__, which a type checker cannot follow)
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
from meanfield.methods.spectral import OnSpace
from meanfield.protocols import Array, Geometry, Law, Method, Reading, Scheme, Stepped, Stepper
from meanfield.spaces.base import Gridded

pytestmark = pytest.mark.rounding

TWO_PI = 2.0 * math.pi


# --- a law ---------------------------------------------------------------------------------------------------


@mf.register
@dataclass(frozen=True)
class Pull(Law):
    """Kuramoto without frequencies: everyone is pulled by the mean, v = strength * int y d mu."""

    strength: float
    isotropic = True
    autonomous = True  # does not change with time: who does not say is told no energy
    rises = ("order",)
    kernel = mf.Exponential(0.0)

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return self.strength * mu.read(self.kernel, x, "M").M

    def divergence(self, t: float, x: Array | None, mu: Any) -> Any:
        return self.strength * mu.read(self.kernel, x, "L").L

    def quantities(self, t: float, mu: Any) -> dict[str, Any]:
        square = np.sum(np.square(mu.mean), axis=-1)
        r = mu.read(self.kernel, None, "M").M
        if r.shape[-1] == mu.d:
            r = r - np.sum(r * mu.x, axis=-1, keepdims=True) * mu.x
        rate = self.strength * np.sum(mu.weights * np.sum(r * r, axis=-1), axis=-1)
        return {"energy": 0.5 * square, "order": np.sqrt(square), "dissipation": rate}


# --- a space -------------------------------------------------------------------------------------------------


@mf.register
@dataclass(frozen=True)
class EvenCircle(Gridded):
    """Even densities on the circle by cosines, sqrt(2) cos k theta; `size` is the highest degree."""

    size: int
    d = 2

    def __post_init__(self) -> None:
        k, N = np.arange(self.size + 1), 4 * self.size
        nodes = TWO_PI * np.arange(N) / N
        rows = np.stack([np.cos(nodes), np.sin(nodes)], axis=-1)
        data = {"nodes": nodes, "weights": np.full(N, 1.0 / N), "degrees": k, "names": tuple(k.tolist()), "rows": rows}
        for name, value in data.items():
            object.__setattr__(self, name, value)

    def _basis(self, q: Array, slope: bool = False) -> Array:
        k = self.degrees
        scale = np.where(k == 0, 1.0, math.sqrt(2.0))
        return scale * (-k * np.sin(q[..., None] * k) if slope else np.cos(q[..., None] * k))

    def analyse(self, values: Array) -> Array:
        return values @ (self.weights[:, None] * self._basis(self.nodes))

    def evaluate(self, c: Array, q: Array | None = None, gradient: bool = False) -> Array:
        values = c @ self._basis(self.nodes if q is None else q, gradient).T
        return values[..., None] if gradient else values

    def chart(self, x: Array) -> Array:
        return np.arctan2(x[..., 1], x[..., 0])

    def frame(self, x: Array | None = None) -> Array:
        x = self.rows if x is None else x
        return np.stack([-x[..., 1], x[..., 0]], axis=-1)[..., None, :]

    def resized(self, size: int) -> EvenCircle:
        return EvenCircle(size)


# --- a measure -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Atom:
    """All mass at one point y: Z = e^{s(x, y)}, M = Z y, and nothing to sum."""

    y: Array

    @property
    def d(self) -> int:
        return len(self.y)

    @property
    def mean(self) -> Array:
        return self.y

    def read(self, kernel: Any, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        at = self.y[None] if x is None else x
        return Reading(np.ones((len(at), 1)), np.tile(self.y, (len(at), 1)), None, kernel.log(at, self.y[None]))


# --- a method ------------------------------------------------------------------------------------------------


@mf.register
@dataclass(frozen=True)
class WeakForm(Scheme):
    """Spectral without transforms: c_k' = int e^{-ik theta}(-ik) X d mu over a fine grid of quadrature points."""

    points: int = 512

    def bind(self, law: Any, mu: Any, rtol: float, atol: float) -> tuple[Any, Array]:
        return _Weak(law, OnSpace(mu.space), self.points), mu.coefficients

    def rebind(self, law: Any, form: Any, rtol: float, atol: float) -> Any:
        return _Weak(law, form, self.points)


@dataclass(frozen=True, eq=False)
class _Weak(Method):
    law: Any
    form: Any
    points: int

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        fine = self.form.measure(y).resized(self.points)
        mu = mf.Points(fine.space.nodes, weights=np.maximum(fine.weights, 0.0), field="direct")
        v = self.law.velocity(t, None, mu)[:, 0]
        k = self.form.space.degrees
        out[:] = -1j * k * (np.exp(-1j * np.outer(k, mu.theta)) @ (mu.weights * v))
        out[-1] = 0.0
        return out


# --- a stepper -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ralston(Stepper):
    """Ralston's method of order 2 with a fixed step."""

    size: float
    order = 2

    def step(self, method: Any, t: float, y: Array, h: Any, stop: float, rng: Any, keep: bool) -> Stepped:
        count = max(1, math.ceil((stop - t) / self.size - 1e-9))
        h = (stop - t) / count
        k1, k2 = np.empty_like(y), np.empty_like(y)
        method.rhs(t, y, k1)
        method.rhs(t + 2.0 * h / 3.0, y + (2.0 * h / 3.0) * k1, k2)
        end = stop if count == 1 else t + h
        return Stepped(end, method.retract(y + h * (0.25 * k1 + 0.75 * k2)), self.size, None, 2, 0)


# --- a geometry ----------------------------------------------------------------------------------------------


@mf.register
@dataclass(frozen=True)
class Ellipse(Geometry):
    """The ellipse (x / a)^2 + (y / b)^2 = 1 in R^2: laws of R^d move points along it."""

    a: float
    b: float
    name = "ellipse"

    def _axes(self) -> Array:
        return np.array([self.a, self.b])

    def check(self, name: str, value: Any) -> Array:
        q = np.array(value, dtype=float)
        if q.shape[-1] != 2 or np.abs(np.sum(np.square(q / self._axes()), axis=-1) - 1.0).max() > 1e-9:
            raise ValueError(f"{name} must be rows (..., n, 2) on {self}: take name / |name| in its own norm")
        return q

    def retract(self, q: Array) -> Array:
        return q / np.sqrt(np.sum(np.square(q / self._axes()), axis=-1, keepdims=True))

    def project(self, q: Array, v: Array) -> Array:
        normal = q / np.square(self._axes())
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
        return v - np.sum(v * normal, axis=-1, keepdims=True) * normal


# --- they work -----------------------------------------------------------------------------------------------


def r_exact(r0: float, t: float) -> float:
    """beta = 0 from a Poisson kernel: r^2 = 1 / (1 + (r0^-2 - 1) e^-t)."""
    return 1.0 / math.sqrt(1.0 + (r0**-2 - 1.0) * math.exp(-t))


def test_law_drives_density_and_particles_and_keeps_its_promise(tmp_path: Path) -> None:
    rho0 = mf.poisson_kernel(mf.Circle(128), [0.3, 0.0])
    sol = mf.solve(Pull(2.0), rho0, (0.0, 1.0))
    assert abs(np.abs(sol(1.0).mean[0]) - r_exact(0.3, 2.0)) < 1e-11
    assert np.all(np.diff(sol.quantity("order")) > 0.0)
    defect = np.abs(sol.energy - sol.energy[0] - sol.dissipated)
    assert defect.max() < 1e-9 * (sol.energy[-1] - sol.energy[0])
    traj = pt.simulate(Pull(2.0), rho0.quantize(2000), (0.0, 1.0))
    assert abs(traj.rows[-1].mean(axis=0)[0] - r_exact(0.3, 2.0)) < 1e-6
    sol.save(tmp_path / "pull.nc")
    again = mf.load(tmp_path / "pull.nc")
    assert again.law == Pull(2.0)
    np.testing.assert_array_equal(again.energy, sol.energy)
    assert sol.plot() is not None


def test_law_adds_to_ours() -> None:
    both = mf.SA(1.0) + Pull(2.0)
    swapped = Pull(2.0) + mf.SA(1.0)
    rho = mf.perturbed_uniform(mf.Circle(64), {1: 0.3, 2: 0.1})
    points = mf.Points(rho.space.nodes, weights=rho.weights, field="direct")
    alone = mf.SA(1.0).velocity(0.0, None, points) + Pull(2.0).velocity(0.0, None, points)
    for law in (both, swapped):
        np.testing.assert_allclose(law.velocity(0.0, None, points), alone, rtol=0.0, atol=1e-15)


def test_space_solves_like_the_circle_and_resumes(tmp_path: Path) -> None:
    def even(theta: Array) -> Array:
        return 1.0 + 0.3 * np.cos(theta) + 0.2 * np.cos(2.0 * theta)

    ours = mf.solve(mf.SA(4.0), mf.Circle(128).density(even), (0.0, 1.0))
    theirs = mf.solve(mf.SA(4.0), EvenCircle(48).density(even), (0.0, 1.0))
    theta = np.linspace(0.0, 6.0, 7)
    np.testing.assert_allclose(theirs(1.0)(theta), ours(1.0)(theta), rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(theirs.energy, ours.energy, rtol=1e-11)
    np.testing.assert_allclose(theirs.dissipated, ours.dissipated, rtol=1e-9, atol=1e-13)
    half = mf.solve(mf.SA(4.0), EvenCircle(48).density(even), (0.0, 1.0), observe=lambda t, mu: t > 0.3)
    assert half.status is mf.Status.OBSERVER
    half.save(tmp_path / "half.nc")
    whole = mf.resume(mf.load(tmp_path / "half.nc"))
    np.testing.assert_array_equal(whole.t, theirs.t)
    np.testing.assert_array_equal(whole(1.0).coefficients, theirs(1.0).coefficients)
    assert whole.plot() is not None


def test_measure_answers_our_law() -> None:
    atom: Any = Atom(np.array([0.0, 1.0, 0.0]))
    x = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0]])
    np.testing.assert_allclose(mf.SA(3.0).velocity(0.0, x, atom), [atom.y, atom.y])
    np.testing.assert_allclose(
        mf.USA(3.0).velocity(0.0, x, atom), np.exp(3.0 * x @ atom.y)[:, None] * atom.y, rtol=1e-15
    )


def test_method_agrees_with_the_spectral_one(tmp_path: Path) -> None:
    rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3, 2: 0.2j})
    ours = mf.solve(mf.SA(2.0), rho0, (0.0, 0.5))
    theirs = mf.solve(mf.SA(2.0), rho0, (0.0, 0.5), method=WeakForm(128))
    np.testing.assert_allclose(theirs(0.5).coefficients, ours(0.5).coefficients, rtol=0.0, atol=1e-12)
    with pytest.raises(ValueError, match="knows no resolution"):
        mf.solve(mf.SA(2.0), rho0, (0.0, 0.5), method=WeakForm(128), max_resolution=256)
    with pytest.raises(ValueError, match="cannot hand over"):
        mf.solve(mf.SA(2.0), rho0, (0.0, 0.5), method=WeakForm(128), on_unresolved="lagrangian")
    theirs.save(tmp_path / "weak.nc")
    assert mf.load(tmp_path / "weak.nc").settings["method"] == WeakForm(128)


def test_stepper_has_its_order_under_our_loop() -> None:
    x0 = np.array([0.0, 1.0, 2.5, 4.0])
    exact = pt.simulate(mf.USA(1.0), x0, (0.0, 1.0), [1.0], rtol=1e-12).x[-1]
    errors = [
        np.abs(pt.simulate(mf.USA(1.0), x0, (0.0, 1.0), [1.0], method=Ralston(h)).x[-1] - exact).max()
        for h in (0.1, 0.05, 0.025)
    ]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 2.0) < 0.2), orders


def test_stepper_that_takes_neither_noise_nor_diffusion_is_refused() -> None:
    class Shaped:
        """No Stepper, but of its shape; it says nothing of what it takes."""

        order, adaptive = 2, False
        step = Ralston(0.1).step

    steppers: tuple[Any, ...] = (Ralston(0.1), Shaped())
    for stepper in steppers:
        with pytest.raises(ValueError, match="takes no noise"):
            pt.simulate(mf.USA(1.0), [0.0, 1.0], (0.0, 1.0), [1.0], method=stepper, diffusion=0.1)
        with pytest.raises(ValueError, match="takes no linear part"):
            rho0 = mf.perturbed_uniform(mf.Circle(32), {1: 0.3})
            mf.solve(mf.USA(1.0), rho0, (0.0, 1.0), t_eval=[1.0], stepper=stepper, diffusion=0.1)


@pytest.mark.parametrize("n", [4, 3000])
def test_geometry_carries_a_flat_law(n: int, tmp_path: Path) -> None:
    """Against the same flow in the ellipse's own angle; E rises at the rate of what moves along it."""
    place, law = Ellipse(2.0, 0.7), mf.SA(1.5, geometry="flat")
    start = np.sort(np.random.default_rng(n).uniform(0.0, TWO_PI, n))

    def rows(s: Array) -> Array:
        return np.stack([2.0 * np.cos(s), 0.7 * np.sin(s)], axis=-1)

    def slope(_: float, s: Array) -> Array:
        x, along = rows(s), np.stack([-2.0 * np.sin(s), 0.7 * np.cos(s)], axis=-1)
        e = np.exp(1.5 * x @ x.T)
        return np.sum(((e @ x) / e.sum(axis=1, keepdims=True)) * along, axis=-1) / np.sum(along**2, axis=-1)

    if n > 4:
        v = law.velocity(0.0, None, mf.Points(rows(start), geometry=place))
        along = np.stack([-2.0 * np.sin(start), 0.7 * np.cos(start)], axis=-1)
        told = np.sum(v * along, axis=-1) / np.sum(along**2, axis=-1)
        np.testing.assert_allclose(told, slope(0.0, start), rtol=0.0, atol=1e-12)
        return
    run = pt.simulate(law, rows(start), (0.0, 0.5), geometry=place, rtol=1e-11, atol=1e-13)
    exact = scipy.integrate.solve_ivp(slope, (0.0, 0.5), start, "DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    np.testing.assert_allclose(run.x[-1], rows(exact), rtol=0.0, atol=1e-9)
    gained = run.energy - run.energy[0]
    np.testing.assert_allclose(run.dissipated, gained, rtol=0.0, atol=1e-8 * gained[-1])
    run.save(tmp_path / "ellipse.nc")
    again = pt.load(tmp_path / "ellipse.nc")
    assert again.geometry == place
    np.testing.assert_array_equal(again.x, run.x)
    with pytest.raises(TypeError, match="ask their directions"):
        run.measures[0].moments(2)


@pytest.mark.parametrize("part", [Pull, EvenCircle, Atom, WeakForm, _Weak, Ralston, Ellipse])
def test_each_is_small(part: type) -> None:
    assert len(inspect.getsource(part).splitlines()) < 40
