"""The law is pinned from outside: each way of breaking it turns tests against exact answers red."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation.exact import diracs, growth


@dataclass(frozen=True)
class _WithoutBeta(mf.SA):
    """1/beta dropped: X = grad log Z."""
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return self.beta * super().velocity(t, x, mu)


@dataclass(frozen=True)
class _WithoutBetaU(mf.USA):
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return self.beta * super().velocity(t, x, mu)


@dataclass(frozen=True)
class _Flipped(mf.SA):
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return -super().velocity(t, x, mu)


@dataclass(frozen=True)
class _FlippedU(mf.USA):
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return -super().velocity(t, x, mu)


LAWS = {"SA": mf.SA, "USA": mf.USA}
BROKEN = {
    ("SA", "1/beta dropped"): _WithoutBeta,
    ("USA", "1/beta dropped"): _WithoutBetaU,
    ("SA", "swapped"): mf.USA,
    ("USA", "swapped"): mf.SA,
    ("SA", "sign flipped"): _Flipped,
    ("USA", "sign flipped"): _FlippedU,
}
BETA = 2.0


def growth_is_right(law: Any, kind: str) -> bool:
    """Modes about uniform grow at the closed-form rates, seen in a run of the density."""
    k, eps, t = 2, 1e-6, 0.2
    sol = mf.solve(law, mf.perturbed_uniform(mf.Circle(64), {k: eps}), (0.0, t), t_eval=[t])
    seen = np.log(abs(sol(t).moments(k)[k]) / (eps / 2.0)) / t
    exact = growth.growth_rates(kind, BETA, 2, k)[k]
    return bool(abs(seen - exact) < 1e-6 * abs(exact))


def diracs_are_right(law: Any, kind: str) -> bool:
    """Two weighted atoms approach as the closed-form equation says."""
    a0, m1, t = 1.2, 0.3, 0.2
    traj = pt.simulate(law, np.array([0.0, a0]), (0.0, t), [t], weights=[m1, 1.0 - m1], rtol=1e-11)
    seen = traj.x[-1, 1] - traj.x[-1, 0]
    exact = float(diracs.gap(t, a0, BETA, kind, m1))
    return bool(abs(seen - exact) < 1e-8)


def dissipation_is_right(law: Any, kind: str) -> bool:
    """dE/dt as printed, by a difference quotient of the energy along the law's own velocity."""
    rng = np.random.default_rng(3)
    x, w = rng.uniform(0.0, 6.0, 5), rng.dirichlet(np.ones(5))
    mu = mf.Points(x, weights=w)
    v = np.asarray(law.velocity(0.0, None, mu))[:, 0]
    Z = np.exp(BETA * np.cos(np.subtract.outer(x, x))) @ w

    def energy(theta: Array) -> float:
        return float(w @ np.exp(BETA * np.cos(np.subtract.outer(theta, theta))) @ w) / (2.0 * BETA)

    h = 1e-5
    slope = (energy(x + h * v) - energy(x - h * v)) / (2.0 * h)
    printed = float(w @ (v * v * (Z if kind == "SA" else 1.0)))
    return bool(abs(slope - printed) < 1e-6 * abs(printed))


TESTS = [growth_is_right, diracs_are_right, dissipation_is_right]


@pytest.mark.parametrize("kind", LAWS)
@pytest.mark.parametrize("test", TESTS)
def test_the_laws_pass(test: Any, kind: str) -> None:
    assert test(LAWS[kind](BETA), kind)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(("kind", "how"), BROKEN)
def test_a_broken_law_is_seen(kind: str, how: str, test: Any) -> None:
    assert not test(BROKEN[kind, how](BETA), kind)
