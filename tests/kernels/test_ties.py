"""Which scores are equal: to their own rounding, whatever their size; kernels at the ends of the range of floats."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.kernels.heating import Heating

pytestmark = pytest.mark.rounding


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4, 1e8])
@pytest.mark.parametrize("tie", [None, 0.0])
def test_ties_are_those_of_exact_arithmetic_at_any_size(size: float, tie: float | None) -> None:
    """Rows tie but for their rounding: <x, y_j> is the same for all that differ across x.  At |x| = 1e4 the default,
    1e-12, split them."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(5)
    across = np.linalg.svd(x[None])[2][1:]
    y = np.concatenate([x + rng.standard_normal((6, 4)) @ across, 0.9 * x + rng.standard_normal((6, 4)) @ across])
    r = mf.Points(size * y, geometry="flat").read(mf.Exponential(np.inf, tie=tie), size * x[None], "ZM")
    assert abs(float(r.Z[0, 0]) - 0.5) < 1e-15
    mean = y[:6].mean(axis=0)
    np.testing.assert_allclose(r.M[0] / (size * r.Z[0]), mean, rtol=0.0, atol=1e-14 * np.abs(y).max())


def test_what_is_lower_by_more_than_rounding_is_lower() -> None:
    """Also beside a point that is far, or has no mass: their scores' rounding is theirs."""
    y = np.array([[1.0, 0.0], [1.0 - 1e-9, 0.3], [-1e12, 1.0], [1e30, 1e30]])
    mu = mf.Points(y, weights=[1.0, 1.0, 1.0, 0.0], geometry="flat")
    r = mu.read(mf.Exponential(np.inf), np.array([[1.0, 0.0]]), "ZM")
    np.testing.assert_allclose((r.M / r.Z)[0], y[0], rtol=0.0, atol=1e-15)


def test_any_real_infinity_is_hardmax() -> None:
    infinities: tuple[Any, ...] = (np.float32(np.inf), np.float64(np.inf), np.float16(np.inf))
    for beta in infinities:
        kernel = mf.Exponential(beta)
        assert kernel == mf.Exponential(np.inf) and kernel.share is not None
    none: tuple[Any, ...] = (-np.inf, np.float32(-np.inf), np.nan, "inf")
    for beta in none:
        with pytest.raises((ValueError, TypeError), match="beta"):
            mf.Exponential(beta)


@pytest.mark.parametrize("beta", [1e-90, 1e-160, 1e-200, 1e-310, 5e-324])
def test_heating_at_the_smallest_beta_is_that_of_zero(beta: float) -> None:
    """d Phi / d beta = t^2 / 2 + beta t^3 / 3 + ...; below 1e-162 it vanished."""
    x = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [1e-3, 0.0, 1.0]])
    np.testing.assert_allclose(np.exp(Heating(beta).log(x, x)), 0.5 * np.square(x @ x.T), rtol=1e-14)
    for d in (2, 3, 8):
        cold, zero = Heating(beta), Heating(0.0)
        np.testing.assert_allclose(cold.potential(d, 6), zero.potential(d, 6), rtol=1e-14, atol=1e-80)
        assert cold.mean(d, 0.0) == pytest.approx(zero.mean(d, 0.0), rel=1e-14)


@pytest.mark.parametrize("beta", [1e-8, 0.3, 7.0])
def test_heating_by_exact_series(beta: float) -> None:
    """sum_{j>=2} s^j (j - 1) / j! / beta^2 in rational arithmetic."""
    for t in (-1.0, -0.4, 1e-3, 0.7, 1.0):
        s, term, total = Fraction(beta) * Fraction(t), Fraction(1), Fraction(0)
        for j in range(1, 60):
            term = term * s / j
            total += term * (j - 1)
        x, y = np.array([[1.0, 0.0]]), np.array([[t, np.sqrt(1.0 - t * t)]])
        exact = float(total / Fraction(beta) ** 2)
        assert float(np.exp(Heating(beta).log(x, y)[0, 0])) == pytest.approx(exact, rel=1e-13)
