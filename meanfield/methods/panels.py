"""Gauss-Legendre panels in a label: where to put them, how to split them, what a polynomial on them says.

Arithmetic alone: arrays (..., P, G) of P panels with G Gauss nodes each, and lines on which labels live.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.polynomial import legendre

from meanfield import geometry
from meanfield.points import Cluster
from meanfield.protocols import Array
from meanfield.rings import Rings
from meanfield.settings import register
from meanfield.spaces import ultraspherical

GAUSS = 20
"""Nodes of a panel."""
XI, OMEGA = legendre.leggauss(GAUSS)
"""Gauss nodes on [-1, 1], and weights of sum 2."""
_K = np.arange(GAUSS)
TO_SERIES = (0.5 * (2 * _K + 1))[:, None] * (legendre.legvander(XI, GAUSS - 1) * OMEGA[:, None]).T
"""(G, G): node values -> Legendre coefficients."""
DERIVATIVE = np.array([np.append(legendre.legder(row), np.zeros(1)) for row in np.eye(GAUSS)])
"""(G, G): row k holds the coefficients of P_k'."""
INTEGRAL = np.array([legendre.legint(row, lbnd=-1.0) for row in np.eye(GAUSS)])
"""(G, G + 1): row k holds the coefficients of int_{-1}^x P_k."""
HALVES = np.stack([legendre.legvander(0.5 * (XI + side), GAUSS - 1) @ TO_SERIES for side in (-1.0, 1.0)])
"""(2, G, G): node values of a panel -> those of its left and right half."""
ENDS = np.stack([(-1.0) ** _K, np.ones(GAUSS)]) @ TO_SERIES
"""(2, G): node values -> values at the panel's two ends."""
LAST = 2
"""Legendre coefficients that make the tail."""
REACH = 6.0
"""A panel's nodes integrate e^{ikx} while k times half its width is below this: Gauss's rule misses what J_m(6) holds
beyond m = 2 GAUSS - 12 = 28, which is 5e-17, for masses whose series ends by degree 12."""
BEFORE, LEVEL, NOISE = 12, 0.1, 1e-9
"""Coefficients from the 12th on that fall less than tenfold to the tail are noise, if below 1e-9."""


def series(values: Array) -> Array:
    """Node values (..., G) -> Legendre coefficients (..., G)."""
    return values @ TO_SERIES.T


def tails(values: Array) -> Array:
    """(...) the largest of the last Legendre coefficients: how far a polynomial is from resolving its panel."""
    return np.asarray(np.abs(values @ TO_SERIES[-LAST:].T).max(axis=-1))


def telling(values: Array) -> Array:
    """(...) the tails, 0 where they are rounding.

    Coefficients that have stopped falling at a small size are noise, which no halving cures: it comes back after the
    next step.  A map that steepens has its coefficients fall by many times from the one group to the other.
    """
    size = np.abs(values @ TO_SERIES[BEFORE:].T)
    tail, before = size[..., -LAST:].max(axis=-1), size[..., :-LAST].max(axis=-1)
    return np.where((tail > LEVEL * before) & (tail < NOISE), 0.0, tail)


def ends(values: Array) -> Array:
    """(..., 2) values at the two ends of every panel."""
    return values @ ENDS.T


def widths(values: Array) -> Array:
    """(...) how far a panel's image reaches; negative where the map has turned over."""
    return np.asarray(ends(values) @ np.array([-1.0, 1.0]))


def at(coefficients: Array, xi: Array) -> Array:
    """Series (n, m), one for each point, at points xi (n,)."""
    return np.sum(coefficients * legendre.legvander(xi, coefficients.shape[-1] - 1), axis=-1)


def halved(values: Array, which: Array) -> Array:
    """(..., P, G) with the panels of the mask `which` (P,) replaced by their halves, in order."""
    count = np.where(which, 2, 1)
    out = np.repeat(values, count, axis=-2)
    first = np.cumsum(count)[which] - 2
    for side in (0, 1):
        out[..., first + side, :] = values[..., which, :] @ HALVES[side].T
    return out


def bisected(mid: Array, half: Array, which: Array) -> tuple[Array, Array]:
    """Centres and half lengths of the panels, those of the mask replaced by their halves."""
    count = np.where(which, 2, 1)
    new_mid, new_half = np.repeat(mid, count), np.repeat(half, count)
    first = np.cumsum(count)[which] - 2
    new_half[first], new_half[first + 1] = 0.5 * half[which], 0.5 * half[which]
    new_mid[first], new_mid[first + 1] = mid[which] - 0.5 * half[which], mid[which] + 0.5 * half[which]
    return new_mid, new_half


def refined(mid: Array, half: Array, moved: Array, spread: Array, waves: float, light: float) -> tuple[Array, Array]:
    """A quadrature that resolves `waves` per unit of position: panels halved by their own polynomials.

    Parameters
    ----------
    mid, half : ndarray (P,)
        Label panels.
    moved : ndarray (..., P, G)
        Positions less labels: what is interpolated, so that nothing is lost where nothing has moved.
    spread : ndarray (P, G)
        Mass per unit of a panel's own coordinate.
    waves : float
        Largest wave number.
    light : float
        Panels of less mass are left as they are: whatever they hold counts for nothing.

    Returns
    -------
    ndarray (..., P', G), ndarray (P', G)
        Positions, and the mass at each of them.
    """
    while True:
        s = mid[:, None] + half[:, None] * XI + moved
        mass = spread * OMEGA
        wide = np.abs(widths(s)).reshape(-1, len(mid)).max(axis=0, initial=0.0) * waves > 2.0 * REACH
        wide &= np.abs(mass.sum(axis=-1)) > light
        if not wide.any():
            return s, mass
        moved = halved(moved, wide)
        spread = halved(np.where(wide[:, None], 0.5, 1.0) * spread, wide)
        mid, half = bisected(mid, half, wide)


def solved(coefficients: Array, slope: Array, target: Array) -> Array:
    """xi in [-1, 1] where increasing series (n, .) reach the targets (n,): Newton, kept inside a shrinking bracket."""
    low, high = np.full_like(target, -1.0), np.ones_like(target)
    xi = np.zeros_like(target)
    for _ in range(80):
        excess = at(coefficients, xi) - target
        low, high = np.where(excess <= 0.0, xi, low), np.where(excess >= 0.0, xi, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = xi - excess / at(slope, xi)
        new = np.where((new > low) & (new < high), new, 0.5 * (low + high))
        done = np.abs(new - xi).max(initial=0.0) <= 4e-16
        xi = new
        if done:
            break
    return xi


@register
@dataclass(frozen=True, eq=False)
class Pieces:
    """A function of the label, by its values at the nodes of panels (mid, half), all of them in order.

    Attributes
    ----------
    mid, half : ndarray (P,)
        Centres and half lengths.
    values : ndarray (P, G)
        At the Gauss nodes.
    """

    mid: Array
    half: Array
    values: Array

    def __call__(self, labels: Array) -> Array:
        """Values at labels of any shape."""
        a = labels.ravel()
        cell = np.clip(np.searchsorted(self.mid - self.half, a, side="right") - 1, 0, len(self.mid) - 1)
        xi = np.clip((a - self.mid[cell]) / self.half[cell], -1.0, 1.0)
        return at(series(self.values)[cell], xi).reshape(labels.shape)


# --- lines -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Angle:
    """The circle: labels and positions are angles theta in [0, 2 pi), unwrapped.

    `turn` is the length of the closed line, `shown` the least size of the space on whose nodes pictures are drawn.
    """

    low = 0.0
    high = 2.0 * np.pi
    turn = 2.0 * np.pi
    shown = 512

    def coordinates(self, s: Array) -> Array:
        """The space's own coordinates."""
        return s

    def position(self, q: Array) -> Array:
        """Positions of coordinates."""
        return np.asarray(q, dtype=float)

    def within(self, a: Array) -> Array:
        """Labels brought to [low, high)."""
        return np.mod(a, self.turn)

    def near(self, s: Array, start: Any) -> Array:
        """Positions brought to the turn that begins at `start`."""
        return start + np.mod(s - start, self.turn)

    def apart(self, gap: Any) -> Any:
        """A difference of positions, the short way round."""
        return gap - self.turn * np.round(gap / self.turn)

    def cells(self, space: Any) -> tuple[Array, Array, Array]:
        """Edges (n + 1,) around a space's nodes, sigma (n,) of the cells, and the order that gives the nodes'."""
        n = len(space.nodes)
        edges = self.turn * (np.arange(n + 1) - 0.5) / n
        return edges, np.full(n, 1.0 / n), np.arange(n)

    def measure(self, space: Any, s: Array) -> Array:
        """d sigma / d theta."""
        return np.full_like(s, 0.5 / np.pi)

    def waves(self, space: Any, degree: int) -> float:
        """Radians that harmonics of `degree` turn through per radian."""
        return float(degree)

    def body(self, space: Any, s: Array, weights: Array, field: str) -> Any:
        """The measure of masses `weights` at s."""
        return Cluster(s, weights, True, field)

    def speed(self, body: Any, v: Array) -> Array:
        """ds/dt from a law's answer: tangent components, or rows."""
        if v.shape[-1] == 1:
            return v[..., 0]
        return np.asarray(np.sum(v * geometry.quarter_turn(body.x), axis=-1))

    def placed(self, space: Any, s: Array, u: Array) -> Array:
        """Points as `space.place` gives them: angles."""
        return s


@dataclass(frozen=True)
class Meridian:
    """Axisymmetric data: labels and positions are colatitudes phi in [0, pi]."""

    low = 0.0
    high = np.pi
    turn = 0.0
    shown = 128

    def coordinates(self, s: Array) -> Array:
        """Heights c = cos phi."""
        return np.cos(s)

    def position(self, q: Array) -> Array:
        """Positions of coordinates."""
        return np.arccos(q)

    def within(self, a: Array) -> Array:
        """Labels as they are."""
        return a

    def near(self, s: Array, start: Any) -> Array:
        """Positions as they are: there are no turns."""
        return s

    def apart(self, gap: Any) -> Any:
        """A difference of positions as it is."""
        return gap

    def cells(self, space: Any) -> tuple[Array, Array, Array]:
        """Edges (n + 1,) around a space's nodes, sigma (n,) of the cells, and the order that gives the nodes'."""
        phi = np.arccos(space.nodes[::-1])
        edges = np.concatenate([[self.low], 0.5 * (phi[1:] + phi[:-1]), [self.high]])
        # beyond each edge, seen from the nearer pole: so near to it that 1 less that much would be 1
        rest = ultraspherical.distribution(space.d, np.ones(1), -np.abs(np.cos(edges)))
        north, south = edges <= 0.5 * np.pi, edges > 0.5 * np.pi
        both = north[:-1] & south[1:]
        sigma = np.where(both, 1.0 - rest[1:] - rest[:-1], np.abs(np.diff(rest)))
        return edges, sigma, np.arange(len(phi))[::-1]

    def measure(self, space: Any, s: Array) -> Array:
        """d sigma / d phi = sin^{d-2} phi / B(1/2, (d-1)/2)."""
        d = space.d
        log = scipy.special.gammaln(0.5 * d) - scipy.special.gammaln(0.5 * (d - 1.0)) - 0.5 * np.log(np.pi)
        with np.errstate(divide="ignore"):
            return np.exp(log + (d - 2.0) * np.log(np.sin(s))) if d > 2 else np.full_like(s, np.exp(log))

    def waves(self, space: Any, degree: int) -> float:
        """Radians that harmonics of `degree` turn through per radian: P_k ~ cos((k + d/2 - 1) phi + ...)."""
        return degree + 0.5 * space.d - 1.0

    def body(self, space: Any, s: Array, weights: Array, field: str) -> Any:
        """The measure of masses `weights` on circles of latitude at s."""
        return Rings(space, s, weights, "auto" if field == "harmonic" else field)

    def speed(self, body: Any, v: Array) -> Array:
        """d phi / dt: a law answers towards the axis, where phi = 0."""
        return -v[..., 0]

    def placed(self, space: Any, s: Array, u: Array) -> Array:
        """Points as `space.place` gives them: rows at colatitude s, turned by the levels u about the axis."""
        return np.asarray(space.around(np.cos(s), np.sin(s), u))


LINES: dict[str, Any] = {"circle": Angle(), "zonal": Meridian()}
"""A space of one dimension names its line, as it names its picture."""
