"""A, Problem 3, Theorem 5.1 and appendices A to C: critical points of E, and that all but consensus are saddles."""

from __future__ import annotations

import warnings
from itertools import product
from typing import Any

import numpy as np
from scipy.optimize import brentq

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array, Law
from validation.checks._critical import critical_points, top_of_rows
from validation.checks._tools import central, velocity
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, evidence, judge

FORKS = {4: (5, None), 5: (6, 0.5 * np.log(1.5)), 6: (11, 0.5 * np.log(2.0))}
"""How many critical points n tokens have on the circle at small beta; where, beyond, a cluster of two comes apart."""


def _found(law: Law, n: int, d: int = 2, starts: int = 100, rng: Any = 0) -> list[pt.CriticalPoint]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # counts are what is judged here
        return pt.critical_points(law, n, d, rng, starts=starts)


def _count(n: int, beta: float) -> int:
    """What the count should be."""
    few, fork = FORKS[n]
    return few + int(fork is not None and beta > fork)


@check("A50", where="A Problem 3", title="all critical points of n <= 6 on the circle: consensus alone is no saddle",
       equations=("A (B.5)",))  # fmt: skip
def saddles(bench: Bench) -> Verdict:
    """`pt.critical_points` for n = 4, 5 at beta = 0.25 and 4 (full: to 6 tokens, at 14 beta from 0.1 to 20).

    5 classes for n = 4 at every beta; for n = 5 6, and 7 from beta = log(3/2)/2 on, where two tokens opposite three
    come apart; for n = 6 11, and 12 from beta = log(2)/2 on, where two opposite four do.  The Euler number of the torus
    is 0 each time, each certificate holds, indices are equal in both metrics.  Zeros of USA's field that Powell's
    method finds from random starts are all among them, by energy to 1e-9.

    Evidence on the open question whether all but consensus are strict saddles: their largest eigenvalues are positive,
    the least of them e^{-beta} from beta = 1 on (1e-9), which is that of two groups opposite to each other, and above
    half of that below, where it is the polygon's.
    """
    full = bench.tier == "full"
    betas = (0.1, 0.25, 0.34, 0.36, 0.5, 0.7, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 20.0) if full else (0.25, 4.0)
    rng = np.random.default_rng(bench.rng)
    wrong = dict.fromkeys(("counts", "Euler numbers", "certificates", "indices in the other metric", "Powell's"), 0)
    least: dict[int, list[float]] = {}
    for n in (4, 5, 6) if full else (4, 5):
        for beta in betas:
            law = mf.USA(beta)
            points = _found(law, n, rng=rng)
            wrong["counts"] += len(points) != _count(n, beta)
            wrong["Euler numbers"] += sum((-1) ** p.index() * p.copies for p in points) != 0
            wrong["certificates"] += sum(not (p.certificate.holds and p.isolated) for p in points)
            wrong["indices in the other metric"] += sum(p.index() != p.index("weighted") for p in points)
            E = np.array([p.energy for p in points])
            if beta <= 8.0:  # beyond, the field itself is below what Powell's method is asked for
                other = [float(mf.Points(y).energy(law)) for y in critical_points(law, n, 40 if full else 5, rng)]
                wrong["Powell's"] += sum(np.abs(E / one - 1.0).min() > 1e-9 for one in other)
            least.setdefault(n, []).append(min(p.top() for p in points if len(p.sizes) > 1) * float(np.exp(beta)))
    over = np.array(list(least.values()))
    late = np.array(betas) >= 1.0
    measured: dict[str, Any] = {f"wrong {name}": count for name, count in wrong.items()}
    measured["least top eigenvalue, in e^-beta"] = float(over.min())
    measured["the same from beta = 1 on, less 1"] = float(np.abs(over[:, late] - 1.0).max())
    limits: Limits = {f"wrong {name}": (0, 0) for name in wrong}
    limits = {**limits, "least top eigenvalue, in e^-beta": (0.5, None)}
    limits = {**limits, "the same from beta = 1 on, less 1": (None, 1e-9)}
    picture = bench.figure("tops", lambda: _tops(betas, least))
    return evidence(measured, limits, "Every critical point but consensus is a strict saddle, n <= 6.", [picture])


def _tops(betas: tuple[float, ...], least: dict[int, list[float]]) -> Any:
    with style.axes() as ax:
        ax.plot(betas, np.exp(-np.array(betas)), color="0.6", label=r"$e^{-\beta}$, two groups opposite")
        for (n, tops), look in zip(least.items(), style.line_styles(len(least)), strict=True):
            ax.plot(betas, np.array(tops) * np.exp(-np.array(betas)), label=f"$n = {n}$", **{**look, "marker": "o"})
        ax.set(xlabel=r"$\beta$", ylabel="least top eigenvalue of $n$ Hess $E$", yscale="log")
        ax.set(title="critical points on the circle, consensus left out")
        legends.legend(ax)
    return ax


@check("A30", where="A Thm 5.1", title="beta = (d - 1) n^2: every critical point but consensus has a rising direction")
def large_beta(bench: Bench) -> Verdict:
    """Indices at beta = (d - 1) n^2 and twice that, n = 3, 4 on the circle and 3 on S^2 (full: to 5, and 4 on S^2).

    Consensus has index 0, all others at least 1, in both metrics alike, at each of at least 3 critical points found;
    and what the proof needs there: (n - 1) tau* < pi / 2, tau* the root of beta sin^2 = (d - 1) cos.
    """
    cases = ((3, 2), (4, 2), (3, 3)) if bench.tier == "quick" else ((3, 2), (4, 2), (5, 2), (3, 3), (4, 3))
    least, few, highest, apart, reach = np.inf, np.inf, 0, 0, 0.0
    for n, d in cases:
        for beta in ((d - 1.0) * n**2, 2.0 * (d - 1.0) * n**2):
            points = _found(mf.SA(beta, scale="scaled"), n, d, 60, bench.rng)
            few = min(few, len(points))
            highest = max(highest, points[0].index())
            least = min(least, *(p.index() for p in points[1:]))
            apart += sum(p.index() != p.index("weighted") for p in points)
            reach = max(reach, (n - 1) * _turn(beta, d) / (0.5 * np.pi))
    measured = {
        "critical points, at least": few, "index of consensus": highest, "least index of the others": least,
        "indices that differ": apart, "(n - 1) tau* over pi / 2": reach,
    }  # fmt: skip
    limits: Limits = {
        "critical points, at least": (3, None), "index of consensus": (0, 0), "least index of the others": (1, None),
        "indices that differ": (0, 0), "(n - 1) tau* over pi / 2": (None, 1.0),
    }  # fmt: skip
    return judge(measured, limits)


def _turn(beta: float, d: int) -> float:
    """tau*, in closed form."""
    return float(np.arccos((np.sqrt((d - 1.0) ** 2 + 4.0 * beta**2) - (d - 1.0)) / (2.0 * beta)))


# --- beta = 0 and near it ----------------------------------------------------------------------------------


def _at_rest(n: int, d: int, rng: np.random.Generator) -> Array:
    """A critical point of E_0 other than consensus: two poles, or sum x = 0."""
    if rng.integers(2):
        signs = rng.choice([-1.0, 1.0], n)
        signs[0] = -signs[1]
        return np.outer(signs, pt.uniform(1, d, rng)[0])
    x = pt.uniform(n, d, rng)
    for _ in range(2000):  # the mean is taken away, rows are made units again
        x = x - x.mean(axis=0)
        x /= np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x)


@check("A68", where="A App A, Lem A.1, A.2", title="beta = 0: a subset of negative sum, and a rising direction",
       equations=("A (A.2)", "A (A.3)", "A (A.4)"))  # fmt: skip
def zero_beta(bench: Bench) -> Verdict:
    """12 random critical points of E_0 (full: 400), n = 3 to 7, d = 2 to 4: two poles, or sum x = 0 (1e-13 at rest).

    The proof's subset, one pole or one token, has sum over it and its complement <x_i, x_j> <= -1 (to 1e-12), and no
    subset at all has none below 0 but the best one is at most that; the Jacobian of our velocity has a positive
    eigenvalue, at least (d - 1)/d / n.  Along e^{tB} on that subset E'' of our energy, by differences, averaged over
    B_j of (A.4), is (d - 1)/d times minus that sum over n^2 (1e-6).
    """
    rng = np.random.default_rng(bench.rng)
    law = mf.SA(0.0)
    speed = second = 0.0
    named, best, top = -np.inf, -np.inf, np.inf
    for _ in range(12 if bench.tier == "quick" else 400):
        n, d = int(rng.integers(3, 8)), int(rng.integers(2, 5))
        x = _at_rest(n, d, rng)
        speed = max(speed, float(np.abs(velocity(law, mf.Points(x))).max()))
        G = x @ x.T
        one = G[0] > 0.5 if np.linalg.norm(x.sum(axis=0)) > 1e-6 else np.arange(n) == 0
        sums = [float(G[np.ix_(s, ~s)].sum()) for s in (np.array(bits, dtype=bool) for bits in _subsets(n))]
        named, best = max(named, float(G[np.ix_(one, ~one)].sum())), max(best, min(sums))
        top = min(top, float(top_of_rows(mf.USA(0.0), x)[-1]) * n * d / (d - 1.0))
        bends = [_bend(law, x, one, B) for B in _rotating(d)]
        told = -(d - 1.0) / d * float(G[np.ix_(one, ~one)].sum()) / n**2
        second = max(second, abs(float(np.mean(bends)) - told))
    measured = {
        "speed": speed, "the proof's subset": named, "the least subset": best, "top eigenvalue in (d - 1)/(d n)": top,
        "E'' along e^(tB) - told": second,
    }  # fmt: skip
    return judge(measured, {
        "speed": (None, 1e-13), "the proof's subset": (None, -1.0 + 1e-12), "the least subset": (None, -1.0 + 1e-12),
        "top eigenvalue in (d - 1)/(d n)": (1.0, None), "E'' along e^(tB) - told": (None, 1e-6),
    })  # fmt: skip


def _subsets(n: int) -> Any:
    """All but the empty one and the whole, one of each pair of complements."""
    return [(1, *bits) for bits in product((0, 1), repeat=n - 1) if not all(bits)]


def _rotating(d: int) -> list[Array]:
    """Skew B_j with B_j^2 = -1 but for one row and column, if d is odd; for even d one B with B^2 = -1."""
    found = []
    for left in range(d) if d % 2 else [None]:
        kept = [k for k in range(d) if k != left]
        B = np.zeros((d, d))
        for a, b in zip(kept[::2], kept[1::2], strict=True):
            B[a, b], B[b, a] = 1.0, -1.0
        found.append(B * (1.0 if d % 2 else np.sqrt((d - 1.0) / d)))  # both average to -(d - 1)/d
    return found


def _bend(law: Law, x: Array, turned: Array, B: Array) -> float:
    """E'' of our energy as e^{tB} turns some of the tokens, by differences of order 4."""
    values, vectors = np.linalg.eig(B)

    def energy(t: float) -> float:
        y = x.copy()
        y[turned] = y[turned] @ np.real(vectors @ np.diag(np.exp(t * values)) @ np.linalg.inv(vectors)).T
        return float(mf.Points(y).energy(law))

    h = 1e-2
    near, far = energy(h) + energy(-h) - 2.0 * energy(0.0), energy(2.0 * h) + energy(-2.0 * h) - 2.0 * energy(0.0)
    return (16.0 * near - far) / (12.0 * h * h)


@check("A72", where="A App C (C.1)-(C.4)", title="small beta: top eigenvalues at critical points are above 2(d-1)/dn",
       equations=("A (C.1)", "A (C.2)", "A (C.3)", "A (C.4)"))  # fmt: skip
def small_beta(bench: Bench) -> Verdict:
    """Critical points at beta = 0.1/n and 1/n, n = 3, 4 on the circle and 3 on S^2 (full: to 6, and 4 on S^2).

    The least of their largest eigenvalues, consensus left out, over 2(d - 1)/(dn), in the metrics of USA and of SA:
    above 1.  And that the field and its derivative differ from those at beta = 0 by O(beta): their largest differences
    over beta, at a random state, change by at most a fifth from beta = 0.01 to 0.005 (USA and SA).
    """
    rng = np.random.default_rng(bench.rng)
    cases = ((3, 2), (4, 2), (3, 3)) if bench.tier == "quick" else ((3, 2), (4, 2), (5, 2), (6, 2), (3, 3), (4, 3))
    least = np.inf
    for n, d in cases:
        for beta in (0.1 / n, 1.0 / n):
            points = [p for p in _found(mf.USA(beta), n, d, 60, rng) if len(p.sizes) > 1]
            tops = [p.top("wasserstein") for p in points] + [p.top("weighted") for p in points]
            least = min(least, min(tops) * d * n / (2.0 * (d - 1.0)))
    theta = rng.uniform(0.0, 2.0 * np.pi, 5)
    measured = {"least top eigenvalue in 2(d - 1)/(dn)": least}
    limits: Limits = {"least top eigenvalue in 2(d - 1)/(dn)": (1.0, None)}
    for made in (mf.SA, mf.USA):
        rates = []
        for beta in (0.01, 0.005):
            off = _with_slope(made(beta), theta) - _with_slope(made(0.0), theta)
            rates.append(float(np.abs(off).max()) / beta)
        measured[f"{made.__name__}: change of the rate over beta"] = abs(rates[0] / rates[1] - 1.0)
        limits = {**limits, f"{made.__name__}: change of the rate over beta": (None, 0.2)}
    return judge(measured, limits)


def _with_slope(law: Law, theta: Array) -> Array:
    """Velocities, and their derivatives by differences."""
    rows = [central(lambda h, e=e: velocity(law, mf.Points(theta + h * e)), 2e-3) for e in np.eye(len(theta))]
    return np.stack([velocity(law, mf.Points(theta)).ravel(), *(np.ravel(row) for row in rows)])


# --- appendix B --------------------------------------------------------------------------------------------


@check("A70", where="A App B (B.3), (B.4)", title="random skew B: E[B^2] = -(d - 1), and g on spheres",
       equations=("A (B.3)", "A (B.4)"))  # fmt: skip
def random_turns(bench: Bench) -> Verdict:
    """Over all skew B with entries +-1 above the diagonal, d = 2, 3, 4 (full: 5): a mean without chance.

    B^2 has mean -(d - 1) I and <B x, y>^2 has 1 - <x, y>^2, 1e-13.  As e^{tB} turns two of five random tokens, E'' of
    our energy by differences is (1/n^2) sum e^{beta g}(beta <B x, y>^2 + <B^2 x, y>), 1e-6, and its mean over B is
    -(1/n^2) sum e^{beta g}((d - 1) g - beta (1 - g^2)), 1e-13.  tau*, the zero of the last, from our divergence about a
    single token against its closed form, d = 3 and 8, beta = 1, 9, 64: 1e-12.
    """
    rng = np.random.default_rng(bench.rng)
    square = product_ = bend = mean = turn = 0.0
    beta = 1.3
    law = mf.USA(beta)
    for d in (2, 3, 4) if bench.tier == "quick" else (2, 3, 4, 5):
        above = np.triu_indices(d, 1)
        Bs = np.zeros((2 ** len(above[0]), d, d))
        Bs[:, above[0], above[1]] = list(product((-1.0, 1.0), repeat=len(above[0])))
        Bs -= np.swapaxes(Bs, 1, 2)
        x = pt.uniform(5, d, rng)
        square = max(square, float(np.abs((Bs @ Bs).mean(axis=0) + (d - 1.0) * np.eye(d)).max()))
        G = x[:2] @ x[2:].T
        turned = np.einsum("ik,rlk,jl->rij", x[:2], Bs, x[2:])  # <B x_i, x_j>
        twice = np.einsum("ik,rlk,jl->rij", x[:2], Bs @ Bs, x[2:])
        product_ = max(product_, float(np.abs((turned**2).mean(axis=0) - (1.0 - G**2)).max()))
        told = (np.exp(beta * G) * (beta * turned**2 + twice)).sum(axis=(1, 2)) / 25.0
        g = -(np.exp(beta * G) * ((d - 1.0) * G - beta * (1.0 - G**2))).sum() / 25.0
        mean = max(mean, abs(float(told.mean()) - float(g)))
        first = np.arange(5) < 2
        bend = max(bend, *(abs(_bend(law, x, first, B) - t) for B, t in zip(Bs[:4], told, strict=False)))
    for d in (3, 8):
        for b in (1.0, 9.0, 64.0):
            root = float(brentq(lambda s, b=b, d=d: _response(b, d, s), 1e-3, 1.57, xtol=1e-15))
            turn = max(turn, abs(root - _turn(b, d)))
    measured = {"E B^2 + (d - 1)": square, "E <Bx, y>^2": product_, "E''": bend, "its mean": mean, "tau*": turn}
    small = {"E B^2 + (d - 1)": 1e-13, "E <Bx, y>^2": 1e-13, "E''": 1e-6, "its mean": 1e-13, "tau*": 1e-12}
    return judge(measured, {name: (None, limit) for name, limit in small.items()})


def _response(beta: float, d: int, angle: float) -> float:
    """-div X at an angle from a single token on S^{d-1}, USA scaled by e^{-beta}."""
    x, one = np.zeros((1, d)), np.zeros((1, d))
    x[0, :2], one[0, 0] = (np.cos(angle), np.sin(angle)), 1.0
    return -float(np.ravel(mf.USA(beta, scale="scaled").divergence(0.0, x, mf.Points(one)))[0])
