"""Legends that cover no data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from meanfield.plot.style import root

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend
    from matplotlib.path import Path as Outline

_PLACES: tuple[Any, ...] = ("upper right", "upper left", "lower right", "lower left", "center right", "center left",
           "upper center", "lower center")  # fmt: skip


def legend(ax: Axes, **options: Any) -> Legend | None:
    """A legend that covers no data: in the first free place of the axes, else to the right of them.

    Beside the axes it takes its room from the constrained layout, in one column; in a figure without one it goes
    where it covers least.  `options` are those of `Axes.legend`.  None if nothing is labelled.
    """
    handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return None
    figure = root(ax)
    engine = figure.get_layout_engine()
    ax.get_xlim(), ax.get_ylim()  # settles the limits, and below the layout: the places depend on both
    if engine is not None:
        engine.execute(figure)
    shapes = list(_shapes(ax))
    for place in _PLACES:
        made = ax.legend(handles, labels, loc=place, **options)
        box = made.get_window_extent()
        inside = box.width < ax.bbox.width and box.height < ax.bbox.height
        if inside and not any(outline.intersects_bbox(box.padded(3.0), filled) for outline, filled in shapes):
            return made
    if engine is None:
        return ax.legend(handles, labels, loc="best")
    return ax.legend(handles, labels, loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0)


def _shapes(ax: Axes) -> Iterator[tuple[Outline, bool]]:
    """Outlines in pixels of what is drawn on the axes, and whether their inside counts."""
    from matplotlib.collections import PathCollection

    for line in ax.get_lines():
        yield line.get_transform().transform_path(line.get_path()), False
    for patch in ax.patches:
        yield patch.get_transform().transform_path(patch.get_path()), bool(patch.get_fill())
    for collection in ax.collections:
        if isinstance(collection, PathCollection):  # markers: their centres are what counts
            yield _outline(collection.get_offset_transform().transform(collection.get_offsets())), False
            continue
        filled = np.size(collection.get_facecolor()) > 0
        for path in collection.get_paths():
            yield collection.get_transform().transform_path(path), filled
    for text in ax.texts:
        box = text.get_window_extent()
        yield _outline(box.corners()[[0, 1, 3, 2, 0]]), True


def _outline(vertices: ArrayLike) -> Outline:
    from matplotlib.path import Path as Outline

    return Outline(np.asarray(vertices, dtype=float))
