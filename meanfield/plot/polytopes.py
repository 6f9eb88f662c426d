"""Limit objects of tokens in R^2 and R^3: convex hulls, hulls times a line, hyperplanes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays
from meanfield.tools import inputs

FLATNESS = 1e-7
"""Times the largest extent, what a hull is flat below."""
EDGE: dict[str, Any] = {"color": "0.35", "linewidth": 0.9}
FACE: dict[str, Any] = {"facecolor": "0.55", "alpha": 0.16, "linewidth": 0.0}


def corners(points: ArrayLike) -> NDArray[np.float64]:
    """(k, D) the vertices of the convex hull of points (m, D), D = 1, 2, 3; in the plane in order around it.

    Points no further apart than `FLATNESS` times their extent count as one; what is flat to that is taken as flat, a
    polygon, a segment or a point.
    """
    x = arrays.finite("hull", points, None, None)
    return x[np.unique(np.concatenate(faces(x)))] if x.shape[1] == 3 else x[faces(x)[0]]


def faces(points: ArrayLike) -> list[NDArray[np.intp]]:
    """Faces of the convex hull of points (m, D) as indices: triangles of a body, else the one polygon, in order."""
    x = arrays.finite("hull", points, None, None)
    middle = x.mean(axis=0)
    _, extent, ways = np.linalg.svd(x - middle, full_matrices=False)
    rank = int(np.sum(extent > FLATNESS * max(float(extent[0]), np.finfo(float).tiny)))
    along = (x - middle) @ ways[:rank].T
    if rank == 0:
        return [np.zeros(1, dtype=np.intp)]
    if rank == 1:
        return [np.array([along[:, 0].argmin(), along[:, 0].argmax()], dtype=np.intp)]
    around = scipy.spatial.ConvexHull(along)
    return [np.asarray(one, dtype=np.intp) for one in ([around.vertices] if rank == 2 else around.simplices)]


def hull(ax: Any, points: NDArray[np.float64], along: NDArray[np.float64] | None = None) -> None:
    """The convex hull of points (m, 2) or (m, 3), on axes of as many dimensions; times a line across the axes.

    With `along`, a direction, the hull is that of the points' part off the line, and it is drawn at both ends of the
    axes, with the edges between.
    """
    if along is not None:
        _prism(ax, points, along / np.linalg.norm(along))
        return
    found = faces(points)
    if points.shape[1] == 2:
        around = points[np.append(found[0], found[0][0])]
        ax.fill(*around.T, **FACE, zorder=1)
        ax.plot(*around.T, **EDGE, zorder=1.5)
        return
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    ax.add_collection3d(Poly3DCollection([points[face] for face in found], **FACE))
    for a, b in edges(points, found):
        ax.plot(*points[[a, b]].T, **EDGE)


def edges(points: NDArray[np.float64], found: list[NDArray[np.intp]]) -> list[tuple[int, int]]:
    """Pairs of corners between which two faces meet at an angle; all sides of a polygon."""
    if len(found) == 1:
        ring = found[0]
        return [(int(a), int(b)) for a, b in zip(ring, np.roll(ring, -1), strict=True)]
    sides: dict[tuple[int, int], list[NDArray[np.float64]]] = {}
    for face in found:
        a, b, c = points[face]
        normal = np.cross(b - a, c - a)
        for i, j in ((0, 1), (1, 2), (0, 2)):
            pair = (int(min(face[i], face[j])), int(max(face[i], face[j])))
            sides.setdefault(pair, []).append(normal / np.linalg.norm(normal))
    return [pair for pair, normals in sides.items() if abs(float(normals[0] @ normals[-1])) < 1.0 - 1e-9]


def _prism(ax: Any, points: NDArray[np.float64], way: NDArray[np.float64]) -> None:
    """Hull times line, between the walls of the axes."""
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    across = points - np.outer(points @ way, way)
    ring = across[faces(across)[0]]
    low, high = np.array([ax.get_xlim(), ax.get_ylim(), ax.get_zlim()]).T
    reach = np.abs(way) > 1e-12
    ends = np.sort(np.stack([(low[reach] / way[reach]), (high[reach] / way[reach])]), axis=0)
    top, bottom = ring + ends[1].min() * way, ring + ends[0].max() * way
    for one in (top, bottom):
        ax.plot(*one[np.append(np.arange(len(one)), 0)].T, **EDGE)
    walls = [np.stack([bottom[i - 1], bottom[i], top[i], top[i - 1]]) for i in range(len(ring))]
    ax.add_collection3d(Poly3DCollection(walls, **FACE))
    for a, b in zip(bottom, top, strict=True):
        ax.plot(*np.stack([a, b]).T, **EDGE)


def planes(value: Any, d: int) -> list[tuple[NDArray[np.float64], float]]:
    """Hyperplanes {x: <normal, x> = offset} of R^d as pairs, checked."""
    if value is None:
        return []
    if not isinstance(value, Iterable):
        raise TypeError(f"planes: got {inputs.describe(value)}, wanted pairs (normal, offset), for example [(v, 0.0)]")
    found = []
    for one in value:
        try:
            normal, offset = one
        except (TypeError, ValueError):
            raise TypeError(f"planes: got {inputs.describe(one)}, wanted pairs (normal, offset)") from None
        normal = arrays.finite("planes: normal", normal, d)
        if not normal.any():
            raise ValueError("planes: got the normal 0, wanted a direction")
        found.append((normal, inputs.number("planes: offset", offset)))
    return found


def plane(ax: Any, normal: NDArray[np.float64], offset: float, dimensions: int) -> None:
    """One hyperplane across axes of two or three dimensions."""
    if dimensions == 2:
        foot = offset * normal / float(normal @ normal)
        beside = foot + np.array([-normal[1], normal[0]])
        ax.axline(tuple(foot), tuple(beside), color="0.45", linewidth=0.9, linestyle="--")
        return
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    box = np.array([ax.get_xlim(), ax.get_ylim(), ax.get_zlim()])
    cut = crossing(box, normal, offset)
    if len(cut) > 2:
        ax.add_collection3d(Poly3DCollection([cut], **{**FACE, "linewidth": 0.8, "edgecolor": "0.35", "alpha": 0.22}))


def crossing(box: NDArray[np.float64], normal: NDArray[np.float64], offset: float) -> NDArray[np.float64]:
    """(k, 3) where a plane crosses the edges of a box (3, 2), in order around; none if it passes it by."""
    found = []
    for k in range(3):
        rest = [i for i in range(3) if i != k]
        for sides in product((0, 1), repeat=2):
            corner = np.zeros(3)
            corner[rest] = [box[i, side] for i, side in zip(rest, sides, strict=True)]
            if normal[k] == 0.0:
                continue
            corner[k] = (offset - normal @ corner) / normal[k]
            if box[k].min() <= corner[k] <= box[k].max():
                found.append(corner)
    if len(found) < 3:
        return np.zeros((0, 3))
    cut = np.array(found)
    u, v = np.linalg.svd(normal[None])[2][1:]
    away = cut - cut.mean(axis=0)
    return np.asarray(cut[np.argsort(np.arctan2(away @ v, away @ u))])
