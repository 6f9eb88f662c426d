"""B, Remarks 1.1 and 3.4, section 11.1: layers in R^d, their rescaling, and the published set-up."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from scipy.spatial import ConvexHull

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

STEPS = (0.1, 0.05, 0.025, 0.0125)


def _set_up(rng: Any, n: int, d: int) -> tuple[Array, Array, Array]:
    """Unit tokens and random Q, K."""
    Q, K = rng.standard_normal((2, d, d)) / np.sqrt(d)
    return pt.uniform(n, d, rng), Q, K


@check("B02", where="B Rem 1.1 (1.3)", title="discrete layers are Euler's steps")
def layers(bench: Bench) -> Verdict:
    """Random Q, K and a symmetric V, 6 unit tokens, to t = 2: largest differences of layers from the flow at steps
    0.1 / 2^k, whose last order is 1 +- 0.1.
    """
    rng = np.random.default_rng(bench.rng)
    x0, Q, K = _set_up(rng, 6, 3)
    G = rng.standard_normal((3, 3)) / 3.0
    law = mf.SA(1.0, Q=Q, K=K, V=0.5 * (G + G.T), geometry="flat")
    x = pt.simulate(law, x0, (0.0, 2.0), [2.0], rtol=1e-11, atol=1e-13).x[-1]
    errors = [float(np.abs(pt.layers(law, x0, round(2.0 / h), h).x[-1] - x).max()) for h in STEPS]
    return judge({"order": float(np.log2(errors[-2] / errors[-1]))}, {"order": (0.9, 1.1)})


@check("B13", where="B Rem 3.4", title="the hull of rescaled layers shrinks")
def hull(bench: Bench) -> Verdict:
    """Random Q and K, V = I, 12 unit tokens of the plane, 40 layers of step 0.1: z = R^{-k} x, R = (1 + 0.1) I, lies in
    the hull of the layer before, while that is wider than 1e-6: 1e-12 beyond a facet.
    """
    rng = np.random.default_rng(bench.rng)
    x0, Q, K = _set_up(rng, 12, 2)
    run = pt.layers(mf.SA(1.0, Q=Q, K=K, geometry="flat"), x0, 40, 0.1)
    z, out = run.rescaled(np.eye(2)), 0.0
    for before, now in pairwise(z):
        if np.linalg.matrix_rank(before - before[0], tol=1e-6) < 2:
            break
        facets = ConvexHull(before, qhull_options="QJ").equations
        out = max(out, float((now @ facets[:, :2].T + facets[:, 2]).max()))
    return judge({"beyond a facet": out}, {"beyond a facet": (None, 1e-12)})


def _attention(x: Array, Q: Array, K: Array) -> Array:
    """Rows of softmax <Q x_i, K x_j>."""
    s = (x @ Q.T) @ (x @ K.T).T
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


@check("B37", where="B 11.1", title="the numerical set-up: as printed, as coded")
def setup(bench: Bench) -> Verdict:
    """Data uniform on [-5, 5]^3, matrices on [-1, 1], step 0.1, V = I, rescaled, to t = 1.  As printed: RK4, ours
    against four stages written out, 1e-12 of the largest coordinate.  As coded: P z - z frozen over a step, so that its
    four stages are one, and the step is Euler's: written out against ours, 1e-12.
    """
    rng = np.random.default_rng(bench.rng)
    z0, Q, K = rng.uniform(-5.0, 5.0, (10, 3)), *rng.uniform(-1.0, 1.0, (2, 3, 3))
    law, h = mf.Rescaled(mf.SA(1.0, Q=Q, K=K, geometry="flat")), 0.1
    run = pt.simulate(law, z0, (0.0, 1.0), [1.0], method="rk4", step=h)

    def slope(t: float, z: Array) -> Array:
        return np.asarray(_attention(np.exp(t) * z, Q, K) @ z - z)

    z, coded = z0, z0
    for k in range(10):
        t = k * h
        a = slope(t, z)
        b = slope(t + h / 2, z + h / 2 * a)
        c = slope(t + h / 2, z + h / 2 * b)
        z = z + h / 6 * (a + 2 * b + 2 * c + slope(t + h, z + h * c))
        x = np.exp(t) * coded
        P = _attention(x, Q, K)  # frozen
        coded = coded + h * (P @ coded - coded)
    layers = pt.simulate(law, z0, (0.0, 1.0), [1.0], method="euler", step=h).x[-1]
    size = float(np.abs(z0).max())
    measured = {
        "RK4 - four stages": float(np.abs(run.x[-1] - z).max()) / size,
        "frozen - Euler": float(np.abs(coded - layers).max()) / size,
    }
    return judge(measured, dict.fromkeys(measured, (None, 1e-12)))
