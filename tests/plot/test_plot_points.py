"""Pictures of points: inner products, and the sphere with its dots."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from strokes import labels_of

import meanfield.plot

points: Any = meanfield.plot.points


@pytest.mark.rounding
@pytest.mark.parametrize("d", [2, 3, 4, 8])
def test_inner_products_of_uniform_points(d: int) -> None:
    """The bins' exact probabilities for d = 3 (flat) and d = 2 (arcsine), and sampled ones for every d."""
    edges = np.linspace(-1, 1, 21)
    p = points.uniform_pairs(d, edges)
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    if d == 3:
        np.testing.assert_allclose(p, 1 / 20, rtol=1e-13)
    if d == 2:
        np.testing.assert_allclose(p, np.diff(np.arcsin(edges)) / np.pi, rtol=1e-12)
    x = np.random.default_rng(d).standard_normal((1200, d))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    assert np.abs(points.pair_histogram(x, 20) - p).max() < 0.004


def test_pairs_are_counted_once() -> None:
    x = np.random.default_rng(0).standard_normal((1100, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    i, j = np.triu_indices(len(x), 1)
    direct = np.histogram(np.clip((x @ x.T)[i, j], -1, 1), bins=40, range=(-1, 1))[0] / len(i)
    np.testing.assert_allclose(points.pair_histogram(x, 40), direct, rtol=0.0, atol=2 / len(i))


def test_pairs_count_by_their_masses() -> None:
    x = np.random.default_rng(1).standard_normal((1100, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    w = np.random.default_rng(2).dirichlet(np.full(len(x), 0.3))
    i, j = np.triu_indices(len(x), 1)
    both = w[i] * w[j]
    direct = np.histogram(np.clip((x @ x.T)[i, j], -1, 1), bins=40, range=(-1, 1), weights=both)[0] / both.sum()
    np.testing.assert_allclose(points.pair_histogram(x, 40, w), direct, rtol=0.0, atol=4.0 * both.max() / both.sum())
    ax = points.inner_products(np.eye(3), weights=[1.0, 1.0, 0.0], bins=10)
    assert np.array(ax.patches[0].get_data().values)[5] == 5.0
    with pytest.raises(ValueError, match="two points with mass"):
        points.inner_products(np.eye(3), weights=[1.0, 0.0, 0.0])


def test_inner_products_picture() -> None:
    x = np.stack([np.eye(5), np.tile(np.eye(5)[:1], (5, 1))])
    ax = points.inner_products(x, bins=10, labels=["orthogonal", "one cluster"])
    heights = np.array([patch.get_data().values for patch in ax.patches])
    np.testing.assert_allclose(heights.sum(axis=1) * 0.2, 1.0)
    assert heights[0, 5] == heights[1, 9] == 5.0
    assert labels_of(ax) == ["orthogonal", "one cluster", "uniform"]
    with pytest.raises(ValueError, match="unit rows"):
        points.inner_products(2 * np.eye(3))


@pytest.mark.rounding
def test_sphere_shows_the_front_as_dots() -> None:
    x = np.array([[1.0, 0, 0], [0, 1.0, 0], [-1.0, 0, 0]])
    ax = points.sphere(x, elevation=0.0, azimuth=0.0)
    behind, front = (np.asarray(c.get_offsets()) for c in ax.collections)
    np.testing.assert_allclose(front, [[0, 0], [1, 0]], rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(behind, [[0, 0]], rtol=0.0, atol=1e-15)


def test_dots_are_as_large_as_their_masses_and_smaller_in_crowds() -> None:
    def areas(n: int, weights: Any = None) -> np.ndarray:
        x = np.tile([[1.0, 0.0, 0.0]], (n, 1))
        (_, front) = points.sphere(x, elevation=0.0, azimuth=0.0, weights=weights).collections
        return np.asarray(front.get_sizes())

    np.testing.assert_allclose(areas(2, [0.25, 0.75]), [28.0 / 3.0, 28.0])  # in square points, the heaviest 28 at most
    np.testing.assert_allclose(areas(1000), 6.0)
    np.testing.assert_allclose(areas(9000), 4.0)


@pytest.mark.rounding
def test_the_sphere_is_drawn_whole() -> None:
    ax = points.sphere([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], elevation=20.0, azimuth=50.0)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert max(left, bottom) < -1.0 and min(right, top) > 1.0
    circles = [np.asarray(line.get_xydata()) for line in ax.lines]
    assert len(circles) == 2 * 11  # five parallels and six meridians, in front and behind
    size = np.linalg.norm(np.concatenate(circles), axis=1)
    assert np.nanmax(size) <= 1.0 + 1e-12
    for front, behind in zip(circles[10::2], circles[11::2], strict=True):  # a meridian's two halves make one circle
        both = np.concatenate([front, behind])
        np.testing.assert_allclose([np.nanmax(both[:, 1]), np.nanmin(both[:, 1])], [1.0, -1.0], rtol=0.1)
