"""What the matrices of every head are, in the papers' terms: spectra of V, good triples, symmetry of Q^T K.

Of head h, tokens x get O_h V_h x_j, a d x d matrix of rank d_h whose nonzero eigenvalues are those of V_h O_h, with
eigenvectors phi = O_h u.  B's Definition 4.1 asks that the leading eigenvalue of V be real, positive and simple, and
<Q phi, K phi> > 0.  Two things are read in more than one way, and all are counted: "leading" is the largest modulus, as
B prints it, or the largest real part, as others quote it; and V is O_h V_h, or the d_h x d_h block of the value matrix
in the place of the head, with the same blocks of Q and K, the one reading in which B's "V_h, d = 128" is square.
The d - d_h eigenvalues of O_h V_h that are 0 for its rank are not looked at: else where all others have negative real
parts 0 would lead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from meanfield.protocols import Array
from meanfield.tools.shown import Shown, line
from meanfield.tools.tags import equations
from particles.trained.weights import Layer

SAME = 1e-6
"""As `particles.good_triple`: moduli that differ by less, relatively, are one."""


class Reading(NamedTuple):
    """One reading of "good triple", each (...,).

    Attributes
    ----------
    value : ndarray of complex
        The leading eigenvalue.
    dominant : ndarray of bool
        It is real, positive and simple.
    score : ndarray
        <Q phi, K phi> with |phi| = 1; nan where the value is not real and simple.
    """

    value: Array
    dominant: Array
    score: Array

    @property
    def good(self) -> Array:
        """Definition 4.1: `dominant`, and the score is positive."""
        return np.asarray(self.dominant & (self.score > 0.0))

    @property
    def real(self) -> Array:
        """Whether the leading eigenvalue is real."""
        return np.asarray(self.value.imag == 0.0)

    @property
    def negative(self) -> Array:
        """Whether it is real and negative."""
        return np.asarray(self.real & (self.value.real < 0.0))

    def __repr__(self) -> str:
        return line(self)


@dataclass(frozen=True, eq=False)
class Heads(Shown):
    """Every head of every layer, (layers, heads); layers that share their weights are counted once.

    Attributes
    ----------
    modulus, real_part : Reading
        Of O_h V_h, leading by modulus (as B prints) and by real part.
    block_modulus, block_real_part : Reading
        Of the diagonal blocks of V, Q and K.
    trace : ndarray
        Of O_h V_h: the sum of its eigenvalues.
    balance : ndarray
        The trace over the sum of moduli, from -1 to 1.
    skew : ndarray
        |A - A^T|^2 / 4 |A|^2 of A = Q^T K: 0 symmetric, 1 antisymmetric, about 1/2 of random matrices.
    beta : ndarray (passes, heads) or None
        Standard deviation of the scores of a prompt, of every pass, if one was given.
    """

    modulus: Reading
    real_part: Reading
    block_modulus: Reading
    block_real_part: Reading
    trace: Array
    balance: Array
    skew: Array
    beta: Array | None = None


def of_layers(layers: Iterable[Layer], heads: int) -> Heads:
    """The heads of these layers, each layer once."""
    once = list({id(layer): layer for layer in layers}.values())
    Q, K, V = (np.array([getattr(layer, name).reshape(heads, -1, len(layer.Q)) for layer in once]) for name in "QKV")
    O = np.array([np.moveaxis(layer.O.reshape(len(layer.O), heads, -1), 1, 0) for layer in once])  # noqa: E741
    h, dh = np.arange(heads), Q.shape[-2]
    at = h[:, None] * dh + np.arange(dh)
    blocks = tuple(np.take_along_axis(M, at[None, :, None, :].repeat(len(once), 0), axis=-1) for M in (Q, K, V))
    return measured(Q, K, V, O, blocks)


@equations("B Def 4.1")
def measured(Q: Array, K: Array, V: Array, O: Array, blocks: tuple[Array, ...]) -> Heads:  # noqa: E741
    """What matrices Q, K, V (..., d_h, d), O (..., d, d_h) and the blocks of the first three (..., d_h, d_h) are."""
    small = V @ O
    values, vectors = np.linalg.eig(small)
    trace = np.trace(small, axis1=-2, axis2=-1)
    A = Q @ np.swapaxes(K, -1, -2)
    square = np.sum((Q @ np.swapaxes(Q, -1, -2)) * (K @ np.swapaxes(K, -1, -2)), axis=(-2, -1))  # |Q^T K|^2
    turned = np.sum(A * np.swapaxes(A, -1, -2), axis=(-2, -1))  # <Q^T K, K^T Q>
    q, k, v = blocks
    modulus, real_part = _leading(Q @ O, K @ O, values, vectors, np.swapaxes(O, -1, -2) @ O)
    return Heads(
        modulus, real_part, *readings(q, k, v, None), trace, trace / np.abs(values).sum(axis=-1),
        0.5 * (1.0 - turned / square),
    )  # fmt: skip


def readings(Q: Array, K: Array, V: Array, metric: Array | None) -> tuple[Reading, Reading]:
    """Leading by modulus, and by real part, of V (..., m, m); |phi|^2 is u^T metric u."""
    return _leading(Q, K, *np.linalg.eig(V), metric)


def _leading(Q: Array, K: Array, w: Array, u: Array, metric: Array | None) -> tuple[Reading, Reading]:
    """The same by V's eigenvalues w (..., m) and their vectors."""
    size = np.abs(w).max(axis=-1, keepdims=True)
    return _reading(Q, K, w, u, size, np.abs(w), metric), _reading(Q, K, w, u, size, w.real, metric)


def _reading(Q: Array, K: Array, w: Array, u: Array, size: Array, rank: Array, metric: Array | None) -> Reading:
    """The eigenvalue of largest rank; of a pair that with imaginary part >= 0."""
    w = w.astype(complex)
    same = rank >= rank.max(axis=-1, keepdims=True) - SAME * size
    at = np.where(same, w.real + 1e-3 * SAME * np.sign(w.imag) * size, -np.inf).argmax(axis=-1)[..., None]
    value = np.take_along_axis(w, at, axis=-1)[..., 0]
    alone = same.sum(axis=-1) == 1
    phi = np.take_along_axis(u, at[..., None, :], axis=-1)[..., 0].real
    long = np.sum(phi * phi, axis=-1) if metric is None else _form(phi, metric, phi)
    score = np.sum(_times(Q, phi) * _times(K, phi), axis=-1) / np.where(long > 0.0, long, 1.0)
    known = alone & (value.imag == 0.0)
    return Reading(value, known & (value.real > 0.0), np.where(known, score, np.nan))


def _times(M: Array, x: Array) -> Array:
    return np.asarray(np.einsum("...ij,...j->...i", M, x))


def _form(x: Array, M: Any, y: Array) -> Array:
    return np.asarray(np.sum(x * _times(M, y), axis=-1))
