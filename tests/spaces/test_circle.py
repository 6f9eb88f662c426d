"""The circle: transforms, densities, and what is asked of them, against sums written out and closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from scipy.special import ive

import meanfield as mf
from meanfield.protocols import Array
from meanfield.spaces import circle
from meanfield.spaces.coefficients import recast, tail
from meanfield.tools import threads
from validation.exact import poisson

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

TWO_PI = 2.0 * math.pi


def random_series(degree: int, seed: int = 0) -> Array:
    """c_k, k = 0..degree, of a real series that decays."""
    rng = np.random.default_rng(seed)
    c = (rng.standard_normal(degree + 1) + 1j * rng.standard_normal(degree + 1)) * 0.9 ** np.arange(degree + 1)
    c[0] = c[0].real
    return c


def written_out(c: Array, theta: Array, power: int = 0) -> Array:
    """c_0 + 2 Re sum c_k e^{ik theta}, or its derivative."""
    k = np.arange(len(c))
    terms = (1j * k) ** power * c * np.exp(1j * np.asarray(theta)[..., None] * k)
    return np.asarray(2.0 * terms.real.sum(axis=-1) - (terms[..., 0].real if power == 0 else 0.0))


def distribution(c: Array, theta: Array) -> Array:
    """F(theta) = int_0^theta dmu, term by term."""
    k = np.arange(1, len(c))
    series = c[1:] * (np.exp(1j * np.asarray(theta)[..., None] * k) - 1.0) / (1j * k * math.pi)
    return np.asarray(c[0].real * theta / TWO_PI + series.real.sum(axis=-1))


def turned(c: Array) -> float:
    """What rounded angles k theta, off by eps of up to 2 pi k each, may leave of the sum of 2 Re c_k e^{ik theta}."""
    return float(2.0 * TWO_PI * EPS * (np.arange(1.0, len(c) + 1.0) * np.abs(c)).sum())


# --- transforms ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [8, 10, 64, 90, 254])
def test_analyse_and_evaluate_are_inverse_and_are_the_series(n: int) -> None:
    space, c = mf.Circle(n), random_series(n // 2)
    c[-1] = 0.0
    np.testing.assert_allclose(space.nodes, TWO_PI * np.arange(n) / n, rtol=1e-15)
    assert abs(space.weights.sum() - 1.0) < 1e-14
    values = space.evaluate(c)
    np.testing.assert_allclose(values, written_out(c, space.nodes), rtol=0.0, atol=turned(c))
    np.testing.assert_allclose(space.analyse(values), c, rtol=0.0, atol=8.0 * EPS * np.abs(c).max())
    slope = space.evaluate(c, gradient=True)
    assert slope.shape == (n, 1)
    np.testing.assert_allclose(slope[:, 0], written_out(c, space.nodes, 1), rtol=0.0, atol=1e-12 * n)


def test_the_highest_mode_of_an_even_grid_is_dropped() -> None:
    space = mf.Circle(16)
    assert np.abs(space.analyse(np.cos(8.0 * space.nodes))).max() < 1e-16


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (2, 3), (2, 0)])
def test_series_at_any_angles(shape: tuple[int, ...]) -> None:
    c = random_series(40)
    space = mf.Circle(128)
    theta = np.random.default_rng(1).uniform(-40.0, 40.0, shape)
    held = np.pad(c, (0, 64 - 40))
    np.testing.assert_allclose(space.evaluate(held, theta), written_out(c, theta), rtol=0.0, atol=3e-12)
    slope = space.evaluate(held, theta, gradient=True)
    assert slope.shape == (*shape, 1)
    np.testing.assert_allclose(slope[..., 0], written_out(c, theta, 1), rtol=0.0, atol=1e-10)


def test_stacks_of_series_are_evaluated_one_by_one() -> None:
    space = mf.Circle(32)
    c = np.stack([np.pad(random_series(12, s), (0, 4)) for s in range(5)])
    theta = np.linspace(0.0, 6.0, 9)
    own = np.stack([space.evaluate(row, theta) for row in c])
    np.testing.assert_allclose(space.evaluate(c, theta), own, rtol=0.0, atol=1e-14)
    np.testing.assert_array_equal(space.evaluate(c), np.stack([space.evaluate(row) for row in c]))
    np.testing.assert_array_equal(
        space.analyse(space.evaluate(c)), np.stack([space.analyse(v) for v in space.evaluate(c)])
    )
    grid = np.random.default_rng(3).uniform(0.0, 6.0, (4, 2))
    np.testing.assert_allclose(space.fields(c[:2], c[2], grid)[0], [space.evaluate(row, grid) for row in c[:2]])
    several = np.random.default_rng(2).uniform(0.0, 6.0, (5, 9))
    own = np.stack([space.evaluate(row, q) for row, q in zip(c, several, strict=True)])
    np.testing.assert_allclose(space.evaluate(c, several), own, rtol=0.0, atol=1e-14)


@pytest.mark.parametrize("degree", [0, 1, 30, 200])
def test_projecting_points_gives_their_moments_and_is_the_adjoint_of_evaluating(degree: int) -> None:
    rng = np.random.default_rng(3)
    q, w = rng.uniform(-10.0, 10.0, (3, 500)), rng.random((3, 500)) / 500.0
    space = mf.Circle(512)
    k = np.arange(degree + 1)
    found = space.project(q, w, degree)
    exact = np.einsum("rp,rpk->rk", w, np.exp(-1j * q[..., None] * k))
    np.testing.assert_allclose(found, exact, rtol=0.0, atol=1e-13)
    np.testing.assert_array_equal(space.harmonics(degree), k)
    c = random_series(degree)
    pairing = 2.0 * (np.conj(c) * found).real.sum(axis=-1) - c[0].real * found[:, 0].real
    values = space.evaluate(np.pad(c, (0, 256 - degree)), q)
    np.testing.assert_allclose(pairing, np.einsum("rp,rp->r", w, values), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("n", [8, 10, 32, 100])
def test_products_are_formed_without_aliasing(n: int) -> None:
    """Coefficients of -(rho X)' for full spectra are those of the convolution, to the last degree held."""
    space = mf.Circle(n)
    K = n // 2
    c, p = random_series(K - 1, 1), random_series(K - 1, 2)
    held, potential = np.append(c, 0.0), np.append(p, 0.0)
    plan = space.plan(np.ones((1, K + 1)), potential / np.where(held == 0.0, 1.0, held))
    assert plan.grid.n >= 3 * n // 2 and plan.grid.n % 2 == 0
    s, X = plan.open(held)
    assert X is not None
    np.testing.assert_allclose(s[0], written_out(c, plan.grid.nodes), rtol=0.0, atol=turned(c))
    np.testing.assert_allclose(X[:, 0], written_out(p, plan.grid.nodes, 1), rtol=0.0, atol=1e-11)
    out = plan.close(X.copy(), s[0].copy(), np.empty(K + 1, dtype=complex))
    k = np.arange(-(K - 1), K)
    both = [np.concatenate([np.conj(a[:0:-1]), a]) for a in (c, p)]
    product = np.convolve(both[0], 1j * k * both[1])[2 * (K - 1) :]
    np.testing.assert_allclose(out[:K], -1j * np.arange(K) * product[:K], rtol=0.0, atol=1e-10)
    assert out[0] == 0.0 and out[-1] == 0.0


def test_padding_is_the_next_fast_even_length() -> None:
    for n in range(8, 600, 2):
        assert 3 * n / 2 <= circle.padded(n) <= 1.5 * (3 * n / 2) and circle.padded(n) % 2 == 0


def test_transforms_give_the_same_bits_from_any_thread() -> None:
    space = mf.Circle(1 << 14)
    data = [space.evaluate(np.pad(random_series(900, seed), (0, (1 << 13) - 900))) for seed in range(8)]
    alone = [space.analyse(values) for values in data]
    with ThreadPoolExecutor(4) as pool:
        for i, theirs in enumerate(pool.map(space.analyse, data * 10)):
            np.testing.assert_array_equal(alone[i % 8], theirs)
    ran: list[int] = []
    threads.parallel(ran.append, 7, 1 << 22)
    assert sorted(ran) == list(range(7))


def test_geometry_of_the_circle() -> None:
    space = mf.Circle(16)
    theta = np.array([0.3, -2.0, 3.1])
    rows = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    np.testing.assert_allclose(space.chart(rows), theta, rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(
        space.frame(rows)[:, 0], np.stack([-np.sin(theta), np.cos(theta)], axis=-1), rtol=0.0, atol=1e-15
    )
    np.testing.assert_allclose(space.inner(np.array([0.6, -0.8]), theta), rows @ [0.6, -0.8], rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(space.rows, np.stack([np.cos(space.nodes), np.sin(space.nodes)], axis=-1))
    assert space.area == pytest.approx(TWO_PI, rel=1e-15) and space.resized(16) is space


# --- densities -----------------------------------------------------------------------------------------------


def bumpy(theta: Array) -> Array:
    return np.exp(0.8 * np.cos(theta - 1.0) + 0.5 * np.sin(3.0 * theta))


def test_three_ways_to_give_the_same_density() -> None:
    space = mf.Circle(96)
    called = space.density(bumpy)
    given = space.density(bumpy(space.nodes))
    read = space.density(coefficients=called.coefficients)
    for other in (given, read, space.density(called), space.density((7.0 * bumpy(space.nodes)).tolist())):
        np.testing.assert_allclose(other.coefficients, called.coefficients, rtol=0.0, atol=1e-13)
    fine = TWO_PI * np.arange(4096) / 4096
    mass = bumpy(fine).mean()
    np.testing.assert_allclose(called(fine), bumpy(fine) / mass, rtol=1e-12)
    np.testing.assert_allclose(called.pdf(fine), bumpy(fine) / mass / TWO_PI, rtol=1e-12)
    assert called.mass == pytest.approx(1.0, abs=8.0 * EPS)
    x = np.stack([np.cos(fine), np.sin(fine)], axis=-1)
    np.testing.assert_allclose(called.at(x), called(fine), rtol=1e-13)


def test_what_a_density_answers() -> None:
    rho = mf.Circle(96).density(bumpy)
    theta = TWO_PI * np.arange(1024) / 1024
    w = bumpy(theta) / bumpy(theta).sum()
    x = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
    np.testing.assert_allclose(rho.mean, w @ x, rtol=0.0, atol=16.0 * EPS)
    np.testing.assert_allclose(rho.second_moment, np.einsum("p,pi,pj->ij", w, x, x), rtol=0.0, atol=16.0 * EPS)
    np.testing.assert_allclose(
        rho.moments(60)[:49], np.exp(-1j * np.outer(np.arange(49), theta)) @ w, rtol=0.0, atol=1e-14
    )
    assert np.all(rho.moments(60)[49:] == 0.0) and rho.moments(0).shape == (1,)
    assert rho.entropy == pytest.approx(w @ np.log(1024 * w), rel=1e-12)
    assert rho.minimum == rho.values.min() and rho.maximum == rho.values.max() and rho.tail < 1e-12
    np.testing.assert_allclose(rho.weights, rho.values / 96, rtol=8.0 * EPS)
    for beta in (0.0, 2.0):
        gram = np.cos(theta[:, None] - theta)
        pair = np.exp(beta * gram) / (2.0 * beta) if beta else 0.5 * gram
        assert rho.energy(mf.SA(beta)) == pytest.approx(w @ pair @ w, rel=1e-13)
    fine = rho.resized(256)
    np.testing.assert_array_equal(fine.coefficients[:49], rho.coefficients)
    np.testing.assert_array_equal(fine.resized(96).coefficients, rho.coefficients)
    np.testing.assert_allclose(fine(theta), rho(theta), rtol=0.0, atol=1e-14)
    assert fine.coefficients[40] != 0.0 and fine.resized(80).coefficients[-1] == 0.0 == rho.coefficients[-1]


def test_entropy_counts_negative_rounding_as_nothing() -> None:
    rho = mf.von_mises_fisher(mf.Circle(512), 0.0, 300.0)
    assert rho.minimum < 0.0 and np.isfinite(rho.entropy)
    concentration = ive(1, 300.0) / ive(0, 300.0)
    assert rho.entropy == pytest.approx(300.0 * (concentration - 1.0) - math.log(ive(0, 300.0)), abs=1e-11)


def test_tail_looks_at_the_last_degrees_and_beyond_gaps() -> None:
    for n in (8, 16, 32, 64, 256):
        space = mf.Circle(n)
        c = np.zeros(n // 2 + 1, dtype=complex)
        c[0], c[n // 2 - 1] = 1.0, 1e-3
        assert tail(space, c, gaps=False) == 1e-3
    space = mf.Circle(256)
    for m in (3, 7, 31, 60):
        c = np.zeros(129, dtype=complex)
        c[::m] = 0.5 ** np.arange(len(c[::m]))
        assert tail(space, c) >= np.abs(c[127 // m * m]) > 0.0
    assert tail(space, c, gaps=False) == 0.0
    assert recast(space, c, mf.Circle(64)).shape == (33,)


@pytest.mark.parametrize(
    "f",
    [
        lambda q: 1.0 + 0.5 * np.cos(9.0 * q),
        lambda q: 1.0 / (1.1 - np.cos(q)),
        lambda q: np.abs(np.cos(q)),
        lambda q: 1.0 + np.sign(np.sin(q)),
        lambda q: 1.0 / (1.01 - np.cos(16.0 * q)),
        lambda q: 1.0 + 0.5 * np.cos(8.0 * q),
        lambda q: 1.0 + 0.5 * np.cos(16.0 * q),
        lambda q: 1.0 + 0.5 * np.cos(18.0 * q),
        lambda q: 1.0 + 0.5 * np.cos(36.0 * q),
    ],
)
def test_a_callable_the_grid_does_not_hold_is_refused(f: Callable[[Array], Array]) -> None:
    """cos 9 theta looks like cos theta on eight nodes: padding could not undo that."""
    with pytest.raises(ValueError, match=r"density: .*(under-resolved|not resolved)"):
        mf.Circle(8).density(f)
    with pytest.raises(ValueError, match=r"density: .*(under-resolved|not resolved)|negative"):
        mf.Circle(16).density(lambda q: np.exp(40.0 * np.cos(q - 0.2)))


# --- initial densities ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kappa", [0.0, 0.5, 4.0, 100.0])
@pytest.mark.parametrize("mean", [0.9, [3.0 * math.cos(0.9), 3.0 * math.sin(0.9)]])
def test_von_mises(mean: Any, kappa: float) -> None:
    rho = mf.von_mises_fisher(mf.Circle(256), mean, kappa)
    k = np.arange(60)
    exact = ive(k, kappa) / ive(0, kappa) * np.exp(-0.9j * k)
    np.testing.assert_allclose(rho.moments(59), exact, rtol=0.0, atol=(16.0 + kappa) * EPS)  # of e^{kappa cos}


@pytest.mark.parametrize(("r", "phi", "n"), [(0.0, 0.0, 8), (0.3, 1.0, 64), (0.9, -2.0, 1024)])
def test_poisson_kernel(r: float, phi: float, n: int) -> None:
    rho = mf.poisson_kernel(mf.Circle(n), [r * math.cos(phi), r * math.sin(phi)])
    np.testing.assert_allclose(
        rho.coefficients[:-1], poisson.circle_coefficients(r, phi, n // 2 - 1), rtol=0.0, atol=1e-13
    )
    np.testing.assert_allclose(rho(rho.space.nodes), poisson.circle_kernel(rho.space.nodes, r, phi), rtol=1e-9)
    np.testing.assert_allclose(rho.mean, [r * math.cos(phi), r * math.sin(phi)], rtol=0.0, atol=1e-14)


def test_perturbed_uniform_and_mixture() -> None:
    space, theta = mf.Circle(32), np.linspace(0.0, 6.0, 50)
    modes = {1: 0.3, 2: 0.2j, 5: 0.1 - 0.1j}
    rho = mf.perturbed_uniform(space, modes)
    exact = 1.0 + sum((a * np.exp(-1j * k * theta)).real for k, a in modes.items())
    few = 64.0 * EPS
    np.testing.assert_allclose(rho(theta), exact, rtol=0.0, atol=few)
    np.testing.assert_array_equal(mf.uniform(space).coefficients, np.eye(17)[0])
    both = mf.mixture([rho, mf.uniform(space)], [3.0, 1.0])
    np.testing.assert_allclose(both(theta), 0.75 * exact + 0.25, rtol=0.0, atol=few)
    np.testing.assert_allclose(mf.mixture([rho, mf.uniform(space)])(theta), 0.5 * exact + 0.5, rtol=0.0, atol=few)


# --- points of a density -------------------------------------------------------------------------------------


DENSITIES: dict[str, Callable[[], mf.Density]] = {
    "uniform": lambda: mf.uniform(mf.Circle(8)),
    "smooth": lambda: mf.Circle(64).density(bumpy),
    "touching zero": lambda: mf.Circle(16).density(lambda q: (1.0 + np.cos(q - 2.0)) ** 3),
    "zero at the beginning": lambda: mf.Circle(64).density(lambda q: np.sin(q / 2.0) ** 40),
    "narrow": lambda: mf.von_mises_fisher(mf.Circle(512), 2.0, 800.0),
    "two, far apart": lambda: mf.mixture([mf.von_mises_fisher(mf.Circle(256), a, 200.0) for a in (1.0, 4.0)], [1, 3]),
    "peaked": lambda: mf.poisson_kernel(mf.Circle(1024), [0.9, 0.1]),
}


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
@pytest.mark.parametrize("name", DENSITIES)
def test_quantised_points_sit_at_the_levels_of_the_distribution(name: str, n: int) -> None:
    rho = DENSITIES[name]()
    theta = rho.quantize(n)
    assert theta.shape == (n,) and np.all(np.diff(theta) > 0.0)
    assert theta.min() >= 0.0 and theta.max() <= TWO_PI
    levels = (np.arange(n) + 0.5) / n
    np.testing.assert_allclose(distribution(rho.coefficients, theta), levels, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("name", DENSITIES)
def test_samples_follow_the_exact_distribution(name: str) -> None:
    rho, n = DENSITIES[name](), 20_000
    theta = np.sort(rho.sample(n, rng=5))
    F = distribution(rho.coefficients, theta)
    gap = np.maximum(np.abs(F - np.arange(n) / n), np.abs(F - np.arange(1, n + 1) / n)).max()
    assert math.sqrt(n) * gap < 1.63  # Kolmogorov: exceeded once in a hundred
    shifted = distribution(rho.coefficients, np.sort(np.mod(theta + 0.05, TWO_PI)))
    assert math.sqrt(n) * np.abs(shifted - (np.arange(n) + 0.5) / n).max() > 1.63 or name == "uniform"


def test_seeds_give_the_same_bits_and_generators_go_on() -> None:
    rho = mf.Circle(64).density(bumpy)
    np.testing.assert_array_equal(rho.sample(100, 3), rho.sample(100, 3))
    np.testing.assert_allclose(rho.sample(100, 3)[:40], rho.sample(40, 3), rtol=0.0, atol=1e-12)
    assert not np.array_equal(rho.sample(100, 3), rho.sample(100, 4))
    rng = np.random.default_rng(3)
    both = np.concatenate([rho.sample(60, rng), rho.sample(40, rng)])
    np.testing.assert_allclose(both, rho.sample(100, 3), rtol=0.0, atol=1e-12)
