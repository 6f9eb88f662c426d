"""Rényi's parking on spheres: tokens that begin far from those before, and what gathers about them (C, section 5)."""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.geometry import given
from meanfield.protocols import Array, Geometry
from meanfield.tools import inputs
from meanfield.tools.tags import equations
from particles.trajectory import Trajectory

PAIRS = 1 << 20
"""Distances held at once."""


@equations("C (1)")
def renyi(x: Any, delta: float, strong: bool = False, *, angles: bool = False) -> Array:
    """Indices of the Rényi centres of a sequence of tokens, in order (C, section 5.1 and C.4).

    A token is a Rényi centre if it is farther than delta, along the sphere, from all centres before it; a strong one
    if it is so from all tokens before it, and then it is a centre too.  The first token always is one.  Of uniform,
    independent tokens the k-th is a strong centre with probability (1 - p)^{k - 1}, p the measure of a cap of radius
    delta, so that n of them have (1 - (1 - p)^n) / p on average (Lemma C.1; on S^2 1/p is 1 / sin^2(delta / 2)); on
    the circle Rényi centres saturate at 0.7475979 2 pi / delta.

    Parameters
    ----------
    x : array
        One cloud: unit rows (n, d), or angles (n,) in radians.
    delta : float
        Geodesic distance in radians, > 0.
    strong : bool
        Strong centres alone.
    angles : bool
        Read x as angles; one-dimensional arrays are.

    Returns
    -------
    ndarray of int

    Raises
    ------
    ValueError, TypeError
        For what was given; of replicas, each has its own centres: ask one by one.

    Examples
    --------
    >>> pt.renyi([0.0, 0.3, 0.6, 2.0], 0.5)
    array([0, 2, 3])
    >>> pt.renyi([0.0, 0.3, 0.6, 2.0], 0.5, strong=True)
    array([0, 3])
    """
    place, q = _cloud(x, angles)
    delta = inputs.angle("delta", delta, above=0.0)
    return _strong(place, q, delta) if inputs.flag("strong", strong) else _greedy(place, q, delta)


def _cloud(x: Any, angles: bool) -> tuple[Geometry, Array]:
    place, q = given("x", x, angles=angles)
    if lead := place.shape(q)[:-1]:
        raise ValueError(f"x: got {lead} replicas, each of which has centres of its own: ask about one, as x[0]")
    return place, q


def _beyond(place: Geometry, p: Array, q: Array, delta: float) -> Array:
    """Whether they are farther apart than delta: by chords, in which short arcs have all digits, or by arcs."""
    if delta < 0.5 * np.pi:
        return np.asarray(place.chord(p, q) > place.straight(delta))
    return np.asarray(place.distance(p, q) > delta)


def _strong(place: Geometry, q: Array, delta: float) -> Array:
    """Those farther from all before."""
    n = len(q)
    alone = np.ones(n, dtype=bool)
    rows = max(1, PAIRS // n)
    for first in range(0, n, rows):
        i = np.arange(first, min(first + rows, n))
        apart = _beyond(place, q[i, None], q[None, : i[-1] + 1], delta)
        alone[i] = (apart | (np.arange(i[-1] + 1) >= i[:, None])).all(axis=1)
    return np.flatnonzero(alone)


def _greedy(place: Geometry, q: Array, delta: float) -> Array:
    """One after the other: a centre takes all that are near it out of those left."""
    left, centres = np.arange(len(q)), []
    while len(left):
        first = left[0]
        centres.append(first)
        left = left[1:]
        left = left[_beyond(place, q[left], q[first][None], delta)]
    return np.array(centres)


def consumed(run: Trajectory, centres: Any, radius: float) -> Array:
    """The share of all tokens that lie within a geodesic radius of a centre, at every saved time (C, Figure 3).

    A centre is a token and moves; it counts itself.

    Parameters
    ----------
    run : Trajectory
        On a sphere; its leading axes are replicas, which then have the same centres.
    centres : array of int
        Indices, as of `renyi`.
    radius : float
        In radians, > 0.

    Returns
    -------
    ndarray (T, ...)

    Raises
    ------
    ValueError, TypeError
        For indices that are none of the tokens', a radius that is not positive, and what is no run of tokens.

    Examples
    --------
    >>> run = pt.simulate(mf.Causal(mf.SA(64.0)), [0.0, 0.3, 0.6, 2.0], (0.0, 20.0), [0.0, 20.0])
    >>> pt.consumed(run, pt.renyi(run.theta[0], 0.5), 0.05)
    array([0.75, 1.  ])
    """
    inputs.having("run", run, ("x", "geometry"), "a Trajectory, as pt.simulate returns it")
    place, q = run.geometry, np.asarray(run.x)
    k = _indices(centres, place.shape(q)[-1])
    radius = inputs.angle("radius", radius, above=0.0)
    near = np.zeros(place.shape(q), dtype=bool)
    axis = -place.axes
    for i in k:
        near |= ~_beyond(place, q, np.take(q, [i], axis=axis), radius)
    return np.asarray(near.mean(axis=-1))


def _indices(centres: Any, n: int) -> Array:
    k = np.asarray(centres)
    if k.ndim != 1 or k.dtype.kind not in "iu" or not len(k):
        raise TypeError(f"centres: got {inputs.describe(centres)}, wanted indices of tokens, as pt.renyi(x, delta)")
    if k.min() < 0 or k.max() >= n:
        raise ValueError(f"centres: got indices from {k.min()} to {k.max()}, wanted 0 to {n - 1}")
    return k
