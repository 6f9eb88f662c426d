"""W2^2 on the circle where one side or both are densities, by their Fourier series."""

from __future__ import annotations

import warnings

import numpy as np

from meanfield.distances.circle.measures import TWO_PI, Atoms
from meanfield.distances.circle.series import Series
from meanfield.distances.circle.sorting import argsorted_rows, ordered_rows, sorted_rows
from meanfield.distances.numerics.roots import bracketed_newton
from meanfield.protocols import Array

_CANCELLED = 1e-4
"""Below this W2^2 the closed form, a difference of terms of size one, is replaced by a sum of squares."""

_GAUSS = 8

_SPEED = 1e3
"""Cap on 1 / rho in the slope: beyond it a boundary is crossing a gap, and its speed says nothing about the rest."""

_NEAR = 1e-7
"""Least half width of the bracket handed on by the secants, which are at most so many:"""

_SECANTS = 6

_SETTLED = 1e-12
_WARN = 1e-11
_TINY = 1e-300
_NODES = (512, 1 << 17)


# --- atoms against a density --------------------------------------------------------------------------------


def w2_squared_atoms_series(atoms: Atoms, series: Series) -> Array:
    """(R,) W2^2 between R weighted samples (R, n) and one density.

    The atom x_i is matched with [t_{i-1}, t_i], G(t_i) = P_i - alpha, where P_i are the cumulative weights; alpha is
    the zero of the increasing function sum_i (x_{i+1} - x_i) (x_i + x_{i+1} - 2 t_i), half the cost's derivative up
    to a factor.
    """
    x, P = _sorted_rows(atoms)
    following = np.concatenate([x[:, 1:], x[:, :1] + TWO_PI], axis=1)
    jump, total = following - x, following + x

    boundaries = _Boundaries(series, P, jump, np.einsum("rn,rn->r", jump, total))
    alpha, t = boundaries.solve(_guess(x, P, series))
    squared = _closed_form(series, x, jump, total, t, P - alpha[:, None])
    for r in np.flatnonzero(squared < _CANCELLED):
        squared[r] = _sum_of_squares(series, x[r], t[r])
    return squared


class _Boundaries:
    """t_i(alpha) = G^{-1}(P_i - alpha) of R samples, and alpha such that sum_i jump_i (total_i - 2 t_i) = 0.

    The sum jumps where a boundary crosses a gap in the density, once every 1/n, and for clustered densities its zero
    usually *is* such a jump.  So secants, which see the jumps on average, come as near as 1/n; then the boundaries
    that move little are replaced by a cubic in alpha, and the few that move far are followed exactly.
    """

    def __init__(self, series: Series, P: Array, jump: Array, constant: Array) -> None:
        self.series, self.P, self.jump, self.constant = series, P, jump, constant

    def at(self, alpha: Array, rows: Array) -> tuple[Array, Array]:
        """t (r, n) and the sum (r,) of these replicas."""
        t = self.series.quantile(self.P[rows] - alpha[:, None])
        return t, self.constant[rows] - 2.0 * np.einsum("rn,rn->r", self.jump[rows], t)

    def speed(self, t: Array) -> Array:
        """-dt/dalpha = 1 / rho(t), infinite where rho <= 0."""
        with np.errstate(divide="ignore"):
            return 1.0 / np.maximum(self.series.cumulative(t)[1], 0.0)

    def solve(self, guess: Array) -> tuple[Array, Array]:
        """alpha (R,) and t (R, n)."""
        everyone = np.arange(guess.size)
        alpha, distance = self._approach(guess, everyone)
        alpha = self._finish(alpha, distance, everyone)
        return alpha, self.at(alpha, everyone)[0]

    def _approach(self, alpha: Array, rows: Array) -> tuple[Array, Array]:
        """alpha near the zero, and about how near, by safeguarded secants."""
        # beyond these every boundary is on one side of all atoms
        start = self.series.table[0]
        low, high = np.full(alpha.size, -start - 2.0), np.full(alpha.size, 1.0 - start)
        t, value = self.at(alpha, rows)
        slope = 2.0 * np.einsum("rn,rn->r", self.jump, np.minimum(self.speed(t), _SPEED))
        for _ in range(_SECANTS):
            low, high = np.where(value < 0.0, alpha, low), np.where(value < 0.0, high, alpha)
            new = alpha - value / slope
            new = np.where((new >= low) & (new <= high), new, 0.5 * (low + high))
            step = new - alpha
            if np.abs(step).max() <= 0.5 / self.P.shape[1]:
                break
            _, then = self.at(new, rows)
            rising = (step != 0.0) & ((then - value) * step > 0.0)
            slope = np.where(rising, (then - value) / np.where(rising, step, 1.0), slope)
            alpha, value = new, then
        return alpha, 2.0 * np.abs(value / slope) + _NEAR

    def _finish(self, alpha: Array, distance: Array, rows: Array) -> Array:
        """alpha to the last digits."""
        (low, t_low), (high, t_high) = (self._beyond(alpha, sign * distance, rows) for sign in (-1.0, 1.0))
        span = (high - low)[:, None]
        width, m_low, m_high = t_low - t_high, span * self.speed(t_low), span * self.speed(t_high)
        smooth = (width < 1e-3) & (np.maximum(m_low, m_high) <= 3.0 * width)
        jump = np.where(smooth, self.jump[rows], 0.0)
        ends = (t_low, -m_low, t_high, -m_high)
        p, m, q, k = (np.einsum("rn,rn->r", jump, np.where(smooth, v, 0.0)) for v in ends)
        where, index = np.nonzero(~smooth)
        P, moving = self.P[rows[where], index], self.jump[rows[where], index]

        def total(a: Array, live: Array) -> tuple[Array, Array]:
            width = (high - low)[live]
            z = (a - low[live]) / width
            w = 1.0 - z
            value = w * w * ((1.0 + 2.0 * z) * p[live] + z * m[live])
            value += z * z * ((1.0 + 2.0 * w) * q[live] - w * k[live])
            slope = 6.0 * z * w * (q - p)[live] + w * (w - 2.0 * z) * m[live] + z * (z - 2.0 * w) * k[live]
            level = np.full(rows.size, np.nan)
            level[live] = a
            mine = np.flatnonzero(np.isfinite(level[where]))
            t = self.series.quantile(P[mine] - level[where[mine]])
            here, jumps = where[mine], moving[mine]
            moved, speed = (np.bincount(here, jumps * v, rows.size)[live] for v in (t, self.speed(t)))
            return self.constant[rows[live]] - 2.0 * (value + moved), 2.0 * (speed - slope / width)

        return bracketed_newton(total, low, high, 0.5 * (low + high), xtol=1e-12, vtol=1e-13, vnear=1e-9)

    def _beyond(self, alpha: Array, distance: Array, rows: Array) -> tuple[Array, Array]:
        """alpha + distance, or as much further as the sum needs to have the sign of distance; and t there."""
        sign, end = np.sign(distance[0]), alpha + distance
        t, value = self.at(end, rows)
        while (wrong := np.flatnonzero(sign * value < 0.0)).size:
            distance = 4.0 * distance
            end[wrong] = (alpha + distance)[wrong]
            t[wrong], value[wrong] = self.at(end[wrong], rows[wrong])
        return end, t


def _sorted_rows(atoms: Atoms) -> tuple[Array, Array]:
    if atoms.weights is None:
        x = sorted_rows(atoms.theta)
        n = x.shape[1]
        return x, np.broadcast_to(np.arange(1, n + 1) / n, x.shape)
    order = argsorted_rows(atoms.theta)
    P = np.cumsum(ordered_rows(atoms.weights, order), axis=1)
    return ordered_rows(atoms.theta, order), P / P[:, -1:]


def _guess(x: Array, P: Array, series: Series) -> Array:
    """alpha by which the mean over d theta of F - G vanishes: exact for W1's mean level, close for W2."""
    before = np.concatenate([np.zeros((len(x), 1)), P], axis=1)
    length = np.diff(x, axis=1, prepend=0.0, append=TWO_PI)
    mean_F = np.einsum("rn,rn->r", before, length) / TWO_PI
    return mean_F - 0.5 * series.mass


def _closed_form(series: Series, x: Array, jump: Array, total: Array, t: Array, level: Array) -> Array:
    """sum_i int_{t_{i-1}}^{t_i} (theta - x_i)^2 rho d theta, by parts twice; sums telescope to one term a boundary.

    With A the antiderivative of G: sum_i (x_{i+1} - x_i) [(2 t_i - x_i - x_{i+1}) G(t_i) - 2 A(t_i)] + x_1^2 + 2 pi
    x_1 + 4 pi^2 / 3, the last terms from the turn between t_0 and t_n.
    """
    A = t * t / (2.0 * TWO_PI) + series.periodic("a", "f", t)[0]
    boundary = (2.0 * t - total) * level - 2.0 * A
    first = x[:, 0]
    return np.einsum("rn,rn->r", jump, boundary) + first * first + TWO_PI * first + TWO_PI * TWO_PI / 3.0


def _sum_of_squares(series: Series, x: Array, t: Array) -> float:
    """The same integral for one sample by Gauss quadrature on panels no longer than 2 / K: no cancellation."""
    start = t[-1] - TWO_PI
    panels = int(np.ceil(TWO_PI * series.degree / 2.0))
    edges = np.sort(np.concatenate([[start], t, start + TWO_PI * np.arange(1, panels) / panels]))
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    target = x[np.minimum(np.searchsorted(t, middle), x.size - 1)]
    nodes, weights = np.polynomial.legendre.leggauss(_GAUSS)
    squared = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        theta = middle + node * half
        squared += weight * float(np.einsum("i,i,i->", half, (theta - target) ** 2, series.cumulative(theta)[1]))
    return squared


# --- density against density --------------------------------------------------------------------------------


def w2_squared_series(a: Series, b: Series) -> float:
    """W2^2 between two densities.

    The monotone matching is the curve F(theta) - G(y) = alpha.  In the parameter s = theta + y it is as smooth as
    the densities wherever they do not vanish together, d theta / ds = rho_b / (rho_a + rho_b), and the cost is int
    (theta - y)^2 rho_a rho_b / (rho_a + rho_b) ds over a period of 4 pi: the trapezoid rule converges geometrically.
    """
    reach = 1.01 * float(np.abs(a.on_nodes("f")).max() + np.abs(b.on_nodes("f")).max()) + 1e-12
    # negative parts make the curve ambiguous by as much
    doubt = a.negative_mass + b.negative_mass
    n = max(_NODES[0], 4 * max(a.degree, b.degree))
    alpha, squared = _matched(a, b, n, 0.0, reach)
    while True:
        before, n = squared, 2 * n
        alpha, squared = _matched(a, b, n, alpha, reach)
        if abs(squared - before) <= _SETTLED * squared + 0.1 * doubt + 1e-26:
            return squared
        if 2 * n > max(_NODES[1], 8 * max(a.degree, b.degree)):
            break
    error = abs(np.sqrt(squared) - np.sqrt(before))
    if error > _WARN + doubt:
        text = f"W2 between two densities settled only to {error:.1e}: both vanish at points matched with each other"
        warnings.warn(text, RuntimeWarning, stacklevel=2)
    return squared


def _matched(a: Series, b: Series, n: int, alpha: float, reach: float) -> tuple[float, float]:
    """Best alpha and cost by the trapezoid rule with n nodes in s; |F - theta / 2 pi| and G's sum to `reach`."""
    step = 2.0 * TWO_PI / n
    s = step * np.arange(n)
    state = {"theta": 0.5 * s}

    def curve(level: float) -> tuple[Array, Array, Array]:
        def residual(theta: Array, index: Array) -> tuple[Array, Array]:
            F, rho_a = a.cumulative(theta)
            G, rho_b = b.cumulative(s[index] - theta)
            return F - G - level, rho_a + rho_b

        middle = 0.5 * s + 0.5 * TWO_PI * level
        low, high = middle - 0.5 * TWO_PI * reach, middle + 0.5 * TWO_PI * reach
        guess = np.clip(state["theta"], low, high)
        state["theta"] = theta = bracketed_newton(residual, low, high, guess, xtol=1e-9, vtol=2e-15)
        rho_a, rho_b = a.cumulative(theta)[1], b.cumulative(s - theta)[1]
        return theta, np.maximum(rho_a, 0.0), np.maximum(rho_b, 0.0)

    def slope(level: Array, _: Array) -> tuple[Array, Array]:
        theta, rho_a, rho_b = curve(float(level[0]))
        both = np.maximum(rho_a + rho_b, _TINY)
        value = np.sum((2.0 * theta - s) * rho_a / both) * step
        return np.array([value]), np.array([np.sum(1.0 / both) * step])

    bound = np.array([reach])
    best = bracketed_newton(slope, -bound, bound, np.array([alpha]), xtol=1e-10, vtol=1e-15, vnear=1e-9)
    theta, rho_a, rho_b = curve(float(best[0]))
    mass = rho_a * rho_b / np.maximum(rho_a + rho_b, _TINY)
    return float(best[0]), float(np.sum((2.0 * theta - s) ** 2 * mass) * step)
