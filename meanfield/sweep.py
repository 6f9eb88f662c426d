"""A function over a grid of cells, on any executor: the one runner of sweeps and checks.

``sweep(fn, cells, rng=0)`` calls ``fn(cell, rng)`` for every cell and returns the results in the order of the cells.
What a cell gives depends on the cell and the seed alone: its generator is that of ::

    SeedSequence(entropy, spawn_key=(four 32-bit words of the SHA-256 of the cell's content,))

so neither the order, nor the executor, nor the other cells of the grid change a number.

The executor is the caller's (threads, processes, dask, mpi4py: whatever has `submit` and futures that
`concurrent.futures.as_completed` knows); it is never shut down here, and None means this process, one after the
other.  Our advice for numbers that keep a core busy is `workers`: processes that are spawned (a fork copies locks
that threads of FFTW, OpenMP or BLAS may hold) with one thread each (pools of threads in several processes wait for
one another on the same cores).
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, overload

import numpy as np

from meanfield import files, inputs, settings, threads

R = TypeVar("R")
K = TypeVar("K")
Job: TypeAlias = tuple[int, Any, np.random.SeedSequence]
"""Position, cell, seed."""

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", threads.VARIABLE)
"""Environment variables that `workers` sets to 1 for its processes."""

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


# --- the door ----------------------------------------------------------------------------------------------


@overload
def sweep(  # type: ignore[overload-overlap]
    fn: Callable[[Any, np.random.Generator], R], cells: Mapping[K, Any], *, rng: Any = ..., executor: Any = ...,
    keep: files.PathLike | None = ..., done: Callable[[Any, R], Any] | None = ...,
) -> dict[K, R]: ...  # fmt: skip
@overload
def sweep(
    fn: Callable[[Any, np.random.Generator], R], cells: Iterable[Any], *, rng: Any = ..., executor: Any = ...,
    keep: files.PathLike | None = ..., done: Callable[[Any, R], Any] | None = ...,
) -> list[R]: ...  # fmt: skip
def sweep(
    fn: Callable[[Any, np.random.Generator], R],
    cells: Mapping[Any, Any] | Iterable[Any],
    *,
    rng: Any = None,
    executor: Executor | None = None,
    keep: files.PathLike | None = None,
    done: Callable[[Any, R], Any] | None = None,
) -> Any:
    """Call ``fn(cell, rng)`` for every cell.

    Parameters
    ----------
    fn : callable
        Takes a cell and a numpy Generator of its own.  For processes: a function at the top of a module.
    cells : iterable, or mapping of name to cell
        Different cells, each of what `settings.to_json` can write (numbers, strings, dicts of them, laws, ...).
        `grid` makes the product of several axes.
    rng : None, int, SeedSequence or Generator
        The seed of the whole; None is fresh entropy, a Generator is drawn from once.
    executor : concurrent.futures.Executor, optional
        Where the cells run; None is this process.  Left open.
    keep : path, optional
        A folder (made if need be) that holds one JSON file per finished cell, written as soon as it is finished.
        A later sweep of the same function with the same seed takes finished cells from there.  Results must be what
        `settings.to_json` can write; they come back bit for bit.  That the function's *code* has changed cannot be
        seen: then use another folder.
    done : callable, optional
        ``done(cell, result)``, called in this process when a cell is finished or found in `keep`.

    Returns
    -------
    list, or dict if `cells` is a mapping
        The results, in the order of the cells.

    Raises
    ------
    SweepError
        At the end, if cells failed; it lists them and has the results of the others.
    TypeError, ValueError
        If a cell cannot be written, or comes twice; if `keep` holds the cells of another function or seed.
    """
    if not callable(fn):
        raise TypeError(f"fn must be a function fn(cell, rng); got {inputs.describe(fn)}. Pass the function itself.")
    if executor is not None and not hasattr(executor, "submit"):
        raise TypeError(
            f"executor must be None or have a method submit; got {inputs.describe(executor)}. "
            "Pass a concurrent.futures executor, such as that of meanfield.sweep.workers()."
        )
    inputs.callable_or_none("done", done)
    names = list(cells) if isinstance(cells, Mapping) else None
    todo = list(cells.values()) if isinstance(cells, Mapping) else list(cells)
    contents = _contents(todo)
    root = _root(rng)
    shelf = None if keep is None else _Shelf(Path(keep), _identity(fn), None if rng is None else _spell(root))
    run = _Run(todo, contents, shelf, done)
    jobs = [(i, cell, _seed(root, contents[i])) for i, cell in enumerate(todo) if not run.found(i)]
    if executor is None:
        run.here(fn, jobs)
    else:
        run.there(fn, jobs, executor)
    results = [run.results.get(i) for i in range(len(todo))]
    collected = results if names is None else dict(zip(names, results, strict=True))
    if run.failures:
        failures = [(todo[i], run.failures[i]) for i in sorted(run.failures)]
        raise SweepError(failures, collected, len(todo)) from failures[0][1]
    return collected


def grid(**axes: Iterable[Any]) -> list[dict[str, Any]]:
    """The product of named axes as cells, the last axis running fastest.

    ``grid(beta=[1, 4], n=[100, 1000])`` is ``[{"beta": 1, "n": 100}, {"beta": 1, "n": 1000}, ...]``; numpy scalars
    become Python numbers.
    """
    values = [[_simple(value) for value in axis] for axis in axes.values()]
    return [dict(zip(axes, point, strict=True)) for point in itertools.product(*values)]


@contextmanager
def workers(count: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """Processes for a sweep, as advised: spawned, one thread each; ended when the block ends.

    Parameters
    ----------
    count : int, optional
        How many; None is one for every core this process may use.

    A script that opens them does so under ``if __name__ == "__main__":``, since every spawned process imports it.
    """
    size = threads.cores() if count is None else inputs.integer("count", count, low=1)
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    # In the environment, not in an initializer: by the time that runs a worker has imported numpy and its pools.
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        with ProcessPoolExecutor(size, mp_context=multiprocessing.get_context("spawn")) as pool:
            yield pool
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


# --- running -----------------------------------------------------------------------------------------------


@dataclass
class _Run:
    """What has come of the cells so far, by position."""

    cells: list[Any]
    contents: list[str]
    shelf: _Shelf | None
    done: Callable[[Any, Any], Any] | None
    results: dict[int, Any] = field(default_factory=dict)
    failures: dict[int, Exception] = field(default_factory=dict)

    def found(self, i: int) -> bool:
        """Whether a cell is on the shelf; it is then finished."""
        kept = None if self.shelf is None else self.shelf.take(self.contents[i])
        if kept is None:
            return False
        self.results[i] = kept[0]
        self._tell(i)
        return True

    def finish(self, i: int, result: Any) -> None:
        self.results[i] = result
        if self.shelf is not None:
            try:
                self.shelf.put(self.contents[i], self.cells[i], result)
            except Exception as error:  # a full disk, a result that is no JSON: the result itself is not lost
                self.failures[i] = error
                return
        self._tell(i)

    def _tell(self, i: int) -> None:
        if self.done is not None:
            self.done(self.cells[i], self.results[i])

    def here(self, fn: Callable[..., Any], jobs: list[Job]) -> None:
        for i, cell, seed in jobs:
            try:
                result = _call(fn, cell, seed)
            except Exception as error:
                self.failures[i] = error
            else:
                self.finish(i, result)

    def there(self, fn: Callable[..., Any], jobs: list[Job], executor: Any) -> None:
        futures: dict[Any, int] = {}
        try:
            for i, cell, seed in jobs:
                try:
                    futures[executor.submit(_call, fn, cell, seed)] = i
                except Exception as error:  # a pool that broke takes no more; what it has finished still counts
                    self.failures[i] = error
            for future in as_completed(futures):
                try:
                    result = future.result()
                except Exception as error:
                    self.failures[futures[future]] = error
                else:
                    self.finish(futures[future], result)
        except BaseException:  # Ctrl-C, or the caller's `done`: nothing new is begun in a pool that is not ours
            for future in futures:
                future.cancel()
            raise


def _call(fn: Callable[..., Any], cell: Any, seed: np.random.SeedSequence) -> Any:
    return fn(cell, np.random.default_rng(seed))


# --- cells and seeds ---------------------------------------------------------------------------------------


def _contents(cells: list[Any]) -> list[str]:
    """SHA-256 (hexadecimal) of every cell's content; refuses what cannot be written, and repetitions."""
    found: dict[str, int] = {}
    for i, cell in enumerate(cells):
        try:
            text = settings.to_json(_simple(cell))
        except (TypeError, ValueError) as error:
            error.add_note(f"(in cells[{i}]: a cell is named by its content, so it must be one that can be written)")
            raise
        digest = hashlib.sha256(json.dumps(json.loads(text), sort_keys=True).encode()).hexdigest()
        first = found.setdefault(digest, i)
        if first != i:
            raise ValueError(
                f"cells must be different, since a cell's content is its seed; got {inputs.describe(cell)} at "
                f"positions {first} and {i}. For repetitions put a number into the cell: grid(repeat=range(10), ...)."
            )
    return list(found)


def _simple(value: Any) -> Any:
    """Numpy scalars as Python numbers and tuples as lists: 0.5 is the same cell wherever it came from."""
    if isinstance(value, np.generic):
        return value.item()
    if type(value) in (list, tuple):
        return [_simple(v) for v in value]
    if type(value) is dict:
        return {key: _simple(v) for key, v in value.items()}
    return value


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


def _identity(fn: Any) -> str:
    """By what a folder knows whose cells it holds: a function's name, with what is bound to it."""
    if type(fn) is functools.partial:
        return settings.to_json({"partial of": _identity(fn.func), "args": fn.args, "keywords": fn.keywords})
    if hasattr(fn, "__qualname__") and not hasattr(fn, "__self__"):
        return f"{fn.__module__}.{fn.__qualname__}"
    return settings.to_json(fn)  # a registered dataclass with __call__, or a refusal that says how to make it one


# --- finished cells ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Shelf:
    """A folder of finished cells: one JSON file each, named by the content of the cell."""

    folder: Path
    function: str
    seed: str | None
    """None: a run without a seed of its own takes any."""

    def _file(self, content: str) -> Path:
        return self.folder / f"{content[:32]}.json"

    def take(self, content: str) -> tuple[Any] | None:
        """(result,) of a finished cell, or None."""
        file = self._file(content)
        if not file.exists():
            return None
        try:
            card = settings.from_json(files.read_text(file))
            function, seed, result = card["function"], card["seed"], card["result"]
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"keep: {file} is no finished cell ({error}); remove it, and run again.") from error
        wanted = (self.function, seed if self.seed is None else self.seed)
        if (function, seed) != wanted:
            raise ValueError(
                f"keep: {file} was made by {function} with {seed}; wanted {wanted[0]} with {wanted[1]}. "
                "Choose another folder, or remove this one."
            )
        return (result,)

    def put(self, content: str, cell: Any, result: Any) -> None:
        card = {"cell": cell, "function": self.function, "seed": self.seed or "fresh entropy", "result": result}
        self.folder.mkdir(parents=True, exist_ok=True)
        files.write_text(self._file(content), settings.to_json(card, indent=1) + "\n", overwrite=True)
