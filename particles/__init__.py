"""n particles on the unit sphere, moved by the same laws as densities."""

from meanfield.laws import SA, USA, Diffusion, Law, Sum
from particles.sample import sample, uniform, uniform_angles
from particles.simulate import simulate
from particles.trajectory import Trajectory, load

__all__ = [
    "SA",
    "USA",
    "Diffusion",
    "Law",
    "Sum",
    "Trajectory",
    "load",
    "sample",
    "simulate",
    "uniform",
    "uniform_angles",
]
