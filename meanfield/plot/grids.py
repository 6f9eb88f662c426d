"""The grid on which a density on S^2 is drawn: nodes in order, closed and refined to cover the sphere."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, circle, points

TURN = circle.TURN
_STEP = np.pi / 90
"""Longest side of a cell drawn straight: two degrees."""
_LIMIT = (256, 512)
_BESIDE = np.pi / 18
"""What lies within ten degrees of a map's edge is on it."""
_PEAKED = 2.0
"""Times its median that a field rises where there are clusters."""
Grid = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def grid(nodes: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Colatitudes (a,) and longitudes (b,) of a product grid given by its rows (a b, 3), and who is where (a, b).

    Values (..., a b) at the rows become `values[..., place]`, over colatitudes and longitudes that ascend.

    Raises
    ------
    ValueError
        If the rows are not unit rows, or not all pairs of some colatitudes and some longitudes.
    """
    rows = points.unit_rows("nodes", arrays.finite("nodes", nodes, None, 3)[None])[0]
    colatitude = np.arctan2(np.hypot(rows[:, 0], rows[:, 1]), rows[:, 2])
    longitude = np.mod(np.arctan2(rows[:, 1], rows[:, 0]), TURN)
    longitude[longitude > TURN - 1e-9] = 0.0
    order = np.argsort(colatitude, kind="stable")
    rings = np.flatnonzero(np.diff(colatitude[order], prepend=-1.0) > 1e-9)
    width = len(rows) // len(rings)
    place = np.empty((len(rings), width), dtype=np.intp)
    if len(rings) * width == len(rows) and np.array_equal(rings, width * np.arange(len(rings))):
        for i, ring in enumerate(order.reshape(len(rings), width)):
            place[i] = ring[np.argsort(longitude[ring])]
        if np.abs(longitude[place] - longitude[place[0]]).max() < 1e-9:
            return colatitude[place[:, 0]], longitude[place[0]], place
    raise ValueError(
        f"nodes must be a product grid, the same longitudes at every colatitude; got {len(rows)} rows that are not. "
        "Evaluate the density on such a grid, and call mollweide(theta, phi, values)."
    )


def ordered(theta: ArrayLike, phi: ArrayLike, values: ArrayLike) -> Grid:
    """Checked, with ascending colatitudes and longitudes in [0, 2 pi)."""
    colatitude, longitude = arrays.finite("theta", theta, None), arrays.finite("phi", phi, None)
    field = arrays.numbers("values", values, len(colatitude), len(longitude))
    if colatitude.min() < -1e-12 or colatitude.max() > np.pi + 1e-12:
        raise ValueError(
            f"theta must be colatitudes in [0, pi], 0 at the north pole; got {colatitude.min():.6g} to "
            f"{colatitude.max():.6g}. For latitudes pass pi/2 - latitude."
        )
    longitude = np.mod(longitude, TURN)
    longitude[longitude >= TURN] = 0.0
    longitude, across = np.unique(longitude, return_index=True)
    colatitude, down = np.unique(colatitude, return_index=True)
    return colatitude, longitude, field[down][:, across]


def seam(longitude: NDArray[np.float64], field: NDArray[np.float64]) -> float:
    """The longitude in the middle of a map whose edge, opposite to it, cuts through no cluster.

    That is 0 if the field (a, b) has no peak, or is nowhere on the edge above half its largest value; else the multiple
    of 30 degrees, of those the nearest to 0, whose edge has the least.
    """
    largest = field.max(axis=0)

    def on_edge(middle: float) -> float:
        away = np.abs(np.mod(longitude - middle, TURN) - np.pi)
        return float(largest[away <= away.min() + _BESIDE].max())

    if largest.max() <= _PEAKED * np.median(field) or on_edge(0.0) <= 0.5 * largest.max():
        return 0.0
    choices = [sign * k * np.pi / 6 for k in range(7) for sign in (1, -1)]
    return float(min(choices, key=on_edge))


def covering(theta: NDArray[np.float64], phi: NDArray[np.float64], values: NDArray[np.float64]) -> Grid:
    """A grid that covers the sphere: closed periodically at longitudes -pi and pi, with both poles.

    Bilinear between the given nodes, as finely as a map needs; where the grid is finer than the picture, the largest
    of neighbouring nodes, so that narrow clusters are seen.  At a pole stands the mean over the nearest circle.
    """
    theta, phi, values = _coarser(theta, phi, values)
    poles = [theta[0] > 0.0, theta[-1] < np.pi]
    means = [np.full((int(add), len(phi)), ring.mean()) for add, ring in zip(poles, values[[0, -1]], strict=True)]
    field = np.tile(np.concatenate([means[0], values, means[1]]), (1, 3))
    down = np.concatenate([[0.0] * int(poles[0]), theta, [np.pi] * int(poles[1])])
    phi = np.mod(phi, TURN)
    order = np.argsort(phi)
    phi, field = phi[order], np.take(field, np.concatenate([order, order + len(phi), order + 2 * len(phi)]), axis=1)
    round_ = np.concatenate([phi - TURN, phi, phi + TURN])
    longitude = _filled(np.union1d(np.mod(phi + np.pi, TURN) - np.pi, [-np.pi, np.pi]))
    colatitude = _filled(down)
    wide = _interpolated(round_, field, longitude)
    return colatitude, longitude, _interpolated(down, wide.T, colatitude).T


def _filled(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """x and enough between: every given node stays a node, so that peaks keep their height."""
    parts = [np.linspace(a, b, int(np.ceil((b - a) / _STEP)), endpoint=False) for a, b in pairwise(x) if b > a]
    return np.concatenate([*parts, x[-1:]])


def _interpolated(x: NDArray[np.float64], values: NDArray[np.float64], fine: NDArray[np.float64]) -> Any:
    """values (..., N) at x, linearly at fine."""
    left, share = cell(x, fine)
    return values[..., left] * (1.0 - share) + values[..., left + 1] * share


def cell(x: NDArray[np.float64], q: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The cell of x that each q lies in, and where in it, from 0 to 1."""
    left = np.clip(np.searchsorted(x, q, side="right") - 1, 0, len(x) - 2)
    return left, (q - x[left]) / (x[left + 1] - x[left])


def _coarser(theta: NDArray[np.float64], phi: NDArray[np.float64], values: NDArray[np.float64]) -> Grid:
    """At most about as many nodes as a map has pixels, each with the largest value of those it stands for."""
    axes = []
    for axis, (x, limit) in enumerate(zip((theta, phi), _LIMIT, strict=True)):
        stride = -(-len(x) // limit)
        starts = np.arange(0, len(x), stride)
        values = np.fmax.reduceat(values, starts, axis=axis)
        axes.append(x[np.minimum(starts + stride // 2, len(x) - 1)])
    return axes[0], axes[1], values
