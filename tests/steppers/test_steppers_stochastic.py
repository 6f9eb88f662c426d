"""Steps with noise: Brownian motion on spheres, orders, and randomness by the seed alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from meanfield.protocols import Method, Status, Stop
from meanfield.steppers import euler_maruyama, evaluate, heun

BOTH = pytest.mark.parametrize("make", [euler_maruyama, heun])


class Flat(Method):
    """dx = f(t, x) dt + s dB."""

    def __init__(self, f: Any, s: Any) -> None:
        self.f, self.s = f, s

    def rhs(self, t: float, y: Any, out: Any) -> Any:
        out[...] = self.f(t, y)
        return out

    def noise(self, t: float, y: Any) -> Any:
        return self.s(t, y) if callable(self.s) else self.s


class Sphere(Flat):
    """The same on unit rows."""

    def retract(self, y: Any) -> Any:
        return y / np.linalg.norm(y, axis=-1, keepdims=True)

    def tangent(self, y: Any, v: Any) -> Any:
        return v - (y * v).sum(-1, keepdims=True) * y


class Script(np.random.Generator):
    """A generator whose normals are given beforehand."""

    def __init__(self, normals: Any) -> None:
        super().__init__(np.random.PCG64())
        self.normals = iter(normals)

    def standard_normal(self, *args: Any, **kwargs: Any) -> Any:
        return next(self.normals).copy()


def still(t: float, y: Any) -> Any:
    return 0.0


def integrate(stepper: Any, method: Any, y: Any, end: float, rng: Any) -> Any:
    t, h, count = 0.0, None, 0
    while t < end:
        r = stepper.step(method, t, y, h, end, rng, False)
        t, y, h, count = r.t, r.y, r.h, count + 1
    assert t == end and count == round(end / stepper.size)
    return y


def starts(d: int, count: int) -> Any:
    x = np.zeros((count, d))
    x[:, 0] = 1.0
    return x


# --- Brownian motion on the sphere -------------------------------------------------------------------------


@pytest.mark.rounding
@BOTH
@pytest.mark.parametrize("d", [2, 3, 8])
def test_brownian_motion_on_the_sphere(make: Any, d: int) -> None:
    """E <x(t), x(0)> = e^{-kappa (d-1) t}, and e^{-2 d kappa t} for (d <x(t), x(0)>^2 - 1) / (d - 1)."""
    kappa, end, count, h = 0.3 / d, 0.5, 20_000, 0.5 / 64
    x = integrate(make(h), Sphere(still, math.sqrt(2 * kappa)), starts(d, count), end, np.random.default_rng(d))
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1.0, rtol=1e-14)
    for value, rate in ((x[:, 0], d - 1), ((d * x[:, 0] ** 2 - 1) / (d - 1), 2 * d)):
        error = value.std() / math.sqrt(count)
        assert abs(value.mean() - math.exp(-kappa * rate * end)) < 4 * error
        assert error < 0.01 * math.exp(-kappa * rate * end)
    assert np.abs(x[:, 1:].mean(0)).max() < 5 / math.sqrt(count)


def quadrature(d: int, points: int) -> tuple[list[Any], Any]:
    """Normals for the one or two draws of a step from a start in the plane of the first two axes, and weights.

    The rows run through a product rule in the d - 1 tangent coordinates of each draw (d = 2 or 3).
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    m = 2 * (d - 1)
    grid = np.stack(np.meshgrid(*[nodes] * m, indexing="ij"), axis=-1).reshape(-1, m)
    rule = np.stack(np.meshgrid(*[weights / weights.sum()] * m, indexing="ij"), axis=-1).reshape(-1, m).prod(1)
    return [grid[:, : d - 1], grid[:, d - 1 :]], rule


def one_step(make: Any, method: Any, start: Any, h: float, points: int) -> tuple[Any, Any]:
    """x1 and its weights: the law of one step, to the accuracy of the quadrature."""
    d = start.size
    draws, rule = quadrature(d, points)
    frame = np.linalg.svd(start[None])[2][1:]
    script = Script([draw @ frame for draw in draws])
    r = make(h).step(method, 0.0, np.tile(start, (rule.size, 1)), None, 1.0, script, False)
    return r.y, rule


@pytest.mark.parametrize(("make", "order"), [(euler_maruyama, 1), (heun, 2)])
@pytest.mark.parametrize("d", [2, 3])
def test_one_step_of_brownian_motion(make: Any, order: int, d: int) -> None:
    """The mean of <x1, x0> and of its square err by O(h^(order + 1)) in a step."""
    start, errors = np.eye(d)[0], []
    for h in (0.005, 0.0025):
        x, rule = one_step(make, Sphere(still, 1.0), start, h, 16)
        cosine = x @ start
        exact = math.exp(-(d - 1) * h / 2), (1 + (d - 1) * math.exp(-d * h)) / d
        errors.append([abs(rule @ cosine - exact[0]), abs(rule @ cosine**2 - exact[1])])
        if make is euler_maruyama:  # the rate is low by the factor 1 - kappa h (d + 2)
            assert errors[-1][0] == pytest.approx((d - 1) * (d + 2) * h**2 / 4, rel=0.1)
    np.testing.assert_allclose(np.log2(np.array(errors[0]) / np.array(errors[1])), order + 1, rtol=0.0, atol=0.15)


@pytest.mark.parametrize(("make", "order"), [(euler_maruyama, 1), (heun, 2)])
def test_weak_order_with_drift_on_the_sphere(make: Any, order: int) -> None:
    """dx = P_x e dt + dB settles to the density e^{2 <x, e>}: on S^2 its mean is coth 2 - 1/2, without sampling."""
    count = 14
    z, w = np.polynomial.legendre.leggauss(count)
    pull = np.array([0.0, 0.0, 1.0])
    method = Sphere(lambda t, y: pull - y[:, 2:] * y, 1.0)
    errors = []
    for h in (0.02, 0.01):
        means = []
        for height in z:  # E P_k(z1) from z0 = height
            x, rule = one_step(make, method, np.array([math.sqrt(1 - height**2), 0.0, height]), h, 7)
            means.append(rule @ np.polynomial.legendre.legvander(x[:, 2], count - 1))
        basis = np.polynomial.legendre.legvander(z, count - 1) * (2 * np.arange(count) + 1) / 2
        step = np.array(means).T @ (w[:, None] * basis) - np.eye(count)  # moments -> their change in a step
        moments = np.linalg.solve(step[1:, 1:], -step[1:, 0])
        errors.append(abs(moments[0] - (1 / math.tanh(2.0) - 0.5)))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.25)
    assert errors[1] < (0.004 if order == 1 else 0.0003)


# --- orders in flat space ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "order"), [(euler_maruyama, 1.0), (heun, 2.0)])
def test_order_without_noise(make: Any, order: float) -> None:
    method = Flat(lambda t, y: np.cos(t) * y, 0.0)
    errors = [
        abs(integrate(make(2.0 / n), method, np.ones(1), 2.0, np.random.default_rng(0))[0] - math.exp(math.sin(2.0)))
        for n in (80, 160)
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.1)


@BOTH
def test_strong_order_with_additive_noise(make: Any) -> None:
    rng, paths, fine, end, s = np.random.default_rng(5), 2000, 1024, 1.0, 0.5
    normals = rng.standard_normal((fine, paths))
    method = Flat(lambda t, y: np.sin(2 * y) - y, s)

    def at(n: int) -> Any:
        grouped = normals.reshape(n, fine // n, paths).sum(1) / math.sqrt(fine // n)
        return integrate(make(end / n), method, np.full(paths, 0.3), end, Script(grouped))

    truth = at(fine)
    errors = [np.abs(at(n) - truth).mean() for n in (16, 32, 64)]
    assert np.log2(errors[0] / errors[2]) / 2 == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(("make", "order"), [(euler_maruyama, 1.0), (heun, 2.0)])
def test_weak_order_of_the_linear_equation(make: Any, order: float) -> None:
    """dx = -x dt + s dB: a step is x -> a x + b xi, read off two steps; mean and variance then follow exactly."""
    s, end = 0.7, 1.0
    errors = []
    for n in (10, 20, 40):
        method, h = Flat(lambda t, y: -y, s), end / n
        a = make(h).step(method, 0.0, np.ones(1), None, end, Script([np.zeros(1)]), False).y[0]
        b = make(h).step(method, 0.0, np.zeros(1), None, end, Script([np.ones(1)]), False).y[0]
        mean, variance = 1.0, 0.0
        for _ in range(n):
            mean, variance = a * mean, a**2 * variance + b**2
        errors.append([abs(mean - math.exp(-end)), abs(variance - s**2 / 2 * (1 - math.exp(-2 * end)))])
    rates = np.log2(np.array(errors[1]) / np.array(errors[2]))
    np.testing.assert_allclose(rates, order, rtol=0.0, atol=0.15)


# --- noise of every kind, randomness, refusals -------------------------------------------------------------


@BOTH
def test_noise_by_row_and_none(make: Any) -> None:
    x0 = np.zeros((4, 50_000, 2))
    s = np.array([0.0, 0.5, 1.0, 2.0])[:, None, None]
    x = make(0.1).step(Flat(still, s), 0.0, x0, None, 1.0, np.random.default_rng(0), False).y
    assert np.all(x[0] == 0.0)
    np.testing.assert_allclose(x[1:].std((1, 2)), math.sqrt(0.1) * s[1:, 0, 0], rtol=0.02)
    rng = np.random.default_rng(0)
    make(0.1).step(Flat(still, 0.0), 0.0, x0, None, 1.0, rng, False)
    assert rng.standard_normal() == np.random.default_rng(0).standard_normal()  # nothing was drawn


@pytest.mark.rounding
@BOTH
def test_noise_is_tangent(make: Any) -> None:
    """The normals' radial part does nothing."""
    x0 = np.array([[0.6, 0.8, 0.0]])
    across = [np.array([[-0.8, 0.6, 1.0]]), np.array([[0.4, -0.3, 0.2]])]
    rows = [
        make(0.1).step(Sphere(still, 1.0), 0.0, x0, None, 1.0, Script([a + radial * x0 for a in across]), False).y
        for radial in (0.0, 2.0)
    ]
    np.testing.assert_allclose(rows[0], rows[1], rtol=0.0, atol=1e-15)
    assert 0.1 < np.linalg.norm(rows[0] - x0) < 0.6


@BOTH
def test_same_seed_same_bits(make: Any) -> None:
    method = Sphere(lambda t, y: np.roll(y, 1, axis=-1), lambda t, y: 0.3 + 0.1 * y[:, :1])
    runs = [integrate(make(0.1), method, starts(3, 20), 1.0, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.abs(runs[0] - runs[2]).max() > 0.01


@pytest.mark.rounding
@BOTH
def test_between_is_the_chord(make: Any) -> None:
    r = make(0.1).step(Sphere(still, 1.0), 0.2, starts(3, 5), None, 1.0, np.random.default_rng(0), True)
    np.testing.assert_array_equal(evaluate(r.between, 0.2), starts(3, 5))
    np.testing.assert_allclose(evaluate(r.between, r.t), r.y, rtol=0.0, atol=1e-15)
    assert r.evaluations == (2 if make is heun else 1) and not make(0.1).adaptive


@BOTH
def test_landing_and_refusals(make: Any) -> None:
    method, rng = Flat(still, 1.0), np.random.default_rng(0)
    r = make(0.1).step(method, 0.0, np.zeros(2), None, 0.03, rng, False)
    assert r.t == 0.03 and r.h == 0.1
    with pytest.raises(ValueError, match="rng"):
        make(0.1).step(method, 0.0, np.zeros(2), None, 1.0, None, False)
    with pytest.raises(TypeError, match="rng"):
        make(0.1).step(method, 0.0, np.zeros(2), None, 1.0, 7, False)
    with pytest.raises(TypeError, match="y:"):
        make(0.1).step(method, 0.0, np.zeros(2, dtype=complex), None, 1.0, rng, False)
    with pytest.raises(ValueError, match="size"):
        make(-0.1)
    with pytest.raises(Stop) as stop:
        make(0.1).step(Flat(lambda t, y: y * np.nan, 1.0), 0.0, np.zeros(2), None, 1.0, rng, False)
    assert stop.value.status is Status.NOT_FINITE
