"""Linear attention, biases by distance, tokens with a length, and attention matrices; against loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tokens import K3, Q3, V3, tokens

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array
from validation.exact import double_loop

pytestmark = pytest.mark.rounding
EYE = np.eye(3)


def loop(x: Array, Q: Array, K: Array, V: Array, seen: Array) -> Array:
    """sum_j seen_ij <Q x_i, K x_j> V x_j, one by one."""
    out = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(len(x)):
            out[i] += seen[i, j] * float((Q @ x[i]) @ (K @ x[j])) * (V @ x[j])
    return out


@pytest.mark.parametrize("n", [5, 40])
def test_linear_attention_is_the_loop(n: int) -> None:
    """Weighted, as replicas, and under a mask; with the matrix that multiplies V x_j."""
    x, w = tokens(n), np.random.default_rng(n).dirichlet(np.ones(n))
    law = mf.LinearAttention(Q=Q3[:2], K=K3[:2], V=V3)
    mu = mf.Points(np.stack([x, x]), weights=np.stack([w, w]))
    printed = loop(x, Q3[:2], K3[:2], V3, np.broadcast_to(w, (n, n)))
    np.testing.assert_allclose(law.velocity(0.0, mu.x, mu)[1], printed, rtol=0.0, atol=1e-14 * n)
    seen = np.tri(n) * w
    seen /= seen.sum(axis=1, keepdims=True)
    mu = mf.Points(x, weights=w)
    v = mf.Causal(law).velocity(0.0, mu.x, mu)
    np.testing.assert_allclose(v, loop(x, Q3[:2], K3[:2], V3, seen), rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(mf.Causal(law).attention(0.0, mu) @ x @ V3.T, v, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("method", ["spectral", "lagrangian"])
def test_a_poisson_kernel_in_twice_the_angle(method: Any) -> None:
    """2607.18584: it stays one, r / (1 - r^2)^{1/2} = r0 / (1 - r0^2)^{1/2} e^{t/2}; E rises by what it dissipates."""
    r0 = 0.3
    rho0 = mf.Circle(128).density(lambda q: (1 - r0**2) / (1 - 2 * r0 * np.cos(2 * q) + r0**2))
    sol = mf.solve(mf.LinearAttention(), rho0, (0.0, 4.0), rtol=1e-12, atol=1e-14, method=method)
    for t, r in ((1.0, 0.4603034049690), (2.0, 0.6497905376004), (4.0, 0.9185562220048)):
        c = sol(t).moments(8)
        np.testing.assert_allclose(c[::2], r ** np.arange(5), rtol=0.0, atol=1e-11)
        np.testing.assert_allclose(c[1::2], 0.0, rtol=0.0, atol=1e-13)
    assert mf.LinearAttention().rises == ("energy",)
    assert sol.gained[-1] == pytest.approx(sol.dissipated[-1], rel=1e-9)
    np.testing.assert_allclose(sol.energy[-1], 0.25 * (0.5 + 0.5 * 0.9185562220048**2), rtol=1e-11)


def test_linear_attention_s_energy() -> None:
    """(1/4) mean <x, B y>^2, up or down; none for other matrices."""
    S = np.array([[1.0, 0.3, 0.0], [0.3, -0.5, 0.2], [0.0, 0.2, 0.4]])
    for sense in (1, -1):
        law = mf.LinearAttention(Q=S, V=sense * S)
        run = pt.simulate(law, tokens(6), (0.0, 2.0), rtol=1e-11)
        np.testing.assert_allclose(run.energy[-1], 0.25 * np.mean((run.x[-1] @ S @ run.x[-1].T) ** 2), rtol=1e-13)
        assert run.gained[-1] == pytest.approx(run.dissipated[-1], rel=1e-8) and law.gradient == sense
    assert not mf.LinearAttention(V=V3).quantities(0.0, mf.Points(tokens(6)))


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("n", [6, 300])
def test_biases_by_distance(n: int, causal: bool) -> None:
    """Over one tile and several, by scores that are written out."""
    x = pt.uniform(n, 3, 1)
    apart = np.subtract.outer(np.arange(n), np.arange(n))
    e = np.exp(2.0 * x @ x.T - 0.3 * np.abs(apart)) * ((apart >= 0) | (not causal))
    mu = mf.Points(x)
    sa, usa = (mf.ALiBi(law, 0.3, causal) for law in (mf.SA(2.0), mf.USA(2.0)))
    for law, P in ((sa, e / e.sum(axis=1, keepdims=True)), (usa, e / n)):
        np.testing.assert_allclose(law.attention(0.0, mu), P, rtol=0.0, atol=1e-14 * P.max() * 8)
        v = geometry.project(x, law.velocity(0.0, None, mu))
        np.testing.assert_allclose(v, geometry.project(x, P @ x), rtol=0.0, atol=1e-13 * P.max() * 8)
    w = np.random.default_rng(n).dirichlet(np.ones(n))  # a mean: over what is seen, by the tokens' own masses
    near = np.exp(-0.3 * np.abs(apart)) * ((apart >= 0) | (not causal)) * w
    P = e * w / near.sum(axis=1, keepdims=True)
    mean = mf.ALiBi(mf.USA(2.0), 0.3, causal, per_row=True).attention(0.0, mf.Points(x, weights=w))
    np.testing.assert_allclose(mean, P, rtol=1e-12, atol=0.0)
    if causal:
        plain = mf.Causal(mf.SA(2.0)).velocity(0.0, mu.x, mu)
        np.testing.assert_allclose(mf.ALiBi(mf.SA(2.0), 0.0).velocity(0.0, mu.x, mu), plain, rtol=0.0, atol=1e-14)


@pytest.mark.parametrize("norm", ["post", "pre", "peri", "ngpt", "ln-scaling"])
def test_tokens_with_a_length(norm: str) -> None:
    """theta' and r' as they are written for each, at t = 3; by angles between: no length is seen."""
    x = tokens(5) * np.array([1.0, 2.0, 0.5, 3.0, 1.5])[:, None]
    r = np.linalg.norm(x, axis=-1, keepdims=True)
    theta = x / r
    A = double_loop.attention_matrix(theta, 2.0, Q3, K3) @ theta @ V3.T
    size = np.linalg.norm(A, axis=-1, keepdims=True)
    P = A - np.sum(A * theta, axis=-1, keepdims=True) * theta
    slow = {"post": 1.0, "pre": 1.0 / r, "peri": 1.0 / (r * size), "ngpt": 1.0 / size, "ln-scaling": 0.5 / r}[norm]
    grow = {"pre": 1.0, "peri": 1.0 / size, "ln-scaling": 0.5}.get(norm, 0.0)
    mu = mf.Points(x, geometry="flat")
    v = mf.Normalised(mf.SA(2.0, Q=Q3, K=K3, V=V3), norm).velocity(3.0, mu.x, mu)
    expected = r * P * slow + grow * np.sum(A * theta, axis=-1, keepdims=True) * theta
    np.testing.assert_allclose(v, expected, rtol=0.0, atol=1e-13)
    P = pt.attention(mf.Normalised(mf.SA(2.0, Q=Q3, K=K3, V=V3), norm), x)
    np.testing.assert_allclose(P @ theta @ V3.T, A, rtol=0.0, atol=1e-13)


def test_after_the_sum_is_the_flow_on_the_sphere_and_mix_changes() -> None:
    x = tokens(5)
    on = pt.simulate(mf.SA(2.0), x, (0.0, 2.0), [2.0], rtol=1e-11).x[-1]
    post = pt.simulate(mf.Normalised(mf.SA(2.0)), 2.0 * x, (0.0, 2.0), [2.0], rtol=1e-11).x[-1]
    np.testing.assert_allclose(post, 2.0 * on, rtol=0.0, atol=1e-9)
    mix = pt.simulate(mf.Normalised(mf.SA(2.0), "mix", 1.0), x, (0.0, 2.0), [1.0, 2.0], land=[1.0], rtol=1e-10).x
    first = pt.simulate(mf.SA(2.0), x, (0.0, 1.0), [1.0], rtol=1e-11).x[-1]
    then = pt.simulate(mf.Normalised(mf.SA(2.0), "pre"), first, (0.0, 1.0), [1.0], rtol=1e-11).x[-1]
    np.testing.assert_allclose(mix, [first, then], rtol=0.0, atol=1e-8)


@pytest.mark.parametrize(("make", "said"), [
    (lambda: mf.LinearAttention(Q=Q3[:2], K=K3), "same number of rows"),
    (lambda: pt.simulate(mf.LinearAttention(V=EYE), [0.0, 1.0], (0.0, 1.0)), r"V: got shape \(3, 3\)"),
    (lambda: pt.simulate(mf.LinearAttention(Q=EYE), [0.0, 1.0], (0.0, 1.0)), r"Q: got shape \(3, 3\)"),
    (lambda: mf.ALiBi(mf.Causal(mf.SA(1.0)), 1.0), "has a mask already"),
    (lambda: mf.ALiBi(mf.SA(1.0), -1.0), "slope"),
    (lambda: mf.Normalised(mf.SA(1.0), "before"), "norm"),
    (lambda: mf.Normalised(mf.SA(1.0), "mix"), "change"),
    (lambda: mf.Normalised(mf.SA(1.0, geometry="flat")), "wanted a law of the sphere"),
    (lambda: pt.simulate(mf.Normalised(mf.Diffusion(0.1)), tokens(3), (0.0, 1.0)), "add it outside"),
    (lambda: pt.attention(mf.SA(1.0) + mf.SA(2.0), tokens(3)), r"law\.parts\[0\]"),
    (lambda: pt.attention(mf.Frozen(mf.SA(1.0), EYE), tokens(3)), "give the law without them"),
    (lambda: mf.solve(mf.LinearAttention(Q=Q3), mf.uniform(mf.ZonalSphere(3, 8)), (0.0, 1.0)), "isotropic"),
])  # fmt: skip
def test_refusals(make: Any, said: str) -> None:
    with pytest.raises((ValueError, TypeError), match=said):
        make()


def test_about_an_axis_it_is_the_sphere_s() -> None:
    """Q, K, V multiples of the identity keep densities zonal: against all of S^2, to 1e-11, and by rows of S^{d-1}."""
    axis, law = np.array([2.0, 1.0, 2.0]) / 3.0, mf.LinearAttention(Q=-1.5 * EYE, V=-1.5 * EYE)
    spaces: Any = mf.ZonalSphere(3, 48, axis=axis), mf.Sphere(32)
    zonal, sphere = (mf.von_mises_fisher(space, axis, 1.0) for space in spaces)
    tight: Any = {"rtol": 1e-12, "atol": 1e-14}
    one = mf.solve(law, zonal, (0.0, 0.4), t_eval=[0.0, 0.4], **tight)
    two = mf.solve(law, sphere, (0.0, 0.4), t_eval=[0.0, 0.4], **tight)
    np.testing.assert_allclose(one(0.4).mean, two(0.4).mean, rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(one(0.4).second_moment, two(0.4).second_moment, rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(one.energy, two.energy, rtol=1e-11)
    np.testing.assert_allclose(one.quantity("dissipation"), two.quantity("dissipation"), rtol=1e-9)
    x = pt.uniform(20, 3, rng=0)
    np.testing.assert_allclose(one(0.4).at(x), two(0.4).at(x), rtol=0.0, atol=1e-11)
    with pytest.raises(ValueError, match=r'gives no divergence.*use method="spectral"'):
        mf.solve(law, zonal, (0.0, 0.4), method="lagrangian")


@pytest.mark.parametrize("d", [2, 5, 40])
def test_about_an_axis_in_any_dimension(d: int) -> None:
    """X = (s_1 - s_2) c (1 - c^2)^{1/2} towards the axis, s_1 and s_2 the second moments along it and across."""
    rho = mf.von_mises_fisher(mf.ZonalSphere(d, 32), np.eye(d)[0 if d == 2 else -1], 1.5)
    s, c = np.linalg.eigvalsh(rho.second_moment), rho.space.nodes
    v = mf.LinearAttention().velocity(0.0, None, rho)[:, 0]
    known = np.isfinite(v)
    right = (s[-1] - s[0]) * c * np.sqrt(1.0 - c * c)
    np.testing.assert_allclose(v[known], right[known], rtol=0.0, atol=1e-12 * np.abs(right).max())
    assert rho.weights[~known].sum() < 1e-9
    grown = mf.growth_rates(mf.LinearAttention(), d, 3)  # 2 d / (d (d + 2)) of the second mode alone
    np.testing.assert_allclose(grown, [0.0, 0.0, 2.0 / (d + 2.0), 0.0], rtol=0.0, atol=1e-14)
    assert not mf.LinearAttention(Q=np.diag([1.0, 2.0])).isotropic and mf.LinearAttention(D=[2.0, 2.0]).isotropic
