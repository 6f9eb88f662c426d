"""W1 = min_c int |H - c| d theta for a function H with known monotone pieces: exact where H comes from a series.

H is p - F on every cell [left, left + length], with p constant on the cell and F a `Series`: the difference of a
step function and a smooth one.  The best level c is the median of H under d theta.
"""

from __future__ import annotations

import numpy as np

from meanfield.distances.circle.measures import TWO_PI, Atoms
from meanfield.distances.circle.series import Series
from meanfield.distances.circle.sorting import sorted_rows, sorted_with
from meanfield.distances.numerics.roots import bracketed_newton, weighted_medians
from meanfield.protocols import Array


class Cells:
    """R replicas of m cells on each of which H = p - F is monotone; arrays (R, m).

    `left` may pass 2 pi by one cell (the one across the seam); `ends` are F at both ends, `primitive` the periodic
    part of its antiderivative there.
    """

    def __init__(self, series: Series, left: Array, length: Array, p: Array, ends: Array, primitive: Array) -> None:
        self.series, self.left, self.length, self.p = series, left, length, p
        # the integral of F over a cell; the quadratic part is a difference of squares, so it is taken apart by hand
        self.integral = series.mass * (left + 0.5 * length) * length / TWO_PI + (primitive[1] - primitive[0])
        first, second = p - ends[0], p - ends[1]
        self.low, self.high = np.minimum(first, second), np.maximum(first, second)
        self.falls = first > second

    def w1(self) -> Array:
        """(R,) int |H - c| at the best c."""
        # H lies between its end values on every cell, so the medians of those enclose the median of H
        c_low = weighted_medians(self.low, self.length) - 1e-15
        c_high = weighted_medians(self.high, self.length) + 1e-15
        above = self.low >= c_high[:, None]
        open_ = ~above & (self.high > c_low[:, None])
        crossing = _Crossing(self, np.nonzero(open_), np.where(above, self.length, 0.0).sum(axis=1))
        guess = 0.5 * (c_low + c_high)
        c = bracketed_newton(crossing.excess, c_low, c_high, guess, xtol=1e-10, vtol=1e-14, vnear=1e-9)
        return self._integrate(c, crossing)

    def _integrate(self, c: Array, crossing: _Crossing) -> Array:
        whole = self.p * self.length - self.integral - c[:, None] * self.length
        pieces = np.abs(whole)
        row, cut, x = crossing.cuts(c)
        cells = tuple(index[cut] for index in crossing.where)
        left = self.left[cells]
        a, a_left = self.series.periodic("a", "f", np.stack([x, left]))[0]
        first = (self.p[cells] - c[row]) * (x - left)
        first -= self.series.mass * 0.5 * (x + left) * (x - left) / TWO_PI + (a - a_left)
        pieces[cells] = np.abs(first) + np.abs(whole[cells] - first)
        return pieces.sum(axis=1)


class _Crossing:
    """The few cells where H may pass the level, flattened: their cuts x, H(x) = c, for any c."""

    def __init__(self, cells: Cells, where: tuple[Array, ...], above: Array) -> None:
        self.cells, self.where, self.above = cells, where, above
        self.row = where[0]
        self.left, self.length, self.p, self.low, self.high, self.falls = (
            v[where] for v in (cells.left, cells.length, cells.p, cells.low, cells.high, cells.falls)
        )

    def cuts(self, c: Array, rows: Array | None = None) -> tuple[Array, Array, Array]:
        """(replica, number here, x) of the cells of these replicas that H crosses c in."""
        mine = np.ones(len(self.above), dtype=bool)
        if rows is not None:
            mine[:] = False
            mine[rows] = True
        level = c[self.row]
        cut = np.flatnonzero(mine[self.row] & (self.low < level) & (level < self.high))
        sign = np.where(self.falls[cut], 1.0, -1.0)
        target = self.p[cut] - level[cut]
        left, length = self.left[cut], self.length[cut]

        def residual(x: Array, index: Array) -> tuple[Array, Array]:
            F, rho = self.cells.series.cumulative(x)
            return sign[index] * (F - target[index]), sign[index] * rho

        part = (self.high[cut] - level[cut]) / (self.high[cut] - self.low[cut])
        guess = left + length * np.where(self.falls[cut], part, 1.0 - part)
        x = bracketed_newton(residual, left, left + length, guess, xtol=1e-9, vtol=2e-15)
        return self.row[cut], cut, x

    def excess(self, c: Array, rows: Array) -> tuple[Array, Array]:
        """pi - measure{H > c}, the derivative of int |H - c| by c halved, and its own derivative."""
        full = np.zeros(len(self.above))
        full[rows] = c
        row, cut, x = self.cuts(full, rows)
        above = self.above.copy()
        high = self.low >= full[self.row]
        count = len(above)
        above += np.bincount(self.row[high], weights=self.length[high], minlength=count)
        inside = np.where(self.falls[cut], x - self.left[cut], self.left[cut] + self.length[cut] - x)
        above += np.bincount(row, weights=inside, minlength=count)
        with np.errstate(divide="ignore"):
            speed = 1.0 / np.abs(self.cells.series.cumulative(x)[1])
        slope = np.bincount(row, weights=speed, minlength=count)
        return 0.5 * TWO_PI - above[rows], slope[rows]


def w1_atoms_series(atoms: Atoms, series: Series) -> Array:
    """(R,) W1 between R weighted samples (R, n) and one density."""
    theta, weights = atoms.theta, atoms.weights
    turning = series.turning_points
    if turning.size:  # where an under-resolved density is negative F falls: cut the cells there
        theta = np.concatenate([theta, np.broadcast_to(turning, (len(theta), turning.size))], axis=1)
        weights = np.concatenate([atoms.masses(), np.zeros((len(theta), turning.size))], axis=1)
    if weights is None:
        theta = sorted_rows(theta)
        n = theta.shape[1]
        p = np.broadcast_to(np.arange(1, n + 1) / n, theta.shape)
    else:
        theta, p = sorted_with(theta, weights)
        p = np.cumsum(p, axis=1)
        p /= p[:, -1:]
    f, a = series.periodic("f", "a", theta)
    length = np.diff(theta, axis=1, append=theta[:, :1] + TWO_PI)
    F = series.mass * theta / TWO_PI + f
    ends = np.stack([F, np.concatenate([F[:, 1:], F[:, :1] + series.mass], axis=1)])
    primitive = np.stack([a, np.roll(a, -1, axis=1)])
    return Cells(series, theta, length, p, ends, primitive).w1()


def w1_series(difference: Series) -> Array:
    """(1,) W1 between two densities, by the series of their difference."""
    nodes = np.sort(np.concatenate([difference.nodes, difference.turning_points]))[None, :]
    f, a = difference.periodic("f", "a", nodes)
    ends = np.stack([f[:, :-1], f[:, 1:]])
    primitive = np.stack([a[:, :-1], a[:, 1:]])
    p = np.zeros_like(ends[0])
    return Cells(difference, nodes[:, :-1], np.diff(nodes, axis=1), p, ends, primitive).w1()
