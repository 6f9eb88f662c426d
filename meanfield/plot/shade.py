"""Colours on dark paper: what is drawn on axes of a dark figure is drawn as light as it would be dark on white."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MIDDLE = 0.179
"""Luminance of the paper on which black and white stand out alike: (1 + 0.05) / (L + 0.05) = (L + 0.05) / 0.05."""


_LEGIBLE = 3.0
"""Contrast below which letters are lost."""


def luminance(colour: Any) -> float:
    """Relative luminance of an sRGB colour (IEC 61966-2-1 with the weights of Rec. 709), 0 to 1."""
    from matplotlib.colors import to_rgb

    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def dark(ax: Axes) -> bool:
    """Whether white stands out more than black where the axes are; a see-through colour shows what is beneath."""
    return paper(ax.patch, ax.figure) < _MIDDLE


def paper(*owners: Any) -> float:
    """Luminance of what is beneath: the first of these that is not see-through, or the figure a subfigure lies on."""
    from matplotlib.colors import to_rgba

    for owner in (*owners, getattr(owners[-1], "figure", None)):  # a subfigure lies on its figure
        colour = None if owner is None else to_rgba(owner.get_facecolor())
        if colour is not None and colour[3] > 0.5:
            return luminance(colour)
    return 1.0


@contextmanager
def on(axes: Iterable[Axes]) -> Iterator[None]:
    """What is drawn on these axes meanwhile is turned light at the end, if they are dark; their letters are legible."""
    given = list(axes)
    before = [(ax, set(ax.get_children())) for ax in given if dark(ax)]
    yield
    for ax, there in before:
        for artist in ax.get_children():
            if artist not in there:
                _turn(artist, ax, there)
    for ax in given:
        letters(ax)


def letters(ax: Axes) -> None:
    """Title, labels, ticks and spines that cannot be told from the paper beneath them are made black or white."""
    from matplotlib.text import Text

    below, inside = paper(ax.figure), paper(ax.patch, ax.figure)
    deep: Any = getattr(ax, "zaxis", None)  # of axes of three dimensions
    titles = [child for child in ax.get_children() if isinstance(child, Text) and child not in ax.texts]
    legend = ax.get_legend()
    for text in [*titles, ax.xaxis.label, ax.yaxis.label, *([] if deep is None else [deep.label])]:
        if lost(text.get_color(), below):
            text.set_color(ink(below))
    if legend and (paper(legend.get_frame()) < _MIDDLE) != (inside < _MIDDLE):
        legend.get_frame().set_facecolor(ax.get_facecolor())
    for text in legend.get_texts() if legend else []:
        if lost(text.get_color(), inside):
            text.set_color(ink(inside))
    for spine in ax.spines.values():
        if lost(spine.get_edgecolor(), below):
            spine.set_edgecolor(ink(below))
    for axis in (ax.xaxis, ax.yaxis, *([] if deep is None else [deep])):
        for tick in axis.get_major_ticks()[:1]:
            if lost(tick.label1.get_color(), below):
                axis.set_tick_params(which="both", labelcolor=ink(below))
            if lost(tick.tick1line.get_markeredgecolor(), below):
                axis.set_tick_params(which="both", color=ink(below))
    for child in getattr(ax, "child_axes", ()):
        letters(child)


def lost(colour: Any, below: float) -> bool:
    """Whether a colour cannot be told from paper of this luminance."""
    low, high = sorted((below, luminance(colour)))
    return (high + 0.05) / (low + 0.05) < _LEGIBLE


def ink(below: float) -> str:
    """What is legible on it."""
    return "white" if below < _MIDDLE else "black"


def turned(colours: Any) -> NDArray[np.float64]:
    """Colours (m, 4) with lightness l turned into 1 - l; hue, chroma and opacity stay."""
    from matplotlib.colors import to_rgba_array

    rgba = np.array(to_rgba_array(colours))
    rgb = rgba[:, :3]
    rgba[:, :3] = np.clip(rgb + 1.0 - rgb.max(axis=1, keepdims=True) - rgb.min(axis=1, keepdims=True), 0.0, 1.0)
    return rgba


def _turn(artist: Any, ax: Axes, there: set[Any]) -> None:
    from matplotlib.axes import Axes
    from matplotlib.collections import Collection
    from matplotlib.image import AxesImage
    from matplotlib.legend import Legend
    from matplotlib.text import Text

    if isinstance(artist, Axes | AxesImage) or (isinstance(artist, Collection) and artist.get_array() is not None):
        return  # maps of values keep the colours of their scale
    if isinstance(artist, Legend):
        # of what was there before, the handles have been turned with it; letters are the user's
        for source, handle in zip(ax.get_legend_handles_labels()[0], artist.legend_handles, strict=False):
            if source not in there:
                _turn(handle, ax, there)
        return
    for part in (artist, getattr(artist, "arrow_patch", None)):
        if isinstance(part, Text) and luminance(part.get_color()) > _MIDDLE:
            continue  # letters without a colour of ours have the user's
        # Read all first: a marker without a colour of its own follows its line.
        found = [(f"set_{name}", turned(getattr(part, f"get_{name}")())) for name in _names(part)]
        for setter, colours in found:
            getattr(part, setter)(colours if isinstance(part, Collection) else colours[0])


def _names(part: Any) -> list[str]:
    """The colours that an artist has; of patches and collections "color" is both of theirs at once."""
    if hasattr(part, "get_facecolor"):
        return ["facecolor", "edgecolor"]
    return [name for name in ("color", "markerfacecolor", "markeredgecolor") if hasattr(part, f"get_{name}")]
