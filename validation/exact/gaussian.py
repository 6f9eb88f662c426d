"""Gaussian data in R^d: under attention they stay Gaussian, by equations for their mean and covariance (2501.18322).

With scores beta <x, B y> and values V y, mean m and covariance S, the velocity is affine in x:

    softmax    X(x) = V (m + beta S B^T x),
    linear     X(x) = V (S + m m^T) B^T x,         weights <x, B y>,
    sinkhorn   X(x) = V (m + C S^{-1} (x - m)),    B = I, C = f(S), f(s) = ((1 + 4 beta^2 s^2)^{1/2} - 1) / (2 beta),

the last the covariance of the coupling of mu with itself, Gaussian too, of density e^{beta <x, y> + phi(x) + phi(y)}.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.exact import ode, refuse

Array = NDArray[np.float64]
KINDS = ("softmax", "linear", "sinkhorn")


def velocity(kind: str, m: Array, S: Array, beta: float, B: Array, V: Array) -> tuple[Array, Array]:
    """(d,) a and (d, d) A with X(x) = a + A x."""
    if refuse.choice("kind", kind, KINDS) == "softmax":
        return V @ m, beta * V @ S @ B.T
    if kind == "linear":
        return np.zeros(len(m)), V @ (S + np.outer(m, m)) @ B.T
    s, U = np.linalg.eigh(S)
    c = (np.sqrt(1.0 + 4.0 * (beta * s) ** 2) - 1.0) / (2.0 * beta * s)
    A = V @ (U * c) @ U.T
    return V @ m - A @ m, A


def run(
    kind: str, m: ArrayLike, S: ArrayLike, times: ArrayLike, *, beta: float = 1.0, B: ArrayLike | None = None,
    V: ArrayLike | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """(T, d) means and (T, d, d) covariances: m' = a + A m, S' = A S + S A^T."""
    m0, S0 = np.asarray(m, dtype=float), np.asarray(S, dtype=float)
    d = len(m0)
    scores, values = (np.eye(d) if one is None else np.asarray(one, dtype=float) for one in (B, V))

    def rhs(t: float, y: Array) -> Array:
        mean, cov = y[:d], y[d:].reshape(d, d)
        a, A = velocity(kind, mean, cov, beta, scores, values)
        return np.concatenate([a + A @ mean, (A @ cov + cov @ A.T).ravel()])

    _, y = ode.integrate(rhs, np.concatenate([m0, S0.ravel()]), times, rtol=1e-12, atol=1e-13)
    return y[:, :d], y[:, d:].reshape(-1, d, d)
