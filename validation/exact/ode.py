"""Systems of equations, integrated by scipy's DOP853 and landed on the times asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from validation.exact import refuse

Array = NDArray[np.float64]


def integrate(
    rhs: Callable[[float, Array], Array], y0: Array, times: ArrayLike, *, rtol: float = 3e-14, atol: float = 1e-15
) -> tuple[Array, Array]:
    """(T,) times and (T, m) values of y' = rhs(t, y), y(0) = y0 (m,), at ascending times >= 0; nothing interpolated."""
    ts = np.atleast_1d(refuse.times("times", times))
    if ts.ndim != 1 or np.any(np.diff(ts) < 0):
        raise ValueError(f"times must be one ascending row; got {times!r}")
    out = np.empty((ts.size, y0.size))
    t, y = 0.0, y0
    for i, s in enumerate(ts):
        if s > t:
            run = solve_ivp(rhs, (t, float(s)), y, method="DOP853", rtol=rtol, atol=atol)
            if not run.success:
                raise RuntimeError(f"the integration failed at t = {run.t[-1]}: {run.message}")
            t, y = float(s), run.y[:, -1]
        out[i] = y
    return ts, out
