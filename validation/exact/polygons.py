"""n tokens at the corners of a regular polygon, under theta_i' = (1/n) sum_j phi'(cos) sin(theta_j - theta_i).

The flow climbs sum_ij phi(<x_i, x_j>) / 2n on the circle; corners are at rest by symmetry.  Moving corner i by
cos(2 pi q i / n) it grows at

    -(1/n) sum_l (phi'(c_l) c_l - phi''(c_l) (1 - c_l^2)) (1 - cos(2 pi q l / n)),    c_l = cos(2 pi l / n).

So where phi'' vanishes at all c_l and phi' at those below 0 (nearly), while the least c_l above 0 has phi' > 0, the
polygon is a strict maximum: a convex, increasing phi does it for every n >= 5, whose c_1 is positive (2405.18273).
Of phi' = e^{beta t} the triangle, c = -1/2, has the rate -(e^{-beta/2} / 2)(-1 - 3 beta / 2): stable for beta < -2/3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from validation.exact import refuse

Array = NDArray[np.float64]


def polygon_rates(slope: Callable[[Array], Array], bend: Callable[[Array], Array], n: int) -> Array:
    """Rates of the modes q = 1, ..., n - 1, of phi' = slope and phi'' = bend."""
    n = refuse.integer("n", n, 2)
    angle = 2.0 * np.pi * np.arange(n) / n
    c = np.cos(angle)
    pull = slope(c) * c - bend(c) * np.sin(angle) ** 2
    return np.asarray(-(1.0 - np.cos(np.outer(np.arange(1, n), angle))) @ pull / n)


def exponential_rates(beta: float, n: int) -> Array:
    """The same of phi' = e^{beta t}, beta of any sign."""
    return polygon_rates(lambda t: np.exp(beta * t), lambda t: beta * np.exp(beta * t), n)


def least_positive(n: int) -> float:
    """The least cos(2 pi l / n) > 0 of other corners, n >= 5."""
    n = refuse.integer("n", n, 5)
    return float(np.cos(2.0 * np.pi * ((n - 1) // 4) / n))


# --- layers that repel ---------------------------------------------------------------------------------------


def _weight(beta: float, c: Array) -> Array:
    """e^{beta (c - 1)}: attention's, of any beta."""
    return np.asarray(np.exp(beta * (c - 1.0)))


def _inward(n: int, beta: float) -> float:
    """c = |int e^{beta <x, y>} y dmu| / Z at a corner."""
    c = np.cos(2.0 * np.pi * np.arange(n) / n)
    p = _weight(beta, c)
    return float(p @ c / p.sum())


def stiffness(n: int, beta: float, k: int) -> float:
    """lambda_k of repulsive SA, a' = lambda_k a of angles a cos(2 pi k i / n) beside the polygon: <= 0.

    That of USA over Z: what changes Z drops out, since nothing pulls at a corner.
    """
    c = np.cos(2.0 * np.pi * np.arange(n) / n)
    rates = polygon_rates(lambda t: _weight(beta, t), lambda t: beta * _weight(beta, t), n)
    return float(-rates[k - 1] / _weight(beta, c).mean())


def multiplier(n: int, beta: float, k: int, step: float) -> float:
    """What one layer x <- (x - h A) / |x - h A| makes of mode k: 1 + h lambda_k / (1 - h c)."""
    return 1.0 + step * stiffness(n, beta, k) / (1.0 - step * _inward(n, beta))


def flip(n: int, beta: float) -> float:
    """The least step h* at which a mode's multiplier is -1: 2 / (2 c - min_k lambda_k)."""
    return 2.0 / (2.0 * _inward(n, beta) - min(stiffness(n, beta, k) for k in range(1, n // 2 + 1)))
