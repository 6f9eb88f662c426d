"""Two tokens on S^{d-1} whose value matrix is white noise: their inner product is a diffusion of [-1, 1].

dx = P_x dW m_x, dW a d x d matrix of independent Brownian motions that both tokens share, m_x = a x + b y what x
attends to, a = 1 / (1 + e^{-beta (1 - c)}), b = 1 - a, c = <x, y>, with the sphere's curvature term -(d - 1) |m_x|^2 x
dt / 2.  With q = |m_x|^2 = a^2 + b^2 + 2 a b c, p = <m_x, m_y> = 2 a b + (a^2 + b^2) c and tr P_x P_y = d - 2 + c^2,

    drift of c = p (d - 2 + c^2) - (d - 1) q c,        variance = 2 (1 - c^2) (q - c p).

Neither c = 1 nor c = -1 is ever left.  log(1 - c) moves at the rate -(d - 1) near 1, and log(1 + c) at
(d - 1) (1 - s^2) - 2 near -1, s = tanh beta: antipodal pairs attract where cosh^2 beta > (d - 1) / 2, and then are the
limit with positive probability; else every pair merges.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def antipodal_rate(beta: float, d: int) -> float:
    """Rate of log(1 + c) near c = -1; tokens that do not see each other (`seen` = 0) are those of beta = inf."""
    return (d - 1.0) / math.cosh(beta) ** 2 - 2.0 if beta < 300.0 else -2.0


def merging_rate(beta: float, d: int) -> float:
    """Rate of log(1 - c) near c = 1: -(d - 1) of pairs that see each other alike there, -2 of tokens that see none."""
    return -(d - 1.0) if beta < math.inf else -2.0


def antipodal_share(beta: float, d: int, c0: float) -> float:
    """Probability that a pair that begins at c0 ends antipodal: (S(1) - S(c0)) / (S(1) - S(-1)), S the scale function.

    S' = exp(-2 int drift / variance dc), by c = tanh u, in which the ends are infinitely far and S' dc/du is
    integrable where they attract.
    """
    if antipodal_rate(beta, d) >= 0.0:
        return 0.0
    u = np.linspace(-18.0, 18.0, 200_001)
    slope, rest = _slope(beta, d, u)
    step = u[1] - u[0]
    log = np.concatenate([[0.0], np.cumsum(0.5 * (slope[1:] + slope[:-1]) * step)])
    density = np.exp(log - log[len(log) // 2]) * rest
    S = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * step)])
    return float(1.0 - np.interp(math.atanh(c0), u, S) / S[-1])


def _slope(beta: float, d: int, u: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """d log S' / du and dc / du at c = tanh u, without differences that cancel near the ends.

    With e = 1 - c, f = 1 + c: p = c + 2 a b e, p - q c = 2 a b e f, q - c p = e f (1 - 2 a b).
    """
    e, f = 2.0 / (1.0 + np.exp(2.0 * u)), 2.0 / (1.0 + np.exp(-2.0 * u))
    a = 1.0 / (1.0 + np.exp(-beta * e))
    ab = a * (1.0 - a)
    p = np.tanh(u) + 2.0 * ab * e
    return -(2.0 * (d - 1.0) * ab - p) / (1.0 - 2.0 * ab), e * f
