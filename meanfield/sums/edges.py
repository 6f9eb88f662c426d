"""Sums over the edges of a sparse graph: O(edges d), where a dense graph takes all pairs."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy

from meanfield.protocols import Array, Bilinear, Kernel, Reading, Sight
from meanfield.sums.scores import moderate, refuse_unpaired, sharp
from meanfield.sums.sight import Masked, refuse_blind, refuse_negative
from meanfield.tools import inputs
from meanfield.tools.alarm import look
from meanfield.tools.settings import MAX_ELEMENTS, register
from meanfield.tools.shown import Shown

__all__ = ["Edges", "Linked", "along", "graph", "held", "savable", "symmetric"]

BLOCK = 1 << 18
"""Numbers held at once, over replicas, edges and dimensions."""


@register(name="graph-edges")
@dataclass(frozen=True, eq=False)
class Edges(Shown):
    """A sparse matrix (n, n) of weights > 0, as settings hold it: row by row.

    Attributes
    ----------
    starts : ndarray of int (n + 1,)
        Where each row begins.
    columns : ndarray of int (m,)
        Whom it sees, in rising order.
    weights : ndarray (m,)
        How much.
    """

    starts: Array
    columns: Array
    weights: Array

    @classmethod
    def of(cls, A: Any) -> Edges:
        """Of a scipy.sparse matrix, checked; entries that stand twice are added, zeros left out."""
        if len(A.shape) != 2:
            raise ValueError(f"A: got shape {A.shape}, wanted (n, n), a row and a column for every point")
        if A.dtype.kind == "c":
            raise TypeError(f"A: got complex weights ({A.dtype}), wanted real ones: take A.real or abs(A)")
        # before those that stand twice are added: small integers would wrap
        rows = scipy.sparse.csr_array(A.astype(float), copy=True)
        if rows.ndim != 2 or rows.shape[0] != rows.shape[1]:
            raise ValueError(f"A: got shape {rows.shape}, wanted (n, n), a row and a column for every point")
        rows.sum_duplicates()
        rows.data = inputs.array("A", rows.data, nonempty=False)
        rows.eliminate_zeros()
        refuse_negative(rows.data)
        return cls(rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data)

    @property
    def n(self) -> int:
        """Points."""
        return len(self.starts) - 1

    @property
    def shape(self) -> tuple[int, int]:
        """As of a matrix."""
        return self.n, self.n

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Edges) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[bytes, ...]:
        return tuple(part.tobytes() for part in (self.starts, self.columns, self.weights))

    @cached_property
    def rows(self) -> Array:
        """(m,) who sees."""
        return np.repeat(np.arange(self.n), np.diff(self.starts))

    @cached_property
    def matrix(self) -> Any:
        """The same for scipy."""
        return scipy.sparse.csr_array((self.weights, self.columns, self.starts), shape=self.shape)


@dataclass(frozen=True, eq=False)
class Linked(Sight):
    """Point i sees j with the weight of their edge; a mean over what is seen, or a sum as it is."""

    A: Edges
    per_row: bool = True

    def __post_init__(self) -> None:
        if inputs.flag("per_row", self.per_row):
            refuse_blind(np.diff(self.A.starts) > 0)

    def bias(self, i: slice, j: slice) -> Array:
        """log A."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.A.matrix[i, j].toarray()))

    def edges(self) -> Edges:
        """All of them."""
        return self.A

    def seen(self, weights: Array) -> Array:
        """(..., n) the mass that each point sees; 1 where it counts as it is."""
        if not self.per_row:
            return np.ones_like(weights)
        flat = weights.reshape(-1, self.A.n)
        return np.asarray((self.A.matrix @ flat.T).T.reshape(weights.shape))

    def fits(self, n: int) -> None:
        """Refuse points of another number than the graph's."""
        if self.A.n != n:
            raise ValueError(f"A: got shape {self.A.shape}, wanted ({n}, {n}), a row and a column for every point")


def held(A: Any) -> Any:
    """A graph as settings hold it: a frozen array, or edges of what is sparse; True where i sees j is 1."""
    if isinstance(A, Edges):
        return A
    if scipy.sparse.issparse(A):
        return Edges.of(A)
    rows = isinstance(A, list | tuple) and all(isinstance(row, list | tuple) for row in A)
    if rows and all(isinstance(a, bool) for row in A for a in row):
        A = np.array(A)
    seen = isinstance(A, np.ndarray) and A.dtype.kind == "b"
    return inputs.matrix("A", A.astype(float) if seen else A)


def graph(A: Any, per_row: bool = True) -> Sight:
    """Who sees whom by a graph, checked (see `Points.masked`); a sight as it is."""
    if isinstance(A, Sight):
        return A
    A = held(A)
    return Linked(A, per_row) if isinstance(A, Edges) else Masked(A, per_row)


def savable(A: Any) -> Any:
    """A graph that a file takes with its law: one of too many weights as edges, or told to be none before it is run."""
    if isinstance(A, Edges) or A.size <= MAX_ELEMENTS:
        return A
    if (edges := np.count_nonzero(A)) <= MAX_ELEMENTS:
        return Edges.of(scipy.sparse.csr_array(A))
    warnings.warn(
        f"A: {edges} weights are more than a file takes with a law (2^20): runs under it cannot be saved or kept by "
        "checkpoint=; leave weak edges out, as np.where(A > 1e-3, A, 0.0), or save run.t and run.x by numpy.savez",
        RuntimeWarning,
        stacklevel=4,
    )
    return A


def symmetric(A: Any) -> bool:
    """Whether a graph, as `held` has it, is its transpose to the last bit."""
    if isinstance(A, Edges):
        return (A.matrix != A.matrix.T).nnz == 0
    return bool(np.array_equal(A, A.T))


def along(
    kernel: Kernel, x: Array, weights: Array, want: str, edges: Edges, V: Array | None = None, tangent: bool = False
) -> Reading:
    """What points x see of one another along edges: Z and M as `direct` has them with the graph as its sight.

    Parameters
    ----------
    kernel : Kernel
        Without a share.
    x : ndarray (..., n, d)
        Rows.
    weights : ndarray (..., n)
        Masses; zero and negative ones are permitted.
    want : str
        Letters among "Z" and "M".
    edges : Edges
        Of these n points.
    V : ndarray (m, d), optional
        Values V y.
    tangent : bool
        Of M only the part orthogonal to x is wanted: a point's own term is left out.

    Returns
    -------
    Reading
        Z (..., n, 1), M (..., n, m), log (..., n, 1).
    """
    lead, (n, d) = weights.shape[:-1], x.shape[-2:]
    R = math.prod(lead)
    x = np.broadcast_to(x, (*lead, n, d)).reshape(R, n, d)
    w = weights.reshape(R, n)
    values = x if V is None else x @ V.T
    bilinear = isinstance(kernel, Bilinear)
    if not bilinear:
        refuse_unpaired(kernel, d)
    a, b = kernel.factors(x, x) if isinstance(kernel, Bilinear) else (x, x)
    peak = sharp(kernel, x, x)
    exponent = None
    if not moderate(w):
        with np.errstate(divide="ignore"):
            exponent, w = np.log(np.abs(w)), np.sign(w)
    log, Z, M = np.zeros((R, n, 1)), np.zeros((R, n, 1)), np.zeros((R, n, values.shape[-1]))
    with np.errstate(divide="ignore"):
        bias = np.log(edges.weights)
    for i, of, starts in _runs(edges, R * max(d, values.shape[-1])):
        look()
        row, j = edges.rows[of], edges.columns[of]
        if peak is not None:  # below s(x, x), from differences
            gap = x[:, row] - x[:, j]
            s = -0.5 * peak * np.einsum("red,red->re", gap, gap)
        elif bilinear:
            s = np.einsum("red,red->re", a[:, row], b[:, j])
        else:
            s = np.asarray(kernel.log(x[:, row, None], x[:, j, None]), dtype=float)[..., 0, 0]
        s += bias[of]
        if exponent is not None:
            s += exponent[:, j]
        top = np.maximum.reduceat(s, starts, axis=1)
        top[np.isneginf(top)] = 0.0
        if peak is not None:
            np.ceil(top, out=top)
        e = np.exp(s - np.repeat(top, np.diff(np.append(starts, len(row))), axis=1)) * w[:, j]
        log[:, i, 0] = top + (peak or 0.0)
        Z[:, i, 0] = np.add.reduceat(e, starts, axis=1)
        if "M" in want:
            if tangent:
                e[:, row == j] = 0.0
            M[:, i] = np.add.reduceat(e[..., None] * values[:, j], starts, axis=1)
    shaped = (part.reshape(*lead, *part.shape[1:]) for part in (Z, M, log))
    Z, M, log = shaped
    return Reading(Z if "Z" in want else None, M if "M" in want else None, None, log)


def _runs(edges: Edges, width: int) -> Iterator[tuple[Array, slice, Array]]:
    """Rows that have edges, as many at once as `BLOCK` permits; their edges; and where in these each row begins."""
    most = max(1, BLOCK // max(width, 1))
    some = np.flatnonzero(np.diff(edges.starts))
    first = 0
    while first < len(some):
        begin = edges.starts[some[first]]
        last = int(np.searchsorted(edges.starts[some + 1], begin + most, side="right"))
        last = max(last, first + 1)
        i = some[first:last]
        yield i, slice(int(begin), int(edges.starts[i[-1] + 1])), edges.starts[i] - begin
        first = last
