"""The Lagrangian method on S^2: squares of labels, against the spectral method, exact flows and the zonal one."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.polynomial import legendre

import meanfield as mf
from meanfield.geometry.cube import CUBE
from meanfield.methods.lagrangian import squares
from meanfield.methods.lagrangian.panels import GAUSS, XI

pytestmark = pytest.mark.rounding

LAW = mf.SA(beta=4.0)
END = 0.5


def start(x):
    return 1 + 0.3 * x[..., 2] + 0.4 * x[..., 0] * x[..., 1] - 0.3 * x[..., 0] * x[..., 2] ** 2


def unit(n, seed=0):
    x = np.random.default_rng(seed).standard_normal((n, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def rho0():
    return mf.Sphere(8).density(start)


@pytest.fixture(scope="module")
def run(rho0):
    return mf.solve(LAW, rho0, (0.0, END), t_eval=[0.0, END], method="lagrangian", rtol=1e-6)


@pytest.fixture(scope="module")
def spectral(rho0):
    return mf.solve(LAW, rho0, (0.0, END), t_eval=[0.0, END], rtol=1e-9)


@pytest.fixture(scope="module")
def gathered():
    """beta = 0: everything gathers at one point, where the exact flow is known."""
    rho = mf.poisson_kernel(mf.Sphere(12), [0.0, 0.06, 0.08])
    method = mf.Lagrangian(merge_tol=2e-2)
    return mf.solve(mf.SA(0.0), rho, (0.0, 9.0), t_eval=[1.0, 5.0, 9.0], method=method, rtol=1e-3)


# --- squares of labels -------------------------------------------------------------------------------------


def test_the_cube_covers_the_sphere_once():
    x = unit(500)
    face, labels = CUBE.within(x)
    np.testing.assert_allclose(CUBE.rows(face, labels), x, rtol=0.0, atol=2e-15)
    sheet = squares.Sheet.begun(CUBE.faces, 2)
    area = CUBE.area(np.broadcast_to(sheet.face[:, None, None], sheet.labels.shape[:-1]), sheet.labels)
    assert abs(np.sum(area * squares.CELL) * 0.25 - 1.0) < 1e-13
    cell = sheet.holding(face, labels)
    assert (sheet.face[cell] == face).all() and (np.abs(labels - sheet.mid[cell]) <= sheet.half[cell] + 1e-12).all()


def test_halves_of_a_polynomial_are_the_polynomial():
    c = np.random.default_rng(0).standard_normal((GAUSS, GAUSS))
    values = legendre.leggrid2d(XI, XI, c)[None, :, :, None]
    left, right = squares.halved(values, np.array([True]), 1)
    size = np.abs(c).sum()
    for half, side in ((left, -1.0), (right, 1.0)):
        exact = legendre.leggrid2d(XI, 0.5 * (XI + side), c)
        np.testing.assert_allclose(half[..., 0], exact, rtol=0.0, atol=1e-14 * size)
    np.testing.assert_allclose(squares.series(values)[0, ..., 0], c, rtol=0.0, atol=1e-13 * size)
    slope = legendre.leggrid2d(XI, XI, legendre.legder(c, axis=0))
    np.testing.assert_allclose(squares.along(squares.SLOPE, values, 0)[0, ..., 0], slope, rtol=0.0, atol=1e-12 * size)


# --- runs --------------------------------------------------------------------------------------------------


def test_it_agrees_with_the_spectral_method(run, spectral):
    for one, other in zip(run.densities, spectral.densities, strict=True):
        true = np.abs(one.moments(10) - other.moments(10)).max()
        assert true < one.error() < 2e-8
        assert abs(one.energy(LAW) - other.energy(LAW)) < 1e-8
        assert abs(one.entropy - other.entropy) < 1e-7
        assert abs(float(one.mass) - 1.0) < 1e-14
    np.testing.assert_allclose(run.dissipation, spectral.dissipation, rtol=0.0, atol=1e-8)
    np.testing.assert_allclose(run.energy - run.energy[0], run.dissipated, rtol=0.0, atol=1e-8)


def test_values_by_the_flow_map_inverted(run, spectral):
    mu, rho = run(END), spectral(END)
    x = unit(60)
    np.testing.assert_allclose(mu(x), rho(x), rtol=0.0, atol=1e-6)
    at = slice(None, None, 97)
    place, density = mu.carried(mu.labels[at])
    np.testing.assert_allclose(place, mu.x[at], rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(density, rho(mu.x[at]), rtol=0.0, atol=1e-6)
    np.testing.assert_allclose(mu.density[at], density, rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(mu.on(mf.Sphere(12)), rho.on(mf.Sphere(12)), rtol=0.0, atol=1e-6)


def test_moments_of_any_degree(run, spectral):
    np.testing.assert_allclose(run(END).moments(40), spectral(END).moments(40), rtol=0.0, atol=1e-7)


def test_points_stand_for_the_masses(run):
    mu = run(END)
    x = mu.quantize(1000)
    assert np.abs(x.mean(axis=0) - mu.mean).max() < 5e-3
    assert np.abs(x.T @ x / 1000 - mu.second_moment).max() < 5e-3
    assert np.abs(mu.sample(1000, rng=0).mean(axis=0) - mu.mean).max() < 4.5 / np.sqrt(1000)


def test_clusters_are_those_of_a_grid(run):
    with pytest.raises(TypeError, match="smoothed"):
        mf.clusters(run(END))
    assert len(mf.clusters(run(END).smoothed(mf.Sphere(12))).masses) >= 1


def test_beta_zero_to_one_atom(gathered):
    size = np.linalg.norm(gathered.mean, axis=1)  # MATH: Poisson kernels stay such, d = 3, |w| = 0.1 to begin with
    np.testing.assert_allclose(size[:2], [0.2535796514935359, 0.9787339386086895], rtol=0.0, atol=1e-4)
    mu = gathered(9.0)
    assert mu.form.fine.count[1] > 0 and np.isinf(mu.entropy) and abs(mu.mass - 1.0) < 1e-13
    heavy = mu.weights[np.isinf(mu.density)].sum()
    assert 0.3 < heavy <= 1.0
    assert 0.0 <= mu.form.jump < 1e-3
    assert 0.999 < size[2] < 1.0 + 1e-12


def test_too_few_nodes_go_on_and_say_so(rho0, spectral):
    few = mf.Lagrangian(max_resolution=4800, tail=1e-13)
    with pytest.warns(mf.StoppedEarly, match="needed more than the nodes permitted"):
        sol = mf.solve(LAW, rho0, (0.0, END), t_eval=[END], method=few, rtol=1e-6)
    mu: Any = sol(END)
    assert sol.success and mu.form.full < END
    assert np.abs(mu.moments(10) - spectral(END).moments(10)).max() < mu.error()


def test_a_file_keeps_it_and_it_goes_on(run, tmp_path):
    run.save(tmp_path / "run.nc")
    back = mf.load(tmp_path / "run.nc")
    np.testing.assert_array_equal(back(0.3).y, run(0.3).y)
    assert mf.resume(back, END + 0.01).end == END + 0.01


def test_the_spectral_method_hands_over(rho0, spectral):
    more: dict[str, Any] = {"max_resolution": 8, "on_unresolved": "lagrangian", "rtol": 1e-6}
    sol = mf.solve(LAW, rho0, (0.0, END), t_eval=[END], **more)
    assert [s.method for s in sol.segments] == ["spectral", "lagrangian"]
    assert np.abs(sol(END).moments(10) - spectral(END).moments(10)).max() < 1e-6


@pytest.mark.parametrize(
    ("more", "told"),
    [({"max_resolution": 100}, "max_resolution: got 100"), ({"diffusion": 0.1}, "diffusion: the method")],
)
def test_what_it_refuses(rho0, more, told):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=told):
            mf.solve(LAW, rho0, (0.0, 1.0), method="lagrangian", **more)
