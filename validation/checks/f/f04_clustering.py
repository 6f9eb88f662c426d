"""2504.14697: exponential convergence to a Dirac for small beta, and the constant of its inequality along the flow."""

from __future__ import annotations

from math import exp

import numpy as np

import meanfield as mf
from validation.exact import poisson
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

POISSON = 0.3


@check("F04", where="2504.14697", title="small beta: dE/dt >= c (E_max - E) along the flow, c to 1; a Dirac at e^(-t)")
def polyak(bench: Bench) -> Verdict:
    """The ratio c(t) = (dE/dt) / (E_max - E) along SA's flow on the circle, E_max a Dirac's.

    beta = 0, from a Poisson kernel of r = 0.3: E = r^2 / 2 (without its constant) and r' = r (1 - r^2) / 2, so that c
    is r^2, as is checked by `exact.poisson` (1e-11).  beta = 0.25 and 0.5 (full: 1), from
    1 + 0.4 cos theta + 0.2 cos 2 theta, carried by its flow: c never falls, so that its first value is the constant of
    the inequality, and tends to 1 (2e-3 at t = 14); E_max - E falls as e^{-t}, 1% from t = 10 on: a Dirac moves what is
    near its antipode, which decides, away from there at the rate 1 whatever beta.
    """
    t = np.linspace(0.0, 14.0, 57)
    rho0 = mf.poisson_kernel(mf.Circle(128), [POISSON, 0.0])
    sol = mf.solve(mf.SA(0.0), rho0, (0.0, 6.0), t_eval=t[t <= 6.0], method="lagrangian", rtol=1e-11, atol=1e-13)
    r = poisson.circle_radius(sol.t, POISSON)
    c = np.asarray(sol.dissipation) / (0.5 * (1.0 - r**2))
    measured = {"beta = 0: c - r^2": float(np.abs(c - r**2).max())}
    limits: dict[str, tuple[float | None, float | None]] = {"beta = 0: c - r^2": (None, 1e-11)}
    start = mf.Circle(128).density(lambda q: 1.0 + 0.4 * np.cos(q) + 0.2 * np.cos(2.0 * q))
    for beta in (0.25, 0.5) if bench.tier == "quick" else (0.25, 0.5, 1.0):
        sol = mf.solve(mf.SA(beta), start, (0.0, 14.0), t_eval=t, method="lagrangian", rtol=1e-9, atol=1e-11)
        gap = exp(beta) / (2.0 * beta) - np.asarray(sol.energy)
        c = np.asarray(sol.dissipation) / gap
        late, name = t >= 10.0, f"beta = {beta:g}"
        measured |= {
            f"{name}: c at the start": float(c[0]),
            f"{name}: fall of c": float(max(0.0, -np.diff(c).min())),
            f"{name}: 1 - c at the end": float(abs(1.0 - c[-1])),
            f"{name}: rate of E_max - E": float(-np.polyfit(t[late], np.log(gap[late]), 1)[0]),
        }
        room = 0.01 if beta < 1.0 else 0.05
        limits |= {
            f"{name}: c at the start": (0.01, None), f"{name}: fall of c": (None, 1e-7),
            f"{name}: 1 - c at the end": (None, 2e-3 if beta < 1.0 else 5e-3),
            f"{name}: rate of E_max - E": (1.0 - room, 1.0 + room),
        }  # fmt: skip
    return judge(measured, limits)
