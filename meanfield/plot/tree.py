"""Pictures of merging clusters: the tree, the number of clusters over time, the energy's staircase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, legends, pens, scales, style
from meanfield.tools import inputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOG_TIME = r"log time $\ln t$"
_NARROW, _WIDE = 0.6, 7.0
"""Points: widths of the lines of masses 0 and 1."""
_BEFORE = 3.0
"""How many times before the first time after 0 a logarithmic axis begins."""


def _clock(ax: Axes, side: str, times: NDArray[np.float64], log: bool, log_time: bool | None, n: int) -> float:
    """Name the axis of times on the "x" or "y" side, and make it logarithmic where it is; the least time it shows.

    `log` says that times are logarithms, `log_time` is that of `curves.energy`.
    """
    if inputs.flag("log", log):
        if log_time is not None and inputs.flag("log_time", log_time):
            raise ValueError("log_time: these times are logarithms already; leave it out")
        ax.set(**{f"{side}label": LOG_TIME})
        return float(times.min())
    there = getattr(ax, f"get_{side}scale")() == "log"
    late = scales.late(np.unique(times), there if n and log_time is None else log_time)
    ax.set(**{f"{side}label": scales.TIME, f"{side}scale": "log" if late else "linear"})
    return float(times[times > 0.0].min()) / _BEFORE if late and times.min() <= 0.0 else float(times.min())


def merges(
    birth: ArrayLike, death: ArrayLike, mass: ArrayLike, parents: Sequence[Sequence[int]], ax: Axes | None = None, *,
    origins: Sequence[int | None] | None = None, log: bool = False, title: str = "", color: Any = None,
    label: str | None = None, log_time: bool | None = None,
) -> Axes:  # fmt: skip
    """A merge tree: time up, one line a cluster, as wide as it is heavy; bars join those that merge, and pieces.

    Parameters
    ----------
    birth, death, mass : (n,) arrays
        Of every cluster: times, and share of the mass.
    parents : sequence of n sequences of int
        The clusters that merged into it.
    origins : sequence of n int or None, optional
        The cluster it split off from.
    log : bool
        Times are natural logarithms.
    ax, title
        Where to draw (None makes a figure), and the title.
    color, label
        Of the lives, as for `curves.energy`.
    log_time : bool, optional
        A logarithmic axis of times; None: where mergers and splits tell it (`scales.late`).

    Returns
    -------
    Axes
        Its first collection holds the lives (n segments), its second the bars.
    """
    born = arrays.finite("birth", birth, None)
    died = arrays.finite("death", death, len(born))
    size = arrays.finite("mass", mass, len(born))
    if len(parents) != len(born):
        raise ValueError(f"parents must be {len(born)} lists, one a cluster; got {len(parents)}.")
    pieces: dict[int, list[int]] = {}
    for piece, origin in enumerate(origins or ()):
        if origin is not None:
            pieces.setdefault(int(origin), []).append(piece)
    place = _places(parents, {i: group for i, group in pieces.items() if died[i] <= born[group].min()})
    bars = [[(place[p].min(), t), (place[p].max(), t)] for p, t in zip(map(list, parents), born, strict=True) if p]
    for origin, group in pieces.items():
        joined = place[[origin, *group]]
        bars += [[(joined.min(), t), (joined.max(), t)] for t in sorted(set(born[group].tolist()))]
    with style.axes(ax) as ax:
        from matplotlib.collections import LineCollection

        low, high = _clock(ax, "y", np.append(born, died), log, log_time, len(pens.records(ax))), float(died.max())
        lives = [[(x, max(a, low)), (x, b)] for x, a, b in zip(place, born, died, strict=True)]
        widths = _NARROW + (_WIDE - _NARROW) * np.clip(size, 0.0, 1.0)
        ink = pens.pen(ax, color)["color"]
        made = LineCollection(lives, colors=[ink] * len(lives), linewidths=widths, capstyle="butt")
        ax.add_collection(made, autolim=False)
        ax.add_collection(LineCollection(bars, colors="0.45", linewidths=0.9), autolim=False)
        n = pens.tell(ax, [made], title, label)
        pens.reach(ax, n, xlim=(place.min() - 0.7, place.max() + 0.7), ylim=_room(low, high, ax.get_yscale() == "log"))
        ax.set(xlabel="clusters (width of a line: its mass)", xticks=[])
        legends.legend(ax)
    return ax


def _room(low: float, high: float, log: bool) -> tuple[float, float]:
    """Limits a little beyond the first and the last time."""
    if log:
        return low, high * (high / low) ** 0.02
    room = 0.02 * (high - low) or 0.5
    return low - room, high + room


def _places(parents: Sequence[Sequence[int]], pieces: dict[int, list[int]]) -> NDArray[np.float64]:
    """Horizontal places: those who merge stand side by side, their cluster in the middle above them.

    One that nobody merged into and that went to pieces stands in the middle below them.
    """
    place = np.full(len(parents), np.nan)
    merged = {p for group in parents for p in group}
    count = 0
    # without recursion: a chain of a thousand mergers is a tree as deep
    below = [i for i in pieces if i not in merged and len(parents[i]) == 0]
    for root in (i for i in range(len(parents)) if i not in merged and i not in below):
        stack = [(root, False)]
        while stack:
            i, ready = stack.pop()
            if ready:
                place[i] = np.mean(place[list(parents[i])])
            elif len(parents[i]):
                stack.append((i, True))
                stack.extend((p, False) for p in reversed(list(parents[i])))
            else:
                place[i] = count
                count += 1
    for i in sorted(below, reverse=True):  # pieces have higher numbers
        place[i] = np.mean(place[pieces[i]])
    return place


def counts(
    t: ArrayLike, number: ArrayLike, ax: Axes | None = None, *, log: bool = False, title: str = "", color: Any = None,
    label: str | None = None, log_time: bool | None = None,
) -> Axes:  # fmt: skip
    """The number of clusters over time, as steps.

    Parameters
    ----------
    t, number : (m,) arrays
        From t[i] to t[i + 1] there are number[i] clusters.
    log : bool
        Times are natural logarithms.
    ax, title
        Where to draw (None makes a figure), and the title.
    color, label, log_time
        As for `curves.energy`.

    Returns
    -------
    Axes
    """
    times = arrays.finite("t", t, None)
    values = arrays.finite("number", number, len(times))
    with style.axes(ax) as ax:
        from matplotlib.ticker import MaxNLocator

        times = np.maximum(times, _clock(ax, "x", times, log, log_time, len(pens.records(ax))))
        n = pens.tell(ax, ax.step(times, values, where="post", **pens.pen(ax, color)), title, label)
        many = values.max() > 30 * max(values.min(), 1.0)
        ax.set(ylabel="number of clusters")
        pens.reach(ax, n, xlim=style.span(times))
        if many:
            ax.set(yscale="log")
        elif ax.get_yscale() == "linear":
            pens.reach(ax, n, ylim=(0.0, 1.08 * values.max()))
            ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        legends.legend(ax)
    return ax


def steps(
    log_t: ArrayLike, energy: ArrayLike, ax: Axes | None = None, *, title: str = "", color: Any = None,
    label: str | None = None,
) -> Axes:  # fmt: skip
    """An energy over log time, as steps: from log_t[i] to log_t[i + 1] it is energy[i].

    Options are those of `counts`.
    """
    times = arrays.finite("log_t", log_t, None)
    values = arrays.finite("energy", energy, len(times))
    with style.axes(ax) as ax:
        n = pens.tell(ax, ax.step(times, values, where="post", **pens.pen(ax, color)), title, label)
        ax.set(xlabel=LOG_TIME, ylabel="interaction energy $E$")
        pens.reach(ax, n, xlim=style.span(times))
        legends.legend(ax)
    return ax


def staircase(
    t: ArrayLike, level: ArrayLike, energy_t: ArrayLike | None = None, energy: ArrayLike | None = None,
    ax: Axes | None = None, *, log: bool = False, title: str = "", color: Any = None, label: str | None = None,
    log_time: bool | None = None,
) -> Axes:  # fmt: skip
    """The staircase sum w^2 of merging clusters, and the rescaled energy 2 beta e^{-beta} E that climbs it.

    Parameters
    ----------
    t, level : (m,) arrays
        From t[i] to t[i + 1] the level is level[i].
    energy_t, energy : (T,) arrays, optional
        Rescaled energies at their times.
    log : bool
        Times are natural logarithms.
    ax, title
        Where to draw (None makes a figure), and the title.
    color, label
        Of the energies, or of the steps where there are none, as for `curves.energy`.
    log_time : bool, optional
        As for `merges`.

    Returns
    -------
    Axes
    """
    times = arrays.finite("t", t, None)
    steps = arrays.finite("level", level, len(times))
    with style.axes(ax) as ax:
        times = np.maximum(times, _clock(ax, "x", times, log, log_time, len(pens.records(ax))))
        caption = r"$\sum_i w_i^2$, clusters as tracked"
        pen = pens.pen(ax, color)
        grey: dict[str, Any] = {"color": "0.45", "linestyle": (0, (5, 1.6))}
        made, captions = ax.step(times, steps, where="post", **(pen if energy is None and color else grey)), [caption]
        if energy is not None:
            when = arrays.finite("energy_t", [] if energy_t is None else energy_t, None)
            values = arrays.finite("energy", energy, len(when))
            made += ax.plot(when, values, **pen)
            captions.append(r"$2 \beta e^{-\beta} E(t)$")
        n = pens.tell(ax, made, title, label, captions)
        pens.reach(ax, n, xlim=style.span(times), ylim=(0.0, 1.08))
        ax.set(ylabel="rescaled interaction energy")
        legends.legend(ax)
    return ax
