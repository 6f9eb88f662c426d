"""How the energy of e^{beta <x, y>} changes with beta, at a fixed measure.

With Phi(t) = e^{beta t} / beta the energy is E = (1/2) iint Phi(<x, y>) d mu d mu, and up to a constant, which the
excess over the uniform measure does not see,

    d Phi / d beta = (e^s (s - 1) + 1) / beta^2 >= 0,    s = beta t;  t^2 / 2 at beta = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.kernels.exponential import Exponential
from meanfield.protocols import Array, Kernel, Measure, Reading
from meanfield.tools.settings import register

TERMS = 30
SMALL = 0.5
"""Below, e^s (s - 1) + 1 is summed: sum_{j>=2} s^j (j - 1) / j!."""
COLD = 1e-100
"""Below, multipliers, which fall as beta^k, leave the range of floats, and are those of beta = 0 to rounding."""


@register
@dataclass(frozen=True)
class Heating(Kernel):
    """d/dbeta of the potential e^{beta t} / beta: what a measure's `excess` is asked for its rate of change in beta.

    Parameters
    ----------
    at : float
        beta >= 0.
    """

    at: float
    isotropic = True
    range = math.inf

    @property
    def _exponential(self) -> Exponential:
        return Exponential(self.at)

    def log(self, x: Array, y: Array) -> Array:
        """Logarithm of d Phi / d beta, -inf where it vanishes."""
        t = x @ np.swapaxes(y, -1, -2)
        with np.errstate(divide="ignore"):
            if self.at == 0.0:
                return np.asarray(np.log(0.5 * t * t))
            s = self.at * t
            small = np.abs(s) < SMALL
            near = np.where(small, s, 0.0)
            # over beta^2, whose square may be too small for a float
            series, power = np.zeros_like(s), 0.5 * t * t
            for j in range(2, TERMS):
                series += (j - 1.0) * power
                power = power * near / (j + 1.0)
            # for s > 0 out of e^s, which may be too large for a float
            large = np.maximum(s, 0.0) + np.log(
                np.maximum(np.exp(np.minimum(s, 0.0)) * (s - 1.0) + np.exp(-np.maximum(s, 0.0)), 0.0)
            )
            return np.asarray(np.where(small, np.log(series), large - 2.0 * math.log(self.at)))

    def potential(self, d: int, degree: int) -> Array:
        """d/dbeta (lambda_k / beta) / lambda_0 = p_{k+1} + (k - 1) p_k / beta, k >= 1, of p_k = q_k / beta; p_0 = 0."""
        p = self._exponential.potential(d, max(degree, 2) + 1)
        k = np.arange(degree + 1)
        out = np.array(p[1 : degree + 2])
        if self.at < COLD:
            out[:] = 0.0
            out[2:3] = 1.0 / (d * (d + 2.0))
        else:
            out[2:] += (k[2:] - 1.0) * (p[2 : degree + 1] / self.at)
        out[0] = 0.0
        return out

    def multipliers(self, d: int, degree: int) -> Array:
        """It is no kernel of a field."""
        raise TypeError("multipliers: this is a rate of change of an energy, and moves nothing")

    def log_lambda0(self, d: int) -> float:
        """That of e^{beta <x, y>}, by which `potential` is divided."""
        return self._exponential.log_lambda0(d)

    def bandwidth(self, d: int) -> int:
        """Two degrees more than the kernel has: the potential falls with it, times k."""
        return self._exponential.bandwidth(d) + 2

    def mean(self, d: int, log: float) -> float:
        """The mean of d Phi / d beta over the sphere, times e^-log: (beta lambda_1 - lambda_0 + 1) / beta^2."""
        b = self.at
        if b >= 1.0:
            k = self._exponential
            rise = b * float(k.multipliers(d, 1)[1]) - 1.0
            return (rise * math.exp(k.log_lambda0(d) - log) + math.exp(-log)) / (b * b)
        # lambda_0 = sum_j c_j beta^{2j}, c_j = c_{j-1} / (2j (2j + d - 2))
        total, c = 0.0, 1.0
        for j in range(1, TERMS):
            c /= 2.0 * j * (2.0 * j + d - 2.0)
            total += (2.0 * j - 1.0) * c * b ** (2 * j - 2)
        return total * math.exp(-log)


def heated(kernel: Heating, mu: Measure, r: Reading) -> tuple[Any, float]:
    """The rate of the excess in beta, as a number and a logarithm, from the kernel's Z at the own points."""
    log = float(np.max(r.log))
    E = np.sum(mu.weights * (r.Z * np.exp(r.log - log))[..., 0], axis=-1)
    mass = np.sum(mu.weights, axis=-1)
    return 0.5 * (E - mass * mass * kernel.mean(mu.d, log)), log
