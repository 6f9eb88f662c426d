"""The laws a density or a cloud can obey."""

from meanfield.laws.attention import SA, USA
from meanfield.laws.base import Law, Sum
from meanfield.laws.causal import Causal
from meanfield.laws.coupling import Coupling
from meanfield.laws.encoded import Encoded
from meanfield.laws.feedforward import Activated, FeedForward, Linear
from meanfield.laws.flocking import CuckerSmale, Vicsek
from meanfield.laws.frozen import Frozen
from meanfield.laws.gradient import GradientLaw
from meanfield.laws.inertial import Inertial
from meanfield.laws.krause import HegselmannKrause, Krause
from meanfield.laws.kuramoto import Kuramoto
from meanfield.laws.linear_attention import LinearAttention
from meanfield.laws.masked import Masked
from meanfield.laws.noise import Diffusion, VaryingDiffusion
from meanfield.laws.normalised import Normalised
from meanfield.laws.rescaled import Rescaled
from meanfield.laws.rotary import Rotary
from meanfield.laws.sinkhorn import Sinkhorn
from meanfield.laws.sloped import ALiBi

__all__ = [
    "SA",
    "USA",
    "ALiBi",
    "Activated",
    "Causal",
    "Coupling",
    "CuckerSmale",
    "Diffusion",
    "Encoded",
    "FeedForward",
    "Frozen",
    "GradientLaw",
    "HegselmannKrause",
    "Inertial",
    "Krause",
    "Kuramoto",
    "Law",
    "Linear",
    "LinearAttention",
    "Masked",
    "Normalised",
    "Rescaled",
    "Rotary",
    "Sinkhorn",
    "Sum",
    "VaryingDiffusion",
    "Vicsek",
]
