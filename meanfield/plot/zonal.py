"""Pictures of axisymmetric densities on S^{d-1}: functions of the height c = <x, axis> in [-1, 1].

Densities are taken with respect to the uniform probability measure sigma, so the uniform one is 1.  Under sigma the
height has the law (1 - c^2)^{(d-3)/2} / B(1/2, (d-1)/2) dc; times that, a density becomes the law of c, whose
integral over c is the mass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import lgamma
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, arrows, heats, legends, pens, scales, style
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = r"height $c = \langle x, \mathrm{axis}\rangle$"
LAW = r"law of $c$ (integral 1)"
_LARGEST = 1024
_FAINT = 1e-16
"""Mass under sigma of a node beyond which its value is rounding, and is not shown."""


# --- what the nodes know -----------------------------------------------------------------------------------


def law(d: int, c: ArrayLike) -> NDArray[np.float64]:
    """Density of the height under sigma, (1 - c^2)^{(d-3)/2} / B(1/2, (d-1)/2), per unit of c."""
    height = np.asarray(c, dtype=float)
    log_beta = lgamma(0.5) + lgamma(0.5 * (d - 1)) - lgamma(0.5 * d)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = 0.5 * (d - 3) * np.log((1.0 - height) * (1.0 + height)) if d != 3 else 0.0 * height
    return np.asarray(np.exp(power - log_beta))


def dimension(c: NDArray[np.float64]) -> int | None:
    """The d whose Gauss nodes these are, 2 to 1024; None if they are none.

    The sum of their squares is the trace of the Jacobi matrix squared, 2 sum_{k<n} b_k^2 with
    b_k^2 = k (k+d-3) / ((2k+d-2)(2k+d-4)), which falls strictly with d.
    """
    n = len(c)
    if n < 3:
        return None
    d = np.arange(2.0, _LARGEST + 1.0)[:, None]
    k = np.arange(2.0, n)
    trace = 2.0 * (1.0 / d[:, 0] + np.sum(k * (k + d - 3.0) / ((2.0 * k + d - 2.0) * (2.0 * k + d - 4.0)), axis=1))
    gap = np.abs(trace - np.sum(c**2))
    best = int(np.argmin(gap))
    # the step from one d to the next is far above rounding; sums of other grids meet one only by accident
    return best + 2 if gap[best] <= 1e-9 * trace[best] and np.abs(np.sum(c)) < 1e-9 * n else None


def shown(c: NDArray[np.float64], d: int | None) -> NDArray[np.bool_]:
    """Nodes at which a value means something: near the poles of high dimensions there is no mass to determine it."""
    if d is None:
        return np.ones(len(c), dtype=bool)
    return np.asarray(law(d, c) * np.gradient(c) > _FAINT) | (np.abs(c) < 0.02)


def readable(c: ArrayLike, d: int | None) -> tuple[NDArray[np.float64], NDArray[np.bool_], int | None]:
    """Ascending heights (N,), which of them are `shown`, and the dimension: given, or read off the nodes."""
    heights = arrays.finite("c", c, None)
    if len(heights) < 2 or np.abs(heights).max() > 1.0 + 1e-12 or not np.all(np.diff(heights) > 0):
        raise ValueError(f"c must be at least two increasing heights in [-1, 1]; got {inputs.describe(heights)}.")
    heights = np.clip(heights, -1.0, 1.0)
    d = dimension(heights) if d is None else inputs.dimension("d", d)
    return heights, shown(heights, d), d


def _needed(d: int | None) -> int:
    if d is None:
        raise ValueError("d must be the ambient dimension, unless it can be read off Gauss nodes c; got None.")
    return d


# --- pictures ----------------------------------------------------------------------------------------------


def heat(
    t: ArrayLike, c: ArrayLike, values: ArrayLike, ax: Axes | None = None, *, title: str = "",
    log: bool | None = None, d: int | None = None, as_law: bool = False, by_angle: bool = False, cmap: Any = None,
    log_time: bool | None = None, ends: bool | None = None,
) -> Axes:  # fmt: skip
    """Density over time as colours: time across, height up; and beside it the profiles at both ends.

    Parameters
    ----------
    t : (T,) array
        Increasing times, at least two.
    c : (N,) array
        Heights in [-1, 1], ascending, spaced in any way.  Beyond the last node its colour goes on to the pole.
    values : (T, N) array
        Density with respect to sigma.
    ax : Axes, optional
        Where to draw; None makes a figure.
    title : str
        Title, usually the parameters.
    log : bool, optional
        Logarithmic colours; None: if max / median > 50.
    d : int, optional
        Ambient dimension; None: read off Gauss nodes.  In high dimensions nodes near the poles are left blank, where
        less than 1e-16 of sigma's mass leaves the density undetermined in double precision.
    as_law : bool
        Show the law of c instead, the density times that of c under sigma: where the mass is, in any dimension.
    by_angle : bool
        Space the heights by the angle arccos c from the axis, which widens the neighbourhood of the poles.
    cmap, log_time, ends
        As for `circle.heat`.

    Returns
    -------
    Axes
    """
    heights, seen, d = readable(c, d)
    times, density, late = heats.moments(t, values, len(heights), log_time)
    heights, density = heights[seen], density[:, seen]
    if as_law:
        density = density * law(_needed(d), heights)
    heights, density = _thinned(*_to_the_poles(heights, density))
    norm, extend = scales.colours(density, log)
    pair = heats.wanted(ends, ax)
    with style.axes(ax, heats.ROOMY if pair else style.WIDE) as ax:
        mesh = heats.painted(ax, times, heights, density, norm, cmap, late, title)
        ax.set_facecolor("0.93")  # where nothing is known
        ax.set(ylabel=HEIGHT)
        _height_scale(ax, "y", by_angle)
        ax.set_ylim(-1.0, 1.0)
        words = LAW if as_law else scales.DENSITY
        if pair:
            heats.beside(ax, heights, density[[0, -1]], times[[0, -1]], norm, words)
        style.bar(ax, mesh, words, extend=extend, pad=0.02, aspect=28)
    return ax


def profiles(
    c: ArrayLike, values_list: Sequence[ArrayLike] | NDArray[Any], labels: Iterable[Any] | None = None,
    ax: Axes | None = None, *, title: str = "", log: bool | None = None, d: int | None = None,
    as_law: bool = False, by_angle: bool = False, cmap: Any = None, color: Any = None, label: str | None = None,
) -> Axes:  # fmt: skip
    """Densities at several times as lines over the height.

    Parameters
    ----------
    c : (N,) array
        Heights in [-1, 1], ascending.
    values_list : sequence of (N,) arrays
        Densities with respect to sigma.
    labels : sequence, optional
        One for every line.
    as_law : bool
        Show the law of c instead: the area under a line is its mass.
    ax, title, log, d, by_angle
        As for `heat`; `log` is the vertical axis.
    cmap, color, label
        As for `circle.profiles`.

    Returns
    -------
    Axes
    """
    heights, seen, d = readable(c, d)
    rows = [arrays.numbers(f"values_list[{i}]", v, len(heights)) for i, v in enumerate(values_list)]
    if not rows:
        raise ValueError("values_list must hold at least one density; got none.")
    captions = arrays.names("labels", labels, len(rows))
    factor = law(_needed(d), heights[seen]) if as_law else np.ones(int(seen.sum()))
    lines = np.stack([row[seen] * factor for row in rows])
    logarithmic, low, high = scales.scale(lines, log)
    with style.axes(ax) as ax:
        pairs = [(heights[seen], np.where(line > 0.0, line, np.nan) if logarithmic else line) for line in lines]
        n = pens.lines(ax, pairs, captions, title, label, color, cmap)
        if logarithmic:
            ax.set(yscale="log")
            pens.reach(ax, n, ylim=(low * 0.7, high * 1.6))
        ax.set(xlabel=HEIGHT, ylabel=LAW if as_law else scales.DENSITY)
        _height_scale(ax, "x", by_angle)
        pens.reach(ax, n, xlim=_reach(heights[seen], lines) if as_law else (-1.0, 1.0))
        legends.legend(ax)
    return ax


def single(
    c: ArrayLike, rho: ArrayLike, ax: Axes | None = None, *, title: str = "", log: bool | None = None,
    d: int | None = None, as_law: bool = False, by_angle: bool = False, cmap: Any = None, color: Any = None,
    label: str | None = None, velocity: tuple[ArrayLike, ArrayLike] | None = None,
) -> Axes:  # fmt: skip
    """One density rho (N,) at heights c (N,), as `profiles`; velocity: heights (m,) and speeds (m,) towards c = 1."""
    look: dict[str, Any] = {"title": title, "log": log, "cmap": cmap, "color": color, "label": label}
    ours = ax is None
    ax = profiles(c, [rho], None, ax, d=d, as_law=as_law, by_angle=by_angle, **look)
    if velocity is not None:
        arrows.curve(ax, velocity, ours)
    return ax


def overlay(
    c: ArrayLike, rho: ArrayLike, samples: ArrayLike, bins: int = 60, ax: Axes | None = None, *,
    weights: ArrayLike | None = None, title: str = "", d: int | None = None,
) -> Axes:  # fmt: skip
    """Particles' heights as a histogram, against the law of c they should follow.

    Bars have the height (mass in the bin) / (bin width), which is comparable with rho times the law of c under sigma.

    Parameters
    ----------
    c, rho : (N,) arrays
        Heights in [-1, 1], ascending, and the density with respect to sigma.
    samples : (n,) array
        Particles' heights <x_i, axis>.
    bins : int
        Number of equal bins of the heights shown: all of [-1, 1], or less where high dimensions leave the rest empty.
    weights : (n,) array, optional
        Masses of the particles, brought to sum 1; equal if not given.
    ax, title, d
        As for `heat`; d is needed unless c are Gauss nodes.

    Returns
    -------
    Axes
    """
    heights, seen, d = readable(c, d)
    density = arrays.numbers("rho", rho, len(heights))
    points = arrays.finite("samples", samples, None)
    if np.abs(points).max() > 1.0 + 1e-9:
        raise ValueError(f"samples must be heights in [-1, 1]; got one of {points[np.abs(points).argmax()]:.6g}.")
    mass = arrays.masses("weights", weights, len(points))
    bins = inputs.integer("bins", bins, low=1)
    x = heights[seen]
    y = density[seen] * law(_needed(d), x)
    points = np.clip(points, -1.0, 1.0)
    low, high = _reach(x, y[None])
    low, high = min(low, float(points.min())), max(high, float(points.max()))
    tall, edges = np.histogram(points, bins=bins, range=(low, high), weights=mass)
    tall = tall / np.diff(edges)
    with style.axes(ax) as ax:
        ax.stairs(tall, edges, fill=True, color="0.80", label=f"{len(points)} particles")
        ax.stairs(tall, edges, color="0.55", linewidth=0.5)
        ax.plot(x, y, color=style.line_styles(1)[0]["color"], label=r"density $\rho$")
        inside = y[np.isfinite(y) & (x >= low) & (x <= high)]
        ax.set_ylim(min(0.0, float(inside.min(initial=0.0))), 1.08 * max(tall.max(), float(inside.max(initial=0.0))))
        ax.set(xlim=(low, high), xlabel=HEIGHT, ylabel=LAW)
        style.headline(ax, title)
        legends.legend(ax)
    return ax


# --- axes --------------------------------------------------------------------------------------------------


def _to_the_poles(
    c: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Heights with the poles added where the next node is no further than the last gap or so."""
    gap = 2.0 * np.diff(c)
    first = [-1.0] if -1.0 < c[0] <= -1.0 + gap[0] else []
    last = [1.0] if 1.0 - gap[-1] <= c[-1] < 1.0 else []
    edges = [values[:, :1]] * len(first), [values[:, -1:]] * len(last)
    return np.concatenate([first, c, last]), np.concatenate([*edges[0], values, *edges[1]], axis=1)


def _thinned(
    c: NDArray[np.float64], values: NDArray[np.float64], limit: int = 512
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most about `limit` heights, each with the largest value (..., N) of the nodes it stands for."""
    stride = -(-len(c) // limit)
    if stride == 1:
        return c, values
    starts = np.arange(0, len(c), stride)
    largest = np.fmax.reduceat(values, starts, axis=-1)
    middle = c[np.minimum(starts + stride // 2, len(c) - 1)]
    middle[0], middle[-1] = c[0], c[-1]
    return middle, largest


def _reach(c: NDArray[np.float64], lines: NDArray[np.float64]) -> tuple[float, float]:
    """Heights outside of which no line rises above a thousandth of the highest (by a node's margin)."""
    top = np.fmax.reduce(np.where(np.isfinite(lines), lines, np.nan), axis=0)
    where = np.flatnonzero(top > 1e-3 * np.nanmax(top))
    low, high = max(int(where[0]) - 1, 0), min(int(where[-1]) + 1, len(c) - 1)
    return (-1.0 if low == 0 else float(c[low])), (1.0 if high == len(c) - 1 else float(c[high]))


def _height_scale(ax: Axes, which: str, by_angle: bool) -> None:
    """Ticks from -1 to 1 on the "x" or "y" axis; spaced by the angle from the axis of symmetry if asked."""
    ticks = [-1.0, -0.5, 0.0, 0.5, 1.0]
    if by_angle:
        (ax.set_xscale if which == "x" else ax.set_yscale)("function", functions=(_angle, _height))
        ticks = [-1.0, -0.9, -0.5, 0.0, 0.5, 0.9, 1.0]
    ax.set(**{f"{which}ticks": ticks})


def _angle(c: ArrayLike) -> NDArray[np.float64]:
    return -np.arccos(np.clip(c, -1.0, 1.0))


def _height(angle: ArrayLike) -> NDArray[np.float64]:
    return np.cos(np.clip(angle, -np.pi, 0.0))
