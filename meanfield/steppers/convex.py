"""Heun's method as a mean of two of Euler's: what each Euler step keeps, and means of states keep, it keeps too.

    y* = y + h f(t, y),   y1 = (y + y* + h f(t + h, y*)) / 2

(SSP-RK2: C.-W. Shu, S. Osher, J. Comput. Phys. 77 (1988) 439-471, eq (2.16)).  Positivity, mass and what else is
convex hold as long as h is within the limit of both stages, `method.slope`'s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from meanfield.protocols import Array, Between, Method, Rng, Status, Stepped, Stepper, Stop
from meanfield.steppers.control import before, checked, land, lands, smallest
from meanfield.tools.settings import register

ROOM = 1e-10
"""By how much a step may be beyond its limit: times are rounded."""
SHORTER = 0.95
"""Of a limit, that a step is: the limit of its second stage is then seldom the shorter one."""


@register
@dataclass(frozen=True)
class ConvexHeun(Stepper):
    """Heun's method by two Euler steps, each within the method's limit where it begins.

    The step is the largest that the limits allow, at most `size`; no error is controlled.

    Attributes
    ----------
    size
        The largest step, > 0; inf: what the method's limits allow.
    """

    size: float = math.inf
    order = 2
    heeds = True

    def __post_init__(self) -> None:
        if not self.size > 0.0:
            raise ValueError(f"size: got {self.size!r}, wanted a positive step")

    def step(self, method: Method, t: float, y: Array, h: float | None, stop: float, rng: Rng, keep: bool) -> Stepped:
        """One step from (t, y); see `Stepper`.

        Raises
        ------
        Stop
            STEP_TOO_SMALL where the limits do not let time move, NOT_FINITE where the new state is not finite.
        """
        y = checked(t, y, h, stop)
        first, second = np.empty_like(y), np.empty_like(y)
        longest = min(self.size, math.inf if h is None else h, SHORTER * float(method.slope(t, y, first)))
        rejections = 0
        while True:
            if longest < smallest(t, stop) and not lands(t, longest, stop):
                raise Stop(Status.STEP_TOO_SMALL, f"{Status.STEP_TOO_SMALL.value} (t = {t!r}, h = {longest:.3g})")
            t1, used = land(t, longest, stop)
            once = y + used * first
            limit = float(method.slope(before(t, used), once, second))
            if not np.isfinite(once).all() or not np.isfinite(second).all():
                raise Stop(Status.NOT_FINITE, f"the state is not finite at t = {t1!r}")
            if used <= limit * (1.0 + ROOM):
                break
            longest = SHORTER * min(used, max(limit, 0.5 * used))
            rejections += 1
        y1 = 0.5 * (y + (once + used * second))
        between = Between(t, t1, y, np.stack([first, second - first])) if keep else None
        return Stepped(t1, method.retract(y1), self.size, between, 2 + rejections, rejections)
