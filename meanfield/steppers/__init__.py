"""One accepted step each: explicit Runge-Kutta, exponential, stochastic."""

from meanfield.steppers.dense import evaluate, phi, phis
from meanfield.steppers.exponential import etd
from meanfield.steppers.runge_kutta import ExplicitRungeKutta, FixedStep, dop853, euler, rk4, rk45
from meanfield.steppers.stochastic import EulerMaruyama, Heun, euler_maruyama, heun

__all__ = [
    "EulerMaruyama",
    "ExplicitRungeKutta",
    "FixedStep",
    "Heun",
    "dop853",
    "etd",
    "euler",
    "euler_maruyama",
    "evaluate",
    "heun",
    "phi",
    "phis",
    "rk4",
    "rk45",
]
