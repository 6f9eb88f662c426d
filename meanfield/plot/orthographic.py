"""A density on S^2 as a globe seen from afar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import pens, points, scales, style
from meanfield.plot.grids import TURN, Grid, cell, covering, ordered
from meanfield.plot.mollweide import GRATICULE, dots, particles
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

_PIXELS = 500


def orthographic(
    theta: ArrayLike, phi: ArrayLike, values: ArrayLike, ax: Axes | None = None, *, samples: ArrayLike | None = None,
    elevation: float = 25.0, azimuth: float = 30.0, norm: Normalize | None = None, bar: bool = True, title: str = "",
    log: bool | None = None, cmap: Any = None,
) -> Axes:  # fmt: skip
    """A density on the sphere seen from afar, slightly shaded towards the limb.

    Parameters
    ----------
    theta, phi, values
        As for `mollweide.mollweide`.
    ax : Axes, optional
        Where to draw (ordinary axes); None makes a figure.
    samples : (n, 3) array, optional
        Particles to be drawn on top, as unit rows; those behind are not seen.
    elevation, azimuth : float
        Where the eye is, in degrees, as for `points.sphere`, which draws particles alone.
    norm, bar, title, log, cmap
        As for `mollweide.mollweide`.

    Returns
    -------
    Axes
    """
    grid_ = ordered(theta, phi, values)
    there = None if samples is None else particles(samples)
    view = points._view(np.deg2rad(elevation), np.deg2rad(azimuth))
    chosen, extend = scales.colours(grid_[2], log)
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
        if there is not None:
            right, up, depth = (there @ view).T
            ax.scatter(right[depth >= 0], up[depth >= 0], zorder=4, **dots(len(there)))
        ax.set(xlim=(-1.08, 1.08), ylim=(-1.08, 1.08), aspect="equal")
        style.headline(ax, title)
        ax.set_axis_off()
        if bar:
            style.bar(ax, scale, scales.DENSITY, extend=extend, pad=0.02, aspect=28, shrink=0.8)
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
        ax.plot(np.where(depth >= 0, right, np.nan), np.where(depth >= 0, up, np.nan), **GRATICULE)
