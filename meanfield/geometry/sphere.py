"""Spheres by rows: projected, retracted, and the arcs over chords."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from meanfield.protocols import Array, Geometry


def vanishing(size: Array, mass: Array | float, n: Array | int) -> Array:
    """Whether resultants |int x dmu| of n points each are rounding, and so have no direction (and no phase).

    A sum of n terms is off by about eps sqrt(n) of their mass; there is room for 8 times that.
    """
    return np.asarray(size <= 8.0 * np.finfo(float).eps * (2.0 + np.sqrt(n)) * mass)


def project(x: Array, v: Array, out: Array | None = None) -> Array:
    """P_x v = v - <x, v> x: the part of v (..., n, d) tangent to the sphere at unit rows x (..., n, d).

    ``out`` may be v or x.
    """
    along = np.einsum("...d,...d->...", x, v)[..., None]
    return np.subtract(v, along * x, out=out)


def frames(x: Array) -> Array:
    """(..., d - 1, d) orthonormal rows tangent at unit rows x (..., d): a reflection's, which takes e_1 to x or -x."""
    u = x.copy()
    u[..., 0] += np.where(x[..., 0] < 0.0, -1.0, 1.0)
    u /= np.linalg.norm(u, axis=-1, keepdims=True)
    return np.asarray((np.eye(x.shape[-1]) - 2.0 * u[..., :, None] * u[..., None, :])[..., 1:, :])


def retract(x: Array, out: Array | None = None) -> Array:
    """x / |x| row by row: the nearest point of the sphere, of norm 1 to within 1e-15.

    ``out`` may be x.  A zero row has no direction and becomes NaN, which the loop reports as "not finite".
    """
    # np.sum adds pairwise: in d = 2048 the norm still has an error of a few units in the last place.
    norms = np.sqrt(np.sum(np.square(x), axis=-1, keepdims=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.divide(x, norms, out=out)


class Arcs(Geometry):
    """What positions on a unit sphere have in common: distances are arcs, straight ones chords."""

    manifold = "sphere"
    reach = np.pi

    def along(self, chord: Any) -> Any:
        """The arc over a chord, 2 arcsin(chord / 2)."""
        return 2.0 * np.arcsin(np.minimum(0.5 * np.asarray(chord), 1.0))

    def straight(self, distance: float) -> float:
        """The chord of an arc, of half a turn at most."""
        return 2.0 * math.sin(0.5 * min(distance, math.pi))
