"""2405.18273 and 2507.22857: which interactions of the circle bring all tokens together, from almost everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

import meanfield as mf
import particles as pt
from meanfield.laws.gradient import GradientLaw
from meanfield.protocols import Array, Law
from validation.checks._critical import jacobian, top_eigenvalue, top_of_rows
from validation.checks._tools import velocity
from validation.exact import polygons
from validation.registry import Bench, check
from validation.verdict import Verdict, evidence, judge

FLOOR = 0.01
"""phi' where <x, y> <= 0."""


@dataclass(frozen=True)
class Step:
    """phi'(t): FLOOR up to 0, 1 from `high` on, with two derivatives; phi is increasing and convex."""

    high: float

    def __call__(self, t: Array) -> Array:
        s = np.clip(np.asarray(t) / self.high, 0.0, 1.0)
        return np.asarray(FLOOR + (1.0 - FLOOR) * s**3 * (10.0 - 15.0 * s + 6.0 * s**2))

    def bend(self, t: Array) -> Array:
        """phi''."""
        s = np.clip(np.asarray(t) / self.high, 0.0, 1.0)
        return np.asarray((1.0 - FLOOR) * 30.0 * s**2 * (1.0 - s) ** 2 / self.high)


@dataclass(frozen=True)
class Climb(GradientLaw):
    """The gradient flow of sum_ij phi(<x_i, x_j>)."""

    step: Step
    isotropic = True
    autonomous = True

    def kernel(self, t: float = 0.0) -> mf.Zonal:
        """phi'."""
        return mf.Zonal(self.step, "phi'", breaks=(0.0, self.step.high))


@check("F05", where="2405.18273", title="beta in (0, 1] brings all together; a convex phi has a spurious maximum")
def circles(bench: Bench) -> Verdict:
    """USA at beta = 0.1, 0.5, 1 from 24 (full: 2000) random starts of 3 and 8 tokens: all end in consensus.

    For n = 5, ..., 12 (full: 40) a phi of our own, phi' = 0.01 below 0 and 1 from the least positive cos(2 pi l / n)
    on, smooth between: increasing and convex (differences along [-1, 1]).  Regular polygons are at rest (1e-15), the
    Jacobian of our velocity is the closed form's (1e-4: differences over the ends of the step, where the fourth
    derivative jumps), all its eigenvalues but the turn's negative; and tokens pushed off it by 0.02 come back, to 1e-6.
    A polygon of four is no maximum.
    """
    rng = np.random.default_rng(bench.rng)
    runs = 24 if bench.tier == "quick" else 2000
    missed = [_missed(mf.USA(b, scale="scaled"), n, runs, rng) for b in (0.1, 0.5, 1.0) for n in (3, 8)]
    rest, off, top, back, least = [], [], [], [], []
    for n in range(5, 13 if bench.tier == "quick" else 41):
        step = Step(polygons.least_positive(n))
        law, theta = Climb(step), 2.0 * np.pi * np.arange(n) / n
        rates = polygons.polygon_rates(step, step.bend, n)
        rest.append(float(np.abs(velocity(law, mf.Points(theta))).max()) / n)
        J = jacobian(law, theta)
        ours = np.sort(np.linalg.eigvalsh(0.5 * (J + J.T)))
        off.append(float(np.abs(ours - np.sort(np.append(rates, 0.0))).max()))
        top.append(top_eigenvalue(law, theta))
        if n in (5, 8):
            run = pt.simulate(law, theta + 0.02 * rng.uniform(-1.0, 1.0, n), (0.0, 400.0), [400.0], rtol=1e-8)
            back.append(pt.equilibrium(run).off)
        t = np.linspace(-1.0, 1.0, 2001)
        least.append(min(float(step(t).min()), float(np.diff(step(t)).min())))
    square = Step(0.5)
    measured = {
        "runs not in consensus": sum(missed),
        "speed of polygons": max(rest),
        "Jacobian - closed form": max(off),
        "highest rate of polygons": max(top),
        "off the polygon after a push": max(back),
        "least of phi' and of its steps": min(least),
        "square: highest rate": float(polygons.polygon_rates(square, square.bend, 4).max()),
    }
    return judge(
        measured,
        {
            "runs not in consensus": (0, 0),
            "speed of polygons": (None, 1e-15),
            "Jacobian - closed form": (None, 1e-4),
            "highest rate of polygons": (None, -0.01),
            "off the polygon after a push": (None, 1e-6),
            "least of phi' and of its steps": (-1e-15, None),
            "square: highest rate": (1e-4, None),
        },
    )


def _missed(law: Law, n: int, runs: int, rng: np.random.Generator) -> int:
    """How many of the runs do not end in consensus."""
    x = pt.uniform(n, 2, rng, replicas=runs)
    run = pt.simulate(law, x, (0.0, 1e4), [1e4], rtol=1e-6, atol=1e-9, until=mf.steady(1e-7))
    return sum(pt.equilibrium(rows).kind != "consensus" for rows in np.asarray(run.x[-1]))


# --- negative beta -----------------------------------------------------------------------------------------


@check("F06", where="2507.22857", title="negative beta: all together down to -2/3, where three clusters stay")
def threshold(bench: Bench) -> Verdict:
    """USA with e^{-B <x, y>}, B > 0 (Q^T K = -I), on the circle: proved to synchronise for B <= 0.16, and not for
    B > 2/3.  Where between?

    Equal clusters at the corners of a triangle, 1, 2 or 3 tokens each: the highest eigenvalue of our Jacobian (the turn
    taken out) passes 0 at B = 2/3, 1e-9; tokens of one cluster do not part.  By the closed form polygons of 5, 7 and 9
    become stable at larger B only, those of 4, 6 and 8 never (to B = 40).  At B = 0.16, 0.4, 0.6 and 0.65 random starts
    of 3, 5 and 9 tokens, and starts within 0.05 of the triangle, all end in consensus; at B = 1 those near the
    triangle stay.  So the threshold is 2/3 as far as seen, where 3 divides n; a proof this is not.
    """
    rng = np.random.default_rng(bench.rng)
    runs = 16 if bench.tier == "quick" else 2000
    found = [float(brentq(lambda B, k=k: _top(B, k), 0.3, 1.5, xtol=1e-12)) for k in (1, 2, 3)]
    corners = {m: _first_stable(m) for m in (4, 5, 6, 7, 8, 9)}
    random = sum(_missed(_law(B), n, runs, rng) for B in (0.16, 0.4, 0.6, 0.65) for n in (3, 5, 9))
    near = {B: _stay(B, 10, rng) for B in (0.6, 0.65, 1.0)}
    measured = {
        "threshold of triangles - 2/3": float(np.abs(np.array(found) - 2.0 / 3.0).max()),
        "random starts not in consensus": random,
        "stay near the triangle, B = 0.6": near[0.6],
        "stay near the triangle, B = 0.65": near[0.65],
        "stay near the triangle, B = 1": near[1.0],
        "even polygons that are stable": sum(np.isfinite(corners[m]) for m in (4, 6, 8)),
    }
    measured |= {f"polygon of {m}: stable from B": corners[m] for m in (5, 7, 9)}
    limits = {
        "threshold of triangles - 2/3": (None, 1e-9),
        "random starts not in consensus": (0, 0),
        "stay near the triangle, B = 0.6": (0, 0),
        "stay near the triangle, B = 0.65": (0, 0),
        "stay near the triangle, B = 1": (10, 10),
        "even polygons that are stable": (0, 0),
    }
    return evidence(measured, limits | {f"polygon of {m}: stable from B": (0.7, 40.0) for m in (5, 7, 9)})


def _law(B: float) -> Law:
    return mf.USA(B, K=-np.eye(2))


def _rows(theta: Array) -> Array:
    return np.stack([np.cos(theta), np.sin(theta)], axis=-1)


def _top(B: float, each: int) -> float:
    """Highest eigenvalue at a triangle of clusters of so many tokens."""
    rates = top_of_rows(_law(B), _rows(np.repeat(2.0 * np.pi * np.arange(3) / 3, each)))
    return float(np.delete(rates, np.argmin(np.abs(rates))).max())


def _first_stable(m: int) -> float:
    """The least B at which the polygon of m is stable, by the closed form on a grid and then to 1e-9; inf to 40."""
    def top(B: float) -> float:
        return float(polygons.exponential_rates(-B, m).max())

    grid = np.linspace(0.05, 40.0, 800)
    stable = np.flatnonzero([top(B) < 0.0 for B in grid])
    if not len(stable):
        return np.inf
    return float(brentq(top, grid[stable[0] - 1], grid[stable[0]], xtol=1e-9))


def _stay(B: float, runs: int, rng: np.random.Generator) -> int:
    """How many of the runs from within 0.05 of the triangle do not end in consensus."""
    theta = 2.0 * np.pi * np.arange(3) / 3 + 0.05 * rng.uniform(-1.0, 1.0, (runs, 3))
    run = pt.simulate(_law(B), _rows(theta), (0.0, 1e3), [1e3], rtol=1e-6, atol=1e-9, until=mf.steady(1e-7))
    return sum(pt.equilibrium(rows).kind != "consensus" for rows in np.asarray(run.x[-1]))
