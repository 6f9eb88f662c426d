"""How a density on the circle that moves answers to one token more: the flow of its labels, and the flow's derivative.

Labels a are carried by q' = X[mu](q); mu_t is the push-forward of mu_0.  Where mu_0 has eta_0 added, q moves by
xi(a) = int R(a, b) eta_0(db),

    dR/dt (a, b) = X'(q_a) R(a, b) + DX[eta_b](q_a),
    int e^{-ik x} eta_b(dx) = e^{-ik q_b} - i k int e^{-ik q_c} R(c, b) mu_0(dc),

and R is as smooth as the flow however rough eta_0 is, so that equispaced labels integrate it to spectral accuracy.
X = grad G(V) of a gradient law (`zeroflux`), DX[eta] = grad(G'(V) V[eta]).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy

from meanfield.analysis.zeroflux import ZeroFlux
from meanfield.protocols import Array
from meanfield.tools.shown import Shown

FIRST = 64
"""Labels to begin with; they are doubled until the tail is small."""
RESOLVED = 1e-3
"""Largest share of the last eighth of the degrees in q and R that counts as resolved: powers of modes are then wrong by
1e-8 of themselves (the flagship's at t = 3: a tail of 1e-2 and 1e-6; of 1e-4 and 1e-9)."""
COARSE = 0.05
"""A tail above which labels are made four times as many."""


def harmonics(x: Array, degree: int) -> Array:
    """e^{-ikx}, k = -degree..degree: (n, 2 degree + 1)."""
    return np.asarray(np.exp(-1j * np.multiply.outer(x, np.arange(-degree, degree + 1))))


@dataclass(frozen=True, eq=False)
class Response(Shown):
    """The flow of N labels at one time.

    Attributes
    ----------
    weights : ndarray (N,)
        mu_0 of the labels 2 pi i / N.
    q : ndarray (N,)
        Where they are.
    R : ndarray (N, N)
        How label a has moved for a unit of mass more at label b.
    """

    weights: Array = field(repr=False)
    q: Array
    R: Array

    @cached_property
    def labels(self) -> Array:
        """2 pi i / N."""
        return np.asarray(2.0 * np.pi * np.arange(len(self.q)) / len(self.q))

    def influence(self, k: Array) -> Array:
        """(len(k), N) what a unit of mass more at every label adds to int e^{-ikx} d mu_t."""
        wave = np.exp(-1j * np.multiply.outer(k, self.q))
        return np.asarray(wave - 1j * k[:, None] * ((wave * self.weights) @ self.R))

    @cached_property
    def tail(self) -> float:
        """The largest share of the last eighth of the degrees, of the flow and of its derivative in either label."""
        moved = self.q - self.labels
        worst = 0.0
        for values in (moved[:, None], self.R, self.R.T):
            c = np.abs(np.fft.rfft(values, axis=0)).max(axis=1) / len(values)
            # a flow that has not moved has nothing but rounding
            worst = max(worst, float(c[-(len(c) // 8) :].max() / max(c.max(), 1e-3)))
        return worst


def responses(flux: ZeroFlux, rho0: Any, t: Array, begin: float, labels: int, rtol: float) -> list[Response]:
    """The flow of so many labels at the times asked, as many as could be reached."""
    N = labels
    K = flux.bandwidth()
    k = np.arange(1, K + 1)
    p = 2.0 * flux.potential(K)[1:]
    a = 2.0 * np.pi * np.arange(N) / N
    w = np.asarray(rho0(a)) / N
    w = w / w.sum()

    def rhs(_: float, y: Array) -> Array:
        q, R = y[:N], y[N:].reshape(N, N)
        angle = np.multiply.outer(q, k)
        c, s = np.cos(angle), np.sin(angle)
        mc, ms = w @ c, w @ s
        V = c @ (p * mc) + s @ (p * ms)
        V1 = c @ (p * k * ms) - s @ (p * k * mc)
        V2 = -(c @ (p * k * k * mc) + s @ (p * k * k * ms))
        G1, G2 = flux.responses(V)[1:]
        bent = (G2 * V1)[:, None]
        seen = np.concatenate([bent * c * p - G1[:, None] * s * (p * k), bent * s * p + G1[:, None] * c * (p * k)], 1)
        told = np.concatenate([c.T - (w[:, None] * s * k).T @ R, s.T + (w[:, None] * c * k).T @ R])
        out = np.empty_like(y)
        out[:N] = G1 * V1
        rate = out[N:].reshape(N, N)
        np.matmul(seen, told, out=rate)
        rate += (G2 * V1**2 + G1 * V2)[:, None] * R
        return out

    start = np.concatenate([a, np.zeros(N * N)])
    reached = [Response(w, a, np.zeros((N, N)))] if t[0] == begin else []
    later = t[t > begin]
    if len(later):
        run = scipy.integrate.solve_ivp(
            rhs, (begin, later[-1]), start, method="DOP853", t_eval=later, rtol=rtol, atol=1e-2 * rtol
        )
        reached += [Response(w, y[:N], y[N:].reshape(N, N)) for y in run.y.T if np.isfinite(y).all()]
    return reached


def resolved(
    flux: ZeroFlux, rho0: Any, t: Array, begin: float, among: tuple[int | None, int], rtol: float
) -> tuple[list[Response], int]:
    """The flow at the times asked, as far as it is resolved by the most labels, and by how many it is told.

    `among`: labels to begin with, and at most.
    """
    first, most = among
    N = min(FIRST, most) if first is None else first
    while True:
        found = responses(flux, rho0, t, begin, N, rtol)
        good = 0
        while good < len(found) and found[good].tail < RESOLVED:
            good += 1
        if good == len(t) or most < 2 * N:
            return found[:good], N
        coarse = good < len(found) and found[good].tail > COARSE and most >= 4 * N
        N *= 4 if coarse else 2
