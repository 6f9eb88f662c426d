"""F24, 2605.09213: the mean-field limit of causal attention: densities by depth, and how tokens go to it."""

from __future__ import annotations

import math
import warnings
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.polynomial import polynomial

import meanfield as mf
import particles as pt
from meanfield.distances import w1_circle
from meanfield.protocols import Array
from validation import rates
from validation.exact import causal_density, fluctuations
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence, judge

DEPTHS = np.array([0.0, 0.25, 0.5, 1.0])
FIRST, RISE = 0.1, 0.4
"""Modulus of the Poisson kernel at depth s: FIRST + RISE s."""
FEW = (4, 6, 8, 12)
ROWS = {
    1.0: (0.16347364004453, 0.28704797452967, 0.40512727836199, 0.6189736782499),
    2.0: (0.26353967378061, 0.40902263425202, 0.53801467533405, 0.7415894227662),
    5.0: (0.77450603729931, 0.86258727097225, 0.91536221898801, 0.96725510228221),
}
"""Moduli at DEPTHS, beta = 0, in 14 digits."""


def _poisson(nodes: int, size: int = 128) -> mf.Family:
    circle = mf.Circle(size)
    return mf.family(lambda s: mf.poisson_kernel(circle, [FIRST + RISE * s, 0.0]), nodes)


def _moduli(nodes: int, times: list[float]) -> Array:
    """(times, depths) of a run at beta = 0."""
    run: Any = mf.solve(mf.Causal(mf.SA(0.0)), _poisson(nodes), (0.0, times[-1]), t_eval=times)
    return np.array([run(t)(DEPTHS).coefficients[:, 1].real for t in times])


def _series(kind: str, sign: int, kappa: float) -> float:
    """How far a run is from the series in s."""
    theta = 2.0 * np.pi * np.arange(32) / 32
    first = np.zeros((12, 32))
    first[:2] = 1.0 + 0.2 * np.cos(theta) + 0.1 * np.sin(2 * theta), 0.15 * np.sin(theta) + 0.05 * np.cos(3 * theta)
    mu = mf.family(lambda s: mf.Circle(32).density(polynomial.polyval(s, first)), 10)
    law = mf.Causal({"SA": mf.SA, "USA": mf.USA}[kind](1.0, sign=sign))
    run: Any = mf.solve(law, mu, (0.0, 0.3), t_eval=[0.3], diffusion=kappa)
    exact = causal_density.terms(kind, 1.0, first, 0.3, 24, kappa=kappa, sign=sign)
    return max(float(np.abs(run(0.3)(s)(theta) - polynomial.polyval(s, exact)).max()) for s in DEPTHS)


def _alike(space: Any, modes: dict[Any, complex]) -> float:
    """How far depths that begin alike are from full attention."""
    rho, law = mf.perturbed_uniform(space, modes), mf.SA(2.0)
    deep: Any = mf.solve(mf.Causal(law), mf.family(lambda s: rho, 4), (0.0, 0.5), t_eval=[0.5])(0.5)
    return float(
        np.abs(deep(DEPTHS).coefficients - mf.solve(law, rho, (0.0, 0.5), t_eval=[0.5])(0.5).coefficients).max()
    )


def _growth(p: int) -> float:
    """How far s^p is from growing by e^{g t / (p + 1)}, t = 1."""
    circle, g = mf.Circle(32), float(mf.growth_rates(mf.SA(4.0), 2, 1)[1])
    mu = mf.family(lambda s: mf.perturbed_uniform(circle, {1: 1e-6 * s**p}), 8)
    run = mf.solve(mf.Causal(mf.SA(4.0)), mu, (0.0, 1.0), t_eval=[1.0])
    return float(abs(run(1.0).moments(1)[-1, 1] / mu.moments(1)[-1, 1] / math.exp(g / (p + 1)) - 1.0))


@check("F24.density", where="2605.09213", title="causal attention of infinitely many tokens, by depth")
def density(bench: Bench) -> Verdict:
    """d_t mu_s + div(X[nu_s] mu_s) = kappa mu_s'', nu_s = (1/s) int_0^s mu_r dr, sixteen Chebyshev points in s.

    At beta = 0 Poisson kernels stay such and their moduli obey z' = (Z - Z z^2) / 2: values of 14 digits for
    z_s(0) = 0.1 + 0.4 s at t = 1 (full: 2, 5), 1e-10.  Nodes 4, 6, 8, 12: every step takes nine tenths of the error
    away (all but a hundredth in fact).  SA and, repulsive and with noise, USA (full: both of either): the series in s,
    2e-9 (which is cut at its twelfth term).  Depths that begin alike are full attention, on the circle, a zonal sphere
    (full: S^2), 1e-12.
    About the uniform density s^p grows at g / (p + 1), 1e-8.
    """
    quick = bench.tier == "quick"
    times = [1.0] if quick else [1.0, 2.0, 5.0]
    measured: dict[str, Any] = {}
    for t, found in zip(times, _moduli(16, times), strict=True):
        measured[f"moduli at t = {t:g}"] = np.abs(found - ROWS[t]).max()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mf.StoppedEarly)  # that few nodes are few is what is looked at
        errors = [float(np.abs(_moduli(nodes, [1.0])[0] - ROWS[1.0]).max()) for nodes in FEW]
    measured |= {f"error, {nodes} nodes": e for nodes, e in zip(FEW, errors, strict=True)}
    measured["largest ratio of errors"] = max(b / a for a, b in pairwise(errors))
    laws = (("SA", 1, 0.0), ("USA", -1, 0.1), ("SA", -1, 0.1), ("USA", 1, 0.0))
    for kind, sign, kappa in laws[: 2 if quick else 4]:
        measured[f"{kind}, sign {sign}, kappa = {kappa:g}: run - series"] = _series(kind, sign, kappa)
    spaces: list[tuple[str, Any, dict[Any, complex]]] = [
        ("circle", mf.Circle(32), {1: 0.2, 2: 0.1j}), ("zonal, d = 6", mf.ZonalSphere(6, 12), {1: 0.1}),
        ("S^2", mf.Sphere(4), {(1, 0): 0.01}),
    ]  # fmt: skip
    for name, space, modes in spaces[: 2 if quick else 3]:
        measured[f"alike - full, {name}"] = _alike(space, modes)
    for p in (0, 1, 3):
        measured[f"growth of s^{p}"] = _growth(p)
    bars = {"moduli": 1e-10, "largest": 0.1, "SA": 2e-9, "USA": 2e-9, "alike": 1e-12, "growth": 1e-8}
    limits: Limits = {
        name: (None, next(bar for key, bar in bars.items() if name.startswith(key)))
        for name in measured if not name.startswith("error")
    }  # fmt: skip
    return judge(measured, limits)


def _clouds(n: int, replicas: int, t: float, rng: Any) -> Array:
    """(replicas, n) tokens at time t, beta = 2: the k-th of the Poisson kernel at depth (k - 1/2) / n, exactly."""
    z = FIRST + RISE * (np.arange(n) + 0.5) / n
    phi = 2.0 * np.arctan((1.0 - z) / (1.0 + z) * np.tan(np.pi * (rng.random((replicas, n)) - 0.5)))
    return np.asarray(
        pt.simulate(mf.Causal(mf.SA(2.0)), phi, (0.0, t), [t], rtol=1e-5, atol=1e-7, angles=True).theta[-1]
    )


def _power(n: int, replicas: int, t: float, rng: Any) -> tuple[float, float]:
    """n E|c_1|^2 of uniform tokens at time t, beta = 1, and its standard error."""
    phi = rng.uniform(0.0, 2.0 * np.pi, (replicas, n))
    run = pt.simulate(mf.Causal(mf.SA(1.0)), phi, (0.0, t), [t], rtol=1e-5, atol=1e-7, angles=True)
    power = n * np.abs(np.exp(1j * run.theta[-1]).mean(axis=-1)) ** 2
    return float(power.mean()), float(power.std(ddof=1) / math.sqrt(replicas))


@check("F24.limit", where="2605.09213", title="prefixes of causal tokens go to the densities by depth")
def limit(bench: Bench) -> Verdict:
    """Tokens of Poisson kernels 0.1 + 0.4 s, beta = 2, t = 1: W1 of the first s n against nu_s, s = 1/4, 1/2, 1, falls
    like n^{-1/2}: n = 32, 64, 128, 16 clouds (full: 100 to 1600, 200 clouds, and the slopes within 0.05).

    Uniform tokens, beta = 1, t = 1: n E|c_1|^2 is e^{2x} I_0(2x), x = g t, where full attention has e^{2x}: early
    tokens see few.  Within 4.5 standard errors and 10/n of it (n = 64, 100 clouds; full: 1000 and 1000).
    """
    rng, quick = np.random.default_rng(bench.rng), bench.tier == "quick"
    sizes, clouds = ([32, 64, 128], 16) if quick else ([100, 200, 400, 800, 1600], 200)
    mu: Any = mf.solve(mf.Causal(mf.SA(2.0)), _poisson(16), (0.0, 1.0), t_eval=[1.0])(1.0)
    tokens = [_clouds(n, clouds, 1.0, rng) for n in sizes]
    measured: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for s in (0.25, 0.5, 1.0):
        nu = mu.seen(s)
        apart = [w1_circle(theta[:, : int(s * n)], nu) for n, theta in zip(sizes, tokens, strict=True)]
        fit = rates.slope(sizes, [one.mean() for one in apart], [one.std() / math.sqrt(clouds) for one in apart])
        name = f"slope of W1, s = {s:g}"
        measured |= {name: fit.slope, f"{name}: standard error": fit.error}
        room = 4.5 * fit.error if quick else 0.05
        limits[name] = (-0.5 - room, -0.5 + room)
    n, many = (64, 100) if quick else (1000, 1000)
    g = float(mf.growth_rates(mf.SA(1.0), 2, 1)[1])
    seen, error = _power(n, many, 1.0, rng)
    exact = float(fluctuations.causal_power(1.0, g))
    measured |= {"n E|c_1|^2": seen, "its standard error": error, "e^{2x} I_0(2x)": exact, "e^{2x}": math.exp(2.0 * g)}
    room = 4.5 * error + 10.0 / n * exact
    limits["n E|c_1|^2"] = (exact - room, exact + room)
    return evidence(measured, limits)
