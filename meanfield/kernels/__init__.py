"""Interaction kernels e^{s(x, y)}: values of pairs, and multipliers on spheres."""

from meanfield.kernels.exponential import Exponential
from meanfield.kernels.zonal import Zonal

__all__ = [
    "Exponential",
    "Zonal",
]
