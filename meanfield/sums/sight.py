"""Who sees whom: weights of pairs, told tile by tile as what is added to scores.

A sight is asked for rows i and columns j (slices of the measure's own points) and answers with a tile (rows, columns),
log w_ij, -inf where i does not see j; memory stays that of a tile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from meanfield.protocols import Array, Sight
from meanfield.tools import inputs

__all__ = ["Masked", "Past", "Until"]


FIRST = 16
"""The first tile of the past; the next ones are as long as all before, to the size of a tile."""


@dataclass(frozen=True)
class Past(Sight):
    """Point i sees the points j <= i: the mean of those (C (CSA)).

    The tiles, their order and the unit of mass are those of the first points, whoever comes later: so are the bits.
    """

    running = True

    def bias(self, i: slice, j: slice) -> Array | None:
        """0 where j <= i, -inf elsewhere; None where all are seen."""
        if j.stop <= i.start + 1:
            return None
        rows, columns = np.arange(i.start, i.stop)[:, None], np.arange(j.start, j.stop)
        return np.where(columns <= rows, 0.0, -np.inf)

    def seen(self, weights: Array) -> Array:
        """(..., n) the mass that each point sees."""
        return np.cumsum(weights, axis=-1)

    def unit(self, weights: Array) -> Array:
        """(..., 1) the first weight, if it is one."""
        first = weights[..., :1]
        return np.where(first > 0.0, first, 1.0)

    def reach(self, i: slice) -> int:
        """Nobody behind the last of them."""
        return int(i.stop)

    def cuts(self, n: int, most: int) -> list[slice]:
        """0, 16, 32, 64, 128, ..., then as long as a tile may be."""
        edges = [0, min(FIRST, most)]
        while edges[-1] < n:
            edges.append(edges[-1] + min(edges[-1], most))
        return [slice(a, b) for a, b in pairwise(edges)]


@dataclass(frozen=True, eq=False)
class Until(Sight):
    """Point i of some others sees the points j <= last[i], as a sum."""

    last: Array

    def bias(self, i: slice, j: slice) -> Array:
        """0 where j <= last[i], -inf elsewhere."""
        return np.where(np.arange(j.start, j.stop) <= self.last[i, None], 0.0, -np.inf)


@dataclass(frozen=True, eq=False)
class Masked(Sight):
    """Point i sees j with weight A[i, j] >= 0, checked once: a law whose graph stays makes it once and masks by it.

    Parameters
    ----------
    A : array (n, n)
        Weights of a graph.
    per_row : bool
        A mean over what is seen, divided by sum_j weights_j A[i, j]; or a sum as it is.

    Raises
    ------
    ValueError
        For a negative weight; of means, for a row without any.
    """

    A: Any
    per_row: bool = True
    log: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        A = inputs.matrix("A", self.A)
        if A.shape[0] != A.shape[1]:
            raise ValueError(f"A: got shape {A.shape}, wanted (n, n), a row and a column for every point")
        refuse_negative(A)
        if inputs.flag("per_row", self.per_row):
            refuse_blind(A.any(axis=1))
        object.__setattr__(self, "A", A)
        with np.errstate(divide="ignore"):
            object.__setattr__(self, "log", np.log(A))

    def bias(self, i: slice, j: slice) -> Array | None:
        """log A."""
        return self.log[i, j]

    def seen(self, weights: Array) -> Array:
        """(..., n) the mass that each point sees; 1 where it counts as it is."""
        return np.asarray(weights @ self.A.T if self.per_row else np.ones_like(weights))

    def fits(self, n: int) -> None:
        """Refuse points of another number than the graph's."""
        if len(self.A) != n:
            raise ValueError(f"A: got shape {self.A.shape}, wanted ({n}, {n}), a row and a column for every point")


def refuse_negative(weights: Array) -> None:
    """Refuse weights below 0."""
    if (weights < 0.0).any():
        least = f"{weights.min():.3g}"
        raise ValueError(f"A: got entries down to {least}, wanted weights >= 0: a sight has no negative part")


def refuse_blind(sees: Any) -> None:
    """Refuse a graph of means in which a point sees nobody."""
    if not sees.all():
        blind = int(np.flatnonzero(~sees)[0])
        raise ValueError(f"A: row {blind} is all zero, and a mean of nothing is none: let a point see itself")
