"""Steps of fixed length that the method finds by minimising: y1 = `method.proximal(t, y, h)`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meanfield.protocols import Array, Between, Method, Rng, Stepped, Stepper
from meanfield.steppers.control import checked, land
from meanfield.tools.settings import register


@register
@dataclass(frozen=True)
class Proximal(Stepper):
    """Steps of one length, the last before a time to land on shorter; between its ends the state goes straight.

    Attributes
    ----------
    size
        Length of the steps, > 0.
    """

    size: float
    order = 1
    heeds = True

    def __post_init__(self) -> None:
        if not self.size > 0.0:
            raise ValueError(f"size: got {self.size!r}, wanted a positive step")

    def step(self, method: Method, t: float, y: Array, h: float | None, stop: float, rng: Rng, keep: bool) -> Stepped:
        """One step from (t, y); see `Stepper`."""
        y = checked(t, y, h, stop)
        t1, used = land(t, self.size, stop)
        y1, evaluations = method.proximal(t, y, used)
        between = Between(t, t1, y, np.asarray(y1 - y)[None] / used) if keep else None
        return Stepped(t1, y1, self.size, between, evaluations, 0)
