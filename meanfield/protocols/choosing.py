"""Laws that jump: what a token's leaders are chosen by."""

from __future__ import annotations

from meanfield.protocols.array import Array
from meanfield.protocols.measure import Measure
from meanfield.tools.shown import Shown


class Choosing(Shown):
    """A term of a law whose velocity at a token is a mean over its leaders, those of largest score for it, and so jumps
    where another comes to lead.  A run lands on that moment, and holds the leaders between two of them."""

    first: bool = False
    """Of several leaders, where solutions branch, the lowest index is followed; else equal shares."""
    tie: float = 0.0
    """How far below the largest a score counts as largest."""

    def scores(self, t: float, mu: Measure) -> tuple[Array, Array]:
        """(..., n, n) the score of own point j for i, -inf where i does not see it; and by how much it may be wrong."""
        raise TypeError(f"{type(self).__name__} does not say its scores")

    def rates(self, t: float, mu: Measure, v: Array) -> Array:
        """(..., n, n) d/dt of the scores where the own points move at v (..., n, d), rows; linear in v."""
        raise TypeError(f"{type(self).__name__} does not say the rates of its scores")

    def masses(self, t: float, mu: Measure) -> Array:
        """(..., n, n) log of what i counts j for among its leaders."""
        raise TypeError(f"{type(self).__name__} does not say its masses")
