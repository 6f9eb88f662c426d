"""Linear growth about the uniform measure: a law asked about uniform plus ripple."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield import inputs, protocols
from meanfield.laws import Diffusion
from meanfield.protocols import Array, Reading


@dataclass(frozen=True)
class _Ripple:
    """mu = (1 + eps Y_k) sigma for every k at once, seen where Y_k = 0 and |grad Y_k| = 1.

    There Z is that of the uniform measure, and P_x M is eps p_k grad Y_k exactly: with eps = 1 the law's velocity is
    its linear response, for each degree one "point" with one tangent component.
    """

    d: int
    degree: int

    @property
    def mean(self) -> Array:
        return np.zeros(self.d)

    def read(self, kernel: Any, x: Array | None = None, want: str = "ZM") -> Reading:
        p = kernel.potential(self.d, self.degree).copy()
        p[0] = 0.0
        k = np.arange(self.degree + 1)
        L = np.zeros(self.degree + 1) if "L" in want else None
        return Reading(np.ones((len(k), 1)), p[:, None], L, kernel.log_lambda0(self.d))


def growth_rates(law: Any, d: int, degree: int, diffusion: float = 0.0) -> Array:
    """Growth rates s_k of the modes k = 0..degree about the uniform measure on S^{d-1}.

    s_k = k(k+d-2) lambda_k / beta (USA, times the scale's factor), divided by lambda_0 (SA); minus for the repulsive
    flow; minus kappa k(k+d-2) with noise.

    Parameters
    ----------
    law : Law
        Isotropic.
    d : int
        Ambient dimension, >= 2.
    degree : int
        Highest degree.
    diffusion : float
        kappa >= 0, added to the law's own noise.

    Returns
    -------
    ndarray (degree + 1,)
    """
    if not isinstance(law, protocols.Law):
        raise TypeError(f"law: got {law!r}, wanted a Law, for example mf.SA(beta=4.0)")
    if not law.isotropic:
        raise ValueError(f"law: {law} is not isotropic, so that degrees do not grow separately")
    d, degree = inputs.integer("d", d, low=2), inputs.integer("degree", degree, low=0)
    ripple = _Ripple(d, degree)
    k = np.arange(degree + 1)
    response = np.zeros(degree + 1)
    response += np.asarray(law.velocity(0.0, None, ripple)).reshape(-1)
    noise = law.noise(0.0, None, ripple)
    kappa = 0.5 * float(noise) ** 2 + Diffusion(diffusion).kappa
    return k * (k + d - 2.0) * (response - kappa)


def fastest(law: Any, d: int, degree: int = 256) -> tuple[int, float]:
    """(k*, rate): the fastest growing degree up to `degree`, and its rate."""
    rates = growth_rates(law, d, degree)
    k = int(np.argmax(rates))
    return k, float(rates[k])
