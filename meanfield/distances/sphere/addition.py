"""The addition theorem at work: Legendre means of points and densities about an axis, and kernels summed over pairs.

With P_k the ultraspherical polynomial of S^{d-1}, P_k(1) = 1, and N(d, k) the dimension of the harmonics of degree k,

    sum_m Y_km(x) conj(Y_km(y)) = N(d, k) P_k(<x, y>)

for harmonics orthonormal under sigma.
"""

from __future__ import annotations

import numpy as np

from meanfield.distances.numerics import pieces
from meanfield.distances.sphere.measures import Harmonic, Rows, Side, Zonal
from meanfield.protocols import Array
from meanfield.spaces import Sphere
from meanfield.special.bessel import dimensions

_CHUNK = 1 << 15
_TILE = (128, 512)
_WIDTH = 0.2
"""Width of a cell times the degree: polynomials of degree 7 then err by 1e-15 of the sum of the terms' sizes."""
_NODES = 8


def legendre(d: int, degree: int, t: Array) -> Array:
    """P_k(t), k = 0..degree: (degree + 1, *t.shape), by the recurrence of the P_k themselves, stable and bounded."""
    t = np.clip(np.asarray(t, dtype=float), -1.0, 1.0)
    P = np.empty((degree + 1, *t.shape))
    P[0] = 1.0
    if degree:
        P[1] = t
    for k in range(1, degree):
        P[k + 1] = ((2.0 * k + d - 2.0) * t * P[k] - k * P[k - 1]) / (k + d - 2.0)
    return P


# --- one axis ----------------------------------------------------------------------------------------------


def means(side: Side, axis: Array, degree: int) -> Array:
    """int P_k(<x, axis>) d mu, k = 0..degree, of one replica: (degree + 1,)."""
    if isinstance(side, Rows):
        return _means_of_points(side, axis, degree)
    out = np.zeros(degree + 1)
    if isinstance(side, Zonal):
        kept = min(degree, side.degree) + 1
        # int P_k(<x, e>) d mu = P_k(<axis, e>) int P_k(<x, axis>) d mu for mu symmetric about its axis
        out[:kept] = side.moments[:kept] * legendre(side.d, kept - 1, side.axis @ axis)
        return out
    values = at_point(side, axis)
    kept = min(degree, side.degree) + 1
    out[:kept] = values[:kept] / (2.0 * np.arange(kept) + 1.0)
    return out


def coefficients(side: Zonal | Harmonic, axis: Array) -> Array:
    """int p_k(<x, axis>) d mu with orthonormal p_k = sqrt(N(d, k)) P_k, of one replica, to its own degree."""
    if isinstance(side, Zonal):
        return side.coefficients * legendre(side.d, side.degree, side.axis @ axis)
    return at_point(side, axis) / np.sqrt(2.0 * np.arange(side.degree + 1) + 1.0)


def at_point(side: Harmonic, x: Array) -> Array:
    """The parts of degree l = 0..L of a density on S^2 at the point x: sum_m a_lm Y^sigma_lm(x)."""
    there = harmonics(x[None], np.ones(1), side.degree)
    terms = order_weights(side.degree) * (side.a * np.conj(there)).real
    return np.bincount(Sphere(2).harmonics(side.degree), terms, side.degree + 1)


def harmonics(x: Array, w: Array, degree: int) -> Array:
    """sum_j w_j conj(Y^sigma_lm(x_j)) on S^2, m >= 0 in ducc0's order."""
    return np.asarray(Sphere(2).project(x, w, degree))


def order_weights(degree: int) -> Array:
    """1 for m = 0 and 2 for m > 0, in ducc0's order: the coefficients of m < 0 are conjugates up to sign."""
    out = np.full((degree + 1) * (degree + 2) // 2, 2.0)
    out[: degree + 1] = 1.0
    return out


def _means_of_points(side: Rows, axis: Array, degree: int) -> Array:
    t, w = side.x @ axis, side.masses()
    out = np.zeros(degree + 1)
    for first in range(0, t.size, _CHUNK):
        part = slice(first, first + _CHUNK)
        c, mass = np.clip(t[part], -1.0, 1.0), w[part]
        before, now = np.ones_like(c), c
        out[0] += mass.sum()
        for k in range(1, degree + 1):
            out[k] += mass @ now
            now, before = ((2.0 * k + side.d - 2.0) * c * now - k * before) / (k + side.d - 2.0), now
    return out


# --- spectral weights --------------------------------------------------------------------------------------


def spectral_weights(d: int, s: float, degree: int) -> Array:
    """(1 + k(k+d-2))^{-s} N(d, k) for k = 0..degree, where N alone may overflow."""
    k = np.arange(degree + 1.0)
    decay = np.log1p(k * (k + d - 2.0))
    N = dimensions(d, degree)
    if np.isfinite(N[-1]):
        return np.asarray(N * np.exp(-s * decay))
    # N(k+1)/N(k) = (2k+d)(k+d-2) / ((2k+d-2)(k+1)), whose first is d
    k = k[1:-1]
    steps = np.log((2.0 * k + d) * (k + d - 2.0) / ((2.0 * k + d - 2.0) * (k + 1.0)))
    log_N = np.concatenate([[0.0, np.log(d)], np.log(d) + np.cumsum(steps)])
    return np.asarray(np.exp(log_N - s * decay))


# --- pairs -------------------------------------------------------------------------------------------------


class PairKernel:
    """K(<x, y>) = sum_{k >= 1} W_k P_k(<x, y>) for W_k >= 0, tabulated in the angle: absolute error about 1e-14 K(1).

    K(cos theta) is a cosine polynomial of degree len(W) - 1; on each of equal cells it is a polynomial of degree 7.
    """

    def __init__(self, d: int, W: Array) -> None:
        degree = len(W) - 1
        self.cells = max(16, int(np.ceil(np.pi * degree / _WIDTH)))
        angle = pieces.abscissae(self.cells, _NODES)
        t = np.cos(angle)
        before, now, value = np.ones_like(t), t, np.zeros_like(t)
        for k in range(1, degree + 1):
            value += W[k] * now
            now, before = ((2.0 * k + d - 2.0) * t * now - k * before) / (k + d - 2.0), now
        self.table = pieces.powers(value)

    def __call__(self, t: Array) -> Array:
        """K at inner products t (overwritten)."""
        np.clip(t, -1.0, 1.0, out=t)
        return pieces.evaluate(self.table, *pieces.place(np.arccos(t, out=t), self.cells))

    def cross(self, x: Array, wx: Array, y: Array, wy: Array) -> float:
        """sum_ij w_i v_j K(<x_i, y_j>), by tiles: memory does not grow with the number of points."""
        total = 0.0
        for i in range(0, len(x), _TILE[0]):
            rows, mass = x[i : i + _TILE[0]], wx[i : i + _TILE[0]]
            for j in range(0, len(y), _TILE[1]):
                values = self(rows @ y[j : j + _TILE[1]].T)
                total += float(mass @ (values @ wy[j : j + _TILE[1]]))
        return total

    def own(self, x: Array, w: Array) -> float:
        """sum_ij w_i w_j K(<x_i, x_j>), each pair once."""
        total = 0.0
        for i in range(0, len(x), _TILE[0]):
            block = slice(i, i + _TILE[0])
            rest = slice(i + _TILE[0], None)
            total += self.cross(x[block], w[block], x[block], w[block])
            total += 2.0 * self.cross(x[block], w[block], x[rest], w[rest])
        return total
