"""Positions and something beside them, velocities or headings: a product of two geometries."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.protocols import Array, Geometry
from meanfield.tools import inputs
from meanfield.tools.settings import register


class Halved(Geometry):
    """Rows (..., n, 2 d) of which the first half lives in one geometry of rows and the second in another.

    Attributes
    ----------
    first, second : Geometry
        Which.
    """

    first: Geometry
    second: Geometry

    @property
    def reach(self) -> float:  # type: ignore[override]
        """(a^2 + b^2)^{1/2} of both."""
        return math.hypot(self.first.reach, self.second.reach)

    # --- positions ----------------------------------------------------------------------------------------

    def check(self, name: str, value: Any) -> Array:
        """Rows of an even number of components, each half as its geometry takes it."""
        q = inputs.array(name, value)
        if q.ndim < 2 or q.shape[-1] % 2 or q.shape[-1] == 0:
            came = inputs.describe(value)
            remedy = "Join the two along the last axis, numpy.concatenate([x, v], axis=-1)."
            raise ValueError(inputs.message(name, "rows (..., n, 2 d), d components of each kind", came, remedy))
        d = q.shape[-1] // 2
        parts = (("first", self.first, q[..., :d]), ("second", self.second, q[..., d:]))
        return joined(*(part.check(f"{name} (the {which} {d} components)", half) for which, part, half in parts))

    # --- motion -------------------------------------------------------------------------------------------

    def retract(self, q: Array) -> Array:
        """Each half."""
        a, b = halves(q)
        return joined(self.first.retract(a), self.second.retract(b))

    def project(self, q: Array, v: Array) -> Array:
        """Each half."""
        (a, b), (u, w) = halves(q), halves(v)
        return joined(self.first.project(a, u), self.second.project(b, w))

    # --- distances ----------------------------------------------------------------------------------------

    def chord(self, p: Array, q: Array) -> Array:
        """The distance itself, which has all its digits already."""
        (a, b), (u, w) = halves(p), halves(q)
        return np.asarray(np.hypot(self.first.distance(a, u), self.second.distance(b, w)))

    def straight(self, distance: float) -> float:
        """Rows no further apart than this, straight, are no further apart than the distance."""
        return min(part.straight(min(distance, part.reach)) for part in (self.first, self.second))

    # --- several as one -----------------------------------------------------------------------------------

    def centres(self, q: Array, w: Array, labels: Array) -> tuple[Array, Array]:
        """Of each half."""
        a, b = halves(q)
        centre, masses = self.first.centres(a, w, labels)
        return joined(centre, self.second.centres(b, w, labels)[0]), masses


@register(name="geometry-product")
@dataclass(frozen=True)
class Product(Halved):
    """Rows (..., n, 2 d): d components that live in one geometry of rows, then d that live in another.

    Its distance is (a^2 + b^2)^{1/2} of the distances a and b in the two; points here do not merge.

    Parameters
    ----------
    first, second : Geometry
        Of rows: `FLAT` or `ROWS`.

    Raises
    ------
    TypeError
        For what is no geometry, and for one whose positions are numbers.

    Examples
    --------
    >>> from meanfield.geometry import FLAT, ROWS, Product
    >>> Product(FLAT, ROWS).retract(np.array([[5.0, 5.0, 3.0, 4.0]])).tolist()
    [[5.0, 5.0, 0.6, 0.8]]
    """

    first: Geometry
    second: Geometry
    name = "product"
    told = "rows (n, 2 d), d components of each kind,"

    def __post_init__(self) -> None:
        for name in ("first", "second"):
            part = getattr(self, name)
            if not isinstance(part, Geometry) or part.axes != 2:
                came = inputs.describe(part)
                raise TypeError(inputs.message(name, "a geometry of rows", came, "Give FLAT or ROWS."))


def halves(q: Array) -> tuple[Array, Array]:
    """The first d and the last d components of rows (..., n, 2 d)."""
    d = q.shape[-1] // 2
    return q[..., :d], q[..., d:]


def joined(a: Array, b: Array) -> Array:
    """Rows (..., n, 2 d) of two halves."""
    return np.concatenate([a, b], axis=-1)
