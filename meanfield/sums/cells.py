r"""Cell moments on the circle: the band-limited sum in O(n) operations, without a transform of the points.

The circle is cut into M cells, and t in [-1, 1) is the place within the cell about theta_m.  Harmonics of degree k
vary little in a cell: with Bessel functions J_p and Chebyshev polynomials T_p,

    e^{-ik theta} = e^{-ik theta_m} sum_p (2 - [p = 0]) (-i)^p J_p(k pi / M) T_p(t),

of which eight terms suffice once M is about 10 times the kernel's bandwidth.  So points enter by eight moments
sum w t^q a cell; eight FFTs of length M, these weights and the kernel's symbols turn them into a polynomial of degree
seven in every cell; and Horner's rule evaluates it.  The error is absolute, about 1e-15 max Z, as for `harmonic`.

The two passes over the points exist twice: in numpy, and compiled (the extra `fast`), about four times as fast.
Compiling takes about two seconds, once, and is done when the first compiled sum is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from threading import Lock

import numpy as np
import scipy
from numpy.polynomial import chebyshev

from meanfield import geometry
from meanfield.geometry import FEW_TURNS, TURN
from meanfield.kernels.along import along
from meanfield.protocols import Array, Kernel, Reading
from meanfield.spaces import fourier
from meanfield.sums.direct_numba import compiled
from meanfield.tools.remembered import remembered
from meanfield.tools.threads import WORK, parallel

__all__ = ["Cells", "cells"]

TERMS = 8
"""Moments of a cell: one line of cache."""
TRUNCATED = 2e-15
"""What the terms left out may add up to, relative to the symbol's sum over all degrees."""
BLOCK = 1 << 15
"""Points that numpy takes at a time: what it writes down about them stays in the cache."""
SEGMENTS = 16
"""Parts with moments of their own, added up in order: the bits do not depend on how many threads there are."""


def cells(
    kernel: Kernel,
    theta: Array,
    weights: Array,
    at: Array | None = None,
    want: str = "ZM",
    *,
    numba: bool = False,
) -> Reading:
    """Reading at angles `at` (default: theta itself) of the measure sum_j weights_j delta_{theta_j} on the circle.

    Parameters
    ----------
    kernel : Kernel
        Isotropic.
    theta : ndarray (..., n)
        Angles, of any size.
    weights : ndarray (..., n)
        Masses; zero and negative ones are permitted.
    at : ndarray (..., p), optional
        Where to answer; its leading axes and those of theta are broadcast.
    want : str
        Letters of the `Reading` wanted; x beside M for what of it lies along x, as one more component.
    numba : bool
        Compiled passes.

    Returns
    -------
    Reading
        Z (..., p, 1), M (..., p, 1) along the tangent, L (..., p); log = log lambda_0, a float.  The same arguments
        give the same bits, with any number of threads.

    Raises
    ------
    ImportError
        If `numba` is not there.
    """
    theta, weights = np.asarray(theta, dtype=float), np.asarray(weights, dtype=float)
    if theta.shape != weights.shape:
        shape = np.broadcast_shapes(theta.shape, weights.shape)
        theta, weights = np.broadcast_to(theta, shape), np.broadcast_to(weights, shape)
    at = theta if at is None else np.asarray(at, dtype=float)
    lead = theta.shape[:-1] if at is theta else np.broadcast_shapes(theta.shape[:-1], at.shape[:-1])
    grid = Cells.of(kernel)
    add, answer = _compiled() if numba else (add_moments, evaluate)
    ease = 2 if numba else 1  # so little work that waking a thread pays later
    letters = [letter for letter in "ZMxL" if letter in want]
    out = np.empty((len(letters), *lead, at.shape[-1]))
    if theta[..., 0].size == 1:  # one measure: all points asked about are one row
        groups = [(theta.reshape(1, -1), weights.reshape(1, -1), at.reshape(1, -1), out.reshape(len(letters), 1, -1))]
    else:
        R = math.prod(lead)
        q, w, p = (np.broadcast_to(v, (*lead, v.shape[-1])).reshape(R, v.shape[-1]) for v in (theta, weights, at))
        flat = out.reshape(len(letters), R, -1)
        size = max(1, BLOCK // max(q.shape[1], p.shape[1], grid.M, 1))
        groups = [(q[r : r + size], w[r : r + size], p[r : r + size], flat[:, r : r + size]) for r in range(0, R, size)]

    def one(unit: int) -> None:
        q, w, p, values = groups[unit]
        tables = grid.tables(_moments(grid.M, q, w, add, ease), letters)
        runs = _runs(p.shape[1])
        work = min(p.shape[1], BLOCK) // ease
        parallel(lambda k: answer(p[:, runs[k]], tables, values[:, :, runs[k]]), len(runs), work)

    # Small replicas are shared among the threads; a large one is itself shared.
    longest = max(theta.shape[-1], at.shape[-1])
    parallel(one, len(groups), BLOCK // ease if longest < WORK else 0)
    parts = dict(zip(letters, out, strict=True))
    Z, M, L = (parts.get(letter) for letter in "ZML")
    if M is not None:
        M = np.stack([M, parts["x"]], axis=-1) if "x" in parts else M[..., None]
    return Reading(None if Z is None else Z[..., None], M, L, kernel.log_lambda0(2))


def _runs(n: int) -> list[slice]:
    return [slice(first, first + BLOCK) for first in range(0, max(n, 1), BLOCK)]


def _moments(M: int, q: Array, w: Array, add: Callable[..., None], ease: int) -> Array:
    """(TERMS, R, M) moments of the cells of R replicas."""
    runs = _runs(q.shape[1])
    segments = min(SEGMENTS, len(runs))
    parts = np.zeros((segments, TERMS, q.shape[0], M))

    def one(s: int) -> None:
        for run in runs[s * len(runs) // segments : (s + 1) * len(runs) // segments]:
            add(q[:, run], w[:, run], parts[s])

    parallel(one, segments, q.shape[1] // (segments * ease))
    return parts.sum(axis=0) if segments > 1 else parts[0]


# --- cells and coefficients ----------------------------------------------------------------------------------


class Cells:
    """The cells of one kernel: their number M, the Bessel weights, the symbols, and FFT plans with their buffers."""

    def __init__(self, kernel: Kernel) -> None:
        K = kernel.bandwidth(2)
        k = np.arange(K + 1)
        p = kernel.potential(2, K)
        symbols = {"Z": kernel.multipliers(2, K) + 0j, "M": 1j * k * p, "L": -(k * k) * p + 0j}
        self.M = _number(np.abs(list(symbols.values())))
        symbols["x"] = along(kernel, 2, K) + 0j  # of the width that Z is of
        weights = _weights(K, self.M)
        self._into = weights
        self._out = {letter: symbol * np.conj(weights) for letter, symbol in symbols.items()}
        self._stacked: dict[tuple[str, ...], Array] = {}
        self._forward = fourier.Forward(TERMS, self.M)
        self._backward: dict[int, fourier.Backward] = {}  # by the number of fields
        self._lock = Lock()  # the plans own one pair of buffers each

    @staticmethod
    def of(kernel: Kernel) -> Cells:
        """The kernel's cells, kept if it can be hashed."""
        return _kept(kernel)

    def _symbols(self, *letters: str) -> Array:
        if letters not in self._stacked:
            self._stacked[letters] = np.stack([self._out[letter] for letter in letters])
        return self._stacked[letters]

    def tables(self, moments: Array, letters: list[str]) -> Array:
        """(TERMS, R, M) moments -> (F, TERMS, R, M) coefficients in t of the fields' polynomials."""
        K = self._into.shape[1]
        R, F = moments.shape[1], len(letters)
        out = np.empty((F, TERMS, R, self.M))
        if not F:
            return out
        symbols = self._symbols(*letters)
        with self._lock:
            if F not in self._backward:
                self._backward[F] = fourier.Backward(F * TERMS, self.M)
            forward, backward = self._forward, self._backward[F]
            spectrum = backward.spectrum.reshape(F, TERMS, -1)
            for r in range(R):
                forward.values[...] = moments[:, r]
                forward.execute()
                c = np.einsum("qk,qk->k", self._into, forward.spectrum[:, :K])
                np.multiply(symbols, c, out=spectrum[..., :K])
                spectrum[..., K:] = 0.0  # the inverse transform works in place of its input
                backward.execute()
                out[:, :, r] = backward.values.reshape(F, TERMS, -1)
        return out


@remembered(8)
def _kept(kernel: Kernel) -> Cells:
    return Cells(kernel)


def _number(symbols: Array) -> int:
    """The smallest power of two of cells in which the terms left out are rounding, for every symbol (S, K + 1)."""
    k = np.arange(symbols.shape[1])
    M = 16
    while 4 * k[-1] > M:
        M *= 2
    # Coefficients of a measure are at most its mass, and the expansion is used twice, for points and for answers.
    while np.any(4.0 * symbols @ np.abs(scipy.special.jv(TERMS, k * np.pi / M)) > TRUNCATED * symbols.sum(axis=1)):
        M *= 2
    return M


def _weights(K: int, M: int) -> Array:
    """(TERMS, K + 1): e^{-ik pi / M} times the coefficient of t^q in e^{-i (k pi / M) t}, cut after TERMS terms."""
    k, p = np.arange(K + 1), np.arange(TERMS)
    bessel = np.where(p == 0, 1.0, 2.0) * (-1j) ** p * scipy.special.jv(p, k[:, None] * np.pi / M)
    return np.ascontiguousarray((np.exp(-1j * np.pi * k / M)[:, None] * (bessel @ _powers(TERMS))).T)


@lru_cache(maxsize=8)
def _powers(terms: int) -> Array:
    """(terms, terms): row q holds the coefficients of Chebyshev's T_q."""
    powers = np.zeros((terms, terms))
    for degree in range(terms):
        powers[degree, : degree + 1] = chebyshev.cheb2poly(np.eye(terms)[degree, : degree + 1])
    return powers


# --- the two passes, in numpy --------------------------------------------------------------------------------


def _place(q: Array, M: int) -> tuple[Array, Array]:
    """Index of the cell in replicas x cells, and t in [-1, 1), of angles (R, n)."""
    x = geometry.reduced(q) * (M / TURN)
    below = np.floor(x)
    x -= below
    x *= 2.0
    x -= 1.0
    with np.errstate(invalid="ignore"):  # of nan; its cell is in bounds, and its t is nan
        cell = below.astype(np.intp)
    cell &= M - 1
    if len(cell) > 1:
        cell += M * np.arange(len(cell))[:, None]
    return cell.ravel(), x.ravel()


def add_moments(q: Array, w: Array, out: Array) -> None:
    """Moments of points (R, n) of weights (R, n), added to out (TERMS, R, M)."""
    cell, t = _place(q, out.shape[2])
    terms = np.array(w, order="C").ravel()
    for k in range(TERMS):
        out[k] += np.bincount(cell, weights=terms, minlength=out[k].size).reshape(out[k].shape)
        terms *= t


def evaluate(q: Array, tables: Array, out: Array) -> None:
    """Values out (F, R, n) at angles (R, n) of polynomials (F, TERMS, R, M), by Horner's rule."""
    cell, t = _place(q, tables.shape[3])
    value, coefficient = np.empty_like(t), np.empty_like(t)
    for table, target in zip(tables.reshape(len(tables), TERMS, -1), out, strict=True):
        np.take(table[-1], cell, out=value, mode="clip")
        for k in range(TERMS - 2, -1, -1):
            value *= t
            value += np.take(table[k], cell, out=coefficient, mode="clip")
        target[...] = value.reshape(q.shape)


# --- the two passes, compiled --------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _compiled() -> tuple[Callable[..., None], Callable[..., None]]:
    from numba import float64, types, void

    points, out = types.Array(float64, 2, "A", readonly=True), types.Array(float64, 3, "A")
    first = compiled(_add_moments, void(points, points, float64[:, :, ::1]), "contract")
    second = compiled(_evaluate, void(points, float64[:, :, ::1], out), "contract")

    def add(q: Array, w: Array, moments: Array) -> None:
        # A cell's moments side by side: a point touches one line of cache.
        R, M = moments.shape[1:]
        side = np.zeros((R, M, TERMS))
        first(q, w, side)
        moments += side.transpose(2, 0, 1)

    def answer(q: Array, tables: Array, values: Array) -> None:
        F, _, R, M = tables.shape
        second(q, np.ascontiguousarray(tables.transpose(2, 3, 0, 1)).reshape(R, M, F * TERMS), values)

    return add, answer


def _add_moments(q: Array, w: Array, out: Array) -> None:
    M = out.shape[1]
    scale, mask = M / TURN, M - 1
    for r in range(q.shape[0]):
        for i in range(q.shape[1]):
            theta = q[r, i]
            if not abs(theta) <= FEW_TURNS:
                theta = np.arctan2(np.sin(theta), np.cos(theta))
            x = theta * scale
            below = np.floor(x)
            cell = np.int64(below) & mask
            t = 2.0 * (x - below) - 1.0
            t2 = t * t
            w0 = w[r, i]
            w1 = w0 * t
            w2, w3 = w0 * t2, w1 * t2
            w4, w5 = w2 * t2, w3 * t2
            out[r, cell, 0] += w0
            out[r, cell, 1] += w1
            out[r, cell, 2] += w2
            out[r, cell, 3] += w3
            out[r, cell, 4] += w4
            out[r, cell, 5] += w5
            out[r, cell, 6] += w4 * t2
            out[r, cell, 7] += w5 * t2


def _evaluate(q: Array, tables: Array, out: Array) -> None:
    M = tables.shape[1]
    scale, mask = M / TURN, M - 1
    for r in range(q.shape[0]):
        for i in range(q.shape[1]):
            theta = q[r, i]
            if not abs(theta) <= FEW_TURNS:
                theta = np.arctan2(np.sin(theta), np.cos(theta))
            x = theta * scale
            below = np.floor(x)
            cell = np.int64(below) & mask
            t = 2.0 * (x - below) - 1.0
            t2 = t * t
            for f in range(out.shape[0]):
                c = 8 * f
                low = (tables[r, cell, c] + tables[r, cell, c + 1] * t) + (
                    tables[r, cell, c + 2] + tables[r, cell, c + 3] * t
                ) * t2
                high = (tables[r, cell, c + 4] + tables[r, cell, c + 5] * t) + (
                    tables[r, cell, c + 6] + tables[r, cell, c + 7] * t
                ) * t2
                out[f, r, i] = low + high * (t2 * t2)
