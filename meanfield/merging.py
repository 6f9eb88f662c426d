"""Points so close together that one will do: who they are, their centre of mass, and what taking one for all costs.

Two points at distance delta, replaced by one of their joint mass at their centre of mass, change the field elsewhere
in second order, by (delta^2 / 8) |f'' / f| of the force f between points at most (equal masses are the worst): for
f = e^{beta cos theta} sin theta that is |beta^2 sin^2 theta - 3 beta cos theta - 1| delta^2 / 8.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from meanfield import geometry, inputs
from meanfield.points import Cluster
from meanfield.protocols import Array
from meanfield.settings import register

__all__ = [
    "LateMerge",
    "Merge",
    "centres",
    "change",
    "checked",
    "circle_groups",
    "energy",
    "groups",
    "line_groups",
    "row_groups",
    "told",
]

WIDE = 1e-3
"""The change is measured with points this far apart at least, where it stands clear of rounding."""
ANGLES = 61
"""Angles at which it is measured."""
PLANES = 8
"""Random planes in which it is measured, for a law that tells directions apart."""


@register
@dataclass(frozen=True, eq=False)
class Merge:
    """One merger.

    Attributes
    ----------
    t : float
        When.
    members : ndarray of int
        The original points that are one from now on, increasing.
    parts : tuple of int
        The lowest member of each of the points that became one.
    masses : ndarray
        Their masses, in that order.
    mass : float
        The sum of the masses.
    position : ndarray
        The centre of mass: an angle, shape (), or a row (d,).
    jump : float
        E after less E before, of second order in the distance (nan for a law without energy).
    """

    t: float
    members: Array
    parts: tuple[int, ...]
    masses: Array
    mass: float
    position: Array
    jump: float


@register
@dataclass(frozen=True, eq=False)
class LateMerge(Merge):
    """A merger at a time that floats may not hold: t is inf then, and log_t its logarithm."""

    log_t: float


# --- what it costs -----------------------------------------------------------------------------------------


def change(law: Any, d: int, merge_tol: float, t: float = 0.0) -> float:
    """Largest relative change of a velocity when two points at distance merge_tol are replaced by one.

    Half of the mass lies where the velocity is asked, the other half is the pair, or the one point in its place, at
    an angle theta; the largest change over theta is taken.  Below a distance of 1e-3 it is measured there and scaled,
    being of second order.

    Parameters
    ----------
    law : Law
        Any that gives weighted points a velocity on the sphere.
    d : int
        Ambient dimension.
    merge_tol : float
        Geodesic distance of the pair, radians.
    t : float
        When, for a law that changes with time.
    """
    delta = max(merge_tol, WIDE)
    theta = np.linspace(min(0.05 + delta, 0.5 * math.pi), math.pi - 0.05, ANGLES)
    worst = 0.0
    # where the velocity is asked, self-attention must drop out exactly: in the first plane it does, entry by entry
    for plane, faintest in _planes(law, d):
        probe = np.broadcast_to(plane[0], (ANGLES, 1, d))
        at = [theta, theta - 0.5 * delta, theta + 0.5 * delta]
        one, left, right = (np.cos(a)[:, None] * plane[0] + np.sin(a)[:, None] * plane[1] for a in at)
        pair = Cluster(np.stack([probe[:, 0], left, right], 1), np.array([0.5, 0.25, 0.25]), False, "direct")
        atom = Cluster(np.stack([probe[:, 0], one], 1), np.array([0.5, 0.5]), False, "direct")
        after, before = (
            geometry.project(probe, np.broadcast_to(law.velocity(t, probe, mu), probe.shape))[:, 0]
            for mu in (atom, pair)
        )
        size = np.linalg.norm(before, axis=-1)
        counted = size > max(faintest * size.max(), 1e-290)
        if counted.any():
            worst = max(worst, float((np.linalg.norm(after - before, axis=-1)[counted] / size[counted]).max()))
    return worst * (merge_tol / delta) ** 2


def _planes(law: Any, d: int) -> list[tuple[Array, float]]:
    """Orthonormal pairs (2, d), and the share of the largest velocity below which rounding speaks."""
    planes = [(np.eye(d)[:2], 0.0)]
    if not law.isotropic:
        rng = np.random.default_rng(0)
        planes += [(np.linalg.qr(rng.standard_normal((d, 2)))[0].T, 1e-6) for _ in range(PLANES)]
    return planes


def checked(name: str, law: Any, d: int, merge_tol: Any, rtol: float, times: Sequence[float] = (0.0,)) -> float:
    """A merging distance that changes no velocity elsewhere by more than rtol, or a refusal.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    law : Law
        What moves the points: deterministic, on the sphere.
    d : int
        Ambient dimension.
    merge_tol : float
        Geodesic distance in radians, > 0 and < 1.
    rtol : float
        Relative change of a velocity that is permitted.
    times : sequence of float
        When it is measured, for a law that changes with time.

    Returns
    -------
    float
        merge_tol.

    Raises
    ------
    ValueError
        If merge_tol is no such distance, or changes a velocity by more: the change, and the largest distance that
        does not, are named.
    """
    tol = inputs.angle(name, merge_tol, above=0.0)
    if tol >= 1.0:
        raise ValueError(f"{name} must be a small angle in radians, below 1; got {tol!r}. Take 1e-6, for example.")
    made = max(change(law, d, tol, t) for t in times)
    if made > rtol:
        fine = tol * math.sqrt(rtol / made)
        raise ValueError(
            f"{name} must change no velocity by more than rtol = {rtol:g}; got {tol!r}, and two points that close, "
            f"taken for one, change the velocity {law} gives another point by {made:.2g}, relatively. The change is "
            f"of second order: take {name} = {_below(fine):g} or less, or a larger rtol."
        )
    return tol


def _below(x: float) -> float:
    """x rounded down to two digits."""
    size = 10.0 ** (math.floor(math.log10(x)) - 1)
    return float(f"{math.floor(x / size * (1.0 - 1e-12)) * size:.1e}")


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
    around = geometry.positive(theta)
    order = np.argsort(around, kind="stable")
    s = around[order]
    gaps = np.diff(np.append(s, s[0] + geometry.TURN))
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


def groups(points: Array, tol: float, *, angles: bool, flat: bool = False) -> Array | None:
    """Who joins whom among angles (n,) or rows (n, d), tol geodesic (straight where `flat`); see `line_groups`."""
    if angles:
        return circle_groups(points, tol)
    return row_groups(points, tol if flat else 2.0 * math.sin(0.5 * min(tol, math.pi)))


# --- what becomes of them ----------------------------------------------------------------------------------


def centres(
    points: Array, weights: Array, labels: Array, *, angles: bool = False, flat: bool = False
) -> tuple[Array, Array]:
    """Centres of mass and masses of groups.

    Parameters
    ----------
    points : ndarray
        Angles (n,) or rows (n, d); positions (n,) on a line with ``flat=True``.
    weights : ndarray (n,)
        Masses >= 0; a group without mass has its middle.
    labels : ndarray of int (n,)
        Group of every point, each of 0..m-1 in use.
    angles, flat : bool
        Angles; positions that are not brought back to the sphere.

    Returns
    -------
    ndarray, ndarray
        Centres (m,) or (m, d), on the sphere by the direction of the mean, angles on the branch of the group's first
        point; masses (m,).  A group of one keeps its bits.
    """
    m = int(labels.max()) + 1
    masses = np.bincount(labels, weights, minlength=m)
    first = np.full(m, len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    share = np.where(masses[labels] > 0.0, weights, 1.0)
    share = share / np.bincount(labels, share, minlength=m)[labels]
    at = points[first]
    # from the group's first point: a mean of differences keeps the digits of a small group
    moved = points - at[labels]
    if angles:
        c, s = (np.bincount(labels, share * f(moved), minlength=m) for f in (np.cos, np.sin))
        return at + np.arctan2(s, c), masses
    flat_rows = moved.reshape(len(labels), -1)
    mean = np.stack([np.bincount(labels, share * column, minlength=m) for column in flat_rows.T], axis=-1)
    centre = at + mean.reshape(at.shape)
    if not flat:
        several = np.bincount(labels, minlength=m) > 1
        centre[several] = geometry.retract(centre[several])
    return centre, masses


def energy(law: Any, mu: Any) -> float:
    """E before or after a merger, less a constant if the law knows its `excess`; nan for a law that tells none."""
    if law.autonomous is False:
        return math.nan
    with np.errstate(over="ignore", invalid="ignore"):
        found = law.quantities(mu)
        return float(found.get("excess", found.get("energy", math.nan)))


def told(
    t: float, labels: Array, before: Array, after: tuple[Array, Array], owner: Array, jump: float, log_t: Any = None
) -> list[Merge]:
    """The mergers of one moment, for the record; the first of them carries their common jump of E.

    Parameters
    ----------
    t, log_t : float
        When; `LateMerge`s if log_t is given.
    labels : ndarray of int (k,)
        New index of every point there was.
    before : ndarray (k,)
        Their masses.
    after : (centres, masses)
        What they became.
    owner : ndarray of int (n,)
        Which of the k points every original point was.
    jump : float
        E after less E before, all mergers together.
    """
    lowest = np.full(len(labels), len(owner))
    np.minimum.at(lowest, owner, np.arange(len(owner)))
    merges: list[Merge] = []
    for g in np.flatnonzero(np.bincount(labels) > 1):
        parts = np.flatnonzero(labels == g)
        parts = parts[np.argsort(lowest[parts])]
        members, leaders = np.flatnonzero(labels[owner] == g), tuple(int(p) for p in lowest[parts])
        centre, mass = np.array(after[0][g]), float(after[1][g])
        first = 0.0 if merges else jump
        if log_t is None:
            merges.append(Merge(t, members, leaders, before[parts], mass, centre, first))
        else:
            merges.append(LateMerge(t, members, leaders, before[parts], mass, centre, first, log_t))
    return merges
