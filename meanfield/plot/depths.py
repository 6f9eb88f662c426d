"""Pictures of densities by the depth s of their tokens: depth across, the place up; on S^2 maps of six depths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from meanfield.plot import circle, globe, zonal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACROSS = np.linspace(0.0, 1.0, 101)
"""Depths that a picture is made of."""
DEPTH = "depth $s$ in the sequence"
MAPS = 6


def over_circle(
    s: ArrayLike, theta: ArrayLike, values: ArrayLike, ax: Axes | None = None, *, title: str = "",
    log: bool | None = None, cmap: Any = None,
) -> Axes:  # fmt: skip
    """Densities (k, N) at depths s (k,) over angles theta (N,) as colours; options as of `circle.heat`."""
    ax = circle.heat(s, theta, values, ax, title=title, log=log, cmap=cmap, log_time=False, ends=False)
    ax.set_xlabel(DEPTH)
    return ax


def over_zonal(
    s: ArrayLike, c: ArrayLike, values: ArrayLike, ax: Axes | None = None, *, title: str = "",
    log: bool | None = None, cmap: Any = None, d: int | None = None, as_law: bool = False, by_angle: bool = False,
) -> Axes:  # fmt: skip
    """Densities (k, N) at depths s (k,) over heights c (N,) as colours; options as of `zonal.heat`."""
    look: dict[str, Any] = {"title": title, "log": log, "cmap": cmap, "d": d, "as_law": as_law, "by_angle": by_angle}
    ax = zonal.heat(s, c, values, ax, log_time=False, ends=False, **look)
    ax.set_xlabel(DEPTH)
    return ax


def over_globe(
    s: ArrayLike, nodes: ArrayLike, values: ArrayLike, ax: Axes | None = None, *, title: str = "",
    log: bool | None = None, cmap: Any = None, centre: float | None = None,
) -> Axes:  # fmt: skip
    """Densities (k, N) at depths s (k,), of which six are drawn as maps; options as of `globe.maps`."""
    depths, density = np.asarray(s, dtype=float), np.asarray(values, dtype=float)
    kept = np.linspace(0, len(depths) - 1, MAPS).round().astype(int)
    labels = [f"s = {one:.3g}" for one in depths[kept]]
    return globe.maps(nodes, list(density[kept]), labels, ax, title=title, log=log, cmap=cmap, centre=centre)


PICTURES = {"circle": over_circle, "zonal": over_zonal, "globe": over_globe}
"""By the room of pictures that a space names."""
