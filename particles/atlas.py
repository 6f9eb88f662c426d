"""What tokens have become, in the words of a paper's table; read from the tokens alone (C, Table 1)."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from meanfield.clustering.linked import near
from meanfield.protocols import Array
from meanfield.tools import inputs
from meanfield.tools.tags import equations
from particles.trajectory import Trajectory

Paper = Literal["C"]
ROWS = (
    "First particle x_0",
    "One point in L",
    "Two points xi and -xi",
    "Point cloud around L",
    "Two point clouds around xi and -xi",
)
"""Table 1's last column but one, from above."""
TOGETHER = 1e-3
"""Tokens at this distance are one point."""
STILL = 1e-6
"""A first token that has gone no farther has not moved."""


class Atlas(NamedTuple):
    """What the tokens have become.

    Attributes
    ----------
    row : str
        One of `ROWS`, in Table 1's own words.
    evidence : dict
        Numbers it was read from: "points" (groups of tokens at one place), "gathered" (share of tokens that share their
        place), "first moved" (how far the first token has come from where it began), "dimension" (of the linear space
        about which they lie), "off" (their largest distance from it), "antipodal" (how far the points are from being
        one and its antipode).

    Examples
    --------
    >>> pt.classify(pt.simulate(mf.Causal(mf.SA(1.0)), [0.0, 1.0, 2.0], (0.0, 60.0))).evidence["points"]
    1.0
    """

    row: str
    evidence: dict[str, float]


@equations("C Tab 1")
def classify(run: Trajectory, paper: Paper = "C") -> Atlas:
    """Which row of C's Table 1 the tokens of a causal run have come to: nothing but the tokens is looked at.

    At the end tokens are *points* if most share their place with another, within 1e-3; else they are clouds.  Points
    whose first token has not moved are row 1 (all come to it in the end, though clusters may wait for longer than any
    run: V = I); two antipodal ones are row 3; others lie in L, whose tokens wait alike: row 2.  Clouds are about +-xi
    if one direction holds most of their second moment (the largest gap of its eigenvalues is behind the first): row 5;
    else row 4.

    Parameters
    ----------
    run : Trajectory
        One cloud on a sphere, rows or angles, from its beginning.
    paper : {"C"}
        Whose table.

    Returns
    -------
    Atlas

    Raises
    ------
    ValueError, TypeError
        For replicas (ask about one), for fewer than two tokens, and for what is no run of tokens.

    Examples
    --------
    >>> law = mf.Causal(mf.SA(1.0, V=np.diag([1.0, 0.0, 0.0])))
    >>> pt.classify(pt.simulate(law, pt.uniform(8, 3, rng=0), (0.0, 60.0))).row
    'Two points xi and -xi'
    """
    inputs.having("run", run, ("x", "geometry"), "a Trajectory, as pt.simulate returns it")
    inputs.choice("paper", paper, ("C",))
    place = run.geometry
    if place.manifold != "sphere":
        raise ValueError("run: its tokens live in R^d, and Table 1 speaks of tokens on a sphere")
    if len(place.shape(run.x)) != 2 or place.shape(run.x)[1] < 2:
        raise ValueError(f"run: got tokens of shape {place.shape(run.x)[1:]}, wanted one cloud of two or more")
    x = np.asarray(place.rows(run.x))
    return _read(x[0], x[-1])


def _read(start: Array, end: Array) -> Atlas:
    labels = near(end, TOGETHER)
    counts = np.bincount(labels)
    gathered = float(counts[counts > 1].sum() / len(end))
    moved = float(np.linalg.norm(end[0] - start[0]))
    moment = np.linalg.eigh(end.T @ end / len(end))
    size = np.maximum(moment.eigenvalues[::-1], np.finfo(float).tiny)
    dimension = 1 + int(np.argmax(size[:-1] / size[1:]))
    across = moment.eigenvectors[:, ::-1][:, dimension:]
    antipodal = float(np.sqrt(np.maximum(2.0 - 2.0 * np.abs(end @ end[0]), 0.0)).max())
    told = {
        "points": float(len(counts)), "gathered": gathered, "first moved": moved, "dimension": float(dimension),
        "off": float(np.linalg.norm(end @ across, axis=1).max()), "antipodal": antipodal,
    }  # fmt: skip
    if gathered <= 0.5:
        return Atlas(ROWS[4 if dimension == 1 else 3], told)
    if moved <= STILL:
        return Atlas(ROWS[0], told)
    return Atlas(ROWS[2 if len(counts) == 2 and antipodal <= TOGETHER else 1], told)
