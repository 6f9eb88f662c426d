"""Points of R^d held by what they differ from centres, so that near ones are told apart to all digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.measures.points import Points
from meanfield.protocols import Array


@dataclass(frozen=True, eq=False, init=False)
class Parted(Points):
    """Points S (centre + near), rows; those of one group have the same centre.

    Attributes
    ----------
    near, centre : ndarray (..., n, d)
        In the coordinates of the basis S.
    group : ndarray of int (..., n)
        The lowest point of each one's group.
    """

    near: Any = None
    centre: Any = None
    group: Any = None

    def changed(self, **new: Any) -> Any:
        """The same; other points are held as they come."""
        if "points" not in new:
            return super().changed(**new)
        kept = {name: getattr(self, name) for name in ("weights", "geometry", "field", "sight", "unit", "counted")}
        return Points.trusted(**(kept | new))

    @property
    def differences(self) -> tuple[Array, Array, Array]:
        """near, centre and group."""
        shape = self.near.shape
        return self.near, np.broadcast_to(self.centre, shape), np.broadcast_to(self.group, shape[:-1])
