"""A density's coefficients are bounded by its mass: what is beyond is no density, however smooth it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.protocols import Array, Stepped, Stepper
from meanfield.steppers import euler, rk4
from meanfield.steppers.control import slope_of

pytestmark = pytest.mark.rounding


@dataclass(frozen=True)
class Long(Stepper):
    """Euler's, which claims to keep within the method's limit, and does not."""

    size: float
    order = 1
    heeds = True

    def step(self, method: Any, t: float, y: Array, h: Any, stop: float, rng: Any, keep: bool) -> Stepped:
        k = np.empty_like(y)
        slope_of(method)(t, y, k)
        end = min(t + self.size, stop)
        return Stepped(end, y + (end - t) * k, self.size, None, 1, 0)


DENSITIES: dict[str, Any] = {
    "circle": mf.perturbed_uniform(mf.Circle(64), {1: 0.3}),
    "zonal": mf.ZonalSphere(8, 16).density(lambda c: 1.0 + 0.3 * c),
    "sphere": mf.Sphere(16).density(lambda x: 1.0 + 0.3 * x[..., 2]),
}


@pytest.mark.parametrize("name", DENSITIES)
def test_what_no_density_is_ends_the_run(name: str) -> None:
    """Two steps of 1: coefficients of 1e5 and more, with a tail of nothing beside them, were a success."""
    with pytest.raises(mf.RunError, match=r"no density of this mass above .* The steps are of a Long") as caught:
        mf.solve(mf.USA(8.0), DENSITIES[name], (0.0, 2.0), t_eval=[2.0], stepper=Long(1.0))
    sol: Any = caught.value.solution
    assert sol.status is mf.Status.DIVERGED and not sol.success and sol.end < 2.0
    assert np.all(np.abs(sol.states[-1]) <= 1.1 * sol.settings["space"].most)


@pytest.mark.parametrize("make", [euler, rk4])
def test_steps_of_ours_that_diffusion_alone_limits(make: Any) -> None:
    with pytest.raises(mf.RunError, match="FixedStep, which controls no error") as caught:
        mf.solve(mf.USA(8.0), DENSITIES["circle"], (0.0, 1.0), stepper=make(0.5), diffusion=1e-6)
    assert caught.value.solution.status is mf.Status.DIVERGED


@pytest.mark.parametrize("d", [2, 3, 5])
def test_the_bound_is_reached_by_a_point_mass(d: int) -> None:
    zonal = mf.ZonalSphere(d, 12)
    np.testing.assert_allclose(zonal.evaluate(np.eye(13), np.array([1.0]))[:, 0], zonal.most, rtol=1e-12)
    spaces: list[tuple[Any, Any]] = [(mf.Circle(32), np.array([1.0])), (mf.Sphere(12), None)]
    for space, q in spaces:
        q = space.rows[:5] if q is None else q
        point = space.project(q, np.ones(len(q)) / len(q), 12)
        assert np.all(np.abs(point) <= space.most[: len(point)] * (1.0 + 1e-12))


def test_what_is_nearly_a_point_is_none_that_diverged() -> None:
    """All its coefficients are near the bound."""
    rho = mf.von_mises_fisher(mf.Circle(16384), 0.0, 1e4)
    sol = mf.solve(mf.SA(1.0), rho, (0.0, 0.1))
    assert sol.success and np.abs(sol.states[-1]).max() <= 1.0 + 1e-9


def test_a_signed_density_has_its_own_bound() -> None:
    rho = mf.Circle(64).density(lambda theta: 1.0 + 5.0 * np.cos(theta), signed=True)
    sol = mf.solve(mf.Diffusion(1.0), rho, (0.0, 0.5))
    np.testing.assert_allclose(sol.states[-1][1], 2.5 * np.exp(-0.5), rtol=1e-12)
    assert mf.resume(sol, 1.0).success
