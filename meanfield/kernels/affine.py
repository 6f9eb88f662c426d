"""The kernel 1 + <x, y>: what linear attention asks, less what a constant answers, of measures without rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from meanfield.protocols import Array, Kernel
from meanfield.tools.shown import Shown


@dataclass(frozen=True)
class Affine(Shown, Kernel):
    """1 + <x, y> >= 0 of unit vectors: M = int y dmu + int <x, y> y dmu.  Its harmonics are of degrees 0 and 1, exact.

    Examples
    --------
    >>> from meanfield.kernels.affine import Affine
    >>> Affine().potential(3, 3).round(6).tolist()
    [0.0, 0.333333, 0.066667, 0.0]
    """

    isotropic = True
    range = math.inf
    """It vanishes of opposite points."""

    def log(self, x: Array, y: Array) -> Array:
        """log(1 + <x, y>): (..., n, d), (..., p, d) -> (..., n, p)."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log1p(np.clip(x @ np.swapaxes(y, -1, -2), -1.0, 1.0)))

    def multipliers(self, d: int, degree: int) -> Array:
        """1, 1 / d, 0, ..."""
        return np.append([1.0, 1.0 / d], np.zeros(max(degree - 1, 0)))[: degree + 1]

    def potential(self, d: int, degree: int) -> Array:
        """0, 1 / d, 1 / (d (d + 2)), 0, ...: (q_{k-1} - q_{k+1}) / (2k + d - 2)."""
        return np.append([0.0, 1.0 / d, 1.0 / (d * (d + 2.0))], np.zeros(max(degree - 2, 0)))[: degree + 1]

    def log_lambda0(self, d: int) -> float:
        """0."""
        return 0.0

    def bandwidth(self, d: int) -> int:
        """2."""
        return 2
