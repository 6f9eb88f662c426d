"""The minimum of a smooth function of many variables: Newton's method, damped where the function is not convex."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy

from meanfield.protocols import Array

EPS = float(np.finfo(np.float64).eps)
ROUNDING = 64.0 * EPS
"""Relative change of the value that is none."""
FIRST, GROWTH, MOST = 1e-6, 8.0, 1e8
"""What is added to the Hessian's diagonal, as a share of it: at first, times this while it does not serve, at most."""


class Minimum(NamedTuple):
    """Where a search ended."""

    x: Array
    value: float
    iterations: int
    predicted: float
    """What the last quadratic model would still have gained, over the value's size."""
    convex: bool
    """Whether the Hessian is positive definite there."""


def minimised(
    fun: Callable[[Array], tuple[float, Array, Array]],
    value: Callable[[Array], float],
    x: Array,
    *,
    size: float,
    most: int = 24,
    allowed: Callable[[Array], bool] = lambda x: True,
) -> Minimum:
    """A minimum near x, downhill all the way.

    Parameters
    ----------
    fun, value : callable
        x -> (value, gradient (n,), Hessian (n, n)), and the value alone.
    x : ndarray (n,)
        Where to begin.
    size : float
        Of values, to which a gain is measured.
    most : int
        Iterations at most.
    allowed : callable
        Which x may be gone to.
    """
    now, slope, bend = fun(x)
    damping, predicted, convex = 0.0, np.inf, False
    for iteration in range(most):
        step, damping = _step(slope, bend, damping)
        convex, predicted = damping == 0.0, 0.5 * abs(float(slope @ step)) / size
        share = 1.0
        while True:
            there = x + share * step
            if allowed(there) and (then := value(there)) <= now + ROUNDING * size:
                break
            share *= 0.5
            if share < 1e-10:
                return Minimum(x, now, iteration, predicted, convex)
        # a gain that rounding decides ends the search: the step itself is still worth taking
        if convex and share == 1.0 and predicted < ROUNDING:
            return Minimum(there, min(now, then), iteration + 1, predicted, convex)
        x = there
        now, slope, bend = fun(x)
        damping = 0.0 if share == 1.0 and damping <= FIRST else damping / GROWTH
    return Minimum(x, now, most, predicted, convex)


def _step(slope: Array, bend: Array, damping: float) -> tuple[Array, float]:
    """Newton's step, and the damping with which the Hessian was positive definite."""
    diagonal = np.abs(np.diagonal(bend)).copy()
    diagonal[diagonal == 0.0] = 1.0
    while True:
        damped: Any = bend if damping == 0.0 else bend + np.diag(damping * diagonal)
        try:
            factor = scipy.linalg.cho_factor(damped, lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            damping = max(FIRST, GROWTH * damping)
            if damping > MOST:
                raise
            continue
        return -scipy.linalg.cho_solve(factor, slope, check_finite=False), damping
