"""Steps too long for what moves: they are taken again shorter, refused, or named as what they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.protocols import Array, Law, Stepped, Stepper
from meanfield.steppers import rk4

pytestmark = pytest.mark.rounding

RHO0 = mf.von_mises_fisher(mf.Circle(64), 0.0, 1.0)


@mf.register
@dataclass(frozen=True)
class Turn(Law):
    """Everyone turns at speed 1: the density keeps its shape, and its resolution, for ever."""

    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        at = mu.x if x is None else x
        return np.stack([-at[..., 1], at[..., 0]], axis=-1)


@dataclass(frozen=True)
class Midpoint(Stepper):
    """Order 2; unstable along the imaginary axis, and deaf to the method's limit.  With `heed`, not to h."""

    size: float
    heed: bool
    order = 2

    def step(self, method: Any, t: float, y: Array, h: Any, stop: float, rng: Any, keep: bool) -> Stepped:
        size = self.size if h is None or not self.heed else min(self.size, h)
        count = max(1, math.ceil((stop - t) / size - 1e-9))
        h = (stop - t) / count
        k = np.empty_like(y)
        method.rhs(t, y, k)
        method.rhs(t + 0.5 * h, y + 0.5 * h * k, k)
        return Stepped(stop if count == 1 else t + h, y + h * k, self.size, None, 2, 0)


@dataclass(frozen=True)
class Past(Midpoint):
    """Lands on no stop."""

    def step(self, method: Any, t: float, y: Array, h: Any, stop: float, rng: Any, keep: bool) -> Stepped:
        return Stepped(t + self.size, y, self.size, None, 0, 0)


class Lengths:
    """An observer of the longest step."""

    def __init__(self) -> None:
        self.last, self.longest = 0.0, 0.0

    def __call__(self, t: float, rho: Any) -> None:
        self.last, self.longest = t, max(self.longest, t - self.last)


def exact(t: float) -> Any:
    """The density turned by t."""
    return RHO0.coefficients * np.exp(-1j * t * np.arange(33))


def turned(stepper: Stepper | None, **options: Any) -> Any:
    return mf.solve(Turn(), RHO0, (0.0, 6.0), t_eval=[6.0], stepper=stepper, **options)


@pytest.mark.parametrize("heed", [False, True])
def test_a_step_that_is_thrown_away_is_taken_again_shorter(heed: bool) -> None:
    """By an earlier `stop`, which nobody is deaf to; it was asked for again for ever."""
    # to t = 3: what the scheme makes of rounding in the finest modes is then below the tail's tolerance anywhere
    sol = mf.solve(Turn(), RHO0, (0.0, 3.0), t_eval=[3.0], stepper=Midpoint(0.05, heed))
    np.testing.assert_allclose(sol.states[-1][:33], exact(3.0), rtol=0.0, atol=1e-3)


def test_steps_of_a_stranger_keep_within_the_limit_of_the_transport() -> None:
    """At 1 / 32, the finest of 64 nodes' wave numbers, and not at 0.05: the amplification is z^4 / 8 a step, z <= 1."""
    with pytest.raises(mf.UnresolvedError) as caught:
        turned(Midpoint(0.5, heed=True), max_resolution=64, observe=(seen := Lengths()))
    assert seen.longest <= 1.0 / 32.0 + 1e-12
    assert np.abs(caught.value.solution.states[-1] - exact(caught.value.solution.end)).max() < 1e-3
    heeding = turned(rk4(0.5), max_resolution=64, observe=(ours := Lengths()))
    assert 2.0 / 32.0 < ours.longest < 0.1 and heeding.success


def test_a_step_beyond_stop_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Past: its step from t = 0\.0 went to .*, beyond stop"):
        turned(Past(0.05, heed=True))


def test_what_steps_did_is_not_told_as_a_lack_of_resolution_alone() -> None:
    with pytest.raises(mf.UnresolvedError) as caught:
        turned(Midpoint(0.05, heed=True), max_resolution=128)
    assert "steps are of a Midpoint, which controls no error" in str(caught.value)
    for remedy in (Midpoint(0.01, heed=True), rk4(0.05), None):
        sol = turned(remedy, max_resolution=128)
        assert len(sol.states[-1]) == 33
        np.testing.assert_allclose(sol.states[-1], exact(6.0), rtol=0.0, atol=1e-3 if remedy else 1e-9)


def test_a_real_lack_of_resolution_is_told_as_before() -> None:
    with pytest.raises(mf.UnresolvedError) as caught:
        mf.solve(mf.SA(4.0), RHO0, (0.0, 7.0), max_resolution=64)
    assert "controls no error" not in str(caught.value)
