"""What taking one point for two costs, and the distance at which it costs too much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from meanfield import geometry
from meanfield.measures.points import Points
from meanfield.protocols import Array, Law, Status, Stop
from meanfield.tools import inputs

WIDE = 1e-3
"""The change is measured with points this far apart at least, where it stands clear of rounding."""
ANGLES = 61
"""Angles at which it is measured."""
PLANES = 8
"""Random planes in which it is measured, for a law that tells directions apart."""


def change(law: Law, d: int, merge_tol: float, t: float = 0.0) -> float:
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
        two, alone = np.stack([probe[:, 0], left, right], 1), np.stack([probe[:, 0], one], 1)
        pair = Points.trusted(two, np.array([0.5, 0.25, 0.25]), geometry.ROWS, "direct")
        atom = Points.trusted(alone, np.array([0.5, 0.5]), geometry.ROWS, "direct")
        after, before = (
            geometry.project(probe, np.broadcast_to(law.velocity(t, probe, mu), probe.shape))[:, 0]
            for mu in (atom, pair)
        )
        size = np.linalg.norm(before, axis=-1)
        counted = size > max(faintest * size.max(), 1e-290)
        if counted.any():
            worst = max(worst, float((np.linalg.norm(after - before, axis=-1)[counted] / size[counted]).max()))
    return worst * (merge_tol / delta) ** 2


def _planes(law: Law, d: int) -> list[tuple[Array, float]]:
    """Orthonormal pairs (2, d), and the share of the largest velocity below which rounding speaks."""
    planes = [(np.eye(d)[:2], 0.0)]
    if not law.isotropic:
        rng = np.random.default_rng(0)
        planes += [(np.linalg.qr(rng.standard_normal((d, 2)))[0].T, 1e-6) for _ in range(PLANES)]
    return planes


def checked(name: str, law: Law, d: int, merge_tol: Any, rtol: float, times: Sequence[float] = (0.0,)) -> float:
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


def checked_now(law: Law, d: int, merge_tol: float, rtol: float, t: float) -> None:
    """End a run whose law has come, by time t, to see what the run's merging distance takes for one."""
    try:
        checked("merge_tol", law, d, merge_tol, rtol, (t,))
    except ValueError as refused:
        raise Stop(Status.LAW_CHANGED, f"At t = {t:.6g}: {refused}") from refused


def _below(x: float) -> float:
    """x rounded down to two digits."""
    size = 10.0 ** (math.floor(math.log10(x)) - 1)
    return float(f"{math.floor(x / size * (1.0 - 1e-12)) * size:.1e}")
