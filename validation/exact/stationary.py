"""Stationary densities with noise, by what they satisfy: at nodes, with the averaged kernel, no multipliers.

kappa grad log rho = X[rho]: rho = e^{Z / (beta kappa)} / norm (USA), Z^{1 / (beta kappa)} / norm (SA), Z the sum over
nodes of w_j rho_j e^{beta <x_i, x_j>}; d_t mu + div(X mu) = kappa Lap mu.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Floats = NDArray[np.float64]
KINDS = ("SA", "USA")


def image(x: Floats, weights: Floats, rho: Floats, kind: str, beta: float, kappa: float) -> Floats:
    """What a stationary rho at unit rows x (n, d) with quadrature weights is equal to."""
    if kind not in KINDS:
        raise ValueError(f"kind: got {kind!r}, wanted one of {KINDS}")
    Z = np.exp(beta * (x @ x.T)) @ (weights * rho)
    log = (np.log(Z) if kind == "SA" else Z) / (beta * kappa)
    out = np.exp(log - log.max())
    return np.asarray(out / (weights @ out))


def circle(kind: str, beta: float, kappa: float, n: int = 256, steps: int = 20_000) -> tuple[Floats, Floats]:
    """(angles, rho) of the state with one cluster at 0, by the fixed-point iteration from a peak there."""
    theta = 2.0 * math.pi * np.arange(n) / n
    x, w = np.stack([np.cos(theta), np.sin(theta)], axis=1), np.full(n, 1.0 / n)
    rho = np.exp(2.0 * (np.cos(theta) - 1.0))
    rho /= w @ rho
    for _ in range(steps):
        new = image(x, w, rho, kind, beta, kappa)
        if np.abs(new - rho).max() < 1e-15 * rho.max():
            break
        rho = new
    return theta, rho


def critical(kind: str, beta: float, d: int, k: int) -> float:
    """kappa_c(k) = lambda_k / beta (USA), lambda_k / (beta lambda_0) (SA), by Bessel functions."""
    nu = 0.5 * d - 1.0
    if kind == "SA":
        return float(special.ive(nu + k, beta) / special.ive(nu, beta) / beta)
    return float(math.gamma(0.5 * d) * (2.0 / beta) ** nu * special.iv(nu + k, beta) / beta)


def averaged(d: int, beta: float, n: int = 48) -> tuple[Floats, Floats, Floats]:
    """(c, weights, kernel) for zonal functions of S^{d-1}, d >= 3: e^{beta <x, y>} averaged over turns about the axis.

    Gauss nodes of the law of c; <x, y> = c c' + s s' u, u by the law of one dimension less.
    """
    c, w = special.roots_gegenbauer(n, 0.5 * (d - 2.0))
    u, v = special.roots_chebyt(n) if d == 3 else special.roots_gegenbauer(n, 0.5 * (d - 3.0))
    s = np.sqrt(1.0 - c**2)
    scores = np.multiply.outer(c, c)[..., None] + np.multiply.outer(np.multiply.outer(s, s), u)
    return c, w / w.sum(), np.exp(beta * scores) @ (v / v.sum())


def amplitude_branch(f: float, d: int, beta: float, n: int = 48) -> float:
    """kappa (USA) at which a stationary zonal density has int c d rho = f: it is kept while rho is iterated."""
    c, w, kernel = averaged(d, beta, n)

    def shape(Z: Floats, inverse: float) -> Floats:
        log = Z * inverse
        out = np.exp(log - log.max())
        return np.asarray(out / (w @ out))

    def excess(inverse: float, Z: Floats) -> float:
        return float((w * c) @ shape(Z, inverse)) - f

    rho, kappa = shape(c, 2.0 * f), 0.0
    for _ in range(4000):
        Z = kernel @ (w * rho) / beta
        inverse = float(optimize.brentq(excess, 1e-9, 1e6, args=(Z,), xtol=1e-15, rtol=1e-14))
        rho = shape(Z, inverse)
        if abs(kappa * inverse - 1.0) < 1e-14:
            break
        kappa = 1.0 / inverse
    return kappa


def fold(d: int, beta: float, low: float, high: float, n: int = 48) -> float:
    """The largest kappa of USA's branch of mode 1, looked for between two amplitudes."""
    found = optimize.minimize_scalar(
        lambda f: -amplitude_branch(f, d, beta, n), bounds=(low, high), method="bounded", options={"xatol": 1e-7}
    )
    return -float(found.fun)
