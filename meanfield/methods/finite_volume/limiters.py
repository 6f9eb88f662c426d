"""How steep a density is taken to be in a cell: slopes that leave both its face values between 0 and twice the mean.

Given the means' differences a to the cell before and b to the cell after, a slope is the difference s between the
cell's own two face values, rho -+ s / 2.  All are of second order where the density is smooth, but for the cell of an
extremum, and leave a density that is nowhere negative so at the faces.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from meanfield.protocols import Array


def minmod(rho: Array, a: Array, b: Array) -> Array:
    """The central slope, and at most twice the smaller difference (theta = 2); 0 at an extremum."""
    least = 2.0 * np.minimum(np.abs(a), np.abs(b))
    s = np.minimum(0.5 * np.abs(a + b), least)
    return np.where(a * b > 0.0, np.copysign(s, a), 0.0)


def van_leer(rho: Array, a: Array, b: Array) -> Array:
    """The differences' harmonic mean; 0 at an extremum."""
    same = a * b > 0.0
    return np.divide(2.0 * a * b, a + b, out=np.zeros_like(a), where=same)


def positive(rho: Array, a: Array, b: Array) -> Array:
    """The central slope, cut where a face value would be negative."""
    return np.clip(0.5 * (a + b), -2.0 * rho, 2.0 * rho)


LIMITERS: dict[str, Callable[[Array, Array, Array], Array]] = {
    "minmod": minmod, "van leer": van_leer, "positive": positive,
}  # fmt: skip
