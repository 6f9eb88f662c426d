"""Which equilibrium tokens are at, by where they lie: consensus, two poles, a polygon, clusters (2511.11553)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from meanfield.clustering.linked import near
from meanfield.geometry import given
from meanfield.protocols import Array
from meanfield.runs.record import Record
from meanfield.tools import inputs
from meanfield.tools.shown import line
from meanfield.tools.tags import equations

KINDS = ("consensus", "bipartite", "polygon", "clusters", "scattered")
"""All classes, the last of which is none of the paper's four."""


class Equilibrium(NamedTuple):
    """What class of equilibrium tokens are at, as `equilibrium` returns it.

    Attributes
    ----------
    kind : str
        One of "consensus", "bipartite", "polygon", "clusters", "scattered".
    centres : ndarray (m, d)
        Unit rows: where tokens are together, the most tokens first.
    sizes : ndarray (m,)
        How many tokens are there.
    labels : ndarray (n,)
        Which of them each token is at.
    width : float
        Largest straight distance of a token from its centre.
    off : float
        How far, straight, two centres are from being antipodal, or three and more from equally spaced points of a great
        circle; 0 for one.

    Examples
    --------
    >>> pt.equilibrium([0.0, 0.0, 2.0]).sizes.tolist()
    [2, 1]
    """

    kind: str
    centres: Array
    sizes: Array
    labels: Array
    width: float
    off: float

    def __repr__(self) -> str:
        return line(self)


@equations("2511.11553")
def equilibrium(x: Any, tol: float = 1e-3, *, angles: bool = False) -> Equilibrium:
    """Which of the four classes of equilibria of self-attention tokens are at (2511.11553); they alone are looked at.

    Tokens nearer than tol are together, and whoever is near to one of them.  All at one place are in *consensus*; at
    two antipodal places *bipartite*; at three places or more that are equally spaced on a great circle, however many
    are at each, a *polygon*; at other places, fewer than there are tokens, *clusters*.  Tokens that are not together
    and no polygon are *scattered*: no equilibrium of the four, or not there yet.  Whether they are at rest is the
    law's to say: `mf.steady` ends a run where they are.

    Parameters
    ----------
    x : array or Trajectory
        Unit rows (n, d), or angles (n,); of a run its last tokens.  Two or more, on a sphere.
    tol : float
        Straight distance, above 0 and below 1.
    angles : bool
        An array x is angles (of one dimension it is anyway).

    Returns
    -------
    Equilibrium

    Raises
    ------
    ValueError, TypeError
        For replicas (ask about one), tokens of R^d, and what was given, naming the argument.

    Examples
    --------
    >>> run = pt.simulate(mf.SA(1.0, K=-np.eye(3), V=-np.eye(3)), pt.uniform(8, 3, rng=0), (0.0, 60.0))
    >>> pt.equilibrium(run).kind
    'bipartite'
    """
    tol = inputs.number("tol", tol, above=0.0, high=1.0)
    if isinstance(x, Record):
        if inputs.flag("angles", angles):
            raise ValueError("angles: a run knows by itself whether its tokens are angles; leave it out")
        mu = x.measures[-1]
        place, q = mu.geometry, mu.positions
    else:
        place, q = given("x", x, angles=angles)
    if place.manifold != "sphere":
        raise ValueError("x: its tokens live in R^d, wanted tokens on a sphere")
    if len(place.shape(q)) != 1 or len(q) < 2:
        raise ValueError(f"x: got tokens of shape {place.shape(q)}, wanted one cloud of two or more")
    rows = np.asarray(place.rows(q))
    labels = near(rows, tol)
    order = np.argsort(-np.bincount(labels), kind="stable")
    labels = np.argsort(order)[labels]
    sizes = np.bincount(labels)
    centres = np.array([rows[labels == k].mean(axis=0) for k in range(len(sizes))])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    width = float(np.linalg.norm(rows - centres[labels], axis=1).max())
    off = _off(centres)
    kind = ("consensus", "bipartite", "polygon")[min(len(sizes), 3) - 1]
    if off > tol:
        kind = "clusters" if len(sizes) < len(rows) else "scattered"
    return Equilibrium(kind, centres, sizes, labels, width, off)


def _off(c: Array) -> float:
    """How far the centres are from the vertices of a regular polygon about the origin: of one, of two, of more."""
    m = len(c)
    if m == 1:
        return 0.0
    if m == 2:
        return float(np.linalg.norm(c[0] + c[1]))
    # the plane that holds most of them, and angles in it
    plane = np.linalg.svd(c, full_matrices=False)[2][:2]
    flat = c @ plane.T
    theta = np.sort(np.arctan2(flat[:, 1], flat[:, 0]))
    steps = 2.0 * math.pi * np.arange(m) / m
    turn = np.mean(theta - steps)
    across = np.linalg.norm(c - flat @ plane, axis=1)
    return float(np.hypot(across.max(), 2.0 * np.abs(np.sin(0.5 * (theta - steps - turn))).max()))
