"""Means of one token on the circle that is shaken with a strength that varies, and pulled: by one linear equation.

dtheta = -g sin(theta) dt + (2 kappa)^{1/2} dB with kappa = r(t) (a + b cos theta).  The means m_k = E e^{i k theta}
follow

    m_k' = -k^2 r (a m_k + b (m_{k+1} + m_{k-1}) / 2) - k g (m_{k+1} - m_{k-1}) / 2.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp


def means(
    theta: float, t: float, a: float, b: float, g: float, r: Callable[[float], float], degree: int = 20
) -> NDArray[np.complex128]:
    """(2 degree + 1,) E e^{i k theta(t)}, k = -degree, ..., degree, of a token that begins at theta."""
    k = np.arange(-degree, degree + 1.0)
    up, down = np.eye(len(k), k=1), np.eye(len(k), k=-1)
    noise = -np.diag(k**2) @ (a * np.eye(len(k)) + 0.5 * b * (up + down))
    drift = -0.5 * g * np.diag(k) @ (up - down)
    found = solve_ivp(
        lambda s, m: r(s) * (noise @ m) + drift @ m, (0.0, t), np.exp(1j * k * theta), method="BDF", rtol=1e-10,
        atol=1e-12, jac=lambda s, m: r(s) * noise + drift,
    )  # fmt: skip
    return np.asarray(found.y[:, -1])
