"""Distances between measures, by the name they have in a bench: those of `meanfield.distances`."""

from meanfield.distances import (
    emd_sphere,
    fourier_distance,
    geodesic,
    sliced_sphere,
    sobolev,
    sobolev_axial,
    sobolev_sphere,
    sobolev_tail,
    w1_axial,
    w1_circle,
    w2_axial,
    w2_circle,
    w2_energy_circle,
)

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
