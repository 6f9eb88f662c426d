"""Distances between measures, exact where exact is possible; each with an oracle in the tests."""

from __future__ import annotations

from meanfield.distances.circle.energy import w2_energy_circle
from meanfield.distances.circle.linear import w1_circle
from meanfield.distances.circle.quadratic import w2_circle
from meanfield.distances.harmonic.circle import fourier_distance, sobolev
from meanfield.distances.harmonic.sphere import sobolev_axial, sobolev_sphere, sobolev_tail
from meanfield.distances.sphere.axial import w1_axial, w2_axial
from meanfield.distances.sphere.transport import emd_sphere, geodesic, sliced_sphere

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
    "w2_energy_circle",
]
