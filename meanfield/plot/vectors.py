"""Pictures of vectors of R^d: clouds in the plane and in space, at one time and at several; components over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, legends, pens, polytopes, scales, sheets, style
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOM = 0.07
"""Share of the extent left free around what is drawn."""
COMPARABLE = 4.0
"""Extents that differ by less have one scale, so that right angles look right."""


def chosen(axes: Any, d: int, flat: bool = False) -> tuple[int, ...]:
    """Which components are drawn: as asked, or the first three, of axes that are flat the first two."""
    if axes is None:
        return tuple(range(min(d, 2 if flat else 3)))
    try:
        found = tuple(inputs.integer("axes", one, low=0, high=d - 1) for one in axes)
    except TypeError:
        raise TypeError(f"axes: got {inputs.describe(axes)}, wanted two or three components, as (0, 1)") from None
    if len(found) not in (2, 3) or len(set(found)) != len(found):
        raise ValueError(f"axes: got {found}, wanted two or three different components of R^{d}, as (0, 1)")
    if flat and len(found) == 3:
        raise ValueError(f"axes: got {found} for flat axes: draw on ones with projection='3d', or two components")
    return found


def cloud(
    x: ArrayLike, ax: Axes | None = None, *, axes: Sequence[int] | None = None, weights: ArrayLike | None = None,
    paths: ArrayLike | None = None, hull: ArrayLike | None = None, along: ArrayLike | None = None, planes: Any = None,
    directions: ArrayLike | None = None, symbol: str = "x", title: str = "", color: Any = None,
    label: str | None = None,
) -> Axes:  # fmt: skip
    """Points of R^d, d >= 2, as dots in the plane or in space.

    Parameters
    ----------
    x : (n, d) array
        The points.
    axes : sequence of two or three int, optional
        Which components are drawn, a projection where d is larger; None: the first three (two on flat axes).
    weights : (n,) array, optional
        Masses, brought to sum 1; shown as the area of the dots.
    paths : (T, n, d) array, optional
        Where the points have been, drawn as thin lines.
    hull : (m, d) array, optional
        Points whose convex hull is drawn.
    along : (d,) array, optional
        A direction: the hull is drawn times the line along it (three components).
    planes : sequence of (normal, offset), optional
        Hyperplanes {<normal, x> = offset}; their normals lie in what is drawn.
    directions : (k, d) array, optional
        Arrows from the origin, as long as the picture allows.
    symbol : str
        Name of the position in formulas.
    ax, title
        Where to draw (None makes a figure), and the title.
    color, label
        Of the dots, as for `circle.profiles`.

    Returns
    -------
    Axes
    """
    rows = arrays.finite("x", x, None, None)
    if rows.shape[1] < 2:
        raise ValueError("x must be points of R^d, d >= 2; got d = 1. Over time, components(t, x) draws them.")
    at = chosen(axes, rows.shape[1], ax is not None and not sheets.solid(ax))
    with sheets.sheet(None if ax is None else [ax], 1, deep=len(at) == 3) as panels:
        _cloud(panels[0], rows, at, weights, paths, hull, along, planes, directions, symbol, title, color, label)
    one: Axes = panels[0]
    return one


def states(
    t: ArrayLike, x: ArrayLike, panels: Any = None, *, columns: int | None = None, axes: Sequence[int] | None = None,
    weights: ArrayLike | None = None, paths: Sequence[ArrayLike] | None = None, hull: ArrayLike | None = None,
    along: ArrayLike | None = None, planes: Any = None, directions: ArrayLike | None = None, symbol: str = "x",
    title: str = "", color: Any = None,
) -> NDArray[Any]:  # fmt: skip
    """Points at several times, a panel each with a scale of its own.

    Parameters
    ----------
    t : (T,) array
        Times.
    x : (T, n, d) array
        Points at these.
    panels : sequence of T Axes, optional
        Where to draw; None makes a figure, `columns` of them beside each other.
    paths : T arrays (m, n, d), optional
        Where the points of every panel have been.
    axes, weights, hull, along, planes, directions, symbol, title, color
        As for `cloud`, of all panels.

    Returns
    -------
    (T,) object array of Axes
    """
    times = arrays.finite("t", t, None)
    rows = arrays.finite("x", x, len(times), None, None)
    given = sheets.given(panels, len(times))
    flat = given is not None and not sheets.solid(given[0])
    at = chosen(axes, rows.shape[2], flat)
    if len(at) < 2:
        raise ValueError("x must be points of R^d, d >= 2; got d = 1. Over time, components(t, x) draws them.")
    been = [None] * len(times) if paths is None else list(paths)
    if len(been) != len(times):
        raise ValueError(f"paths must be {len(times)} arrays, one a panel; got {len(been)}.")
    with sheets.sheet(given, len(times), deep=len(at) == 3, columns=columns, title=title) as drawn:
        for ax, clock, now, path in zip(drawn, scales.clocks(times), rows, been, strict=True):
            _cloud(
                ax, now, at, weights, path, hull, along, planes, directions, symbol, f"t = {clock}", color, None
            )  # fmt: skip
    return drawn


def _cloud(
    ax: Any, rows: NDArray[np.float64], at: tuple[int, ...], weights: Any, paths: Any, hull: Any, along: Any,
    planes: Any, directions: Any, symbol: str, title: str, color: Any, label: str | None,
) -> None:  # fmt: skip
    """One panel."""
    d, kept = rows.shape[1], list(at)
    x = rows[:, kept]
    been = None if paths is None else arrays.finite("paths", paths, None, len(rows), d)[..., kept]
    body = None if hull is None else arrays.finite("hull", hull, None, d)[:, kept]
    cuts = [_within(normal, offset, at) for normal, offset in polytopes.planes(planes, d)]
    way = None if along is None else arrays.finite("along", along, d)
    if way is not None and (len(at) != 3 or body is None or not way[kept].any()):
        raise ValueError("along: a hull times a line is drawn in three components: give hull=, and axes= with the line")
    mass = arrays.masses("weights", weights, len(rows))
    area = float(np.clip(2.4e3 / len(rows), 3.0, 24.0)) * mass / mass.max()
    pen = pens.pen(ax, color)
    n = len(pens.records(ax))
    _spread(ax, [x, *([] if been is None else [been.reshape(-1, len(at))]), *([] if body is None else [body])], n)
    if body is not None:
        polytopes.hull(ax, body, None if way is None else way[kept])
    for normal, offset in cuts:
        polytopes.plane(ax, normal, offset, len(at))
    if been is not None:
        for k in range(been.shape[1]):
            ax.plot(*been[:, k].T, color=pen["color"], linewidth=0.5, alpha=0.45)
    more: dict[str, Any] = {"depthshade": False} if len(at) == 3 else {"zorder": 3}
    dots = ax.scatter(*x.T, s=area, color=pen["color"], linewidth=0, **more)
    if directions is not None:
        _directions(ax, arrays.finite("directions", directions, None, d)[:, kept], x)
    for name, k in zip("xyz", at, strict=False):
        getattr(ax, f"set_{name}label")(f"${symbol}_{{{k + 1}}}$")
    _few_ticks(ax, len(at))
    pens.tell(ax, [dots], title, label)
    if len(at) == 2:
        legends.legend(ax)
    elif ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper left")


def _within(normal: NDArray[np.float64], offset: float, at: tuple[int, ...]) -> tuple[NDArray[np.float64], float]:
    """A hyperplane in the components drawn; refused if it is not seen from its side."""
    off = np.delete(normal, list(at))
    if np.abs(off).max(initial=0.0) > 1e-12 * np.abs(normal).max():
        raise ValueError(
            f"planes: got a normal with parts outside the components {at}, where its plane is everywhere: "
            "draw x @ basis, whose first axis is the normal"
        )
    return normal[list(at)], offset


def _spread(ax: Any, parts: list[NDArray[np.float64]], n: int) -> None:
    """Limits around all parts; one scale in the plane where the extents are comparable."""
    everything = np.concatenate(parts)
    low, high = everything.min(axis=0), everything.max(axis=0)
    extent = np.where(high > low, high - low, max(float((high - low).max()), 1e-12 * (1.0 + float(np.abs(high).max()))))
    pens.reach(ax, n, **{
        f"{name}lim": (float(a - ROOM * e), float(b + ROOM * e))
        for name, a, b, e in zip("xyz", low, high, extent, strict=False)
    })  # fmt: skip
    if len(low) == 2 and extent.max() < COMPARABLE * extent.min():
        ax.set_aspect("equal", adjustable="box")


def _few_ticks(ax: Any, dimensions: int) -> None:
    from matplotlib.ticker import MaxNLocator

    for axis in (ax.xaxis, ax.yaxis, *([ax.zaxis] if dimensions == 3 else [])):
        axis.set_major_locator(MaxNLocator(4))


def _directions(ax: Any, ways: NDArray[np.float64], x: NDArray[np.float64]) -> None:
    """Arrows from the origin, that reach half of the cloud's extent."""
    extent = np.maximum(np.abs(x).max(axis=0), 1e-300)
    for way in ways:
        tip = 0.5 * way / float((np.abs(way) / extent).max())
        if len(tip) == 3:
            ax.quiver(0.0, 0.0, 0.0, *tip, color="tab:orange", linewidth=1.6, arrow_length_ratio=0.2)
        else:
            ax.quiver(
                0.0, 0.0, *tip, color="tab:orange", angles="xy", scale_units="xy", scale=1.0, width=0.012, zorder=4
            )  # fmt: skip


# --- over time ---------------------------------------------------------------------------------------------


def components(
    t: ArrayLike, values: ArrayLike, ax: Axes | None = None, *, labels: Iterable[Any] | None = None,
    spread: bool = False, log: bool = False, ylabel: str = "component", title: str = "", cmap: Any = None,
    color: Any = None, label: str | None = None,
) -> Axes:  # fmt: skip
    """Components of tokens over time, one line for every token; or their mean, and the band one deviation wide.

    Parameters
    ----------
    t : (T,) array
        Times.
    values : (T, n, k) array
        k components of n tokens.
    labels : sequence, optional
        One for every component.
    spread : bool
        Draw the mean over tokens, and the band of one standard deviation about it, instead of every token.
    log : bool
        A logarithmic axis; symmetric, and linear below 1, where there are values of both signs.
    ylabel : str
        What the components are called.
    ax, title
        Where to draw (None makes a figure), and the title.
    cmap, color, label
        As for `circle.profiles`.

    Returns
    -------
    Axes
    """
    times = arrays.finite("t", t, None)
    table = arrays.numbers("values", values, len(times), None, None)
    captions = arrays.names("labels", labels, table.shape[2])
    spread, log = inputs.flag("spread", spread), inputs.flag("log", log)
    with style.axes(ax) as ax:
        made = []
        for k, look in enumerate(pens.several(ax, table.shape[2], color, cmap)):
            pen = {"color": look["color"], "linestyle": look["linestyle"]}
            each = table[:, :, k]
            if spread:
                mean, deviation = each.mean(axis=1), each.std(axis=1)
                ax.fill_between(times, mean - deviation, mean + deviation, color=pen["color"], alpha=0.22, linewidth=0)
                made += ax.plot(times, mean, **pen, linewidth=1.2)
            else:
                width = float(np.clip(12.0 / np.sqrt(each.shape[1]), 0.35, 1.2))
                made += ax.plot(times, each, **pen, linewidth=width)[:1]
        if log:
            signed = bool(np.any(table < 0.0))
            ax.set_yscale(**{"value": "symlog", "linthresh": 1.0} if signed else {"value": "log"})
        n = len(pens.records(ax))
        pens.reach(ax, n, xlim=style.span(times))
        ax.set(xlabel=scales.TIME, ylabel=ylabel)
        pens.tell(ax, made, title, label, captions)
        legends.legend(ax)
    return ax
