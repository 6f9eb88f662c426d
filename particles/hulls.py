"""Convex hulls of clouds of any dimension: vertices, how far out or how deep a point is (B, Proposition 8.2)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import nnls
from scipy.spatial import ConvexHull

from meanfield.clustering.linked import near
from meanfield.protocols import Array
from meanfield.tools import inputs
from meanfield.tools.shown import line
from meanfield.tools.tags import equations

FACETED = 6
"""Largest dimension whose facets are made: n points have up to n^{d/2} of them."""


class Hull(NamedTuple):
    """The convex hull of rows of R^d, as `hull` returns it.

    Attributes
    ----------
    points : ndarray (m, d)
        Its vertices.
    vertices : ndarray of int (m,)
        Which of the rows they are.
    dimension : int
        Of the affine space that the rows span; 0 for one point.
    size : float
        Largest distance of a row from their mean.
    axes : ndarray (d, d)
        Orthonormal rows, the first `dimension` of which span that space.
    facets : ndarray (f, d + 1) or None
        Unit normals v, outwards and in that space, and offsets b: inside <v, x> + b <= 0.  None beyond dimension 6.

    Examples
    --------
    >>> pt.hull([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [0.5, 0.5]]).vertices.tolist()
    [0, 1, 2]
    """

    points: Array
    vertices: Array
    dimension: int
    size: float
    axes: Array
    facets: Array | None

    def __repr__(self) -> str:
        return line(self)

    def beyond(self, y: Any) -> Array:
        """How far rows y (..., d) are from the hull, straight: (...,), and 0 inside to rounding.

        The nearest point is a least-distance problem (Lawson and Hanson, Solving least squares problems, chapter 23):
        a >= 0 that minimises |sum_j a_j (v_j - y)|^2 + (sum_j a_j - 1)^2 is, over its sum, its weights; of any
        dimension, and of hulls of less than d dimensions.
        """
        rows = self._rows(y)
        return np.array([_apart(self.points, one) for one in rows.reshape(-1, rows.shape[-1])]).reshape(rows.shape[:-1])

    def outside(self, y: Any) -> Array:
        """The largest <v, y> + b of all facets, and how far y is off the hull's space if that is more: (...,).

        Negative inside.  Of rows outside at most their distance, and it is known to rounding: the test of whether one
        hull holds another.  A hull of dimension 0 is a point, of which it is the distance.
        """
        rows, facets = self._rows(y), self._faceted()
        off = np.linalg.norm((rows - self.points[0]) @ self.axes[self.dimension :].T, axis=-1)
        if not len(facets):
            return np.asarray(np.linalg.norm(rows - self.points[0], axis=-1))
        over = (rows @ facets[:, :-1].T + facets[:, -1]).max(axis=-1)
        return np.asarray(np.maximum(over, off) if self.dimension < rows.shape[-1] else over)

    def boundary(self, y: Any) -> Array:
        """How far rows y (..., d) are from the hull's boundary in R^d: (...,).

        Inside it is the distance to the nearest facet, outside that to the hull.  A hull of less than d dimensions is
        its own boundary.
        """
        rows = self._rows(y)
        if self.dimension < rows.shape[-1]:
            return self.beyond(rows)
        over = self.outside(rows)
        out = over > 0.0
        far = np.where(out, 0.0, -over)
        if out.any():
            far[out] = self.beyond(rows[out])
        return np.asarray(far)

    def reached(self, y: Any) -> tuple[Array, Array]:
        """The nearest vertex of rows y (..., d), an index of `points`, and its distance."""
        apart = np.linalg.norm(self._rows(y)[..., None, :] - self.points, axis=-1)
        return apart.argmin(axis=-1), apart.min(axis=-1)

    def _rows(self, y: Any) -> Array:
        rows = inputs.array("y", y)
        if not rows.ndim or rows.shape[-1] != self.points.shape[1]:
            raise ValueError(f"y: got shape {rows.shape}, wanted rows of R^{self.points.shape[1]}, (..., d)")
        return rows

    def _faceted(self) -> Array:
        if self.facets is None:
            raise ValueError(
                f"y: the hull has dimension {self.dimension} and too many facets (made to {FACETED}): ask for "
                "hull.beyond(y), the distance from it"
            )
        return self.facets


@equations("B Prop 8.2")
def hull(x: Any, tol: float = 1e-12) -> Hull:
    """The convex hull of a cloud of R^d, however flat the cloud is and whatever d.

    Along (3.1) with V = I it never grows (B, Proposition 8.2), and converges to the polytope on whose boundary tokens
    end (Theorem 3.1).

    Parameters
    ----------
    x : array (n, d) or Trajectory
        Rows; of a run its last tokens.
    tol : float
        Times the cloud's size: rows nearer than that are one, it is as flat as that in directions that do not count,
        and a vertex is farther than that from the hull of the others.

    Returns
    -------
    Hull

    Raises
    ------
    ValueError, TypeError
        For replicas (ask about one), and for what is no cloud.

    Examples
    --------
    >>> K = pt.hull([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    >>> K.dimension, K.beyond([[1.0, 1.0, 1.0]]).round(12).tolist()
    (2, [1.0])
    """
    rows = cloud("x", x)
    tol = inputs.number("tol", tol, low=0.0, high=1.0)
    n = len(rows)
    centred = rows - rows.mean(axis=0)
    size = float(np.linalg.norm(centred, axis=1).max())
    _, s, axes = np.linalg.svd(centred, full_matrices=True)
    rounding = np.finfo(float).eps * np.sqrt(n) * max(float(np.abs(rows).max()), size)
    dimension = int(np.sum(s > max(tol * size, rounding) * np.sqrt(n))) if size > rounding else 0
    one = np.unique(near(rows, max(tol * size, rounding)), return_index=True)[1] if dimension else np.array([0])
    flat = centred[one] @ axes[:dimension].T
    found = one[_vertices(flat, max(tol * size, rounding))]
    return Hull(rows[found], found, dimension, size, axes, _facets(rows[found], axes[:dimension]))


def cloud(name: str, x: Any) -> Array:
    """Rows (n, d) of one cloud: of a run, its last."""
    if hasattr(x, "geometry") and hasattr(x, "x"):
        x = np.asarray(x.geometry.rows(x.x))[-1]
    rows = inputs.array(name, x)
    if rows.ndim != 2:
        raise ValueError(f"{name}: got shape {rows.shape}, wanted one cloud (n, d); on a line it is (n, 1)")
    return rows


def _apart(v: Array, y: Array) -> float:
    """The distance of y from the hull of rows v."""
    to = v - y
    size = np.abs(to).max()
    if size == 0.0:
        return 0.0
    # in units in which the last row weighs as the others
    to = to / size
    a = nnls(np.vstack([to.T, np.ones(len(v))]), np.append(np.zeros(v.shape[1]), 1.0))[0]
    return float(size * np.linalg.norm(a @ to) / a.sum())


def _vertices(x: Array, tol: float) -> Array:
    """Which of distinct rows are not in the hull of the others."""
    if x.shape[1] == 0:
        return np.array([0])
    if x.shape[1] == 1:
        return np.unique([x[:, 0].argmin(), x[:, 0].argmax()])
    left = np.arange(len(x))
    for i in range(len(x)):
        others = left[left != i]
        if len(others) >= 2 and _apart(x[others], x[i]) <= tol:
            left = others
    return left


def _facets(v: Array, axes: Array) -> Array | None:
    """Normals and offsets of the hull of vertices v in the space of orthonormal rows `axes`."""
    k, d = axes.shape
    if k == 0:
        return np.empty((0, d + 1))
    if k > FACETED:
        return None
    flat = (v - v[0]) @ axes.T
    if k == 1:
        normals = np.array([[-1.0, flat[:, 0].min()], [1.0, -flat[:, 0].max()]])
    else:
        normals = np.unique(ConvexHull(flat).equations, axis=0)
    lifted = normals[:, :-1] @ axes
    return np.column_stack([lifted, normals[:, -1] - lifted @ v[0]])
