"""What heat maps over time share: the colours, their axis of times, and the profiles at both ends beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, pens, scales, shade, style
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

ROOMY = (5.8, 3.5)
"""Inches of a heat map with profiles beside it."""
_BESIDE = (1.05, 0.0, 0.25, 1.0)
"""Where they stand: left, bottom, width and height in units of the axes."""


def moments(
    t: ArrayLike, values: ArrayLike, places: int, log_time: bool | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """The times that the picture shows, the values (T, N) at these, and whether times are logarithmic."""
    times = arrays.finite("t", t, None)
    density = arrays.numbers("values", values, len(times), places)
    if len(times) < 2 or not np.all(np.diff(times) > 0):
        raise ValueError(f"t must be at least two increasing times; got {inputs.describe(times)}.")
    log = scales.late(times, log_time)
    shown = times > 0.0 if log else np.ones(len(times), dtype=bool)
    if shown.sum() < 2:
        raise ValueError(f"log_time: of the times {inputs.describe(times)} only one is positive; leave it out")
    return times[shown], density[shown], log


def painted(
    ax: Axes, t: NDArray[np.float64], q: NDArray[np.float64], values: NDArray[np.float64], norm: Normalize, cmap: Any,
    log: bool, title: str,
) -> Any:  # fmt: skip
    """The colours of values (T, N) over times t and places q."""
    mesh = ax.pcolormesh(
        t, q, np.clip(values, norm.vmin, norm.vmax).T, norm=norm, cmap=pens.colours(cmap), shading="gouraud",
        rasterized=True,
    )  # fmt: skip
    ax.set_xscale("log" if log else "linear")
    ax.set(xlim=(t[0], t[-1]), xlabel=scales.TIME)
    style.headline(ax, title, 0.66)  # profiles and a bar of colours come to stand beside
    return mesh


def wanted(ends: bool | None, ax: Axes | None) -> bool:
    """Whether profiles stand beside: as asked, or (None) where the figure is ours to lay out."""
    return ax is None if ends is None else inputs.flag("ends", ends)


def beside(
    ax: Axes, q: NDArray[np.float64], values: NDArray[np.float64], t: NDArray[np.float64], norm: Normalize, words: str
) -> None:
    """The values (2, N) at the times t (2,) as lines, on the scale of the colours, places up as on the axes."""
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import MaxNLocator

    panel: Any = ax.inset_axes(_BESIDE, sharey=ax)
    style.dress(panel)
    panel.patch.set_alpha(0.0)  # the paper beside the axes
    logarithmic = isinstance(norm, LogNorm)
    looks: tuple[dict[str, Any], ...] = (
        {"color": "0.45", "linestyle": style.DASHES[1], "linewidth": 1.0}, {"color": style.dark()}
    )  # fmt: skip
    with shade.on([panel]):
        for one, clock, look in zip(values, scales.clocks(t), looks, strict=True):
            panel.plot(np.where(one > 0.0, one, np.nan) if logarithmic else one, q, label=f"t = {clock}", **look)
    low, high = float(norm.vmin or 0.0), float(norm.vmax or 1.0)
    panel.set(xscale="log" if logarithmic else "linear", xlabel=words)
    panel.set_xlim((0.7 * low, 1.6 * high) if logarithmic else (low - 0.04 * (high - low), high + 0.06 * (high - low)))
    panel.tick_params(labelleft=False)
    if not logarithmic:
        ticks = np.asarray(MaxNLocator(3).tick_values(low, high))
        panel.set_xticks(ticks[(ticks > low) & (ticks <= high)])  # the last time stands where the lowest would
    panel.legend(loc="lower left", bbox_to_anchor=(-0.05, 1.0), borderaxespad=0.1, fontsize="small", handlelength=1.8)
    shade.letters(panel)
