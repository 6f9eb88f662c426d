"""An exception of a stranger's (an observer, a law, a warning made an error) ends a run and does not lose it."""

from __future__ import annotations

import pickle
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import meanfield.runs.drive
import particles as pt
from meanfield.protocols import Status

LAW = mf.SA(4.0)
RHO0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3, 2: 0.2j})


@dataclass(frozen=True)
class Frozen(Exception):
    """One that takes no attributes."""

    why: str = "enough"


def failing(error: BaseException, at: int = 3) -> Any:
    calls = 0

    def look(*_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise error

    return look


ERRORS = [ZeroDivisionError("mine"), Frozen(), SystemExit(3), MemoryError(), Warning("a warning made an error")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_an_observers_exception_carries_the_solution(error: BaseException, tmp_path: Path) -> None:
    whole = mf.solve(LAW, RHO0, (0.0, 2.0))
    with pytest.raises(type(error)) as caught:
        mf.solve(LAW, RHO0, (0.0, 2.0), observe=failing(error))
    assert caught.value is error and error.__notes__ == ["What was computed before is in .solution of this error."]
    half = error.solution  # type: ignore[attr-defined]
    assert half.status is Status.BROKEN_OFF and not half.success and half.counters.steps == 3
    assert type(error).__name__ in half.message and half.end == half.t[-1] == whole.dense[2].t1
    half.save(tmp_path / "half.nc")
    rest = mf.resume(mf.load(tmp_path / "half.nc"))
    np.testing.assert_array_equal(rest.t, whole.t)
    np.testing.assert_array_equal(rest.coefficients, whole.coefficients)
    if not isinstance(error, Frozen):  # which cannot be made again by anyone
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(error)).solution.coefficients, half.coefficients)


def test_what_an_exception_says_can_be_saved(tmp_path: Path) -> None:
    said = "no such file: \udcff, \0, \n" + "x" * 999
    with pytest.raises(OSError, match="no such file") as caught:
        mf.solve(LAW, RHO0, (0.0, 2.0), observe=failing(OSError(said)))
    half: Any = caught.value.solution  # type: ignore[attr-defined]
    half.save(tmp_path / "half.nc")
    assert mf.load(tmp_path / "half.nc").message == half.message
    assert r"(OSError: no such file: \udcff" in half.message and "xx" not in half.message


def test_a_run_gone_on_with_is_carried_from_its_beginning() -> None:
    half = mf.solve(LAW, RHO0, (0.0, 2.0), observe=lambda t, rho: t > 0.5)
    with pytest.raises(ZeroDivisionError) as caught:
        mf.resume(half, observe=failing(ZeroDivisionError()))
    carried: Any = caught.value.solution  # type: ignore[attr-defined]
    assert carried.begin == carried.t[0] == 0.0 and carried.counters.steps == half.counters.steps + 3
    np.testing.assert_array_equal(mf.resume(carried).energy, mf.solve(LAW, RHO0, (0.0, 2.0)).energy)


def test_a_cloud_is_carried() -> None:
    whole = pt.simulate(LAW, [0.0, 1.0, 2.0], (0.0, 3.0))
    with pytest.raises(ZeroDivisionError) as caught:
        pt.simulate(LAW, [0.0, 1.0, 2.0], (0.0, 3.0), observe=failing(ZeroDivisionError()))
    half: Any = caught.value.solution  # type: ignore[attr-defined]
    assert isinstance(half, pt.Trajectory) and half.counters.steps == 3
    np.testing.assert_array_equal(half.x[:-1], whole.x[: len(half.t) - 1])


def test_a_long_run_is_carried_with_its_log_times(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pt.longtime(LAW, [0.0, 1.0, 3.0], log_t_end=8.0)
    for at in (1, 60):
        monkeypatch.setattr(meanfield.runs.drive, "_look", failing(ZeroDivisionError(), at))
        with pytest.raises(ZeroDivisionError) as caught:
            pt.longtime(LAW, [0.0, 1.0, 3.0], log_t_end=8.0)
        half: Any = caught.value.solution  # type: ignore[attr-defined]
        assert isinstance(half, pt.LongTime) and half.counters.steps == at and half.status is Status.BROKEN_OFF
        n = len(half.t) - 1  # and the last state
        np.testing.assert_array_equal(half.log_t[:n], whole.log_t[:n])
        assert n == np.sum(whole.log_t <= half.reached) and half.log_t[-1] == pytest.approx(half.reached, abs=1e-9)
    assert n > 10 and len(half.merges) == 1


FUSE = {"calls": 0}


@mf.register(name="breaks")
@dataclass(frozen=True)
class Breaks(mf.Law):
    """SA until it has been asked so many times, when its author's mistake shows."""

    isotropic = True

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        FUSE["calls"] -= 1
        if FUSE["calls"] < 0:
            raise KeyError("mine")
        return LAW.velocity(t, x, mu)


def test_a_laws_exception_carries_the_run() -> None:
    cloud = [0.0, 2.0, 4.0]
    for run in (lambda: mf.solve(Breaks(), RHO0, (0.0, 9.0)), lambda: pt.simulate(Breaks(), cloud, (0.0, 99.0))):
        FUSE["calls"] = 100
        with pytest.raises(KeyError) as caught:
            run()
        half: Any = getattr(caught.value, "solution", None)
        assert half is not None
        assert 0.0 < half.end < 99.0 and half.t[-1] == half.end


def test_a_refusal_before_the_first_step_carries_nothing() -> None:
    FUSE["calls"] = 3
    with pytest.raises(KeyError) as caught:
        pt.simulate(Breaks(), [0.0, 1.0], (0.0, 9.0))
    assert not hasattr(caught.value, "solution") and not hasattr(caught.value, "__notes__")


def test_another_runs_error_is_the_cause() -> None:
    """An observer's own run must not be taken for the observed one."""

    def inner(t: float, rho: Any) -> None:
        if t > 0.5:
            mf.solve(mf.USA(4.0, scale="relative"), RHO0, (0.0, 9.0), max_resolution=64)

    with pytest.raises(mf.RunError, match=r"broke the run off.*UnresolvedError") as caught:
        mf.solve(LAW, RHO0, (0.0, 2.0), observe=inner)
    cause: Any = caught.value.__cause__
    assert type(caught.value) is mf.RunError and caught.value.solution.law == LAW
    assert isinstance(cause, mf.UnresolvedError) and cause.solution.law == mf.USA(4.0, scale="relative")


def test_a_warning_made_an_error_carries_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(np.arange(0.0, 1e6))  # every look at the clock is a second on
    monkeypatch.setattr("meanfield.runs.drive.time.monotonic", lambda: next(now))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(mf.StoppedEarly, match="max_seconds") as caught:
            mf.solve(LAW, RHO0, (0.0, 3.0), max_seconds=50.0)
    half: Any = caught.value.solution
    assert half.status is Status.OUT_OF_TIME and 0.0 < half.end < 3.0
    again = pickle.loads(pickle.dumps(caught.value))
    np.testing.assert_array_equal(again.solution.t, half.t)
    with pytest.warns(mf.StoppedEarly) as told:
        mf.solve(LAW, RHO0, (0.0, 3.0), max_seconds=50.0)
    assert told[0].filename == __file__


def test_the_progress_bar_is_closed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        mf.solve(LAW, RHO0, (2.0, 5.0), progress=True, observe=failing(ZeroDivisionError()))
    assert capsys.readouterr().err.endswith("\n") and "tqdm" in sys.modules
