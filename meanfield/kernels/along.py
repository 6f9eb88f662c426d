"""What of int e^s y dmu(y) lies along x: int <x, y> e^s dmu(y), an isotropic kernel again."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from meanfield.protocols import Array, Kernel


@dataclass(frozen=True)
class Along(Kernel):
    """<x, y> e^{s(x, y)} of an isotropic kernel e^s; of both signs, so that it has multipliers and no logarithm."""

    kernel: Kernel
    isotropic = True
    range = math.inf

    def multipliers(self, d: int, degree: int) -> Array:
        """((k + d - 2) q_{k+1} + k q_{k-1}) / (2k + d - 2), by the recurrence of t P_k.

        In units of the kernel's own mean over the sphere, whose multipliers q are.
        """
        q = self.kernel.multipliers(d, degree + 1)
        k = np.arange(1.0, degree + 1.0)
        return np.append(q[1], ((k + d - 2.0) * q[2:] + k * q[:-2]) / (2.0 * k + d - 2.0))

    def log(self, x: Array, y: Array) -> Array:
        """None: it is of both signs."""
        raise TypeError(f"{self} is of both signs and has no logarithm")

    def log_lambda0(self, d: int) -> float:
        """Log of the kernel's mean over the sphere."""
        return self.kernel.log_lambda0(d)

    def bandwidth(self, d: int) -> int:
        """One degree more than the kernel's."""
        return self.kernel.bandwidth(d) + 1
