"""A density as points of a quadrature: as many as a kernel asks for, or, if it does not say, as are seen to hold."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from meanfield.measures.points import Points
from meanfield.protocols import Array, Kernel, Reading, Space
from meanfield.spaces.coefficients import integrating, recast
from meanfield.sums.scores import share_of

PLACES = 16
"""At which more points are asked, too, of a kernel that does not say its bandwidth."""
FINEST = 2**16
"""With at most so many points a kernel is looked at once, so that nothing wider than their distances is missed."""
REMEMBERED = 8
"""Kernels of which that is remembered."""


class Quadrature:
    """The nodes of a plan's grid, or of a finer one, as points.

    Parameters
    ----------
    grid : Space
        Of the plan: its nodes are made for products of degrees it holds.
    space : Space
        Of the coefficients.
    tolerance : float
        Of the tail: to so much of the largest Z the sums of twice as many points must be the same.
    """

    def __init__(self, grid: Any, space: Space, tolerance: float) -> None:
        self.grid, self.space, self.tolerance = grid, space, tolerance
        self._finer: dict[int, Any] = {}
        self._least: dict[Kernel, int] = {}
        self._points: dict[int, Points] = {}

    def open(self, c: Array) -> None:
        """Lay coefficients (M,) of the space out."""
        self._c, self._points = c, {}

    def points(self, kernel: Kernel, weights: Array) -> Points:
        """Points that integrate rho e^s y, given the masses (N,) at the grid's nodes."""
        if share_of(kernel) is not None:
            raise TypeError(
                f"{kernel}: what a score counts for depends on the points that are seen, of which a density has none: "
                "ask points drawn from it, mf.Points(rho.sample(1000, rng=0))"
            )
        return self._at(self._size(kernel, weights), weights)

    def _size(self, kernel: Kernel, weights: Array) -> int:
        if self.space.geometry.manifold == "sphere":  # elsewhere bandwidths, which are of unit vectors, say nothing
            with suppress(ValueError):  # it has none, or does not say
                return integrating(self.space, kernel.bandwidth(self.grid.d) + 1)
        return self._seen(kernel, weights)

    def _at(self, size: int, weights: Array) -> Points:
        size = max(size, int(self.grid.size))
        if size not in self._points:
            x, w = self.grid.rows, weights
            if size > self.grid.size:
                if size not in self._finer:
                    self._finer[size] = self.space.resized(size)
                fine = self._finer[size]
                x, w = fine.rows, fine.weights * fine.evaluate(recast(self.space, self._c, fine))
            x = np.broadcast_to(x, (*w.shape[:-1], *x.shape))
            self._points[size] = Points.trusted(x, w, self.space.geometry, "direct")
        return self._points[size]

    def _seen(self, kernel: Kernel, weights: Array) -> int:
        """Size that twice as many points confirm, of this state alone: a run that goes on finds the same."""
        if kernel not in self._least:
            self._least = dict(list(self._least.items())[1 - REMEMBERED :])
            self._least[kernel] = self._looked(kernel)
        at, reach = self._places()
        size, last = self._least[kernel], self._last()
        coarse = self._at(size, weights).read(kernel, at, "ZM")
        while True:
            fine = self._at(2 * size, weights).read(kernel, at, "ZM")
            off = _apart(coarse, fine, reach)
            if off <= self.tolerance:
                return size
            size, coarse = 2 * size, fine
            if 2 * size > last:
                raise self._refusal(kernel, off, size // 2, "twice as many")

    def _last(self) -> int:
        """The largest size that is asked."""
        return max(int(self.space.largest), 2 * int(self.grid.size))

    def _places(self) -> tuple[Array, float]:
        """Rows between the grid's own, and the largest of their entries: from the nodes of one grid all others of it
        lie at the same few distances."""
        rows = self.space.resized(2 * int(self.grid.size) + 2).rows
        at = rows[np.linspace(1, len(rows) - 2, min(PLACES, len(rows))).astype(int)]
        return at, float(np.abs(rows).max())

    def _looked(self, kernel: Kernel) -> int:
        """Size at which sums over the points alone are those over the finest ones: of the kernel, and no state.

        Off the sphere the points alone, without a density that falls to 0 at the ends, integrate nothing to rounding:
        there states are looked at, by twice as many points.
        """
        at, reach = self._places()
        size, last = int(self.grid.size), self._last()
        if self.space.geometry.manifold != "sphere":
            return size
        finest = 2 * size
        while 2 * finest <= last and len(self.space.resized(2 * finest).weights) <= FINEST:
            finest *= 2

        def summed(size: int) -> Reading:
            fine = self.space.resized(size)
            return Points.trusted(fine.rows, fine.weights, self.space.geometry, "direct").read(kernel, at, "ZM")

        fine = summed(finest)
        while size < finest:
            off = _apart(summed(size), fine, reach)
            if off <= self.tolerance:
                return size
            size *= 2
        raise self._refusal(kernel, off, size // 2, f"those of {self.space.resized(finest)}")

    def _refusal(self, kernel: Kernel, off: float, size: int, beside: str) -> ValueError:
        return ValueError(
            f"law: {kernel} does not say its bandwidth here, and its integrals over the density still change by "
            f"{off:.1e} of the largest (tolerance {self.tolerance:.1e}) between the quadrature points of "
            f"{self.space.resized(size)} and {beside}, as those of a kernel that jumps do: move points, "
            "pt.simulate(law, rho0.sample(1000, rng=0), t_span)"
        )


def _apart(one: Reading, two: Reading, reach: float) -> float:
    """The largest difference of two answers, as a share of the largest Z."""
    log = max(float(np.max(one.log)), float(np.max(two.log)))
    p, q = np.exp(one.log - log), np.exp(two.log - log)
    Z, M = (np.abs(a * p - b * q).max() for a, b in ((one.Z, two.Z), (one.M, two.M)))
    return float(max(Z, M / reach) / np.abs(two.Z * q).max())
