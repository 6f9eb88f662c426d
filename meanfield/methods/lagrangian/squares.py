"""Square panels of labels with tensor Gauss nodes: what a polynomial on them says, and their halves either way.

Arrays are (P, G, G, ...): P panels, the nodes along the first and the second label, what is there.  The rules of one
direction are those of `panels`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import legendre

from meanfield.methods.lagrangian import panels
from meanfield.methods.lagrangian.panels import DERIVATIVE, ENDS, GAUSS, HALVES, OMEGA, TO_SERIES, XI
from meanfield.protocols import Array
from meanfield.tools.settings import register
from meanfield.tools.shown import Shown

NODES = GAUSS * GAUSS
"""Nodes of a panel."""
CELL = OMEGA[:, None] * OMEGA
"""(G, G) weights of a panel's nodes, of sum 4."""
SLOPE = legendre.legvander(XI, GAUSS - 1) @ DERIVATIVE.T @ TO_SERIES
"""(G, G): node values -> the derivative's."""
AXES = (0, 1)


def along(matrix: Array, values: Array, axis: int) -> Array:
    """A matrix (m, G) applied to panels (P, G, G, ...) along the first or the second label."""
    return np.moveaxis(np.tensordot(values, matrix, (1 + axis, 1)), -1, 1 + axis)


def tails(values: Array) -> Array:
    """(P, 2) how far polynomials are from resolving panels (P, G, G, k) along each label (`panels.telling`)."""
    return np.stack([panels.telling(np.moveaxis(values, 1 + i, -1)).max(axis=(1, 2), initial=0.0) for i in AXES], -1)


def widths(values: Array) -> Array:
    """(P, 2) the longest way from one edge of a panel's image to the other, along each label."""
    ends = [along(ENDS, values, i) for i in AXES]
    ways = [np.linalg.norm(np.take(e, 1, 1 + i) - np.take(e, 0, 1 + i), axis=-1) for i, e in enumerate(ends)]
    return np.stack([way.max(axis=-1, initial=0.0) for way in ways], axis=-1)


def halved(values: Array, which: Array, axis: int) -> Array:
    """(P', G, G, ...) with the panels of the mask (P,) replaced by their two halves along one label, in order."""
    out = np.repeat(values, np.where(which, 2, 1), axis=0)
    first = _first(which)
    for side in (0, 1):
        out[first + side] = along(HALVES[side], values[which], axis)
    return out


def each(which: Array) -> Iterator[tuple[int, Array]]:
    """A mask (P, 2) label by label: (axis, mask of the panels as they are once the labels before it were halved)."""
    for axis in AXES:
        yield axis, which[:, axis]
        which = np.repeat(which, np.where(which[:, axis], 2, 1), axis=0)


def _first(which: Array) -> Array:
    """Where the first halves are, afterwards."""
    return np.asarray(np.cumsum(np.where(which, 2, 1))[which] - 2)


def series(values: Array) -> Array:
    """Node values (P, G, G, ...) -> Legendre coefficients of both labels."""
    return along(TO_SERIES, along(TO_SERIES, values, 0), 1)


@register(name="label-panels")
@dataclass(frozen=True, eq=False)
class Sheet(Shown, panels.Gathering):
    """Panels that cover an atlas.

    Attributes
    ----------
    face : ndarray of int (P,)
        On which face of the atlas a panel lies.
    mid, half : ndarray (P, 2)
        Its centre and its half lengths, in labels.
    atom : ndarray of int (P,)
        The atom it has become part of, or -1.
    """

    face: Array
    mid: Array
    half: Array
    atom: Array

    @classmethod
    def begun(cls, faces: int, side: int) -> Sheet:
        """side^2 equal panels on every face."""
        centres = -1.0 + (2.0 * np.arange(side) + 1.0) / side
        mid = np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1).reshape(-1, 2)
        P = faces * side * side
        face = np.repeat(np.arange(faces), side * side)
        return cls(face, np.tile(mid, (faces, 1)), np.full((P, 2), 1.0 / side), np.full(P, -1))

    @property
    def points(self) -> int:
        """Nodes of the live panels, and atoms."""
        return self.count[0] * NODES + self.count[1]

    @cached_property
    def labels(self) -> Array:
        """(P, G, G, 2) labels of the nodes of all panels."""
        u, v = (self.mid[:, i, None] + self.half[:, i, None] * XI for i in AXES)
        return np.stack(np.broadcast_arrays(u[:, :, None], v[:, None, :]), axis=-1)

    def halved(self, which: Array, axis: int) -> Sheet:
        """The same with the panels of the mask (P,) halved along one label."""
        count = np.where(which, 2, 1)
        face, mid, half, atom = (np.repeat(a, count, axis=0) for a in (self.face, self.mid, self.half, self.atom))
        first = _first(which)
        for side, way in enumerate((-0.5, 0.5)):
            half[first + side, axis] = 0.5 * self.half[which, axis]
            mid[first + side, axis] = self.mid[which, axis] + way * self.half[which, axis]
        return Sheet(face, mid, half, atom)

    def holding(self, face: Array, labels: Array) -> Array:
        """(n,) the panel in which labels (n, 2) of faces (n,) lie."""
        out = np.zeros(len(face), dtype=np.int64)
        for p, (on, mid, half) in enumerate(zip(self.face, self.mid, self.half, strict=True)):
            out[(face == on) & (np.abs(labels - mid) <= half * (1.0 + 1e-12)).all(axis=-1)] = p
        return out
