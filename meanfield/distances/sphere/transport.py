"""Transport distances between points on spheres S^{d-1}: exact with the geodesic cost, and sliced along great circles.

Distances are geodesic, in radians: the diameter of every sphere is pi.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy

from meanfield.distances.circle.linear import w1_circle
from meanfield.distances.circle.quadratic import w2_circle
from meanfield.distances.sphere.measures import Rows, lead_shape, paired, read_rows
from meanfield.protocols import Array
from meanfield.tools import inputs

LARGEST = 5000 * 5000
"""Pairs of points in an exact problem: the matrix of their costs takes 200 MB, and its solution some ten seconds."""

_CHUNK = 1 << 20
"""Angles projected at once."""


def geodesic(x: Any, y: Any) -> Array:
    """Geodesic distances between unit rows x (n, d) and y (m, d): (n, m), in radians.

    2 atan2(|x - y|, |x + y|), with a relative error of about 1e-16 |x| / distance near 0 and likewise near pi, where
    arccos <x, y> knows no distance below 1e-8.

    Parameters
    ----------
    x, y : array (n, d), (m, d)
        Unit rows.

    Raises
    ------
    TypeError, ValueError
        Naming the argument.

    Examples
    --------
    >>> float(mf.distances.geodesic(np.eye(3)[:1], np.eye(3)[1:2])[0, 0].round(12))
    1.570796326795
    """
    x, y = inputs.rows("x", x), inputs.rows("y", y)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"x and y must have shapes (n, d) and (m, d); got {x.shape} and {y.shape}.")
    return _geodesic(x, y)


def _geodesic(x: Array, y: Array) -> Array:
    apart = scipy.spatial.distance.cdist(x, y)
    np.arctan2(apart, scipy.spatial.distance.cdist(x, -y), out=apart)
    apart *= 2.0
    return apart


# --- exact -------------------------------------------------------------------------------------------------


def emd_sphere(
    a: Any, b: Any, a_weights: Any = None, b_weights: Any = None, *, p: int = 1, max_iterations: int = 100_000_000
) -> float | Array:
    """Exact Wasserstein distance W_p between points on S^{d-1}, geodesic cost.

    W_p^p = min over couplings g of sum_ij g_ij arccos(<x_i, y_j>)^p

    Parameters
    ----------
    a, b : array (..., n, d), (..., m, d), or snapshot
        Unit rows, leading axes being independent replicas; or anything with `.x` (or `.points`) and `.weights`.
    a_weights, b_weights : array, optional
        Nonnegative weights, broadcast against the points; normalised to sum 1.  None: 1/n each.
    p : {1, 2}
        Exponent; W_2 is returned, not its square.
    max_iterations : int
        Pivots of the network simplex method; a few hundred thousand are enough for n = 4000.

    Returns
    -------
    float or ndarray
        In radians, with the broadcast leading shape; a float if there is none.

    Raises
    ------
    ImportError
        Without the package POT, which comes with the extra "ot".
    TypeError, ValueError
        Naming the argument; in particular for more than 25 million pairs of points.
    RuntimeError
        If the solver did not finish: its last value would not be the distance.

    Notes
    -----
    The simplex method is exact up to rounding: W_p^p to about 1e-15 of the largest cost.  So W_2 of two nearly equal
    measures has an absolute error of about 1e-7 at the least.

    Examples
    --------
    >>> round(mf.distances.emd_sphere(np.eye(3)[:1], np.eye(3)[1:2]), 12)
    1.570796326795
    """
    p = _exponent(p)
    limit = inputs.integer("max_iterations", max_iterations, low=1)
    left, right = read_rows("a", a, a_weights), read_rows("b", b, b_weights)
    lead_shape(left, right)
    pairs = left.x.shape[-2] * right.x.shape[-2]
    if pairs > LARGEST:
        raise ValueError(
            f"a and b must have at most {LARGEST} pairs of points between them; got {left.x.shape[-2]} and "
            f"{right.x.shape[-2]} points. Use sliced_sphere or sobolev_sphere, or fewer points."
        )
    return paired(left, right, lambda one, other: _emd(one, other, p, limit))


def _exponent(p: Any) -> int:
    return inputs.integer("p", p, low=1, high=2)


def _emd(a: Rows, b: Rows, p: int, limit: int) -> float:
    try:
        import ot
    except ImportError as error:
        raise ImportError(
            'emd_sphere needs the package POT, which is not installed: pip install POT (the extra "ot")'
        ) from error
    cost = _geodesic(a.x, b.x)
    if p == 2:
        np.square(cost, out=cost)
    top = float(cost.max())
    if top == 0.0:
        return 0.0
    cost /= top  # the solver's tolerances are absolute
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it would warn of is raised below
        total, log = ot.emd2(a.masses(), b.masses(), cost, numItermax=limit, log=True)
    if log["warning"] is not None:
        raise RuntimeError(
            f"emd_sphere: the solver did not finish ({str(log['warning']).strip()}); its value is not the distance. "
            f"Raise max_iterations = {limit}, or take fewer points."
        )
    return float(max(top * total, 0.0) ** (1.0 / p))


# --- sliced ------------------------------------------------------------------------------------------------


def sliced_sphere(
    a: Any, b: Any, a_weights: Any = None, b_weights: Any = None, *, projections: Any = 256, p: int = 2,
    rng: Any = None, each: bool = False,
) -> float | Array:  # fmt: skip
    """Sliced spherical Wasserstein distance between points on S^{d-1}.

    SSW_p^p = int W_p(P^U a, P^U b)^p dU,    P^U x = U^T x / |U^T x|,

    over uniformly distributed great circles U (d, 2), each circle's W_p being exact (`w1_circle`, `w2_circle`); Bonet
    et al. 2023, "Spherical sliced-Wasserstein", (11).

    Parameters
    ----------
    a, b, a_weights, b_weights
        As for `emd_sphere`; any number of points.
    projections : int or array (m, d, 2)
        How many great circles are drawn, the same for both sides and all replicas; or the circles themselves, as pairs
        of orthonormal columns.
    p : {1, 2}
        Exponent; SSW_2 is returned, not its square.
    rng : int, numpy.random.Generator or None
        Seed or generator of the circles.
    each : bool
        Return W_p of every circle instead, (..., m), to see how far their mean is from the integral.

    Returns
    -------
    float or ndarray
        In radians, with the broadcast leading shape; a float if there is none.  (POT's `sliced_wasserstein_sphere` is
        in turns: 2 pi times less.)

    Raises
    ------
    TypeError, ValueError
        Naming the argument.

    Notes
    -----
    Of m circles, SSW_p^p has the standard error std(W_p^p) / sqrt(m).  On S^1 every circle is the same and the answer
    is W_p itself.  Antipodal atoms are at distance pi.

    Examples
    --------
    >>> mf.distances.sliced_sphere(np.eye(3), np.eye(3), rng=0)
    0.0
    """
    p = _exponent(p)
    left, right = read_rows("a", a, a_weights), read_rows("b", b, b_weights)
    lead = lead_shape(left, right)
    frames = _frames(projections, left.d, rng)
    metric = w1_circle if p == 1 else w2_circle
    out = np.empty((len(frames), *lead))
    size = (left.x.size + right.x.size) // left.d
    step = max(1, _CHUNK // size)
    rank = max(len(left.lead), len(right.lead))
    for first in range(0, len(frames), step):
        part = frames[first : first + step]
        sides = [_projected(side, part, rank) for side in (left, right)]
        masses = [None if side.weights is None else side.weights for side in (left, right)]
        out[first : first + step] = metric(*sides, *masses)
    if inputs.flag("each", each):
        return np.moveaxis(out, 0, -1)
    mean = np.mean(out**p, axis=0) ** (1.0 / p)
    return float(mean) if lead == () else mean


def _frames(projections: Any, d: int, rng: Any) -> Array:
    """(m, d, 2) orthonormal pairs: uniformly distributed, or those given."""
    if np.ndim(projections) == 0:
        m = inputs.integer("projections", projections, low=1, high=10**7)
        frames = inputs.generator(rng).standard_normal((m, d, 2))
    else:
        frames = inputs.array("projections", projections, shape=(None, d, 2))
        defect = float(np.abs(np.einsum("mdi,mdj->mij", frames, frames) - np.eye(2)).max())
        if defect > max(1e-8, 4.0 * inputs.unit_room("projections", projections, d)):
            raise ValueError(
                f"projections must be pairs of orthonormal columns, (m, d, 2); got some that are off by {defect:.2g}. "
                "numpy.linalg.qr(projections)[0] makes them so."
            )
    # Gram and Schmidt: of Gaussian columns, a uniformly distributed pair
    frames[..., 0] /= np.linalg.norm(frames[..., 0], axis=1, keepdims=True)
    along = np.einsum("md,md->m", frames[..., 0], frames[..., 1])
    frames[..., 1] -= along[:, None] * frames[..., 0]
    frames[..., 1] /= np.linalg.norm(frames[..., 1], axis=1, keepdims=True)
    return frames


def _projected(side: Rows, frames: Array, rank: int) -> Array:
    """Angles (m, ..., n) of the points along the great circles, with `rank` replica axes between."""
    n, d = side.x.shape[-2:]
    plane = side.x.reshape(-1, d) @ frames.transpose(1, 0, 2).reshape(d, -1)
    angles = np.arctan2(plane[:, 1::2], plane[:, ::2]).T
    return np.ascontiguousarray(angles).reshape(len(frames), *[1] * (rank - len(side.lead)), *side.lead, n)
