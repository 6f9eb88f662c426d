"""The real line: positions and labels are numbers x, moved by laws of R^1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.geometry.joining import line_groups, means
from meanfield.protocols import Array, Kernel, Line, Space
from meanfield.tools.settings import register

ROOM = 1.45
"""Scores that are linear along a panel want it so much narrower than harmonics of as many turns do: Gauss's rule of 20
nodes misses 6e-15 of e^{20 xi}, and 3e-11 of e^{29 xi}."""
DEEP = 40.0
"""Scores so far below the largest weigh less than rounding."""


@register(name="geometry-reals")
@dataclass(frozen=True)
class Reals(Line):
    """R: positions and labels are numbers x (..., n); their rows are (x,)."""

    name = "reals"
    told = "numbers (n,)"
    low = -np.inf
    high = np.inf
    shown = 256

    def d(self, q: Array) -> int:
        """1."""
        return 1

    def rows(self, q: Array) -> Array:
        """(x,)."""
        return np.asarray(q[..., None])

    def project(self, q: Array, v: Array) -> Array:
        """The one component of rows (..., n, 1)."""
        return np.asarray(v[..., 0])

    # --- distances ----------------------------------------------------------------------------------------

    def chord(self, p: Array, q: Array) -> Array:
        """|q - p|."""
        return np.abs(q - p)

    def opening(self, p: Array, q: Array, u: Array, v: Array) -> float:
        """v - u, signed by the order."""
        return float((v - u) * np.sign(q - p))

    # --- several as one -----------------------------------------------------------------------------------

    def groups(self, q: Array, tol: float) -> Array | None:
        """Chains no longer than tol."""
        return line_groups(q, tol)

    def centres(self, q: Array, w: Array, labels: Array) -> tuple[Array, Array]:
        """Means of the groups."""
        return means(q, w, labels)

    # --- a density on it ----------------------------------------------------------------------------------

    def bounds(self, space: Space) -> tuple[float, float]:
        """The interval's ends."""
        interval: Any = space
        return float(interval.a), float(interval.b)

    def size(self, space: Space) -> float:
        """Half its length."""
        low, high = self.bounds(space)
        return 0.5 * (high - low)

    def extent(self, space: Space, s: Array) -> float:
        """The size, or the largest distance from the interval's middle."""
        middle = 0.5 * sum(self.bounds(space))
        return max(self.size(space), float(np.abs(s - middle).max(initial=0.0)))

    def position(self, q: Any) -> Array:
        """The same."""
        return np.asarray(q, dtype=float)

    def cells(self, space: Space, of: Space) -> tuple[Array, Array, Array]:
        """From the middle between two nodes to the next, and to the ends."""
        x, (low, high) = space.nodes, self.bounds(space)
        edges = np.concatenate([[low], 0.5 * (x[1:] + x[:-1]), [high]])
        return edges, np.diff(edges) / of.area, np.arange(len(x))

    def measure(self, space: Space, s: Array) -> Array:
        """1 / (b - a)."""
        return np.full_like(s, 1.0 / space.area)

    def waves(self, space: Space, degree: int, s: Array) -> float:
        """The degree, by the largest distance from the interval's middle: polynomials turn no faster."""
        return degree / self.extent(space, s)

    def looked(self, kernel: Kernel, space: Space, ends: Array) -> Array:
        """(P,) by how much scores of a kernel change across panels, seen from where the panels end.

        A panel that weighs nothing beside others, from there, is not looked at.
        """
        probes = np.unique(ends)
        s = kernel.log(probes[:, None], ends.reshape(-1, 1)).reshape(len(probes), len(ends), 2)
        top = s.max(axis=(1, 2), keepdims=True)
        seen = s.max(axis=-1) > top[..., 0] - DEEP
        return np.asarray(ROOM * np.where(seen, np.abs(s[..., 1] - s[..., 0]), 0.0).max(axis=0, initial=0.0))

    def placed(self, space: Space, s: Array, u: Array) -> Array:
        """Rows (n, 1)."""
        return self.rows(s)

    def moments(self, q: Array, w: Array, degree: int) -> Array:
        """(..., degree + 1) int x^k dmu, k = 0..degree."""
        out, power = [], np.broadcast_to(w, q.shape)
        for _ in range(degree + 1):
            out.append(power.sum(axis=-1))
            power = power * q
        return np.stack(out, axis=-1)


REALS = Reals()
