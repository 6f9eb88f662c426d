"""Mean-field dynamics of self-attention: the continuity equation d_t mu + div(X[mu] mu) = kappa Lap mu on spheres."""

from meanfield.clusters import clusters, order_parameters
from meanfield.density import Density, Doubt, UnknownValue
from meanfield.files import StorageError
from meanfield.initial import mixture, perturbed_uniform, poisson_kernel, uniform, von_mises_fisher
from meanfield.kernel import Exponential, Zonal, multipliers
from meanfield.laws import SA, USA, Causal, Diffusion, Law, Sum
from meanfield.linear import fastest, growth_rates, predict, star_rates, switching
from meanfield.merges import merge_tree, rescaled_energy
from meanfield.merging import LateMerge, Merge
from meanfield.methods.lagrangian import Lagrangian
from meanfield.methods.spectral import Spectral
from meanfield.points import Points
from meanfield.protocols import Reading, Status
from meanfield.run import Interrupted, RunError, StoppedEarly, UnresolvedError
from meanfield.settings import register
from meanfield.solution import Solution
from meanfield.solve import load, resume, solve
from meanfield.spaces import Circle, Sphere, ZonalSphere
from meanfield.sweep import SweepError, grid, sweep, workers
from meanfield.tracking import track

__version__ = "0.1.0"

__all__ = [
    "SA",
    "USA",
    "Causal",
    "Circle",
    "Density",
    "Diffusion",
    "Doubt",
    "Exponential",
    "Interrupted",
    "Lagrangian",
    "LateMerge",
    "Law",
    "Merge",
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
    "SweepError",
    "UnknownValue",
    "UnresolvedError",
    "Zonal",
    "ZonalSphere",
    "clusters",
    "fastest",
    "grid",
    "growth_rates",
    "load",
    "merge_tree",
    "mixture",
    "multipliers",
    "order_parameters",
    "perturbed_uniform",
    "poisson_kernel",
    "predict",
    "register",
    "rescaled_energy",
    "resume",
    "solve",
    "star_rates",
    "sweep",
    "switching",
    "track",
    "uniform",
    "von_mises_fisher",
    "workers",
]
