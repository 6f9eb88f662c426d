"""Which measure stands for a density that rides on a line: points, or circles of latitude for colatitudes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from meanfield.geometry import ANGLES, MERIDIAN, REALS
from meanfield.measures.points import Points
from meanfield.measures.rings import Rings
from meanfield.protocols import Array, Line, Space


def _points(space: Space, s: Array, weights: Array, field: str) -> Points:
    line: Any = space.line
    return Points.trusted(s, weights, line, field, unit=1.0)  # of a density, whose tokens are mass


def _rings(space: Space, s: Array, weights: Array, field: str) -> Rings:
    return Rings(space, s, weights, "auto" if field == "harmonic" else field)


BODIES: dict[Line, Callable[[Any, Array, Array, str], Any]] = {ANGLES: _points, MERIDIAN: _rings, REALS: _points}
"""By the line that a space names; one's own is added here."""


def body(space: Any, s: Array, weights: Array, field: str) -> Any:
    """The measure of masses `weights` at positions s on the space's line."""
    return BODIES[space.line](space, s, weights, field)


def two(space: Space) -> Any:
    """Two points, to ask a law what it asks for: on the space's line, or as rows."""
    half = np.full(2, 0.5)
    if space.line is None:
        return Points.trusted(np.eye(2, space.d), half, space.geometry, "direct")
    return body(space, np.array([0.0, 1.0]), half, "direct")
