"""B, sections 3, 5 and 8: V = I, or V = I on a subspace; tokens end on the boundary of a polytope."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

END, TOKENS = 12.0, 16
NEAR = 1e-2
"""Times the extent at the start: a token as near as that is there."""


def _run(V: Array, rng: np.random.Generator, end: float = END, rtol: float = 1e-9) -> tuple[pt.Trajectory, Array]:
    """A cloud of rescaled tokens (3.1) under a random Q = K = A with A^2 > 0, and A^2."""
    d = len(V)
    G = rng.standard_normal((d, d))
    A = np.linalg.cholesky(G @ G.T / d + 0.3 * np.eye(d)).T
    law = mf.Rescaled(mf.SA(1.0, Q=A, K=A, V=V, geometry="flat"))
    times = np.linspace(0.0, end, 61)
    x = rng.standard_normal((TOKENS, d))
    return pt.simulate(law, x, (0.0, end), times, land=True, rtol=rtol, atol=1e-14), A.T @ A


@check("B31", where="B Prop 8.2, Cor 8.3", title="V = I: the hull of the rescaled tokens never grows")
def hulls(bench: Bench) -> Verdict:
    """16 normal tokens in R^2 and R^3, Q^T K > 0 random, to t = 12, rtol 1e-12, at 20 steps that are landed on (full:
    60): how far tokens are beyond a facet of the hull a step before, and of the first, over its size: 1e-12.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    for d in (2, 3):
        z = np.asarray(_run(np.eye(d), rng, rtol=1e-12)[0].x)[:: 1 if bench.tier == "full" else 3]
        first = pt.hull(z[0])
        steps = [pt.hull(a, 1e-14).beyond(b).max() for a, b in pairwise(z)]
        measured[f"d = {d}: beyond the step before"] = float(max(steps)) / first.size
        measured[f"d = {d}: beyond the first"] = float(first.outside(z).max()) / first.size
        measured[f"d = {d}: size, end over start"] = pt.hull(z[-1]).size / first.size
    limits = {name: (None, 1e-12) for name in measured if "beyond" in name}
    return judge(measured, limits)


@check("B10", where="B Thm 3.1", title="V = I: tokens end on the boundary of a polytope, or at 0")
def boundary(bench: Bench) -> Verdict:
    """A cloud of 16 in R^2 and one in R^3 to t = 12; K is the hull at the end.  Distance of tokens to its boundary or
    to 0, over its size: most at the start and at the end, where at most one token of 16 is farther than 0.01; and to
    its vertices, at which almost all data end: told.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    for d in (2, 3):
        z = np.asarray(_run(np.eye(d), rng)[0].x)
        K = pt.hull(z[-1], 1e-3)
        size = pt.hull(z[0]).size
        far = [np.minimum(K.boundary(y), np.linalg.norm(y, axis=1)) / size for y in (z[0], z[-1])]
        measured |= {f"d = {d}: most at the start": float(far[0].max()), f"d = {d}: at the end": float(far[1].max())}
        measured[f"d = {d}: elsewhere"] = int((far[1] > NEAR).sum())
        measured[f"d = {d}: not at a vertex"] = int((K.reached(z[-1])[1] > NEAR * size).sum())
        measured[f"d = {d}: vertices"] = len(K.points)
    return judge(measured, {f"d = {d}: elsewhere": (None, 1) for d in (2, 3)})


@check("B30", where="B Thm 8.1, Fig 9", title="limits belong to S, which is computed", equations=["B (8.6)"])
def limits(bench: Bench) -> Verdict:
    """As B10: S of the hull at the end, face by face (`pt.limit_set`).  Its vertices belong to it, it is on the
    boundary or 0, and at most one token of 16 is farther than 0.01 of the size from it.
    """
    rng = np.random.default_rng(bench.rng)
    measured: dict[str, float] = {}
    for d in (2, 3):
        run, scores = _run(np.eye(d), rng)
        z = np.asarray(run.x)
        K, size = pt.hull(z[-1], 1e-3), pt.hull(z[0]).size
        A = np.linalg.cholesky(scores).T
        S = pt.limit_set(z[-1], A, A, 1e-3)
        off = np.minimum(K.boundary(S.points), np.linalg.norm(S.points, axis=1))
        measured |= {f"d = {d}: points of S": len(S.points), f"d = {d}: vertices of K": len(K.points)}
        measured[f"d = {d}: vertices not in S"] = len(K.points) - S.vertices
        measured[f"d = {d}: S off the boundary"] = float(off.max()) / size
        measured[f"d = {d}: tokens elsewhere"] = int((S.near(z[-1])[1] > NEAR * size).sum())
    wanted: dict[str, tuple[float | None, float | None]] = {}
    for d in (2, 3):
        wanted |= {f"d = {d}: vertices not in S": (0, 0), f"d = {d}: S off the boundary": (None, 1e-2)}
        wanted[f"d = {d}: tokens elsewhere"] = (None, 1)
    return judge(measured, wanted)


@check(
    "B32", where="B 8.1 (8.5), (8.7), Lem 8.4", title="outside S_delta |A z| grows",
    equations=["B (8.5)", "B (8.7)"],
)  # fmt: skip
def growth(bench: Bench) -> Verdict:
    """A cloud of 16 in R^2.  (8.5) at 2000 points of K, to 1e-10.  Lemma 8.4 there: max_j <A x, A (v_j - x)> over the
    distance to S has a positive minimum.  (8.7) along the run, from t = 3 on: of tokens farther than delta = 0.02 of
    the size from S, ten and more of them at the times saved, d/dt |A z|^2 > 0.
    """
    rng = np.random.default_rng(bench.rng)
    run, scores = _run(np.eye(2), rng)
    z, A = np.asarray(run.x), np.linalg.cholesky(scores).T
    K, S = pt.hull(z[-1], 1e-3), pt.limit_set(z[-1], A, A, 1e-3)
    inside = rng.dirichlet(np.full(len(K.points), 0.5), 2000) @ K.points
    lift = (inside @ scores @ K.points.T).max(axis=1) - np.einsum("ia,ab,ib->i", inside, scores, inside)
    apart = S.near(inside)[1]
    far = apart > 1e-2 * K.size
    rates: list[float] = []
    for t, y in zip(run.t, z, strict=True):
        out = S.near(y)[1] > 0.02 * K.size
        if t >= 3.0 and out.any():
            v = np.asarray(run.law.velocity(float(t), None, mf.Points(y, geometry="flat")))
            rates += [*(2.0 * np.einsum("ia,ab,ib->i", y, scores, v)[out])]
    measured: dict[str, float] = {
        "(8.5): least": float(lift.min()), "Lemma 8.4: least slope": float((lift[far] / apart[far]).min()),
        "tokens outside S_delta": len(rates), "(8.7): least rate": min(rates, default=0.0),
    }  # fmt: skip
    return judge(measured, {
        "(8.5): least": (-1e-10, None), "Lemma 8.4: least slope": (1e-12, None), "(8.7): least rate": (1e-9, None),
        "tokens outside S_delta": (10, None),
    })  # fmt: skip


@check("B20", where="B 5, Thm 5.2", title="V = I on a plane, less on the rest: (bd K u {0}) x G")
def mixed(bench: Bench) -> Verdict:
    """16 tokens in R^3, Q^T K > 0 random, V = diag(1, 1, -1/2) in a basis that is not orthogonal: a good triple with
    multiplicity, by `pt.good_triple`.  In the coordinates of F at most one of 16 is farther than 0.01 of the extent
    from the boundary of K, the hull at the end, and 0; those of G spread: told.
    """
    rng = np.random.default_rng(bench.rng)
    basis = np.linalg.qr(rng.standard_normal((3, 3)))[0] + 0.2 * rng.standard_normal((3, 3))
    V = basis @ np.diag([1.0, 1.0, -0.5]) @ np.linalg.inv(basis)
    run, _ = _run(V, rng)
    c: Any = np.asarray(run.x) @ np.linalg.inv(basis).T
    K, size = pt.hull(c[-1, :, :2], 1e-3), pt.hull(c[0, :, :2]).size
    far = np.minimum(K.boundary(c[-1, :, :2]), np.linalg.norm(c[-1, :, :2], axis=1)) / size
    told = pt.good_triple(run.law.law.Q, run.law.law.K, V)
    measured = {
        "a good triple with multiplicity": float(told.multiple), "most at the end": float(far.max()),
        "elsewhere": float((far > NEAR).sum()), "vertices": float(len(K.points)),
        "G: extent, end over start": float(np.ptp(c[-1, :, 2]) / np.ptp(c[0, :, 2])),
    }  # fmt: skip
    return judge(measured, {"a good triple with multiplicity": (1, 1), "elsewhere": (None, 1)})
