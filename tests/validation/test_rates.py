"""Slopes with error bars: exact lines, textbook formulas, and the coverage of the intervals by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, linregress

from validation.rates import Slope, mean_interval, observed_order, rate, replicas_for, share_interval, slope


@pytest.mark.rounding
def test_an_exact_power_is_found() -> None:
    x = np.array([10.0, 100.0, 1000.0])
    fit = slope(x, 3.0 * x**-0.5)
    assert fit.slope == pytest.approx(-0.5, abs=1e-14)
    assert math.exp(fit.intercept) == pytest.approx(3.0, rel=1e-13)
    assert fit.contains(-0.5) or fit.error < 1e-15
    np.testing.assert_allclose(fit.at([5.0, 50.0]), 3.0 * np.array([5.0, 50.0]) ** -0.5, rtol=1e-13)
    assert "95%" in str(fit)


@pytest.mark.rounding
def test_without_errors_it_is_ordinary_least_squares() -> None:
    rng = np.random.default_rng(0)
    x = np.array([1.0, 2.0, 4.0, 8.0, 20.0])
    y = x**1.5 * np.exp(0.1 * rng.standard_normal(5))
    fit, textbook = slope(x, y), linregress(np.log(x), np.log(y))
    assert fit.slope == pytest.approx(textbook.slope, rel=1e-13)
    assert fit.intercept == pytest.approx(textbook.intercept, rel=1e-12)
    assert fit.error == pytest.approx(textbook.stderr, rel=1e-12)
    assert (fit.high - fit.low) / 2 == pytest.approx(3.182446305284263 * textbook.stderr, rel=1e-9)  # t, 3 degrees


@pytest.mark.rounding
def test_points_that_agree_with_their_errors_use_the_normal_quantile() -> None:
    x, y = np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.71, 0.5])
    yerr = np.array([0.05, 0.02, 0.04])
    fit = slope(x, y, yerr)
    coefficients, covariance = np.polyfit(np.log(x), np.log(y), 1, w=y / yerr, cov="unscaled")
    assert fit.slope == pytest.approx(coefficients[0], rel=1e-12)
    assert fit.error == pytest.approx(math.sqrt(covariance[0, 0]), rel=1e-12)
    assert fit.scatter == 0.0 and fit.chi2 < fit.dof
    assert fit.high - fit.slope == pytest.approx(1.959963984540054 * fit.error, rel=1e-12)
    assert slope(x, y, yerr, level=0.5).high < fit.high


def test_scatter_beyond_the_errors_widens_the_interval() -> None:
    x = np.array([1.0, 2.0, 4.0, 8.0])
    y = x**-0.5 * np.exp([0.1, -0.1, 0.1, -0.1])
    honest, proud = slope(x, y), slope(x, y, 1e-4 * y)
    assert proud.chi2 > 1000 and proud.scatter == pytest.approx(honest.scatter, rel=1e-3)
    assert proud.error == pytest.approx(honest.error, rel=1e-3)
    residuals = np.log(y) - np.log(proud.at(x))
    assert (residuals**2 / (proud.scatter**2 + 1e-8)).sum() == pytest.approx(2.0, rel=1e-9)  # its expectation


def test_two_points_with_errors() -> None:
    fit = slope([1.0, math.e], [1.0, math.e**2], [0.1, 0.1 * math.e**2])
    assert fit.slope == pytest.approx(2.0)
    assert fit.error == pytest.approx(0.1 * math.sqrt(2.0))
    assert fit.dof == 0


@pytest.mark.parametrize(
    ("points", "scatter", "low", "high"),
    [(4, 0.0, 0.94, 0.99), (6, 0.0, 0.94, 0.99), (6, 1.0, 0.91, 0.97), (6, 30.0, 0.93, 0.97), (4, 30.0, 0.93, 0.97)],
)
def test_the_interval_covers_the_truth_as_often_as_it_says(
    points: int, scatter: float, low: float, high: float
) -> None:
    """800 experiments of unequal errors, with scatter in units of 0.04, a typical error, added on top."""
    rng = np.random.default_rng(int(1000 + 10 * points + scatter))
    x, errors = 2.0 ** np.arange(points), 0.02 * np.linspace(1.0, 3.0, points)
    hits = 0
    for _ in range(800):
        noise = errors * rng.standard_normal(points) + 0.04 * scatter * rng.standard_normal(points)
        y = 3.0 * x**-0.5 * np.exp(noise)
        hits += slope(x, y, errors * y).contains(-0.5)
    assert low <= hits / 800 <= high


def test_without_errors_the_interval_covers_too() -> None:
    rng = np.random.default_rng(1)
    x = 2.0 ** np.arange(4)
    hits = sum(slope(x, x * np.exp(0.1 * rng.standard_normal(4)), level=0.8).contains(1.0) for _ in range(800))
    assert 0.77 <= hits / 800 <= 0.83


# --- means of replicas -------------------------------------------------------------------------------------


def replicas(rng: np.random.Generator, x: np.ndarray, counts: object, bend: float, spread: float) -> list[np.ndarray]:
    """Replicas with the mean 2 x^-0.5 e^{bend/x}, and `spread` times it as their standard deviation."""
    k = spread**-2
    many = np.broadcast_to(np.asarray(counts), x.shape)
    return [2.0 * n**-0.5 * math.exp(bend / n) * rng.gamma(k, 1.0 / k, int(r)) for n, r in zip(x, many, strict=True)]


@pytest.mark.rounding
def test_a_power_with_its_next_order_is_found_exactly() -> None:
    x = np.array([100.0, 300.0, 1000.0, 3000.0])
    fit = rate(x, [np.full(2, 2.0 * n**-0.5 * math.exp(-13.0 / n)) for n in x])
    assert (fit.slope, fit.bend, math.exp(fit.intercept)) == pytest.approx((-0.5, -13.0, 2.0), rel=1e-9)
    assert fit.error < 1e-12 and fit.dof == 1
    np.testing.assert_allclose(fit.at(x), 2.0 * x**-0.5 * np.exp(-13.0 / x), rtol=1e-12)
    third = rate(x, [np.full(2, 2.0 * n**-0.5 * math.exp(-3.0 / n ** (1.0 / 3.0))) for n in x], order=1.0 / 3.0)
    assert (third.slope, third.bend, math.exp(third.intercept)) == pytest.approx((-0.5, -3.0, 2.0), rel=1e-9)
    np.testing.assert_allclose(third.at(x), 2.0 * x**-0.5 * np.exp(-3.0 / np.cbrt(x)), rtol=1e-12)
    two = rate(x[:2], [[1.0, 3.0], [0.5, 1.5]])
    assert two.bend == 0.0 and two.slope == pytest.approx(math.log(0.5) / math.log(3.0))
    # log 2 and log 1 have the variance 1/4 each: 2 / (2 * 4) and 0.5 / (2 * 1)
    assert two.error == pytest.approx(math.sqrt(0.5) / math.log(3.0), rel=1e-12)
    assert two.high - two.slope == pytest.approx(4.302652729696142 * two.error, rel=1e-9)  # t, 2 degrees


@pytest.mark.parametrize(("counts", "spread"), [(4, 0.3), (64, 0.3), ((64, 16, 8, 8), 0.3), (24, 1.0)])
def test_the_interval_of_a_rate_covers_it_with_its_next_order(counts: object, spread: float) -> None:
    rng, x = np.random.default_rng(3), np.array([100.0, 300.0, 1000.0, 3000.0])
    fits = [rate(x, replicas(rng, x, counts, -13.0, spread)) for _ in range(800)]
    assert 0.925 <= np.mean([fit.contains(-0.5) for fit in fits]) <= 0.98
    slopes = np.array([fit.slope for fit in fits])
    assert abs(slopes.mean() + 0.5) < 4.0 * slopes.std() / math.sqrt(800.0)
    assert 0.9 < np.mean([fit.error for fit in fits]) / slopes.std() < 1.1


def test_a_line_through_what_is_bent_does_not_cover() -> None:
    """What the next order is for: without it the slope is off by more than its error."""
    rng, x = np.random.default_rng(4), np.array([300.0, 1000.0, 3000.0, 10000.0])
    means = [[values.mean() for values in replicas(rng, x, 256, -20.0, 0.3)] for _ in range(400)]
    hits = [slope(x, m, 0.3 / 16.0 * np.array(m)).contains(-0.5) for m in means]
    assert np.mean(hits) < 0.75


def test_so_many_replicas_do() -> None:
    rng, x = np.random.default_rng(5), np.array([100.0, 300.0, 1000.0, 3000.0, 10000.0])
    few = [replicas_for(x, replicas(rng, x, 6, 0.0, 0.3), 0.05) for _ in range(200)]
    halves = [rate(x, replicas(rng, x, many, 0.0, 0.3)) for many in few]
    assert np.mean([fit.high - fit.slope <= 0.05 for fit in halves]) > 0.8
    exact = 0.0423**2 / 0.05**2 * 64.0  # +-0.0423 by 64 replicas of this spread
    assert exact < np.median(few) < 2.0 * exact


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [[1.0, 2.0]]), "at least two"),
        (([1.0, 1.0], [[1.0, 2.0], [1.0, 2.0]]), "all different"),
        (([1.0, 2.0], [[1.0, 2.0]]), "one array for each"),
        (([1.0, 2.0], [[1.0, 2.0], [1.0]]), "at least 2 replicas"),
        (([1.0, 2.0], [[1.0, 2.0], [1.0, 0.0]]), "positive"),
        (([1.0, 2.0], [[1.0, 2.0], [1.0, 2.0]], 1.0), "level"),
    ],
)
def test_rate_refuses(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rate(*arguments)  # type: ignore[arg-type]


def test_the_interval_of_a_mean_is_students_where_nothing_is_skewed() -> None:
    low, high = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    half = 2.7764451051977987 * math.sqrt(2.5 / 5.0)  # t, 4 degrees
    assert (low, high) == pytest.approx((3.0 - half, 3.0 + half), rel=1e-9)
    near = mean_interval([1.0, 2.0, 3.0, 4.0, 5.0001])
    assert near == pytest.approx((low, high), abs=1e-3)
    assert mean_interval(np.full(4, 7.0)) == (7.0, 7.0)
    skewed = mean_interval([0.0, 0.1, 0.2, 0.3, 3.0])
    assert skewed[1] - 0.72 > 0.72 - skewed[0]  # the long tail is where the mean may still be
    with pytest.raises(ValueError, match="at least 4"):
        mean_interval([1.0, 2.0, 3.0])


@pytest.mark.parametrize("k", [5, 8, 40])
def test_the_interval_of_a_mean_covers_it(k: int) -> None:
    """Of values that crowd below 2, as slopes over clouds do, and of exponential ones; Student's does not."""
    rng = np.random.default_rng(6)
    for draw, mean in ((lambda: 2.0 - rng.beta(1.0, 4.0, k), 1.8), (lambda: rng.exponential(size=k), 1.0)):
        found = np.array([mean_interval(draw()) for _ in range(2000)])
        assert 0.915 <= np.mean((found[:, 0] <= mean) & (mean <= found[:, 1])) <= 0.97


def test_the_record_is_frozen() -> None:
    fit = slope([1.0, 2.0, 3.0], [1.0, 2.0, 3.1])
    assert isinstance(fit, Slope)
    with pytest.raises(AttributeError):
        fit.slope = 0.0  # type: ignore[misc]


@pytest.mark.rounding
def test_observed_order_of_simpson_and_of_rounding() -> None:
    h = np.array([0.4, 0.2, 0.1, 0.05])
    np.testing.assert_allclose(observed_order(h, 7.0 * h**4), 4.0, rtol=1e-12)
    np.testing.assert_allclose(observed_order(1.0 / h, 7.0 * h**4), -4.0, rtol=1e-12)
    errors = np.maximum(h**8, 1e-9)
    np.testing.assert_allclose(observed_order(h, errors, floor=2e-9), [8.0, 8.0], rtol=1e-12)
    np.testing.assert_allclose(observed_order(h, [1.0, 0.5, 0.0, 0.0]), [1.0], rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], [1.0, 2.0]), "3 points"),
        (([1.0, 2.0, 3.0], [1.0, 0.0, 2.0]), "y must be positive"),
        (([1.0, -2.0, 3.0], [1.0, 1.0, 2.0]), "x must be positive"),
        (([1.0, 2.0, 3.0], [1.0, 2.0]), "y must have one value"),
        (([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [0.1, 0.1]), "yerr must have one value"),
        (([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [0.1, 0.0, 0.1]), "yerr must be positive"),
        (([2.0, 2.0, 2.0], [1.0, 2.0, 3.0]), "two different"),
        (([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], None, 1.0), "level"),
        (([1.0, 2.0, 3.0], [1.0, math.nan, 3.0]), "y must"),
    ],
)
def test_slope_refuses(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        slope(*arguments)  # type: ignore[arg-type]


@pytest.mark.rounding
@pytest.mark.parametrize(
    ("steps", "errors", "floor", "message"),
    [
        ([0.1, 0.2, 0.1], [1.0, 1.0, 1.0], 0.0, "monotone"),
        ([0.1], [1.0], 0.0, "monotone"),
        ([0.2, 0.1], [1e-16, 1e-17], 1e-15, "floor"),
        ([0.2, 0.1], [1.0, -1.0], 0.0, "errors must be >= 0"),
        ([0.2, 0.1], [1.0], 0.0, "errors must have one value"),
    ],
)
def test_observed_order_refuses(steps: list[float], errors: list[float], floor: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        observed_order(steps, errors, floor)


@pytest.mark.rounding
def test_the_interval_of_a_share_holds_it() -> None:
    """Over all outcomes of 40 trials, by the binomial law itself: 95 per cent in the mean over probabilities."""
    held = []
    for p in np.linspace(0.05, 0.95, 37):
        told = [share_interval(k, 40) for k in range(41)]
        held.append(sum(binom.pmf(k, 40, p) for k, (low, high) in enumerate(told) if low <= p <= high))
    assert np.mean(held) == pytest.approx(0.95, abs=0.01)
    assert min(held) > 0.9
    assert share_interval(0, 10)[0] == 0.0
    assert share_interval(10, 10)[1] == 1.0
    # the ends are where a test of that probability by its normal score just passes
    low, high = share_interval(7, 20)
    z = 1.959963984540054
    for end in (low, high):
        assert abs(0.35 - end) == pytest.approx(z * np.sqrt(end * (1.0 - end) / 20), rel=1e-12)
    with pytest.raises(ValueError, match="hits"):
        share_interval(3, 2)
