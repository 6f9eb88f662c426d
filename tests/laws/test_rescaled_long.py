"""Rescaled tokens under Jordan blocks far beyond where (1.1) overflows, against leaders that stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

import meanfield as mf
import particles as pt
from meanfield.methods.parted import OnParted
from meanfield.protocols import Array

pytestmark = pytest.mark.rounding
VALUES = {
    "Jordan block": np.array([[2.0, 1.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, -2.0]]),
    "Jordan block that contracts": np.array([[2.0, 0.0, 0.0], [0.0, -2.0, 1.0], [0.0, 0.0, -2.0]]),
}


def given(V: Array) -> tuple[Any, Array]:
    rng = np.random.default_rng(0)
    d = len(V)
    Q, K = rng.standard_normal((2, d, d)) * 0.7
    return mf.SA(1.0, Q=Q, K=K, V=V, geometry="flat"), rng.uniform(-1.0, 1.0, (6, d))


def exact(law: Any, x0: Array, V: Array, t0: float, times: list[float]) -> list[Array]:
    """(1.1) to t0, where every row of P is one token's; from then on x_i' = V x_l, whose leaders stay."""
    x = pt.simulate(law, x0, (0.0, t0), [t0], rtol=1e-13, atol=1e-14).x[-1]
    P = pt.attention(law, x)
    led = P.argmax(axis=-1)
    assert np.all(P.max(axis=-1) > 1.0 - 1e-14) and np.all(led[led] == led)
    z = x @ expm(-t0 * V).T
    return [z[led] + (z - z[led]) @ expm((t0 - t) * V).T for t in times]


@pytest.mark.parametrize("name", VALUES)
def test_z_at_10_and_50(name: str) -> None:
    """Measured 3e-11 and 2e-10 of the largest entry at rtol = 1e-10; without differences all digits are lost."""
    V = VALUES[name]
    law, x0 = given(V)
    run = pt.simulate(mf.Rescaled(law), x0, (0.0, 50.0), [10.0, 50.0], rtol=1e-10)
    for z, truth in zip(run.x, exact(law, x0, V, 5.0, [10.0, 50.0]), strict=True):
        np.testing.assert_allclose(z, truth, rtol=0.0, atol=1e-8 * np.abs(truth).max())
    assert isinstance(run.segments[-1].form, OnParted)
    P = pt.attention(run.law, run(50.0), t=50.0)
    np.testing.assert_allclose(P.max(axis=-1), 1.0, rtol=0.0, atol=1e-14)
