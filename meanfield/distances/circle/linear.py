"""Exact W1 on the circle, for arc length: samples, weighted samples, snapshots and densities against each other.

With distribution functions F and G from any common origin, W1 = min_c int |F - G - c| d theta, and the best level c
is the median of F - G under d theta (Werman, Peleg and Rosenfeld 1985; Cabrelli and Molter 1995).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from meanfield.distances.circle.levels import w1_atoms_series, w1_series
from meanfield.distances.circle.measures import TWO_PI, Atoms, Side, Smooth, paired, read
from meanfield.distances.circle.series import Series
from meanfield.distances.circle.shifts import w1_shifted
from meanfield.distances.circle.sorting import LARGE, sorted_rows, sorted_with
from meanfield.distances.numerics.roots import weighted_medians
from meanfield.protocols import Array
from meanfield.tools.tags import equations
from meanfield.tools.threads import threads


@equations("A Rem 3.3")
def w1_circle(a: Any, b: Any, a_weights: Any = None, b_weights: Any = None) -> Any:
    """1-Wasserstein distance on the circle of circumference 2 pi.

    W1 = min_c int_0^{2 pi} |F(theta) - G(theta) - c| d theta

    Parameters
    ----------
    a, b : array-like (..., n), (..., m), or density, or snapshot
        Angles in radians (any branch), leading axes being independent replicas; or a density on the circle
        (`moments(degree)` gives c_k = int e^{-ik theta} d mu, `space.d == 2`); or anything with `.points` (angles)
        and `.weights`.  The leading axes of both sides broadcast.
    a_weights, b_weights : array-like, optional
        Nonnegative weights, broadcast against the angles; normalised to sum 1.  None: 1/n each.

    Returns
    -------
    float or ndarray
        The distance, in radians, with the broadcast leading shape; a float if there is none.

    Raises
    ------
    TypeError, ValueError
        Naming the argument: not finite, empty, complex, negative or zero weights, shapes that do not match, a
        density that does not live on the circle or whose mass is not 1.

    Notes
    -----
    Exact up to rounding: about 1e-15 between samples of equal weights, 1e-13 with a density (whose series is
    integrated in closed form between atoms, none of it sampled).  A density that dips below zero is taken as the
    signed measure it is.  The diameter is pi; one atom is pi/2 from the uniform measure.

    Examples
    --------
    >>> round(mf.distances.w1_circle([0.0], [1.0]), 12)
    1.0
    """
    return paired(read("a", a, a_weights), read("b", b, b_weights), _w1)


def _w1(a: Side, b: Side) -> Array:
    if isinstance(a, Smooth):
        if isinstance(b, Atoms):
            return _w1(b, a)
        c = np.zeros((2, max(a.c.shape[1], b.c.shape[1])), dtype=complex)
        c[0, : a.c.shape[1]], c[1, : b.c.shape[1]] = a.c[0], b.c[0]
        return w1_series(Series(c[0] - c[1]))
    if isinstance(b, Smooth):
        return w1_atoms_series(a, Series(b.c[0]))
    if a.weights is None and b.weights is None and a.theta.shape == b.theta.shape:
        return (_w1_equal if a.theta.shape[1] < LARGE else _w1_large)(a.theta, b.theta)
    return _w1_weighted(a.theta, a.masses(), b.theta, b.masses())


def _w1_equal(x: Array, y: Array) -> Array:
    """(R,) W1 of samples x, y (R, n) in [0, 2 pi), all weights 1/n.

    F - G takes values in Z/n, so its median is a histogram.  The sample an atom comes from is kept in the lowest bit
    of its mantissa: one sort of 2n keys then orders the atoms and carries the signs, at the price of an ulp.
    """
    rows, n = x.shape
    keys = np.concatenate([x, y], axis=1).view(np.int64)
    keys[:, :n] &= ~1
    keys[:, n:] |= 1
    keys = sorted_rows(keys.view(np.float64)).view(np.int64)
    level = keys & 1
    level *= -2
    level += 1
    np.cumsum(level, axis=1, out=level)  # n (F - G) after each atom
    keys &= ~1  # so that equal atoms are at distance zero again
    theta = keys.view(np.float64)
    gaps = np.empty_like(theta)
    np.subtract(theta[:, 1:], theta[:, :-1], out=gaps[:, :-1])
    gaps[:, -1] = theta[:, 0] + TWO_PI - theta[:, -1]
    low = int(level.min())
    width = int(level.max()) - low + 1
    level += (np.arange(rows) * width - low)[:, None]
    length = np.bincount(level.ravel(), weights=gaps.ravel(), minlength=rows * width).reshape(rows, width)
    cumulative = np.cumsum(length, axis=1)
    median = np.argmax(cumulative >= 0.5 * cumulative[:, -1:], axis=1)
    distance = np.abs(np.arange(width) - median[:, None])
    return np.einsum("rw,rw->r", length, distance) / n


def _w1_large(x: Array, y: Array) -> Array:
    """The same of large samples, which are not brought together."""
    with ThreadPoolExecutor(min(2, threads(x.shape[1]))) as pool:
        return np.array([w1_shifted(*pool.map(_sorted, (p, q))) for p, q in zip(x, y, strict=True)])


def _sorted(theta: Array) -> Array:
    return sorted_rows(theta[None])[0]


def _w1_weighted(x: Array, wx: Array, y: Array, wy: Array) -> Array:
    """(R,) W1 of weighted samples x (R, n), y (R, m) in [0, 2 pi)."""
    theta, level = sorted_with(np.concatenate([x, y], axis=1), np.concatenate([wx, -wy], axis=1))
    np.cumsum(level, axis=1, out=level)
    level[:, -1] = 0.0
    gaps = np.diff(theta, axis=1, append=theta[:, :1] + TWO_PI)
    level -= weighted_medians(level, gaps)[:, None]
    return np.einsum("rn,rn->r", np.abs(level, out=level), gaps)
