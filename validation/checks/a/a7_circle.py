"""A, section 7: the circle."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import iv

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array, Law
from validation.checks._tools import EPS, gradient, named, noisy_rates, relative, start, two_waves, velocity
from validation.exact import double_loop, growth, multipliers, reference_pde
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

# --- tokens ------------------------------------------------------------------------------------------------


@check("A46", where="A 7.1 (7.1)", title="the equations of angles are those of rows at d = 2")
def angles_and_rows(bench: Bench) -> Verdict:
    """Velocities of weighted tokens in angles, in rows, and by the printed loop: 8 (1 + beta) eps of the largest.

    Runs of 20 tokens in angles and in rows at rtol = 1e-12 to t = 3 (USA: relative scale), by angle: 1e-11.
    """
    rng = np.random.default_rng(bench.rng)
    speed, printed, way = 0.0, 0.0, 0.0
    for law in (mf.SA(1.0), mf.SA(9.0), mf.USA(4.0, scale="relative"), mf.SA(0.0)):
        kind, factor = named(law, 2)
        theta, w = pt.uniform_angles(20, rng), rng.dirichlet(np.full(20, 4.0))
        rows = geometry.to_rows(theta)
        v = velocity(law, mf.Points(theta, w))
        turned = np.sum(velocity(law, mf.Points(rows, w)) * geometry.quarter_turn(rows), axis=1)
        loop = factor * double_loop.angle_velocity(kind, theta, law.beta, weights=w)
        rounding = (1.0 + law.beta) * EPS  # of e^{beta <x, y>}
        speed = max(speed, relative(turned, v) / rounding)
        printed = max(printed, relative(v, loop) / rounding)
        a = pt.simulate(law, theta, (0.0, 3.0), [3.0], weights=w, rtol=1e-12, atol=1e-14).theta[-1]
        b = pt.simulate(law, rows, (0.0, 3.0), [3.0], weights=w, rtol=1e-12, atol=1e-14).theta[-1]
        way = max(way, float(np.abs(np.sin(0.5 * (a - b))).max()))
    names = ("rows' velocity - angles', over (1 + beta) eps", "angles' velocity - printed, over (1 + beta) eps", "runs")
    measured = dict(zip(names, (speed, printed, way), strict=True))
    return judge(measured, {name: (None, 1e-11 if name == "runs" else 8.0) for name in measured})


@check("A49", where="A 7.2 (7.4)", title="on the torus of angles the field is the energy's gradient")
def torus(bench: Bench) -> Verdict:
    """(1/w_i) dE/d theta_i by sixth-order differences of our energy against USA's angular velocity: 1e-9, relative.

    beta = 0, 1, 4, 9; and times -1 for V = -I.  Beta = 0 is Kuramoto's energy |mean|^2 / 2.
    """
    rng = np.random.default_rng(bench.rng)
    measured = {}
    for law in (mf.USA(0.0), mf.USA(1.0), mf.USA(4.0, sign=-1), mf.USA(9.0, scale="scaled")):
        theta, w = pt.uniform_angles(9, rng), rng.dirichlet(np.full(9, 4.0))
        measured[f"{law}"] = relative(law.sign * gradient(law, theta, w), velocity(law, mf.Points(theta, w)))
    return judge(measured, dict.fromkeys(measured, (None, 1e-9)))


# --- the density -------------------------------------------------------------------------------------------

RUNS = (
    ("SA", mf.SA(1.0), 3.0, 192),
    ("SA", mf.SA(4.0), 2.0, 256),
    ("SA", mf.SA(9.0), 2.0, 256),
    ("SA", mf.SA(4.0, sign=-1), 3.0, 96),
    ("USA", mf.USA(1.0), 2.0, 192),
    ("USA", mf.USA(4.0), 0.2, 256),
)
"""Kind, law, end time, labels of the reference: as long as these resolve the flow."""


@check("A47", where="A 7.1", title="the PDE by Fourier series is the PDE by characteristics")
def characteristics(bench: Bench) -> Verdict:
    """The spectral solver at its default tolerances against labels carried along, at t/2 and t.

    The reference knows no Fourier series and no Bessel function (`exact.reference_pde`), is integrated by scipy at
    1e-13, and says how well its labels resolve the flow (tail).  Moments c_0..c_10: 1e-12.  Energy and dissipation:
    1e-12 relative.  Density at 200 angles: 1e-10 relative, the tail and the tolerance summed over all modes.
    """
    worst = {"moments": 0.0, "energy": 0.0, "dissipation": 0.0, "density": 0.0, "tail of the reference": 0.0}
    theta = 2.0 * np.pi * (np.arange(200) + 0.3) / 200
    for kind, law, t, labels in RUNS:
        at = [0.5 * t, t]
        exact = reference_pde.solve(kind, law.beta, two_waves, at, labels=labels, sign=law.sign)
        sol = mf.solve(law, start(), (0.0, t), t_eval=at)
        now = {
            "moments": np.abs([rho.moments(10) for rho in sol.densities] - exact.moments(10)).max(),
            "energy": np.abs(sol.energy / exact.energy - 1.0).max(),
            "dissipation": np.abs(sol.dissipation / exact.dissipation - 1.0).max(),
            "density": np.abs(sol.densities[-1](theta) / exact.pdf(theta) - 1.0).max(),
            "tail of the reference": exact.tail.max(),
        }
        worst = {name: max(value, float(now[name])) for name, value in worst.items()}
    limits = {name: (None, 1e-10 if name == "density" else 1e-11 if "tail" in name else 1e-12) for name in worst}
    return judge(worst, limits, pictures=[bench.figure("profiles", lambda: sol.plot_profiles())])


DEGREE = 10


def _rates_seen(law: Law, kappa: float, rng: Any) -> Array:
    """Growth rates of the modes 1..10 about the uniform density, seen in runs with all ten at once.

    Half the difference of runs with ripples +eps and -eps is odd in eps, L eps + C eps^3 + ...; (8 odd(eps) -
    odd(2 eps)) / 6 has no cubic part either.  (C sums hundreds of triples of modes, so eps would have to be 1e-6.)
    """
    eps, t = 1e-4, 1.0 / abs(mf.growth_rates(law, 2, DEGREE, kappa)).max()
    phases = np.exp(2j * np.pi * rng.random(DEGREE))

    def end(size: float) -> Array:
        rho = mf.perturbed_uniform(mf.Circle(64), {k: size * a for k, a in enumerate(phases, 1)})
        sol = mf.solve(law, rho, (0.0, t), t_eval=[t], diffusion=kappa, rtol=1e-13, atol=1e-17)
        return np.asarray(sol(t).moments(DEGREE)[1:])

    linear = (8.0 * (end(eps) - end(-eps)) - (end(2.0 * eps) - end(-2.0 * eps))) / 12.0
    return np.asarray(np.log(np.abs(linear) / (0.5 * eps)) / t)


@check("A47.growth", where="A 7.1", title="ripples on the uniform density grow at the closed-form rates", covers=())
def growth_rates(bench: Bench) -> Verdict:
    """Rates of the modes k = 1..10 seen in runs, `mf.growth_rates`, and k^2 I_k/(beta I_0) - kappa k^2 from scipy.

    SA and USA (relative), beta = 1, 4, 9, attraction and repulsion, kappa = 0 and 0.03, beside the law and in it.  Seen
    against exact: 1e-8 of the largest rate in size, and 1e-8 of each that is at least 1e-2 of it (ripples of 1e-4,
    cubic terms taken out: what is left is 1e-12 and rounding, 1e-16 / 1e-4, over one e-folding).  Computed against
    exact: 1e-13, of the largest.
    """
    rng = np.random.default_rng(bench.rng)
    seen, each, computed = 0.0, 0.0, 0.0
    for kind, make in (("SA", mf.SA), ("USA", mf.USA)):
        for beta in (1.0, 4.0, 9.0):
            for sign, kappa in ((1, 0.0), (-1, 0.0), (1, 0.03)):
                law = make(beta, sign=sign, scale="relative")
                exact = growth.growth_rates(kind, beta, 2, DEGREE, kappa=kappa, sign=sign, scale="relative")[1:]
                top = np.abs(exact).max()
                error = np.abs(_rates_seen(law, kappa, rng) - exact)
                large = np.abs(exact) >= 1e-2 * top
                seen = max(seen, float(error.max() / top))
                each = max(each, float((error / np.abs(exact))[large].max()))
                told = [relative(rates[1:], exact) for rates in noisy_rates(law, 2, DEGREE, kappa)]
                computed = max(computed, *told)
    measured = {"seen - exact, of the largest": seen, "seen - exact, of each": each, "computed - exact": computed}
    limits = {"seen - exact, of the largest": (None, 1e-8), "seen - exact, of each": (None, 1e-8)}
    return judge(measured, {**limits, "computed - exact": (None, 1e-13)})


# --- the coupling function ---------------------------------------------------------------------------------

MODES = {9.0: 31, 64.0: 72, 100.0: 89, 1e4: 859}
"""Fourier modes that carry e^{beta cos x} to 1e-16 of its size."""


@check("A51", where="A 7.2 (7.5)", title="e^{beta cos x} = sum I_k e^{ikx}, and how many modes it takes")
def bessel(bench: Bench) -> Verdict:
    """Our multipliers summed as a Fourier series against e^{beta (cos x - 1)} at 1000 angles, beta = 0 to 1e4.

    To 8 (1 + sqrt(beta)) eps: angles are rounded, and the function's slope is of size sqrt(beta).
    The modes are as many as `bandwidth` says, which must be the 31, 72, 89 and 859 of the checklist: the first k with
    I_k / I_0 < 1e-16, counted again from Bessel functions.  lambda_k themselves against scipy's I_k where
    those do not overflow: 1e-13.
    """
    x = 2.0 * np.pi * np.arange(1000) / 1000
    series, values, wrong = 0.0, 0.0, 0
    for beta in (0.0, 0.5, 1.0, 4.0, *MODES):
        kernel = mf.Exponential(beta)
        K = kernel.bandwidth(2)
        lam = mf.multipliers(beta, 2, K)
        summed = lam[0] + 2.0 * np.cos(np.outer(x, np.arange(1, K + 1))) @ lam[1:]
        if beta > 0.0:
            off = np.abs(summed - np.exp(-2.0 * beta * np.sin(0.5 * x) ** 2)).max()
            series = max(series, float(off / ((1.0 + np.sqrt(beta)) * EPS)))
        if 0.0 < beta < 300.0:
            plain = np.exp(kernel.log_lambda0(2)) * kernel.multipliers(2, 10)
            values = max(values, float(np.abs(plain / iv(np.arange(11), beta) - 1.0).max()))
        if beta in MODES:
            wrong += abs(K - MODES[beta]) + abs(_needed(beta) - MODES[beta])
    told = "series - function, over (1 + sqrt(beta)) eps"
    measured = {told: series, "multipliers - I_k, relative": values, "modes too many or too few": wrong}
    limits = {told: (None, 8.0), "multipliers - I_k, relative": (None, 1e-13)}
    return judge(measured, {**limits, "modes too many or too few": (0, 0)})


def _needed(beta: float) -> int:
    """Least k with I_k / I_0 < 1e-16, from Bessel functions."""
    return int(np.argmax(multipliers.ratios(beta, 2, int(30.0 + 10.0 * np.sqrt(beta))) < 1e-16))
