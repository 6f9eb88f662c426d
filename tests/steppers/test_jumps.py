"""Laws that jump where a step ends: the step sees what they were, the next one what they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from meanfield.steppers.control import whole

pytestmark = pytest.mark.rounding


def flipped(t: float) -> Array:
    """Attraction until 1/2, then repulsion."""
    return np.eye(3) * (1.0 if t < 0.5 else -1.0)


@pytest.mark.parametrize(("method", "order"), [("rk4", 4), ("heun", 2), ("dop853", 0)], ids=["rk4", "heun", "dop853"])
def test_a_jump_that_is_landed_on_costs_no_order(method: Any, order: int) -> None:
    """Fixed steps keep their order across it; an adaptive stepper takes as many as without it."""
    x = pt.uniform(6, 3, rng=1)
    law = mf.SA(1.0, V=flipped)
    half = pt.simulate(mf.SA(1.0), x, (0.0, 0.5), rtol=1e-13, atol=1e-14).x[-1]
    exact = pt.simulate(mf.SA(1.0, V=-np.eye(3)), half, (0.5, 1.0), rtol=1e-13, atol=1e-14).x[-1]
    if not order:
        run = pt.simulate(law, x, (0.0, 1.0), land=[0.5])
        plain = pt.simulate(mf.SA(1.0), x, (0.0, 1.0), land=[0.5])
        assert np.abs(run.x[-1] - exact).max() < 1e-8
        assert run.counters.evaluations < 1.5 * plain.counters.evaluations
        return
    errors = []
    for h in (0.05, 0.025):
        end = pt.simulate(law, x, (0.0, 1.0), method=method, step=h, land=[0.5]).x[-1]
        errors.append(np.abs(end - exact).max())
    assert errors[1] < 2.0 ** (0.5 - order) * errors[0] and errors[1] < 1e-3


def test_a_matrix_a_layer() -> None:
    """Euler's step k is asked at k steps, not a rounding before: ten layers by int(t / step) are the ten-line loop."""
    layers = np.random.default_rng(0).standard_normal((48, 3, 3))
    x0 = pt.uniform(5, 3, rng=1)
    for step, until in ((0.1, None), (0.1, mf.steps(48)), (0.7, None), (1 / 3, mf.steps(48))):

        def V(t: float, step: float = step) -> Array:
            return np.asarray(layers[min(int(t / step), 47)])

        end = 48 * step if until is None else 100.0
        got = pt.simulate(mf.SA(1.0, V=V), x0, (0.0, end), method="euler", step=step, until=until).x[-1]
        x = x0
        for layer in layers:
            a = np.exp(x @ x.T)
            v = (a / a.sum(axis=1, keepdims=True)) @ x @ layer.T
            x = x + step * (v - np.sum(v * x, axis=1, keepdims=True) * x)
            x /= np.linalg.norm(x, axis=1, keepdims=True)
        np.testing.assert_allclose(got, x, rtol=0.0, atol=1e-12)
        listed = pt.layers(mf.SA(1.0, V=V), x0, depth=48, step=step).x[-1]
        named = pt.layers([mf.SA(1.0, V=one) for one in layers], x0, depth=48, step=step).x[-1]
        np.testing.assert_allclose(listed, named, rtol=0.0, atol=1e-12)


def test_steps_are_whole() -> None:
    """k steps never lie a rounding before k."""
    for size in (0.1, 0.7, 1 / 3, 0.3, 0.05, 0.01, 0.2, 0.9, 1e-3, 0.0123):
        assert [int(whole(k, size) / size) for k in range(5000)] == list(range(5000))


def test_dense_output_of_split_steps_ends_before_the_jump() -> None:
    """Its last slope was that of the law after it: a thousand times the error inside the step."""
    law = mf.SA(1.0, V=flipped) + mf.Linear(0.1 * np.diag([1.0, 2.0, 3.0]))
    x = pt.uniform(6, 3, rng=1)
    run = pt.simulate(law, x, (0.0, 1.0), method="strang", step=1 / 32)
    exact = pt.simulate(law, x, (0.0, 0.48), [0.48], rtol=1e-11, atol=1e-13).x[-1]
    assert np.abs(run(0.48).x - exact).max() < 1e-5
