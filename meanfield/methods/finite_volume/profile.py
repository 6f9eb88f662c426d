"""Cell averages along their line: extrema, and clusters' masses, centres and widths."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.clustering.basins import Profile
from meanfield.protocols import Array


class InCells(Profile):
    """The density in the cells, at their centres."""

    def __init__(self, mu: Any) -> None:
        if mu.weights.ndim != 1:
            raise ValueError(f"mu: got {len(mu.weights)} densities at once, wanted one: ask sol(t), or sol.densities")
        self.mu, self.place = mu, mu.geometry
        self.grid, self.values = mu.grid.centres, mu.density

    def nodes(self) -> Array:
        """Centres of the cells."""
        return self.grid

    def turning(self, i: int, sign: float) -> tuple[float, float]:
        """The centre of the cell: nothing is known within it."""
        return float(self.grid[i]), float(self.values[i])

    def masses(self, ends: Array) -> Array:
        """By the distribution function."""
        return np.diff(self.mu.below(ends))

    def shapes(self, ends: Array, gap: float) -> tuple[Array, Array, Array]:
        """Of the parts of cells between the ends: each at its middle, and of its own width besides."""
        inner = self.mu.grid.edges[:-1] if self.place.turn else self.mu.grid.edges[1:-1]
        cuts = np.unique(np.concatenate([ends, self.place.near(inner, ends[0])]))
        q, w, wide = 0.5 * (cuts[1:] + cuts[:-1]), np.diff(self.mu.below(cuts)), np.diff(cuts)
        owner, m = self.owners(ends, q), len(ends) - 1
        centres = self.place.centres(q, w + np.finfo(float).tiny, owner)[0]
        mass = np.bincount(owner, weights=w, minlength=m)
        square = self.place.distance(centres[owner], q) ** 2 + wide**2 / 12.0
        widths = np.sqrt(np.bincount(owner, weights=w * square, minlength=m) / np.where(mass > 0.0, mass, 1.0))
        return self.place.line(centres)[1], widths, self.near(ends, centres, gap, self.mu.below)
