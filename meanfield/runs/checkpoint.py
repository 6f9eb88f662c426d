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

from meanfield.runs import archive
from meanfield.runs.job import Job, Start, begun_again
from meanfield.tools import files, inputs, settings

EVERY = 60.0
"""Seconds from one to the next."""
UNTOLD = ("version", "spread")
"""Settings that may differ between a run and what it goes on from."""


class Checkpoint:
    """Where a run is kept, and how often; a place that fails is told of once, and at the end."""

    def __init__(self, path: Path, every: float) -> None:
        self.path, self.every = path, every
        self.due = time.monotonic() + every
        self.failed = ""

    def look(self, record: Callable[[], Any]) -> None:
        """Keep the run as it is, if it is time."""
        if time.monotonic() >= self.due:
            self.keep(record())
            self.due = time.monotonic() + self.every

    def keep(self, record: Any) -> None:
        """Write it in one stroke, and leave what was there beside it."""
        try:
            aside(self.path)
            record.save(self.path, overwrite=True)
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


def before(path: Path) -> Path:
    """Where the checkpoint before this one is."""
    return path.with_name(path.name + ".before")


def aside(path: Path) -> None:
    """The same file under the name of the one before; `path` is there all the while."""
    if not path.exists():
        return
    part = path.with_name(path.name + ".link")
    part.unlink(missing_ok=True)
    try:
        os.link(path, part)
    except OSError:  # a file system without links: for a moment there is only the one before
        os.replace(path, before(path))
    else:
        os.replace(part, before(path))


def load(path: Any) -> Any:
    """The run in a checkpoint, or in the one before if this one is damaged or not there, which is told.

    Raises
    ------
    StorageError, OSError
        If neither can be read.
    """
    try:
        return archive.load(path)
    except (files.StorageError, FileNotFoundError) as error:
        older = before(Path(files.name_of(path)))
        if not older.exists():
            raise
        run = archive.load(older)
        warnings.warn(f"{error} Going on from the checkpoint before it, {older}.", RuntimeWarning, stacklevel=3)
        return run


def checked(path: Any, every: Any, run: Any = None) -> Checkpoint | None:
    """The place, if there is one and it can be written.

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
        return None
    seconds = EVERY if every is None else inputs.number("every", every, above=0.0)
    goal = files.target(path, True, "checkpoint")
    if not os.access(goal.parent, os.W_OK):
        raise PermissionError(f"checkpoint: the folder {goal.parent} cannot be written; choose another place.")
    if run is not None and goal.exists():
        kept = load(goal)
        if kept.law != run.law or not _same(kept.start, run.start):
            raise ValueError(f"checkpoint: {goal} holds another run, of {kept.law}. Choose another place.")
    return Checkpoint(goal, seconds)


def gone_on(job: Job, start: Start, kept: Checkpoint | None) -> tuple[Job, Start] | Any:
    """The job and its beginning; from what is kept of it, if anything is, or the run itself if that is whole.

    Raises
    ------
    ValueError
        If what is kept is another run; it says what differs.
    """
    if kept is None:
        return job, start
    storable(job)
    if not (kept.path.exists() or before(kept.path).exists()):
        return job, start
    run = load(kept.path)
    if told := differences(run, job):
        raise ValueError(
            f"checkpoint: {kept.path} holds another run: {'; '.join(told)}. Choose another place, or remove the file."
        )
    if run.success:
        return run
    ahead = run.ahead(None, None)
    run = replace(run, settings={**run.settings, **ahead.settings})
    return begun_again(run, ahead, run.scheme, job.stepper if run.stepper is None else run.stepper)


def storable(job: Job) -> None:
    """Refuse, before it runs, a run that no file can hold."""
    try:
        settings.to_json({"law": job.law, "settings": job.settings, "form": job.method.form})
    except (ValueError, TypeError) as error:
        raise type(error)(f"checkpoint: this run cannot be kept: {error}") from error


def differences(run: Any, job: Job) -> list[str]:
    """What a run kept has other than the one asked for: 'name: there, here'."""
    now = {name: value for name, value in job.settings.items() if value is not None}
    then = run.settings
    told = [] if type(run) is job.face else [f"it is a {type(run).__name__}, wanted a {job.face.__name__}"]
    told += [] if run.law == job.law else [f"law: {run.law} there, {job.law} here"]
    for name in sorted({*now, *then} - set(UNTOLD)):
        if not _same(then.get(name), now.get(name)):
            told.append(f"{name}: {_short(then.get(name))} there, {_short(now.get(name))} here")
    if not told and not _same(run.start, job.y):
        told.append("it began from another state")
    return told


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.shape(a) == np.shape(b) and bool(np.array_equal(a, b))
    return bool(a == b) or a is b


def _short(value: Any) -> str:
    return inputs.describe(value)
