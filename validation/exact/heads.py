r"""Many random heads: what two tokens at the overlap r = <x, y> do under their mean, and under their noise.

Heads have Q = K = G / m^{1/2}, G (m, d) of independent normal entries, and values V.  Token x sees the other by
p = 1 / (1 + e^{beta D}), D = <Gx, Gx - Gy> / m; with Gx = a u, u of length 1, a^2 of chi^2_m, and normal z

    D = (a^2 (1 - r) - (1 - r^2)^{1/2} a z) / m.

V = I: the mean over heads moves x by E[p] P_x y, so that r' = 2 E[p] (1 - r^2).  At beta = inf E[p] is the tail of
Student's t of m degrees at (m (1 - r) / (1 + r))^{1/2}; of m = 1 it is 1/4 + arcsin(r) / 2 pi.

V of independent normal entries of variance s^2 / d, drawn anew in every layer and for both tokens the same: with
outputs m_1, m_2 of attention, and Ito's dx = P_x V m dB - (1/2) |P_x V m|^2 x dt,

    E dr / dt = (s^2 / d) (<m_1, m_2> (d - 2 + r^2) - r (d - 1) (|m_1|^2 + |m_2|^2) / 2).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, roots_genlaguerre, roots_hermitenorm
from scipy.stats import t as student

Array = NDArray[np.float64]
NODES = 64


def seen(beta: float, r: float, m: int) -> float:
    """E[p]: the share of its attention that a token gives the other, over Gaussian heads of rank m."""
    if math.isinf(beta):
        return float(student.sf(math.sqrt(m * (1.0 - r) / (1.0 + r)), m))
    half, weight = roots_genlaguerre(NODES, 0.5 * m - 1.0)
    z, w = roots_hermitenorm(NODES)
    a = np.sqrt(2.0 * half)[:, None]
    D = (a * a * (1.0 - r) - math.sqrt(1.0 - r * r) * a * z) / m
    return float(weight @ expit(-beta * D) @ w / (weight.sum() * w.sum()))


def together(beta: float, m: int, start: float, end: float) -> float:
    """The time in which the mean of the heads brings two tokens from one overlap to another."""
    u, w = np.polynomial.legendre.leggauss(20)
    low, high = math.atanh(start), math.atanh(end)
    at = np.tanh(low + 0.5 * (high - low) * (1.0 + u))
    return float(0.25 * (high - low) * sum(a / seen(beta, float(r), m) for a, r in zip(w, at, strict=True)))


def shaken(one: Array, two: Array, r: float, d: int) -> float:
    """E dr / dt of two tokens at overlap r under random values of variance 1 / d, their attention's outputs given."""
    both = float(one @ two) * (d - 2.0 + r * r)
    return (both - 0.5 * r * (d - 1.0) * float(one @ one + two @ two)) / d
