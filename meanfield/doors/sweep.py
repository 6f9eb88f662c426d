"""A function over a grid of cells, on any executor: the one runner of sweeps and checks.

``sweep(fn, cells, rng=0)`` calls ``fn(cell, rng)`` for every cell and returns the results in the order of the cells.
What a cell gives depends on the cell and the seed alone: its generator is that of ::

    SeedSequence(entropy, spawn_key=(four 32-bit words of the SHA-256 of the cell's content,))

so neither the order, nor the executor, nor the other cells of the grid change a number.

The executor is the caller's (threads, processes, dask, mpi4py: whatever has `submit` and futures that
`concurrent.futures.as_completed` knows); it is never shut down here, and None means this process, one after the
other.  Our advice for numbers that keep a core busy is `meanfield.doors.workers`.
"""

from __future__ import annotations

import itertools
import os
import pickle
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar, overload

import numpy as np

from meanfield.doors import shelf
from meanfield.runs.cell import UNDER_WAY, Cell
from meanfield.runs.errors import carry, said
from meanfield.tools import files, inputs

R = TypeVar("R")
K = TypeVar("K")
Task: TypeAlias = tuple[int, Any, np.random.SeedSequence, Cell | None]
"""Position, cell, seed, and where its runs are kept."""

_LISTED = 8
"""Failures that an error's text tells of; all of them are in its `failures`."""


class SweepError(RuntimeError):
    """Some cells failed; the others are finished, and here.

    Attributes
    ----------
    failures : list of (cell, Exception)
        In the order of the cells.
    results : list or dict
        What `sweep` would have returned, with None where nothing came of a cell.

    Examples
    --------
    >>> mf.SweepError([({"n": 0}, ZeroDivisionError("n"))], [None, 0.5], 2).results
    [None, 0.5]
    """

    def __init__(self, failures: list[tuple[Any, Exception]], results: Any, total: int) -> None:
        lines = [f"{inputs.describe(cell)}: {type(error).__name__}: {error}" for cell, error in failures[:_LISTED]]
        if len(failures) > _LISTED:
            lines.append(f"and {len(failures) - _LISTED} more")
        super().__init__(f"{len(failures)} of {total} cells failed:\n  " + "\n  ".join(lines))
        self.failures = failures
        self.results = results
        self.total = total

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.failures, self.results, self.total)


class CellError(RuntimeError):
    """What ended a cell, in words: it was no Exception (sys.exit), or one that cannot travel between processes."""


# --- the door ----------------------------------------------------------------------------------------------


@overload
def sweep(  # type: ignore[overload-overlap]
    fn: Callable[[Any, np.random.Generator], R], cells: Mapping[K, Any], *, rng: Any = ..., executor: Any = ...,
    keep: files.PathLike | None = ..., checkpoint: files.PathLike | None = ..., every: float | None = ...,
    done: Callable[[Any, R], Any] | None = ...,
) -> dict[K, R]: ...  # fmt: skip
@overload
def sweep(
    fn: Callable[[Any, np.random.Generator], R], cells: Iterable[Any], *, rng: Any = ..., executor: Any = ...,
    keep: files.PathLike | None = ..., checkpoint: files.PathLike | None = ..., every: float | None = ...,
    done: Callable[[Any, R], Any] | None = ...,
) -> list[R]: ...  # fmt: skip
def sweep(
    fn: Callable[[Any, np.random.Generator], R],
    cells: Mapping[Any, Any] | Iterable[Any],
    *,
    rng: Any = None,
    executor: Executor | None = None,
    keep: files.PathLike | None = None,
    checkpoint: files.PathLike | None = None,
    every: float | None = None,
    done: Callable[[Any, R], Any] | None = None,
) -> Any:
    """Call ``fn(cell, rng)`` for every cell.

    Parameters
    ----------
    fn : callable
        Takes a cell and a numpy Generator of its own.  For processes: a function at the top of a module.
    cells : iterable, or mapping of name to cell
        Different cells, each of what `settings.to_json` can write (numbers, strings, dicts of them, laws, ...).
        `mf.grid` makes the product of several axes.
    rng : None, int, SeedSequence or Generator
        The seed of the whole; None is fresh entropy, a Generator is drawn from once.
    executor : concurrent.futures.Executor, optional
        Where the cells run; None is this process.  Left open.  `mf.workers` makes one of processes.
    keep : path, optional
        A folder (made if need be) that holds one JSON file per finished cell, written as soon as it is finished.
        A later sweep of the same function with the same seed takes finished cells from there.  Results must be what
        `settings.to_json` can write; they come back bit for bit.  The same function is one with the same code,
        defaults, closed-over values and globals, theirs in turn included (`meanfield.tools.identity`): cells of another
        are refused, and so is a function that cannot be followed so far.  Installed packages and this one count by
        name: after an upgrade use another folder.
    checkpoint, every : path and float, optional
        A folder that does what `keep` does (give one of the two), and keeps the cells under way as well: every run that
        `fn` begins by `mf.solve`, `pt.simulate`, `pt.gram` or `pt.longtime` is kept while it goes, every so many
        seconds (60), and whole when it ends, until its cell is finished.  After a kill the same sweep goes on with what
        is there, to the bits of the unbroken one; what `fn` does between its runs is done again.  Needs `rng`, and runs
        without `observe=`; one with a `checkpoint=` of its own is kept there.
    done : callable, optional
        ``done(cell, result)``, called in this process when a cell is finished or found in the folder.  An exception of
        its own, or Ctrl-C, ends the sweep and carries what is finished as `.results`.

    Returns
    -------
    list, or dict if `cells` is a mapping
        The results, in the order of the cells.

    Raises
    ------
    SweepError
        At the end, if cells failed; it lists them and has the results of the others.
    TypeError, ValueError
        If a cell cannot be written, or comes twice; if the folder holds the cells of another function or seed, or the
        function cannot be told from another; for an `every` that is no positive number, or without `checkpoint`.
    OSError
        If the folder cannot be made or written.

    Examples
    --------
    >>> def mean(cell, rng):
    ...     return float(rng.normal(size=cell["n"]).mean())
    >>> len(mf.sweep(mean, mf.grid(n=[10, 100]), rng=0))
    2
    """
    if not callable(fn):
        raise TypeError(f"fn must be a function fn(cell, rng); got {inputs.describe(fn)}. Pass the function itself.")
    if executor is not None and not hasattr(executor, "submit"):
        raise TypeError(
            f"executor must be None or have a method submit; got {inputs.describe(executor)}. "
            "Pass a concurrent.futures executor, such as that of: with mf.workers(2) as executor: ..."
        )
    inputs.callable_or_none("done", done)
    place = shelf.place(keep, checkpoint, every, rng)
    names = list(cells) if isinstance(cells, Mapping) else None
    todo = inputs.sequence("cells", cells.values() if isinstance(cells, Mapping) else cells, "cells, or a mapping")
    contents = _contents(todo)
    root = _root(rng)
    kept = None
    if place is not None:
        by_content = dict(zip(contents, todo, strict=True))
        kept = shelf.Shelf.of(fn, by_content, place, None if rng is None else _spell(root))
    run = _Run(todo, contents, kept, done)
    jobs: list[Task] = []
    for i, cell in enumerate(todo):
        if not run.found(i):
            desk = None if kept is None else kept.under_way(contents[i], cell)
            jobs.append((i, cell, _seed(root, contents[i]), desk))
    try:
        if executor is None:
            run.here(fn, jobs)
        else:
            run.there(fn, jobs, executor)
    except BaseException as error:  # Ctrl-C, or the caller's `done`
        if not hasattr(error, "results"):
            carry(error, "results", run.collected(names))
        raise
    if run.failures:
        failures = [(todo[i], run.failures[i]) for i in sorted(run.failures)]
        raise SweepError(failures, run.collected(names), len(todo)) from failures[0][1]
    return run.collected(names)


def grid(**axes: Iterable[Any]) -> list[dict[str, Any]]:
    """The product of named axes as cells, the last axis running fastest; numpy scalars become Python numbers.

    Parameters
    ----------
    **axes : iterables
        Names and values of the axes.

    Raises
    ------
    ValueError, TypeError
        For an axis that is no sequence, or empty.

    Examples
    --------
    >>> mf.grid(beta=[1, 4], n=[100])
    [{'beta': 1, 'n': 100}, {'beta': 4, 'n': 100}]
    """
    values = [[shelf.simple(value) for value in inputs.sequence(name, axis, "values")] for name, axis in axes.items()]
    return [dict(zip(axes, point, strict=True)) for point in itertools.product(*values)]


# --- running -----------------------------------------------------------------------------------------------


@dataclass
class _Run:
    """What has come of the cells so far, by position."""

    cells: list[Any]
    contents: list[str]
    kept: shelf.Shelf | None
    done: Callable[[Any, Any], Any] | None
    results: dict[int, Any] = field(default_factory=dict)
    failures: dict[int, Exception] = field(default_factory=dict)

    def collected(self, names: list[Any] | None) -> Any:
        """What `sweep` returns, None standing for what is not there."""
        results = [self.results.get(i) for i in range(len(self.cells))]
        return results if names is None else dict(zip(names, results, strict=True))

    def found(self, i: int) -> bool:
        """Whether a cell is on the shelf; it is then finished."""
        found = None if self.kept is None else self.kept.take(self.contents[i], self.cells[i])
        if found is None:
            return False
        self.results[i] = found[0]
        self._tell(i)
        return True

    def finish(self, i: int, result: Any) -> None:
        self.results[i] = result
        if self.kept is not None:
            try:
                self.kept.put(self.contents[i], self.cells[i], result)
            except Exception as error:  # a full disk, a result that is no JSON: the result itself is not lost
                self.failures[i] = error
                return
        self._tell(i)

    def _tell(self, i: int) -> None:
        if self.done is not None:
            self.done(self.cells[i], self.results[i])

    def here(self, fn: Callable[..., Any], jobs: list[Task]) -> None:
        for i, cell, seed, desk in jobs:
            try:
                result = _call(fn, cell, seed, desk, os.getpid())
            except Exception as error:
                self.failures[i] = error
            else:
                self.finish(i, result)

    def there(self, fn: Callable[..., Any], jobs: list[Task], executor: Any) -> None:
        futures: dict[Any, int] = {}
        try:
            for i, cell, seed, desk in jobs:
                try:
                    futures[executor.submit(_call, fn, cell, seed, desk, os.getpid())] = i
                except Exception as error:  # a pool that broke takes no more; what it has finished still counts
                    self.failures[i] = error
            for future in as_completed(futures):
                try:
                    result = _unpacked(future.result())
                except Exception as error:
                    self.failures[futures[future]] = error
                else:
                    self.finish(futures[future], result)
        except BaseException:  # Ctrl-C, or the caller's `done`: nothing new is begun in a pool that is not ours
            for future in futures:
                future.cancel()
            raise


@dataclass(frozen=True)
class _Parcel:
    """A result on its way between processes: opened by us, since in the executor's hands one that cannot be opened
    breaks the pool and loses every other cell."""

    data: bytes


def _call(fn: Callable[..., Any], cell: Any, seed: np.random.SeedSequence, desk: Cell | None, home: int) -> Any:
    """`fn`, where the executor put it; `home` is the process that wants to know."""
    away = os.getpid() != home
    before = UNDER_WAY.set(desk)
    try:
        result = fn(cell, np.random.default_rng(seed))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if isinstance(error, Exception) and not (away and _stays(error)):
            raise
        told = CellError(said(error))
        told.add_note("".join(traceback.format_exception(error)))
        raise told from None
    finally:
        UNDER_WAY.reset(before)
    return _packed(result) if away else result


def _stays(error: Exception) -> bool:
    """Whether an exception cannot be sent to another process: not taken apart, or not put together again."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return True
    return False


def _packed(result: Any) -> Any:
    try:
        return _Parcel(pickle.dumps(result))
    except Exception:  # the executor may know better, and says so of this cell alone if not
        return result


def _unpacked(result: Any) -> Any:
    return pickle.loads(result.data) if isinstance(result, _Parcel) else result


# --- cells and seeds ---------------------------------------------------------------------------------------


def _contents(cells: list[Any]) -> list[str]:
    """SHA-256 (hexadecimal) of every cell's content; refuses what cannot be written, and repetitions."""
    found: dict[str, int] = {}
    for i, cell in enumerate(cells):
        try:
            digest = shelf.content(cell)
        except (TypeError, ValueError) as error:
            error.add_note(f"(in cells[{i}]: a cell is named by its content, so it must be one that can be written)")
            raise
        first = found.setdefault(digest, i)
        if first != i:
            raise ValueError(
                f"cells must be different, since a cell's content is its seed; got {inputs.describe(cell)} at "
                f"positions {first} and {i}. For repetitions put a number into it: mf.grid(repeat=range(10), ...)."
            )
    return list(found)


def _root(rng: Any) -> np.random.SeedSequence:
    if isinstance(rng, np.random.SeedSequence):
        return rng
    if isinstance(rng, np.random.Generator):
        return np.random.SeedSequence([int(word) for word in rng.integers(2**32, size=4)])
    seed: Any = inputs.generator(rng).bit_generator.seed_seq
    return np.random.SeedSequence(seed.entropy)


def _seed(root: np.random.SeedSequence, content: str) -> np.random.SeedSequence:
    words = tuple(int(content[8 * k : 8 * k + 8], 16) for k in range(4))
    return np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, *words), pool_size=root.pool_size)


def _spell(root: np.random.SeedSequence) -> str:
    """A seed as text, by which two runs are known to have the same one."""
    entropy: Any = root.entropy
    words = [int(word) for word in (entropy if isinstance(entropy, list | tuple | np.ndarray) else [entropy])]
    return f"entropy {words}, spawn key {[int(k) for k in root.spawn_key]}, pool of {root.pool_size}"
