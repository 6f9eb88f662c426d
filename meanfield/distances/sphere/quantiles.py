"""The law of the angle from an axis under a density, in pieces: mass, quantiles, and exact costs against atoms.

For rho = sum_k a_k p_k(<x, axis>) the angle alpha from the axis has the density
f(alpha) = rho(cos alpha) sin^{d-2} alpha / B(1/2, (d-1)/2), a trigonometric polynomial of degree K + d - 2 up to
sign, so that equal cells of width 2 / (K + d - 2) hold it to rounding as polynomials of degree 15.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy
from numpy.polynomial import polynomial

from meanfield.distances.numerics import pieces
from meanfield.distances.numerics.roots import bracketed_newton
from meanfield.protocols import Array
from meanfield.special import ultraspherical

_NODES = 16
_REACH = 2.0
"""Width of a cell times the degree."""
_NARROW = 1.0 / 16.0
"""Pieces narrower than this part of a cell need fewer Gauss nodes:"""
_GAUSS = {True: 4, False: 12}
_CHUNK = 1 << 16
_NEGATIVE = 1e-6
"""Negative mass beyond which a density has no quantiles worth the name."""


class AngleLaw:
    """The law of the angle from the axis under a density with coefficients a (K + 1,), a_0 = 1."""

    def __init__(self, name: str, d: int, a: Array) -> None:
        degree = max(len(a) - 1 + d - 2, 1)
        self.cells = max(8, int(np.ceil(np.pi * degree / _REACH)))
        self.width = np.pi / self.cells
        self.edges = np.linspace(0.0, np.pi, self.cells + 1)
        f = _density(d, a, pieces.abscissae(self.cells, _NODES))
        self._f = pieces.powers(f)
        self._H = polynomial.polyint(self._f, lbnd=-1.0, scl=0.5 * self.width, axis=0)
        steps = self._H.sum(axis=0)  # at u = 1
        negative = -float(np.minimum(f, 0.0).mean(axis=1).sum() * self.width)
        if negative > _NEGATIVE:
            raise ValueError(
                f"{name} must be a nonnegative density; got one with about {negative:.1e} of negative mass. Resolve it "
                "better (a larger degree)."
            )
        total = steps.sum()  # 1 up to rounding
        self._f /= total
        self._H /= total
        self.start = np.concatenate([[0.0], np.cumsum(steps) / total])
        self.start[-1] = 1.0

    # --- values -------------------------------------------------------------------------------------------

    def density(self, alpha: Array) -> Array:
        """f."""
        return pieces.evaluate(self._f, *pieces.place(alpha, self.cells))

    def mass(self, alpha: Array) -> Array:
        """H, the mass at angles up to alpha."""
        cell, u = pieces.place(alpha, self.cells)
        return self.start[cell] + pieces.evaluate(self._H, cell, u)

    def quantile(self, level: Array) -> Array:
        """alpha with H(alpha) = level, for levels in [0, 1]; increasing with the level."""
        rising = np.maximum.accumulate(self.start)
        cell = np.clip(np.searchsorted(rising, level, side="right") - 1, 0, self.cells - 1)
        low, rise = rising[cell], rising[cell + 1] - rising[cell]
        part = np.clip((level - low) / np.where(rise > 0.0, rise, 1.0), 0.0, 1.0)

        def excess(alpha: Array, index: Array) -> tuple[Array, Array]:
            return self.mass(alpha) - level[index], self.density(alpha)

        left = self.edges[cell]
        right = self.edges[cell + 1]
        found = bracketed_newton(excess, left, right, left + part * (right - left), xtol=1e-9, vtol=2e-16)
        return np.asarray(np.maximum.accumulate(found))

    # --- costs --------------------------------------------------------------------------------------------

    def w1(self, alpha: Array, weights: Array, height: bool) -> float:
        """int |H_n - H| d alpha (or |d cos alpha|) for atoms at ascending angles (n,)."""
        levels = _levels(weights)
        ends = np.concatenate([[0.0], alpha, [np.pi]])
        crossing = np.clip(self._quantiles(levels), ends[:-1], ends[1:])
        breaks = np.empty(2 * len(ends) - 1)
        breaks[::2], breaks[1::2] = ends, crossing

        def gap(x: Array, owner: Array) -> Array:
            value = np.abs(self.mass(x) - levels[owner // 2][:, None])
            return value * np.sin(x) if height else value

        return self._integral(breaks, gap)

    def w2_squared(self, alpha: Array, weights: Array, height: bool) -> float:
        """int (alpha - matched atom)^2 d mu (or of their cosines): a sum of squares, accurate relatively."""
        breaks = self._quantiles(_levels(weights))

        def square(x: Array, owner: Array) -> Array:
            atom = alpha[owner][:, None]
            # cos x - cos y without cancellation
            off = 2.0 * np.sin(0.5 * (x + atom)) * np.sin(0.5 * (x - atom)) if height else x - atom
            return self.density(x) * off * off

        return self._integral(breaks, square)

    def _quantiles(self, levels: Array) -> Array:
        return np.concatenate([[0.0], self.quantile(levels[1:-1]), [np.pi]])

    def _integral(self, breaks: Array, f: Callable[[Array, Array], Array]) -> float:
        """Sum over the pieces between ascending breaks of int f(x, number of the piece) dx, cut at the cells' edges."""
        cuts = np.sort(np.concatenate([breaks, self.edges]))
        cuts = cuts[np.concatenate([[True], np.diff(cuts) > 0.0])]
        half, middle = 0.5 * np.diff(cuts), 0.5 * (cuts[1:] + cuts[:-1])
        owner = np.clip(np.searchsorted(breaks, middle, side="right") - 1, 0, len(breaks) - 2)
        narrow = 2.0 * half < _NARROW * self.width
        total = 0.0
        for few, count in _GAUSS.items():
            u, w = np.polynomial.legendre.leggauss(count)
            mine = np.flatnonzero(narrow == few)
            for first in range(0, mine.size, _CHUNK):
                part = mine[first : first + _CHUNK]
                values = f(middle[part, None] + half[part, None] * u, owner[part])
                total += float(half[part] @ (values @ w))
        return total


def _levels(weights: Array) -> Array:
    """0, and the cumulative weights, to 1 exactly."""
    cumulative = np.cumsum(weights)
    return np.concatenate([[0.0], np.minimum(cumulative / cumulative[-1], 1.0)])


def _density(d: int, a: Array, alpha: Array) -> Array:
    """f at angles, by p_k times the square root of the weight, which is bounded where p_k is not."""
    c, b = np.cos(alpha), ultraspherical.recurrence(d, max(len(a) - 1, 1))
    # about the equator, where the mass is in high d, the power of a number close to 1
    log_sine = np.where(c * c < 0.5, 0.5 * np.log1p(-np.minimum(c * c, 0.5)), np.log(np.sin(alpha)))
    root = np.exp(0.5 * ((d - 2.0) * log_sine - scipy.special.betaln(0.5, 0.5 * (d - 1.0))))
    before, now = np.zeros_like(alpha), root
    total = a[0] * root
    for k in range(1, len(a)):
        now, before = (c * now - (b[k - 2] * before if k > 1 else 0.0)) / b[k - 1], now
        total = total + a[k] * now
    return root * total
