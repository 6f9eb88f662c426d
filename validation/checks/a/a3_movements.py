"""A, section 3.4.2, by computation: minimising movements of one energy in two metrics have two limits, SA and USA."""

from __future__ import annotations

import numpy as np

import meanfield as mf
from validation.metrics import w2_circle
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

LIMITS = ((0.9, 1.1), (1e-2, None), (0.0, None), (None, 1e-8))
"""Of the order, the distance to the other law, what the objective falls by, and the residual."""


@check("A25.movements", where="A 3.4.2 (3.15)", title="minimising movements in W_{2,E} tend to SA, in W_2 to USA")
def movements(bench: Bench) -> Verdict:
    """One energy, two metrics, two limits: steps that minimise d(mu_n, mu)^2 / 2 tau - E(mu).

    b = 1 (full: 4 too), relative scale, t = 1, from 1 + 0.3 cos + 0.2 sin 2: W_2 to the spectral answers falls with
    order 1 within 0.1 towards SA where d is W_{2,E}, and towards USA where it is W_2 (steps 0.1 and 0.05; full: 0.05
    and 0.025); from the other law the finer one stays more than 1e-2 away.  In every step the objective falls, and the
    residual of its optimality is below 1e-8 of the slope.
    """
    rho0 = mf.Circle(64).density(lambda theta: 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta))
    full = bench.tier == "full"
    steps = (0.05, 0.025) if full else (0.1, 0.05)
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for beta in (1.0, 4.0) if full else (1.0,):
        laws = {"SA": mf.SA(beta, scale="relative"), "USA": mf.USA(beta, scale="relative")}
        at = {name: mf.solve(law, rho0, (0.0, 1.0), t_eval=[1.0])(1.0) for name, law in laws.items()}
        for own, other in (("SA", "USA"), ("USA", "SA")):
            runs = [
                mf.solve(laws[own], rho0, (0.0, 1.0), t_eval=[1.0], method=mf.MinimisingMovements(step=step))
                for step in steps
            ]
            off = [float(w2_circle(sol(1.0), at[own])) for sol in runs]
            away = float(w2_circle(runs[-1](1.0), at[other]))
            told = [sol.diagnostics for sol in runs]
            name = f"{own}'s metric, beta = {beta:g}"
            measured |= {
                f"order towards {own}, {name}": float(np.log2(off[0] / off[1])),
                f"W_2 to {other}, {name}": away,
                f"objective, least fall, {name}": min(float(one["fell"].min()) for one in told),
                f"residual, {name}": max(float(one["residual"].max()) for one in told),
            }
            for told_of, limit in zip(list(measured)[-4:], LIMITS, strict=True):
                limits[told_of] = limit
    return judge(measured, limits)
