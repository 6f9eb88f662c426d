"""Splitting: one part of the law after the other, against independent exact sub-flows, and its orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from meanfield.steppers import Splitting, evaluate, lie, rk4, strang

pytestmark = pytest.mark.rounding

Q = np.array([[1.0, 0.3, -0.2], [0.0, 0.8, 0.4], [0.1, -0.3, 1.1]])
K = np.array([[0.9, 0.0, 0.2], [0.2, 1.1, 0.0], [-0.1, 0.3, 0.7]])
V = np.array([[1.0, 0.5, 0.0], [-0.5, 0.7, 0.2], [0.3, 0.0, -0.4]])
W = np.array([[0.5, -0.2, 0.1, 0.0], [0.0, 0.3, -0.4, 0.2], [-0.1, 0.2, 0.3, 0.6]])
A = np.array([[1.0, -0.5, 0.2], [0.3, 0.8, -0.6], [-0.7, 0.1, 0.9], [0.4, 0.4, 0.4]])
LAW = mf.SA(2.0, Q=Q, K=K, V=V) + mf.FeedForward(W, A, np.array([0.1, -0.2, 0.3, -0.1]))
EXACT = np.array([
    [0.91413817991178, 0.0075974412530698, 0.40533155183624],
    [-0.019313090417454, -0.94690122166851, 0.32094404643365],
    [-0.89794293178194, -0.42216293434762, 0.12440638297878],
    [-0.88746282298150, -0.46062279705850, 0.015374545707211],
    [0.42004510632078, -0.79861150454717, -0.43102409846884],
])  # fmt: skip
PRINTED = {
    "lie": [
        [0.91480308008514, 0.026391405478049, 0.40303699381524],
        [-0.034106283254064, -0.94361781324379, 0.32927524044725],
        [-0.90322555652301, -0.41226431221180, 0.11925489893598],
        [-0.89174617101616, -0.45239842210445, 0.011155005846040],
        [0.42112119000704, -0.79005355677021, -0.44550232408125],
    ],
    "strang": [
        [0.91419342703621, 0.0074530699169529, 0.40520961206838],
        [-0.019329540290781, -0.94706916448774, 0.32044713534161],
        [-0.89770476350687, -0.42268999807764, 0.12433552630761],
        [-0.88721786367693, -0.46109715386879, 0.015293039810262],
        [0.41983070438790, -0.79861643527150, -0.43122380380424],
    ],
}
ERRORS = {
    "lie": (3.70109197e-02, 1.87939642e-02, 9.46896119e-03, 4.75247392e-03),
    "strang": (2.10868253e-03, 5.27063730e-04, 1.31759390e-04, 3.29394406e-05),
}


def five() -> Array:
    i = np.arange(1, 6)
    u = np.stack([np.sin(1.3 * i + 0.4), np.cos(0.9 * i**2), np.sin(0.7 * i) + 0.3], axis=-1)
    return np.asarray(u / np.linalg.norm(u, axis=-1, keepdims=True))


def at_one(law: Any, method: Any, step: float) -> Array:
    return np.asarray(pt.simulate(law, five(), (0.0, 1.0), [1.0], method=method, step=step).x[-1])


@pytest.mark.parametrize("name", ["lie", "strang"])
def test_attention_and_a_tanh_layer(name: str) -> None:
    """The printed states to their 12 digits, errors to theirs; orders 1 and 2."""
    np.testing.assert_allclose(at_one(LAW, name, 0.1), PRINTED[name], rtol=0.0, atol=1e-11)
    steps = np.array([0.2, 0.1, 0.05, 0.025])
    errors = [np.abs(at_one(LAW, name, h) - EXACT).max() for h in steps]
    np.testing.assert_allclose(errors, ERRORS[name], rtol=1e-6)
    assert np.log2(errors[-2] / errors[-1]) == pytest.approx({"lie": 1.0, "strang": 2.0}[name], abs=0.05)


def test_parts_that_change_with_time_and_masks() -> None:
    """Three parts, one of them moving, under the causal mask: still of order 2."""
    law = mf.Causal(mf.SA(1.0) + mf.Linear(lambda t: np.cos(3.0 * t) * V) + LAW.terms[1])
    assert [type(part) for part in law.parts] == [mf.Causal] * 3
    exact = pt.simulate(law, five(), (0.0, 1.0), [1.0], rtol=1e-12).x[-1]
    errors = [np.abs(at_one(law, "strang", h) - exact).max() for h in (0.05, 0.025)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.05)


def test_between_steps() -> None:
    """The dense output has the step's order, and its ends."""
    run = pt.simulate(LAW, five(), (0.0, 1.0), np.linspace(0.0, 1.0, 11), method="strang", step=0.2)
    exact = pt.simulate(LAW, five(), (0.0, 1.0), np.linspace(0.0, 1.0, 11), rtol=1e-12)
    assert np.abs(run.x - exact.x).max() < 3e-3
    method = pt.Cloud().rebind(LAW, run.segments[0].form, 1e-9, 1e-12)
    step = strang(0.2).step(method, 0.0, five(), None, 1.0, None, True)
    assert step.between is not None
    np.testing.assert_allclose(evaluate(step.between, 0.2), step.y, rtol=0.0, atol=1e-14)


def test_any_flow_follows_the_parts(tmp_path: Any) -> None:
    """Fixed steps of order 4 as short as the splitting's, in the place of adaptive ones; and it is saved."""
    stepper = Splitting(0.1, symmetric=True, flow=rk4(0.05))
    run = pt.simulate(LAW, five(), (0.0, 1.0), [1.0], method=stepper)
    np.testing.assert_allclose(run.x[-1], PRINTED["strang"], rtol=0.0, atol=1e-6)
    run.save(tmp_path / "run.nc")
    assert pt.load(tmp_path / "run.nc").x.shape == run.x.shape


def test_refusals() -> None:
    with pytest.raises(ValueError, match="this law is one"):
        pt.simulate(mf.SA(1.0), five(), (0.0, 1.0), method="lie", step=0.1)
    with pytest.raises(ValueError, match="has no noise"):
        pt.simulate(LAW + mf.Diffusion(0.1), five(), (0.0, 1.0), method="lie", step=0.1)
    with pytest.raises(ValueError, match="size"):
        lie(-0.1)
    with pytest.raises(TypeError, match="another stepper"):
        mf.solve(mf.SA(1.0) + mf.SA(2.0), mf.uniform(mf.Circle(32)), (0.0, 0.1), stepper=strang(0.05))
