"""2110.11773: the limit of doubly stochastic attention as beta -> infinity is heat."""

from __future__ import annotations

import numpy as np

import meanfield as mf
from meanfield.protocols import Array
from validation.checks._tools import start
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

T = 0.05


@check("F35", where="2110.11773", title="Sinkhorn attention of large beta is the heat equation, to order 1 / beta")
def heat(bench: Bench) -> Verdict:
    """On the circle the repulsive flow at time 2 beta t is e^{t Laplacian} but for C / beta: c_k e^{-k^2 t}, k <= 4.

    beta = 10, 20, 40 (full: 40, 80, 160), orders of neighbours within 0.1 (0.03) of 1.  In R^1 on Gauss-Hermite points,
    exact for Gaussian measures of variance s: X(x) = m + c (x - m), c = ((1 + 4 b^2 s^2)^(1/2) - 1) / (2 b s), which
    is x + (log rho)' / (2 beta) to order beta^-2: 1e-10.
    """
    full = bench.tier == "full"
    betas = np.array([40.0, 80.0, 160.0] if full else [10.0, 20.0, 40.0])
    rho, k = start(48), np.arange(5)
    cold = rho.moments(4) * np.exp(-T * k**2)
    off = []
    for beta in betas:
        end = 2.0 * beta * T
        sol = mf.solve(mf.Sinkhorn(beta, sign=-1), rho, (0.0, end), t_eval=[end], rtol=1e-7)
        off.append(float(np.abs(sol(end).moments(4) - cold).max()))
    orders = -np.diff(np.log(off)) / np.diff(np.log(betas))
    measured = {f"beta = {b:g}: off": e for b, e in zip(betas, off, strict=True)}
    measured |= {f"order, {b:g} to {2 * b:g}": p for b, p in zip(betas, orders, strict=False)}
    measured["Gaussian: X off"] = max(_gaussian(0.5, s) for s in (0.3, 0.8))
    limits: dict[str, tuple[float | None, float | None]] = {"Gaussian: X off": (None, 1e-10)}
    room = 0.03 if full else 0.1
    return judge(measured, limits | {name: (1.0 - room, 1.0 + room) for name in measured if name.startswith("order")})


def _gaussian(b: float, s: float) -> float:
    """The largest error of X, where the points weigh more than 1e-12."""
    z, w = np.polynomial.hermite_e.hermegauss(40)
    x: Array = 0.4 + np.sqrt(s) * z
    mu = mf.Points(x[:, None], weights=w, geometry="flat")
    c = (np.sqrt(1.0 + 4.0 * (b * s) ** 2) - 1.0) / (2.0 * b * s)
    X = mf.Sinkhorn(b, geometry="flat").velocity(0.0, mu.x, mu)[:, 0]
    return float(np.abs(X - 0.4 - c * (x - 0.4))[mu.weights > 1e-12].max())
