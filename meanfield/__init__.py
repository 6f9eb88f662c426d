"""Mean-field dynamics of self-attention: the continuity equation d_t mu + div(X[mu] mu) = kappa Lap mu on spheres."""

from meanfield.density import Density
from meanfield.initial import mixture, perturbed_uniform, poisson_kernel, uniform, von_mises_fisher
from meanfield.kernel import Exponential, Zonal, multipliers
from meanfield.laws import SA, USA, Diffusion, Law, Sum
from meanfield.linear import fastest, growth_rates
from meanfield.methods.spectral import Spectral
from meanfield.points import Points
from meanfield.protocols import Reading, Status
from meanfield.record import Solution
from meanfield.run import Interrupted, RunError, StoppedEarly, UnresolvedError
from meanfield.settings import register
from meanfield.solve import load, resume, solve
from meanfield.spaces import Circle, Sphere, ZonalSphere
from meanfield.storage import StorageError
from meanfield.sweep import sweep

__version__ = "0.1.0"

__all__ = [
    "SA",
    "USA",
    "Circle",
    "Density",
    "Diffusion",
    "Exponential",
    "Interrupted",
    "Law",
    "Points",
    "Reading",
    "RunError",
    "Solution",
    "Spectral",
    "Sphere",
    "Status",
    "StoppedEarly",
    "StorageError",
    "Sum",
    "UnresolvedError",
    "Zonal",
    "ZonalSphere",
    "fastest",
    "growth_rates",
    "load",
    "mixture",
    "multipliers",
    "perturbed_uniform",
    "poisson_kernel",
    "register",
    "resume",
    "solve",
    "sweep",
    "uniform",
    "von_mises_fisher",
]
