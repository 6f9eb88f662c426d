"""What ends a run before its last time, and a clock that is looked at inside a step and inside a sum."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.runs import drive
from meanfield.tools import alarm, threads

pytestmark = pytest.mark.rounding

X = [0.0, 1.0, 2.5]


def density() -> Any:
    return mf.perturbed_uniform(mf.Circle(64), {1: 0.3})


def length(t: float, mu: Any) -> float:
    """The length of the mean, less 0.9."""
    return float(np.linalg.norm(mu.mean)) - 0.9


def _answering(bad: Any) -> Any:
    return lambda t, mu: bad


def test_a_run_ends_on_the_zero_of_a_function() -> None:
    run = pt.simulate(mf.USA(1.0), X, (0.0, 100.0), until=length)
    assert run.status is mf.Status.UNTIL and run.success and run.t[-1] == run.end < 10.0
    assert abs(length(run.end, run.measures[-1])) < 1e-9  # the cut step is one of its own
    early = run(0.9 * run.end)
    assert length(0.0, early) < 0.0
    exact = pt.simulate(mf.USA(1.0), X, (0.0, run.end), rtol=1e-12)
    np.testing.assert_allclose(run.x[-1], exact.x[-1], rtol=0.0, atol=1e-7)


@pytest.mark.parametrize("method", ["spectral", "lagrangian"])
def test_a_density_ends_on_it_by_both_methods(method: Any) -> None:
    sol = mf.solve(mf.SA(1.0), density(), (0.0, 10.0), method=method, until=lambda t, mu: abs(mu.mean[0]) - 0.3)
    assert sol.status is mf.Status.UNTIL and abs(abs(sol.measures[-1].mean[0]) - 0.3) < 1e-9
    # the same by time alone
    again = mf.solve(mf.SA(1.0), density(), (0.0, sol.end), t_eval=[sol.end], method=method, rtol=1e-12)
    assert abs(abs(again.measures[-1].mean[0]) - 0.3) < 1e-8


def test_a_run_ends_at_rest_and_goes_on_from_there() -> None:
    run = pt.simulate(mf.USA(1.0), X, (0.0, 1e3), until=mf.steady(1e-6))
    assert run.status is mf.Status.UNTIL
    law, mu = run.law, run.measures[-1]
    assert np.abs(law.velocity(run.end, None, mu)).max() <= 1e-6
    before = run(run.dense[-1].t0)
    assert np.abs(law.velocity(0.0, None, before)).max() > 1e-6
    on = mf.resume(run, 2.0 * run.end)
    assert on.end == 2.0 * run.end and on.success


def test_a_run_ends_after_so_many_steps() -> None:
    run = pt.simulate(mf.SA(4.0), X, (0.0, 100.0), method="euler", step=0.1, until=mf.steps(7))
    assert run.counters.steps == 7 and run.status is mf.Status.UNTIL and abs(run.end - 0.7) < 1e-9
    noisy = pt.simulate(
        mf.SA(4.0), X, (0.0, 100.0), method="heun", step=0.1, diffusion=0.1, rng=1, until=mf.steps(3)
    )  # fmt: skip
    assert noisy.counters.steps == 3


def test_a_run_that_never_comes_there_reaches_its_end() -> None:
    run = pt.simulate(mf.SA(4.0), X, (0.0, 0.1), until=lambda t, mu: 1.0)
    assert run.status is mf.Status.REACHED_END
    assert "until= was not met" in run.message and "until= was not met" in repr(run)
    assert "until" not in pt.simulate(mf.SA(4.0), X, (0.0, 0.1)).message


def test_a_density_carried_by_its_flow_comes_to_rest() -> None:
    """Its state holds log J, too, which falls for ever where a cluster contracts."""
    rho = mf.von_mises_fisher(mf.Circle(128), 0.0, 20.0)
    sol = mf.solve(mf.SA(1.0), rho, (0.0, 20.0), method="lagrangian", until=mf.steady(0.05))
    assert sol.status is mf.Status.UNTIL and 5.0 < sol.end < 15.0
    for end, small in ((sol.end, True), (sol.dense[-1].t0, False)):
        mu = sol(end)
        assert bool(np.abs(np.asarray(sol.law.velocity(end, None, mu))).max() <= 0.05) is small


def test_a_function_of_the_wrong_arguments_is_refused_before_the_run() -> None:
    doors: list[Any] = [
        lambda **options: pt.simulate(mf.SA(4.0), X, (0.0, 1.0), **options),
        lambda **options: mf.solve(mf.SA(4.0), density(), (0.0, 1.0), **options),
    ]
    for door in doors:
        for name in ("until", "observe"):
            for bad in (lambda t: t - 1.0, lambda t, mu, more: t - 1.0):
                with pytest.raises(TypeError, match=rf"{name} must be a function of \(t, mu\).*lambda t, mu: "):
                    door(**{name: bad})
        with pytest.raises(TypeError, match=r"until\(t, mu\): got False .*say t - 1"):
            door(until=lambda t, mu: t > 1.0)


def test_ended_runs_are_saved_and_resumed(tmp_path: Any) -> None:
    run = pt.simulate(mf.USA(1.0), X, (0.0, 10.0), until=length)
    run.save(tmp_path / "run.nc")
    on, whole = mf.resume(mf.load(tmp_path / "run.nc")), pt.simulate(mf.USA(1.0), X, (0.0, 10.0))
    assert on.end == 10.0
    np.testing.assert_allclose(on.x[-1], whole.x[-1], rtol=0.0, atol=1e-8)


@pytest.mark.parametrize("until", ["rest", 3, [length], True])
def test_what_ends_no_run_is_refused(until: Any) -> None:
    for door in (lambda: pt.simulate(mf.SA(4.0), X, (0.0, 1.0), until=until),
                 lambda: mf.solve(mf.SA(4.0), density(), (0.0, 1.0), until=until)):  # fmt: skip
        with pytest.raises(TypeError, match=r"until: got .* wanted mf.steady"):
            door()


def test_what_a_function_may_not_answer_is_named() -> None:
    for bad in (np.nan, "far", np.zeros(2), None):
        with pytest.raises((TypeError, ValueError), match="until"):
            pt.simulate(mf.SA(4.0), X, (0.0, 1.0), until=_answering(bad))
    for tol in (0.0, -1.0, "small"):
        with pytest.raises((TypeError, ValueError), match="tol"):
            mf.steady(tol)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="n must"):
        mf.steps(0)


def test_noise_is_never_at_rest() -> None:
    for until in (length, mf.steady(1e-3)):
        with pytest.raises(ValueError, match=r"until: a run with noise .* mf.steps"):
            pt.simulate(mf.SA(4.0), X, (0.0, 1.0), method="heun", step=0.1, diffusion=0.1, until=until)


def test_time_runs_out_inside_a_step(monkeypatch: Any) -> None:
    """Every look at the clock is a second on: a step of twelve evaluations does not end within eight."""
    now = iter(np.arange(0.0, 1e6))
    monkeypatch.setattr(drive.time, "monotonic", lambda: next(now))
    with pytest.warns(mf.StoppedEarly):
        run = pt.simulate(mf.SA(4.0), X, (0.0, 1.0), max_seconds=8.0)
    assert run.status is mf.Status.OUT_OF_TIME and run.counters.steps == 0 and list(run.t) == [0.0]
    with pytest.warns(mf.StoppedEarly):
        run = pt.simulate(mf.SA(4.0), X, (0.0, 1.0), max_seconds=100.0)
    assert run.counters.steps > 0 and run.t[-1] == run.end < 1.0


@pytest.mark.parametrize("field", ["direct", "compiled"])
def test_time_runs_out_inside_a_sum(field: Any, monkeypatch: Any) -> None:
    if field == "compiled":
        pytest.importorskip("numba")
    x = np.random.default_rng(0).normal(size=(2000, 40))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    looks = []
    with alarm.watched(lambda: looks.append(time.monotonic())):
        mf.SA(1.0).velocity(0.0, None, mf.Points(x, field=field))
    assert len(looks) >= 4

    def over() -> None:
        raise TimeoutError

    with alarm.watched(over), pytest.raises(TimeoutError):
        mf.SA(1.0).velocity(0.0, None, mf.Points(x, field=field))
    alarm.look()  # nobody watches any more


def test_threads_are_watched_too(monkeypatch: Any) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 2)
    seen: list[int] = []
    with alarm.watched(lambda: seen.append(1)):
        threads.parallel(lambda unit: None, 4, threads.WORK)
    assert len(seen) == 4
