"""Sums over circles of latitude of S^{d-1}, the exponential averaged over each in closed form: positive terms alone.

For x at colatitude phi and y on the circle at phi', <x, y> = c c' + s s' u with c = cos phi, s = sin phi and u a height
on S^{d-2}, uniformly distributed.  So with z = beta s s'

    A = mean of e^{beta <x, y>} over the circle = e^{beta c c'} Lambda(z),   Lambda = Gamma(nu+1) (2/z)^nu I_nu(z),

nu = (d - 3)/2, and under A's own mean u has mean z h(z) and square mean 1 - (d - 2) h(z), h = Lambda' / (z Lambda).
Near the poles of high dimensions Z is a sum of terms that a series in harmonics takes from differences of terms larger
by many powers of ten; here nothing cancels but what the forces themselves cancel, so that every answer is right to
rounding relative to Z at its own point.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import scipy

from meanfield.protocols import Array, Reading

NODES = 8
"""Nodes of a cell of the table."""
CELLS = 32.0
"""Cells of the table to a unit of arcsinh(z / j): a cell's half length is 1/64 of the distance to the next singularity,
a zero of I_nu at distance sqrt(z^2 + j^2), so that its polynomial is wrong by 128^-8 = 1e-17."""
PAIRS = 1 << 17
"""Pairs at a time."""


@lru_cache(maxsize=16)
def table(d: int, largest: float) -> Any:
    """(h(z), log(e^{-z} Lambda(z))) for 0 <= z <= largest on circles of S^{d-1}, to a few eps of 1 and of largest.

    h by the ratios r_l = I_{nu+l+1} / I_{nu+l} = z / (d - 1 + 2 l + z r_{l+1}), run downwards (as in `kernel`), with
    h = r_0 / z; the logarithm by integrating its derivative z h - 1, cell by cell.
    """
    j = 0.5 * (d + 1.0)  # below the first zero of I_nu, at i j_{nu,1} with j_{nu,1} > nu + 2, or pi/2 for nu = -1/2
    cells = max(1, math.ceil(CELLS * math.asinh(largest / j)))
    x = j * np.sinh(np.arange(cells + 1) / CELLS)
    width = np.diff(x)
    t = 0.5 - 0.5 * np.cos((np.arange(NODES) + 0.5) * np.pi / NODES)
    z = x[:-1, None] + width[:, None] * t
    r = np.zeros_like(z)
    for l in range(20 + math.ceil(math.sqrt(40.0 * x[-1])), 0, -1):  # noqa: E741 (l is the field's name for a degree)
        r = z / (d - 1.0 + 2.0 * l + z * r)
    h = 1.0 / (d - 1.0 + z * r)
    values = np.stack([h, z * h - 1.0]).reshape(2 * cells, NODES)
    c = np.linalg.solve(np.vander(t, NODES), values.T).reshape(NODES, 2, cells)
    out = np.zeros((NODES + 1, cells, 2))
    out[1:, :, 0] = c[:, 0]
    out[:-1, :, 1] = c[:, 1] / np.arange(NODES, 0, -1)[:, None] * width
    out[-1, 1:, 1] = np.cumsum(out[:-1, :, 1].sum(axis=0))[:-1]
    return scipy.interpolate.PPoly(out / width[:, None] ** np.arange(NODES, -1, -1)[:, None, None], x)


def latitudes(beta: float, d: int, phi: Array, weights: Array, rows: Array, want: str) -> Reading:
    """What mu = sum_j weights_j (uniform on the circle at phi_j) answers at the colatitudes phi[..., rows].

    Parameters
    ----------
    beta : float
        Of the kernel e^{beta <x, y>}.
    d : int
        Ambient dimension, >= 2.
    phi, weights : ndarray (..., n)
        Colatitudes in radians, and masses; zero and negative ones are permitted.
    rows : ndarray (m,) of int
        Which of the circles are asked.
    want : str
        Letters among "Z", "M", "L"; what is not wanted comes back as None.

    Returns
    -------
    Reading
        Z (..., m, 1), M (..., m, 1) towards the axis, L (..., m), log (..., m, 1): the largest exponent of each row.
    """
    lead = np.broadcast_shapes(phi.shape, weights.shape)
    phi = np.broadcast_to(phi, lead).reshape(-1, lead[-1])
    w = np.broadcast_to(weights, lead).reshape(phi.shape)
    out = np.empty((len(phi), len(rows), 4))
    step = max(1, PAIRS // lead[-1])
    for one, of, mass in zip(out, phi, w, strict=True):
        for first in range(0, len(rows), step):
            part = slice(first, first + step)
            one[part] = _tile(beta, d, of[rows[part]], of, mass)
    return _reading(out.reshape(*lead[:-1], len(rows), 4), want)


def latitudes_at(beta: float, d: int, at: Array, phi: Array, weights: Array, want: str) -> Reading:
    """The same at other colatitudes: at (..., m), for circles phi, weights (k,)."""
    x = at.reshape(-1)
    step = max(1, PAIRS // max(len(phi), 1))
    parts = [_tile(beta, d, x[i : i + step], phi, weights) for i in range(0, len(x), step)]
    out = np.concatenate(parts).reshape(*at.shape, 4)
    return _reading(out, want)


def _reading(out: Array, want: str) -> Reading:
    return Reading(
        out[..., :1] if "Z" in want else None,
        out[..., 1:2] if "M" in want else None,
        out[..., 2] if "L" in want else None,
        out[..., 3:],
    )


def _tile(beta: float, d: int, x: Array, y: Array, w: Array) -> Array:
    """(m, 4): Z, M, L and the logarithm of their common factor, at colatitudes x (m,)."""
    cx, sx = np.cos(x)[:, None], np.sin(x)[:, None]
    c, s = np.cos(y), np.sin(y)
    z = beta * sx * s
    h, e = np.moveaxis(table(d, beta)(z), -1, 0)
    # beta c c' + log Lambda = beta + log(e^{-z} Lambda) - 2 beta sin^2((phi - phi')/2), the last without cancellation
    apart = np.sin(0.5 * x)[:, None] * np.cos(0.5 * y) - np.cos(0.5 * x)[:, None] * np.sin(0.5 * y)
    with np.errstate(divide="ignore"):
        e = e - 2.0 * beta * apart * apart + np.log(np.abs(w))
    log = e.max(axis=1, keepdims=True)
    log = np.where(np.isfinite(log), log, 0.0)
    e = np.exp(e - log) * np.sign(w)
    h = e * h
    # sums of 1, c', c'^2, s'^2, and of s'^2 h, c' s'^2 h
    n0, n1, n2, n3 = (e @ np.stack([np.ones_like(c), c, c * c, s * s], axis=-1)).T[..., None]
    h1, h2 = (h @ np.stack([s * s, c * s * s], axis=-1)).T[..., None]
    M = sx * (n1 - beta * cx * h1)
    t = cx * n1 + beta * sx * sx * h1
    square = cx * cx * n2 + 2.0 * beta * cx * sx * sx * h2 + sx * sx * (n3 - (d - 2.0) * h1)
    L = beta * (n0 - square) - (d - 1.0) * t
    return np.concatenate([n0, M, L, log + beta], axis=1)
