"""Pictures of points given as rows, in any dimension."""

from __future__ import annotations

from collections.abc import Iterable
from math import lgamma
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, arrows, circle, legends, pens, scales, style
from meanfield.plot.options import drawn
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TILE = 512
ROOM = 1e-6
"""How far from 1 the length of a unit row may be."""


def inner_products(
    x: ArrayLike, ax: Axes | None = None, *, weights: ArrayLike | None = None, bins: int = 80,
    labels: Iterable[Any] | None = None, uniform: bool = True, log: bool = False, title: str = "", cmap: Any = None,
    color: Any = None, label: str | None = None,
) -> Axes:  # fmt: skip
    """Histogram of the inner products <x_i, x_j>, i < j: how far a cloud is from uniform and from one cluster.

    Independent uniform points have the density Gamma(d/2) / (sqrt(pi) Gamma((d-1)/2)) (1 - s^2)^{(d-3)/2}; its
    averages over the bins are drawn for comparison.

    Parameters
    ----------
    x : (n, d) or (m, n, d) array
        Unit rows; m clouds (for instance several times) are drawn as m lines.
    weights : (n,) array, optional
        Masses, brought to sum 1: a pair counts w_i w_j.
    bins : int
        Number of equal bins of [-1, 1].
    labels : sequence, optional
        One for every cloud.
    uniform : bool
        Draw the density of independent uniform points.
    log : bool
        Logarithmic vertical axis, for clouds that have begun to cluster.
    ax, title
        Where to draw (None makes a figure), and the title.
    cmap, color, label
        As for `circle.profiles`.

    Returns
    -------
    Axes
    """
    rows = np.asarray(x, dtype=float)
    clouds = unit_rows("x", rows[None] if rows.ndim == 2 else rows)
    mass = arrays.masses("weights", weights, clouds.shape[1])
    bins, log = inputs.integer("bins", bins, low=1), inputs.flag("log", log)
    captions = arrays.names("labels", labels, len(clouds))
    edges = np.linspace(-1.0, 1.0, bins + 1)
    with style.axes(ax) as ax:
        made = []
        for cloud, look in zip(clouds, pens.several(ax, len(clouds), color, cmap), strict=True):
            heights = pair_histogram(cloud, bins, mass) * (bins / 2)
            heights = np.where(heights > 0, heights, np.nan) if log else heights
            made.append(
                ax.stairs(
                    heights, edges, baseline=None, edgecolor=look["color"], linestyle=look["linestyle"], linewidth=1.2
                )
            )
        n = pens.tell(ax, made, title, label, captions)
        if inputs.flag("uniform", uniform) and not n:
            ax.plot(
                (edges[1:] + edges[:-1]) / 2, uniform_pairs(clouds.shape[-1], edges) * (bins / 2), color="0.45",
                linewidth=0.9, linestyle=(0, (1.3, 1.3)), label="uniform",
            )  # fmt: skip
        ax.set(xlim=(-1.0, 1.0), xlabel=r"inner product $\langle x_i, x_j\rangle$", ylabel="probability density")
        ax.set(yscale="log" if log else "linear", xticks=np.linspace(-1.0, 1.0, 5))
        if not log:
            ax.set_ylim(bottom=0.0)
        legends.legend(ax)
    return ax


def products(
    t: ArrayLike, pairs: ArrayLike, ax: Axes | None = None, *, title: str = "", color: Any = None,
    label: str | None = None,
) -> Axes:  # fmt: skip
    """<x_i, x_j> of pairs of particles over time.

    Parameters
    ----------
    t : (T,) array
        Times.
    pairs : (T, P) array
        Inner products, one column a pair.
    ax, title, color, label
        As for `inner_products`.
    """
    times = arrays.finite("t", t, None)
    values = arrays.numbers("pairs", pairs, len(times), None)
    with style.axes(ax) as ax:
        width = float(np.clip(12.0 / np.sqrt(max(values.shape[1], 1)), 0.35, 1.2))
        made = ax.plot(times, values, **pens.pen(ax, color), linewidth=width)
        ax.set(xlim=style.span(times), ylim=(-1.05, 1.05), xlabel=scales.TIME, ylabel=r"$\langle x_i, x_j\rangle$")
        pens.tell(ax, made, title, label, [""] * len(made))
        legends.legend(ax)
    return ax


def unit_rows(name: str, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Clouds (m, n, d) of at least two unit rows, or a refusal."""
    if rows.ndim != 3 or rows.shape[1] < 2 or rows.shape[2] < 2 or rows.shape[0] < 1:
        raise ValueError(f"{name} must have shape (n, d) or (m, n, d) with n, d >= 2; got {rows.shape}.")
    return _unit(name, rows)


def _unit(name: str, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of length 1, or a refusal."""
    worst = float(np.max(np.abs(np.linalg.norm(rows, axis=-1) - 1.0)))
    if not worst <= ROOM:
        raise ValueError(
            f"{name} must have unit rows; got a norm off by {worst:.3g}. Their directions are drawn by "
            f"mf.Points({name} / numpy.linalg.norm({name}, axis=-1, keepdims=True)).plot()."
        )
    return rows


def pair_histogram(
    x: NDArray[np.float64], bins: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Shares of sum_{i<j} w_i w_j in equal bins of [-1, 1], by tiles: memory does not grow as n^2."""
    w = np.ones(len(x)) if weights is None else weights / weights.max()
    if np.count_nonzero(w) < 2:
        raise ValueError("weights must leave two points with mass; got one: its pairs with the others have none.")
    count = np.zeros(bins)
    for start in range(0, len(x), _TILE):
        block = x[start : start + _TILE]
        products = np.clip(block @ x[start:].T, -1.0, 1.0)
        later = np.arange(products.shape[1])[None, :] > np.arange(len(block))[:, None]
        pairs = np.outer(w[start : start + _TILE], w[start:])[later]
        count += np.histogram(products[later], bins=bins, range=(-1.0, 1.0), weights=pairs)[0]
    return count / count.sum()


def uniform_pairs(d: int, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities that the inner product of two independent uniform points of S^{d-1} falls between the edges.

    By Gauss-Legendre in the angle, where the density is a constant times sin^{d-2}, smooth up to the ends.
    """
    nodes, weights = np.polynomial.legendre.leggauss(24)
    angle = np.arccos(np.clip(edges, -1.0, 1.0))
    half, middle = (angle[:-1] - angle[1:]) / 2, (angle[:-1] + angle[1:]) / 2
    log_constant = lgamma(d / 2) - lgamma((d - 1) / 2) - 0.5 * np.log(np.pi)
    sine = np.sin(middle[:, None] + half[:, None] * nodes)
    return half * (np.exp(log_constant + (d - 2) * np.log(sine)) @ weights)


def sphere(
    x: ArrayLike, ax: Axes | None = None, *, weights: ArrayLike | None = None, elevation: float = 25.0,
    azimuth: float = 30.0, title: str = "", color: Any = None, label: str | None = None,
    paths: ArrayLike | None = None, velocity: ArrayLike | None = None, fixed: ArrayLike | None = None,
) -> Axes:  # fmt: skip
    """Points of S^2 seen from afar: those in front as dots, those behind as pale rings.

    Parameters
    ----------
    x : (n, 3) or (n, 2) array
        Unit rows; those of the circle lie on the equator.
    weights : (n,) array, optional
        Masses, brought to sum 1; shown as the area of the dots.
    elevation, azimuth : float
        Where the eye is, in degrees.
    ax, title
        Where to draw (None makes a figure), and the title.
    color, label
        Of the dots, as for `circle.profiles`.
    paths : (T, n, 3) array, optional
        Where the points have been, drawn as thin lines.
    velocity : (n, 3) or (n, 2) array, optional
        Velocities, drawn as arrows at the points in front.
    fixed : (k, 3) or (k, 2) array, optional
        Points that are seen and do not move, drawn as crosses, paler behind.

    Returns
    -------
    Axes
    """
    rows = _on_globe("x", x)
    held = None if fixed is None else _on_globe("fixed", fixed)
    been = None if paths is None else _unit("paths", arrays.finite("paths", paths, None, len(rows), 3))
    mass = arrays.masses("weights", weights, len(rows))
    view = _view(np.deg2rad(elevation), np.deg2rad(azimuth))
    right, up, depth = (rows @ view).T
    area = float(np.clip(6.0e3 / len(rows), 4.0, 28.0)) * mass / mass.max()
    front = depth >= 0
    with style.axes(ax, style.SQUARE) as ax:
        dark = pens.pen(ax, color)["color"]
        if not pens.records(ax):
            _graticule(ax, view)
        if been is not None:
            _paths(ax, been @ view, dark)
        pale: dict[str, Any] = {"facecolor": "none", "edgecolor": "0.6", "linewidth": 0.6}
        ax.scatter(right[~front], up[~front], s=area[~front], zorder=2, **pale)
        dots = ax.scatter(right[front], up[front], s=area[front], color=dark, linewidth=0, zorder=4)
        if held is not None:
            _crosses(ax, held @ view)
        if velocity is not None:
            v = arrays.finite("velocity", velocity, len(rows), None)
            v = arrays.finite("velocity", np.pad(v, ((0, 0), (0, max(3 - v.shape[1], 0)))), len(rows), 3)
            kept = np.intersect1d(arrows.spread(rows, arrows.MANY), np.flatnonzero(front))
            arrows.plane(ax, np.stack([right, up], 1)[kept], (v @ view)[kept, :2], np.linalg.norm(v[kept], axis=1))
        ax.set(xlim=(-1.08, 1.08), ylim=(-1.08, 1.08), aspect="equal")
        pens.tell(ax, [dots], title, label)
        legends.legend(ax)
        ax.set_axis_off()
    return ax


def _on_globe(name: str, x: ArrayLike) -> NDArray[np.float64]:
    """Unit rows (n, 3) of rows of S^2 or of the circle, which is its equator."""
    x = np.atleast_2d(np.asarray(x, dtype=float))
    if x.shape[-1] not in (2, 3):
        raise ValueError(
            f"{name}: a globe shows rows (n, 3) of S^2, and (n, 2) of the circle; got shape {x.shape}. Inner products "
            "are drawn of any dimension: inner_products, of a run plot_inner_products."
        )
    x = np.pad(x, ((0, 0), (0, 1))) if x.shape[-1] == 2 else x
    return _unit(name, arrays.numbers(name, x, None, 3))


def cloud(x: ArrayLike, ax: Axes | None = None, **options: Any) -> Axes:
    """A cloud of unit rows (n, d) as its dimension has it: on the circle, a globe, else by its inner products.

    Options are those of that picture; velocity, which inner products have not, is (n, d).
    """
    rows = np.asarray(x, dtype=float)
    if rows.shape[-1] == 2:
        if options.get("velocity") is not None:
            options["velocity"] = turning(rows, options["velocity"])
        return drawn(circle.ring, np.arctan2(rows[:, 1], rows[:, 0]), ax, **options)
    return drawn(sphere if rows.shape[-1] == 3 else inner_products, rows, ax, **options)


def turning(x: NDArray[np.float64], v: ArrayLike) -> NDArray[np.float64]:
    """d theta / dt (n,) of rows (n, 2) of the circle that move with velocities (n, 2)."""
    velocity = arrays.finite("velocity", v, len(x), 2)
    return np.asarray(x[:, 0] * velocity[:, 1] - x[:, 1] * velocity[:, 0])


def _crosses(ax: Axes, seen: NDArray[np.float64]) -> None:
    """Points that do not move, seen as (k, 3)."""
    front = seen[:, 2] >= 0.0
    for shown, color in ((front, style.INK), (~front, "0.6")):
        ax.scatter(seen[shown, 0], seen[shown, 1], s=36.0, color=color, marker="x", linewidth=1.2, zorder=5)


def _paths(ax: Axes, seen: NDArray[np.float64], color: Any) -> None:
    """Lines of points seen as (T, n, 3): right, up, towards the eye; fainter behind."""
    front = seen[..., 2] >= 0.0
    for shown, alpha in ((front, 0.55), (~front, 0.18)):
        right, up = (np.where(shown, seen[..., i], np.nan) for i in (0, 1))
        ax.plot(right, up, color=color, linewidth=0.6, alpha=alpha, zorder=3, linestyle="-")


def _view(elevation: float, azimuth: float) -> NDArray[np.float64]:
    """Columns: right, up and towards the eye."""
    ca, sa, ce, se = np.cos(azimuth), np.sin(azimuth), np.cos(elevation), np.sin(elevation)
    return np.array([[-sa, -se * ca, ce * ca], [ca, -se * sa, ce * sa], [0.0, ce, se]])


def _graticule(ax: Axes, view: NDArray[np.float64]) -> None:
    turn = np.linspace(0.0, 2 * np.pi, 361)
    ax.fill(np.cos(turn), np.sin(turn), facecolor="0.97", edgecolor="0.4", linewidth=0.7, zorder=0)
    rings = [
        np.stack([np.cos(b) * np.cos(turn), np.cos(b) * np.sin(turn), np.full_like(turn, np.sin(b))], -1)
        for b in np.deg2rad([-60, -30, 0, 30, 60])
    ] + [
        np.stack([np.cos(turn) * np.cos(a), np.cos(turn) * np.sin(a), np.sin(turn)], -1)
        for a in np.deg2rad([0, 30, 60, 90, 120, 150])
    ]
    for ring in rings:
        right, up, depth = (ring @ view).T
        for seen, shade in ((depth >= 0, "0.78"), (depth < 0, "0.90")):
            ax.plot(np.where(seen, right, np.nan), np.where(seen, up, np.nan), color=shade, linewidth=0.5, zorder=1)
