"""Patterns of tokens on a ring: the dispersion J(q) of heads that look so many places to either side."""

from __future__ import annotations

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

RING = 24
"""Tokens."""


def head(strength: float, weights: dict[int, float], n: int = RING) -> tuple[mf.Masked, Array]:
    """strength times the mean over tokens r places on, by these weights (beta = 0); and its J(q), q = 2 pi m / n."""
    A = np.zeros((n, n))
    for r, a in weights.items():
        A[np.arange(n), (np.arange(n) + r) % n] += a
    A /= A[0].sum()
    J = strength * (A[0] @ np.exp(2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n))
    V = strength * np.eye(2)
    return mf.Masked(mf.SA(0.0, V=V), A), J


def decaying(slope: float, n: int = RING) -> dict[int, float]:
    """e^{-slope |r|}, of a head that looks to both sides."""
    return {r: float(np.exp(-slope * abs(r))) for r in range(-n // 2 + 1, n // 2) if r}


def rates(J: Array, m: int) -> Array:
    """Of perturbations e^{i p j} of the twisted state theta_j = q j: (J(p + q) + J(p - q)) / 2 - Re J(q)."""
    p = np.arange(len(J))
    return np.asarray(0.5 * (J[(p + m) % len(J)] + J[(p - m) % len(J)]) - J[m].real)


@check("F39", where="Pattern formation (2026)", title="dispersion of heads: what one can select, and travelling waves")
def patterns(bench: Bench) -> Verdict:
    """24 tokens on a ring, heads at beta = 0 with weights a_r for the token r places on: J(q) = sum_h v_h sum_r a_r
    e^{i q r}.  (An own formulation, by linear theory: the paper is not at hand but for its claims.)

    Twisted states theta_j = q j turn at the rate Im J(q), all of them, heads that look one way or both: 1e-13; and
    perturbations e^{i p j} of them grow at (J(p + q) + J(p - q)) / 2 - Re J(q): the eigenvalues of the velocity's
    Jacobian by differences, 1e-8.

    One head that looks alike to both sides, with weights e^{-s |r|}, 50 slopes s in 0.3..3: J is largest at q = 0 where
    it attracts and at q = pi where it repels, nowhere else.  Two of opposite sign select q between: one that attracts
    neighbours beside one of 0.6 that repels those two places on has its largest J at cos q = 1 / 2.4, to half a place
    of the ring.  Tokens that begin at random climb H = (1/2) sum_q J(q) |x_q|^2, x_q their Fourier coefficients, all
    the way; how fast they still are at t = 60 is told.  A head that looks ahead has travelling waves: a twisted state
    that is pushed by 1e-3 turns at Im J(q) after t = 80: 1e-4.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    near, second = head(1.0, {-1: 1.0, 1: 1.0}), head(-0.6, {-2: 1.0, 2: 1.0})
    ahead, wide = head(1.0, {1: 1.0, 2: 0.5}), head(-0.7, decaying(0.4))
    off, apart = 0.0, 0.0
    for (one, J), (two, L) in ((near, second), (ahead, wide), (ahead, second)):
        law, both = one + two, J + L
        for m in range(RING):
            theta = 2.0 * np.pi * m * np.arange(RING) / RING
            off = max(off, float(np.abs(speeds(law, theta) - both[m].imag).max()))
        m = 3
        theta = 2.0 * np.pi * m * np.arange(RING) / RING
        step = 1e-5 * np.eye(RING)
        jacobian = np.array([speeds(law, theta + h) - speeds(law, theta - h) for h in step]).T / 2e-5
        found, told = np.linalg.eigvals(jacobian), rates(both, m)
        apart = max(apart, max(float(np.abs(found - rate).min()) for rate in told))
    measured["twisted states: turning - Im J"] = off
    measured["rates - the Jacobian's"] = apart
    slopes = np.linspace(0.3, 3.0, 50)
    for name, strength, place in (("attracting", 1.0, 0), ("repelling", -1.0, RING // 2)):
        chosen = [int(np.argmax(head(strength, decaying(float(s)))[1].real)) for s in slopes]
        measured[f"one head, {name}: places that are selected besides"] = float(sum(m != place for m in chosen))
    both = (near[1] + second[1]).real
    best = 2.0 * np.pi * min(int(np.argmax(both)), RING - int(np.argmax(both))) / RING
    # cos q - 0.6 cos 2 q is largest at cos q = 1 / 2.4, to the ring's own spacing
    measured["two heads: q - arccos(1/2.4), in places"] = abs(best - np.arccos(1.0 / 2.4)) * RING / (2.0 * np.pi)
    law, J = near[0] + second[0], near[1] + second[1]
    runs = 2 if bench.tier == "quick" else 8
    fall, rest = 0.0, 0.0
    for _ in range(runs):
        start = rng.uniform(0.0, 2.0 * np.pi, RING)
        run = pt.simulate(law, start, (0.0, 60.0), np.linspace(0.0, 60.0, 31), rtol=1e-6, atol=1e-8)
        fall = max(fall, float(-np.diff(climbed(J, run.theta)).min()))
        rest = max(rest, float(np.abs(speeds(law, run.theta[-1])).max()))
    measured |= {"two heads: H falls by, at most": fall, "two heads: speed at t = 60": rest}
    one, J = ahead
    theta = 2.0 * np.pi * 2 * np.arange(RING) / RING + 1e-3 * rng.standard_normal(RING)
    wave = pt.simulate(one, theta, (0.0, 100.0), [80.0, 100.0], rtol=1e-8, atol=1e-10)
    turned = (wave.theta[1] - wave.theta[0]) / 20.0
    measured["travelling wave: turning - Im J"] = float(np.abs(turned - J[2].imag).max())
    return judge(
        measured,
        {
            "twisted states: turning - Im J": (None, 1e-13),
            "rates - the Jacobian's": (None, 1e-8),
            "one head, attracting: places that are selected besides": (0, 0),
            "one head, repelling: places that are selected besides": (0, 0),
            "two heads: q - arccos(1/2.4), in places": (None, 0.5),
            "two heads: H falls by, at most": (None, 1e-6),
            "travelling wave: turning - Im J": (None, 1e-4),
        },
    )


def climbed(J: Array, theta: Array) -> Array:
    """H of angles (..., n), for J that is real."""
    power = np.square(np.abs(np.fft.fft(np.exp(1j * theta), axis=-1))) / theta.shape[-1]
    return np.asarray(0.5 * power @ J.real)


def speeds(law: mf.Law, theta: Array) -> Array:
    """Angular velocities of the ring."""
    x = np.stack([np.cos(theta), np.sin(theta)], axis=1)
    body = mf.Points(x)
    v = law.velocity(0.0, body.x, body)
    return np.asarray(x[:, 0] * v[:, 1] - x[:, 1] * v[:, 0])
