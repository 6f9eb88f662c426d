"""Drives the loop into a record: observers, progress, wall time, Ctrl-C, and going on where a run stopped."""

from __future__ import annotations

import copy
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meanfield.protocols import Array, Between, Law, Measure, Status, Step, Stop
from meanfield.protocols import said as autonomous
from meanfield.runs.checkpoint import Checkpoint, gone_on
from meanfield.runs.errors import Interrupted, RunError, carry, said
from meanfield.runs.job import Job, Start
from meanfield.runs.loop import steps
from meanfield.runs.rates import integral
from meanfield.runs.record import DENSE_BUDGET
from meanfield.runs.segments import Before, Counters, Segment
from meanfield.runs.until import Until, Watched
from meanfield.steppers.dense import evaluate
from meanfield.tools.alarm import watched
from meanfield.tools.versions import versions

TOLD = 200
"""Characters of a stranger's exception that a record's message repeats."""


@dataclass(frozen=True)
class Watch:
    """Who looks on while a run goes.

    Attributes
    ----------
    observers : tuple of callables
        observe(t, measure) after every accepted step; True ends the run.
    max_seconds : float or None
        Wall-clock limit.
    progress : bool or None
        A tqdm bar; None shows it only on a terminal.
    until : Until or None
        What ends the run before its last time.
    kept : Checkpoint or None
        Where the run is kept while it goes.
    """

    observers: tuple[Any, ...] = ()
    max_seconds: float | None = None
    progress: bool | None = None
    until: Until | None = None
    kept: Checkpoint | None = None

    def over(self, began: float) -> None:
        """Raise Stop where the wall-clock limit is passed."""
        if self.max_seconds is not None and time.monotonic() - began > self.max_seconds:
            raise Stop(Status.OUT_OF_TIME, f"({self.max_seconds:g} s)")

    def watched(self, job: Job) -> Job:
        """The job with a method that looks up at every evaluation, and at what ends the run."""
        if self.max_seconds is None and self.until is None:
            return job
        method: Any = Watched(job.method, self.until)
        return replace(job, method=method)


class _Log:
    """The record in the making."""

    def __init__(self, job: Job, start: Start) -> None:
        method, t, y, saves = job.method, job.span[0], job.y, job.saves
        self.job, self.law, self.saves, self.keep, self.gauge = job, job.law, saves, job.dense, job.gauge
        self.steady = autonomous(job.law) is True
        self.t: list[float] = []
        self.states: list[Array] = []
        self.owners: list[int] = []
        self.segments = [Segment(t, method.form.name, _unknowns(y), method.form)]
        self.method: Any = method
        self.dense: list[Between] = []
        self.dense_owners: list[int] = []
        self.held = 0 if start.before is None else start.before.held
        self.integral_t: list[float] = []
        self.integral: list[Any] = []
        self.steps = self.rejections = self.evaluations = 0
        if t in saves:
            self._snapshot(t, y, 0)
        self.start = y.copy()
        self.rng = start.rng
        self.last: tuple[float, Array, float | None, Any] = (t, y, start.h, self._drawn())
        self.finished = self._sizes()
        self.earlier, self.bound = (self.last, self.finished), False

    def add(self, step: Step) -> None:
        """One accepted step."""
        self.steps += 1
        self.rejections += step.rejections
        self.evaluations += step.evaluations
        if step.method is not self.method:
            self.method = step.method
            if step.method.form != self.segments[-1].form:
                began = self.last[0]
                self.segments.append(Segment(began, step.method.form.name, _unknowns(step.y), step.method.form))
        self._save(step)
        if step.between is not None and self.keep:
            self._hold(step.between)
        last, finished = (step.t, step.y, step.h, self._drawn()), self._sizes()
        bound = self.bound or self._bound()
        earlier = self.earlier if self.bound else (self.last, self.finished)
        # no call in between: Ctrl-C sees all or nothing
        self.earlier, self.bound, self.last, self.finished = earlier, bound, last, finished

    def _bound(self) -> bool:
        """Whether the step begun at `last` was first tried to the run's end, and shorter than without it: its error,
        where it was too large, has then made it and what follows other than an unbroken run's."""
        t, _, h, _ = self.last
        end = self.job.span[1]
        return h is not None and t + h > end and not np.any((self.job.land > t) & (self.job.land < end))

    def _drawn(self) -> Any:
        """The generator's state: a step that is broken off has drawn of it already."""
        return None if self.rng is None else copy.deepcopy(self.rng.bit_generator.state)

    def _sizes(self) -> tuple[int, int, int, int, Counters]:
        """How much of the record belongs to finished steps: Ctrl-C in the midst of `add` leaves more."""
        cost = Counters(self.steps, self.rejections, self.evaluations)
        return len(self.t), len(self.segments), len(self.dense), len(self.integral_t), cost

    def _save(self, step: Step) -> None:
        owner = len(self.segments) - 1
        first, last = np.searchsorted(self.saves, (self.last[0], step.t), side="right")
        landed = last > 0 and self.saves[last - 1] == step.t
        inside = self.saves[first : last - landed]
        if len(inside):
            if step.between is None:
                raise ValueError(
                    "t_eval: this stepper knows nothing between its steps: give the times to save, and land=True"
                )
            for t, y in zip(inside, evaluate(step.between, inside), strict=True):
                self._snapshot(float(t), step.method.retract(y), owner)
        if landed:
            self._snapshot(step.t, step.y, owner)

    def _snapshot(self, t: float, y: Array, owner: int) -> None:
        self.t.append(t)
        self.states.append(y.copy())
        self.owners.append(owner)

    def _hold(self, between: Between) -> None:
        owner = len(self.segments) - 1
        if not self.integral_t and self.held + between.nbytes <= DENSE_BUDGET:
            self.held += between.nbytes
            self.dense.append(between)
            self.dense_owners.append(owner)
        elif self.gauge and _has_rate(self.law, between.t0, self.segments[owner].form.measure(between.y0)):
            # no room to keep it: what it is needed for is taken from it now
            times = np.array(self.t)
            inner = times[(times > between.t0) & (times < between.t1)]
            so_far = self.integral[-1] if self.integral else 0.0
            self.integral.extend(so_far + integral(self.law, self.segments[owner].form, between, inner, self.steady))
            self.integral_t.extend([*inner.tolist(), between.t1])
        else:
            self.held = DENSE_BUDGET  # what follows must not leave a gap

    def record(self, stop: Stop) -> Any:
        """The record up to the last finished step; one that ends early has its last state as its last snapshot."""
        t, y, h, drawn = self.last
        saved, stretches, held, gone, cost = self.finished
        times, states, owners = self.t[:saved], self.states[:saved], self.owners[:saved]
        extra = stop.status is not Status.REACHED_END and (not times or t > times[-1])
        if extra:
            times, states, owners = [*times, t], [*states, y.copy()], [*owners, stretches - 1]
        return self.job.face(
            law=self.law,
            t=np.array(times),
            states=tuple(states),
            owners=tuple(owners),
            segments=tuple(self.segments[:stretches]),
            status=stop.status,
            detail=stop.detail,
            counters=cost,
            settings={
                "version": versions("meanfield", "numpy", "scipy", "numba"),
                **{name: value for name, value in self.job.settings.items() if value is not None},
            },
            dense=tuple(self.dense[:held]),
            dense_owners=tuple(self.dense_owners[:held]),
            integral_t=np.array(self.integral_t[:gone]),
            integral=np.array(self.integral[:gone]),
            checkpoint={"t": t, "y": y, "h": h, "rng": drawn, "extra": extra, **self._cut(stop, t)},
            start=self.start,
        )

    def _cut(self, stop: Stop, end: float) -> dict[str, Any]:
        """What was before the first step that the end made shorter, or the last, if the end is no time to land on."""
        if stop.status is not Status.REACHED_END or not self.steps or end in self.job.land:
            return {}
        (t, y, h, drawn), (saved, stretches, held, gone, cost) = self.earlier
        return {"before": Before(t, h, drawn, saved, stretches, held, gone, cost, y)}


def _has_rate(law: Law, t: float, mu: Measure) -> bool:
    """Whether the law knows a dissipation of this measure."""
    try:
        return "dissipation" in law.quantities(t, mu)
    except TypeError:  # the measure cannot answer the law's questions
        return False


def begun(job: Job, watch: Watch, start: Start | None = None) -> Any:
    """A new run; or the rest of it, where a checkpoint of it is kept."""
    went = gone_on(job, start or Start(), watch.kept)
    return drive(went[0], watch, went[1]) if isinstance(went, tuple) else went


def drive(job: Job, watch: Watch, start: Start | None = None) -> Any:
    """Do a job, and return a record of its face, whatever ends the run.

    An exception that is none of the run's own (an observer's, the law's) is raised as it is and carries the record as
    `.solution`; one that carries another run's becomes the cause of a `RunError`.

    Parameters
    ----------
    job : Job
        What to run.
    watch : Watch
        Who looks on.
    start : Start, optional
        With what it begins; the record is of the whole run then.
    """
    start = start or Start()
    began, span = time.monotonic(), job.span
    job = watch.watched(job)
    log = _Log(job, start)

    def closed(stop: Stop) -> Any:
        record = log.record(stop)
        return (record if start.before is None else start.so_far(log.last[0], stop).joined(record)).finished()

    def ended() -> Any:
        record = closed(stop)
        if watch.kept is not None:
            watch.kept.close(record)
        return record

    stop = Stop(Status.REACHED_END, "" if watch.until is None else "(until= was not met)")
    bar = _bar(watch.progress, span[1] - span[0])
    try:
        keep = job.dense or job.reads
        with watched(None if watch.max_seconds is None else lambda: watch.over(began)):
            options: dict[str, Any] = {"h": start.h, "rng": start.rng, "keep": keep}
            for step in steps(job.method, job.y, span[0], job.targets, job.stepper, **options):
                before = log.last[0]
                log.add(step)
                if bar is not None:
                    bar.update(step.t - before)
                _look(watch, step, start.steps + log.steps, began)
                if watch.kept is not None and step.t < span[1]:
                    watch.kept.look(lambda: closed(Stop(Status.UNDERWAY)))
    except Stop as reason:
        stop = reason
    except KeyboardInterrupt:
        stop = Stop(Status.INTERRUPTED)
    except BaseException as error:  # sys.exit in an observer too
        if not log.steps:
            raise
        stop = Stop(Status.BROKEN_OFF, f"({_in_a_line(error)})")
        with _unbroken():
            record = ended()
        if hasattr(error, "solution"):
            raise RunError(record) from error
        carry(error, "solution", record)
        raise
    finally:
        if bar is not None:
            bar.close()
    stop.detail = stop.detail.removeprefix(stop.status.value).strip()
    with _unbroken() as interrupted:
        record = ended()
    if interrupted:
        raise Interrupted(record)
    return record


def _in_a_line(error: BaseException) -> str:
    """An exception's type and the beginning of what it says, which a file can hold."""
    told = said(error).split("\n")[0][:TOLD]
    return told.encode(errors="backslashreplace").decode()  # names of files may hold half a surrogate pair


@contextmanager
def _unbroken() -> Iterator[list[int]]:
    """Ctrl-C waits until a record is made, so that none is lost, and is told of by the list; a second does not wait."""
    came: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield came  # elsewhere nobody is interrupted, or not by Python
        return

    def wait(number: int, frame: Any) -> None:
        came.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, wait)
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, before)


def _bar(progress: bool | None, total: float) -> Any:
    """A progress bar over simulated time; None: only on a terminal."""
    if progress is False or (progress is None and not _on_terminal()):
        return None
    from tqdm.auto import tqdm

    return tqdm(total=total, unit="t")


def _on_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


def _look(watch: Watch, step: Step, count: int, began: float) -> None:
    if watch.observers:
        measure = step.method.measure(step.t, step.y)
        for observe in watch.observers:
            # numpy's comparisons give numpy's own bool
            if isinstance(verdict := observe(step.t, measure), bool | np.bool_) and verdict:
                raise Stop(Status.OBSERVER)
    if watch.until is not None and watch.until.met(step, count):
        raise Stop(Status.UNTIL)
    watch.over(began)


def _unknowns(y: Array) -> int:
    return int(y.size)
