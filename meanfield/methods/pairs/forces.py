"""What tokens of the circle do to one another, on a grid of differences."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from meanfield.protocols import Array
from meanfield.tools.shown import Shown


@dataclass(frozen=True)
class Forces(Shown):
    """SA and USA among n tokens, by differences z: pull(z) = sign f sin z e^{b (cos z - 1)}, from a token at z, at 0.

    f is e^b times the law's scale where the weight is 1, and 1 where it is Z, of which e^b is taken out too.
    """

    n: int
    beta: float
    sign: int
    normalised: bool
    log_factor: float

    @property
    def factor(self) -> float:
        """f."""
        return 1.0 if self.normalised else math.exp(self.beta + self.log_factor)

    def pull(self, z: Array) -> Array:
        """Of a token at z on one at 0, which it adds to its sum."""
        return np.asarray(self.sign * self.factor * np.sin(z) * np.exp(self.beta * (np.cos(z) - 1.0)))

    def weight(self, z: Array) -> Array:
        """What it adds to Z there, over e^b."""
        return np.asarray(np.exp(self.beta * (np.cos(z) - 1.0)))

    def divided(self, total: Array, Z: Array | None) -> Array:
        """A sum of pulls as a velocity: over the sum of weights, or over n."""
        return np.asarray(total / (self.n if Z is None else Z))
