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


def luminance(colour: Any) -> float:
    """Relative luminance of an sRGB colour (IEC 61966-2-1 with the weights of Rec. 709), 0 to 1."""
    from matplotlib.colors import to_rgb

    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def dark(ax: Axes) -> bool:
    """Whether white stands out more than black where the axes are; a see-through colour shows what is beneath."""
    from matplotlib.colors import to_rgba

    for owner in (ax.patch, ax.figure, getattr(ax.figure, "figure", None)):  # a subfigure lies on its figure
        colour = None if owner is None else to_rgba(owner.get_facecolor())
        if colour is not None and colour[3] > 0.5:
            return luminance(colour) < _MIDDLE
    return False


@contextmanager
def on(axes: Iterable[Axes]) -> Iterator[None]:
    """What is drawn on these axes meanwhile is turned light at the end, if they are dark."""
    before = [(ax, set(ax.get_children())) for ax in axes if dark(ax)]
    yield
    for ax, there in before:
        for artist in ax.get_children():
            if artist not in there:
                _turn(artist)


def turned(colours: Any) -> NDArray[np.float64]:
    """Colours (m, 4) with lightness l turned into 1 - l; hue, chroma and opacity stay."""
    from matplotlib.colors import to_rgba_array

    rgba = np.array(to_rgba_array(colours))
    rgb = rgba[:, :3]
    rgba[:, :3] = np.clip(rgb + 1.0 - rgb.max(axis=1, keepdims=True) - rgb.min(axis=1, keepdims=True), 0.0, 1.0)
    return rgba


def _turn(artist: Any) -> None:
    from matplotlib.axes import Axes
    from matplotlib.collections import Collection
    from matplotlib.image import AxesImage
    from matplotlib.legend import Legend
    from matplotlib.text import Text

    if isinstance(artist, Axes | AxesImage) or (isinstance(artist, Collection) and artist.get_array() is not None):
        return  # maps of values keep the colours of their scale
    if isinstance(artist, Legend):
        for handle in artist.legend_handles:
            _turn(handle)  # its letters are the user's
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
