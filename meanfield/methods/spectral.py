"""The Eulerian method: a density's coefficients, products formed on a dealiased grid, resolution doubled on need.

The state is c, the density's coefficients; c' = linear c + (coefficients of -div(rho X)), linear = -kappa k(k+d-2).
One class for every space: what differs is in the space's plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import isfinite, sqrt
from typing import Any

import numpy as np

from meanfield import inputs
from meanfield.density import Z_FLOOR, Density, Doubt, carry, floored, tail
from meanfield.laws.base import steady_noise
from meanfield.points import Cluster
from meanfield.protocols import Array, Change, Method, Reading, Status, Stop
from meanfield.settings import register

TAIL = 1e-12
AMPLIFIED = 1e6
"""A run knows its coefficients to about the tail it may throw away; a point value that is this many times worse is not
known (1e-6 by default)."""
SUDDEN = 1e-2
PLANS = 8
"""Plans kept, if the last evaluation did not need more: a law that changes with time asks for ever new kernels."""
QUICK = 16
"""Kernels looked up by identity; a law that makes a new one at every call falls back on equality."""
FAINT = 64.0 * float(np.finfo(float).eps)
"""Share of the density's norm below which sqrt(w) rho at a zonal node is rounding of its coefficients."""
FLOORED_MASS = 1e-12
"""More mass than this where Z is rounding, and the velocity there is not known."""


@register
@dataclass(frozen=True)
class Spectral:
    """Settings of the spectral method.

    Parameters
    ----------
    max_resolution : int, optional
        Largest size of the space the run may go to; the space's own limit by default (4096 nodes on the circle).
    tail : float, optional
        Largest coefficient in the last sixteenth of the degrees.  By default 1e-12, but never below ten times atol
        nor rtol / 100: a tail tolerance below the stepper's own error would double the resolution for nothing.
    then : settings of a method, optional
        What goes on where the largest size no longer suffices, from the last accepted density; `mf.Lagrangian()` is
        what ``on_unresolved="lagrangian"`` puts here.
    """

    max_resolution: int | None = None
    tail: float | None = None
    then: Any = None

    def __post_init__(self) -> None:
        if self.max_resolution is not None:
            inputs.integer("max_resolution", self.max_resolution, low=1)
        if self.tail is not None:
            inputs.number("tail", self.tail, above=0.0)
        if self.then is not None:
            inputs.having("then", self.then, ("bind", "again", "check"), "None or a method, such as mf.Lagrangian()")

    def bind(self, law: Any, rho: Density, rtol: float, atol: float) -> tuple[Coefficients, Array]:
        """The method for this law, and its first state."""
        limit = self._limit(rho.space)
        if limit < rho.space.size:
            raise ValueError(
                f"max_resolution: got {limit}, below the resolution of the initial density, {rho.space.size}: "
                f"take {rho.space.size} or more"
            )
        if self.then is None:
            law.check_range(rho.space.d, smooth=True)
        else:
            self.then.check(law, rho.space, rtol)
        return self._bound(law, rho.space, limit, rtol, atol).start(rho)

    def again(self, law: Any, template: Any, rtol: float, atol: float) -> Any:
        """The method as it was when a run stopped, from the shape of its last state."""
        if template.name != OnSpace.name:
            return self.then.again(law, template, rtol, atol)
        return self._bound(law, template.space, self._limit(template.space), rtol, atol)

    def _bound(self, law: Any, space: Any, limit: int, rtol: float, atol: float) -> Coefficients:
        def beyond(rho: Density) -> Any:
            return self.then.bind(law, rho, rtol, atol)

        after = None if self.then is None else beyond
        return Coefficients(law, space, self._tolerance(rtol, atol), limit, beyond=after)

    def _limit(self, space: Any) -> int:
        return max(space.largest, space.size) if self.max_resolution is None else self.max_resolution

    def _tolerance(self, rtol: float, atol: float) -> float:
        return max(TAIL, 10.0 * atol, 1e-2 * rtol) if self.tail is None else self.tail


@register
@dataclass(frozen=True)
class OnSpace:
    """What a state of coefficients means, each of them known to about the tail that may be thrown away."""

    space: Any
    lost: float = TAIL
    name = "spectral"

    def measure(self, y: Array) -> Density:
        """The density (leading axes: several)."""
        return Density(self.space, y, Doubt(self.lost, AMPLIFIED * self.lost))


@dataclass(frozen=True, eq=False)
class Coefficients(Method):
    """The method bound to a law and a space.

    Attributes
    ----------
    law, space : Law, Space
    tolerance : float
        Of the tail.
    largest : int
        Largest size.
    doubled : float or None
        The tail that made the last doubling necessary, while the doubled step is not yet accepted.
    beyond : callable or None
        Density -> (method, state): who goes on where the largest size does not suffice.
    """

    law: Any
    space: Any
    tolerance: float
    largest: int
    doubled: float | None = None
    beyond: Callable[[Density], tuple[Any, Array]] | None = None
    _seen: _OnPlan = field(init=False, repr=False)

    def __post_init__(self) -> None:
        k = self.space.degrees
        s = steady_noise(self.law, self.space.d)
        if np.ndim(s):
            raise ValueError("diffusion: the spectral method needs noise of constant strength, got one that varies")
        symbol = None if s == 0.0 else -0.5 * float(s) ** 2 * k * (k + self.space.d - 2.0)
        object.__setattr__(self, "linear", symbol)
        object.__setattr__(self, "_seen", _OnPlan(self.space, self.law.isotropic))

    @property
    def template(self) -> OnSpace:
        """The meaning of a state."""
        return OnSpace(self.space, self.tolerance)

    def start(self, mu: Density) -> tuple[Coefficients, Array]:
        """The first state; at a larger size if the density leans on its last degrees already."""
        method, c = self, mu.coefficients
        while tail(method.space, c) > self.tolerance and 2 * method.space.size <= self.largest:
            space = method.space.resized(2 * method.space.size)
            c = carry(method.space, c, space)
            method = replace(method, space=space)
        return method, c

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """Coefficients of -div(rho X[rho])."""
        seen = self._seen
        v = seen.kept(t, y)
        return seen.close(self._velocity(t, y) if v is None else v, out)

    def _velocity(self, t: float, y: Array) -> Any:
        seen, law = self._seen, self.law
        seen.open(y)
        return law.velocity(t, None if law.isotropic else seen.x, seen)

    def measure(self, t: float, y: Array) -> Density:
        """The density."""
        return self.template.measure(y)

    def limit(self, t: float, y: Array) -> float:
        """1 / (highest degree * max |X|): the finest mode's transport.

        Longer steps are unstable there, and though the error control notices in the end, the modes have then grown
        from rounding to the tolerance and ask for resolution.  Diffusion damps them; nothing need be limited then.
        """
        if self.linear is not None:
            return float("inf")
        v = self._velocity(t, y)
        self._seen.keep(t, y, v)
        speed = sqrt(np.einsum("nm,nm->n", v, v).max()) if np.ndim(v) else 0.0
        return 1.0 / (self._seen.top * speed) if speed > 0.0 else float("inf")

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """Throw an unresolved step away and take it again at twice the resolution."""
        now = tail(self.space, y)
        if not isfinite(now):
            raise Stop(Status.NOT_FINITE, f"Coefficients stopped being finite at t = {t:.6g}.")
        if now <= self.tolerance:
            if lost := self._lost(t, y):
                return self._ended(Stop(Status.VANISHING_FIELD, lost), t0, y0)
            return None if self.doubled is None else Change(replace(self, doubled=None), t, y)
        helped = self.doubled is None or now <= 0.5 * self.doubled
        if not helped or tail(self.space, y0) <= SUDDEN * self.tolerance:
            # A tail that doubling does not lower, or that rises a hundredfold within one step, is the stepper's error
            # (its stages are products of products, and reach far up the degrees): halve the step.  What is really
            # there comes back with the tail already high at the step's beginning.
            return Change(self, t0, y0, 0.5 * (t - t0))
        size = 2 * self.space.size
        if size > self.largest:
            return self._ended(
                Stop(
                    Status.UNRESOLVED,
                    f"At t = {t:.6g} the coefficients in the last sixteenth of the degrees reach {now:.1e} (tolerance "
                    f"{self.tolerance:.1e}) at the largest permitted resolution {self.space.size}.",
                ),
                t0,
                y0,
            )
        space = self.space.resized(size)
        return Change(replace(self, space=space, doubled=now), t0, carry(self.space, y0, space))

    def _ended(self, stop: Stop, t0: float, y0: Array) -> Change:
        """Hand the last good density over, or stop."""
        if self.beyond is None:
            raise stop
        try:
            method, y = self.beyond(self.template.measure(y0))
        except ValueError as refused:
            raise Stop(stop.status, f"{stop.detail} Nobody went on: {refused}") from refused
        return Change(method, t0, y)

    def _lost(self, t: float, y: Array) -> str:
        """What is wrong, if the velocity is rounding where there is mass."""
        lost = self._seen.lost(y)
        if lost <= FLOORED_MASS:
            return ""
        return (
            f"At t = {t:.6g} a mass of {lost:.1e} lies where Z is below {Z_FLOOR:.0e} of its maximum, so that its "
            "velocity grad log Z / beta is rounding."
        )


class _OnPlan:
    """A density as a law sees it at every stage: the nodes of the space's plan, in the plan's own buffers."""

    def __init__(self, space: Any, isotropic: bool) -> None:
        self.space = space
        self.d = space.d
        self.top = int(space.degrees.max())
        self._isotropic = isotropic
        self._plans: dict[Any, _Laid] = {}
        self._quick: dict[Any, tuple[Any, _Laid]] = {}
        self._stage = 0
        self._bare = space.plan(np.ones((1, len(space.degrees))), None)
        self.grid = self._bare.grid
        self._points: Cluster | None = None
        self._kept: tuple[float, Array, Any] | None = None

    def open(self, c: Array) -> None:
        """Lay the state c out."""
        self._stage += 1
        self._c = c
        self._rho: Array | None = None
        self._points = None
        self._kept = None

    def keep(self, t: float, c: Array, v: Any) -> None:
        """Remember the velocity v at (t, c), just computed, until anything else is laid out."""
        self._kept = t, c.copy(), v

    def kept(self, t: float, c: Array) -> Any:
        """The velocity at (t, c) if it is the one remembered, compared by value: the bits it would have again."""
        if self._kept is None:
            return None
        at, state, v = self._kept
        return v if at == t and np.array_equal(state, c) else None

    @property
    def rho(self) -> Array:
        """(N,) on the plan's nodes."""
        if self._rho is None:
            self._rho = self._bare.open(self._c)[0][0]
        return self._rho

    @property
    def x(self) -> Array:
        """(N, d) rows of the plan's nodes."""
        return self.grid.rows

    @property
    def weights(self) -> Array:
        """(N,) masses at the plan's nodes."""
        return self.grid.weights * self.rho

    @property
    def mean(self) -> Array:
        """int x d mu."""
        return self.space.averages(self._c)[0]

    def read(self, kernel: Any, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        """The plan's fields for an isotropic kernel; else a sum over the quadrature points."""
        held = self._quick.get((id(kernel), want)) if x is None and V is None else None
        if held is None or held[0] is not kernel:
            if x is not None or V is not None or not (self._isotropic and kernel.isotropic):
                if self._points is None:
                    self._points = Cluster(self.x, self.weights, False, "direct")
                return self._points.read(kernel, x, want, V)
            laid = self._laid(kernel, want)
        else:
            laid = held[1]
        laid.stage = self._stage
        self._rho, reading = laid.read(self._c)
        return reading

    def close(self, v: Array, out: Array) -> Array:
        """-div(rho v), for tangent components, rows or a scalar zero."""
        if np.ndim(v) == 0:
            out[...] = 0.0
            return out
        if v.shape[-1] == self.d:
            v = np.einsum("nd,nmd->nm", v, self.grid.frame())
        return self._bare.close(v, self._rho if self._rho is not None else self.rho, out)

    def lost(self, c: Array) -> float:
        """Mass where some law divides by a Z that had to be floored."""
        worst = 0.0
        self._kept = None
        for laid in self._plans.values():
            if laid.floors:
                s = laid.fields(c)[0]
                low = s[1] <= Z_FLOOR * s[1].max()
                worst = max(worst, float(np.abs((self.grid.weights * s[0])[low]).sum()))
        return worst

    def _laid(self, kernel: Any, want: str) -> _Laid:
        """The plan for this kernel, by its value; remembered by its identity, which is quicker to look up."""
        laid = self._plans.get((kernel, want))
        if laid is None:
            k, d, top = self.space.degrees, self.d, self.top
            potential = kernel.potential(d, top)[k]
            symbols = [np.ones(len(k))]
            if "Z" in want:
                symbols.append(kernel.multipliers(d, top)[k])
            if "L" in want:
                symbols.append(-(k * (k + d - 2.0)) * potential)
            plan = self.space.plan(np.stack(symbols), potential if "M" in want else None)
            floors = "Z" in want and kernel.spread >= -np.log(Z_FLOOR)
            self._make_room()
            laid = self._plans[kernel, want] = _Laid(plan, want, floors, kernel.log_lambda0(d))
        if len(self._quick) < QUICK:
            self._quick[id(kernel), want] = kernel, laid
        return laid

    def _make_room(self) -> None:
        """Drop the plan used longest ago, but none of this evaluation or the last: a law may have many heads."""
        if len(self._plans) >= PLANS:
            key, oldest = min(self._plans.items(), key=lambda held: held[1].stage)
            if oldest.stage < self._stage - 1:
                del self._plans[key]
                self._quick.clear()


class _Laid:
    """A plan laid for one kernel and one question."""

    def __init__(self, plan: Any, want: str, floors: bool, log: float) -> None:
        self.plan, self.want, self.floors, self.log = plan, want, floors, log
        self.stage = 0  # when it was used last
        self._root = None if plan.grid.ends is None else np.sqrt(plan.grid.weights)
        self._fields: tuple[Any, Any] = (None, None)

    def fields(self, c: Array) -> tuple[Any, Any]:
        """The plan's fields; of a zonal density without velocity where rounding of the coefficients would be one.

        Near the poles of high dimensions sqrt(w) rho is below rounding, and moves nothing by itself; but M and Z can
        be of any size there.
        """
        s, M = self.plan.open(c)
        if self._root is not None:
            faint = np.abs(s[0]) * self._root <= FAINT * np.linalg.norm(c)
            s[1:, faint] = 0.0
            if "Z" in self.want:
                s[1, faint] = 1.0  # its mean over the sphere
            if M is not None:
                M[faint] = 0.0
        return s, M

    def read(self, c: Array) -> tuple[Array, Reading]:
        """rho at the nodes, and the answer; made anew only where the plan answers in other arrays than last time."""
        s, M = self.fields(c)
        if s is not self._fields[0] or M is not self._fields[1]:
            self._fields = s, M
            Z = s[1][:, None] if "Z" in self.want else None
            self._answer = s[0], Reading(Z, M, s[-1] if "L" in self.want else None, self.log)
        if self.floors:
            floored(s[1])  # in place
        return self._answer
