"""The order parameter's phase, of points and of densities on the circle."""

from __future__ import annotations

import numpy as np
import pytest

import meanfield as mf
from meanfield import geometry

pytestmark = pytest.mark.rounding


def test_the_phase_is_the_mean_s() -> None:
    """int e^{i theta} dmu = resultant e^{i phase}: of angles, rows, one of several clouds, and a density."""
    theta, w = np.array([0.3, 2.0, -1.4]), np.array([0.5, 0.2, 0.3])
    mean = np.sum(w * np.exp(1j * theta))
    both = mf.Points(np.stack([theta + 1.0, theta]), weights=w, angles=True)
    told = [
        mf.order_parameters(mf.Points(theta, weights=w)),
        mf.order_parameters(mf.Points(geometry.to_rows(theta), weights=w)),
        mf.order_parameters(both, replica=1),
    ]
    for one in told:
        assert one.phase is not None
        assert abs(one.resultant * np.exp(1j * one.phase) - mean) < 1e-15 * 8
    rho = mf.Circle(64).density(lambda q: 1.0 + 0.4 * np.cos(q - 2.5))
    assert mf.order_parameters(rho).phase == pytest.approx(2.5, abs=1e-13)


def test_where_there_is_no_phase() -> None:
    """NaN of points in balance and of the uniform density; None off the circle."""
    assert np.isnan(mf.order_parameters(mf.Points([0.0, np.pi])).phase or 0.0)
    assert np.isnan(mf.order_parameters(mf.uniform(mf.Circle(32))).phase or 0.0)
    assert mf.order_parameters(mf.Points(np.eye(3))).phase is None
