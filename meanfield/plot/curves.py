"""Curves over time, over degree and over the number of particles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, circle, legends, pens, scales, style
from meanfield.plot.circle import ANGLE, TURN
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_EPS = float(np.finfo(float).eps)
_ZERO = 1e-17
"""Where a defect that is exactly zero is drawn on a logarithmic axis."""


# --- energy ------------------------------------------------------------------------------------------------


def monotone(values: ArrayLike, direction: float, slack: float = 0.0) -> bool:
    """Whether values never go against `direction` (> 0 up, < 0 down) by more than rounding, 16 eps max |values|, or
    this share of their span."""
    array = arrays.numbers("values", values, None)
    slack = max(16 * _EPS * float(np.max(np.abs(array))), slack * float(np.ptp(array)))
    return bool(np.all(np.diff(array) * np.sign(direction) >= -slack))


def defect(
    energy: ArrayLike, dissipated: ArrayLike, gained: ArrayLike | None = None, size: ArrayLike | None = None
) -> tuple[NDArray[np.float64], bool]:
    """How far the Lyapunov identity E(t) - E(0) = dissipated(t) is from holding.

    Parameters
    ----------
    energy, dissipated, gained, size
        As for `energy`.

    Returns
    -------
    (T,) array
        |E(t) - E(0) - dissipated(t)| / |E(t) - E(0)|, NaN where nothing has changed yet.  If the energy is
        constant up to rounding: the same difference over |E(0)| (or over 1, if that is 0).
    bool
        True if the energy was constant, so that the second was taken.
    """
    E = arrays.numbers("energy", energy, None)
    D = arrays.numbers("dissipated", dissipated, len(E))
    change = E - E[0] if gained is None else arrays.numbers("gained", gained, len(E))
    difference = np.abs(change - D)
    if np.max(np.abs(change)) <= 16 * _EPS * float(np.max(np.abs(E if size is None else size))):
        return difference / (abs(E[0]) or 1.0), True
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(change == 0.0, np.nan, difference / np.abs(change)), False


def energy(
    t: ArrayLike, energy: ArrayLike, dissipated: ArrayLike | None, axes: Sequence[Axes] | NDArray[Any] | None = None, *,
    gained: ArrayLike | None = None, size: ArrayLike | None = None, bounds: Mapping[str, float] | None = None,
    tolerance: float | None = None, symbol: str = "E", ylabel: str = "interaction energy", title: str = "",
    color: Any = None, label: str | None = None, log_time: bool | None = None, slack: float = 0.0,
) -> NDArray[Any]:  # fmt: skip
    """The Lyapunov function, and beneath it how far its identity is from holding.

    The lower panel shows |E(t) - E(0) - dissipated(t)| / |E(t) - E(0)| (see `defect`), and the level below which
    it is rounding, eps max(|E(t)|, |E(0)|) / |E(t) - E(0)|.  The legend says non-decreasing or non-increasing, with
    a check mark, only if the energy moves in the direction of the dissipation at every step, up to rounding.

    Where there is no identity (dissipated = None: a run with noise) the lower panel shows how fast E changes, by
    differences, and there is no check mark.

    Parameters
    ----------
    t, energy : (T,) arrays
        Times, and E(t).
    dissipated : (T,) array or None
        int_0^t dE/ds ds from the run's beginning, as the integrator accumulated it.
    gained : (T,) array, optional
        E(t) - E(0) from the run's beginning, which may come before the first of the times; by default t[0] is taken for
        it.
    size : (T,) array, optional
        Magnitudes whose rounding `gained` has; |E| by default.
    axes : two Axes, optional
        Where to draw; None makes a figure.
    bounds : mapping of str to float, optional
        Levels to draw, by name: the uniform measure's energy, that of a single cluster.
    tolerance : float, optional
        Level of the defect that is demanded.
    symbol, ylabel : str
        Name of the function in formulas (for instance F) and in words.
    title : str
        Title, usually the parameters.
    color : colour, optional
        Of the curves; None: the next that tells records on the same axes apart.
    label : str, optional
        What the record is called in the legend; None: nothing, and its title once there are several on the axes.
    log_time : bool, optional
        A logarithmic axis of times, without what is at t <= 0; None: as the axes have it already, else where the times
        tell it (`scales.late`).
    slack : float
        Share of its span by which E may go against its way and be monotone all the same: the tolerance of a run, where
        E is of first order in what it moves.

    Returns
    -------
    (2,) object array of Axes
    """
    times = arrays.finite("t", t, None)
    E = arrays.finite("energy", energy, len(times))
    change = E - E[0] if gained is None else arrays.finite("gained", gained, len(times))
    large = np.abs(E if size is None else arrays.finite("size", size, len(times)))
    D = None if dissipated is None else arrays.finite("dissipated", dissipated, len(times))
    relative, constant = defect(E, change if D is None else D, change, large)
    caption, way = f"${symbol}(t)$", float((change if D is None else D)[-1])
    if not constant and monotone(E, way, inputs.number("slack", slack, low=0.0)):
        caption += f", {'non-decreasing' if way > 0 else 'non-increasing'}" + ("" if D is None else r" $\checkmark$")
    with style.panels(axes, (1.5, 1.0), (5.6, 4.9)) as pair:
        top, below = pair
        pen = pens.pen(top, color)
        curve = top.plot(times, E, **pen)
        n = pens.tell(top, curve, title, label, [caption + (", constant" if constant else "")])
        for (name, level), look in zip((bounds or {}).items(), style.line_styles(len(bounds or {})), strict=True):
            dash = look["linestyle"] if len(bounds or {}) > 1 else (0, (1.3, 1.3))
            top.plot(style.span(times), [float(level)] * 2, color="0.45", linestyle=dash, linewidth=0.9, label=name)
        if constant and not bounds:  # the default margins would magnify rounding into a landscape
            span = 0.05 * abs(E[0]) or 1.0
            top.set_ylim(E[0] - span, E[0] + span)
        top.set(ylabel=f"{ylabel} ${symbol}$")
        if D is None:
            _rate_panel(below, times, E, symbol, pen)
        else:
            large = np.maximum(large, large[0])
            _defect_panel(below, times, change, large, relative, constant, tolerance, symbol, pen, n)
        _clock(pair, times, n, log_time)
        legends.legend(top)
        legends.legend(below, ncols=3, columnspacing=1.4)
    return pair


def _clock(axes: NDArray[Any], t: NDArray[Any], n: int, log_time: bool | None) -> None:
    """Times across, logarithmic if asked or if they tell it, and as they are where there are records already."""
    log = scales.late(t, axes[0].get_xscale() == "log" if n and log_time is None else log_time)
    shown = t[t > 0.0] if log else t
    for ax in axes:
        ax.set_xscale("log" if log else "linear")
        pens.reach(ax, n, xlim=style.span(shown))
    axes[-1].set_xlabel(scales.TIME)


def _rate_panel(ax: Axes, t: NDArray[Any], E: NDArray[Any], symbol: str, pen: dict[str, Any]) -> None:
    rate = np.abs(np.diff(E)) / np.diff(t)
    words = rf"$|\Delta {symbol}| / \Delta t$"
    rate = np.where(rate > 0.0, rate, np.nan)
    ax.plot(t[1:], rate, **pen, marker="o", markersize=2.4, linewidth=0.8, label=words)
    ax.set(yscale="log", ylabel="rate of change")


def _defect_panel(
    ax: Axes, t: NDArray[Any], change: NDArray[Any], size: NDArray[Any], relative: NDArray[Any], constant: bool,
    tolerance: float | None, symbol: str, pen: dict[str, Any], n: int,
) -> None:  # fmt: skip
    change = np.abs(change)
    below = f"|{symbol}(0)|" if constant else rf"|{symbol}(t) - {symbol}(0)|"
    words = rf"$|{symbol}(t) - {symbol}(0) - \int_0^t \dot{{{symbol}}}\,ds| \,/\, {below}$"
    once: dict[str, Any] = {} if n else {"label": words}  # one legend is enough
    ax.plot(t, np.maximum(relative, _ZERO), **pen, **once, marker="o", markersize=2.4, linewidth=0.8)
    with np.errstate(divide="ignore", invalid="ignore"):
        rounding = np.full(len(t), _EPS) if constant else np.where(change > 0, _EPS * size / change, np.nan)
    ax.plot(t, rounding, color="0.55", linestyle=(0, (1.3, 1.3)), linewidth=1.0, label="_" if n else "rounding")
    if tolerance is not None:
        ax.axhline(tolerance, color=style.INK, linestyle=(0, (5, 1.6)), linewidth=0.9, label="tolerance")
    shown = np.concatenate([np.maximum(relative, _ZERO), rounding, [] if tolerance is None else [tolerance]])
    shown = shown[np.isfinite(shown)]
    # Head room for the legend: the identity holds to few decades, and those should not be hidden by words.
    low, high = (np.log10(f(shown)) for f in (np.min, np.max))
    ax.set(yscale="log", ylabel="relative defect")
    pens.reach(ax, n, ylim=(10 ** (low - 0.6), 10 ** (high + 0.35 * (high - low) + 0.8)))


# --- spectra and moments -----------------------------------------------------------------------------------


def spectrum(
    degrees: ArrayLike | Sequence[ArrayLike], magnitude_list: Sequence[ArrayLike] | NDArray[Any],
    labels: Iterable[Any] | None = None, tolerance: float | None = None, ax: Axes | None = None, *,
    symbol: str = "c_k", title: str = "", cmap: Any = None, color: Any = None, label: str | None = None,
) -> Axes:  # fmt: skip
    """Magnitudes of coefficients over their degree, logarithmically; exact zeros are left out.

    Parameters
    ----------
    degrees : (M,) array, or a sequence of arrays
        Degree k of every coefficient: of all lines, or of each (a run that changed its resolution).
    magnitude_list : sequence of arrays
        |c_k|, one array a line.  Where several coefficients have one degree the largest is drawn.
    labels : sequence, optional
        One for every line.
    tolerance : float, optional
        Level drawn across: the tail tolerance below which a density counts as resolved.
    symbol : str
        Name of the coefficient in formulas.
    ax, title
        Where to draw (None makes a figure), and the title.
    cmap, color, label
        As for `circle.profiles`.

    Returns
    -------
    Axes
    """
    given: Any = degrees
    several = len(given) == len(magnitude_list) and all(np.ndim(k) == 1 for k in given)
    ks = [arrays.finite("degrees", k, None) for k in (given if several else [given] * len(magnitude_list))]
    rows = [arrays.numbers(f"magnitude_list[{i}]", row, len(ks[i])) for i, row in enumerate(magnitude_list)]
    if not rows:
        raise ValueError("magnitude_list must hold at least one line; got none.")
    captions = arrays.names("labels", labels, len(rows))
    every_k = np.concatenate(ks)
    with style.axes(ax) as ax:
        sizes = [_largest(k, np.abs(row)) for k, row in zip(ks, rows, strict=True)]
        pairs = [(x, np.where(y == 0.0, np.nan, y)) for x, y in sizes]
        n = pens.lines(ax, pairs, captions, title, label, color, cmap, 10)
        if tolerance is not None:
            ax.axhline(tolerance, color=style.INK, linewidth=0.9, linestyle=(0, (1.3, 1.3)), label="tolerance")
        _decades(ax, np.concatenate(rows), n)
        ax.set(yscale="log", xlabel="degree $k$", ylabel=f"$|{symbol}|$")
        pens.reach(ax, n, xlim=style.span(every_k))
        legends.legend(ax)
    return ax


def moments(
    t: ArrayLike, magnitudes: ArrayLike, labels: Iterable[Any] | None = None, ax: Axes | None = None, *,
    predicted: ArrayLike | None = None, symbol: str = "c_k", title: str = "",
) -> Axes:  # fmt: skip
    """Magnitudes of moments over time, logarithmically, with what linear theory predicts.

    Parameters
    ----------
    t : (T,) array
        Times.
    magnitudes : (T, K) array
        |c_k(t)|, one column a line.
    labels : sequence, optional
        One for every line; by default the columns are degrees 0, 1, ....
    predicted : (T, K) array, optional
        Prediction for every line, drawn thin in the same colour (for instance |c_k(0)| e^{s_k t}).
    symbol : str
        Name of the moment in formulas.
    ax, title
        Where to draw (None makes a figure), and the title.

    Returns
    -------
    Axes
    """
    times = arrays.finite("t", t, None)
    table = arrays.numbers("magnitudes", magnitudes, len(times), None)
    theory = None if predicted is None else arrays.numbers("predicted", predicted, *table.shape)
    captions = [f"$k = {k}$" for k in range(table.shape[1])]
    captions = captions if labels is None else arrays.names("labels", labels, len(captions))
    with style.axes(ax) as ax:
        for i, (column, look) in enumerate(zip(table.T, style.line_styles(len(captions)), strict=True)):
            every = style.sparse_marks(i, len(times), len(captions))
            size = np.where(column == 0.0, np.nan, np.abs(column))
            ax.plot(times, size, label=captions[i], markevery=every, **look)
        if theory is not None:
            known = np.where(theory == 0.0, np.nan, np.abs(theory))
            thin: dict[str, Any] = {"color": style.INK, "linewidth": 0.8, "linestyle": (0, (1.3, 1.3))}
            for line in ax.plot(times, known, **thin)[:1]:
                line.set_label("linear theory")
        _decades(ax, table)  # predictions leave the picture where they stop being true
        ax.set(yscale="log", xlabel=scales.TIME, ylabel=f"$|{symbol}(t)|$", xlim=style.span(times))
        style.headline(ax, title)
        legends.legend(ax)
    return ax


def _largest(k: NDArray[np.float64], size: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Degrees in order, each once, and the largest size at each."""
    order = np.argsort(k, kind="stable")
    degrees, starts = np.unique(k[order], return_index=True)
    return degrees, np.fmax.reduceat(size[order], starts)


def _decades(ax: Axes, values: NDArray[np.float64], n: int = 0, decades: float = 20.0) -> None:
    """Vertical limits for a logarithmic axis that numbers on the way to underflow do not stretch."""
    good = np.abs(values[np.isfinite(values) & (values != 0.0)])
    if good.size:
        pens.reach(ax, n, ylim=(0.4 * max(good.min(), good.max() * 10.0**-decades), 3.0 * good.max()))


# --- trajectories ------------------------------------------------------------------------------------------


def trajectories(
    t: ArrayLike, theta: ArrayLike, ax: Axes | None = None, *, title: str = "", cmap: Any = None, color: Any = None,
    label: str | None = None, log_time: bool | None = None, fixed: ArrayLike | None = None,
) -> Axes:  # fmt: skip
    """Angles of particles over time on [0, 2 pi]; a line leaving above comes back below, with no stroke across.

    Between saved times a particle is taken to have gone the shorter way.  Colours follow the initial angle, from
    dark to light.

    Parameters
    ----------
    t : (T,) array
        Times.
    theta : (T, n) array
        Angles in radians, wrapped or not.
    ax, title
        Where to draw (None makes a figure), and the title.
    cmap, color : colour map, colour, optional
        Of the particles by their initial angle, or of all; None: ours, another map for every record on the axes.
    label, log_time
        As for `energy`.
    fixed : (k,) array, optional
        Angles of particles that are seen and do not move, drawn as dotted lines.

    Returns
    -------
    Axes
        Its last collection holds the lines, one polyline (with NaN where it is broken) for every particle.
    """
    times = arrays.finite("t", t, None)
    angles = arrays.numbers("theta", theta, len(times), None)
    lines = [circle.wrapped(times, column) for column in angles.T]
    first = np.mod(angles[0], TURN) / TURN
    with style.axes(ax) as ax:
        from matplotlib.collections import LineCollection

        one = None if color is None else pens.kept(ax, pens.colour(color))
        colours = pens.spread(ax, 0.88 * np.nan_to_num(first), cmap) if one is None else one
        width = float(np.clip(12.0 / np.sqrt(len(lines)), 0.35, 1.2))
        drawn = ax.add_collection(LineCollection(lines, colors=colours, linewidths=width), autolim=False)
        for angle in [] if fixed is None else np.mod(arrays.finite("fixed", fixed, None), TURN):
            ax.axhline(angle, color=style.INK, linewidth=0.9, linestyle=(0, (1.3, 1.3)), zorder=1)
        n = pens.tell(ax, [drawn], title, label)
        _clock(np.array([ax]), times, n, log_time)
        ax.set(ylim=(0.0, TURN), ylabel=ANGLE)
        style.pi_ticks(ax.yaxis)
        legends.legend(ax)
    return ax
