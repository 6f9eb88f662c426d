"""Weighted points moved by a law: on spheres by rows, on the circle by angles, in R^d freely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield import geometry
from meanfield.points import Cluster
from meanfield.protocols import Array, Method
from meanfield.settings import register


@register
@dataclass(frozen=True, eq=False)
class OnPoints:
    """What a state of positions means.

    Attributes
    ----------
    weights : ndarray
        Masses, broadcastable to (..., n).
    angles : bool
        State (..., n) of angles, not (..., n, d) of rows.
    field : str
        Which sum answers.
    flat : bool
        Rows in R^d, not on the sphere.
    """

    weights: Array
    angles: bool
    field: str = "auto"
    flat: bool = False
    name = "particles"

    def retract(self, y: Array) -> Array:
        """Rows back on the sphere; angles are left as they are (unwrapped)."""
        return y if self.angles or self.flat else geometry.retract(y)

    def measure(self, y: Array) -> Cluster:
        """The weighted points (leading axes: replicas, or several times at once)."""
        x = self.retract(y)
        shape = x.shape if self.angles else x.shape[:-1]
        return Cluster(x, np.broadcast_to(self.weights, shape), self.angles, self.field)


@dataclass(frozen=True, eq=False)
class Cloud(Method):
    """x_i' = P_{x_i} X[mu](x_i), mu = sum_i weights_i delta_{x_i}; noise sqrt(2 kappa) P_x dB if the law has any."""

    law: Any
    template: OnPoints

    def start(self, mu: Cluster) -> tuple[Cloud, Array]:
        """The points themselves."""
        return self, self.template.retract(np.array(mu.points, dtype=float))

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """Velocities, shaped as y; the law sees points on the sphere at every stage."""
        mu = self.template.measure(y)
        v = self.law.velocity(t, None if self.law.isotropic else mu.x, mu)
        if np.ndim(v) == 0:
            out[...] = v
        elif not self.template.angles:
            out[...] = v if self.template.flat else geometry.project(mu.x, v)
        elif v.shape[-1] == 1:
            out[...] = v[..., 0]
        else:
            out[...] = np.sum(v * geometry.quarter_turn(mu.x), axis=-1)
        return out

    def measure(self, t: float, y: Array) -> Cluster:
        """The weighted points."""
        return self.template.measure(y)

    def retract(self, y: Array) -> Array:
        """Unit norms to rounding, by construction."""
        return self.template.retract(y)

    def tangent(self, y: Array, v: Array) -> Array:
        """P_y v."""
        return v if self.template.angles or self.template.flat else geometry.project(y, v)

    def noise(self, t: float, y: Array) -> Any:
        """The law's noise, shaped to broadcast against y."""
        mu = self.template.measure(y)
        s = self.law.noise(t, None if self.law.isotropic else mu.x, mu)
        return s[..., 0] if np.ndim(s) and self.template.angles else s
