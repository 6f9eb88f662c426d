"""Stepper, and the small records of a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from meanfield.protocols.array import Array
from meanfield.protocols.method import Method
from meanfield.tools.shown import Shown

Rng: TypeAlias = np.random.Generator | None
"""Where noise is drawn from, if there is any."""


@dataclass(frozen=True)
class Between(Shown):
    """The state inside one step, as data: with x = (t - t0) / (t1 - t0) and h = t1 - t0,

    y(t) = e^{x h L} y0 + h sum_m m! x^{m+1} phi_{m+1}(x h L) terms[m]

    which for linear = None (L = 0) is y0 + h sum_m terms[m] x^{m+1} / (m+1).
    """

    t0: float
    t1: float
    y0: Array
    terms: Array
    """(p, *y0.shape) coefficients of the nonlinear part's polynomial in x."""
    linear: Array | None = None

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes (linear is shared and not counted)."""
        return int(self.y0.nbytes + self.terms.nbytes)


class Stepped(NamedTuple):
    """One accepted step and what it cost."""

    t: float
    y: Array
    h: float
    """Step to try next; never shortened by having had to land."""
    between: Between | None
    evaluations: int
    rejections: int


class Stepper(Shown):
    """5. One accepted step; remembers nothing but h.

    It says what it takes, and who has more to be taken is refused: left out, it would be missed by nobody.
    """

    order: int = 0
    adaptive: bool = False
    stochastic: bool = False
    """Whether a step draws `method.noise` from rng."""
    shared: bool = False
    """Whether it draws what all points share, too: `method.common`, by `method.alike`."""
    heeds: bool = False
    """Whether a step keeps within h, and within its own reach of the limit that `method.slope` tells.  If not, one that
    is longer is taken again with an earlier `stop`; to see that costs an evaluation a step."""
    linear: float = 0.0
    """How large h |linear| may be, for `method.linear` <= 0: 0 where a step leaves it out, inf where it is exact; of an
    explicit step that adds it to the rest, its stability interval, 2 for Euler's."""

    def step(
        self, method: Method, t: float, y: Array, h: float | None, stop: float, rng: Rng, keep: bool
    ) -> Stepped:
        """From (t, y) by at most h, t <= stop; lands on stop exactly.  `keep`: make the between."""
        raise TypeError(f"{type(self).__name__} does not step")


class Step(NamedTuple):
    """What the loop yields after every accepted step."""

    t: float
    y: Array
    h: float
    between: Between | None
    method: Any
    landed: bool
    """True if t is one of the asked times."""
    event: int | None
    """Index of the event landed on, if any."""
    evaluations: int
    rejections: int


Observer: TypeAlias = Callable[[float, Any], Any]
"""observe(t, measure) after every accepted step; returning True ends the run, and so does an exception."""
