"""Distances between measures, exact where exact is possible; each with an oracle in the tests."""

from __future__ import annotations

from validation.metrics.circle import w1_circle
from validation.metrics.circle_w2 import w2_circle
from validation.metrics.sobolev import fourier_distance, sobolev
from validation.metrics.sobolev_sphere import sobolev_axial, sobolev_sphere, sobolev_tail
from validation.metrics.sphere import emd_sphere, geodesic, sliced_sphere
from validation.metrics.sphere_axial import w1_axial, w2_axial

__all__ = [
    "emd_sphere",
    "fourier_distance",
    "geodesic",
    "sliced_sphere",
    "sobolev",
    "sobolev_axial",
    "sobolev_sphere",
    "sobolev_tail",
    "w1_axial",
    "w1_circle",
    "w2_axial",
    "w2_circle",
]
