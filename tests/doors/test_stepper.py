"""`mf.solve(stepper=)`: a stepper of one's own choice moves a density, is saved, and goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.steppers import dop853, rk4

pytestmark = pytest.mark.rounding

LAW = mf.USA(1.0)


def begin() -> Any:
    return mf.von_mises_fisher(mf.Circle(64), 0.3, 0.5)


def moments(**options: Any) -> Any:
    return mf.solve(LAW, begin(), (0.0, 0.25), t_eval=[0.25], **options).measures[-1].moments(6)


@pytest.mark.parametrize("method", ["spectral", "lagrangian"])
def test_the_order_is_that_of_the_stepper(method: str) -> None:
    exact = moments(method=method, stepper=dop853(1e-12, 1e-14))
    np.testing.assert_allclose(moments(method=method, rtol=1e-12, atol=1e-14), exact, rtol=0.0, atol=1e-10)
    errors = [np.abs(moments(method=method, stepper=rk4(0.25 / steps)) - exact).max() for steps in (8, 16, 32)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 4.0) < 0.4), orders


def test_it_is_saved_and_goes_on(tmp_path: Any) -> None:
    whole = mf.solve(LAW, begin(), (0.0, 0.25), stepper=rk4(0.03125))
    half = mf.solve(LAW, begin(), (0.0, 0.125), stepper=rk4(0.03125))
    half.save(tmp_path / "half.nc")
    for run in (half, mf.load(tmp_path / "half.nc")):
        on = mf.resume(run, 0.25)
        assert on.counters.steps == whole.counters.steps == 8
        np.testing.assert_array_equal(on.states[-1], whole.states[-1])
        # dense output on both sides of the seam, and at it
        for t in (0.05, 0.125, 0.15, 0.24):
            np.testing.assert_array_equal(on(t).coefficients, whole(t).coefficients)


@pytest.mark.parametrize("what", ["rk4", 4, rk4])
def test_no_stepper(what: Any) -> None:
    with pytest.raises(TypeError, match=r"stepper.*meanfield\.steppers"):
        mf.solve(LAW, begin(), (0.0, 0.25), stepper=what)
