"""Points so close together that one will do: who they are, and their mean."""

from __future__ import annotations

import numpy as np
import scipy

from meanfield.geometry.turning import TURN, positive
from meanfield.protocols import Array

# --- who they are ------------------------------------------------------------------------------------------


def _joined(chain: Array, width: Array, order: Array, tol: float) -> Array | None:
    """Labels by original index, numbered in the order of their lowest members; None if nobody joins anybody.

    chain (n,) numbers the chains of the points in sorted order; a chain wider than tol stays apart.
    """
    n = len(order)
    lowest = np.full(len(width), n)
    np.minimum.at(lowest, chain, order)
    join = (width <= tol) & (np.bincount(chain, minlength=len(width)) > 1)
    if not join.any():
        return None
    leader = np.empty(n, dtype=np.int64)
    leader[order] = np.where(join[chain], lowest[chain], order)
    return np.asarray(np.unique(leader, return_inverse=True)[1].reshape(-1))


def line_groups(x: Array, tol: float) -> Array | None:
    """Who joins whom among positions x (n,) on a line: chains of steps <= tol that are no wider than tol as a whole.

    Returns labels (n,), numbered from 0 in the order of each group's lowest index, or None if nobody joins anybody.
    A chain wider than tol is left alone: joined, it would be no small change.  It is joined once it has contracted.
    """
    order = np.argsort(x, kind="stable")
    gaps = np.diff(x[order])
    far = gaps > tol
    if far.all():
        return None
    chain = np.concatenate([[0], np.cumsum(far)])
    width = np.bincount(chain[1:], np.where(far, 0.0, gaps), minlength=int(chain[-1]) + 1)
    return _joined(chain, width, order, tol)


def circle_groups(theta: Array, tol: float) -> Array | None:
    """As `line_groups`, for angles (n,) on the circle, wrapped or not."""
    around = positive(theta)
    order = np.argsort(around, kind="stable")
    s = around[order]
    gaps = np.diff(np.append(s, s[0] + TURN))
    widest = int(np.argmax(gaps))
    if gaps[widest] <= tol:  # one chain all around
        return None
    order = np.roll(order, -widest - 1)
    labels = line_groups(np.cumsum(np.append(0.0, np.roll(gaps, -widest - 1)[:-1])), tol)
    if labels is None:
        return None
    back = np.empty_like(labels)
    back[order] = labels
    lowest = np.full(labels.max() + 1, len(labels))
    np.minimum.at(lowest, labels, order)
    return np.asarray(np.argsort(np.argsort(lowest))[back])


def row_groups(x: Array, tol: float) -> Array | None:
    """As `line_groups`, for rows (n, d) and a straight distance: a group lies within tol / 2 of its middle.

    Memory is O(n), whatever lies together: every group is one ball of one of its points.
    """
    n = len(x)
    if n < 2:
        return None
    tree = scipy.spatial.cKDTree(x)
    near = np.asarray(tree.query(x, k=2)[0])[:, 1] <= tol
    leader, seen = np.arange(n), ~near
    for p in np.flatnonzero(near):
        if seen[p]:
            continue
        ball = np.array(tree.query_ball_point(x[p], tol))
        # all of it belongs to one chain: it joins as a whole or not at all
        seen[ball] = True
        middle = x[ball].mean(axis=0)
        radius = float(np.linalg.norm(x[ball] - middle, axis=-1).max())
        if 2.0 * radius > tol * (1.0 + 1e-9):
            continue
        around = np.setdiff1d(tree.query_ball_point(middle, tol + radius), ball)
        if len(around) and np.min(scipy.spatial.cKDTree(x[around]).query(x[ball])[0]) <= tol:
            continue
        leader[ball] = ball.min()
    labels = np.unique(leader, return_inverse=True)[1].reshape(-1)
    return None if labels.max() + 1 == n else np.asarray(labels)


# --- what becomes of them ----------------------------------------------------------------------------------


def means(points: Array, w: Array, labels: Array) -> tuple[Array, Array]:
    """Centres of mass of groups in the space that the positions are written in.

    Parameters
    ----------
    points : ndarray (n,) or (n, d)
        Positions.
    w : ndarray (n,)
        Masses >= 0; a group without mass has its middle.
    labels : ndarray of int (n,)
        Group of every point, each of 0..m-1 in use.

    Returns
    -------
    ndarray, ndarray
        Means (m,) or (m, d), and masses (m,).  A group of one keeps its bits.
    """
    share, masses, first = shares(w, labels)
    at = points[first]
    # from the group's first point: a mean of differences keeps the digits of a small group
    moved = (points - at[labels]).reshape(len(labels), -1)
    mean = np.zeros((len(masses), moved.shape[1]))
    for k, column in enumerate(moved.T):
        mean[:, k] = np.bincount(labels, share * column, minlength=len(masses))
    return at + mean.reshape(at.shape), masses


def shares(w: Array, labels: Array) -> tuple[Array, Array, Array]:
    """Every point's share (n,) of its group, the groups' masses (m,), and the first point (m,) of each."""
    m = int(labels.max(initial=-1)) + 1
    masses = np.bincount(labels, w, minlength=m)
    first = np.full(m, len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    share = np.where(masses[labels] > 0.0, w, 1.0)
    return share / np.bincount(labels, share, minlength=m)[labels], masses, first
