"""One map of S^2, of true areas.

Densities are taken with respect to the uniform probability measure sigma, so the uniform one is 1.  A grid is given
by its colatitudes theta (0 at the north pole e_3) and longitudes phi (0 at e_1), in radians, in any order; `grids.grid`
reads both off the rows of a product grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, arrows, pens, scales, shade, style
from meanfield.plot.grids import TURN, Grid, covering, ordered, seam
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

BENEATH: dict[str, Any] = {"orientation": "horizontal", "pad": 0.04, "aspect": 40, "shrink": 0.72}
"""Where the colour bar of maps stands."""
GRATICULE: dict[str, Any] = {"color": "white", "linewidth": 0.4, "alpha": 0.35, "zorder": 3}
_MAP = (5.6, 3.4)


def mollweide(
    theta: ArrayLike, phi: ArrayLike, values: ArrayLike, ax: Axes | None = None, *, samples: ArrayLike | None = None,
    norm: Normalize | None = None, bar: bool = True, title: str = "", log: bool | None = None, cmap: Any = None,
    centre: float | None = None, velocity: tuple[ArrayLike, ArrayLike] | None = None,
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
    velocity : ((m, 3) array, (m, 3) array), optional
        Unit rows and velocities there, drawn as arrows: where the map shows the motion, as long as it is on the sphere.

    Returns
    -------
    Axes
    """
    colatitude, longitude, field = ordered(theta, phi, values)
    middle = seam(longitude, field) if centre is None else inputs.number("centre", centre)
    there = None if samples is None else particles(samples)
    chosen, extend = scales.colours(field, log)
    norm = chosen if norm is None else norm
    with map_axes(ax) as ax:
        mesh = paint(ax, covering(colatitude, longitude - middle, field), norm, cmap)
        meridian_names(ax, middle, 60)
        if there is not None:
            east = np.pi - np.mod(np.pi + middle - np.arctan2(there[:, 1], there[:, 0]), TURN)
            ax.scatter(east, np.arcsin(np.clip(there[:, 2], -1.0, 1.0)), zorder=4, **dots(len(there)))
        if velocity is not None:
            arrows.on_map(ax, velocity, middle)
        degrees = np.array([-60, -30, 0, 30, 60])
        ax.set_yticks(np.deg2rad(degrees), [f"${v}\\degree$" for v in degrees], fontsize="small")
        style.headline(ax, title)
        if inputs.flag("bar", bar):
            style.bar(ax, mesh, scales.DENSITY, extend=extend, **BENEATH)
        shade.letters(ax)
    return ax


def meridian_names(ax: Axes, middle: float, step: int, size: str = "x-small") -> None:
    """Longitudes in degrees along the equator, in letters that are seen on every colour."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=1.2, foreground="0.15")]
    first = int(np.ceil((np.rad2deg(middle) - 150.0) / step)) * step
    for degrees in range(first, int(np.rad2deg(middle) + 150.0) + 1, step):
        name = f"${180 - (180 - degrees) % 360}\\degree$"  # -179 to 180
        east = np.deg2rad(degrees) - middle
        ax.text(east, -0.03, name, color="white", fontsize=size, ha="center", va="top", zorder=5, path_effects=halo)


def paint(ax: Axes, covered: Grid, norm: Normalize, cmap: Any = None) -> Any:
    """The field on Mollweide axes, with a graticule of 30 degrees."""
    colatitude, longitude, field = covered
    ax.grid(False)
    mesh = ax.pcolormesh(
        longitude, np.pi / 2 - colatitude, np.clip(field, norm.vmin, norm.vmax), norm=norm,
        cmap=pens.colours(cmap), shading="gouraud", rasterized=True,
    )  # fmt: skip
    north = np.linspace(-np.pi / 2, np.pi / 2, 91)
    for east in np.deg2rad(np.arange(-150, 180, 30)):
        ax.plot(np.full_like(north, east), north, **GRATICULE)
    for up in np.deg2rad(np.arange(-60, 90, 30)):
        ax.plot(2 * north, np.full_like(north, up), **GRATICULE)
    ax.set(xticks=[], yticks=[])
    return mesh


@contextmanager
def map_axes(ax: Axes | None) -> Iterator[Axes]:
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


def particles(samples: ArrayLike) -> NDArray[np.float64]:
    """Particles as unit rows (n, 3), or a refusal."""
    return inputs.rows("samples", arrays.finite("samples", samples, None, 3), d=3, tol=1e-6)


def dots(n: int) -> dict[str, Any]:
    """Particles on top of colours: seen on dark and on light ones."""
    return {"s": float(np.clip(4.0e3 / n, 1.5, 14.0)), "color": "white", "edgecolor": "0.1", "linewidth": 0.35}
