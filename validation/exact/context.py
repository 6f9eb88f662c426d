"""Long contexts: a layer of attention by its Gram matrix, equiangular tokens, and the hazard of laws of scores.

A layer y_i = sum_j a_ij x_j, a = softmax(beta G) row by row, has outputs of Gram matrix a G a^T: no vector is needed.
For equiangular tokens, G = (1 - rho) I + rho 11^T, a token keeps w = 1 / (1 + (n - 1) e^{-beta (1 - rho)}), and with
beta = gamma log n, n -> infinity, w tends to 0 below gamma_c = 1 / (1 - rho) and to 1 above; two outputs have the inner
product rho / (rho + w^2 (1 - rho)) (2510.05554, derived here).  Under SA's flow u = -log(1 - rho) moves at
u' = 2 ((n - 1) rho + 1) / (e^{beta (1 - rho)} + n - 1), A (6.9), which takes n^{gamma (1 - rho) - 1} / log n beyond.

Independent scores of tail P(s > x) = e^{-R(x)}: with R(x_n) = log n, the highest lie near x_n, the k-th of them at
x_n - log(k-th arrival) / R'(x_n), so that weights e^{beta s} have Poisson and Dirichlet's law of parameter
R'(x_n) / beta where that is below 1, and no score holds a part where it is not: the critical beta is the hazard
R'(x_n) (2605.12697, in a formulation of our own).  Then E sum_j (weight_j)^2 = 1 - R'(x_n) / beta.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.exact import autonomous, refuse

Array = NDArray[np.float64]
TAILS = ("gaussian", "double", "edge")
"""P(s > x) = e^{-x^2 / 2}; e^{1 - e^x}; e^{1 - 1 / g} at g = 1 - x below an edge: ever smaller gaps."""


def layer(G: ArrayLike, beta: float) -> tuple[Array, Array]:
    """Attention matrix softmax(beta G) and the Gram matrix of its normalised outputs, (n, n) both."""
    gram = np.asarray(G, dtype=float)
    e = np.exp(refuse.number("beta", beta, 0.0) * (gram - gram.max(axis=1, keepdims=True)))
    a = e / e.sum(axis=1, keepdims=True)
    out = a @ gram @ a.T
    size = np.sqrt(np.diag(out))
    return a, np.asarray(out / np.outer(size, size))


def equiangular_gram(n: int, rho: float) -> Array:
    """(1 - rho) I + rho 11^T."""
    return np.asarray((1.0 - rho) * np.eye(n) + rho)


def own_share(log_n: float, beta: float, rho: float, log_spread: float = 0.0) -> float:
    """w = 1 / (1 + n e^{-beta (1 - rho) + log_spread}), n others given by its logarithm.

    log_spread is the log of the mean of e^{beta (<x, y> - rho)} where inner products are only nearly rho.
    """
    return float(np.exp(-np.logaddexp(0.0, log_n - beta * (1.0 - rho) + log_spread)))


def limit_ratio(w: float, rho: float) -> float:
    """Angle of two outputs over that of two inputs as n -> infinity, rho > 0, w being kept."""
    return math.acos(rho / (rho + w * w * (1.0 - rho))) / math.acos(rho)


def half_way(rho: float) -> float:
    """The w at which that ratio is 1/2."""
    cosine = math.cos(0.5 * math.acos(rho))
    return math.sqrt(rho * (1.0 / cosine - 1.0) / (1.0 - rho))


def log_slowness(log_n: float, beta: float) -> autonomous.Slowness:
    """u -> log(1 / u') of equiangular tokens under SA, n = e^log_n + 1 of them."""

    def slowness(u: Array) -> Array:
        rho, rest = -np.expm1(-u), np.exp(-u)
        return np.asarray(np.logaddexp(beta * rest, log_n) - np.logaddexp(log_n + np.log(rho), 0.0) - math.log(2.0))

    return slowness


def log_time(log_n: float, beta: float, rho0: float, rho1: float) -> float:
    """log of the time that SA takes from inner products rho0 > 0 to rho1."""
    rho0 = refuse.number("rho0", rho0, 0.0, 1.0, open_low=True)
    return autonomous.log_time(log_slowness(log_n, beta), -math.log1p(-rho0), -math.log1p(-rho1))


def score(tail: str, log_rank: ArrayLike) -> Array:
    """The x with R(x) = log_rank >= 0: beyond it lies the part e^{-log_rank} of the law."""
    refuse.choice("tail", tail, TAILS)
    R = np.asarray(log_rank, dtype=float)
    if tail == "gaussian":
        return np.asarray(np.sqrt(2.0 * R))
    return np.log1p(R) if tail == "double" else np.asarray(1.0 - 1.0 / (1.0 + R))


def hazard(tail: str, log_n: float) -> float:
    """R'(x_n): (2 log n)^{1/2}, 1 + log n, (1 + log n)^2."""
    refuse.choice("tail", tail, TAILS)
    return {"gaussian": math.sqrt(2.0 * log_n), "double": 1.0 + log_n, "edge": (1.0 + log_n) ** 2}[tail]


def cap(gap: ArrayLike, d: int) -> Array:
    """Part of S^{d-1} with <q, y> > 1 - gap for small gaps: C gap^{(d-1)/2}, to first order."""
    area = math.exp(math.lgamma(0.5 * d) - math.lgamma(0.5 * (d + 1))) / math.sqrt(math.pi)
    return np.asarray(0.5 * area * (2.0 * np.asarray(gap)) ** (0.5 * (d - 1)))


def attention_jacobian(x: ArrayLike) -> Array:
    """Jacobian (n d, n d) of f_i = sum_j a_ij x_j, a = softmax(<x_i, x_j>), in R^d.

    d a_ij = a_ij (ds_ij - sum_k a_ik ds_ik) with ds_ij = <dx_i, x_j> + <x_i, dx_j>, so that df_i is a_ij dx_j, and
    C_i dx_i with C_i the covariance of x under a_i, and a_ij (x_j - f_i) <x_i, dx_j>.
    """
    rows = np.asarray(x, dtype=float)
    n, d = rows.shape
    s = rows @ rows.T
    a = np.exp(s - s.max(axis=1, keepdims=True))
    a /= a.sum(axis=1, keepdims=True)
    f = a @ rows
    J = np.zeros((n, d, n, d))
    for i in range(n):
        centred = rows - f[i]
        J[i, :, i, :] += centred.T @ (a[i][:, None] * centred)
        for j in range(n):
            J[i, :, j, :] += a[i, j] * (np.eye(d) + np.outer(centred[j], rows[i]))
    return J.reshape(n * d, n * d)
