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


def turned(stepper: Stepper | None, **options: Any) -> Any:
    return mf.solve(Turn(), RHO0, (0.0, 6.0), t_eval=[6.0], stepper=stepper, **options)


def test_a_step_that_is_thrown_away_is_not_taken_again_for_ever() -> None:
    with pytest.raises(ValueError, match=r"Midpoint: at t = .* a step of at most .* was asked for, and it took 0\.05"):
        turned(Midpoint(0.05, heed=False))


def test_what_steps_did_is_not_told_as_a_lack_of_resolution_alone() -> None:
    with pytest.raises(mf.UnresolvedError) as caught:
        turned(Midpoint(0.05, heed=True), max_resolution=128)
    assert "steps are of a Midpoint, which controls no error" in str(caught.value)
    exact = RHO0.coefficients * np.exp(-6j * np.arange(33))
    for remedy in (Midpoint(0.01, heed=True), rk4(0.05), None):
        sol = turned(remedy, max_resolution=128)
        assert len(sol.states[-1]) == 33
        np.testing.assert_allclose(sol.states[-1], exact, rtol=0.0, atol=1e-3 if remedy else 1e-9)


def test_a_real_lack_of_resolution_is_told_as_before() -> None:
    with pytest.raises(mf.UnresolvedError) as caught:
        mf.solve(mf.SA(4.0), RHO0, (0.0, 7.0), max_resolution=64)
    assert "controls no error" not in str(caught.value)
