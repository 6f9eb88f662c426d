"""Measures whose mass is not 1, as reweighing and adding leave them: every fast sum against the loop as printed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.geometry import ROWS
from meanfield.measures.points import Points
from meanfield.measures.rings import Rings

pytestmark = pytest.mark.rounding

MASSES = (1e-3, 1e5)
BETA = 4.0
FIELDS = [(2, "direct"), (2, "differences"), (2, "harmonic"), (2, "cells"), (2, "compiled"), (2, "auto"),
          (3, "direct"), (3, "harmonic"), (3, "compiled"), (3, "auto"), (4, "direct"), (4, "compiled")]  # fmt: skip
"""Dimension and field: every sum that one can ask for by its name."""


def cloud(d: int, field: str, mass: float, signed: bool = False, wide: float = 0.7) -> Points:
    """Points about the first axis, and their masses."""
    rng = np.random.default_rng(d)
    x = wide * rng.normal(size=(40 if field == "differences" else 300, d))
    x[:, 0] += 1.0
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    w = rng.uniform(0.5, 1.5, len(x)) * (rng.choice([1.0, -0.4], len(x)) if signed else 1.0)
    w *= mass / w.sum()
    if field in ("cells", "compiled"):
        pytest.importorskip("numba")
    return Points.trusted(x, w, ROWS, field)


def looped(beta: float, x: Any, y: Any, w: Any) -> tuple[Any, Any, Any]:
    """Z, P_x M and L at rows x, as they are defined."""
    e = w * np.exp(beta * (x @ y.T))
    M = e @ y
    u = x @ y.T
    L = np.sum(e * (beta * (1.0 - u**2) - (y.shape[1] - 1.0) * u), axis=1)
    return e.sum(axis=1), M - np.sum(M * x, axis=1, keepdims=True) * x, L


def told(mu: Any, x: Any, want: str) -> tuple[Any, ...]:
    r = mu.read(mf.Exponential(BETA), x, want)
    at = mu.x if x is None else x
    size = np.exp(r.log)
    Z = None if r.Z is None else (r.Z * size)[..., 0]
    M = None if r.M is None else r.M * size
    if M is not None:
        M = M - np.sum(M * at, axis=1, keepdims=True) * at
    return Z, M, None if r.L is None else r.L * np.reshape(size, np.shape(size)[: np.ndim(size) and -1])


@pytest.mark.parametrize("mass", MASSES)
@pytest.mark.parametrize(("d", "field"), FIELDS)
def test_every_sum_of_any_mass_is_the_loop(d: int, field: str, mass: float) -> None:
    """Relative to the largest: sums of some hundred terms, to 1e-13."""
    for signed in (False, True):
        mu = cloud(d, field, mass, signed)
        for x in (None, np.eye(d), -mu.x[:5]):
            exact = looped(BETA, mu.x if x is None else x, mu.x, mu.weights)
            largest = looped(BETA, mu.x, mu.x, np.abs(mu.weights))
            for want in ("ZM", "Z", "ZML"):
                for found, right, most in zip(told(mu, x, want), exact, largest, strict=True):
                    if found is not None:
                        np.testing.assert_allclose(found, right, rtol=0.0, atol=1e-13 * np.abs(most).max())


@pytest.mark.parametrize("mass", MASSES)
@pytest.mark.parametrize(("d", "field"), FIELDS)
def test_velocities_far_from_all_mass_keep_their_digits(d: int, field: str, mass: float) -> None:
    """SA's quotient, whatever the mass, where Z is e^{-2 beta} of what it is among the points; USA's goes with it."""
    beta, mu = 9.0, cloud(d, field, mass, wide=0.15)
    x = -mu.x[:7] if field != "differences" else mu.x
    Z, M, _ = looped(beta, x, mu.x, mu.weights)
    at = None if field == "differences" else x
    np.testing.assert_allclose(project(mf.SA(beta).velocity(0.0, at, mu), x), M / Z[:, None], rtol=0.0, atol=1e-10)
    # relative to the largest among the points, as of every sum: far from them it is small
    most = np.abs(looped(beta, mu.x, mu.x, mu.weights)[1]).max()
    np.testing.assert_allclose(project(mf.USA(beta).velocity(0.0, at, mu), x), M, rtol=0.0, atol=1e-13 * most)


def project(v: Any, x: Any) -> Any:
    return v - np.sum(v * x, axis=1, keepdims=True) * x


@pytest.mark.parametrize("mass", MASSES)
@pytest.mark.parametrize("beta", [0.3, 4.0])
@pytest.mark.parametrize(("d", "field"), FIELDS)
def test_energies_of_any_mass(d: int, field: str, beta: float, mass: float) -> None:
    """E is quadratic in the mass, and so is what it has beyond the uniform measure of that mass."""
    mu, one = cloud(d, field, mass), cloud(d, field, 1.0)
    law = mf.USA(beta)
    e = 0.5 / beta * np.sum(np.outer(mu.weights, mu.weights) * np.exp(beta * (mu.x @ mu.x.T)))
    uniform = 0.5 * mass**2 * np.exp(mf.Exponential(beta).log_lambda0(d)) / beta
    size = np.exp(-beta if law.scale == "relative" else 0.0)
    assert float(mu.energy(law)) == pytest.approx(e * size, rel=1e-12)
    for found, m2 in ((mu, mass**2), (one, 1.0)):
        value, log = found.excess(mf.Exponential(beta))
        assert float(value) * np.exp(log) / m2 == pytest.approx((e - uniform) / mass**2, rel=1e-11)


@pytest.mark.parametrize("mass", MASSES)
def test_reweighed_and_added_points_are_of_that_mass(mass: float) -> None:
    mu = mf.Points(cloud(2, "direct", 1.0).x, field="harmonic")
    heavy = mu.reweighed(np.full(mu.n, mass))
    assert float(heavy.mass) == pytest.approx(mass, rel=1e-12)
    more = heavy.also(np.eye(2), mass, per_token=False)
    Z = more.read(mf.Exponential(BETA), mu.x, "Z")
    exact = looped(BETA, mu.x, np.concatenate([mu.x, np.eye(2)]), np.append(heavy.weights, [mass, mass]))[0]
    np.testing.assert_allclose((Z.Z * np.exp(Z.log))[:, 0], exact, rtol=1e-12)


@pytest.mark.parametrize("mass", MASSES)
@pytest.mark.parametrize("space", [mf.Circle(96), mf.Sphere(24)], ids=str)
def test_densities_of_any_mass(space: Any, mass: float) -> None:
    """By multipliers, against the loop over their own nodes."""
    rho = mf.perturbed_uniform(space, {1: 0.3} if space.d == 2 else {(1, 0): 0.3})
    heavy = rho.reweighed(np.full(len(rho.weights), mass))
    Z, M, _ = looped(BETA, rho.x, rho.x, mass * rho.weights)
    r = heavy.read(mf.Exponential(BETA), None, "ZM")
    np.testing.assert_allclose((r.Z * np.exp(r.log))[:, 0], Z, rtol=1e-12)
    v = np.einsum("nm,nmd->nd", r.M * np.exp(r.log), space.frame(rho.x))
    np.testing.assert_allclose(v, M, rtol=0.0, atol=1e-12 * np.abs(M).max())
    e = 0.5 / BETA * float(mass * rho.weights @ Z)
    uniform = 0.5 * mass**2 * np.exp(mf.Exponential(BETA).log_lambda0(space.d)) / BETA
    value, log = heavy.excess(mf.Exponential(BETA))
    assert float(value) * np.exp(log) == pytest.approx(e - uniform, rel=1e-10)


@pytest.mark.parametrize("mass", MASSES)
@pytest.mark.parametrize("field", ["direct", "harmonic", "auto"])
def test_circles_of_latitude_of_any_mass(field: Any, mass: float) -> None:
    """Against the loop over points around each of them."""
    space, phi = mf.ZonalSphere(3, 32), np.array([0.3, 0.5, 1.0, 2.0])
    w = mass * np.array([0.1, 0.2, 0.3, 0.4])
    r = Rings(space, phi, w, field).read(mf.Exponential(BETA), None, "ZM")
    turn = 2.0 * np.pi * np.arange(64) / 64
    around = np.stack(np.broadcast_arrays(np.sin(phi)[:, None] * np.cos(turn), np.sin(phi)[:, None] * np.sin(turn),
                                          np.cos(phi)[:, None]), axis=-1)  # fmt: skip
    Z, M, _ = looped(BETA, around[:, 0], around.reshape(-1, 3), np.repeat(w / 64, 64))
    towards = np.stack([-np.cos(phi), 0.0 * phi, np.sin(phi)], axis=-1)
    size = np.exp(r.log)
    np.testing.assert_allclose((r.Z * size)[:, 0], Z, rtol=1e-12)
    np.testing.assert_allclose((r.M * size)[:, 0], np.sum(M * towards, axis=1), rtol=0.0, atol=1e-12 * np.abs(M).max())
