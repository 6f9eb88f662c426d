"""2412.14813, 2510.20094, 2604.16288, 2606.05140: noise, stationary states on spheres, and how they come to be."""

from __future__ import annotations

from math import gamma
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ive, ivp

import meanfield as mf
from validation.exact import stationary as exact
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

DIMENSIONS = (2, 3, 4, 8)
AMPLITUDES = {3: (0.6, 0.85), 4: (0.7, 0.88), 8: (0.75, 0.95)}
"""Between which the folds of beta = 4 are looked for."""
FOLDS = ((2, 2.4, 0), (2, 2.5, 1), (3, 1.7, 0), (3, 2.0, 1), (8, 1.2, 0), (8, 2.0, 1))
"""Dimension, beta on either side of beta_*, and how many folds USA's first branch has."""


def _space(d: int, degree: int = 48) -> Any:
    return mf.Circle(2 * degree + 2) if d == 2 else mf.ZonalSphere(d, degree)


@check(
    "F15", where="2412.14813", title="noise: branch points of the uniform density, and the resonances at which it jumps"
)
def branch_points(bench: Bench) -> Verdict:
    """kappa_c(k) = lambda_k / beta (USA), / lambda_0 (SA); branches leave there, and jump where modes resonate.

    Against Bessel functions, d = 2, 3, 4, 8, k = 1, 2, 3: 1e-12.  Branches followed from amplitude 0.01 leave as
    kappa / kappa_c - 1 = c f^2 (pitchforks: 1%; but for k = 3 on S^7, where f = 0.01 is a ripple of 0.1, and 9% off) or
    slope f (transcritical, both halves: 1e-3 of the slope).  They jump, that is fold or go through, where
    int phi_k^3 != 0 (even k on S^2), or where a mode l with int phi_k^2 phi_l != 0 comes near: USA's curvature c is
    positive exactly where lambda_2 / lambda_1 > 1/d (k = 1), I_{2k} / I_k > 1/2 on the circle: no fold at beta = 2.4
    (d = 2), 1.7 (3), 1.2 (8), one at 2.5, 2, 2.  At beta = 9 the circle's second branch folds 4.1e-6 above kappa_c, at
    amplitude 0.056.
    """
    critical, leaving = 0.0, 0.0
    for d in DIMENSIONS:
        for kind in ("SA", "USA"):
            for k in (1, 2, 3):
                told = mf.onset(getattr(mf, kind)(4.0), d, k).critical
                critical = max(critical, abs(told / exact.critical(kind, 4.0, d, k) - 1.0))
    cases = (
        [(mf.USA(4.0), 2, 1), (mf.SA(4.0), 3, 1)]
        if bench.tier == "quick"
        else [(law, d, k) for law in (mf.USA(4.0), mf.SA(4.0)) for d in DIMENSIONS for k in (1, 3) if d * k < 24]
    )
    for law, d, k in cases:
        found, start = mf.branch(law, _space(d, 24), k, steps=2), mf.onset(law, d, k)
        rise = found.parameter[1] / found.critical - 1.0
        leaving = max(leaving, abs(rise / (start.curvature * found.amplitude[1] ** 2) - 1.0))
    slope = 0.0
    for d in (3,) if bench.tier == "quick" else (3, 4, 8):
        both = mf.branch(mf.SA(4.0), _space(d, 24), 2, steps=2)
        near = np.flatnonzero(np.abs(both.amplitude) < 0.0101)
        sides = (both.parameter[near] / both.critical - 1.0)[[0, -1]] / both.amplitude[near[[0, -1]]]
        slope = max(slope, abs(sides.mean() / mf.onset(mf.SA(4.0), d, 2).slope - 1.0))
    folds = 0
    for d, beta, count in FOLDS[:2] if bench.tier == "quick" else FOLDS:
        folds += abs(len(mf.branch(mf.USA(beta, scale="relative"), _space(d), steps=30).folds) - count)
    second = mf.branch(mf.USA(9.0, scale="relative"), _space(2), 2, steps=7)
    seen = second.folds[0] / second.critical - 1.0 if len(second.folds) else np.nan
    measured = {
        "kappa_c": critical, "pitchforks": leaving, "transcritical slopes": slope, "folds missing or too many": folds,
        "second fold above kappa_c": float(seen),
    }  # fmt: skip
    limits = {
        "kappa_c": (None, 1e-12), "pitchforks": (None, 0.01), "transcritical slopes": (None, 1e-3),
        "folds missing or too many": (None, 0), "second fold above kappa_c": (3.5e-6, 4.5e-6),
    }  # fmt: skip
    return judge(measured, limits)


@check("F16", where="2510.20094", title="noise: a quadratic system of coefficients; continuous at small beta, then not")
def quadratic(bench: Bench) -> Verdict:
    """USA on the circle: kappa k c_k = sum_l l p_l c_l c_{k-l} over all integers l, p_l = I_|l| / beta; and beta_*.

    Stationary densities of one cluster at beta = 1, kappa = 0.5 and beta = 4, kappa = 2, turned by 0.7, satisfy it
    (1e-12 of kappa); so does the unstable one between fold and kappa_c at beta = 4.  The first branch begins
    continuously below beta = 2.44691831 and discontinuously above (1e-9), SA's continuously throughout (beta to 100).
    """
    worst = 0.0
    for beta, kappa in ((1.0, 0.5), (4.0, 2.0)):
        rho = mf.stationary(mf.USA(beta), mf.von_mises_fisher(mf.Circle(128), 0.7, 1.0), kappa).density
        worst = max(worst, _defect(rho, beta, kappa))
    between = mf.branch(mf.USA(4.0), mf.Circle(96), steps=8)
    worst = max(worst, _defect(between.densities[-1], 4.0, float(between.parameter[-1])))
    kinds = [mf.onset(mf.USA(b), 2).kind for b in (0.1, 1.0, 2.44691, 2.44692, 9.0)]
    betas = np.geomspace(0.05, 100.0, 40)
    soft = max(mf.onset(mf.SA(float(b)), d).curvature for b in betas for d in (2, 3))
    measured = {
        "quadratic system": worst, "beta_*": abs(mf.turning(2) - 2.4469183112890461309), "SA: largest curvature": soft,
        "the one between is unstable": float(between.leading[-1]),
        "kinds": float(kinds == ["continuous"] * 3 + ["discontinuous"] * 2),
    }  # fmt: skip
    limits = {
        "quadratic system": (None, 1e-12), "beta_*": (None, 1e-9), "SA: largest curvature": (None, 0.0),
        "the one between is unstable": (1e-3, None), "kinds": (1.0, 1.0),
    }  # fmt: skip
    return judge(measured, limits)


def _defect(rho: mf.Density, beta: float, kappa: float) -> float:
    """Largest defect of the quadratic system, relative to kappa, for k = 1..16."""
    space = rho.space
    n = space.n // 2
    c = rho.moments(n)
    every = np.concatenate([np.conj(c[:0:-1]), c])  # c_{-n}, ..., c_n
    l = np.arange(-n, n + 1)  # noqa: E741
    p = ive(np.abs(l), beta) * np.exp(beta) / beta
    product = np.convolve(l * p * every, every)[2 * n + 1 : 2 * n + 17]
    return float(np.abs(kappa * np.arange(1, 17) * c[1:17] - product).max() / kappa)


STAR = {2: 2.4469183112890462, 3: 1.8161545254358835, 4: 1.5752571500921304, 8: 1.2665530245209171}
SHARP = {2: 0.5101354796925894, 3: 1.0939627109399677, 4: 1.634651889779543, 8: 3.693648068608179}


@check("F17", where="2604.16288, 2606.05140", title="noise: beta_*, K_#, and the coupling at which clusters win")
def transitions(bench: Bench) -> Verdict:
    """beta_* of I_{d/2+1} / I_{d/2} = 1/d, K_# = 1 / (2 kappa_c) there, d = 2, 3, 4, 8: 1e-9 against 16 digits.

    Beyond beta_* the state of one cluster has the lower free energy already at K_c = 1 / (2 kappa) < K_#: at beta = 4,
    kappa_c < kappa of equal free energy < fold.  On the circle the fold is 2.5835187278185 and the point of equal
    energy 2.55444087724707 (1e-11); zonal folds are those of averaged kernels at nodes, without multipliers (1e-10;
    quick: d = 8, full: 3, 4, 8).
    """
    star, sharp, folds = 0.0, 0.0, 0.0
    for d in DIMENSIONS:
        beta = mf.turning(d)
        root = brentq(lambda b, d=d: ive(0.5 * d + 1.0, b) / ive(0.5 * d, b) - 1.0 / d, 0.1, 10.0, xtol=1e-14)
        told = 0.5 / mf.onset(mf.USA(beta), d).critical
        bessel = (0.5 * beta) ** (0.5 * d) / (gamma(0.5 * d) * ivp(0.5 * d, beta, 0))
        star = max(star, abs(beta / root - 1.0), abs(beta / STAR[d] - 1.0))
        sharp = max(sharp, abs(told / bessel - 1.0), abs(told / SHARP[d] - 1.0))
    circle = mf.branch(mf.USA(4.0), mf.Circle(80), steps=26)
    order = [circle.critical < circle.equal[0] < circle.folds[0]]
    for d in (8,) if bench.tier == "quick" else AMPLITUDES:
        one = mf.branch(mf.USA(4.0), mf.ZonalSphere(d, 44), steps=28)
        folds = max(folds, abs(one.folds[0] / exact.fold(d, 4.0, *AMPLITUDES[d]) - 1.0))
        order.append(one.critical < one.equal[0] < one.folds[0])
    measured = {
        "beta_*": star, "K_#": sharp, "circle: fold": float(abs(circle.folds[0] / 2.5835187278184967 - 1.0)),
        "circle: equal energy": float(abs(circle.equal[0] / 2.554440877247074 - 1.0)), "zonal folds": float(folds),
        "kappa_c < equal < fold": float(all(order)),
    }  # fmt: skip
    limits: dict[str, tuple[float | None, float | None]] = {
        "beta_*": (None, 1e-9), "K_#": (None, 1e-9), "circle: fold": (None, 1e-11),
        "circle: equal energy": (None, 1e-11), "zonal folds": (None, 1e-10), "kappa_c < equal < fold": (1.0, 1.0),
    }  # fmt: skip
    return judge(measured, limits, pictures=[bench.figure("branch", circle.plot)])
