"""A run to be done, as data: a Job, and the Start from which it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from meanfield.protocols import Array, Law, Method, Scheme, Stepper, Stop
from meanfield.runs.times import Ahead
from meanfield.steppers import dop853, etd
from meanfield.tools.settings import generator


@dataclass(frozen=True, eq=False)
class Job:
    """What to run.

    Attributes
    ----------
    face : type
        Of the record: `Solution`, `Trajectory`, ...
    law, method, y : Law, Method, ndarray
        Who moves what, from which state.
    span : (float, float)
        From where to where.
    saves : ndarray
        Times to save: taken from the dense output, shortening no step, where they are not landed on.
    land : ndarray
        Times to land on exactly.
    stepper : Stepper
        One accepted step each.
    settings : dict
        What the run was asked to do; what is None was not asked for, and is left out.
    dense, gauge : bool
        Whether the dense output is kept, within DENSE_BUDGET; and whether, where it cannot be kept, the dissipation's
        integral is taken from it before it goes.
    """

    face: Any
    law: Law
    method: Method
    y: Array
    span: tuple[float, float]
    saves: Array
    stepper: Stepper
    settings: dict[str, Any]
    land: Array
    dense: bool
    gauge: bool

    @property
    def targets(self) -> list[float]:
        """What the loop lands on: the times to land on, and the end."""
        return sorted({*self.land[self.land > self.span[0]].tolist(), self.span[1]})

    @property
    def reads(self) -> bool:
        """Whether some of `saves` are read inside steps."""
        return bool(len(np.setdiff1d(self.saves[self.saves > self.span[0]], self.targets)))


@dataclass(frozen=True, eq=False)
class Start:
    """With what a job begins: nothing, or what a run that stopped had in hand.

    Attributes
    ----------
    h : float or None
        Step to try first.
    rng : numpy.random.Generator or None
        For stochastic steppers.
    before : Record or None
        The run so far, which the new one is joined to.
    steps : int
        Those of it that count as this run's, where it was broken off.
    given : Record or None
        The run so far, if `before` is without its last step.
    """

    h: float | None = None
    rng: np.random.Generator | None = None
    before: Any = field(default=None, repr=False)
    steps: int = 0
    given: Any = field(default=None, repr=False)

    def so_far(self, t: float, stop: Stop) -> Any:
        """What a run that came to t is joined to: none of what was given is lost by a stop short of it."""
        short = self.given is not None and not stop.status.success and t < self.given.loose.end
        return (self.given if short else self.before).loose


def begun_again(
    run: Any, ahead: Ahead, chosen: Scheme, stepper: Stepper | None, *, longer: bool = True
) -> tuple[Job, Start]:
    """What is left of a run, and with what it begins: from its checkpoint, to the times ahead.

    From before its last step if that was cut short by its end alone, and if the times saved in that one can be saved
    again: inside the longer step, or landed on.

    Parameters
    ----------
    run : Record
        With the settings that hold from here on.
    ahead : Ahead
        The times to come.
    chosen, stepper : Scheme, Stepper
        What moves it.
    longer : bool
        Whether a step that was cut short may be taken back.
    """
    before = run.checkpoint.get("before") if longer else None
    if before is None:
        return _begun(run, ahead, chosen, stepper)
    again = run.loose.t[before.saved :]
    back = ahead._replace(span=(before.t, ahead.span[1]), saves=np.union1d(again, ahead.saves))
    job, start = _begun(before.of(run.loose), back, chosen, stepper)
    if np.all(np.isin(again, job.land)) or _fills(job, start, float(again[-1])):
        return job, replace(start, given=run)
    return _begun(run, ahead, chosen, stepper)


def _fills(job: Job, start: Start, end: float) -> bool:
    """Whether steps have dense output, which is asked of one."""
    if start.rng is not None:
        return False
    step = job.stepper.step(job.method, job.span[0], job.y, start.h, end, None, True)
    return step.between is not None


def _begun(run: Any, ahead: Ahead, chosen: Scheme, stepper: Stepper | None) -> tuple[Job, Start]:
    """The same, from its checkpoint as it is."""
    at, s = run.checkpoint, run.settings
    rtol, atol = s["rtol"], s.get("atol", 0.0)
    method = chosen.rebind(run.law, run.segments[-1].form, rtol, atol)
    t, y, h = ahead.span[0], at["y"], at["h"]
    # the unbroken run asked its method after the last step, too
    change = method.review(t, y, t, y) if run.counters.steps else None
    if change is not None:
        method, y, h = change.method, change.y, h if change.h is None else change.h
    rng = None if at["rng"] is None else generator(None, at["rng"])
    if stepper is None:
        stepper = stepper_of(chosen, method, rtol, atol)
    job = Job(
        type(run), run.law, method, y, ahead.span, ahead.saves, stepper, s, ahead.land, True, type(run).gauged
    )  # fmt: skip
    return replace(job, dense=run.dense_wanted(job.reads, rng)), Start(h, rng, run)


def stepper_of(chosen: Scheme, bound: Method, rtol: float, atol: float) -> Stepper:
    """The method's own stepper if it brings one; else DOP853, or exponential steps where there is a linear part.

    The error is controlled in every coefficient (maximum norm): a mean over coefficients would loosen with every
    doubling of the resolution, and the looser step's noise would ask for the next doubling.
    """
    own = chosen.stepper(rtol, atol)
    if own is not None:
        return own
    return (dop853 if bound.linear is None else etd)(rtol, atol, norm="max")
