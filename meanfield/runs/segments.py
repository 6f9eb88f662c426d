"""A stretch of a run in one shape, and what a run cost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from meanfield.protocols import Array
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


@register(older=renamed(spent="integral"))
@dataclass(frozen=True)
class Before(Shown):
    """Where a run was before its last steps, if these ended where they did because the run did.

    A run that is to go further goes on from here: an unbroken one would not have landed there.

    Attributes
    ----------
    t, h, rng, y : float, float or None, state of the generator or None, ndarray
        As in a checkpoint; a file keeps y apart.
    saved, segments, dense, integral : int
        How much of the record is of before that step.
    counters : Counters
        What it had cost.
    """

    t: float
    h: float | None
    rng: Any
    saved: int
    segments: int
    dense: int
    integral: int
    counters: Counters
    y: Array | None = field(default=None, repr=False)

    def beyond(self, run: Any, saved: int, shift: int) -> Before:
        """The same, of a record that has another run's before its own: `saved` times of it, and `shift` segments."""
        return replace(
            self,
            saved=self.saved + saved,
            segments=self.segments + shift,
            dense=self.dense + len(run.dense),
            integral=self.integral + len(run.integral_t),
            counters=run.counters + self.counters,
        )

    def of(self, run: Any) -> Any:
        """The run as it was then."""
        return replace(
            run,
            t=run.t[: self.saved],
            states=run.states[: self.saved],
            owners=run.owners[: self.saved],
            segments=run.segments[: self.segments],
            counters=self.counters,
            dense=run.dense[: self.dense],
            dense_owners=run.dense_owners[: self.dense],
            integral_t=run.integral_t[: self.integral],
            integral=run.integral[: self.integral],
            checkpoint={"t": self.t, "y": self.y, "h": self.h, "rng": self.rng, "extra": False},
        )


def steps_told(run: Any) -> dict[str, Array]:
    """What the steps of a run say of themselves (`Form.diagnostics`), and "t", where each ended: (S,) each.

    A step's end is told by the state in which the next begins, which its method may have laid out anew.
    """
    if not run.dense or not run.segments[-1].form.diagnostics(run.checkpoint["y"]):
        return {}
    ends = [(one.y0, owner) for one, owner in zip(run.dense[1:], run.dense_owners[1:], strict=True)]
    ends.append((run.checkpoint["y"], len(run.segments) - 1))
    each = [run.segments[owner].form.diagnostics(y) for y, owner in ends]
    told = {name: np.array([float(one[name]) for one in each]) for name in each[0]}
    return {"t": np.array([one.t1 for one in run.dense]), **told}
