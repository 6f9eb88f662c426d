"""Hulls of clouds against qhull and brute force; the set S of B (8.6) against its definition; triples; P*."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.spatial import ConvexHull

import meanfield as mf
import particles as pt

pytestmark = pytest.mark.rounding
EPS = float(np.finfo(float).eps)


def inside(v: Any, y: Any) -> bool:
    """Whether y is a convex combination of rows v, by linear programming."""
    return bool(linprog(np.zeros(len(v)), A_eq=np.vstack([v.T, np.ones(len(v))]), b_eq=np.append(y, 1.0)).status == 0)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_vertices_and_facets_are_those_of_qhull(d: int) -> None:
    x = np.random.default_rng(d).standard_normal((25, d)) + 3.0
    K, known = pt.hull(x), ConvexHull(x)
    assert np.array_equal(K.vertices, np.sort(known.vertices)) and K.dimension == d
    assert np.abs(K.outside(x)).max() > 0.1 and K.outside(x).max() <= 100 * EPS
    assert K.beyond(x).max() <= 1000 * EPS and K.boundary(K.points).max() <= 1000 * EPS
    y = 3.0 * np.random.default_rng(1).standard_normal((20, d))
    over = (y @ known.equations[:, :-1].T + known.equations[:, -1]).max(axis=1)
    assert np.allclose(K.outside(y), over, rtol=0.0, atol=1e-12)
    assert (K.beyond(y) >= over - 1e-12).all() and np.array_equal(K.beyond(y) > 1e-9, over > 1e-9)


def test_distance_from_a_square_and_depth_within_it() -> None:
    K = pt.hull([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.5]])
    y = np.array([[2.0, 2.0], [0.5, 3.0], [0.5, 0.25]])
    assert np.allclose(K.beyond(y), [np.sqrt(2.0), 2.0, 0.0], atol=1e-14)
    assert np.allclose(K.boundary(y), [np.sqrt(2.0), 2.0, 0.25], atol=1e-14)
    assert np.allclose(K.outside(y), [1.0, 2.0, -0.25], atol=1e-14)
    assert K.reached([[0.9, 0.8]])[0].tolist() == [3]


@pytest.mark.parametrize("d", [1, 2, 5, 30])
def test_flat_clouds_points_and_large_dimensions(d: int) -> None:
    rng = np.random.default_rng(d)
    one = pt.hull(np.full((4, d), 0.3))
    assert one.dimension == 0 and one.vertices.tolist() == [0] and one.beyond(np.full(d, 0.3)) == 0.0
    line = pt.hull(np.linspace(-1.0, 2.0, 7)[:, None] * rng.standard_normal(d))
    assert line.dimension == 1 and line.vertices.tolist() == [0, 6]
    x = rng.standard_normal((12, d))
    K = pt.hull(x)
    others = [i for i in range(12) if not inside(np.delete(x, i, axis=0), x[i])]
    assert K.vertices.tolist() == others and K.beyond(x).max() <= 1000 * EPS
    assert np.allclose(pt.hull(np.vstack([x, x])).points, K.points)


def test_the_set_s_is_what_its_definition_says() -> None:
    """On a fine net of the polytope |Aw|^2 = max <Aw, Av_j> holds near the points found and nowhere else."""
    rng = np.random.default_rng(4)
    for _ in range(5):
        v, G = rng.standard_normal((6, 2)) + 0.3, rng.standard_normal((2, 2))
        L = np.linalg.cholesky(G @ G.T + 0.2 * np.eye(2))
        S = pt.limit_set(v, L.T, L.T)
        K = pt.hull(v)
        excess = [float((K.points @ S.scores @ w).max() - w @ S.scores @ w) for w in S.points]
        assert np.abs(excess).max() <= 1e-12 and K.beyond(S.points).max() <= 1e-12
        corner = K.points[ConvexHull(K.points).vertices]
        s = np.linspace(0.0, 1.0, 2001)[:, None, None]
        edge = (s * corner + (1.0 - s) * np.roll(corner, 1, axis=0)).reshape(-1, 2)
        gap = (edge @ S.scores @ K.points.T).max(axis=1) - np.einsum("ia,ab,ib->i", edge, S.scores, edge)
        apart = S.near(edge)[1]
        assert gap.min() >= -1e-12 and gap[apart > 0.02].min() > 1e-5
    assert pt.limit_set([[1.0, 1.0], [1.0, -1.0]]).points.tolist() == [[1.0, 1.0], [1.0, -1.0], [1.0, 0.0]]
    assert pt.limit_set(np.eye(3)).points.shape == (7, 3)  # vertices, edges, the facet
    # a vertex is in S only if no other lies beyond it: of a limit of hulls all are, of any polytope not
    assert pt.limit_set([[2.0, 1.0], [2.0, 3.0]]).points.tolist() == [[2.0, 3.0]]


def test_good_triples_condition_by_condition() -> None:
    V = np.diag([1.0, -0.5, 0.2])
    told = pt.good_triple(None, None, V)
    assert told.good and told.multiple and told.multiplicity == 1 and told.gap == 0.5 and told.score == 1.0
    told = pt.good_triple(np.diag([-1.0, 1.0, 1.0]), None, V)
    assert told.dominant and not told.positive and not told.good and not told.definite and told.score == -1.0
    for other in (np.diag([1.0, -1.0]), -np.eye(2), np.zeros((2, 2)), [[0.0, -1.0], [1.0, 0.0]]):
        assert not pt.good_triple(None, None, other).dominant and not pt.good_triple(None, None, other).paranormal
    jordan = pt.good_triple(None, None, [[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.3]])
    assert jordan.multiplicity == 2 and not jordan.dominant and not jordan.paranormal
    double = pt.good_triple(None, None, np.diag([1.0, 1.0, 0.3]))
    assert double.multiple and not double.good and double.phi is None
    V = np.array([[1.0, 0.3, 0.0], [0.1, -0.4, 0.5], [0.0, -0.5, -0.3]])
    told = pt.good_triple(None, None, V)
    assert told.phi is not None and told.psi is not None
    assert np.isclose(told.value, 1.0186539184333, rtol=0.0, atol=1e-12)
    assert np.abs(V @ told.phi - told.value * told.phi).max() <= 1e-13 and np.isclose(told.psi @ told.phi, 1.0)


def test_the_class_of_limits_of_attention() -> None:
    P = np.zeros((6, 6))
    P[[0, 1, 2], 4], P[[4, 5], 1], P[3] = 1.0, 1.0, [0.1, 0.2, 0.3, 0.4, 0.0, 0.0]
    told = pt.boolean(P)
    assert told.member and told.leaders.tolist() == [1, 4] and told.row == 3 and told.rank == 3
    P[3] = P[0]
    assert pt.boolean(P).rank == 2 and pt.boolean(P).row is None and pt.boolean(P).distance == 0.0
    P[3], P[5] = np.eye(6)[2], np.eye(6)[0]
    assert not pt.boolean(P).member and pt.boolean(P).distance == 1.0
    assert pt.boolean([[1.0]]).member


def test_refusals() -> None:
    V = np.eye(2)
    cases: list[tuple[type, str, Any]] = [
        (ValueError, "V: got shape", lambda: pt.good_triple(None, None, np.ones((2, 3)))),
        (TypeError, "V must be", lambda: pt.good_triple(None, None, 1j * V)),
        (ValueError, "Q: got shape", lambda: pt.good_triple(np.eye(3), None, V)),
        (ValueError, "Q, K: got 1 and 2 rows", lambda: pt.good_triple(np.ones((1, 2)), None, V)),
        (ValueError, "x must be", lambda: pt.hull(np.empty((0, 2)))),
        (ValueError, "x: got shape", lambda: pt.hull([1.0])),
        (ValueError, "y: got shape", lambda: pt.hull(V).beyond([1.0])),
        (ValueError, "hull.beyond", lambda: pt.hull(np.eye(9)).outside(np.ones(9))),
        (ValueError, "positive definite", lambda: pt.limit_set(V, -V, V)),
        (ValueError, "z: got shape", lambda: pt.limit_set(V).near([1.0])),
        (ValueError, "more than 200000", lambda: pt.limit_set(np.random.default_rng(0).standard_normal((60, 20)))),
        (ValueError, "P: got shape", lambda: pt.boolean(np.ones((2, 3)))),
        (ValueError, "P: wanted", lambda: pt.boolean(V * 2.0)),
    ]  # fmt: skip
    for kind, word, call in cases:
        with pytest.raises(kind, match=word):
            call()


def test_a_run_gives_its_last_tokens() -> None:
    run = pt.simulate(mf.SA(1.0, geometry="flat"), np.eye(3)[:, :2], (0.0, 0.1), [0.0, 0.1])
    assert np.array_equal(pt.hull(run).points, pt.hull(run.x[-1]).points)
