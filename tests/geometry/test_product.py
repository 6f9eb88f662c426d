"""A product of two geometries: each half as its own, and distances of both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield.geometry import ANGLES, FLAT, ROWS, Product

pytestmark = pytest.mark.rounding


def states(n: int, seed: int) -> Any:
    q = np.random.default_rng(seed).standard_normal((n, 4))
    return Product(FLAT, ROWS).retract(q)


def test_each_half_is_its_own() -> None:
    place, q, v = Product(FLAT, ROWS), states(5, 0), np.random.default_rng(1).standard_normal((5, 4))
    a, b = q[:, :2], q[:, 2:]
    np.testing.assert_allclose(place.project(q, v), np.concatenate([v[:, :2], ROWS.project(b, v[:, 2:])], axis=1))
    np.testing.assert_allclose(place.retract(3.0 * q), np.concatenate([3.0 * a, b], axis=1), rtol=0.0, atol=1e-15)
    np.testing.assert_array_equal(place.check("x", q), q)
    assert place.d(q) == 4 and place.shape(q) == (5,) and place.manifold == "flat"


def test_distances() -> None:
    """(a^2 + b^2)^{1/2}; rows within `straight` of one another are within the distance, and no farther by a quarter."""
    place, p, q = Product(FLAT, ROWS), states(400, 2), states(400, 3)
    a, b = FLAT.distance(p[:, :2], q[:, :2]), ROWS.distance(p[:, 2:], q[:, 2:])
    np.testing.assert_allclose(place.distance(p, q), np.sqrt(a * a + b * b), rtol=1e-14, atol=0.0)
    rows = np.linalg.norm(p - q, axis=-1)
    for reach in (0.5, 1.0, 2.0):
        near = rows <= place.straight(reach)
        assert near.any() and np.all(place.distance(p, q)[near] <= reach)
    assert place.reach == np.inf and Product(ROWS, ROWS).reach == np.hypot(np.pi, np.pi)


def test_clusters_are_of_both_halves() -> None:
    """Two at one place with opposite headings are two clusters, each with its own centre."""
    q = np.array([[0.0, 0.0, 1.0, 0.0], [0.01, 0.0, 1.0, 0.0], [0.0, 0.0, -1.0, 0.0]])
    found = mf.clusters(mf.Points(q, geometry=Product(FLAT, ROWS)))
    assert len(found) == 2
    np.testing.assert_allclose(found.centres[0], [0.005, 0.0, 1.0, 0.0], rtol=0.0, atol=1e-15)


def test_who_is_refused() -> None:
    bad: Any = {"angles": ANGLES, "text": "flat"}
    for tried, what in (
        (lambda: Product(bad["angles"], FLAT), "first must be a geometry of rows"),
        (lambda: Product(FLAT, bad["text"]), "second must be a geometry of rows"),
        (lambda: Product(FLAT, FLAT).check("x", [[1.0, 2.0, 3.0]]), "numpy.concatenate"),
        (lambda: Product(FLAT, FLAT).check("x", [1.0, 2.0]), "numpy.concatenate"),
        (lambda: Product(FLAT, ROWS).check("x", [[0.0, 0.0, 2.0, 0.0]]), r"x \(the second 2 components\)"),
        (lambda: mf.Points(np.ones((2, 4)), geometry=Product(FLAT, FLAT)).theta, "theta"),
    ):
        with pytest.raises((ValueError, TypeError), match=what):
            tried()
