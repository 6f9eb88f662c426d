"""Harmonics on S^2 at any points: against sums of scipy's harmonics, finite differences, rotations, distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import sph_harm_y
from scipy.stats import kstest

from meanfield.protocols import Array
from meanfield.spaces import sphere_points as sp
from meanfield.tools import threads

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

RNG = np.random.default_rng(20)
POLES = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0], [-0.0, 0.0, 1.0], [-0.0, -0.0, -1.0]])


def unit(*shape: int) -> Array:
    x = RNG.standard_normal((*shape, 3))
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def series(degree: int, *lead: int) -> Array:
    """Coefficients of real fields, of about the same power in every degree."""
    k, m = sp.pairs(degree)
    c = RNG.standard_normal((*lead, len(k))) + 1j * RNG.standard_normal((*lead, len(k)))
    c[..., m == 0] = c[..., m == 0].real
    return c / (2.0 * k + 1.0)


def harmonics(degree: int, x: Array) -> Array:
    """Y^sigma_lm at rows x (n, 3), by scipy: (n, M)."""
    k, m = sp.pairs(degree)
    theta, phi = np.arctan2(np.hypot(x[:, 0], x[:, 1]), x[:, 2]), np.arctan2(x[:, 1], x[:, 0])
    return np.sqrt(4.0 * np.pi) * sph_harm_y(k, m, theta[:, None], phi[:, None])


def gradient(c: Array, x: Array) -> Array:
    slopes = sp.fields(c[None][:0], c, x)[1]
    assert slopes is not None
    return slopes


def by_hand(c: Array, x: Array) -> Array:
    m = sp.pairs(sp.degree_of(c.shape[-1]))[1]
    return (np.where(m == 0, 1.0, 2.0) * c @ harmonics(sp.degree_of(c.shape[-1]), x).T).real


# --- order -------------------------------------------------------------------------------------------------


def test_order_of_the_coefficients() -> None:
    assert [sp.index(5, int(k), int(m)) for k, m in zip(*sp.pairs(5))] == list(range(sp.count(5)))
    assert [sp.degree_of(sp.count(L)) for L in range(40)] == list(range(40))
    for M in (0, 2, 5, 7, 20, 22):
        with pytest.raises(ValueError, match="coefficients"):
            sp.degree_of(M)


def test_recut_keeps_names() -> None:
    c = series(6, 2)
    for L in (0, 1, 4, 6, 9):
        got = sp.recut(c, L)
        for i, (k, m) in enumerate(zip(*sp.pairs(L))):
            wanted = c[:, sp.index(6, k, m)] if k <= 6 else 0.0
            np.testing.assert_array_equal(got[:, i], wanted)


def test_power_and_band() -> None:
    c = np.zeros(sp.count(12), dtype=complex)
    c[0], c[sp.index(12, 3, 2)], c[sp.index(12, 7, 0)] = 1.0, 1.0 + 2.0j, 1e-25
    np.testing.assert_allclose(
        sp.by_degree(np.abs(c) ** 2), np.eye(13)[0] + 10.0 * np.eye(13)[3] + 1e-50 * np.eye(13)[7]
    )
    assert sp.band(c) == 3
    assert sp.band(np.stack([c, 1e-30 * c])) == 3
    c[sp.index(12, 7, 0)] = 1e-12
    assert sp.band(c) == 7
    assert sp.band(np.zeros(sp.count(4))) == 1


# --- values, gradients, moments ------------------------------------------------------------------------------


@pytest.mark.parametrize("degree", [1, 2, 9, 31])
def test_values_and_moments_are_sums_over_harmonics(degree: int) -> None:
    x = np.concatenate([unit(60), POLES[:2]])
    c, w = series(degree), RNG.random(62)
    got, slopes = sp.fields(c[None], None, x)
    np.testing.assert_allclose(got[0], by_hand(c, x), rtol=0.0, atol=2e-13 * np.abs(got).max())
    assert slopes is None
    limit = 2e-13 * w.sum()  # as of the values: they are adjoint
    np.testing.assert_allclose(sp.project(x, w, degree), w @ harmonics(degree, x).conj(), rtol=0.0, atol=limit)


def test_moments_are_the_adjoint_of_values() -> None:
    x, w, c = unit(40), RNG.standard_normal(40), series(12)
    m = sp.pairs(12)[1]
    both = np.where(m == 0, 1.0, 2.0)
    assert w @ sp.fields(c[None], None, x)[0][0] == pytest.approx(
        float(np.sum(both * (c * sp.project(x, w, 12).conj()).real)), rel=1e-12
    )


def test_moments_of_degree_zero_and_of_nothing() -> None:
    assert sp.project(unit(5), np.full(5, 0.2), 0) == pytest.approx(1.0)
    assert not sp.project(np.empty((0, 3)), np.empty(0), 3).any()
    values, slopes = sp.fields(series(3, 2), series(3), np.empty((0, 3)))
    assert slopes is not None
    assert values.shape == (2, 0) and slopes.shape == (0, 2)


def test_leading_axes() -> None:
    s, g, x = series(5, 2, 3), series(5, 3), unit(3, 7)
    values, slopes = sp.fields(s, g, x)
    assert slopes is not None
    assert values.shape == (2, 3, 7) and slopes.shape == (3, 7, 2)
    for r in range(3):
        for i in range(2):
            np.testing.assert_allclose(values[i, r], by_hand(s[i, r], x[r]), rtol=0.0, atol=1e-12)
        np.testing.assert_array_equal(slopes[r], gradient(g[r], x[r]))
    shared, _ = sp.fields(s, None, x[0])  # several series at the same points
    np.testing.assert_array_equal(shared[1, 0], values[1, 0])
    one, steep = sp.fields(s[:, 0], g[0], x)  # one series at points of any shape
    assert steep is not None
    assert one.shape == (2, 3, 7) and steep.shape == (3, 7, 2)
    np.testing.assert_allclose(one[1, 2], by_hand(s[1, 0], x[2]), rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(steep[2], gradient(g[0], x[2]), rtol=0.0, atol=1e-12)
    moments = sp.project(x, np.full(7, 1.0 / 7.0), 4)
    assert moments.shape == (3, 15)
    np.testing.assert_allclose(moments[1], sp.project(x[1], np.full(7, 1.0 / 7.0), 4), rtol=0.0, atol=1e-15)


def test_bits_do_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    s, g, x, w = series(6, 2), series(6), unit(2, 500), RNG.random((2, 500))
    whole = (*sp.fields(s, g, x), sp.project(x, w, 6))
    monkeypatch.setattr(sp, "BLOCK", 64)
    monkeypatch.setattr(threads, "WORK", 65)
    answers = []
    for workers in ("1", "4"):
        monkeypatch.setenv(threads.VARIABLE, workers)
        answers.append((*sp.fields(s, g, x), sp.project(x, w, 6)))
    for one, four, entire in zip(*answers, whole):
        np.testing.assert_array_equal(one, four)
        np.testing.assert_allclose(one, entire, rtol=0.0, atol=2e-13 * np.abs(entire).max())


def test_frames_are_orthonormal_and_the_gradient_is_the_slope_along_them() -> None:
    x = np.concatenate([unit(30), POLES, [[1e-9, -1e-9, 1.0]]])
    e = sp.frame(x)
    gram = np.einsum("nid,njd->nij", e, e)
    np.testing.assert_allclose(gram, np.broadcast_to(np.eye(2), (35, 2, 2)), rtol=0.0, atol=8.0 * EPS)
    np.testing.assert_allclose(np.einsum("nid,nd->ni", e, x), 0.0, rtol=0.0, atol=1e-15)
    np.testing.assert_array_equal(e[30:34, 1], np.broadcast_to([0.0, 1.0, 0.0], (4, 3)))
    np.testing.assert_array_equal(e[30:34, 0, 0], [1.0, -1.0, 1.0, -1.0])
    c, h = series(8), 1e-4
    slopes = gradient(c, x)
    for i in range(2):
        ahead = [by_hand(c, np.cos(a) * x + np.sin(a) * e[:, i]) for a in (h, -h, 2 * h, -2 * h)]
        slope = (8.0 * (ahead[0] - ahead[1]) - (ahead[2] - ahead[3])) / (12.0 * h)
        np.testing.assert_allclose(slopes[:, i], slope, rtol=0.0, atol=1e-9 * np.abs(slopes).max())


def test_angles_and_rows_are_inverse() -> None:
    x = np.concatenate([unit(50), POLES])
    q = sp.angles(x)
    assert q[:, 0].min() >= 0.0 and q[:, 0].max() <= np.pi and q[:, 1].min() >= 0.0 and q[:, 1].max() <= 2.0 * np.pi
    np.testing.assert_array_equal(q[50:, 1], 0.0)
    np.testing.assert_allclose(sp.rows(q[:, 0], q[:, 1]), x, rtol=0.0, atol=8.0 * EPS)


# --- rotation ----------------------------------------------------------------------------------------------


def turn(axis: int, angle: float) -> Array:
    i, j = (axis + 1) % 3, (axis + 2) % 3
    R = np.eye(3)
    R[i, i] = R[j, j] = np.cos(angle)
    R[j, i], R[i, j] = np.sin(angle), -np.sin(angle)
    return R


ROTATIONS = {
    "general": turn(2, 0.3) @ turn(1, 1.1) @ turn(2, -2.0),
    "identity": np.eye(3),
    "nearly": turn(0, 1e-9) @ turn(2, 0.7),
    "half turn": turn(0, np.pi),
    "nearly half": turn(0, np.pi - 1e-9) @ turn(2, 0.7),
    "about the pole": turn(2, 1.0),
    "mirror": np.diag([1.0, -1.0, 1.0]),
    "inversion": -np.eye(3),
}


@pytest.mark.parametrize("R", ROTATIONS.values(), ids=ROTATIONS)
def test_rotation_carries_values(R: Array) -> None:
    c, x = series(11, 2), unit(25)
    turned = sp.rotate(c, R)
    for before, after in zip(c, turned):
        np.testing.assert_allclose(by_hand(after, x), by_hand(before, x @ R), rtol=0.0, atol=2e-13)
    np.testing.assert_allclose(sp.rotate(turned, R.T), c, rtol=0.0, atol=1e-14)


def test_rotation_refuses_what_is_not_orthogonal() -> None:
    for R in (2.0 * np.eye(3), np.ones((3, 3)), np.diag([1.0, 1.0, 1.0 + 1e-9])):
        with pytest.raises(ValueError, match="R:"):
            sp.rotate(series(3), R)
    with pytest.raises(ValueError, match="R"):
        sp.rotate(series(3), np.eye(2))


# --- inverse distribution ------------------------------------------------------------------------------------


def fisher(kappa: float, v: Array, degree: int) -> Array:
    """Coefficients of the von Mises-Fisher density about v, by quadrature of its own series of heights."""
    z, w = np.polynomial.legendre.leggauss(2 * degree)
    rho = kappa / np.sinh(kappa) * np.exp(kappa * z)
    c = np.zeros(sp.count(degree), dtype=complex)
    for k in range(degree + 1):
        p = np.polynomial.legendre.Legendre.basis(k)(z) * np.sqrt(2.0 * k + 1.0)
        c[k] = 0.5 * np.sum(w * rho * p)
    s = np.hypot(v[0], v[1])
    return sp.rotate(c, turn(2, float(np.arctan2(v[1], v[0]))) @ turn(1, float(np.arctan2(s, v[2]))))


def test_heights_and_longitudes_have_the_asked_distribution_functions() -> None:
    kappa, v = 4.0, np.array([0.6, -0.48, 0.64])
    c = fisher(kappa, v, 40)
    u = RNG.random((9, 2))
    u[0] = 0.0
    x = sp.place(c, u)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1.0, rtol=0.0, atol=1e-15)
    scale = kappa / np.sinh(kappa)

    def around(z: float, phi: float) -> float:
        s = np.sqrt(1.0 - z * z)
        return float(scale * np.exp(kappa * (s * (v[0] * np.cos(phi) + v[1] * np.sin(phi)) + v[2] * z)))

    def height(z: float) -> float:
        return float(0.5 * np.mean([around(z, phi) for phi in 2.0 * np.pi * np.arange(64) / 64]))

    for (a, b), y in zip(u[1:], x[1:]):
        assert quad(height, -1.0, y[2], epsabs=1e-13)[0] == pytest.approx(a, abs=1e-12)
        phi = np.arctan2(y[1], y[0]) % (2.0 * np.pi)
        share = quad(lambda p, z=y[2]: around(z, p), 0.0, phi, epsabs=1e-13)[0] / (4.0 * np.pi * height(y[2]))
        assert share == pytest.approx(b, abs=1e-12)
    np.testing.assert_allclose(x[0], [0.0, 0.0, -1.0], rtol=0.0, atol=1e-7)


def test_placed_points_are_distributed_as_the_density() -> None:
    kappa, v = 10.0, np.array([0.48, 0.64, 0.6])
    x = sp.place(fisher(kappa, v, 60), np.random.default_rng(1).random((20_000, 2)))
    along = x @ v  # a von Mises-Fisher law has a closed distribution function along its own axis
    assert kstest(along, lambda c: np.expm1(kappa * (c + 1.0)) / np.expm1(2.0 * kappa)).pvalue > 1e-3
    across = np.linalg.svd(v[None])[2][1:]
    assert kstest(np.arctan2(x @ across[0], x @ across[1]) / (2 * np.pi) + 0.5, "uniform").pvalue > 1e-3


def test_placing_does_not_depend_on_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    c, u = fisher(3.0, np.array([0.0, 0.6, 0.8]), 16), RNG.random((100, 2))
    whole = sp.place(c, u)
    monkeypatch.setattr(sp, "CHUNK", 1)
    # shares are sums of 17 terms, a height's error is theirs over the density, which is least opposite to v
    least = 3.0 * np.exp(-3.0) / np.sinh(3.0)
    np.testing.assert_allclose(sp.place(c, u), whole, rtol=0.0, atol=17.0 * np.finfo(float).eps / least)


def test_placing_survives_a_series_that_dips_below_zero() -> None:
    c = np.zeros(sp.count(4), dtype=complex)
    c[0], c[sp.index(4, 3, 0)], c[sp.index(4, 4, 4)] = 1.0, 0.8, 0.6
    x = sp.place(c, RNG.random((500, 2)))
    assert np.isfinite(x).all()
    assert by_hand(c, x).min() > -0.2  # the dips themselves, down to -2.4, are not visited
    assert by_hand(c, unit(500)).min() < -1.0
    # on one circle: b (1 + A cos 4 phi) with A > 1, whose distribution function is read as its running maximum
    c[sp.index(4, 4, 4)] = 1.0
    u = np.linspace(0.0, 0.999, 300)
    x = sp.place(c, np.stack([np.full(300, 0.5), u], axis=-1))
    z = x[0, 2]
    b = 1.0 + 0.8 * np.sqrt(7.0) * np.polynomial.legendre.Legendre.basis(3)(z)
    A = 2.0 * 3.0 / 16.0 * np.sqrt(70.0) * (1.0 - z * z) ** 2 / b
    assert A > 1.5
    phi = np.arctan2(x[:, 1], x[:, 0]) % (2.0 * np.pi)
    fine = np.linspace(0.0, 2.0 * np.pi, 20_001)
    highest = np.maximum.accumulate(fine + 0.25 * A * np.sin(4.0 * fine))
    np.testing.assert_allclose(
        np.interp(phi, fine, np.minimum(highest, 2.0 * np.pi)), 2.0 * np.pi * u, rtol=0.0, atol=0.02
    )
