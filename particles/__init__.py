"""n particles on the unit sphere, moved by the same laws as densities."""

from meanfield.doors.resume import load
from meanfield.laws import SA, USA, Diffusion, Law, Sum
from particles.cloud import Cloud
from particles.late import LongTime
from particles.longtime import longtime
from particles.sample import sample, uniform, uniform_angles
from particles.simulate import simulate
from particles.trajectory import Trajectory

__all__ = [
    "SA",
    "USA",
    "Cloud",
    "Diffusion",
    "Law",
    "LongTime",
    "Sum",
    "Trajectory",
    "load",
    "longtime",
    "sample",
    "simulate",
    "uniform",
    "uniform_angles",
]

__dir__ = __all__.copy  # dir(particles) is the public page
