"""Tokens of the line under x_i' = sum_j softmax_j(x_i x_j) x_j (B (7.1)), and the two tokens of B's Remark 7.9.

The token that stays bounded is unstable forwards, by exp(c e^{2t}), and so attractive backwards: from any state in
which the others are far out, with the token where its velocity vanishes, the flow back in time forgets how wrong that
was, and arrives at a start from which the token stays.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad
from scipy.optimize import brentq

from validation.exact import ode, refuse

Array = NDArray[np.float64]


def velocity(x: Array) -> Array:
    """(n,) of tokens (n,), as printed: a loop, a row at a time."""
    out = np.empty_like(x)
    for i, one in enumerate(x):
        e = np.exp(one * x - (one * x).max())
        out[i] = math.fsum(e * x) / math.fsum(e)
    return out


def log_others(x: ArrayLike, i: int, j: int) -> float:
    """log(1 - P_ij) of tokens x (n, d), the sum of all others' shares, largest first."""
    rows = np.asarray(x, dtype=float)
    s = rows @ rows[i]
    rest = np.delete(s, j)

    def log_sum(values: Array) -> float:
        return float(values.max()) + math.log(math.fsum(np.exp(values - values.max())))

    return log_sum(rest) - log_sum(s)


def root(gamma: ArrayLike) -> float:
    """theta with sum_i gamma_i e^{gamma_i theta} = 0, by bisection (B, Lemma 7.8)."""
    g = np.asarray(gamma, dtype=float)
    if not g.min() < 0.0 < g.max():
        raise ValueError(f"gamma must have both signs; got {gamma!r}")

    def slope(theta: float) -> float:
        e = np.exp(theta * g - (theta * g).max())
        return float(e @ g / e.sum())

    reach = 1.0
    while slope(-reach) > 0.0 or slope(reach) < 0.0:
        reach *= 2.0
    return float(brentq(slope, -reach, reach, xtol=1e-15, rtol=1e-15))


def branch(gamma: ArrayLike, gaps: ArrayLike, times: ArrayLike) -> Array:
    """(T, n + 1) tokens at ascending times, the last of which is the token that stays, by the flow back from the last.

    There x_i = gamma_i e^t less gaps_i, away from 0 (0 for the leader of each side).  The others are so to
    e^{-|x_i| gap}, and the token that stays to exp(-c e^{2t}) at earlier times.
    """
    g, back = np.asarray(gamma, dtype=float), np.asarray(gaps, dtype=float)
    ts = refuse.times("times", times)
    end = float(ts[-1])
    far = np.sign(g) * (np.abs(g) * math.exp(end) - back)

    def still(y: float) -> float:
        return float(velocity(np.append(far, y))[-1])

    near, room = root(g) * math.exp(-end), math.exp(-end)
    start = brentq(still, near - room, near + room, xtol=1e-15)
    _, y = ode.integrate(lambda t, x: -velocity(x), np.append(far, start), end - ts[::-1], rtol=1e-13, atol=1e-14)
    return y[::-1]


def pair_limit(eps: float) -> float:
    """lim e^{-t} b(t) for the tokens (e^t, +-b), b(0) = eps, of B's Remark 7.9: eps exp(-I).

    I = int du / (u (e^{2u} - 1)) from eps^2 to infinity.  By symmetry the tokens are (a, +-b) with a' = a and b' = b
    tanh(b^2), so that log(b / eps) is short of t by the integral of (coth u - 1) / (2 u) over u = b^2.
    """
    low = refuse.number("eps", eps, 0.0, open_low=True) ** 2
    # 1 / (u (e^{2u} - 1)) = 1 / (2 u^2) - 1 / (2 u) + ...: below 1 the first two terms are integrated by hand
    cut = max(low, 1.0)
    tail = quad(lambda u: 1.0 / (u * math.expm1(2.0 * u)), cut, cut + 40.0, epsabs=1e-15, epsrel=1e-13)[0]
    if low < 1.0:
        smooth = quad(
            lambda u: (1.0 / math.expm1(2.0 * u) - 0.5 / u + 0.5) / u if u > 1e-4 else 1.0 / 6.0, low, 1.0,
            epsabs=1e-14, epsrel=1e-12,
        )[0]  # fmt: skip
        tail += smooth + 0.5 * (1.0 / low - 1.0) + 0.5 * math.log(low)
    return float(eps * math.exp(-tail))
