"""2411.04551: several measures carried to as many places by one choice of Q(t), K(t), V(t)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import logm, polar

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Verdict, judge

BETA = 1.0


@dataclass(frozen=True, eq=False)
class Turning:
    """Q(t): a rotation by t in the first two directions."""

    d: int

    def __call__(self, t: float) -> Array:
        Q = np.eye(self.d)
        Q[:2, :2] = [[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]
        return Q


@dataclass(frozen=True, eq=False)
class Carrying:
    """V(t): w(t) times one matrix for a unit of time, then w(t) times another; w a bump of integral 1."""

    first: Array
    second: Array

    def __call__(self, t: float) -> Array:
        return np.asarray((1.0 - np.cos(2.0 * np.pi * t)) * (self.first if t < 1.0 else self.second))


def maps(z: Array, y: Array) -> tuple[Array, Array]:
    """Logarithms of S and of R, where R S takes every row of z to that of y: det Y / det Z > 0 is wanted.

    By the polar form of Y^T Z^{-T}: S is positive, and R a rotation.
    """
    R, S = polar(np.linalg.solve(z, y).T, side="right")
    return np.real(logm(S)), np.real(logm(R))


def moved(law: Any, one: Any, span: tuple[float, float]) -> Any:
    """Tokens (n, d), or a density, at the span's end."""
    if isinstance(one, np.ndarray):
        return pt.simulate(law, one, span, [span[1]], rtol=1e-8, atol=1e-11).x[-1]
    return mf.solve(law, one, span, t_eval=[span[1]], method="lagrangian", rtol=1e-8).densities[-1]


def spread(one: Any, place: Array) -> float:
    """W_2 to the point mass at `place`, by chords: (2 - 2 <mean, place>)^{1/2}."""
    mean = one.mean(axis=0) if isinstance(one, np.ndarray) else one.mean
    return float(np.sqrt(max(2.0 - 2.0 * mean @ place, 0.0)))


def steered(start: list[Any], targets: Array, gather: float) -> tuple[float, float]:
    """W_2 of the measures to their targets, the largest, at the end, and at the beginning."""
    d = targets.shape[1]
    tokens = [moved(mf.SA(BETA, Q=Turning(d), K=np.eye(d)), one, (-gather, 0.0)) for one in start]
    means = np.array([one.mean(axis=0) if isinstance(one, np.ndarray) else one.mean for one in tokens])
    z = means / np.linalg.norm(means, axis=1, keepdims=True)
    law = mf.SA(BETA, Q=Turning(d), K=np.eye(d), V=Carrying(*maps(z, targets)))
    ends = [moved(law, one, (0.0, 2.0)) for one in tokens]
    return max(map(spread, ends, targets)), max(map(spread, start, targets))


@check("F33", where="2411.04551", title="N measures carried to N places by one Q(t), K(t), V(t)")
def steering(bench: Bench) -> Verdict:
    """SA, beta = 1, in two stages, each one law for all measures: Q(t) a rotation that turns, K = I, V = I, under which
    each gathers to a point of its own; then V(t) = w(t) log S and w(t) log R, which carries point masses as
    x' = P_x V x does, so that z_i go to R S z_i over its length: S positive, R a rotation, R S = Y^T Z^{-T} for N = d
    points in general position and of one orientation.  (An explicit steering after the paper's, by our own formulas.)

    Three points of S^2 exchange their places in a cycle: single tokens to 1e-8.  Three measures of 30 tokens of the law
    of von Mises and Fisher (kappa = 2, 4, 6; W_2 from their targets above 1 at first) do, gathered for 8 (12 in the
    full tier): W_2, by chords, is below 2e-3 (4e-5).  Full tier: two densities on the circle (kappa = 2 and 5, carried
    on panels) do, gathered for 3: 0.1.
    """
    quick = bench.tier == "quick"
    z = np.array([[1.0, 0.0, 0.0], [0.3, 0.9, 0.1], [0.2, 0.3, 0.9]])
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    y = np.roll(z, -1, axis=0)
    law = mf.SA(BETA, Q=Turning(3), K=np.eye(3), V=Carrying(*maps(z, y)))
    alone = [pt.simulate(law, one[None], (0.0, 2.0), [2.0], rtol=1e-11, atol=1e-13).x[-1, 0] for one in z]
    space = mf.Sphere(32)
    clouds = [mf.von_mises_fisher(space, m, k).quantize(30) for m, k in zip(z, (2.0, 4.0, 6.0), strict=True)]
    end, begin = steered(clouds, y, 8.0 if quick else 12.0)
    measured = {
        "single tokens - their places": float(np.abs(np.array(alone) - y).max()),
        "S^2: W_2 at first": begin,
        "S^2: W_2 at the end": end,
    }
    limits: dict[str, tuple[float | None, float | None]] = {
        "single tokens - their places": (None, 1e-8),
        "S^2: W_2 at first": (1.0, None),
        "S^2: W_2 at the end": (None, 2e-3 if quick else 4e-5),
    }
    if not quick:
        last, first = densities()
        measured |= {"circle: W_2 at first": first, "circle: W_2 at the end": last}
        limits |= {"circle: W_2 at first": (1.0, None), "circle: W_2 at the end": (None, 0.1)}
    return judge(measured, limits)


def densities() -> tuple[float, float]:
    """The same of two densities on the circle."""
    circle, goals = mf.Circle(64), np.array([2.5, 2.9])
    places = ((0.0, 2.0), (1.2, 5.0))
    bumps = [mf.von_mises_fisher(circle, [np.cos(a), np.sin(a)], k) for a, k in places]
    return steered(bumps, np.stack([np.cos(goals), np.sin(goals)], axis=1), 3.0)
