"""beta = 0 of `validation.exact`: Poisson kernels and any zonal density."""

from __future__ import annotations

import math

import numpy as np
import pytest
from exact_tables import assert_close, records, zonally_tilted
from scipy.special import roots_jacobi

from validation.exact import ode, poisson, reference_zonal

pytestmark = pytest.mark.rounding

# d, t, |w| and |m| from |w| = 0.1 at t = 0
POISSON = """
    2 1 0.1634736400444892 0.1634736400444892   2 5 0.7745060372992806 0.7745060372992806
    3 1 0.1915989328845515 0.2535796514935359   3 5 0.9136279996338154 0.9787339386086895
    4 2 0.4010649106433889 0.5693411063860402   4 5 0.9392370209041513 0.994573963258632
    8 2 0.4727264126132581 0.7243477466255156   8 5 0.9581042639378318 0.9987199352597315
"""


def test_poisson_radii_of_the_table() -> None:
    for d, t, r, m in records(POISSON, 4):
        assert float(poisson.radius(t, 0.1, int(d))) == pytest.approx(r, rel=2e-15)
        assert float(poisson.order_parameter(t, 0.1, int(d))) == pytest.approx(m, rel=3e-15)
    t = np.array([[0.0, 1.0], [2.0, 40.0]])
    assert_close(poisson.circle_radius(t, 0.1), poisson.radius(t, 0.1, 2), 1e-15)
    assert_close(poisson.circle_radius(t, 0.1, sign=-1), poisson.radius(t, 0.1, 2, sign=-1), 1e-14)
    gap = poisson.radius_gap(t[1], 0.3, 5)
    assert_close(1.0 - gap, poisson.radius(t[1], 0.3, 5), 1e-15)
    assert gap[1] < 1e-15  # and yet not zero: e^{-40} times a constant
    assert gap[1] / poisson.radius_gap(41.0, 0.3, 5) == pytest.approx(math.e, rel=1e-12)
    assert np.all(poisson.radius([0.0, 3.0], 0.0, 3) == 0.0)


@pytest.mark.parametrize("d", [2, 3, 6])
def test_poisson_moments_are_integrals_of_the_kernel(d: int) -> None:
    r = 0.6
    c, w = roots_jacobi(200, 0.5 * (d - 3), 0.5 * (d - 3))
    points = np.zeros((200, d))
    points[:, 0], points[:, 1] = c, np.sqrt(1 - c * c)
    direction = np.eye(d)[0]
    mass = w / w.sum() * poisson.kernel(points, r * direction)
    harmonics = reference_zonal.gegenbauer(c[None, :], d, 6)[0]
    assert_close(poisson.zonal_moments(r, d, 6), harmonics @ mass, 1e-12)
    assert float(poisson.mean_of_parameter(r, d)) == pytest.approx(float(poisson.zonal_moments(r, d, 1)[1]), rel=1e-15)


def test_poisson_kernel_on_the_circle() -> None:
    r, phi = 0.7, 0.4
    theta = 2 * np.pi * np.arange(256) / 256
    values = poisson.circle_kernel(theta, r, phi)
    rows = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    assert_close(values, poisson.kernel(rows, [r * math.cos(phi), r * math.sin(phi)]), 1e-13)
    assert_close(np.fft.fft(values)[:9] / 256, poisson.circle_coefficients(r, phi, 8), 0.0, 1e-15)


def test_poisson_kernels_are_carried_along_by_any_driving_vector() -> None:
    """x' = P_x m(t) on S^2 with m never along w: the mean of the moved points is that of the kernel of w(t)."""
    w0 = np.array([0.2, -0.1, 0.3])

    def drive(t: float) -> np.ndarray:
        return np.array([math.cos(t), 0.3, -math.sin(2 * t)])

    z, gauss = np.polynomial.legendre.leggauss(24)
    phi = 2 * np.pi * np.arange(48) / 48
    s = np.sqrt(1 - z * z)[:, None]
    x = np.stack([s * np.cos(phi), s * np.sin(phi), z[:, None] + 0 * phi], axis=-1).reshape(-1, 3)
    mass = np.repeat(gauss, 48) / 96 * poisson.kernel(x, w0)

    def rhs(t: float, y: np.ndarray) -> np.ndarray:
        rows = y.reshape(-1, 3)
        m = drive(t)
        return (m - (rows @ m)[:, None] * rows).ravel()

    _, moved = ode.integrate(rhs, x.ravel(), [0.4, 0.8], rtol=1e-11, atol=1e-12)
    w = poisson.driven_parameter([0.4, 0.8], w0, drive)
    for rows, v in zip(moved, w):
        r = float(np.linalg.norm(v))
        assert_close(mass @ rows.reshape(-1, 3), poisson.mean_of_parameter(r, 3) * v / r, 1e-10, 1e-11)


def test_a_kernel_that_drives_itself_is_a_driven_one() -> None:
    w0, times = np.array([0.1, 0.2, -0.2, 0.1]), np.array([0.5, 2.0])

    def drive(t: float) -> np.ndarray:
        w = poisson.parameter(t, w0)
        r = float(np.linalg.norm(w))
        return poisson.mean_of_parameter(r, 4) * w / r

    assert_close(poisson.driven_parameter(times, w0, drive), poisson.parameter(times, w0), 1e-12)
    assert poisson.parameter(1.0, np.zeros(3)).tolist() == [0.0, 0.0, 0.0]


def test_zonal_densities_at_beta_zero() -> None:
    table = {
        2: [0.23353004788088, 0.3548255286123, 0.83787814909333],
        3: [0.18846757273747, 0.34485921954556, 0.94840627958597],
        8: [0.089338232134089, 0.2098910961061, 0.95796359563665],
    }
    for d, wanted in table.items():
        assert_close(poisson.zonal_order_parameter([1.0, 2.0, 5.0], zonally_tilted(d), d), wanted, 2e-13)
    # a Poisson kernel is a zonal density
    got = poisson.zonal_order_parameter([1.0, 3.0], lambda c: (0.91 / (1.09 - 0.6 * c)) ** 4, 5)
    assert_close(got, poisson.order_parameter([1.0, 3.0], 0.3, 5), 1e-12)
