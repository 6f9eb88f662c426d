"""n particles on the unit sphere, moved by the same laws as densities."""

from meanfield.doors.resume import load
from meanfield.laws import SA, USA, Diffusion, Law, Sum
from meanfield.methods.leading import Branch
from particles import configurations, trained
from particles.atlas import Atlas, classify
from particles.boolean import Boolean, boolean
from particles.cbo import CBO
from particles.cloud import Cloud
from particles.critical import Certificate, CriticalPoint, critical_points
from particles.equilibria import Equilibrium, equilibrium
from particles.gram import Gram, gram
from particles.hulls import Hull, hull
from particles.late import LongTime
from particles.layers import Layers, layers
from particles.leaders import Led, branches, leaders
from particles.limits import LimitSet, limit_set
from particles.line import Ends, Stays, ends, escape, stays
from particles.longtime import longtime
from particles.matrix import RowStatistics, attention, attention_rank, log_others, row_statistics
from particles.positions import encoded, positions
from particles.renyi import consumed, renyi
from particles.sample import sample, uniform, uniform_angles
from particles.sequential import Energies, energies
from particles.simulate import simulate
from particles.trajectory import Trajectory
from particles.triples import Triple, good_triple

__all__ = [
    "CBO",
    "SA",
    "USA",
    "Atlas",
    "Boolean",
    "Branch",
    "Certificate",
    "Cloud",
    "CriticalPoint",
    "Diffusion",
    "Ends",
    "Energies",
    "Equilibrium",
    "Gram",
    "Hull",
    "Law",
    "Layers",
    "Led",
    "LimitSet",
    "LongTime",
    "RowStatistics",
    "Stays",
    "Sum",
    "Trajectory",
    "Triple",
    "attention",
    "attention_rank",
    "boolean",
    "branches",
    "classify",
    "configurations",
    "consumed",
    "critical_points",
    "encoded",
    "ends",
    "energies",
    "equilibrium",
    "escape",
    "good_triple",
    "gram",
    "hull",
    "layers",
    "leaders",
    "limit_set",
    "load",
    "log_others",
    "longtime",
    "positions",
    "renyi",
    "row_statistics",
    "sample",
    "simulate",
    "stays",
    "trained",
    "uniform",
    "uniform_angles",
]

__dir__ = __all__.copy  # dir(particles) is the public page
