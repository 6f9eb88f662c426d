"""Noise of varying strength: local errors of order 3 in means, by quadrature over the normals, without sampling."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.polynomial.polynomial as P
import pytest
from scipy.integrate import solve_ivp
from scipy.signal import convolve2d

import meanfield as mf
import particles as pt
from meanfield.protocols import Method
from meanfield.steppers import heun, weak2
from meanfield.steppers.stochastic import Strength
from meanfield.steppers.varying import shaken

pytestmark = pytest.mark.rounding


class Flat(Method):
    """dx = f(t, x) dt + s(t, x) dB."""

    def __init__(self, f: Any, s: Any) -> None:
        self.f, self.s = f, s

    def rhs(self, t: float, y: Any, out: Any) -> Any:
        out[...] = self.f(t, y)

    def noise(self, t: float, y: Any) -> Any:
        return self.s(t, y)


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


def rule(m: int, points: int) -> tuple[Any, Any]:
    """Nodes and weights of a product rule for m standard normals."""
    x, w = np.polynomial.hermite_e.hermegauss(points)
    nodes = np.stack(np.meshgrid(*[x] * m, indexing="ij"), axis=-1).reshape(-1, m)
    return nodes, np.stack(np.meshgrid(*[w / w.sum()] * m, indexing="ij"), axis=-1).reshape(-1, m).prod(1)


def orders(error: Callable[[float], float], steps: tuple[float, ...]) -> Any:
    errors = np.abs([error(h) for h in steps])
    return np.log2(errors[:-1] / errors[1:])


# --- each part ---------------------------------------------------------------------------------------------


SQUARES = (np.array([[1, 0, 0.5], [1, 0.3, 0], [0, 0, 0]]), np.array([[2, 0, 1], [-0.4, 0.7, 0], [0, 0, 0]]))
"""Coefficients [i, j] of x^i y^j of the squares of two strengths, each a function of both tokens."""


def generated(c: Any) -> Any:
    """(s_1^2 d_xx + s_2^2 d_yy) / 2 of a polynomial."""
    out = np.zeros((max(c.shape) + 3,) * 2)
    for square, axis in zip(SQUARES, (0, 1), strict=True):
        part = 0.5 * convolve2d(square, P.polyder(c, 2, axis=axis))
        out[: part.shape[0], : part.shape[1]] += part
    return out


@pytest.mark.parametrize("seed", range(3))
def test_noise_that_depends_on_the_other_token(seed: int) -> None:
    """E f(x1, y1) = f + h A f + h^2 A^2 f / 2 + O(h^3), of polynomials f of degree 3 in each."""
    x0, y0 = 0.3, -0.2
    nodes, weights = rule(4, 10)
    f = np.random.default_rng(seed).standard_normal((4, 4))
    terms = [P.polyval2d(x0, y0, c) for c in (f, generated(f), generated(generated(f)))]

    def strengths(t: float, y: Any) -> Any:
        return np.sqrt(np.stack([P.polyval2d(y[:, 0], y[:, 1], c) for c in SQUARES], axis=-1))

    def error(h: float) -> float:
        y = np.tile([x0, y0], (weights.size, 1))
        s = Strength(strengths(0.0, y), ())
        z = shaken(Flat(None, strengths), 0.0, y, s, h, Script([nodes[:, :2], nodes[:, 2:]]))
        mean = weights @ P.polyval2d(z[:, 0], z[:, 1], f)
        return float(mean - (terms[0] + h * terms[1] + h * h / 2.0 * terms[2]))

    np.testing.assert_allclose(orders(error, (0.01, 0.005)), 3.0, rtol=0.0, atol=0.1)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_noise_that_depends_on_the_place_on_a_sphere(degree: int) -> None:
    """The same of f = z^degree on S^2, with kappa = 1 + 0.8 z: A f = kappa ((1 - z^2) f')'."""
    height, kappa = 0.4, np.array([1.0, 0.8])
    start = np.array([math.sqrt(1.0 - height**2), 0.0, height])
    own, w = rule(3, 4)
    aside = math.sqrt(3.0) * np.concatenate([np.eye(3), -np.eye(3)])  # of degree 3, for what is itself of order h
    i, j, k, m = (a.ravel() for a in np.meshgrid(*map(np.arange, (w.size, w.size, 6, 6)), indexing="ij"))
    weights, normals = w[i] * w[j] / 36.0, [own[i], aside[k], own[j], aside[m]]

    def A(c: Any) -> Any:
        return P.polymul(kappa, P.polyder(P.polymul([1.0, 0.0, -1.0], P.polyder(c))))

    f = np.eye(degree + 1)[degree]
    terms = [P.polyval(height, c) for c in (f, A(f), A(A(f)))]
    method = Sphere(None, lambda t, y: np.sqrt(2.0 * (kappa[0] + kappa[1] * y[:, 2:])))

    def error(h: float) -> float:
        y = np.tile(start, (weights.size, 1))
        z = shaken(method, 0.0, y, Strength(method.noise(0.0, y), ()), h, Script(normals))[:, 2]
        return float(weights @ z**degree - (terms[0] + h * terms[1] + h * h / 2.0 * terms[2]))

    np.testing.assert_allclose(orders(error, (0.01, 0.005)), 3.0, rtol=0.0, atol=0.2)


# --- whole steps -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "order"), [(heun, 2.0), (weak2, 3.0)])
def test_a_step_with_drift_and_time(make: Any, order: float) -> None:
    """dx = -(1 + t) x dt + (1 + x^2 + t x)^{1/2} dB: mean and mean square follow two equations.  Heun errs by h^2."""
    start, nodes, weights = 0.7, *rule(4, 10)

    def moments(t: float, m: Any) -> Any:
        return [-(1.0 + t) * m[0], -2.0 * (1.0 + t) * m[1] + 1.0 + m[1] + t * m[0]]

    method = Flat(lambda t, y: -(1.0 + t) * y, lambda t, y: np.sqrt(1.0 + y * y + t * y))

    def error(h: float) -> float:
        y = np.full(weights.size, start)
        z = make(h).step(method, 0.0, y, None, h, Script([nodes[:, k] for k in range(4)]), False).y
        exact = solve_ivp(moments, (0.0, h), [start, start**2], rtol=1e-12, atol=1e-14).y[1, -1]
        return float(weights @ z**2 - exact)

    np.testing.assert_allclose(orders(error, (0.02, 0.01)), order, rtol=0.0, atol=0.2)


def test_noise_of_every_direction_and_of_either_sign() -> None:
    """In R^2, dx_k = x_k dB_k: E x_k^2 = e^t x_k(0)^2, by the first half's expansion to order 2."""
    nodes, weights = rule(4, 8)
    h, start = 0.05, np.array([-1.0, 2.0])
    y = np.tile(start, (weights.size, 1))
    method = Flat(None, lambda t, y: y)
    z = shaken(method, 0.0, y, Strength(y, ()), h, Script([nodes[:, :2], nodes[:, 2:]]))
    np.testing.assert_allclose(weights @ z, start, rtol=1e-12)
    np.testing.assert_allclose(weights @ z**2, start**2 * (1.0 + h + h * h / 2.0), rtol=2.0 * h**3)


def test_time_goes_with_the_drift_and_nothing_is_drawn_of_no_noise() -> None:
    rng = np.random.default_rng(0)
    method = Flat(lambda t, y: np.cos(t) * y, lambda t, y: 0.0)
    r = weak2(0.01).step(method, 0.0, np.ones(1), None, 1.0, rng, False)
    assert r.y == heun(0.01).step(method, 0.0, np.ones(1), None, 1.0, rng, False).y and r.evaluations == 2
    assert rng.standard_normal() == np.random.default_rng(0).standard_normal()


# --- the law and the door ----------------------------------------------------------------------------------


def test_tokens_stay_where_kappa_is_small() -> None:
    """Noise alone, kappa = 0.5 / (1 + 0.8 cos theta): the stationary density is proportional to 1 / kappa."""
    law = mf.VaryingDiffusion(lambda t, x: 0.5 / (1.0 + 0.8 * x[..., 0]))
    start = np.random.default_rng(0).uniform(0.0, 2.0 * np.pi, 4000)
    x = pt.simulate(law, start, (0.0, 8.0), [8.0], method="weak2", step=0.1, rng=1).x[-1]
    assert abs(np.cos(x).mean() - 0.4) < 4.5 * np.cos(x).std() / math.sqrt(4000)


@pytest.mark.parametrize("method", ["euler-maruyama", "heun", "weak2"])
def test_constant_strength_may_be_told_as_a_function(method: Any) -> None:
    runs = [
        pt.simulate(law, np.eye(3), (0.0, 0.2), method=method, step=0.1, rng=0).x[-1]
        for law in (mf.Diffusion(0.3), mf.VaryingDiffusion(lambda t, x: 0.3))
    ]
    np.testing.assert_allclose(runs[0], runs[1], rtol=0.0, atol=1e-14)


@pytest.mark.parametrize(
    ("kappa", "words"),
    [
        (lambda t: 0.1, "kappa: it takes no"), (lambda t, x: -1.0, "kappa: it gave -1"),
        (lambda t, x: x, "kappa: of rows"), (lambda t, x: np.nan, "kappa: it gave nan"), (0.1, "kappa: got 0.1"),
    ],
)  # fmt: skip
def test_what_is_no_strength_is_named(kappa: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        pt.simulate(mf.VaryingDiffusion(kappa), np.eye(3), (0.0, 1.0), method="weak2", step=0.1, rng=0)


@pytest.mark.parametrize("method", ["euler-maruyama", "heun", "weak2"])
def test_a_step_too_long_for_the_sphere_is_refused_with_the_limit(method: Any) -> None:
    """Noise: 1 / (kappa (d + 2)), where Euler and Maruyama's rate is lost; drift: a quarter turn."""
    law = mf.Diffusion(0.5)
    assert pt.simulate(law, np.eye(3), (0.0, 0.4), method=method, step=0.4, rng=0).success
    with pytest.raises(ValueError, match=r"step: 0.5 is too long .* 0.4: .* step=0.04"):
        pt.simulate(law, np.eye(3), (0.0, 1.0), method=method, step=0.5, rng=0)
    with pytest.raises(ValueError, match=r"step: 0.2 is too long .* quarter turn"):
        x0 = pt.uniform(8, 3, 0)
        pt.simulate(mf.USA(9.0), x0, (0.0, 1.0), diffusion=0.01, method=method, step=0.2, rng=0)
    with pytest.raises(ValueError, match="common"):
        pt.simulate(mf.Diffusion(0.1, common=True), np.eye(3), (0.0, 1.0), method="weak2", step=0.1, rng=0)
    with pytest.raises(TypeError, match=r"mf\.VaryingDiffusion"):
        mf.Diffusion(lambda t: 0.1)  # type: ignore[arg-type]
