"""Functions of depth s in [0, 1] by their values at Chebyshev's points: between these, means over the past, last terms.

A polynomial of degree n - 1 is known by its values at s_i = sin^2(pi i / (2 (n - 1))), i = 0, ..., n - 1; both ends are
among them.  The mean over the past, (C f)(s) = (1/s) int_0^s f(r) dr and (C f)(0) = f(0), makes s^p / (p + 1) of s^p,
and so keeps polynomials and their degree.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre

from meanfield.protocols import Array


@lru_cache(32)
def nodes(n: int) -> Array:
    """(n,) Chebyshev's points of [0, 1], rising, n >= 2."""
    return _kept(np.sin(0.5 * np.pi * np.arange(n) / (n - 1)) ** 2)


def between(n: int, s: Array) -> Array:
    """(..., n) weights of the values at the nodes in the polynomial's value at depths s, by the barycentric formula."""
    depths = np.asarray(s, dtype=float)[..., None]
    signs = (-1.0) ** np.arange(n)
    signs[[0, -1]] *= 0.5
    apart = depths - nodes(n)
    at = apart == 0.0
    weights = np.where(at.any(axis=-1, keepdims=True), at, signs / np.where(at, 1.0, apart))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def past(n: int, s: Array) -> Array:
    """(..., n) weights of the values at the nodes in the mean over [0, s], by Gauss quadrature, which is exact."""
    u, w = legendre.leggauss(n)
    depths = np.asarray(s, dtype=float)
    weights = np.einsum("q,...qn->...n", 0.5 * w, between(n, depths[..., None] * (0.5 * (u + 1.0))))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))  # of what does not depend on s, it is that


@lru_cache(32)
def means(n: int) -> Array:
    """(n, n) C at the nodes."""
    return _kept(past(n, nodes(n)))


def last(values: Array) -> float:
    """The largest of the last Chebyshev coefficients in s of values (..., n, M) at the nodes: two, of few nodes one."""
    return float(np.abs(_terms(values.shape[-2]) @ values).max())


@lru_cache(32)
def _terms(n: int) -> Array:
    """(few, n) the last Chebyshev coefficients of the values at the nodes: sum'' f_j cos(pi j k / (n - 1))."""
    few = 2 if n > 4 else 1
    k, j = np.arange(n - few, n), np.arange(n)
    weights = (-1.0) ** k[:, None] * np.cos(np.pi * (np.outer(k, j) % (2 * (n - 1))) / (n - 1)) * 2.0 / (n - 1)
    weights[:, [0, -1]] *= 0.5
    weights[-1] *= 0.5
    return _kept(weights)


def _kept(a: Array) -> Array:
    a.setflags(write=False)
    return a
