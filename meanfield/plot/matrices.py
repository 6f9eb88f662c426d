"""Attention as pictures: its matrix in grey at several times, and as strokes between keys and queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, pens, scales, sheets, style
from meanfield.plot.options import drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAINT = 0.01
"""Shares below this have no stroke."""


def matrices(
    t: ArrayLike, P: ArrayLike, panels: Any = None, *, columns: int | None = None, title: str = "", cmap: Any = "Greys",
) -> NDArray[Any]:  # fmt: skip
    """Attention matrices at several times: white is 0, black is 1.

    Parameters
    ----------
    t : (T,) array
        Times.
    P : (T, n, n) array
        P_ij is what token i (down) gives token j (across).
    panels : sequence of T Axes, optional
        Where to draw; None makes a figure, `columns` of them beside each other.
    title : str
        Of a new figure.
    cmap : colour map
        From 0 to the largest entry, 1 if that is less.

    Returns
    -------
    (T,) object array of Axes
    """
    times = arrays.finite("t", t, None)
    table = arrays.finite("P", P, len(times), None, None)
    n = table.shape[1]
    if table.shape[2] != n:
        raise ValueError(f"P must be (T, n, n), square matrices; got {table.shape}.")
    top = max(1.0, float(table.max()))
    with sheets.sheet(panels, len(times), columns=columns, title=title) as made:
        for ax, clock, one in zip(made, scales.clocks(times), table, strict=True):
            image = ax.imshow(
                one, cmap=pens.colours(cmap), vmin=min(0.0, float(table.min())), vmax=top, interpolation="nearest",
                extent=(0.5, n + 0.5, n + 0.5, 0.5),
            )  # fmt: skip
            ax.spines[["top", "right"]].set_visible(True)
            ax.set(xlabel="$j$", ylabel="$i$", xticks=[1, n], yticks=[1, n])
            style.headline(ax, f"t = {clock}")
        if panels is None:
            bar = style.root(made[0]).colorbar(image, ax=list(made), label="$P_{ij}$", shrink=0.8)
            bar.outline.set_linewidth(0.5)
            style.shade.letters(bar.ax)
    return made


def links(
    keys: ArrayLike, queries: ArrayLike, P: ArrayLike, ax: Axes | None = None, *, title: str = "",
) -> Axes:  # fmt: skip
    """Keys K x_j (squares) and queries Q x_i (dots) in the plane, joined by strokes as wide as P_ij.

    Parameters
    ----------
    keys, queries : (n, 2) arrays
        K x_j and Q x_i.
    P : (n, n) array
        Attention; shares below one in a hundred have no stroke.
    ax, title
        Where to draw (None makes a figure), and the title.
    """
    K = arrays.finite("keys", keys, None, 2)
    Q = arrays.finite("queries", queries, len(K), 2)
    share = arrays.finite("P", P, len(K), len(K))
    with style.axes(ax, style.SQUARE) as ax:
        from matplotlib.collections import LineCollection

        i, j = np.nonzero(share > FAINT)
        strokes = np.stack([Q[i], K[j]], axis=1)
        width = 1.8 * np.abs(share[i, j])
        ax.add_collection(LineCollection(list(strokes), linewidths=width, colors="0.62", zorder=1))
        ax.scatter(K[:, 0], K[:, 1], s=16.0, marker="s", color="tab:green", linewidth=0, zorder=3, label="$K x_j$")
        dots = ax.scatter(Q[:, 0], Q[:, 1], s=12.0, color="tab:purple", linewidth=0, zorder=2, label="$Q x_i$")
        ax.autoscale_view()
        ax.margins(0.08)
        ax.set(xlabel="first component", ylabel="second component")
        pens.tell(ax, [dots], title, None, ["$Q x_i$"])
    return ax


def linked(
    t: ArrayLike, keys: ArrayLike, queries: ArrayLike, P: ArrayLike, panels: Any = None, *, columns: int | None = None,
    title: str = "",
) -> NDArray[Any]:  # fmt: skip
    """`links` at several times: keys and queries (T, n, 2), P (T, n, n), a panel each."""
    times = arrays.finite("t", t, None)
    K = arrays.finite("keys", keys, len(times), None, 2)
    Q = arrays.finite("queries", queries, len(times), None, 2)
    share = arrays.finite("P", P, len(times), None, None)
    with sheets.sheet(panels, len(times), columns=columns, title=title) as made:
        for ax, clock, *one in zip(made, scales.clocks(times), K, Q, share, strict=True):
            drawn(links, *one, ax, title=f"t = {clock}")
        made[0].legend(loc="best")
    return made
