"""The card's first figure: how many clusters there are, over beta."""

from __future__ import annotations

from typing import Any

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.plot import legends, style
from meanfield.protocols import Array
from validation.registry import Bench, check
from validation.verdict import Limits, Verdict, judge

END = 30.0
GAP = 0.3
"""Neighbours further apart than this are in two clusters."""
MOST = 5
"""So many clusters, or more, are counted together."""


def ends(beta: float, clouds: int, rng: Any) -> Array:
    """(clouds, 32, 2) where uniform tokens of the circle are at t = 30 under SA."""
    x = pt.uniform(32, 2, rng, replicas=clouds)
    return np.asarray(pt.simulate(mf.SA(beta), x, (0.0, END), [END], rtol=1e-5, atol=1e-7).x[-1])


def counts(rows: Array) -> Array:
    """(clouds,) how many clusters they are in, by the gaps between neighbours."""
    angles = np.sort(np.mod(np.arctan2(rows[..., 1], rows[..., 0]), 2.0 * np.pi), axis=1)
    gaps = np.diff(np.concatenate([angles, angles[:, :1] + 2.0 * np.pi], axis=1), axis=1)
    return np.maximum(np.sum(gaps > GAP, axis=1), 1)


@check("S01", where="S", title="the histogram of numbers of clusters over beta")
def cluster_histogram(bench: Bench) -> Verdict:
    """32 uniform tokens of the circle under SA at t = 30, beta = 0.5 to 16: the share of clouds by number of clusters.

    Quick: 5 values of beta, 60 clouds; full: 12, 400.  The mean number rises with beta from one value to the next (up
    to 4.5 standard errors of the difference), all but a few clouds are one cluster at beta <= 1, where A's Theorem 4.3
    has it, and at the largest beta most are three or more.  The clusters that `mf.clusters` finds in ten clouds at each
    beta are as many as the gaps say.
    """
    full = bench.tier == "full"
    rng = np.random.default_rng(bench.rng)
    betas = np.geomspace(0.5, 16.0, 12) if full else np.array([0.5, 1.0, 3.0, 9.0, 16.0])
    clouds = 400 if full else 60
    rows = [ends(float(b), clouds, rng) for b in betas]
    found = np.stack([counts(x) for x in rows])
    mean, error = found.mean(axis=1), found.std(axis=1, ddof=1) / np.sqrt(clouds)
    rise = np.diff(mean) / np.sqrt(error[1:] ** 2 + error[:-1] ** 2 + 1.0 / clouds**2)
    shares = np.array([[np.mean(row == m) for m in range(1, MOST)] + [np.mean(row >= MOST)] for row in found])
    measured: dict[str, Any] = {f"mean clusters, beta = {b:.3g}": m for b, m in zip(betas, mean, strict=True)}
    measured["least rise of the mean, standard errors"] = float(rise.min())
    measured["least share of one cluster, beta <= 1"] = float(shares[betas <= 1.0, 0].min())
    measured["share of three or more at the largest beta"] = float(shares[-1, 2:].sum())
    few = [[len(mf.clusters(mf.Points(one), GAP)) for one in x[:10]] for x in rows]
    measured["counts that differ from mf.clusters"] = int(np.sum(np.array(few) != found[:, :10]))
    limits: Limits = {
        "least rise of the mean, standard errors": (-4.5, None),
        "least share of one cluster, beta <= 1": (0.85, None),
        "share of three or more at the largest beta": (0.5, None),
        "counts that differ from mf.clusters": (0, 0),
    }
    picture = bench.figure("histogram", lambda: _bars(betas, shares, clouds))
    return judge(measured, limits, pictures=[picture])


def _bars(betas: Array, shares: Array, clouds: int) -> Any:
    """Stacked shares over beta, from one cluster (dark) to many."""
    with style.axes() as ax:
        below = np.zeros(len(betas))
        for m, look in enumerate(style.line_styles(shares.shape[1])):
            label = f"{m + 1} cluster{'s' if m else ''}" if m < MOST - 1 else f"{MOST} or more"
            ax.bar(range(len(betas)), shares[:, m], 0.8, bottom=below, color=look["color"], label=label)
            below = below + shares[:, m]
        ax.set_xticks(range(len(betas)), [f"{b:.2g}" for b in betas])
        ax.set(xlabel=r"$\beta$", ylabel="share of clouds", ylim=(0.0, 1.0))
        ax.set_title(f"SA, d = 2, n = 32, t = {END:g}, {clouds} clouds")
        legends.legend(ax)
    return ax
