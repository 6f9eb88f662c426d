"""Explicit Runge-Kutta steps, adaptive or fixed, for any table.

A linear part, if the method has one, is added to the right-hand side as it stands: correct, and stiff, for no step goes
beyond the stability interval of its quickest mode.  That makes these steppers the slow oracle of the exponential ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from meanfield.protocols import Array, Between, Method, Rng, Status, Stepped, Stepper, Stop
from meanfield.steppers.control import (
    Adaptive,
    before,
    checked,
    land,
    lands,
    longest,
    moment,
    slope_of,
    smallest,
    started,
    whole,
)  # fmt: skip
from meanfield.steppers.tables import DOP853, EULER, RK4, RK45, Table
from meanfield.tools.settings import register

RUN = 16
"""Numbers that any BLAS takes at once, or more: rows of a multiple of it have no rest that it would add otherwise."""


class _Stages:
    """The rows k_i of one step: every combination is one vector-matrix product on a flat view as real numbers.

    The state stands above them, with weight 1.  Rows end in zeros to a multiple of `RUN`, so that the bits of a number
    do not depend on how many stand behind it.
    """

    def __init__(self, table: Table, method: Method, t: float, y: Array, keep: bool) -> None:
        needed = len(table.a) if keep else max(table.stages, table.E.shape[-1])
        self.table, self.slope, self.t, self.y = table, slope_of(method), t, y
        self.flat = y.reshape(-1).view(np.float64)
        size = self.flat.size
        self.all = np.empty((1 + needed, -(-size // RUN) * RUN))
        self.all[0, :size], self.all[:, size:] = self.flat, 0.0
        self.k = self.all[1:]
        self.rows = [self.shaped(row) for row in self.k]
        self.h = 0.0
        self.weights: list[Array] = []  # of the step tried
        self.work_flat = np.empty(self.all.shape[1])
        self.work = self.shaped(self.work_flat)
        self.longest = longest(method, table.reach * started(method, t, y, self.rows[0]), table.damping)
        self.evaluations = 1

    def shaped(self, row: Array) -> Array:
        """A row, or several, without the zeros at its end, as a state; a view."""
        return row[..., : self.flat.size].view(self.y.dtype).reshape(row.shape[:-1] + self.y.shape)

    def fill(self, first: int, last: int, h: float) -> None:
        """Rows first, ..., last - 1 from those above them."""
        if h != self.h or not self.weights:
            self.h, self.weights = h, self.table.below(h)
        t, above, flat, work, rows, slope = self.t, self.all, self.work_flat, self.work, self.rows, self.slope
        weights, c, dot = self.weights, self.table.c, np.dot
        for i in range(first, last):
            dot(weights[i], above[: i + 1], out=flat)
            slope(moment(t, c[i], h), work, rows[i])
        self.evaluations += last - first

    def end(self, h: float) -> Array:
        """y1, from all its stages; a new array.  The state is added last, so that it is rounded once."""
        flat = np.dot(h * self.table.B, self.k[: self.table.stages])
        flat[: self.flat.size] += self.flat
        return self.shaped(flat)

    def slope_at_end(self, t1: float, y1: Array) -> None:
        """Row `stages`: the slope at (t1, y1)."""
        self.slope(before(self.t, t1 - self.t), y1, self.rows[self.table.stages])
        self.evaluations += 1

    def euler(self, h: float) -> Array:
        """The slope after Euler's step of h; flat, a new array."""
        f1 = np.empty_like(self.y)
        self.slope(self.t + h, self.y + h * self.rows[0], f1)
        self.evaluations += 1
        return f1.reshape(-1)

    def finite(self) -> bool:
        """Whether state and slope at the step's beginning are finite."""
        return bool(np.isfinite(self.flat).all() and np.isfinite(self.k[0]).all())

    def between(self, t1: float, y1: Array, known: int) -> Between:
        """The dense output, from the rows known so far and those still wanting; of the curve before retraction."""
        table, h = self.table, t1 - self.t
        if known <= table.stages < len(table.a):
            self.slope_at_end(t1, y1)
            known = table.stages + 1
        self.fill(known, len(table.a), h)
        return Between(self.t, t1, self.y, self.shaped(np.dot(table.P, self.k)))


@register
@dataclass(frozen=True)
class ExplicitRungeKutta(Adaptive):
    """An adaptive explicit Runge-Kutta method.

    With two rows of error weights, e = h E_1 k and d = h E_2 k, the error's norm is that of e damped by d
    (`Adaptive.blend`); with one it is |e|.  A step costs table.stages evaluations (one more if the error needs
    f(t1, y1)); kept, the dense output's rows come on top, and two that look at its own error.

    Attributes
    ----------
    table
        The method; it must have error weights.
    """

    table: Table

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.table.errors:
            raise ValueError(f"table: got {self.table.name}, which has no error estimate; wanted an embedded method")
        object.__setattr__(self, "order", self.table.order)
        object.__setattr__(self, "linear", self.table.damping)

    def _step(self, method: Method, t: float, y: Array, h: float | None, stop: float, keep: bool) -> Stepped:
        table, order = self.table, self.table.error_order + 1
        stages = _Stages(table, method, t, y, keep)
        flat = y.reshape(-1)
        modulus = np.abs(flat)
        E = table.E
        tail = E.shape[1] > table.stages
        y1, between = y, None

        def attempt(t1: float, used: float) -> float:
            nonlocal y1, between
            stages.fill(1, table.stages, used)
            y1 = stages.end(used)
            if tail:
                stages.slope_at_end(t1, y1)
            sc = self.scale(modulus, y1.reshape(-1))
            e = stages.shaped(np.dot(used * E, stages.k[: E.shape[1]])).reshape(len(E), -1)
            error = self.size(e[0], sc)
            if len(e) == 2:
                error = self.blend(error, self.size(e[1], sc), 0.1)
            if not math.isfinite(error) and not stages.finite():
                raise Stop(Status.NOT_FINITE, f"the state or its slope is not finite at t = {t!r}")
            if keep and error <= 1.0:
                between = stages.between(t1, y1, table.stages + tail)
                stages.evaluations += len(table.watch)
                error = self.heard(error, table.share, stages.slope, between, sc, table.watch)
            return error

        if h is None:
            h = self.first(flat, stages.rows[0].reshape(-1), stages.euler, stop - t, t, order)
        t1, h_next, rejections = self.advance(attempt, t, min(h, stages.longest), stop, order)
        return Stepped(t1, method.retract(y1), h_next, between, stages.evaluations, rejections)


@register
@dataclass(frozen=True)
class FixedStep(Stepper):
    """Steps of one size, without error control.

    The last step before `stop` is clipped.  Where `stop - t` is a whole number of steps up to rounding, so many are
    taken, at times counted back from `stop`, so that they do not drift.  The method's limit, the stability interval of
    its linear part, or a smaller h asked for, make one step smaller; the step to try next is always `size`.

    Attributes
    ----------
    table
        The method; its error weights, if any, are not used.
    size
        The step, > 0.
    """

    table: Table
    size: float
    heeds = True

    def __post_init__(self) -> None:
        _positive(self.size)
        object.__setattr__(self, "order", self.table.order)
        object.__setattr__(self, "linear", self.table.damping)

    def step(self, method: Method, t: float, y: Array, h: float | None, stop: float, rng: Rng, keep: bool) -> Stepped:
        """One step from (t, y); see `Stepper`.

        Raises
        ------
        Stop
            STEP_TOO_SMALL where the step does not move time, NOT_FINITE where the new state is not finite.
        """
        y = checked(t, y, h, stop)
        with np.errstate(over="ignore", invalid="ignore"):
            stages = _Stages(self.table, method, t, y, keep)
            t1, used = fixed(t, h, stop, self.size, stages.longest)
            stages.fill(1, self.table.stages, used)
            y1 = stages.end(used)
            if not np.isfinite(y1).all():
                raise Stop(Status.NOT_FINITE, f"the state is not finite at t = {t1!r}")
            between = stages.between(t1, y1, self.table.stages) if keep else None
        return Stepped(t1, method.retract(y1), self.size, between, stages.evaluations, 0)


def _positive(size: float) -> None:
    if not (0.0 < size < math.inf):
        raise ValueError(f"size: got {size!r}, wanted a positive finite step")


def fixed(t: float, h: float | None, stop: float, size: float, longest: float = math.inf) -> tuple[float, float]:
    """(t1, t1 - t) of a step of one size, or of the longest allowed: see `FixedStep`."""
    wanted = min(size, math.inf if h is None else h, longest)
    if wanted < smallest(t, stop) and not lands(t, wanted, stop):
        raise Stop(Status.STEP_TOO_SMALL, f"{Status.STEP_TOO_SMALL.value} (t = {t!r}, h = {wanted:.3g})")
    count = (stop - t) / wanted
    slack = max(1e-9, 4.0 * float(np.spacing(max(abs(t), abs(stop)))) / wanted)
    if 1.5 < count < 1e15 and abs(count - round(count)) <= slack:
        t1 = stop - (round(count) - 1) * wanted
        # a law of layers is asked at k steps, not a rounding before: V = lambda t: layers[int(t / step)]
        on_grid = whole(round(t1 / wanted), wanted)
        if abs(on_grid - t1) <= 4.0 * math.ulp(max(abs(t), abs(stop))):
            t1 = on_grid
        return t1, t1 - t
    return land(t, wanted, stop)


def dop853(rtol: float = 1e-10, atol: float = 1e-13, norm: str = "rms") -> ExplicitRungeKutta:
    """Dormand and Prince's method of order 8 as Hairer's DOP853: 12 evaluations a step, 18 with dense output."""
    return ExplicitRungeKutta(DOP853, rtol=rtol, atol=atol, norm=norm)


def rk45(rtol: float = 1e-6, atol: float = 1e-9, norm: str = "rms") -> ExplicitRungeKutta:
    """Dormand and Prince's method of order 5: 7 evaluations a step, 9 with dense output."""
    return ExplicitRungeKutta(RK45, rtol=rtol, atol=atol, norm=norm, shrink=0.2, grow=10.0)


def rk4(step: float) -> FixedStep:
    """The classical method of order 4 with a fixed step; dense output of order 3."""
    return FixedStep(RK4, step)


def euler(step: float) -> FixedStep:
    """Euler's method with a fixed step: along the projected velocity, then back to unit norm, if the method retracts.

    Not what the published codes do: see `euler_unprojected`.
    """
    return FixedStep(EULER, step)


@register
@dataclass(frozen=True)
class UnprojectedEuler(Stepper):
    """The layer of the published codes: x <- (x + h v) / |x + h v|, with all of the attention v, not P_x v alone.

    As h -> 0 it tends to the same flow at the same order, 1, but moves by h P_x v / |x + h v|: where <x, v> is near 1,
    as in a cluster under SA, about 1 / (1 + h) of the way that `euler` goes.  Needs a method that is `pushed`.

    Attributes
    ----------
    size
        The step, > 0.
    """

    size: float
    order = 1
    heeds = True

    def __post_init__(self) -> None:
        _positive(self.size)

    def step(self, method: Method, t: float, y: Array, h: float | None, stop: float, rng: Rng, keep: bool) -> Stepped:
        """One step from (t, y); see `FixedStep.step`."""
        y = checked(t, y, h, stop)
        t1, used = fixed(t, h, stop, self.size)
        with np.errstate(over="ignore", invalid="ignore"):
            y1 = method.pushed(t, y, used)
        if not np.isfinite(y1).all():
            raise Stop(Status.NOT_FINITE, f"the state is not finite at t = {t1!r}")
        between = Between(t, t1, y, ((y1 - y) / used)[None]) if keep else None
        return Stepped(t1, y1, self.size, between, 1, 0)


def euler_unprojected(step: float) -> UnprojectedEuler:
    """Euler's method as the published codes have it: the attention is added whole, then rows are normalised."""
    return UnprojectedEuler(step)
