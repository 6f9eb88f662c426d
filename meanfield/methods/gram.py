"""Tokens moved by their inner products: n x n numbers in the place of n x d, and exact in every dimension.

Under a law without matrices x_i' = v_i - <x_i, v_i> x_i with v_i = sum_j c_ij x_j, where c depends on the Gram matrix
G_ij = <x_i, x_j> alone (A (SA), (USA): c_ij = e^{beta G_ij} / Z_i or / n).  So G moves by itself,

    G' = c G - diag(c G) G + its transpose.

The state holds the gaps D = 1 - G, that is |x_i - x_j|^2 / 2, which keep their digits as tokens meet: with
h = diag(c D) and a_i = sum_j c_ij - h_i = <x_i, v_i>,

    D'_ij = (c D)_ij - h_i - a_i D_ij + its transpose,

of which the diagonal is 0, and which is symmetric, to the last bit.  For orthogonal tokens it is the scalar equation of
A Theorem 6.8.

Of tokens at a distance r, among others far away, the terms of such a sum are of size 1 and it is of size r^2.  So of
near ones their differences from a token p among them are multiplied,

    sum_k (c_ik - c_jk) (D_kj - D_ki) = P_ij + P_ji - P_ii - P_jj,    P = (c - c_p) (D - D_p)^T,

with the rounding of r^2, not of 1: what repels near tokens, or tells them apart later, then has digits to work with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.geometry import ROWS
from meanfield.measures.inner import Inner
from meanfield.measures.points import Points
from meanfield.protocols import Array, Form, Method, said
from meanfield.sums.scores import Near
from meanfield.sums.tiles import Block
from meanfield.tools.settings import register

NEAR = 1e-4
"""Gaps, half squares of distances, of tokens that are near one another, or of the next in a chain of such."""


def gaps_of(x: Array) -> Array:
    """1 - <x_i, x_j> of unit rows (..., n, d), of near ones to all digits: (..., n, n)."""
    rows = x.reshape(-1, *x.shape[-2:])
    out = np.empty((*rows.shape[:2], rows.shape[1]))
    every = slice(None)
    Near(rows, rows).scores(-1.0, Block(every, every, every), out, np.empty_like(out))
    return symmetric(out.reshape(*x.shape[:-1], x.shape[-2]))


def symmetric(gaps: Array) -> Array:
    """(D + D^T) / 2, its diagonal 0."""
    out = 0.5 * (gaps + gaps.swapaxes(-1, -2))
    np.einsum("...ii->...i", out)[...] = 0.0
    return np.asarray(out)


def rows_of(gaps: Array, d: int) -> Array:
    """Unit rows (..., n, d) of R^d with these gaps, one choice of many: by eigenvectors of G."""
    values, vectors = np.linalg.eigh(1.0 - gaps)
    most = min(gaps.shape[-1], d)
    out = np.zeros((*gaps.shape[:-1], d))
    out[..., :most] = vectors[..., -most:] * np.sqrt(np.maximum(values[..., None, -most:], 0.0))
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    return out


def owners(gaps: Array) -> Array:
    """(..., n) the first of the near tokens that each belongs to, by chains."""
    n = gaps.shape[-1]
    near, own = gaps < NEAR, np.broadcast_to(np.arange(n), gaps.shape[:-1])
    while True:
        first = np.minimum(own, np.where(near, own[..., None, :], n).min(axis=-1))  # of what is not finite, itself
        if np.array_equal(first, own):
            return first
        own = first


@register
@dataclass(frozen=True, eq=False)
class OnInner(Form):
    """What a state of gaps (..., n, n) means.

    Attributes
    ----------
    weights : ndarray
        Masses, broadcastable to (..., n).
    d : int
        Ambient dimension.
    """

    weights: Array
    d: int
    name = "inner products"

    def retract(self, y: Array) -> Array:
        """Symmetric, and no gap between a token and itself."""
        return symmetric(y)

    def among(self, y: Array) -> Inner:
        """The measure that a law is shown."""
        return Inner(y, self.weights, self.d)

    def measure(self, y: Array) -> Points:
        """Tokens of R^d with these inner products: one choice of those that a turn makes of one another."""
        x = rows_of(symmetric(y), self.d)
        return Points.trusted(x, np.broadcast_to(self.weights, x.shape[:-1]), ROWS)


@dataclass(frozen=True, eq=False)
class Gaps(Method):
    """D' of the module's text: a law that is asked in tokens."""

    law: Any
    form: OnInner

    @property
    def noise_changes(self) -> bool:  # type: ignore[override]
        """Unless the law says that it does not change with time."""
        return said(self.law) is not True

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """D', shaped as y."""
        v = self.law.velocity(t, None, self.form.among(y))
        if np.ndim(v) == 0:  # the number 0: it does not move
            out[...] = 0.0
            return out
        cD = v @ y
        h = np.einsum("...ii->...i", cD).copy()
        a = v.sum(axis=-1) - h
        _mutual(cD, h, out)
        own = owners(y)
        if (own != np.arange(y.shape[-1])).any():
            P = _less(np.broadcast_to(v, y.shape), own) @ _less(y, own).swapaxes(-1, -2)
            _among(own, P, out)
        np.multiply(_pairs(a), y, out=cD)
        out -= cD
        return out

    def moving(self, t: float, y: Array, v: Array) -> Array:
        """How fast distances (2 D)^{1/2} change: D'_ij / |x_i - x_j|, of the size of the tokens' speeds."""
        return np.divide(v, np.sqrt(2.0 * np.maximum(y, 0.0)), out=np.zeros_like(v), where=y > 0.0)

    def retract(self, y: Array) -> Array:
        """Symmetric, its diagonal 0."""
        return self.form.retract(y)

    def pushed(self, t: float, y: Array, h: float) -> Array:
        """The gaps of (x + h v) / |x + h v|, v all of the velocity.

        With b = 1 + h c, r its row sums and K = b D b^T: |y_i|^2 = r_i^2 - K_ii, |y_i - y_j|^2 = (r_i - r_j)^2 +
        2 K_ij - K_ii - K_jj, and of unit vectors half the square of their distance is (|y_i - y_j|^2 - (|y_i| -
        |y_j|)^2) / (2 |y_i| |y_j|).
        """
        among = self.form.among(y)
        b = h * np.broadcast_to(self.law.velocity(t, among.x, among), y.shape)
        np.einsum("...ii->...i", b)[...] += 1.0
        K = b @ y @ b.swapaxes(-1, -2)
        r, k = b.sum(axis=-1), np.einsum("...ii->...i", K)
        size = np.sqrt(r * r - k)
        apart = _mutual(K, k, np.empty_like(y))
        b = _less(b, own := owners(y))
        _among(own, b @ y @ b.swapaxes(-1, -2), apart)
        apart += np.square(r[..., :, None] - r[..., None, :])
        apart -= np.square(size[..., :, None] - size[..., None, :])
        return symmetric(apart / (2.0 * size[..., :, None] * size[..., None, :]))

    def parts(self) -> tuple[Gaps, ...]:
        """The same tokens under each part of the law."""
        return tuple(Gaps(part, self.form) for part in self.law.parts)

    def noise(self, t: float, y: Array) -> Any:
        """The law's."""
        return self.law.noise(t, None, self.form.among(y))


def _mutual(P: Array, p: Array, out: Array) -> Array:
    """P_ij + P_ji - p_i - p_j, symmetric to the last bit."""
    np.add(P, P.swapaxes(-1, -2), out=out)
    out -= _pairs(p)
    return out


def _less(a: Array, own: Array) -> Array:
    """Every row less that of the token it belongs to."""
    return np.asarray(a - np.take_along_axis(a, own[..., None], axis=-2))


def _among(own: Array, P: Array, out: Array) -> None:
    """P_ij + P_ji - P_ii - P_jj where i and j belong to one token."""
    told = _mutual(P, np.einsum("...ii->...i", P).copy(), np.empty_like(P))
    np.copyto(out, told, where=own[..., :, None] == own[..., None, :])


def _pairs(a: Array) -> Array:
    """a_i + a_j."""
    return np.asarray(a[..., :, None] + a[..., None, :])
