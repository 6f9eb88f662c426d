"""Particles against the papers' equations as printed, closed forms, the density, and the statistics of noise."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import meanfield as mf
import particles as pt
from meanfield import geometry, protocols
from meanfield.protocols import Array
from meanfield.steppers import euler_unprojected
from validation.exact import diracs, double_loop, orthogonal

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

KINDS = {"SA": mf.SA, "USA": mf.USA}
both = pytest.mark.parametrize("kind", KINDS)


def printed(kind: str, x0: Array, beta: float, t: float, weights: Array | None = None, sign: int = 1) -> Array:
    """The double loop of the papers, by another integrator."""
    angles = x0.ndim == 1
    field = double_loop.angle_velocity if angles else double_loop.velocity

    def rhs(_: float, y: Array) -> Array:
        x = y.reshape(x0.shape)
        x = x if angles else x / np.linalg.norm(x, axis=-1, keepdims=True)
        return field(kind, x, beta, weights=weights, sign=sign).ravel()

    found = solve_ivp(rhs, (0.0, t), x0.ravel(), method="DOP853", rtol=1e-12, atol=1e-14).y[:, -1].reshape(x0.shape)
    return np.asarray(found)


# --- against the printed equations ---------------------------------------------------------------------------


@both
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("beta", [0.0, 2.0])
def test_circle_by_angles_by_rows_and_by_the_double_loop(kind: str, beta: float, sign: int) -> None:
    rng = np.random.default_rng(0)
    theta, w = rng.uniform(0.0, 6.0, 9), rng.dirichlet(np.ones(9))
    law, t = KINDS[kind](beta, sign=sign), 0.7
    exact = printed(kind, theta, beta, t, w, sign)
    on_angles = pt.simulate(law, theta, (0.0, t), [t], weights=w, rtol=1e-12, atol=1e-14)
    on_rows = pt.simulate(law, geometry.to_rows(theta), (0.0, t), [t], weights=w, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(on_angles.x[-1], exact, rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(on_rows.x[-1], geometry.to_rows(exact), rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(on_angles.rows, on_rows.rows, rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(on_rows.theta, geometry.to_angles(on_angles.rows), rtol=0.0, atol=1e-10)


@both
@pytest.mark.parametrize("d", [3, 8])
def test_spheres_by_the_double_loop_and_between_integrators(kind: str, d: int) -> None:
    x0, law, t = pt.uniform(10, d, 1), KINDS[kind](1.5), 0.8
    exact = printed(kind, x0, 1.5, t)
    for method in ("dop853", "rk45"):
        traj = pt.simulate(law, x0, (0.0, t), [0.3, t], method=method, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(traj.x[-1], exact, rtol=0.0, atol=1e-10)
        assert np.abs(np.linalg.norm(traj.x, axis=-1) - 1.0).max() < 1e-14
        np.testing.assert_array_equal(traj.weights, np.full(10, 0.1))


@both
@pytest.mark.parametrize("d", [2, 5])
def test_two_weighted_atoms_approach_as_the_closed_form_says(kind: str, d: int) -> None:
    beta, a0, m1, times = 3.0, 2.0, 0.3, np.array([0.05, 0.2, 0.5])
    exact = diracs.gap(times, a0, beta, kind, m1)
    if d == 2:
        x0: Array = np.array([0.0, a0])
    else:
        x0 = np.zeros((2, d))
        x0[0, 0], x0[1, 0], x0[1, 3] = 1.0, math.cos(a0), math.sin(a0)
    traj = pt.simulate(KINDS[kind](beta), x0, (0.0, 0.5), times, weights=[m1, 1.0 - m1], rtol=1e-12, atol=1e-14)
    gap = np.arccos(np.clip(np.einsum("td,td->t", traj.rows[:, 0], traj.rows[:, 1]), -1.0, 1.0))
    np.testing.assert_allclose(gap, exact, rtol=1e-10)


@both
@pytest.mark.parametrize("beta", [1.0, 4.0])
def test_orthogonal_tokens_stay_equiangular_on_the_exact_curve(kind: str, beta: float) -> None:
    """A, Theorem 6.8."""
    n, times = 12, np.array([0.3, 0.6, 1.0])
    traj = pt.simulate(KINDS[kind](beta), np.eye(n), (0.0, 1.0), times, rtol=1e-12, atol=1e-14)
    gram = np.einsum("tid,tjd->tij", traj.x, traj.x)[:, ~np.eye(n, dtype=bool)]
    np.testing.assert_allclose(
        gram, np.repeat(orthogonal.gamma(times, n, beta, kind)[:, None], n * n - n, 1), rtol=0.0, atol=1e-10
    )


@both
def test_an_antipodal_pair_stays_at_beta_zero(kind: str) -> None:
    rows = np.array([[0.0, 0.6, 0.8], [0.0, -0.6, -0.8]])
    traj = pt.simulate(KINDS[kind](0.0), rows, (0.0, 10.0))
    assert traj.success and np.abs(traj.x - rows).max() < 1e-15 and np.all(traj.energy < 1e-30)
    angles = pt.simulate(KINDS[kind](0.0), [0.0, math.pi], (0.0, 3.0))
    assert np.abs(angles.x - [0.0, math.pi]).max() < 8.0 * math.exp(3.0) * EPS  # an unstable balance: rounding grows
    one = pt.simulate(KINDS[kind](3.0), [0.4], (0.0, 10.0))
    np.testing.assert_array_equal(one.x, np.full((101, 1), 0.4))


# --- weights, replicas, turns --------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("d", [2, 3])
def test_a_double_particle_moves_as_one_of_double_weight(kind: str, d: int) -> None:
    x = pt.uniform(5, d, 2)
    law, span = KINDS[kind](3.0), (0.0, 0.4)
    double = pt.simulate(law, np.concatenate([x, x[:1]]), span, rtol=1e-12, atol=1e-14)
    weighted = pt.simulate(law, x, span, weights=[2.0, 1.0, 1.0, 1.0, 1.0], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(double.x[:, :5], weighted.x, rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(double.energy, weighted.energy, rtol=1e-10)
    np.testing.assert_allclose(double.x[:, 0], double.x[:, 5], rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("angles", [True, False])
def test_replicas_are_separate_runs_that_share_their_steps(angles: bool) -> None:
    x0 = pt.uniform_angles(8, 3, replicas=(2, 3)) if angles else pt.uniform(8, 3, 3, replicas=(2, 3))
    w = np.random.default_rng(3).uniform(0.5, 1.5, (2, 3, 8))
    law, span = mf.SA(4.0), (0.0, 1.0)
    together = pt.simulate(law, x0, span, angles=angles, weights=w, rtol=1e-12, atol=1e-14)
    assert together.x.shape == (101, *x0.shape) and together.energy.shape == together.dissipated.shape == (101, 2, 3)
    for i in np.ndindex(2, 3):
        alone = pt.simulate(law, x0[i], span, weights=w[i], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(together.x[(slice(None), *i)], alone.x, rtol=0.0, atol=1e-10)
        np.testing.assert_allclose(together.dissipated[(slice(None), *i)], alone.dissipated, rtol=1e-8, atol=1e-12)
    shared = pt.simulate(law, x0, span, angles=angles, weights=w[0, 0])
    np.testing.assert_allclose(shared.weights[1, 2], w[0, 0] / w[0, 0].sum(), rtol=8.0 * EPS)


@both
def test_a_turned_cloud_moves_turned(kind: str) -> None:
    rng = np.random.default_rng(4)
    x0, turn = pt.uniform(7, 4, rng), np.linalg.qr(rng.standard_normal((4, 4)))[0]
    law, span, order = KINDS[kind](2.0), (0.0, 0.5), rng.permutation(7)
    here = pt.simulate(law, x0, span, rtol=1e-12, atol=1e-14)
    there = pt.simulate(law, geometry.retract(x0 @ turn.T)[order], span, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(there.x, (here.x @ turn.T)[:, order], rtol=0.0, atol=1e-10)


def test_angles_are_not_wrapped() -> None:
    x0 = np.array([12.0, 13.0, -40.0])
    traj = pt.simulate(mf.SA(1.0), x0, (0.0, 1.0), rtol=1e-12)
    np.testing.assert_array_equal(traj.x[0], x0)
    assert np.abs(np.diff(traj.x, axis=0)).max() < 0.1 and np.abs(traj.x[-1] - x0).max() < 1.0
    wrapped = pt.simulate(mf.SA(1.0), geometry.to_angles(geometry.to_rows(x0)), (0.0, 1.0), rtol=1e-12)
    np.testing.assert_allclose(traj.rows, wrapped.rows, rtol=0.0, atol=1e-11)


# --- energy, times -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [5, 400])
@pytest.mark.parametrize("turns", [5, 10**6, 10**8])
def test_angles_many_turns_apart_move_as_their_remainders(turns: int, n: int) -> None:
    """States of many turns had as few digits as their angles: velocities were 2.6e-9 off at a million turns."""
    rng = np.random.default_rng(turns)
    x0 = rng.uniform(0.0, 6.0, n) + 2.0 * np.pi * rng.integers(-turns, turns, n)
    with mp.workdps(40):
        near = np.array([float(mp.fmod(mp.mpf(float(q)), 2 * mp.pi)) for q in x0])
    times = [0.0, 1.0, 2.0]
    far, close = (pt.simulate(mf.SA(4.0), x, (0.0, 2.0), times, method="rk4", step=0.1) for x in (x0, near))
    for a, b in zip(far.measures, close.measures, strict=True):
        np.testing.assert_allclose(np.exp(1j * a.theta), np.exp(1j * b.theta), rtol=0.0, atol=1e-13)
    np.testing.assert_array_equal(far.x[0], x0)
    ulp = np.spacing(np.abs(x0).max())
    np.testing.assert_allclose(far.x - far.x[0], close.x - close.x[0], rtol=0.0, atol=1e-13 + 4.0 * ulp)
    assert far.theta.shape == (3, n)


def test_angles_many_turns_apart_merge_and_are_kept(tmp_path: Path) -> None:
    x0 = np.array([0.3, 0.3 + 2.0 * np.pi * 1000.0, 2.0 - 2.0 * np.pi * 500.0])
    run = pt.simulate(mf.SA(4.0), x0, (0.0, 40.0), [0.0, 10.0, 40.0], merge_tol=1e-6)
    assert [m.mass for m in run.merges] == pytest.approx([2.0 / 3.0, 1.0])
    np.testing.assert_allclose(run.x[0], x0, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(np.diff(run.x[-1]), 2.0 * np.pi * np.array([1000.0, -1500.0]), rtol=0.0, atol=1e-11)
    run.save(tmp_path / "run.nc")
    np.testing.assert_array_equal(pt.load(tmp_path / "run.nc").x, run.x)


def test_replicas_may_begin_many_turns_apart() -> None:
    x0 = np.array([[0.0, 1.0], [2.0 * np.pi * 100.0, 1.0]])
    run = pt.simulate(mf.SA(4.0), x0, (0.0, 1.0), [0.0, 1.0], angles=True)
    np.testing.assert_allclose(run.x[:, 1] - x0[1], run.x[:, 0] - x0[0], rtol=0.0, atol=1e-11)


@pytest.mark.parametrize("far", [1.1e9, -1e17, 1e300])
def test_angles_that_could_not_move_are_refused(far: float) -> None:
    """At 1e17 floats are 16 apart: the run ended well, and nothing had moved."""
    x0 = np.array([0.0, far])
    with pytest.raises(ValueError, match=r"x0 must be angles of at most 1e\+09 rad.*numpy.arctan2"):
        pt.simulate(mf.SA(4.0), x0, (0.0, 1.0))
    remedy = np.arctan2(np.sin(x0), np.cos(x0))
    assert pt.simulate(mf.SA(4.0), remedy, (0.0, 1.0), [1.0]).x[-1, 1] != remedy[1]


@both
@pytest.mark.parametrize("sign", [1, -1])
def test_energy_identity(kind: str, sign: int) -> None:
    for x0 in (pt.uniform_angles(30, 5), pt.uniform(20, 3, 5)):
        traj = pt.simulate(KINDS[kind](2.0, sign=sign), x0, (0.0, 1.0), rtol=1e-12, atol=1e-14)
        gained = traj.energy - traj.energy[0]
        assert np.all(sign * np.diff(traj.energy) > 0.0)
        assert np.all(np.abs(gained - traj.dissipated)[1:] <= 1e-9 * np.abs(gained[1:]))
        assert traj.energy[3] == pytest.approx(double_loop.energy(traj.rows[3], 2.0), rel=1e-13)
        printed_rate = double_loop.dissipation(kind, traj.rows[3], 2.0, sign=sign)
        assert traj.dissipation[3] == pytest.approx(printed_rate, rel=1e-12)


def test_asked_times_are_landed_on_and_default_times_are_101() -> None:
    x0, asked = pt.uniform(6, 3, 6), np.array([0.1, 0.35, 0.9])
    landed = pt.simulate(mf.SA(2.0), x0, (0.0, 1.0), asked, land=True)
    np.testing.assert_array_equal(landed.t, asked)
    free = pt.simulate(mf.SA(2.0), x0, (0, 1))
    np.testing.assert_array_equal(free.t, np.linspace(0.0, 1.0, 101))
    np.testing.assert_array_equal(free.x[0], x0)
    np.testing.assert_allclose(landed.x[:2], free.x[[10, 35]], rtol=0.0, atol=1e-8)
    np.testing.assert_allclose(free(0.1234567).x, printed("SA", x0, 2.0, 0.1234567), rtol=0.0, atol=1e-8)
    with pytest.raises(ValueError, match=r"t: got 0\.2.*t_eval"):
        landed(0.2)
    with pytest.raises(ValueError, match="dissipated"):
        landed.dissipated  # noqa: B018


@both
def test_quantised_density_and_its_particles_stay_together(kind: str) -> None:
    rho0 = mf.Circle(128).density(lambda q: 1.0 + 0.3 * np.cos(q) + 0.2 * np.sin(2.0 * q))
    end = 1.0 if kind == "SA" else 0.1
    sol = mf.solve(KINDS[kind](4.0), rho0, (0.0, end))
    traj = pt.simulate(KINDS[kind](4.0), rho0.quantize(800), (0.0, end), [end], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(mf.Points(traj.x[-1]).moments(6), sol(end).moments(6), rtol=0.0, atol=1e-10)
    assert traj.energy[-1] == pytest.approx(sol.energy[-1], rel=1e-10)


# --- fixed steps ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("euler-unprojected", 1), ("heun", 2), ("rk4", 4)])
@pytest.mark.parametrize("d", [2, 3])
def test_fixed_steps_have_their_order(method: Any, order: int, d: int) -> None:
    x0 = pt.uniform_angles(6, 7) if d == 2 else pt.uniform(6, d, 7)
    law = mf.USA(1.0)
    exact = pt.simulate(law, x0, (0.0, 1.0), [1.0], rtol=1e-12, atol=1e-14).x[-1]
    errors = [
        np.abs(pt.simulate(law, x0, (0.0, 1.0), [1.0], method=method, step=1.0 / n).x[-1] - exact).max()
        for n in (20, 40, 80)
    ]
    np.testing.assert_allclose(np.log2(np.array(errors[:-1]) / errors[1:]), order, rtol=0.0, atol=0.2)


@both
@pytest.mark.parametrize("d", [2, 3, 8])
def test_euler_goes_along_the_projected_velocity(kind: str, d: int) -> None:
    x0, beta, step, steps = pt.uniform(9, d, 8), 4.0, 0.1, 25
    by_hand = double_loop.euler(lambda x: double_loop.velocity(kind, x, beta), x0, step, steps)
    times = step * np.arange(steps + 1)
    traj = pt.simulate(KINDS[kind](beta), x0, (0.0, times[-1]), times, method="euler", step=step)
    bound = 1e-13 if kind == "SA" else 1e-9  # USA's steps overshoot wildly here, and so do roundings
    np.testing.assert_allclose(traj.x[:2], by_hand[:2], rtol=0.0, atol=1e-14)
    np.testing.assert_allclose(traj.x, by_hand, rtol=0.0, atol=bound)
    assert traj.counters.steps == steps
    if d == 2:
        theta = geometry.to_angles(x0)
        by_hand = double_loop.euler(
            lambda q: double_loop.angle_velocity("SA", q, beta), theta, step, steps, sphere=False
        )
        on_angles = pt.simulate(mf.SA(beta), theta, (0.0, times[-1]), times, method="euler", step=step)
        np.testing.assert_allclose(on_angles.x, by_hand, rtol=0.0, atol=1e-13)


@both
@pytest.mark.parametrize("d", [2, 3, 8])
def test_euler_unprojected_is_the_published_codes_scheme(kind: str, d: int) -> None:
    """x + h A(x) x (USA: without the division by Z), then normalised; angles turn as rows do."""
    x0, beta, step, steps = pt.uniform(9, d, 8), 1.0, 0.1, 25
    w = np.random.default_rng(9).dirichlet(np.ones(9))

    def attention(x: Array) -> Array:
        pull = double_loop.attention_matrix(x, beta, weights=w) @ x
        return pull if kind == "SA" else pull * (np.exp(beta * x @ x.T) @ w)[:, None]

    by_hand = double_loop.euler(attention, x0, step, steps)
    times, law = step * np.arange(steps + 1), KINDS[kind](beta)
    settings: dict[str, Any] = {"weights": w, "method": "euler-unprojected", "step": step}
    traj = pt.simulate(law, x0, (0.0, times[-1]), times, **settings)
    np.testing.assert_allclose(traj.x, by_hand, rtol=0.0, atol=1e-13)
    assert traj.counters.steps == traj.counters.evaluations == steps
    off = pt.simulate(law, x0, (0.0, times[-1]), times, **{**settings, "method": "euler"}).x - by_hand
    assert np.abs(off).max() > 1e-3
    if d == 2:
        theta = geometry.to_angles(x0) + 2.0 * np.pi * np.arange(9)
        on_angles = pt.simulate(law, theta, (0.0, times[-1]), times, **settings)
        limit = 8.0 * np.abs(theta).max() * EPS * math.exp(times[-1])  # angles of many turns; they part at a rate <= 1
        np.testing.assert_allclose(geometry.to_rows(on_angles.x), by_hand, rtol=0.0, atol=limit)
        assert np.abs(on_angles.x - theta).max() < np.pi  # no turn is lost


def test_which_euler_is_slower() -> None:
    """Orthogonal tokens, n = 32, beta = 4, to products of 0.999: 6.95 exactly, and 7.0 and 7.5 in steps of 0.1."""
    x0, law, reached = np.eye(32), mf.SA(4.0), []
    ways: list[dict[str, Any]] = [{"rtol": 1e-9}]
    for settings in ways + [{"method": m, "step": 0.1} for m in ("euler", "euler-unprojected")]:
        times = 0.1 * np.arange(70, 80) if "step" in settings else 6.9 + 0.01 * np.arange(20)
        traj = pt.simulate(law, x0, (0.0, 8.0), times, **settings)
        inner = np.einsum("td,td->t", traj.x[:, 0], traj.x[:, 1])
        assert inner[-1] > 0.999
        reached.append(times[np.argmax(inner >= 0.999)])
    assert reached == pytest.approx([6.96, 7.0, 7.5], abs=1e-9)


def test_the_whole_attention_is_summed_over_pairs() -> None:
    """Harmonics know its tangent part alone: not taken silently for many points, refused by name."""
    theta = pt.uniform_angles(400, 3)
    settings: dict[str, Any] = {"method": "euler-unprojected", "step": 0.5}
    by_rule = pt.simulate(mf.SA(1.0), theta, (0.0, 1.0), [1.0], **settings)
    by_pairs = pt.simulate(mf.SA(1.0), theta, (0.0, 1.0), [1.0], field="direct", **settings)
    np.testing.assert_allclose(by_rule.x, by_pairs.x, rtol=0.0, atol=1e-13)
    with pytest.raises(ValueError, match='field: "harmonic" knows'):
        pt.simulate(mf.SA(1.0), theta, (0.0, 1.0), field="harmonic", **settings)
    with pytest.raises(TypeError, match="before its projection"):
        euler_unprojected(0.1).step(protocols.Method(), 0.0, np.zeros(3), None, 1.0, None, False)
    with pytest.raises(ValueError, match="size"):
        euler_unprojected(0.0)


# --- noise ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["heun", "euler-maruyama"])
@pytest.mark.parametrize("d", [2, 3, 5])
def test_brownian_motion_forgets_at_the_laplacians_rate(d: int, method: Any) -> None:
    """E <x_t, x_0> = e^{-kappa (d-1) t}: harmonics of degree one decay with their eigenvalue."""
    kappa, n, step, times = 0.2, 10_000, 0.02, np.array([0.5, 1.5])
    x0 = np.zeros(n) if d == 2 else np.tile(np.eye(d)[0], (n, 1))
    traj = pt.simulate(mf.Diffusion(kappa), x0, (0.0, 1.5), times, method=method, step=step, rng=11)
    c = traj.rows[..., 0]
    # what normalising after a step of variance 2 kappa h does, from E 1 / sqrt(1 + |xi|^2)
    weak = kappa**2 * step * times * (1.5 * (d * d - 1.0) - 0.5 * (d - 1.0) ** 2)
    for mean, rate in ((c, kappa * (d - 1)), ((d * c**2 - 1.0) / (d - 1.0), 2.0 * kappa * d)):
        bound = 4.0 * mean.std(axis=1) / math.sqrt(n) + 2.0 * weak
        assert np.all(np.abs(mean.mean(axis=1) - np.exp(-rate * times)) < bound)
    assert np.abs(np.linalg.norm(traj.rows, axis=-1) - 1.0).max() < 1e-14


def test_noisy_particles_follow_the_noisy_density() -> None:
    rho0 = mf.Circle(64).density(lambda q: 1.0 + 0.5 * np.cos(q - 1.0))
    law, n = mf.USA(1.0), 20_000
    sol = mf.solve(law, rho0, (0.0, 1.0), diffusion=0.2)
    traj = pt.simulate(law, rho0.quantize(n), (0.0, 1.0), [1.0], diffusion=0.2, method="heun", step=0.05, rng=12)
    error = np.abs(mf.Points(traj.x[-1]).moments(3) - sol(1.0).moments(3))
    assert error.max() < 4.0 / math.sqrt(n)
    without = mf.solve(law, rho0, (0.0, 1.0))
    assert np.abs(without(1.0).moments(3) - sol(1.0).moments(3)).max() > 8.0 / math.sqrt(n)


def test_seeds_give_the_same_bits() -> None:
    x0 = pt.uniform(30, 3, 13)

    def run(rng: Any) -> Array:
        options: dict[str, Any] = {"method": "heun", "step": 0.1, "diffusion": 0.1, "rng": rng}
        return pt.simulate(mf.SA(2.0), x0, (0.0, 1.0), [0.55, 1.0], **options).x

    first = run(1)
    np.testing.assert_array_equal(first, run(1))
    np.testing.assert_array_equal(first, run(np.random.default_rng(1)))
    assert not np.array_equal(first, run(2)) and not np.array_equal(run(None), run(None))


# --- clouds --------------------------------------------------------------------------------------------------


def test_seeded_clouds() -> None:
    for make in (lambda rng: pt.uniform(50, 4, rng, replicas=2), lambda rng: pt.uniform_angles(50, rng, replicas=2)):
        np.testing.assert_array_equal(make(1), make(1))
        assert make(1).shape[:2] == (2, 50) and not np.array_equal(make(1), make(2))
        assert not np.array_equal(make(1)[0], make(1)[1])
    x = pt.uniform(40_000, 3, 3)
    assert np.abs(np.linalg.norm(x, axis=-1) - 1.0).max() < 8.0 * EPS
    assert np.abs(x.mean(axis=0)).max() < 4.0 / math.sqrt(3 * 40_000)
    np.testing.assert_allclose(x.T @ x / 40_000, np.eye(3) / 3.0, rtol=0.0, atol=0.01)
    theta = pt.uniform_angles(40_000, 3)
    assert theta.min() >= 0.0 and theta.max() < 2.0 * math.pi
    assert np.abs(mf.Points(theta).moments(3)[1:]).max() < 4.0 / math.sqrt(40_000)
    rho = mf.von_mises_fisher(mf.Circle(64), 1.0, 4.0)
    drawn = pt.sample(rho, 30, 5, replicas=(2, 4))
    assert drawn.shape == (2, 4, 30)
    np.testing.assert_array_equal(drawn.ravel(), rho.sample(240, 5))
