"""What the state of a run by minimising movements means: angles of labels, and what the last step says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from meanfield.distances.circle.labelled import labels, moments
from meanfield.protocols import Array, Form
from meanfield.spaces.density import Density
from meanfield.tools.settings import register

TOLD = ("residual", "distance", "fell")
"""What a state says of the step that led to it, after its angles."""


@register
@dataclass(frozen=True, eq=False)
class InQuantiles(Form):
    """What a state (..., n + 3) means: n labels, at first equally spaced, with the masses they had there.

    Attributes
    ----------
    space : Circle
        What densities are told on.
    coefficients : ndarray
        rho_0.
    n : int
        Number of labels, odd.
    """

    space: Any
    coefficients: Array
    n: int
    name = "minimising-movements"

    @cached_property
    def weights(self) -> Array:
        """(n,) masses."""
        rho = self._initial.known(labels(self.n))
        return np.asarray(rho / rho.sum())

    @cached_property
    def _initial(self) -> Density:
        return Density(self.space.resized(2 * (len(self.coefficients) - 1)), self.coefficients)

    def angles(self, y: Array) -> Array:
        """(..., n) where the labels are, unwrapped."""
        return y[..., : self.n]

    def diagnostics(self, y: Array) -> dict[str, Array]:
        """What the last step says of itself: the residual of its optimality, its length, what the objective fell by."""
        return {name: y[..., self.n + i] for i, name in enumerate(TOLD)}

    def measure(self, y: Array) -> Density:
        """The density (leading axes: several)."""
        c = moments(self.angles(y), self.weights, self.space.size // 2)
        c[..., -1] = 0.0
        return Density(self.space, c)
