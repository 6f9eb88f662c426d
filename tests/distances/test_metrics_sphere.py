"""Distances on spheres against assignment and linear programmes, POT, closed forms, double sums and each other."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from clouds import circle, rotation, uniform
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import linear_sum_assignment, linprog
from scipy.stats import wasserstein_distance

import meanfield as mf
import meanfield.distances
from meanfield.distances.sphere.quantiles import AngleLaw
from meanfield.special import ultraspherical

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

Array = NDArray[Any]
# typed as float or array, which no test could tell apart without asking
metrics: Any = meanfield.distances
emd_sphere = metrics.emd_sphere
geodesic = metrics.geodesic
sliced_sphere = metrics.sliced_sphere
sobolev_axial = metrics.sobolev_axial
sobolev_sphere = metrics.sobolev_sphere
sobolev_tail = metrics.sobolev_tail
w1_axial = metrics.w1_axial
w1_circle = metrics.w1_circle
w2_axial = metrics.w2_axial
w2_circle = metrics.w2_circle


# --- exact ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 3, 16])
def test_geodesic_near_and_antipodal_points(d: int) -> None:
    rng = np.random.default_rng(d)
    x = uniform(rng, d)
    v = uniform(rng, d)
    v -= (v @ x) * x
    v /= np.linalg.norm(v)
    h = np.array([0.0, 1e-12, 1e-9, 1e-4, 0.5, 2.0, np.pi - 1e-4, np.pi - 1e-9, np.pi])
    y = np.cos(h)[:, None] * x + np.sin(h)[:, None] * v
    np.testing.assert_allclose(geodesic(x[None], y)[0], h, rtol=0.0, atol=4.0 * EPS * np.sqrt(d))


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [2, 3, 8])
def test_exact_transport_against_assignment(p: int, d: int) -> None:
    rng = np.random.default_rng(10 * d + p)
    x, y = uniform(rng, 60, d), uniform(rng, 60, d)
    cost = np.arccos(np.clip(x @ y.T, -1, 1)) ** p
    best = cost[linear_sum_assignment(cost)].mean() ** (1 / p)
    assert emd_sphere(x, y, p=p) == pytest.approx(best, abs=1e-13)
    R = rotation(rng, d)
    assert emd_sphere(y @ R, x @ R, p=p) == pytest.approx(best, abs=1e-13)
    if d == 2:
        theta, phi = (np.arctan2(z[:, 1], z[:, 0]) for z in (x, y))
        assert best == pytest.approx((w1_circle, w2_circle)[p - 1](theta, phi), abs=1e-12)


@pytest.mark.parametrize("p", [1, 2])
def test_exact_transport_of_weights_against_a_linear_programme(p: int) -> None:
    rng = np.random.default_rng(p)
    x, y = uniform(rng, 7, 4), uniform(rng, 5, 4)
    a, b = rng.dirichlet(np.ones(7)), rng.dirichlet(np.ones(5))
    cost = np.arccos(np.clip(x @ y.T, -1, 1)) ** p
    rows = np.kron(np.eye(7), np.ones(5))
    columns = np.kron(np.ones(7), np.eye(5))
    best: Any = linprog(cost.ravel(), A_eq=np.concatenate([rows, columns]), b_eq=np.concatenate([a, b])).fun
    assert emd_sphere(x, y, 3 * a, b, p=p) == pytest.approx(best ** (1 / p), abs=1e-9)


@pytest.mark.parametrize("p", [1, 2])
def test_exact_transport_in_closed_form(p: int) -> None:
    rng = np.random.default_rng(20 + p)
    x, y, z = uniform(rng, 3, 40, 3)
    assert emd_sphere(x, x[::-1], p=p) < 1e-7
    assert emd_sphere(x[:1], -x[:1], p=p) == pytest.approx(np.pi, abs=1e-15)
    near = x + 1e-9 * np.cross(x, uniform(rng, 3))  # every point to its own image
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    moved = np.mean(np.diag(geodesic(x, near)) ** p) ** (1 / p)
    assert 0 < moved < 1e-9 and emd_sphere(x, near, p=p) == pytest.approx(moved, rel=1e-5, abs=2e-9 if p == 2 else 0)
    assert emd_sphere(x, z, p=p) <= emd_sphere(x, y, p=p) + emd_sphere(y, z, p=p) + 1e-12


def test_an_unfinished_solver_is_an_error() -> None:
    x, y = uniform(np.random.default_rng(0), 2, 200, 3)
    with pytest.raises(RuntimeError, match=r"did not finish .*Raise max_iterations = 100"):
        emd_sphere(x, y, max_iterations=100)


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ot", None)
    with pytest.raises(ImportError, match=r'pip install POT \(the extra "ot"\)'):
        emd_sphere(np.eye(3), np.eye(3))


# --- sliced ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [3, 6])
def test_sliced_distance_against_pot(p: int, d: int) -> None:
    ot = pytest.importorskip("ot")
    rng = np.random.default_rng(100 * d + p)
    x, y, w = uniform(rng, 30, d), uniform(rng, 20, d), rng.dirichlet(np.ones(20))
    frames = np.linalg.qr(rng.standard_normal((15, d, 2)))[0]
    turns = ot.sliced_wasserstein_sphere(x, y, None, w, n_projections=15, projections=frames, p=p)
    assert sliced_sphere(x, y, b_weights=w, projections=frames, p=p) == pytest.approx(2 * np.pi * turns, abs=1e-9)


@pytest.mark.parametrize("p", [1, 2])
def test_sliced_distance_in_closed_form(p: int) -> None:
    rng = np.random.default_rng(p)
    theta, phi = rng.uniform(0, 6, 12), rng.uniform(0, 6, 9)
    exact = (w1_circle, w2_circle)[p - 1](theta, phi)
    assert sliced_sphere(circle(theta), circle(phi), projections=3, p=p, rng=0) == pytest.approx(exact, abs=1e-12)
    x, y = uniform(rng, 2, 25, 5)
    assert sliced_sphere(x[:1], -x[:1], p=p, rng=0) == pytest.approx(np.pi, abs=1e-14)
    assert sliced_sphere(x, x[::-1], p=p, rng=0) < 1e-7
    frames = np.linalg.qr(rng.standard_normal((20, 5, 2)))[0]
    R = rotation(rng, 5)
    turned = sliced_sphere(x @ R.T, y @ R.T, projections=np.einsum("ij,mjk->mik", R, frames), p=p)
    assert turned == pytest.approx(sliced_sphere(y, x, projections=frames, p=p), abs=1e-12)
    each = sliced_sphere(x, y, projections=frames, p=p, each=True)
    assert each.shape == (20,)
    assert np.mean(each**p) ** (1 / p) == pytest.approx(sliced_sphere(x, y, projections=frames, p=p), abs=1e-15)


def test_great_circles_are_uniform() -> None:
    """The mean over U for two orthogonal atoms, by quadrature.

    On S^2 the plane of U has a uniform normal m; atoms x, y project to x - <x, m> m and y - <y, m> m.
    """
    x, y = np.eye(3)[:1], np.eye(3)[1:2]
    each = sliced_sphere(x, y, projections=20_000, p=1, rng=3, each=True)
    z, w = np.polynomial.legendre.leggauss(60)
    phi = 2 * np.pi * (np.arange(120) + 0.37) / 120
    m = np.stack(
        [np.sqrt(1 - z[:, None] ** 2) * np.cos(phi), np.sqrt(1 - z[:, None] ** 2) * np.sin(phi),
         np.broadcast_to(z[:, None], (60, 120))], axis=-1,
    )  # fmt: skip
    a, b = (v[0] - (m @ v[0])[..., None] * m for v in (x, y))
    cosine = np.sum(a * b, -1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    exact = float(w @ np.arccos(cosine).mean(axis=1)) / 2
    assert abs(each.mean() - exact) < 4 * each.std() / np.sqrt(20_000) + 1e-3
    assert sliced_sphere(x, y, projections=7, rng=5) == sliced_sphere(x, y, projections=7, rng=5)


# --- axial: points --------------------------------------------------------------------------------------------


def angle_of(x: Array, e: Array) -> Array:
    return np.arccos(np.clip(x @ e, -1, 1))


@pytest.mark.parametrize("d", [2, 3, 9])
def test_axial_distance_of_points_is_that_of_their_angles(d: int) -> None:
    rng = np.random.default_rng(d)
    x, y, e = uniform(rng, 24, d), uniform(rng, 36, d), uniform(rng, d)
    wx, wy = rng.dirichlet(np.ones(24)), rng.dirichlet(np.ones(36))
    for by, place in (("angle", angle_of), ("height", lambda v, e: v @ e)):
        u, v = place(x, e), place(y, e)
        assert w1_axial(x, y, e, wx, wy, by=by) == pytest.approx(wasserstein_distance(u, v, wx, wy), abs=60 * EPS)
        assert w1_axial(x, y, 2 * e, by=by) == pytest.approx(wasserstein_distance(u, v), abs=1e-14)
        split = np.sort(np.repeat(u, 3)) - np.sort(np.repeat(v, 2))  # 72 atoms each
        assert w2_axial(x, y, e, by=by) == pytest.approx(np.sqrt(np.mean(split**2)), abs=1e-14)
        assert w2_axial(x, y[:24], e, by=by) == pytest.approx(np.sqrt(np.mean((np.sort(u) - np.sort(v[:24])) ** 2)))
    assert w1_axial(x, y, e) <= emd_sphere(x, y) + 1e-12
    assert w2_axial(x, y, e, wx, wy) <= emd_sphere(x, y, wx, wy, p=2) + 1e-12
    assert w1_axial(x, y, e, by="height") <= w1_axial(x, y, e)
    # atoms split in two: other cumulative weights, up to rounding
    part = rng.uniform(0.2, 0.8, 24)
    halves = np.concatenate([wx * part, wx * (1 - part)])
    assert w2_axial(x, np.concatenate([x, x]), e, wx, halves) < 1e-14
    pole = e + 1e-10 * np.array([*np.zeros(d - 1), 1.0])
    near = (pole / np.linalg.norm(pole))[None]
    assert w1_axial(near, e[None], e) == pytest.approx(np.linalg.norm(near - e), rel=1e-5)


# --- axial: densities -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("d", "degree", "kappa"), [(2, 24, 2.0), (3, 40, 4.0), (4, 48, 5.0), (16, 48, 6.0), (128, 64, 20.0)]
)
def test_the_law_of_the_angle(d: int, degree: int, kappa: float) -> None:
    space = mf.ZonalSphere(d, degree)
    rho = space.density(lambda c: np.exp(kappa * c - kappa))
    law = AngleLaw("b", d, rho.coefficients)
    alpha = np.linspace(0.02, 3.1, 301)
    exact = 1 - ultraspherical.distribution(d, rho.coefficients, np.cos(alpha))
    np.testing.assert_allclose(law.mass(alpha), exact, rtol=0.0, atol=(64.0 + d) * EPS)  # powers of sines
    step = 1e-5
    np.testing.assert_allclose(
        law.density(alpha), (law.mass(alpha + step) - law.mass(alpha - step)) / (2 * step), rtol=0.0, atol=1e-6
    )
    steep = np.zeros(degree + 1)
    steep[0], steep[1], steep[degree] = 1.0, 0.3 / np.sqrt(d), 2e-3
    exact = 1 - ultraspherical.distribution(d, steep, np.cos(alpha))
    np.testing.assert_allclose(AngleLaw("b", d, steep).mass(alpha), exact, rtol=0.0, atol=3e-14)
    level = np.linspace(0, 1, 200)
    limit = (8.0 + 4.0 * np.pi * law.density(alpha).max()) * EPS  # angles are rounded
    np.testing.assert_allclose(law.mass(law.quantile(level)), level, rtol=0.0, atol=limit)


@pytest.mark.parametrize(("d", "degree", "kappa"), [(2, 24, 2.0), (3, 40, 4.0), (8, 32, 6.0), (64, 48, 10.0)])
def test_points_against_a_density_by_adaptive_quadrature(d: int, degree: int, kappa: float) -> None:
    """Both integrals written out, with the exact distribution function, piece by piece."""
    space = mf.ZonalSphere(d, degree)
    rho = space.density(lambda c: np.exp(kappa * c - kappa))
    rng = np.random.default_rng(d)
    x, w = rho.sample(6, rng=1), rng.dirichlet(np.ones(6))
    alpha = np.sort(angle_of(x, space.direction))
    w_sorted = w[np.argsort(angle_of(x, space.direction))]
    P = np.concatenate([[0.0], np.cumsum(w_sorted)])

    def H(a: float) -> float:
        return float(1 - ultraspherical.distribution(d, rho.coefficients, np.array([np.cos(a)]))[0])

    def f(a: float) -> float:
        c = np.array([np.cos(a)])
        return float(rho(c)[0] * np.exp(ultraspherical.log_weight(d, c)[0]) * np.sin(a))

    ends = [1e-6, *alpha, np.pi - 1e-6]
    t = [0.0, *AngleLaw("b", d, rho.coefficients).quantile(P[1:-1]), np.pi]
    for by, speed, place in (("angle", lambda a: 1.0, lambda a: a), ("height", np.sin, np.cos)):
        first = sum(
            quad(lambda a, i=i, s=speed: abs(H(a) - P[i]) * s(a), ends[i], ends[i + 1], points=[t[i]] if ends[i] < t[i]
                 < ends[i + 1] else None, epsabs=1e-12, limit=200)[0]
            for i in range(7)
        )  # fmt: skip
        assert w1_axial(x, rho, a_weights=w, by=by) == pytest.approx(first, rel=1e-8)
        second = sum(
            quad(lambda a, i=i, p=place: (p(a) - p(alpha[i])) ** 2 * f(a), max(t[i], 1e-9), min(t[i + 1], np.pi - 1e-9),
                 epsabs=1e-13, limit=200)[0]
            for i in range(6)
        )  # fmt: skip
        assert w2_axial(rho, x, b_weights=w, by=by) == pytest.approx(np.sqrt(second), rel=1e-8)


def test_axial_distances_in_closed_form() -> None:
    pole = np.array([[0.0, 0.0, 1.0]])
    flat = mf.uniform(mf.ZonalSphere(3, 4))
    assert w1_axial(pole, flat) == pytest.approx(np.pi / 2, rel=1e-14)
    assert w2_axial(pole, flat) == pytest.approx(np.sqrt((np.pi**2 - 4) / 2), rel=1e-14)
    assert w1_axial(pole, flat, by="height") == pytest.approx(1.0, rel=1e-14)
    assert w2_axial(flat, pole, by="height") == pytest.approx(np.sqrt(4 / 3), rel=1e-14)
    pole = np.array([[0.0, 0.0, 0.0, 1.0]])
    assert w2_axial(pole, mf.uniform(mf.ZonalSphere(4, 4))) == pytest.approx(np.sqrt(np.pi**2 / 3 - 0.5), rel=1e-14)
    # heights in the middle of n equal cells, by Archimedes the best n atoms for sigma on S^2
    for n in (1, 10, 5000):
        c = -1 + (2 * np.arange(n) + 1) / n
        x = np.stack([np.sqrt(1 - c**2), np.zeros(n), c], axis=-1)
        assert w1_axial(x, flat, by="height") == pytest.approx(0.5 / n, rel=1e-12)
        assert w2_axial(x, flat, by="height") == pytest.approx(1 / n / np.sqrt(3), rel=1e-11)


def test_any_axis_of_any_density() -> None:
    """The same von Mises-Fisher law as a density on S^2 and as a zonal one, seen along an axis of neither."""
    rng = np.random.default_rng(4)
    mean, e = uniform(rng, 3), uniform(rng, 3)
    full = mf.von_mises_fisher(mf.Sphere(48), mean, 5.0)
    zonal = mf.von_mises_fisher(mf.ZonalSphere(3, 48, axis=mean), mean, 5.0)
    x = full.sample(500, rng=0)
    for metric in (w1_axial, w2_axial):
        for by in ("angle", "height"):
            one, other = metric(x, full, e, by=by), metric(x, zonal, e, by=by)
            assert one == pytest.approx(other, rel=1e-10)
            assert 0 < one < 0.2
    assert w1_axial(full.sample(20_000, rng=1), full, e) < 0.03
    assert w1_axial(x, zonal) == w1_axial(x, zonal, mean)


def test_axial_replicas() -> None:
    rng = np.random.default_rng(5)
    x, y, e = uniform(rng, 3, 1, 10, 4), uniform(rng, 2, 14, 4), uniform(rng, 4)
    w = rng.dirichlet(np.ones(14), 2)
    rho = mf.uniform(mf.ZonalSphere(4, 4))
    for metric in (w1_axial, w2_axial):
        plain, weighted = metric(x, y, e), metric(x, y, e, None, w)
        against = metric(x, rho)
        assert plain.shape == weighted.shape == (3, 2) and against.shape == (3, 1)
        for i, j in np.ndindex(3, 2):
            assert plain[i, j] == pytest.approx(metric(x[i, 0], y[j], e), abs=1e-15)
            assert weighted[i, j] == pytest.approx(metric(x[i, 0], y[j], e, None, w[j]), abs=1e-15)
        assert against[1, 0] == pytest.approx(metric(x[1, 0], rho), abs=1e-15)
        assert isinstance(metric(x[0, 0], y[0], e), float)


# --- bad input ------------------------------------------------------------------------------------------------


X3, X4 = np.eye(3), np.eye(4)
FLAT = mf.uniform(mf.ZonalSphere(3, 4))


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: emd_sphere(2 * X3, X3), ValueError, "^a must be unit rows"),
        (lambda: emd_sphere(X3, X3 * np.nan), ValueError, "^b must be"),
        (lambda: emd_sphere(X3, X4), ValueError, "^a and b must live on the same sphere"),
        (lambda: emd_sphere(X3, FLAT), TypeError, "^b must be points"),
        (lambda: emd_sphere(X3, X3, p=3), ValueError, "^p must be"),
        (lambda: emd_sphere(X3, X3, max_iterations=0), ValueError, "^max_iterations must be"),
        (lambda: emd_sphere(X3, X3, [1.0, 1.0]), ValueError, "^a_weights must have one weight"),
        (lambda: emd_sphere(X3, X3, None, [1.0, 1.0, -1.0]), ValueError, "^b_weights must be"),
        (lambda: emd_sphere(np.tile(X3, (2000, 1)), np.tile(X3, (2000, 1))), ValueError, "^a and b must have at most"),
        (lambda: emd_sphere(np.stack([X3] * 2), np.stack([X3] * 3)), ValueError, "^a and b must have leading"),
        (lambda: geodesic(X3, X4), ValueError, "^x and y must have shapes"),
        (lambda: sliced_sphere(FLAT, X3), TypeError, "^a must be points"),
        (lambda: sliced_sphere(X3, X3, projections=0), ValueError, "^projections must be"),
        (lambda: sliced_sphere(X3, X3, projections=np.ones((2, 3, 2))), ValueError, "^projections must be pairs"),
        (lambda: sliced_sphere(X3, X3, projections=np.ones((2, 4, 2))), ValueError, "^projections must be"),
        (lambda: sliced_sphere(X3, X3, rng=-1), ValueError, "^rng must be"),
        (lambda: w1_axial(X3, X3), ValueError, "^axis must be"),
        (lambda: w1_axial(X3, X3, np.zeros(3)), ValueError, "^axis must be"),
        (lambda: w1_axial(X3, X3, X3[0], by="chord"), ValueError, "^by must be"),
        (lambda: w1_axial(FLAT, FLAT), TypeError, "^a and b must not both be densities"),
        (lambda: w1_axial(X4, FLAT), ValueError, "^a and b must live on the same sphere"),
        (lambda: w1_axial(FLAT, X3, a_weights=[1.0]), ValueError, "^a_weights must be None"),
        (
            lambda: w1_axial(X3, mf.ZonalSphere(3, 4).density(lambda c: 1 + 2 * c, signed=True)),
            ValueError,
            "^b must be a",
        ),
        (
            lambda: w1_axial(X3, mf.ZonalSphere(3, 4).density(lambda c: 2 + 0 * c, signed=True)),
            ValueError,
            "^b must have",
        ),
        (lambda: w1_axial([[1.0, 0.0]], mf.uniform(mf.Circle(8))), ValueError, "^b must be points, a zonal density or"),
        (lambda: sobolev_sphere(X3, FLAT), ValueError, "^degree must be given"),
        (lambda: sobolev_sphere(X3, FLAT, degree=0), ValueError, "^degree must be"),
        (lambda: sobolev_sphere(X3, FLAT, degree=2.0), TypeError, "^degree must be"),
        (lambda: sobolev_sphere(X3, FLAT, np.inf, 3), ValueError, "^s must be"),
        (lambda: sobolev_sphere(np.eye(900), np.eye(900), degree=3), ValueError, "^s must leave"),
        (lambda: sobolev_axial(X3, X3, degree=3), ValueError, "^axis must be"),
        (lambda: sobolev_tail(1, 3), ValueError, "^d must be"),
    ],
)
def test_bad_input_is_named(call: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()
