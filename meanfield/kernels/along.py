"""What of int e^s y dmu(y) lies along x: int <x, y> e^s dmu(y), of an isotropic kernel e^s."""

from __future__ import annotations

import numpy as np

from meanfield.protocols import Array, Kernel


def along(kernel: Kernel, d: int, degree: int) -> Array:
    """Its multipliers, ((k + d - 2) q_{k+1} + k q_{k-1}) / (2k + d - 2), by the recurrence of t P_k(t).

    In units of the kernel's mean over the sphere, as the kernel's own multipliers q are.

    Parameters
    ----------
    kernel : Kernel
        Isotropic.
    d : int
        Ambient dimension.
    degree : int
        The largest k.
    """
    q = kernel.multipliers(d, degree + 1)
    k = np.arange(1.0, degree + 1.0)
    return np.append(q[1], ((k + d - 2.0) * q[2:] + k * q[:-2]) / (2.0 * k + d - 2.0))
