"""A kernel of scores as one of differences, for points of R^d, whose scores have no bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meanfield.kernels.exponential import Exponential
from meanfield.protocols import Array, Kernel


@dataclass(frozen=True)
class Between(Kernel):
    """s(x, y) - s(x, x) / 2 - s(y, y) / 2 = -(beta / 2) <x - y, B (x - y)>, of symmetric s = beta <x, B y>.

    Parameters
    ----------
    of : Exponential
        Whose scores s are; B = Q^T K must be symmetric.
    """

    of: Exponential
    isotropic = False

    @property
    def range(self) -> float:
        """Over pairs of unit vectors, which are at most 2 apart."""
        return 2.0 * self.of.upper()

    def log(self, x: Array, y: Array) -> Array:
        """(..., n, d), (..., p, d) -> (..., n, p)."""
        (a, b), (p, q) = self.of.factors(x, x), self.of.factors(y, y)
        s = np.zeros((*np.broadcast_shapes(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-2]))
        for k in range(a.shape[-1]):  # one after the other: all at once are as many arrays of pairs
            s -= 0.5 * (a[..., :, None, k] - p[..., None, :, k]) * (b[..., :, None, k] - q[..., None, :, k])
        return s
