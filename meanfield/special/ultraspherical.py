"""Orthonormal polynomials of c = <x, axis> on S^{d-1}: recurrence, Gauss nodes, derivatives, distribution function.

p_k is orthonormal for the law of c under sigma, density proportional to (1 - c^2)^{(d-3)/2}; p_k = sqrt(N(d, k)) P_k
with P_k(1) = 1.  In high d the p_k are enormous near the poles (1e134 at d = 128, k = 500) where the weight is as
tiny, so matrices are kept times the square root of the quadrature weight, where they are orthogonal and of size 1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy

from meanfield.protocols import Array


@lru_cache(maxsize=64)
def recurrence(d: int, degree: int) -> Array:
    """b_1, ..., b_degree with c p_{k-1} = b_k p_k + b_{k-1} p_{k-2}: entries of the Jacobi matrix (read-only)."""
    k = np.arange(1.0, degree + 1.0)
    # b_k^2 = k (k + d - 3) / ((2k + d - 2)(2k + d - 4)), whose first entry is 1/d for every d (1/2 on the circle)
    b = np.empty(degree)
    with np.errstate(invalid="ignore", divide="ignore"):
        b[:] = np.sqrt(k * (k + d - 3.0) / ((2.0 * k + d - 2.0) * (2.0 * k + d - 4.0)))
    b[0] = np.sqrt(1.0 / d)
    b.flags.writeable = False
    return b


class Rule(NamedTuple):
    """n Gauss nodes with what a transform needs (all read-only).

    Attributes
    ----------
    nodes, weights : ndarray (n,)
        Ascending; weights of sum 1.
    values, slopes : ndarray (n, n)
        sqrt(weight_i) p_k(c_i), orthogonal; sqrt(weight_i) sqrt(1 - c_i^2) p_k'(c_i).
    """

    nodes: Array
    weights: Array
    values: Array
    slopes: Array


@lru_cache(maxsize=16)
def gauss(d: int, n: int) -> Rule:
    """The Gauss rule with n nodes.

    Weights are 1 / sum_k p_k(c)^2 at each node: those from eigenvectors lose all digits where they are tiny.
    """
    nodes = scipy.linalg.eigh_tridiagonal(np.zeros(n), recurrence(d, n - 1), eigvals_only=True)
    nodes = _polished(d, n, 0.5 * (nodes - nodes[::-1]))
    p, log = _scaled(d, n - 1, nodes)
    log_weights = -np.log(np.sum(np.square(p), axis=0)) - 2.0 * log
    values = (p * np.exp(log + 0.5 * log_weights)).T
    k = np.arange(1.0, n)
    q, log = _scaled(d + 2, max(n - 2, 0), nodes)
    slopes = np.zeros((n, n))
    slopes[:, 1:] = (q[: n - 1] * np.exp(log + 0.5 * log_weights) * sine(nodes)).T
    slopes[:, 1:] *= np.sqrt(k * (k + d - 2.0) * d / (d - 1.0))
    weights = np.exp(log_weights)
    weights /= weights.sum()
    for a in (nodes, weights, values, slopes):
        a.flags.writeable = False
    return Rule(nodes, weights, values, slopes)


def _scaled(d: int, degree: int, c: Array) -> tuple[Array, Array]:
    """p_k(c) e^{-log} for k = 0..degree, (degree + 1, n), and log (n,): columns brought to size 1 as they grow."""
    b = recurrence(d, max(degree, 1))
    p = np.empty((degree + 1, len(c)))
    log = np.zeros(len(c))
    p[0] = 1.0
    if degree:
        p[1] = c / b[0]
    for k in range(2, degree + 1):
        np.multiply(c, p[k - 1], out=p[k])
        p[k] -= b[k - 2] * p[k - 2]
        p[k] /= b[k - 1]
        if k % 32 == 0:
            size = np.maximum(np.abs(p[k]), np.abs(p[k - 1]))
            big = size > 1e100
            if big.any():
                p[: k + 1, big] /= size[big]
                log[big] += np.log(size[big])
    return p, log


def _polished(d: int, n: int, c: Array) -> Array:
    """One Newton step on p_n: the eigenvalues' absolute error 1e-16 sqrt(n) made rounding."""
    p, _ = _scaled(d, n, c)
    b = recurrence(d, n)
    # at a zero of p_n, p_n' = b_n^-1 / (weight p_{n-1}) by Christoffel-Darboux; all in one common scale
    total = np.sum(np.square(p[:n]), axis=0)
    step = p[n] * p[n - 1] * b[n - 1] / total
    new = c - step
    return 0.5 * (new - new[::-1])


def values(d: int, degree: int, c: Array) -> Array:
    """p_k(c), (n, degree + 1)."""
    p, log = _scaled(d, degree, c)
    with np.errstate(over="ignore"):
        return (p * np.exp(log)).T


def derivatives(d: int, degree: int, c: Array) -> Array:
    """p_k'(c), (n, degree + 1): p_k' = sqrt(k(k+d-2) d/(d-1)) p_{k-1} of dimension d + 2."""
    out = np.zeros((len(c), degree + 1))
    if degree:
        k = np.arange(1.0, degree + 1.0)
        out[:, 1:] = values(d + 2, degree - 1, c) * np.sqrt(k * (k + d - 2.0) * d / (d - 1.0))
    return out


def slopes(d: int, degree: int, c: Array) -> Array:
    """sqrt(1 - c^2) p_k'(c), (n, degree + 1): the meridional gradient."""
    return derivatives(d, degree, c) * sine(c)[:, None]


def sine(c: Array) -> Array:
    """sqrt(1 - c^2) without cancellation near the poles."""
    return np.sqrt(np.maximum((1.0 - c) * (1.0 + c), 0.0))


def log_weight(d: int, c: Array) -> Array:
    """Log of the density of c under sigma, (1 - c^2)^{(d-3)/2} / B(1/2, (d-1)/2)."""
    with np.errstate(divide="ignore"):
        return 0.5 * (d - 3.0) * np.log((1.0 - c) * (1.0 + c)) - scipy.special.betaln(0.5, 0.5 * (d - 1.0))


def distribution(d: int, a: Array, c: Array) -> Array:
    """F(c) = int_{-1}^c of sum_k a_k p_k against the law of c, (n,).

    By (d/dc)((1 - c^2) w p_k') = -k(k+d-2) w p_k: F = a_0 F_0 - (1 - c^2) w sum_k a_k p_k' / (k(k+d-2)), with F_0 the
    incomplete beta function.
    """
    c = np.clip(c, -1.0, 1.0)
    base = scipy.special.betainc(0.5 * (d - 1.0), 0.5 * (d - 1.0), 0.5 * (1.0 + c))
    if len(a) == 1:
        return a[0] * base
    k = np.arange(1.0, len(a))
    p, log = _scaled(d + 2, len(a) - 2, c)
    terms = (a[1:] * np.sqrt(d / ((d - 1.0) * k * (k + d - 2.0)))) @ p
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        scale = np.exp(log_weight(d, c) + log + 2.0 * np.log(sine(c)))
    return a[0] * base - np.where(np.abs(c) < 1.0, scale * terms, 0.0)
