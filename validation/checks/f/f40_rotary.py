"""F40, 2607.24502: rotary positions, consensus and twisted states on rings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation.checks._tools import velocity
from validation.exact import ode
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

N, BETA, TERMS = 12, 1.5, 60
RINGS = (1, 5, 4)
"""Windings m of the ring omega = 2 pi m / N: one that keeps the modes' order, one that shuffles it, one that is not
prime to N and has N / 3 modes alone that see anything."""


def _bessel(beta: float, m: int) -> Array:
    """c_q = sum of I_p(beta) over the p with p m = q mod N, q = 0, ..., N - 1."""
    c = np.zeros(N)
    p = np.arange(-TERMS, TERMS + 1)
    np.add.at(c, (p * m) % N, special.iv(np.abs(p), beta))
    return c


def _consensus(*waves: tuple[float, int]) -> Array:
    """The rate of mode q about consensus, from (beta r^2, m) of each turned pair: c_q / c_0 - 1, c of all together."""
    c = np.eye(N)[0]
    for one in (_bessel(beta, m) for beta, m in waves):
        c = np.array([sum(c[k] * one[(q - k) % N] for k in range(N)) for q in range(N)])
    return np.asarray(c / c[0] - 1.0)


def _twisted(k: int, m: int) -> Array:
    """The rate of mode q about theta_i = 2 pi k i / N."""
    j = np.arange(N)
    psi, both = 2.0 * math.pi * k * j / N, 2.0 * math.pi * (k + m) * j / N
    a = np.exp(BETA * np.cos(both))
    pull = a / a.sum() * (np.cos(psi) - BETA * np.sin(psi) * np.sin(both))
    return np.array([pull @ (np.cos(2.0 * math.pi * q * j / N) - 1.0) for q in range(N)])


def _measured(law: Any, x: Array, along: Array | None = None) -> Array:
    """The rates of modes q by central differences of the law's velocity, at angles, or at equal rows along a tangent.

    The velocity's answer to a token's move, read off in the others: of a ring every token answers as the first.
    """
    h, columns = 1e-5, []
    for j in range(N):
        ends = []
        for side in (h, -h):
            y = x.copy()
            y[j] = x[j] + side if along is None else np.cos(side) * x[j] + np.sin(side) * along
            v = velocity(law, mf.Points(y, angles=along is None))
            ends.append(v if along is None else v @ along)
        columns.append((ends[0] - ends[1]) / (2.0 * h))
    J = np.array(columns).T
    F = np.exp(2j * math.pi * np.outer(np.arange(N), np.arange(N)) / N) / math.sqrt(N)
    rates = F.conj().T @ J @ F
    return np.asarray(np.append(np.diag(rates).real, np.abs(rates - np.diag(np.diag(rates).real)).max()))


def _drawn(spectra: dict[int, tuple[Array, Array]]) -> Any:
    with style.axes() as ax:
        for (m, (ours, formula)), look in zip(spectra.items(), style.line_styles(len(spectra)), strict=True):
            ax.plot(np.arange(N), formula, color=look["color"], linestyle=look["linestyle"], label=f"m = {m}")
            ax.plot(np.arange(N), ours[:N], "o", color=look["color"], markersize=4.0)
        ax.set(xlabel="mode q", ylabel="rate (line: Bessel; dots: the law)")
        ax.set_title(f"consensus on a ring of {N}, omega = 2 pi m / {N}, beta = {BETA:g}")
        legends.legend(ax)
    return ax


def _off_printed(rng: np.random.Generator) -> float:
    """A run of eight tokens in R^5, the last component not turned, against a loop in scipy's integrator."""
    x, Q, K = pt.uniform(8, 5, rng), *(rng.standard_normal((2, 5, 5)) / 2.0)
    omega = 1e4 ** (-2.0 * np.arange(2) / 5.0)

    def turned(v: Array, i: int) -> Array:
        R = np.eye(5)
        for k, w in enumerate(omega):
            c, s = math.cos(i * w), math.sin(i * w)
            R[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = [[c, -s], [s, c]]
        return np.asarray(R @ v)

    def loop(t: float, y: Array) -> Array:
        rows = y.reshape(8, 5)
        q, k = (np.array([turned(M @ r, i) for i, r in enumerate(rows)]) for M in (Q, K))
        e = np.exp(BETA * q @ k.T)
        v = e @ rows / e.sum(axis=1, keepdims=True)
        return np.asarray(v - np.sum(v * rows, axis=1, keepdims=True) * rows).ravel()

    run = pt.simulate(mf.Rotary(mf.SA(BETA, Q=Q, K=K)), x, (0.0, 2.0), [2.0], rtol=1e-11, atol=1e-13)
    return float(np.abs(run.x[-1].ravel() - ode.integrate(loop, x.ravel(), [2.0])[1][-1]).max())


@check("F40", where="2607.24502", title="rotary positions: Bessel aliasing, twisted states (own formulation)")
def rotary(bench: Bench) -> Verdict:
    """Rates about consensus and twisted states of tokens on a ring, and runs with rotary positions.

    The source's equations are not at hand; these are our own.  On the circle theta_i' = sum_j A_ij sin(theta_j -
    theta_i), A_ij ~ e^{beta cos(theta_j - theta_i + omega (j - i))}.  At consensus the Jacobian is A - I, whose row is
    e^{beta cos omega k}; where omega = 2 pi m / N it is circulant, and by e^{beta cos a} = sum I_p(beta) e^{ipa} mode q
    has the rate sum_{p m = q} I_p / sum_{p m = 0} I_p - 1, p m mod N: orders that differ by N / gcd(m, N) are one, and
    a mode that no p meets has -1.  In R^d, d > 2, c_q is that of a product over turned pairs, with beta r_k^2 of the
    place.  Twisted states theta_i = 2 pi k i / N rest on a ring; their rates are sum_k A_k (cos psi_k - beta sin psi_k
    sin(psi_k + omega k)) (cos(2 pi q k / N) - 1): of k = -m, where all scores are equal, 1/2 at q = +-m.

    Rates by central differences of the law: 1e-8 (h = 1e-5: h^2, and eps / h).  A run 1e-6 from consensus in mode 2
    shrinks at its rate, 1e-6 relative (its square is 1e-12).  Without a ring, omega = 1, A is similar to a positive
    semidefinite matrix: rates are in [-1, 0].  Of twisted states the rates decide: from 1e-5 off, one that is stable by
    them comes back, one that is not leaves.  Two are stable of the ring m = 10, those with 2 k = -m, by which a token
    sees its neighbours' scores mirrored; without rotary positions none is.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, Any] = {"run - printed loop": _off_printed(rng)}
    limits: dict[str, Any] = {"run - printed loop": (None, 1e-9)}
    spectra, gaps, circulant = {}, [], []
    for m in RINGS:
        law = mf.Rotary(mf.SA(BETA), frequencies=[2.0 * math.pi * m / N])
        ours, formula = _measured(law, np.full(N, 0.7)), _consensus((BETA, m))
        spectra[m] = ours, formula
        gaps.append(np.abs(ours[:N] - formula).max())
        circulant.append(ours[N])
    measured["consensus, d = 2: rates - Bessel"] = max(gaps)
    measured["consensus, d = 2: off the diagonal"] = max(circulant)
    place, along = np.linalg.qr(rng.standard_normal((5, 2)))[0].T
    two = mf.Rotary(mf.SA(BETA), frequencies=[2.0 * math.pi / N, 2.0 * math.pi * 5 / N])
    weights = [BETA * (place[0] ** 2 + place[1] ** 2), BETA * (place[2] ** 2 + place[3] ** 2)]
    ours = _measured(two, np.tile(place, (N, 1)), along)
    measured["consensus, d = 5: rates - Bessel"] = np.abs(ours[:N] - _consensus((weights[0], 1), (weights[1], 5))).max()
    law = mf.Rotary(mf.SA(BETA), frequencies=[2.0 * math.pi * 5 / N])
    wave = np.cos(2.0 * math.pi * 2 * np.arange(N) / N)
    run = pt.simulate(law, 0.7 + 1e-6 * wave, (0.0, 1.0), [1.0], rtol=1e-12, atol=1e-16)
    rate = math.log(float((run.theta[-1] - 0.7) @ wave) / (1e-6 * float(wave @ wave)))
    measured["consensus, a run: rate / Bessel - 1"] = abs(rate / _consensus((BETA, 5))[2] - 1.0)
    A = pt.attention(mf.Rotary(mf.SA(BETA), frequencies=[1.0]), np.zeros(N))
    free = np.linalg.eigvals(A).real - 1.0
    measured |= {"no ring: least rate": free.min(), "no ring: largest rate": free.max()}
    _twists(measured, limits)
    names = [name for name in measured if "Bessel" in name or "diagonal" in name]
    limits |= {name: (None, 1e-6 if "a run" in name else 1e-8) for name in names}
    limits |= {"no ring: least rate": (-1.0 - 1e-12, None), "no ring: largest rate": (None, 1e-12)}
    told: Limits = limits
    return judge(measured, told, pictures=[bench.figure("spectrum", lambda: _drawn(spectra))])


def _twists(measured: dict[str, Any], limits: Any) -> None:
    """Twisted states of the ring m = 10: they rest, their rates, and what becomes of them."""
    m, i = 10, np.arange(N)
    law = mf.Rotary(mf.SA(BETA), frequencies=[2.0 * math.pi * m / N])
    rests, gaps, ends = 0.0, [], []
    for k in range(1, N):
        x = 2.0 * math.pi * k * i / N
        rests = max(rests, float(np.abs(velocity(law, mf.Points(x))).max()))
        formula = _twisted(k, m)
        gaps.append(np.abs(_measured(law, x)[:N] - formula).max())
        largest = formula[1:].max()
        if abs(largest) > 0.02:
            end = 14.0 / abs(largest)
            off = pt.simulate(law, x + 1e-5 * np.cos(i * i + 1.0), (0.0, end), [end]).theta[-1] - x
            ends.append((largest < 0.0) == (np.ptp(off) < 1e-5))
    fastest = _twisted(-m, m)
    measured |= {
        "twisted: velocity": rests, "twisted: rates - formula": max(gaps), "twisted: decided by their rates": len(ends),
        "twisted: as their rates say": float(np.mean(ends)), "twisted by -m: rate of mode m": fastest[m],
        "twisted: stable": sum(_twisted(k, m)[1:].max() < 0.0 for k in range(1, N)),
    }  # fmt: skip
    limits |= {
        "twisted: velocity": (None, 1e-14), "twisted: rates - formula": (None, 1e-8),
        "twisted: as their rates say": (1.0, 1.0), "twisted: stable": (2, 2),
        "twisted by -m: rate of mode m": (0.5 - 1e-12, 0.5 + 1e-12),
    }  # fmt: skip
