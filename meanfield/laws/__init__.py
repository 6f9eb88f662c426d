"""The laws a density or a cloud can obey."""

from meanfield.laws.attention import SA, USA
from meanfield.laws.base import Law, Sum
from meanfield.laws.causal import Causal
from meanfield.laws.coupling import Coupling
from meanfield.laws.feedforward import Activated, FeedForward, Linear
from meanfield.laws.frozen import Frozen
from meanfield.laws.gradient import GradientLaw
from meanfield.laws.kuramoto import Kuramoto
from meanfield.laws.masked import Masked
from meanfield.laws.noise import Diffusion

__all__ = [
    "SA",
    "USA",
    "Activated",
    "Causal",
    "Coupling",
    "Diffusion",
    "FeedForward",
    "Frozen",
    "GradientLaw",
    "Kuramoto",
    "Law",
    "Linear",
    "Masked",
    "Sum",
]
