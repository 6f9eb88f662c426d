"""Finite volumes: masses in equal cells, fluxes through their faces.

Positive under its CFL condition, conservative, of second order with a limiter, and with the energy's monotony built in:
face velocities are differences of the first variation, whose kernel matrix is symmetric and positive semidefinite.
After J. A. Carrillo, A. Chertock, Y. Huang, Commun. Comput. Phys. 17 (2015) 233-258.
"""

from meanfield.methods.finite_volume.scheme import FiniteVolume
from meanfield.methods.finite_volume.snapshot import CellAverages

__all__ = [
    "CellAverages",
    "FiniteVolume",
]
