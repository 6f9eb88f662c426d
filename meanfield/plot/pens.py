"""With what one record is drawn: several on the same axes are told apart by colour, dashes and a legend.

Colours are the user's where he set a colour cycle of his own, and ours (ordered by lightness) where he did not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from meanfield.plot import shade, style
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHADES = (0.0, 0.55, 0.28, 0.75, 0.42)
_MAPS = ("viridis", "Reds_r", "Greys_r", "Blues_r")
_KEY = "meanfield record"


@dataclass(frozen=True)
class Drawn:
    """A record on some axes: its title and label, and its artists with what each is called if the record is alone."""

    title: str
    label: str | None
    captions: tuple[tuple[Any, str], ...]
    shown: str = ""
    """The title as it is above the axes, in lines or shortened."""

    def name(self, *, alone: bool) -> None:
        """Label the artists."""
        whose = self.label or (None if alone else self.title)
        for artist, caption in self.captions:
            artist.set_label(f"{whose}: {caption}" if whose and caption else whose or caption or "_")


def records(ax: Axes) -> list[Drawn]:
    """The records that are on the axes, in the order of drawing."""
    return [vars(artist)[_KEY] for artist in ax.get_children() if _KEY in vars(artist)]


def colour(value: Any) -> Any:
    """A colour that matplotlib knows, or a refusal."""
    from matplotlib.colors import is_color_like

    if not is_color_like(value):
        raise ValueError(f"color: got {inputs.describe(value)}, wanted a colour of matplotlib, for example 'C1'")
    return value


def colours(cmap: Any) -> Any:
    """A colour map of matplotlib, the session's own for None, or a refusal."""
    import matplotlib
    from matplotlib.colors import Colormap

    name = matplotlib.rcParams["image.cmap"] if cmap is None else cmap
    if isinstance(name, Colormap):
        return name
    if not isinstance(name, str) or name not in matplotlib.colormaps:
        near = get_close_matches(str(name), list(matplotlib.colormaps), 1)
        hint = f" (near: {near[0]!r})" if near else ""
        raise ValueError(f"cmap: got {inputs.describe(cmap)}, wanted a colour map of matplotlib, as 'viridis'{hint}")
    return matplotlib.colormaps[name]


def pen(ax: Axes, color: Any = None) -> dict[str, Any]:
    """Colour and dashes of the next record on these axes."""
    import matplotlib

    n = len(records(ax))
    cycle = matplotlib.rcParams["axes.prop_cycle"]
    if color is None and cycle == matplotlib.rcParamsDefault["axes.prop_cycle"]:
        shade_ = matplotlib.colormaps["viridis"](_SHADES[n % len(_SHADES)])
        return {"color": tuple(float(part) for part in shade_), "linestyle": style.DASHES[n % len(style.DASHES)]}
    own = cycle.by_key().get("color", ["black"])
    chosen = own[n % len(own)] if color is None else colour(color)
    return {"color": kept(ax, chosen), "linestyle": style.DASHES[n % len(style.DASHES)]}


def kept(ax: Axes, chosen: Any) -> Any:
    """A colour of the user's, which is to stay what it is on dark axes: `shade` turns it back."""
    return tuple(float(part) for part in shade.turned(chosen)[0]) if shade.dark(ax) else chosen


def several(ax: Axes, n: int, color: Any = None, cmap: Any = None) -> list[dict[str, Any]]:
    """Styles of the n lines of one record: of one colour, of a colour map, or of the next of ours."""
    looks = style.line_styles(n)
    if color is not None:
        return [{**look, "color": kept(ax, colour(color))} for look in looks]
    turn = len(records(ax))
    if cmap is None and turn == 0:
        return looks
    found = spread(ax, np.linspace(0.0, 0.82, n) if n > 1 else np.zeros(n), cmap)
    return [{**look, "color": tuple(map(float, one))} for look, one in zip(looks, found, strict=True)]


def spread(ax: Axes, at: NDArray[np.float64], cmap: Any = None) -> NDArray[np.float64]:
    """Colours (n, 4) of the parts of one record, by numbers in [0, 1]."""
    import matplotlib

    name = _MAPS[len(records(ax)) % len(_MAPS)]
    if cmap is None:
        return np.asarray(matplotlib.colormaps[name](at))
    found = np.asarray(colours(cmap)(at))
    return shade.turned(found) if shade.dark(ax) else found


def tell(
    ax: Axes, artists: Sequence[Any], title: str, label: str | None = None, captions: Sequence[str] = ("",)
) -> int:  # fmt: skip
    """Say that these artists are a record of this title; how many there were before it.

    One alone has its title above the axes; several have theirs, or their labels, in the legend.
    """
    before = records(ax)
    shown = "" if before else style.headline(ax, title)
    mine = Drawn(title or f"record {len(before) + 1}", label, tuple(zip(artists, captions, strict=True)), shown)
    vars(artists[0])[_KEY] = mine
    if before and before[0].title != title:
        for place in ("left", "center", "right"):
            if ax.get_title(loc=place) == before[0].shown:
                ax.set_title("", loc=place)
    for one in [*before, mine]:
        one.name(alone=not before)
    return len(before)


def lines(
    ax: Axes, pairs: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], captions: Sequence[str], title: str,
    label: str | None, color: Any, cmap: Any, marks: int = 6,
) -> int:  # fmt: skip
    """Draw the lines (x, y) of one record, and tell them; how many records there were."""
    made = []
    for i, ((x, y), look) in enumerate(zip(pairs, several(ax, len(pairs), color, cmap), strict=True)):
        made += ax.plot(x, y, markevery=style.sparse_marks(i, len(x), len(pairs), marks), **look)
    return tell(ax, made, title, label, captions)


def reach(ax: Axes, n: int, **limits: tuple[float, float]) -> None:
    """Limits `xlim` or `ylim` of the axes, wide enough for the n records that were there before."""
    for name, (low, high) in limits.items():
        if n:
            there = getattr(ax, f"get_{name}")()
            low, high = min(low, *there), max(high, *there)
        getattr(ax, f"set_{name}")(low, high)
