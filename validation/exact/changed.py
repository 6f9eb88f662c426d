"""Changed measures by loops: tokens that act and do not move, doubly stochastic attention, hardmax.

C = arXiv 2411.04990 (Theorem 5.2: frozen tokens); A = arXiv 2312.10794.  Rows x (n, d), natural scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.exact import refuse

Array = NDArray[np.float64]


def _masses(n: int, weights: ArrayLike | None) -> Array:
    return np.full(n, 1.0 / n) if weights is None else np.asarray(weights, dtype=float)


def _tangent(x: Array, v: Array) -> Array:
    return v - (x @ v) * x


def frozen_velocity(
    kind: str,
    x: ArrayLike,
    y: ArrayLike,
    a: ArrayLike,
    beta: float,
    *,
    weights: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    mean: bool = True,
) -> Array:
    """Velocities (n, d) among tokens y_j of masses a_j / n that do not move; `mask` A_ij: token i sees j so much.

    x_i' = P (1/Z_i) (sum_j w_j A_ij e^{beta<x_i,x_j>} x_j + sum_j (a_j/n) e^{beta<x_i,y_j>} y_j), Z_i the same sum of
    the e^{...}; for USA, not divided by Z_i but, where `mean`, by sum_j w_j A_ij.
    """
    refuse.choice("kind", kind, ("SA", "USA"))
    rows, fixed, n = np.asarray(x, dtype=float), np.asarray(y, dtype=float), len(np.asarray(x))
    w, of = _masses(n, weights), np.asarray(a, dtype=float) / n
    A = np.ones((n, n)) if mask is None else np.asarray(mask, dtype=float)
    out = np.empty_like(rows)
    for i in range(n):
        pull, Z, seen = np.zeros(rows.shape[1]), 0.0, 0.0
        for j in range(n):
            e = w[j] * A[i, j] * np.exp(beta * (rows[i] @ rows[j]))
            pull, Z, seen = pull + e * rows[j], Z + e, seen + w[j] * A[i, j]
        for j in range(len(fixed)):
            e = of[j] * np.exp(beta * (rows[i] @ fixed[j]))
            pull, Z = pull + e * fixed[j], Z + e
        out[i] = _tangent(rows[i], pull / (Z if kind == "SA" else seen if mean else 1.0))
    return out


def sinkhorn_velocity(x: ArrayLike, beta: float, *, weights: ArrayLike | None = None) -> Array:
    """x_i' = P sum_j w_j k_ij x_j, k_ij = g_i e^{beta<x_i,x_j>} g_j, where sum_j w_j k_ij = 1.

    g by Newton in log g, from a first guess: the Jacobian of log g + log sum_j w_j e_ij g_j is 1 + (w_j k_ij).
    """
    rows = np.asarray(x, dtype=float)
    n = len(rows)
    w = _masses(n, weights)
    e = np.exp(beta * (rows @ rows.T))
    log_g = -0.5 * np.log(e @ w)
    for _ in range(100):
        matrix = np.exp(log_g[:, None] + log_g[None, :]) * e * w
        sums = matrix.sum(axis=1)
        step = np.linalg.solve(np.eye(n) + matrix / sums[:, None], -np.log(sums))
        log_g += step
        if np.abs(step).max() < 1e-15:
            break
    matrix = np.exp(log_g[:, None] + log_g[None, :]) * e * w
    return np.array([_tangent(rows[i], matrix[i] @ rows) for i in range(n)])


def hardmax(
    x: ArrayLike,
    Q: ArrayLike,
    K: ArrayLike,
    *,
    tie: float = 1e-12,
    weights: ArrayLike | None = None,
    mask: ArrayLike | None = None,
) -> tuple[Array, Array]:
    """(n,) the mass of token i's maximisers of <Qx_i, Kx_j>, and (n, d) their mean, by the masses w_j A_ij.

    Maximisers are those of positive mass whose score is within `tie` of the largest.
    """
    rows = np.asarray(x, dtype=float)
    n = len(rows)
    w, q, k = _masses(n, weights), np.asarray(Q, dtype=float), np.asarray(K, dtype=float)
    A = np.ones((n, n)) if mask is None else np.asarray(mask, dtype=float)
    mass, mean = np.zeros(n), np.zeros_like(rows)
    for i in range(n):
        scores = [float((q @ rows[i]) @ (k @ rows[j])) for j in range(n)]
        best = max(scores[j] for j in range(n) if w[j] * A[i, j] > 0.0)
        for j in range(n):
            if w[j] * A[i, j] > 0.0 and scores[j] >= best - tie:
                mass[i] += w[j] * A[i, j]
                mean[i] += w[j] * A[i, j] * rows[j]
        mean[i] /= mass[i]
    return mass, mean
