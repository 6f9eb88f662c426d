"""Mean-field dynamics of self-attention: the continuity equation d_t mu + div(X[mu] mu) = kappa Lap mu on spheres."""

from meanfield import distances, protocols
from meanfield.analysis.context import critical_beta, equiangular
from meanfield.analysis.fluctuations import fluctuations
from meanfield.analysis.linear import fastest, growth_rates, inertial_rate, switching
from meanfield.analysis.linearised import spectrum
from meanfield.analysis.onset import onset, turning
from meanfield.analysis.prediction import predict
from meanfield.analysis.stars import star_rates, star_spread
from meanfield.analysis.stationary import NotStationary, stationary
from meanfield.clustering.found import clusters
from meanfield.clustering.order import order_parameters
from meanfield.clustering.track import track
from meanfield.clustering.tree import merge_tree, rescaled_energy
from meanfield.doors.branch import branch
from meanfield.doors.pairs import pair_correlation
from meanfield.doors.resume import load, resume
from meanfield.doors.solve import solve
from meanfield.doors.sweep import SweepError, grid, sweep
from meanfield.doors.workers import workers
from meanfield.equations import equation
from meanfield.kernels import Exponential, Zonal
from meanfield.laws import (
    SA,
    USA,
    Activated,
    ALiBi,
    Causal,
    Coupling,
    CuckerSmale,
    Diffusion,
    Encoded,
    FeedForward,
    Frozen,
    HegselmannKrause,
    Inertial,
    Krause,
    Kuramoto,
    Law,
    Linear,
    LinearAttention,
    Masked,
    Normalised,
    Rescaled,
    Rotary,
    Sinkhorn,
    Sum,
    VaryingDiffusion,
    Vicsek,
)
from meanfield.measures.gaussian import Gaussian
from meanfield.measures.points import Points
from meanfield.methods.causal_density import CausalSpectral
from meanfield.methods.finite_volume import CellAverages, FiniteVolume
from meanfield.methods.lagrangian import Lagrangian
from meanfield.methods.merging import LateMerge, Merge
from meanfield.methods.minimising import MinimisingMovements
from meanfield.methods.spectral import Spectral
from meanfield.protocols import Reading, Status
from meanfield.runs.errors import Interrupted, RunError, StoppedEarly, UnresolvedError
from meanfield.runs.family import FamilySolution
from meanfield.runs.gaussian import GaussianSolution
from meanfield.runs.solution import Solution
from meanfield.runs.until import steady, steps
from meanfield.spaces import Circle, Line, Sphere, ZonalSphere
from meanfield.spaces.density import Density
from meanfield.spaces.doubt import Doubt, UnknownValue
from meanfield.spaces.family import Family, family
from meanfield.spaces.initial import mixture, perturbed_uniform, poisson_kernel, uniform, von_mises_fisher
from meanfield.special.bessel import multipliers
from meanfield.tools.files import StorageError
from meanfield.tools.settings import register

__version__ = "0.1.0"

__all__ = [
    "SA",
    "USA",
    "ALiBi",
    "Activated",
    "Causal",
    "CausalSpectral",
    "CellAverages",
    "Circle",
    "Coupling",
    "CuckerSmale",
    "Density",
    "Diffusion",
    "Doubt",
    "Encoded",
    "Exponential",
    "Family",
    "FamilySolution",
    "FeedForward",
    "FiniteVolume",
    "Frozen",
    "Gaussian",
    "GaussianSolution",
    "HegselmannKrause",
    "Inertial",
    "Interrupted",
    "Krause",
    "Kuramoto",
    "Lagrangian",
    "LateMerge",
    "Law",
    "Line",
    "Linear",
    "LinearAttention",
    "Masked",
    "Merge",
    "MinimisingMovements",
    "Normalised",
    "NotStationary",
    "Points",
    "Reading",
    "Rescaled",
    "Rotary",
    "RunError",
    "Sinkhorn",
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
    "VaryingDiffusion",
    "Vicsek",
    "Zonal",
    "ZonalSphere",
    "branch",
    "clusters",
    "critical_beta",
    "distances",
    "equation",
    "equiangular",
    "family",
    "fastest",
    "fluctuations",
    "grid",
    "growth_rates",
    "inertial_rate",
    "load",
    "merge_tree",
    "mixture",
    "multipliers",
    "onset",
    "order_parameters",
    "pair_correlation",
    "perturbed_uniform",
    "poisson_kernel",
    "predict",
    "protocols",
    "register",
    "rescaled_energy",
    "resume",
    "solve",
    "spectrum",
    "star_rates",
    "star_spread",
    "stationary",
    "steady",
    "steps",
    "sweep",
    "switching",
    "track",
    "turning",
    "uniform",
    "von_mises_fisher",
    "workers",
]

__dir__ = [*__all__, "__version__"].copy  # dir(meanfield) is the public page
