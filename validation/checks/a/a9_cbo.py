"""A, section 9.4: consensus-based optimisation: moments in closed form, Laplace's principle, how often it finds."""

from __future__ import annotations

from typing import Any

import numpy as np

import particles as pt
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence


def rastrigin(x: Array) -> Array:
    """10 d + sum (x_k^2 - 10 cos 2 pi x_k): least at 0, with a minimum near every point of whole numbers."""
    return np.asarray(np.sum(x * x - 10.0 * np.cos(2.0 * np.pi * x) + 10.0, axis=-1))


def ackley(x: Array) -> Array:
    """Least at 0, almost flat far away."""
    near = -20.0 * np.exp(-0.2 * np.sqrt(np.mean(x * x, axis=-1)))
    return np.asarray(near - np.exp(np.mean(np.cos(2.0 * np.pi * x), axis=-1)) + 20.0 + np.e)


@check("A65", where="A 9.4", title="consensus-based optimisation: moments, Laplace's principle, Rastrigin and Ackley",
       equations=("A Sec 9.4",))  # fmt: skip
def optimisation(bench: Bench) -> Verdict:
    """Moments, a limit, and statistics.

    Of equal weights (beta = 0), lam = 1, sigma = 0.4, a step h of Euler and Maruyama multiplies E sum_i |x_i - m|^2 by
    (1 - h)^2 + 2 d sigma^2 h (1 - 1/n), as h to 0 at the rate -2 + 2 d sigma^2 (1 - 1/n): after 5 steps of 0.1 of 8000
    clouds (full: 200000), n = 5, within 4.5 standard errors, d = 1 and 2; of every direction by itself without d.
    Laplace: of f = |x|^2 / 2 under a Gaussian in R^2, by Gauss and Hermite's rule, -(1/beta) log int e^{-beta f} is
    log(1 + beta) / beta, 1e-9 up to beta = 4.

    Evidence: of 16 runs (full: 400) each of 60 points from [-3, 3]^2, beta = 30, sigma = 0.7 anisotropic, to t = 12 in
    steps of 0.05, how many are within 0.25 of the minimum (0.1 for Ackley's function) and in consensus; half at least.
    """
    rng = np.random.default_rng(bench.rng)
    full = bench.tier == "full"
    measured: dict[str, Any] = {}
    limits: Limits = {}
    for d, every in ((1, False), (2, False), (2, True)):
        law = pt.CBO(rastrigin, 0.0, sigma=0.4, anisotropic=every)
        x = rng.standard_normal((200_000 if full else 8_000, 5, d))
        run = pt.simulate(law, x, (0.0, 0.5), [0.5], method="euler-maruyama", step=0.1, rng=rng)
        wide = [np.sum((y - y.mean(axis=1, keepdims=True)) ** 2, axis=(1, 2)) for y in (x, run.x[-1])]
        factor = (0.81 + 2.0 * (1 if every else d) * 0.16 * 0.1 * 0.8) ** 5
        off = wide[1] - factor * wide[0]
        name = f"standard errors: d = {d}{', every direction' if every else ''}"
        measured[name] = abs(float(off.mean())) / (float(off.std()) / len(off) ** 0.5)
        limits = {**limits, name: (None, 4.5)}
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    rows = np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2)
    w = np.outer(weights, weights).ravel() / weights.sum() ** 2
    told = [float(pt.CBO(lambda x: 0.5 * np.sum(x * x, axis=-1), b).laplace(rows, w)) * b - np.log1p(b)
            for b in (0.5, 1.0, 4.0)]  # fmt: skip
    measured["Laplace - closed form"] = float(np.abs(told).max())
    limits = {**limits, "Laplace - closed form": (None, 1e-9)}
    for f, near in ((rastrigin, 0.25), (ackley, 0.1)):
        law = pt.CBO(f, 30.0, sigma=0.7, anisotropic=True)
        x = rng.uniform(-3.0, 3.0, (400 if full else 16, 60, 2))
        run = pt.simulate(law, x, (0.0, 12.0), [12.0], method="euler-maruyama", step=0.05, rng=rng)
        end = run.x[-1]
        there = np.linalg.norm(law.consensus(end), axis=-1) < near
        spread = np.abs(end - end.mean(axis=1, keepdims=True)).max(axis=(1, 2))
        measured[f"share found: {f.__name__}"] = float(there.mean())
        measured[f"share in consensus, 0.1: {f.__name__}"] = float((spread < 0.1).mean())
        limits = {**limits, f"share found: {f.__name__}": (0.5, None)}
        limits = {**limits, f"share in consensus, 0.1: {f.__name__}": (0.5, None)}
    return evidence(measured, limits, "Moments and limit are those derived; how often a minimum is found is counted.")
