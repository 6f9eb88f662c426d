"""Tokens known by their inner products answer in tokens what tokens known by rows answer in rows."""

from __future__ import annotations

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.measures.inner import Inner

pytestmark = pytest.mark.rounding


@pytest.mark.parametrize("w", [[0.1, 0.5, 0.15, 0.25], [0.5, -0.3, 0.6, 0.2]], ids=["masses", "signed"])
def test_readings_are_the_double_loop(w: list[float]) -> None:
    """Z_i = sum_j w_j e^{beta <x_i, x_j>}, and M_i = sum_{j != i} w_j e^{..} x_j, with the factor left out put back."""
    x, beta = pt.uniform(4, 3, rng=0), 2.0
    read = Inner(1.0 - x @ x.T, np.array(w), 3).read(mf.Exponential(beta), None, "ZM")
    assert read.Z is not None and read.M is not None
    e = np.exp(beta * x @ x.T) * w
    others = e - np.diag(np.diag(e))
    factor, most = np.exp(read.log), 1e-14 * np.abs(e).sum()
    np.testing.assert_allclose(read.Z * factor, e.sum(axis=1, keepdims=True), rtol=0.0, atol=most)
    np.testing.assert_allclose((read.M * factor) @ x, others @ x, rtol=0.0, atol=most)
