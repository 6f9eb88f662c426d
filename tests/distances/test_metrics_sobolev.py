"""Fourier and negative Sobolev distances on the circle against direct sums, pair sums and closed forms."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from meanfield.distances import fourier_distance, sobolev

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

Array = NDArray[Any]
TWO_PI = 2.0 * np.pi


class Law:
    """A density by its moments."""

    def __init__(self, c: Any) -> None:
        self.coefficients = np.asarray(c, dtype=complex)
        self.space = SimpleNamespace(d=2, size=2 * (self.coefficients.shape[-1] - 1))

    def moments(self, degree: int) -> Array:
        out = np.zeros((*self.coefficients.shape[:-1], degree + 1), dtype=complex)
        kept = min(degree + 1, self.coefficients.shape[-1])
        out[..., :kept] = self.coefficients[..., :kept]
        return out


def random_law(seed: int, degree: int = 12) -> Law:
    rng = np.random.default_rng(seed)
    c = (rng.normal(size=degree + 1) + 1j * rng.normal(size=degree + 1)) / (4.0 + np.arange(degree + 1)) ** 2
    c[0] = 1.0
    return Law(c)


def direct(theta: Array, weights: Array, degree: int) -> Array:
    """c_k by the sum itself."""
    return np.exp(-1j * np.multiply.outer(np.arange(degree + 1), theta)) @ (weights / weights.sum())


def pair_sum(theta: Array, charge: Array) -> float:
    """sum_ij q_i q_j sum_k cos k(theta_i - theta_j) / (1 + k^2), the sum over k closed."""
    x = np.abs(theta[:, None] - theta) % TWO_PI
    return float(charge @ (np.pi * np.cosh(np.pi - x) / np.sinh(np.pi)) @ charge)


def test_kernel_is_its_series() -> None:
    """The closed sum the oracle rests on."""
    x = np.array([0.0, 0.3, np.pi, 6.0])
    k = np.arange(1, 200_001)
    series = 1.0 + 2.0 * (np.cos(np.multiply.outer(x, k)) / (1.0 + k * k)).sum(axis=1)
    np.testing.assert_allclose(np.pi * np.cosh(np.pi - x) / np.sinh(np.pi), series, rtol=0.0, atol=1.1e-5)


def test_moments_against_direct_sums() -> None:
    rng = np.random.default_rng(0)
    for n, degree in ((1, 0), (1, 3), (40, 9), (3000, 120), (10, 700)):
        x, y, w = rng.uniform(-9.0, 9.0, n), rng.uniform(0.0, TWO_PI, 7), rng.random(n)
        exact = np.abs(direct(x, w, degree) - direct(y, np.ones(7), degree))
        limit = 1e-13 + 9.0 * degree * EPS  # k theta is rounded
        np.testing.assert_allclose(fourier_distance(x, y, degree, w), exact, rtol=0.0, atol=limit)
        assert fourier_distance(x, y, degree, w)[0] == 0.0
        law = random_law(n)
        exact = np.abs(direct(x, w, degree) - law.moments(degree))
        got = fourier_distance(law, x, degree, None, w)
        np.testing.assert_allclose(got, exact, rtol=0.0, atol=limit)


@pytest.mark.parametrize("s", [0.0, 0.75, 1.0, 2.5])
def test_truncated_norm_counts_both_signs_of_k(s: float) -> None:
    rng = np.random.default_rng(1)
    x, y, w = rng.uniform(0.0, TWO_PI, 15), rng.uniform(0.0, TWO_PI, 9), rng.random(9)
    k = np.arange(-30, 31)
    delta = np.exp(-1j * np.multiply.outer(k, x)).mean(axis=1)
    delta -= np.exp(-1j * np.multiply.outer(k, y)) @ (w / w.sum())
    exact = np.sqrt(np.sum((1.0 + k**2.0) ** -s * np.abs(delta) ** 2))
    assert sobolev(x, y, s, 30, b_weights=w) == pytest.approx(exact, abs=1e-13)
    # a cosine of size e: c_1 = e/2, twice
    assert sobolev(Law([1.0, 0.1]), Law([1.0, 0.0]), s) == pytest.approx(0.1 * np.sqrt(2.0 * 2.0**-s), abs=1e-15)


@settings(max_examples=40)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 10_000), st.floats(-9.0, 9.0))
def test_whole_sum_against_pairs(n: int, m: int, seed: int, turn: float) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.0, TWO_PI, n), rng.uniform(0.0, TWO_PI, m)
    x[rng.random(n) < 0.3] = 1.0  # coincident, and with the other side
    y[rng.random(m) < 0.3] = 1.0
    wx, wy = rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m))
    exact = pair_sum(np.concatenate([x, y]), np.concatenate([wx, -wy]))
    d = sobolev(x, y, a_weights=wx, b_weights=wy)
    assert d**2 == pytest.approx(exact, abs=8.0 * 4.0 * np.pi * EPS)  # terms of size pi, of mass 4 in all
    assert sobolev(y, x, a_weights=wy, b_weights=wx) == pytest.approx(d, abs=1e-13)
    assert sobolev(x + turn, y + turn, a_weights=wx, b_weights=wy) == pytest.approx(d, abs=1e-13)


def test_whole_sum_is_the_limit_of_truncations() -> None:
    """The tail beyond degree K is 2 sum |c_k|^2 / k^2 = O(1/K): the truncations approach from below at that rate."""
    rng = np.random.default_rng(2)
    x, law = rng.uniform(0.0, TWO_PI, 30), random_law(2)
    for other in (rng.uniform(0.0, TWO_PI, 20), law):
        whole = sobolev(x, other)
        gaps = np.array([whole**2 - sobolev(x, other, degree=degree) ** 2 for degree in (1000, 4000, 16000)])
        assert (gaps > 0.0).all()
        np.testing.assert_allclose(gaps[:-1] / gaps[1:], 4.0, rtol=0.15)


def test_exact_values() -> None:
    assert sobolev([0.3], [0.3]) == 0.0
    assert sobolev([0.3], Law([1.0, 0.0])) ** 2 == pytest.approx(np.pi / np.tanh(np.pi) - 1.0, abs=1e-14)
    # two atoms at distance h: 2 K(0) - 2 K(h), without cancellation for small h
    for h in (3.0, 1e-3, 1e-9):
        exact = TWO_PI / np.sinh(np.pi) * 2.0 * np.sinh(np.pi - h / 2.0) * np.sinh(h / 2.0)
        assert sobolev([0.2], [0.2 + h]) ** 2 == pytest.approx(exact, rel=1e-6)
    x = np.random.default_rng(3).uniform(0.0, TWO_PI, 500)
    assert sobolev(x, x[::-1]) == 0.0
    # n equidistant atoms see only the multiples of n
    n = 50
    k = n * np.arange(1, 400_000)
    square = sobolev(TWO_PI * np.arange(n) / n, Law([1.0, 0.0])) ** 2
    assert square == pytest.approx(2.0 * np.sum(1.0 / (1.0 + k**2)), rel=1e-5)


def test_independent_samples_have_mean_square_one_over_n() -> None:
    """E |c_k|^2 = 1/n for k != 0 and uniform samples: n E ||.||^2 = pi coth pi - 1, for every n."""
    rng = np.random.default_rng(4)
    for n in (1, 50):
        squares = n * sobolev(rng.uniform(0.0, TWO_PI, (2000, n)), Law([1.0, 0.0])) ** 2
        exact = np.pi / np.tanh(np.pi) - 1.0
        assert abs(squares.mean() - exact) < 4.0 * squares.std() / np.sqrt(2000) + 1e-13


def test_replicas() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.uniform(0.0, TWO_PI, (3, 1, 20)), rng.uniform(0.0, TWO_PI, (2, 15))
    laws = Law(np.stack([random_law(s).coefficients for s in (0, 1)]))
    for other in (y, laws):
        for settings_ in ({}, {"degree": 9}, {"degree": 5, "s": 2.0}):
            all_at_once = sobolev(x, other, **settings_)
            assert all_at_once.shape == (3, 2)
            for i, j in np.ndindex(3, 2):
                one = Law(laws.coefficients[j]) if other is laws else y[j]
                assert sobolev(x[i, 0], one, **settings_) == pytest.approx(all_at_once[i, j], abs=1e-13)
        assert fourier_distance(x, other, 4).shape == (3, 2, 5)
    assert isinstance(sobolev(x[0, 0], y[0]), float)


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: sobolev([0.0], [1.0], 2.0), ValueError, "^degree must be given"),
        (lambda: sobolev([0.0], [1.0], np.nan), ValueError, "^s must be"),
        (lambda: sobolev([0.0], [1.0], degree=-1), ValueError, "^degree must be"),
        (lambda: sobolev([0.0], [1.0], degree=2.5), TypeError, "^degree must be"),  # type: ignore[arg-type]
        (lambda: fourier_distance([0.0], [1.0], 2.0), TypeError, "^degree must be"),  # type: ignore[arg-type]
        (lambda: sobolev([np.nan], [1.0]), ValueError, "^a must be"),
        (lambda: sobolev(np.zeros((2, 3)), np.zeros((4, 3))), ValueError, "^a and b must have leading"),
        (lambda: fourier_distance(np.zeros((2, 3)), np.zeros((4, 3)), 2), ValueError, "^a and b must have leading"),
    ],
)
def test_bad_input_is_named(call: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()
