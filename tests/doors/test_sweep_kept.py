"""Sweeps kept while they go: what is there after a kill goes on, within a cell too, to the unbroken one's bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.runs import cell as room
from meanfield.runs import checkpoint

pytestmark = pytest.mark.rounding

OFTEN = 1e-9
"""Seconds: after every step."""
X = np.random.default_rng(5).uniform(-3.0, 3.0, 9)
CELLS = mf.grid(beta=[1.0, 4.0])


class Killed(BaseException):
    """As sudden as a signal, in one process."""


def two_runs(cell: dict[str, float], rng: np.random.Generator) -> list[Any]:
    """Noise drawn by the cell's generator, a draw, a density, and a draw again."""
    noisy = pt.simulate(
        mf.SA(cell["beta"]), X, (0.0, 1.0), angles=True, method="heun", step=0.1, diffusion=0.1, rng=rng
    )  # fmt: skip
    between = rng.normal()
    smooth = mf.solve(mf.SA(cell["beta"]), mf.perturbed_uniform(mf.Circle(32), {1: 0.1}), (0.0, 1.0), t_eval=[1.0])
    return [noisy.states[-1], float(between), smooth.states[-1], float(rng.normal())]


def same(a: Any, b: Any) -> None:
    for one, other in zip(a, b, strict=True):
        for x, y in zip(one, other, strict=True):
            np.testing.assert_array_equal(x, y)


def broken_off(monkeypatch: pytest.MonkeyPatch, at: int) -> list[int]:
    """From now on the `at`-th checkpoint of all is the last, and its cell killed there; how many there were."""
    count, write = [0], checkpoint.Checkpoint.keep

    def keep(self: Any, record: Any) -> None:
        if count[0] != at or not at:
            write(self, record)
            count[0] += 1
        if count[0] == at:
            raise Killed

    monkeypatch.setattr(checkpoint.Checkpoint, "keep", keep)
    return count


@pytest.mark.parametrize("threads", [False, True])
def test_a_sweep_goes_on_from_wherever_it_was_killed(
    threads: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = mf.sweep(two_runs, CELLS, rng=0)
    with monkeypatch.context() as counting:
        count = broken_off(counting, 0)
        same(mf.sweep(two_runs, CELLS, rng=0, checkpoint=tmp_path / "counted", every=OFTEN), whole)
    assert count[0] > 25
    for at in (1, 12, count[0]) if not threads else (9,):
        kept = tmp_path / str(at)
        with monkeypatch.context() as sudden:
            broken_off(sudden, at)
            with pytest.raises(mf.SweepError, match="Killed"):
                mf.sweep(two_runs, CELLS, rng=0, checkpoint=kept, every=OFTEN)
        assert list(kept.glob("*.runs"))
        with ThreadPoolExecutor(1) as pool:
            again = mf.sweep(two_runs, CELLS, rng=0, checkpoint=kept, every=OFTEN, executor=pool if threads else None)
        same(again, whole)
        assert sorted(path.suffix for path in kept.iterdir()) == [".json"] * 2, "what is finished needs no runs"


def test_what_was_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def written(at: int) -> int:
        """Checkpoints after the one at which the cell was killed."""
        kept = tmp_path / str(at)
        with monkeypatch.context() as sudden:
            broken_off(sudden, at)
            with pytest.raises(mf.SweepError):
                mf.sweep(two_runs, CELLS[:1], rng=0, checkpoint=kept, every=OFTEN)
        with monkeypatch.context() as counting:
            count = broken_off(counting, 0)
            mf.sweep(two_runs, CELLS[:1], rng=0, checkpoint=kept, every=OFTEN)
        return count[0]

    first = written(1)
    assert [written(5), written(10), written(12)] == [first - 4, first - 9, first - 11]


def test_one_folder_for_what_is_finished_and_what_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `keep=` kept is taken by `checkpoint=`, and the other way round."""
    whole = mf.sweep(two_runs, CELLS[:1], rng=0, keep=tmp_path)
    (tmp_path / f"{next(tmp_path.iterdir()).stem}.runs").mkdir()  # killed as it was being cleared
    monkeypatch.setattr(pt, "simulate", None)
    same(mf.sweep(two_runs, CELLS[:1], rng=0, checkpoint=tmp_path), whole)
    same(mf.sweep(two_runs, CELLS[:1], rng=0, keep=tmp_path), whole)
    assert len(list(tmp_path.iterdir())) == 1


def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int = 15) -> Path:
    """The runs of a cell that was killed in its second one."""
    with monkeypatch.context() as sudden:
        broken_off(sudden, at)
        with pytest.raises(mf.SweepError):
            mf.sweep(two_runs, CELLS[:1], rng=0, checkpoint=tmp_path, every=OFTEN)
    (runs,) = tmp_path.iterdir()
    return runs


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = begun(tmp_path, monkeypatch)
    (runs / "2.nc").write_bytes((runs / "2.nc").read_bytes()[:1000])
    with pytest.warns(RuntimeWarning, match=r"2\.nc.*Going on from the checkpoint before it"):
        same(mf.sweep(two_runs, CELLS[:1], rng=0, checkpoint=tmp_path), mf.sweep(two_runs, CELLS[:1], rng=0))


def test_two_damaged_checkpoints_are_the_end_of_their_cell_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = begun(tmp_path, monkeypatch)
    for name in ("2.nc", "2.nc.before"):
        (runs / name).write_bytes(b"")
    with pytest.raises(mf.SweepError, match=r"2\.nc") as caught:
        mf.sweep(two_runs, CELLS, rng=0, checkpoint=tmp_path)
    assert caught.value.results[1] is not None and len(caught.value.failures) == 1


def test_runs_of_another_function_seed_or_cell_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = begun(tmp_path, monkeypatch)
    before = {path: path.read_bytes() for path in runs.iterdir()}

    def other(cell: Any, rng: Any) -> Any:
        return two_runs(cell, rng)[:1]

    with pytest.raises(ValueError, match=r"checkpoint: .*cell\.json was made by .*two_runs with .*; wanted .*other"):
        mf.sweep(other, CELLS[:1], rng=0, checkpoint=tmp_path)
    with pytest.raises(ValueError, match=r"entropy \[0\].*; wanted .*entropy \[1\]"):
        mf.sweep(two_runs, CELLS[:1], rng=1, checkpoint=tmp_path)
    (runs / room.CARD).write_text("{")
    with pytest.raises(ValueError, match=r"cell\.json is no card of a cell.*remove it"):
        mf.sweep(two_runs, CELLS[:1], rng=0, checkpoint=tmp_path)
    (runs / room.CARD).write_bytes(before[runs / room.CARD])
    assert {path: path.read_bytes() for path in runs.iterdir()} == before


def fickle(cell: int, rng: np.random.Generator) -> float:
    """Not a function of its cell and its seed."""
    return float(pt.simulate(mf.SA(float(os.environ["FICKLE"])), X, (0.0, 1.0)).x[-1].sum())


def test_another_law_than_the_one_kept_is_told_with_what_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FICKLE", "2.0")
    with monkeypatch.context() as sudden:
        broken_off(sudden, 2)
        with pytest.raises(mf.SweepError):
            mf.sweep(fickle, [0], rng=0, checkpoint=tmp_path, every=OFTEN)
    monkeypatch.setenv("FICKLE", "3.0")
    with pytest.raises(mf.SweepError, match=r"law: SA\(beta=2\) there, SA\(beta=3\) here"):
        mf.sweep(fickle, [0], rng=0, checkpoint=tmp_path, every=OFTEN)


def ended(cell: int, rng: np.random.Generator) -> float:
    run = pt.simulate(mf.SA(2.0), X, (0.0, 9.0), until=mf.steps(3))
    return float(mf.resume(run, 10.0, until=mf.steps(2)).end + rng.normal())


def test_runs_that_code_ends_are_taken_as_they_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unlike those of a script, since the code is known to be the same."""
    with monkeypatch.context() as sudden:
        broken_off(sudden, 3)
        with pytest.raises(mf.SweepError):
            mf.sweep(ended, [0], rng=0, checkpoint=tmp_path, every=OFTEN)
    assert mf.load(next(tmp_path.iterdir()) / "1.nc").status is mf.Status.UNTIL
    assert mf.sweep(ended, [0], rng=0, checkpoint=tmp_path) == mf.sweep(ended, [0], rng=0)


SCRIPT = """
import os, sys
import meanfield as mf, particles as pt

def fn(cell, rng):
    open(sys.argv[1] + ".pid", "w").write(str(os.getpid()))
    run = pt.simulate(mf.SA(2.0), [0.0, 1.0, 2.5], (0.0, 200.0), angles=True, method="heun", step=0.002,
                      diffusion=0.1, t_eval=[200.0], rng=rng)
    return run.states[-1]

if __name__ == "__main__":
    with mf.workers(1) as pool:
        mf.sweep(fn, [0], rng=0, executor=pool, checkpoint=sys.argv[1], every=0.01)
"""


def test_workers_end_with_who_began_them_and_leave_what_was_under_way(tmp_path: Path) -> None:
    script, kept = tmp_path / "script.py", tmp_path / "kept"
    script.write_text(SCRIPT)
    with subprocess.Popen([sys.executable, str(script), str(kept)], stdout=subprocess.PIPE) as process:
        for _ in range(6000):  # a minute at most
            if list(kept.glob("*.runs/1.nc.before")):
                break
            time.sleep(0.01)
        process.kill()
        ended = True
        try:
            process.communicate(timeout=60.0)  # ends when all that write there have ended, workers too
        except subprocess.TimeoutExpired:
            ended = False
            os.kill(int(Path(f"{kept}.pid").read_text()), signal.SIGKILL)
    assert ended, "a worker outlived its sweep"
    assert mf.load(next(kept.iterdir()) / "1.nc").status is mf.Status.UNDERWAY


def test_bad_places_are_refused_before_anything_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []

    def fn(cell: int, rng: np.random.Generator) -> int:
        ran.append(cell)
        return cell

    (tmp_path / "file").write_text("mine")
    for wrong, error, told in (
        ({"checkpoint": tmp_path / "file", "rng": 0}, FileExistsError, "file"),
        ({"checkpoint": 3, "rng": 0}, TypeError, "checkpoint must be None or the path of a folder; got 3"),
        ({"every": 3.0, "rng": 0}, ValueError, "give checkpoint=folder"),
        ({"keep": tmp_path, "every": 3.0, "rng": 0}, ValueError, "give checkpoint=folder"),
        ({"keep": tmp_path, "checkpoint": tmp_path, "rng": 0}, ValueError, "leave keep out"),
        ({"checkpoint": tmp_path / "a", "every": 0.0, "rng": 0}, ValueError, "every"),
        ({"checkpoint": tmp_path / "a", "every": "often", "rng": 0}, TypeError, "every"),
        ({"checkpoint": tmp_path / "a"}, ValueError, "give rng=0"),
    ):
        with pytest.raises(error, match=told):
            mf.sweep(fn, [1], **wrong)
    monkeypatch.setattr(os, "access", lambda *a: False)
    with pytest.raises(PermissionError, match=r"checkpoint: the folder .* cannot be written"):
        mf.sweep(fn, [1], rng=0, checkpoint=tmp_path / "b")
    assert not ran


def test_runs_that_could_not_go_on_are_refused(tmp_path: Path) -> None:
    class Strange(mf.SA):
        """Of which no file can tell."""

    def cell(which: str, rng: np.random.Generator) -> float:
        options: dict[str, Any] = {"diffusion": 0.1, "method": "heun", "step": 0.1} if which == "shaken" else {}
        if which == "observed":
            options["observe"] = lambda t, mu: None
        law: Any = Strange(2.0) if which == "strange" else mf.SA(2.0)
        return float(pt.simulate(law, X, (0.0, 1.0), **options).x[-1].sum())

    with pytest.raises(mf.SweepError) as caught:
        mf.sweep(cell, ["observed", "shaken", "strange", "well"], rng=0, checkpoint=tmp_path)
    told = {which: str(error) for which, error in caught.value.failures}
    assert sorted(told) == ["observed", "shaken", "strange"]
    assert "observe: this run is in a cell" in told["observed"] and "sweep with keep= instead" in told["observed"]
    assert "rng: a run that is kept goes on by its seed" in told["shaken"]
    assert "cannot be kept" in told["strange"] and "sweep with keep=" in told["strange"]
    assert len(mf.sweep(cell, ["observed", "shaken", "strange"], rng=0, keep=tmp_path / "kept")) == 3
