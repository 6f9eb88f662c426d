"""2602.11534: Krause attention, weights that fall with distance and vanish beyond a radius."""

from __future__ import annotations

from math import asin, pi
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation.checks.a.a2_opinions import clustered
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

SIGMA = 0.5


@check("F44", where="2602.11534", title="Krause attention: clusters persist, and their number falls with the radius")
def attention(bench: Bench) -> Verdict:
    """Bounded confidence on the circle at straight radii 0.25 to 1.2, three clouds of 60 uniform tokens to t = 30.

    At every radius all clusters are narrower than 1e-6 and further apart than the radius, so that they stay: no more of
    them than 2 pi / (2 arcsin(radius / 2)).  At radius 0.5 or less there are at least two, at 0.25 on the mean at least
    three more than at 1.2.
    In the full tier 300 tokens, six clouds, eight radii.

    It is the radius that parts them, not the distance: on spheres weights e^{-|x - y|^2 / (2 sigma^2)} at all
    distances are softmax's at beta = sigma^{-2} (velocities on S^3 to 1e-13).
    """
    full = bench.tier == "full"
    radii = (0.15, 0.2, 0.25, 0.35, 0.5, 0.7, 0.9, 1.2) if full else (0.25, 0.5, 0.8, 1.2)
    theta = np.random.default_rng(bench.rng).uniform(-pi, pi, (6, 300) if full else (3, 60))
    counts, widest, nearest, above = [], 0.0, np.inf, 0
    for radius in radii:
        law = mf.HegselmannKrause(radius, "sphere")
        run = pt.simulate(law, theta, (0.0, 30.0), [30.0], angles=True, method="rk4", step=0.25)
        found, width, apart = clustered(run, radius)
        counts.append(found)
        widest, nearest = max(widest, width), min(nearest, apart)
        above = max(above, max(found) - _most(radius))
    mean = np.mean(counts, axis=1)
    x = pt.uniform(30, 4, rng=bench.rng)
    gaussian = mf.Krause(lambda s: np.exp(-s / (2.0 * SIGMA**2)), "sphere")
    u, v = (np.asarray(law.velocity(0.0, None, mf.Points(x))) for law in (gaussian, mf.SA(SIGMA**-2)))
    measured = {
        "widest cluster": widest, "least distance over the radius": nearest, "clusters above the bound": above,
        "least number up to radius 0.5": min(min(found) for r, found in zip(radii, counts, strict=True) if r <= 0.5),
        "mean number, at 0.25 less at 1.2": float(mean[radii.index(0.25)] - mean[-1]),
        "Gaussian weights - softmax": float(np.abs(u - v).max() / np.abs(v).max()),
        **{f"clusters, radius {r:g}": float(m) for r, m in zip(radii, mean, strict=True)},
    }  # fmt: skip
    limits: dict[str, tuple[float | None, float | None]] = {
        "widest cluster": (None, 1e-6), "least distance over the radius": (1.0, None),
        "clusters above the bound": (None, 0), "Gaussian weights - softmax": (None, 1e-13),
        "least number up to radius 0.5": (2, None), "mean number, at 0.25 less at 1.2": (3.0, None),
    }  # fmt: skip
    picture = bench.figure("count", lambda: _drawn(radii, np.array(counts), theta.shape[1]))
    return judge(measured, limits, pictures=[picture])


def _most(radius: float) -> int:
    """How many points of the circle are further apart than the radius, straight, at most."""
    return int(np.floor(pi / asin(0.5 * radius)))


def _drawn(radii: tuple[float, ...], counts: Array, n: int) -> Any:
    """Numbers of clusters over the radius, beside the bound and half of it."""
    with style.axes() as ax:
        fine = np.linspace(min(radii), max(radii), 200)
        most = pi / np.arcsin(0.5 * fine)
        ax.plot(fine, most, "-", color="0.5", label="as many as there is room for")
        ax.plot(fine, 0.5 * most, "--", color="0.5", label="half of that")
        for k in range(counts.shape[1]):
            ax.plot(radii, counts[:, k], "o", color="tab:blue", markersize=3.0)
        ax.plot(radii, counts.mean(axis=1), "x", color="black", label=f"mean of {counts.shape[1]} clouds")
        ax.set_xlabel("radius (straight)")
        ax.set_ylabel("clusters")
        ax.set_title(f"bounded confidence on the circle, n = {n}, t = 30")
        legends.legend(ax)
    return ax
