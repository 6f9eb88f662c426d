"""(being written)"""
from __future__ import annotations

from meanfield.steppers.runge_kutta import ExplicitRungeKutta, dop853


def etd(rtol: float = 1e-10, atol: float = 1e-13) -> ExplicitRungeKutta:
    return dop853(rtol, atol)
