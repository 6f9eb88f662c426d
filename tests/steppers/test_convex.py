"""Heun's method as a mean of two of Euler's steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from meanfield.protocols import Method, Status, Stop
from meanfield.steppers.convex import ConvexHeun
from meanfield.steppers.dense import evaluate


class Decay(Method):
    """y' = -t y, whose limit is told by a function."""

    def __init__(self, limit: Any = lambda t: np.inf) -> None:
        self.limit = limit

    def rhs(self, t: float, y: Any, out: Any) -> Any:
        out[...] = -t * y
        return out

    def slope(self, t: float, y: Any, out: Any) -> float:
        self.rhs(t, y, out)
        return float(self.limit(t))


def end(h: float) -> tuple[float, float]:
    """Errors at t = 1, and of the dense output, worst."""
    t, y, inside = 0.0, np.array([1.0]), 0.0
    while t < 1.0:
        r = ConvexHeun(h).step(Decay(), t, y, None, 1.0, None, True)
        s = np.linspace(t, r.t, 5)
        assert r.between is not None
        inside = max(inside, float(np.abs(evaluate(r.between, s)[:, 0] - np.exp(-0.5 * s * s)).max()))
        t, y = r.t, r.y
    return abs(float(y[0]) - np.exp(-0.5)), inside


def test_order_two_at_the_steps_and_between() -> None:
    coarse, fine = end(0.05), end(0.025)
    assert all(3.7 < a / b < 4.4 for a, b in zip(coarse, fine, strict=True))


def test_it_lands_and_keeps_within_both_limits() -> None:
    method = Decay(lambda t: 0.5 if t == 0.0 else 0.1)
    r = ConvexHeun().step(method, 0.0, np.array([1.0]), None, 2.0, None, False)
    assert r.t <= 0.1 and r.rejections > 0 and r.evaluations == 2 + r.rejections and r.between is None
    assert ConvexHeun().step(Decay(), 0.0, np.array([1.0]), None, 2.0, None, False).t == 2.0
    assert ConvexHeun().step(Decay(), 0.0, np.array([1.0]), 0.25, 2.0, None, False).t == 0.25


def test_what_it_keeps_a_dense_output_keeps() -> None:
    """Positive where both Euler steps are, at any time between."""
    method = Decay(lambda t: 1.0 / max(t, 1e-9))
    r = ConvexHeun(2.0).step(method, 1.0, np.array([1.0]), 1.0, 4.0, None, True)
    assert r.between is not None and evaluate(r.between, np.linspace(1.0, r.t, 50)).min() > 0.0


def test_what_it_refuses() -> None:
    with pytest.raises(ValueError, match="size: got 0"):
        ConvexHeun(0.0)
    with pytest.raises(Stop) as none:
        ConvexHeun().step(Decay(lambda t: 0.0), 1.0, np.array([1.0]), None, 2.0, None, False)
    assert none.value.status is Status.STEP_TOO_SMALL
    with pytest.raises(Stop) as lost, np.errstate(invalid="ignore"):
        ConvexHeun(0.1).step(Decay(), 1.0, np.array([np.inf]), None, 2.0, None, False)
    assert lost.value.status is Status.NOT_FINITE
