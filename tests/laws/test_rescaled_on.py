"""Rescaled tokens after their centres have moved: dense output, files, going on; heads and a layer in R^d."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import meanfield as mf
import particles as pt

pytestmark = pytest.mark.rounding
RNG = np.random.default_rng(1)
X = RNG.uniform(-1.0, 1.0, (6, 2))
V = np.array([[2.0, 3.0], [0.0, -2.0]])
LAW = mf.Rescaled(mf.SA(1.0, Q=[[1.0, 0.2], [0.2, 1.0]], K=[[1.0, -0.3], [-0.3, 1.0]], V=V, geometry="flat"))
OPTIONS: Any = {"rtol": 1e-9, "atol": 1e-12}


def test_dense_output_files_and_going_on_across_a_moved_centre(tmp_path: Any) -> None:
    """What is between steps is what a run that lands there says, before and after; saved, loaded, gone on with."""
    times = [1.3, 5.2, 8.1]
    landed = pt.simulate(LAW, X, (0.0, 14.0), [*times, 14.0], land=True, **OPTIONS)
    run = pt.simulate(LAW, X, (0.0, 9.0), **OPTIONS)
    centres = [segment.form.centre for segment in run.segments]
    assert len(centres) > 1 and not centres[0].any() and centres[-1].any()
    run.save(tmp_path / "run.nc")
    back = mf.load(tmp_path / "run.nc")
    on = mf.resume(tmp_path / "run.nc", 14.0)
    for k, t in enumerate(times):
        for one in (run, back, on):
            size = np.abs(landed.x[k]).max()
            np.testing.assert_allclose(one(t).x, landed.x[k], rtol=0.0, atol=1e-6 * size)
    np.testing.assert_allclose(on.x[-1], landed.x[-1], rtol=0.0, atol=1e-6 * np.abs(landed.x[-1]).max())
    assert np.array_equal(on.segments[-1].form.group, landed.segments[-1].form.group)


def test_heads_and_a_layer_of_R_d_are_a_loop() -> None:
    """x_i' = sum_h V_h (sum_j P^h_ij x_j) + W tanh(A x_i) + b, against scipy's integrator on the double loop."""
    A, W, Q1, Q2, V1, V2 = 0.4 * RNG.standard_normal((6, 2, 2))
    b = np.array([0.1, -0.2])
    heads = mf.SA(1.0, Q=Q1, V=V1, geometry="flat") + mf.SA(2.0, Q=Q2, V=V2, geometry="flat")
    law = heads + mf.FeedForward(W, A, b, "tanh", geometry="flat")

    def slope(t: float, y: Any) -> Any:
        x = y.reshape(6, 2)
        out = np.zeros_like(x)
        for i in range(6):
            for beta, Q, values in ((1.0, Q1, V1), (2.0, Q2, V2)):
                e = np.array([np.exp(beta * (Q @ x[i]) @ x[j]) for j in range(6)])
                out[i] += values @ (e @ x) / e.sum()
            out[i] += W @ np.tanh(A @ x[i] + b)
        return out.ravel()

    run = pt.simulate(law, X, (0.0, 1.0), [1.0], rtol=1e-11, atol=1e-13)
    exact = solve_ivp(slope, (0.0, 1.0), X.ravel(), rtol=1e-11, atol=1e-13, method="DOP853").y[:, -1]
    np.testing.assert_allclose(run.x[-1].ravel(), exact, rtol=0.0, atol=1e-9)
