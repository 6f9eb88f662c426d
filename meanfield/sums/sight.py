"""Who sees whom: weights of pairs, told tile by tile as what is added to scores.

A sight is asked for rows i and columns j (slices of the measure's own points) and answers with a tile (rows, columns),
log w_ij, -inf where i does not see j; memory stays that of a tile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meanfield.protocols import Array

__all__ = ["Masked", "Past"]


@dataclass(frozen=True)
class Past:
    """Point i sees the points j <= i: the mean of those (C (CSA))."""

    def bias(self, i: slice, j: slice) -> Array | None:
        """0 where j <= i, -inf elsewhere; None where all are seen."""
        if j.stop <= i.start + 1:
            return None
        rows, columns = np.arange(i.start, i.stop)[:, None], np.arange(j.start, j.stop)
        return np.where(columns <= rows, 0.0, -np.inf)

    def seen(self, weights: Array) -> Array:
        """(..., n) the mass that each point sees."""
        return np.cumsum(weights, axis=-1)


@dataclass(frozen=True, eq=False)
class Masked:
    """Point i sees j with weight A[i, j] >= 0: a mean over what it sees, or (`per_row` False) a sum as it is."""

    A: Array
    per_row: bool = True

    def bias(self, i: slice, j: slice) -> Array | None:
        """log A."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.A[i, j]))

    def seen(self, weights: Array) -> Array:
        """(..., n) the mass that each point sees; 1 where it counts as it is."""
        return weights @ self.A.T if self.per_row else np.ones_like(weights)
