"""A stretch of a run in one shape, and what a run cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from meanfield.tools.settings import register, renamed
from meanfield.tools.shown import Shown


@register(older=renamed(template="form"))
@dataclass(frozen=True)
class Segment(Shown):
    """A stretch of a run in one shape.

    Attributes
    ----------
    t : float
        When it began.
    method : str
        What moved it.
    unknowns : int
        Numbers in the state.
    form : object
        What a state means: `form.measure(y)`.
    """

    t: float
    method: str
    unknowns: int
    form: Any


@register
@dataclass(frozen=True)
class Counters:
    """What a run cost.

    Attributes
    ----------
    steps, rejections, evaluations : int
        Accepted steps, rejected ones, evaluations of the right-hand side.
    """

    steps: int = 0
    rejections: int = 0
    evaluations: int = 0

    def __add__(self, other: Counters) -> Counters:
        return Counters(
            self.steps + other.steps, self.rejections + other.rejections, self.evaluations + other.evaluations
        )
