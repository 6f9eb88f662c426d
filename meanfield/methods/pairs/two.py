"""Two tokens: the law of their difference, which closes exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from meanfield.laws.base import Law
from meanfield.methods.pairs.forces import Forces
from meanfield.protocols import Array, Measure
from meanfield.tools.settings import register


@register
@dataclass(frozen=True)
class TwoTokens(Law):
    """x' = -2 pull(x) / w of x = theta_2 - theta_1, w = 2 (USA) or the two weights (SA): A (8.1) with n = 2."""

    equations: ClassVar[tuple[str, ...]] = ("A (8.1)",)
    autonomous = True
    isotropic = False
    forces: Any

    def velocity(self, t: float, x: Array | None, mu: Measure) -> Any:
        """Along the circle, as rows."""
        rows = mu.x if x is None else x
        f: Forces = self.forces
        z = np.arctan2(rows[..., 1], rows[..., 0])
        v = -2.0 * f.divided(f.pull(z), 1.0 + f.weight(z) if f.normalised else None)
        return v[..., None] * np.stack([-rows[..., 1], rows[..., 0]], axis=-1)

    def divergence(self, t: float, x: Array | None, mu: Measure) -> Any:
        """dx'/dx."""
        rows = mu.x if x is None else x
        f: Forces = self.forces
        c, s = rows[..., 0], rows[..., 1]
        h = np.exp(f.beta * (c - 1.0))
        slope = f.sign * f.factor * h * (c - f.beta * s * s)
        if not f.normalised:
            return -slope
        # the weights' own slope: h' = -beta s h
        return -2.0 * (slope / (1.0 + h) + f.sign * f.beta * np.square(s * h / (1.0 + h)))
