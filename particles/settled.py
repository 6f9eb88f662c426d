"""What rescaled tokens have come to, read from tokens and times: how fast directions contract (B, Table 1).

Once attention has settled on leaders, z_i' = V (z_leader - z_i), and the leaders are at rest: then increments over
equal times follow from those before, D(t + h) = D(t) e^{-V^T h}, whoever follows whom.  So the tokens themselves tell
how many directions contract at the largest rate, and where each ends in these: of Table 1 that is all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.linalg import schur

from meanfield.clustering.linked import near
from meanfield.protocols import Array
from particles.hulls import hull

ALIKE = 1e-3
"""Rates that differ by less, relatively, are one;"""
APART = 1e-2
"""and by more than this, two.  In between it is not decided."""
SETTLED = 1e-5
"""How well increments are to follow from those before, in the leading directions."""
TOGETHER = 1e-3
"""Times the extent at the start: limits nearer than that are one."""
NEARER = 20.0
"""By this factor tokens must have come nearer to their limits since attention settled: three e-foldings."""
STARTS = 24
"""Windows of each length that are looked at."""


class Leading(NamedTuple):
    """The directions that contract at the largest rate, in one window of time."""

    first: int
    rate: float
    axes: Array
    """(d, m) orthonormal columns."""
    limits: Array
    """(n, m) where each token ends in these coordinates."""
    following: float
    """Largest real part of the other rates, over the rate; -inf if there is none."""
    residual: float


def settled(t: Array, z: Array) -> tuple[str, dict[str, float], str]:
    """The row of B's Table 1, numbers it was read from, and why it was not decided."""
    told: dict[str, float] = {}
    why = "attention has not settled: no increments of equal times follow from those before; run on, or save more often"
    for window in sorted(_windows(t, z), key=lambda one: (t[one.first], one.residual)):
        row, told, why = _judged(t, z, window)
        if row:
            return row, told, ""
    return "undecided", told, why


def _judged(t: Array, z: Array, w: Leading) -> tuple[str, dict[str, float], str]:
    d, m = z.shape[-1], w.axes.shape[1]
    c = z @ w.axes
    extent = float(np.ptp(c[0], axis=0).max())
    begun = np.linalg.norm(c[w.first] - w.limits, axis=1)
    ended = np.linalg.norm(c[-1] - w.limits, axis=1)
    labels = near(w.limits, TOGETHER * extent)
    at = np.array([w.limits[labels == k].mean(axis=0) for k in range(labels.max() + 1)])
    polytope = hull(at, TOGETHER)
    off = np.minimum(polytope.boundary(at), np.linalg.norm(at, axis=1)) if m <= 6 else polytope.reached(at)[1]
    resting = begun <= TOGETHER * begun.max()
    led = all(resting[labels == k].any() for k in range(len(at)))
    told = {
        "rate": w.rate, "directions": float(m), "following": w.following, "limits": float(len(at)),
        "vertices": float(len(polytope.points)), "distance": float(ended.max() / extent),
        "off": float(off.max() / extent), "settled": float(t[w.first]), "residual": w.residual,
        "e-foldings": math.log(begun.max() / max(float(ended.max()), np.finfo(float).tiny)),
    }  # fmt: skip
    if w.following > 1.0 - APART:
        return "", told, "two rates of contraction are too near for one or two"
    if ended.max() * NEARER > begun.max():
        return "", told, "tokens have not come twenty times nearer to where they seem to end: run on"
    if not led:
        return "", told, "some limits have no token at rest, so that attention is not settled there: run on"
    if off.max() > TOGETHER * extent:
        return "", told, "some limits are neither on the boundary of the polytope nor at 0"
    # on a line the one direction is all
    return "polytope" if m == d else "hyperplanes" if m == 1 else "polytope x subspace", told, ""


def _windows(t: Array, z: Array) -> Iterator[Leading]:
    """Every window of four equally spaced times in which increments follow from those before."""
    last, s = len(t) - 1, 1
    while 3 * s <= last:
        for k in np.unique(np.linspace(0, last - 3 * s, STARTS).astype(int)):
            gaps = np.diff(t[k : k + 3 * s + 1 : s])
            if np.ptp(gaps) <= 1e-6 * gaps[0] and (found := _leading(int(k), float(gaps[0]), z[k : k + 3 * s + 1 : s])):
                yield found
        s *= 2


def _leading(k: int, h: float, z: Array) -> Leading | None:
    """Rates of one window; None where tokens do not tell."""
    A, B, C = np.diff(z, axis=0)
    n, d = A.shape
    if n < d or np.linalg.svd(A, compute_uv=False)[-1] <= 1e-11 * np.abs(z).max():
        return None  # too few tokens move, or a direction is lost in rounding
    M = np.linalg.lstsq(A, B, rcond=None)[0]
    if np.linalg.norm(C - B @ M) > 10.0 * SETTLED * np.linalg.norm(C):
        return None
    mu = np.linalg.eigvals(M).astype(complex)
    if np.abs(mu).min() == 0.0:
        return None
    rates = -np.log(mu) / h
    rates = rates[np.argsort(-rates.real)]
    rate = float(rates[0].real)
    if rate <= 0.0 or abs(rates[0].imag) > ALIKE * rate or not 0.1 < rate * h < 4.0:
        return None
    most = math.exp(-rate * (1.0 - ALIKE) * h)
    T, U, m = schur(M, output="real", sort=lambda re, im: math.hypot(re, im) <= most)
    if m == 0:
        return None
    axes, q = U[:, :m], float(np.trace(T[:m, :m])) / m
    a, b, c = A @ axes, B @ axes, C @ axes
    residual = max(float(np.linalg.norm(y - q * x) / np.linalg.norm(y)) for x, y in ((a, b), (b, c)))
    if residual > SETTLED:
        return None
    following = float(rates[m].real) / rate if m < d else -math.inf
    return Leading(k, -math.log(q) / h, axes, z[0] @ axes + a / (1.0 - q), following, residual)
