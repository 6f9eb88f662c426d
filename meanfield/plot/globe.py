"""Pictures of densities on the sphere S^2, with or without particles: what a space's nodes are drawn by.

Densities are taken with respect to the uniform probability measure sigma, so the uniform one is 1; nodes are the unit
rows of a product grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, legends, pens, scales, style
from meanfield.plot.grids import TURN, covering, grid, seam
from meanfield.plot.mollweide import BENEATH, meridian_names, mollweide, paint
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAPS = 6
"""Maps in a picture over time."""
_MANY = (4.8, 1.5)
"""Inches of two maps side by side."""
_LABEL = 1.6
"""Height of a label above its map, in units of its letters."""


def heat(
    t: ArrayLike, nodes: ArrayLike, values: ArrayLike, ax: Axes | None = None, *, title: str = "",
    log: bool | None = None, cmap: Any = None, centre: float | None = None, log_time: bool | None = None,
) -> Axes:  # fmt: skip
    """Density over time as six maps, at the saved times nearest to equally spaced ones, in common colours.

    Parameters
    ----------
    t : (T,) array
        Increasing times.
    nodes : (N, 3) array
        Unit rows of a product grid.
    values : (T, N) array
        Density with respect to sigma.
    ax, title, log, cmap, centre
        As for `maps`.
    log_time : bool, optional
        Times equally spaced in log t; None: where the times tell it (`scales.late`).

    Returns
    -------
    Axes
    """
    times = arrays.finite("t", t, None)
    if not np.all(np.diff(times) > 0):
        raise ValueError(f"t must be increasing times; got {inputs.describe(times)}.")
    density = arrays.numbers("values", values, len(times), grid(nodes)[2].size)
    asked = scales.spaced(times, MAPS, log_time)
    picked = np.unique(np.abs(times - asked[:, None]).argmin(axis=1))
    labels = [f"$t = {clock}$" for clock in scales.clocks(times[picked])]
    return maps(nodes, density[picked], labels, ax, title=title, log=log, cmap=cmap, centre=centre)


def maps(
    nodes: ArrayLike, values_list: Sequence[ArrayLike] | NDArray[Any], labels: Iterable[Any] | None = None,
    ax: Axes | None = None, *, title: str = "", log: bool | None = None, cmap: Any = None, centre: float | None = None,
) -> Axes:  # fmt: skip
    """Several densities as small maps in common colours; the first tells the longitudes of all.

    Parameters
    ----------
    nodes : (N, 3) array
        Unit rows of a product grid.
    values_list : sequence of (N,) arrays
        Densities with respect to sigma.
    labels : sequence, optional
        One for every map.
    ax : Axes, optional
        Ordinary axes in whose place the maps are put (as its `child_axes`); None makes a figure.
    title, log, cmap, centre
        As for `mollweide.mollweide`.

    Returns
    -------
    Axes
    """
    theta, phi, place = grid(nodes)
    rows = [arrays.numbers(f"values_list[{i}]", v, place.size)[place] for i, v in enumerate(values_list)]
    if not rows:
        raise ValueError("values_list must hold at least one density; got none.")
    captions = arrays.names("labels", labels, len(rows))
    middle = seam(phi, np.max(rows, axis=0)) if centre is None else inputs.number("centre", centre)
    norm, extend = scales.colours(np.stack(rows), log)
    with style.axes(ax, (_MANY[0], 0.9 + _MANY[1] * -(-len(rows) // 2))) as ax:
        mesh: Any = None
        columns, filled = _columns(ax, len(rows))
        lines = -(-len(rows) // columns)
        for i, (row, caption) in enumerate(zip(rows, captions, strict=True)):
            across, down = i % columns, i // columns
            box = (across / columns + 0.01, 1.0 - (down + 1) / lines, 1.0 / columns - 0.02, filled / lines)
            inset: Any = ax.inset_axes(box, projection="mollweide")
            mesh = paint(inset, covering(theta, phi - middle, row), norm, cmap)
            if i == 0:
                meridian_names(inset, middle, 90, "small")
            inset.set_title(caption, loc="center", pad=3.0)
        style.headline(ax, title)
        ax.set_axis_off()
        style.bar(ax, mesh, scales.DENSITY, extend=extend, **BENEATH)
    return ax


def _columns(ax: Axes, count: int) -> tuple[int, float]:
    """In how many columns so many maps, twice as wide as high, are largest in the place of the axes.

    And the share of its line's height that a map takes; above it stands its label.
    """
    place = ax.get_window_extent()
    label = _LABEL * float(ax.title.get_fontsize()) * style.root(ax).dpi / 72.0

    def filled(columns: int) -> float:
        return max(1.0 - label * -(-count // columns) / place.height, 0.3)

    def width(columns: int) -> float:
        return float(min(place.width / columns, 2.0 * filled(columns) * place.height / -(-count // columns)))

    columns = max(range(1, count + 1), key=width)
    return columns, filled(columns)


def profiles(
    nodes: ArrayLike, values_list: Sequence[ArrayLike] | NDArray[Any], labels: Iterable[Any] | None = None,
    ax: Axes | None = None, *, title: str = "", log: bool | None = None, cmap: Any = None, color: Any = None,
    label: str | None = None,
) -> Axes:  # fmt: skip
    """Means over the longitude of densities at several times, as lines over the latitude, spaced by area.

    Equal lengths stand for equal parts of the sphere, so that a line's mean height is its mass.

    Parameters
    ----------
    nodes : (N, 3) array
        Unit rows of a product grid.
    values_list : sequence of (N,) arrays
        Densities with respect to sigma.
    labels : sequence, optional
        One for every line.
    ax, title, log
        Where to draw (ordinary axes, None makes a figure), the title, and whether the vertical axis is logarithmic.
    cmap, color, label
        As for `circle.profiles`.

    Returns
    -------
    Axes
    """
    theta, phi, place = grid(nodes)
    rows = [arrays.numbers(f"values_list[{i}]", v, place.size) for i, v in enumerate(values_list)]
    if not rows:
        raise ValueError("values_list must hold at least one density; got none.")
    captions = arrays.names("labels", labels, len(rows))
    gaps = np.diff(np.concatenate([phi[-1:] - TURN, phi, phi[:1] + TURN]))
    share = (gaps[1:] + gaps[:-1]) / (2 * TURN)  # the trapezoid rule, whatever the longitudes
    lines = np.stack([row[place] @ share for row in rows])
    logarithmic, low, high = scales.scale(lines, log)
    with style.axes(ax) as ax:
        pairs = [(np.cos(theta), np.where(line > 0.0, line, np.nan) if logarithmic else line) for line in lines]
        n = pens.lines(ax, pairs, captions, title, label, color, cmap)
        if logarithmic:
            ax.set(yscale="log")
            pens.reach(ax, n, ylim=(low * 0.7, high * 1.6))
        degrees = np.array([-90, -30, 0, 30, 90])  # nowhere so near that their names would touch
        names = [f"${v}\\degree$" for v in degrees]
        ax.set(xlim=(-1.0, 1.0), xlabel="latitude, spaced by area", ylabel=r"mean of $\rho$ over the longitude")
        ax.set_xticks(np.sin(np.deg2rad(degrees)), names)
        legends.legend(ax)
    return ax


def overlay(
    nodes: ArrayLike, rho: ArrayLike, samples: ArrayLike, ax: Axes | None = None, *, title: str = "",
    log: bool | None = None, cmap: Any = None, centre: float | None = None,
) -> Axes:  # fmt: skip
    """Particles `samples` (n, 3) as dots on the map of the density rho (N,) they should follow.

    `nodes` (N, 3) are unit rows of a product grid; ax, title, log, cmap and centre are those of `mollweide.mollweide`.
    """
    return single(nodes, rho, ax, samples=samples, title=title, log=log, cmap=cmap, centre=centre)


def single(
    nodes: ArrayLike, rho: ArrayLike, ax: Axes | None = None, *, title: str = "", log: bool | None = None,
    cmap: Any = None, centre: float | None = None, samples: ArrayLike | None = None,
    velocity: tuple[ArrayLike, ArrayLike] | None = None,
) -> Axes:  # fmt: skip
    """One density rho (N,) at the unit rows `nodes` (N, 3) of a product grid, on a map: as `mollweide.mollweide`."""
    theta, phi, place = grid(nodes)
    density = arrays.numbers("rho", rho, place.size)[place]
    look: dict[str, Any] = {"title": title, "log": log, "cmap": cmap, "centre": centre}
    return mollweide(theta, phi, density, ax, samples=samples, velocity=velocity, **look)
