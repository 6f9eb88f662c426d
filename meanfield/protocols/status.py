"""What can happen to a run."""

from __future__ import annotations

from enum import Enum


class Status(Enum):
    """Why a run ended, as a sentence a human can read.

    Examples
    --------
    >>> rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
    >>> mf.solve(mf.SA(1.0), rho0, (0.0, 0.5)).status is mf.Status.REACHED_END
    True
    """

    REACHED_END = "The end of the time span was reached."
    UNRESOLVED = "The density has structure finer than the largest permitted resolution."
    VANISHING_FIELD = "The normaliser Z is lost in rounding where there is mass."
    STEP_TOO_SMALL = "The step size needed for the tolerance fell below the spacing of floating-point times."
    NOT_FINITE = "The state stopped being finite."
    DIVERGED = "The state left what a density can be: its steps were too long."
    OUT_OF_TIME = "The wall-clock limit max_seconds was reached."
    UNTIL = "The condition until= was met."
    OBSERVER = "An observer asked the run to stop."
    INTERRUPTED = "The run was interrupted from the keyboard."
    UNDERWAY = "The run was going on when this was written: mf.resume(path) goes on from here."
    UNDECIDED = "Where several tokens lead another alike, no way on was found."
    LAW_CHANGED = "The law changed into one that this run cannot follow."
    NO_MINIMISER = "A variational step found no minimiser near where it began."
    UNBALANCED = "The iteration for a doubly stochastic kernel did not settle."
    NEGATIVE = "A density turned negative, which none is: the closure it was told by fails."
    BLOWN_UP = "The solution runs to infinity in finite time."
    BROKEN_OFF = "An exception, of an observer or of the law, broke the run off."

    @property
    def success(self) -> bool:
        """True if the run ended where it was meant to."""
        return self in (Status.REACHED_END, Status.UNTIL, Status.OBSERVER)


class Stop(Exception):
    """Raised by a method, a stepper or an observer: end the run here, and keep everything up to here."""

    def __init__(self, status: Status, detail: str = "") -> None:
        super().__init__(detail or status.value)
        self.status = status
        self.detail = detail


class Unsettled(Stop, ValueError):
    """Raised by a law whose setting, a function of time, is none at this time: bad input, and the end of a run."""
