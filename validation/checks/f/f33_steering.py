"""2411.04551: several measures carried to as many places by one choice of Q(t), K(t), V(t)."""

from __future__ import annotations

from dataclasses import dataclass

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
class Gathering:
    """V(t) = I, which is taken back over the last unit of time before 0."""

    d: int

    def __call__(self, t: float) -> Array:
        return np.asarray((1.0 if t < -1.0 else np.sin(0.5 * np.pi * t) ** 2) * np.eye(self.d))


@dataclass(frozen=True, eq=False)
class Carrying:
    """V(t): `Gathering`, then w(t) times one matrix for a unit of time, and w(t) times another; w of integral 1."""

    first: Array
    second: Array

    def __call__(self, t: float) -> Array:
        if t < 0.0:
            return Gathering(len(self.first))(t)
        return np.asarray((1.0 - np.cos(2.0 * np.pi * t)) * (self.first if t < 1.0 else self.second))


def maps(z: Array, y: Array) -> tuple[Array, Array]:
    """Logarithms of S and of R, where R S takes every row of z to that of y: det Y / det Z > 0 is wanted.

    By the polar form of Y^T Z^{-T}: S is positive, and R a rotation.
    """
    R, S = polar(np.linalg.solve(z, y).T, side="right")
    return np.real(logm(S)), np.real(logm(R))


def moved(law: mf.Law, x: Array, span: tuple[float, float]) -> Array:
    """Tokens (n, d) at the span's end."""
    return np.asarray(pt.simulate(law, x, span, [span[1]], rtol=1e-6, atol=1e-9).x[-1])


def spread(x: Array, place: Array) -> float:
    """W_2 to the point mass at `place`, by chords: (2 - 2 <mean, place>)^{1/2}."""
    return float(np.sqrt(max(2.0 - 2.0 * x.mean(axis=0) @ place, 0.0)))


def steered(start: list[Array], targets: Array, gather: float) -> tuple[float, float]:
    """W_2 of the measures to their targets, the largest, at the end, and at the beginning."""
    d = targets.shape[1]
    gathered = [moved(mf.SA(BETA, Q=Turning(d), K=np.eye(d), V=Gathering(d)), one, (-gather, 0.0)) for one in start]
    means = np.array([one.mean(axis=0) for one in gathered])
    z = means / np.linalg.norm(means, axis=1, keepdims=True)
    law = mf.SA(BETA, Q=Turning(d), K=np.eye(d), V=Carrying(*maps(z, targets)))
    ends = [moved(law, one, (-gather, 2.0)) for one in start]
    return max(map(spread, ends, targets)), max(map(spread, start, targets))


@check("F33", where="2411.04551", title="N measures carried to N places by one Q(t), K(t), V(t)")
def steering(bench: Bench) -> Verdict:
    """SA, beta = 1, in two stages, each one law for all measures: Q(t) a rotation that turns, K = I, V = I, under which
    each gathers to a point of its own; then V(t) = w(t) log S and w(t) log R, which carries point masses as
    x' = P_x V x does, so that z_i go to R S z_i over its length: S positive, R a rotation, R S = Y^T Z^{-T} for N = d
    points in general position and of one orientation.  (An explicit steering after the paper's, by our own formulas.)

    Three points of S^2 exchange their places in a cycle: single tokens to 1e-8.  Three measures of 16 tokens of the law
    of von Mises and Fisher (kappa = 2, 4, 6; W_2 from their targets above 1 at first) do, gathered for 8 (12 in the
    full tier): W_2, by chords, is below 2e-3 (4e-5).
    """
    quick = bench.tier == "quick"
    z = np.array([[1.0, 0.0, 0.0], [0.3, 0.9, 0.1], [0.2, 0.3, 0.9]])
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    y = np.roll(z, -1, axis=0)
    law = mf.SA(BETA, Q=Turning(3), K=np.eye(3), V=Carrying(*maps(z, y)))
    alone = [pt.simulate(law, one[None], (0.0, 2.0), [2.0], rtol=1e-10, atol=1e-12).x[-1, 0] for one in z]
    space = mf.Sphere(32)
    clouds = [mf.von_mises_fisher(space, m, k).quantize(16) for m, k in zip(z, (2.0, 4.0, 6.0), strict=True)]
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
    return judge(measured, limits)

