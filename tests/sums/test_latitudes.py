"""Sums over circles of latitude, against closed forms, scipy's Bessel functions and circles of quadrature points."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln, ive

import meanfield as mf
from meanfield.measures.rings import Rings
from meanfield.sums.latitudes import latitudes, table

pytestmark = pytest.mark.rounding

EPS = np.finfo(float).eps
PAIRS = [(3, 4.0), (16, 400.0), (16, 1000.0), (32, 200.0), (64, 100.0), (64, 128.0), (128, 4.0), (128, 128.0),
         (128, 400.0), (1024, 400.0)]  # fmt: skip
TILT = 0.3


def tilted(d, n=600):
    """Gauss nodes in the colatitude, and masses there of 1 + TILT c."""
    x, w = np.polynomial.legendre.leggauss(n)
    phi = 0.5 * np.pi * (1.0 - x)
    mass = w * np.exp((d - 2.0) * np.log(np.sin(phi))) * (1.0 + TILT * np.cos(phi))
    return phi, mass / mass.sum()


def field(d, beta, phi):
    """Velocity towards the axis and divergence of SA for 1 + TILT c: Z / lambda_0 = 1 + TILT q_1 c by Funk-Hecke."""
    q = TILT * ive(0.5 * d, beta) / ive(0.5 * d - 1.0, beta)
    c, Z = np.cos(phi), 1.0 + q * np.cos(phi)
    X = q * np.sin(phi) / (beta * Z)
    return X, -(d - 1.0) * q * c / (beta * Z) - beta * X * X


@pytest.mark.parametrize("d", [2, 3, 4, 16, 128])
def test_the_table_is_the_bessel_function(d):
    z = np.concatenate([np.linspace(0.5, 60.0, 40), [300.0, 1000.0]])
    nu = 0.5 * (d - 3.0)
    z = z[ive(nu, z) > 1e-250]
    h, log = table(d, 1000.0)(z).T
    np.testing.assert_allclose(h, ive(nu + 1.0, z) / ive(nu, z) / z, rtol=1e-12)
    expected = np.log(ive(nu, z)) + gammaln(nu + 1.0) + nu * np.log(2.0 / z)
    np.testing.assert_allclose(log, expected, rtol=0.0, atol=1e-15 * d + 4.0 * EPS * 1000.0)
    np.testing.assert_allclose(table(d, 1000.0)(0.0), [1.0 / (d - 1.0), 0.0], rtol=0.0, atol=1e-15)


@pytest.mark.parametrize(("d", "beta"), PAIRS)
def test_near_the_poles_of_high_dimensions(d, beta):
    """Everywhere on the meridian, where harmonics are wrong by 0.16 of speeds of 7e-4 at d = 128, beta = 400."""
    phi, w = tilted(d)
    X, div = field(d, beta, phi)
    few = np.arange(0, len(phi), 7)
    for got, at in (
        (latitudes(beta, d, phi, w, few, "ZML"), few),
        (Rings(mf.ZonalSphere(d, 4), phi, w).read(mf.Exponential(beta), None, "ZML"), slice(None)),
    ):
        v = (got.M / got.Z)[:, 0]
        rate = got.L / got.Z[:, 0] - beta * v * v
        # sums are right to the rounding of exponents of size beta, which averages out; in the divergence terms of size
        # beta + d cancel; 1e-11 is what harmonics may lose
        limit = EPS * (20.0 + 0.1 * beta) if at is few else 1e-11
        np.testing.assert_allclose(v, X[at], rtol=0.0, atol=limit)
        np.testing.assert_allclose(rate, div[at], rtol=0.0, atol=limit * (beta + d))


def test_the_unnormalised_field_is_mended_too():
    """USA asks for M alone; its band-limited sum is as wrong near the poles as SA's."""
    d, beta = 128, 400.0
    phi, w = tilted(d)
    rings = Rings(mf.ZonalSphere(d, 4), phi, w)
    kernel = mf.Exponential(beta)
    whole, alone = rings.read(kernel, None, "ZM"), rings.read(kernel, None, "M")
    assert alone.Z is None
    np.testing.assert_allclose(alone.M * np.exp(alone.log - whole.log), whole.M, rtol=1e-13)
    X = field(d, beta, phi)[0]
    np.testing.assert_allclose((alone.M / whole.Z)[:, 0], X, rtol=0.0, atol=1e-11)


@pytest.mark.parametrize("d", [2, 3, 5, 8])
@pytest.mark.parametrize("beta", [0.0, 1.0, 30.0])
def test_in_closed_form_and_by_quadrature_around_the_circles(d, beta):
    """For rings anywhere, with weights of both signs or none, and several measures at once."""
    rng = np.random.default_rng(d)
    phi = np.sort(np.arccos(rng.uniform(-1, 1, (2, 40))), axis=-1)
    w = rng.standard_normal((2, 40))
    w[:, 0], w[:, 1:] = 0.0, w[:, 1:] + 2.0
    rows = np.arange(0, 40, 3)
    kernel = mf.Exponential(beta)
    a = latitudes(beta, d, phi, w, rows, "ZML")
    b = Rings(mf.ZonalSphere(d, 4), phi, w).by_quadrature(kernel, "ZML", rows)
    size = np.exp(b.log - a.log)
    largest = np.abs(a.Z).max()
    np.testing.assert_allclose(a.Z, b.Z * size, rtol=0.0, atol=1e-13 * largest)
    np.testing.assert_allclose(a.M, b.M * size, rtol=0.0, atol=1e-13 * largest)
    np.testing.assert_allclose(a.L, b.L * size[..., 0], rtol=0.0, atol=1e-13 * (beta + d) * largest)


def test_harmonics_that_no_float_holds_are_not_summed():
    d, beta = 1024, 1000.0
    phi, w = tilted(d, 1000)
    got = Rings(mf.ZonalSphere(d, 4), phi, w).read(mf.Exponential(beta), None, "ZM")
    np.testing.assert_allclose((got.M / got.Z)[:, 0], field(d, beta, phi)[0], rtol=0.0, atol=1e-14)


def test_another_kernel_is_summed_by_quadrature():
    """A kernel that is no exponential of <x, y> has no closed form; e^{beta t} disguised as one agrees with it."""
    d, beta = 5, 3.0
    phi, w = tilted(d, 60)
    space = mf.ZonalSphere(d, 4)
    hidden = mf.Zonal(lambda t: np.exp(beta * t), "hidden")
    a = Rings(space, phi, w, "direct").read(hidden, None, "ZM")
    b = Rings(space, phi, w, "direct").read(mf.Exponential(beta), None, "ZM")
    np.testing.assert_allclose(a.M / a.Z, b.M / b.Z, rtol=0.0, atol=1e-14)
