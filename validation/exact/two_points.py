"""Two points of equal masses on the circle under |v|^2 weighed by Z: how far apart two of their states are.

At angles m -+ a / 2 both see Z = (e^b + e^{b cos a}) / 2, and the metric sum_i Z |x_i'|^2 / 2 is Z (m'^2 + a'^2 / 4):
where the middle rests, the length between two gaps is int sqrt(Z) / 2 da.
"""

from __future__ import annotations

import math

from scipy.integrate import quad

from validation.exact import refuse


def length(first: float, last: float, beta: float) -> float:
    """The distance between two points `first` apart and the same two `last` apart, their middle at rest, to 1e-12."""
    beta = refuse.number("beta", beta, 0.0)

    def speed(a: float) -> float:
        return 0.5 * math.sqrt(0.5 * (math.exp(beta) + math.exp(beta * math.cos(a))))

    return abs(float(quad(speed, first, last, epsabs=1e-14, epsrel=1e-13)[0]))
