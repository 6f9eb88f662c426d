"""Where clusters of given masses balance: Levenberg's method from many starts, deflation, and following beta."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from meanfield.protocols import Array
from particles.pulls import among_others, frames, moved
from particles.sample import uniform

BALANCED = 1e-9
"""Residual, by each cluster's own measure, from which Newton's method does the rest."""
TOGETHER = 1e-6
"""1 - <x, y> of clusters that are one: what such clusters do is found where they are counted as one."""
SAME = 1e-5
"""How far invariants of one class may differ."""
GENTLE = 2.0
"""Up to this beta random starts find everything; beyond, what they found is followed."""
FACTOR = 1.2
"""By which beta grows from one to the next when followed."""
AWAY = 1e-2
"""Squared distance, in invariants, from a known class within which deflation pushes away."""


class Found(NamedTuple):
    """Classes of balanced states (k, m, d), modulo rotations, reflections and permutations, and what met each."""

    x: Array
    starts: Array


def invariants(x: Array, w: Array) -> Array:
    """What rotations, reflections and permutations leave (..., 3 m): the clusters' sums over g, g^2, g^3, sorted."""
    G = x @ np.swapaxes(x, -1, -2)
    told = [np.sort((w * G**k).sum(axis=-1) + 10.0 * w, axis=-1) for k in (1, 2, 3)]  # 10 w: equal masses together
    return np.concatenate(told, axis=-1)


def classes(x: Array, balanced: Array, w: Array) -> Found:
    """The different ones of states (S, m, d) that are balanced, and no two clusters of which are one."""
    G = x @ np.swapaxes(x, -1, -2)
    i = np.arange(len(w))
    G[:, i, i] = -1.0
    x = x[balanced & (G.max(axis=(-1, -2), initial=-1.0) < 1.0 - TOGETHER)]
    left, told = np.arange(len(x)), invariants(x, w)
    first, met = [], []
    while len(left):
        same = np.abs(told[left] - told[left[0]]).max(axis=-1) < SAME
        first.append(left[0])
        met.append(int(same.sum()))
        left = left[~same]
    return Found(x[first], np.array(met, dtype=int))


# --- deflation ---------------------------------------------------------------------------------------------


def powers(x: Array, w: Array) -> Array:
    """sum_ab w_a w_b <x_a, x_b>^k, k = 1, ..., m + 1: smooth invariants (..., m + 1)."""
    G = x @ np.swapaxes(x, -1, -2)
    return np.stack([np.einsum("a,...ab,b->...", w, G**k, w) for k in range(1, len(w) + 2)], axis=-1)


def deflation(x: Array, w: Array, known: Array) -> tuple[Array, Array]:
    """M = prod (1 + AWAY / |q - q_k|^2) over the known classes' `powers` q_k, (...), and grad log M (..., m, d - 1)."""
    G = x @ np.swapaxes(x, -1, -2)
    cross = np.einsum("...bk,...akp->...abp", x, frames(x))
    k = np.arange(1, len(w) + 2)
    rise = [2.0 * n * np.einsum("a,b,...ab,...abp->...ap", w, w, G ** (n - 1), cross) for n in k]
    q = powers(x, w)
    M, log = np.ones(q.shape[:-1]), np.zeros(q.shape)
    for one in known:
        off = q - one
        square = (off * off).sum(axis=-1) + 1e-300
        M *= 1.0 + AWAY / square
        log -= 2.0 * AWAY * off / (square * (square + AWAY))[..., None]
    return M, np.einsum("...k,k...ap->...ap", log, np.stack(rise))


# --- Levenberg's method ------------------------------------------------------------------------------------


def _residual(x: Array, w: Array, beta: float, known: Array | None) -> tuple[Array, Array]:
    """Residuals (S, N) and their derivatives (S, N, N), deflated where classes are known."""
    r, slope = among_others(x, w, beta)
    if known is not None and len(known):
        M, log = deflation(x, w, known)
        slope = M[:, None, None, None, None] * (slope + r[..., None, None] * log[:, None, None])
        r = M[:, None, None] * r
    size = r.shape[-1] * r.shape[-2]
    return r.reshape(-1, size), slope.reshape(-1, size, size)


def levenberg(x: Array, w: Array, beta: float, known: Array | None = None, steps: int = 200) -> tuple[Array, Array]:
    """States (S, m, d) moved towards balance, and which of them are balanced (S,).

    Least squares of `among_others`, damped by mu max diag(J^T J); mu falls by 5 where a step helped and grows by 4
    where it hardly did.  A state is left alone at rounding, or where no step helps any more: it may be in a minimum
    that is no zero, of which there are many at large beta.
    """
    x, size = x.copy(), (x.shape[-1] - 1) * x.shape[-2]
    mu, diagonal = np.full(len(x), 1e-2), np.arange(size)
    with np.errstate(over="ignore", invalid="ignore"):
        r, J = _residual(x, w, beta, known)
        cost = (r * r).sum(axis=-1)
        for _ in range(steps):
            live = np.flatnonzero((cost > 1e-26) & (mu < 1e8))
            if not len(live):
                break
            N = np.swapaxes(J[live], -1, -2) @ J[live]
            N[:, diagonal, diagonal] += ((mu[live] + 1e-14) * N[:, diagonal, diagonal].max(axis=-1) + 1e-30)[:, None]
            g = np.einsum("skl,sk->sl", J[live], r[live])
            lost = ~(np.isfinite(N).all(axis=(-1, -2)) & np.isfinite(g).all(axis=-1))
            N[lost], g[lost] = np.eye(size), 0.0
            step = -np.linalg.solve(N, g[..., None]).reshape(len(live), len(w), -1)
            y = moved(x[live], step)
            s, K = _residual(y, w, beta, known)
            less = (s * s).sum(axis=-1)
            helped, hardly = less < cost[live], ~(less < 0.999 * cost[live])
            good = live[helped]
            x[good], r[good], J[good], cost[good] = y[helped], s[helped], K[helped], less[helped]
            mu[live] = np.where(hardly, 4.0 * mu[live], np.maximum(0.2 * mu[live], 1e-15))
    plain = _residual(x, w, beta, None)[0]
    return x, np.linalg.norm(plain, axis=-1) < BALANCED


# --- everything --------------------------------------------------------------------------------------------


def balanced(w: Array, d: int, beta: float, starts: int, rng: np.random.Generator) -> Found:
    """Where clusters of masses w (m,), m >= 2, balance at beta > 0 on S^{d-1}, as far as it was found.

    Starts: uniform ones; what is balanced in fewer dimensions, which is so in more; and what was found at beta = 2,
    followed in steps of a fifth, for at large beta clusters see only their nearest, and few starts arrive.  A quarter
    as many again are pushed away from what was found, by deflation.
    """
    m = len(w)
    lower = np.zeros((0, m, d))
    if d > 2:
        flat = balanced(w, d - 1, beta, starts, rng).x
        lower = np.concatenate([flat, np.zeros((len(flat), m, 1))], axis=-1)
    x = uniform(m, d, rng, replicas=starts)
    now = min(beta, GENTLE)
    held = classes(*levenberg(x, w, now), w).x
    followed = held
    while now < beta and len(followed):
        now = min(FACTOR * now, beta)
        followed, good = levenberg(followed, w, now, steps=40)
        followed = followed[good]
    ends, good = levenberg(x, w, beta)
    ends = np.concatenate([ends, followed, lower])
    good = np.append(good, np.ones(len(followed) + len(lower), dtype=bool))
    found = classes(ends, good, w)
    known = powers(found.x, w)
    far = levenberg(uniform(m, d, rng, replicas=1 + starts // 4), w, beta, known, steps=100)[0]
    far, arrived = levenberg(far, w, beta, steps=40)
    return classes(np.concatenate([ends, far]), np.append(good, arrived), w)
