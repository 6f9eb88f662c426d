"""2510.22026 and 2512.01868: where a network normalises, how fast its tokens gather."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
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


def _speeds(measured: dict[str, float]) -> dict[str, Any]:
    """The table: d rho / dt of orthogonal tokens at the start."""
    own, other = math.exp(BETA), 1.0
    total = own + (N - 1) * other
    a, b = own / total, other / total
    size = math.sqrt(a * a + (N - 1) * b * b)  # |A|, of orthogonal tokens
    limits: dict[str, Any] = {}
    for norm in NORMS:
        v = mf.Normalised(mf.SA(BETA), norm).velocity(0.0, None, mf.Points(np.eye(N), geometry="flat"))
        side = v - np.diag(np.diag(v))  # of unit tokens e_i, along the sphere
        first = float(2.0 * side[0, 1])
        measured[f"speed at the start, {norm}"] = first
        told = 2.0 * b / (size if norm in ("peri", "ngpt") else 1.0)
        limits[f"speed at the start, {norm}"] = (told - 1e-14, told + 1e-14)
    return limits


def _mixed(x: Array, measured: dict[str, float], gaps: Any) -> None:
    """After the sum to t = 5, before attention from then on: tokens against the two equations, one after the other."""
    law = mf.Normalised(mf.SA(BETA), "mix", change=5.0)
    run = pt.simulate(law, x, (0.0, 20.0), [5.0, 20.0], land=[5.0], rtol=1e-12, atol=1e-14)
    middle = ode.integrate(_reduced("post"), np.array([0.2, 1.0]), [5.0])[1][-1]
    end = ode.integrate(_reduced("pre"), middle, [15.0])[1][-1]
    measured["rho, mix"] = np.abs(1.0 - gaps(run) - [middle[0], end[0]]).max()
    measured["r, mix, relative"] = abs(np.linalg.norm(run.x[-1], axis=-1).mean() / end[1] - 1.0)


def _drawn() -> Any:
    t = np.geomspace(0.1, 100.0, 60)
    with style.axes() as ax:
        for norm, look in zip(NORMS, style.line_styles(len(NORMS)), strict=True):
            gap = 1.0 - ode.integrate(_reduced(norm), np.array([0.2, 1.0]), t)[1][:, 0]
            ax.plot(t, gap, color=look["color"], linestyle=look["linestyle"], label=norm)
        ax.set(xscale="log", yscale="log", xlabel="t", ylabel="1 - rho", ylim=(1e-8, 1.0))
        ax.set_title(f"{N} tokens of equal angles, rho = 0.2 at the start, beta = {BETA:g}")
        legends.legend(ax)
    return ax


@check("F08", where="2510.22026", title="placements of the normalisation are speeds", covers=("F07", "F08"))
def norms(bench: Bench) -> Verdict:
    """Six tokens of equal angles, <x_i, x_j> = 0.2, under every placement, against two equations for rho and r: 1e-8.

    The equations are written from A = a theta_i + b sum of the others, in scipy's integrator, to t = 20.  Then, of the
    tokens themselves, the slopes that are claimed (2512.01868): log(1 - rho) over t is -2 for post and ngpt (0.01, from
    t = 6 to 9), over log r it is -2 for pre, peri and ln-scaling (0.02, t = 100 to 1000), over log t -2 for the first
    two of these (0.05: r is t and a constant).

    "mix" at t = 5 is the first and then the second of the equations.  The table of speeds: rho' of orthogonal tokens at
    the start, 2 b, over |A| for peri and ngpt (1e-14); at the end (1 - rho)' / (1 - rho) is -2, or -2 / t and -1 / t,
    which the slopes are.
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
        run = pt.simulate(law, x, (0.0, 1000.0), late, rtol=1e-10, atol=1e-14)
        r = np.linalg.norm(run.x, axis=-1).mean(axis=-1)
        measured[f"slope over log r, {norm}"] = slope(r, gaps(run)).slope
        if norm != "ln-scaling":
            measured[f"slope over log t, {norm}"] = slope(late, gaps(run)).slope
    rooms = {"slope over t": 0.01, "slope over log r": 0.02, "slope over log t": 0.05}
    limits: dict[str, Any] = {}
    for name in measured:
        room = rooms.get(name.partition(",")[0])
        limits[name] = (None, 1e-8) if room is None else (-2.0 - room, -2.0 + room)
    _mixed(x, measured, gaps)
    limits |= {"rho, mix": (None, 1e-8), "r, mix, relative": (None, 1e-8)} | _speeds(measured)
    told: Limits = limits
    return judge(measured, told, pictures=[bench.figure("speeds", _drawn)])
