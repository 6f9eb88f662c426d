"""A density of a histogram: smooth, positive, and with the mass of every cell.

The logarithm g of the density is a Fourier series in the angle (on zonal spheres of cosines of the angle to the axis)
that takes the mean of e^g over every cell to the value given there, and is least in a norm that grows with the degree:

    sum_k e^{2 s k / k_N} |g_k|^2,    k_N the degree that N cells can tell.

So a density that is smooth at the scale of the cells is found with an error that falls like its own aliasing, and one
that is not still has its masses.  A cell without mass has no such density: an analytic one that is nowhere negative
has mass everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy

from meanfield.protocols import Array, Space
from meanfield.tools import inputs

MOST = 500
"""Cells at most: matrices of their number squared are dense."""
NODES = 16
"""Gauss nodes in each cell, in which g makes about one wave at most."""
STEEP = 15.0
"""s: e^s is what the degree k_N is worse than degree 0."""
KEPT = 1e-13
"""Relative error of a cell's mass at which the search ends."""
LOOSE = 1e-11
"""And with which it is taken, where rounding permits no better."""
STEPS = 100


def checked(space: Space, values: Any, edges: Any) -> tuple[Array, Array]:
    """Values (N,) > 0 and edges (N + 1,) that cover the space's line."""
    e = checked_edges(space, edges)
    v = inputs.array("values", values, shape=(len(e) - 1,))
    _refuse_counts(space, values, e)
    if (v < 0.0).any():
        i = int(np.argmax(v < 0.0))
        raise ValueError(f"values: got {float(v[i])!r} in cell {i}: a density is not negative")
    if (v == 0.0).any():
        empty = np.flatnonzero(v == 0.0)
        a, b = e[empty[0]], e[empty[0] + 1]
        where = f"{len(empty)} of {len(v)} cells are empty, the first between {a:.4g} and {b:.4g}"
        raise ValueError(
            f"values: {where}; a smooth density has mass everywhere: join each with a neighbour (leave out the edge "
            "between them, and give the mean), or estimate from the points, space.density_from(points, bandwidth=)"
        )
    return v, e


def _refuse_counts(space: Space, values: Any, e: Array) -> None:
    """Whole numbers over cells of unequal areas are taken for counts: as means they would be another density."""
    sigma = areas(space, e)
    if np.asarray(values).dtype.kind in "iub" and np.ptp(sigma) > 1e-6 * sigma.max():
        raise ValueError(
            f"values: got whole numbers over cells whose areas are {sigma.min():.4g} to {sigma.max():.4g}: counts? "
            "Type counts / space.cell_areas(edges); means of the density are floats, numpy.asarray(values, float)"
        )


def checked_edges(space: Space, edges: Any) -> Array:
    """Edges (N + 1,), increasing, once round the circle or from pole to pole."""
    line = space.line
    if line is None or space.geometry.manifold != "sphere":
        raise TypeError(f"edges: {space} has no angle that edges could cut: use density_from_map, or density_from")
    e = inputs.array("edges", edges, ndim=1, radians=True)
    wanted = "increasing, once round: edges[-1] = edges[0] + 2 pi" if line.turn else "increasing from 0 to pi"
    remedy = f"numpy.linspace(0, {'2 * ' if line.turn else ''}numpy.pi, n + 1), for example."
    if not 3 <= len(e) <= MOST + 1:
        raise ValueError(inputs.message("edges", f"3 to {MOST + 1} angles", inputs.several(len(e), "number"), remedy))
    length, first = (line.turn, float(e[0])) if line.turn else (line.high, 0.0)
    room = 8.0 * max(length, abs(first)) * inputs.spacing("edges", edges)
    ends = max(abs(e[0] - first), abs(e[-1] - first - length))
    if not (np.diff(e) > 0.0).all() or ends > room:
        came = f"{e[0]:.6g} to {e[-1]:.6g}" + ("" if (np.diff(e) > 0.0).all() else ", not increasing")
        if abs(e[-1] - e[0] - np.degrees(length)) < 1e-3:
            remedy = "In degrees? numpy.radians(edges)."
        raise ValueError(inputs.message("edges", f"{wanted}, in radians", came, remedy))
    e[0], e[-1] = first, first + length
    return e


def areas(space: Space, edges: Array) -> Array:
    """sigma of every cell, of sum 1."""
    if space.line is not None and space.line.turn:
        return np.diff(edges) / space.line.turn
    half = 0.5 * (space.d - 1.0)
    # from whichever pole is nearer: the share below a height, which would be 1 less rounding from the other
    north = scipy.special.betainc(half, half, np.square(np.sin(0.5 * edges)))
    south = scipy.special.betainc(half, half, np.square(np.cos(0.5 * edges)))
    return np.where(edges[1:] <= 0.5 * np.pi, np.diff(north), -np.diff(south))


def smooth(space: Space, values: Any, edges: Any) -> Callable[[Array], Array]:
    """Coordinates -> e^g, proportional to the density whose cells have these means."""
    v, e = checked(space, values, edges)
    turning = space.line is not None and bool(space.line.turn)
    g = _logarithm(space, np.log(v / v.mean()), e, turning)
    half = len(g) // 2
    c = g[: half + 1] - 1j * np.append(0.0, g[half + 1 :]) if turning else g  # a cos + b sin = Re (a - ib) e^{i theta}

    def density(q: Array) -> Array:
        if not turning:
            return np.exp(np.polynomial.chebyshev.chebval(q, g))
        series = np.polynomial.polynomial.polyval(np.exp(1j * np.asarray(q)), c)
        return np.exp(series.real)

    return density


def _logarithm(space: Space, log: Array, e: Array, turning: bool) -> Array:
    """g's coefficients, by Newton's method in the logarithm of the cells' means."""
    N, (u, w) = len(log), np.polynomial.legendre.leggauss(NODES)
    mid, half = 0.5 * (e[1:] + e[:-1]), 0.5 * np.diff(e)
    a = mid[:, None] + half[:, None] * u
    k = np.arange(N + 1.0) if turning else np.arange(2.0 * N + 1.0)
    wave = k * a[..., None]
    table = np.concatenate([np.cos(wave), np.sin(wave[..., 1:])], axis=-1) if turning else np.cos(wave)
    rank = np.concatenate([k, k[1:]]) if turning else k
    light = np.exp(-2.0 * STEEP * rank / (0.5 * N if turning else N))
    share = w * np.ones((N, 1))
    if not turning:  # the law of the angle in a cell, whose mass need be no float
        logs = (space.d - 2.0) * np.log(np.sin(a))
        share = w * np.exp(logs - logs.max(axis=-1, keepdims=True))
    share /= share.sum(axis=-1, keepdims=True)

    def look(g: Array) -> tuple[Array, Array]:
        E = share * np.exp(table @ g)
        mean = E.sum(axis=-1)
        return log - np.log(mean), np.einsum("nq,nqk->nk", E, table) / mean[:, None]

    g = np.zeros(len(rank))
    short, slope = look(g)
    for _ in range(STEPS):
        size = np.abs(short).max()
        if size <= KEPT:
            break
        try:
            change = _least(slope, light, short if size < 1e-6 else short + slope @ g) - (0.0 if size < 1e-6 else g)
        except np.linalg.LinAlgError:
            break
        for cut in (1.0, 0.5, 0.25, 0.125, 0.0625):
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                now, then = look(g + cut * change)
            if np.abs(now).max() < size:
                break
        else:
            break
        g, short, slope = g + cut * change, now, then
    if not np.abs(short).max() <= LOOSE:
        raise ValueError(
            f"values: no smooth density was found with these masses ({np.abs(short).max():.1e} of one is missing): "
            "they vary too much from cell to cell: join cells, or use space.density_from(points, bandwidth=)"
        )
    return g


def _least(slope: Array, light: Array, short: Array) -> Array:
    """The g with slope @ g = short of the least sum g^2 / light."""
    half = slope * np.sqrt(light)
    q, r = np.linalg.qr(half.T)
    return np.asarray(np.sqrt(light) * (q @ scipy.linalg.solve_triangular(r, short, trans="T")))
