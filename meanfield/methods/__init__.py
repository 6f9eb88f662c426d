"""Methods: law and measure become a right-hand side."""

from meanfield.methods.cloud import Tokens
from meanfield.methods.spectral import Spectral

__all__ = ["Spectral", "Tokens"]
