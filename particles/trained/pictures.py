"""Pictures of trained models, several side by side by name: the trained one and its controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from meanfield.plot import style
from meanfield.plot.points import pair_histogram
from meanfield.protocols import Array

BINS = 80


def lines(
    panels: Mapping[str, Mapping[str, tuple[Array, Array]]], xlabel: str, ylabels: Sequence[str],
    ylim: tuple[float, float] | None = None,
) -> Any:  # fmt: skip
    """Panels above one another, by title; in each a line (x, y) for every name, the same look for the same place."""
    with style.panels(None, [1.0] * len(panels), figsize=(style.WIDE[0], 2.6 * len(panels))) as axes:
        for ax, (title, named), ylabel in zip(axes, panels.items(), ylabels):
            for (name, (x, y)), look in zip(named.items(), style.line_styles(len(named))):
                ax.plot(x, y, label=name, markersize=3.5, **look)
            ax.set_title(title)
            ax.set(ylabel=ylabel)
            if ylim is not None:
                ax.set_ylim(*ylim)
        axes[0].legend(fontsize="small")
        axes[-1].set_xlabel(xlabel)
    return axes


def histograms(panels: Mapping[str, Mapping[str, Sequence[Array]]]) -> Any:
    """Panels by title; in each, for every name, the density of <x_i, x_j> of clouds (n, d) of directions, together.

    The vertical axis is logarithmic: what is near 1 is a small share.
    """
    edges = np.linspace(-1.0, 1.0, BINS + 1)
    with style.panels(None, [1.0] * len(panels), figsize=(style.WIDE[0], 2.2 * len(panels))) as axes:
        for ax, (title, named) in zip(axes, panels.items()):
            for (name, clouds), look in zip(named.items(), style.line_styles(len(named))):
                heights = np.mean([pair_histogram(one, BINS) for one in clouds], axis=0) * (BINS / 2)
                ax.stairs(
                    np.where(heights > 0.0, heights, np.nan), edges, baseline=None, edgecolor=look["color"],
                    linestyle=look["linestyle"], linewidth=1.2, label=name,
                )  # fmt: skip
            ax.set_title(title)
            ax.set(yscale="log", ylabel="density", xlim=(-1.0, 1.02))
        axes[0].legend(fontsize="small")
        axes[-1].set_xlabel(r"inner product $\langle x_i, x_j\rangle$ of $x/|x|$")
    return axes


def eigenvalues(panels: Mapping[str, Mapping[str, Array]]) -> Any:
    """Panels by title; in each the numbers of every name in the plane, above the real line, with another mark."""
    with style.panels(None, [1.0] * len(panels), figsize=(style.WIDE[0], 3.0 * len(panels))) as axes:
        for ax, (title, named) in zip(axes, panels.items()):
            looks = zip("ox+s", style.line_styles(len(named)))
            for (name, w), (mark, look) in zip(named.items(), looks):
                w = np.ravel(w)
                ax.plot(w.real, w.imag, mark, color=look["color"], label=name, markersize=4.5, alpha=0.8)
            ax.axvline(0.0, color="0.7", linewidth=0.8)
            ax.set_title(title)
            ax.set(ylabel="imaginary part")
        axes[0].legend(fontsize="small")
        axes[-1].set_xlabel("real part")
    return axes
