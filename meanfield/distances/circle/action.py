"""The action of a curve of measures on the circle in the weighted metric, in quantile coordinates: with derivatives.

Labels i of masses w_i move by angles q_i(t), t in [0, 1]; with Z_i = sum_j w_j k(q_i - q_j) and
k(x) = e^{beta (cos x - 1)},

    A = int_0^1 sum_i w_i Z_i q_i'^2 dt

(A, (3.15)-(3.16), times e^{-beta}: no raw e^beta is formed).  Paths are polynomials in t, told by their values at
Chebyshev-Lobatto points; the integral is Gauss's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from meanfield.protocols import Array

MORE = 4
"""Gauss points beyond twice a path's degree: beta (cos x - 1) is no polynomial."""


@lru_cache(maxsize=32)
def nodes(degree: int) -> Array:
    """(degree + 1,) Chebyshev-Lobatto points of [0, 1]."""
    t = np.sin(0.5 * np.pi * np.arange(degree + 1) / degree) ** 2
    t.flags.writeable = False
    return np.asarray(t)


def basis(degree: int, t: Array) -> tuple[Array, Array]:
    """(n, degree + 1) the Lagrange polynomials of these nodes at times t (n,), and their derivatives."""
    k = np.polynomial.chebyshev
    x, there = 2.0 * nodes(degree) - 1.0, 2.0 * np.asarray(t) - 1.0
    series = np.linalg.inv(k.chebvander(x, degree))
    slopes = np.stack([k.chebval(there, k.chebder(c)) for c in series.T], axis=-1)
    return k.chebvander(there, degree) @ series, 2.0 * slopes


@lru_cache(maxsize=32)
def _rule(degree: int) -> tuple[Array, Array, Array]:
    """Weights (G,), and the basis with its derivatives at Gauss points."""
    t, weights = np.polynomial.legendre.leggauss(2 * degree + MORE)
    return 0.5 * weights, *basis(degree, 0.5 * (t + 1.0))


@dataclass(frozen=True, eq=False)
class Action:
    """The action of paths of labels of masses w.

    Attributes
    ----------
    w : ndarray (n,)
        Masses.
    beta : float
        Of the weight.
    degree : int
        Of the paths: Q (degree + 1, n) are their angles at `nodes(degree)`.
    """

    w: Array
    beta: float
    degree: int
    _rule: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rule", _rule(self.degree))

    def speeds(self, Q: Array) -> Array:
        """(G,) sum_i w_i Z_i q_i'^2 at the Gauss points: of a geodesic all the same."""
        _, at, slope = self._rule
        return self.rate(at @ Q, slope @ Q)

    def rate(self, q: Array, v: Array) -> Array:
        """(G,) the same of labels at q (G, n) with velocities v."""
        return np.asarray(np.sum(self.w * v * v * (self._kernel(q)[0] @ self.w), axis=-1))

    def ordered(self, Q: Array) -> bool:
        """Whether labels keep their order around the circle, at the Gauss points."""
        q = self._rule[1] @ Q
        return bool((np.diff(q, axis=1) > 0.0).all() and (q[:, 0] + 2.0 * np.pi > q[:, -1]).all())

    def value(self, Q: Array) -> float:
        """A."""
        return float(self._rule[0] @ self.speeds(Q))

    def _kernel(self, q: Array) -> tuple[Array, Array, Array]:
        """(G, n, n) k(q_i - q_j), and cos and sin of the differences."""
        c, s = np.cos(q), np.sin(q)
        cos = c[:, :, None] * c[:, None, :] + s[:, :, None] * s[:, None, :]
        sin = s[:, :, None] * c[:, None, :] - c[:, :, None] * s[:, None, :]
        return np.exp(self.beta * (cos - 1.0)), cos, sin

    def told(self, Q: Array) -> tuple[float, Array, Array]:
        """A, its gradient (degree + 1, n) and Hessian (degree + 1, degree + 1, n, n) in all of Q.

        At one time, of a = sum_ij w_i w_j k_ij (v_i^2 + v_j^2) / 2: a_qi = w_i sum_j w_j k'_ij (v_i^2 + v_j^2),
        a_vi = 2 w_i Z_i v_i, a_qiqj = -w_i w_j k''_ij (v_i^2 + v_j^2) with rows of sum 0, and
        a_qivj = 2 w_i w_j k'_ij v_j, beside the diagonal's 2 w_i v_i sum_j w_j k'_ij.
        """
        weights, at, slope = self._rule
        q, v, w, n = at @ Q, slope @ Q, self.w, Q.shape[1]
        k, cos, sin = self._kernel(q)
        k *= w
        first = -self.beta * sin * k  # w_j k'_ij
        square = v * v
        both = square[:, :, None] + square[:, None, :]
        Z, turn = k.sum(axis=2), first.sum(axis=2)
        a_q, a_v = w * np.einsum("gij,gij->gi", first, both), 2.0 * w * Z * v
        wide = weights[:, None]
        gradient = at.T @ (wide * a_q) + slope.T @ (wide * a_v)
        k *= self.beta * (self.beta * sin * sin - cos)
        a_qq = -w[:, None] * k * both
        i = np.arange(n)
        a_qq[:, i, i] -= a_qq.sum(axis=2)
        a_qv = first
        a_qv *= 2.0 * w[:, None] * v[:, None, :]
        a_qv[:, i, i] += 2.0 * w * v * turn

        def paired(f: Array, g: Array, values: Array) -> Array:
            pairs = np.einsum("g,ga,gb->abg", weights, f, g).reshape(-1, len(weights))
            return (pairs @ values.reshape(len(weights), -1)).reshape(f.shape[1], g.shape[1], *values.shape[1:])

        bend = paired(at, slope, a_qv)
        bend = bend + bend.transpose(1, 0, 3, 2) + paired(at, at, a_qq)
        bend[:, :, i, i] += paired(slope, slope, 2.0 * w * Z)
        return float(weights @ np.einsum("gi,gi->g", w * Z, square)), gradient, bend
