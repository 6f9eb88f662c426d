"""Steps with noise: dx = rhs dt + s P_x dB in the sense of Ito, with the geometry's curvature term.

The noise of a step of size h is its tangent increment dW = P_x (s sqrt(h) xi), xi standard normal in the ambient
space (of noise that all points share one xi for all of them), and the step ends by `retract`.  On the sphere the
retraction is the curvature term: in the mean |x + dW| - 1 = s^2 h (d-1) / 2 + O(h^2), so dividing by it moves x by
-s^2 (d-1) / 2 x dt, and for rhs = 0 and s = sqrt(2 kappa) the step is Brownian motion with generator kappa times the
Laplacian: E <x(t), x(0)> = e^{-kappa (d-1) t}.  Euler-Maruyama finds that rate too small by the factor
1 - kappa h (d+2).

P. E. Kloeden and E. Platen, Numerical Solution of Stochastic Differential Equations, Springer 1992: Euler in sections
10.2 and 14.1, Heun with additive noise in sections 11.1 (strong) and 15.1 (weak).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from meanfield.protocols import Array, Between, Method, Rng, Status, Stepped, Stepper, Stop
from meanfield.steppers.control import before, checked, longest, slope_of, started
from meanfield.steppers.runge_kutta import fixed
from meanfield.steppers.tables import EULER
from meanfield.tools.settings import register

ROOM = 1e-9
"""By how much a step may be longer than the longest: it was stretched to land."""


class Strength(NamedTuple):
    """How much a step is shaken: by noise of every point's own, None for none, and by paths that all share."""

    own: Any
    shared: tuple[Any, ...]


def strength(method: Method, t: float, y: Array, rng: Rng) -> Strength | None:
    """The method's noise, or None where all of it is the number 0: then nothing is drawn.

    Raises
    ------
    ValueError
        If rng is None.
    TypeError
        If rng is no Generator, or y is complex.
    """
    if rng is None:
        raise ValueError("rng: got None, wanted a seed or numpy.random.Generator: this stepper draws noise")
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng: got {type(rng).__name__}, wanted a numpy.random.Generator")
    if y.dtype != np.float64:
        raise TypeError(f"y: got dtype {y.dtype}, wanted real states: noise moves points, not coefficients")
    own = method.noise(t, y)
    shared = tuple(s for s in method.common(t, y) if not _none(s)) if method.shared else ()
    return None if _none(own) and not shared else Strength(None if _none(own) else own, shared)


def _none(s: Any) -> bool:
    return np.ndim(s) == 0 and float(s) == 0.0


def _turned(method: Method, t: float, y: Array, slope: Array, s: Strength, h: float) -> None:
    """Refuse a step that would turn tokens so far that it says nothing any more."""
    most, why = method.furthest(y, slope, (*s.shared, *(() if s.own is None else (s.own,))))
    if h > most * (1.0 + ROOM):
        raise ValueError(
            f"step: {h:.3g} is too long at t = {t:.6g}: {why}, {most:.3g}: errors are small at a tenth of that, "
            f"step={0.1 * most:.2g}"
        )


def increment(method: Method, y: Array, s: Strength, h: float, rng: Any) -> Array:
    """dW = P_y (s sqrt(h) xi), and as much of every path that all points share."""
    if s.own is None:
        moved = np.zeros_like(y)
    else:
        xi = rng.standard_normal(y.shape)
        xi *= math.sqrt(h)
        moved = np.asarray(method.tangent(y, s.own * xi))
    for path in s.shared:
        moved = moved + math.sqrt(h) * method.alike(y, path, rng)
    return moved


def walked(method: Method, y: Array, u: Array, s: Strength, h: float, rng: Any) -> Array:
    """retract(y + u) of a tangent u, whose noise is `increment(method, y, s, h, rng)`, bent so that means are right to
    second order in h (see `Heun`); u alone where nothing is bent."""
    tangent, retract = method.tangent, method.retract
    ahead = y + u
    there = np.asarray(retract(ahead))
    if there is ahead:
        return there
    aside = retract(y + increment(method, y, s, h, rng))
    bent = tangent(y, there - y) - u
    return np.asarray(retract(y + u + 0.25 * (u - tangent(y, tangent(aside, u))) - 0.5 * bent))


@register
@dataclass(frozen=True)
class EulerMaruyama(Stepper):
    """x1 = retract(x + h rhs(t, x) + dW); strong order 1/2 (1 for additive noise), weak order 1.

    Attributes
    ----------
    size
        The step, > 0; handled as by `FixedStep`.
    """

    size: float
    stochastic = True
    shared = True
    heeds = True
    linear = EULER.damping

    def __post_init__(self) -> None:
        if not (0.0 < self.size < math.inf):
            raise ValueError(f"size: got {self.size!r}, wanted a positive finite step")
        object.__setattr__(self, "order", 1)

    def step(self, method: Method, t: float, y: Array, h: float | None, stop: float, rng: Rng, keep: bool) -> Stepped:
        """One step from (t, y); see `Stepper`.  The between is the straight line from y to the new state.

        Raises
        ------
        ValueError
            If rng is None.
        Stop
            STEP_TOO_SMALL where the step does not move time, NOT_FINITE where the new state is not finite.
        """
        y = checked(t, y, h, stop)
        with np.errstate(over="ignore", invalid="ignore"):
            slope = np.empty_like(y)
            limit = longest(method, started(method, t, y, slope), self.linear)
            t1, used = fixed(t, h, stop, self.size, limit)
            s = strength(method, t, y, rng)
            if s is not None:
                _turned(method, t, y, slope, s, used)
            y1, evaluations = self._moved(method, t, y, slope, used, s, rng)
            if not np.isfinite(y1).all():
                raise Stop(Status.NOT_FINITE, f"the state is not finite at t = {t1!r}")
        between = Between(t, t1, y, ((y1 - y) / used)[None]) if keep else None
        return Stepped(t1, y1, self.size, between, evaluations, 0)

    def _moved(self, method: Method, t: float, y: Array, slope: Array, h: float, s: Any, rng: Any) -> tuple[Array, int]:
        """The new state, from the slope at y, and the evaluations it took."""
        moved = slope
        moved *= h
        moved += y
        if s is not None:
            moved += increment(method, y, s, h, rng)
        return np.asarray(method.retract(moved)), 1


@register
@dataclass(frozen=True)
class Heun(EulerMaruyama):
    """x1 = retract(x + u), u = h (rhs(t, x) + rhs(t + h, x~)) / 2 + dW, with x~ the Euler-Maruyama step by the same dW.

    Order 2 without noise.  With constant s: strong order 1 and weak order 2 in flat space, and weak order 2 on
    spheres, where the mean of a function of u has to be bent to second order as well.  There

    - the slope at x~ is carried back to x: g -> P g is short by cos(angle) along the step, and 3/2 P g - 1/2 P P~ P g
      is not, up to the angle's fourth power;
    - retract(x + u) goes the angle |u| - |u|^3 / 3, and a geodesic random walk of the step lengths itself needs
      the factor 1 - (d-2) s^2 h / 12; both follow, in the mean, from
      u + (u - P P^ u) / 4 - (P (retract(x + u) - x) - u) / 2, P^ the projection at retract(x + dW^), dW^ an independent
      increment.

    These use nothing but the method's `tangent` and `retract`, and vanish where `retract` hands back its argument.
    With s depending on x or t the weak order is 1, and so it is, on spheres, of what several points that share their
    noise do together; strongly they are of order 1/2 there, as P_x is no constant.

    Attributes
    ----------
    size
        The step, > 0; handled as by `FixedStep`.
    """

    def _moved(self, method: Method, t: float, y: Array, first: Array, h: float, s: Any, rng: Any) -> tuple[Array, int]:
        tangent, retract = method.tangent, method.retract
        second = np.empty_like(y)
        dw = np.zeros_like(y) if s is None else increment(method, y, s, h, rng)
        ahead = y + h * first + dw
        there = np.asarray(retract(ahead))
        slope_of(method)(before(t, h), there, second)
        if s is not None and there is not ahead:
            second = tangent(y, second)
            second = 1.5 * second - 0.5 * tangent(y, tangent(there, second))
        u = (0.5 * h) * (first + second) + dw
        if s is None or there is ahead:
            return np.asarray(retract(y + u)), 2
        return walked(method, y, u, s, h, rng), 2


def euler_maruyama(step: float) -> EulerMaruyama:
    """Euler-Maruyama with a fixed step."""
    return EulerMaruyama(step)


def heun(step: float) -> Heun:
    """Heun's method with a fixed step; of weak order 2 for noise of constant strength, on spheres too."""
    return Heun(step)
