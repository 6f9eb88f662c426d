"""e^{tV} of a real matrix without overflow: blocks by the real parts of eigenvalues, growth kept as a logarithm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.linalg import block_diag, expm, schur, solve_sylvester

from meanfield.protocols import Array
from meanfield.tools.shown import Shown

APART = 1e-3
"""Share of |V| by which real parts of eigenvalues differ at least where V is cut into blocks between them."""
STEEP = 1e3
"""Where the basis of the blocks would be steeper than this, they stay one."""


@dataclass(frozen=True, eq=False)
class Growth(Shown):
    """V = S diag(T_1, ..., T_b) S^{-1}, every T a real Schur form of eigenvalues of nearly one real part.

    Attributes
    ----------
    S, inverse : ndarray (d, d)
        The basis; of a symmetric V it is orthogonal.
    blocks : tuple of ndarray
        The T, by falling real part.
    rates : tuple of float
        Mean real part of each.

    Examples
    --------
    >>> from meanfield.special.growth import Growth
    >>> E, log = Growth.of([[2.0, 1.0], [0.0, -2.0]]).at(300.0)
    >>> E.round(3), log
    (array([[1.  , 0.25],
           [0.  , 0.  ]]), 600.0)
    """

    S: Array
    inverse: Array
    blocks: tuple[Array, ...]
    rates: tuple[float, ...]

    @classmethod
    def of(cls, V: Array) -> Growth:
        """By a real Schur form, cut where real parts of eigenvalues are apart (Sylvester's equation)."""
        V = np.asarray(V, dtype=float)
        S, blocks = _cut(V, APART * max(float(np.linalg.norm(V, 2)), np.finfo(float).tiny))
        rates = tuple(float(np.trace(T)) / len(T) for T in blocks)
        return cls(S, np.linalg.inv(S), tuple(blocks), rates)

    def half(self, t: float) -> Array:
        """F, in the basis, with F F e^{log} = e^{t diag(T)}, log = top t of t >= 0: a square root reaches twice as far
        below 1 as floats do."""
        log = self.log(t) / 2.0
        with np.errstate(under="ignore"):
            F = np.zeros_like(self.S)
            for (i, T), rate in zip(self._parts, self.rates, strict=True):
                F[i, i] = _turned(T, rate, t / 2.0) * math.exp(rate * t / 2.0 - log)
        return F

    @cached_property
    def _parts(self) -> list[tuple[slice, Array]]:
        ends = np.cumsum([len(T) for T in self.blocks])
        return [(slice(end - len(T), end), T) for end, T in zip(ends, self.blocks, strict=True)]

    @cached_property
    def inner(self) -> Array:
        """diag(T_1, ..., T_b), V in the basis."""
        return np.asarray(block_diag(*self.blocks))

    def log(self, t: float) -> float:
        """Of the growth that is left out."""
        return max(0.0, max(rate * t for rate in self.rates))

    def at(self, t: float) -> tuple[Array, float]:
        """(E, log) with e^{tV} = e^{log} E."""
        F = self.half(t)
        return np.asarray(self.S @ F @ F @ self.inverse), self.log(t)


def _turned(T: Array, rate: float, t: float) -> Any:
    """e^{t (T - rate)}; of two rows by cosh q + (T - rate) t sinh(q) / q, q^2 = -det t^2, which is quick."""
    if len(T) == 1:
        return 1.0  # a block of one number does not feel it
    M = t * (T - rate * np.eye(len(T)))
    if len(T) > 2:
        return expm(M)
    square = -float(M[0, 0] * M[1, 1] - M[0, 1] * M[1, 0])
    q = math.sqrt(abs(square))
    if square > 0.0:
        return math.cosh(q) * np.eye(2) + (math.sinh(q) / q) * M
    return math.cos(q) * np.eye(2) + float(np.sinc(q / math.pi)) * M


def _cut(V: Array, apart: float) -> tuple[Array, list[Array]]:
    """S and the blocks of V, cut at the widest gap between real parts, and again."""
    T, U = schur(V, output="real")
    real = np.sort(np.linalg.eigvals(V).real)[::-1]
    gaps = real[:-1] - real[1:]
    for k in np.argsort(-gaps):
        if gaps[k] <= apart:
            break
        T, U, m = _parted(V, 0.5 * float(real[k] + real[k + 1]))
        X = solve_sylvester(T[:m, :m], -T[m:, m:], -T[:m, m:])
        if not 0 < m < len(V) or not np.isfinite(X).all() or np.abs(X).max() > STEEP:
            continue
        first, upper = _cut(T[:m, :m], apart)
        second, lower = _cut(T[m:, m:], apart)
        corner = np.block([[np.eye(m), X], [np.zeros((len(V) - m, m)), np.eye(len(V) - m)]])
        return U @ corner @ block_diag(first, second), upper + lower
    return U, [T]


def _parted(V: Array, middle: float) -> tuple[Array, Array, int]:
    """A real Schur form and its basis, the m eigenvalues right of `middle` first."""

    def right(re: float, im: float = 0.0) -> bool:
        return re > middle

    T, U, m = schur(V, output="real", sort=right)
    return T, U, int(m)
