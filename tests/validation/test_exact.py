"""The closed forms and oracles of `validation.exact`, against tabulated values and against one another.

The tables were computed apart from this code, in 30 digits or by methods that share no formula with it.  Every family
is also confronted with something independent: quadrature, differences, particles, a simulation, conservation.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
from exact_tables import assert_close
from scipy.integrate import quad
from scipy.special import iv

from validation.exact import (
    autonomous,
    double_loop,
    energy,
    floors,
    fluctuations,
    growth,
    multipliers,
    ode,
    orthogonal,
    poisson,
)

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)


# --- tools: autonomous, ode --------------------------------------------------------------------------------


def test_autonomous_equations_with_known_solutions() -> None:
    def log_slowness(y: np.ndarray) -> np.ndarray:  # y' = y^2 upwards: y = 1 / (1/y0 - t)
        return -2.0 * np.log(y)

    assert autonomous.log_time(log_slowness, 0.5, 2.0) == pytest.approx(math.log(1.5), abs=1e-15)
    assert autonomous.advance(log_slowness, 0.5, 1.5, 1) == pytest.approx(2.0, rel=1e-15)
    assert autonomous.advance(log_slowness, 0.5, 1.5, -1) == pytest.approx(1.0 / 3.5, rel=1e-15)
    assert autonomous.log_time(log_slowness, 1.0, 1.0) == -math.inf
    assert autonomous.advance(log_slowness, 1.0, 0.0, 1) == 1.0
    # y' = e^{-1000 y}: a time of e^1000 is a logarithm like any other
    assert autonomous.log_time(lambda y: 1000.0 * y, 0.0, 1.0) == pytest.approx(1000.0 - math.log(1000.0), rel=1e-15)


def test_autonomous_refuses_a_corner() -> None:
    with pytest.raises(ValueError, match="not smooth"):
        autonomous.log_time(lambda y: np.where(y > 0.1234567, 1.0, 0.0), 0.0, 1.0)


def test_ode_lands_on_its_times() -> None:
    t, y = ode.integrate(lambda t, y: np.array([y[1], -y[0]]), np.array([0.0, 1.0]), [0.0, 0.7, 0.7, 3.0])
    assert_close(y[:, 0], np.sin(t), 0.0, 1e-13)
    with pytest.raises(ValueError, match="ascending"):
        ode.integrate(lambda t, y: y, np.zeros(1), [1.0, 0.5])


# --- energy ------------------------------------------------------------------------------------------------


def test_extremes_of_energy_on_the_circle() -> None:
    for beta, low, high in [(1.0, 0.63303, 1.35914), (4.0, 1.41274, 6.82477), (9.0, 60.7549, 450.171)]:
        assert energy.minimum(beta, 2) == pytest.approx(low, rel=1e-5)
        assert energy.maximum(beta) == pytest.approx(high, rel=1e-5)
        assert energy.minimum(beta, 3) == pytest.approx(math.sinh(beta) / (2 * beta**2), rel=8.0 * (1.0 + beta) * EPS)
        for scale in ("natural", "scaled", "relative"):
            span = energy.maximum(beta, 3, scale=scale) - energy.minimum(beta, 3, scale=scale)
            rounding = 8.0 * (1.0 + beta) * EPS * energy.maximum(beta, 3, scale=scale)
            assert energy.span(beta, 3, scale=scale) == pytest.approx(span, rel=0.0, abs=rounding)
    assert energy.minimum(5.0, 4, scale="relative") == pytest.approx(0.1, rel=1e-15)
    assert energy.maximum(5.0, 4, scale="scaled") == pytest.approx(0.1, rel=1e-15)
    with pytest.raises(ValueError, match="scale"):
        energy.maximum(1000.0)


def test_energy_at_small_beta_forgets_its_constant_only() -> None:
    assert (energy.minimum(0.0, 3), energy.maximum(0.0), energy.span(0.0, 3)) == (0.0, 0.5, 0.5)
    for beta in (1e-12, 1e-6, 0.3, 1.0, 1.0000001):
        with mp.workdps(40):
            b = mp.mpf(beta)
            exact = (mp.exp(b) - mp.sinh(b) / b) / (2 * b)
        assert energy.span(beta, 3) == pytest.approx(float(exact), rel=1e-14)


def test_energy_of_a_sample_is_exact_for_every_n() -> None:
    """Two and three tokens on the circle, averaged over all their angles by the trapezoidal rule (exact here)."""
    beta, nodes = 3.0, 40
    x = 2 * np.pi * np.arange(nodes) / nodes
    pairs = [_angles_energy([0.0, a], beta) for a in x]
    assert np.mean(pairs) - energy.minimum(beta, 2) == pytest.approx(energy.sampling_excess(2, beta, 2), rel=1e-12)
    triples = [_angles_energy([0.0, a, b], beta) for a in x[::2] for b in x[::2]]
    assert np.mean(triples) - energy.minimum(beta, 2) == pytest.approx(energy.sampling_excess(3, beta, 2), rel=1e-9)


def _angles_energy(theta: list[float], beta: float) -> float:
    return double_loop.energy(np.stack([np.cos(theta), np.sin(theta)], axis=-1), beta)


# --- floors and fluctuations -------------------------------------------------------------------------------


def _w1_to_uniform(turns: np.ndarray) -> np.ndarray:
    """W1 to the uniform measure, (R,), from (R, n) points in turns: the level median of F_n(u) - u on a fine grid."""
    grid = (np.arange(2000) + 0.5) / 2000
    out = np.empty(len(turns))
    for i, row in enumerate(np.sort(turns, axis=1)):
        excess = np.searchsorted(row, grid) / row.size - grid
        out[i] = 2 * np.pi * np.abs(excess - np.median(excess)).mean()
    return out


def test_w1_of_one_and_two_points() -> None:
    assert floors.w1_uniform(1) == pytest.approx(math.pi / 2, rel=1e-14)
    gaps = (np.arange(400) + 0.5) / 400  # n = 2: the first point is at 0, the other anywhere
    brute = _w1_to_uniform(np.stack([0 * gaps, gaps], axis=1)).mean()
    assert floors.w1_uniform(2) == pytest.approx(brute, rel=2e-5)


def test_w1_of_samples_by_simulation() -> None:
    rng = np.random.default_rng(6)
    for n, replicas in ((3, 4000), (25, 2000)):
        draws = _w1_to_uniform(rng.random((replicas, n)))
        error = draws.std() / math.sqrt(replicas)
        assert abs(draws.mean() - floors.w1_uniform(n)) < 3.5 * error
        assert error < 0.02 * draws.mean()


def test_w1_constant_is_the_limit_and_the_bridge() -> None:
    assert floors.w1_constant() == pytest.approx(1.430774211799604, rel=1e-15)
    errors = [abs(math.sqrt(n) * floors.w1_uniform(n) / floors.w1_constant() - 1) for n in (1000, 4000)]
    assert errors[1] < 1e-4 and errors[0] / errors[1] == pytest.approx(4.0, rel=0.2)
    rng = np.random.default_rng(7)
    walk = np.cumsum(rng.standard_normal((4000, 1024)), axis=1) / 32.0
    bridge = walk - walk[:, -1:] * (np.arange(1, 1025) / 1024)
    means = 2 * np.pi * np.abs(bridge - np.median(bridge, axis=1)[:, None]).mean(axis=1)
    assert abs(means.mean() - floors.w1_constant()) < 4 * means.std() / math.sqrt(4000)


def test_w2_of_samples_by_simulation() -> None:
    rng = np.random.default_rng(8)
    for n in (1, 2, 7):
        x = np.sort(rng.random((40000, n)), axis=1)
        squares = (2 * np.pi) ** 2 * ((x - (np.arange(n) + 0.5) / n).var(axis=1) + 1 / (12 * n * n))
        error = squares.std() / math.sqrt(len(squares))
        assert abs(squares.mean() - floors.w2_squared_uniform(n)) <= 3.5 * error + 1e-12
    assert 1000 * floors.w2_squared_uniform(1000) == pytest.approx((2 * math.pi) ** 2 / 12)


def test_equispaced_points_are_at_the_least_distance() -> None:
    equispaced = (np.arange(5)[None, :] + 0.5) / 5
    assert floors.w1_equispaced(5) == pytest.approx(_w1_to_uniform(equispaced)[0], rel=1e-6)
    assert floors.w2_equispaced(1) ** 2 == pytest.approx(floors.w2_squared_uniform(1), rel=1e-15)
    assert floors.w1_equispaced(1) == pytest.approx(floors.w1_uniform(1), rel=1e-14)
    assert [floors.w1_exponents(d) for d in (2, 3, 4, 9)] == [(0.5, 0.0), (0.5, 0.5), (1 / 3, 0.0), (1 / 8, 0.0)]
    assert floors.w2_squared_sphere(100) == pytest.approx(math.log(100) / 100)


def _mode_field(theta: np.ndarray, beta: float, kind: str) -> np.ndarray:
    """The field of (R, n) angles through their Fourier modes up to 10 (enough for beta = 1)."""
    k = np.arange(1, 11)
    waves = np.exp(1j * theta[..., None] * k)
    c = waves.conj().mean(axis=1, keepdims=True)
    up = 2 * (iv(k, beta) * (1j * k) * c * waves).real.sum(axis=-1) / beta
    if kind == "USA":
        return up
    return up / (iv(0, beta) + 2 * (iv(k, beta) * c * waves).real.sum(axis=-1))


@pytest.mark.parametrize("kind", ["SA", "USA"])
def test_fluctuations_of_particles_grow_as_predicted(kind: str) -> None:
    """A simulation: 800 replicas of 60 tokens, uniform at t = 0, Runge-Kutta's fourth order to t = 0.6."""
    rng = np.random.default_rng(9)
    theta, h, n = rng.uniform(0, 2 * np.pi, (800, 60)), 0.1, 60
    for _ in range(6):
        k1 = _mode_field(theta, 1.0, kind)
        k2 = _mode_field(theta + h / 2 * k1, 1.0, kind)
        k3 = _mode_field(theta + h / 2 * k2, 1.0, kind)
        theta = theta + h / 6 * (k1 + 2 * k2 + 2 * k3 + _mode_field(theta + h * k3, 1.0, kind))
    predicted = fluctuations.mode_power(0.6, kind, 1.0, 2, 3)
    assert predicted[1] == pytest.approx(math.exp(2 * growth.growth_rates(kind, 1.0, 2, 1)[1] * 0.6))
    for k in (1, 2, 3):
        power = n * np.abs(np.exp(-1j * k * theta).mean(axis=1)) ** 2
        error = power.std() / math.sqrt(len(power))
        assert abs(power.mean() - predicted[k]) < 3.5 * error + 2.0 * predicted[k] ** 2 / n
    pairs = fluctuations.pair_coefficients(0.6, n, kind, 1.0, 3)
    assert_close(1 + n * pairs[1:], predicted[1:], 1e-14)


def test_fluctuations_with_noise() -> None:
    t = np.array([0.0, 0.5, 2.0])
    # No drift in mode 2 at beta = 0: noise on independent tokens keeps n E|c|^2 = 1.
    assert_close(fluctuations.mode_power(t, "SA", 0.0, 2, 2, kappa=0.3)[:, 2], 1.0, 1e-14)
    # In general V' = 2 s V + 2 kappa k(k+d-2), V(0) = 1.
    s = growth.growth_rates("SA", 4.0, 3, 4, kappa=0.1)
    _, y = ode.integrate(lambda t, v: 2 * s * v + 0.2 * growth.laplace(3, 4), np.ones(5), t)
    assert_close(fluctuations.mode_power(t, "SA", 4.0, 3, 4, kappa=0.1)[:, 1:], y[:, 1:], 1e-12)
    kappa = float(growth.critical_diffusion("SA", 4.0, 2, 1)[1])
    exactly_critical = fluctuations.mode_power(t, "SA", 4.0, 2, 1, kappa=kappa)[:, 1]
    assert_close(exactly_critical, 1 + 2 * kappa * t, 1e-13)
    assert fluctuations.mode_power(10.0, "USA", 9.0, 2, 1)[1] == math.inf


@pytest.mark.parametrize("x", [0.0, 0.3, 0.7, -1.5])
def test_causal_fluctuations_of_many_tokens(x: float) -> None:
    """Against the series of e^{x C*} 1 for the Cesaro matrix of 20 000 tokens."""
    n = 20_000
    term, total = np.ones(n), np.ones(n)
    for j in range(1, 40):
        term = np.cumsum((term / np.arange(1, n + 1))[::-1])[::-1] * x / j
        total = total + term
    assert (total @ total) / n == pytest.approx(float(fluctuations.causal_power(1.0, x)), rel=5e-3)


def test_causal_fluctuations_as_an_integral() -> None:
    for x in (0.5, 2.0):
        wanted = quad(lambda u, x=x: math.exp(-u) * float(iv(0, 2 * math.sqrt(x * u))) ** 2, 0, 120, epsrel=1e-12)[0]
        assert float(fluctuations.causal_power(1.0, x)) == pytest.approx(wanted, rel=1e-11)
        assert float(fluctuations.causal_power(0.5, 2 * x)) == pytest.approx(wanted, rel=1e-11)
        assert wanted > math.exp(2 * x)


# --- bad input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: growth.growth_rates("softmax", 1.0, 2, 3), ValueError, "kind"),
        (lambda: growth.growth_rates("SA", -1.0, 2, 3), ValueError, "beta"),
        (lambda: growth.growth_rates("SA", "x", 2, 3), TypeError, "beta"),  # type: ignore[arg-type]
        (lambda: growth.growth_rates("SA", 1.0, 1, 3), ValueError, "d must"),
        (lambda: growth.growth_rates("SA", 1.0, 2.0, 3), TypeError, "d must"),  # type: ignore[arg-type]
        (lambda: multipliers.log_factor("log", 1.0, 2), ValueError, "scale"),
        (lambda: poisson.radius(1.0, 1.0, 3), ValueError, "r0"),
        (lambda: poisson.parameter(1.0, [1.0, 0.0]), ValueError, "unit ball"),
        (lambda: orthogonal.gamma(1.0, 4, 1.0, gamma0=-1 / 3), ValueError, "gamma0"),
        (lambda: floors.w1_uniform(0), ValueError, "n must"),
        (lambda: fluctuations.causal_power(-1.0, 1.0), ValueError, "t must"),
    ],
)
def test_refusals(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
