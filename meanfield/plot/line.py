"""Pictures of densities on R: functions of x.

Densities are taken with respect to dx / (b - a) of the interval [a, b] on which they began, so that the uniform one
there is 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, arrows, heats, legends, pens, scales, style
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POSITION = "position $x$"
SPEED = r"$X[\mu]$, dashed"


def _positions(x: ArrayLike) -> NDArray[np.float64]:
    """Increasing numbers (N,), two at least."""
    q = arrays.finite("x", x, None)
    if len(q) < 2 or not np.all(np.diff(q) > 0):
        raise ValueError(f"x must be at least two increasing numbers; got {inputs.describe(q)}.")
    return q


def _logarithmic(values: NDArray[np.float64], log: bool | None) -> bool:
    """As asked, or by what there is where densities are not 0."""
    some = np.where(values > 0.0, values, np.nan)
    return scales.scale(some, log)[0] if np.isfinite(some).any() else bool(log)


def heat(
    t: ArrayLike, x: ArrayLike, values: ArrayLike, ax: Axes | None = None, *, title: str = "",
    log: bool | None = None, cmap: Any = None, log_time: bool | None = None, ends: bool | None = None,
) -> Axes:  # fmt: skip
    """Density over time as colours: time across, position up; and beside it the profiles at both ends.

    Parameters
    ----------
    t : (T,) array
        Increasing times, at least two.
    x : (N,) array
        Increasing positions.
    values : (T, N) array
        Density.
    ax, title, log, cmap, log_time, ends
        As for `circle.heat`.

    Returns
    -------
    Axes
    """
    q = _positions(x)
    times, density, late = heats.moments(t, values, len(q), log_time)
    norm, extend = scales.colours(density, _logarithmic(density, log))
    pair = heats.wanted(ends, ax)
    with style.axes(ax, heats.ROOMY if pair else style.WIDE) as ax:
        mesh = heats.painted(ax, times, q, density, norm, cmap, late, title)
        ax.set(ylim=(q[0], q[-1]), ylabel=POSITION)
        if pair:
            heats.beside(ax, q, density[[0, -1]], times[[0, -1]], norm, scales.DENSITY)
        style.bar(ax, mesh, scales.DENSITY, extend=extend, pad=0.02, aspect=28)
    return ax


def profiles(
    x: ArrayLike, values_list: Sequence[ArrayLike] | NDArray[Any], labels: Iterable[Any] | None = None,
    ax: Axes | None = None, *, title: str = "", log: bool | None = None, cmap: Any = None, color: Any = None,
    label: str | None = None,
) -> Axes:  # fmt: skip
    """Densities at several times as lines over x.

    Parameters
    ----------
    x : (N,) array
        Increasing positions.
    values_list : sequence of (N,) arrays
        Densities.
    labels : sequence, optional
        One for every line.
    ax, title, log, cmap, color, label
        As for `circle.profiles`.

    Returns
    -------
    Axes
    """
    q = _positions(x)
    rows = [arrays.numbers(f"values_list[{i}]", v, len(q)) for i, v in enumerate(values_list)]
    if not rows:
        raise ValueError("values_list must hold at least one density; got none.")
    captions = arrays.names("labels", labels, len(rows))
    logarithmic, low, high = scales.scale(np.stack(rows), _logarithmic(np.stack(rows), log))
    with style.axes(ax) as ax:
        pairs = [(q, np.where(row > 0.0, row, np.nan) if logarithmic else row) for row in rows]
        n = pens.lines(ax, pairs, captions, title, label, color, cmap)
        if logarithmic:
            ax.set(yscale="log")
            pens.reach(ax, n, ylim=(low * 0.7, high * 1.6))
        ax.set(xlabel=POSITION, ylabel=scales.DENSITY)
        pens.reach(ax, n, xlim=(q[0], q[-1]))
        legends.legend(ax)
    return ax


def single(
    x: ArrayLike, rho: ArrayLike, ax: Axes | None = None, *, title: str = "", log: bool | None = None, cmap: Any = None,
    color: Any = None, label: str | None = None, velocity: tuple[ArrayLike, ArrayLike] | None = None,
) -> Axes:  # fmt: skip
    """One density rho (N,) at positions x (N,), as `profiles`; velocity: positions (m,) and speeds (m,) there."""
    ours = ax is None
    ax = profiles(x, [rho], None, ax, title=title, log=log, cmap=cmap, color=color, label=label)
    if velocity is not None:
        arrows.curve(ax, velocity, ours, SPEED)
    return ax
