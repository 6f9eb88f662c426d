"""The porous medium equation on the circle, d_t rho = (rho^2)'' / 2: what the repulsive USA is as beta grows.

For densities with respect to d theta / 2 pi, given by values at equidistant angles: Fourier series whose products are
padded, and scipy's implicit Radau steps, which no mode makes too long.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from validation.exact import refuse


def porous(values: ArrayLike, t: float) -> NDArray[np.float64]:
    """rho(t) at the same angles 2 pi j / n."""
    rho = np.array(values, dtype=float)
    n, end = len(rho), refuse.number("t", t, 0.0)
    k = np.arange(n // 2 + 1)

    def slope(_: float, c: NDArray[np.float64]) -> NDArray[np.float64]:
        fine = np.fft.irfft(np.fft.rfft(c), 2 * n) * 2.0
        square = np.fft.rfft(fine * fine)[: len(k)] * 0.5
        return np.asarray(np.fft.irfft(-0.5 * k * k * square, n))

    if end == 0.0:
        return rho.copy()
    run = solve_ivp(slope, (0.0, end), rho, method="Radau", rtol=1e-10, atol=1e-12)
    return np.asarray(run.y[:, -1])
