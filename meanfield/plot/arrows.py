"""Velocities beside what they move: a curve over an angle or a height, arrows on a ring, a globe or a map.

Arrows are as long as the velocity is large, and the longest one is told in numbers.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, pens, scales, shade, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPEED = r"$X[\mu]$ (rad per unit of time), dashed"
MANY = 120
"""Arrows in a picture at most."""
_LONGEST = 0.08
"""Length of the longest arrow in units of the axes' width."""
_SIGNS = 13
"""Arrow heads along a curve, where it goes up or down."""
_STILL = 0.02
"""Share of the largest speed below which a head would say nothing."""
_KEY = "meanfield speeds"


def curve(ax: Axes, velocity: tuple[ArrayLike, ArrayLike], ours: bool, words: str = SPEED) -> Axes:
    """Speeds (m,) at places (m,) in ascending order as a dashed line, on an axis of their own to the right.

    Heads along its zero point to where it moves.  `ours`: the figure was made here, and so is its look; `words` name
    the axis.
    """
    q, speed = _pair(velocity, None)
    with style.filled() if ours else nullcontext():
        return _drawn(_beside(ax, words), q, speed)


def _drawn(beside: Axes, q: NDArray[np.float64], speed: NDArray[np.float64]) -> Axes:
    n = len(beside.get_lines()) // 2
    top = 1.15 * float(np.nanmax(np.abs(speed), initial=0.0)) or 1.0
    with shade.on([beside]):
        beside.plot(q, speed, color="0.4", linestyle=style.DASHES[1 + n % 4], linewidth=1.0)
        at = np.linspace(q[0], q[-1], _SIGNS + 2)[1:-1]
        there = np.interp(at, q, speed)
        beside.axhline(0.0, color="0.7", linewidth=0.6, zorder=0)
        heads: tuple[tuple[Literal["<", ">"], Any], ...] = ((">", there > _STILL * top), ("<", there < -_STILL * top))
        for marker, those in heads:
            beside.scatter(at[those], np.zeros(those.sum()), marker=marker, s=26, color="0.4", linewidth=0)
        pens.reach(beside, n, ylim=(-top, top))
        beside.get_yticklabels()  # made now, in the letters that hold now
    return beside


def _beside(ax: Axes, words: str) -> Any:
    """The axis of speeds of some axes: the one that is there, or a new one."""
    made: Any = vars(ax).get(_KEY)
    if made is not None and made in ax.figure.axes:
        return made
    made = ax.twinx()
    vars(ax)[_KEY] = made
    style.dress(made)
    made.spines["right"].set_visible(True)
    made.spines["left"].set_visible(False)
    made.patch.set_facecolor(ax.get_facecolor())  # it is not seen, and tells whether what is beneath is dark
    made.set_ylabel(words)
    return made


def plane(
    ax: Axes, at: NDArray[np.float64], move: NDArray[np.float64], speed: NDArray[np.float64], color: Any = style.INK,
    edge: Any = None,
) -> None:  # fmt: skip
    """Arrows from places (m, 2) on the axes along moves (m, 2) of the same scale; the largest speed in words."""
    largest = float(np.max(speed, initial=0.0))
    words = rf"longest: $|X[\mu]|$ = {scales.clocks(largest)[0]}"
    if largest > 0.0:
        look: dict[str, Any] = {} if edge is None else {"edgecolor": edge, "linewidth": 0.3}
        ax.quiver(
            at[:, 0], at[:, 1], move[:, 0], move[:, 1], angles="uv", scale_units="width", scale=largest / _LONGEST,
            width=0.005, color=color, zorder=6, **look,
        )  # fmt: skip
    ax.text(1.0, 0.0, words, transform=ax.transAxes, fontsize="small", ha="right", va="bottom")


def on_map(ax: Axes, velocity: tuple[ArrayLike, ArrayLike], middle: float) -> None:
    """Arrows of velocities (m, 3) at unit rows (m, 3) on Mollweide axes with the longitude `middle` in the middle.

    They point where the map shows the motion, and are as long as it is on the sphere.
    """
    x, v = _pair(velocity, 3)
    kept = spread(x, MANY)
    x, v = x[kept], v[kept]
    across = np.hypot(x[:, 0], x[:, 1])
    level = across > 0.2  # beside the poles the map has no directions left
    x, v, across = x[level], v[level], across[level]
    place = np.stack([np.pi - np.mod(np.pi + middle - np.arctan2(x[:, 1], x[:, 0]), 2 * np.pi), np.arcsin(x[:, 2])], 1)
    east = (x[:, 0] * v[:, 1] - x[:, 1] * v[:, 0]) / across
    turn = np.stack([east / across, v[:, 2] / across], 1)
    speed = np.linalg.norm(v, axis=1)
    step = 1e-4 * turn / np.maximum(np.linalg.norm(turn, axis=1), np.finfo(float).tiny)[:, None]
    shown = ax.transData.transform(place + step) - ax.transData.transform(place - step)
    size = np.maximum(np.linalg.norm(shown, axis=1), np.finfo(float).tiny)
    plane(ax, place, shown * (speed / size)[:, None], speed, "white", "0.1")


def spread(x: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Which of the rows (m, d), d = 2 or 3, to show, so that about `count` at most lie everywhere alike."""
    if len(x) <= count:
        return np.arange(len(x))
    k = np.arange(count) + 0.5
    if x.shape[1] == 2:
        lattice = np.stack([np.cos(2 * np.pi * k / count), np.sin(2 * np.pi * k / count)], 1)
    else:
        up, turn = 1.0 - 2.0 * k / count, np.pi * (1.0 + 5.0**0.5) * k
        lattice = np.stack([np.sqrt(1 - up**2) * np.cos(turn), np.sqrt(1 - up**2) * np.sin(turn), up], 1)
    return np.unique(scipy.spatial.cKDTree(x).query(lattice)[1])


def _pair(velocity: tuple[ArrayLike, ArrayLike], d: int | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places and velocities there, checked: (m,) each, or (m, d)."""
    shape = (None,) if d is None else (None, d)
    q = arrays.finite("velocity[0]", velocity[0], *shape)
    return q, arrays.finite("velocity[1]", velocity[1], *q.shape)
