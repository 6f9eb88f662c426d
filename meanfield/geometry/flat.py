"""Vectors of R^d, of any length."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.geometry.joining import means, row_groups
from meanfield.protocols import Array, Geometry
from meanfield.tools import inputs
from meanfield.tools.settings import register


@register(name="geometry-flat")
@dataclass(frozen=True)
class Flat(Geometry):
    """R^d, d >= 1, by rows (..., n, d): nothing is projected and nothing brought back."""

    name = "flat"

    def check(self, name: str, value: Any) -> Array:
        """Finite rows of R^d."""
        x = inputs.array(name, value)
        if x.ndim < 2:
            came = inputs.describe(value)
            raise ValueError(inputs.message(name, "rows (..., n, d) of R^d", came, "On a line they are (n, 1)."))
        return x

    # --- distances ----------------------------------------------------------------------------------------

    def chord(self, p: Array, q: Array) -> Array:
        """|q - p|."""
        return np.asarray(np.linalg.norm(q - p, axis=-1))

    def opening(self, p: Array, q: Array, u: Array, v: Array) -> float:
        """<q - p, v - u> / |q - p|."""
        return float((q - p) @ (v - u)) / math.sqrt(float((q - p) @ (q - p)))

    # --- several as one -----------------------------------------------------------------------------------

    def groups(self, q: Array, tol: float) -> Array | None:
        """Balls of diameter tol."""
        return row_groups(q, tol)

    def centres(self, q: Array, w: Array, labels: Array) -> tuple[Array, Array]:
        """Means of the groups."""
        return means(q, w, labels)


FLAT = Flat()
