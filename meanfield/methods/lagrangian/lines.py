"""Lines on which labels live: the circle by angles, a meridian by colatitudes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from meanfield import geometry
from meanfield.measures.points import Points
from meanfield.measures.rings import Rings
from meanfield.protocols import Array
from meanfield.special import ultraspherical


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
        return Points.trusted(s, weights, True, field)

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
