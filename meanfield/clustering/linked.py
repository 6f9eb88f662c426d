"""Which points lie together: runs between voids on a line or circle, components of near points elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from meanfield.protocols import Array

__all__ = ["near", "runs"]

NEIGHBOURS = 16
"""Neighbours of each point that are asked for first; where more are near, components are compared as wholes."""


def runs(q: Array, w: Array, gap: float, floor: float, turn: float) -> Array:
    """Labels of points (in [0, turn) on a closed line, turn > 0) between voids, -1 inside voids."""
    n = len(q)
    order = np.argsort(q, kind="stable")
    s, m = q[order], w[order]
    if turn:
        s, m = np.concatenate([s, s + turn]), np.concatenate([m, m])
    total = np.concatenate([[0.0], np.cumsum(m)])
    i = np.arange(n)
    # between i and j lies upto[j] - beyond[i]: the furthest j for which that is less than `floor`
    upto, beyond = total[:-1], total[1 : n + 1]
    j = np.maximum(np.searchsorted(upto, beyond + floor, side="left") - 1, i + 1)
    j = np.minimum(j, i + n if turn else n - 1)
    void = (s[j] - s[i] > gap) & (j > i)
    depth = np.zeros(2 * n + 1, dtype=int)
    np.add.at(depth, i[void] + 1, 1)
    np.add.at(depth, j[void], -1)
    inside = np.cumsum(depth)[: 2 * n].reshape(2, n).any(axis=0)
    beside = void & (j == i + 1)
    keep = np.flatnonzero(~inside)
    labels = np.full(n, -1)
    if len(keep):
        cut = (np.diff(keep) > 1) | beside[keep[:-1]]
        run = np.concatenate([[0], np.cumsum(cut)])
        if turn and keep[0] == 0 and keep[-1] == n - 1 and not beside[n - 1]:
            run[run == run[-1]] = 0
        labels[order[keep]] = run
        labels[order[inside]] = _rejoined(s[:n][inside], s[keep], run, gap, turn)
    return labels


def _rejoined(faint: Array, kept: Array, run: Array, gap: float, turn: float) -> Array:
    """Labels of points inside voids: of the nearest point outside, if it is no further than `gap`, else -1.

    A void reaches into the tails of the clusters beside it, as far as they are light; but tails are theirs.
    """
    if turn:
        kept, run = np.concatenate([kept[-1:] - turn, kept, kept[:1] + turn]), np.concatenate([run[-1:], run, run[:1]])
    right = np.minimum(np.searchsorted(kept, faint), len(kept) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(np.abs(kept[right] - faint) < np.abs(faint - kept[left]), right, left)
    return np.where(np.abs(kept[nearest] - faint) <= gap, run[nearest], -1)


def near(x: Array, reach: float) -> Array:
    """Labels of the components of the graph in which rows nearer than `reach`, straight, are joined."""
    n = len(x)
    k = min(n, NEIGHBOURS)
    found = scipy.spatial.cKDTree(x).query(x, k=k, distance_upper_bound=np.nextafter(reach, np.inf))
    far, near = (np.reshape(part, (n, k)) for part in found)
    full = np.isfinite(far[:, -1]) if n > k else np.zeros(n, dtype=bool)
    labels = _components(n, np.nonzero(np.isfinite(far))[0], near[np.isfinite(far)])
    # an edge can be missing only between two points with more neighbours than were asked for
    groups = np.unique(labels[full])
    a: list[int] = []
    b: list[int] = []
    for g in groups[:-1]:
        later = full & (labels > g)
        dist, _ = scipy.spatial.cKDTree(x[full & (labels == g)]).query(
            x[later], distance_upper_bound=np.nextafter(reach, np.inf)
        )
        touched = np.unique(labels[later][np.isfinite(dist)])
        a.extend([int(g)] * len(touched))
        b.extend(touched.tolist())
    return _components(int(labels.max()) + 1, a, b)[labels]


def _components(n: int, a: Any, b: Any) -> Array:
    graph = scipy.sparse.coo_array(
        (np.ones(len(a), dtype=np.int8), (np.asarray(a, dtype=int), np.asarray(b, dtype=int))), (n, n)
    )
    return np.asarray(scipy.sparse.csgraph.connected_components(graph, directed=False)[1])
