"""S02 to S04: with and without normalisation, heads, and clusters in high dimension."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array
from validation.exact import ode
from validation.registry import Bench, check
from validation.verdict import Verdict, judge


def _spread(x: Array) -> Array:
    """The largest chord from a cloud's first token: (...,)."""
    return np.asarray(np.linalg.norm(x - x[..., :1, :], axis=-1).max(axis=-1))


def _directions(x: Array) -> int:
    """How many clusters the directions of rows make, told apart at 0.1 rad."""
    return len(mf.clusters(mf.Points(geometry.retract(x)), gap=0.1).masses)


@check("S02", where="card", title="with normalisation tokens meet at a point, without they leave along several rays")
def normalisation(bench: Bench) -> Verdict:
    """24 tokens of S^2, SA at beta = 1 to t = 30 on the sphere; and to t = 8 in R^3, where nothing holds them.

    On the sphere they are at one point (1e-6).  In R^3, x' = sum_j softmax(beta <x_i, x_j>) x_j, the run is the printed
    loop's in scipy's integrator (1e-8 of the largest, t = 4); lengths grow like e^t, the slope of log max |x| from t =
    6 to 8 is 1 within 0.01 (V = I: B, 1.2); and the tokens of e^{-t} x keep two directions or more: the corners of a
    polytope.
    """
    rng = np.random.default_rng(bench.rng)
    x = pt.uniform(24, 3, rng)
    on = pt.simulate(mf.SA(1.0), x, (0.0, 30.0), [30.0])
    free = pt.simulate(mf.SA(1.0, geometry="flat"), x, (0.0, 8.0), [4.0, 6.0, 8.0], rtol=1e-10)

    def loop(t: float, y: Array) -> Array:
        rows = y.reshape(x.shape)
        return np.asarray(special.softmax(rows @ rows.T, axis=1) @ rows).ravel()

    exact = ode.integrate(loop, x.ravel(), [4.0])[1][-1].reshape(x.shape)
    size = np.linalg.norm(free.x, axis=-1).max(axis=-1)
    measured = {
        "with: spread at t = 30": _spread(on.x[-1]).max(),
        "without: run - printed, relative": np.abs(free.x[0] - exact).max() / size[0],
        "without: slope of log max |x|": float(np.log(size[2] / size[1]) / 2.0),
        "without: directions at t = 8": _directions(free.x[-1]),
        "with: directions at t = 30": _directions(on.x[-1]),
    }
    limits = {
        "with: spread at t = 30": (None, 1e-6), "without: run - printed, relative": (None, 1e-8),
        "without: slope of log max |x|": (0.99, 1.01), "without: directions at t = 8": (2, None),
        "with: directions at t = 30": (1, 1),
    }  # fmt: skip
    return judge(measured, limits)


@check("S03", where="card", title="heads 1..H: tokens meet at the rate H, whatever the heads look at")
def heads(bench: Bench) -> Verdict:
    """12 tokens of S^4 under H = 1, 2, 3, 4 heads of random Q_h, K_h and V = I, beta = 1; and under H equal heads.

    Near consensus every head gives mean - x, whatever its scores, so that the distance to it falls like e^{-Ht}: the
    slope of its logarithm between 1e-3 and 1e-5 is -H within 1 per cent.  H equal heads are one head at H t: the field
    to 1e-13 of V = H I, and eight steps of fixed length of both, 1e-13; the run at t of one head at H t, 1e-9.
    """
    rng = np.random.default_rng(bench.rng)
    x = pt.uniform(12, 5, rng)
    told = ("equal heads: field", "equal heads: fixed steps", "equal heads: one at H t")
    measured: dict[str, Any] = dict.fromkeys(told, 0.0)
    limits: dict[str, Any] = dict.fromkeys(told[:2], (None, 1e-13)) | {told[2]: (None, 1e-9)}
    Q, K, V = rng.standard_normal((3, 5, 5)) / 2.0
    for H in (1, 2, 3, 4):
        looking = [mf.SA(1.0, Q=q, K=k) for q, k in rng.standard_normal((H, 2, 5, 5)) / 2.0]
        t = np.linspace(0.0, 40.0 / H, 161)
        run = pt.simulate(mf.Sum(tuple(looking)), x, (0.0, t[-1]), t, rtol=1e-8, atol=1e-11)
        gap = _spread(run.x)
        late = (gap < 1e-3) & (gap > 1e-5)
        measured[f"H = {H}: slope over H"] = float(np.polyfit(t[late], np.log(gap[late]), 1)[0]) / H
        limits[f"H = {H}: slope over H"] = (-1.01, -0.99)
        one = mf.SA(2.0, Q=Q, K=K, V=V)
        equal, summed = mf.Sum((one,) * H), mf.SA(2.0, Q=Q, K=K, V=H * V)
        mu = mf.Points(x)
        fields = [law.velocity(0.0, x, mu) for law in (equal, summed)]
        ends = [pt.simulate(law, x, (0.0, 0.8), [0.8], method="rk4", step=0.1).x[-1] for law in (equal, summed)]
        pair = ((equal, 0.5), (one, 0.5 * H))
        far = [pt.simulate(law, x, (0.0, s), [s], rtol=1e-12, atol=1e-14).x[-1] for law, s in pair]
        for name, (a, b) in (("field", fields), ("fixed steps", ends), ("one at H t", far)):
            name = f"equal heads: {name}"
            measured[name] = max(measured[name], float(np.abs(a - b).max()))
    return judge(measured, limits)


@check("S04", where="card", title="for d >= n tokens lie in a hemisphere and make one cluster, at any beta")
def high_dimension(bench: Bench) -> Verdict:
    """6 clouds (full: 100) of uniform tokens for each of (n, d) = (4, 4), (16, 32), beta = 0.25, 0.5 (full: 0.25, 1,
    4).

    Each lies in an open hemisphere: w with <w, x_i> = 1 for all, by least squares, residual 1e-9 (square matrices of
    condition 10^6 come once in 10^5).  Each becomes one cluster, spread below 1e-6 at t = 100 e^{2 beta}, which two
    tokens that are almost opposite need; and in the end the spread falls as e^{-t}: the slope of its logarithm between
    1e-2 and 1e-5 is -1 within 5 per cent.  As a contrast, 4 clouds of 32 tokens on the circle at beta = 25 have more
    than one cluster at t = 60.
    """
    rng = np.random.default_rng(bench.rng)
    full = bench.tier == "full"
    off, spread, rates = 0.0, 0.0, []
    for n, d in ((4, 4), (16, 32)):
        for beta in (0.25, 1.0, 4.0) if full else (0.25, 0.5):
            x = pt.uniform(n, d, rng, replicas=100 if full else 6)
            off = max(off, *(float(np.abs(y @ np.linalg.lstsq(y, np.ones(n), rcond=None)[0] - 1.0).max()) for y in x))
            t = np.linspace(0.0, 100.0 * math.exp(2.0 * beta), 401)
            gap = _spread(pt.simulate(mf.SA(beta), x, (0.0, t[-1]), t, rtol=1e-7, atol=1e-10).x)
            for one in gap.T:
                late = (one < 1e-2) & (one > 1e-5)
                if late.sum() > 2:
                    rates.append(float(np.polyfit(t[late], np.log(one[late]), 1)[0]))
            spread = max(spread, float(gap[-1].max()))
    few = pt.simulate(mf.SA(25.0), pt.uniform(32, 2, rng, replicas=4), (0.0, 60.0), [60.0], rtol=1e-5)
    measured = {
        "off the hyperplane": off, "largest spread at the end": spread, "clouds whose rate is seen": len(rates),
        "least rate": min(rates, default=np.nan), "largest rate": max(rates, default=np.nan),
        "on the circle: least clusters": min(_directions(y) for y in few.x[-1]),
    }  # fmt: skip
    limits = {
        "off the hyperplane": (None, 1e-9), "largest spread at the end": (None, 1e-6),
        "least rate": (-1.05, None), "largest rate": (None, -0.95), "on the circle: least clusters": (2, None),
    }  # fmt: skip
    return judge(measured, limits)
