"""Whether the flow brings points near one another nearer still: those alone may be taken for one.

About a point c the difference of two near tokens goes like l' = J l, J the derivative of x -> P_x X[mu](x) at c; their
own masses add nothing to first order, their centre of mass being c.  It shrinks at a rate of -g at least, g the largest
eigenvalue of (J + J^T) / 2.
"""

from __future__ import annotations

import numpy as np

from meanfield import geometry
from meanfield.measures.points import Points
from meanfield.protocols import Array, Law, Measure, Status, Stop

STEP = 1e-5
"""Radians between the points of which differences are taken: those of kernels to beta = 1e8."""
ROUNDING = 64.0 * float(np.finfo(float).eps)
"""Share of a velocity that is rounding."""


def growth(law: Law, t: float, mu: Measure, at: Array) -> tuple[Array, Array]:
    """How fast near tokens part at unit rows `at` (..., m, d) under a measure of as many leading axes.

    Returns
    -------
    ndarray (..., m), ndarray (..., m)
        The largest eigenvalue g, and what of it rounding decides.
    """
    d = at.shape[-1]
    frame = geometry.frames(at)
    near = at[..., None, None, :] + np.array([STEP, -STEP])[:, None, None] * frame[..., None, :, :]
    probes = geometry.retract(near.reshape(*at.shape[:-2], -1, d))
    v = np.broadcast_to(np.asarray(law.velocity(t, probes, mu)), probes.shape)
    along = geometry.project(probes, v).reshape(near.shape)
    J = (along[..., 0, :, :] - along[..., 1, :, :]) @ np.swapaxes(frame, -1, -2) / (2.0 * STEP)
    unsure = ROUNDING / STEP * np.abs(v).reshape(*near.shape[:-3], -1).max(axis=-1)
    return np.linalg.eigvalsh(0.5 * (J + np.swapaxes(J, -1, -2)))[..., -1], unsure


def alone(law: Law, t: float, at: Array) -> tuple[Array, Array]:
    """The same beside a single token at each of the rows (m, d), which holds all mass."""
    place = at[:, None, :]
    g, unsure = growth(law, t, Points.trusted(place, np.ones(place.shape[:-1]), geometry.ROWS, "direct"), place)
    return g[:, 0], unsure[:, 0]


def gathered(law: Law, t: float, mu: Points, labels: Array) -> Array | None:
    """Labels of those groups alone that the flow contracts in every direction; None if it does so with none.

    Parameters
    ----------
    law : Law
        What moves the points.
    t : float
        When.
    mu : Points
        All of them, on a sphere.
    labels : ndarray of int (n,)
        Group of every point, numbered in the order of their lowest members.
    """
    count = np.bincount(labels)
    groups = np.flatnonzero(count > 1)
    first = np.full(len(count), len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    g, unsure = growth(law, t, mu.changed(field="direct"), mu.x[first[groups]])
    apart = groups[~(g < -unsure)]
    if len(apart) == len(groups):
        return None
    if not len(apart):
        return labels
    leader = np.where(np.isin(labels, apart), np.arange(len(labels)), first[labels])
    return np.asarray(np.unique(leader, return_inverse=True)[1].reshape(-1))


def held(law: Law, t: float, mu: Points, which: Array) -> None:
    """End a run whose law would part what has merged: the points `which` (k,) of mu.

    Where others pull at what passes by it may widen for a while; so one that gathers by itself is left as it is.
    """
    at = mu.x[which]
    g, unsure = alone(law, t, at)
    suspect = (g > unsure) | (mu.weights[which] == 0.0)
    if not suspect.any():
        return
    g, unsure = growth(law, t, mu.changed(field="direct"), at[suspect])
    if np.any(g > unsure):
        raise Stop(
            Status.LAW_CHANGED,
            f"At t = {t:.6g} {law} parts tokens that have become one, e-fold in {1.0 / g.max():.3g}: leave merge_tol "
            "out, or end the run before.",
        )


def attracting(name: str, law: Law, d: int, t: float) -> None:
    """Refuse a law alike everywhere under which tokens that are near part.

    Parameters
    ----------
    name : str
        The argument that is refused.
    law : Law
        What moves the points.
    d : int
        Ambient dimension.
    t : float
        When.
    """
    if not law.isotropic:
        return  # it may gather here and part there: asked where points merge
    g, unsure = alone(law, t, np.eye(d)[:1])
    if np.any(g > unsure):
        raise ValueError(
            f"{name}: {law} parts tokens that are near each other, and points taken for one never part again: leave "
            "it out"
        )
