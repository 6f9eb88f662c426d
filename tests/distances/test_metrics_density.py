"""W1 and W2 on the circle where one side or both are densities, against closed forms, quadrature and quantisations."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, optimize, special

import meanfield as mf
from meanfield.distances import w1_circle, w2_circle
from meanfield.distances.circle import matching, measures
from meanfield.distances.circle.series import Series

pytestmark = pytest.mark.rounding

Array = NDArray[Any]
TWO_PI = 2.0 * np.pi
DISTANCES = {1: w1_circle, 2: w2_circle}


class Law:
    """A density by its moments: the least a stranger must offer."""

    def __init__(self, c: Any, d: int = 2) -> None:
        self.coefficients = np.asarray(c, dtype=complex)
        self.space = SimpleNamespace(d=d, size=2 * (self.coefficients.shape[-1] - 1))

    def moments(self, degree: int) -> Array:
        out = np.zeros((*self.coefficients.shape[:-1], degree + 1), dtype=complex)
        kept = min(degree + 1, self.coefficients.shape[-1])
        out[..., :kept] = self.coefficients[..., :kept]
        return out

    # --- slow and independent of the code under test: dense sums
    def pdf(self, theta: Any) -> Any:
        k = np.arange(1, self.coefficients.size)
        waves = np.exp(1j * np.multiply.outer(np.asarray(theta, dtype=float), k))
        return (1.0 + 2.0 * (waves @ self.coefficients[1:]).real) / TWO_PI

    def cdf(self, theta: Any) -> Any:
        k = np.arange(1, self.coefficients.size)
        waves = (np.exp(1j * np.multiply.outer(np.asarray(theta, dtype=float), k)) - 1.0) / (1j * k)
        return self.coefficients[0].real * np.asarray(theta) / TWO_PI + (waves @ self.coefficients[1:]).real / np.pi

    def turned(self, angle: float) -> Law:
        return Law(self.coefficients * np.exp(-1j * angle * np.arange(self.coefficients.size)))


UNIFORM = Law([1.0, 0.0])


def von_mises(kappa: float, mean: float = 0.0, degree: int = 60) -> Law:
    k = np.arange(degree + 1)
    return Law(special.ive(k, kappa) / special.ive(0, kappa)).turned(mean)


def ripple(size: float, k: int) -> Law:
    """(1 + size cos k theta) / 2 pi."""
    c = np.zeros(k + 3)
    c[0], c[k] = 1.0, 0.5 * size
    return Law(c)


def bumps(power: int, q: int = 1) -> Law:
    """Proportional to (1 + cos q theta)^power: q bumps, and nearly nothing (down to 1e-60 of the top) between."""
    c = np.zeros(q * power + 1)
    c[::q] = special.comb(2 * power, power + np.arange(power + 1)) / special.comb(2 * power, power)
    return Law(c)


# --- closed forms -------------------------------------------------------------------------------------------


def test_one_atom() -> None:
    for x in (0.0, 1.3, -4.0, 7.0, np.nextafter(TWO_PI, 0.0)):
        assert w1_circle([x], UNIFORM) == pytest.approx(np.pi / 2.0, abs=1e-14)
        assert w2_circle([x], UNIFORM) == pytest.approx(np.pi / np.sqrt(3.0), abs=5e-14)
        law = ripple(0.8, 1).turned(x)
        assert w1_circle(law, [x]) == pytest.approx(np.pi / 2.0 - 1.6 / np.pi, abs=1e-13)
        assert w2_circle(law, [x]) ** 2 == pytest.approx(np.pi**2 / 3.0 - 1.6, abs=1e-13)


@pytest.mark.parametrize("k", [1, 2, 7])
@pytest.mark.parametrize("size", [1e-9, 0.3, 1.0])
def test_ripples_against_uniform(size: float, k: int) -> None:
    """The displacement (size / k) sin k theta at mass (1 + size cos k theta) / 2 pi; size 1 touches zero."""
    law = ripple(size, k).turned(0.4)
    assert w1_circle(law, UNIFORM) == pytest.approx(2.0 * size / (np.pi * k), rel=1e-12, abs=2e-15)
    assert w2_circle(UNIFORM, law) == pytest.approx(size / (k * np.sqrt(2.0)), rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("q", [1, 2, 3, 8])
@pytest.mark.parametrize("power", [1, 4, 60])
def test_nearest_atom(q: int, power: int) -> None:
    """q equidistant atoms against a law of period 2 pi / q: all mass goes to the nearest atom.

    With power 60 the boundaries between the atoms lie where the distribution function is flat to the last bit.
    """
    law = bumps(power, q)
    for x0 in (0.0, 0.2 / q, 3.0 / q):
        x = x0 + TWO_PI * np.arange(q) / q
        for p, distance in DISTANCES.items():
            pieces = [
                integrate.quad(lambda t, p=p, x0=x0: np.abs(t) ** p * law.pdf(x0 + t), a, b, epsabs=1e-14, limit=200)[0]
                for a, b in ((-np.pi / q, 0.0), (0.0, np.pi / q))
            ]
            assert distance(x, law) == pytest.approx((q * sum(pieces)) ** (1.0 / p), abs=1e-12)


# --- quadrature ---------------------------------------------------------------------------------------------


def w1_by_quadrature(theta: Array, weights: Array, law: Law) -> float:
    """min_c int |F_n - F - c|, by roots and quadrature on a fine partition."""
    x, jumps = np.sort(theta), weights[np.argsort(theta)]
    grid = np.unique(np.concatenate([np.linspace(0.0, TWO_PI, 1201), x]))
    steps = np.array([jumps[x <= left].sum() for left in grid[:-1]])
    nodes, w = np.polynomial.legendre.leggauss(6)

    def cost(c: float) -> float:
        level = steps - c
        cut = np.flatnonzero((level - law.cdf(grid[:-1])) * (level - law.cdf(grid[1:])) < 0.0)
        roots = [optimize.brentq(lambda t, v=level[i]: law.cdf(t) - v, grid[i], grid[i + 1], xtol=1e-15) for i in cut]
        left = np.insert(grid[:-1], cut + 1, roots)
        half = 0.5 * np.diff(np.append(left, TWO_PI))
        t = (left + half)[:, None] + half[:, None] * nodes
        return float(np.sum(half * (np.abs(np.insert(level, cut, level[cut])[:, None] - law.cdf(t)) @ w)))

    found = optimize.minimize_scalar(cost, bounds=(-1.0, 1.0), method="bounded", options={"xatol": 1e-9})
    return float(found.fun)


def w2_by_quadrature(theta: Array, weights: Array, law: Law) -> float:
    """min_alpha of the quantile cost, by roots and quadrature."""
    order = np.argsort(theta)
    x, P = theta[order], np.cumsum(weights[order])
    nodes, w = np.polynomial.legendre.leggauss(60)

    def cost(alpha: float) -> float:
        t = np.array([optimize.brentq(lambda s, u=p: law.cdf(s) - u + alpha, -9.0, 18.0, xtol=1e-14) for p in P])
        left = np.append(t[-1] - TWO_PI, t[:-1])
        s = 0.5 * (left + t)[:, None] + 0.5 * (t - left)[:, None] * nodes
        return float(np.sum(0.5 * (t - left) * (((s - x[:, None]) ** 2 * law.pdf(s)) @ w)))

    found = optimize.minimize_scalar(cost, bounds=(-0.7, 0.7), method="bounded", options={"xatol": 1e-9})
    return float(np.sqrt(found.fun))


def test_few_atoms_by_quadrature() -> None:
    rng = np.random.default_rng(1)
    for n, law in ((1, von_mises(2.0, 1.0, 25)), (5, von_mises(6.0, 6.1, 40)), (9, ripple(0.9, 3))):
        x, w = rng.uniform(0.0, TWO_PI, n), rng.dirichlet(np.ones(n))
        assert w1_circle(x, law, w) == pytest.approx(w1_by_quadrature(x, w, law), abs=1e-12)
        assert w2_circle(x, law, w) == pytest.approx(w2_by_quadrature(x, w, law), abs=1e-11)


def test_negative_densities() -> None:
    """A truncated series dips below zero: W1 is exact for the signed measure, W2 is refused."""
    law = von_mises(30.0, 2.0, 9)
    assert law.pdf(np.linspace(0.0, TWO_PI, 500)).min() < -0.01
    x, w = np.array([0.3, 1.9, 2.2, 5.0]), np.full(4, 0.25)
    assert w1_circle(x, law) == pytest.approx(w1_by_quadrature(x, w, law), abs=1e-12)
    with pytest.raises(ValueError, match=r"^b must be a nonnegative density"):
        w2_circle(x, law)
    # negative by rounding only: accepted
    assert w2_circle([2.0], von_mises(300.0, 2.0, 160)) == pytest.approx(np.sqrt(1.0 / 300.0), rel=2e-3)


def test_two_densities_by_quadrature() -> None:
    nothing = np.empty(0)
    for a, b in (
        (von_mises(3.0, 1.0), von_mises(5.0, 2.5)),
        (von_mises(40.0, 0.0, 80), ripple(0.7, 5)),
        (bumps(8, 2), UNIFORM),
        (von_mises(3.0, 0.0), von_mises(3.0, 1e-6)),
    ):
        degree = max(a.coefficients.size, b.coefficients.size) - 1
        difference = Law(a.moments(degree) - b.moments(degree))
        assert w1_circle(a, b) == pytest.approx(w1_by_quadrature(nothing, nothing, difference), abs=1e-12)


# --- quantisation -------------------------------------------------------------------------------------------


def test_quantisation_converges_as_one_over_n() -> None:
    """n W1 -> pi / 2 and n W2 -> (int 1 / (12 rho))^{1/2} against the law's own midpoint quantiles."""
    law = von_mises(3.0, 1.0)
    limit = np.sqrt(TWO_PI**2 * special.i0(3.0) ** 2 / 12.0)
    sizes = 1000 * 4 ** np.arange(4)
    for distance, exact in ((w1_circle, np.pi / 2.0), (w2_circle, limit)):
        scaled = []
        for n in sizes:
            x = Series(law.coefficients).quantile((np.arange(n) + 0.5) / n)
            scaled.append(n * distance(x, law))
        error = np.abs(np.array(scaled) / exact - 1.0)
        assert error[-1] < 1e-5
        assert error[0] < 5e-3


@pytest.mark.parametrize("distance", DISTANCES.values())
def test_densities_are_limits_of_their_quantisations(distance: Any) -> None:
    n = 40_000
    u = (np.arange(n) + 0.5) / n
    pairs = [(von_mises(3.0, 1.0), von_mises(5.0, 2.5)), (ripple(1.0, 1), ripple(1.0, 2)), (bumps(20, 2), bumps(9, 3))]
    for a, b in pairs:
        x, y = (Series(law.coefficients).quantile(u) for law in (a, b))
        both = distance(a, b)
        # the law and its quantisation are TWO_PI / n apart at most where W1 is concerned, far less in effect
        assert distance(x, b) == pytest.approx(both, abs=3e-5)
        assert distance(x, y) == pytest.approx(both, abs=3e-5)
        assert distance(b, x) == distance(x, b)
        assert distance(b, a) == pytest.approx(both, abs=1e-12)


def test_quantiles() -> None:
    """F(F^{-1}(u)) = u for every u in R, also through flat places; and F^{-1} jumps the gaps."""
    u = np.concatenate([np.linspace(-2.0, 3.0, 1001), [0.0, 0.5, 1.0, 1e-15, 1.0 - 1e-15]])
    for law in (von_mises(3.0, 2.0), ripple(1.0, 4), bumps(60, 3)):
        series = Series(law.coefficients)
        t = series.quantile(u)
        assert np.abs(series.cumulative(t)[0] - u).max() < 3e-14
        assert (np.diff(t[:1001]) >= 0.0).all()
        np.testing.assert_allclose(series.quantile(u + 1.0) - t, TWO_PI, rtol=0.0, atol=1e-7)
    # against dense sums
    t = np.linspace(-5.0, 9.0, 301)
    F, rho = Series(law.coefficients).cumulative(t)
    np.testing.assert_allclose(F - F[0], law.cdf(t) - law.cdf(t[0]), rtol=0.0, atol=3e-14)
    np.testing.assert_allclose(rho, law.pdf(t), rtol=0.0, atol=1e-12)


# --- consistency --------------------------------------------------------------------------------------------


@settings(max_examples=6)
@given(st.floats(0.0, 20.0), st.floats(0.0, 7.0), st.integers(1, 30), st.floats(-4.0, 4.0), st.integers(0, 9))
def test_rotation_symmetry_triangle(kappa: float, mean: float, n: int, turn: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, w = rng.uniform(0.0, TWO_PI, n), rng.dirichlet(np.ones(n))
    a, b = von_mises(kappa, mean, 40), ripple(0.5, 2)
    for distance in DISTANCES.values():
        for p, q, weights in ((x, a, w), (x, a, None), (a, b, None)):
            d = distance(p, q, weights)
            moved: list[Any] = [v.turned(turn) if isinstance(v, Law) else v + turn for v in (p, q)]
            assert distance(moved[0], moved[1], weights) == pytest.approx(d, abs=1e-11)
            assert distance(q, p, None, weights) == pytest.approx(d, abs=1e-11)
        assert distance(x, b) <= distance(x, a) + distance(a, b) + 1e-11
        assert distance(a, a) < 1e-12
        assert distance(x, a) <= np.pi


def test_closed_form_against_sum_of_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    law = von_mises(5.0, 2.5)
    x, w = rng.uniform(0.0, TWO_PI, (3, 200)), rng.dirichlet(np.ones(200), 3)
    closed = w2_circle(x, law, w)
    monkeypatch.setattr(matching, "_CANCELLED", np.inf)
    np.testing.assert_allclose(w2_circle(x, law, w), closed, rtol=0.0, atol=1e-13)


def test_small_w2_keeps_its_digits() -> None:
    """n equidistant atoms against the uniform law: pi / (n sqrt 3), where the closed form has lost all but five."""
    for n in (500, 100_000):
        x = 0.3 + TWO_PI * np.arange(n) / n
        assert w2_circle(x, UNIFORM) == pytest.approx(np.pi / (n * np.sqrt(3.0)), rel=1e-8)


def test_mass_is_normalised_within_rounding() -> None:
    law = von_mises(3.0, 1.0)
    heavier = Law(law.coefficients * (1.0 + 5e-9))
    x = np.array([0.1, 4.0])
    for distance in DISTANCES.values():
        assert distance(x, heavier) == pytest.approx(distance(x, law), abs=1e-14)


@pytest.mark.parametrize("p", [1, 2])
def test_replicas(p: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leading axes of atoms and of densities broadcast; slices do not change the answer."""
    rng = np.random.default_rng(3)
    distance = DISTANCES[p]
    x = rng.uniform(0.0, TWO_PI, (3, 1, 40))
    laws = [von_mises(1.0, 1.0, 30), von_mises(8.0, 4.0, 30)]
    both = Law(np.stack([law.coefficients for law in laws]))
    d = distance(x, both)
    assert d.shape == (3, 2)
    for j, law in enumerate(laws):
        np.testing.assert_allclose(distance(x[:, 0], law), d[:, j], rtol=0.0, atol=1e-13)
        assert distance(both, UNIFORM)[j] == distance(law, UNIFORM)
    monkeypatch.setattr(measures, "CHUNK", 40)
    np.testing.assert_allclose(distance(x, laws[0]), d[:, :1], rtol=0.0, atol=1e-13)
    # clustered law: the level and the shift sit at a gap, replicas are finished together
    law, y = bumps(60, 2), rng.uniform(0.0, TWO_PI, (5, 300))
    np.testing.assert_allclose(distance(y, law), [distance(row, law) for row in y], rtol=0.0, atol=1e-12)


def test_w2_of_laws_that_vanish_together() -> None:
    """A compactly concentrated law and its own small turn: matched zeros, still exact and without a warning."""
    law = bumps(30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        d = w2_circle(law, law.turned(0.01))
    n = 4000
    x = Series(law.coefficients).quantile((np.arange(n) + 0.5) / n)
    assert d == pytest.approx(w2_circle(x, x + 0.01), abs=1e-7)


# --- the house's own measures and the door ------------------------------------------------------------------


def test_real_densities_and_points() -> None:
    space = mf.Circle(128)
    rho = space.density(lambda theta: 1.0 + 0.8 * np.cos(theta))
    assert w1_circle([0.0], rho) == pytest.approx(np.pi / 2.0 - 1.6 / np.pi, abs=1e-13)
    assert w2_circle(rho, mf.uniform(space)) == pytest.approx(0.8 / np.sqrt(2.0), abs=1e-12)
    x = rho.quantize(500)
    assert w1_circle(x, rho) == pytest.approx(np.pi / 1000.0, rel=1e-3)
    w = np.linspace(1.0, 2.0, 500)
    snapshot = SimpleNamespace(points=x, weights=w)
    for distance in DISTANCES.values():
        assert distance(snapshot, rho) == distance(x, rho, w)
        assert distance(x, snapshot) == distance(x, x, None, w)
        rows = mf.Points(np.stack([np.cos(x), np.sin(x)], axis=-1), weights=w / w.sum())
        assert distance(rows, rho) == pytest.approx(distance(snapshot, rho), abs=1e-12)


@pytest.mark.parametrize("distance", DISTANCES.values())
def test_bad_measures_are_named(distance: Any) -> None:
    x = np.array([0.1, 0.2])
    space = SimpleNamespace(d=2, size=4)
    zonal = SimpleNamespace(coefficients=np.ones(3), space=space, moments=lambda k: np.ones(k + 1))
    cases = [
        (Law([1.0, 0.0], d=3), ValueError, "^b must be a density on the circle"),
        (zonal, ValueError, "^b must be a density on the circle with complex moments"),
        (Law([1.0, np.nan]), ValueError, "^b.moments must be .*NaN"),
        (Law([0.9, 0.1]), ValueError, "^b must have mass"),
        (SimpleNamespace(points=x, weights=np.ones(3)), ValueError, "^b.weights must have one weight"),
        (SimpleNamespace(points=x, weights=-x), ValueError, "^b.weights must be .*negative"),
        (SimpleNamespace(points=x, weights=x, d=3), ValueError, "^b must be points on the circle"),
    ]
    for measure, kind, text in cases:
        with pytest.raises(kind, match=text):
            distance(x, measure)
    with pytest.raises(ValueError, match=r"^b_weights must be None where b is a snapshot"):
        distance(x, SimpleNamespace(points=x, weights=x), None, x)
