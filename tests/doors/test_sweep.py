"""Sweeps: the same numbers on every executor and in every order, kept cells, one error that lists them all."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import pickle
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from meanfield.doors.sweep import CellError, SweepError, grid, sweep
from meanfield.doors.workers import ONE_THREAD, workers
from meanfield.tools import settings

GRID = grid(beta=[0.5, 4.0], n=[3, 5, 8])


def draw(cell: dict[str, Any], rng: np.random.Generator) -> list[float]:
    """A number that depends on the cell and its seed."""
    return [cell["beta"] * cell["n"], *(float(v) for v in rng.normal(size=3))]


def picky(cell: dict[str, Any], rng: np.random.Generator) -> float:
    if cell["n"] == 5:
        raise ValueError(f"n = {cell['n']} is not wanted")
    return float(cell["n"])


def environment(cell: int, rng: np.random.Generator) -> list[str | None]:
    return [os.environ.get(name) for name in ONE_THREAD]


def die(cell: int, rng: np.random.Generator) -> int:
    if cell == 1:
        os._exit(3)
    return cell


# --- seeds -------------------------------------------------------------------------------------------------


def test_the_seed_is_the_documented_function_of_the_cell() -> None:
    content = hashlib.sha256(json.dumps({"beta": 4.0, "n": 3}, sort_keys=True).encode()).digest()
    key = tuple(int.from_bytes(content[4 * k : 4 * k + 4], "big") for k in range(4))
    expected = np.random.default_rng(np.random.SeedSequence(7, spawn_key=key)).normal(size=3)
    (found,) = sweep(draw, [{"n": 3, "beta": 4.0}], rng=7)
    assert found == [12.0, *expected.tolist()]


def test_results_depend_on_neither_order_nor_executor_nor_other_cells() -> None:
    serial = sweep(draw, GRID, rng=0)
    assert len({tuple(row) for row in serial}) == 6
    assert sweep(draw, GRID[::-1], rng=0) == serial[::-1]
    assert sweep(draw, GRID[4:5], rng=0) == serial[4:5]
    with ThreadPoolExecutor(3) as pool:
        assert sweep(draw, GRID, rng=0, executor=pool) == serial
    assert sweep(draw, GRID, rng=1) != serial


def test_spawned_processes_give_the_same_and_have_one_thread() -> None:
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    with workers(1) as pool:
        assert sweep(draw, GRID[:2], rng=0, executor=pool) == sweep(draw, GRID[:2], rng=0)
        assert sweep(environment, [0], executor=pool) == [["1"] * len(ONE_THREAD)]
        # A worker that dies takes what was waiting with it, and nothing that was finished.
        with pytest.raises(SweepError) as caught:
            sweep(die, [0, 1, 2], executor=pool)
        assert caught.value.results[0] == 0
        assert {cell for cell, _ in caught.value.failures} == {1, 2}
        with pytest.raises(SweepError, match="3 of 3 cells failed"):  # a pool that is broken already
            sweep(die, [3, 4, 5], executor=pool)
    assert {name: os.environ.get(name) for name in ONE_THREAD} == before


def test_every_kind_of_seed_is_taken() -> None:
    assert sweep(draw, GRID, rng=np.random.SeedSequence(5)) == sweep(draw, GRID, rng=5)
    child = np.random.SeedSequence(5).spawn(1)[0]
    assert sweep(draw, GRID, rng=child) != sweep(draw, GRID, rng=5)
    assert sweep(draw, GRID, rng=child) == sweep(draw, GRID, rng=child)
    assert sweep(draw, GRID, rng=np.random.default_rng(2)) == sweep(draw, GRID, rng=np.random.default_rng(2))
    assert sweep(draw, GRID) != sweep(draw, GRID)
    stream = np.random.default_rng(2)
    assert sweep(draw, GRID, rng=stream) != sweep(draw, GRID, rng=stream)


def test_numpy_scalars_and_tuples_are_the_same_cell() -> None:
    plain = sweep(draw, [{"beta": 0.5, "n": 3}], rng=0)
    assert sweep(draw, [{"n": np.int64(3), "beta": np.float64(0.5)}], rng=0) == plain
    with pytest.raises(ValueError, match=r"positions 0 and 1.*grid\(repeat="):
        sweep(draw, [(1, 2), [1, np.int32(2)]])
    with pytest.raises(ValueError, match="must be different"):
        sweep(draw, {"a": 1, "b": 1})


def test_the_grid_runs_its_last_axis_fastest() -> None:
    assert [(cell["beta"], cell["n"]) for cell in GRID] == [(b, n) for b in (0.5, 4.0) for n in (3, 5, 8)]
    (cell, *_) = grid(x=np.linspace(0, 1, 3))
    assert type(cell["x"]) is float
    assert grid() == [{}]


def test_named_cells_give_a_dict() -> None:
    named = {"low": GRID[0], "high": GRID[-1]}
    assert sweep(draw, named, rng=0) == {"low": sweep(draw, GRID, rng=0)[0], "high": sweep(draw, GRID, rng=0)[-1]}
    assert sweep(draw, []) == []
    assert sweep(draw, {}) == {}


# --- failures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [0, 2])
def test_a_failing_cell_does_not_lose_the_others(threads: int, tmp_path: Path) -> None:
    told: list[float] = []
    with ThreadPoolExecutor(2) as pool, pytest.raises(SweepError) as caught:
        sweep(picky, GRID, executor=pool if threads else None, keep=tmp_path, done=lambda _, v: told.append(v))
    error = caught.value
    assert error.results == [3.0, None, 8.0, 3.0, None, 8.0]
    assert [cell["beta"] for cell, _ in error.failures] == [0.5, 4.0]
    assert str(error).startswith("2 of 6 cells failed:\n  {'beta': 0.5, 'n': 5} (dict): ValueError: n = 5 is not")
    assert error.__cause__ is error.failures[0][1]
    assert sorted(told) == [3.0, 3.0, 8.0, 8.0]
    assert len(list(tmp_path.iterdir())) == 4
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.results) == (str(error), error.results)


def test_a_long_list_of_failures_is_cut() -> None:
    with pytest.raises(SweepError, match="and 4 more") as caught:
        sweep(picky, grid(n=[5], beta=range(12)))
    assert len(caught.value.failures) == 12
    assert str(caught.value).count("\n") == 9


def test_named_cells_fail_by_name() -> None:
    with pytest.raises(SweepError) as caught:
        sweep(picky, {"good": {"n": 1}, "bad": {"n": 5}})
    assert caught.value.results == {"good": 1.0, "bad": None}


def waited_for(name: str) -> bool:
    """Whether a file came to be within 20 s."""
    for _ in range(2000):
        if os.path.exists(name):
            return True
        time.sleep(0.01)
    return False


def test_an_interrupt_begins_nothing_new_and_keeps_what_is_finished(tmp_path: Path) -> None:
    begun, gate, kept = str(tmp_path / "begun"), str(tmp_path / "gate"), tmp_path / "kept"

    def fn(cell: int, rng: np.random.Generator) -> int:
        if cell:
            open(begun, "w").close()
            waited_for(gate)
        return cell

    def stop(cell: int, result: int) -> None:
        assert waited_for(begun)
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool:
        futures: list[Future[Any]] = []
        submit = pool.submit

        def spy(*args: Any) -> Future[Any]:
            futures.append(submit(*args))
            return futures[-1]

        pool.submit = spy  # type: ignore[method-assign, assignment]
        with pytest.raises(KeyboardInterrupt) as caught:
            sweep(fn, range(5), executor=pool, keep=kept, done=stop)
        assert caught.value.results == [0, None, None, None, None]  # type: ignore[attr-defined]
        open(gate, "w").close()
        assert submit(abs, -3).result() == 3, "the executor must not be shut down"
    assert [future.cancelled() for future in futures] == [False, False, True, True, True]
    assert len(list(kept.iterdir())) == 1


class Stuck(Exception):
    """One that cannot be taken apart."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.held = lambda: why


class Lost(Exception):
    """One that cannot be put together again, and so used to break the pool."""

    def __init__(self, why: str, where: str) -> None:
        super().__init__(f"{why} at {where}")


class Trap:
    """A result that cannot be put together again."""

    def __reduce__(self) -> Any:
        return int, ("no number",)


def wild(cell: str, rng: np.random.Generator) -> Any:
    if cell == "exit":
        sys.exit("enough")
    if cell == "stuck":
        raise Stuck("held fast")
    if cell == "lost":
        raise Lost("gone", "sea")
    if cell == "local":
        return lambda: 0
    return Trap() if cell == "trap" else 7


@pytest.mark.parametrize("executor", ["here", "threads", "processes"])
def test_a_cells_wildest_end_is_its_own(executor: str, tmp_path: Path) -> None:
    cells = ["exit", "stuck", "lost", "well"] + (["trap", "local"] if executor == "processes" else [])
    pools: Any = {"here": nullcontext, "threads": lambda: ThreadPoolExecutor(2), "processes": lambda: workers(1)}
    with pools[executor]() as pool, pytest.raises(SweepError) as caught:
        sweep(wild, cells, executor=pool, keep=tmp_path)
    assert caught.value.results == [7 if cell == "well" else None for cell in cells]
    failures = dict(caught.value.failures)
    assert list(failures) == [cell for cell in cells if cell != "well"]
    for cell, kind in (("exit", CellError), ("stuck", Stuck), ("lost", Lost)):
        assert type(failures[cell]) is (CellError if executor == "processes" else kind)
    assert str(failures["exit"]) == "SystemExit: enough" and "sys.exit" in failures["exit"].__notes__[0]
    if executor == "processes":
        assert str(failures["lost"]) == "test_sweep.Lost: gone at sea"
        assert 'raise Lost("gone", "sea")' in failures["lost"].__notes__[0]
        assert isinstance(failures["trap"], ValueError)
    assert len(list(tmp_path.iterdir())) == 1


def test_an_exception_of_the_callers_own_carries_what_is_finished() -> None:
    def stop(cell: dict[str, Any], result: Any) -> None:
        if cell == GRID[1]:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        sweep(draw, {str(i): cell for i, cell in enumerate(GRID)}, rng=0, done=stop)
    results = caught.value.results  # type: ignore[attr-defined]
    assert list(results.values()) == [*sweep(draw, GRID[:2], rng=0), None, None, None, None]
    assert caught.value.__notes__ == ["What was computed before is in .results of this error."]


# --- finished cells ----------------------------------------------------------------------------------------


@pytest.fixture
def counted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Callable[[], list[Any]], Callable[..., Any]]:
    log = str(tmp_path_factory.mktemp("log") / "calls")

    def fn(cell: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        with open(log, "a") as file:
            file.write(json.dumps(cell) + "\n")
        return {"value": np.float64(cell["n"]) / 3, "array": rng.normal(size=2), "nan": float("nan")}

    return lambda: [json.loads(line) for line in Path(log).read_text().splitlines()], fn


def test_finished_cells_are_kept_and_not_run_again(tmp_path: Path, counted: Any) -> None:
    calls, fn = counted
    folder = tmp_path / "new" / "cells"
    first = sweep(fn, GRID[:3], rng=0, keep=folder)
    seen: list[Any] = []
    more = sweep(fn, GRID, rng=0, keep=folder, done=lambda cell, _: seen.append(cell))
    assert calls() == GRID
    assert seen == GRID
    assert settings.to_json(more[:3]) == settings.to_json(first)
    assert sweep(fn, GRID, rng=0)[3]["array"].tobytes() == more[3]["array"].tobytes()
    assert sorted(path.suffix for path in folder.iterdir()) == [".json"] * 6
    card = json.loads(next(folder.iterdir()).read_text())
    assert card["version"]["numpy"] == np.__version__ and "its code" in card["made of"]


def test_a_folder_of_another_seed_or_function_is_refused(tmp_path: Path, counted: Any) -> None:
    calls, fn = counted
    sweep(fn, GRID[:1], rng=0, keep=tmp_path)
    with pytest.raises(ValueError, match=r"with entropy \[0\].*; wanted .*entropy \[1\]"):
        sweep(fn, GRID[:1], rng=1, keep=tmp_path)
    with pytest.raises(ValueError, match=r"was made by test_sweep\.counted.*wanted test_sweep\.draw"):
        sweep(draw, GRID[:1], rng=0, keep=tmp_path)
    sweep(fn, GRID[:1], keep=tmp_path)  # without a seed of its own any will do
    assert len(calls()) == 1


@settings.register(name="sweep-test-scaled")
@dataclass(frozen=True)
class Scaled:
    factor: float

    def __call__(self, cell: int, rng: np.random.Generator) -> float:
        return self.factor * cell


def times(factor: float, cell: int, rng: np.random.Generator) -> float:
    return factor * cell


@pytest.mark.parametrize("make", [Scaled, lambda factor: functools.partial(times, factor)])
def test_what_is_bound_to_a_function_belongs_to_its_name(make: Any, tmp_path: Path) -> None:
    assert sweep(make(2.0), [1, 2], rng=0, keep=tmp_path) == [2.0, 4.0]
    assert sweep(make(2.0), [1, 2], rng=0, keep=tmp_path) == [2.0, 4.0]
    with pytest.raises(ValueError, match="Choose another folder"):
        sweep(make(3.0), [1, 2], rng=0, keep=tmp_path)


def test_a_place_that_cannot_keep_is_noticed_before_anything_is_computed(tmp_path: Path, counted: Any) -> None:
    calls, fn = counted
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError):
        sweep(fn, GRID[:1], keep=tmp_path / "file")
    sweep(fn, GRID[:1])
    assert len(calls()) == 1


def test_a_card_is_of_the_cell_it_is_named_for(tmp_path: Path) -> None:
    sweep(draw, GRID[:2], rng=0, keep=tmp_path)
    first, second = sorted(tmp_path.iterdir())
    second.write_bytes(first.read_bytes())
    with pytest.raises(ValueError, match=rf"{second.name} holds the cell .*, and its name is that of .*; remove it"):
        sweep(draw, GRID[:2], rng=0, keep=tmp_path)


def test_cards_of_before_functions_were_known_by_their_code(tmp_path: Path) -> None:
    """Taken for a function whose name is its own, with a warning; refused for one of many of that name."""
    local: Any = lambda cell, rng: draw(cell, rng)  # noqa: E731
    for fn, folder in ((draw, tmp_path / "named"), (local, tmp_path / "nameless")):
        whole = sweep(fn, GRID[:2], rng=0, keep=folder)
        for file in folder.iterdir():
            card = json.loads(file.read_text())
            del card["made of"]
            file.write_text(json.dumps(card))
    with pytest.warns(UserWarning, match=r"names alone: that the code of test_sweep\.draw is the same") as told:
        assert sweep(draw, GRID[:2], rng=0, keep=tmp_path / "named") == whole
    assert told[0].filename == __file__
    with pytest.raises(ValueError, match="as others are too, and it does not say by which"):
        sweep(local, GRID[:2], rng=0, keep=tmp_path / "nameless")


def test_a_damaged_cell_is_named(tmp_path: Path) -> None:
    sweep(draw, GRID[:1], rng=0, keep=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text()[:40])
    with pytest.raises(ValueError, match=rf"{file.name} is no card of a cell.*remove it"):
        sweep(draw, GRID[:1], rng=0, keep=tmp_path)


def test_a_result_that_cannot_be_kept_is_not_lost(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="cannot be written as settings") as caught:
        sweep(lambda cell, rng: {cell}, [1], keep=tmp_path)
    assert caught.value.results == [{1}]
    assert list(tmp_path.iterdir()) == []


# --- refusals ----------------------------------------------------------------------------------------------


def test_bad_input_is_named() -> None:
    with pytest.raises(TypeError, match="fn must be a function"):
        sweep(3, [1])  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="executor must be None or have a method submit; got 4"):
        sweep(draw, [1], executor=4)
    with pytest.raises(TypeError, match="cannot be written as settings") as caught:
        sweep(draw, [1, {2}])
    assert "cells[1]" in caught.value.__notes__[0]
    with pytest.raises(TypeError, match="done must be a callable"):
        sweep(draw, [1], done=3)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="count must be"), workers(0):
        pytest.fail("no pool of no workers")
    with pytest.raises(ValueError, match="rng must be"):
        sweep(draw, [1], rng=-1)
