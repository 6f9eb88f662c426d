"""One minimising movement: the q that minimises d(q_0, q)^2 / 2 tau + F(q), by Newton's method.

d is W_2 (sum_i w_i (q_i - q_0i)^2: labels keep their order), or W_{2,E}: then the path from q_0 to q is an unknown too
(`distances.circle.action`), of a degree in time that is raised until its speed is constant; or, frozen, W_2 with the
weight Z of q_0.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from typing import NamedTuple

import numpy as np
import scipy

from meanfield.distances.circle.action import Action
from meanfield.distances.numerics.newton import Minimum, minimised
from meanfield.methods.minimising.descended import Descended
from meanfield.protocols import Array

FIRST, SHARPER, MOST = 3, 2, 11
"""Degrees of the path in time: at first, by how much it is raised, and at most."""
UNEVEN = 1e-8
"""Relative spread of int |v|^2 Z d mu over a geodesic at which its degree suffices."""
CONVERGED = 1e-11
"""What Newton's last quadratic model may still promise, of the objective's change or of rounding."""


class Movement(NamedTuple):
    """Where a step led."""

    q: Array
    distance: float
    """Of the two measures, in the metric."""
    residual: float
    """The metric's norm of what is left of the objective's gradient, over the slope |dF| of where the step began."""
    fell: float
    """By how much the objective fell: >= 0."""
    iterations: int
    found: bool
    """Whether it is a minimum: reached by Newton's method, where the Hessian is positive definite."""


def moved(F: Descended, q0: Array, tau: float, metric: str) -> Movement:
    """The minimising movement from q0 in a metric, "wasserstein", "weighted" or "frozen"."""
    if metric != "weighted":
        return _straight(F, q0, tau, F.w * (F.weight(q0) if metric == "frozen" else 1.0))
    degree, done = FIRST, 0
    while True:
        step, uneven = _curved(F, q0, tau, degree)
        done += step.iterations
        if uneven < UNEVEN or not step.found or degree >= MOST:
            return step._replace(iterations=done)
        degree += SHARPER


def _straight(F: Descended, q0: Array, tau: float, m: Array) -> Movement:
    """With a distance sum_i m_i (q_i - q_0i)^2."""

    def value(q: Array) -> float:
        return 0.5 * float(m @ (q - q0) ** 2) / tau + F.value(q)

    def told(q: Array) -> tuple[float, Array, Array]:
        f, g, H = F.told(q)
        return 0.5 * float(m @ (q - q0) ** 2) / tau + f, g + m * (q - q0) / tau, H + np.diag(m / tau)

    found = _searched(told, value, q0, F.ordered)
    return _judged(F, q0, m, found, found.x, told(found.x)[1], float(np.sqrt(m @ (found.x - q0) ** 2)), value(q0))


def _curved(F: Descended, q0: Array, tau: float, degree: int) -> tuple[Movement, float]:
    """With W_{2,E}: the path's inner values and its end are free; and by how much its speed is uneven."""
    action, n = Action(F.w, F.beta, degree), len(q0)
    share = exp(F.log_top) / (2.0 * tau)

    def path(z: Array) -> Array:
        return np.concatenate([q0[None], z.reshape(degree, n)])

    def value(z: Array) -> float:
        return share * action.value(path(z)) + F.value(z[-n:])

    def told(z: Array) -> tuple[float, Array, Array]:
        A, slope, bend = action.told(path(z))
        f, g, H = F.told(z[-n:])
        gradient = share * slope[1:].ravel()
        gradient[-n:] += g
        whole = share * bend[1:, 1:].transpose(0, 2, 1, 3).reshape(degree * n, degree * n)
        whole[-n:, -n:] += H
        return share * A + f, gradient, whole

    found = _searched(told, value, np.tile(q0, degree), lambda z: F.ordered(z[-n:]))
    Q = path(found.x)
    length = float(np.sqrt(max(action.value(Q), 0.0) * exp(F.log_top)))
    rates = action.speeds(Q)
    uneven = float(np.ptp(rates) / max(rates.mean(), 1e-300)) if length > 0.0 else 0.0
    left = told(found.x)[1].reshape(degree, n)
    m = F.w * F.weight(q0)
    return _judged(F, q0, m, found, Q[-1], left, length, value(np.tile(q0, degree))), uneven


def _searched(
    told: Callable[[Array], tuple[float, Array, Array]],
    value: Callable[[Array], float],
    start: Array,
    allowed: Callable[[Array], bool],
) -> Minimum:
    return minimised(told, value, start, size=abs(value(start)), allowed=allowed)


def _judged(
    F: Descended, q0: Array, m: Array, found: Minimum, q: Array, left: Array, length: float, began: float
) -> Movement:
    fell = began - found.value
    slope = float(np.sqrt(np.sum(F.told(q0)[1] ** 2 / m)))
    residual = float(np.sqrt(np.sum(left**2 / m))) / slope if slope > 0.0 else 0.0
    room = max(abs(began) * 1e-2, fell)
    settled = found.convex and found.predicted * abs(began) < CONVERGED * room
    if fell < 0.0:  # by rounding alone: nothing is left to fall
        return Movement(q0, 0.0, residual, 0.0, found.iterations, settled)
    return Movement(q, length, residual, fell, found.iterations, settled and F.ordered(q))


def longest(F: Descended, q0: Array, metric: str) -> float:
    """The tau below which the objective is convex at q0: one over the largest curvature of -F in the metric; or inf."""
    m = F.w * (1.0 if metric == "wasserstein" else F.weight(q0))
    H = F.told(q0)[2] / np.sqrt(m[:, None] * m)
    least = float(scipy.linalg.eigvalsh(H, subset_by_index=[0, 0])[0])
    return -1.0 / least if least < 0.0 else float("inf")
