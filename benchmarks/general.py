"""The field of general Q, K, V at the nodes of a density's plan: by harmonics in both points, and by quadratures.

    python benchmarks/general.py [one ...]        of circle-1024, sphere-64, sphere-128

Against a sum over all pairs of the plan's nodes that forms its exponentials each time, and, on the circle, against one
whose matrix is kept; by matrices that change at every call and by constant ones.  Ratios of the best of several calls,
taken in turn, with the difference of the velocities; one thread, beta = 4 with matrices whose product has singular
values up to about 1.2 (the largest score 5).  Where all pairs are too many for memory, one part of the targets is asked
and its time scaled.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import meanfield as mf
from meanfield.methods.on_plan import OnPlan

BETA, ROUNDS = 4.0, 7
PART = 1024
"""Targets at most that are asked of a quadrature."""
Q = np.array([[1.0, 0.3, -0.2], [0.0, 0.8, 0.4], [0.1, -0.3, 1.1]])
K = np.array([[0.9, 0.0, 0.2], [0.2, 1.1, 0.0], [-0.1, 0.3, 0.7]])
SPACES: dict[str, Any] = {"circle-1024": mf.Circle(1024), "sphere-64": mf.Sphere(64), "sphere-128": mf.Sphere(128)}


def density(space: Any) -> mf.Density:
    """Of a few harmonics."""
    if space.d == 2:
        return space.density(lambda q: 1.0 + 0.3 * np.cos(q) + 0.2 * np.sin(2.0 * q))
    return space.density(lambda x: 1.0 + 0.3 * x[..., 2] + 0.4 * x[..., 0] * x[..., 1])


class Pairs:
    """All pairs of nodes, in numpy: what a user would write."""

    def __init__(self, x: Any, mass: Any, A: Any) -> None:
        self.at, self.x, self.A = x[: min(PART, len(x))] if x.shape[1] == 3 else x, x, A
        self.told = np.column_stack([mass, mass[:, None] * x])
        self.share = len(self.at) / len(x)
        self.kept = None

    def values(self) -> Any:
        """e^{<A x, y>} of all pairs."""
        s = (self.at @ self.A.T) @ self.x.T
        return np.exp(s, out=s)

    def fresh(self) -> Any:
        """Velocities before projection."""
        r = self.values() @ self.told
        return r[:, 1:] / r[:, :1]

    def stored(self) -> Any:
        """The same by values that are kept."""
        if self.kept is None:
            self.kept = self.values()
        r = self.kept @ self.told
        return r[:, 1:] / r[:, :1]


def best(calls: list[Callable[[], Any]]) -> list[float]:
    """Seconds of the best call of each, taken in turn."""
    for call in calls:
        call()
    took = np.empty((ROUNDS, len(calls)))
    for turn in took:
        for i, call in enumerate(calls):
            began = time.perf_counter()
            call()
            turn[i] = time.perf_counter() - began
    return [float(t) for t in took.min(axis=0)]


def measured(name: str) -> dict[str, float]:
    """Ratios, and how far the two velocities are apart."""
    space = SPACES[name]
    d, rho = space.d, density(space)
    plan = OnPlan(space, False, 1e-12)
    plan.open(rho.coefficients)
    turn = [0]

    def asked(kernel: Any) -> Any:
        plan.open(rho.coefficients)
        r = plan.read(kernel, plan.x, "ZM")
        return r.M / r.Z

    def changing() -> Any:
        turn[0] += 1
        return asked(mf.Exponential(BETA, (1.0 + 1e-9 * turn[0]) * Q[:d, :d], K[:d, :d]))

    constant = mf.Exponential(BETA, Q[:d, :d], K[:d, :d])
    pairs = Pairs(plan.x, np.array(plan.weights), BETA * K[:d, :d].T @ Q[:d, :d])
    off = float(np.abs(asked(constant)[: len(pairs.at)] - pairs.fresh()).max())
    calls = [lambda: asked(constant), changing, pairs.fresh]
    kept = d == 2
    took = best([*calls, pairs.stored] if kept else calls)
    fresh = took[2] / pairs.share
    told = {"constant": fresh / took[0], "changing": fresh / took[1], "off": off, "ms": 1e3 * took[0]}
    return {**told, "constant, over a matrix that is kept": took[3] / took[0]} if kept else told


if __name__ == "__main__":
    for one in sys.argv[1:] or SPACES:
        print(one, ", ".join(f"{name} {value:.3g}" for name, value in measured(one).items()))
