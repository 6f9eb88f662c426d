"""The look all pictures share: where they are drawn, line styles, angle ticks, and saving.

A figure made here honours the user's settings: `STYLE` fills in, by a context, what he has left as matplotlib has it,
and his settings are as they were afterwards.  Axes handed in keep the look of the figure they belong to, and where that
is dark, lines are light (`shade`).  What this project publishes is drawn under `session()`, where matplotlib's defaults
and `STYLE` hold whatever the user has set: the same picture, and the same bytes, in everybody's session.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from meanfield.plot import shade, titles
from meanfield.tools import files, inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

STYLE: Any = {
    # STIX comes with matplotlib: the same letters on every machine, text and mathematics alike.
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 11.0,
    "axes.titlesize": 11.0,
    "axes.labelsize": 11.0,
    "axes.titlelocation": "left",
    "axes.titlepad": 7.0,
    "axes.linewidth": 0.6,
    "axes.edgecolor": "0.25",
    "axes.grid": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.labelsize": 10.0,
    "ytick.labelsize": 10.0,
    **{f"{side}tick.major.{what}": value for side in "xy" for what, value in (("width", 0.6), ("size", 3.2))},
    **{f"{side}tick.minor.{what}": value for side in "xy" for what, value in (("width", 0.4), ("size", 1.8))},
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "legend.borderaxespad": 0.7,
    "legend.labelspacing": 0.35,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    "lines.solid_capstyle": "round",
    "image.cmap": "viridis",
    "figure.dpi": 110.0,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "text.usetex": False,
}
"""Settings (a dict of rcParams) under which new figures are drawn, where the user has none of his own."""
WIDE = (5.6, 3.5)
"""Inches of an ordinary picture: one column of a journal, with its colour bar."""
SQUARE = (4.0, 4.2)
"""Inches of a picture with equal aspect."""
INK = "0.15"
"""Colour of reference lines, theory and annotations."""
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (5, 1.4, 1.2, 1.4)), (0, (1.3, 1.3)), (0, (9, 2, 2, 2, 2, 2)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# Without a date or a version, the same figure is the same bytes.
_METADATA: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".svg": {"Date": None, "Creator": None},
}


def look(more: Any = None) -> AbstractContextManager[None]:
    """A context in which matplotlib's defaults and `STYLE` hold, whatever the user has set; afterwards that again.

    So a picture looks the same, and is saved as the same bytes, in everybody's session.  Who asks pyplot for figures
    in it takes `session`.
    """
    import matplotlib.style

    return matplotlib.style.context(["default", {**STYLE, **(more or {})}])


@contextmanager
def session() -> Iterator[None]:
    """`look`, for the figures this project publishes: in it every picture is drawn as in a session of defaults."""
    pyplot()
    with look():
        yield


@contextmanager
def filled() -> Iterator[None]:
    """A context in which `STYLE` holds where the user's settings are matplotlib's own; his stay."""
    import matplotlib

    mine: Any = matplotlib.rcParams
    default: Any = matplotlib.rcParamsDefault
    with matplotlib.rc_context({name: value for name, value in STYLE.items() if mine[name] == default[name]}):
        yield


# --- where to draw -----------------------------------------------------------------------------------------


def pyplot() -> Any:
    """`matplotlib.pyplot` with its backend loaded, to be asked for before `look`.

    pyplot loads the backend when first used, and a notebook's then makes pyplot interactive and sets `rcParams` of
    its own.  Loaded inside a context, all that would be undone at its end, and no later cell would show a picture.
    """
    import matplotlib.pyplot as plt

    plt.draw_if_interactive()  # the public function that asks for the backend and makes no figure
    return plt


@contextmanager
def axes(ax: Axes | None = None, figsize: tuple[float, float] = WIDE) -> Iterator[Axes]:
    """Give the axes to draw on: `ax` as it is, or those of a new figure, drawn in the user's style and `STYLE`.

    Parameters
    ----------
    ax : matplotlib Axes or None
        Axes to use; None makes a pyplot figure, which notebooks display.
    figsize : (float, float)
        Inches of a new figure.

    Raises
    ------
    TypeError
        If `ax` is neither None nor axes.
    """
    if ax is not None:
        with shade.on([_one_axes(ax, "ax")]):
            yield ax
        return
    with _new_axes(1, figsize, (1.0,)) as made:
        yield made[0]


@contextmanager
def panels(
    axes: Sequence[Axes] | NDArray[Any] | None, heights: Sequence[float], figsize: tuple[float, float] = WIDE
) -> Iterator[NDArray[Any]]:
    """Give panels above one another with a common horizontal axis, as an object array of axes.

    Parameters
    ----------
    axes : sequence of Axes or None
        As many axes as `heights` has entries, or None for a new figure.
    heights : sequence of float
        Relative heights of the panels of a new figure.
    figsize : (float, float)
        Inches of a new figure.

    Raises
    ------
    TypeError, ValueError
        If `axes` does not hold axes, or not as many as there are panels.
    """
    if axes is not None:
        given = list(np.atleast_1d(np.asarray(axes, dtype=object)).ravel())
        if len(given) != len(heights):
            raise ValueError(f"axes must be {len(heights)} axes, one a panel; got {len(given)}.")
        out = np.empty(len(given), dtype=object)
        out[:] = [_one_axes(one, "axes") for one in given]
        with shade.on(out):
            yield out
        return
    with _new_axes(len(heights), figsize, heights) as made:
        yield made


def _one_axes(ax: Any, name: str) -> Axes:
    if not (hasattr(ax, "plot") and hasattr(ax, "get_figure")):
        raise TypeError(f"{name} must be matplotlib axes; got {inputs.describe(ax)}. Pass None for a new figure.")
    axes: Axes = ax
    return axes


@contextmanager
def _new_axes(rows: int, figsize: tuple[float, float], heights: Sequence[float]) -> Iterator[NDArray[Any]]:
    plt = pyplot()
    with filled():
        figure, made = plt.subplots(
            rows, 1, figsize=figsize, layout="constrained", sharex=True, squeeze=False, height_ratios=list(heights)
        )
        for ax in made[:, 0]:
            dress(ax)
        try:
            with shade.on(made[:, 0]):
                yield made[:, 0]
        except BaseException:
            plt.close(figure)  # an unfinished figure would wait in pyplot's list to be shown
            raise


def dress(ax: Axes) -> Axes:
    """Thin spines and ticks, none above or to the right, on axes of our own figures."""
    import matplotlib

    ax.spines[["top", "right"]].set_visible(False)
    mine: Any = matplotlib.rcParams
    default: Any = matplotlib.rcParamsDefault
    side: Any
    # Ticks are made when drawn, by when other settings hold again: say their look here.
    for side in "xy":
        ink = mine[f"{side}tick.color"]
        letters = mine[f"{side}tick.labelcolor"]
        ax.tick_params(
            axis=side, which="both", color=STYLE["axes.edgecolor"] if ink == default[f"{side}tick.color"] else ink,
            labelcolor=ink if letters == "inherit" else letters, labelsize=mine[f"{side}tick.labelsize"],
        )  # fmt: skip
        for which in ("major", "minor"):
            width, size = (mine[f"{side}tick.{which}.{what}"] for what in ("width", "size"))
            ax.tick_params(axis=side, which=which, width=width, length=size)
    return ax


def bar(ax: Axes, mesh: Any, label: str, **options: Any) -> Any:
    """The colour bar beside the axes, its letters as those of the axes."""
    made = root(ax).colorbar(mesh, ax=ax, label=label, **options)
    made.outline.set_linewidth(0.5)
    made.ax.tick_params(width=0.5, length=2.5, which="both")
    shade.letters(made.ax)
    return made


def headline(ax: Axes, title: str, share: float = 1.08) -> str:
    """The title, made to fit if it is longer than the axes are wide, and as it is shown; an empty one leaves what is
    there."""
    if not title:
        return ""
    text = ax.set_title(title)
    titles.fit(text, share * ax.get_window_extent().width)  # nothing is laid out yet, and layout widens the axes
    return text.get_text()


def root(ax: Axes) -> Any:
    """The figure that owns `ax`, above any subfigure."""
    figure: Any = ax.get_figure()
    while getattr(figure, "get_figure", None) is not None and figure.get_figure() not in (None, figure):
        figure = figure.get_figure()
    return figure


# --- colours, dashes, angles -------------------------------------------------------------------------------


def line_styles(n: int) -> list[dict[str, Any]]:
    """Styles of n lines that can be told apart in print: colours from dark to light, dashes and markers.

    Parameters
    ----------
    n : int
        Number of lines.

    Returns
    -------
    list of dict
        Keys `color` (viridis from its dark end, with luminance increasing along the list), `linestyle` and
        `marker`, to be passed on to `Axes.plot`; no pair of dash and marker comes twice among 35 lines.
    """
    n = inputs.integer("n", n, low=0)
    import matplotlib

    # The light end of viridis is lost on white paper.
    colours = matplotlib.colormaps["viridis"](np.linspace(0.0, 0.82, n) if n > 1 else np.zeros(n))
    return [
        {
            "color": tuple(float(part) for part in colours[i]),
            "linestyle": DASHES[i % len(DASHES)],
            "marker": _MARKERS[i % len(_MARKERS)],
        }
        for i in range(n)
    ]


def dark() -> Any:
    """The colour of a line that is alone."""
    return line_styles(1)[0]["color"]


def span(t: NDArray[Any]) -> tuple[float, float]:
    """Limits of an axis from the first to the last of `t`, of some width even if they are the same."""
    low, high = float(np.min(t)), float(np.max(t))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def sparse_marks(i: int, points: int, lines: int = 1, marks: int = 8) -> tuple[int, int]:
    """`markevery` that puts about `marks` markers on line i of several, not one above the other."""
    stride = max(1, points // marks)
    return (i * stride // max(1, lines)) % stride, stride


def pi_ticks(axis: Axis) -> None:
    """Ticks at multiples of pi/2, labelled as such, on an x or y axis of angles in radians."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    axis.set_major_locator(MultipleLocator(np.pi / 2))
    axis.set_minor_locator(MultipleLocator(np.pi / 4))
    axis.set_major_formatter(FuncFormatter(lambda value, position: pi_label(value)))


def pi_label(value: float) -> str:
    """The name of the multiple of pi/2 nearest to `value`: 0, pi/2, pi, 3 pi/2, ..."""
    halves = round(2 * value / np.pi)
    if halves == 0:
        return "$0$"
    sign, halves = ("-" if halves < 0 else ""), abs(halves)
    top, bottom = (halves // 2, "") if halves % 2 == 0 else (halves, "/2")
    return rf"${sign}{'' if top == 1 else top}\pi{bottom}$"


# --- files -------------------------------------------------------------------------------------------------


def save(figure: Figure | Axes | NDArray[Any], path: str | os.PathLike[str], *, dpi: float = 150.0) -> Path:
    """Write a figure, or the figure that axes belong to; the same data give the same bytes.

    The file appears whole or not at all; one that is there already is replaced.

    Parameters
    ----------
    figure : Figure, Axes or array of Axes
        What to save: anything a picture returned.
    path : path-like
        Ends in .png, .pdf or .svg.
    dpi : float
        Dots per inch of a png and of what is rasterised in a pdf or svg.

    Returns
    -------
    pathlib.Path
        Where it is.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in _METADATA:
        raise ValueError(f"path must end in {', '.join(_METADATA)}; got {target.name!r}.")
    one: Any = figure.flat[0] if isinstance(figure, np.ndarray) and figure.size else figure
    whole = one if hasattr(one, "savefig") else root(_one_axes(one, "figure"))
    files.target(target, overwrite=True)
    drawn = io.BytesIO()
    with look({"svg.hashsalt": "meanfield"}):
        paper = whole.get_facecolor()
        whole.savefig(drawn, dpi=dpi, format=suffix[1:], metadata=_METADATA[suffix], facecolor=paper)
    files.write(target, drawn.getvalue(), overwrite=True)
    return target
