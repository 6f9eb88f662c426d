"""docs/images/speed.png: ratios with their ranges, and cost as the work grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.harness import exponent, ratios
from benchmarks.problems import LIMITS, NUMPY, Problem
from benchmarks.report import NAMES, Record, series
from meanfield.plot import style

COLOURS = {
    "dedalus": "#440154",
    "pypde": "#3b528b",
    "finufft": "#21918c",
    "keops": "#5ec962",
    "sisyphe": "#b5a300",
    "loop": "#d1495b",
    "pot": "#8d5a97",
}
MARKERS = {"dedalus": "o", "pypde": "s", "finufft": "^", "keops": "D", "sisyphe": "v", "loop": "P", "pot": "X"}
"""What tells the peers apart where colours are lost."""
Dot = tuple[str, str, str, tuple[float, float, float]]
"""Problem, peer, variant of ours, ratio."""


def draw(records: list[Record], problems: dict[str, Problem], path: Path) -> Path:
    """Two panels: every peer / ours on a logarithmic axis; our seconds against size, with exponents."""
    import matplotlib.pyplot as plt

    known = [r for r in records if r["problem"] in problems]
    found = dots(known)
    path.parent.mkdir(parents=True, exist_ok=True)
    with style.look():
        height = max(4.0, 1.8 + 0.2 * len({dot[0] for dot in found}))
        figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, height), layout="constrained", width_ratios=[3, 2])
        try:
            _ratios(left, found)
            _growth(right, known, problems)
            return style.save(figure, path)
        finally:
            plt.close(figure)


def dots(records: list[Record]) -> list[Dot]:
    """Every ratio to a peer, in the table's order."""
    out = []
    for record in records:
        for pair, three in ratios(record).items():
            peer, mine = pair.split(" / ")
            if mine not in LIMITS:
                out.append((record["problem"], peer, mine.partition(" ")[2], three))
    return out


def _ratios(ax: Any, found: list[Dot]) -> None:
    style.dress(ax)
    places = {name: i for i, name in enumerate(dict.fromkeys(dot[0] for dot in found))}
    labelled = set()
    for name, peer, variant, (middle, least, largest) in found:
        label = None if peer in labelled else NAMES.get(peer, peer)
        labelled.add(peer)
        colour = COLOURS.get(peer, "0.3")
        shape = MARKERS.get(peer, "o")
        inside = "white" if variant == NUMPY else colour
        ax.plot([least, largest], [places[name]] * 2, color=colour, linewidth=1.0, zorder=2)
        ax.plot([middle], [places[name]], shape, color=colour, markersize=4.8, markerfacecolor=inside, zorder=3)
        if label is not None:
            ax.plot([], [], shape, color=colour, markersize=4.8, label=label)
    if any(variant == NUMPY for _, _, variant, _ in found):
        ax.plot([], [], "o", color="0.3", markersize=4.5, markerfacecolor="white", label="hollow: ours without numba")
    ax.axvline(1.0, color="0.6", linewidth=0.8, zorder=1)
    ax.set_xscale("log")
    ax.grid(axis="y", color="0.92", linewidth=0.6)
    ax.set_yticks(range(len(places)), list(places), fontsize=7.5)
    ax.set_ylim(len(places) - 0.5, -0.5)
    ax.set_xlabel("time of the peer / ours: median and range over rounds", fontsize=9)
    if found:
        ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=3, fontsize=7.5, frameon=False)


def _growth(ax: Any, records: list[Record], problems: dict[str, Problem]) -> None:
    style.dress(ax)
    found = {where: steps for where, steps in series(records, problems).items() if len(steps) > 1}
    for look, ((name, parameter, runner), steps) in zip(style.line_styles(len(found)), found.items(), strict=True):
        sizes, seconds = zip(*steps, strict=True)
        slope = exponent(list(sizes), list(seconds))
        variant = runner.partition(" ")[2]
        label = f"{name}{f' ({variant})' if variant else ''}: {parameter}^{slope:.2f}"
        ax.plot(sizes, seconds, **look, markersize=3.5, label=label)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("n, N, lmax, d or beta", fontsize=9)
    ax.set_ylabel("seconds of one right-hand side, ours", fontsize=9)
    if found:
        ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2, fontsize=7.5, frameon=False)
