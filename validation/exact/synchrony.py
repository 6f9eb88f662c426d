"""Kuramoto's infinitely many tokens: thresholds, the order parameter, and Ott and Antonsen's equation.

theta' = omega + K int sin(theta' - theta) dmu, frequencies of an even density g that falls from 0 on.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.integrate import quad
from scipy.optimize import brentq

from validation.exact import refuse

Density = Callable[[float], float]


def lorentz(gamma: float) -> Density:
    """gamma / (pi (omega^2 + gamma^2))."""
    width = refuse.number("gamma", gamma, 0.0, open_low=True)
    return lambda omega: width / (math.pi * (omega * omega + width * width))


def normal(omega: float) -> float:
    """The normal density."""
    return math.exp(-0.5 * omega * omega) / math.sqrt(2.0 * math.pi)


def threshold(g: Density) -> float:
    """K_c = 2 / (pi g(0))."""
    return 2.0 / (math.pi * g(0.0))


def consistent(g: Density, K: float, r: float) -> float:
    """K int cos^2(a) g(K r sin a) da over [-pi/2, pi/2]: 1 at the order parameter r > 0."""
    value = quad(lambda a: math.cos(a) ** 2 * g(K * r * math.sin(a)), 0.0, 0.5 * math.pi, epsabs=1e-14, epsrel=1e-13)[0]
    return 2.0 * K * value


def order(g: Density, K: float) -> float:
    """r of those that are locked: 0 up to K_c, then the root of `consistent` = 1."""
    if threshold(g) >= K:
        return 0.0
    return float(brentq(lambda r: consistent(g, K, r) - 1.0, 1e-6, 1.0, xtol=1e-15, rtol=1e-14))


def ott_antonsen(K: float, gamma: float, r0: float, t: float) -> float:
    """r(t) of r' = (K/2 - gamma) r - (K/2) r^3: Lorentz frequencies, phases at first Poisson's, whatever the frequency.

    Exact: z = int e^{i theta} dmu is there the value at omega = i gamma of a function analytic above the real line.
    """
    a, b = 0.5 * K - gamma, 0.5 * K
    grown = r0**-2 + 2.0 * b * t if a == 0.0 else (r0**-2 - b / a) * math.exp(-2.0 * a * t) + b / a
    return grown**-0.5
