"""Moving pictures without ffmpeg: gif, webp and animated png, written by pillow."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from meanfield.plot import arrays, circle, grids, line, mollweide, scales, style, titles, zonal
from meanfield.tools import files, inputs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SUFFIXES = (".gif", ".webp", ".png", ".apng")


def animate(
    draw_frame: Callable[[Figure, Any], Any], frames: int | Sequence[Any], path: str | os.PathLike[str],
    fps: float = 15.0, *, figsize: tuple[float, float] = (7.2, 3.4), dpi: float = 100.0, overwrite: bool = False,
) -> Path:  # fmt: skip
    """Draw frame after frame and write them as one moving picture.

    Frames that are alike one after the other may be stored as one of longer duration.  The file appears whole or
    not at all.

    Parameters
    ----------
    draw_frame : callable
        `draw_frame(figure, frame)` draws one frame on an empty figure, under `style.STYLE`.  If it returns a
        callable, that is called with each later frame, to change what is drawn: the figure is then neither emptied
        nor laid out again, which is several times quicker.
    frames : int or sequence
        How many frames (then `frame` is 0, 1, ...), or the frames themselves.
    path : path-like
        Ends in .gif, .webp, .png or .apng (both an animated png).
    fps : float
        Frames a second, at most 50, which is what viewers of gif keep up with.
    figsize, dpi : (float, float), float
        Inches of the figure, and dots per inch.
    overwrite : bool
        Replace a file that is there.

    Returns
    -------
    pathlib.Path
        Where it is.

    Raises
    ------
    ValueError
        If the suffix is none of these, or there is no frame, or `fps` is out of range.
    FileExistsError
        If the file is there and `overwrite` is False.
    """
    target = _target(path, overwrite)
    fps = inputs.number("fps", fps, above=0.0, high=50.0)
    shots: Sequence[Any] = range(frames) if isinstance(frames, (int, np.integer)) else list(frames)
    if len(shots) == 0:
        raise ValueError("frames must be at least one; got none.")

    from matplotlib.animation import PillowWriter
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    film = io.BytesIO()
    film.name = target.name  # pillow takes the format from it
    with style.look():
        # Not pyplot's figure: nobody is to see it, and a notebook would show its last frame.
        figure = Figure(figsize=figsize, dpi=dpi, layout="constrained")
        FigureCanvasAgg(figure)
        rate: Any = fps  # pillow counts milliseconds a frame: fractions of fps are well
        writer: Any = PillowWriter(fps=rate)
        writer.setup(figure, str(target), dpi)
        update: Any = None
        for shot in shots:
            if callable(update):
                update(shot)
            else:
                figure.clear()
                update = draw_frame(figure, shot)
            writer.grab_frame()
            if callable(update):
                figure.set_layout_engine("none")  # keeps the places of the first frame
        writer.outfile = film
        writer.finish()
    files.write(target, film.getvalue(), overwrite=overwrite)
    return target


def _target(path: str | os.PathLike[str], overwrite: bool) -> Path:
    target = Path(files.name_of(path))
    if target.suffix.lower() not in _SUFFIXES:
        raise ValueError(
            f"path must end in {', '.join(_SUFFIXES)}; got {target.name!r}. Films such as mp4 need ffmpeg: write a gif "
            "or webp and convert it."
        )
    files.target(target, overwrite)
    return target


def circle_frames(
    theta: ArrayLike, values: ArrayLike, t: ArrayLike, *, title: str = "", log: bool | None = None
) -> Callable[[Figure, int], Callable[[int], None]]:
    """Frames of a density on the circle: a coloured band beside its profile, on scales common to all times.

    Parameters
    ----------
    theta : (N,) array
        Angles in radians.
    values : (T, N) array
        Density with respect to d theta / 2 pi.
    t : (T,) array
        Times.
    title : str
        Title, usually the parameters; the time is added.
    log : bool, optional
        Logarithmic scales; None: if max / median > 50.

    Returns
    -------
    callable
        `draw(figure, k)` for k = 0..T-1, to be handed to `animate` with `frames=len(t)`.  It returns `update(k)`,
        which puts another time in the same picture.
    """
    times = arrays.finite("t", t, None)
    angles = arrays.finite("theta", theta, None)
    density = arrays.numbers("values", values, len(times), len(angles))
    logarithmic, low, high = scales.scale(density, log)
    x, lines = circle.closed(angles, density)
    floor = 0.5 * low if logarithmic else 0.0  # beneath the picture

    def draw(figure: Figure, k: int) -> Callable[[int], None]:
        from matplotlib.colors import LogNorm, Normalize

        norm = LogNorm(low, high) if logarithmic else Normalize(low, high)
        left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.35))
        circle.band(angles, density[k], left, norm=norm)
        mesh: Any = left.collections[0]
        clock = left.text(0.0, 0.0, "", ha="center", va="center")
        style.dress(right)
        right.plot(x, lines[0], color="0.6", linewidth=0.9, linestyle=(0, (5, 1.6)))
        (line,) = right.plot(x, lines[k], color=style.line_styles(1)[0]["color"])
        right.set(xlim=(0.0, circle.TURN), xlabel=circle.ANGLE, ylabel=scales.DENSITY)
        right.set(**{"yscale": "log", "ylim": (low * 0.7, high * 1.6)} if logarithmic else {"ylim": (low, high * 1.05)})
        style.pi_ticks(right.xaxis)
        right.set_title(f"dashed: $t = {times[0]:g}$", loc="right", fontsize="small", color="0.35")
        _title(figure, title)

        def update(k: int) -> None:
            mesh.set_array(circle.around(angles, density[k], norm)[1])
            line.set_ydata(lines[k])
            clock.set_text(f"$t = {times[k]:.3f}$")
            for old in list(right.collections):
                old.remove()
            right.fill_between(x, floor, lines[k], color="0.90", linewidth=0)

        update(k)
        return update

    return draw


def density(
    t: ArrayLike, theta: ArrayLike, values: ArrayLike, path: str | os.PathLike[str], *, fps: float = 15.0,
    title: str = "", log: bool | None = None, overwrite: bool = False,
) -> Path:  # fmt: skip
    """Write the moving picture of a density on the circle, one frame for every time.

    Parameters
    ----------
    t, theta, values
        Times (T,), angles (N,) and densities (T, N), as for `circle_frames`.
    path, fps, overwrite
        As for `animate`.
    title, log
        As for `circle_frames`.

    Returns
    -------
    pathlib.Path
        Where it is.
    """
    draw = circle_frames(theta, values, t, title=title, log=log)
    return animate(draw, len(np.asarray(t)), path, fps, overwrite=overwrite)


def ring(
    t: ArrayLike, theta: ArrayLike, path: str | os.PathLike[str], *, weights: ArrayLike | None = None,
    fps: float = 15.0, title: str = "", overwrite: bool = False,
) -> Path:  # fmt: skip
    """Write the moving picture of particles on the circle, one frame for every time.

    Parameters
    ----------
    t : (T,) array
        Times.
    theta : (T, n) array
        Angles in radians, on any branch.
    weights : (n,) array, optional
        As for `circle.ring`.
    path, fps, overwrite
        As for `animate`.
    title : str
        Title, usually the parameters; the time is added.
    """
    times, angles = arrays.numbers("t", t, None), arrays.numbers("theta", theta, None, None)
    if len(times) != len(angles):
        raise ValueError(f"theta must have one row for each of the {len(times)} times; got {len(angles)}.")
    head, clocks = f"{title}, " if title else "", scales.clocks(times)

    def draw(figure: Figure, i: int) -> None:
        circle.ring(angles[i], figure.subplots(), weights=weights, title=f"{head}$t = {clocks[i]}$")

    return animate(draw, len(times), path, fps, figsize=(4.2, 4.4), overwrite=overwrite)


# --- the other spaces --------------------------------------------------------------------------------------


def _title(figure: Figure, title: str) -> None:
    """Above a figure, made to fit."""
    text = figure.suptitle(title, x=0.02, ha="left", fontsize=style.STYLE["axes.titlesize"])
    titles.fit(text, 0.96 * figure.bbox.width)


def _headed(figure: Figure, ax: Any, title: str) -> Any:
    """The title above a figure, and the empty text that tells the time below it."""
    _title(figure, title)
    return ax.set_title("", loc="right", fontsize=style.STYLE["axes.titlesize"])


def zonal_frames(
    c: ArrayLike, values: ArrayLike, t: ArrayLike, *, title: str = "", log: bool | None = None, d: int | None = None
) -> Callable[[Figure, int], Callable[[int], None]]:
    """Frames of an axisymmetric density over the height, beside its first, on a scale common to all times.

    Parameters
    ----------
    c : (N,) array
        Heights in [-1, 1], ascending.
    values : (T, N) array
        Density with respect to sigma.
    t : (T,) array
        Times.
    title, log, d
        As for `zonal.profiles`; the time is added.

    Returns
    -------
    callable
        As for `circle_frames`.
    """
    times = arrays.finite("t", t, None)
    heights, seen, d = zonal.readable(c, d)
    density = arrays.numbers("values", values, len(times), len(heights))

    def beside(ax: Any, k: int, logarithmic: bool) -> None:
        zonal.profiles(heights, density[[0, k]], None, ax, log=logarithmic, d=d)

    return _beside_first(times, density[:, seen], beside, title, log)


def line_frames(
    x: ArrayLike, values: ArrayLike, t: ArrayLike, *, title: str = "", log: bool | None = None
) -> Callable[[Figure, int], Callable[[int], None]]:
    """Frames of a density on R beside its first, on a scale common to all times.

    Parameters
    ----------
    x : (N,) array
        Increasing positions.
    values : (T, N) array
        Density.
    t : (T,) array
        Times.
    title, log
        As for `line.profiles`; the time is added.

    Returns
    -------
    callable
        As for `circle_frames`.
    """
    times, q = arrays.finite("t", t, None), arrays.finite("x", x, None)
    density = arrays.numbers("values", values, len(times), len(q))

    def beside(ax: Any, k: int, logarithmic: bool) -> None:
        line.profiles(q, density[[0, k]], None, ax, log=logarithmic)

    return _beside_first(times, density, beside, title, log)


def _beside_first(
    times: Any, density: Any, beside: Callable[[Any, int, bool], None], title: str, log: bool | None
) -> Callable[[Figure, int], Callable[[int], None]]:
    """Frames of lines, `beside` drawing the first and the k-th."""
    logarithmic, low, high = scales.scale(density, log)
    lines = np.where(density > 0.0, density, np.nan) if logarithmic else density

    def draw(figure: Figure, k: int) -> Callable[[int], None]:
        ax = style.dress(figure.subplots())
        beside(ax, k, logarithmic)
        first, now = ax.get_lines()
        first.set(color="0.6", linewidth=0.9, linestyle=(0, (5, 1.6)), marker="")
        now.set(color=style.line_styles(1)[0]["color"], linestyle="-", marker="")
        ax.set_ylim(*((low * 0.7, high * 1.6) if logarithmic else (low, high * 1.05)))
        clock = _headed(figure, ax, title)

        def update(k: int) -> None:
            now.set_ydata(lines[k])
            clock.set_text(f"$t = {times[k]:.3f}$")

        update(k)
        return update

    return draw


def globe_frames(
    nodes: ArrayLike, values: ArrayLike, t: ArrayLike, *, title: str = "", log: bool | None = None
) -> Callable[[Figure, int], Callable[[int], None]]:
    """Frames of a density on S^2 as Mollweide maps, in colours common to all times.

    Parameters
    ----------
    nodes : (N, 3) array
        Unit rows of a product grid.
    values : (T, N) array
        Density with respect to sigma.
    t : (T,) array
        Times.
    title, log
        As for `mollweide.mollweide`; the time is added.

    Returns
    -------
    callable
        As for `circle_frames`.
    """
    times = arrays.finite("t", t, None)
    theta, phi, place = grids.grid(nodes)
    density = arrays.numbers("values", values, len(times), place.size)
    middle = grids.seam(phi, density.max(axis=0)[place])
    logarithmic, low, high = scales.scale(density, log)

    def draw(figure: Figure, k: int) -> Callable[[int], None]:
        from matplotlib.colors import LogNorm, Normalize

        norm = LogNorm(low, high) if logarithmic else Normalize(low, high)
        ax: Any = figure.add_subplot(projection="mollweide")
        mollweide.mollweide(theta, phi, density[k][place], ax, norm=norm, centre=middle)
        mesh = ax.collections[0]
        clock = _headed(figure, ax, title)

        def update(k: int) -> None:
            mesh.set_array(np.clip(grids.covering(theta, phi - middle, density[k][place])[2], low, high))
            clock.set_text(f"$t = {times[k]:.3f}$")

        update(k)
        return update

    return draw


def zonal_density(
    t: ArrayLike, c: ArrayLike, values: ArrayLike, path: str | os.PathLike[str], *, fps: float = 15.0,
    title: str = "", log: bool | None = None, overwrite: bool = False,
) -> Path:  # fmt: skip
    """Write the moving picture of an axisymmetric density; arguments as for `density`, with heights c."""
    draw = zonal_frames(c, values, t, title=title, log=log)
    return animate(draw, len(np.asarray(t)), path, fps, figsize=(5.6, 3.5), overwrite=overwrite)


def globe_density(
    t: ArrayLike, nodes: ArrayLike, values: ArrayLike, path: str | os.PathLike[str], *, fps: float = 15.0,
    title: str = "", log: bool | None = None, overwrite: bool = False,
) -> Path:  # fmt: skip
    """Write the moving picture of a density on S^2; arguments as for `density`, with rows of a product grid."""
    draw = globe_frames(nodes, values, t, title=title, log=log)
    return animate(draw, len(np.asarray(t)), path, fps, figsize=(5.6, 3.6), overwrite=overwrite)


def line_density(
    t: ArrayLike, x: ArrayLike, values: ArrayLike, path: str | os.PathLike[str], *, fps: float = 15.0,
    title: str = "", log: bool | None = None, overwrite: bool = False,
) -> Path:  # fmt: skip
    """Write the moving picture of a density on R; arguments as for `density`, with positions x."""
    draw = line_frames(x, values, t, title=title, log=log)
    return animate(draw, len(np.asarray(t)), path, fps, figsize=(5.6, 3.5), overwrite=overwrite)


FILMS: Any = {"circle": density, "zonal": zonal_density, "globe": globe_density, "line": line_density}
"""The moving picture of a density, by the picture its space names."""
