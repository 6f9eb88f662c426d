"""ETDRK4 in Krogstad's form: y' = L y + N(t, y), L diagonal, real and <= 0; order 4, by step doubling 5.

S. Krogstad, Generalized integrating factor methods for stiff PDEs, J. Comput. Phys. 203 (2005) 72-88, scheme
ETDRK4-B; in M. Hochbruck and A. Ostermann, Exponential integrators, Acta Numerica 19 (2010), it is table (2.41).  With
z = h L, phi_k = phi_k(z) and half_k = phi_k(z / 2):

    Y2 = e^{z/2} y + h half_1 / 2 N1                        Y3 = e^{z/2} y + h ((half_1 / 2 - half_2) N1 + half_2 N2)
    Y4 = e^z y + h ((phi_1 - 2 phi_2) N1 + 2 phi_2 N3)
    y1 = e^z y + h ((phi_1 - 3 phi_2 + 4 phi_3) N1 + (2 phi_2 - 4 phi_3) (N2 + N3) + (4 phi_3 - phi_2) N4)

The classic of its kind, and an independent check of `collocation`, which is several times cheaper at tight tolerances
and keeps its order on stiff data that are not smooth, where this one falls towards order 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from meanfield.protocols import Array, Between, Method, Status, Stepped, Stop
from meanfield.steppers.control import Adaptive, before
from meanfield.steppers.dense import evaluate, phis
from meanfield.steppers.diagonal import Diagonal, distinct, grid, on_grid
from meanfield.tools.settings import register

REACH = 1.25
"""How far a step may go in units of the method's limit: as `Table.reach`, for the extrapolated double step."""


class Weights(NamedTuple):
    """Krogstad's coefficients for one h, at the distinct values of L."""

    half: Array
    full: Array
    a21: Array
    a31: Array
    a32: Array
    a41: Array
    a43: Array
    b1: Array
    b23: Array
    b4: Array


@lru_cache(maxsize=12)
def weights(h: float, linear: bytes) -> Weights:
    """The coefficients, h included."""
    z = h * distinct(linear)[0]
    half1, half2 = h * phis(2, z / 2)
    phi1, phi2, phi3 = h * phis(3, z)
    return Weights(
        np.exp(z / 2),
        np.exp(z),
        half1 / 2,
        half1 / 2 - half2,
        half2,
        phi1 - 2 * phi2,
        2 * phi2,
        phi1 - 3 * phi2 + 4 * phi3,
        2 * phi2 - 4 * phi3,
        4 * phi3 - phi2,
    )


class _Doubling:
    """One step taken whole and in two halves."""

    def __init__(self, method: Method, t: float, y: Array) -> None:
        self.method, self.t, self.y = method, t, y
        self.diagonal = Diagonal(method.linear, y.shape)
        self.start = np.empty_like(y)
        self.limit = method.slope(t, y, self.start)
        self.evaluations = 1
        self.middle = self.start

    def slope(self, t: float, y: Array) -> Array:
        """N(t, y), a new array."""
        out = np.empty_like(y)
        self.method.rhs(t, y, out)
        self.evaluations += 1
        return out

    def single(self, t: float, y: Array, n1: Array, h: float) -> Array:
        """One step of size h from (t, y), where N is n1."""
        w = Weights(*(self.diagonal.spread(a) for a in weights(h, self.diagonal.key)))
        half = w.half * y
        n2 = self.slope(t + h / 2, half + w.a21 * n1)
        n3 = self.slope(t + h / 2, half + w.a31 * n1 + w.a32 * n2)
        full = w.full * y
        n4 = self.slope(before(t, h), full + w.a41 * n1 + w.a43 * n3)
        return np.asarray(full + w.b1 * n1 + w.b23 * (n2 + n3) + w.b4 * n4)

    def run(self, h: float) -> tuple[Array, Array]:
        """The extrapolated end of the step, and the error of the two halves."""
        coarse = self.single(self.t, self.y, self.start, h)
        middle = self.single(self.t, self.y, self.start, h / 2)
        self.middle = self.slope(self.t + h / 2, middle)
        fine = self.single(self.t + h / 2, middle, self.middle, h / 2)
        error = (fine - coarse) / 15.0
        return fine + error, error

    def trial(self, h: float) -> Array:
        """N after a Lawson-Euler step of h; flat."""
        decay = np.exp(h * self.diagonal.values)
        return self.slope(self.t + h, decay * (self.y + h * self.start)).reshape(-1)

    def finite(self) -> bool:
        """Whether state and slope at the step's beginning are finite."""
        return bool(np.isfinite(self.y).all() and np.isfinite(self.start).all())

    def between(self, t1: float, y1: Array) -> Between:
        """N's quartic through x = 0, 1/4, 1/2, 3/4, 1, the states at 1/4 and 3/4 being those of its parabola."""
        values = np.stack([self.start, self.middle, self.slope(t1, y1)])
        parabola = Between(self.t, t1, self.y, _powers(values), self.method.linear)
        times = self.t + (t1 - self.t) * np.array([0.25, 0.75])
        quarters = [self.slope(s, state) for s, state in zip(times, evaluate(parabola, times), strict=True)]
        values = np.stack([values[0], quarters[0], values[1], quarters[1], values[2]])
        return Between(self.t, t1, self.y, _powers(values), self.method.linear)


def _powers(values: Array) -> Array:
    """Values at n equally spaced points of [0, 1] -> power coefficients."""
    n = len(values)
    inverse = np.linalg.inv(np.linspace(0.0, 1.0, n)[:, None] ** np.arange(n))
    return np.tensordot(inverse, values, 1)


@register
@dataclass(frozen=True)
class ETDRK4(Adaptive):
    """Krogstad's ETDRK4, adaptive by step doubling, continuing with the extrapolated value (order 5).

    A step costs 11 evaluations, 14 with dense output, whose local error is O(h^5).
    """

    linear = math.inf

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "order", 5)

    def _step(self, method: Method, t: float, y: Array, h: float | None, stop: float, keep: bool) -> Stepped:
        double = _Doubling(method, t, y)
        flat = y.reshape(-1)
        modulus = np.abs(flat)
        y1 = y

        def attempt(t1: float, used: float) -> float:
            nonlocal y1
            y1, e = double.run(on_grid(used, t1))
            error = self.size(e.reshape(-1), self.scale(modulus, y1.reshape(-1)))
            if not math.isfinite(error) and not double.finite():
                raise Stop(Status.NOT_FINITE, f"the state or its slope is not finite at t = {t!r}")
            return error

        if h is None:
            h = self.first(flat, double.start.reshape(-1), double.trial, stop - t, t, 5)
        t1, h_next, rejections = self.advance(attempt, t, min(h, REACH * double.limit), stop, 5, grid)
        between = double.between(t1, y1) if keep else None
        return Stepped(t1, method.retract(y1), h_next, between, double.evaluations, rejections)


def etdrk4(rtol: float = 1e-6, atol: float = 1e-9, norm: str = "rms") -> ETDRK4:
    """Krogstad's ETDRK4 by step doubling."""
    return ETDRK4(rtol=rtol, atol=atol, norm=norm)
