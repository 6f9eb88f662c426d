"""Every law, asked of a density and of its quadrature points, differentiated, repeated, and watched along a run.

A new law joins by one line in `LAWS`; `test_every_law_is_walked` asks for it.
"""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp

import meanfield as mf
import meanfield.laws
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array
from validation.exact import double_loop

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)
CASES: list[tuple[float, int, Any]] = [
    (0.0, 1, "natural"),
    (0.0, -1, "relative"),
    (2.0, 1, "natural"),
    (2.0, -1, "natural"),
    (4.0, 1, "scaled"),
    (4.0, -1, "relative"),
    (9.0, 1, "relative"),
]
LAWS: dict[str, Any] = {
    f"{kind.__name__} beta={beta} sign={sign} {scale}": kind(beta, sign=sign, scale=scale)
    for kind in (mf.SA, mf.USA)
    for beta, sign, scale in CASES
}
LAWS["diffusion"] = mf.Diffusion(0.1)
LAWS["SA with noise"] = mf.SA(3.0) + mf.Diffusion(0.05)
LAWS["USA with noise, repulsive"] = mf.USA(1.0, sign=-1, scale="scaled") + mf.Diffusion(0.05)
LAWS["two heads"] = mf.SA(4.0) + mf.SA(1.0)
LAWS["doubly stochastic"] = mf.Sinkhorn(2.0)
LAWS["opposed heads"] = mf.USA(2.0) + mf.USA(2.0, sign=-1, scale="relative") + mf.SA(0.0)
walk = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)


def density() -> mf.Density:
    return mf.Circle(128).density(lambda q: np.exp(0.9 * np.cos(q - 0.4) + 0.6 * np.sin(2.0 * q)))


def quadrature(rho: mf.Density) -> Any:
    return mf.Points(rho.x, weights=rho.weights, field="direct")


def cloud(d: int, n: int = 9, seed: int = 0, spread: float = 10.0) -> Any:
    """n weighted points with very different masses, around one direction or (by default) all over the sphere."""
    rng = np.random.default_rng(seed)
    x = geometry.retract(np.eye(d)[0] + spread * rng.standard_normal((n, d)))
    return mf.Points(x, weights=rng.dirichlet(np.ones(n)), field="direct")


def tangent(law: Any, x: Array, mu: Any) -> Array:
    """P_x velocity at rows x, (n, d)."""
    return geometry.project(x, np.zeros_like(x) + law.velocity(0.0, x, mu))


def own(law: Any, mu: Any) -> Array:
    """Velocity at mu's own points, as rows, from whatever form the measure's answer took."""
    v = np.asarray(law.velocity(0.0, None, mu))
    if v.ndim == 0:
        return np.zeros_like(mu.x)
    return v * geometry.quarter_turn(mu.x) if v.shape[-1] == 1 else geometry.project(mu.x, v)


def test_every_law_is_walked() -> None:
    terms = {type(t) for law in LAWS.values() for t in getattr(law, "terms", (law,))}
    public = {c for c in vars(meanfield.laws).values() if inspect.isclass(c) and issubclass(c, mf.Law)}
    # labelled ones move no density, those of fixed directions are for one dimension, averages over those near
    # have no divergence: all have files of their own
    near = {meanfield.laws.Krause, meanfield.laws.HegselmannKrause, meanfield.laws.LinearAttention}
    walked = {c for c in public if not c.labelled and c.isotropic} - near
    assert walked - {mf.Law, mf.Sum, meanfield.laws.GradientLaw} <= terms, "a law is missing from LAWS"


# --- one law, two measures -----------------------------------------------------------------------------------


@walk
def test_a_density_answers_as_its_quadrature_points(law: Any) -> None:
    rho = density()
    mu = quadrature(rho)
    off = mf.Points(np.linspace(0.0, 6.0, 13) + 0.0123).x
    size = max(1.0, float(np.abs(own(law, mu)).max()))
    np.testing.assert_allclose(own(law, rho), own(law, mu), rtol=0.0, atol=1e-13 * size)
    np.testing.assert_allclose(tangent(law, off, rho), tangent(law, off, mu), rtol=0.0, atol=1e-13 * size)
    np.testing.assert_allclose(tangent(law, rho.x, rho), own(law, rho), rtol=0.0, atol=5e-13 * size)
    for x in (None, off):
        ours, theirs = law.divergence(0.0, x, rho), law.divergence(0.0, x, mu)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12 * size)
    both = law.quantities(0.0, rho), law.quantities(0.0, mu)
    for name in set(both[0]) & set(both[1]) - {"free_energy"}:
        np.testing.assert_allclose(both[0][name], both[1][name], rtol=1e-13, err_msg=name)


@walk
def test_a_stack_of_densities_is_answered_one_by_one(law: Any) -> None:
    single = [density(), mf.von_mises_fisher(mf.Circle(128), 1.0, 5.0), mf.uniform(mf.Circle(128))]
    stack = mf.Density(single[0].space, np.stack([rho.coefficients for rho in single]))
    for name, value in law.quantities(0.0, stack).items():
        alone = [law.quantities(0.0, rho)[name] for rho in single]
        np.testing.assert_allclose(value, alone, rtol=1e-14, atol=1e-30, err_msg=name)


@walk
def test_twice_the_same_bits(law: Any) -> None:
    for mu in (density(), quadrature(density()), cloud(3)):
        first, second = (np.array(law.velocity(0.0, None, mu)) for _ in range(2))
        np.testing.assert_array_equal(first, second)
        assert law.quantities(0.0, mu) == law.quantities(0.0, mu)
        np.testing.assert_array_equal(law.divergence(0.0, None, mu), law.divergence(0.0, None, mu))


@walk
@pytest.mark.parametrize("d", [2, 3, 5])
def test_divergence_is_that_of_the_velocity(law: Any, d: int) -> None:
    """sum over an orthonormal tangent frame of <e, d/dh P V(cos h x + sin h e)>, by differences of order six."""
    mu = cloud(d)
    x = pt.uniform(4, d, 7)
    frames = np.linalg.svd(x[:, None, :])[2][:, 1:]
    h, total = 3e-3, np.zeros(len(x))
    for e in np.moveaxis(frames, 1, 0):
        for step, weight in ((1, 45.0), (2, -9.0), (3, 1.0)):
            for side in (1.0, -1.0):
                moved = np.cos(step * h) * x + side * np.sin(step * h) * e
                total += side * weight * np.einsum("nd,nd->n", e, tangent(law, moved, mu)) / (60.0 * h)
    np.testing.assert_allclose(law.divergence(0.0, x, mu) + np.zeros(len(x)), total, rtol=1e-7, atol=1e-8)
    if d == 2:
        rho = density()
        np.testing.assert_allclose(law.divergence(0.0, x, rho), law.divergence(0.0, x, quadrature(rho)), rtol=1e-11)


# --- promises along a run ------------------------------------------------------------------------------------


@walk
def test_what_rises_rises_and_what_falls_falls(law: Any) -> None:
    stretch = 0.3 if getattr(law, "scale", "natural") == "natural" else 1.0
    rho0 = density()
    records: list[Any] = [mf.solve(law, rho0, (0.0, stretch), t_eval=np.linspace(0.0, stretch, 7))]
    if not np.any(law.noise(0.0, None, cloud(2))):
        for x0 in (rho0.quantize(15), pt.uniform(10, 3, 1, replicas=2)):
            records.append(pt.simulate(law, x0, (0.0, stretch), np.linspace(0.0, stretch, 7)))
    promised = [(name, 1.0) for name in law.rises] + [(name, -1.0) for name in law.falls]
    for record in records:
        assert record.success
        for name, sign in promised:
            assert np.all(sign * np.diff(record.quantity(name), axis=0) > 0.0), name
        for name in law.keeps:
            np.testing.assert_allclose(record.quantity(name), record.quantity(name)[0], rtol=1e-12)


def test_attention_promises_its_energy() -> None:
    assert mf.SA(1.0).rises == mf.USA(1.0).rises == ("energy",)
    assert "energy" in mf.SA(1.0, sign=-1).falls and mf.SA(1.0, sign=-1).rises == ()
    assert (mf.SA(1.0) + mf.Diffusion(0.1)).rises == ()


# --- energy, velocity, scale ---------------------------------------------------------------------------------


ATTENTION = {name: law for name, law in LAWS.items() if isinstance(law, mf.SA | mf.USA)}
attend = pytest.mark.parametrize("law", ATTENTION.values(), ids=ATTENTION)


@attend
@pytest.mark.parametrize("d", [2, 3, 8])
def test_velocity_is_the_gradient_of_the_energy(law: Any, d: int) -> None:
    """w_i X_i (USA) or w_i Z_i X_i (SA) is the tangential gradient of E in x_i: n grad E for equal masses."""
    mu = cloud(d, 6)
    x, w, h = mu.x, mu.weights, 1e-3
    factor = math.exp(law.log_factor(d))
    Z = factor * np.exp(law.beta * x @ x.T) @ w

    def energy(rows: Array) -> float:
        gram = rows @ rows.T
        pair = np.exp(law.beta * gram) / (2.0 * law.beta) if law.beta else 0.5 * gram
        return factor * float(w @ pair @ w)

    v = tangent(law, x, mu)
    metric = w * (Z if isinstance(law, mf.SA) else 1.0)
    frames = np.linalg.svd(x[:, None, :])[2][:, 1:]
    for i in range(len(x)):
        for e in frames[i]:
            slope = 0.0
            for side, step, weight in ((1, 1, 8.0), (-1, 1, 8.0), (1, 2, -1.0), (-1, 2, -1.0)):
                moved = x.copy()
                moved[i] = math.cos(step * h) * x[i] + side * math.sin(step * h) * e
                slope += side * weight * energy(moved) / (12.0 * h)
            assert abs(law.sign * metric[i] * (v[i] @ e) - slope) < 1e-9 * max(1.0, abs(slope))
    assert law.quantities(0.0, mu)["energy"] == pytest.approx(energy(x), rel=1e-13)
    rate = law.sign * float(metric @ np.sum(v * v, axis=-1))
    assert law.quantities(0.0, mu)["dissipation"] == pytest.approx(rate, rel=1e-12)
    assert law.quantities(0.0, mu)["free_energy"] == -law.sign * law.quantities(0.0, mu)["energy"]


@attend
@pytest.mark.parametrize("d", [2, 3, 8])
def test_velocity_is_the_printed_one(law: Any, d: int) -> None:
    mu = cloud(d, 12, seed=4)
    kind = type(law).__name__
    printed = double_loop.velocity(kind, mu.x, law.beta, weights=mu.weights, sign=law.sign)
    factor = 1.0 if kind == "SA" else math.exp(law.log_factor(d))
    # An exponent is good to beta eps, and a velocity is what the projection leaves of a sum of size 1 (SA) or Z (USA).
    size = 1.0 if kind == "SA" else factor * float((np.exp(law.beta * mu.x @ mu.x.T) @ mu.weights).max())
    limit = 8.0 * EPS * (1.0 + law.beta) * size
    np.testing.assert_allclose(own(law, mu), factor * printed, rtol=0.0, atol=limit)
    if d == 2:
        angles = double_loop.angle_velocity(kind, mu.theta, law.beta, weights=mu.weights, sign=law.sign)
        on_circle = mf.Points(mu.theta, weights=mu.weights)
        np.testing.assert_allclose(law.velocity(0.0, None, on_circle)[:, 0], factor * angles, rtol=0.0, atol=limit)


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("beta", [0.5, 4.0, 300.0])
def test_scales_are_one_factor(beta: float, d: int) -> None:
    mu = cloud(d, spread=0.1)
    factors: dict[Any, float] = {"scaled": -beta, "relative": -mf.Exponential(beta).log_lambda0(d)}
    for kind in (mf.SA, mf.USA):
        natural = kind(beta)
        for scale, log in factors.items():
            law, f = kind(beta, scale=scale), math.exp(log)
            speed = 1.0 if kind is mf.SA else f
            v = speed * own(natural, mu)
            np.testing.assert_allclose(own(law, mu), v, rtol=0.0, atol=1e-12 * np.abs(v).max())
            q, p = law.quantities(0.0, mu), natural.quantities(0.0, mu)
            assert q["energy"] == pytest.approx(f * p["energy"], rel=1e-12)
            assert q["dissipation"] == pytest.approx(f * speed * p["dissipation"], rel=1e-10)


@pytest.mark.parametrize("scale", ["natural", "scaled", "relative"])
@pytest.mark.parametrize("kind", [mf.SA, mf.USA])
def test_beta_zero_is_the_limit(kind: Any, scale: Any) -> None:
    for mu in (density(), cloud(2), cloud(3), mf.Points(density().quantize(500))):
        zero = kind(0.0, scale=scale)
        for beta in (1e-3, 1e-6, 1e-9, 1e-300):
            near = kind(beta, scale=scale)
            np.testing.assert_allclose(own(near, mu), own(zero, mu), rtol=0.0, atol=2.0 * beta + 1e-14)
        near = kind(1e-5, scale=scale)
        q, limit = near.quantities(0.0, mu), zero.quantities(0.0, mu)
        constant = math.exp(near.log_factor(mu.d)) / (2.0 * near.beta)
        assert q["energy"] - constant == pytest.approx(limit["energy"], abs=1e-4)
        assert q["dissipation"] == pytest.approx(limit["dissipation"], rel=1e-4)


@pytest.mark.parametrize(("scale", "beta"), [("scaled", 64.0), ("relative", 1e3), ("scaled", 1e4), ("relative", 1e4)])
def test_large_beta_stays_finite_and_right(scale: Any, beta: float) -> None:
    rng = np.random.default_rng(8)
    clouds = [
        cloud(2, spread=0.1),
        cloud(8, spread=0.05),
        mf.Points(rng.uniform(0.0, 6.2, 900)),
        mf.Points(rng.normal(0.0, 0.05, 900)),
    ]
    for mu in clouds:
        x = mu.x
        score = beta * (x @ x.T) + np.log(mu.weights)
        logZ = logsumexp(score, axis=1)
        pull = geometry.project(x, np.exp(score - logZ[:, None]) @ x)
        # the oracle's scores beta <x, y> are rounded: e^s is good to beta eps, and the projection to eps
        size = 4.0 * beta * EPS * np.abs(pull).max() + 8.0 * EPS
        np.testing.assert_allclose(own(mf.SA(beta, scale=scale), mu), pull, rtol=0.0, atol=size)
        usa = mf.USA(beta, scale=scale)
        Z = np.exp(logZ + usa.log_factor(mu.d))
        size = 8.0 * beta * EPS * np.abs(pull * Z[:, None]).max() + 8.0 * EPS * Z.max()
        np.testing.assert_allclose(own(usa, mu), pull * Z[:, None], rtol=0.0, atol=size)
        E = math.exp(usa.log_factor(mu.d) + float(logsumexp(logZ, b=mu.weights))) / (2.0 * beta)
        assert usa.quantities(0.0, mu)["energy"] == pytest.approx(E, rel=1e-11)
        for law in (mf.SA(beta, scale=scale), mf.USA(beta, scale=scale)):
            assert all(np.isfinite(v) for v in law.quantities(0.0, mu).values())
    rho = mf.poisson_kernel(mf.Circle(256), [0.5, 0.0]).resized(1536)  # as many nodes as the kernel is narrow
    mu = quadrature(rho)
    for law in (mf.SA(beta, scale=scale), mf.USA(beta, scale=scale)):
        top = float(np.abs(own(law, mu)).max())
        # and here e^s has a width of beta^{-1/2}, over which y - x, not y, is summed
        limit = 1e-11 * top + 8.0 * math.sqrt(beta) * EPS
        np.testing.assert_allclose(own(law, rho), own(law, mu), rtol=0.0, atol=limit)


# --- sums of laws --------------------------------------------------------------------------------------------


def test_a_sum_adds_velocities_divergences_and_squares_of_noise() -> None:
    a, b = mf.SA(4.0), mf.USA(1.0, sign=-1)
    law = a + mf.Diffusion(0.3) + (b + mf.Diffusion(0.4))
    assert len(law.terms) == 4 and law.isotropic and law == mf.Sum((a, mf.Diffusion(0.3), b, mf.Diffusion(0.4)))
    for mu in (density(), cloud(3)):
        parts = own(a, mu), own(b, mu)
        limit = 8.0 * EPS * max(np.abs(part).max() for part in parts)
        np.testing.assert_allclose(own(law, mu), sum(parts), rtol=0.0, atol=limit)
        both = a.divergence(0.0, None, mu) + b.divergence(0.0, None, mu)
        np.testing.assert_allclose(law.divergence(0.0, None, mu), both, rtol=1e-14)
        assert law.noise(0.0, None, mu) == pytest.approx(math.sqrt(2.0 * 0.7), rel=1e-15)
        energies = a.quantities(0.0, mu)["energy"] + b.quantities(0.0, mu)["energy"]
        assert law.quantities(0.0, mu)["energy"] == pytest.approx(energies, rel=1e-15)


def test_opposed_laws_hold_a_density_still() -> None:
    """Both may answer in the one buffer of the one plan."""
    for law in (mf.SA(4.0) + mf.SA(4.0, sign=-1), mf.USA(2.0, sign=-1) + mf.USA(2.0)):
        sol = mf.solve(law, density(), (0.0, 1.0))
        np.testing.assert_array_equal(sol(1.0).coefficients, density().coefficients)


def test_a_sum_of_attentions_claims_no_rate_of_energy_that_is_not_one() -> None:
    """Rates do not add: of X_1 + X_2 the square has a product.  One attention with noise keeps its drift's rate."""
    rho = density()
    parts = [law.quantities(0.0, rho)["dissipation"] for law in (mf.USA(1.0), mf.USA(2.0))]
    assert (mf.USA(1.0) + mf.USA(2.0)).quantities(0.0, rho)["dissipation"] > 1.5 * sum(parts)
    noisy = (mf.USA(1.0) + mf.Diffusion(0.1) + mf.Diffusion(0.2)).quantities(0.0, rho)
    alone = mf.USA(1.0).quantities(0.0, rho)
    assert noisy["dissipation"] == alone["dissipation"] and noisy["energy"] == alone["energy"]
    assert noisy["free_energy"] == pytest.approx(0.3 * rho.entropy - alone["energy"], rel=1e-14)
    sol = mf.solve(mf.USA(1.0) + mf.USA(2.0), rho, (0.0, 0.1))
    assert np.all(np.diff(sol.energy) > 0.0)  # the energies do add, and the sum is a gradient flow of their sum
    np.testing.assert_allclose(sol.dissipated, sol.gained, rtol=0.0, atol=1e-9 * sol.gained[-1])


def test_a_sum_tells_the_dissipation_of_terms_that_move_and_give_none() -> None:
    """Its dE/dt was that of one term alone: +0.14 where the energy fell by 0.18."""
    mu = mf.Points(pt.uniform(10, 3, rng=1))
    step = 1e-4
    for other in (mf.SA(1.0, V=-2.0 * np.eye(3)), mf.Causal(mf.SA(1.0)), mf.Frozen(mf.SA(1.0), np.eye(3))):
        law = mf.SA(2.0) + other
        near = [mf.Points(geometry.retract(mu.x + h * tangent(law, mu.x, mu))) for h in (step, -step)]
        up, down = (law.quantities(0.0, at)["energy"] for at in near)
        told = law.quantities(0.0, mu)["dissipation"]
        assert told == pytest.approx((up - down) / (2.0 * step), rel=1e-6)
        assert abs(told - mf.SA(2.0).quantities(0.0, mu)["dissipation"]) > 1e-3
    assert "dissipation" in (mf.USA(2.0) + mf.Diffusion(0.1)).quantities(0.0, mu)
