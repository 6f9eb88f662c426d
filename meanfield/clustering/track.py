"""The clusters of a run, followed through time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.clustering import shown
from meanfield.clustering.found import GAP, Clusters, clusters
from meanfield.clustering.tree import Branch, Join, MergeTree
from meanfield.protocols import Array
from meanfield.tools import inputs

TOLERANCE = 1e-9
"""Relative length of the bracket of a merge time."""
LOOKS = 10_000
"""How often a run is asked for a measure between its saved times."""
MOST = 709.0
"""Log times beyond this are of no time that floats hold."""


@dataclass(frozen=True, eq=False)
class Tracking:
    """Clusters of a run at its saved times, and their tree.

    Attributes
    ----------
    t : ndarray (T,)
        Times; their natural logarithms if `tree.log`.
    clusters : tuple of Clusters
        Those at each.
    ids : tuple of tuples of int
        The numbers of their branches in the tree.
    tree : MergeTree
        Their lives.

    Notes
    -----
    Clusters of points are the same from one time to the next if they share more mass of members than with any other;
    so are those of densities on one grid; where the number of points or nodes has changed, by position.  What is done
    and undone between two times looked at is not seen.  A merger is when the gap between two clusters of points falls
    below `gap` (their nearest points, not their centres), or one maximum of a density loses its prominence.

    A gap below the distance of points that have yet to gather finds crowds of passing clusters: look at later `times`,
    or take a larger gap or floor.
    """

    t: Array
    clusters: tuple[Clusters, ...]
    ids: tuple[tuple[int, ...], ...]
    tree: MergeTree

    def __repr__(self) -> str:
        return f"<Tracking at {inputs.several(len(self.t), 'time')}: {repr(self.tree)[1:-1]}>"

    def _repr_html_(self) -> str:
        return shown.tracking(self)

    @property
    def counts(self) -> Array:
        """(T,) how many."""
        return np.array([len(c) for c in self.clusters])

    @property
    def sharp(self) -> Array:
        """(T,) False where half or twice the tolerance gives another number."""
        return np.array([c.sharp for c in self.clusters])

    @property
    def clustered(self) -> Array:
        """(T,) the mass within `gap` of its cluster's centre."""
        return np.array([c.clustered for c in self.clusters])


def track(
    run: Any,
    gap: float = GAP,
    times: Any = None,
    *,
    tol: float = TOLERANCE,
    refine: bool = True,
    looks: int = LOOKS,
    log: bool | None = None,
    **tolerances: Any,
) -> Tracking:
    """Follow the clusters of a run.

    Parameters
    ----------
    run : Record
        `.t` and `.measures`; called as run(t) where it has dense output.  A run with `.log_t` (`particles.longtime`) is
        called as run(log_t).
    gap, **tolerances
        As for `clusters`: floor, prominence, replica.
    times : array, optional
        Times to look at, given as run() takes them; the saved ones by default.
    tol : float
        Where the run answers, every merger is bracketed by bisection to this share of its time.
    refine : bool
        False: mergers are only bracketed by the times looked at.
    looks : int
        How often the run is called at most; mergers beyond it (as where `gap` is smaller than the distance of thousands
        of points) are bracketed by the times looked at, and the tree's `detail` says so.
    log : bool, optional
        Times of the result are natural logarithms: for runs with `.log_t`.  By default only where the last time is
        beyond the range of floats.

    Returns
    -------
    Tracking

    Raises
    ------
    ValueError, TypeError
        As for `clusters`; for times that the run cannot answer.

    Examples
    --------
    >>> run = pt.simulate(mf.SA(9.0), [0.0, 0.5, 2.5], (0.0, 20.0))
    >>> mf.track(run, gap=0.01).counts[[0, -1]].tolist()
    [3, 2]
    """
    inputs.having("run", run, ("t", "measures"), "a run, as solve, simulate and longtime return it")
    refine = inputs.flag("refine", refine)
    tol = inputs.number("tol", tol, above=0.0, high=0.1)
    looks = inputs.integer("looks", looks, low=0)
    clock = _Clock(hasattr(run, "log_t"), tol)
    if log is not None and inputs.flag("log", log) and not clock.log:
        raise ValueError("log: got True for a run over t itself: leave it out, or plot the tree with log=True")
    if times is None:
        t = np.asarray(run.log_t if clock.log else run.t, dtype=float)
        found = [clusters(mu, gap, **tolerances) for mu in run.measures]
    else:
        t = inputs.array("times", times, ndim=1)
        if np.any(np.diff(t) <= 0.0):
            raise ValueError("times: wanted strictly increasing times")
        found = [clusters(run(s), gap, **tolerances) for s in t]
    logs = clock.log and (t[-1] > MOST if log is None else log)
    told = math.exp if clock.log and not logs else float
    looks = looks if refine and callable(run) else 0
    answers = getattr(run, "answers", lambda s: True)
    rough: list[float] = []
    looked: list[float] = []

    def steps(t0: float, c0: Clusters, t1: float, c1: Clusters) -> Iterator[tuple[float, float, Clusters]]:
        """(beginning, end, clusters at the end), in order, so short that nothing happens but at the end."""
        middle = clock.middle(t0, t1)
        if _same(*_links(c0, c1)) or clock.near(t0, t1) or not t0 < middle < t1:
            yield t0, t1, c1
            return
        if len(looked) >= looks or not answers(middle):
            rough.append(t1)
            yield t0, t1, c1
            return
        looked.append(middle)
        half = clusters(run(middle), gap, **tolerances)
        yield from steps(t0, c0, middle, half)
        yield from steps(middle, half, t1, c1)

    lives = _Lives(told(t[0]), found[0])
    ids = [lives.now]
    for t0, t1, before, after in zip(t[:-1], t[1:], found[:-1], found[1:], strict=True):
        now = before
        for left, right, reached in steps(float(t0), before, float(t1), after):
            lives.go(told(left), told(right), *_links(now, reached), reached)
            now = reached
        ids.append(lives.now)
    detail = f"merge times to {tol:g} relative" if not rough else f"{len(rough)} times bracketed by saved times only"
    title = f"{getattr(run, 'title', '')}, gap {gap:g}".lstrip(", ")
    tree = lives.tree(told(t[-1]), logs, title, detail)
    return Tracking(np.array([told(s) for s in t]), tuple(found), tuple(ids), tree)


@dataclass(frozen=True)
class _Clock:
    """The time a run is called with, t or log t: how it is halved, and when two of them are near."""

    log: bool
    tol: float

    def middle(self, a: float, b: float) -> float:
        return math.sqrt(a * b) if not self.log and 0.0 < 4.0 * a < b else 0.5 * (a + b)

    def near(self, a: float, b: float) -> bool:
        """The same to `tol` of t: of log t, to `tol`."""
        return b - a <= self.tol * (1.0 if self.log else abs(b))


# --- from one time to the next -----------------------------------------------------------------------------


def _links(a: Clusters, b: Clusters) -> tuple[list[int], list[int]]:
    """For every cluster of a the one of b it became, and for every one of b the one of a it came from; -1: none."""
    if len(a) == 0 or len(b) == 0:
        return [-1] * len(a), [-1] * len(b)
    if len(a.members) == len(b.members):
        both = (a.members >= 0) & (b.members >= 0)
        pairs, at = np.unique(a.members[both] * len(b) + b.members[both], return_inverse=True)
        shared = np.bincount(at, weights=0.5 * (a.shares + b.shares)[both], minlength=len(pairs))
        i, j = pairs[shared > 0.0] // len(b), pairs[shared > 0.0] % len(b)
        shared = shared[shared > 0.0]
        return _largest(i, j, shared, len(a)), _largest(j, i, shared, len(b))
    far = np.stack([a.geometry.distance(c, b.centres) for c in a.centres])
    far[np.isnan(far)] = a.geometry.reach  # a cluster all around has no centre, and is near nobody
    if a.edges is not None and b.edges is not None:  # within the other's arc is near, whatever the distance
        far[_within(a.centres[:, None], b.edges[None], a.geometry.turn)] *= 1e-6
        far[_within(b.centres[None, :], a.edges[:, None], a.geometry.turn)] *= 1e-6
    return far.argmin(axis=1).tolist(), far.argmin(axis=0).tolist()


def _largest(i: Array, j: Array, shared: Array, m: int) -> list[int]:
    """For every i in 0..m-1 the j with which it shares most; -1 if with none."""
    order = np.lexsort((-j, shared, i))
    out = np.full(m, -1)
    out[i[order]] = j[order]  # the last one written stays
    return out.tolist()


def _within(q: Array, edges: Array, turn: float) -> Array:
    low, high = edges[..., 0], edges[..., 1]
    return np.mod(q - low, turn) <= high - low if turn else (low <= q) & (q <= high)


def _same(ahead: list[int], back: list[int]) -> bool:
    """Whether each became one and came from it."""
    return len(ahead) == len(back) and -1 not in ahead and all(back[j] == i for i, j in enumerate(ahead))


class _Lives:
    """Branches as they grow."""

    def __init__(self, t: float, found: Clusters) -> None:
        self.begin = float(t)
        self.branches = [Branch(i, self.begin, self.begin, *self._seen(found, i)) for i in range(len(found))]
        self.now = tuple(range(len(found)))
        self.merges: list[Join] = []

    @staticmethod
    def _seen(found: Clusters, i: int) -> tuple[float, Array]:
        return float(found.masses[i]), found.centres[i]

    def go(self, t0: float, t1: float, ahead: list[int], back: list[int], found: Clusters) -> None:
        """From t0 to t1, by the links of the clusters there."""
        new = [-1] * len(found)
        for j in range(len(found)):
            came = [i for i, k in enumerate(ahead) if k == j]
            apart = len(came) == 1 and any(b == came[0] and k != j and k not in ahead for k, b in enumerate(back))
            if len(came) == 1 and not apart:
                new[j] = self.now[came[0]]
                mass, centre = self._seen(found, j)
                self.branches[new[j]] = replace(self.branches[new[j]], mass=mass, centre=centre)
                continue
            new[j] = len(self.branches)
            parents = tuple(self.now[i] for i in came) if len(came) > 1 else ()
            origin = None if parents or back[j] < 0 else self.now[back[j]]
            self.branches.append(Branch(new[j], t1, t1, *self._seen(found, j), parents=parents, origin=origin))
            for p in parents:
                self.branches[p] = replace(self.branches[p], child=new[j])
            if parents:
                masses = tuple(self.branches[p].mass for p in parents)
                self.merges.append(Join(t1, t0, parents, masses, new[j]))
        for i in set(self.now) - set(new):
            self.branches[i] = replace(self.branches[i], death=t1, alive=False)
        self.now = tuple(new)

    def tree(self, end: float, log: bool, title: str, detail: str) -> MergeTree:
        """All of them."""
        branches = tuple(replace(b, death=end) if b.alive else b for b in self.branches)
        return MergeTree(branches, tuple(self.merges), self.begin, end, log, title, detail)
