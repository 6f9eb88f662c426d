"""Convergence and growth: lines whose slope is what matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, legends, style
from meanfield.plot.scales import TIME
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def _rows(name: str, rows: Sequence[ArrayLike] | NDArray[Any], length: int) -> list[NDArray[np.float64]]:
    out = [arrays.numbers(f"{name}[{i}]", row, length) for i, row in enumerate(rows)]
    if not out:
        raise ValueError(f"{name} must hold at least one line; got none.")
    return out


def rate(
    n: ArrayLike, mean: ArrayLike, err: ArrayLike, slope: float, interval: tuple[float, float] | None = None,
    ax: Axes | None = None, *, intercept: float | None = None, reference: float | None = -0.5,
    xlabel: str = "number of particles $n$", ylabel: str = r"$W_1$ (rad)", title: str = "",
) -> Axes:  # fmt: skip
    """An error over n in doubly logarithmic axes, with its fitted slope and the slope that theory gives.

    Parameters
    ----------
    n, mean, err : (m,) arrays
        Numbers of particles, positive errors, and their standard errors.
    slope : float
        Fitted slope of log mean over log n.
    interval : (float, float), optional
        Confidence interval of the slope, shaded about the centre of the data.
    intercept : float, optional
        Natural log of the fit at n = 1; by default the one of least squares for this slope.
    reference : float, optional
        Slope of theory, drawn beneath the data; None draws none.
    xlabel, ylabel, title : str
        Labels with units, and the title.
    ax : Axes, optional
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
    """
    count = arrays.finite("n", n, None)
    value = arrays.finite("mean", mean, len(count))
    error = arrays.finite("err", err, len(count))
    if not (np.all(count > 0) and np.all(value > 0)):
        raise ValueError("n and mean must be positive on logarithmic axes; got a value that is not.")
    x, y = np.log(count), np.log(value)
    line = np.linspace(x.min(), x.max(), 65)
    height = y.mean() - slope * x.mean() if intercept is None else float(intercept)
    words = f"fit, slope ${slope:.3f}$"
    with style.axes(ax) as ax:
        if interval is not None:
            low, high = (np.exp(height + slope * x.mean() + s * (line - x.mean())) for s in interval)
            ax.fill_between(np.exp(line), np.minimum(low, high), np.maximum(low, high), color="0.85", linewidth=0)
            words += f" (${interval[0]:.3f}$ to ${interval[1]:.3f}$)"
        ax.plot(np.exp(line), np.exp(height + slope * line), color=style.dark(), label=words)
        ax.errorbar(
            count, value, yerr=error, fmt="o", color=style.INK, markerfacecolor="white", markersize=5, capsize=2.5,
            linewidth=0.9, label="mean and standard error", zorder=3,
        )  # fmt: skip
        if reference is not None:
            drop = np.min(y - reference * x) - 0.45  # beneath every point, parallel to what theory says
            name = rf"reference, slope ${reference:g}$"
            ax.plot(np.exp(line), np.exp(drop + reference * line), color="0.45", linestyle=(0, (5, 1.6)), label=name)
        ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
        style.headline(ax, title)
        legends.legend(ax)
    return ax


def growth(
    t: ArrayLike, distances: Sequence[ArrayLike] | NDArray[Any], labels: Iterable[Any] | None = None,
    ax: Axes | None = None, *, spread: Sequence[ArrayLike] | None = None,
    bounds: Mapping[str, ArrayLike] | None = None, ylabel: str = r"$W_1$ (rad)", log: bool = True, title: str = "",
) -> Axes:  # fmt: skip
    """Distances between particles and density over time, one line for every n, with theory's curves.

    Parameters
    ----------
    t : (T,) array
        Times.
    distances : sequence of (T,) arrays
        One distance for every n.
    labels : sequence, optional
        One for every line, for instance `["n = 100", ...]`.
    spread : sequence of (T,) arrays, optional
        Standard errors, shaded about the lines.
    bounds : mapping of str to (T,) array, optional
        Theory's curves by name, drawn thin and grey.
    ylabel, title : str
        Vertical label with units, and the title.
    log : bool
        Logarithmic vertical axis.
    ax : Axes, optional
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
    """
    times, log = arrays.finite("t", t, None), inputs.flag("log", log)
    rows = _rows("distances", distances, len(times))
    errors = None if spread is None else _rows("spread", spread, len(times))
    if errors is not None and len(errors) != len(rows):
        raise ValueError(f"spread must be {len(rows)} arrays, one a line; got {len(errors)}.")
    captions = arrays.names("labels", labels, len(rows))
    theory = {name: arrays.numbers(f"bounds[{name!r}]", curve, len(times)) for name, curve in (bounds or {}).items()}
    with style.axes(ax) as ax:
        for i, (row, look) in enumerate(zip(rows, style.line_styles(len(rows)), strict=True)):
            every = style.sparse_marks(i, len(times), len(rows))
            ax.plot(times, _positive(row, log), label=captions[i] or None, markevery=every, **look)
            if errors is not None:
                low, high = _positive(row - errors[i], log), row + errors[i]
                ax.fill_between(times, low, high, color=look["color"], alpha=0.2, linewidth=0)
        for (name, curve), look in zip(theory.items(), style.line_styles(len(theory)), strict=True):
            dash = look["linestyle"] if len(theory) > 1 else (0, (1.3, 1.3))
            ax.plot(times, _positive(curve, log), color="0.4", linewidth=0.9, linestyle=dash, label=name)
        ax.set(yscale="log" if log else "linear", xlabel=TIME, ylabel=ylabel, xlim=style.span(times))
        style.headline(ax, title)
        legends.legend(ax)
    return ax


def _positive(values: NDArray[np.float64], log: bool) -> NDArray[np.float64]:
    return np.where(values > 0.0, values, np.nan) if log else values
