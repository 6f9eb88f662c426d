"""Exact transport distances between the laws of the height <x, axis> on S^{d-1}: points, and points against densities.

They are lower bounds of the distances on the sphere, since the angle from an axis is 1-Lipschitz, and are cheap and
exact for any number of points in any dimension.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.distances.sphere.addition import coefficients
from meanfield.distances.sphere.measures import Harmonic, Rows, Side, Zonal, lead_shape, paired, read
from meanfield.distances.sphere.quantiles import AngleLaw
from meanfield.protocols import Array
from meanfield.tools import inputs

_THIN = 64.0 * float(np.finfo(np.float64).eps)
"""Slabs of mass below this are rounding of the cumulative weights."""


def w1_axial(
    a: Any, b: Any, axis: Any = None, a_weights: Any = None, b_weights: Any = None, *, by: str = "angle"
) -> float | Array:
    """1-Wasserstein distance between the laws of the angle from an axis, or of the height.

    W1 = int |H_a - H_b| d alpha,    H(alpha) = mu{angle from the axis <= alpha}

    Parameters
    ----------
    a, b : array (..., n, d), snapshot, or density
        Unit rows, leading axes being independent replicas; anything with `.x` (or `.points`) and `.weights`; or, on at
        most one side, a density: zonal on S^{d-1}, or any on S^2.
    axis : array (d,), optional
        Direction; None: that of a zonal density.
    a_weights, b_weights : array, optional
        Nonnegative weights, broadcast against the points; normalised to sum 1.  None: 1/n each.
    by : {"angle", "height"}
        "angle": cost |alpha - alpha'| of the angles alpha = arccos <x, axis>, in radians, at most pi; a lower bound of
        the geodesic W_p.  "height": cost |c - c'| of c = <x, axis>, at most 2; a lower bound of the chordal W_p, and
        not above that by angle.

    Returns
    -------
    float or ndarray
        The distance, with the broadcast leading shape; a float if there is none.

    Raises
    ------
    TypeError, ValueError
        Naming the argument: no axis, two densities, a density of negative mass above 1e-6, and as for `emd_sphere`.

    Notes
    -----
    Exact up to rounding, nothing being sampled: absolute errors of about 1e-15.  The density's distribution function
    is a polynomial on cells of width 2 / (degree + d - 2); costs are integrated by Gauss quadrature piece by piece.

    Examples
    --------
    >>> round(mf.distances.w1_axial(np.eye(3)[:1], np.eye(3)[1:2], axis=[1.0, 0.0, 0.0]), 12)
    1.570796326795
    """
    return _axial(a, b, axis, a_weights, b_weights, by, 1)


def w2_axial(
    a: Any, b: Any, axis: Any = None, a_weights: Any = None, b_weights: Any = None, *, by: str = "angle"
) -> float | Array:
    """2-Wasserstein distance W_2 (not its square) between the laws of the angle from an axis, or of the height.

    W_2^2 = int_0^1 |H_a^{-1}(u) - H_b^{-1}(u)|^2 du

    Parameters, returns, errors and accuracy are those of `w1_axial`.

    Parameters
    ----------
    a, b, axis, a_weights, b_weights, by
        As for `w1_axial`.

    Raises
    ------
    TypeError, ValueError
        As for `w1_axial`.

    Examples
    --------
    >>> round(mf.distances.w2_axial(np.eye(3)[:1], np.eye(3)[1:2], axis=[1.0, 0.0, 0.0]), 12)
    1.570796326795
    """
    return _axial(a, b, axis, a_weights, b_weights, by, 2)


def _axial(a: Any, b: Any, axis: Any, a_weights: Any, b_weights: Any, by: str, p: int) -> float | Array:
    height = inputs.choice("by", by, ("angle", "height")) == "height"
    left, right = read("a", a, a_weights), read("b", b, b_weights)
    lead = lead_shape(left, right)
    e = direction(axis, left, right)
    if isinstance(left, Rows) and isinstance(right, Rows):
        cost = _between_points(*_sorted(left, e, height), *_sorted(right, e, height), p)
        out = np.maximum(cost, 0.0) ** (1.0 / p)
        return float(out) if lead == () else np.broadcast_to(out, lead).copy()
    if not isinstance(left, Rows) and not isinstance(right, Rows):
        raise TypeError("a and b must not both be densities; got two. Quantise one of them: rho.quantize(n).")
    if isinstance(left, Rows):
        return paired(left, right, lambda points, density: _against("b", points, density, e, height, p))
    return paired(right, left, lambda points, density: _against("a", points, density, e, height, p))


def direction(axis: Any, *sides: Side) -> Array:
    """The axis given, or that of the zonal densities among the sides."""
    d = sides[0].d
    if axis is not None:
        return inputs.unit_vector("axis", axis, d)
    own = [side.axis for side in sides if isinstance(side, Zonal)]
    if not own:
        raise ValueError(f"axis must be a vector of length {d} where neither side is a zonal density; got None.")
    if np.abs(own[0] - own[-1]).max() > 1e-12:
        raise ValueError("axis must be given where the densities have different ones; got None.")
    return own[0]


def angles(x: Array, axis: Array) -> Array:
    """Angles of unit rows (..., n, d) from a unit vector, accurate at both poles too."""
    return np.asarray(2.0 * np.arctan2(np.linalg.norm(x - axis, axis=-1), np.linalg.norm(x + axis, axis=-1)))


def _sorted(side: Rows, axis: Array, height: bool) -> tuple[Array, Array | None]:
    """Places (..., n) in order, and weights in the same order or None."""
    place = -np.clip(side.x @ axis, -1.0, 1.0) if height else angles(side.x, axis)
    if side.weights is None:
        return np.sort(place, axis=-1), None
    order = np.argsort(place, axis=-1, kind="stable")
    return np.take_along_axis(place, order, -1), np.take_along_axis(side.weights, order, -1)


def _between_points(x: Array, wx: Array | None, y: Array, wy: Array | None, p: int) -> Array:
    """(...) int |F^{-1} - G^{-1}|^p du of sorted samples on the line."""
    if wx is None and wy is None and x.shape[-1] == y.shape[-1]:
        return np.mean(np.abs(x - y) ** p, axis=-1)
    lead = np.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    places, levels = [], []
    for v, w in ((x, wx), (y, wy)):
        n = v.shape[-1]
        P = np.arange(1, n + 1) / n if w is None else np.cumsum(w, axis=-1)
        places.append(np.broadcast_to(v, (*lead, n)))
        levels.append(np.broadcast_to(P / P[..., -1:], (*lead, n)))
    edges = np.concatenate(levels, axis=-1)
    order = np.argsort(edges, axis=-1, kind="stable")
    of_x = order < x.shape[-1]
    # the slab that ends at an edge takes the atoms whose levels are next, itself included
    i = np.minimum(np.cumsum(of_x, axis=-1) - of_x, x.shape[-1] - 1)
    j = np.minimum(np.cumsum(~of_x, axis=-1) - ~of_x, y.shape[-1] - 1)
    mass = np.diff(np.take_along_axis(edges, order, -1), axis=-1, prepend=0.0)
    mass = np.where(mass < _THIN, 0.0, mass)
    gap = np.take_along_axis(places[0], i, -1) - np.take_along_axis(places[1], j, -1)
    return np.asarray(np.sum(mass * np.abs(gap) ** p, axis=-1))


def _against(name: str, points: Rows, density: Zonal | Harmonic, axis: Array, height: bool, p: int) -> float:
    law = AngleLaw(name, points.d, coefficients(density, axis))
    alpha = angles(points.x, axis)
    order = np.argsort(alpha, kind="stable")
    alpha, weights = alpha[order], points.masses()[order]
    if p == 1:
        return law.w1(alpha, weights, height)
    return float(np.sqrt(law.w2_squared(alpha, weights, height)))
