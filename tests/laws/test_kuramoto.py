"""Tokens on the circle that turn at their own frequencies, and any coupling: against printed sums and each other."""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.laws.coupling import harmonics
from meanfield.protocols import Array

pytestmark = pytest.mark.rounding
OMEGA = np.array([-0.9, -0.5, -0.2, 0.1, 0.3, 0.6, 0.8])
BEGIN = np.array([0.1, 1.2, -2.0, 0.7, 2.8, -0.6, -1.4])


def wild(d: Array) -> Array:
    """Neither odd nor even, of both signs, of about 25 harmonics."""
    return np.exp(np.sin(d + 0.3)) - 1.1 + 0.2 * np.cos(3.0 * d)


def slope(d: Array) -> Array:
    return np.exp(np.sin(d + 0.3)) * np.cos(d + 0.3) - 0.6 * np.sin(3.0 * d)


def printed(h: Callable[[Array], Array], theta: Array, w: Array) -> Array:
    """sum_j w_j h(theta_j - theta_i)."""
    return np.asarray(h(theta[None, :] - theta[:, None]) @ w)


@pytest.mark.parametrize("field", ["direct", "harmonic", "auto"])
@pytest.mark.parametrize("h", [np.sin, np.cos, wild], ids=["sin", "cos", "wild"])
def test_velocities_are_the_printed_sum_s(h: Callable[[Array], Array], field: str) -> None:
    """Of angles, of rows and asked at rows, with weights and as replicas, every token at its own frequency."""
    rng = np.random.default_rng(1)
    theta, w, omega = rng.uniform(-pi, pi, 40), rng.dirichlet(np.ones(40)), rng.standard_normal(40)
    law, wanted = mf.Coupling(h, omega), omega + printed(h, theta, w)
    unit = geometry.quarter_turn(x := geometry.to_rows(theta))
    limit = 1e-13 * np.abs(wanted).max()
    angles = law.velocity(0.0, None, mf.Points(np.stack([theta, theta + 1.0]), weights=w, angles=True, field=field))
    np.testing.assert_allclose(angles[..., 0], [wanted, wanted], rtol=0.0, atol=limit)
    rows = mf.Points(x, weights=w, field=field)
    for at in (None, x):
        along = np.sum(law.velocity(0.0, at, rows) * unit, axis=1)
        np.testing.assert_allclose(along, wanted, rtol=0.0, atol=limit)


def test_divergence_is_minus_the_slope_s_mean() -> None:
    """div = -int h' dmu; of a frequency nothing."""
    w = np.random.default_rng(2).dirichlet(np.ones(7))
    for law, want in ((mf.Coupling(wild, 0.4), slope), (mf.Kuramoto(0.4, 1.5), lambda d: 1.5 * np.cos(d))):
        told = law.divergence(0.0, None, mf.Points(BEGIN, weights=w))
        np.testing.assert_allclose(np.ravel(told), -printed(want, BEGIN, w), rtol=0.0, atol=1e-13 * 5.0)


def test_kuramoto_is_the_coupling_by_a_sine_and_usa_without_temperature() -> None:
    by_sine = mf.Coupling(lambda d: 1.5 * np.sin(d), OMEGA)
    one = pt.simulate(mf.Kuramoto(OMEGA, 1.5), BEGIN, (0.0, 3.0), rtol=1e-12, atol=1e-13).theta[-1]
    two = pt.simulate(by_sine, BEGIN, (0.0, 3.0), rtol=1e-12, atol=1e-13).theta[-1]
    np.testing.assert_allclose(one, two, rtol=0.0, atol=1e-11)
    one = pt.simulate(mf.Kuramoto(coupling=2.0), BEGIN, (0.0, 1.5), rtol=1e-12, atol=1e-13).theta[-1]
    two = pt.simulate(mf.USA(0.0), BEGIN, (0.0, 3.0), rtol=1e-12, atol=1e-13).theta[-1]
    np.testing.assert_allclose(one, two, rtol=0.0, atol=1e-11)


def test_seven_tokens() -> None:
    """Ten times, angles kept unwrapped, against 17 digits; the mean turns at the mean frequency."""
    end = [
        -1.24471138931613299, -0.892491424585106124, -0.662261640846475908, -0.440874327744607742,
        5.99062179231070328, -0.0598668068242034294, 0.109583797005822911,
    ]  # fmt: skip
    run = pt.simulate(mf.Kuramoto(OMEGA, 1.5), BEGIN, (0.0, 10.0), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(run.theta[-1], end, rtol=0.0, atol=1e-11)
    assert abs(run.theta[-1].mean() - 0.4) < 1e-13
    assert abs(np.abs(np.exp(1j * run.theta[-1]).mean()) - 0.906805821269973328) < 1e-12


def test_three_that_lock() -> None:
    """+-0.1 and 0 at K = 1 end at (-a, 0, a), 0.3 = sin a + sin 2 a."""
    run = pt.simulate(mf.Kuramoto(np.array([-0.1, 0.0, 0.1])), [0.0, 1.0, 2.0], (0.0, 60.0))
    a = 0.5 * (run.theta[-1, 2] - run.theta[-1, 0])
    assert abs(np.sin(a) + np.sin(2.0 * a) - 0.3) < 1e-8


@pytest.mark.parametrize("law", [mf.Coupling(wild, 0.3), mf.Kuramoto(0.5, 2.0)], ids=["wild", "kuramoto"])
def test_a_density_by_two_methods_and_as_its_quadrature_points(law: mf.Law) -> None:
    rho = mf.perturbed_uniform(mf.Circle(128), {1: 0.3, 2: 0.1})
    told = []
    for method in ("spectral", "lagrangian"):
        mu = mf.solve(law, rho, (0.0, 2.0), t_eval=[2.0], method=method, rtol=1e-10)(2.0)
        told.append([np.sum(mu.weights * (mu.x[:, 0] - 1j * mu.x[:, 1]) ** k) for k in (1, 2, 3)])
    run = pt.simulate(law, geometry.to_angles(rho.x), (0.0, 2.0), [2.0], weights=rho.weights, rtol=1e-11)
    told.append([np.sum(rho.weights * np.exp(-1j * k * run.theta[-1])) for k in (1, 2, 3)])
    np.testing.assert_allclose(told[0], told[1], rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(told[0], told[2], rtol=0.0, atol=1e-9)


def test_attention_is_a_coupling_of_densities_too() -> None:
    """h = e^{beta cos d} sin d is USA: coefficients, energy but for its constant, and dissipation."""
    rho = mf.perturbed_uniform(mf.Circle(128), {1: 0.3, 2: 0.1})
    runs = [
        mf.solve(law, rho, (0.0, 0.1), t_eval=[0.0, 0.1])
        for law in (mf.Coupling(lambda d: np.exp(4.0 * np.cos(d)) * np.sin(d)), mf.USA(4.0))
    ]
    assert np.abs(runs[0](0.1).coefficients - runs[1](0.1).coefficients).max() < 1e-13
    np.testing.assert_allclose(np.ptp(runs[0].energy), np.ptp(runs[1].energy), rtol=1e-12, atol=0.0)
    np.testing.assert_allclose(runs[0].dissipation, runs[1].dissipation, rtol=1e-12, atol=0.0)


def test_energy_and_its_rate() -> None:
    """(K/2) r^2 by both laws; what it gains was dissipated, with frequencies too; F of angles alone."""
    mu = mf.Points(BEGIN)
    for law in (mf.Kuramoto(0.0, 1.5), mf.Coupling(lambda d: 1.5 * np.sin(d))):
        r = np.abs(np.exp(1j * BEGIN).mean())
        assert abs(mu.energy(law) - 0.75 * r * r) < 1e-15 * 8
        assert "energy" in law.rises
    run = pt.simulate(mf.Kuramoto(OMEGA, 1.5), BEGIN, (0.0, 5.0))
    assert abs(run.gained[-1] - run.dissipated[-1]) < 1e-8
    assert np.all(np.diff(run.quantity("potential")) > 0.0)
    rows = mf.Kuramoto(OMEGA, 1.5).quantities(0.0, mf.Points(geometry.to_rows(BEGIN)))
    assert "potential" not in rows and abs(rows["energy"] - run.energy[0]) < 1e-15 * 8
    assert mf.Coupling(wild).quantities(0.0, mu) == {} and mf.Coupling(wild).rises == ()


def test_free_energy_with_noise_falls() -> None:
    """kappa Ent - E, of both laws; a term that tells an energy alone leaves the sum without one."""
    rho = mf.perturbed_uniform(mf.Circle(64), {1: 0.15, 2: 0.05})
    laws: tuple[Any, ...] = (mf.Kuramoto(0.3, 2.0), mf.Coupling(lambda d: 2.0 * np.sin(d)))
    for law in laws:
        F = mf.solve(law + mf.Diffusion(0.1), rho, (0.0, 2.0)).free_energy
        assert np.all(np.diff(F) < 0.0)
        assert abs(F[0] - (0.1 * rho.entropy - np.abs(rho.moments(1)[1]) ** 2)) < 1e-13
    beside: Any = mf.USA(1.0) + mf.Linear(np.diag([1.0, -1.0]))
    told = beside.quantities(0.0, mf.Points([0.0, 1.0, 2.5]))
    assert ("free_energy" in told) <= ("free_energy" in mf.Linear(np.eye(2)).quantities(0.0, mf.Points([0.0])))


def test_growth_rates() -> None:
    """Of the uniform state: k a_k / 2 (K/2 of the first mode)."""
    rates = mf.growth_rates(mf.Kuramoto(0.0, 3.0), 2, 4)
    np.testing.assert_allclose(rates, [0.0, 1.5, 0.0, 0.0, 0.0], rtol=1e-14, atol=1e-15)
    two = mf.Coupling(lambda d: np.sin(d) - 0.7 * np.sin(2.0 * d))
    np.testing.assert_allclose(mf.growth_rates(two, 2, 4), [0.0, 0.5, -0.7, 0.0, 0.0], rtol=0.0, atol=4e-15)
    turning: tuple[mf.Law, ...] = (mf.Kuramoto(0.5), mf.Coupling(np.cos))
    for law in turning:
        with pytest.raises(TypeError, match="omega=0"):
            mf.growth_rates(law, 2, 4)


def test_harmonics_of_a_function() -> None:
    a, b = harmonics(lambda d: 2.0 + np.sin(d) - 3.0 * np.cos(5.0 * d))
    np.testing.assert_allclose(a, [0.0, 1.0, 0.0, 0.0, 0.0, 0.0], rtol=0.0, atol=1e-14)
    np.testing.assert_allclose(b, [2.0, 0.0, 0.0, 0.0, 0.0, -3.0], rtol=0.0, atol=1e-14)
    a, b = harmonics(lambda d: np.exp(100.0 * (np.cos(d) - 1.0)) * np.sin(d))
    d = np.linspace(0.0, 7.0, 50)
    k = np.arange(len(a))
    series = np.sin(np.outer(d, k)) @ a + np.cos(np.outer(d, k)) @ b
    np.testing.assert_allclose(series, np.exp(100.0 * (np.cos(d) - 1.0)) * np.sin(d), rtol=0.0, atol=1e-14)


def test_harmonics_beyond_the_first_nodes_are_not_folded_back() -> None:
    for k in (48, 50, 63, 64, 80, 127):

        def h(d: Array, k: int = k) -> Array:
            return np.asarray(np.sin(d) + 0.3 * np.sin(k * d) + 0.2 * np.cos(k * d))

        a, b = harmonics(h)
        assert len(a) == k + 1
        wanted = np.zeros((2, k + 1))
        wanted[0, [1, k]], wanted[1, k] = (1.0, 0.3), 0.2
        np.testing.assert_allclose([a, b], wanted, rtol=0.0, atol=1e-13)


def test_who_is_refused() -> None:
    bad: Any = {"h": 3, "one": lambda d: 1.0, "coupling": "1"}
    rho = mf.perturbed_uniform(mf.Circle(32), {1: 0.3})
    for tried, what in (
        (lambda: mf.solve(mf.Kuramoto(OMEGA), rho, (0.0, 1.0)), "law: .*tells tokens apart"),
        (lambda: pt.simulate(mf.Kuramoto(OMEGA), [0.0, 1.0, 2.0], (0.0, 1.0)), "omega: .*one frequency for each"),
        (lambda: pt.simulate(mf.Kuramoto(OMEGA[:3]), np.eye(3), (0.0, 1.0)), "turns angles"),
        (lambda: mf.solve(mf.Kuramoto(), mf.uniform(mf.Sphere(4)), (0.0, 1.0)), "turns angles"),
        (lambda: mf.solve(mf.Coupling(np.sin), mf.uniform(mf.ZonalSphere(3, 8)), (0.0, 1.0)), "turns angles"),
        (lambda: mf.Coupling(np.sign), "h: 8191 harmonics"),
        (lambda: mf.Coupling(lambda d: d), "h: 8191 harmonics"),
        (lambda: mf.Coupling(lambda d: np.sin(0.5 * d) ** 3), "period 2 pi"),
        (lambda: mf.Coupling(bad["one"]), "h: of an array"),
        (lambda: mf.Coupling(lambda d: np.full_like(d, np.nan)), "h: of an array"),
        (lambda: mf.Coupling(bad["h"]), "h: wanted a function"),
        (lambda: mf.Kuramoto([[0.0, np.inf]]), "omega must"),
        (lambda: mf.Kuramoto(coupling=bad["coupling"]), "coupling must"),
    ):
        with pytest.raises((ValueError, TypeError), match=what):
            tried()
