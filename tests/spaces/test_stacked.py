"""Plans of stacks of densities: each as by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.spaces.dense import DensePlan

SPACES: dict[str, Any] = {"circle": mf.Circle(16), "zonal": mf.ZonalSphere(4, 6), "sphere": mf.Sphere(4)}


@pytest.mark.rounding
@pytest.mark.parametrize("potential", [True, False])
@pytest.mark.parametrize("name", [*SPACES, "dense"])
def test_a_stack_is_each_of_its_densities(name: str, potential: bool) -> None:
    space = SPACES["zonal" if name == "dense" else name]
    modes: list[dict[Any, complex]] = [{2: 0.1}, {1: 0.2, 3: -0.1}]
    if name == "sphere":
        modes = [{(2, 0): 0.1}, {(1, 0): 0.2, (3, 0): -0.1}]
    c = np.stack([[mf.perturbed_uniform(space, m).coefficients for m in modes]] * 3)
    c = c * np.arange(1.0, 4.0)[:, None, None]
    k = space.degrees
    multipliers, p = np.stack([np.ones(len(k)), np.exp(-1.0 * k)]), np.exp(-0.5 * k) if potential else None
    plan = DensePlan(space, multipliers, p) if name == "dense" else space.plan(multipliers, p)
    scalars, slopes = plan.open(c)
    assert scalars.shape[:3] == (3, 2, 2) and (slopes is None) is not potential
    N, m = scalars.shape[-1], space.d - 1 if name == "sphere" else 1
    rng = np.random.default_rng(0)
    X, rho = rng.standard_normal((3, 2, N, m)), rng.standard_normal((3, 2, N))
    closed = plan.close(X, rho, np.empty_like(c))
    for i in np.ndindex(3, 2):
        s, g = plan.open(c[i].copy())
        np.testing.assert_allclose(scalars[i], s, rtol=1e-13, atol=1e-13)
        if slopes is not None and g is not None:
            np.testing.assert_allclose(slopes[i], g, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(closed[i], plan.close(X[i], rho[i], np.empty_like(c[i])), rtol=1e-13, atol=1e-12)
