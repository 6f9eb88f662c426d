"""A method's diagonal linear part, reduced to its distinct values.

On a sphere all coefficients of one degree decay alike, so weights are needed for each degree, not each coefficient.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from meanfield.protocols import Array


@lru_cache(maxsize=16)
def distinct(key: bytes) -> tuple[Array, Array | None]:
    """Distinct values of the float64 array with these bytes, and where they go; None if all differ."""
    values = np.frombuffer(key)
    found, where = np.unique(values, return_inverse=True)
    return (values, None) if found.size == values.size else (found, where)


def grid(h: float) -> float:
    """The largest of eight steps an octave that is not above h: steps repeat, and so do their weights."""
    mantissa, exponent = math.frexp(h)
    return math.ldexp(math.floor(16.0 * mantissa) / 16.0, exponent) if math.isfinite(h) else h


def on_grid(h: float, t1: float) -> float:
    """h, or the grid's step if h = t1 - t is that but for the rounding of t1, which t1 itself carries."""
    size = grid(h * (1.0 + 1e-12))
    return size if abs(size - h) <= 2.0 * float(np.spacing(abs(t1))) else h


class Diagonal:
    """L, real and <= 0, broadcast to the state's shape; None is 0.

    Raises
    ------
    ValueError
        If an entry is complex, positive or not a number, or the shape does not fit.
    """

    def __init__(self, linear: Array | None, shape: tuple[int, ...]) -> None:
        given = np.zeros(()) if linear is None else np.asarray(linear)
        if given.dtype.kind == "c" or not bool(np.all(given <= 0.0)):
            raise ValueError("linear: got complex or positive entries, wanted a real diagonal <= 0")
        if np.broadcast_shapes(given.shape, shape) != shape:
            raise ValueError(f"linear: got shape {given.shape}, wanted one that broadcasts to the state's {shape}")
        self.values = np.array(np.broadcast_to(given, shape), dtype=np.float64)
        self.key = self.values.tobytes()
        self.where = distinct(self.key)[1]

    def spread(self, weights: Array) -> Array:
        """(distinct,) -> the state's shape."""
        return (weights if self.where is None else weights[self.where]).reshape(self.values.shape)
