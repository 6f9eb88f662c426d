"""One accepted step each: explicit Runge-Kutta, exponential, stochastic."""

from meanfield.steppers.collocation import ExponentialCollocation, etd
from meanfield.steppers.dense import evaluate, phi, phis
from meanfield.steppers.exponential import ETDRK4, etdrk4
from meanfield.steppers.runge_kutta import (
    ExplicitRungeKutta,
    FixedStep,
    UnprojectedEuler,
    dop853,
    euler,
    euler_unprojected,
    rk4,
    rk45,
)
from meanfield.steppers.splitting import Splitting, lie, strang
from meanfield.steppers.stochastic import EulerMaruyama, Heun, euler_maruyama, heun
from meanfield.steppers.varying import Weak2, weak2

__all__ = [
    "ETDRK4",
    "EulerMaruyama",
    "ExplicitRungeKutta",
    "ExponentialCollocation",
    "FixedStep",
    "Heun",
    "Splitting",
    "UnprojectedEuler",
    "Weak2",
    "dop853",
    "etd",
    "etdrk4",
    "euler",
    "euler_maruyama",
    "euler_unprojected",
    "evaluate",
    "heun",
    "lie",
    "phi",
    "phis",
    "rk4",
    "rk45",
    "strang",
    "weak2",
]
