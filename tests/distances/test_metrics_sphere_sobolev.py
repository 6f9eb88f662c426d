"""Negative Sobolev norms on spheres against scipy's harmonics, closed kernels and theory."""

from __future__ import annotations

from math import comb, log
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from clouds import circle, rotation, uniform
from numpy.typing import NDArray
from scipy.special import sph_harm_y

import meanfield as mf
import meanfield.distances
from meanfield.distances.harmonic.sphere import _by_pairs
from meanfield.distances.sphere.addition import PairKernel, legendre, spectral_weights
from meanfield.distances.sphere.measures import read

pytestmark = pytest.mark.rounding

Array = NDArray[Any]
# typed as float or array, which no test could tell apart without asking
metrics: Any = meanfield.distances
emd_sphere = metrics.emd_sphere
geodesic = metrics.geodesic
sliced_sphere = metrics.sliced_sphere
sobolev = metrics.sobolev
sobolev_axial = metrics.sobolev_axial
sobolev_sphere = metrics.sobolev_sphere
sobolev_tail = metrics.sobolev_tail


def brute(x: Array, wx: Array, y: Array, wy: Array, s: float, degree: int) -> float:
    """On S^2, by scipy's harmonics, all m."""
    total = 0.0
    for k in range(1, degree + 1):
        for m in range(-k, k + 1):
            c = 0.0
            for z, w in ((x, wx), (y, -wy)):
                theta, phi = np.arccos(z[:, 2]), np.arctan2(z[:, 1], z[:, 0])
                c = c + np.conj(sph_harm_y(k, m, theta, phi)) @ w * np.sqrt(4 * np.pi)
            total += (1 + k * (k + 1)) ** -s * abs(c) ** 2
    return float(np.sqrt(total))


@pytest.mark.parametrize("s", [None, 0.5, 2.0])
def test_sobolev_on_s2_against_scipys_harmonics(s: float | None) -> None:
    rng = np.random.default_rng(6)
    x, y = uniform(rng, 11, 3), uniform(rng, 8, 3)
    w = rng.dirichlet(np.ones(8))
    exact = brute(x, np.full(11, 1 / 11), y, w, 1.5 if s is None else s, 9)
    assert sobolev_sphere(x, y, s, 9, b_weights=w) == pytest.approx(exact, rel=1e-12)
    # the same by pairs and the addition theorem
    W = spectral_weights(3, 1.5 if s is None else s, 9)
    W[0] = 0.0
    K = PairKernel(3, W)
    u = np.full(11, 1 / 11)
    square = K.own(x, u) - 2 * K.cross(x, u, y, w) + K.own(y, w)
    assert np.sqrt(square) == pytest.approx(exact, rel=1e-10)
    # more points than a tile
    x, u = uniform(rng, 700, 3), rng.dirichlet(np.ones(700))
    assert K.own(x, u) == pytest.approx(u @ np.tensordot(W, legendre(3, 9, x @ x.T), 1) @ u, rel=1e-11)
    assert K.own(x, u) == pytest.approx(K.cross(x, u, x, u), rel=1e-12)


def test_sobolev_on_the_circle_is_the_circles() -> None:
    rng = np.random.default_rng(7)
    theta, phi, w = rng.uniform(0, 6, 40), rng.uniform(0, 6, 25), rng.dirichlet(np.ones(25))
    for s in (None, 2.0):
        pairs = sobolev_sphere(circle(theta), circle(phi), s, 30, b_weights=w)
        assert pairs == pytest.approx(sobolev(theta, phi, s, 30, b_weights=w), abs=1e-13)


def test_sobolev_on_s3_approaches_the_closed_kernel() -> None:
    """On S^3 with s = 2: sum_{j >= 1} sin(j a) / (j^3 sin a) = (pi^2 a/6 - pi a^2/4 + a^3/12) / sin a."""
    rng = np.random.default_rng(8)
    x, y = uniform(rng, 30, 4), uniform(rng, 20, 4)
    z, q = np.concatenate([x, y]), np.concatenate([np.full(30, 1 / 30), np.full(20, -1 / 20)])
    a = geodesic(z, z) + 1e-9 * np.eye(50)
    whole = q @ ((np.pi**2 * a / 6 - np.pi * a**2 / 4 + a**3 / 12) / np.sin(a)) @ q
    missing = [whole - sobolev_sphere(x, y, degree=K) ** 2 for K in (20, 80, 320)]
    for K, gap in zip((20, 80, 320), missing, strict=True):
        assert 0.0 < gap < 2 * (1 / 30 + 1 / 20) * sobolev_tail(4, K)
    assert missing[2] < 0.1 * missing[0]


@pytest.mark.parametrize(("d", "degree"), [(2, 40), (3, 20), (4, 200), (8, 64), (100, 50)])
def test_tabulated_kernels(d: int, degree: int) -> None:
    W = spectral_weights(d, d / 2, degree)
    W[0] = 0.0
    W /= W.sum()
    t = np.cos(np.linspace(0, np.pi, 999))
    np.testing.assert_allclose(PairKernel(d, W)(t.copy()), W @ legendre(d, degree, t), rtol=0.0, atol=2e-14)
    assert legendre(d, degree, np.array(1.0))[degree] == pytest.approx(1.0, abs=1e-13)


@pytest.mark.parametrize("d", [2, 3, 4, 7, 40])
def test_one_atom_from_the_uniform_measure(d: int) -> None:
    """n E ||mu_n - sigma||^2 = sum_k (1 + k(k+d-2))^{-s} N(d, k); for n = 1 without the expectation."""
    x = uniform(np.random.default_rng(d), 1, d)
    flat = mf.uniform(mf.ZonalSphere(d, 4))
    for s in (d / 2, 1.0):
        exact = np.sqrt(spectral_weights(d, s, 30)[1:].sum())
        assert sobolev_sphere(x, flat, s, 30) == pytest.approx(exact, rel=1e-12)
        assert sobolev_axial(x, flat, s=s, degree=30) <= exact * (1 + 1e-12)
    assert sobolev_axial(flat.space.direction[None], flat, degree=30) == pytest.approx(
        np.sqrt(spectral_weights(d, d / 2, 30)[1:].sum()), rel=1e-12
    )


@pytest.mark.parametrize("d", [3, 4, 9])
def test_independent_points_have_the_mean_square_of_theory(d: int) -> None:
    flat = mf.uniform(mf.ZonalSphere(d, 4))
    squares = 20 * sobolev_sphere(uniform(np.random.default_rng(d), 400, 20, d), flat, degree=25) ** 2
    exact = spectral_weights(d, d / 2, 25)[1:].sum()
    assert abs(squares.mean() - exact) < 4 * squares.std() / 20
    assert squares.std() < exact


def test_densities_and_points_by_every_way() -> None:
    """The same law as a density on S^2, as a zonal density and (nearly) as a fine quadrature."""
    rng = np.random.default_rng(9)
    one, two = uniform(rng, 2, 3)
    full = [mf.von_mises_fisher(mf.Sphere(32), m, k) for m, k in ((one, 3.0), (two, 1.0))]
    zonal = [mf.von_mises_fisher(mf.ZonalSphere(3, 32, axis=m), m, k) for m, k in ((one, 3.0), (two, 1.0))]
    exact = sobolev_sphere(full[0], full[1])
    assert sobolev_sphere(zonal[0], zonal[1]) == pytest.approx(exact, rel=1e-12)
    W = spectral_weights(3, 1.5, 32)
    W[0] = 0.0
    sides = read("a", zonal[0]), read("b", zonal[1])
    assert _by_pairs(*sides, W, PairKernel(3, W)) == pytest.approx(exact**2, rel=1e-12)
    assert sobolev_sphere(zonal[0], full[1], degree=60) == pytest.approx(exact, rel=1e-12)
    quadrature = SimpleNamespace(points=full[0].x, weights=full[0].weights)
    assert sobolev_sphere(quadrature, full[1], degree=20) == pytest.approx(
        sobolev_sphere(full[0], full[1], degree=20), rel=1e-11
    )
    assert sobolev_sphere(full[0], zonal[0]) < 1e-12
    x = uniform(rng, 40, 3)
    assert sobolev_sphere(x, full[0], degree=40) == pytest.approx(sobolev_sphere(zonal[0], x, degree=40), rel=1e-11)


@pytest.mark.parametrize("d", [3, 4, 6])
def test_sobolev_is_a_rotation_invariant_distance(d: int) -> None:
    rng = np.random.default_rng(d)
    x, y, z = uniform(rng, 3, 20, d)
    e = uniform(rng, d)
    R = rotation(rng, d)
    rho, turned = (mf.von_mises_fisher(mf.ZonalSphere(d, 30, axis=m), m, 2.0) for m in (e, R @ e))
    D = sobolev_sphere(x, y, degree=30)
    assert sobolev_sphere(y @ R.T, x @ R.T, degree=30) == pytest.approx(D, rel=1e-11)
    assert sobolev_sphere(x @ R.T, turned, degree=30) == pytest.approx(sobolev_sphere(x, rho, degree=30), rel=1e-11)
    assert sobolev_sphere(x, z, degree=30) + sobolev_sphere(z, y, degree=30) >= D
    assert sobolev_sphere(x, rho, degree=30) + sobolev_sphere(rho, y, degree=30) >= D
    assert sobolev_sphere(x, x[::-1], degree=30) < 1e-7
    assert sobolev_axial(x, y, e, degree=30) < D
    other = mf.von_mises_fisher(mf.ZonalSphere(d, 20, axis=e), e, 0.5)
    assert sobolev_axial(rho, other) == pytest.approx(sobolev_sphere(rho, other), rel=1e-9)
    # a degree at a time, by sums over pairs written out
    t, k = x @ y.T, 5
    G = [legendre(d, k, s)[k].mean() for s in (x @ x.T, y @ y.T, t)]
    gap = sobolev_sphere(x, y, degree=k) ** 2 - sobolev_sphere(x, y, degree=k - 1) ** 2
    assert gap == pytest.approx(spectral_weights(d, d / 2, k)[k] * (G[0] + G[1] - 2 * G[2]), rel=1e-9)


def test_sobolev_replicas() -> None:
    rng = np.random.default_rng(11)
    for d in (3, 4):
        x, y, w = uniform(rng, 3, 1, 9, d), uniform(rng, 2, 12, d), rng.dirichlet(np.ones(12), 2)
        rho = mf.uniform(mf.ZonalSphere(d, 4))
        for metric, axis in ((sobolev_sphere, {}), (sobolev_axial, {"axis": np.eye(d)[0]})):
            all_at_once = metric(x, y, degree=8, b_weights=w, **axis)
            assert all_at_once.shape == (3, 2) and metric(x, rho, degree=8, **axis).shape == (3, 1)
            for i, j in np.ndindex(3, 2):
                one = metric(x[i, 0], y[j], degree=8, b_weights=w[j], **axis)
                assert isinstance(one, float) and one == pytest.approx(all_at_once[i, j], rel=1e-11)
    x, y = uniform(rng, 3, 1, 9, 4), uniform(rng, 2, 12, 4)
    assert emd_sphere(x, y).shape == (3, 2)
    assert emd_sphere(x, y)[2, 1] == emd_sphere(x[2, 0], y[1])
    w = rng.dirichlet(np.ones(12), 2)
    for p, weights in ((1, None), (2, None), (1, w)):
        some: dict[str, Any] = {"projections": 5, "p": p, "rng": 1}
        all_at_once = sliced_sphere(x, y, None, weights, **some)
        one = sliced_sphere(x[2, 0], y[1], None, None if weights is None else w[1], **some)
        assert all_at_once.shape == (3, 2) and all_at_once[2, 1] == pytest.approx(one, abs=1e-12)
        assert sliced_sphere(x, y, each=True, **some).shape == (3, 2, 5)


def test_spectral_weights_and_their_tails() -> None:
    assert sobolev_tail(2, 0) == pytest.approx(np.pi / np.tanh(np.pi) - 1, rel=1e-9)
    assert sobolev_tail(4, 0) == pytest.approx(np.pi**2 / 6 - 1, rel=1e-9)
    for d, s in ((3, 1.5), (3, 1.05), (6, 3.0), (30, 15.0)):
        part = spectral_weights(d, s, 50)[11:].sum()
        assert sobolev_tail(d, 10, s) - sobolev_tail(d, 50, s) == pytest.approx(part, rel=1e-7)
    assert sobolev_tail(3, 10, 1.0) == np.inf
    # N(d, k) overflows; the logarithm of a big binomial does not
    d, k = 700, 400
    N = comb(k + d - 1, k) - comb(k + d - 3, k - 2)
    W = spectral_weights(d, 60.0, k)
    assert np.log(W[k]) == pytest.approx(log(N) - 60.0 * log(1 + k * (k + d - 2)), rel=1e-12)


def test_a_million_points_on_s2() -> None:
    x = uniform(np.random.default_rng(12), 1_000_000, 3)
    d = sobolev_sphere(x, mf.uniform(mf.Sphere(4)), degree=32)
    exact = spectral_weights(3, 1.5, 32)[1:].sum() / 1e6
    assert 0.2 * exact < d**2 < 4 * exact
