"""F34, 2412.02682, 2403.02579, 2405.18781: consensus, maps of an angle by a layer, masks and rank."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array
from validation.checks._tools import Swaying
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

H = 0.8
"""What multiplies a layer in its residual sum."""


def _falls(law: Any, x: Array) -> tuple[float, float]:
    """The last distance from the first token, and the slope of the second's logarithm between 1e-3 and 1e-6."""
    t = np.linspace(0.0, 40.0, 161)
    run = pt.simulate(law, x, (0.0, 40.0), t, rtol=1e-9, atol=1e-13)
    gaps = np.linalg.norm(run.x - run.x[:, :1], axis=-1)
    gap = gaps[:, 1]
    late = (gap < 1e-3) & (gap > 1e-6)
    return float(gaps[-1].max()), float(np.polyfit(t[late], np.log(gap[late]), 1)[0])


@check("F34", where="2412.02682", title="consensus whatever Q(t), K(t) (own formulation)")
def consensus(bench: Bench) -> Verdict:
    """12 tokens of an open hemisphere of S^3, V = I, Q and K random and swaying, beta = 2: they meet.

    The source's theorems are not at hand; this is our own.  While V = I every velocity is a mean less the token, so
    that the hemisphere is kept; about consensus it is A - I, A with rows (1/n, ..., 1/n), or under the causal mask
    (1/k, ..., 1/k, 0, ...), of eigenvalues 1/k, whatever Q and K are: the second's distance from the first falls as
    e^{-t}, and as e^{-t/2}.  Slopes within 1 per cent; distances at t = 40 below 1e-6.
    """
    rng = np.random.default_rng(bench.rng)
    x = pt.uniform(12, 4, rng)
    x[:, 0] = 0.3 + np.abs(x[:, 0])
    x = geometry.retract(x)
    Q, K = (Swaying(*rng.standard_normal((2, 3, 4)) / 2.0) for _ in range(2))
    law = mf.SA(2.0, Q=Q, K=K)
    (end, slope), (causal_end, causal) = _falls(law, x), _falls(mf.Causal(law), x)
    measured = {"all: end": end, "all: slope": slope, "causal: end": causal_end, "causal: slope": causal}
    limits = {
        "all: end": (None, 1e-6), "all: slope": (-1.01, -0.99), "causal: end": (None, 1e-6),
        "causal: slope": (-0.505, -0.495),
    }  # fmt: skip
    return judge(measured, limits)


def _kappa(rho: float) -> float:
    """E sigma(u) sigma(v) of relu, u and v of variance 1 and covariance rho: the arc cosine kernel."""
    return (math.sqrt(1.0 - rho * rho) + rho * (math.pi - math.acos(rho))) / (2.0 * math.pi)


@check("F34.angle", where="2403.02579", title="a layer's map of the angle (own formulation)")
def angle(bench: Bench) -> Verdict:
    """Tokens of equal angles, <x_i, x_j> = rho, through one layer x <- N(x + h v), h = 0.8, and what becomes of rho.

    Attention, n = 6, beta = 2: v_i = a x_i + b sum of the others, so that rho' = (c_1 + ...) / (...) by products of
    rho: 1e-14.  A feed-forward layer W relu(A x), A of variance 1, W of variance 1 / (d m), d = m = 128: in the mean
    <x + h v, y + h v'> = rho + h^2 k(rho), k the arc cosine kernel, so that rho' = (rho + h^2 k(rho)) / (1 + h^2 / 2);
    over 48 draws (full: 1000) within 4.5 standard errors and 3 / d, what of a quotient of means is not the mean of
    quotients.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    n, d, draws = 6, 128, 48 if bench.tier == "quick" else 1000
    off = 0.0
    for rho in (0.1, 0.5, 0.9):
        x = np.linalg.cholesky((1.0 - rho) * np.eye(n) + rho * np.ones((n, n)))
        y = pt.layers(mf.SA(2.0), x, depth=1, step=H).x[-1]
        own, other = math.exp(2.0), math.exp(2.0 * rho)
        a, b = own / (own + (n - 1) * other), other / (own + (n - 1) * other)
        p, q = 1.0 + H * (a - b), H * b  # x_i + h v_i = p x_i + q sum of all
        total = 1.0 + (n - 1) * rho
        shared = 2.0 * p * q * total + q * q * n * total
        size, inner = p * p + shared, p * p * rho + shared
        off = max(off, float(np.abs(y @ y.T - np.eye(n) - inner / size * (1.0 - np.eye(n))).max()))
        two, seen = np.zeros((2, d)), []
        two[:, :2] = [[1.0, 0.0], [rho, math.sqrt(1.0 - rho * rho)]]
        for _ in range(draws):
            A, W = rng.standard_normal((2, d, d))
            z = pt.layers(mf.FeedForward(W / d, A, np.zeros(d), activation="relu"), two, depth=1, step=H).x[-1]
            seen.append(z[0] @ z[1])
        told, error = (rho + H * H * _kappa(rho)) / (1.0 + 0.5 * H * H), np.std(seen, ddof=1) / math.sqrt(draws)
        name = f"relu: rho = {rho:g}"
        measured[name], measured[f"{name}, wide"] = float(np.mean(seen)), told
        limits[name] = (told - 4.5 * error - 3.0 / d, told + 4.5 * error + 3.0 / d)
    measured["attention: map - closed form"], limits["attention: map - closed form"] = off, (None, 1e-14)
    return judge(measured, limits)


def _through(law: Any, x: Array, depth: int) -> Array:
    """Tokens through layers without a residual sum, x <- N(P V x)."""
    for _ in range(depth):
        mu = mf.Points(x)
        x = geometry.retract(law.velocity(0.0, mu.x, mu))  # P V x
    return x


@check("F34.rank", where="2405.18781", title="masks, normalisation, and the rank that is left (own formulation)")
def rank(bench: Bench) -> Verdict:
    """Layers x <- N(P V x), P the attention matrix under a mask, 16 tokens of R^4, beta = 1, and the rank that is left.

    The source's theorems are not at hand; these are our own.  With V = I: by all, by the past and on a ring of
    neighbours, all of whose tokens are reached from one, rows become equal (1e-6 after 400 layers, and the fewer are
    seen the later: spreads after 6 layers in that order); in two parts that do not see each other rank 2 is left, two
    rows.  With V = [[1, -a / (1 - a)], [0, 1]], a = 1 / (1 + e^beta), tokens e_1 and e_2 rest under the causal mask,
    since V (a e_1 + (1 - a) e_2) = (1 - a) e_2: rank 2 for ever, by normalisation (1e-14 after 1 layer).
    """
    rng = np.random.default_rng(bench.rng)
    n, x = 16, geometry.retract(pt.uniform(16, 4, rng) + np.array([1.5, 0.0, 0.0, 0.0]))
    near = np.eye(n) + np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)
    half = np.kron(np.eye(2), np.ones((n // 2, n // 2)))
    masks = {"all": np.ones((n, n)), "past": np.tri(n), "ring": near, "two parts": half}
    measured: dict[str, Any] = {}
    for name, A in masks.items():
        law = mf.Masked(mf.SA(1.0), A)
        early, late = _through(law, x, 6), _through(law, x, 400)
        measured[f"{name}: spread after 6"] = np.ptp(early, axis=0).max()
        measured[f"{name}: spread after 400"] = np.ptp(late, axis=0).max()
        measured[f"{name}: rank after 400"] = np.linalg.matrix_rank(late, tol=1e-5)
    a = 1.0 / (1.0 + math.e)
    held = mf.Causal(mf.SA(1.0, V=[[1.0, -a / (1.0 - a)], [0.0, 1.0]]))
    measured["held: moved by a layer"] = np.abs(_through(held, np.eye(2), 1) - np.eye(2)).max()
    limits: dict[str, Any] = {f"{name}: spread after 400": (None, 1e-6) for name in ("all", "past", "ring")}
    limits |= {f"{name}: rank after 400": (1, 1) for name in ("all", "past", "ring")}
    limits |= {"two parts: rank after 400": (2, 2), "held: moved by a layer": (None, 1e-14)}
    limits["all: spread after 6"] = (None, measured["past: spread after 6"])
    limits["past: spread after 6"] = (None, measured["ring: spread after 6"])
    return judge(measured, limits)
