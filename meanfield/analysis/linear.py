"""Linear growth: a law asked about the uniform measure plus a ripple."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from meanfield.laws import SA, Diffusion
from meanfield.laws.base import refuse_changing, refuse_common
from meanfield.protocols import Array, Kernel, Law, Reading
from meanfield.tools import inputs
from meanfield.tools.tags import equations

MOST = 10**4
"""Clusters of a star, and inverse temperatures of switching, at most: every pair of them is looked at."""
SEARCHED = 256
"""Degrees looked at for the fastest; twice as many while it is in their upper half."""


@dataclass(frozen=True)
class _Ripple:
    """mu = (1 + eps Y_k) sigma for every k at once, seen where Y_k = 0 and |grad Y_k| = 1.

    There Z is that of the uniform measure, and P_x M is eps p_k grad Y_k exactly: with eps = 1 the law's velocity is
    its linear response, for each degree one "point" with one tangent component.
    """

    d: int
    degree: int
    shrunk: Any = None
    """The kernel for which it is balanced: to first order (1 + eps Y_k / (1 + q_k)) sigma."""

    @property
    def mean(self) -> Array:
        return np.zeros(self.d)

    @property
    def x(self) -> Array:
        raise TypeError(
            "law: it asks where the points are, and a ripple has none: what turns all of them lets no mode grow and is "
            "to be left out (omega=0.0); of a coupling that is not odd modes turn, and have no rate"
        )

    def balanced(self, kernel: Kernel) -> tuple[None, _Ripple, float]:
        """g = 1 - eps q_k / (1 + q_k) Y_k, times a constant."""
        return None, _Ripple(self.d, self.degree, kernel), 0.0

    def read(self, kernel: Kernel, x: Array | None = None, want: str = "ZM", V: Array | None = None) -> Reading:
        _valueless(V)
        p = kernel.potential(self.d, self.degree).copy()
        p[0] = 0.0
        if self.shrunk is not None:
            p /= 1.0 + self.shrunk.multipliers(self.d, self.degree)
        k = np.arange(self.degree + 1)
        L = np.zeros(self.degree + 1) if "L" in want else None
        return Reading(np.ones((len(k), 1)), p[:, None], L, kernel.log_lambda0(self.d))


@equations("2410.23228")
def growth_rates(law: Law, d: int, degree: int, diffusion: float = 0.0) -> Array:
    """Growth rates s_k of the modes k = 0..degree about the uniform measure on S^{d-1}.

    s_k = k(k+d-2) lambda_k / beta (USA, times the scale's factor), divided by lambda_0 (SA); minus for the repulsive
    flow; minus kappa k(k+d-2) with noise.

    Parameters
    ----------
    law : Law
        Isotropic.
    d : int
        Ambient dimension, >= 2.
    degree : int
        Highest degree.
    diffusion : float
        kappa >= 0, added to the law's own noise.

    Returns
    -------
    ndarray (degree + 1,)

    Raises
    ------
    ValueError, TypeError
        For what was given; for a law with matrices, whose modes do not grow one by one.

    Examples
    --------
    >>> rates = mf.growth_rates(mf.USA(5.0, scale="relative"), 2, 4)
    >>> int(np.argmax(rates))
    3
    """
    only_isotropic(law, "degrees do not grow separately")
    d, degree = inputs.dimension("d", d), inputs.degree("degree", degree)
    ripple: Any = _Ripple(d, degree)
    only_autonomous(law)
    refuse_common(law, "a density moves at random")
    k = np.arange(degree + 1)
    response = np.zeros(degree + 1)
    response += np.asarray(law.velocity(0.0, None, ripple)).reshape(-1)
    if not response.any():
        law.check_range(d, smooth=True)  # no answer, or too small a one
    noise = law.noise(0.0, None, ripple)
    kappa = 0.5 * float(noise) ** 2 + Diffusion(diffusion).kappa
    return k * (k + d - 2.0) * (response - kappa)


@equations("2410.23228")
def fastest(law: Law, d: int, degree: int | None = None) -> tuple[int, float]:
    """(k*, rate): the fastest growing degree, and its rate; of degrees up to `degree` only, if given.

    Parameters
    ----------
    law : Law
        Isotropic.
    d : int
        Ambient dimension, >= 2.
    degree : int, optional
        Highest degree looked at.

    Raises
    ------
    ValueError, TypeError
        As for `growth_rates`.

    Examples
    --------
    >>> mf.fastest(mf.SA(5.0), 2)[0]
    3
    """
    rates = _searched(law, d) if degree is None else growth_rates(law, d, degree)
    k = int(np.argmax(rates))
    return k, float(rates[k])


def _searched(law: Law, d: int) -> Array:
    """Growth rates up to a degree in whose lower half is the fastest: beyond, rates of attention fall."""
    degree = SEARCHED
    while 2 * np.argmax(rates := growth_rates(law, d, degree)) > degree:
        degree *= 2
    return rates


@equations("2410.23228")
def switching(d: int, k_max: int, law: Callable[[float], Any] | None = None) -> Array:
    """The inverse temperatures at which k* passes from k to k + 1, k = 1..k_max: there s_k = s_{k+1}.

    For SA and USA they are the same, and k*(k* + d - 2) ~ 2 beta (2410.23228).

    Parameters
    ----------
    d : int
        Ambient dimension, >= 2.
    k_max : int
        How many.
    law : callable, optional
        beta -> Law, attractive; SA by default.

    Returns
    -------
    ndarray (k_max,)
        To about 1e-14 relative.

    Raises
    ------
    ValueError
        If the rates of two neighbouring degrees do not change places between beta = 0.0005 k(k+d-2) and
        2 k(k+d-2) + 4 d.

    Examples
    --------
    >>> mf.switching(2, 1).shape
    (1,)
    """
    d, k_max = inputs.dimension("d", d), inputs.integer("k_max", k_max, low=1, high=MOST)
    at = inputs.callable_or_none("law", law) or (lambda beta: SA(beta, scale="scaled"))  # of any beta

    def lead(beta: float, k: int) -> float:
        s = growth_rates(at(beta), d, k + 1)
        return float((s[k + 1] - s[k]) / abs(s[k]))

    out = np.empty(k_max)
    for k in range(1, k_max + 1):
        guess = 0.5 * k * (k + d - 2.0)
        low, high = 1e-3 * guess, 4.0 * guess + 4.0 * d
        if not lead(low, k) < 0.0 < lead(high, k):
            raise ValueError(f"law: degree {k + 1} does not overtake {k} for beta in [{low:g}, {high:g}]")
        out[k - 1] = scipy.optimize.brentq(lead, low, high, args=(k,), xtol=1e-14, rtol=1e-14)
    return out


def _valueless(V: Array | None) -> None:
    if V is not None:
        raise TypeError("law: it says that it is isotropic and asks for values V y: let its isotropic be False")


def only_isotropic(law: Law, why: str) -> None:
    """Refuse a law that tells tokens or directions apart, or moves points of R^d."""
    inputs.law(law)
    if law.labelled or law.geometry != "sphere":
        raise ValueError(f"law: {law} tells tokens apart or moves points of R^d, so that {why}")
    if not law.isotropic:
        raise ValueError(f"law: {law} is not isotropic, so that {why}")


def only_autonomous(law: Law) -> None:
    """Refuse a law whose velocity changes with time, or that does not say."""
    refuse_changing(law, "growth rates are those of one moment")


@equations("2510.25034")
def inertial_rate(rate: Any, friction: float) -> Any:
    """(sqrt(gamma^2 + 4 s) - gamma) / 2: how fast inertia grows what a law grows at the rate s; complex: it swings.

    Parameters
    ----------
    rate : float or array
        s, as of `mf.growth_rates`.
    friction : float
        gamma >= 0.

    Returns
    -------
    ndarray
        Real where s >= -gamma^2 / 4 for all of them.  The larger of the two solutions of z^2 + gamma z = s.

    Raises
    ------
    ValueError, TypeError
        For a negative friction, and what are no numbers.

    Examples
    --------
    >>> mf.inertial_rate([2.0, 0.0], friction=1.0).tolist()
    [1.0, 0.0]
    """
    s = inputs.array("rate", rate)
    gamma = inputs.number("friction", friction, low=0.0)
    inner = gamma * gamma + 4.0 * s
    root = np.sqrt(inner) if np.all(inner >= 0.0) else np.sqrt(inner.astype(complex))
    # of small s the difference would round away
    return 2.0 * s / (gamma + root) if gamma > 0.0 else 0.5 * root
