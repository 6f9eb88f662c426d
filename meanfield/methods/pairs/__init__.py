"""The law of a pair among n tokens that start independent and uniform on the circle (A, section 8)."""

from meanfield.methods.pairs.closures import CLOSURES
from meanfield.methods.pairs.evolution import Evolution, evolved
from meanfield.methods.pairs.forces import Forces
from meanfield.methods.pairs.two import TwoTokens

__all__ = ["CLOSURES", "Evolution", "Forces", "TwoTokens", "evolved"]
