"""Two Diracs of masses m1 + m2 = 1 at an angle alpha, on any sphere; and stars of equal clusters on the circle.

USA  alpha' = -e^{b cos alpha} sin alpha                                               (whatever the masses)
SA   alpha' = -e^{b cos alpha} sin alpha [m2 / (m1 e^b + m2 e^{b cos alpha}) + m1 / (m2 e^b + m1 e^{b cos alpha})]

Solved in l = log tan(alpha/2), where l' = alpha' / sin alpha and cos alpha = -tanh l: nothing cancels, the angle may be
1e-300, and the time a merger needs, of order e^{b(1 - cos alpha)}, is an integral (see `autonomous`).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from validation.exact import autonomous, refuse

KINDS = ("SA", "USA")


def _slowness(kind: str, beta: float, m1: float, log_factor: float) -> autonomous.Slowness:
    """l -> log(1 / |l'|)."""
    refuse.choice("kind", kind, KINDS)
    beta, m1 = refuse.number("beta", beta, 0.0), refuse.number("m1", m1, 0.0, 1.0)
    m2 = 1.0 - m1
    log_factor = refuse.number("log_factor", log_factor)
    with np.errstate(divide="ignore"):  # a mass of zero is legal
        log1, log2 = np.log(m1), np.log(m2)

    def log_slowness(l: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: E741
        cost = 2.0 * beta * expit(2.0 * l)  # beta (1 - cos alpha)
        if kind == "USA":  # |l'| = e^{beta cos alpha} times the scale's factor
            return np.asarray(cost - beta - log_factor, dtype=float)
        # |l'| = e (m1^2 + m2^2 + 2 m1 m2 e) / ((m1 + m2 e)(m2 + m1 e)) with e = e^{-cost}
        sums = np.logaddexp(log1, log2 - cost) + np.logaddexp(log2, log1 - cost)
        return np.asarray(cost + sums - np.log(m1 * m1 + m2 * m2 + 2.0 * m1 * m2 * np.exp(-cost)), dtype=float)

    return log_slowness


def _tangent(name: str, alpha: float) -> float:
    """log tan(alpha/2) of an angle strictly between 0 and pi."""
    alpha = refuse.number(name, alpha, 0.0, math.pi)
    if not 0.0 < alpha < math.pi:
        raise ValueError(f"{name} must lie strictly between 0 and pi; got {alpha!r}")
    return math.log(math.tan(0.5 * alpha))


def gap(
    t: ArrayLike,
    alpha0: float,
    beta: float,
    kind: str = "SA",
    m1: float = 0.5,
    *,
    sign: int = 1,
    log_factor: float = 0.0,
) -> NDArray[np.float64]:
    """The angle alpha(t) between two Diracs.

    Parameters
    ----------
    t : float or array
        Times >= 0, any shape.
    alpha0 : float
        Angle at t = 0, radians, strictly between 0 and pi.
    beta : float
        >= 0.
    kind : {"SA", "USA"}
    m1 : float
        Mass of one of them, in [0, 1] (0: a test particle and a Dirac); the other has 1 - m1.
    sign : {1, -1}
        -1: repulsive; the angle then tends to pi.
    log_factor : float
        log of the scale's factor of USA's field (`multipliers.log_factor`): 0, -beta or -log lambda_0.

    Returns
    -------
    Array of t's shape, of relative accuracy about 1e-14 times the sensitivity to t (which near a merger after a time
    T is of order T).
    """
    slowness = _slowness(kind, beta, m1, log_factor)
    l0 = _tangent("alpha0", alpha0)
    times = refuse.times("t", t)
    l = [autonomous.advance(slowness, l0, float(s), -refuse.sign(sign)) for s in times.ravel()]  # noqa: E741
    with np.errstate(over="ignore", under="ignore"):
        return (2.0 * np.arctan(np.exp(np.array(l)))).reshape(times.shape)


def log_merge_time(
    alpha0: float, alpha1: float, beta: float, kind: str = "SA", m1: float = 0.5, *, log_factor: float = 0.0
) -> float:
    """log of the time from angle alpha0 to alpha1 (attractive if alpha1 < alpha0, else repulsive).

    Never overflows: at beta = 1000 the time is of order e^2000.
    """
    slowness = _slowness(kind, beta, m1, log_factor)
    return autonomous.log_time(slowness, _tangent("alpha0", alpha0), _tangent("alpha1", alpha1))


def merge_time(
    alpha0: float, alpha1: float, beta: float, kind: str = "SA", m1: float = 0.5, *, log_factor: float = 0.0
) -> float:
    """The time from angle alpha0 to alpha1; OverflowError beyond 1e308 (ask `log_merge_time`)."""
    return math.exp(log_merge_time(alpha0, alpha1, beta, kind, m1, log_factor=log_factor))


def star_rates(m: int, beta: float, kind: str = "SA", *, log_factor: float = 0.0) -> NDArray[np.float64]:
    """Growth rates of the modes q = 0..m-1 of m equal, equally spaced Diracs on the circle.

    Moving cluster j by eps cos(2 pi q j / m) grows at -(1/m) sum_l g(2 pi l/m) (1 - cos(2 pi q l/m)) / Z with
    g(x) = e^{b cos x} (cos x - b sin^2 x), Z = (1/m) sum_l e^{b cos(2 pi l/m)} for SA and 1 for USA.  Mode 0, the
    rotation, is neutral.
    """
    m, beta = refuse.integer("m", m, 1), refuse.number("beta", beta, 0.0)
    refuse.choice("kind", kind, KINDS)
    x = 2.0 * math.pi * np.arange(m) / m
    e = np.exp(-2.0 * beta * np.sin(0.5 * x) ** 2)
    g = e * (np.cos(x) - beta * np.sin(x) ** 2)
    rates = -((1.0 - np.cos(np.outer(np.arange(m), x))) @ g) / m
    if kind == "SA":
        return np.asarray(rates / e.mean(), dtype=float)
    return np.asarray(rates * math.exp(beta + refuse.number("log_factor", log_factor)), dtype=float)
