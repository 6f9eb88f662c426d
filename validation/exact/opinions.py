"""Opinions and flocks as printed: sums by loops, rounds in fractions, bounded confidence between its events.

Conventions: positions x (n,) or (n, d), masses w of sum 1, phi of squared distances.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm
from scipy.optimize import brentq

from validation.exact import refuse

Array = NDArray[np.float64]
LOOKS = 0.002
"""Step of time in which no distance passes the radius twice, in `bounded`."""


def pulls(x: Array, w: Array, phi: Callable[[float], float]) -> Array:
    """sum_j a_ij (x_j - x_i), a_ij = w_j phi(|x_i - x_j|^2) / sum_k w_k phi(|x_i - x_k|^2), rows (n, d)."""
    out = np.zeros_like(x)
    for i in range(len(x)):
        a = [w[j] * phi(float(sum((x[i] - x[j]) ** 2))) for j in range(len(x))]
        for j in range(len(x)):
            out[i] += a[j] / math.fsum(a) * (x[j] - x[i])
    return out


def follows(x: Array, v: Array, w: Array, psi: Callable[[float], float]) -> Array:
    """sum_j w_j psi(|x_i - x_j|^2) (v_j - v_i), rows (n, d)."""
    out = np.zeros_like(v)
    for i in range(len(x)):
        for j in range(len(x)):
            out[i] += w[j] * psi(float(sum((x[i] - x[j]) ** 2))) * (v[j] - v[i])
    return out


def rounds(x: Sequence[Fraction], radius: Fraction, many: int) -> list[Fraction]:
    """Hegselmann and Krause's x_i <- mean of those x_j with |x_i - x_j| <= radius, so many times."""
    for _ in range(refuse.integer("many", many, 0)):
        near = [[y for y in x if abs(y - one) <= radius] for one in x]
        x = [sum(seen, Fraction(0)) / len(seen) for seen in near]
    return list(x)


def bounded(x: Array, radius: float, t: float) -> tuple[Array, int]:
    """x_i' = mean of those |x_j - x_i| <= radius, less x_i, on a line: x(t), and how many borders were crossed.

    Between two events who sees whom is constant and the flow linear, x(s) = e^{-(1 - P) s} x; an event is a root of
    |x_i - x_j| - radius, and there that pair begins, or ceases, to see one another.
    """
    x = np.array(x, dtype=float)
    refuse.number("radius", radius, 0.0, open_low=True)
    left, events = refuse.number("t", t, 0.0), 0
    i, j = np.triu_indices(len(x), 1)
    seen = np.abs(x[i] - x[j]) <= radius
    while left > 0.0:
        A = np.eye(len(x))
        A[i[seen], j[seen]] = A[j[seen], i[seen]] = 1.0
        L = A / A.sum(axis=1)[:, None] - np.eye(len(x))
        step, pair, at = expm(L * LOOKS), None, x
        begun = 0.0
        while begun < left:
            ahead = step @ at if begun + LOOKS < left else expm(L * (left - begun)) @ at
            crossed = np.flatnonzero((np.abs(ahead[i] - ahead[j]) <= radius) != seen)
            if len(crossed):
                span = min(LOOKS, left - begun)
                found = [(_when(L, at, i[k], j[k], radius, span), int(k)) for k in crossed]
                when, pair = min(found)
                begun, at = begun + when, expm(L * when) @ at
                break
            begun, at = begun + LOOKS, ahead
        x, left = at, left - min(begun, left)
        if pair is None:
            break
        seen[pair], events = not seen[pair], events + 1
    return x, events


def _when(L: Array, x: Array, i: int, j: int, radius: float, span: float) -> float:
    def beyond(s: float) -> float:
        y = expm(L * s) @ x
        return float(abs(y[i] - y[j]) - radius)

    # the pair whose border was the last event stands on it: it has moved off by the end
    return span if beyond(0.0) * beyond(span) > 0.0 else float(brentq(beyond, 0.0, span, xtol=1e-15, rtol=1e-14))


def two_birds(K: float, gap: float, speed: float) -> tuple[bool, float]:
    """Cucker and Smale's flock of two on a line, psi = 1 / (1 + s): whether it ends with one velocity, and how.

    The relative position r and velocity u obey u' = -K psi(r^2) u, r' = u, so that u + K arctan r is kept: beginning
    at r = gap >= 0 with u = speed > 0 they end at u = 0 if speed < K (pi / 2 - arctan gap), and r is then told; else
    they part with the velocity u that is told.
    """
    kept = speed + K * math.atan(gap)
    return (True, math.tan(kept / K)) if kept < 0.5 * math.pi * K else (False, kept - 0.5 * math.pi * K)
