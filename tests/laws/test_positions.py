"""Rotary positions, positions that are added at every layer, and a normalisation's diagonal; against double loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tokens import K3, Q3, V3, tokens

import meanfield as mf
import particles as pt
from meanfield.measures.turned import Turned
from meanfield.protocols import Array
from validation.exact import ode

pytestmark = pytest.mark.rounding
EYE = np.eye(3)


def turn(v: Array, i: int, omega: Any) -> Array:
    """v with its components 2k, 2k + 1 turned by i omega_k, as it is written."""
    out = v.copy()
    for k, w in enumerate(omega):
        c, s = math.cos(i * w), math.sin(i * w)
        out[2 * k], out[2 * k + 1] = c * v[2 * k] - s * v[2 * k + 1], s * v[2 * k] + c * v[2 * k + 1]
    return out


def rotary(x: Array, beta: float, omega: Any, matrices: Any, seen: Array, kind: str) -> Array:
    """sum_j seen_ij e^{beta <R_i Q x_i, R_j K x_j>} V x_j, over its sum for SA, one by one."""
    Q, K, V = matrices
    out = np.zeros_like(x)
    for i in range(len(x)):
        total = 0.0
        for j in range(len(x)):
            e = seen[i, j] * math.exp(beta * float(turn(Q @ x[i], i, omega) @ turn(K @ x[j], j, omega)))
            out[i] += e * (V @ x[j])
            total += e
        out[i] /= total if kind == "SA" else 1.0
    return out


@pytest.mark.parametrize("n", [5, 40])
@pytest.mark.parametrize("kind", ["SA", "USA"])
def test_rotary_positions_are_the_loop(n: int, kind: str) -> None:
    """With matrices or without, weighted, as replicas, causal from within and without, on a graph and as heads."""
    x, w = tokens(n), np.random.default_rng(n).dirichlet(np.ones(n))
    law: Any = {"SA": mf.SA, "USA": mf.USA}[kind]
    wide = np.vstack([Q3, K3[:2]]), np.vstack([K3, Q3[:2]])  # five components: two waves and one that is not turned
    mu, both = mf.Points(x, weights=w), mf.Points(np.stack([x, x[::-1]]), weights=np.stack([w, w]))
    flat = np.broadcast_to(w, (n, n))
    matrices: Any
    said: Any
    for matrices, omega, said in (
        ((EYE, EYE, EYE), (1.0,), {}),
        ((*wide, V3), (1.0, 1e-4 ** (2.0 / 5.0)), {}),
        ((*wide, V3), (0.3,), {"frequencies": [0.3]}),
    ):
        plain = law(2.0) if matrices[0] is EYE else law(2.0, Q=matrices[0], K=matrices[1], V=V3)
        turned = mf.Rotary(plain, **said)
        expected = rotary(x, 2.0, omega, matrices, flat, kind)
        size: Any = {"rtol": 0.0, "atol": 1e-14 * n * max(1.0, np.abs(expected).max())}
        np.testing.assert_allclose(turned.velocity(0.0, mu.x, mu), expected, **size)
        again = rotary(x[::-1], 2.0, omega, matrices, flat, kind)
        np.testing.assert_allclose(turned.velocity(0.0, both.x, both), [expected, again], **size)
        np.testing.assert_allclose(turned.attention(0.0, mu) @ x @ matrices[2].T, expected, **size)
        heads = turned + law(1.0)
        np.testing.assert_allclose(heads.velocity(0.0, mu.x, mu), expected + law(1.0).velocity(0.0, mu.x, mu), **size)
        past = np.tri(n) * w / np.cumsum(w)[:, None]
        expected = rotary(x, 2.0, omega, matrices, past, kind)
        for causal in (mf.Causal(turned), mf.Rotary(mf.Causal(plain), **said)):
            np.testing.assert_allclose(causal.velocity(0.0, mu.x, mu), expected, **size)
        A = np.eye(n) + np.roll(np.eye(n), 1, axis=1)
        row = A * w / (A @ w)[:, None]
        expected = rotary(x, 2.0, omega, matrices, row, kind)
        np.testing.assert_allclose(mf.Rotary(mf.Masked(plain, A), **said).velocity(0.0, mu.x, mu), expected, **size)


def test_rotary_positions_on_the_circle_and_once_more() -> None:
    """Angles answer as rows do; what is turned twice is turned by the sum; bits of a prefix are those of the whole."""
    theta = np.array([0.3, 1.0, 2.2, 4.0, 5.5])
    law = mf.Rotary(mf.SA(3.0), frequencies=[0.7])
    gaps, steps = np.subtract.outer(theta, theta), np.subtract.outer(np.arange(5), np.arange(5))
    e = np.exp(3.0 * np.cos(gaps + 0.7 * steps))
    expected = -(e * np.sin(gaps)).sum(axis=1) / e.sum(axis=1)
    mu = mf.Points(theta)
    np.testing.assert_allclose(law.velocity(0.0, None, mu)[:, 0], expected, rtol=0.0, atol=1e-15 * 8)
    twice = mf.Rotary(mf.Rotary(mf.SA(3.0), frequencies=[0.5]), frequencies=[0.2])
    np.testing.assert_allclose(twice.velocity(0.0, None, mu)[:, 0], expected, rtol=0.0, atol=1e-15 * 8)
    Q = np.vstack([Q3, K3[:2]])
    first = mf.Causal(mf.Rotary(mf.SA(2.0, Q=Q, K=Q, V=V3)))
    long, short = (pt.simulate(first, tokens(300)[:n], (0.0, 0.5), [0.5], method="rk4", step=0.25) for n in (300, 40))
    np.testing.assert_array_equal(long.x[-1][:40], short.x[-1])


def test_positions_added_at_every_layer() -> None:
    """The loop at x_i + p_i, on rows, angles and under a mask; USA climbs the printed energy."""
    x, p, w = tokens(6), 0.7 * tokens(12)[6:], np.random.default_rng(3).dirichlet(np.ones(6))
    z = x + p
    e = np.exp(2.0 * z @ z.T) * w
    mu = mf.Points(x, weights=w)
    np.testing.assert_allclose(mf.Encoded(mf.USA(2.0), p).velocity(0.0, mu.x, mu), e @ z, rtol=1e-13, atol=0.0)
    lower = np.tri(6) * e
    lower /= lower.sum(axis=1, keepdims=True)
    for law in (mf.Causal(mf.Encoded(mf.SA(2.0), p)), mf.Encoded(mf.Causal(mf.SA(2.0)), p)):
        np.testing.assert_allclose(law.velocity(0.0, mu.x, mu), lower @ z, rtol=0.0, atol=1e-14 * 8)
        np.testing.assert_allclose(law.attention(0.0, mu), lower, rtol=0.0, atol=1e-14)
    theta = np.linspace(0.0, 3.0, 6)
    law = mf.Encoded(mf.SA(2.0), p[:, :2])
    ends = [pt.simulate(law, q, (0.0, 1.0), [1.0], rtol=1e-11) for q in (theta, mf.Points(theta).x)]
    np.testing.assert_allclose(mf.Points(ends[0].theta[-1]).x, ends[1].x[-1], rtol=0.0, atol=1e-9)
    run = pt.simulate(mf.Encoded(mf.USA(1.0), p), x, (0.0, 3.0), rtol=1e-10)
    E = [np.exp((y + p) @ (y + p).T).mean() / 2.0 for y in run.x]
    assert np.diff(E).min() > -1e-14 * E[-1] and E[-1] > 1.2 * E[0]


def test_a_diagonal_is_the_flow_on_the_ellipsoid() -> None:
    """z = D x: z' = D P_{D^-1 z} A(z), written out in scipy's integrator; and Q D, K D, V D on the sphere."""
    x, D = tokens(6), np.array([0.4, 1.3, 0.8])

    def loop(t: float, y: Array) -> Array:
        z = y.reshape(6, 3)
        e = np.exp(2.0 * (z @ Q3.T) @ (z @ K3.T).T)
        pull, on = (e / e.sum(axis=1, keepdims=True)) @ z @ V3.T, z / D
        return np.asarray(D * (pull - np.sum(pull * on, axis=1, keepdims=True) * on)).ravel()

    z = ode.integrate(loop, (D * x).ravel(), [2.0])[1][-1].reshape(6, 3)
    run = pt.simulate(mf.SA(2.0, Q=Q3, K=K3, V=V3, D=D), x, (0.0, 2.0), [2.0], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(D * run.x[-1], z, rtol=0.0, atol=1e-9)
    mu = mf.Points(x)
    for law in (mf.SA, mf.USA):
        one, other = law(2.0, Q=Q3, K=K3, V=V3, D=lambda t: D), law(2.0, Q=Q3 * D, K=K3 * D, V=V3 * D)
        v, u = one.velocity(0.0, None, mu), other.velocity(0.0, None, mu)
        np.testing.assert_allclose(v, u, rtol=0.0, atol=1e-14 * np.abs(u).max())
        assert not one.autonomous and one.climb == 0
    alone = mf.LinearAttention(D=D).velocity(0.0, mu.x, mu)
    np.testing.assert_allclose(alone, (D * x) @ (D * x).T @ (D * x) / 6.0, rtol=0.0, atol=1e-14)


def test_a_diagonal_that_climbs_and_moves_a_density() -> None:
    """V = D with Q = K = I: B = D^2 = V D, a gradient flow; a density on the circle does as its points do."""
    D = np.array([1.2, 0.7])
    law = mf.USA(1.0, V=np.diag(D), D=D)
    assert law.rises == ("energy",)
    rho = mf.Circle(64).density(lambda q: 1.0 + 0.3 * np.cos(q) + 0.2 * np.sin(2.0 * q))
    sol = mf.solve(law, rho, (0.0, 0.5), rtol=1e-10)
    run = pt.simulate(law, mf.Points(rho.x, weights=rho.weights).x, (0.0, 0.5), [0.5], weights=rho.weights, rtol=1e-10)
    np.testing.assert_allclose(sol(0.5).mean, run.measures[-1].mean, rtol=0.0, atol=1e-8)
    assert sol.gained[-1] == pytest.approx(sol.dissipated[-1], rel=1e-8)


@pytest.mark.parametrize(("make", "said"), [
    (lambda: mf.Rotary(mf.SA(1.0), 0.0), "base"),
    (lambda: mf.Rotary(mf.SA(1.0), frequencies=[[1.0]]), r"frequencies: got shape \(1, 1\)"),
    (lambda: mf.Rotary(mf.SA(1.0), frequencies=[np.nan]), "frequencies"),
    (lambda: pt.simulate(mf.Rotary(mf.SA(1.0), frequencies=[1.0, 2.0]), tokens(3), (0.0, 1.0)), "wanted at most 1"),
    (lambda: pt.simulate(mf.Rotary(mf.LinearAttention()), tokens(3), (0.0, 1.0)), "rotary positions answer bilinear"),
    (lambda: Turned(mf.Points(tokens(3)), 1e4).mean, "rotary positions answer bilinear"),
    (lambda: pt.simulate(mf.Frozen(mf.Rotary(mf.SA(1.0)), EYE), tokens(3), (0.0, 1.0)), "no position in the sequence"),
    (lambda: mf.solve(mf.Rotary(mf.SA(1.0)), mf.uniform(mf.Circle(8)), (0.0, 1.0)), "tells tokens apart"),
    (lambda: mf.solve(mf.Encoded(mf.SA(1.0), np.eye(2)), mf.uniform(mf.Circle(8)), (0.0, 1.0)), "tells tokens apart"),
    (lambda: mf.Encoded(mf.SA(1.0), [1.0, 2.0]), r"p: got shape \(2,\)"),
    (lambda: pt.simulate(mf.Encoded(mf.SA(1.0), EYE), tokens(4), (0.0, 1.0)), "for each of the 4 tokens"),
    (lambda: pt.simulate(mf.Encoded(mf.SA(1.0), EYE), [0.0, 1.0, 2.0], (0.0, 1.0)), r"tokens of R\^2"),
    (lambda: mf.SA(1.0, D=EYE), "D"),
    (lambda: mf.SA(1.0, Q=Q3, D=[1.0, 2.0]), "D: got 2 numbers, wanted 3"),
    (lambda: mf.USA(1.0, D=[1.0, 2.0], scale="relative"), "with Q, K or D"),
    (lambda: pt.simulate(mf.SA(1.0, D=[1.0, 2.0]), tokens(3), (0.0, 1.0)), r"D: got shape \(2,\), wanted \(3,\)"),
    (lambda: pt.simulate(mf.SA(1.0, D=lambda t: [1.0, np.nan, 1.0]), tokens(3), (0.0, 1.0)), r"D\(0\)"),
])  # fmt: skip
def test_refusals(make: Any, said: str) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        make()


def test_functions_of_unit_rows_refuse_others() -> None:
    p = [[0.9, 0.2, 0.0], [0.5, -0.3, 0.4], [1.0, 1.0, 1.0], [0.0, 0.0, -0.7]]
    for law in (mf.HegselmannKrause(0.5, geometry="sphere"), mf.Krause(lambda s: np.exp(-s), geometry="sphere")):
        with pytest.raises(ValueError, match=r"pt\.encoded"):
            pt.attention(mf.Encoded(law, p), pt.uniform(4, 3, rng=0))
    with pytest.raises(ValueError, match="no quantity"):
        _ = pt.simulate(mf.Encoded(mf.SA(2.0), p), pt.uniform(4, 3, rng=0), (0.0, 0.1)).energy


def test_encodings_beyond_floats() -> None:
    assert np.linalg.norm(pt.encoded([[1e200, 0.0]], [[1e200, 1e200]])) == pytest.approx(1.0)
    assert np.linalg.norm(pt.encoded([[1e-200, 0.0]], [[1e-200, 0.0]])) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="beyond floats"):
        pt.encoded([[1e308, 0.0]], [[1e308, 0.0]])
