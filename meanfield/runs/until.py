"""What a run may end by, other than its last time: a state at rest, a number of steps, a zero of a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from meanfield.protocols import Array, Change, Measure, Method, Step
from meanfield.steppers.control import slope_of
from meanfield.tools import inputs
from meanfield.tools.alarm import look


class Until:
    """A condition; asked after every accepted step."""

    def met(self, step: Step, count: int) -> bool:
        """Whether the run ends with this step, its `count`-th."""
        raise TypeError(f"{type(self).__name__} ends no run")

    def zero(self, t: float, mu: Measure) -> float | None:
        """A function whose zero is landed on; None: there is none."""
        return None


@dataclass(frozen=True)
class Steady(Until):
    """The state moves no faster than `tol`."""

    tol: float

    def met(self, step: Step, count: int) -> bool:
        """Whether nothing that moves is faster than tol at the step's end."""
        velocity = np.empty_like(step.y)
        slope_of(step.method)(step.t, step.y, velocity)
        return bool(np.abs(step.method.moving(step.t, step.y, velocity)).max(initial=0.0) <= self.tol)


@dataclass(frozen=True)
class Steps(Until):
    """So many accepted steps."""

    n: int

    def met(self, step: Step, count: int) -> bool:
        """Whether this is the n-th."""
        return count >= self.n


@dataclass(frozen=True)
class Zero(Until):
    """A zero of g(t, mu)."""

    g: Callable[[float, Any], Any]

    def met(self, step: Step, count: int) -> bool:
        """Whether the step ends on it: its events are the method's and then this one."""
        return step.event is not None and step.event == len(step.method.events(step.t, step.y)) - 1

    def zero(self, t: float, mu: Measure) -> float:
        """g, a finite number."""
        value = self.g(t, mu)
        if isinstance(value, bool | np.bool_):
            raise TypeError(
                f"until(t, mu): got {bool(value)} (bool), wanted a number that passes through 0 where the run is to "
                "end: for t > 1 say t - 1; or give observe=, a function that returns True to end the run"
            )
        return inputs.number("until(t, mu)", value)


Ending: TypeAlias = Until | Callable[[float, Any], Any] | None


def steady(tol: float) -> Steady:
    """End a run when nothing moves faster than `tol` any more: ``until=mf.steady(1e-8)``.

    The speed is max |dy/dt| over the unknowns that say where things are: the coefficients of a density (c_0 = 1), the
    angles or the components of rows of points, the positions of a Lagrangian run (not its log J, which falls for ever
    where a cluster contracts), the distances of tokens that are moved by their inner products. It is looked at after
    every accepted step, by one evaluation, so that a run ends with the first step at whose end it is small, not before.
    At rest is not where a run would stay: near an unstable equilibrium, and between clusters that attract by e^{-beta},
    it is small as well.

    Parameters
    ----------
    tol : float
        The largest speed, > 0, per unit of time.

    Returns
    -------
    Steady
        For ``until=`` of `solve`, `particles.simulate` and `resume`.

    Raises
    ------
    ValueError, TypeError
        For a tol that is no positive number.

    Examples
    --------
    >>> run = pt.simulate(mf.USA(1.0), [0.0, 1.0, 2.0], (0.0, 1e4), until=mf.steady(1e-6))
    >>> run.end < 100.0
    True
    """
    return Steady(inputs.number("tol", tol, above=0.0))


def steps(n: int) -> Steps:
    """End a run after `n` accepted steps: ``until=mf.steps(100)``.

    Parameters
    ----------
    n : int
        At least 1.

    Returns
    -------
    Steps
        For ``until=`` of `solve`, `particles.simulate` and `resume`.

    Raises
    ------
    ValueError, TypeError
        For an n that is no whole number, or below 1.

    Examples
    --------
    >>> layers = pt.simulate(mf.SA(4.0), [0.0, 1.0], (0.0, 100.0), method="euler", step=0.1, until=mf.steps(24))
    >>> layers.counters.steps, round(layers.end, 12)
    (24, 2.4)
    """
    return Steps(inputs.integer("n", n, low=1))


def checked_until(until: Any, t: float, mu: Measure, shaken: bool) -> Until | None:
    """The condition, asked once before the run.

    Raises
    ------
    ValueError, TypeError
        If it is none; if it lands on a zero, or asks for rest, and the run has noise.
    """
    if until is None:
        return None
    if not isinstance(until, Until):
        if not callable(until):
            raise TypeError(
                f"until: got {until!r}, wanted mf.steady(tol), mf.steps(n), or a function g(t, mu) whose zero ends the "
                "run, such as lambda t, mu: numpy.linalg.norm(mu.moments(1)) - 0.9"
            )
        inputs.fits("until", until, "t, mu")
        until = Zero(until)
        until.zero(t, mu)
    if shaken and not isinstance(until, Steps):
        raise ValueError(
            "until: a run with noise is never at rest and knows nothing between its steps: give mf.steps(n), or "
            "observe=, a function of (t, mu) that returns True to end it"
        )
    return until


class Watched:
    """A method whose right-hand side looks at the clock, and whose events are followed by one more.

    Everything else is the method's own.
    """

    def __init__(self, inner: Method, until: Until | None) -> None:
        self.inner, self.until = inner, until

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def rhs(self, t: float, y: Array, out: Array) -> Any:
        """The method's, if there is time left."""
        look()
        return self.inner.rhs(t, y, out)

    def slope(self, t: float, y: Array, out: Array) -> float:
        """The method's, if there is time left."""
        look()
        return self.inner.slope(t, y, out)

    def pushed(self, t: float, y: Array, h: float) -> Array:
        """The method's, if there is time left."""
        look()
        return self.inner.pushed(t, y, h)

    def events(self, t: float, y: Array) -> Array | None:
        """The method's, and the zero that ends the run."""
        own = self.inner.events(t, y)
        found = None if self.until is None else self.until.zero(t, self.inner.measure(t, y))
        return own if found is None else np.append([] if own is None else own, found)

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """The method's; what comes after is watched, too."""
        change = self.inner.review(t0, y0, t, y)
        return None if change is None else change._replace(method=Watched(change.method, self.until))
