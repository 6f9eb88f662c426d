"""The linearised equation about a zonal density, sector by sector.

About rho(c), c = <x, axis>, what is added splits into sectors (1 - c^2)^{m/2} q(c) Y_m, Y_m a harmonic of degree m of
the sphere around the axis: m = 0 zonal, m = 1 what tilts or turns; on the circle 0 and 1 are even and odd.  A basis are
the polynomials orthonormal in dimension D = d + 2m, q = p_j, which are harmonics of degree k = m + j of S^{d-1}.  Of

    d_t delta = kappa Lap delta - div(delta X + rho X'[delta]),    X'[delta] = grad(G'(V) V[delta]),

tested against s^m p Y_m (s^2 = 1 - c^2), integrals over the law of c in dimension D are

    int delta X . grad   = int G(V)' q (s^2 p' - m c p)
    int rho grad eta . grad = int rho (s^2 eta' p' + m (d + m - 2) eta p) + m c rho' eta p,

the second after a part of it, m (D - 3) / s^2, was integrated by parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy

from meanfield.analysis.zeroflux import ZeroFlux
from meanfield.protocols import Array
from meanfield.special import ultraspherical

LAST = 8
"""Sectors at most: rates fall with m from some sector on, which is looked for."""


class Table(NamedTuple):
    """One sector on Gauss nodes of S^{d-1}.

    Attributes
    ----------
    weights : ndarray (n,)
        For integrals over the law of c in dimension d + 2m.
    values, slopes : ndarray (n, J)
        p_j and p_j' of that dimension.
    degrees : ndarray (J,)
        k = m + j.
    """

    weights: Array
    values: Array
    slopes: Array
    degrees: Array


@lru_cache(maxsize=64)
def table(d: int, n: int, degree: int, m: int) -> Table:
    """The sector m up to a degree on n nodes (read-only)."""
    rule = ultraspherical.gauss(d, n)
    D, J = d + 2 * m, degree - m
    log = scipy.special.betaln(0.5, 0.5 * (d - 1.0)) - scipy.special.betaln(0.5, 0.5 * (D - 1.0))
    weights = rule.weights * ultraspherical.sine(rule.nodes) ** (2 * m) * np.exp(log)
    values = ultraspherical.values(D, J, rule.nodes)
    slopes = ultraspherical.derivatives(D, J, rule.nodes)
    first = 0 if m else 1  # no mass is added
    out = Table(weights, values[:, first:], slopes[:, first:], np.arange(m + first, degree + 1))
    for a in out:
        a.flags.writeable = False
    return out


@dataclass(frozen=True, eq=False)
class Zonal:
    """A zonal density by a_k = int p_k d mu, k = 0..degree, as the sectors see it: on n Gauss nodes.

    Attributes
    ----------
    d : int
        Ambient dimension.
    a : ndarray (degree + 1,)
        Coefficients, a_0 = 1.
    nodes : int
        How many, above the degree.
    """

    d: int
    a: Array
    nodes: int

    @property
    def rotation(self) -> Array:
        """What turning the axis adds, in the basis of sector 1: sqrt(k(k+d-2)) a_k up to a factor."""
        k = np.arange(1.0, len(self.a))
        return np.asarray(np.sqrt(k * (k + self.d - 2.0)) * self.a[1:])

    def matrix(self, flux: ZeroFlux, kappa: float, m: int) -> Array:
        """The linearised equation in sector m, (J, J)."""
        d, degree = self.d, len(self.a) - 1
        zonal, one = table(d, self.nodes, degree, 0), table(d, self.nodes, degree, m)
        c = ultraspherical.gauss(d, self.nodes).nodes[:, None]
        S = (1.0 - c) * (1.0 + c)
        p = flux.potential(degree)
        V, V1 = zonal.values @ (p[1:] * self.a[1:]), (zonal.slopes @ (p[1:] * self.a[1:]))[:, None]
        rho, rho1 = (self.a[0] + zonal.values @ self.a[1:])[:, None], (zonal.slopes @ self.a[1:])[:, None]
        _, G1, G2 = (g[:, None] for g in flux.responses(V))
        q = one.values * p[one.degrees]
        eta, eta1 = G1 * q, G2 * V1 * q + G1 * one.slopes * p[one.degrees]
        w, tests, tests1 = one.weights[:, None], one.values, one.slopes
        carried = G1 * V1 * one.values
        out = (S * tests1 - m * c * tests).T @ (w * carried)
        out += tests1.T @ (w * S * rho * eta1)
        if m:
            out += tests.T @ (w * (m * (d + m - 2.0) * rho + m * c * rho1) * eta)
        k = one.degrees
        out[np.diag_indices(len(k))] -= kappa * k * (k + d - 2.0)
        return np.asarray(out)

    def spectrum(self, flux: ZeroFlux, kappa: float, m: int, resting: bool = True) -> Array:
        """Eigenvalues in sector m, largest real part first; at rest without the rotation's zero, in sector 1."""
        L = self.matrix(flux, kappa, m)
        if resting and m == 1 and np.linalg.norm(self.rotation) > ROUND:
            L = beside(L, self.rotation[:, None])
        return ordered(np.linalg.eigvals(L))

    def sectors(self, flux: ZeroFlux, kappa: float, resting: bool = True) -> list[Array]:
        """Spectra of the sectors 0, 1, ... up to the one from which on they fall and are stable."""
        told = [self.spectrum(flux, kappa, m, resting) for m in (0, 1)]
        while self.d > 2 and len(told) < min(LAST, len(self.a) - 2):
            told.append(self.spectrum(flux, kappa, len(told), resting))
            before, now = (float(x[0].real) for x in told[-2:])
            if now < 0.0 and now < before:
                break
        return told


ROUND = 1e-12
"""A turning density below this is uniform."""


def beside(L: Array, null: Array) -> Array:
    """L on what is orthogonal to the columns of `null`, whose span it maps into itself."""
    q = np.linalg.qr(null / np.linalg.norm(null, axis=0), mode="complete")[0][:, null.shape[1] :]
    return np.asarray(q.T @ L @ q)


def ordered(values: Array) -> Array:
    """Largest real part first; real if they are."""
    values = values[np.lexsort((values.imag, -values.real))]
    return values.real if not np.any(values.imag) else values
