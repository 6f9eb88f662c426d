"""Clusters that wait: how long each number of them lasts, and how long the greedy model says.

In the greedy model (2410.06833) the two clusters that are quickest to meet do so as if they were alone, and nobody else
moves meanwhile: between well separated clusters pulls differ by powers of e^beta.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import meanfield as mf
import particles as pt
from meanfield.protocols import Array
from validation import rates
from validation.exact import diracs

FORMED = 30.0
"""By then tokens have gathered in clusters: the last of the times of A's Figure 4."""


@dataclass(frozen=True)
class Wait:
    """A stretch of time with one number of clusters on the circle."""

    clusters: int
    gap: float
    """Between the two that are quickest to meet, at its beginning."""
    log_wait: float
    """Logarithm of its length."""
    log_pair: float
    """The same if those two were alone."""


def waits(run: pt.LongTime, most: int = 5) -> list[Wait]:
    """All complete stretches with at most so many clusters, in order; of SA on the circle."""
    gap, found = run.settings["merge_gap"], []
    ends = np.unique([merge.log_t for merge in run.merges])
    ends = ends[ends > run.log_t[0]]
    for a, b in zip([run.log_t[0], *ends], ends, strict=False):
        begin = float(a + 1e-6 * (b - a))
        mu = run(begin)
        if mu.n > most:
            continue
        order = np.argsort(np.mod(mu.points, 2.0 * np.pi))
        theta, w = np.mod(mu.points[order], 2.0 * np.pi), mu.weights[order]
        apart = np.abs(np.angle(np.exp(1j * (np.roll(theta, -1) - theta))))
        share = w / (w + np.roll(w, -1))
        pairs = [diracs.log_merge_time(g, gap, run.law.beta, "SA", m) for g, m in zip(apart, share, strict=True)]
        quickest = int(np.argmin(pairs))
        length = float(b + np.log1p(-np.exp(begin - b)))
        found.append(Wait(mu.n, float(apart[quickest]), length, pairs[quickest]))
    return found


def until_one(
    beta: float, theta: Array, merge_tol: float = 1e-5, merge_gap: float = 1e-3, rtol: float = 1e-9
) -> tuple[Any, pt.LongTime]:
    """SA from these angles: to t = 30 as points that merge on the way, from there in log t until all are one."""
    law = mf.SA(beta)
    early = pt.simulate(law, theta, (0.0, FORMED), [FORMED], merge_tol=merge_tol, rtol=1e-6)
    # no two clusters wait longer than e^{2 beta} times what a gap of 1e-3 from pi costs
    end = 2.0 * beta + 10.0
    times = [np.log(FORMED), end]
    return early, pt.longtime(law, early, log_t_end=end, merge_gap=merge_gap, rtol=rtol, log_t_eval=times)


def late_tree(run: pt.LongTime) -> Any:
    """The tree of the clusters there were when a run of `longtime` took over, in log time."""
    first, cluster = np.unique(run.labels[0], return_inverse=True)
    masses = np.bincount(cluster, run.weights, minlength=len(first))
    late = [(merge.log_t, cluster[merge.members]) for merge in run.merges]
    return mf.merge_tree(late, masses, run.log_t[0], run.log_t[-1], log=True, title=run.title)


class Fit(NamedTuple):
    """Lines through logs of times, one for each cloud of tokens: their mean."""

    slope: float
    low: float
    high: float
    """95% interval of the slope over clouds, which are few and skewed (no two clusters are more than pi apart); of less
    than four clouds, which tell no interval, the least slope and the largest."""
    scatter: float
    """Root mean square distance of log T from its cloud's own line."""
    x: float
    log_t: float
    """Means, through which the mean line goes."""


def lines_of(clouds: list[tuple[Array, Array]]) -> list[rates.Slope]:
    """The line of log T over x of every cloud that has three points or more."""
    return [rates.slope(np.exp(x), np.exp(log_t)) for x, log_t in clouds if len(x) > 2]


def fit(clouds: list[tuple[Array, Array]]) -> Fit:
    """The fit of (x, log T) of several clouds.

    Clouds differ by far more than log T does from a cloud's line, and the more the larger beta is: a line through all
    of them would take the same cloud's times for independent ones.
    """
    lines = lines_of(clouds)
    each = np.array([line.slope for line in lines])
    scatter = np.sqrt(np.mean([line.scatter**2 for line in lines]))
    x, log_t = (np.concatenate([cloud[i] for cloud in clouds]).mean() for i in (0, 1))
    ends = rates.mean_interval(each) if len(each) > 3 else (each.min(), each.max())
    return Fit(*map(float, (each.mean(), *ends, scatter, x, log_t)))
