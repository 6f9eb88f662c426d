"""2510.22026 and 2512.01868: where a network normalises, how fast its tokens gather."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import ode
from validation.rates import slope
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

N, BETA = 6, 1.0
NORMS = ("post", "pre", "peri", "ngpt", "ln-scaling")


def _equal_angles(rho: float) -> Array:
    """N unit rows with <x_i, x_j> = rho."""
    return np.linalg.cholesky((1.0 - rho) * np.eye(N) + rho * np.ones((N, N)))


def _reduced(norm: str) -> Any:
    """(rho, r)' of equal angles and lengths: rho' = 2 (1 - rho) (mass of the others' pull) / speed, r' = <theta, A>."""

    def field(t: float, y: Array) -> Array:
        rho, r = y
        own, other = np.exp(BETA), np.exp(BETA * rho)
        a, b = own / (own + (N - 1) * other), other / (own + (N - 1) * other)
        along = a + (N - 1) * b * rho  # A = a theta_i + b sum of the others
        across = 2.0 * b * (1.0 - rho) * (1.0 + (N - 1) * rho)  # rho' at speed 1
        size = np.sqrt(a * a + 2.0 * a * b * (N - 1) * rho + b * b * (N - 1) * (1.0 + (N - 2) * rho))
        slow, grow = {
            "post": (1.0, 0.0), "ngpt": (1.0 / size, 0.0),
            "pre": (1.0 / r, 1.0), "peri": (1.0 / (r * size), 1.0 / size),
            "ln-scaling": (1.0 / (r * np.sqrt(1.0 + t)), 1.0 / np.sqrt(1.0 + t)),
        }[norm]  # fmt: skip
        return np.array([across * slow, along * grow])

    return field


@check("F08", where="2510.22026", title="placements of the normalisation are speeds", covers=("F07", "F08"))
def norms(bench: Bench) -> Verdict:
    """Six tokens of equal angles, <x_i, x_j> = 0.2, under every placement, against two equations for rho and r: 1e-8.

    The equations are written from A = a theta_i + b sum of the others, in scipy's integrator, to t = 20.  Then, of the
    tokens themselves, the slopes that are claimed (2512.01868): log(1 - rho) over t is -2 for post and ngpt (0.01, from
    t = 6 to 9), over log r it is -2 for pre, peri and ln-scaling (0.02, t = 100 to 1000), over log t -2 for the first
    two of these (0.05: r is t and a constant).
    """
    x, measured = _equal_angles(0.2), {}
    pair = np.triu_indices(N, 1)

    def gaps(run: Any) -> Array:
        theta = run.x / np.linalg.norm(run.x, axis=-1, keepdims=True)
        return np.array([0.5 * np.mean(np.sum((y[pair[0]] - y[pair[1]]) ** 2, axis=-1)) for y in theta])

    for norm in NORMS:
        law = mf.Normalised(mf.SA(BETA), norm)
        t = [1.0, 5.0, 20.0]
        run = pt.simulate(law, x, (0.0, 20.0), t, rtol=1e-12, atol=1e-14)
        exact = ode.integrate(_reduced(norm), np.array([0.2, 1.0]), t)[1]
        r = np.linalg.norm(run.x, axis=-1).mean(axis=-1)
        measured[f"rho, {norm}"] = np.abs(1.0 - gaps(run) - exact[:, 0]).max()
        measured[f"r, {norm}, relative"] = np.abs(r / exact[:, 1] - 1.0).max()
        if norm in ("post", "ngpt"):
            late = np.linspace(6.0, 9.0, 7)
            run = pt.simulate(law, x, (0.0, 9.0), late, rtol=1e-12, atol=1e-14)
            measured[f"slope over t, {norm}"] = np.polyfit(late, np.log(gaps(run)), 1)[0]
            continue
        late = np.geomspace(100.0, 1000.0, 7)
        run = pt.simulate(law, x, (0.0, 1000.0), late, rtol=1e-12, atol=1e-14)
        r = np.linalg.norm(run.x, axis=-1).mean(axis=-1)
        measured[f"slope over log r, {norm}"] = slope(r, gaps(run)).slope
        if norm != "ln-scaling":
            measured[f"slope over log t, {norm}"] = slope(late, gaps(run)).slope
    rooms = {"slope over t": 0.01, "slope over log r": 0.02, "slope over log t": 0.05}
    limits: dict[str, Any] = {}
    for name in measured:
        room = rooms.get(name.partition(",")[0])
        limits[name] = (None, 1e-8) if room is None else (-2.0 - room, -2.0 + room)
    told: Limits = limits
    return judge(measured, told)
