"""Steps with noise: dx = rhs dt + s P_x dB in the sense of Ito, with the geometry's curvature term.

The noise of a step of size h is its tangent increment dW = P_x (s sqrt(h) xi), xi standard normal in the ambient
space, and the step ends by `retract`.  On the sphere the retraction is the curvature term: in the mean
|x + dW| - 1 = s^2 h (d-1) / 2 + O(h^2), so dividing by it moves x by -s^2 (d-1) / 2 x dt, and for rhs = 0 and
s = sqrt(2 kappa) the step is Brownian motion with generator kappa times the Laplacian:
E <x(t), x(0)> = e^{-kappa (d-1) t}.

P. E. Kloeden and E. Platen, Numerical Solution of Stochastic Differential Equations, Springer 1992: Euler in sections
10.2 and 14.1, Heun with additive noise in sections 11.1 (strong) and 15.1 (weak).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.protocols import Array, Between, Status, Stepped, Stepper, Stop
from meanfield.steppers.control import checked, slope_of
from meanfield.steppers.runge_kutta import fixed


def increment(method: Any, t: float, y: Array, h: float, rng: np.random.Generator | None) -> Array | None:
    """P_y (s sqrt(h) xi); None, without drawing, where s is the number 0.

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
    s = method.noise(t, y)
    if np.ndim(s) == 0 and float(s) == 0.0:
        return None
    xi = rng.standard_normal(y.shape)
    xi *= math.sqrt(h)
    return np.asarray(method.tangent(y, s * xi))


@dataclass(frozen=True)
class EulerMaruyama(Stepper):
    """x1 = retract(x + h rhs(t, x) + dW); strong order 1/2 (1 for additive noise), weak order 1.

    Attributes
    ----------
    size
        The step, > 0; handled as by `FixedStep`.
    """

    size: float

    def __post_init__(self) -> None:
        if not (0.0 < self.size < math.inf):
            raise ValueError(f"size: got {self.size!r}, wanted a positive finite step")
        object.__setattr__(self, "order", 1)

    def step(
        self, method: Any, t: float, y: Array, h: float | None, stop: float, rng: np.random.Generator | None, keep: bool
    ) -> Stepped:
        """One step from (t, y); see `Stepper`.  The between is the straight line from y to the new state.

        Raises
        ------
        ValueError
            If rng is None.
        Stop
            STEP_TOO_SMALL where the step does not move time, NOT_FINITE where the new state is not finite.
        """
        y = checked(t, y, h, stop)
        t1, used = fixed(t, y, h, stop, self.size, method)
        with np.errstate(over="ignore", invalid="ignore"):
            y1, evaluations = self._moved(method, t, y, used, increment(method, t, y, used, rng))
            if not np.isfinite(y1).all():
                raise Stop(Status.NOT_FINITE, f"the state is not finite at t = {t1!r}")
        between = Between(t, t1, y, ((y1 - y) / used)[None]) if keep else None
        return Stepped(t1, y1, self.size, between, evaluations, 0)

    def _moved(self, method: Any, t: float, y: Array, h: float, dw: Array | None) -> tuple[Array, int]:
        slope = np.empty_like(y)
        slope_of(method)(t, y, slope)
        slope *= h
        slope += y
        if dw is not None:
            slope += dw
        return np.asarray(method.retract(slope)), 1


@dataclass(frozen=True)
class Heun(EulerMaruyama):
    """x1 = retract(x + h (rhs(t, x) + rhs(t + h, x~)) / 2 + dW), with x~ the Euler-Maruyama step by the same dW.

    Order 2 without noise; with noise s depending on time alone, in flat space, strong order 1 and weak order 2; on the
    sphere, or with s depending on x, the orders of Euler-Maruyama with the drift's error removed.

    Attributes
    ----------
    size
        The step, > 0; handled as by `FixedStep`.
    """

    def _moved(self, method: Any, t: float, y: Array, h: float, dw: Array | None) -> tuple[Array, int]:
        slope = slope_of(method)
        first, second = np.empty_like(y), np.empty_like(y)
        slope(t, y, first)
        predicted = y + h * first
        if dw is not None:
            predicted += dw
        slope(t + h, np.asarray(method.retract(predicted)), second)
        second += first
        second *= 0.5 * h
        second += y
        if dw is not None:
            second += dw
        return np.asarray(method.retract(second)), 2


def euler_maruyama(step: float) -> EulerMaruyama:
    """Euler-Maruyama with a fixed step."""
    return EulerMaruyama(step)


def heun(step: float) -> Heun:
    """Heun's drift with a fixed step and the noise of Euler-Maruyama."""
    return Heun(step)
