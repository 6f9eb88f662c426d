"""The state inside a step, and the phi functions it takes.

    phi_0(z) = e^z,    phi_k(z) = int_0^1 e^{(1-s) z} s^{k-1} / (k-1)! ds  (k >= 1),
    phi_{k+1}(z) = (phi_k(z) - 1/k!) / z.

See M. Hochbruck and A. Ostermann, Exponential integrators, Acta Numerica 19 (2010) 209-286, eqs (2.10), (2.11).
"""

from __future__ import annotations

from functools import cache
from math import factorial

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import ArrayLike

from meanfield.protocols import Array, Between

_GAUSS = 40
"""Gauss points: e^{(1-s) z} s^{k-1} is then integrated to rounding for |z| <= 32 and k <= 24."""

_BLOCK = 4096
"""Arguments at a time: a block's exponentials stay in cache."""


def gauss(points: int) -> tuple[Array, Array]:
    """Gauss-Legendre points and weights on [0, 1], longdouble.

    leggauss is good to 5e-14 only near the ends; one Newton step in extended precision mends it.
    """
    x: Array = leggauss(points)[0].astype(np.longdouble)
    for _ in range(2):
        before: Array = np.ones_like(x)
        value = x
        for n in range(2, points + 1):
            before, value = value, ((2 * n - 1) * x * value - (n - 1) * before) / n
        slope = points * (before - x * value) / (1 - x * x)
        x = x - value / slope
    return (1 + x) / 2, 1 / ((1 - x * x) * slope * slope)


@cache
def _kernel(count: int) -> tuple[Array, Array]:
    """Points 1 - s and weights (order, point) of int_0^1 e^{(1-s) z} s^{k-1} / (k-1)! ds for k = 1..count."""
    s, w = gauss(_GAUSS)
    weights = np.stack([w * s ** (k - 1) / factorial(k - 1) for k in range(1, count + 1)])
    return (1 - s).astype(np.float64), weights.astype(np.float64)


def phis(count: int, z: ArrayLike) -> Array:
    """phi_1(z), ..., phi_count(z).

    For real z every term below is positive or shrinks the error, so the relative accuracy is a few roundings;
    for complex z it is that relative to max(1, |e^z|) / (1 + |z|).

    Parameters
    ----------
    count
        Number of functions, 0 to 24.
    z
        Real or complex, any shape.

    Returns
    -------
    (count, *z.shape)
    """
    if not 0 <= count <= 24:
        raise ValueError(f"count: got {count}, wanted 0 to 24 phi functions")
    z = np.asarray(z)
    z = z.astype(np.complex128 if np.iscomplexobj(z) else np.float64, copy=False)
    flat = z.reshape(-1)
    out = np.empty((count, flat.size), dtype=z.dtype)
    near = np.abs(flat) <= 32.0
    if count and near.any():
        nodes, weights = _kernel(count)
        where = np.flatnonzero(near)
        for block in np.split(where, range(_BLOCK, where.size, _BLOCK)):
            out[:, block] = weights @ np.exp(nodes[:, None] * flat[block])
    if count and not near.all():
        # Dividing by z shrinks the error of phi_k by |z|, while phi itself shrinks by about |z| / k at most.
        far = flat[~near]
        value = np.exp(far)
        for k in range(count):
            value = (value - 1.0 / factorial(k)) / far
            out[k, ~near] = value
    return out.reshape((count, *z.shape))


def phi(k: int, z: ArrayLike) -> Array:
    """phi_k(z), elementwise.

    Parameters
    ----------
    k
        0 to 24; phi_0 is exp.
    z
        Real or complex, any shape.

    Returns
    -------
    z.shape; relative accuracy 1e-14 for real z.

    Raises
    ------
    ValueError
        If k is out of range.
    """
    if not 0 <= k <= 24:
        raise ValueError(f"k: got {k}, wanted 0 to 24")
    return np.asarray(np.exp(z)) if k == 0 else phis(k, z)[-1]


def _fraction(between: Between, t: Array) -> Array:
    """x = (t - t0) / (t1 - t0), with t at most a few roundings outside of the step."""
    t0, t1 = between.t0, between.t1
    slack = 8.0 * np.spacing(max(abs(t0), abs(t1)))
    if not bool(np.all((t >= t0 - slack) & (t <= t1 + slack))):
        raise ValueError(f"t: got {float(t.min())!r} to {float(t.max())!r}, wanted times between {t0!r} and {t1!r}")
    return np.asarray(np.clip((t - t0) / (t1 - t0), 0.0, 1.0))


def evaluate(between: Between, t: ArrayLike) -> Array:
    """The state at times inside a step: y(t) of `Between`.

    Parameters
    ----------
    between
        The step.
    t
        One time, or (k,) times, each within [t0, t1] up to rounding.

    Returns
    -------
    (*y0.shape) for one time, (k, *y0.shape) for k times; one row has the same bits either way.  The curve is not
    retracted: a state on a sphere leaves it by the interpolation error.

    Raises
    ------
    ValueError
        If a time lies outside of the step, is not a number, or t has more than one axis.
    """
    times = np.asarray(t, dtype=np.float64)
    if times.ndim > 1:
        raise ValueError(f"t: got shape {times.shape}, wanted one time or one axis of times")
    x = _fraction(between, times)
    y0, terms, h = between.y0, between.terms, between.t1 - between.t0
    x = x.reshape(x.shape + (1,) * y0.ndim)
    if between.linear is None:
        total = np.zeros((), dtype=terms.dtype)
        for m in range(len(terms) - 1, -1, -1):
            total = total * x + terms[m] / (m + 1)
        return np.asarray(y0 + (h * x) * total)
    z = x * (h * between.linear)
    values = phis(len(terms), z)
    total = np.exp(z) * y0
    power = h * x
    for m, term in enumerate(terms):
        total = total + (factorial(m) * power) * values[m] * term
        power = power * x
    return np.asarray(total)
