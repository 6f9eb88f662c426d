"""Exact W2 on the circle, for arc length: the best of all ways of matching the quantiles cyclically.

W2^2 = min_alpha int_0^1 |F^{-1}(u) - G^{-1}(u - alpha)|^2 du, with quantiles continued by F^{-1}(u + 1) = F^{-1}(u) +
2 pi; the cost is convex in alpha (Delon, Salomon and Sobolevskii 2010, "Fast transport optimization for Monge costs
on the circle").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from meanfield.distances.circle.matching import w2_squared_atoms_series, w2_squared_series
from meanfield.distances.circle.measures import TWO_PI, Atoms, Side, Smooth, paired, read
from meanfield.distances.circle.series import Series
from meanfield.distances.circle.sorting import argsorted_rows, sorted_rows
from meanfield.protocols import Array

_EPS = float(np.finfo(np.float64).eps)

_THIN = 64.0 * _EPS
"""Slabs of mass below this are rounding of the cumulative weights.  W2 is only Hoelder-1/2 in the weights, so that
left in they would put 1e-8 where the distance is zero."""

_COARSE = 1024

_NEGATIVE = 1e-6
"""Negative mass beyond which a density has no quantiles worth the name."""


def w2_circle(a: Any, b: Any, a_weights: Any = None, b_weights: Any = None) -> Any:
    """2-Wasserstein distance W2 (not its square) on the circle of circumference 2 pi.

    W2^2 = min_alpha int_0^1 |F^{-1}(u) - G^{-1}(u - alpha)|^2 du

    Parameters
    ----------
    a, b, a_weights, b_weights
        As for `w1_circle`.

    Returns
    -------
    float or ndarray
        The distance, in radians, with the broadcast leading shape; a float if there is none.

    Raises
    ------
    TypeError, ValueError
        As for `w1_circle`; and if a density has negative mass above 1e-6 (below, it is off by about that mass).

    Warns
    -----
    RuntimeWarning
        If the quadrature between two densities (singular where both vanish at matched points) did not settle to
        1e-11; the text says how far it got.

    Notes
    -----
    Exact up to rounding: about 1e-14 between samples, 1e-12 with a density.  Unequal or weighted samples are solved
    exactly (the minimum is at a kink of the piecewise linear cost, and found as such), one replica at a time.

    Examples
    --------
    >>> round(mf.distances.w2_circle([0.0, 0.0], [1.0, 1.0]), 12)
    1.0
    """
    squared = paired(_checked("a", read("a", a, a_weights)), _checked("b", read("b", b, b_weights)), _w2_squared)
    root = np.sqrt(np.maximum(squared, 0.0))
    return float(root) if np.ndim(root) == 0 else root


def _checked(name: str, side: Side) -> Side:
    """The side, if its densities are (nearly) nonnegative."""
    if isinstance(side, Smooth):
        for c in side.c.reshape(-1, side.c.shape[-1]):
            negative = Series(c).negative_mass
            if negative > _NEGATIVE:
                raise ValueError(
                    f"{name} must be a nonnegative density; its negative part has mass {negative:.3g}. Resolve it "
                    "better; w1_circle and sobolev take signed measures."
                )
    return side


def _w2_squared(a: Side, b: Side) -> Array:
    if isinstance(a, Smooth):
        if isinstance(b, Atoms):
            return _w2_squared(b, a)
        return np.array([w2_squared_series(Series(a.c[0]), Series(b.c[0]))])
    if isinstance(b, Smooth):
        return w2_squared_atoms_series(a, Series(b.c[0]))
    if a.weights is None and b.weights is None and a.theta.shape == b.theta.shape:
        return _equal(sorted_rows(a.theta), sorted_rows(b.theta))
    rows = zip(a.theta, a.masses(), b.theta, b.masses(), strict=True)
    return np.array([_weighted(_sorted(x, wx), _sorted(y, wy)) for x, wx, y, wy in rows])


# --- equal weights: the best integer shift ------------------------------------------------------------------


def _equal(x: Array, y: Array) -> Array:
    """(R,) W2^2 of sorted samples (R, n), all weights 1/n."""
    k, windows = _best_shift(x, y)
    difference = windows[np.arange(len(x)), k]
    difference -= x
    return np.einsum("rn,rn->r", difference, difference) / x.shape[1]


def _best_shift(x: Array, y: Array) -> tuple[Array, Array]:
    """k (R,) in 0..2n minimising sum_i (y_{i + k - n} - x_i)^2, and the windows y_{i + k - n} (R, 2n + 1, n).

    The cost is convex in k: bisection on its difference, helped by the secant, which is nearly exact for large n.
    """
    rows, n = x.shape
    row = np.arange(rows)
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([y - TWO_PI, y, y + TWO_PI], axis=1), n, axis=1)

    def rise(k: Array, live: Array) -> Array:
        """cost(k + 1) - cost(k)."""
        here, there = windows[live, k], windows[live, k + 1]
        step = there - here
        there += here
        there -= 2.0 * (x if live.size == rows else x[live])
        return np.einsum("rn,rn->r", step, there)

    # rise < 0 at low and >= 0 at high; a turn either way moves every atom past its partner
    low, high = np.full(rows, -1), np.full(rows, 2 * n)
    at_high = np.full(rows, 2.0 * TWO_PI * TWO_PI)
    at_low = -at_high
    guess = np.full(rows, n)
    turn = 0
    while (live := row[high - low > 1]).size:
        k = np.clip(guess[live], low[live] + 1, high[live] - 1)
        value = rise(k, live)
        negative = value < 0.0
        low[live], high[live] = np.where(negative, k, low[live]), np.where(negative, high[live], k)
        at_low[live] = np.where(negative, value, at_low[live])
        at_high[live] = np.where(negative, at_high[live], value)
        turn += 1
        guess = _next_shift(turn, low, high, at_low, at_high)
    return high, windows


def _next_shift(turn: int, low: Array, high: Array, at_low: Array, at_high: Array) -> Array:
    """Secant, one beyond it on either side in turn (to close the bracket), and the middle every third time."""
    if turn % 3 == 0:
        return (low + high) // 2
    secant = low + (high - low) * (at_low / (at_low - at_high))
    return np.where(secant - low < high - secant, np.ceil(secant), np.floor(secant)).astype(int)


# --- any weights: the best kink -----------------------------------------------------------------------------


def _sorted(theta: Array, weights: Array) -> tuple[Array, Array]:
    """Sorted atoms and their cumulative weights, strictly increasing to 1 (atoms that add nothing are dropped)."""
    order = argsorted_rows(theta[None, :])[0]
    theta, cumulative = theta[order], np.cumsum(weights[order])
    cumulative /= cumulative[-1]
    adds = np.diff(cumulative, prepend=0.0) > 0.0
    return (theta, cumulative) if adds.all() else (theta[adds], cumulative[adds])


class _Merge:
    """Cost and slope in alpha, |alpha| <= 1, of two sorted weighted samples (x, P), (y, Q)."""

    def __init__(self, a: tuple[Array, Array], b: tuple[Array, Array]) -> None:
        (self.x, self.P), (self.y, self.Q) = a, b
        following = np.append(self.y[1:], self.y[0] + TWO_PI)
        self.jump = following - self.y
        self.sum = following + self.y
        # F^{-1} over the turns Q + alpha may reach
        self.places = np.concatenate([self.x + TWO_PI * turn for turn in (-1, 0, 1, 2, 3)])
        self.levels = np.concatenate([self.P + turn for turn in (-1.0, 0.0, 1.0, 2.0, 3.0)])

    def rank(self, alpha: float) -> Array:
        """(m,) number of `levels` at or below each Q_j + alpha: F^{-1} just after it is places[rank]."""
        u = self.Q + alpha
        first = int(np.searchsorted(self.levels, u[0], side="right"))
        window = self.levels[first : first + self.x.size + 1]
        # the stable sort merges two sorted runs, faster than a search for each
        order = np.argsort(np.concatenate([window, u]), kind="stable")
        return first - np.arange(u.size) + np.flatnonzero(order >= window.size)

    def slope(self, rank: Array) -> float:
        """d cost / d alpha, to the right of the alpha of this rank: every jump of G^{-1} moves through F^{-1}."""
        return float(np.dot(self.jump, 2.0 * self.places[rank] - self.sum))

    def cost(self, alpha: float) -> float:
        """The integral, slab by slab between the breakpoints of both quantiles, over u in (alpha, 1 + alpha]."""
        u = self.Q + alpha
        first = int(np.searchsorted(self.levels, alpha, side="right"))
        window = self.levels[first : first + self.x.size + 1]
        edges = np.concatenate([window, u])
        order = np.argsort(edges, kind="stable")
        of_x = order < window.size
        # the slab that ends at an edge takes the atoms whose breakpoints are next, itself included
        i: Array = np.cumsum(of_x) - of_x
        j: Array = np.minimum(np.cumsum(~of_x) - ~of_x, self.y.size - 1)
        mass = np.diff(edges[order], prepend=alpha)
        mass[(mass < _THIN) | (edges[order] > u[-1])] = 0.0
        gap = self.places[first + i] - self.y[j]
        return float(np.einsum("i,i,i->", mass, gap, gap))

    def kinks(self, low: Array, high: Array, most: int | None) -> tuple[Array, Array] | None:
        """alpha and jump of slope at all kinks between two ranks, sorted; None if there are more than `most`."""
        count = high - low
        total = int(count.sum())
        if most is not None and total > most:
            return None
        j = np.repeat(np.arange(count.size), count)
        rank = np.repeat(low - np.cumsum(count) + count, count) + np.arange(total)
        alpha = self.levels[rank] - self.Q[j]
        rise = 2.0 * self.jump[j] * (self.places[rank + 1] - self.places[rank])
        order = np.argsort(alpha)
        return alpha[order], rise[order]


class _End(NamedTuple):
    """One end of the bracket."""

    alpha: float
    rank: Array
    slope: float


def _weighted(a: tuple[Array, Array], b: tuple[Array, Array]) -> float:
    """W2^2 of two sorted weighted samples: close in on the sign change of the slope, then take the kink itself."""
    merge = _Merge(a, b)

    def at(alpha: float) -> _End:
        rank = merge.rank(alpha)
        return _End(alpha, rank, merge.slope(rank))

    low, high = _start(merge, at)
    few = (merge.x.size + merge.y.size) // 8 + 1000
    turn, reach = 0, 0.0
    while True:
        width = high.alpha - low.alpha
        # cumulative weights increase strictly, so that a bracket of a few ulps holds few kinks
        found = merge.kinks(low.rank, high.rank, few if width > 4.0 * _EPS else None)
        if found is not None:
            break
        turn += 1
        # in turn: the secant; as far beyond it as it was wrong, so that the bracket closes from both sides; the middle
        steepness = high.slope - low.slope
        part = -low.slope / steepness
        if turn % 5 == 0:
            part = 0.5
        elif turn % 5 % 2 == 0:
            part += np.copysign(2.0 * reach / steepness, 0.5 - part)
        middle = at(low.alpha + width * float(np.clip(part, 1e-9, 1.0 - 1e-9)))
        reach = abs(middle.slope)
        low, high = (middle, high) if middle.slope < 0.0 else (low, middle)
    alpha, rise = found
    if alpha.size == 0:  # rounding: no kink left between the two signs
        return min(merge.cost(low.alpha), merge.cost(high.alpha))
    k = min(int(np.searchsorted(low.slope + np.cumsum(rise), 0.0)), alpha.size - 1)
    return merge.cost(float(alpha[k]))


def _start(merge: _Merge, at: Callable[[float], _End]) -> tuple[_End, _End]:
    """A bracket of the best alpha: around that of a coarse copy of the problem, widened until the slope turns."""
    u = (np.arange(_COARSE) + 0.5) / _COARSE
    x = merge.x[np.searchsorted(merge.P, u)][None, :]
    y = merge.y[np.searchsorted(merge.Q, u)][None, :]
    k = int(_best_shift(x, y)[0][0])
    centre = (_COARSE - k) / _COARSE
    ends = []
    for sign in (-1.0, 1.0):
        width = 1.0 / _COARSE
        end = at(float(np.clip(centre + sign * width, -1.0, 1.0)))
        while (end.slope < 0.0) != (sign < 0.0) and abs(end.alpha) < 1.0:
            width *= 4.0
            end = at(float(np.clip(centre + sign * width, -1.0, 1.0)))
        ends.append(end)
    return ends[0], ends[1]
