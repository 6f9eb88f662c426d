"""n orthogonal tokens (A, Theorem 6.8): all inner products stay equal, to one function gamma(t).

With u = -log(1 - gamma), which is smooth to the end and loses nothing as gamma -> 1,
SA   u' = 2 ((n-1) gamma + 1) / (e^{b(1-gamma)} + n - 1)                                   A (6.9)
USA  u' = (2/n) e^{b gamma} ((n-1) gamma + 1)                                               A (6.10)
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.exact import autonomous, refuse

Array = NDArray[np.float64]


def _slowness(kind: str, beta: float, n: int, log_factor: float) -> autonomous.Slowness:
    refuse.choice("kind", kind, ("SA", "USA"))
    beta, n = refuse.number("beta", beta, 0.0), refuse.integer("n", n, 2)
    log_factor = refuse.number("log_factor", log_factor)

    def log_slowness(u: Array) -> Array:
        gamma, rest = -np.expm1(-u), np.exp(-u)
        pull = math.log(2.0) + np.log1p((n - 1) * gamma)
        if kind == "USA":
            return np.asarray(math.log(n) - beta * gamma - log_factor - pull, dtype=float)
        return np.asarray(np.logaddexp(beta * rest, math.log(n - 1)) - pull, dtype=float)

    return log_slowness


def exponent(
    t: ArrayLike, n: int, beta: float, kind: str = "SA", *, gamma0: float = 0.0, log_factor: float = 0.0
) -> Array:
    """u(t) = -log(1 - gamma(t)), to rounding.

    Parameters
    ----------
    t : float or array
        Times >= 0, any shape.
    n : int
        Number of tokens, >= 2.
    beta : float
        >= 0.
    kind : {"SA", "USA"}
    gamma0 : float
        Inner product at t = 0, in (-1/(n-1), 1); 0 is the theorem's.
    log_factor : float
        log of the scale's factor of USA's field.
    """
    n = refuse.integer("n", n, 2)
    gamma0 = refuse.number("gamma0", gamma0, -1.0 / (n - 1), 1.0, open_low=True)
    if gamma0 >= 1.0:
        raise ValueError(f"gamma0 must be below 1; got {gamma0!r}")
    slowness = _slowness(kind, beta, n, log_factor)
    times = refuse.times("t", t)
    u0 = -math.log1p(-gamma0)
    return np.array([autonomous.advance(slowness, u0, float(s), 1) for s in times.ravel()]).reshape(times.shape)


def gamma(
    t: ArrayLike, n: int, beta: float, kind: str = "SA", *, gamma0: float = 0.0, log_factor: float = 0.0
) -> Array:
    """gamma(t) = <x_i(t), x_j(t)> for i != j; arguments as for `exponent`."""
    return -np.expm1(-exponent(t, n, beta, kind, gamma0=gamma0, log_factor=log_factor))


def one_minus_gamma(
    t: ArrayLike, n: int, beta: float, kind: str = "SA", *, gamma0: float = 0.0, log_factor: float = 0.0
) -> Array:
    """1 - gamma(t), with full relative accuracy as it tends to 0."""
    return np.exp(-exponent(t, n, beta, kind, gamma0=gamma0, log_factor=log_factor))


def transition_time(n: int, beta: float, kind: str = "SA", *, delta: float = 1e-3, log_factor: float = 0.0) -> float:
    """The time at which gamma = 1 - delta, from orthogonal tokens (the limit curve Gamma_{inf,delta} of A (6.12))."""
    delta = refuse.number("delta", delta, 0.0, 1.0, open_low=True)
    return math.exp(autonomous.log_time(_slowness(kind, beta, n, log_factor), 0.0, -math.log(delta)))
