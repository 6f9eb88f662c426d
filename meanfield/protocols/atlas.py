"""Atlas: squares of labels that cover a space of two dimensions, for densities that are carried by a flow."""

from __future__ import annotations

from typing import Protocol

from meanfield.protocols.array import Array
from meanfield.protocols.member import wanted


class Atlas(Protocol):
    """Faces, each with labels (a, b) in [-1, 1]^2, that cover a space but for what they have in common."""

    faces: int
    """How many."""
    first: int
    """Panels to begin with along each side of a face."""

    @wanted
    def rows(self, face: Array, labels: Array) -> Array:
        """(..., d) rows at labels (..., 2) of the faces (...)."""
        ...

    @wanted
    def area(self, face: Array, labels: Array) -> Array:
        """(...) sigma's mass by da db there."""
        ...

    @wanted
    def within(self, rows: Array) -> tuple[Array, Array]:
        """Rows (..., d) -> their faces (...) and labels (..., 2)."""
        ...
