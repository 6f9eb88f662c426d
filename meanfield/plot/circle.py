"""Pictures of densities and particles on the circle.

Densities are taken with respect to the uniform probability measure d theta / 2 pi, so the uniform one is 1.
Angles are in radians and may be given in any order and on any branch; pictures show [0, 2 pi], closed
periodically.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, arrows, heats, legends, pens, scales, style
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

TURN = 2 * np.pi
ANGLE = r"angle $\theta$ (rad)"


def closed(theta: ArrayLike, values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Angles in order over one whole turn, and their values (..., N), closed periodically.

    The node following 2 pi (and, if no node is at 0, the one before 0) is added, so that straight lines between
    the nodes cover [0, 2 pi].
    """
    angle = np.mod(np.asarray(theta, dtype=float), TURN)
    angle[angle >= TURN] = 0.0  # np.mod rounds angles just below 0 up to a whole turn
    angle, order = np.unique(angle, return_index=True)
    value = np.asarray(values, dtype=float)[..., order]
    angle = np.concatenate([angle[-1:] - TURN, angle, angle[:1] + TURN])
    value = np.concatenate([value[..., -1:], value, value[..., :1]], axis=-1)
    return (angle[1:], value[..., 1:]) if angle[1] == 0.0 else (angle, value)


def wrapped(t: NDArray[np.float64], theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """One particle's polyline (p, 2) in (t, theta mod 2 pi), broken by NaN where it passes 0.

    The passage itself is put in on both sides of the break, so that the line reaches the edge.
    """
    angle = np.unwrap(theta)
    turn = np.floor(angle / TURN)
    points = [(t[0], angle[0] - TURN * turn[0])]
    for i in range(1, len(t)):
        if turn[i] != turn[i - 1] and np.isfinite(turn[i] - turn[i - 1]):
            up = turn[i] > turn[i - 1]
            edge = TURN * max(turn[i], turn[i - 1])
            share = (edge - angle[i - 1]) / (angle[i] - angle[i - 1])
            when = t[i - 1] + share * (t[i] - t[i - 1])
            points += [(when, TURN if up else 0.0), (when, np.nan), (when, 0.0 if up else TURN)]
        points.append((t[i], angle[i] - TURN * turn[i]))
    return np.array(points)


def thinned(
    theta: NDArray[np.float64], values: NDArray[np.float64], limit: int = 512
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most `limit` angles, and the largest value (..., N) near each of them.

    Finer grids than a picture has pixels are shown by their maxima: a narrow cluster must not fall between two
    pixels.
    """
    if len(theta) <= limit:
        return theta, values
    place = np.minimum((np.mod(theta, TURN) * (limit / TURN)).astype(int), limit - 1)
    order = np.argsort(place, kind="stable")
    used, starts = np.unique(place[order], return_index=True)
    return (used + 0.5) * (TURN / limit), np.fmax.reduceat(values[..., order], starts, axis=-1)


def heat(
    t: ArrayLike, theta: ArrayLike, values: ArrayLike, ax: Axes | None = None, *, title: str = "",
    log: bool | None = None, cmap: Any = None, log_time: bool | None = None, ends: bool | None = None,
) -> Axes:  # fmt: skip
    """Density over time as colours: time across, angle up; and beside it the profiles at both ends.

    Grids of more than 512 nodes are shown by the maxima of neighbouring nodes, so that narrow clusters are seen.

    Parameters
    ----------
    t : (T,) array
        Increasing times, at least two.
    theta : (N,) array
        Angles in radians.
    values : (T, N) array
        Density with respect to d theta / 2 pi.
    ax : Axes, optional
        Where to draw; None makes a figure.
    title : str
        Title, usually the parameters.
    log : bool, optional
        Logarithmic colours; None: if max / median > 50.
    cmap : str or Colormap, optional
        Colours; None: those of the session (`image.cmap`), viridis unless the user set others.
    log_time : bool, optional
        A logarithmic axis of times, without what is at t <= 0; None: where the times tell it (`scales.late`).
    ends : bool, optional
        The first and the last density as lines to the right of the axes; None: in a figure made here.

    Returns
    -------
    Axes
        Of the colours; its `child_axes` hold the lines, if there are any.
    """
    angles = arrays.finite("theta", theta, None)
    times, density, late = heats.moments(t, values, len(angles), log_time)
    norm, extend = scales.colours(density, log)
    angles, density = closed(*thinned(angles, density))
    pair = heats.wanted(ends, ax)
    with style.axes(ax, heats.ROOMY if pair else style.WIDE) as ax:
        mesh = heats.painted(ax, times, angles, density, norm, cmap, late, title)
        ax.set(ylim=(0.0, TURN), ylabel=ANGLE)
        style.pi_ticks(ax.yaxis)
        if pair:
            heats.beside(ax, angles, density[[0, -1]], times[[0, -1]], norm, scales.DENSITY)
        style.bar(ax, mesh, scales.DENSITY, extend=extend, pad=0.02, aspect=28)
    return ax


def profiles(
    theta: ArrayLike, values_list: Sequence[ArrayLike] | NDArray[Any], labels: Iterable[Any] | None = None,
    ax: Axes | None = None, *, title: str = "", log: bool | None = None, cmap: Any = None, color: Any = None,
    label: str | None = None,
) -> Axes:  # fmt: skip
    """Densities at several times as lines over the angle.

    Parameters
    ----------
    theta : (N,) array
        Angles in radians.
    values_list : sequence of (N,) arrays
        Densities with respect to d theta / 2 pi.
    labels : sequence, optional
        One for every line.
    ax, title, log
        As for `heat`; `log` is the vertical axis.
    cmap, color : colour map, colour, optional
        Of the lines from first to last, or of all; None: ours, another map for every record on the axes.
    label : str, optional
        What the record is called in the legend; None: nothing, and its title once there are several on the axes.

    Returns
    -------
    Axes
    """
    angles = arrays.finite("theta", theta, None)
    rows = [arrays.numbers(f"values_list[{i}]", v, len(angles)) for i, v in enumerate(values_list)]
    if not rows:
        raise ValueError("values_list must hold at least one density; got none.")
    captions = arrays.names("labels", labels, len(rows))
    logarithmic, low, high = scales.scale(np.stack(rows), log)
    with style.axes(ax) as ax:
        pairs = [closed(angles, np.where(row > 0.0, row, np.nan) if logarithmic else row) for row in rows]
        n = pens.lines(ax, pairs, captions, title, label, color, cmap)
        if logarithmic:
            ax.set(yscale="log")
            pens.reach(ax, n, ylim=(low * 0.7, high * 1.6))
        _angle_axis(ax)
        legends.legend(ax)
    return ax


def single(
    theta: ArrayLike, rho: ArrayLike, ax: Axes | None = None, *, title: str = "", log: bool | None = None,
    cmap: Any = None, color: Any = None, label: str | None = None, velocity: tuple[ArrayLike, ArrayLike] | None = None,
) -> Axes:  # fmt: skip
    """One density rho (N,) at angles theta (N,), as `profiles`; velocity: angles (m,) and d theta / dt (m,) there."""
    ours = ax is None
    ax = profiles(theta, [rho], None, ax, title=title, log=log, cmap=cmap, color=color, label=label)
    if velocity is not None:
        angles = arrays.finite("velocity[0]", velocity[0], None)
        arrows.curve(ax, closed(angles, arrays.finite("velocity[1]", velocity[1], len(angles))), ours)
    return ax


def overlay(
    theta: ArrayLike, rho: ArrayLike, samples: ArrayLike, bins: int = 72, ax: Axes | None = None, *,
    weights: ArrayLike | None = None, title: str = "",
) -> Axes:  # fmt: skip
    """Particles as a histogram, against the density they should follow.

    Bars have the height (mass in the bin) / (bin width / 2 pi), which is comparable with `rho`.

    Parameters
    ----------
    theta, rho : (N,) arrays
        Angles in radians and the density with respect to d theta / 2 pi.
    samples : (n,) array
        Particles' angles, on any branch.
    bins : int
        Number of equal bins of the circle.
    weights : (n,) array, optional
        Masses of the particles, brought to sum 1; equal if not given.
    ax, title
        As for `heat`.

    Returns
    -------
    Axes
    """
    angles = arrays.finite("theta", theta, None)
    density = arrays.numbers("rho", rho, len(angles))
    points = arrays.finite("samples", samples, None)
    mass = arrays.masses("weights", weights, len(points))
    bins = inputs.integer("bins", bins, low=1)
    # np.mod rounds angles just below 0 up to 2 pi, which the last bin includes.
    heights, edges = np.histogram(np.mod(points, TURN), bins=bins, range=(0.0, TURN), weights=mass)
    heights = heights * bins
    x, y = closed(angles, density)
    with style.axes(ax) as ax:
        ax.stairs(heights, edges, fill=True, color="0.80", label=f"{len(points)} particles")
        ax.stairs(heights, edges, color="0.55", linewidth=0.5)
        ax.plot(x, y, color=style.line_styles(1)[0]["color"], label=r"density $\rho$")
        finite = y[np.isfinite(y)]
        ax.set_ylim(min(0.0, float(finite.min(initial=0.0))), 1.08 * max(heights.max(), finite.max(initial=0.0)))
        _angle_axis(ax)
        style.headline(ax, title)
        legends.legend(ax)
    return ax


def _angle_axis(ax: Axes) -> None:
    ax.set(xlim=(0.0, TURN), xlabel=ANGLE, ylabel=scales.DENSITY)
    style.pi_ticks(ax.xaxis)


def ring(
    theta: ArrayLike, ax: Axes | None = None, *, weights: ArrayLike | None = None, stacked: bool = True,
    mean: bool = True, title: str = "", color: Any = None, label: str | None = None,
    velocity: ArrayLike | None = None, fixed: ArrayLike | None = None,
) -> Axes:  # fmt: skip
    """Particles on the unit circle, those at the same place stacked outwards so that clusters show their size.

    Parameters
    ----------
    theta : (n,) array
        Particles' angles in radians, on any branch.
    weights : (n,) array, optional
        Masses, brought to sum 1; shown as the area of the dots.
    stacked : bool
        Stack particles that would cover one another; otherwise all lie on the circle.
    mean : bool
        Draw the mean of the points as an arrow from the centre.
    ax, title
        As for `heat`.
    color, label
        Of the dots, as for `profiles`.
    velocity : (n,) array, optional
        d theta / dt of the particles, drawn as arrows along the circle.
    fixed : (k,) array, optional
        Angles of particles that are seen and do not move, drawn as crosses.

    Returns
    -------
    Axes
    """
    angle = np.mod(arrays.finite("theta", theta, None), TURN)
    mass = arrays.masses("weights", weights, len(angle))
    radius, spacing = _stack(angle, 120) if inputs.flag("stacked", stacked) else (np.ones(len(angle)), 0.07)
    centre = np.array([mass @ np.cos(angle), mass @ np.sin(angle)])
    if radius.max() == 1.0:  # nobody is stacked: the dots need only stay clear of their neighbours
        spacing = 0.6 * TURN / len(angle)
    reach = max(1.12, float(radius.max()) + 0.08)
    with style.axes(ax, style.SQUARE) as ax:
        turn = np.linspace(0.0, TURN, 361)
        ax.plot(np.cos(turn), np.sin(turn), color="0.6", linewidth=0.7, zorder=1)
        largest = np.clip(5.0e3 * spacing**2, 3.0, 30.0)
        dots = ax.scatter(
            radius * np.cos(angle), radius * np.sin(angle), s=largest * mass / mass.max(),
            color=pens.pen(ax, color)["color"], linewidth=0, zorder=3,
        )  # fmt: skip
        if inputs.flag("mean", mean):
            _mean_arrow(ax, centre)
        for name, x, y, ha, va in (
            ("$0$", 0.9, 0, "right", "center"), (r"$\pi/2$", 0, 0.9, "center", "top"),
            (r"$\pi$", -0.9, 0, "left", "center"), (r"$3\pi/2$", 0, -0.9, "center", "bottom"),
        ):  # fmt: skip
            ax.text(x, y, name, ha=ha, va=va, color="0.35", fontsize="small")
        if velocity is not None:
            speed = arrays.finite("velocity", velocity, len(angle))
            out = np.stack([np.cos(angle), np.sin(angle)], 1)
            kept = arrows.spread(out, arrows.MANY // 4)
            along = speed[:, None] * out[:, ::-1] * [-1.0, 1.0]
            arrows.plane(ax, out[kept], along[kept], np.abs(speed[kept]))
        if fixed is not None:
            held = arrays.finite("fixed", fixed, None)
            ax.scatter(np.cos(held), np.sin(held), s=36.0, color=style.INK, marker="x", linewidth=1.2, zorder=5)
        n = pens.tell(ax, [dots], title, label)
        pens.reach(ax, n, xlim=(-reach, reach), ylim=(-reach, reach))
        ax.set(aspect="equal")
        legends.legend(ax)
        ax.set_axis_off()
    return ax


def _mean_arrow(ax: Axes, centre: NDArray[np.float64]) -> None:
    size = float(np.hypot(*centre))
    if size > 0.02:
        arrow = {"arrowstyle": "-|>", "color": style.INK, "lw": 1.0, "shrinkA": 0.0, "shrinkB": 0.0}
        ax.annotate("", xy=(centre[0], centre[1]), xytext=(0.0, 0.0), arrowprops=arrow)
    ax.plot(0.0, 0.0, marker="+", color=style.INK, markersize=5, markeredgewidth=0.7)
    words = rf"$|\int x\, d\mu| = {size:.3f}$"
    ax.text(0.0, -0.3 if centre[1] >= 0 else 0.3, words, ha="center", va="center", color=style.INK)


def _stack(angle: NDArray[np.float64], places: int) -> tuple[NDArray[np.float64], float]:
    """Radii that pile up particles of the same place, and the distance between the dots of a pile."""
    place = np.minimum((angle / TURN * places).astype(int), places - 1)
    order = np.argsort(place, kind="stable")
    sizes = np.bincount(place, minlength=places)
    height = np.empty(len(angle))
    height[order] = np.arange(len(angle)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    spacing = min(TURN / places * 0.9, 0.7 / max(1, sizes.max()))
    return 1.0 + spacing * height, spacing


def around(
    theta: NDArray[np.float64], rho: NDArray[np.float64], norm: Normalize
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Angles (p,), dense enough to look round, and the inner and outer colours (2, p) of a density's band there."""
    x, y = closed(*thinned(theta, rho))
    fine = np.union1d(np.linspace(0.0, TURN, 361), np.clip(x, 0.0, TURN))
    return fine, np.tile(np.clip(np.interp(fine, x, y), norm.vmin, norm.vmax), (2, 1))


def band(
    theta: ArrayLike, rho: ArrayLike, ax: Axes | None = None, *, norm: Normalize | None = None, title: str = "",
    log: bool | None = None, cmap: Any = None,
) -> Axes:  # fmt: skip
    """A density as the colour of a band along the circle.

    Parameters
    ----------
    theta, rho : (N,) arrays
        Angles in radians and the density with respect to d theta / 2 pi.
    norm : matplotlib Normalize, optional
        Scale of the colours, if pictures are to be compared; otherwise as `log` says, as for `heat`.
    ax, title, log, cmap
        As for `heat`.

    Returns
    -------
    Axes
    """
    angles = arrays.finite("theta", theta, None)
    density = arrays.numbers("rho", rho, len(angles))
    norm = scales.colours(density, log)[0] if norm is None else norm
    fine, colour = around(angles, density, norm)
    radii = np.array([[0.82], [1.0]])
    with style.axes(ax, style.SQUARE) as ax:
        ax.pcolormesh(
            radii * np.cos(fine), radii * np.sin(fine), colour, norm=norm, cmap=pens.colours(cmap),
            shading="gouraud", rasterized=True,
        )  # fmt: skip
        for radius in radii[:, 0]:
            ax.plot(radius * np.cos(fine), radius * np.sin(fine), color="0.4", linewidth=0.5)
        for k, name in enumerate(("$0$", r"$\pi/2$", r"$\pi$", r"$3\pi/2$")):
            across, up = 0.68 * np.cos(k * np.pi / 2), 0.68 * np.sin(k * np.pi / 2)
            ax.text(across, up, name, ha="center", va="center", color="0.35", fontsize="small")
        ax.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), aspect="equal")
        style.headline(ax, title)
        ax.set_axis_off()
    return ax
