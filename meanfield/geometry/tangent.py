"""Positions on the sphere and their velocities, which are tangent there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.geometry.flat import FLAT
from meanfield.geometry.product import Halved, halves, joined
from meanfield.geometry.rows import ROWS
from meanfield.protocols import Array
from meanfield.tools import inputs
from meanfield.tools.settings import register

ALONG = 1e-8
"""What velocities given may have along their positions, of their lengths, or of 1."""


@register(name="geometry-tangent")
@dataclass(frozen=True)
class Tangent(Halved):
    """Rows (x, v) (..., n, 2 d): unit x, and v with <x, v> = 0, the tangent bundle of S^{d-1}.

    What moves it, (u, w), is along it where <x, u> = 0 and <x, w> + <v, u> = 0: by that a force w in R^d keeps v
    tangent, x' = v, v' = P_x w - |v|^2 x.

    Examples
    --------
    >>> from meanfield.geometry import Tangent
    >>> Tangent().project(np.array([[1.0, 0.0, 0.0, 2.0]]), np.array([[0.0, 2.0, 5.0, 7.0]])).tolist()
    [[0.0, 2.0, -4.0, 7.0]]
    """

    first = ROWS
    second = FLAT
    name = "tangent"
    told = "rows (n, 2 d), unit rows and then velocities along the sphere,"

    def check(self, name: str, value: Any) -> Array:
        """Unit rows, and velocities along the sphere."""
        q = super().check(name, value)
        x, v = halves(q)
        along = np.abs(np.sum(x * v, axis=-1))
        if np.any(along > ALONG * (1.0 + np.linalg.norm(v, axis=-1))):
            wanted = "velocities that are tangent, <x, v> = 0"
            remedy = "Take v - numpy.sum(x * v, axis=-1, keepdims=True) * x."
            raise ValueError(inputs.message(name, wanted, f"<x, v> up to {along.max():.3g}", remedy))
        return self.retract(q)

    def retract(self, q: Array) -> Array:
        """x / |x|, and what of v is along the sphere there."""
        x, v = halves(q)
        x = ROWS.retract(x)
        return joined(x, ROWS.project(x, v))

    def project(self, q: Array, v: Array) -> Array:
        """(P_x u, w - (<x, w> + <v, u>) x)."""
        (x, speed), (u, w) = halves(q), halves(v)
        u = ROWS.project(x, u)
        out = np.sum(x * w + speed * u, axis=-1, keepdims=True)
        return joined(u, w - out * x)
