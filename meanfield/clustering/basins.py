"""Watersheds of densities: on graphs, and on one-dimensional spaces between exact minima.

A maximum counts if its prominence, the height it must be left by to reach a higher one, is a given share of its own
height; the basins of those that do not count belong to the higher maximum they lead to.  Neighbouring basins whose
maxima lie no further apart than `gap` are one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import scipy

from meanfield import geometry
from meanfield.geometry import ANGLES, MERIDIAN, REALS, TURN
from meanfield.protocols import Array
from meanfield.spaces.density import Density
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


def cuts(line: Profile, floor: float, prominence: float) -> Array:
    """Positions that bound the basins of a density on a line or circle, ascending; on a line its ends too."""
    raw, cyclic = line.values, bool(line.place.turn)
    values = np.maximum(raw, floor)
    n = len(values)
    new = np.flatnonzero(values != np.roll(values, 1)) if cyclic else np.arange(n)
    if not cyclic:
        new = np.concatenate([[0], 1 + np.flatnonzero(np.diff(values) != 0.0)])
    if len(new) > 1:
        rise = np.sign(values[new] - values[np.roll(new, 1)])
        turns = rise != np.roll(rise, -1)
        if not cyclic:
            turns[[0, -1]] = True
        new = new[turns]
    if len(new) < 2:
        return np.array(line.bounds)
    k, v = len(new), line.heights(values, new)
    pairs = [(i, (i + 1) % k) for i in range(k if cyclic and k > 2 else k - 1)]
    both = np.array(sorted([*pairs, *(p[::-1] for p in pairs)])).reshape(-1, 2)
    start = np.searchsorted(both[:, 0], np.arange(k + 1))
    labels = watersheds(v, start, both[:, 1], prominence)
    # maxima alternate with minima; between two maxima of different basins lies a border
    after, before = np.roll(v, -1), np.roll(v, 1)
    if not cyclic:
        after[-1] = before[0] = -np.inf
    tops = np.flatnonzero((v > before) & (v > after)) if k > 1 else np.array([0])
    found = []
    for one, two in zip(tops, np.roll(tops, -1), strict=True):
        if labels[one] != labels[two] and (cyclic or two > one):
            between = np.arange(new[one], new[two] + (n if two <= one else 0) + 1) % n
            found.append(line.extremum(int(between[np.argmin(raw[between])]), -1.0)[0])
    return np.sort(np.array([*line.bounds, *found]))


def joined(line: Profile, cuts: Array, gap: float, floor: float) -> Array:
    """Those of the cuts between whose neighbouring maxima lies more than `gap`; basins lighter than floor keep nobody
    apart."""
    ends = line.ends(cuts)
    if len(ends) < 3:
        return cuts
    tops, turn = line.tops(ends), line.place.turn
    near = np.mod(np.diff(tops, append=tops[:1]), turn) if turn else np.diff(tops)
    if near.min() > gap:
        return cuts
    heavy = np.flatnonzero(line.masses(ends) >= floor)
    pairs = list(zip(heavy, np.append(heavy[1:], heavy[0] + len(tops)), strict=True))[: None if turn else -1]
    keep = np.ones(len(cuts), dtype=bool)
    for one, two in pairs if len(heavy) > 1 else []:
        apart = tops[two % len(tops)] - tops[one]
        if (np.mod(apart, turn) if turn else apart) <= gap:
            keep[np.arange(one + 1, two + 1) % len(cuts)] = False
    return cuts[keep]


# --- densities on a line or circle --------------------------------------------------------------------------


class Profile(ABC):
    """A density along a line or circle, by its values on a fine grid; of mass 1.

    Whoever holds a density in another way than by its space's coefficients makes one of its own (`Measure.profile`).

    Attributes
    ----------
    place : Line
        The line.
    grid, values : ndarray (n,)
        Positions on it in their order, and the density there.
    bounds : tuple of float
        The ends of a line; of a circle none.
    """

    place: Any
    grid: Array
    values: Array

    @property
    def bounds(self) -> tuple[float, ...]:
        """Where a line ends."""
        return () if self.place.turn else (self.place.low, self.place.high)

    def ends(self, cuts: Array) -> Array:
        """The m + 1 positions that bound m basins, ascending: on a circle a whole turn, from the first cut."""
        turn = self.place.turn
        if not turn:
            return cuts
        return np.append(cuts, cuts[0] + turn) if len(cuts) > 1 else np.append(cuts, 0.0)[0] + np.array([0.0, turn])

    def owners(self, ends: Array, q: Array) -> Array:
        """To which basin positions q belong."""
        at = np.searchsorted(ends, self.place.near(q, ends[0]), side="right") - 1
        return np.clip(at, 0, len(ends) - 2)

    def near(self, ends: Array, centres: Array, gap: float, below: Callable[[Array], Array]) -> Array:
        """(m,) the mass within `gap` of each basin's centre, and in the basin; `below` tells that below positions."""
        core, turn = np.zeros(len(ends) - 1), self.place.turn
        for i, (a, b) in enumerate(pairwise(ends)):
            for off in (-turn, 0.0, turn) if turn else (0.0,):
                part = within(a, b, self.place.near(centres[i], ends[0]) + off, gap)
                core[i] += float(np.diff(below(np.array(part)))[0]) if part else 0.0
        return core

    def tops(self, ends: Array) -> Array:
        """The highest maximum of each basin."""
        owner = self.owners(ends, self.grid)
        order = np.lexsort((self.values, owner))
        last = np.searchsorted(owner[order], np.arange(len(ends) - 1), side="right") - 1
        return np.array([self.extremum(int(i), 1.0)[0] for i in order[last]])

    def heights(self, values: Array, at: Array) -> Array:
        """Values at alternating extrema of the grid, bettered where they are not flat, nor at the end of a line."""
        sign = np.sign(values[at] - values[np.roll(at, 1)])
        better = values[at] == self.values[at]
        if not self.place.turn:
            better &= (at > 0) & (at < len(values) - 1)
        return np.array(
            [self.extremum(int(i), s)[1] if ok else values[i] for i, s, ok in zip(at, sign, better, strict=True)]
        )

    @cached_property
    def _found(self) -> dict[tuple[int, float], tuple[float, float]]:
        """The extrema asked for so far."""
        return {}

    def extremum(self, i: int, sign: float) -> tuple[float, float]:
        """Where the maximum (sign 1) or the minimum (sign -1) near node i of the grid lies, and the density there."""
        if (i, sign) not in self._found:
            self._found[i, sign] = self.turning(i, sign)
        return self._found[i, sign]

    @abstractmethod
    def turning(self, i: int, sign: float) -> tuple[float, float]:
        """The same, computed: the node itself, if the slope has no such zero beside it."""

    @abstractmethod
    def masses(self, ends: Array) -> Array:
        """(m,) the mass between neighbouring positions."""

    @abstractmethod
    def shapes(self, ends: Array, gap: float) -> tuple[Array, Array, Array]:
        """(m,) centres, widths, and the mass within `gap` of the centre; a centre is NaN where there is none."""

    @abstractmethod
    def nodes(self) -> Array:
        """Positions of the measure's own points."""

    def basins(self, cuts: Array, gap: float) -> tuple[Array, ...]:
        """Of the arcs between neighbouring cuts (one, if there are fewer than two): masses, centres, widths, the mass
        within `gap` of the centre, edges, maxima; and to which every own point of the measure belongs."""
        ends = self.ends(cuts)
        shapes, edges = self.shapes(ends, gap), np.stack([ends[:-1], ends[1:]], axis=-1)
        return self.masses(ends), *shapes, edges, self.tops(ends), self.owners(ends, self.nodes())


def within(a: float, b: float, centre: float, gap: float) -> tuple[float, float] | None:
    """The part of [a, b] no further than `gap` from the centre; None if there is none."""
    low, high = max(a, centre - gap), min(b, centre + gap)
    return (low, high) if low < high else None


class Around(Profile):
    """A density on the circle: its values on a fine grid, its extrema, integrals over arcs in closed form."""

    def __init__(self, mu: Density) -> None:
        self.mu, self.place = mu, mu.space.line
        self.c = mu.coefficients / mu.mass
        fine = mu.resized(4 * mu.space.size)
        self.grid, self.values = fine.space.nodes, fine.values / mu.mass

    def nodes(self) -> Array:
        """Nodes of the space."""
        return self.mu.space.nodes

    def turning(self, i: int, sign: float) -> tuple[float, float]:
        """By the zero of the slope."""
        h = TURN / len(self.values)
        q = i * h

        def slope(s: float) -> float:
            return -sign * float(self.mu.space.evaluate(self.c, np.array([s]), gradient=True)[0, 0])

        zero = geometry.positive(np.array([_zero(slope, q - h, q, q + h)]))
        return float(zero[0]), float(self.mu.space.evaluate(self.c, zero)[0])

    def masses(self, ends: Array) -> Array:
        """By the series."""
        return np.array([self._integral(a, b, 0.0, 0) for a, b in pairwise(ends)])

    def shapes(self, ends: Array, gap: float) -> tuple[Array, Array, Array]:
        """By the series; centres in [0, 2 pi)."""
        parts = np.array([self._arc(a, b, gap) for a, b in pairwise(ends)])
        return geometry.positive(parts[:, 0]), parts[:, 1], parts[:, 2]

    def _arc(self, a: float, b: float, gap: float) -> tuple[float, float, float]:
        """Direction of int e^{i theta} (NaN if that is rounding), root mean square distance from it, and the mass no
        further than `gap`, of the arc from a to b."""
        mass = self._integral(a, b, 0.0, 0)
        k = np.arange(-len(self.c) + 1, len(self.c))
        full = np.concatenate([np.conj(self.c[:0:-1]), self.c])
        with np.errstate(divide="ignore", invalid="ignore"):
            spans = np.where(k == -1, b - a, (np.exp(1j * (k + 1) * b) - np.exp(1j * (k + 1) * a)) / (1j * (k + 1)))
        resultant, middle = complex(full @ spans), 0.5 * (a + b)
        if geometry.vanishing(np.abs(resultant), TURN * mass, len(self.c)):
            return np.nan, np.nan, 0.0
        centre = middle + float(np.remainder(np.angle(resultant) - middle + np.pi, TURN) - np.pi)
        square = core = 0.0
        for near in (centre - TURN, centre, centre + TURN):  # what lies beyond its antipode is near it the other way
            square += self._part(within(a, b, near, np.pi), near, 2)
            core += self._part(within(a, b, near, gap), near, 0)
        return centre, float(np.sqrt(max(square / mass, 0.0))), core

    def _part(self, ends: tuple[float, float] | None, centre: float, power: int) -> float:
        return self._integral(*ends, centre, power) if ends else 0.0

    def _integral(self, a: float, b: float, centre: float, power: int) -> float:
        """int_a^b (theta - centre)^power d mu, power 0 or 2, by parts term by term."""
        k = np.arange(1, len(self.c))

        def upto(q: float) -> float:
            u, ik = q - centre, 1j * k
            term = 1.0 / ik if power == 0 else u**2 / ik - 2.0 * u / ik**2 + 2.0 / ik**3
            whole = u ** (power + 1) / (power + 1)
            return float(self.c[0].real * whole + 2.0 * np.sum(self.c[1:] * np.exp(ik * q) * term).real)

        return (upto(b) - upto(a)) / TURN


class Along(Profile):
    """A zonal density along its meridian, by colatitude, as far as its values are known."""

    def __init__(self, mu: Density) -> None:
        self.mu, self.place = mu, mu.space.line
        self.a = mu.coefficients / mu.mass
        known = np.isfinite(mu.values)
        low, high = (np.arccos(np.clip(mu.space.nodes[known][i], -1.0, 1.0)) for i in (-1, 0))
        if known.all():
            low, high = 0.0, np.pi
        self.grid = np.linspace(low, high, 8 * mu.space.size + 1)
        self.values = mu.space.evaluate(self.a, np.cos(self.grid))

    def nodes(self) -> Array:
        """Colatitudes of the space's nodes."""
        return np.arccos(np.clip(self.mu.space.nodes, -1.0, 1.0))

    def turning(self, i: int, sign: float) -> tuple[float, float]:
        """By the zero of the slope."""
        a, q, b = (self.grid[min(max(i + j, 0), len(self.grid) - 1)] for j in (-1, 0, 1))

        def slope(s: float) -> float:  # the gradient's component points to the axis, against the colatitude
            return sign * float(self.mu.space.evaluate(self.a, np.array([np.cos(s)]), gradient=True)[0, 0])

        zero = _zero(slope, a, q, b)
        return zero, float(self.mu.space.evaluate(self.a, np.array([np.cos(zero)]))[0])

    def masses(self, ends: Array) -> Array:
        """By the distribution function."""
        below = 1.0 - ultraspherical.distribution(self.mu.d, self.a, np.cos(ends))
        below[[0, -1]] = 0.0, 1.0
        return np.diff(below)

    def shapes(self, ends: Array, gap: float) -> tuple[Array, Array, Array]:
        """By Gauss's rule; centres are mean colatitudes."""
        d, space = self.mu.d, self.mu.space
        nodes, weights = np.polynomial.legendre.leggauss(space.size // 2 + d + 32)
        out = np.zeros((3, len(ends) - 1))
        for i, (a, b) in enumerate(pairwise(ends)):
            s = 0.5 * (a + b) + 0.5 * (b - a) * nodes
            c = np.cos(s)
            mass = 0.5 * (b - a) * weights * np.exp(ultraspherical.log_weight(d, c)) * np.sin(s)
            mass *= space.evaluate(self.a, c)
            centre = float(mass @ s / mass.sum())
            inner = within(a, b, centre, gap)
            core = float(-np.diff(ultraspherical.distribution(d, self.a, np.cos(inner)))[0]) if inner else 0.0
            out[:, i] = centre, np.sqrt(max(mass @ (s - centre) ** 2 / mass.sum(), 0.0)), core
        return out[0], out[1], out[2]


class Between(Profile):
    """A density on an interval of R, by its polynomial."""

    def __init__(self, mu: Density) -> None:
        self.mu, self.place, self.a = mu, mu.space.line, mu.coefficients / mu.mass
        self.grid = np.linspace(self.bounds[0], self.bounds[1], 8 * mu.space.size + 1)
        self.values = mu.space.evaluate(self.a, self.grid)

    @property
    def bounds(self) -> tuple[float, ...]:
        """The interval's ends."""
        return tuple(self.place.bounds(self.mu.space))

    def nodes(self) -> Array:
        """The space's nodes."""
        return np.asarray(self.mu.space.nodes)

    def turning(self, i: int, sign: float) -> tuple[float, float]:
        """By the zero of the slope."""
        a, q, b = (self.grid[min(max(i + j, 0), len(self.grid) - 1)] for j in (-1, 0, 1))

        of = self.mu.space.evaluate
        zero = _zero(lambda s: -sign * float(of(self.a, np.array([s]), gradient=True)[0, 0]), a, q, b)
        return zero, float(of(self.a, np.array([zero]))[0])

    def masses(self, ends: Array) -> Array:
        """By Gauss's rule."""
        return np.array([self._rule(a, b)[1].sum() for a, b in pairwise(ends)])

    def shapes(self, ends: Array, gap: float) -> tuple[Array, Array, Array]:
        """By Gauss's rule; centres are means."""
        out = np.zeros((3, len(ends) - 1))
        for i, (a, b) in enumerate(pairwise(ends)):
            s, mass = self._rule(a, b)
            centre = float(mass @ s / mass.sum())
            inner = within(a, b, centre, gap)
            core = float(self._rule(*inner)[1].sum()) if inner else 0.0
            out[:, i] = centre, np.sqrt(max(mass @ (s - centre) ** 2 / mass.sum(), 0.0)), core
        return out[0], out[1], out[2]

    def _rule(self, a: float, b: float) -> tuple[Array, Array]:
        """Nodes, and masses, that are right for the density times a square."""
        nodes, weights = np.polynomial.legendre.leggauss(self.mu.space.size // 2 + 2)
        s, half = 0.5 * (a + b) + 0.5 * (b - a) * nodes, 0.5 * (b - a) / self.mu.space.area
        return s, half * weights * self.mu.space.evaluate(self.a, s)


LINES: dict[Any, Callable[[Any], Profile]] = {ANGLES: Around, MERIDIAN: Along, REALS: Between}
"""How a density held by coefficients is cut on the line that its space names."""


def _zero(slope: Any, a: float, q: float, b: float) -> float:
    """Where the slope rises through zero between a and b; q if it does not."""
    return float(scipy.optimize.brentq(slope, a, b, xtol=1e-14)) if slope(a) < 0.0 < slope(b) else float(q)
