"""n particles on the unit sphere, moved by the same laws as densities."""

from meanfield.doors.resume import load
from meanfield.laws import SA, USA, Diffusion, Law, Sum
from meanfield.methods.leading import Branch
from particles.atlas import Atlas, classify
from particles.cloud import Cloud
from particles.equilibria import Equilibrium, equilibrium
from particles.gram import Gram, gram
from particles.late import LongTime
from particles.layers import Layers, layers
from particles.leaders import Led, branches, leaders
from particles.line import Ends, Stays, ends, escape, stays
from particles.longtime import longtime
from particles.matrix import RowStatistics, attention, attention_rank, log_others, row_statistics
from particles.positions import encoded, positions
from particles.renyi import consumed, renyi
from particles.sample import sample, uniform, uniform_angles
from particles.sequential import Energies, energies
from particles.simulate import simulate
from particles.trajectory import Trajectory

__all__ = [
    "SA",
    "USA",
    "Atlas",
    "Branch",
    "Cloud",
    "Diffusion",
    "Ends",
    "Energies",
    "Equilibrium",
    "Gram",
    "Law",
    "Layers",
    "Led",
    "LongTime",
    "RowStatistics",
    "Stays",
    "Sum",
    "Trajectory",
    "attention",
    "attention_rank",
    "branches",
    "classify",
    "consumed",
    "encoded",
    "ends",
    "energies",
    "equilibrium",
    "escape",
    "gram",
    "layers",
    "leaders",
    "load",
    "log_others",
    "longtime",
    "positions",
    "renyi",
    "row_statistics",
    "sample",
    "simulate",
    "stays",
    "uniform",
    "uniform_angles",
]

__dir__ = __all__.copy  # dir(particles) is the public page
