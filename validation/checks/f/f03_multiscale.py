"""2509.25040: beta as large as the number of tokens, and three times that separate."""

from __future__ import annotations

from dataclasses import replace
from math import cos, exp, log
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtri

import meanfield as mf
import particles as pt
from meanfield.plot import style
from meanfield.protocols import Array
from validation.exact import diracs
from validation.exact.porous import porous
from validation.registry import Bench, check
from validation.verdict import Verdict, evidence, judge

CENTRES = (0.0, 1.3, 2.9)
"""Longitudes of three clouds: the first two are nearest."""
WIDTH, NARROW = 0.2, 1e-3
"""Standard deviation of a cloud's longitudes, and where it counts as a cluster."""
LATITUDES = (-0.3, -0.15, 0.15, 0.3)
LATER = 0.25
"""T, of times beta T."""
FALLEN = exp(-4.0)
"""Share of the first distance from the plane at which the first phase is over."""


class Times(NamedTuple):
    """When the three phases end; the last two by their logarithms, mergers."""

    plane: float
    clusters: float
    first: float
    last: float


@check("F03", where="2509.25040", title="beta ~ N: onto a subspace in O(1), clusters in O(beta), mergers e^(c beta)")
def multiscale(bench: Bench) -> Verdict:
    """Q = K = I, V = diag(1, 1, 0), N = 3 beta tokens of S^2 in three clouds, beta = 32, 64, 128 (full: 256).

    To leading order x' = P_x V x, by which tan(latitude) falls as e^{-t}: the time by which it has fallen by e^4 is 4
    within 2/beta, at every beta.  In the plane x' = grad log rho / beta is left, and a cloud of normal longitudes stays
    one, log s^2 + beta s^2 falling by 2 a unit of time (a Gaussian tilted by e^{-beta (x - y)^2 / 2}): the time until
    s = 1e-3 is (beta (s_0^2 - s^2) + log(s_0^2 / s^2)) / 2, 3% of it (curvature is of order s_0^2), and grows like
    beta s_0^2 / 2, 2%.  Then clusters merge one after the other, followed in log t by `longtime` from where the run
    ends: each as two Diracs would (`exact.diracs`; 1e-3 of the logarithm, what the third cluster does at beta = 32),
    the nearest two first, and log(beta t) grows like beta (1 - cos(gap)), 1e-3 of it.
    """
    betas = np.array([32.0, 64.0, 128.0] if bench.tier == "quick" else [32.0, 64.0, 128.0, 256.0])
    runs = [_times(float(beta)) for beta in betas]
    told = np.array([one for one, _ in runs])
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for (one, off), beta in zip(runs, betas, strict=True):
        name, wait = f"beta = {beta:g}", 0.5 * (beta * (WIDTH**2 - NARROW**2) + 2.0 * log(WIDTH / NARROW))
        measured |= {
            f"onto the plane, {name}": one.plane,
            f"clusters over theory, {name}": one.clusters / wait,
            f"log t of mergers - two Diracs', {name}": off,
            f"log t of the last over beta, {name}": one.last / beta,
        }
        limits |= {
            f"onto the plane, {name}": (4.0 - 2.0 / beta, 4.0 + 2.0 / beta),
            f"clusters over theory, {name}": (0.97, 1.03),
            f"log t of mergers - two Diracs', {name}": (None, 1e-3),
        }
    grow = [np.polyfit(betas, one, 1)[0] for one in (told[:, 1], *(told[:, 2:] + np.log(betas)[:, None]).T)]
    slopes = {
        "slope of the clusters' time over s_0^2 / 2": grow[0] / (0.5 * WIDTH**2),
        "slope of log(beta t), first merger, over 1 - cos": grow[1] / (1.0 - cos(1.3)),
        "slope of log(beta t), last merger, over 1 - cos": grow[2] / (1.0 - cos(2.25)),
    }
    measured |= {name: float(value) for name, value in slopes.items()}
    limits |= {name: (0.98, 1.02) if "clusters" in name else (0.999, 1.001) for name in slopes}
    return judge(measured, limits, pictures=[bench.figure("times", lambda: _draw(betas, told))])


@check("F03.porous", where="2509.25040", title="V = -I: rho(beta T) tends to a porous medium (USA), to heat (SA)")
def porous_medium(bench: Bench) -> Verdict:
    """rho_0 = 1 + 0.3 cos theta + 0.2 sin 2 theta, repulsive, times beta T, T = 1/4; beta = 32 to 256 (full: 1024).

    Z / lambda_0 is rho and (1 / 2 beta) rho'' to leading order, and X = -grad Z / beta: in T the repulsive USA in the
    relative scale is d_T rho = (rho^2)'' / 2 but for O(1 / beta), the porous medium equation (`exact.porous`, implicit
    steps that share nothing with ours); X = -grad log Z / beta is the heat equation, whose modes fall by e^{-k^2 T}.
    The largest error of rho at 32 angles times beta is so a constant, and its order in 1 / beta is 1.  Attraction is
    either of them backward, ill-posed without the kernel.  No equation of that paper is at hand: evidence.
    """
    betas = 2.0 ** np.arange(5, 9 if bench.tier == "quick" else 11)
    theta = 2.0 * np.pi * np.arange(32) / 32

    def start(theta: Array) -> Array:
        return np.asarray(1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta))

    heat = 1.0 + 0.3 * exp(-LATER) * np.cos(theta) + 0.2 * exp(-4.0 * LATER) * np.sin(2.0 * theta)
    told: dict[str, Array] = {"porous medium, USA": porous(start(theta), LATER), "heat, SA": heat}
    laws = (mf.USA(1.0, sign=-1, scale="relative"), mf.SA(1.0, sign=-1))
    off, rho0 = np.empty((len(betas), 2)), mf.Circle(64).density(start)
    for i, beta in enumerate(betas):
        for j, (law, exact) in enumerate(zip(laws, told.values(), strict=True)):
            end = LATER * float(beta)
            run = mf.solve(replace(law, beta=float(beta)), rho0, (0.0, end), t_eval=[end], rtol=1e-8)
            off[i, j] = np.abs(run.densities[-1](theta) - exact).max()
    orders = -np.polyfit(np.log(betas), np.log(off), 1)[0]
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    for j, name in enumerate(told):
        measured |= {
            f"order in 1 / beta, {name}": float(orders[j]),
            f"beta error, {name}": float(betas[-1] * off[-1, j]),
        }
        limits |= {f"order in 1 / beta, {name}": (0.95, 1.05), f"beta error, {name}": (0.1, 0.5)}
    return evidence(measured, limits, pictures=[bench.figure("porous", lambda: _draw_porous(betas, off, list(told)))])


def _draw_porous(betas: Array, off: Array, names: list[str]) -> Any:
    with style.axes(None) as ax:
        for k, (name, look) in enumerate(zip(names, style.line_styles(len(names)), strict=True)):
            ax.loglog(betas, off[:, k], label=name, **look)
        ax.set(xlabel=r"$\beta$", ylabel=r"largest error of $\rho$ at $t = \beta / 4$")
        style.headline(ax, r"$V = -I$ on the circle: limits as $\beta$ grows")
        ax.legend()
    return ax


def _start(beta: float) -> tuple[Array, Array]:
    """Rows (3 beta, 3), and which cloud each belongs to: longitudes at quantiles, each at four latitudes."""
    m = round(beta / len(LATITUDES))
    spread = WIDTH * ndtri((np.arange(m) + 0.5) / m)
    spread *= WIDTH / np.sqrt(np.mean(spread**2))
    cloud, lon, lat = (a.ravel() for a in np.meshgrid(np.arange(3), spread, LATITUDES, indexing="ij"))
    lon = lon + np.array(CENTRES)[cloud]
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1), cloud


def _times(beta: float) -> tuple[Times, float]:
    """The times, and by how much log t of the mergers is off that of two Diracs."""
    law = mf.SA(beta, V=np.diag([1.0, 1.0, 0.0]))
    x, cloud = _start(beta)
    end = 0.5 * beta * WIDTH**2 + 8.0
    t = np.linspace(0.0, end, 401)
    run = pt.simulate(law, x, (0.0, end), t, rtol=1e-7, atol=1e-10)
    off = np.sqrt(np.mean(np.square(np.tan(np.arcsin(run.x[..., 2]))), axis=1))
    turn = np.array(CENTRES)[cloud]
    lon = turn + np.angle((run.x[..., 0] + 1j * run.x[..., 1]) * np.exp(-1j * turn))
    wide = np.max([np.std(lon[:, cloud == k], axis=1) for k in range(3)], axis=0)
    plane, clusters = (float(np.interp(-log(s), -np.log(a), t)) for s, a in ((off[0] * FALLEN, off), (NARROW, wide)))
    centres = np.array([lon[-1, cloud == k].mean() for k in range(3)])
    late = pt.longtime(mf.SA(beta), centres, log_t_end=2.0 * beta + 10.0, merge_gap=1e-3)
    first, last = (m.log_t for m in late.merges)
    middle = 0.5 * (centres[0] + centres[1])
    waits = [
        diracs.log_merge_time(centres[1] - centres[0], 1e-3, beta, "SA", 0.5),
        diracs.log_merge_time(centres[2] - middle, 1e-3, beta, "SA", 2.0 / 3.0),
    ]
    # SA knows ratios of masses only: two thirds of three are halves of a pair
    return Times(plane, clusters, first, last), float(np.abs(np.array(waits) - (first, last)).max())


def _draw(betas: Array, told: Array) -> Any:
    names = ("onto the plane", "clusters", "first merger", "last merger")
    logs = np.column_stack([np.log10(told[:, :2]), told[:, 2:] / log(10.0)])
    with style.axes(None) as ax:
        for k, (name, look) in enumerate(zip(names, style.line_styles(4), strict=True)):
            ax.plot(betas, logs[:, k], label=name, **look)
        ax.set(xlabel=r"$\beta$ (a third of the number of tokens)", ylabel=r"$\log_{10}$ of the time when it is over")
        ax.set_yscale("log")
        style.headline(ax, r"$V = \mathrm{diag}(1, 1, 0)$, three clouds of $S^2$: three scales of time")
        ax.legend()
    return ax
