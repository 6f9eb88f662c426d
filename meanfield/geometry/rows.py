"""Unit rows on the sphere S^{d-1}."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.geometry.angles import ANGLES
from meanfield.geometry.joining import means, row_groups
from meanfield.geometry.sphere import Arcs, project, retract, vanishing
from meanfield.geometry.turning import to_angles
from meanfield.protocols import Array, Geometry, Space
from meanfield.tools import inputs
from meanfield.tools.settings import register


@register(name="geometry-rows")
@dataclass(frozen=True)
class Rows(Arcs):
    """The sphere S^{d-1}, d >= 2, by unit rows (..., n, d)."""

    name = "rows"
    fast = (2, 3)

    def check(self, name: str, value: Any) -> Array:
        """Unit rows, or a refusal."""
        return inputs.rows(name, value, else_="If these are angles, pass angles=True.")

    def angles(self, q: Array, instead: str = "take x") -> Array:
        """In (-pi, pi], on the circle."""
        return to_angles(q) if self.d(q) == 2 else super().angles(q, instead)

    def line(self, q: Array) -> tuple[Geometry, Array]:
        """On the circle, angles."""
        return ANGLES.line(to_angles(q)) if self.d(q) == 2 else (self, q)

    def chart(self, space: Space, q: Array) -> Array:
        """As the space has it."""
        return np.asarray(space.chart(q))

    # --- motion -------------------------------------------------------------------------------------------

    def retract(self, q: Array) -> Array:
        """q / |q|."""
        return retract(q)

    def project(self, q: Array, v: Array) -> Array:
        """v - <q, v> q."""
        if v.ndim < 2 or v.shape[-1] != q.shape[-1]:
            raise ValueError(
                f"velocity: got shape {v.shape} at points of shape {q.shape}, wanted rows, as many components as they "
                "have: a tangent component (..., n, 1) is for angles alone"
            )
        return project(q, v)

    # --- distances ----------------------------------------------------------------------------------------

    def chord(self, p: Array, q: Array) -> Array:
        """|q - p|."""
        near = q - p
        return np.asarray(np.sqrt(np.sum(near * near, axis=-1)))

    def distance(self, p: Array, q: Array) -> Array:
        """2 arctan(|q - p| / |q + p|), in which arcs of nearly half a turn have all their digits, too."""
        return np.asarray(2.0 * np.arctan2(self.chord(p, q), self.chord(-p, q)))

    def opening(self, p: Array, q: Array, u: Array, v: Array) -> float:
        """<q - p, v - u> / sin(distance)."""
        return float((q - p) @ (v - u)) / math.sin(float(self.distance(p, q)))

    def pairs(self, q: Array) -> tuple[Array, Array]:
        """1 - <x, y> = |x - y|^2 / 2 = 2 - |x + y|^2 / 2, whichever square is small, and P_x y likewise."""
        near, far = q[None] - q[:, None], q[None] + q[:, None]
        short, long = np.sum(near * near, axis=-1), np.sum(far * far, axis=-1)
        close = (short <= long)[..., None]
        toward = np.where(close, near + 0.5 * short[..., None] * q[:, None], far - 0.5 * long[..., None] * q[:, None])
        return np.where(close[..., 0], 0.5 * short, 2.0 - 0.5 * long), toward

    # --- several as one -----------------------------------------------------------------------------------

    def groups(self, q: Array, tol: float) -> Array | None:
        """Balls of the geodesic diameter tol."""
        return row_groups(q, self.straight(tol))

    def centres(self, q: Array, w: Array, labels: Array) -> tuple[Array, Array]:
        """Directions of int x d mu over the groups."""
        centre, masses = means(q, w, labels)
        counts = np.bincount(labels, minlength=len(masses))
        several = counts > 1
        lost = vanishing(np.linalg.norm(centre, axis=-1), 1.0, counts) & several
        centre[several] = retract(centre[several])
        centre[lost] = np.nan
        return centre, masses


ROWS = Rows()
