"""What is descended, as a function of the labels' angles, with its gradient and Hessian: F = kappa Ent - sign E.

    E = (1/2) sum_ij w_i w_j Phi(cos(q_i - q_j)),  Phi(t) = (e^{beta t} - 1) / beta times the law's factor,
    Ent = sum_i w_i (log rho_0(a_i) - log q'(a_i)),

q' the derivative by the label a, of its Fourier series (the number of labels is odd).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp
from typing import Any

import numpy as np

from meanfield.distances.circle.labelled import labels
from meanfield.protocols import Array


@lru_cache(maxsize=8)
def derivative(n: int) -> Array:
    """(n, n) the derivative of periodic functions at n equally spaced labels, n odd."""
    k = np.arange(n)
    with np.errstate(divide="ignore"):
        column = 0.5 * (-1.0) ** k / np.sin(np.pi * k / n)
    column[0] = 0.0
    D = column[(k[:, None] - k) % n]
    D.flags.writeable = False
    return np.asarray(D)


@dataclass(frozen=True, eq=False)
class Descended:
    """F of labels of masses w.

    Attributes
    ----------
    w : ndarray (n,)
        Masses.
    beta, log_factor, sign : float
        Of the energy: its factor is e^{log_factor}.
    kappa : float
        Of the noise.
    """

    w: Array
    beta: float
    log_factor: float
    sign: int
    kappa: float

    @property
    def log_top(self) -> float:
        """Logarithm of the largest value of the kernel."""
        return self.beta + self.log_factor

    def steepness(self, q: Array) -> Array:
        """(..., n) q'."""
        return np.asarray(1.0 + (q - labels(q.shape[-1])) @ derivative(q.shape[-1]).T)

    def ordered(self, q: Array) -> bool:
        """Whether the labels keep their order around the circle, between the nodes too as far as q' tells."""
        gaps = np.diff(q, append=q[:1] + 2.0 * np.pi)
        return bool((gaps > 0.0).all() and (self.steepness(q) > 0.0).all())

    def value(self, q: Array) -> float:
        """F, up to a constant."""
        cos = np.cos(q[:, None] - q)
        if self.beta > 1.0:
            phi = (np.exp(self.beta * cos + self.log_factor) - exp(self.log_factor)) / self.beta
        else:
            phi = exp(self.log_factor) * (np.expm1(self.beta * cos) / self.beta if self.beta else cos)
        F = -0.5 * self.sign * float(self.w @ phi @ self.w)
        return F - self.kappa * float(self.w @ np.log(self.steepness(q))) if self.kappa else F

    def told(self, q: Array) -> tuple[float, Array, Array]:
        """F, its gradient (n,) and Hessian (n, n)."""
        w, n = self.w, len(q)
        gap = q[:, None] - q
        cos, sin = np.cos(gap), np.sin(gap)
        pull = np.exp(self.beta * (cos - 1.0) + self.log_top) * w
        g = self.sign * w * np.sum(pull * sin, axis=1)
        bend = self.sign * w[:, None] * pull * (self.beta * sin * sin - cos)
        i = np.arange(n)
        bend[i, i] -= bend.sum(axis=1)
        if self.kappa:
            D, steep = derivative(n), self.steepness(q)
            g = g - self.kappa * (w / steep) @ D
            bend = bend + self.kappa * (D.T * (w / steep**2)) @ D
        return self.value(q), g, bend

    def weight(self, q: Array) -> Array:
        """(n,) Z in the law's scale."""
        return np.asarray(np.exp(self.beta * (np.cos(q[:, None] - q) - 1.0) + self.log_top) @ self.w)

    def speeds(self, q: Array) -> Any:
        """(n,) -grad F at the labels, over their masses: velocities of the Wasserstein flow."""
        return -self.told(q)[1] / self.w
