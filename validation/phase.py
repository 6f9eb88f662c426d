"""Phase diagrams: the chance that two tokens are one, over time and beta, and where it is a half (A, Figures 3 and 5).

A cell of a sweep is one beta of one diagram, on any executor; finished cells are kept in the run's folder, where the
same command finds them again.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import style
from meanfield.protocols import Array
from validation.registry import Bench

TOKENS = 32
DELTA = 1e-3
"""Tokens are together where <x_i, x_j> >= 1 - DELTA."""
BATCH = 64
"""Clouds that share their steps: as many as stay in the cache."""
STEP = 0.1
"""Of the published code: Euler's, all of the attention added, then rows are normalised."""


@dataclass(frozen=True, eq=False)
class Diagram:
    """One of them.

    Attributes
    ----------
    betas : ndarray (B,)
    t : ndarray (T,)
    share : ndarray (B, T)
        Of pairs that are together, the mean over clouds.
    error : ndarray (B, T)
        Its standard error, clouds being independent and the pairs of one not.
    """

    betas: Array
    t: Array
    share: Array
    error: Array

    @property
    def half(self) -> tuple[Array, Array]:
        """(B,) the first time at which the share is 1/2, inf where it never is, and its standard error."""
        when, error = np.full(len(self.betas), np.inf), np.zeros(len(self.betas))
        for b, (share, spread) in enumerate(zip(self.share, self.error, strict=True)):
            at = int(np.argmax(share >= 0.5))
            if share[at] >= 0.5 and at > 0:
                rise = (share[at] - share[at - 1]) / (self.t[at] - self.t[at - 1])
                when[b] = self.t[at] - (share[at] - 0.5) / rise
                error[b] = max(spread[at - 1 : at + 1]) / rise
        return when, error

    def distance(self, curve: Array) -> tuple[float, float]:
        """Mean over beta of |half - curve| in units of time, what lies beyond the end being the end; and its error."""
        when, error = self.half
        end = self.t[-1]
        inside = when <= end
        gap = np.abs(np.minimum(when, end) - np.minimum(curve, end))
        return float(gap.mean()), float(np.sqrt(np.sum(np.square(error[inside]))) / len(gap))


def identity(cell: Mapping[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Q = K = V = 1: uniform tokens of R^d by their inner products; d = 0 stands for orthogonal ones."""
    n, d = cell["n"], cell["d"]
    law, end, t = mf.SA(cell["beta"]), cell["end"], np.linspace(0.0, cell["end"], cell["times"])
    how: dict[str, Any] = {"rtol": 1e-5, "atol": 1e-7}
    if cell["coded"]:
        how = {"method": "euler-unprojected", "step": STEP}
    shares = []
    for first in range(0, cell["clouds"], BATCH):
        replicas = min(BATCH, cell["clouds"] - first)
        given: Any = (None, np.eye(n)[None]) if d == 0 else (pt.uniform(n, d, rng, replicas=replicas), None)
        run = pt.gram(law, given[0], (0.0, end), t, gram=given[1], **how)
        shares.append((run.gaps[..., *np.triu_indices(n, 1)] <= DELTA).mean(axis=-1))
    return told(np.concatenate(shares, axis=1))


def told(shares: Array) -> dict[str, Any]:
    """Mean and standard error of shares (T, clouds), as a cell gives them."""
    clouds = shares.shape[1]
    error = shares.std(axis=1, ddof=1) / np.sqrt(clouds) if clouds > 1 else np.zeros(len(shares))
    return {"share": shares.mean(axis=1).tolist(), "error": error.tolist()}


def diagrams(
    bench: Bench, of: Callable[..., dict[str, Any]], kinds: Mapping[str, Mapping[str, Any]], betas: Array, **all_: Any
) -> dict[str, Diagram]:
    """A diagram for each kind: `of` over every beta, with the settings of the kind and those of all."""
    cells = [{**all_, **kind, "beta": float(beta)} for kind in kinds.values() for beta in betas]
    keep = None if bench.out is None or bench.tier == "quick" else bench.out / f"{bench.id}-cells-{bench.rng}"
    with spread(bench) as executor:
        found = mf.sweep(of, cells, rng=bench.rng, executor=executor, keep=keep)
    t = np.linspace(0.0, all_["end"], all_["times"])
    made = {}
    for k, name in enumerate(kinds):
        rows = found[k * len(betas) : (k + 1) * len(betas)]
        made[name] = Diagram(betas, t, *(np.array([row[part] for row in rows]) for part in ("share", "error")))
    return made


@contextmanager
def spread(bench: Bench) -> Iterator[Any]:
    """Workers for a full run, one a core; None for a quick one, and where this process is a worker itself."""
    if bench.tier == "quick" or multiprocessing.parent_process() is not None:
        yield None
    else:
        with mf.workers() as pool:
            yield pool


def picture(
    made: Mapping[str, Diagram], curve: Any, title: str, *, columns: int = 3, limit: str = r"$\Gamma_{\infty, \delta}$"
) -> Any:
    """The share over (t, beta), dark where tokens are together, with its half contour, and a curve beside it.

    curve : (betas, times), or None.
    """
    plt = style.pyplot()
    columns = min(columns, len(made))
    rows = -(-len(made) // columns)
    with style.filled():
        figure, axes = plt.subplots(
            rows, columns, figsize=(2.5 * columns + 0.7, 2.1 * rows + 0.7), layout="constrained", sharex=True,
            sharey=True, squeeze=False,
        )  # fmt: skip
        for ax, (name, one) in zip(axes.flat, made.items(), strict=False):
            style.dress(ax)
            mesh = ax.pcolormesh(one.t, one.betas, one.share, vmin=0.0, vmax=1.0, cmap="Blues", rasterized=True)
            when, error = one.half
            at = np.isfinite(when)
            ax.fill_betweenx(one.betas[at], (when - error)[at], (when + error)[at], color=style.INK, alpha=0.25, lw=0)
            ax.plot(when[at], one.betas[at], color=style.INK, linewidth=1.2, label="half")
            if curve is not None:
                ax.plot(curve[1], curve[0], color="white", linewidth=2.6)
                ax.plot(curve[1], curve[0], color="tab:red", linewidth=1.2, linestyle=style.DASHES[1], label=limit)
            ax.set(xlim=(0.0, one.t[-1]), ylim=(one.betas[0], one.betas[-1]), title=name)
        for ax in axes.flat[len(made) :]:
            ax.set_axis_off()
        for ax in axes[:, 0]:
            ax.set_ylabel(r"$\beta$")
        for ax in axes[-1]:
            ax.set_xlabel("time $t$")
        last = axes.flat[len(made) - 1]
        last.legend(loc="lower right", fontsize="small", frameon=True, facecolor="white", framealpha=0.9)
        style.bar(axes[0, -1], mesh, "share of pairs together")
        figure.suptitle(title, fontsize="medium")
    return axes
