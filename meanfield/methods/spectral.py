"""The Eulerian method: a density's coefficients, products formed on a dealiased grid, resolution doubled on need.

The state is c, the density's coefficients; c' = linear c + (coefficients of -div(rho X)), linear = kappa times the
Laplacian's eigenvalues, -kappa k(k+d-2) on the sphere.
One class for every space: what differs is in the space's plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from math import isfinite, sqrt
from typing import Any

import numpy as np

from meanfield.laws import suited
from meanfield.laws.base import constant_noise, steady_noise
from meanfield.methods.on_plan import OnPlan
from meanfield.protocols import Array, Change, Form, Law, Method, Scheme, Space, Status, Stop, said
from meanfield.spaces.coefficients import recast, tail
from meanfield.spaces.density import Density
from meanfield.spaces.doubt import Doubt
from meanfield.spaces.fields import Z_FLOOR
from meanfield.tools import inputs
from meanfield.tools.settings import register

TAIL = 1e-12
AMPLIFIED = 1e6
"""A run knows its coefficients to about the tail it may throw away; a point value that is this many times worse is not
known (1e-6 by default)."""
SUDDEN = 1e-2
OVER = 0.1
"""By what share a coefficient may be beyond the largest of any density: a coarse step's error, and no divergence."""
FLOORED_MASS = 1e-12
"""More mass than this where Z is rounding, and the velocity there is not known."""


@dataclass(frozen=True)
class Resolving(Scheme):
    """What schemes of coefficients have in common: how large a space may be, and which tail asks for a larger one.

    Attributes
    ----------
    max_resolution, tail : int, float or None
        As of `Spectral`.
    """

    max_resolution: int | None = None
    tail: float | None = None

    def __post_init__(self) -> None:
        if self.max_resolution is not None:
            inputs.integer("max_resolution", self.max_resolution, low=1)
        if self.tail is not None:
            inputs.number("tail", self.tail, above=0.0)

    def bind(self, law: Law, mu: Density, rtol: float, atol: float) -> tuple[Any, Array]:
        """The method for this law, and its first state."""
        limit = self._limit(mu.space)
        if limit < mu.space.size:
            raise ValueError(
                f"max_resolution: got {limit}, below the resolution of the initial density, {mu.space.size}: "
                f"take {mu.space.size} or more"
            )
        self.check(law, mu.space, rtol)
        return self._bound(law, mu.space, limit, rtol, atol, mu.doubt.error, _total(mu)).start(mu)

    def limited(self, max_resolution: int) -> Any:
        """The same with another largest resolution."""
        return replace(self, max_resolution=max_resolution)

    def _bound(self, law: Law, space: Space, limit: int, rtol: float, atol: float, known: float, total: float) -> Any:
        raise TypeError(f"{type(self).__name__} does not say its method")

    def _limit(self, space: Space) -> int:
        return max(space.largest, space.size) if self.max_resolution is None else self.max_resolution

    def _tolerance(self, rtol: float, atol: float, known: float) -> float:
        return max(TAIL, 10.0 * atol, 1e-2 * rtol, known) if self.tail is None else self.tail


@register
@dataclass(frozen=True)
class Spectral(Resolving):
    """Settings of the spectral method.

    Parameters
    ----------
    max_resolution : int, optional
        Largest size of the space the run may go to; the space's own limit by default (4096 nodes on the circle).
    tail : float, optional
        Largest coefficient in the last sixteenth of the degrees.  By default 1e-12, but never below ten times atol,
        rtol / 100, nor the error of the initial density's coefficients (`Density.doubt`): a tail tolerance below the
        stepper's own error, or the data's rounding, would double the resolution for nothing.  The run's
        ``segments[0].form.lost`` tells it.
    then : settings of a method, optional
        What goes on where the largest size no longer suffices, from the last accepted density; `mf.Lagrangian()` is
        what ``on_unresolved="lagrangian"`` puts here.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> rho0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
    >>> mf.solve(mf.SA(1.0), rho0, (0.0, 0.5), method=mf.Spectral(max_resolution=512)).success
    True
    """

    equations = ("A (3.4)", "A (3.10)")
    then: Scheme | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.then is not None:
            inputs.having("then", self.then, ("bind", "rebind", "check"), "None or a method, such as mf.Lagrangian()")

    @property
    def several(self) -> bool:  # type: ignore[override]
        """Several at once, unless one of them may be handed over."""
        return self.then is None

    def check(self, law: Law, space: Space, rtol: float) -> None:
        """Refuse a law that moves no densities here, or, if somebody takes over, none as that one does."""
        if self.then is None:
            suited.density(law, space)
        else:
            self.then.check(law, space, rtol)

    def rebind(self, law: Law, form: Any, rtol: float, atol: float) -> Any:
        """The method as it was when a run stopped, from the shape of its last state."""
        if form.name != OnSpace.name and self.then is not None:
            return self.then.rebind(law, form, rtol, atol)
        return self._bound(law, form.space, self._limit(form.space), rtol, atol, form.rounding, form.total)

    def followed(self, then: Scheme) -> Spectral:
        """The same, handing over to `then`, if not to somebody already."""
        return self if self.then is not None else replace(self, then=then)

    def _bound(
        self, law: Law, space: Space, limit: int, rtol: float, atol: float, known: float, total: float
    ) -> Coefficients:
        beyond = None if self.then is None else partial(self.then.bind, law, rtol=rtol, atol=atol)
        lost = self._tolerance(rtol, atol, known)
        return Coefficients(law, space, lost, limit, beyond=beyond, rounding=known, total=total)


def _total(mu: Density) -> float:
    """int |rho| d sigma, which a flow keeps and diffusion lowers: the mass, of a density that is nowhere negative.

    Of several the largest.
    """
    return max(1.0, float(np.max(np.abs(mu.space.evaluate(mu.coefficients)) @ mu.space.weights)))


@register
@dataclass(frozen=True)
class OnSpace(Form):
    """What a state of coefficients means, each of them known to about the tail that may be thrown away.

    Attributes
    ----------
    space : Space
        Where it lives.
    lost : float
        The tail that may be thrown away.
    rounding : float
        What was not known of the coefficients when the run began.
    total : float
        int |rho| d sigma when it began: a coefficient is at most this times `space.most`.
    """

    space: Any
    lost: float = TAIL
    rounding: float = 0.0
    total: float = 1.0
    name = "spectral"

    def measure(self, y: Array) -> Density:
        """The density (leading axes: several)."""
        return Density(self.space, y, Doubt(self.lost, AMPLIFIED * self.lost))

    def lead(self, y: Array) -> tuple[int, ...]:
        """All but the coefficients' axis."""
        return y.shape[:-1]


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
    rounding : float
        What was not known of the coefficients when the run began.
    total : float
        int |rho| d sigma when it began.
    """

    law: Any
    space: Any
    tolerance: float
    largest: int
    doubled: float | None = None
    beyond: Callable[[Density], tuple[Any, Array]] | None = None
    rounding: float = 0.0
    total: float = 1.0
    _seen: OnPlan = field(init=False, repr=False)
    _most: Array = field(init=False, repr=False)
    _noise: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        s = steady_noise(self.law, self.space.d)
        symbol = None if s == 0.0 else 0.5 * float(s) ** 2 * self.space.laplacian
        object.__setattr__(self, "linear", symbol)
        object.__setattr__(self, "_most", (1.0 + OVER) * self.total * self.space.most)
        object.__setattr__(self, "_noise", None if said(self.law) else s)
        object.__setattr__(self, "_seen", OnPlan(self.space, self.law.isotropic, self.tolerance))

    @property
    def form(self) -> OnSpace:  # type: ignore[override]
        """The meaning of a state."""
        return OnSpace(self.space, self.tolerance, self.rounding, self.total)

    def start(self, mu: Density) -> tuple[Coefficients, Array]:
        """The first state; at a larger size if the density leans on its last degrees already."""
        method, c = self, mu.coefficients
        while tail(method.space, c) > self.tolerance and 2 * method.space.size <= self.largest:
            space = method.space.resized(2 * method.space.size)
            c = recast(method.space, c, space)
            method = replace(method, space=space)
        return method, c

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        """Coefficients of -div(rho X[rho])."""
        return self._seen.close(self._velocity(t, y), out)

    def _velocity(self, t: float, y: Array) -> Any:
        seen, law = self._seen, self.law
        if self._noise is not None:
            constant_noise(law, self.space.d, t, self._noise)
        seen.open(y)
        return law.velocity(t, None if law.isotropic else seen.x, seen)

    def slope(self, t: float, y: Array, out: Array) -> float:
        """`rhs`, and 1 / (largest wave number * max |X|): the finest mode's transport.

        Longer steps are unstable there, and though the error control notices in the end, the modes have then grown
        from rounding to the tolerance and ask for resolution.  Diffusion damps them; nothing need be limited then.
        """
        v = self._velocity(t, y)
        speed = sqrt(np.einsum("...m,...m->...", v, v).max()) if np.ndim(v) and self.linear is None else 0.0
        self._seen.close(v, out)
        return 1.0 / (self._seen.waves * speed) if speed > 0.0 else float("inf")

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        """Throw an unresolved step away and take it again at twice the resolution."""
        now = tail(self.space, y)
        if not isfinite(now):
            raise Stop(Status.NOT_FINITE, f"Coefficients stopped being finite at t = {t:.6g}.")
        if np.any(np.abs(y) > self._most):
            raise Stop(Status.DIVERGED, self._diverged(t, y))
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
        return Change(replace(self, space=space, doubled=now), t0, recast(self.space, y0, space))

    def _ended(self, stop: Stop, t0: float, y0: Array) -> Change:
        """Hand the last good density over, or stop."""
        if self.beyond is None:
            raise stop
        try:
            method, y = self.beyond(self.form.measure(y0))
        except ValueError as refused:
            raise Stop(stop.status, f"{stop.detail} Nobody went on: {refused}") from refused
        return Change(method, t0, y)

    def _diverged(self, t: float, y: Array) -> str:
        """Which coefficient is beyond all densities'."""
        share = np.abs(y) / self._most
        *which, i = (int(k) for k in np.unravel_index(int(np.argmax(share)), share.shape))
        whose = f" of number {which[0] if len(which) == 1 else tuple(which)}" if which else ""
        return (
            f"At t = {t:.6g} the coefficient {self.space.names[i]!r}{whose} is "
            f"{abs(y[(*which, i)]):.3g}, and of no density of this "
            f"mass above {self.total * self.space.most[i]:.3g}."
        )

    def _lost(self, t: float, y: Array) -> str:
        """What is wrong, if the velocity is rounding where there is mass."""
        return self._floored(t, self._seen.lost(y))

    def _floored(self, t: float, lost: float) -> str:
        """What so much mass is told by."""
        if lost <= FLOORED_MASS:
            return ""
        return (
            f"At t = {t:.6g} a mass of {lost:.1e} lies where Z is below {Z_FLOOR:.0e} of its maximum, so that its "
            "velocity grad log Z / beta is rounding."
        )
