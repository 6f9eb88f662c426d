"""2604.07925: without skip connections the rank of doubly stochastic layers decays doubly exponentially."""

from __future__ import annotations

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array, Law
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

BETA = 1.0


@check("F45", where="2604.07925", title="layers without skips: what is not the mean falls as r, r^3, r^9, ...")
def rank(bench: Bench) -> Verdict:
    """x <- P x in R^5 and R^24, 16 tokens, r = |x - mean|_2 / n^(1/2) from 0.5: log(-log r) over layers.

    Near the mean P = (1 + beta <x_i, x_j>) / n, so that x <- beta C x, C the covariance: r <- beta r^3, and the slope
    from the first layer to the third is log 3 = 1.0986, within 0.02, of Sinkhorn's as of softmax's; with the skip,
    x <- x + P x, r grows.  Gaussian measures of R^1 have the exact layer s <- c^2 s, here on Gauss-Hermite points,
    c = ((1 + 4 b^2 s^2)^(1/2) - 1) / (2 b s): three layers to 1e-9 of s, and log s triples, too.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    for d in (5, 24):
        x = rng.standard_normal((16, d))
        x -= x.mean(axis=0)
        x *= 0.5 / _residual(x)
        for law in (mf.Sinkhorn(BETA, geometry="flat"), mf.SA(BETA, geometry="flat")):
            r = _layers(law, x, 0.0)
            measured[f"d = {d}: slope, {type(law).__name__}"] = float(0.5 * np.log(np.log(r[3]) / np.log(r[1])))
        measured[f"d = {d}: r after 3 layers"] = _layers(mf.Sinkhorn(BETA, geometry="flat"), x, 0.0)[-1]
        measured[f"d = {d}: with skips, over 0.5"] = _layers(mf.Sinkhorn(BETA, geometry="flat"), x, 1.0)[-1] / 0.5
    told = _gaussians(0.8)
    measured["Gaussian: s off, a share of it"] = float(np.abs(told[0] / told[1] - 1.0).max())
    measured["Gaussian: log s over that before, third layer"] = float(np.log(told[0][3]) / np.log(told[0][2]))
    limits: dict[str, tuple[float | None, float | None]] = {
        "Gaussian: s off, a share of it": (None, 1e-9),
        "Gaussian: log s over that before, third layer": (2.8, 3.2),
    }
    for name in measured:
        if "slope" in name:
            limits[name] = (1.08, 1.12)
        elif "skips" in name:
            limits[name] = (2.0, None)
        elif "after 3" in name:
            limits[name] = (None, 1e-6)
    return judge(measured, limits)


def _residual(x: Array) -> float:
    return float(np.linalg.norm(x - x.mean(axis=0), 2) / np.sqrt(len(x)))


def _layers(law: Law, x: Array, skip: float) -> Array:
    """r before and after three layers."""
    r = [_residual(x)]
    for _ in range(3):
        x = skip * x + pt.attention(law, x) @ x
        r.append(_residual(x))
    return np.array(r)


def _gaussians(s: float) -> tuple[Array, Array]:
    """Variances of four layers, by the law on weighted points and by the closed form."""
    z, w = np.polynomial.hermite_e.hermegauss(40)
    x = np.sqrt(s) * z[:, None]
    law, told, exact = mf.Sinkhorn(BETA, geometry="flat"), [s], [s]
    for _ in range(3):
        mu = mf.Points(x, weights=w, geometry="flat")
        x = np.array(law.velocity(0.0, mu.x, mu))
        told.append(float(mu.weights @ np.square(x[:, 0])))
        c = (np.sqrt(1.0 + 4.0 * (BETA * exact[-1]) ** 2) - 1.0) / (2.0 * BETA * exact[-1])
        exact.append(c * c * exact[-1])
    return np.array(told), np.array(exact)
