"""A, Remark 3.5: doubly stochastic attention, in R^d and on spheres."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.protocols import Array, Law
from validation.checks._tools import backslide, central, defect, gradient, start, velocity
from validation.exact import changed
from validation.registry import Bench, check
from validation.verdict import Verdict, evidence, judge

END = np.array([
    [0.619213730375006139, 0.291277303929778209, 0.729199484592843641],
    [-0.173334460020045523, -0.478678994437179665, 0.860709930960581957],
    [-0.441150567653879601, -0.334238647342423810, 0.832868959249512820],
    [-0.454806717248821137, -0.353568982760194471, 0.817398204289238800],
    [0.514062288640726451, -0.846676777949638593, 0.137398679317804322],
])  # fmt: skip
PHI = [-1.26281348384899365, -1.73712508500743949, -1.73921835111996261, -1.73542272927937971, -1.26392169250388435]
ENERGIES = [0.358592639492189665, 0.386925067087982990]
"""Tokens, potential and E at t = 2 (E at 0, too), in 15 digits: five tokens on S^2, beta = 4."""


@check("A18", where="A Rem 3.5", title="doubly stochastic attention: rows and columns sum to 1, and E climbs")
def sinkhorn(bench: Bench) -> Verdict:
    """Sums of rows and columns at beta = 0.3, 4, 64, of tokens in R^3 and on S^2: 1 to 1e-13.

    Five tokens to t = 2, their potential and energy against 15 digits: 1e-12; the velocity against Newton's in a loop:
    1e-13.  It is (1/w) grad E of weighted tokens by differences, in R^2 and on S^2: 1e-9.  E rises, and its gain is
    what was dissipated, of tokens and of a density on the circle, which both methods move alike: 1e-10.
    """
    rng = np.random.default_rng(bench.rng)
    i = np.arange(1, 6)
    five = geometry.retract(np.stack([np.sin(1.3 * i + 0.4), np.cos(0.9 * i * i), np.sin(0.7 * i) + 0.3], axis=1))
    law = mf.Sinkhorn(4.0)
    run = pt.simulate(law, five, (0.0, 2.0), [0.0, 1.0, 2.0], rtol=1e-12, atol=1e-13)
    off = []
    for beta in (0.3, 4.0, 64.0):
        on = pt.attention(mf.Sinkhorn(beta), geometry.retract(rng.standard_normal((30, 3))))
        free = pt.attention(mf.Sinkhorn(beta, geometry="flat"), rng.standard_normal((30, 3)))
        off += [np.abs(P.sum(axis=axis) - 1.0).max() for P in (on, free) for axis in (0, 1)]
    x, w = geometry.retract(rng.standard_normal((6, 3))), rng.uniform(0.5, 1.5, 6)
    w /= w.sum()
    z, flat = rng.standard_normal((6, 2)), mf.Sinkhorn(2.0, geometry="flat")
    v = velocity(law, mf.Points(x, w))
    times = (0.0, 0.3)
    sols = [mf.solve(law, start(96), times, t_eval=times, method=m, rtol=1e-10) for m in ("spectral", "lagrangian")]
    measured = {
        "rows and columns - 1": max(off),
        "tokens(2) - printed": np.abs(run.x[-1] - END).max(),
        "phi(2) - printed": np.abs(law.potential(mf.Points(run.x[-1])) - PHI).max(),
        "E - printed": np.abs(run.energy[[0, -1]] - ENERGIES).max(),
        "velocity - Newton's": np.abs(v - changed.sinkhorn_velocity(x, 4.0, weights=w)).max(),
        "S^2: velocity - grad E / w": np.abs(v - gradient(law, x, w)).max(),
        "R^2: velocity - grad E / w": np.abs(flat.velocity(0.0, None, _free(z, w)) - _slopes(flat, z, w)).max(),
        "tokens: gained - dissipated": defect(run),
        "density: gained - dissipated": max(defect(sol) for sol in sols),
        "density: two methods": np.abs(sols[0](0.3).moments(6) - sols[1](0.3).moments(6)).max(),
        "fall of E": max(backslide(told.energy, 1) for told in (run, *sols)),
    }
    most = (1e-13, 1e-12, 1e-12, 1e-13, 1e-13, 1e-9, 1e-9, 1e-10, 1e-10, 1e-11, 1e-14)
    return judge(measured, {name: (None, limit) for name, limit in zip(measured, most, strict=True)})


def _free(z: Array, w: Array) -> mf.Points:
    return mf.Points(z, w, geometry="flat")


def _slopes(law: Law, z: Array, w: Array) -> Array:
    """(1/w_i) grad_i E of tokens in R^d, by differences."""

    def along(i: int, k: int) -> Any:
        e = np.zeros(z.shape)
        e[i, k] = 1.0
        return central(lambda h: _free(z + h * e, w).energy(law), 2e-3) / w[i]

    return np.array([[along(i, k) for k in range(z.shape[1])] for i in range(len(z))])


@check("A18.clusters", where="A Rem 3.5", title="does doubly stochastic attention cluster? Tokens beside softmax's")
def clusters(bench: Bench) -> Verdict:
    """Uniform tokens at beta = 9 on the circle (n = 32) and on S^2 (n = 48), 3 clouds each; at t = 60 (full: 300).

    Groups of angular gaps above 0.1 (on S^2 linked at 0.1), and the share of mass in groups of two or more: Sinkhorn's
    and SA's from the same tokens.  An open question of the remark: they do cluster, and the groups last.
    """
    end = 300.0 if bench.tier == "full" else 60.0
    measured: dict[str, float] = {}
    for name, d, n in (("circle", 2, 32), ("S^2", 3, 48)):
        x = geometry.retract(np.random.default_rng([bench.rng, d]).standard_normal((3, n, d)))
        for law in (mf.Sinkhorn(9.0), mf.SA(9.0)):
            x1 = pt.simulate(law, x, (0.0, end), [end], rtol=1e-5, atol=1e-7).x[-1]
            sizes = [mf.clusters(mf.Points(one), 0.1).masses for one in x1]
            kind = type(law).__name__
            measured[f"{name}: groups, {kind}"] = float(np.mean([len(w) for w in sizes]))
            measured[f"{name}: mass in groups, {kind}"] = float(min(w[w > 1.5 / n].sum() for w in sizes))
    limits = {f"{name}: mass in groups, Sinkhorn": (0.8, None) for name in ("circle", "S^2")}
    return evidence(measured, limits, "Clusters form, as many as softmax's or some more, and last.")
