"""The PDE for zonal densities on S^{d-1}, by characteristics: an independent solution for smooth data without noise.

A zonal density depends on c = <x, e> = cos theta alone; its field is along the meridians, and the kernel's mean over a
parallel is e^{b c c'} A(b s s') with A(z) = Gamma(nu+1) (2/z)^nu I_nu(z), nu = (d-3)/2, s = sin theta.  Labels are the
Gauss nodes of the weight (1 - c^2)^{(d-3)/2}; each is moved by theta' = X and carries log rho,
(log rho)' = -div X = -(X' + (d-2) cot(theta) X).  No Gegenbauer series, no multiplier: only sums over pairs of labels.
Two labels without mass sit at the poles, which do not move, so that rho is known there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gamma, ive, roots_jacobi

from validation.exact import ode, refuse

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ZonalReference:
    """The solution at times t (T,); labels 0 and N+1 are the poles c = 1 and c = -1."""

    t: Array
    theta: Array
    """(T, N + 2) colatitudes."""
    log_density: Array
    """(T, N + 2) log rho there, with respect to sigma (uniform: 0)."""
    weights: Array
    """(N + 2,) masses of the labels; 0 at the poles."""
    kind: str
    beta: float
    d: int
    sign: int
    log_factor: float

    def moments(self, degree: int) -> Array:
        """int P_k(<x, e>) dmu for k = 0..degree, P_k(1) = 1: (T, degree + 1)."""
        return np.asarray(gegenbauer(np.cos(self.theta), self.d, refuse.integer("degree", degree, 0)) @ self.weights)

    @property
    def energy(self) -> Array:
        """(T,) E = (1/(2 beta)) int Z dmu times the scale's factor; (int c dmu)^2 / 2 at beta = 0."""
        if self.beta == 0.0:
            return np.asarray(0.5 * self.moments(1)[:, 1] ** 2 * math.exp(self.log_factor))
        z = [self.weights @ _sums(theta, self.weights, self.beta, self.d)[0] for theta in self.theta]
        return np.array(z) * math.exp(self.beta + self.log_factor) / (2.0 * self.beta)

    @property
    def dissipation(self) -> Array:
        """(T,) dE/dt: +- int |X|^2 dmu (USA), int |X|^2 Z dmu (SA), times the scale's factor where it belongs."""
        out = []
        for theta in self.theta:
            z, first, _ = _sums(theta, self.weights, self.beta, self.d)
            factor = math.exp(self.beta + self.log_factor)
            out.append(factor * (self.weights @ (first**2 / z if self.kind == "SA" else factor * first**2)))
        return self.sign * np.array(out)


def solve(
    kind: str,
    beta: float,
    d: int,
    density: Callable[[Array], ArrayLike],
    times: ArrayLike,
    *,
    labels: int = 64,
    sign: int = 1,
    log_factor: float = 0.0,
    rtol: float = 1e-13,
) -> ZonalReference:
    """Carry a smooth positive zonal density along, and save it at ascending times.

    Parameters
    ----------
    kind : {"SA", "USA"}
    beta : float
        >= 0.
    d : int
        2..64; on the circle zonal means even in theta.
    density : callable
        rho0(c), with respect to sigma, of mass 1.
    times : array (T,)
        Ascending, >= 0; landed on.
    labels : int
        N Gauss nodes; the cost is N^2 Bessel functions an evaluation.  Double it to learn the error.
    sign, log_factor, rtol
        As for the circle's `reference_pde.solve`.

    Raises
    ------
    ValueError
        If rho0 is not positive or not of mass 1.
    """
    refuse.choice("kind", kind, ("SA", "USA"))
    beta, sign = refuse.number("beta", beta, 0.0), refuse.sign(sign)
    c, rho0, weights = _start(d, density, labels)

    def rhs(t: float, y: Array) -> Array:
        speed, divergence = _field(y[: labels + 2], weights, beta, d, kind, log_factor)
        return np.concatenate([sign * speed, -sign * divergence])

    start = np.concatenate([np.arccos(c), np.log(rho0)])
    ts, y = ode.integrate(rhs, start, times, rtol=rtol, atol=rtol)
    theta, log_density = y[:, : labels + 2], y[:, labels + 2 :]
    return ZonalReference(ts, theta, log_density, weights, kind, beta, d, sign, float(log_factor))


# --- tools -------------------------------------------------------------------------------------------------


def _start(d: int, density: Callable[[Array], ArrayLike], labels: int) -> tuple[Array, Array, Array]:
    """(N + 2,) starting points c, densities there and masses."""
    if refuse.integer("d", d, 2) > 64:
        raise ValueError(f"d must be at most 64 (the Bessel functions underflow beyond); got {d}")
    nodes, gauss = roots_jacobi(refuse.integer("labels", labels, 4), 0.5 * (d - 3.0), 0.5 * (d - 3.0))
    c = np.concatenate([[1.0], nodes[::-1], [-1.0]])
    rho0 = np.asarray(density(c), dtype=float) * np.ones(labels + 2)
    if not np.all(np.isfinite(rho0)) or rho0.min() <= 0.0:
        raise ValueError(f"density must be finite and positive; its least value is {float(rho0.min())!r}")
    weights = np.concatenate([[0.0], gauss[::-1] / gauss.sum(), [0.0]]) * rho0
    if abs(weights.sum() - 1.0) > 1e-11:
        raise ValueError(f"density must have mass 1 with respect to sigma; it has {weights.sum()!r}")
    return c, rho0, weights


def _averaged(z: Array, d: int) -> tuple[Array, Array]:
    """e^{-z} A(z) and e^{-z} A'(z)/z, where A'(z) = Gamma(nu+1) (2/z)^nu I_{nu+1}(z)."""
    nu = 0.5 * (d - 3.0)
    small = z < 1e-4  # two terms of the series, exact to rounding, where (2/z)^nu would overflow
    safe = np.where(small, 1.0, z)
    front = gamma(nu + 1.0) * (2.0 / safe) ** nu
    a = np.where(small, np.exp(-z) * (1.0 + z * z / (4.0 * (nu + 1.0))), front * ive(nu, safe))
    b = np.where(small, np.exp(-z) * 0.5 / (nu + 1.0), front * ive(nu + 1.0, safe) / safe)
    return a, b


def _sums(theta: Array, weights: Array, beta: float, d: int) -> tuple[Array, Array, Array]:
    """e^{-beta} times Z, U' and U'' (derivatives in theta, U = Z / beta) at every label."""
    inside = slice(1, -1)  # the poles have no mass, and are read only
    c, s = np.cos(theta)[:, None], np.sin(theta)[:, None]
    c1, s1 = c[inside].T, s[inside].T
    z = beta * s * s1
    a, b = _averaged(z, d)
    kernel = np.exp(-2.0 * beta * np.sin(0.5 * (theta[:, None] - theta[None, inside])) ** 2) * weights[inside]
    # With K = e^{b c c'} A(z), z = b s s', z' = b c s': A' = z b and A'' = A - (2 nu + 1) b.
    first = -s * c1 * a + c * s1 * z * b
    second = (
        (-c * c1 + beta * (s * c1) ** 2) * a
        - (s * s1 + 2.0 * beta * s * c1 * c * s1) * z * b
        + beta * (c * s1) ** 2 * (a - (d - 2.0) * b)
    )
    return (kernel * a).sum(axis=1), (kernel * first).sum(axis=1), (kernel * second).sum(axis=1)


def _field(theta: Array, weights: Array, beta: float, d: int, kind: str, log_factor: float) -> tuple[Array, Array]:
    """X and div X at every label, attractive."""
    z, speed, slope = _sums(theta, weights, beta, d)
    if kind == "SA":
        speed = speed / z
        slope = slope / z - beta * speed**2
    else:
        factor = math.exp(beta + log_factor)
        speed, slope = factor * speed, factor * slope
    speed[0] = speed[-1] = 0.0
    turned = np.empty_like(speed)  # cot(theta) X, whose limit at the poles is X'
    turned[1:-1] = speed[1:-1] / np.tan(theta[1:-1])
    turned[0], turned[-1] = slope[0], slope[-1]
    return speed, slope + (d - 2.0) * turned


def gegenbauer(c: Array, d: int, degree: int) -> Array:
    """P_k(c), P_k(1) = 1, for k = 0..degree: shape (T, degree + 1, N) for c (T, N)."""
    out = np.ones((c.shape[0], degree + 1, c.shape[1]))
    if degree > 0:
        out[:, 1] = c
    for k in range(1, degree):
        out[:, k + 1] = ((2.0 * k + d - 2.0) * c * out[:, k] - k * out[:, k - 1]) / (k + d - 2.0)
    return out
