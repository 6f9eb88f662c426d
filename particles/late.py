"""What a run of `longtime` leaves behind: clusters over log t."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy

from meanfield.methods.late import Late, pull_of
from meanfield.plot import curves, tree
from meanfield.plot.options import drawn
from meanfield.protocols import Array, Between, Law, Scheme, Status, Stepper
from meanfield.runs import dataset
from meanfield.runs.faces import face
from meanfield.runs.record import DENSE_BUDGET
from meanfield.runs.times import Ahead, default_times, new_end
from meanfield.steppers import dop853, evaluate
from meanfield.tools import inputs
from meanfield.tools.settings import register
from particles.trajectory import OfPoints, cloud_data

LATEST = 1e6
"""Logarithm of the latest time: beyond it log t has fewer digits than the run's end is found to."""
FORGOTTEN = "the dense output went over its memory budget (mergers are all known; take fewer points, or a shorter run)"


@register
@dataclass(frozen=True)
class LogTime(Scheme):
    """Settings of clusters followed in log time.

    Parameters
    ----------
    merge_gap : float
        Geodesic distance in radians at which two clusters become one.
    log_t_end : float
        Logarithm of the last time.
    rtol : float
        Local error of a step in every coordinate.
    """

    merge_gap: float
    log_t_end: float
    rtol: float

    def rebind(self, law: Law, form: Any, rtol: float, atol: float) -> Late:
        """The method as it was when a run stopped."""
        return Late(law, pull_of(law, form.d), form, self.merge_gap, form.clock(self.log_t_end))

    def stepper(self, rtol: float, atol: float) -> Stepper:
        """What counts is radians and log t, whatever their size: an absolute error."""
        return dop853(0.0, self.rtol, norm="max")


@face("longtime")
class LongTime(OfPoints):
    """A run of `longtime`: clusters over log t.

    Attributes
    ----------
    log_t : ndarray (T,)
        Logarithms of the saved times.
    t : ndarray (T,)
        The saved times themselves; inf beyond 1.8e308.
    merges : tuple of LateMerge
        Every merger in order, those at the start included (of points given within merge_gap; log_t is -inf at t = 0):
        log_t, members, masses, position, jump of E.
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

    Examples
    --------
    >>> run = pt.longtime(mf.SA(9.0), [0.0, 1.0, 3.0], log_t_end=8.0)
    >>> len(run.merges) > 0
    True
    """

    @cached_property
    def log_t(self) -> Array:
        """(T,) logarithms of the saved times."""
        pairs = zip(self.owners, self.states, strict=True)
        by_clock = [self.segments[o].form.log_time(float(y[0])) for o, y in pairs]
        # long before anything moves the clock of the state stands still
        known = (self.t > 0.0) & np.isfinite(self.t)
        return np.where(known, np.log(self.t, where=known, out=np.zeros(len(self.t))), by_clock)

    @property
    def log_end(self) -> float:
        """Logarithm of the last saved time, which may itself be beyond any float."""
        return float(self.log_t[-1])

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
        return np.stack([c[self.segments[o].form.owners] for o, c in zip(self.owners, self.centres, strict=True)])

    @property
    def theta(self) -> Array:
        """(T, n) angles (d = 2 only)."""
        return self.geometry.angles(self.x, "take x; plot_counts and plot_energy draw any dimension")

    @property
    def weights(self) -> Array:
        """(n,) masses of the original points, as given."""
        return np.asarray(self.settings["weights"])

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
        return f"{self.law}, {self.segments[0].form.weights.size} clusters"

    @property
    def told_span(self) -> tuple[str, float, float]:
        """Log times: the times themselves may be beyond any float."""
        return "log t", self.segments[0].form.log_start, self.reached

    def __call__(self, log_t: float) -> Any:
        """The measure at a time of the run, given by its logarithm."""
        log_t = inputs.number("log_t", log_t)
        if not self.answers(log_t):
            first = self.segments[0].form.log_start
            why = "" if self.known == self.reached else f"; beyond, to {self.reached!r}, {FORGOTTEN}"
            raise ValueError(f"log_t: got {log_t!r}, wanted a log time of the run, {first!r}..{self.known!r}{why}")
        owner, y = self.at(log_t)
        return self.segments[owner].form.measure(y)

    def answers(self, t: float) -> bool:
        """Whether run(log_t) can tell at this log time."""
        return bool(self.segments[0].form.log_start <= t <= self.known)

    @property
    def reached(self) -> float:
        """The logarithm of the time the run reached."""
        return float(self.segments[-1].form.log_time(float(self.checkpoint["y"][0])))

    @cached_property
    def known(self) -> float:
        """The logarithm of the time up to which the dense output was kept: `reached`, but for its memory budget."""
        if not self.dense:
            return self.segments[0].form.log_start
        last = self.dense[-1]
        known = float(self.segments[0].form.log_time(float(evaluate(last, last.t1)[0])))
        return known if known < self.reached - 1e-9 else self.reached

    def at(self, log_t: float) -> tuple[int, Array]:
        """Segment and state at a log time, by dense output; before the first step there is only the start."""
        if not self.dense:
            return 0, self.checkpoint["y"]
        form = self.segments[0].form
        clock = form.clock(log_t)
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

    # --- going on -----------------------------------------------------------------------------------------

    @property
    def scheme(self) -> LogTime:
        """How clusters are followed."""
        s = self.settings
        return LogTime(s["merge_gap"], s["log_t_end"], s["rtol"])

    @property
    def held(self) -> int:
        """Bytes of dense output kept; the whole budget once some had to be dropped."""
        return DENSE_BUDGET if self.known < self.reached else sum(b.nbytes for b in self.dense)

    def ahead(self, t_end: float | None, t_eval: Any, land: Any = None) -> Ahead:
        """By logarithms: a later log time to end at, and log times to save; all are read off at the end."""
        s = self.settings
        if land is not None:
            raise ValueError("land: log times are read off at the end: leave it out")
        if t_end is None and self.status is Status.REACHED_END:
            raise ValueError(f"t_end: this run has reached its end, log t = {s['log_t_end']!r}: give a later t_end=")
        end = new_end(s["log_t_end"], t_end, self.reached)
        if end > LATEST:
            raise ValueError(f"t_end: got {end!r}, wanted a log time of at most {LATEST:g}")
        asked: Any = s.get("log_t_eval")
        if t_eval is not None:
            more = inputs.times((self.reached, end), t_eval)[2]
            asked = more if asked is None else np.r_[asked[asked <= self.reached], more]
        elif asked is not None and end != s["log_t_end"]:
            asked = np.union1d(asked, [end])
        new = {"log_t_end": end, "log_t_eval": asked}
        return Ahead((self.loose.checkpoint["t"], math.inf), np.empty(0), np.empty(0), new)

    @property
    def asked(self) -> Array:
        """Log times to save: those asked for, or equally spaced ones to the end."""
        given, form, end = self.settings.get("log_t_eval"), self.segments[0].form, self.settings["log_t_end"]
        if given is not None:
            return np.asarray(given)
        begins = math.isfinite(form.log_start)
        first = form.log_start if begins else min(form.log_c, end) - math.log(1000.0)
        return np.asarray(default_times(first, end))

    @property
    def loose(self) -> LongTime:
        """As the loop left it: by its own clock, with nothing saved."""
        at = self.checkpoint
        clock = at.get("clock", self.dense[-1].t1 if self.dense else 0.0)
        return replace(self, t=np.empty(0), states=(), owners=(), checkpoint={**at, "t": clock, "extra": False})

    def finished(self) -> LongTime:
        """With the states at the log times asked for; one that ended early keeps its last state, too."""
        asked, reached, known = self.asked, self.reached, self.known
        run = self
        if known < min(asked[-1], reached):
            run = replace(self, detail=f"Saved to log t = {known:.6g} only: beyond, {FORGOTTEN}.")
        asked = asked[asked <= known] if known < asked[-1] - 1e-9 else asked
        if run.status is not Status.REACHED_END and not (len(asked) and asked[-1] >= known):
            asked = np.append(asked, known)
        found = [run.at(log_t) for log_t in asked]
        states = tuple(run.segments[o].form.retract(state) for o, state in found)
        moments = [run.segments[0].form.log_start] + [s.form.merges[0].log_t for s in run.segments[1:]]
        with np.errstate(over="ignore"):
            segments = tuple(replace(s, t=float(np.exp(log_t))) for s, log_t in zip(run.segments, moments, strict=True))
            at = run.checkpoint
            return replace(
                run,
                t=np.exp(asked),
                states=states,
                owners=tuple(o for o, _ in found),
                segments=segments,
                checkpoint={**at, "t": float(np.exp(reached)), "clock": at["t"], "extra": False},
            )

    @property
    def warning(self) -> str:
        """That the dense output did not reach as far as the run."""
        return self.detail if self.known < min(self.asked[-1], self.reached) else ""

    def to_xarray(self) -> Any:
        """Positions and energy over log_t: late times themselves are beyond any float, and stand beside it as inf."""
        data, units = cloud_data(self)
        ds = dataset.made(self, data, {"t": self.t}, units)
        ds = ds.assign_coords(log_t=("t", self.log_t)).swap_dims(t="log_t")
        ds["log_t"].attrs.update(long_name="natural logarithm of the time", units="1")
        return ds

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Angles of the clusters over log t (circle); options title, cmap, color, label."""
        ax = drawn(curves.trajectories, self.log_t, self.theta, ax, **{"title": self.title, **options})
        ax.set(xlabel=tree.LOG_TIME)
        return ax

    def plot_counts(self, ax: Any = None, **options: Any) -> Any:
        """The number of clusters over log t; options title, color, label."""
        return drawn(tree.counts, self.log_t, self.counts, ax, **{"log": True, "title": self.title, **options})

    def plot_energy(self, ax: Any = None, **options: Any) -> Any:
        """The staircase of the energy over log t; options title, color, label."""
        return drawn(tree.steps, self.log_t, self.energy, ax, **{"title": self.title, **options})
