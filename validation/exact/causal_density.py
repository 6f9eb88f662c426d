"""Causal attention of infinitely many tokens on the circle, by Taylor series in the depth s: a slow oracle.

d_t mu_s + div(X[nu_s] mu_s) = kappa mu_s'', nu_s = (1/s) int_0^s mu_r dr.  Of mu_s = sum_p s^p f_p the mean over the
past is nu_s = sum_p s^p f_p / (p + 1), so that the terms follow one another, f_p from f_0, ..., f_p: no nodes in s, no
quadrature in s, and no error from either as long as the series converges.  Fields are sums over all pairs of equally
spaced angles.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from validation.exact import refuse

Array = NDArray[np.float64]


def terms(
    kind: str, beta: float, first: ArrayLike, t: float, steps: int, *, kappa: float = 0.0, sign: int = 1
) -> Array:
    """(P, N) Taylor coefficients in s, at N equally spaced angles, of the density at time t (uniform = 1).

    first (P, N) are those of the beginning; RK4 with so many steps.
    """
    f = np.array(first, dtype=float)
    P, N = f.shape
    theta = 2.0 * np.pi * np.arange(N) / N
    apart = theta[:, None] - theta
    kernel = np.exp(beta * np.cos(apart)) / N
    pull = -kernel * np.sin(apart)
    wave = 1j * np.fft.rfftfreq(N, 1.0 / N)
    refuse.choice("kind", kind, ("SA", "USA"))

    def rate(f: Array) -> Array:
        nu = f / np.arange(1.0, P + 1.0)[:, None]
        X = sign * nu @ pull.T
        if kind == "SA":
            X = _quotient(X, nu @ kernel.T)
        flux = np.array([sum(X[q] * f[p - q] for q in range(p + 1)) for p in range(P)])
        hat = -wave * np.fft.rfft(flux) + kappa * wave**2 * np.fft.rfft(f)
        return np.asarray(np.fft.irfft(hat, N))

    h = t / steps
    for _ in range(steps):
        a = rate(f)
        b = rate(f + 0.5 * h * a)
        c = rate(f + 0.5 * h * b)
        f = f + h / 6.0 * (a + 2.0 * b + 2.0 * c + rate(f + h * c))
    return f


def _quotient(a: Array, b: Array) -> Array:
    """The series a / b."""
    out = np.empty_like(a)
    for p in range(len(a)):
        out[p] = (a[p] - sum(out[q] * b[p - q] for q in range(p))) / b[0]
    return out


def poisson(z: ArrayLike, t: float, steps: int) -> Array:
    """(P,) Taylor coefficients in s of the modulus z_s of Poisson kernels at beta = 0, from those of the beginning.

    d_t z_s = (Z_s - Z_s z_s^2) / 2, Z_s = (1/s) int_0^s z_r dr, for real z.
    """
    z = np.array(z, dtype=float)
    P = len(z)

    def rate(z: Array) -> Array:
        Z = z / np.arange(1.0, P + 1.0)
        return np.asarray(0.5 * (Z - np.convolve(Z, np.convolve(z, z)[:P])[:P]))

    h = t / steps
    for _ in range(steps):
        a = rate(z)
        b = rate(z + 0.5 * h * a)
        c = rate(z + 0.5 * h * b)
        z = z + h / 6.0 * (a + 2.0 * b + 2.0 * c + rate(z + h * c))
    return z
