"""Points drawn from densities on S^2, and points that stand for them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest
from spheres import AXIS

import meanfield as mf
from meanfield.spaces import Sphere
from meanfield.spaces.density import Density

pytestmark = pytest.mark.rounding


def clustered() -> Density:
    space = Sphere(32)
    parts = [
        mf.von_mises_fisher(space, AXIS, 8.0),
        mf.von_mises_fisher(space, [-1.0, 0.2, 0.1], 3.0),
        mf.uniform(space),
    ]
    return mf.mixture(parts, [0.4, 0.4, 0.2])


def test_samples_have_the_moments_of_the_density() -> None:
    rho, n = clustered(), 20_000
    x = rho.sample(n, rng=5)
    assert x.shape == (n, 3)
    np.testing.assert_array_equal(x, rho.sample(n, rng=5))
    assert not np.array_equal(x, rho.sample(n, rng=6))
    spread = np.sqrt(np.maximum(np.diag(rho.second_moment) - rho.mean**2, 0.0) / n)
    assert np.all(np.abs(x.mean(axis=0) - rho.mean) < 4.0 * spread)
    products = np.einsum("ni,nj->nij", x, x)
    assert np.all(np.abs(products.mean(axis=0) - rho.second_moment) < 4.0 * products.std(axis=0) / np.sqrt(n))
    nodes, values = rho.x @ AXIS, rho.weights
    order = np.argsort(nodes)
    assert kstest(x @ AXIS, lambda c: np.interp(c, nodes[order], np.cumsum(values[order]))).pvalue > 1e-3


def test_quantised_points_converge_faster_than_samples() -> None:
    rho = clustered()
    exact = rho.moments(5)
    errors = []
    for n in (250, 1000, 4000, 16000):
        x = rho.quantize(n)
        np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1.0, rtol=0.0, atol=1e-15)
        errors.append(np.abs(rho.space.project(x, np.full(n, 1.0 / n), 5) - exact).max())
    assert errors[0] < 0.02 and errors[-1] < 1e-4
    order = -np.polyfit(np.log([250, 1000, 4000, 16000]), np.log(errors), 1)[0]
    assert order > 0.9, errors
