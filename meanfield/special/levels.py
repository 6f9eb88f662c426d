r"""How large e^{<A x, y>} can be at x, taken out so that what is left has few harmonics in x, too.

As a function of y it has those of e^{r t}, r = |A x|, and as a function of x no more; but at x its largest value is
e^r, and of a sum over harmonics of x all values are known to rounding of the largest alone, e^{sigma_1}, with
sigma_1 >= ... >= sigma_d the singular values of A.  The quadratic form

    g(x) = (|A x|^2 + sigma_1 sigma_d) / (sigma_1 + sigma_d)

is entire, is |A x| where that is sigma_1 or sigma_d, and below it by (sigma_1 - r) (r - sigma_d) / (sigma_1 + sigma_d)
between: at most (sigma_1 - sigma_d)^2 / 4 (sigma_1 + sigma_d).  So e^{<A x, y> - g(x)} is of order 1 at its largest for
every x, and has few harmonics more.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from meanfield.protocols import Array
from meanfield.special.bessel import bandwidth

NOTHING = 2e-16
"""Share of the largest value of e^{<A x, y> - g(x)} below which a harmonic of x is rounding."""
ASLANT = 9
"""Directions of y that are looked at, from one singular vector to another."""
STEP = 0.05
"""Logarithm by which singular values are rounded, the largest up and the smallest down, before degrees are counted:
matrices that change with time ask for few."""


class Level(NamedTuple):
    """g, and the degrees beyond which e^{<A x, y> - g(x)} has no harmonics.

    Attributes
    ----------
    A : ndarray (d, d)
        The matrix.
    top, least : float
        Its largest and smallest singular value.
    width, degree : int
        In y, and in x.
    """

    A: Array
    top: float
    least: float
    width: int
    degree: int

    def __call__(self, x: Array) -> Array:
        """g at rows x (..., n, d): (..., n)."""
        both = self.top + self.least
        return np.asarray((np.sum(np.square(x @ self.A.T), axis=-1) + self.top * self.least) / (both or 1.0))


def level(A: Array) -> Level:
    """The level of e^{<A x, y>}, for A (d, d)."""
    sigma = np.linalg.svd(A, compute_uv=False)
    top, least = float(sigma[0]), float(sigma[-1])
    if top == 0.0:
        return Level(A, top, least, 1, 1)
    up = math.exp(STEP * math.ceil(math.log(top) / STEP))
    share = least / top
    down = up * math.exp(STEP * (math.floor(math.log(share) / STEP) - 1.0)) if share > STEP else 0.0
    return Level(A, top, least, *_degrees(up, down, len(A)))


@lru_cache(maxsize=256)
def _degrees(top: float, least: float, d: int) -> tuple[int, int]:
    """(in y, in x), of the largest and the smallest singular value.

    Those of x are looked for on the great circle through the two singular directions, by the Fourier series of
    e^{<A x, y> - g(x)} there, for y in the plane of their images: where it varies most.
    """
    width = bandwidth(top, d)
    angle = 2.0 * np.pi * np.arange(8 * width + 64) / (8 * width + 64)
    one, two = np.cos(angle), np.sin(angle)
    slant = 0.5 * np.pi * np.linspace(0.0, 1.0, ASLANT)[:, None]
    g = (np.square(top * one) + np.square(least * two) + top * least) / (top + least)
    F = np.exp(top * one * np.cos(slant) + least * two * np.sin(slant) - g)
    c = np.abs(np.fft.rfft(F, axis=-1)).max(axis=0) / len(angle)
    return width, int(np.flatnonzero(c > NOTHING * max(float(F.max()), 1.0))[-1])
