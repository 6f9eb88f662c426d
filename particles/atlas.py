"""What tokens have become, in the words of a paper's table; read from the tokens alone (C, Table 1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from meanfield.clustering.linked import near
from meanfield.protocols import Array
from meanfield.tools import inputs
from meanfield.tools.shown import line
from meanfield.tools.tags import equations
from particles.origin import decaying
from particles.settled import settled
from particles.trajectory import Trajectory

Paper = Literal["B", "C"]
ROWS = (
    "First particle x_0",
    "One point in L",
    "Two points xi and -xi",
    "Point cloud around L",
    "Two point clouds around xi and -xi",
)
"""The last column but one of C's Table 1, from above."""
UNDECIDED = "undecided"
FLAT_ROWS = ("polytope", "hyperplanes", "polytope x subspace", "origin", UNDECIDED)
"""The limit geometries of B's Table 1, from above, and where a run does not tell."""
TOGETHER = 1e-3
"""Tokens at this distance are one point."""
STILL = 1e-6
"""A first token that has gone no farther has not moved."""
NEARLY = 0.1
"""Groups this near to being one point and its antipode, and not within `TOGETHER`, are still on their way; groups
farther than this from a subspace are in none."""
STANDS_OUT = 40.0, 22.0
"""Clouds of n tokens lie about a subspace if two neighbouring eigenvalues of their second moment are in a ratio of 1 +
40 / n + (22 / n)^2: of uniform tokens of S^2 it is as large in less than one of 100 draws (n = 8: 10.4, 16: 3.8, 24:
2.6, 32: 2.2)."""


class Atlas(NamedTuple):
    """What the tokens have become.

    Attributes
    ----------
    row : str
        On a sphere one of `ROWS`, in the own words of C's Table 1; in R^d one of `FLAT_ROWS`, of B's; or "undecided".
    evidence : dict
        Numbers it was read from.  On a sphere: "points" (groups of tokens at one place), "gathered" (share of tokens
        that share their place), "first moved" (how far the first token has come from where it began), "dimension" (of
        the linear space about which they lie), "gap" (the ratio of eigenvalues behind it), "off" (their largest
        distance from it), "antipodal" (how far the points are from being one and its antipode).
        In R^d: "rate" (the largest at which directions contract), "directions"
        (how many do at it), "following" (the next rate over it), "limits" and "vertices" (where tokens end in these
        directions, and how many of them are vertices of their hull), "off" (how far a limit is from the boundary and
        from 0), "distance" (how far a token still is from its limit; both over the extent at the start), "settled" (the
        time from which increments follow from those before), "residual" (how well), "e-foldings" (how much nearer
        tokens have come since).  At the origin: "largest" |x|, "exponent" (of its fall over the last half), "bend" (of
        1 / |x|^2 from a straight line), "e-foldings".
    why : str
        Of a run that is not decided, what is missing.

    Examples
    --------
    >>> pt.classify(pt.simulate(mf.Causal(mf.SA(1.0)), [0.0, 1.0, 2.0], (0.0, 60.0))).evidence["points"]
    1.0
    """

    row: str
    evidence: dict[str, float]
    why: str = ""

    def __repr__(self) -> str:
        return line(self)


@equations("B Tab 1", "C Tab 1")
def classify(run: Trajectory, paper: Paper | None = None) -> Atlas:
    """What tokens have come to, in the rows of a paper's Table 1: nothing but tokens and times is looked at.

    On a sphere the table is C's, of causal runs.  At the end tokens are *points* if most share their place with
    another, within 1e-3; else they are clouds.  Points whose first token has not moved are row 1 (all come to it in the
    end, though clusters may wait for longer than any run: V = I); two antipodal ones are row 3; others lie in L, whose
    tokens wait alike: row 2.  Clouds are about a subspace if one gap of the eigenvalues of their second moment stands
    out (a ratio of 1 + 40 / n + (22 / n)^2): behind the first, +-xi: row 5; else row 4.  *Undecided*, with the reason
    in `why`, are tokens that have not moved, points that are nearly two antipodal ones (within 0.1), or in no subspace
    (0.1 from it), and clouds about none.  The table is of causal runs: tokens cannot tell whether theirs was one.

    In R^d it is B's.  Its first three rows are of rescaled tokens z = e^{-tV} x, where attention that has settled
    makes increments over equal times follow from those before, D(t + h) = D(t) e^{-V^T h}: if all directions contract
    at one rate it is a *polytope*; if one is ahead of all others, *hyperplanes*; if several are but not all,
    *polytope x subspace*.  It is so only if every limit has a token at rest, lies on the boundary of the limits' hull
    or at 0, and all have come nearer by three e-foldings.  Of (1.1) itself there is one row, the *origin*: 1 / |x|^2
    rises like a straight line, |x| ~ t^{-1/2}.  Everything else is *undecided*, and `why` says so.

    Parameters
    ----------
    run : Trajectory
        One cloud from its beginning, on a sphere (rows or angles) or in R^d, there saved at equally spaced times.
    paper : {"B", "C"}, optional
        Whose table; by where the tokens live if not given.

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
    >>> pt.classify(pt.simulate(mf.SA(1.0, V=-np.eye(2), geometry="flat"), np.eye(2), (0.0, 0.1))).row
    'undecided'
    """
    inputs.having("run", run, ("x", "t", "geometry"), "a Trajectory, as pt.simulate returns it")
    place = run.geometry
    if place.manifold not in TABLES:
        raise ValueError(f"run: its tokens live on {place}, wanted a sphere (C's Table 1) or R^d (B's)")
    own, read = TABLES[place.manifold]
    if paper is not None and inputs.choice("paper", paper, ("B", "C")) != own:
        raise ValueError(f"paper: got {paper!r}, but the run is of the kind of {own}'s Table 1: leave it out")
    if len(place.shape(run.x)) != 2 or place.shape(run.x)[1] < 2:
        raise ValueError(f"run: got tokens of shape {place.shape(run.x)[1:]}, wanted one cloud of two or more")
    return read(np.asarray(run.t), np.asarray(place.rows(run.x)))


def _flat(t: Array, x: Array) -> Atlas:
    """B's table."""
    falls, told = decaying(t, x)
    if falls:
        return Atlas("origin", told)
    return Atlas(*settled(t, x))


def _sphere(t: Array, x: Array) -> Atlas:
    """C's table."""
    return _read(x[0], x[-1])


def _read(start: Array, end: Array) -> Atlas:
    labels = near(end, TOGETHER)
    counts = np.bincount(labels)
    gathered = float(counts[counts > 1].sum() / len(end))
    moved = np.linalg.norm(end - start, axis=-1)
    moment = np.linalg.eigh(end.T @ end / len(end))
    size = np.maximum(moment.eigenvalues[::-1], np.finfo(float).tiny)
    dimension = 1 + int(np.argmax(size[:-1] / size[1:]))
    across = moment.eigenvectors[:, ::-1][:, dimension:]
    antipodal = float(np.sqrt(np.maximum(2.0 - 2.0 * np.abs(end @ end[0]), 0.0)).max())
    told = {
        "points": float(len(counts)), "gathered": gathered, "first moved": float(moved[0]),
        "dimension": float(dimension), "gap": float(size[dimension - 1] / size[dimension]),
        "off": float(np.linalg.norm(end @ across, axis=1).max()), "antipodal": antipodal,
    }  # fmt: skip
    if len(counts) > 1 and moved.max() <= TOGETHER:
        return Atlas(UNDECIDED, told, f"no token has moved by more than {moved.max():.1g}: run it longer")
    if gathered > 0.5:
        return Atlas(*_points(told))
    linear, square = STANDS_OUT
    return Atlas(*_clouds(told, 1.0 + linear / len(end) + (square / len(end)) ** 2))


def _points(told: dict[str, float]) -> tuple[str, dict[str, float], str]:
    """Rows 1 to 3."""
    if told["points"] == 2 and told["antipodal"] <= TOGETHER and told["first moved"] > STILL:
        return ROWS[2], told, ""
    if TOGETHER < told["antipodal"] <= NEARLY:
        return UNDECIDED, told, f"within {told['antipodal']:.1g} of one point and its antipode: run it longer"
    if told["first moved"] <= STILL:
        return ROWS[0], told, ""
    if told["points"] > 1 and told["off"] > NEARLY:
        return UNDECIDED, told, f"the points are up to {told['off']:.1g} from a subspace: run it longer"
    return ROWS[1], told, ""


def _clouds(told: dict[str, float], wanted: float) -> tuple[str, dict[str, float], str]:
    """Rows 4 and 5."""
    if told["gap"] < wanted:
        found = f"neighbouring eigenvalues are in a ratio of {told['gap']:.2g} at most, wanted {wanted:.2g}"
        return UNDECIDED, told, f"no subspace stands out: {found}"
    return ROWS[4 if told["dimension"] == 1 else 3], told, ""


TABLES: dict[str, tuple[Paper, Callable[[Array, Array], Atlas]]] = {"sphere": ("C", _sphere), "flat": ("B", _flat)}
"""By the manifold that tokens live on: whose table, and who reads it from times and rows."""
