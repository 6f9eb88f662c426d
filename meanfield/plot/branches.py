"""Bifurcation diagrams: an amplitude over a parameter, what is stable drawn through."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plot import arrays, legends, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKS = ("o", "s", "D", "^", "v")


def diagram(
    parameter: ArrayLike, amplitude: ArrayLike, stable: ArrayLike,
    marks: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None, ax: Axes | None = None, *,
    uniform: ArrayLike | None = None, loop: tuple[float, float] | None = None,
    xlabel: str = r"$\kappa$", ylabel: str = r"amplitude $f$", title: str = "",
) -> Axes:  # fmt: skip
    """A branch, drawn through where it is stable and broken where not, with the uniform state and what was located.

    Parameters
    ----------
    parameter, amplitude : (P,) arrays
        Along the branch.
    stable : (P,) array of bool
        Where small changes die out.
    marks : mapping of str to (parameters, amplitudes)
        What is marked, by its name: folds, branch points.
    uniform : (P,) array of bool, optional
        Where the uniform state, of amplitude 0, is stable: drawn in grey.
    loop : (float, float), optional
        Between which both are stable: shaded.
    xlabel, ylabel, title : str
        Labels and the title.
    ax : Axes, optional
        Where to draw; None makes a figure.

    Returns
    -------
    Axes
    """
    x = arrays.finite("parameter", parameter, None)
    y = arrays.finite("amplitude", amplitude, len(x))
    held = np.asarray(stable, dtype=bool)
    if held.shape != x.shape:
        raise ValueError(f"stable must be {len(x)} bools, one a point; got shape {held.shape}.")
    with style.axes(ax) as ax:
        if loop is not None:
            ax.axvspan(*loop, color="0.5", alpha=0.25, linewidth=0, label="both are stable")
        low, high = _span(x)
        _parts(ax, x, y, held, style.dark(), ("stable", "unstable"))
        if uniform is not None:
            order = np.argsort(x, kind="stable")
            rests = np.asarray(uniform, dtype=bool)[order]
            ends = np.concatenate([[low], x[order], [high]])
            _parts(ax, ends, 0.0 * ends, np.concatenate([rests[:1], rests, rests[-1:]]), "0.5", (None, None))
        for (name, (at, height)), mark in zip((marks or {}).items(), MARKS, strict=False):
            if np.size(at):
                ax.plot(at, height, mark, color=style.dark(), markerfacecolor="white", markersize=6, label=name)
        ax.set(xlabel=xlabel, ylabel=ylabel, xlim=(low, high))
        style.headline(ax, title)
        legends.legend(ax)
    return ax


def _parts(
    ax: Axes, x: NDArray[Any], y: NDArray[Any], held: NDArray[Any], color: str, words: tuple[str | None, str | None]
) -> None:
    """Pieces of one kind, those that are not stable up to their neighbours."""
    said: set[str | None] = set()
    cuts = [0, *(np.flatnonzero(held[1:] != held[:-1]) + 1), len(x)]
    for first, last in itertools.pairwise(cuts):
        rests = bool(held[first])
        word = words[0] if rests else words[1]
        piece = slice(max(first - (not rests), 0), min(last + (not rests), len(x)))
        look: dict[str, Any] = {"linestyle": "-", "linewidth": 1.8} if rests else {"linestyle": (0, (4, 2))}
        ax.plot(x[piece], y[piece], color=color, label=None if word in said else word, **look)
        said.add(word)


def _span(x: NDArray[Any]) -> tuple[float, float]:
    low, high = float(x.min()), float(x.max())
    room = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    return low - room, high + room
