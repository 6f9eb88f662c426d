"""Splitting: a step moves by one part of the law after the other, each along its own flow (A, 2.3.2).

With Phi_i(h) the flow of part i over h,

    Lie-Trotter   Phi_m(h) ... Phi_2(h) Phi_1(h), of order 1: attention, then the feed-forward layer,
    Strang        Phi_m(h/2) ... Phi_2(h/2), Phi_1(h), Phi_2(h/2) ... Phi_m(h/2), of order 2,

G. Strang, On the construction and comparison of difference schemes, SIAM J. Numer. Anal. 5 (1968), 506-517.  Where
parts change with time, each is followed through its own piece of it, which keeps the orders.  A kink of a part is met
inside that part's flow; the orders are those of smooth flows, and less where tokens often cross one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meanfield.protocols import Array, Between, Method, Rng, Stepped, Stepper
from meanfield.steppers.control import before, checked
from meanfield.steppers.runge_kutta import dop853, fixed
from meanfield.tools.settings import register

FLOW = (1e-12, 1e-14)
"""Tolerances of the parts' own flows: far below what the splitting leaves."""


@register
@dataclass(frozen=True)
class Splitting(Stepper):
    """Steps of one size by the flows of the law's parts.

    Attributes
    ----------
    size
        The step, > 0; handled as by `FixedStep`.
    symmetric
        Strang's, of order 2; else Lie's and Trotter's, of order 1.
    flow
        What follows each part's own flow.
    """

    size: float
    symmetric: bool = True
    flow: Any = field(default_factory=lambda: dop853(*FLOW))

    def __post_init__(self) -> None:
        if not (0.0 < self.size < math.inf):
            raise ValueError(f"size: got {self.size!r}, wanted a positive finite step")
        object.__setattr__(self, "order", 2 if self.symmetric else 1)

    def step(self, method: Method, t: float, y: Array, h: float | None, stop: float, rng: Rng, keep: bool) -> Stepped:
        """One step from (t, y); see `FixedStep.step`.  The between is the cubic by both ends' slopes.

        Raises
        ------
        ValueError
            For a law of one part.
        """
        y0 = y = checked(t, y, h, stop)
        t1, used = fixed(t, h, stop, self.size)
        evaluations = 0
        for part, begin, end in self._pieces(method, t, t1):
            at, next_h = begin, None
            while at < end:
                r = self.flow.step(part, at, y, next_h, end, None, False)
                at, y, next_h = r.t, r.y, r.h
                evaluations += r.evaluations
        if not keep:
            return Stepped(t1, y, self.size, None, evaluations, 0)
        first, last = (method.rhs(s, z, np.empty_like(y)) for s, z in ((t, y0), (before(t, used), y)))
        bend = 3.0 * (first + last) - 6.0 * (y - y0) / used
        terms = np.stack([first, last - first - bend, bend])
        return Stepped(t1, y, self.size, Between(t, t1, y0, terms), evaluations + 2, 0)

    def _pieces(self, method: Method, t: float, t1: float) -> Iterator[tuple[Method, float, float]]:
        """Which part moves, from when to when."""
        first, *rest = method.parts()
        if not rest:
            raise ValueError(
                'method: splitting moves by the terms of a sum one after the other, and this law is one: use "dop853", '
                "or a sum such as mf.SA(beta) + mf.FeedForward(W, A, b)"
            )
        if not self.symmetric:
            yield from ((part, t, t1) for part in (first, *rest))
            return
        middle = 0.5 * (t + t1)
        yield from ((part, t, middle) for part in reversed(rest))
        yield first, t, t1
        yield from ((part, middle, t1) for part in rest)


def lie(step: float) -> Splitting:
    """Lie's and Trotter's splitting with a fixed step: the first part of the law first."""
    return Splitting(step, symmetric=False)


def strang(step: float) -> Splitting:
    """Strang's splitting with a fixed step: the first part of the law in the middle."""
    return Splitting(step)
