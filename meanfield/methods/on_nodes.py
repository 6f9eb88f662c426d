"""A density's answers, at the nodes of a plan, to a kernel that has few harmonics in both points."""

from __future__ import annotations

import numpy as np

from meanfield.protocols import Array, Reading, Space
from meanfield.spaces.coefficients import laid
from meanfield.spaces.fields import Z_FLOOR, floored
from meanfield.sums.twofold import Twofold, carried

AGAIN, SMALL = 3, 1 << 18
"""When a kernel is asked for so many times, and the plan's nodes and the few of y are at most so many pairs, one matrix
between them serves from then on."""


class OnNodes:
    """A kernel laid out twice, between coefficients of a space and values at a plan's nodes.

    Parameters
    ----------
    both : Twofold or None
        The kernel; None of one that is not to be answered so, which is remembered.
    space, grid : Space
        Of the coefficients, and of the nodes.
    """

    def __init__(self, both: Twofold | None, space: Space, grid: Space) -> None:
        self.able, self.floors = both is not None, False
        self.stage = 0  # when it was used last
        if both is not None:
            self._both, self._grid, self._g = both, grid, both.level(grid.rows)
            self._whole: Array | None = None
            self._times = 0
            self._in, self._out = carried(space, both.source), None if both.nodes else carried(both.target, grid)
            self._faint = both.kernel.range >= -np.log(Z_FLOOR)

    def fields(self, c: Array) -> Array:
        """(..., 1 + d, N) e^{-g} Z and e^{-g} M at the nodes; of several densities one after the other."""
        if c.ndim > 1:
            each = np.stack([self.fields(one) for one in c.reshape(-1, c.shape[-1])])
            return each.reshape(*c.shape[:-1], *each.shape[1:])
        self._times += 1
        if self._times == AGAIN and len(self._g) * len(self._both.source.weights) <= SMALL:
            self._whole = self._raised(self._both.matrix().T).T
        few = laid(self._in, c)
        if self._whole is not None:
            return np.asarray((self._whole @ self._both.masses(few)).T)
        return self._raised(self._both(few))

    def _raised(self, told: Array) -> Array:
        """Values (..., N') at the few nodes -> at the plan's, by their harmonics."""
        if self._out is None:
            return told
        return np.asarray(self._grid.evaluate(laid(self._out, self._both.target.analyse(told))))

    def read(self, c: Array, want: str, V: Array | None) -> Reading:
        """The answer; Z is floored as that of every density, for SA divides by it."""
        told = self.fields(c)
        if self._faint and "Z" in want:
            self.floors = True
            floored(told[..., 0, :])
        return self._both.reading(told, self._g, want, V)

    def low(self, c: Array) -> Array:
        """(..., N) where Z is floored."""
        Z = self.fields(c)[..., 0, :]
        return np.asarray(Z_FLOOR * Z.max(axis=-1, keepdims=True) >= Z)
