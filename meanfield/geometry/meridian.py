"""Colatitudes: circles of latitude of S^{d-1} about an axis, by where they cross a meridian."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from meanfield.geometry.joining import line_groups, means
from meanfield.protocols import Array, Line, Space
from meanfield.special import ultraspherical
from meanfield.tools.settings import register


@register(name="geometry-meridian")
@dataclass(frozen=True)
class Meridian(Line):
    """Axisymmetric data: positions and labels are colatitudes phi (..., n) in [0, pi], radians from the axis."""

    name = "colatitudes"
    manifold = "sphere"
    reach = np.pi
    symbol = "phi"
    unit = "rad"
    low = 0.0
    high = np.pi
    shown = 128

    def rows(self, q: Array) -> Array:
        """Refused: a circle of latitude has no row."""
        raise TypeError("x: circles of latitude have no rows: ask a law that needs no positions")

    def d(self, q: Array) -> int:
        """Refused: colatitudes do not tell the sphere."""
        raise TypeError("d: colatitudes are those of any sphere: ask the measure")

    def project(self, q: Array, v: Array) -> Array:
        """d phi / dt of a law's answer (..., n, 1) towards the axis, where phi = 0."""
        return -v[..., 0]

    # --- distances ----------------------------------------------------------------------------------------

    def chord(self, p: Array, q: Array) -> Array:
        """|q - p| along the meridian."""
        return np.abs(q - p)

    def opening(self, p: Array, q: Array, u: Array, v: Array) -> float:
        """v - u, signed by the order."""
        return float((v - u) * np.sign(q - p))

    # --- several as one -----------------------------------------------------------------------------------

    def groups(self, q: Array, tol: float) -> Array | None:
        """Chains no longer than tol."""
        return line_groups(q, tol)

    def centres(self, q: Array, w: Array, labels: Array) -> tuple[Array, Array]:
        """Mean colatitudes of the groups."""
        return means(q, w, labels)

    def resultant(self, q: Array, w: Array) -> Array:
        """Its component along the axis."""
        return np.array([w @ np.cos(q)])

    # --- a density on it ----------------------------------------------------------------------------------

    def coordinates(self, s: Array) -> Array:
        """Heights c = cos phi."""
        return np.cos(s)

    def position(self, q: Any) -> Array:
        """phi = arccos c."""
        return np.arccos(q)

    def cells(self, space: Space, of: Space) -> tuple[Array, Array, Array]:
        """Zones between the middles of neighbouring nodes' colatitudes."""
        phi = np.arccos(space.nodes[::-1])
        edges = np.concatenate([[self.low], 0.5 * (phi[1:] + phi[:-1]), [self.high]])
        # beyond each edge, seen from the nearer pole: so near to it that 1 less that much would be 1
        rest = ultraspherical.distribution(space.d, np.ones(1), -np.abs(np.cos(edges)))
        north, south = edges <= 0.5 * np.pi, edges > 0.5 * np.pi
        both = north[:-1] & south[1:]
        sigma = np.where(both, 1.0 - rest[1:] - rest[:-1], np.abs(np.diff(rest)))
        return edges, sigma, np.arange(len(phi))[::-1]

    def measure(self, space: Space, s: Array) -> Array:
        """sin^{d-2} phi / B(1/2, (d-1)/2)."""
        d = space.d
        log = scipy.special.gammaln(0.5 * d) - scipy.special.gammaln(0.5 * (d - 1.0)) - 0.5 * np.log(np.pi)
        with np.errstate(divide="ignore"):
            return np.exp(log + (d - 2.0) * np.log(np.sin(s))) if d > 2 else np.full_like(s, np.exp(log))

    def waves(self, space: Space, degree: int, s: Array) -> float:
        """P_k ~ cos((k + d/2 - 1) phi + ...)."""
        return degree + 0.5 * space.d - 1.0

    def placed(self, space: Any, s: Array, u: Array) -> Array:
        """Rows at colatitude s, turned by the levels u about the axis."""
        return np.asarray(space.around(np.cos(s), np.sin(s), u))


MERIDIAN = Meridian()
