"""A, Problem 7: noise, and first what it does alone."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import growth, reference_zonal
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

KAPPA, END = 0.2, 1.0
WALKS = (("heun", 2, 0.05), ("heun", 3, 0.025), ("heun", 8, 0.0125), ("euler-maruyama", 3, 0.005))
"""Method, dimension, step."""


def _moments(method: Any, d: int, step: float, walkers: int, rng: Any) -> tuple[Array, Array]:
    """Means of P_k(<x(t), x(0)>), k = 1, 2, 3, over walkers that start together, and their standard errors."""
    x = np.zeros(walkers) if d == 2 else np.tile(np.eye(d)[0], (walkers, 1))
    end = pt.simulate(mf.Diffusion(KAPPA), x, (0.0, END), [END], method=method, step=step, rng=rng).x[-1]
    c = np.cos(end) if d == 2 else end[:, 0]
    P = reference_zonal.gegenbauer(c[None], d, 3)[0, 1:]
    return P.mean(axis=1), P.std(axis=1, ddof=1) / np.sqrt(walkers)


def _density_error(rho: mf.Density, exact: Array) -> float:
    """Largest error of a ripple's coefficients after noise alone, relative to what they were, degree by degree."""
    end = mf.solve(mf.Diffusion(KAPPA), rho, (0.0, END), t_eval=[END])(END)
    held = rho.coefficients != 0.0
    factors = end.coefficients[held] / rho.coefficients[held]
    return float(np.abs(factors - exact[rho.space.degrees[held]]).max())


@check("A66.brownian", where="A Problem 7", title="noise alone: tokens and densities forget as they must", covers=())
def brownian(bench: Bench) -> Verdict:
    """E P_k(<x(t), x(0)>) = e^{-kappa k(k+d-2) t}, k = 1, 2, 3, for noise of strength sqrt(2 kappa) and no drift.

    20000 tokens (full: 80000) that start together, kappa = 0.2, t = 1: on the circle, S^2 and S^7 by Heun's method, of
    weak order 2, at steps of 0.05, 0.025 and 0.0125, which leaves a quarter of a standard error (at 0.05 it is 2.7 on
    S^7: red at one seed of 17); on S^2 by Euler and Maruyama's at 0.005, whose rates are too small by the factor
    1 - kappa h (d + 2), half a standard error.  Within 4.5 standard errors, and these at most 2% of the first moment:
    at half the variance that is e^{kappa (d-1) t / 2} times what it should be, 10% more or above.  A density's modes
    decay by the same factors, on the circle, S^7 and S^2: the linear part is exact, so 1e-14.
    """
    rng = np.random.default_rng(bench.rng)
    walkers = 20_000 if bench.tier == "quick" else 80_000
    measured: dict[str, float] = {}
    for method, d, step in WALKS:
        exact = np.exp(-KAPPA * growth.laplace(d, 3)[1:] * END)
        mean, error = _moments(method, d, step, walkers, rng)
        name = f"{method}, d = {d}"
        measured[f"standard errors from exact: {name}"] = float((np.abs(mean - exact) / error).max())
        measured[f"standard error of the first, relative: {name}"] = float(error[0] / exact[0])
    spaces: tuple[tuple[Any, Any], ...] = (
        (mf.Circle(64), {1: 0.2, 2: 0.1, 5: 0.1}),
        (mf.ZonalSphere(8, 24), {1: 0.2, 2: 0.1, 5: 0.1}),
        (mf.Sphere(16), {(1, 0): 0.2, (2, 1): 0.1, (5, 3): 0.1}),
    )
    for space, modes in spaces:
        exact = np.exp(-KAPPA * growth.laplace(space.d, int(space.degrees.max())) * END)
        measured[f"density, {space}"] = _density_error(mf.perturbed_uniform(space, modes), exact)
    bounds = {"standard errors": 4.5, "standard error": 0.02, "density": 1e-14}
    limits: Any = {name: (None, next(b for start, b in bounds.items() if name.startswith(start))) for name in measured}
    return judge(measured, limits)
