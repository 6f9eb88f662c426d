"""Angles on the circle, unwrapped: theta is the row (cos theta, sin theta)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.geometry.joining import circle_groups, shares
from meanfield.geometry.sphere import Arcs, vanishing
from meanfield.geometry.turning import TURN, positive, quarter_turn, reduced, to_rows, turned
from meanfield.protocols import Array, Line, Space
from meanfield.tools import inputs
from meanfield.tools.settings import register


@register(name="geometry-angles")
@dataclass(frozen=True)
class Angles(Arcs, Line):
    """The circle: positions and labels are angles theta (..., n) in radians, unwrapped."""

    name = "angles"
    turn = TURN
    fast = (2,)
    symbol = "theta"
    unit = "rad"
    told = "angles (n,)"
    low = 0.0
    high = TURN
    shown = 512

    def check(self, name: str, value: Any) -> Array:
        """Finite angles in radians, (..., n)."""
        return inputs.angles(name, value)

    def d(self, q: Array) -> int:
        """2."""
        return 2

    def rows(self, q: Array) -> Array:
        """(cos theta, sin theta)."""
        return to_rows(q)

    def angles(self, q: Array, instead: str = "take x") -> Array:
        """Themselves."""
        return q

    def line(self, q: Array) -> tuple[Line, Array]:
        """Angles in [0, 2 pi)."""
        return self, positive(q)

    def chart(self, space: Space, q: Array) -> Array:
        """A space of densities on the circle has the same coordinates."""
        return q

    # --- motion -------------------------------------------------------------------------------------------

    def project(self, q: Array, v: Array) -> Array:
        """v along the unit tangent: rows (..., n, 2), or its component (..., n, 1) already."""
        if v.ndim < 2 or v.shape[-1] > 2:
            raise ValueError(
                f"velocity: got shape {v.shape} at angles of shape {q.shape}, wanted rows (..., n, 2), or (..., n, 1), "
                "the component along the unit tangent: such as v[..., None]"
            )
        if v.shape[-1] == 1:
            return v[..., 0]
        return np.asarray(np.sum(v * quarter_turn(to_rows(q)), axis=-1))

    def moved(self, q: Array, move: Array) -> Array:
        """theta turned as the row x turns to x + move."""
        x = to_rows(q)
        across = np.sum(move * quarter_turn(x), axis=-1)
        return q + np.arctan2(across, 1.0 + np.sum(move * x, axis=-1))

    def reduced(self, q: Array) -> Array:
        """Within four turns of 0."""
        return reduced(q)

    def turned(self, q: Array, turns: Array) -> Array:
        """theta + 2 pi turns."""
        return turned(q, turns)

    # --- distances ----------------------------------------------------------------------------------------

    def apart(self, p: Array, q: Array) -> Array:
        """q - p, the short way round."""
        gap = q - p
        return np.asarray(gap - TURN * np.round(gap / TURN))

    def chord(self, p: Array, q: Array) -> Array:
        """2 |sin((q - p) / 2)|."""
        return 2.0 * np.abs(np.sin(0.5 * (q - p)))

    def distance(self, p: Array, q: Array) -> Array:
        """Arcs in [0, pi]."""
        return np.asarray(np.abs(np.remainder(q - p + np.pi, TURN) - np.pi))

    def opening(self, p: Array, q: Array, u: Array, v: Array) -> float:
        """(v - u), signed by which way round is short."""
        return float((v - u) * np.sign(np.sin(q - p)))

    def pairs(self, q: Array) -> tuple[Array, Array]:
        """2 sin^2(gap / 2) and sin gap, gap = theta_j - theta_i."""
        gap = q[None, :] - q[:, None]
        half = np.sin(0.5 * gap)
        return 2.0 * (half * half), np.sin(gap)

    # --- several as one -----------------------------------------------------------------------------------

    def groups(self, q: Array, tol: float) -> Array | None:
        """Chains no longer than tol, around the circle."""
        return circle_groups(q, tol)

    def centres(self, q: Array, w: Array, labels: Array) -> tuple[Array, Array]:
        """Directions of int e^{i theta} d mu over the groups, on the branch of each group's first point."""
        share, masses, first = shares(w, labels)
        m, at = len(masses), q[first]
        moved = q - at[labels]
        c, s = (np.bincount(labels, share * f(moved), minlength=m) for f in (np.cos, np.sin))
        lost = vanishing(np.hypot(c, s), 1.0, np.bincount(labels, minlength=m))
        return np.where(lost, np.nan, at + np.arctan2(s, c)), masses

    # --- a density on it ----------------------------------------------------------------------------------

    def position(self, q: Any) -> Array:
        """The same."""
        return np.asarray(q, dtype=float)

    def within(self, a: Array) -> Array:
        """In [0, 2 pi)."""
        return np.mod(a, TURN)

    def near(self, s: Any, start: Any) -> Any:
        """Brought to the turn that begins at `start`."""
        return start + np.mod(s - start, TURN)

    def cells(self, space: Space, of: Space) -> tuple[Array, Array, Array]:
        """Equal arcs around the nodes."""
        n = len(space.nodes)
        return TURN * (np.arange(n + 1) - 0.5) / n, np.full(n, 1.0 / n), np.arange(n)

    def measure(self, space: Space, s: Array) -> Array:
        """1 / 2 pi."""
        return np.full_like(s, 0.5 / np.pi)

    def waves(self, space: Space, degree: int, s: Array) -> float:
        """The degree."""
        return float(degree)

    def placed(self, space: Space, s: Array, u: Array) -> Array:
        """Angles."""
        return s


ANGLES = Angles()
