"""W1 and W2 on the circle between samples, against linear programmes, POT, symmetries and exact expectations."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.optimize import linprog

from meanfield.distances import w1_circle, w2_circle
from meanfield.distances.circle import linear, measures, quadratic, sorting
from meanfield.distances.numerics.roots import bracketed_newton, weighted_medians

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

Array = NDArray[Any]
TWO_PI = 2.0 * np.pi
DISTANCES = {1: w1_circle, 2: w2_circle}


class Flat:
    """The uniform density as a stranger would write it: just enough for the metrics."""

    class space:
        d = 2
        size = 4

    coefficients = np.array([1.0, 0.0, 0.0], dtype=complex)

    def moments(self, degree: int) -> Array:
        return np.eye(1, degree + 1, dtype=complex)[0]


def arc(x: Array, y: Array) -> Array:
    """Arc length between all pairs."""
    d = np.abs(x[:, None] - y[None, :]) % TWO_PI
    return np.minimum(d, TWO_PI - d)


def linear_programme(x: Array, y: Array, wx: Array, wy: Array, p: int) -> float:
    """W_p by the transport problem itself."""
    n, m = x.size, y.size
    rows = np.kron(np.eye(n), np.ones(m))
    columns = np.kron(np.ones(n), np.eye(m))
    constraints = np.vstack([rows, columns])
    totals = np.concatenate([wx / wx.sum(), wy / wy.sum()])
    best = linprog((arc(x, y) ** p).ravel(), A_eq=constraints, b_eq=totals, method="highs")
    return float(float(best.fun or 0.0) ** (1.0 / p))


# --- independent answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [1, 2])
def test_linear_programme(p: int) -> None:
    rng = np.random.default_rng(p)
    for n, m in itertools.product((1, 2, 5, 7), repeat=2):
        x, y = rng.uniform(-7.0, 7.0, n), rng.uniform(-7.0, 7.0, m)
        wx, wy = rng.random(n) + 0.01, rng.random(m) + 0.01
        one = np.ones(n), np.ones(m)
        assert DISTANCES[p](x, y) == pytest.approx(linear_programme(x, y, *one, p), abs=1e-8)
        assert DISTANCES[p](x, y, wx, wy) == pytest.approx(linear_programme(x, y, wx, wy, p), abs=1e-8)


@pytest.mark.parametrize("p", [1, 2])
def test_pot(p: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ot = pytest.importorskip("ot")

    def pot(x: Array, y: Array, wx: Array | None = None, wy: Array | None = None) -> float:
        turns = ot.wasserstein_circle(x / TWO_PI % 1.0, y / TWO_PI % 1.0, wx, wy, p=p, eps=1e-13)
        return float(TWO_PI * turns[0] ** (1.0 / p))

    rng = np.random.default_rng(10 + p)
    for n, m in ((1, 1), (3, 3), (50, 50), (200, 170), (3000, 3000)):
        x, y = rng.uniform(0.0, TWO_PI, n), rng.vonmises(1.0, 0.5, m)
        wx, wy = rng.dirichlet(np.ones(n)), rng.dirichlet(np.full(m, 0.3))
        assert DISTANCES[p](x, y) == pytest.approx(pot(x, y), abs=1e-10)
        assert DISTANCES[p](x, y, wx, wy) == pytest.approx(pot(x, y, wx, wy), abs=1e-10)


@pytest.mark.parametrize("p", [1, 2])
def test_small_cases_by_hand(p: int) -> None:
    distance = DISTANCES[p]
    assert distance([0.0], [np.pi]) == pytest.approx(np.pi, abs=2.0 * TWO_PI * EPS)
    assert distance([0.1], [TWO_PI - 0.1]) == pytest.approx(0.2, abs=2.0 * TWO_PI * EPS)
    assert distance([TWO_PI], [0.0]) == 0.0
    assert distance([-1e-17], [0.0]) == 0.0
    # n equidistant points turned by half their spacing: every point moves by pi / n
    x = TWO_PI * np.arange(12) / 12
    assert distance(x, x + np.pi / 12) == pytest.approx(np.pi / 12, abs=1e-15)
    # half the mass at distance one
    assert distance([0.0, 0.0], [0.0, 1.0]) == pytest.approx(0.5 ** (1.0 / p), abs=1e-15)
    assert distance([0.0], [0.0, 1.0]) == pytest.approx(0.5 ** (1.0 / p), abs=1e-15)
    assert distance([0.0, 1.0], [0.0, 1.0], [1.0, 3.0], [3.0, 1.0]) == pytest.approx(0.5 ** (1.0 / p), abs=1e-15)


# --- symmetries ---------------------------------------------------------------------------------------------

angle = st.floats(-10.0, 10.0, allow_subnormal=False) | st.sampled_from([0.0, TWO_PI, -TWO_PI, np.pi, 1.0])
sample = st.integers(1, 8).flatmap(lambda n: arrays(float, n, elements=angle))


@settings(max_examples=60)
@given(sample, sample, sample, st.floats(-5.0, 5.0))
def test_metric_axioms_and_rotation(x: Array, y: Array, z: Array, turn: float) -> None:
    for distance in DISTANCES.values():
        xy = distance(x, y)
        assert 0.0 <= xy <= np.pi + 1e-12
        assert distance(x, x) <= 1e-15
        assert distance(y, x) == pytest.approx(xy, abs=1e-7)
        assert distance(x + turn, y + turn) == pytest.approx(xy, abs=1e-7)
        assert distance(x, z) <= xy + distance(y, z) + 1e-7
    # the root of a rounding is 1e-8, so W2 near zero has no more than that; its square is exact
    assert w1_circle(y, x) == pytest.approx(w1_circle(x, y), abs=1e-13)
    assert w2_circle(y, x) ** 2 == pytest.approx(w2_circle(x, y) ** 2, abs=1e-13)
    assert w1_circle(x, y) <= w2_circle(x, y) + 1e-12


@settings(max_examples=40)
@given(st.data(), st.integers(1, 7), st.integers(1, 7))
def test_weights(data: st.DataObject, n: int, m: int) -> None:
    """Zero weights may be left out, doubled atoms merged, order and scale do not matter."""
    masses = st.floats(0.0, 1.0).map(lambda v: 0.0 if v < 1e-3 else v)
    x, y = data.draw(arrays(float, n, elements=angle)), data.draw(arrays(float, m, elements=angle))
    wx, wy = data.draw(arrays(float, n, elements=masses)), data.draw(arrays(float, m, elements=masses))
    wx[0], wy[-1] = 1.0, 1.0
    order = data.draw(st.permutations(range(n)))
    for distance in DISTANCES.values():
        d = distance(x, y, wx, wy)
        assert distance(x[order], y, 7.0 * wx[order], wy) == pytest.approx(d, abs=1e-7)
        assert distance(x[wx > 0.0], y, wx[wx > 0.0], wy) == pytest.approx(d, abs=1e-7)
        split = distance(np.concatenate([x, x]), y, np.concatenate([0.25 * wx, 0.75 * wx]), wy)
        assert split == pytest.approx(d, abs=1e-7)
        assert distance(x, x[order], wx, wx[order]) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("kind", ["equal", "unequal", "weighted"])
def test_replicas_are_leading_axes(p: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(-9.0, 9.0, (4, 1, 12))
    y = rng.uniform(-9.0, 9.0, (3, 12 if kind == "equal" else 9))
    weights = (rng.random((4, 1, 12)), rng.random(y.shape[1])) if kind == "weighted" else (None, None)
    all_at_once = DISTANCES[p](x, y, *weights)
    assert all_at_once.shape == (4, 3)
    for i, j in np.ndindex(4, 3):
        wx = None if weights[0] is None else weights[0][i, 0]
        assert DISTANCES[p](x[i, 0], y[j], wx, weights[1]) == pytest.approx(all_at_once[i, j], abs=1e-14)
    monkeypatch.setattr(measures, "CHUNK", 50)
    np.testing.assert_array_equal(DISTANCES[p](x, y, *weights), all_at_once)
    assert isinstance(DISTANCES[p](x[0, 0], y[0]), float)


def test_equal_sizes_agree_with_the_weighted_way() -> None:
    """The bit-tag sort and the shift search against the general merges, for a size that takes their fast branches."""
    rng = np.random.default_rng(4)
    x, y = rng.vonmises(0.0, 3.0, (2, 5000))
    x[:50] = y[:50] = 0.5  # atoms on top of each other
    nudged = np.ones(5000)
    nudged[0] += 1e-15
    for p, distance in DISTANCES.items():
        assert distance(x, y, nudged) == pytest.approx(distance(x, y), abs=5000 * EPS), p  # 5000 terms


@pytest.mark.parametrize("p", [1, 2])
def test_coincident_and_seam_atoms(p: int) -> None:
    rng = np.random.default_rng(5)
    x = rng.choice([0.0, TWO_PI, -TWO_PI, 1.0, np.nextafter(TWO_PI, 0.0)], 300)
    y = rng.permutation(x) + TWO_PI * rng.integers(-1, 2, 300)
    w = rng.dirichlet(np.ones(300))
    assert DISTANCES[p](x, y) < 4.0 * TWO_PI * EPS
    assert DISTANCES[p](x, x, w, w) < 1e-15
    # a cluster on either side of the seam is one cluster
    assert DISTANCES[p]([0.001, TWO_PI - 0.001], [0.0]) == pytest.approx(0.001, abs=2.0 * TWO_PI * EPS)


def test_w2_weighted_is_exact_near_zero() -> None:
    """A turned copy with weights: cumulative sums rounded otherwise must not show as 1e-8."""
    rng = np.random.default_rng(6)
    for n in (3, 40, 2000):
        x, w = rng.uniform(0.0, TWO_PI, n), rng.dirichlet(np.ones(n))
        shifted = np.roll(x, n // 3)
        assert w2_circle(x, shifted, w, np.roll(w, n // 3)) < 1e-13
        assert w2_circle(x, x + 1e-4, w, w) == pytest.approx(1e-4, rel=1e-10)


def test_w2_kink_search_is_the_minimum() -> None:
    """The cost of the returned matching is no larger than at any other kink."""
    rng = np.random.default_rng(7)
    a = quadratic._sorted(rng.uniform(0.0, TWO_PI, 13), rng.dirichlet(np.ones(13)))
    b = quadratic._sorted(rng.uniform(0.0, TWO_PI, 8), rng.dirichlet(np.ones(8)))
    merge = quadratic._Merge(a, b)
    kinks = (a[1][:, None] - b[1][None, :] + np.array([-1.0, 0.0, 1.0])[:, None, None]).ravel()
    costs = [merge.cost(k) for k in kinks if abs(k) <= 1.0]
    assert quadratic._weighted(a, b) == pytest.approx(min(costs), abs=1e-15)


# --- exact expectations -------------------------------------------------------------------------------------


def test_independent_uniform_samples() -> None:
    """sqrt(n) E W1 -> (pi - 2) sqrt(pi / 2), n E W2^2 = pi^2 / 3 for every n.

    W1: sqrt(n) (F_n - F) tends to a Brownian bridge B and W1 to 2 pi int |B - med B| du.  For processes with
    exchangeable increments the occupation quantile of level p is distributed as sup_{[0, p]} B + inf_{[p, 1]} (B -
    B_p) (Dassios; Chaumont), and E sup_{[0, t]} B = int_0^t E B_s^+ ds / s = int_0^t sqrt((1 - s) / (2 pi s)) ds, so
    that E int |B - med B| = 2 int_{1/2}^1 arcsin(2p - 1) dp / sqrt(2 pi) = (pi/2 - 1) / sqrt(2 pi).
    W2: W2^2 is the variance over u of F_n^{-1}(u) - 2 pi u, and the spacings are exchangeable with
    Var(sum of k) = (2 pi)^2 k (n - k) / (n^2 (n + 1)).
    """
    rng = np.random.default_rng(8)
    n, replicas = 400, 2000
    x = rng.uniform(0.0, TWO_PI, (replicas, n))
    w1 = np.sqrt(n) * w1_circle(x, Flat())
    w2 = n * w2_circle(x, Flat()) ** 2
    for values, exact in ((w1, (np.pi - 2.0) * np.sqrt(np.pi / 2.0)), (w2, np.pi**2 / 3.0)):
        error = values.std(ddof=1) / np.sqrt(replicas)
        assert abs(values.mean() - exact) < 4.0 * error
        assert error < 0.02 * exact
    few = 3 * w2_circle(x[:, :3], Flat()) ** 2
    assert abs(few.mean() - np.pi**2 / 3.0) < 4.0 * few.std() / np.sqrt(replicas)


# --- the door -----------------------------------------------------------------------------------------------

GOOD = np.array([0.1, 2.0, 3.0])


@pytest.mark.parametrize("distance", DISTANCES.values())
@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ((np.array([0.0, np.nan]), GOOD), ValueError, "^a must be .*NaN"),
        ((GOOD, np.array([np.inf])), ValueError, "^b must be .*infinite"),
        ((np.array([]), GOOD), ValueError, "^a must be .*at least one"),
        ((GOOD, 1.0), ValueError, "^b must be angles"),
        ((GOOD, GOOD + 1j), TypeError, "^b must be .*complex"),
        ((GOOD, GOOD, [1.0, -1.0, 1.0]), ValueError, "^a_weights must be .*negative"),
        ((GOOD, GOOD, None, [0.0, 0.0, 0.0]), ValueError, "^b_weights must be .*zeros"),
        ((GOOD, GOOD, [1.0, 1.0]), ValueError, "^a_weights must have one weight"),
        ((GOOD, GOOD, 1.0), ValueError, "^a_weights must have one weight"),
        ((np.zeros((2, 3)), GOOD, np.ones((4, 3))), ValueError, "^a_weights must broadcast"),
        ((GOOD, GOOD, [1.0, np.nan, 1.0]), ValueError, "^a_weights must be .*NaN"),
        ((np.zeros((2, 3)), np.zeros((4, 3))), ValueError, "^a and b must have leading"),
        ((["x"], GOOD), TypeError, "^a must be"),
        ((Flat(), GOOD, [1.0]), ValueError, "^a_weights must be None where a is a density"),
    ],
)
def test_bad_input_is_named(distance: Any, arguments: tuple[Any, ...], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        distance(*arguments)


# --- the solvers underneath ---------------------------------------------------------------------------------


def test_many_turns_are_taken_off_exactly() -> None:
    """A million turns, by the double next to 2 pi, put points 2.4e-10 off."""
    theta = np.random.default_rng(4).uniform(-6e6, 6e6, 50)
    with mp.workdps(40):
        near = np.array([float(mp.fmod(mp.mpf(float(q)), 2 * mp.pi)) for q in theta])
    assert w1_circle(theta, near) < 1e-15 and w2_circle(theta, near) < 2e-15


def test_wrapping_stays_inside() -> None:
    tiny = np.nextafter(0.0, -1.0)
    theta = np.array([tiny, -1e-17, -TWO_PI, TWO_PI, 3.0 * TWO_PI, np.nextafter(TWO_PI, 0.0), -1e5, 1e5, 7.0])
    out = measures.wrapped(theta)
    assert ((out >= 0.0) & (out < TWO_PI)).all()
    np.testing.assert_allclose(np.exp(1j * out), np.exp(1j * theta), rtol=0.0, atol=1e5 * EPS)


def test_bucket_sorts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spread, clustered (the general sort takes over), tied, and at the very end of the range; odd lengths."""
    monkeypatch.setattr(sorting, "LARGE", 1)
    rng = np.random.default_rng(11)
    end = np.nextafter(TWO_PI, 0.0)
    for n in (1, 2, 127, 128, 129, 255, 256, 257, 1000, 200_003):
        rows = [rng.uniform(0.0, TWO_PI, n), rng.uniform(1.0, 1.001, n), rng.choice([0.0, 1.0, end], n)]
        theta = np.stack([*rows, np.where(rng.random(n) < 0.5, rows[0], end)])
        np.testing.assert_array_equal(sorting.sorted_rows(theta), np.sort(theta, axis=1))
        order = sorting.argsorted_rows(theta)
        np.testing.assert_array_equal(np.take_along_axis(theta, order, axis=1), np.sort(theta, axis=1))
        np.testing.assert_array_equal(np.sort(order, axis=1), np.broadcast_to(np.arange(n), order.shape))


def test_shifts_against_levels() -> None:
    """The best shift of large samples finds the distance that the histogram of levels finds, ties included."""
    rng = np.random.default_rng(5)
    centres = np.array([[0.0], [3.1]])
    for n in (1, 2, 3, 7, 200, 3001, 140_003):
        wide, narrow = rng.uniform(0.0, TWO_PI, (2, n)), rng.normal(centres, 0.02, (2, n))
        pairs: list[Any] = [wide, narrow, (wide[0], wide[0]), (wide[0], wide[0] + 3.0)]
        pairs += [(wide[0], wide[0] + 1e-3 * narrow[1])]
        pairs += [(np.zeros(n), np.full(n, np.pi)), (wide[0], np.ones(n)), rng.integers(0, 5, (2, n)).astype(float)]
        x, y = measures.wrapped(np.stack([p[0] for p in pairs])), measures.wrapped(np.stack([p[1] for p in pairs]))
        np.testing.assert_allclose(linear._w1_large(x, y), linear._w1_equal(x, y), rtol=1e-13, atol=4.0 * TWO_PI * EPS)


def test_weighted_medians_against_sorting() -> None:
    rng = np.random.default_rng(9)
    for n in (1, 2, 7, 5000, 30000):
        values = np.stack([rng.normal(size=n), rng.integers(0, 3, n), np.exp(30.0 * rng.normal(size=n))])
        masses = rng.random(values.shape) * (rng.random(values.shape) < 0.7) + 1e-12
        for v, m, median in zip(values, masses, weighted_medians(values, masses)):
            below, upto = m[v < median].sum(), m[v <= median].sum()
            assert below <= 0.5 * m.sum() * (1.0 + 1e-12)
            assert upto >= 0.5 * m.sum() * (1.0 - 1e-12)


def test_bracketed_newton_on_functions_that_resist() -> None:
    """A cube root (Newton diverges), a cube (Newton is slow), a step, a plateau, and slopes that are lies."""
    roots = np.array([0.3, -0.2, 0.1, 0.25, 0.7])

    def fun(x: Array, index: Array) -> tuple[Array, Array]:
        d = x - roots[index]
        plateau = np.where(np.abs(d) < 0.2, 1e-18 * d, d)
        with np.errstate(divide="ignore"):
            slope = [np.abs(d) ** (-2.0 / 3.0) / 3.0, 3.0 * d * d, 0.0 * d, 0.0 * d, 0.0 * d + np.inf]
        return np.choose(index, [np.cbrt(d), d**3, np.sign(d), plateau, d]), np.choose(index, slope)

    one = np.ones(5)
    x = bracketed_newton(fun, -one, one, 0.9 * one, xtol=1e-12, vtol=0.0)
    assert np.abs(x - roots)[[0, 2, 4]].max() < 1e-12
    assert abs(x[1] - roots[1]) < 1e-5
    assert abs(x[3] - roots[3]) < 0.2
