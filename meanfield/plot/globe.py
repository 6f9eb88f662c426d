"""Pictures of densities on the sphere S^2, with or without particles.

Densities are taken with respect to the uniform probability measure sigma, so the uniform one is 1.  A grid is given
by its colatitudes theta (0 at the north pole e_3) and longitudes phi (0 at e_1), in radians, in any order; `grids.grid`
reads both off the rows of a product grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, circle, legends, pens, points, shade, style
from meanfield.plot.grids import TURN, Grid, cell, covering, grid, ordered, seam
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

MAPS = 6
"""Maps in a picture over time."""
_PIXELS = 500
_MAP = (5.6, 3.4)
_MANY = (7.4, 3.4)
_GRATICULE: dict[str, Any] = {"color": "white", "linewidth": 0.4, "alpha": 0.35, "zorder": 3}


# --- one map -----------------------------------------------------------------------------------------------


def mollweide(
    theta: ArrayLike, phi: ArrayLike, values: ArrayLike, ax: Axes | None = None, *, samples: ArrayLike | None = None,
    norm: Normalize | None = None, bar: bool = True, title: str = "", log: bool | None = None, cmap: Any = None,
    centre: float | None = None,
) -> Axes:  # fmt: skip
    """A density on the whole sphere, on a map of true areas.

    Parameters
    ----------
    theta : (a,) array
        Colatitudes in radians, 0 at the north pole.
    phi : (b,) array
        Longitudes in radians.
    values : (a, b) array
        Density with respect to sigma.
    ax : Axes, optional
        Where to draw, made with `projection="mollweide"`; None makes a figure.
    samples : (n, 3) array, optional
        Particles to be drawn on top, as unit rows.
    norm : matplotlib Normalize, optional
        Scale of the colours, if pictures are to be compared; otherwise as `log` says.
    bar : bool
        Draw the colour bar.
    title : str
        Title, usually the parameters.
    log : bool, optional
        Logarithmic colours; None: if max / median > 50.
    cmap : str or Colormap, optional
        As for `circle.heat`.
    centre : float, optional
        Longitude in the middle of the map, radians; None: 0, or where no cluster lies on the map's edge (`grids.seam`).

    Returns
    -------
    Axes
    """
    colatitude, longitude, field = ordered(theta, phi, values)
    middle = seam(longitude, field) if centre is None else inputs.number("centre", centre)
    dots = None if samples is None else _rows(samples)
    chosen, extend = circle._colours(field, log)
    norm = chosen if norm is None else norm
    with _map_axes(ax) as ax:
        mesh = _paint(ax, covering(colatitude, longitude - middle, field), norm, cmap)
        _meridian_names(ax, middle, 60)
        if dots is not None:
            east = np.pi - np.mod(np.pi + middle - np.arctan2(dots[:, 1], dots[:, 0]), TURN)
            ax.scatter(east, np.arcsin(np.clip(dots[:, 2], -1.0, 1.0)), zorder=4, **_dots(len(dots)))
        degrees = np.array([-60, -30, 0, 30, 60])
        ax.set_yticks(np.deg2rad(degrees), [f"${v}\\degree$" for v in degrees], fontsize="small")
        style.headline(ax, title)
        if inputs.flag("bar", bar):
            flat: dict[str, Any] = {"orientation": "horizontal", "pad": 0.04, "aspect": 40, "shrink": 0.72}
            style.bar(ax, mesh, circle.DENSITY, extend=extend, **flat)
        shade.letters(ax)
    return ax


def _meridian_names(ax: Axes, middle: float, step: int, size: str = "x-small") -> None:
    """Longitudes in degrees along the equator, in letters that are seen on every colour."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=1.2, foreground="0.15")]
    first = int(np.ceil((np.rad2deg(middle) - 150.0) / step)) * step
    for degrees in range(first, int(np.rad2deg(middle) + 150.0) + 1, step):
        name = f"${(degrees + 180) % 360 - 180}\\degree$"
        east = np.deg2rad(degrees) - middle
        ax.text(east, -0.03, name, color="white", fontsize=size, ha="center", va="top", zorder=5, path_effects=halo)


def _paint(ax: Axes, covered: Grid, norm: Normalize, cmap: Any = None) -> Any:
    """The field on Mollweide axes, with a graticule of 30 degrees."""
    colatitude, longitude, field = covered
    ax.grid(False)
    mesh = ax.pcolormesh(
        longitude, np.pi / 2 - colatitude, np.clip(field, norm.vmin, norm.vmax), norm=norm,
        cmap=pens.colours(cmap), shading="gouraud", rasterized=True,
    )  # fmt: skip
    north = np.linspace(-np.pi / 2, np.pi / 2, 91)
    for east in np.deg2rad(np.arange(-150, 180, 30)):
        ax.plot(np.full_like(north, east), north, **_GRATICULE)
    for up in np.deg2rad(np.arange(-60, 90, 30)):
        ax.plot(2 * north, np.full_like(north, up), **_GRATICULE)
    ax.set(xticks=[], yticks=[])
    return mesh


@contextmanager
def _map_axes(ax: Axes | None) -> Iterator[Axes]:
    """Mollweide axes: those given, or of a new figure as `style.axes` makes them."""
    if ax is not None:
        given = style._one_axes(ax, "ax")
        if getattr(given, "name", "") != "mollweide":
            raise ValueError(
                f'ax must be axes made with projection="mollweide"; got {getattr(given, "name", "")!r} ones. Pass '
                'None, or plt.subplots(subplot_kw={"projection": "mollweide"})[1].'
            )
        yield given
        return
    plt = style.pyplot()
    with style.filled():
        figure = plt.figure(figsize=_MAP, layout="constrained")
        try:
            yield figure.add_subplot(projection="mollweide")
        except BaseException:
            plt.close(figure)
            raise


def _rows(samples: ArrayLike) -> NDArray[np.float64]:
    return inputs.rows("samples", arrays.finite("samples", samples, None, 3), d=3, tol=1e-6)


def _dots(n: int) -> dict[str, Any]:
    """Particles on top of colours: seen on dark and on light ones."""
    return {"s": float(np.clip(4.0e3 / n, 1.5, 14.0)), "color": "white", "edgecolor": "0.1", "linewidth": 0.35}


# --- a globe -----------------------------------------------------------------------------------------------


def orthographic(
    theta: ArrayLike, phi: ArrayLike, values: ArrayLike, ax: Axes | None = None, *, samples: ArrayLike | None = None,
    elevation: float = 25.0, azimuth: float = 30.0, norm: Normalize | None = None, bar: bool = True, title: str = "",
    log: bool | None = None, cmap: Any = None,
) -> Axes:  # fmt: skip
    """A density on the sphere seen from afar, slightly shaded towards the limb.

    Parameters
    ----------
    theta, phi, values
        As for `mollweide`.
    ax : Axes, optional
        Where to draw (ordinary axes); None makes a figure.
    samples : (n, 3) array, optional
        Particles to be drawn on top, as unit rows; those behind are not seen.
    elevation, azimuth : float
        Where the eye is, in degrees, as for `points.sphere`, which draws particles alone.
    norm, bar, title, log, cmap
        As for `mollweide`.

    Returns
    -------
    Axes
    """
    grid_ = ordered(theta, phi, values)
    dots = None if samples is None else _rows(samples)
    view = points._view(np.deg2rad(elevation), np.deg2rad(azimuth))
    chosen, extend = circle._colours(grid_[2], log)
    norm = chosen if norm is None else norm
    with style.axes(ax, style.SQUARE if not inputs.flag("bar", bar) else (4.6, 4.2)) as ax:
        from matplotlib import cm
        from matplotlib.patches import Circle

        scale = cm.ScalarMappable(norm=norm, cmap=pens.colours(cmap))
        image = ax.imshow(
            _globe(covering(*grid_), view, scale), extent=(-1, 1, -1, 1), origin="lower", interpolation="bilinear"
        )
        limb = Circle((0.0, 0.0), 1.0, facecolor="none", edgecolor="0.3", linewidth=0.7, zorder=5)
        ax.add_patch(limb)
        image.set_clip_path(limb)
        _meridians(ax, view)
        if dots is not None:
            right, up, depth = (dots @ view).T
            ax.scatter(right[depth >= 0], up[depth >= 0], zorder=4, **_dots(len(dots)))
        ax.set(xlim=(-1.08, 1.08), ylim=(-1.08, 1.08), aspect="equal")
        style.headline(ax, title)
        ax.set_axis_off()
        if bar:
            style.bar(ax, scale, circle.DENSITY, extend=extend, pad=0.02, aspect=28, shrink=0.8)
    return ax


def _globe(covered: Grid, view: NDArray[np.float64], scale: Any) -> NDArray[np.float64]:
    """The picture of the disc, (p, p, 4): every pixel looked up on the sphere, none sampled twice."""
    colatitude, longitude, field = covered
    side = (np.arange(_PIXELS) + 0.5) * (2.0 / _PIXELS) - 1.0
    right, up = np.meshgrid(side, side)
    square = right**2 + up**2
    outside = 1.0 / np.sqrt(np.maximum(square, 1.0))  # beyond the limb: its colours, for the clipped edge
    depth = np.sqrt(np.maximum(1.0 - square, 0.0))
    x = np.stack([right * outside, up * outside, depth], axis=-1) @ view.T
    down, east = np.arccos(np.clip(x[..., 2], -1.0, 1.0)), np.arctan2(x[..., 1], x[..., 0])
    (i, a), (j, b) = cell(colatitude, down), cell(longitude, east)
    top = field[i, j] * (1 - b) + field[i, j + 1] * b
    low = field[i + 1, j] * (1 - b) + field[i + 1, j + 1] * b
    colours: NDArray[np.float64] = scale.to_rgba(top * (1 - a) + low * a)
    colours[..., :3] *= (1.0 - 0.25 * (1.0 - depth) ** 2)[..., None]
    return colours


def _meridians(ax: Axes, view: NDArray[np.float64]) -> None:
    """The visible half of a graticule of 30 degrees."""
    turn = np.linspace(0.0, TURN, 361)
    lines = [
        np.stack([np.cos(b) * np.cos(turn), np.cos(b) * np.sin(turn), np.full_like(turn, np.sin(b))], -1)
        for b in np.deg2rad(np.arange(-60, 90, 30))
    ] + [
        np.stack([np.cos(turn) * np.cos(a), np.cos(turn) * np.sin(a), np.sin(turn)], -1)
        for a in np.deg2rad(np.arange(0, 180, 30))
    ]
    for line in lines:
        right, up, depth = (line @ view).T
        ax.plot(np.where(depth >= 0, right, np.nan), np.where(depth >= 0, up, np.nan), **_GRATICULE)


# --- a solution: many times --------------------------------------------------------------------------------


def heat(
    t: ArrayLike, nodes: ArrayLike, values: ArrayLike, ax: Axes | None = None, *, title: str = "",
    log: bool | None = None, cmap: Any = None, centre: float | None = None,
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
    ax : Axes, optional
        Ordinary axes in whose place the maps are put (as its `child_axes`); None makes a figure.
    title, log, cmap, centre
        As for `mollweide`.

    Returns
    -------
    Axes
    """
    times = arrays.finite("t", t, None)
    theta, phi, place = grid(nodes)
    density = arrays.numbers("values", values, len(times), place.size)
    if not np.all(np.diff(times) > 0):
        raise ValueError(f"t must be increasing times; got {inputs.describe(times)}.")
    middle = seam(phi, density.max(axis=0)[place]) if centre is None else inputs.number("centre", centre)
    norm, extend = circle._colours(density, log)
    asked = np.linspace(times[0], times[-1], MAPS)
    picked = np.unique(np.abs(times - asked[:, None]).argmin(axis=1))
    columns = min(3, len(picked))
    lines = -(-len(picked) // columns)
    with style.axes(ax, _MANY) as ax:
        mesh: Any = None
        clocks = circle.clocks(times[picked])
        for i, k in enumerate(picked):
            across, down = i % columns, i // columns
            box = (across / columns + 0.01, 1.0 - (down + 1) / lines, 1.0 / columns - 0.02, 0.86 / lines)
            inset: Any = ax.inset_axes(box, projection="mollweide")
            mesh = _paint(inset, covering(theta, phi - middle, density[k][place]), norm, cmap)
            _meridian_names(inset, middle, 90, "xx-small")
            inset.set_title(f"$t = {clocks[i]}$", loc="center", fontsize="small", pad=3.0)
        style.headline(ax, title)
        ax.set_axis_off()
        style.bar(ax, mesh, circle.DENSITY, extend=extend, pad=0.02, aspect=28)
    return ax


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
    logarithmic, low, high = circle.scale(lines, log)
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

    `nodes` (N, 3) are unit rows of a product grid; ax, title, log, cmap and centre are those of `mollweide`.
    """
    return single(nodes, rho, ax, samples=samples, title=title, log=log, cmap=cmap, centre=centre)


def single(
    nodes: ArrayLike, rho: ArrayLike, ax: Axes | None = None, *, title: str = "", log: bool | None = None,
    cmap: Any = None, centre: float | None = None, samples: ArrayLike | None = None,
) -> Axes:  # fmt: skip
    """One density rho (N,) at the unit rows `nodes` (N, 3) of a product grid, on a map: as `mollweide`."""
    theta, phi, place = grid(nodes)
    density = arrays.numbers("rho", rho, place.size)[place]
    return mollweide(theta, phi, density, ax, samples=samples, title=title, log=log, cmap=cmap, centre=centre)
