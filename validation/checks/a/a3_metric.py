"""A, section 3.4.2: the weighted Wasserstein distance, in whose metric SA climbs the energy."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
from validation.exact import two_points
from validation.metrics import w2_circle, w2_energy_circle
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

STEP = 1e-3


def _densities() -> tuple[Any, ...]:
    """The README's, and von Mises ones; the first has no symmetry."""
    space = mf.Circle(64)
    flag = space.density(lambda theta: 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta))
    made = [mf.von_mises_fisher(space, [np.cos(m), np.sin(m)], k) for m, k in ((1.0, 1.0), (0.0, 1.0), (2.5, 2.0))]
    return flag, *made


@check("A25", where="A 3.4.2 (3.15), (3.16)", title="W_{2,E}: SA's velocity is the gradient of E; bounds by W_2")
def weighted_distance(bench: Bench) -> Verdict:
    """SA's Z X is grad Z / b at nodes, to rounding; and W_{2,E} as least action, paths and cut free.

    Between two densities on the circle, b = 1 (full: four, b = 1, 4, 16, and the triangle inequality): e^{-b/2} W_2 <=
    W <= e^{b/2} W_2; W(a, b) = W(b, a) and W = W_2 at b = 0, to 1e-9; the middle of a geodesic is half way, to 1e-9.
    Between measures of SA's run 2e-3 apart W is the root of dE/dt times that, to 1e-6: the factor of b in (3.15) is
    right.  Two points against a quadrature: 1e-9.
    """
    a, b, c, far = _densities()
    measured: dict[str, float] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}

    def told(name: str, value: float, low: float | None, high: float | None) -> None:
        measured[name], limits[name] = value, (low, high)

    full = bench.tier == "full"
    for beta in (1.0, 4.0, 16.0) if full else (1.0,):
        pairs, W = [(a, b), (b, c), (a, c), (a, far)][: 4 if full and beta < 2.0 else 3 if full else 1], []
        for i, (one, other) in enumerate(pairs):
            length, path = w2_energy_circle(one, other, beta, return_path=True)
            W.append(length)
            ratio = float(np.log(length / w2_circle(one, other)))
            told(f"|log W / W_2| less b / 2, b = {beta:g}, pair {i}", abs(ratio) - 0.5 * beta, None, 0.0)
            if i == 0:
                back = w2_energy_circle(other, one, beta) / length - 1.0
                told(f"W(a, b) / W(b, a) - 1, b = {beta:g}", abs(back), None, 1e-9)
                half = w2_energy_circle(one, path(0.5), beta) / length - 0.5
                told(f"half way - 1 / 2, b = {beta:g}", abs(half), None, 1e-9)
        if full:
            told(f"triangle, slack, b = {beta:g}", (sum(W[:3]) - 2.0 * max(W[:3])) / max(W[:3]), 0.0, None)
    told("W / W_2 - 1, b = 0", abs(w2_energy_circle(a, b, 0.0) / w2_circle(a, b) - 1.0), None, 1e-9)
    sol = mf.solve(mf.SA(4.0), a, (0.0, 2.0 * STEP), t_eval=[0.0, STEP, 2.0 * STEP], rtol=1e-13)
    speed = w2_energy_circle(sol.densities[0], sol.densities[2], 4.0) / (2.0 * STEP)
    told("W / h over the root of dE/dt, SA, - 1", abs(speed / float(np.sqrt(sol.dissipation[1])) - 1.0), None, 1e-6)
    points = w2_energy_circle([-0.3, 0.3], [-1.0, 1.0], 4.0) / two_points.length(0.6, 2.0, 4.0)
    told("two points - quadrature", abs(points - 1.0), None, 1e-9)
    r, x = a.read(mf.Exponential(4.0), None, "ZM"), np.asarray(mf.SA(4.0).velocity(0.0, None, a))
    grad = np.asarray(mf.USA(4.0).velocity(0.0, None, a))
    off = np.abs(x * (r.Z * np.exp(r.log)) - grad).max() / np.abs(grad).max()
    told("Z X - grad U", float(off), None, 1e-12)
    return judge(measured, limits)
