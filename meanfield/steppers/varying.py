"""Steps of weak order 2 where the noise's strength varies: with time, and with where the tokens are.

In a step of noise alone tokens are shaken twice, and the second time as strongly as the first has made it:

    u = s(x) P_x U,    y = W(x, u / 2^(1/2)),    v = (s(x + u) - s(x - u)) / 2 + (s(x + u) s(x - u) / 2)^(1/2),
    z = W(y, v P_y V),                           U, V independent, normal, of variance h,

with x +- u retracted and W a Brownian step of constant strength (`stochastic.walked`).  Given U the mean of f(z) is
that of e^{v^2 h Lap / 2} f at y.  With A = s^2 Lap / 2, summed over tokens (s may depend on all of them),

    E v^2 = s^2 / 2 + h A s^2 / 2 + O(h^2),          E v^2 (y - x) = h s^2 grad s^2 / 2 + O(h^2):

the odd part of s(x +- u) gives the second, and would add its square to the first if the geometric mean did not take
that off again; so E f(z) = f + h A f + h^2 A^2 f / 2 + O(h^3).  No derivative of s is asked for, and no stage for each
of the n d paths, as by the schemes of Kloeden and Platen (15.1): three questions about s, whatever n and d are.  The
drift moves between two half steps of noise, by Heun's method: a splitting of Strang's, where time goes with the drift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.protocols import Array, Method
from meanfield.steppers.control import before, slope_of
from meanfield.steppers.stochastic import Heun, Strength, increment, strength, walked
from meanfield.tools.settings import register


@register
@dataclass(frozen=True)
class Weak2(Heun):
    """Half a step of noise, one of drift by Heun's method, half a step of noise: weak order 2 for noise that varies.

    In R^d, on the circle and on spheres, for every strength that a law's `noise` may tell: a number, of every token, in
    R^d of every direction, as functions of t and of all tokens, smooth where they are not zero (their sign says
    nothing).  Strong order 1/2.  Noise that all points share is not taken: `Heun` takes it.

    Attributes
    ----------
    size
        The step, > 0; handled as by `FixedStep`.
    """

    shared = False

    def _moved(self, method: Method, t: float, y: Array, first: Array, h: float, s: Any, rng: Any) -> tuple[Array, int]:
        again = 0
        if s is not None:
            y = shaken(method, t, y, s, 0.5 * h, rng)
            slope_of(method)(t, y, first)
            again = 1
        y, evaluations = super()._moved(method, t, y, first, h, None, rng)
        end = before(t, h)
        s = strength(method, end, y, rng)
        return y if s is None else shaken(method, end, y, s, 0.5 * h, rng), evaluations + again


def shaken(method: Method, t: float, y: Array, s: Strength, h: float, rng: Any) -> Array:
    """y after noise alone of strength `method.noise`, which is s at (t, y), for a time h, t held."""
    u = increment(method, y, s, h, rng)
    ahead, behind = (np.abs(method.noise(t, np.asarray(method.retract(at)))) for at in (y + u, y - u))
    v = Strength(0.5 * (ahead - behind) + np.sqrt(0.5 * ahead * behind), ())
    half = math.sqrt(0.5)
    y = walked(method, y, half * u, Strength(half * s.own, ()), h, rng)
    return walked(method, y, increment(method, y, v, h, rng), v, h, rng)


def weak2(step: float) -> Weak2:
    """Weak order 2 with a fixed step, for noise of any strength that is every token's own."""
    return Weak2(step)
