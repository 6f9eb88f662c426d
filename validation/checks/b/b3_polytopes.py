"""B, sections 3 and 5, Figures 1, 5, 8, 16 and 17: polytopes that tokens end at, and polytopes times a line."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

import particles as pt
from meanfield.protocols import Array
from validation.checks.b._flat import cube, groups, inside, moved, outside, rescaled, vertices
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence, judge

END = 15.0
CLOSE = 1e-2
"""Tokens within this of each other are one limit: at t = 15 they are e^{-15} apart."""
PANELS = (0.0, 1.0, 5.0, 15.0)
TIMES = np.linspace(0.0, END, 31)
MIXED = np.diag([1.0, 1.0, -0.5])
"""Figure 8's V."""


def _corners(z: Array) -> tuple[Array, Array]:
    """Limits (m, k) of tokens (n, k), and those of them that are vertices of their hull."""
    found = groups(z, CLOSE)[0]
    return found, found[vertices(found)]


def _polytope(run: pt.Trajectory) -> dict[str, float]:
    """Where the tokens of a run with V = I are at its end, in the words of Theorem 3.1."""
    z = np.asarray(run.x)
    found, K = _corners(z[-1])
    away = np.linalg.norm(z[-1][:, None] - K, axis=2).min(axis=1)
    boundary = min(inside(z[-1], K), float(np.abs(z[-1]).max())) if len(K) > z.shape[2] else 0.0
    return {
        "limits": len(found), "vertices": len(K), "farthest from the boundary": boundary,
        "share at a vertex": float(np.mean(away < CLOSE)),
        "hull grows by, at most": max(outside(b, a) for a, b in pairwise(z) if len(K) > z.shape[2]),
    }  # fmt: skip


def _panels(run: pt.Trajectory, title: str) -> Any:
    """Panels with the limiting polytope."""
    return run.plot_states(PANELS, hull=_corners(np.asarray(run.x[-1]))[1], symbol="z", title=title)


def _ways(run: pt.Trajectory, title: str) -> Any:
    """The limiting polytope, and the ways to it."""
    return run.plot(hull=_corners(np.asarray(run.x[-1]))[1], symbol="z", title=title)


def _identity(bench: Bench, name: str, draw: Any) -> Verdict:
    z = cube(40, 3, np.random.default_rng(bench.rng))
    law = rescaled(np.eye(3))
    run = moved(law, z, TIMES, "printed")
    measured = _polytope(run)
    flow, coded = (np.asarray(moved(law, z, (0.0, END), mode).x[-1]) for mode in ("flow", "coded"))
    for how, other in (("flow", flow), ("as coded", coded)):
        apart = np.linalg.norm(np.asarray(run.x[-1]) - other, axis=1)
        measured[f"tokens that end elsewhere, {how}"] = int(np.sum(apart > 0.5))
    limits: Limits = {
        "farthest from the boundary": (None, CLOSE), "hull grows by, at most": (None, 1e-9), "vertices": (4, 40),
        "share at a vertex": (0.9, None),
    }  # fmt: skip
    title = f"V = Q = K = I, n = 40, RK4, step 0.1, hull of the {int(measured['vertices'])} limits"
    return judge(measured, limits, pictures=[bench.figure(name, lambda: draw(run, title))])


@check("B04", where="B Thm 3.1, Fig 1", title="V = I: tokens end at vertices of a convex polytope")
def identity(bench: Bench) -> Verdict:
    """n = 40 uniform on [-5, 5]^3, Q = K = V = I, (3.1) by RK4 with step 0.1 to t = 15.  Limits (groups within 0.01)
    lie on the boundary of their hull, 0.01; nine in ten tokens, the paper's "almost all", are at vertices of it; the
    hull of all tokens never grows, 1e-9 (Proposition 8.2).  How many end elsewhere under the flow itself, and under the
    coded scheme (Euler), is told.  The picture: the ways of the tokens, and the polytope.
    """
    return _identity(bench, "1", _ways)


@check("B11", where="B Thm 3.1, Fig 5", title="the toy example: 40 tokens in R^3 reach leaders")
def toy(bench: Bench) -> Verdict:
    """As B04, in panels at t = 0, 1, 5, 15 with the limiting polytope in each."""
    return _identity(bench, "5", _panels)


def _mixed(run: pt.Trajectory) -> dict[str, float]:
    """Tokens under V = diag(1, 1, -1/2): their first two coordinates, and the growth of the third."""
    z, t = np.asarray(run.x), np.asarray(run.t)
    flat = z[:, :, :2]
    found, K = _corners(flat[-1])
    away = np.linalg.norm(flat[-1][:, None] - K, axis=2).min(axis=1)
    five = int(np.searchsorted(t, 5.0))
    spread = z[:, :, 2].max(axis=1) - z[:, :, 2].min(axis=1)
    body = len(K) > 2
    return {
        "limits": len(found), "vertices": len(K),
        "farthest from the boundary": inside(flat[-1], K) if body else 0.0,
        "share at a vertex": float(np.mean(away < CLOSE)),
        "hull at t = 5, outside the last": outside(flat[five], K) if body else 0.0,
        "growth along G, t = 10 to 15": float(np.log(spread[-1] / spread[2 * five]) / (t[-1] - t[2 * five])),
    }  # fmt: skip


def _prism(run: pt.Trajectory, title: str) -> Any:
    """Panels with the polytope times the line."""
    K = _corners(np.asarray(run.x[-1, :, :2]))[1]
    hull = np.concatenate([K, np.zeros((len(K), 1))], axis=1)
    return run.plot_states(PANELS, hull=hull, along=[0.0, 0.0, 1.0], symbol="z", title=title)


@check("B21", where="B Thm 5.2, Fig 8", title="V = diag(1, 1, -1/2): a polytope times a line")
def mixed(bench: Bench) -> Verdict:
    """n = 40 uniform on [-5, 5]^3, Q = K = I, RK4 with step 0.1 to t = 15.  The first two coordinates end on the
    boundary of a polygon, 0.01, which is there at t = 5: the hull of that time lies within 0.3 of it; the third ones
    part like e^{t/2}, to 0.02 in the exponent.
    """
    run = moved(rescaled(MIXED), cube(40, 3, np.random.default_rng(bench.rng)), TIMES, "printed")
    measured = _mixed(run)
    limits: Limits = {
        "farthest from the boundary": (None, CLOSE), "hull at t = 5, outside the last": (None, 0.3),
        "growth along G, t = 10 to 15": (0.48, 0.52), "share at a vertex": (0.9, None),
    }  # fmt: skip
    title = f"V = diag(1, 1, -1/2), Q = K = I, n = 40, polygon of {int(measured['vertices'])} vertices times a line"
    return judge(measured, limits, pictures=[bench.figure("8", lambda: _prism(run, title))])


@check("B45", where="B 12.1, Figs 16, 17", title="Q^T K random, not positive: whether the pattern persists")
def beyond(bench: Bench) -> Verdict:
    """Q^T K uniform on [-1, 1]^{3 x 3} with a symmetric part that is not positive, n = 40: V = I (Figure 16) and
    V = diag(1, 1, -1/2) (Figure 17), two draws of each (full: 60), to t = 15.  Told: in how many all tokens gather in
    few limits (at most a third as many as tokens; a collapse to one point counts), and the share at vertices of the
    limits' hull.  The claim is "generic", without a number; the bar is half of the draws.
    """
    rng = np.random.default_rng(bench.rng)
    draws = 2 if bench.tier == "quick" else 60
    measured: dict[str, float] = {"draws": draws}
    limits: dict[str, tuple[float | None, float | None]] = {}
    pictures: list[str | None] = []
    for figure, V, axes in ((16, np.eye(3), 3), (17, MIXED, 2)):
        gathered, shares = 0, []
        for _ in range(draws):
            K = rng.uniform(-1.0, 1.0, (3, 3))
            while np.linalg.eigvalsh(K + K.T).min() > 0.0:
                K = rng.uniform(-1.0, 1.0, (3, 3))
            run = moved(rescaled(V, K=K), cube(40, 3, rng), PANELS, "printed")
            found, corners = _corners(np.asarray(run.x[-1, :, :axes]))
            away = np.linalg.norm(np.asarray(run.x[-1, :, :axes])[:, None] - corners, axis=2).min(axis=1)
            gathered += len(found) <= 13
            shares.append(float(np.mean(away < CLOSE)))
            if len(pictures) == figure - 16:
                title = f"Q^T K not positive, V = {'I' if axes == 3 else 'diag(1, 1, -1/2)'}, n = 40"
                draw: Any = _panels if axes == 3 else _prism
                pictures.append(bench.figure(str(figure), lambda d=draw, r=run, s=title: d(r, s)))
        measured[f"Figure {figure}: gathered"] = gathered
        measured[f"Figure {figure}: share at vertices, median"] = float(np.median(shares))
        limits[f"Figure {figure}: gathered"] = (0.5 * draws, None)
    return evidence(measured, limits, pictures=pictures)
