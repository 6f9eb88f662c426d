"""Sheets: panels in rows and columns, flat or with depth, with one title."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from meanfield.plot import shade, style
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL = (2.8, 2.7)
"""Inches of a panel with its letters: two beside each other are as wide as a column of a journal."""
ACROSS = {1: 1, 2: 2, 4: 2}
"""Panels beside each other, by how many there are; else three."""


def solid(ax: Axes) -> bool:
    """Whether axes have a depth."""
    return bool(getattr(ax, "name", "") == "3d")


def given(panels: Any, count: int) -> NDArray[Any] | None:
    """As many axes as there are panels, or None, or a refusal."""
    if panels is None:
        return None
    found = np.atleast_1d(np.asarray(panels, dtype=object)).ravel()
    strange = [one for one in found if not (hasattr(one, "plot") and hasattr(one, "get_figure"))]
    if strange or len(found) != count:
        came = inputs.describe(strange[0]) if strange else f"{len(found)} axes"
        raise (TypeError if strange else ValueError)(
            f"panels: got {came}, wanted {count} axes of matplotlib, one a panel, or None for a new figure"
        )
    return found


@contextmanager
def sheet(
    panels: Sequence[Axes] | NDArray[Any] | None, count: int, *, deep: bool = False, columns: int | None = None,
    title: str = "",
) -> Iterator[NDArray[Any]]:  # fmt: skip
    """Give `count` panels as an object array (count,), in the order of reading.

    Parameters
    ----------
    panels : sequence of Axes, an Axes, or None
        As many axes as there are panels, or None for a new figure.
    count : int
        Panels.
    deep : bool
        Axes of three dimensions, of a new figure.
    columns : int, optional
        Beside each other in a new figure; None: two, of more than four three.
    title : str
        Of a new figure as a whole.

    Raises
    ------
    TypeError, ValueError
        If `panels` does not hold axes, or not as many as there are panels.
    """
    drawn = given(panels, count)
    if drawn is not None:
        with shade.on(drawn):
            yield drawn
        return
    across = ACROSS.get(count, 3) if columns is None else inputs.integer("columns", columns, low=1)
    across = min(across, count)
    down = -(-count // across)
    plt = style.pyplot()
    with style.filled():
        size = (across * PANEL[0] + (1.4 if across == 1 else 0.3), down * PANEL[1] + (0.35 if title else 0.0))
        look: dict[str, Any] = {"projection": "3d"} if deep else {}
        figure, made = plt.subplots(down, across, figsize=size, layout="constrained", squeeze=False, subplot_kw=look)
        for spare in made.ravel()[count:]:
            spare.remove()
        drawn = made.ravel()[:count]
        for ax in drawn:
            style.dress(ax)
            if deep:
                boxed(ax)
        try:
            with shade.on(drawn):
                yield drawn
            _entitle(figure, title)
        except BaseException:
            plt.close(figure)  # an unfinished figure would wait in pyplot's list to be shown
            raise


def boxed(ax: Any) -> None:
    """Axes with depth without walls, with room for their letters."""
    import matplotlib

    ax.set_box_aspect(None, zoom=0.86)
    for axis, name in zip((ax.xaxis, ax.yaxis, ax.zaxis), "xyz", strict=True):
        axis.set_pane_color((1.0, 1.0, 1.0, 0.0))
        ax.tick_params(axis=name, pad=-2.0, labelsize=0.85 * float(matplotlib.rcParams["font.size"]))
        axis.labelpad = -5.0


def _entitle(figure: Any, title: str) -> None:
    """The title of all panels, in smaller letters if it is longer than the figure is wide."""
    if not title:
        return
    text = figure.suptitle(title, x=0.02, ha="left")
    room, width = 0.96 * figure.bbox.width, text.get_window_extent().width
    if width > room:
        text.set_fontsize(float(text.get_fontsize()) * max(room / width, 0.6))
    below = shade.paper(figure)
    if shade.lost(text.get_color(), below):
        text.set_color(shade.ink(below))
