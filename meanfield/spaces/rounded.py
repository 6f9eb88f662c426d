"""Values that were told to few digits: what rounding leaves unknown of their coefficients, and of the density.

Values off by r_j at the nodes move a coefficient c = int conj(Y) f d sigma, of an orthonormal basis, by

    |sum_j w_j conj(Y(x_j)) r_j| <= (sum_j w_j r_j^2)^{1/2}

(Cauchy and Schwarz), whatever they were rounded from.  What lies below that in all degrees from some one on is no part
of the density, and is cleared; what lies below it in lower degrees is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from meanfield.protocols import Array, Space
from meanfield.spaces.doubt import Doubt

TOLD = 1e4
"""Errors of a coefficient that a point value may have and still be given: of data in single precision 1e-3."""


@dataclass(frozen=True)
class Rounding:
    """What is not known.

    Attributes
    ----------
    coefficient, value : float
        How far any coefficient may be off, and any value.  0 for numbers with all digits.
    """

    coefficient: float = 0.0
    value: float = 0.0

    @classmethod
    def of(cls, space: Space, r: Array) -> Rounding:
        """Of values at the nodes, each off by r at most."""
        return cls(float(np.sqrt(space.weights @ np.square(r))), float(r.max(initial=0.0)))

    def cleared(self, space: Space, c: Array) -> Array:
        """c without the degrees from which on all coefficients may be rounding."""
        if self.coefficient == 0.0:
            return c
        known = space.degrees[np.abs(c) > self.coefficient]
        return np.where(space.degrees <= known.max(initial=0), c, 0.0)

    def with_misfit(self, misfit: Array) -> Rounding:
        """The same, of a series that differs so from the values, at the nodes and by interpolation between them."""
        if self.coefficient == 0.0:
            return self
        # Lebesgue's constant of n equidistant nodes is below 2 + log n
        reach = 2.0 + float(np.log(max(misfit.size, 1)))
        return replace(self, value=reach * (self.value + float(np.abs(misfit).max(initial=0.0))))

    def doubt(self, error: float) -> Doubt:
        """Of a density whose coefficients have an error besides."""
        both = max(error, 2.0 * self.coefficient)
        return Doubt(both, max(Doubt().share, min(1e-2, TOLD * self.coefficient)))


EXACT = Rounding()
