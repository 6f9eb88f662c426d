r"""Sums of kernels that have few harmonics in both points: by few nodes of y, at few nodes of x.

Of e^{s(x, y)}, s = <A x, y>, a measure's harmonics beyond the kernel's bandwidth K, and one more for the values y, are
nothing.  So

    int e^{s - g(x)} (1, y) dmu(y) = sum_j w_j rho(y_j) e^{s(x, y_j) - g(x)} (1, y_j)

over the nodes y_j of a quadrature for products of degree K + 1, with rho the part of mu up to that degree: exactly, but
for rounding.  And with g the kernel's `level` they have few harmonics in x: they are asked at as few nodes x_i, whose
coefficients tell them everywhere else.  N points or nodes cost N K, or N log N, and the kernel's values at pairs
(x_i, y_j) serve for ever while the matrices stay.

The error is absolute in e^{g}: where the mass is opposite to A x, Z is e^{-2 |A x|} of its largest, and SA's quotient
loses 2 |A x| / 2.3 digits there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from meanfield.protocols import Array, Kernel, Reading, Space
from meanfield.spaces.coefficients import products, shared
from meanfield.tools.remembered import remembered

KEPT = 1 << 23
"""Pairs whose values are kept (64 MB); more are made anew, in blocks, each time."""
BLOCK = 1 << 18
"""Pairs of a block."""

SIZES = 32
"""Spaces and pairs of spaces remembered, with their nodes: a law that changes asks for the same again and again."""


@remembered(SIZES)
def sized(space: Space, size: int) -> Any:
    """The space at another size."""
    return space.resized(size)


@remembered(SIZES)
def carried(old: Any, new: Any) -> tuple[Array, Array, int]:
    """Which coefficients of one space are which of another."""
    return shared(old, new)


class Twofold:
    """A kernel laid out on few nodes of a space, twice.

    Parameters
    ----------
    space : Space
        Any of the sphere's with rows: its family, at two sizes of its own.
    kernel : Kernel
        That has a `level`.
    level : Level
        That.
    grid : Space, optional
        Where alone it is asked: at all nodes of this one, if these are not more than what harmonics of x take.

    Attributes
    ----------
    source, target : Space
        Whose coefficients come, and at whose nodes it is asked.
    nodes : bool
        Whether these are the grid's.
    """

    def __init__(self, space: Space, kernel: Kernel, level: Any, grid: Any = None) -> None:
        self.kernel, self.level = kernel, level
        self.source = sized(space, products(space, level.width + 1))
        self.target = sized(space, products(space, level.degree + 1))
        self.nodes = grid is not None and len(grid.weights) <= len(self.target.weights)
        if self.nodes:
            self.target = grid
        self.pairs = len(self.source.weights) * len(self.target.weights)
        self._values: list[Array] | None = None

    @cached_property
    def _kinds(self) -> Array:
        """(N, 1 + d) what each of its nodes y counts for: 1 and y, times the quadrature's weight."""
        return np.asarray(self.source.weights[:, None] * np.insert(self.source.rows, 0, 1.0, axis=1))

    def masses(self, c: Array) -> Array:
        """c (..., M) of the source -> (..., N, 1 + d), w rho (1, y) at its nodes."""
        return np.asarray(self.source.evaluate(c)[..., None] * self._kinds)

    def __call__(self, c: Array) -> Array:
        """c (..., M) of the source -> e^{-g} Z and e^{-g} M at the target's nodes, (..., 1 + d, N)."""
        mass = self.masses(c)
        told = np.concatenate([E @ mass for E in self._blocks()], axis=-2)
        return np.moveaxis(told, -1, -2)

    def matrix(self) -> Array:
        """(N, N') values e^{s - g} of the target's nodes and the source's."""
        return np.concatenate(list(self._blocks()))

    def reading(self, fields: Array, g: Array, want: str, V: Array | None) -> Reading:
        """The answer from the fields at rows (..., 1 + d, n), and their level g (..., n), with values V y."""
        Z = fields[..., 0, :, None] if "Z" in want else None
        M = np.moveaxis(fields[..., 1:, :], -2, -1) if "M" in want else None
        return Reading(Z, M if M is None or V is None else M @ V.T, None, g[..., None])

    def _blocks(self) -> Iterator[Array]:
        """Values e^{s - g} of all pairs, some rows at a time."""
        if self._values is not None:
            return iter(self._values)
        if self.pairs > KEPT:
            return self._made()
        self._values = list(self._made())
        return iter(self._values)

    def _made(self) -> Iterator[Array]:
        x, y = self.target.rows, self.source.rows
        many = max(1, BLOCK // len(y))
        for first in range(0, len(x), many):
            at = x[first : first + many]
            s = self.kernel.log(at, y)
            s -= self.level(at)[:, None]
            yield np.exp(s, out=s)


def twofold(both: Twofold, space: Space, q: Array, weights: Array, x: Array, want: str, V: Array | None) -> Reading:
    """The answer at rows x (..., p, d) of the measure sum_j weights_j delta_{q_j}.

    Parameters
    ----------
    both : Twofold
        The kernel, laid out.
    space : Space
        Any of its family.
    q, weights : ndarray (..., n)
        Coordinates and masses.
    x : ndarray (..., p, d)
        Where to answer.
    want : str
        Letters among "Z" and "M".
    V : ndarray (m, d), optional
        Values V y.

    Returns
    -------
    Reading
        M in rows, all of it; log is the level at x.
    """
    c = space.project(q, weights, int(both.source.degrees.max()))
    fields = both.target.fields(np.moveaxis(both.target.analyse(both(c)), -2, 0), None, space.chart(x))[0]
    return both.reading(np.moveaxis(fields, 0, -2), both.level(x), want, V)
