"""A run kept on the disk while it goes: every so many seconds, whole or not at all, the one before kept."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from meanfield.protocols import Law, Status
from meanfield.runs import archive
from meanfield.runs.cell import UNDER_WAY
from meanfield.runs.job import Job, Start, begun_again
from meanfield.tools import files, inputs, settings

EVERY = 60.0
"""Seconds from one to the next."""
UNTOLD = ("version", "spread")
"""Settings that may differ between a run and what it goes on from."""
ENDS = (*UNTOLD, "t_span", "t_eval", "land", "log_t_end", "log_t_eval", "dense")
"""Those that may, too, where a run is told to go further."""


class Checkpoint:
    """Where a run is kept, and how often; a place that fails is told of once, and at the end."""

    def __init__(self, path: Path, every: float, own: bool = False) -> None:
        self.path, self.every = path, every
        self.own = own  # a cell's: the code that runs is known to be the code that ran
        self.due = time.monotonic() + every
        self.failed = ""
        self.seen = seen(path)
        self.sound = False

    def look(self, record: Callable[[], Any]) -> None:
        """Keep the run as it is, if it is time."""
        if time.monotonic() >= self.due:
            self.keep(record())
            self.due = time.monotonic() + self.every

    def keep(self, record: Any) -> None:
        """Write it in one stroke, and leave what was there beside it."""
        try:
            if seen(self.path) != self.seen:
                raise FileExistsError(f"another run has written to {self.path} meanwhile")
            if self.sound:  # a damaged one never takes the place of the one before
                aside(self.path)
            record.save(self.path, overwrite=True)
            self.seen, self.sound = seen(self.path), True
        except (OSError, ValueError, TypeError) as error:
            if not self.failed:
                warnings.warn(f"checkpoint: {error}: the run goes on, and is not kept", RuntimeWarning, stacklevel=2)
            self.failed = str(error)
        else:
            self.failed = ""

    def close(self, record: Any) -> None:
        """Keep the whole run; say what could not be."""
        self.keep(record)
        if self.failed:
            warnings.warn(
                f"checkpoint: this run is not in {self.path} ({self.failed}): keep it by sol.save(path)",
                RuntimeWarning,
                stacklevel=2,
            )


def seen(path: Path) -> Any:
    """By what a file is told from another that has taken its place; None: there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def before(path: Path) -> Path:
    """Where the checkpoint before this one is."""
    return path.with_name(path.name + ".before")


def aside(path: Path) -> None:
    """The same file under the name of the one before; `path` is there all the while."""
    part = path.with_name(path.name + ".link")
    part.unlink(missing_ok=True)
    try:
        os.link(path, part)
    except OSError:  # a file system without links: for a moment there is only the one before
        os.replace(path, before(path))
    else:
        os.replace(part, before(path))
        part.unlink(missing_ok=True)  # of two names of one file, as a kill right here leaves, the system keeps both


def found(path: Any) -> tuple[Any, bool]:
    """The run in a checkpoint, and that it is sound; or the run in the one before, if not or not there, which is told.

    Raises
    ------
    StorageError, OSError
        If neither can be read.
    """
    try:
        return archive.load(path), True
    except (files.StorageError, FileNotFoundError) as error:
        older = before(Path(files.name_of(path)))
        if not older.exists():
            raise
        run = archive.load(older)
        warnings.warn(f"{error} Going on from the checkpoint before it, {older}.", RuntimeWarning, stacklevel=3)
        return run, False


def checked(path: Any, every: Any, run: Any = None) -> Checkpoint | None:
    """The place, if there is one and it can be written; of a new run without one, where the cell it is in is kept.

    run: what a run goes on from; another one's checkpoint is not replaced by its.

    Raises
    ------
    ValueError, TypeError, OSError
        For an `every` that is no positive number, or without a path; a place that cannot be written, or holds another
        run than `run`.
    """
    if path is None:
        if every is not None:
            raise ValueError(f"every: got {every!r} without a place to write to: give checkpoint=path, too")
        cell = UNDER_WAY.get()
        return None if cell is None or run is not None else Checkpoint(cell.place(), cell.every, own=True)
    seconds = seconds_of(every)
    goal = files.target(path, True, "checkpoint")
    if not os.access(goal.parent, os.W_OK):
        raise PermissionError(f"checkpoint: the folder {goal.parent} cannot be written; choose another place.")
    place = Checkpoint(goal, seconds)
    if run is not None and (goal.exists() or before(goal).exists()):
        kept, place.sound = found(goal)
        told = differences(kept, type(run), run.law, run.settings, run.start, ENDS)
        if kept.end > run.end:
            told.append(f"it has come to t = {kept.end:g}, further than t = {run.end:g}")
        if told:
            raise ValueError(f"checkpoint: {goal} holds another run: {'; '.join(told)}. Choose another place.")
    return place


def seconds_of(every: Any) -> float:
    """From one checkpoint to the next, or a refusal."""
    return EVERY if every is None else inputs.number("every", every, above=0.0)


def gone_on(job: Job, start: Start, kept: Checkpoint | None) -> tuple[Job, Start] | Any:
    """The job and its beginning; from what is kept of it, if anything is, or the run itself if that is whole.

    Raises
    ------
    ValueError
        If what is kept is another run; it says what differs.
    """
    if kept is None:
        return job, start
    storable(job, kept.own)
    if not (kept.path.exists() or before(kept.path).exists()):
        return job, start
    run, kept.sound = found(kept.path)
    now = {name: value for name, value in job.settings.items() if value is not None}
    if told := differences(run, job.face, job.law, now, job.y, UNTOLD):
        raise ValueError(
            f"checkpoint: {kept.path} holds another run: {'; '.join(told)}. Choose another place, or remove it and "
            f"{before(kept.path).name}."
        )
    if start.rng is not None:  # whoever draws on finds the generator as the unbroken run leaves it
        start.rng.bit_generator.state = run.checkpoint["rng"]
    if run.status is Status.REACHED_END or (run.success and kept.own):
        return run
    if run.success:  # what ended it is code, which cannot be told from other code
        raise ValueError(
            f"checkpoint: {kept.path} holds this run, ended before its last time by until= or observe=: it is "
            "mf.load(path), and goes on by mf.resume(path). Choose another place, or remove it and "
            f"{before(kept.path).name}."
        )
    ahead = run.ahead(None, None)
    run = replace(run, settings={**run.settings, **ahead.settings})
    job, again = begun_again(run, ahead, run.scheme, job.stepper if run.stepper is None else run.stepper)
    return job, replace(again, steps=run.counters.steps, rng=start.rng)


def storable(job: Job, own: bool) -> None:
    """Refuse, before it runs, a run that no file can hold; `own`: of a cell's own."""
    try:
        settings.to_json({"law": job.law, "settings": job.settings, "form": job.method.form})
    except (ValueError, TypeError) as error:
        remedy = " Or sweep with keep= instead, which keeps what is finished." if own else ""
        raise type(error)(f"checkpoint: this run cannot be kept: {error}{remedy}") from error


def differences(run: Any, face: Any, law: Law, now: dict[str, Any], start: Any, free: tuple[str, ...]) -> list[str]:
    """What a run kept has other than the one asked for: 'name: there, here'; `free` settings do not count."""
    then = run.settings
    told = [] if type(run) is face else [f"it is a {type(run).__name__}, wanted a {face.__name__}"]
    told += [] if run.law == law else [f"law: {run.law} there, {law} here"]
    for name in sorted({*now, *then} - set(free)):
        if not _same(then.get(name), now.get(name)):
            told.append(f"{name}: {inputs.describe(then.get(name))} there, {inputs.describe(now.get(name))} here")
    return told if told or _same(run.start, start) else ["it began from another state"]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.shape(a) == np.shape(b) and bool(np.array_equal(a, b))
    if isinstance(a, np.random.Generator) and isinstance(b, np.random.Generator):
        return repr(a.bit_generator.state) == repr(b.bit_generator.state)
    return bool(a == b) or a is b
