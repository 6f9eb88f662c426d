"""Who merged with whom, and when: merge trees, numbers of clusters over time, the energy's staircase.

Once clusters are narrow the energy is a staircase (2410.06833): 2 beta e^{-beta} E = sum_i w_i^2 + exponentially small
attraction between the clusters, and the merger of clusters i and j raises it by 2 w_i w_j.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from meanfield.clustering import shown
from meanfield.kernels import Exponential
from meanfield.laws.gradient import GradientLaw
from meanfield.plot import tree as picture
from meanfield.plot.options import drawn
from meanfield.protocols import Array, Law
from meanfield.tools import inputs
from meanfield.tools.shown import Shown
from meanfield.tools.tags import equations

_NAMED = 6
"""So many of those who merged are named in a table; of more, the first and the last."""


@dataclass(frozen=True, eq=False)
class Branch(Shown):
    """One cluster's life.

    Attributes
    ----------
    id : int
        Its number; a merger or a split makes new ones.
    birth, death : float
        When (in log time in a tree with `log`); the tree's begin and end where it was there before or lives on.
    mass : float
        Share of the whole mass, when last seen.
    centre : ndarray or None
        Where it was last seen.
    parents : tuple of int
        The clusters that merged into it.
    child : int or None
        The cluster it merged into.
    origin : int or None
        The cluster it split off from.
    alive : bool
        True if it was there at the end.
    """

    id: int
    birth: float
    death: float
    mass: float
    centre: Array | None = None
    parents: tuple[int, ...] = ()
    child: int | None = None
    origin: int | None = None
    alive: bool = True


class Join(NamedTuple):
    """A merger: between times `after` and `t` the clusters `parents`, of these masses, became `child`."""

    t: float
    after: float
    parents: tuple[int, ...]
    masses: tuple[float, ...]
    child: int

    @property
    def jump(self) -> float:
        """The rise of sum w^2: 2 w_i w_j for two."""
        return sum(self.masses) ** 2 - sum(w * w for w in self.masses)


class Plateau(NamedTuple):
    """A stretch of time with one number of clusters; `length` is its duration, or the logarithm of it in log time."""

    clusters: int
    begin: float
    end: float
    length: float


@dataclass(frozen=True, eq=False)
class MergeTree:
    """The lives of all clusters, as `track` and `merge_tree` return them.

    Attributes
    ----------
    branches : tuple of Branch
        By number.
    merges : tuple of Join
        By time.
    begin, end : float
        The time it spans.
    log : bool
        True if all times are natural logarithms.
    title, detail : str
        For a figure; and how well the times are known.
    """

    branches: tuple[Branch, ...]
    merges: tuple[Join, ...]
    begin: float
    end: float
    log: bool = False
    title: str = ""
    detail: str = ""

    def __repr__(self) -> str:
        counts = self.counts[1].tolist()
        most = [f"{max(counts)} at most"] if max(counts) > max(counts[0], counts[-1]) else []
        way = " -> ".join([str(counts[0]), *most, inputs.several(counts[-1], "cluster")])
        return f"<{inputs.several(len(self.merges), 'merger')}, {way}, {self.detail}>"

    def _repr_html_(self) -> str:
        return shown.tree(self)

    @cached_property
    def counts(self) -> tuple[Array, Array]:
        """(times, numbers): from each time to the next there are so many clusters; the first time is `begin`."""
        return self._steps([1.0] * len(self.branches), int)

    @property
    def levels(self) -> tuple[Array, Array]:
        """(times, sum w^2): the staircase that 2 beta e^{-beta} E climbs (`rescaled_energy`)."""
        return self._steps([b.mass**2 for b in self.branches], float)

    def _steps(self, sizes: Sequence[float], kind: type) -> tuple[Array, Array]:
        """Times at which anything happens, and the sum of the sizes of those alive from then on."""
        size, gone = np.array(sizes, dtype=float), np.array([not b.alive for b in self.branches])
        when = np.concatenate([[b.birth for b in self.branches], np.array([b.death for b in self.branches])[gone]])
        change = np.concatenate([size, -size[gone]])
        t, at = np.unique(np.append(self.begin, when), return_inverse=True)
        total = np.cumsum(np.bincount(at[1:], weights=change, minlength=len(t)))
        return t, total.round(14).astype(kind)

    @property
    def plateaus(self) -> tuple[Plateau, ...]:
        """The stretches of time with one number of clusters, in order."""
        t, count = self.counts
        first = np.flatnonzero(np.diff(count, prepend=-1))
        ends = np.append(t[first[1:]], self.end)
        return tuple(
            Plateau(int(count[i]), float(t[i]), float(e), self._length(float(t[i]), float(e)))
            for i, e in zip(first, ends, strict=True)
        )

    @property
    def lifetimes(self) -> dict[int, float]:
        """For every number of clusters how long there were so many (in log time the logarithm of how long)."""
        out: dict[int, float] = {}
        for p in self.plateaus:
            so_far = out.get(p.clusters, -np.inf if self.log else 0.0)
            out[p.clusters] = float(np.logaddexp(so_far, p.length)) if self.log else so_far + p.length
        return out

    def _length(self, a: float, b: float) -> float:
        if not self.log:
            return b - a
        return float(b + np.log1p(-np.exp(a - b))) if b > a else -np.inf

    def newick(self) -> str:
        """The tree in Newick format, one line for every cluster alive at the end; lengths are lives, names c0, c1, ...

        (In log time lengths are differences of log times.)
        """

        text: list[str] = []
        for b in self.branches:  # parents come before their child
            inner = "(" + ",".join(text[p] for p in b.parents) + ")" if b.parents else ""
            text.append(f"{inner}c{b.id}:{b.death - b.birth:.12g}")
        return "\n".join(text[b.id] + ";" for b in self.branches if b.alive)

    def table(self) -> str:
        """All clusters as plain text: number, times, mass, where they came from and went."""
        lines = [("cluster", "log birth" if self.log else "birth", "log death" if self.log else "death", "mass",
                  "came from", "went to")]  # fmt: skip
        ended = {b.origin: "pieces" for b in self.branches}
        for b in self.branches:
            came = _names(b.parents) or ("" if b.origin is None else f"split of {b.origin}")
            went = "alive" if b.alive else ended.get(b.id, "dust") if b.child is None else str(b.child)
            lines.append((str(b.id), f"{b.birth:.9g}", f"{b.death:.9g}", f"{b.mass:.6g}", came, went))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rows = ("  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)
        return "\n".join(rows)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """The tree: time up, masses as widths of lines; options title, color, label, log_time."""
        parts = ([b.birth for b in self.branches], [b.death for b in self.branches], [b.mass for b in self.branches])
        look: dict[str, Any] = {"origins": [b.origin for b in self.branches], **self._look(options)}
        return drawn(picture.merges, *parts, [b.parents for b in self.branches], ax, **look)

    def plot_counts(self, ax: Any = None, **options: Any) -> Any:
        """The number of clusters over time; options title, color, label, log_time."""
        return drawn(picture.counts, *self._closed(self.counts), ax, **self._look(options))

    def plot_staircase(self, t: Any = None, energy: Any = None, ax: Any = None, **options: Any) -> Any:
        """sum w^2 over time, and with it rescaled energies (`rescaled_energy`) at times t, if given.

        Options are title, color, label, log_time.
        """
        return drawn(picture.staircase, *self._closed(self.levels), t, energy, ax, **self._look(options))

    def _closed(self, steps: tuple[Array, Array]) -> tuple[Array, Array]:
        return np.append(steps[0], self.end), np.append(steps[1], steps[1][-1])

    def _look(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"title": self.title, "log": self.log, **options}


def _names(parents: Sequence[int]) -> str:
    """Who merged: 0 + 1, of many the first and the last."""
    if len(parents) <= _NAMED:
        return " + ".join(map(str, parents))
    return f"{' + '.join(map(str, parents[: _NAMED - 1]))} + ... + {parents[-1]} ({len(parents)})"


@equations("2410.06833")
def merge_tree(
    merges: Iterable[Any], weights: Any, begin: float | None = None, end: float | None = None, *,
    log: bool | None = None, title: str = "",
) -> MergeTree:  # fmt: skip
    """The tree of a list of mergers of labelled points or clusters.

    Parameters
    ----------
    merges : iterable
        Entries (time, members), or objects or mappings with `t` or `log_t` (or both) and `members`: the points (or
        groups of points) that are in one cluster from then on, as in the `merges` of a run.  One representative of
        each cluster is enough.
    weights : int or array (n,)
        Masses of the points at the start; of a number n, equal ones.
    begin, end : float, optional
        The time spanned; by default 0 (in log time: 1 before the first merger) and the last merger.  A merger at
        log t = -inf (t = 0: points that were one at the start) is shown at `begin`.
    log : bool, optional
        Times are logarithms.  By default `t` is taken, if every entry has a finite one, else `log_t`.
    title : str
        For figures.

    Returns
    -------
    MergeTree
        Branches 0..n-1 are the points.

    Raises
    ------
    ValueError, TypeError
        For what was given, naming the argument.

    Examples
    --------
    >>> tree = mf.merge_tree([(1.0, [0, 1]), (2.0, [0, 2])], 3)
    >>> tree.newick().count(",")
    2
    """
    if log is not None:
        log = inputs.flag("log", log)
    entries, log = _timed(inputs.sequence("merges", merges, "a list of mergers, such as run.merges of a run"), log)
    n = len(weights) if np.ndim(weights) else inputs.integer("weights", weights, low=1)
    w = inputs.weights("weights", weights if np.ndim(weights) else np.ones(n), (n,))
    dated = [t for t, _ in entries if np.isfinite(t)]
    first, last = (dated[0], dated[-1]) if dated else (0.0, 0.0)
    begin = inputs.number("begin", (first - 1.0 if log else 0.0) if begin is None else begin)
    end = inputs.number("end", last if end is None else end)
    if dated and not begin <= first <= last <= end:
        raise ValueError(f"merges: times from {first!r} to {last!r} are not within begin = {begin!r}, end = {end!r}")
    branches = [Branch(i, begin, end, float(m)) for i, m in enumerate(w)]
    up = list(range(n))
    done: list[Join] = []

    def now(b: int) -> int:
        """The cluster that branch b is in by now."""
        while up[b] != b:
            up[b] = b = up[up[b]]
        return b

    for t, entry in ((max(t, begin), e) for t, e in entries):
        members = entry.members
        if members.size == 0 or members.min() < 0 or members.max() >= n:
            raise ValueError(f"merges: members {members.tolist()} at {t!r} are not all among the {n} points")
        parents = tuple(sorted({now(i) for i in members.tolist()}))
        if entry.parts is not None and entry.parts != len(parents):
            raise ValueError(
                f"merges: at {t!r} {len(parents)} clusters become one, and by its own words {entry.parts}: earlier "
                "mergers are missing; give those of the run that came before, too"
            )
        if len(parents) < 2:
            continue
        new = len(branches)
        masses = tuple(branches[p].mass for p in parents)
        for p in parents:
            branches[p] = replace(branches[p], death=t, child=new, alive=False)
            up[p] = new
        up.append(new)
        branches.append(Branch(new, t, end, sum(masses), parents=parents))
        done.append(Join(t, t, parents, masses, new))
    return MergeTree(tuple(branches), tuple(done), begin, end, log, title, "merge times as given")


@equations("2410.06833")
def rescaled_energy(law: Law, energy: Any, d: int | None = None) -> Array:
    """2 beta E / e^beta, in whatever scale the law has: 1 for one cluster, sum w^2 for narrow clusters far apart.

    (2410.06833; `MergeTree.levels`.)

    Parameters
    ----------
    law : Law
        Whose energies they are, with a kernel e^{beta <x, y>}, beta > 0.
    energy : array
        E.
    d : int, optional
        Ambient dimension, on which the factor of ``scale="relative"`` depends: needed there, and nowhere else.

    Raises
    ------
    ValueError, TypeError
        For beta = 0, a law of another kernel, and a scale that needs d.

    Examples
    --------
    >>> mu = mf.Points([0.0, 0.0])
    >>> round(float(mf.rescaled_energy(mf.SA(9.0), mu.energy(mf.SA(9.0)))), 12)
    1.0
    """
    kernel = (
        law.kernel()
        if isinstance(law, GradientLaw) and law.isotropic and law.autonomous and law.geometry == "sphere"
        else None
    )
    if not (isinstance(law, GradientLaw) and isinstance(kernel, Exponential) and kernel.beta > 0.0):
        raise ValueError(f"law: {law} has no kernel e^(beta <x, y>) with one beta > 0, and so no staircase")
    if d is None and law.log_factor(2) != law.log_factor(3):
        raise ValueError(f"d: the scale of {law} depends on the dimension, and no d= came: give it, 2 on the circle")
    factor = law.log_factor(2 if d is None else inputs.dimension("d", d))
    return inputs.array("energy", energy, nonempty=False) * 2.0 * kernel.beta * np.exp(-(kernel.beta + factor))


class _Entry(NamedTuple):
    """One merger as given: a number, whether it is a time or its logarithm (None: whatever the caller says)."""

    t: Any
    log_t: Any
    members: Array
    parts: int | None
    """How many clusters became one, if the entry says so."""
    bare: bool

    def time(self, log: bool) -> Any:
        """The time, or its logarithm."""
        if self.bare or not log:
            return self.t
        if self.log_t is not None or self.t is None:
            return self.log_t
        with np.errstate(divide="ignore"):
            return float(np.log(self.t)) if self.t >= 0.0 else None


def _entry(given: Any) -> _Entry:
    """What a pair, a mapping or an object says."""
    parts, bare = None, False
    if isinstance(given, Mapping) and "members" in given:
        t, log_t, members = given.get("t"), given.get("log_t"), given["members"]
    elif hasattr(given, "members"):
        t, log_t, members = getattr(given, "t", None), getattr(given, "log_t", None), given.members
        parts = len(given.parts) if hasattr(given, "parts") else None
    elif isinstance(given, tuple | list) and len(given) == 2:
        (t, members), log_t, bare = given, None, True
    else:
        raise TypeError(f"merges: got {inputs.describe(given)}, wanted (time, members), or t or log_t with members")
    flat = [np.ravel(m) for m in inputs.sequence("merges: members", members, "the numbers of points")]
    return _Entry(t, log_t, np.concatenate([*flat, np.empty(0, dtype=int)]).astype(int), parts, bare)


def _timed(merges: Iterable[Any], log: bool | None) -> tuple[list[tuple[float, _Entry]], bool]:
    """(time, entry) of every merger by time, and whether times are logarithms."""
    entries = [_entry(m) for m in merges]
    if log is None:
        log = any(not e.bare and (e.t is None or not np.isfinite(e.t)) for e in entries)
    if log and any(e.bare for e in entries) and not all(e.bare for e in entries):
        raise ValueError("merges: some entries are pairs and some have log_t: give one kind")
    told = [(e.time(log), e) for e in entries]
    if any(t is None for t, _ in told):
        raise ValueError(f"merges: some entries have no {'log_t' if log else 't'}: give one kind")
    # log t = -inf, at t = 0: before everything that a tree in log time shows
    out = [(-np.inf if log and t == -np.inf else inputs.number("merges: time", t), e) for t, e in told]
    return sorted(out, key=lambda pair: pair[0]), log
