"""Watersheds of densities: on graphs, and on one-dimensional spaces between exact minima.

A maximum counts if its prominence, the height it must be left by to reach a higher one, is a given share of its own
height; the basins of those that do not count belong to the higher maximum they lead to.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import scipy

from meanfield import geometry
from meanfield.geometry import ANGLES, MERIDIAN, TURN
from meanfield.protocols import Array
from meanfield.special import ultraspherical

DELAUNAY = (3,)
"""Dimensions in which nodes have Delaunay's triangles on the sphere."""


def graph(x: Array) -> tuple[Array, Array]:
    """Neighbours of every row, as (start, beside): those of i are beside[start[i]:start[i + 1]]."""
    n, d = x.shape
    if d in DELAUNAY:
        sides = (
            scipy.spatial.ConvexHull(x).simplices[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
        )  # Delaunay's triangles on the sphere
    else:
        near = scipy.spatial.cKDTree(x).query(x, k=min(n, 2 * d + 1))[1]
        sides = np.stack([np.repeat(np.arange(n), near.shape[1]), near.ravel()], axis=-1)
    both = np.unique(np.concatenate([sides, sides[:, ::-1]]), axis=0)
    return np.searchsorted(both[:, 0], np.arange(n + 1)), both[:, 1]


def watersheds(values: Array, start: Array, beside: Array, prominence: float) -> Array:
    """Labels of watersheds: from the highest node down each joins its highest neighbour, and two basins that meet at
    a height s become one if the lower maximum h has h - s < prominence * h."""
    order = np.argsort(-values, kind="stable")
    rank = np.argsort(order).tolist()
    parent = list(range(len(values)))
    height = values.tolist()

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i in order.tolist():
        higher = sorted((rank[j], j) for j in beside[start[i] : start[i + 1]].tolist() if rank[j] < rank[i])
        if not higher:
            continue
        own = parent[i] = root(higher[0][1])
        for _, j in higher[1:]:
            top, low = sorted((own, root(j)), key=rank.__getitem__)
            if top != low and height[low] - height[i] < prominence * height[low]:
                parent[low] = top
            own = root(own)
    return np.unique([root(i) for i in range(len(values))], return_inverse=True)[1]


def cuts(line: Any, floor: float, prominence: float) -> Array:
    """Positions that bound the basins of a density on a line or circle, ascending; on a line its ends too."""
    raw = line.values
    values = np.maximum(raw, floor)
    n = len(values)
    new = np.flatnonzero(values != np.roll(values, 1)) if line.cyclic else np.arange(n)
    if not line.cyclic:
        new = np.concatenate([[0], 1 + np.flatnonzero(np.diff(values) != 0.0)])
    if len(new) > 1:
        rise = np.sign(values[new] - values[np.roll(new, 1)])
        turns = rise != np.roll(rise, -1)
        if not line.cyclic:
            turns[[0, -1]] = True
        new = new[turns]
    if len(new) < 2:
        return np.array(line.bounds)
    k, v = len(new), _extreme(raw, values, new, line.cyclic)
    pairs = [(i, (i + 1) % k) for i in range(k if line.cyclic and k > 2 else k - 1)]
    both = np.array(sorted([*pairs, *(p[::-1] for p in pairs)])).reshape(-1, 2)
    start = np.searchsorted(both[:, 0], np.arange(k + 1))
    labels = watersheds(v, start, both[:, 1], prominence)
    # maxima alternate with minima; between two maxima of different basins lies a border
    after, before = np.roll(v, -1), np.roll(v, 1)
    if not line.cyclic:
        after[-1] = before[0] = -np.inf
    tops = np.flatnonzero((v > before) & (v > after)) if k > 1 else np.array([0])
    found = []
    for one, two in zip(tops, np.roll(tops, -1), strict=True):
        if labels[one] != labels[two] and (line.cyclic or two > one):
            between = np.arange(new[one], new[two] + (n if two <= one else 0) + 1) % n
            found.append(line.lowest(int(between[np.argmin(raw[between])])))
    return np.sort(np.array([*line.bounds, *found]))


def _extreme(raw: Array, values: Array, at: Array, cyclic: bool) -> Array:
    """Values at extrema of the grid, bettered by the parabola through the neighbours where the density is not flat."""
    n = len(raw)
    left, right = raw[at - 1], raw[(at + 1) % n]
    bend = left - 2.0 * raw[at] + right
    inner = (values[at] == raw[at]) & (bend != 0.0) & (cyclic | ((at > 0) & (at < n - 1)))
    return values[at] - np.where(inner, (right - left) ** 2 / (8.0 * np.where(bend == 0.0, 1.0, bend)), 0.0)


class Around:
    """A density on the circle: its values on a fine grid, its minima, integrals over arcs in closed form."""

    cyclic = True
    bounds: tuple[float, ...] = ()

    def __init__(self, mu: Any) -> None:
        self.mu = mu
        self.c = mu.coefficients / mu.mass
        self.fine = mu.resized(4 * mu.space.size)
        self.values = self.fine.values / mu.mass

    def lowest(self, i: int, sign: float = 1.0) -> float:
        """The minimum (for sign -1 the maximum) near node i of the fine grid."""
        h = TURN / len(self.values)
        q = i * h

        def slope(s: float) -> float:
            return sign * float(self.mu.space.evaluate(self.c, np.array([s]), gradient=True)[0, 0])

        return float(geometry.positive(np.array(_zero(slope, q - h, q, q + h))))

    def basins(self, cuts: Array, gap: float) -> tuple[Array, ...]:
        """Of the arcs between neighbouring cuts (one, if there are fewer than two): masses, centres, widths, the mass
        within `gap` of the centre, edges, maxima; and to which every node of the space belongs."""
        if len(cuts) < 2:
            cuts = np.array([0.0, TURN])
            cuts += cuts[0] if len(cuts) else 0.0
        else:
            cuts = np.append(cuts, cuts[0] + TURN)
        parts = [self._arc(a, b) for a, b in pairwise(cuts)]
        masses, centres, widths = (np.array(column) for column in zip(*parts, strict=True))
        core = [
            0.0 if np.isnan(c) else self._integral(max(a, c - gap), min(b, c + gap), 0.0, 0)
            for a, b, c in zip(cuts[:-1], cuts[1:], centres, strict=True)
        ]
        members, owner = (
            np.searchsorted(cuts[1:-1], cuts[0] + geometry.positive(space.nodes - cuts[0]), side="right")
            for space in (self.mu.space, self.fine.space)
        )
        edges = np.stack([cuts[:-1], cuts[1:]], axis=-1)
        peaks = _tops(self, owner, len(masses))
        return masses, geometry.positive(centres), widths, np.array(core), edges, peaks, members

    def _arc(self, a: float, b: float) -> tuple[float, float, float]:
        """Mass, direction of int e^{i theta} (NaN if that is rounding), and root mean square distance from it, of the
        arc from a to b."""
        mass = self._integral(a, b, 0.0, 0)
        k = np.arange(-len(self.c) + 1, len(self.c))
        full = np.concatenate([np.conj(self.c[:0:-1]), self.c])
        with np.errstate(divide="ignore", invalid="ignore"):
            spans = np.where(k == -1, b - a, (np.exp(1j * (k + 1) * b) - np.exp(1j * (k + 1) * a)) / (1j * (k + 1)))
        resultant, middle = complex(full @ spans), 0.5 * (a + b)
        if geometry.vanishing(np.abs(resultant), TURN * mass, len(self.c)):
            return mass, np.nan, np.nan
        centre = middle + float(np.remainder(np.angle(resultant) - middle + np.pi, TURN) - np.pi)
        return mass, centre, float(np.sqrt(max(self._integral(a, b, centre, 2) / mass, 0.0)))

    def _integral(self, a: float, b: float, centre: float, power: int) -> float:
        """int_a^b (theta - centre)^power d mu, power 0 or 2, by parts term by term."""
        k = np.arange(1, len(self.c))

        def upto(q: float) -> float:
            u, ik = q - centre, 1j * k
            term = 1.0 / ik if power == 0 else u**2 / ik - 2.0 * u / ik**2 + 2.0 / ik**3
            whole = u ** (power + 1) / (power + 1)
            return float(self.c[0].real * whole + 2.0 * np.sum(self.c[1:] * np.exp(ik * q) * term).real)

        return (upto(b) - upto(a)) / TURN


class Along:
    """A zonal density along its meridian, by colatitude, as far as its values are known."""

    cyclic = False

    def __init__(self, mu: Any) -> None:
        self.mu = mu
        self.a = mu.coefficients / mu.mass
        known = np.isfinite(mu.values)
        low, high = (np.arccos(np.clip(mu.space.nodes[known][i], -1.0, 1.0)) for i in (-1, 0))
        if known.all():
            low, high = 0.0, np.pi
        self.grid = np.linspace(low, high, 8 * mu.space.size + 1)
        self.values = mu.space.evaluate(self.a, np.cos(self.grid))
        self.bounds = (0.0, np.pi)

    def lowest(self, i: int, sign: float = 1.0) -> float:
        """The minimum (for sign -1 the maximum) near node i of the grid."""
        a, q, b = (self.grid[min(max(i + j, 0), len(self.grid) - 1)] for j in (-1, 0, 1))

        def slope(s: float) -> float:  # the gradient's component points to the axis, against the colatitude
            return -sign * float(self.mu.space.evaluate(self.a, np.array([np.cos(s)]), gradient=True)[0, 0])

        return _zero(slope, a, q, b)

    def basins(self, cuts: Array, gap: float) -> tuple[Array, ...]:
        """As `Around.basins`; centres are mean colatitudes."""
        d, space = self.mu.d, self.mu.space
        below = 1.0 - ultraspherical.distribution(d, self.a, np.cos(cuts))
        below[[0, -1]] = 0.0, 1.0
        nodes, weights = np.polynomial.legendre.leggauss(space.size // 2 + d + 32)
        centres, widths, core = [], [], []
        for a, b in pairwise(cuts):
            s = 0.5 * (a + b) + 0.5 * (b - a) * nodes
            c = np.cos(s)
            mass = 0.5 * (b - a) * weights * np.exp(ultraspherical.log_weight(d, c)) * np.sin(s)
            mass *= space.evaluate(self.a, c)
            centre = float(mass @ s / mass.sum())
            centres.append(centre)
            widths.append(float(np.sqrt(max(mass @ (s - centre) ** 2 / mass.sum(), 0.0))))
            inner = np.cos(np.clip([max(a, centre - gap), min(b, centre + gap)], 0.0, np.pi))
            core.append(float(-np.diff(ultraspherical.distribution(d, self.a, inner))[0]))
        members = np.clip(np.searchsorted(cuts, np.arccos(np.clip(space.nodes, -1.0, 1.0))) - 1, 0, len(cuts) - 2)
        edges = np.stack([cuts[:-1], cuts[1:]], axis=-1)
        peaks = _tops(self, np.clip(np.searchsorted(cuts, self.grid) - 1, 0, len(cuts) - 2), len(centres))
        return np.diff(below), np.array(centres), np.array(widths), np.array(core), edges, peaks, members


LINES: dict[Any, Callable[[Any], Around | Along]] = {ANGLES: Around, MERIDIAN: Along}
"""How a density is cut on the line that its space names."""


def _zero(slope: Any, a: float, q: float, b: float) -> float:
    """Where the slope rises through zero between a and b; q if it does not."""
    return float(scipy.optimize.brentq(slope, a, b, xtol=1e-14)) if slope(a) < 0.0 < slope(b) else float(q)


def _tops(line: Any, owner: Array, m: int) -> Array:
    """The highest maximum of each of m basins, given which of them the nodes of the fine grid belong to."""
    order = np.lexsort((line.values, owner))
    last = np.searchsorted(owner[order], np.arange(m), side="right") - 1
    return np.array([line.lowest(int(i), -1.0) for i in order[last]])
