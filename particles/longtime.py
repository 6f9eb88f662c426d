"""The door to exponentially long times: clusters that move, merge and are one in the end, over log t."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy

from meanfield import archive, geometry, inputs, storage
from meanfield.clusters import GAP, clusters
from meanfield.plot import curves, style, tree
from meanfield.points import Cluster
from meanfield.protocols import Array, Between
from meanfield.record import Record
from meanfield.run import Watch, answer, drive
from meanfield.solve import checked_law, checked_watch
from meanfield.steppers import dop853, evaluate
from particles.drift import collapsed, pull_of, started
from particles.trajectory import Trajectory

SNAPSHOTS = 101
LARGEST = 2000
"""Clusters at most: every pair is followed at every stage."""
ATOMS = 0.5
"""Error bound from the clusters' widths beyond which they are no points."""


class LongTime(Record):
    """A run of `longtime`: clusters over log t.

    Attributes
    ----------
    log_t : ndarray (T,)
        Logarithms of the saved times.
    t : ndarray (T,)
        The saved times themselves; inf beyond 1.8e308.
    merges : tuple of LateMerge
        Every merger in order: log_t, members, masses, position, jump of E.
    centres, masses : tuple of ndarray
        Positions and masses of the clusters at every saved time: (m,) angles or (m, d) rows, and (m,).
    x : ndarray (T, n) or (T, n, d)
        Positions by original point.
    labels : ndarray of int (T, n)
        For every original point the lowest original point it is one with.
    weights : ndarray (n,)
        Masses of the original points, as given.
    error_bound : float
        What the clusters' widths at the start can change a pull by, relatively: (beta^2 + 3 beta + 1) w^2 / 2, w the
        largest root mean square width.  To leading order times between mergers err by as much relatively, if no
        cluster is held in balance by others; clusters go on contracting, so they usually err by far less.  0 for
        single points; merging on the way adds (beta^2 + 3 beta + 1) merge_gap^2 / 8 for the time a merged pair would
        still have been wide, about log(1 / merge_gap) units of its own time.

    Notes
    -----
    ``run(log_t)`` gives the measure at any time of the run.
    """

    kind = "longtime"

    @property
    def angles(self) -> bool:
        """True if centres are angles."""
        return bool(self.segments[0].template.angles)

    @cached_property
    def log_t(self) -> Array:
        """(T,) logarithms of the saved times."""
        pairs = zip(self.owners, self.states, strict=True)
        return np.array([self.segments[o].template.log_time(float(y[0])) for o, y in pairs])

    @property
    def merges(self) -> tuple[Any, ...]:
        """Every merger in the order of time."""
        return tuple(merge for segment in self.segments for merge in segment.template.merges)

    @property
    def centres(self) -> tuple[Array, ...]:
        """Positions of the clusters at every saved time."""
        return tuple(mu.points for mu in self.measures)

    @property
    def masses(self) -> tuple[Array, ...]:
        """Masses of the clusters at every saved time."""
        return tuple(mu.weights for mu in self.measures)

    @property
    def counts(self) -> Array:
        """(T,) how many clusters there are at every saved time."""
        return np.array([mu.n for mu in self.measures])

    @property
    def x(self) -> Array:
        """(T, n) angles or (T, n, d) rows by original point; those that have merged coincide."""
        return np.stack([c[self.segments[o].template.labels] for o, c in zip(self.owners, self.centres, strict=True)])

    @property
    def theta(self) -> Array:
        """(T, n) angles (d = 2 only)."""
        if not self.angles and self.x.shape[-1] != 2:
            raise TypeError(f"theta exists on the circle only, and this run has d = {self.x.shape[-1]}")
        return self.x if self.angles else geometry.to_angles(self.x)

    @property
    def labels(self) -> Array:
        """(T, n) the lowest original point that every original point is one with."""
        n = len(self.weights)
        rows = []
        for o in self.owners:
            owner = self.segments[o].template.labels
            lowest = np.full(n, n)
            np.minimum.at(lowest, owner, np.arange(n))
            rows.append(lowest[owner])
        return np.array(rows)

    @property
    def weights(self) -> Array:
        """(n,) masses of the original points, as given."""
        return np.asarray(self.settings["weights"])

    @property
    def jumped(self) -> Array:
        """(T,) what merging has added to E up to every saved time."""
        steps = [sum(merge.jump for merge in segment.template.merges) for segment in self.segments]
        return np.cumsum(steps)[list(self.owners)]

    @property
    def error_bound(self) -> float:
        """(beta^2 + 3 beta + 1) w^2 / 2, w the largest width of a cluster at the start."""
        return float(self.settings["error_bound"])

    @property
    def dissipated(self) -> Array:
        """Refused: between mergers E changes by less than its rounding."""
        raise ValueError("dissipated: between late mergers E changes by less than rounding; see .jumped and .energy")

    @property
    def title(self) -> str:
        """The parameters, for a figure."""
        return f"{self.law}, {self.segments[0].template.weights.size} clusters"

    def __call__(self, log_t: float) -> Any:
        """The measure at a time of the run, given by its logarithm."""
        log_t = inputs.number("log_t", log_t)
        first, last = self.segments[0].template.log_start, self.reached
        if not first <= log_t <= last:
            raise ValueError(f"log_t: got {log_t!r}, wanted a log time of the run, {first!r}..{last!r}")
        owner, y = self.at(log_t)
        return self.segments[owner].template.measure(y)

    @property
    def reached(self) -> float:
        """The logarithm of the time the run reached."""
        return float(self.segments[-1].template.log_time(float(self.checkpoint["y"][0])))

    def at(self, log_t: float) -> tuple[int, Array]:
        """Segment and state at a log time, by dense output."""
        template = self.segments[0].template
        clock = template.clock(log_t)
        begins = np.maximum.accumulate([float(b.y0[0]) for b in self.dense])
        i = max(int(np.searchsorted(begins, clock, side="right")) - 1, 0)
        between, owner = self.dense[i], self.dense_owners[i]
        hand = Between(between.t0, between.t1, between.y0[:1], between.terms[:, :1])

        def late(s: float) -> float:
            return float(evaluate(hand, s)[0]) - clock

        s = between.t0 if late(between.t0) >= 0.0 else between.t1
        if late(between.t0) < 0.0 < late(between.t1):
            s = scipy.optimize.brentq(late, between.t0, between.t1, xtol=1e-15, rtol=8.9e-16)
        return owner, evaluate(between, s)

    def to_xarray(self) -> Any:
        """An xarray.Dataset: x or theta over t (with log_t) by original point, weights, energy."""
        return archive.trajectory_dataset(self).assign_coords(log_t=("t", self.log_t))

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Angles of the clusters over log t (circle)."""
        ax = curves.trajectories(self.log_t, self.theta, ax, title=self.title, **options)
        ax.set(xlabel=r"$\log t$")
        return ax

    def plot_counts(self, ax: Any = None) -> Any:
        """The number of clusters over log t."""
        return tree.counts(self.log_t, self.counts, ax, log=True, title=self.title)

    def plot_energy(self, ax: Any = None) -> Any:
        """The staircase of the energy over log t."""
        with style.axes(ax) as ax:
            ax.step(self.log_t, self.energy, where="post", color=style.INK)
            ax.set(xlabel=r"$\log t$", ylabel="interaction energy $E$", xlim=(self.log_t[0], self.log_t[-1]))
            style.headline(ax, self.title)
        return ax


def longtime(
    law: Any,
    x: Any,
    weights: Any = None,
    log_t_end: Any = None,
    merge_gap: float = 1e-3,
    *,
    angles: bool = False,
    log_t_eval: Any = None,
    cluster_gap: float | None = None,
    rtol: float = 1e-12,
    max_seconds: float | None = None,
    progress: bool | None = None,
) -> LongTime:
    """Follow clusters, each a point, to exponentially long times (A, Problem 1; C, section 5).

    Forces and times are held by their logarithms (`particles.drift`), so that t = e^1000 is as good as t = 1.  Two
    clusters merge where their gap is exactly merge_gap.

    Parameters
    ----------
    law : SA or USA
        Any beta, sign and scale; no noise.
    x : array, measure or record
        Positions at t = 0: angles (n,), or unit rows (n, d).  Or a measure (points, or a density) at t = 0.  Or a run
        (`Trajectory`, `Solution`, `LongTime`): its last measure, at its last time.
    weights : array (n,), optional
        Masses of positions given as an array, normalised; 1/n by default.
    log_t_end : float
        Logarithm of the last time, finite.
    merge_gap : float
        Geodesic distance in radians, > 0, below 1, at which two clusters become one of their joint mass at their
        centre of mass.
    angles : bool
        An array x is angles (of one dimension it is anyway).
    log_t_eval : array, optional
        Log times to save, increasing; by default 101 equally spaced ones, from the start or, if that is t = 0, from a
        thousandth of the first time on which anything moves.
    cluster_gap : float, optional
        How far neighbours in a cluster of the measure may be from each other (`mf.clusters`).  By default 0.1 for
        densities; points are taken as they are, but for those within merge_gap.
    rtol : float
        Local error of a step in every coordinate, in radians and in log t.
    max_seconds, progress
        As for ``mf.solve``.

    Returns
    -------
    LongTime
        With `.log_t`, `.merges`, `.centres`, `.masses`, `.error_bound`.

    Raises
    ------
    ValueError, TypeError
        For what was given: also for noise, for laws that are no attention by e^{beta <x, y>}, and for clusters too
        wide to stand for points (an error bound above 0.5).

    Notes
    -----
    Repelling clusters (sign=-1) that have come to rest stay there.  Attracting clusters in an exact balance part by
    rounding, as they would in any arithmetic.

    Examples
    --------
    >>> import meanfield as mf, particles as pt
    >>> run = pt.longtime(mf.SA(beta=64.0), [0.0, 3.0], log_t_end=140.0)
    >>> f"{run.merges[0].t:.6e}"
    '4.115406e+54'
    """
    law = checked_law(law, 0.0)
    given = _given(x, weights, angles, cluster_gap)
    pull = pull_of(law, given.d)
    gap = _gap(merge_gap)
    log_end = inputs.number("log_t_end", log_t_end)
    if not log_end > given.log_t:
        raise ValueError(f"log_t_end must be after the start, log t = {given.log_t!r}; got {log_end!r}")
    rtol = inputs.number("rtol", rtol, low=1e-14, high=1e-3)
    watch = checked_watch(None, max_seconds, progress)
    centres, masses, joined, bound = _atoms(given, gap, pull.beta)
    span = (given.log_t, log_end)
    method, y = started(law, pull, centres, masses, joined[given.owner], span, gap, given.angles)
    asked = _asked(log_t_eval, given.log_t, log_end, method.template.log_c)
    settings = {
        "log_t_end": log_end,
        "merge_gap": gap,
        "rtol": rtol,
        "error_bound": bound,
        "weights": given.masses,
    }
    return _run(law, method, y, asked, rtol, watch, settings)


def load(path: Any) -> Any:
    """Read a `Trajectory` or a `LongTime` saved by ``run.save(path)``."""
    return archive.load(path, LongTime if storage.kind_of(path) == LongTime.kind else Trajectory)


# --- what was given ----------------------------------------------------------------------------------------


class _Given(NamedTuple):
    """Points to start from, which original point is part of which, the originals' masses, log t, and widths."""

    x: Array
    weights: Array
    angles: bool
    owner: Array
    masses: Array
    log_t: float
    width: float = 0.0

    @property
    def d(self) -> int:
        return 2 if self.angles else int(self.x.shape[-1])


def _given(x: Any, weights: Any, angles: Any, cluster_gap: Any) -> _Given:
    """Whatever came, as points."""
    if not isinstance(angles, bool):
        raise TypeError(f"angles: got {angles!r}, wanted True or False")
    reach = None if cluster_gap is None else inputs.number("cluster_gap", cluster_gap, above=0.0)
    record = hasattr(x, "measures")
    if not record and not (hasattr(x, "weights") and hasattr(x, "read")):
        return _positions(x, weights, angles, reach)
    if weights is not None or angles:
        raise ValueError("weights, angles: a measure or a run brings its own; leave them out")
    mu, log_t = (x.measures[-1], _log_time(x)) if record else (x, -math.inf)
    if reach is not None or getattr(mu, "angles", None) is None:
        return _found(mu, log_t, GAP if reach is None else reach)
    if mu.points.ndim != (1 if mu.angles else 2):
        raise ValueError(f"x: got {mu.points.shape[: -1 if mu.angles else -2]} replicas, wanted one cloud")
    owner = getattr(x.segments[x.owners[-1]].template, "labels", None) if record else None
    if owner is None:
        return _Given(mu.points, np.asarray(mu.weights), mu.angles, np.arange(mu.n), np.asarray(mu.weights), log_t)
    return _Given(mu.points, np.asarray(mu.weights), mu.angles, np.asarray(owner), np.asarray(x.weights), log_t)


def _positions(x: Any, weights: Any, angles: bool, reach: float | None) -> _Given:
    as_angles = angles or np.ndim(x) == 1
    points = inputs.angles("x", x) if as_angles else inputs.rows("x", x)
    if points.ndim != (1 if as_angles else 2):
        raise ValueError(f"x: got shape {points.shape}, wanted one cloud: angles (n,) or rows (n, d)")
    n = len(points)
    w = np.full(n, 1.0 / n) if weights is None else inputs.weights("weights", weights, (n,))
    if reach is not None:
        return _found(Cluster(points, w, as_angles), -math.inf, reach)
    return _Given(points, w, as_angles, np.arange(n), w, -math.inf)


def _found(mu: Any, log_t: float, reach: float) -> _Given:
    """The clusters of a measure; they are the original points then."""
    found = clusters(mu, reach)
    if found.kind == "colatitudes":
        raise ValueError("x: the clusters of a zonal measure are circles of latitude, not points; give points")
    if not len(found):
        raise ValueError(f"x: no clusters found with cluster_gap = {reach:g}")
    masses = found.masses / found.masses.sum()
    width = float(found.widths.max())
    return _Given(found.centres, masses, found.kind == "angles", np.arange(len(masses)), masses, log_t, width)


def _log_time(record: Any) -> float:
    if hasattr(record, "log_t"):
        return float(record.log_t[-1])
    t = float(record.t[-1])
    if t < 0.0:
        raise ValueError(f"x: the run ends at t = {t!r}, wanted a time >= 0, which has a logarithm")
    return math.log(t) if t > 0.0 else -math.inf


def _width(given: _Given, centres: Array, joined: Array) -> float:
    """Largest root mean square distance from the centre, once points within merge_gap are one."""
    off = given.x - centres[joined]
    square = np.square(np.sin(0.5 * off)) * 4.0 if given.angles else np.sum(off * off, axis=-1)
    masses = np.bincount(joined, given.weights)
    spread = np.bincount(joined, given.weights * square)
    return math.sqrt(float(np.divide(spread, masses, out=np.zeros_like(spread), where=masses > 0.0).max()))


def _gap(merge_gap: Any) -> float:
    gap = inputs.number("merge_gap", merge_gap, above=0.0)
    if gap >= 1.0:
        raise ValueError(f"merge_gap must be a small angle in radians, below 1; got {gap!r}. Take 1e-3, for example.")
    return gap


def _atoms(given: _Given, gap: float, beta: float) -> tuple[Array, Array, Array, float]:
    """Centres, masses, who is in which once points within the gap are one, and what their widths can cost."""
    if len(given.x) > LARGEST:
        raise ValueError(f"x: got {len(given.x)} points, wanted at most {LARGEST}: simulate with merge_tol= first")
    centres, masses, joined = collapsed(given.x, given.weights, gap, given.angles)
    width = max(given.width, _width(given, centres, joined))
    bound = 0.5 * (beta**2 + 3.0 * beta + 1.0) * width**2
    if bound > ATOMS:
        raise ValueError(
            f"x: its clusters are up to {width:.2g} rad wide, and taking them for points would change forces by up to "
            f"{bound:.2g} relatively (of second order in the width): let them contract first"
        )
    return centres, masses, joined, bound


def _asked(log_t_eval: Any, log_start: float, log_end: float, log_c: float) -> Array:
    """Log times to save."""
    if log_t_eval is None:
        first = log_start if math.isfinite(log_start) else min(log_c, log_end) - math.log(1000.0)
        return np.unique(np.linspace(first, log_end, SNAPSHOTS))
    asked = inputs.array("log_t_eval", log_t_eval, ndim=1)
    if (np.diff(asked) <= 0.0).any() or asked[0] < log_start or asked[-1] > log_end:
        raise ValueError(f"log_t_eval must increase strictly within {log_start!r}..{log_end!r}; got {asked}")
    return asked


# --- the run -----------------------------------------------------------------------------------------------


def _run(law: Any, method: Any, y: Array, asked: Array, rtol: float, watch: Watch, settings: dict[str, Any]) -> Any:
    """The run by its own clock, then the times asked for from its dense output."""
    # what counts is radians and log t, whatever their size: an absolute error
    stepper = dop853(0.0, rtol, norm="max")
    never = np.empty(0)
    run = drive(
        LongTime, law, method, y, (0.0, math.inf), never, stepper, watch, settings, land=False, dense=True, gauge=False
    )
    reached = run.reached
    asked = asked[asked <= reached] if reached < asked[-1] - 1e-9 else asked
    found = [run.at(log_t) for log_t in asked]
    states = tuple(run.segments[o].template.tidy(state) for o, state in found)
    moments = [run.segments[0].template.log_start] + [s.template.merges[0].log_t for s in run.segments[1:]]
    with np.errstate(over="ignore"):
        segments = tuple(replace(s, t=float(np.exp(log_t))) for s, log_t in zip(run.segments, moments, strict=True))
        return answer(
            replace(
                run,
                t=np.exp(asked),
                states=states,
                owners=tuple(o for o, _ in found),
                segments=segments,
                checkpoint={**run.checkpoint, "t": float(np.exp(reached)), "extra": False},
            )
        )
