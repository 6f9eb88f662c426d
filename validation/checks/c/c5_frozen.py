"""C, sections 5.2, A.2, C.2 and C.3: tokens that do not move gather the others; what every token descends."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

EPSILON, C = 0.1, 6.5
"""The remark's example."""
THETA, MASSES, PHI = (0.0, 1.5, -2.0), (1.0, 2.0, 1.5), np.array([0.22, -0.3, 1.18, -1.72])
PRINTED = (-0.213832294266940011, -0.0575686153771812438, -0.0776311851411331844, -0.124060386997668845)
"""E_k of these at beta = 64, as C prints it (without 1/beta), by an independent code of 34 digits."""
LATER = (-0.999760487336200697, -1.99972645532991658, -1.99968027313175491, -1.49977866612042532)
"""And at t = 10."""


def pull(x: Array, beta: float) -> Array:
    """h(x) = e^{beta (cos x - 1)} sin x."""
    return np.asarray(np.exp(-2.0 * beta * np.sin(0.5 * x) ** 2) * np.sin(x))


def slope(x: Array, beta: float) -> Array:
    """g = h'."""
    return np.asarray(np.exp(-2.0 * beta * np.sin(0.5 * x) ** 2) * (np.cos(x) - beta * np.sin(x) ** 2))


def _most(beta: float) -> tuple[float, float]:
    """The largest N of Theorem 5.2's two inequalities, the second with the sign of Lemma A.2."""
    s = 1.0 / np.sqrt(beta)
    one = pull(EPSILON * s, beta) / pull((C - 1.0 - 2.0 * EPSILON) * s, beta)
    two = slope(EPSILON * s, beta) / -slope((C - 2.0 * EPSILON) * s, beta)
    return float(one), float(two)


def _rest(law: mf.Law, phi: Array) -> Array:
    """Angles at t = 1e9: they wait e^{beta (1 - cos)} between two that do not move."""

    def rhs(_: float, at: Array) -> Array:
        mu = mf.Points(at, field="direct")
        v = law.velocity(0.0, mu.x, mu)
        return np.asarray(v[:, 1] * mu.x[:, 0] - v[:, 0] * mu.x[:, 1])

    run = solve_ivp(rhs, (0.0, 1e9), phi, "LSODA", rtol=1e-6, atol=1e-9, lband=len(phi) - 1, uband=0)
    return np.asarray(run.y[:, -1])


@check("C16", where="C Thm 5.2", title="tokens that do not move gather all others")
def gathered(bench: Bench) -> Verdict:
    """beta = 16, epsilon = 0.1, c = 6.5: three frozen tokens, more than c beta^{-1/2} apart, of weights 1 to 3, and 30
    that move from uniform places; N = 30 + sum a_j obeys both inequalities.  1 cloud (full: 40), run to t = 1e9 by an
    implicit integrator of scipy's: the largest distance from the nearest frozen token, over epsilon beta^{-1/2}, is
    below 1; and beta = 64, c = 3.9, epsilon = 0.3, seven of them, where the inequalities fail, is told beside it.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {"N": 0.0, "N, at most": min(_most(16.0))}
    for name, beta, count, epsilon in (("beta = 16", 16.0, 3, EPSILON), ("beta = 64, closer", 64.0, 7, 0.3)):
        far = 0.0
        for _ in range(1 if bench.tier == "quick" else 40):
            theta = 2.0 * np.pi * np.arange(count) / count + rng.uniform(0.0, 2.0 * np.pi)
            a = rng.uniform(1.0, 3.0, count)
            law = mf.Frozen(mf.Causal(mf.SA(beta)), theta, a)
            phi = pt.uniform_angles(30, rng)
            apart = np.abs(2.0 * np.sin(0.5 * (_rest(law, phi)[:, None] - theta)))
            far = max(far, float(2.0 * np.arcsin(0.5 * apart.min(axis=1).max())))
            if count == 3:
                measured["N"] = max(measured["N"], 30.0 + float(a.sum()))
        measured[f"farthest over epsilon beta^(-1/2), {name}"] = far * np.sqrt(beta) / epsilon
    limits: Limits = {"N": (None, measured["N, at most"]), "farthest over epsilon beta^(-1/2), beta = 16": (None, 1.0)}
    return judge(measured, limits)


def _descends(law: mf.Law, x: Array) -> float:
    """Largest difference of Z_k x_k' and -dE_k/dphi_k (central differences of 1e-5), over the largest."""
    Z = pt.energies(law, x).Z
    mu = mf.Points(x)
    rows = law.velocity(0.0, mu.x, mu)
    v = np.sum(rows * np.stack([-np.sin(x), np.cos(x)], axis=-1), axis=-1)
    moved = []
    for k in range(len(x)):
        step = 1e-5 * np.eye(len(x))[k]
        moved.append((pt.energies(law, x + step).E[k] - pt.energies(law, x - step).E[k]) / 2e-5)
    return float(np.abs(Z * v + np.array(moved)).max() / np.abs(Z * v).max())


@check("C17", where="C Lem 5.3", title="sequential gradient systems come to rest")
def sequential(bench: Bench) -> Verdict:
    """Z_k phi_k' = -dE_k/dphi_k for 12 tokens, with and without frozen ones, at beta = 4: central differences of 1e-5,
    whose error is 1e-9.  From 5 clouds (full: 100) beside two frozen tokens at beta = 2 all come to rest: the largest
    speed at the end is below 1e-8, and the last token's energy is at a minimum: no place within 1e-3 has a lower one.
    """
    rng = np.random.default_rng(bench.rng)
    causal = mf.Causal(mf.SA(4.0))
    x = pt.uniform_angles(12, rng)
    measured = {
        "Z x' + dE, causal": _descends(causal, x),
        "Z x' + dE, beside frozen tokens": _descends(mf.Frozen(causal, [0.3, 2.0], [1.0, 2.5]), x),
        "largest speed at the end": 0.0,
        "lower places": 0.0,
    }
    law = mf.Frozen(mf.Causal(mf.SA(2.0)), [0.0, 2.5], [1.0, 1.5])
    for _ in range(5 if bench.tier == "quick" else 100):
        rest: dict[str, Any] = {"until": mf.steady(1e-9), "rtol": 1e-8, "atol": 1e-11}
        run = pt.simulate(law, pt.uniform_angles(12, rng), (0.0, 1e4), [1e4], **rest)
        end = run.theta[-1]
        mu = mf.Points(end)
        v = law.velocity(0.0, mu.x, mu)
        v = v - np.sum(v * mu.x, axis=-1, keepdims=True) * mu.x
        measured["largest speed at the end"] = max(measured["largest speed at the end"], float(np.abs(v).max()))
        here = pt.energies(law, end).E[-1]
        last = np.eye(12)[-1]
        measured["lower places"] += sum(float(pt.energies(law, end + s * last).E[-1] < here) for s in (-1e-3, 1e-3))
    limits: Limits = {
        "Z x' + dE, causal": (None, 1e-8), "Z x' + dE, beside frozen tokens": (None, 1e-8),
        "largest speed at the end": (None, 1e-8), "lower places": (None, 0.0),
    }  # fmt: skip
    return judge(measured, limits)


@check(
    "C29",
    where="C C.3",
    title="energies of the frozen-token system; without 1/beta they are off by it",
    equations=("C Lem 5.3",),
)
def frozen_energies(bench: Bench) -> Verdict:
    """Four tokens beside three frozen ones, beta = 64, at t = 0 and, run there, at t = 10: beta E_k against values of
    an independent code of 34 digits, 1e-12 (at t = 10 1e-9, the run's); and Z_k phi_k' = -dE_k/dphi_k by central
    differences, 1e-8, which fails by the factor 64 for E_k as C prints it.
    """
    law = mf.Frozen(mf.Causal(mf.SA(64.0)), THETA, MASSES)
    run = pt.simulate(law, PHI, (0.0, 10.0), [10.0], rtol=1e-12, atol=1e-14)
    measured = {
        "64 E - known, t = 0": float(np.abs(64.0 * pt.energies(law, PHI).E - PRINTED).max()),
        "64 E - known, t = 10": float(np.abs(64.0 * pt.energies(law, run.theta[-1]).E - LATER).max()),
        "Z x' + dE": _descends(law, PHI),
        "E as printed, over what descends": float(np.mean(np.array(PRINTED) / pt.energies(law, PHI).E)),
    }
    limits: Limits = {
        "64 E - known, t = 0": (None, 1e-12), "64 E - known, t = 10": (None, 1e-9), "Z x' + dE": (None, 1e-8),
        "E as printed, over what descends": (64.0 - 1e-9, 64.0 + 1e-9),
    }  # fmt: skip
    return judge(measured, limits)


@check("C18", where="C 5, remark", title="eps = 0.1, c = 6.5: beta >= 14.045 and N <= 682.9")
def ranges(bench: Bench) -> Verdict:
    """beta >= (c - 1 - 2 epsilon)^2 / 2 = 14.045 and N <= epsilon / (c - 1) e^{3 (c - 1 - 2 epsilon)^2 / 8} = 682.9,
    where print has 14 and 700; and the theorem's own inequalities, at that beta, hold to N = 3782.
    """
    r = C - 1.0 - 2.0 * EPSILON
    measured = {
        "beta, at least": r**2 / 2.0,
        "N, at most": EPSILON / (C - 1.0) * float(np.exp(3.0 * r**2 / 8.0)),
        "N, at most, by the inequalities": min(_most(r**2 / 2.0)),
    }
    limits: Limits = {
        "beta, at least": (14.0449, 14.0451), "N, at most": (682.8, 683.0),
        "N, at most, by the inequalities": (3781.0, 3783.0),
    }  # fmt: skip
    return judge(measured, limits)


@check("C24", where="C Lem A.2", title="two inequalities follow from three; f(4.5) = -4.13752, f' < 0")
def implication(bench: Bench) -> Verdict:
    """f(r) = 3 r^2/8 - (r + 1)^2/2 + (r + 1)^4/(12 r^2) + 1/200 + 2 ln(r + 1) - ln(9.8 r): at 4.5 -4.13752, and
    falling on [4.5, 100] (print says that it rises, which would not do).  Over epsilon in (0, 0.1), r = c - 1 - 2
    epsilon in [4.5, 12], beta from r^2/2 up to 40 times that: the largest N that the lemma allows, over what each of
    the two inequalities needs, is below 1.
    """

    def f(r: Array) -> Array:
        polynomial = 3.0 * r**2 / 8.0 - (r + 1.0) ** 2 / 2.0 + (r + 1.0) ** 4 / (12.0 * r**2) + 1.0 / 200.0
        return np.asarray(polynomial + 2.0 * np.log(r + 1.0) - np.log(9.8 * r))

    fine = np.linspace(4.5, 100.0, 20_001)
    largest = [0.0, 0.0]
    for epsilon in (0.001, 0.01, 0.05, 0.0999):
        for r in np.linspace(4.5, 12.0, 31):
            most = np.exp(3.0 * r**2 / 8.0) * epsilon / (r + 2.0 * epsilon)
            s = 1.0 / np.sqrt(np.geomspace(r**2 / 2.0, 20.0 * r**2, 40))
            beta = s**-2.0
            one = pull(r * s, beta) / pull(epsilon * s, beta)  # type: ignore[arg-type]
            two = -slope((r + 1.0) * s, beta) / slope(epsilon * s, beta)  # type: ignore[arg-type]
            largest = [max(old, float((most * new).max())) for old, new in zip(largest, (one, two), strict=True)]
    measured = {"f(4.5)": float(f(np.array(4.5))), "largest step of f": float(np.diff(f(fine)).max())}
    measured |= {"N over the first": largest[0], "N over the second": largest[1]}
    limits: Limits = {
        "f(4.5)": (-4.137525, -4.137515), "largest step of f": (None, 0.0), "N over the first": (None, 1.0),
        "N over the second": (None, 1.0),
    }  # fmt: skip
    return judge(measured, limits)
