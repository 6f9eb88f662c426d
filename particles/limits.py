"""Where tokens of R^d may end if V = I: the finite set S on the boundary of a polytope (B, Theorem 8.1)."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any, NamedTuple

import numpy as np

from meanfield.clustering.linked import near
from meanfield.protocols import Array
from meanfield.tools import inputs
from meanfield.tools.shown import line
from meanfield.tools.tags import equations
from particles.hulls import hull

MOST = 200_000
"""Faces that are looked through, at most."""


class LimitSet(NamedTuple):
    """The set S of a polytope, as `limit_set` returns it.

    Attributes
    ----------
    points : ndarray (k, d)
        Its points, the polytope's vertices that belong to it first, 0 last if it does.
    vertices : int
        How many of them are vertices of the polytope.
    scores : ndarray (d, d)
        Q^T K = A^2.

    Examples
    --------
    >>> pt.limit_set([[1.0, 1.0], [1.0, -1.0]]).points.tolist()
    [[1.0, 1.0], [1.0, -1.0], [1.0, 0.0]]
    """

    points: Array
    vertices: int
    scores: Array

    def __repr__(self) -> str:
        return line(self)

    def near(self, z: Any) -> tuple[Array, Array]:
        """The nearest point of S to rows z (..., d), an index of `points`, and its distance.

        Rows with a distance of at most delta are S_delta, one component for each point where delta is small.
        """
        z = inputs.array("z", z)
        if not z.ndim or z.shape[-1] != len(self.scores):
            raise ValueError(f"z: got shape {z.shape}, wanted rows of R^{len(self.scores)}, (..., d)")
        apart = np.linalg.norm(z[..., None, :] - self.points, axis=-1)
        return apart.argmin(axis=-1), apart.min(axis=-1)


@equations("B (8.6)")
def limit_set(x: Any, Q: Any = None, K: Any = None, tol: float = 1e-9) -> LimitSet:
    """S = {w in K: |A w|^2 = max_j <A w, A v_j>}, K the hull of rows x, v_j its vertices, A = (Q^T K)^{1/2} (B, (8.6)).

    Tokens of (3.1) with V = I and Q^T K > 0 converge to points of S, K being the limit of their hull (Theorem 8.1).
    w other than 0 belongs to S if and only if it is, in the metric <A x, A y>, the point nearest to 0 of the affine
    space of some vertices, lies in their hull, and no other vertex lies beyond: so S is finite, and is found face by
    face.  0 belongs to it if it is in K.

    Parameters
    ----------
    x : array (n, d) or Trajectory
        Rows, of which those that are vertices count; of a run its last tokens.
    Q, K : array (m, d), optional
        Matrices of which Q^T K is symmetric and positive definite; None: the identity.
    tol : float
        Times the polytope's size: as of `hull`, and how far a point may lie beyond, or from another.

    Returns
    -------
    LimitSet

    Raises
    ------
    ValueError, TypeError
        For what was given, and for a polytope of more than 200000 faces.

    Examples
    --------
    >>> pt.limit_set([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]).points.tolist()
    [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [-0.5, 0.5], [0.0, 0.0]]
    """
    tol = inputs.number("tol", tol, low=0.0, high=1.0)
    polytope = hull(x, tol)
    v = polytope.points
    m, d = v.shape
    B = _positive(Q, K, d)
    if sum(comb(m, k) for k in range(1, min(d, m) + 1)) > MOST:
        raise ValueError(f"x: its hull has {m} vertices in R^{d}, and so more than {MOST} faces: take fewer, or less d")
    G = v @ B @ v.T
    room = tol * max(float(np.abs(G).max()), np.finfo(float).tiny)
    found = []
    for k in range(1, min(d, m) + 1):
        for face in combinations(range(m), k):
            a = _foot(G[np.ix_(face, face)])
            if a is None or a.min() < -tol:
                continue
            length = float(a @ G[np.ix_(face, face)] @ a)
            if length > room and (a @ G[list(face)]).max() <= length + room:
                found.append(a @ v[list(face)])
    if polytope.beyond(np.zeros(d)) <= tol * max(polytope.size, float(np.abs(v).max())):
        found.append(np.zeros(d))
    points = np.array(found)
    lone = np.unique(near(points, np.sqrt(tol) * max(polytope.size, tol)), return_index=True)[1]
    points = points[np.sort(lone)]
    return LimitSet(points, int((polytope.reached(points)[1] <= np.sqrt(tol) * polytope.size).sum()), B)


def _foot(G: Array) -> Array | None:
    """Weights, of sum 1, of the point nearest to 0 in the affine space of rows with these inner products."""
    k = len(G)
    if k == 1:
        return np.ones(1)
    system = np.block([[G, np.ones((k, 1))], [np.ones((1, k)), np.zeros((1, 1))]])
    size = np.abs(G).max()
    if size == 0.0:
        return None
    system[:k, :k] /= size
    if np.linalg.cond(system) > 1e12:
        return None  # rows of fewer dimensions: a smaller face has the same point
    return np.asarray(np.linalg.solve(system, np.append(np.zeros(k), 1.0))[:k])


def _positive(Q: Any, K: Any, d: int) -> Array:
    """Q^T K, symmetric and positive definite."""
    B = scores(Q, K, d)
    least = float(np.linalg.eigvalsh(0.5 * (B + B.T)).min())
    if np.abs(B - B.T).max() > 1e-10 * np.abs(B).max() or least <= 0.0:
        raise ValueError(
            "Q, K: Q^T K must be symmetric and positive definite, as Theorem 8.1 asks; its symmetric part has "
            f"eigenvalues down to {least:.3g}, and it differs from its transpose by {np.abs(B - B.T).max():.3g}: "
            "leave both out for the identity"
        )
    return 0.5 * (B + B.T)


def scores(Q: Any, K: Any, d: int) -> Array:
    """Q^T K of matrices with d columns; None is the identity."""
    made = []
    for name, M in (("Q", Q), ("K", K)):
        M = np.eye(d) if M is None else inputs.array(name, M, ndim=2)
        if M.shape[1] != d:
            raise ValueError(f"{name}: got shape {M.shape}, wanted (m, {d}), columns for tokens of R^{d}")
        made.append(M)
    if len(made[0]) != len(made[1]):
        raise ValueError(f"Q, K: got {len(made[0])} and {len(made[1])} rows, wanted as many of each: give both or none")
    return np.asarray(made[0].T @ made[1])
