"""2508.09628: hardmax as Frank-Wolfe steps: straight lines to vertices, and how long finite beta stays near them."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
from scipy.integrate import quad

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

ONE = np.eye(2)
GAP = 1.5
"""<v, v> - <v, w> of two vertices of the triangle."""


def pulled(beta: float, K: Array | None = None) -> Any:
    """z' = mean over the leaders less z."""
    return mf.SA(beta, K=K, geometry="flat") + mf.Linear(-ONE, geometry="flat")


def corners(n: int) -> Array:
    """Of a regular polygon in the unit circle."""
    theta = 2.0 * np.pi * np.arange(n) / n
    return np.stack([np.cos(theta), np.sin(theta)], axis=1)


@check(
    "F22", where="2508.09628; A 9.3 (9.5)", title="Hardmax: cells, straight lines; finite beta stays e^{gap beta} long"
)
def frank_wolfe(bench: Bench) -> Verdict:
    """Five vertices on the unit circle and 15 tokens inside (40 in the full tier): each leader is the nearest vertex
    (Voronoi's cell), none ever changes, vertices rest, and tokens go along straight lines, v + (z - v) e^{-t}, 1e-11.

    With scores -<z_i, z_j> all come to the origin: in 400 layers of step 0.02 the largest |z| of 20 tokens never rises
    by more than a step, and ends below a twentieth.  At finite beta the vertices of a triangle shrink towards the
    origin: the time until 0.9 of their distance is left, by an event, is the integral of (1 + 2 a) / (3 r a),
    a = e^{-3 beta r^2 / 2}, to 1e-7 at beta = 2, 4, 6; the slope of log(beta T) in beta tends to the gap 3/2: within
    0.05 from beta = 6 to 14.
    """
    rng = np.random.default_rng(bench.rng)
    five = corners(5)
    x = np.concatenate([five, rng.dirichlet(np.ones(5), 15 if bench.tier == "quick" else 40) @ five])
    nearest = np.linalg.norm(x[:, None] - five, axis=-1).argmin(axis=1)
    leaders = [one.tolist() for one in pt.leaders(pulled(np.inf), x).sets]
    times = np.linspace(0.0, 4.0, 9)
    run = pt.simulate(pulled(np.inf), x, (0.0, 4.0), times, rtol=1e-12, atol=1e-14)
    lines = five[nearest] + (x - five[nearest]) * np.exp(-times)[:, None, None]
    away = pt.simulate(pulled(np.inf, -ONE), rng.standard_normal((20, 2)), (0.0, 8.0), method="euler", step=0.02)
    size = np.linalg.norm(away.x, axis=-1).max(axis=-1)
    left = [_left(beta) / _time(beta) - 1.0 for beta in (2.0, 4.0, 6.0)]
    betas = np.array([6.0, 8.0, 10.0, 12.0, 14.0])
    slope = float(np.polyfit(betas, [np.log(b * _time(b)) for b in betas], 1)[0])
    measured = {
        "leaders that are not the nearest vertex": sum(a != [int(b)] for a, b in zip(leaders, nearest, strict=True)),
        "changes of leader": len(run.switches),
        "tokens off straight lines": float(np.abs(run.x - lines).max()),
        "scores turned: rise of the largest |z|": float(np.diff(size).max()),
        "scores turned: |z| at the end over the first": float(size[-1] / size[0]),
        "time to leave over the integral, less 1": float(np.abs(left).max()),
        "slope of log(beta T)": slope,
        "T at beta = 14": _time(14.0),
    }
    return judge(
        measured,
        {
            "leaders that are not the nearest vertex": (0, 0),
            "changes of leader": (0, 0),
            "tokens off straight lines": (None, 1e-11),
            "scores turned: rise of the largest |z|": (None, 0.02),
            "scores turned: |z| at the end over the first": (None, 0.05),
            "time to leave over the integral, less 1": (None, 1e-7),
            "slope of log(beta T)": (GAP - 0.05, GAP + 0.05),
        },
    )


def _left(beta: float) -> float:
    """When the triangle has shrunk to 0.9, by an event."""
    until: Any = lambda t, mu: float(np.linalg.norm(mu.x[0])) - 0.9  # noqa: E731
    return float(pt.simulate(pulled(beta), corners(3), (0.0, 1e5), [0.0], until=until, rtol=1e-10, atol=1e-12).end)


def _time(beta: float) -> float:
    """The same by the integral over r, r' = -3 r a / (1 + 2 a)."""
    return float(
        quad(lambda r: (1.0 + 2.0 * exp(-GAP * beta * r * r)) / (3.0 * r * exp(-GAP * beta * r * r)), 0.9, 1.0)[0]
    )
