"""2511.11553: four classes of equilibria, several of them stable at once, and how often tokens come to each."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import style
from meanfield.protocols import Array
from validation.checks._critical import jacobian_of_rows
from validation.checks._tools import velocity
from validation.checks.f.f37_selection import law_of, turned
from validation.exact import double_loop, ode, selection
from validation.rates import share_interval
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

VALUES, BETA, TOKENS = (1.1, 0.2, -1.3), 4.0, 6
"""Eigenvalues of V = Q^T K: consensus on the first axis, splits on the first and last, and clusters are stable."""
KINDS = ("consensus", "bipartite", "polygon", "clusters")
LINES = ("o-", "s--", "^-.", "D:")


@check("F38", where="2511.11553", title="consensus, bipartite, clusters and polygons: stable together, and counted")
def multistability(bench: Bench) -> Verdict:
    """Q^T K = V with eigenvalues 1.1, 0.2, -1.3, beta = 4, V turned at random.  Consensus and splits at eigenvectors
    are at rest (1e-13), and by the closed form consensus on the first axis and equal halves on the first and the last
    are stable, others not; three clusters that a run finds have a Jacobian of negative eigenvalues too (differences).
    Under repulsion the pentagon is at rest and stable, under attraction it is not.  `pt.equilibrium` names all four.

    Six tokens of R^3 from 40 (full: 1000) random starts: all come to one of the four; those in consensus or split lie
    on eigenvectors (1e-5), where no rate of the closed form is positive; four of them, by the printed loop in scipy's
    integrator, come to the same.  Shares, with Wilson's intervals, are told.  Four points of two axes are a polygon,
    a square.
    """
    rng = np.random.default_rng(bench.rng)
    V, axes = turned(VALUES, rng)
    law = law_of(V, BETA)
    measured = _at_rest(law, axes) | _polygons() | _clusters()
    starts = pt.uniform(TOKENS, 3, rng, replicas=40 if bench.tier == "quick" else 1000)
    ends = _ends(law, starts)
    found = [pt.equilibrium(x) for x in ends]
    poles = [e for e in found if e.kind in KINDS[:2]]
    which = [int(np.argmax(np.abs(axes @ e.centres[0]))) for e in poles]
    off = [1.0 - abs(float(axes[k] @ e.centres[0])) for k, e in zip(which, poles, strict=True)]
    sizes = {(k, int(e.sizes[0])) for k, e in zip(which, poles, strict=True)}
    looped = [pt.equilibrium(_by_loop(V, x)) for x in starts[:4]]
    measured |= {
        "ends of no class": sum(e.kind not in KINDS for e in found),
        "poles off eigenvectors": max(off),
        "highest rate of poles met": max(selection.axis_rates(VALUES, k, BETA, p, TOKENS).max() for k, p in sizes),
        "otherwise by the printed loop": sum(a.kind != b.kind for a, b in zip(looped, found, strict=False)),
    }
    counts = Counter(e.kind for e in found)
    for kind in KINDS:
        low, high = share_interval(counts[kind], len(found))
        measured[f"share, {kind}"] = counts[kind] / len(found)
        measured |= {f"share, {kind}, low": low, f"share, {kind}, high": high}
    return judge(measured, LIMITS, pictures=[bench.figure("shares", _draw)])


LIMITS: Limits = {
    "largest speed at rest": (None, 1e-13),
    "states of another stability": (0, 0),
    "states of another name": (0, 0),
    "pentagon by another name": (0, 0),
    "pentagon, repulsion: highest rate": (None, -0.1),
    "pentagon, attraction: highest rate": (0.1, None),
    "clusters: highest rate": (None, -0.01),
    "clusters: speed": (None, 1e-6),
    "ends of no class": (0, 0),
    "poles off eigenvectors": (None, 1e-5),
    "highest rate of poles met": (None, 0.0),
    "otherwise by the printed loop": (0, 0),
}


def _at_rest(law: Any, axes: Array) -> dict[str, float]:
    """Consensus and equal halves at every eigenvector: speeds, stability as derived, and names."""
    speed, other, misnamed = 0.0, 0, 0
    for k, v in enumerate(axes):
        for plus, kind in ((TOKENS, "consensus"), (TOKENS // 2, "bipartite")):
            x = np.where(np.arange(TOKENS)[:, None] < plus, v, -v)
            speed = max(speed, float(np.abs(velocity(law, mf.Points(x))).max()))
            stable = bool(np.linalg.eigvals(jacobian_of_rows(law, x)).real.max() < 0.0)
            lam, rest = VALUES[k], np.delete(VALUES, k)
            border = lam if kind == "consensus" else selection.halves_border(lam, BETA)
            wanted = bool(max(rest) < border and (lam > 0.0 or (kind == "bipartite" and min(rest) > lam)))
            other += stable != wanted
            misnamed += pt.equilibrium(x).kind != kind
    told = {"largest speed at rest": speed, "states of another stability": other, "states of another name": misnamed}
    return {name: float(value) for name, value in told.items()}


def _polygons() -> dict[str, float]:
    theta = 2.0 * np.pi * np.arange(5) / 5
    x = np.stack([np.cos(theta), np.sin(theta)], axis=1)
    told = {"pentagon by another name": float(pt.equilibrium(x).kind != "polygon")}
    for name, sign in (("repulsion", -1), ("attraction", 1)):
        rates = np.linalg.eigvals(jacobian_of_rows(mf.SA(1.0, sign=sign), x)).real
        # but for the turn of all, which costs nothing
        told[f"pentagon, {name}: highest rate"] = float(np.sort(np.delete(rates, np.argmin(np.abs(rates))))[-1])
    return told


def _clusters() -> dict[str, float]:
    """Three clusters, from a start near them: two near the poles of the last axis, one near the first axis."""
    law = law_of(np.diag(VALUES), BETA)
    x = np.array([[0.0, 0.0, 1.0]] * 3 + [[0.0, 0.0, -1.0]] * 2 + [[1.0, 0.0, 0.0]])
    run = pt.simulate(law, _unit(x + np.array([-0.1, 0.0, 0.02])), (0.0, 300.0), [300.0], rtol=1e-9)
    end = np.asarray(run.x[-1])
    kind = pt.equilibrium(run).kind
    rate = float(np.linalg.eigvals(jacobian_of_rows(law, end)).real.max())
    speed = float(np.abs(velocity(law, mf.Points(end))).max())
    return {"clusters: highest rate": rate if kind == "clusters" else np.inf, "clusters: speed": speed}


def _unit(x: Array) -> Array:
    return np.asarray(x / np.linalg.norm(x, axis=-1, keepdims=True))


def _ends(law: Any, starts: Array) -> Array:
    run = pt.simulate(law, starts, (0.0, 600.0), [600.0], rtol=1e-5, atol=1e-8, until=mf.steady(1e-6))
    return np.asarray(run.x[-1])


def _by_loop(V: Array, x: Array) -> Array:
    """Where tokens are at t = 300 by the printed double sum."""

    def loop(_: float, y: Array) -> Array:
        rows = _unit(y.reshape(x.shape))
        return np.asarray(double_loop.general_velocity("SA", rows, BETA, np.eye(3), V, V)).ravel()

    return _unit(ode.integrate(loop, x.ravel(), [300.0], rtol=1e-7)[1][-1].reshape(x.shape))


def _draw() -> Any:
    betas, runs = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0), 60
    V = np.diag(VALUES)
    shares = [Counter(pt.equilibrium(x).kind for x in _ends(law_of(V, b), pt.uniform(TOKENS, 3, 0, replicas=runs)))
              for b in betas]  # fmt: skip
    with style.axes(None) as ax:
        for i, (kind, look) in enumerate(zip(KINDS, LINES, strict=True)):
            p = np.array([one[kind] / runs for one in shares])
            ends = np.array([share_interval(one[kind], runs) for one in shares]).T
            bars = np.maximum([p - ends[0], ends[1] - p], 0.0)
            ax.errorbar(np.array(betas) * 1.015**i, p, bars, fmt=look, markersize=4, capsize=2, label=kind)
        ax.set(xscale="log", xlabel=r"$\beta$", ylabel=f"share of {runs} random starts, 95%", ylim=(-0.03, 1.03))
        ax.set_xticks(betas, [f"{b:g}" for b in betas])
        ax.minorticks_off()
        style.headline(ax, rf"{TOKENS} tokens in $R^3$, $Q^T K = V$ of eigenvalues {VALUES}")
        ax.legend()
    return ax
