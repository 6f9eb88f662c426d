r"""Inertia: Gaussians of positions and velocities under softmax attention, and the printed force on spheres.

With mu = N(m, S) of (x, v), blocks S_xx, S_xv, S_vv, and scores beta <x, B y>, the force
X(x) = V (m_x + beta S_xx B^T x) is affine, C = beta V S_xx B^T, so that

    m_x' = m_v,    m_v' = -gamma m_v + V m_x + C m_x,
    S_xx' = S_xv + S_xv^T,    S_xv' = S_vv - gamma S_xv + S_xx C^T,    S_vv' = -2 gamma S_vv + C S_xv + S_xv^T C^T.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

Array = NDArray[np.float64]


def moments(
    V: Array, B: Array, beta: float, friction: float, mean: Array, covariance: Array, times: Any
) -> tuple[Array, Array]:
    """Means (T, 2 d) and covariances (T, 2 d, 2 d) at times, from those at 0."""
    d = len(V)

    def slope(t: float, y: Array) -> Array:
        m, S = y[: 2 * d], y[2 * d :].reshape(2 * d, 2 * d)
        xx, xv, vv = S[:d, :d], S[:d, d:], S[d:, d:]
        C = beta * V @ xx @ B.T
        up = vv - friction * xv + xx @ C.T
        rest = C @ xv - friction * vv
        grown = np.block([[xv + xv.T, up], [up.T, rest + rest.T]])
        push = -friction * m[d:] + V @ m[:d] + C @ m[:d]
        return np.concatenate([m[d:], push, grown.ravel()])

    start = np.concatenate([mean, covariance.ravel()])
    run = solve_ivp(slope, (0.0, float(np.max(times))), start, "DOP853", times, rtol=1e-12, atol=1e-14)
    y = run.y.T
    return y[:, : 2 * d], y[:, 2 * d :].reshape(-1, 2 * d, 2 * d)


def force(x: Array, v: Array, beta: float, friction: float, normalised: bool) -> tuple[Array, Array]:
    """(x', v') of unit rows x and tangent v under SA (normalised) or USA, by a loop over pairs."""
    n = len(x)
    push = np.zeros_like(x)
    for i in range(n):
        total = 0.0
        for j in range(n):
            weight = np.exp(beta * (x[i] @ x[j])) / n
            total += weight
            push[i] += weight * x[j]
        if normalised:
            push[i] /= total
        push[i] -= friction * v[i]
        push[i] -= (push[i] @ x[i]) * x[i] + (v[i] @ v[i]) * x[i]
    return v.copy(), push
