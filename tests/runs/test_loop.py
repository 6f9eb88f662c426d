"""The loop, and what drives it: landing, events, changes of shape, observers, limits, Ctrl-C, memory."""

from __future__ import annotations

import math
import pickle
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import meanfield.runs.drive
import particles as pt
from meanfield.protocols import Array, Change, Method, Status, Step, Stepped, Stepper, Stop
from meanfield.runs.loop import steps
from meanfield.steppers import dop853, euler, euler_maruyama, rk4
from particles.late import LongTime


@dataclass
class Growth(Method):
    """y' = rate y, and whatever is watched or wished."""

    rate: float = 1.0
    watch: Any = None
    wish: Any = None
    shortest: float = math.inf
    seen: list[float] = field(default_factory=list)

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        np.multiply(y, self.rate, out=out)
        return out

    def events(self, t: float, y: Array) -> Array | None:
        return None if self.watch is None else np.asarray(self.watch(t, y), dtype=float)

    def slope(self, t: float, y: Array, out: Array) -> float:
        self.rhs(t, y, out)
        return self.shortest

    def review(self, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        self.seen.append(t)
        return None if self.wish is None else self.wish(self, t0, y0, t, y)


@dataclass
class Turning(Method):
    """y' = i y: the real part goes round."""

    watch: Any = None

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        np.multiply(y, 1j, out=out)
        return out

    def events(self, t: float, y: Array) -> Array | None:
        return np.array([y[0].real - c for c in self.watch])


def walk(method: Any, land: list[float], stepper: Any = None, **options: Any) -> list[Step]:
    y = np.array([1.0 + 0j]) if isinstance(method, Turning) else np.array([1.0])
    return list(steps(method, y, 0.0, land, stepper or dop853(1e-12, 1e-14), **options))


# --- landing -------------------------------------------------------------------------------------------------


@pytest.mark.rounding
def test_every_asked_time_is_landed_on_and_shortens_no_other_step() -> None:
    asked = [0.1, 0.1 + 1e-9, 1.0 / 3.0, 0.7, 3.0]
    found = walk(Growth(), asked)
    assert [s.t for s in found if s.landed] == asked and found[-1].t == 3.0
    assert all(a.t < b.t for a, b in pairwise(found))
    for step in found:
        assert step.y[0] == pytest.approx(math.exp(step.t), rel=1e-11)
    # after the tiny step the old size comes back: no restart from 1e-9
    assert len(found) <= len(walk(Growth(), [3.0])) + 2 * len(asked)
    assert walk(Growth(), []) == []


@pytest.mark.rounding
def test_the_methods_limit_shortens_steps() -> None:
    for stepper in (dop853(1e-12, 1e-14), rk4(0.5), euler(0.5)):
        free, held = walk(Growth(), [2.0], stepper), walk(Growth(shortest=0.005), [2.0], stepper)
        assert len(held) > 4 * len(free) and held[-1].t == 2.0
        assert max(np.diff([s.t for s in held])) < 0.2


def test_dense_output_is_made_when_kept_and_costs_are_told() -> None:
    kept, bare = walk(Growth(), [1.0], keep=True), walk(Growth(), [1.0])
    assert all(s.between is not None and s.between.t1 == s.t for s in kept) and all(s.between is None for s in bare)
    counted = 0

    class Counting(Growth):
        def rhs(self, t: float, y: Array, out: Array) -> Array:
            nonlocal counted
            counted += 1
            return super().rhs(t, y, out)

    found = walk(Counting(), [0.3, 5.0], keep=True)
    assert sum(s.evaluations for s in found) == counted
    counted = 0
    found = walk(Counting(watch=lambda t, y: [y[0] - 2.0, y[0] - 5.0]), [0.3, 5.0], keep=True)
    assert sum(s.evaluations for s in found) == counted


# --- events --------------------------------------------------------------------------------------------------


@pytest.mark.rounding
@pytest.mark.parametrize("stepper", [dop853(1e-12, 1e-14), dop853(1e-4, 1e-6), rk4(0.4)])
def test_zeros_are_landed_on_in_order(stepper: Any) -> None:
    levels = [5.0, 1.5, 2.0, 2.0001, 100.0]
    found = walk(Growth(watch=lambda t, y: y[0] - np.array(levels)), [3.0], stepper)
    events = [(s.event, s.t, s.y[0]) for s in found if s.event is not None]
    assert [e for e, _, _ in events] == [1, 2, 3, 0]
    if stepper.adaptive:
        for e, t, y in events:
            assert abs(y - levels[e]) < 1e3 * stepper.rtol and t == pytest.approx(math.log(levels[e]), abs=1e-3)
    if stepper.adaptive and stepper.rtol < 1e-10:
        np.testing.assert_allclose([t for _, t, _ in events], np.log([1.5, 2.0, 2.0001, 5.0]), rtol=0.0, atol=1e-11)


@pytest.mark.rounding
def test_a_zero_crossed_to_and_fro_is_landed_on_every_time() -> None:
    """cos t = 1/2 twice a turn, from an event that is zero at the very start."""
    found = walk(Turning(watch=[0.5, 1.0 - 1e-3, 1.0]), [20.0])
    times = [s.t for s in found if s.event == 0]
    third = math.pi / 3.0
    exact = sorted(t for k in range(4) for t in (2 * math.pi * k + third, 2 * math.pi * (k + 1) - third) if t < 20.0)
    np.testing.assert_allclose(times, exact, rtol=0.0, atol=1e-10)
    assert len([s for s in found if s.event == 1]) == 7


# --- changes -------------------------------------------------------------------------------------------------


@pytest.mark.rounding
def test_a_step_can_be_taken_again_by_another_method() -> None:
    def wish(method: Growth, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        if method.rate == 1.0 and t > 0.5:
            return Change(replace(method, rate=2.0), t0, y0, 1e-3)
        return None

    found = walk(Growth(wish=wish), [1.0])
    turned = next(i for i, s in enumerate(found) if s.method.rate == 2.0)
    start = found[turned - 1] if turned else None
    t0, y0 = (start.t, start.y[0]) if start else (0.0, 1.0)
    assert t0 <= 0.5 and found[turned].t <= t0 + 1e-3 * 1.01
    assert found[-1].y[0] == pytest.approx(y0 * math.exp(2.0 * (1.0 - t0)), rel=1e-10)
    assert all(a.t < b.t for a, b in pairwise(found))


@pytest.mark.rounding
def test_a_method_can_change_its_shape_between_steps() -> None:
    def wish(method: Growth, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        return Change(method, t, np.repeat(y, 2) / 2.0) if len(y) < 8 else None

    found = walk(Growth(wish=wish), [1.0], euler(0.1))
    assert [len(s.y) for s in found][:5] == [1, 2, 4, 8, 8]
    assert found[-1].y.sum() == pytest.approx(1.1**10, rel=1e-12)


def test_a_stop_leaves_what_was_there() -> None:
    def wish(method: Growth, t0: float, y0: Array, t: float, y: Array) -> Change | None:
        if t > 0.55:
            raise Stop(Status.UNRESOLVED, "enough")
        return None

    walker = steps(Growth(wish=wish), np.array([1.0]), 0.0, [1.0], euler(0.1))
    seen = []
    with pytest.raises(Stop, match="enough") as caught:
        for step in walker:
            seen.append(step.t)
    np.testing.assert_allclose(seen, [0.1, 0.2, 0.3, 0.4, 0.5])
    assert caught.value.status is Status.UNRESOLVED and str(Stop(Status.OBSERVER)) == Status.OBSERVER.value


def test_random_steppers_draw_from_the_generator_given() -> None:
    class Noisy(Growth):
        def noise(self, t: float, y: Array) -> Any:
            return 1.0

    ends = [walk(Noisy(), [1.0], euler_maruyama(0.1), rng=np.random.default_rng(s))[-1].y[0] for s in (1, 1, 2)]
    assert ends[0] == ends[1] != ends[2]


# --- who looks on --------------------------------------------------------------------------------------------


RHO0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3, 2: 0.2j})
LAW = mf.SA(4.0)


@pytest.mark.rounding
def test_observers_see_every_accepted_step() -> None:
    seen: list[tuple[float, mf.Density]] = []
    others: list[float] = []
    sol = mf.solve(
        LAW, RHO0, (0.0, 1.0), observe=[lambda t, rho: seen.append((t, rho)), lambda t, rho: others.append(t)]
    )
    assert [t for t, _ in seen] == others == [b.t1 for b in sol.dense] and len(seen) == sol.counters.steps
    for t, rho in seen:
        np.testing.assert_allclose(rho.coefficients, sol(t).coefficients, rtol=0.0, atol=1e-14)
    clouds: list[Any] = []
    traj = pt.simulate(LAW, [0.0, 1.0], (0.0, 1.0), observe=lambda t, mu: clouds.append((t, mu.theta.copy())))
    np.testing.assert_array_equal(clouds[-1][1], traj.x[-1])


@pytest.mark.parametrize("answer", [True, np.bool_(True), np.bool_(False), 1, "stop", None])
def test_only_true_stops_a_run(answer: Any) -> None:
    sol = mf.solve(LAW, RHO0, (0.0, 1.0), observe=lambda t, rho: answer if t > 0.3 else None)
    if isinstance(answer, bool | np.bool_) and answer:
        assert sol.status is Status.OBSERVER and sol.success and 0.3 < sol.end < 1.0
        assert sol.t[-1] == sol.end and np.all(np.diff(sol.t) > 0.0) and sol.t[-2] <= sol.end
    else:
        assert sol.status is Status.REACHED_END


def test_an_observer_may_give_its_reason() -> None:
    def observe(t: float, rho: mf.Density) -> None:
        raise Stop(Status.OBSERVER, "Seen enough.")

    sol = mf.solve(LAW, RHO0, (0.0, 1.0), observe=observe)
    assert sol.status is Status.OBSERVER and "Seen enough." in sol.message and sol.counters.steps == 1


def test_a_wall_clock_limit_stops_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(np.arange(0.0, 1e6))  # every look at the clock is a second on
    with monkeypatch.context() as there, pytest.warns(mf.StoppedEarly, match="max_seconds"):
        there.setattr(meanfield.runs.drive.time, "monotonic", lambda: next(now))
        sol = mf.solve(LAW, RHO0, (0.0, 3.0), max_seconds=50.0)
    assert sol.status is Status.OUT_OF_TIME and not sol.success and 0.0 < sol.end < 3.0
    assert mf.solve(LAW, RHO0, (0.0, 0.1), max_seconds=1e6).success


def interrupt(at: int) -> Any:
    calls = 0

    def now(*_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise KeyboardInterrupt

    return now


def test_ctrl_c_carries_the_run() -> None:
    with pytest.raises(mf.Interrupted, match="interrupted from the keyboard") as caught:
        mf.solve(LAW, RHO0, (0.0, 3.0), observe=interrupt(4))
    sol: Any = caught.value.solution
    assert isinstance(caught.value, KeyboardInterrupt) and sol.counters.steps == 4
    whole = mf.solve(LAW, RHO0, (0.0, 3.0))
    assert sol.end == whole.dense[3].t1 and sol.end == sol.t[-1]
    np.testing.assert_array_equal(sol.dissipated[:-1], whole.dissipated[: len(sol.t) - 1])
    with pytest.raises(mf.Interrupted) as cloud:
        pt.simulate(LAW, [0.0, 1.0, 2.0], (0.0, 3.0), observe=interrupt(2))
    assert cloud.value.solution.counters.steps == 2


def test_ctrl_c_while_a_record_is_made_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """11 of 28 interrupts of `longtime` came while it read the times asked for off its dense output, and lost the run.

    A second one does not wait, and afterwards everything is as it was.
    """
    law, x = mf.SA(4.0), [0.0, 1.0, 3.0]
    whole = pt.longtime(law, x, log_t_end=9.0)
    proper, before = LongTime.at, signal.getsignal(signal.SIGINT)
    rung: list[int] = []

    def ring(self: Any, log_t: float) -> Any:
        rung.append(1)
        if len(rung) in at:
            signal.raise_signal(signal.SIGINT)
        return proper(self, log_t)

    monkeypatch.setattr(LongTime, "at", ring)
    at = {50}
    with pytest.raises(mf.Interrupted) as caught:
        pt.longtime(law, x, log_t_end=9.0)
    run: Any = caught.value.solution
    np.testing.assert_array_equal(run.x, whole.x)
    np.testing.assert_array_equal(run.log_t, whole.log_t)
    assert run.merges[0].log_t == whole.merges[0].log_t and signal.getsignal(signal.SIGINT) is before
    rung.clear()
    at = {50, 60}
    with pytest.raises(KeyboardInterrupt):
        pt.longtime(law, x, log_t_end=9.0)
    assert len(rung) == 60 and signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_nobody_is_interrupted() -> None:
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(pt.longtime, mf.SA(4.0), [0.0, 3.0], log_t_end=3.0).result()
    assert run.success


@pytest.mark.parametrize("part", ["_save", "_hold", "_snapshot", "_sizes"])
@pytest.mark.parametrize("after", [True, False])
def test_ctrl_c_between_two_lines_leaves_a_run_that_goes_on(
    part: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal may come while a step is being written down: half a step must not be kept."""
    rho0 = mf.Circle(16).density(lambda q: 1.0 + 0.3 * np.cos(q))
    whole = mf.solve(LAW, rho0, (0.0, 2.0))
    assert len(whole.segments) > 1
    proper, ring = getattr(meanfield.runs.drive._Log, part), interrupt(12)

    def clumsy(self: Any, *arguments: Any) -> Any:
        if not after:
            ring()
        found = proper(self, *arguments)
        if after:
            ring()
        return found

    monkeypatch.setattr(meanfield.runs.drive._Log, part, clumsy)
    with pytest.raises(mf.Interrupted) as caught:
        mf.solve(LAW, rho0, (0.0, 2.0))
    monkeypatch.undo()
    half: Any = caught.value.solution
    assert len(half.t) == len(half.states) == len(half.owners) and np.all(half.t <= half.end)
    assert not half.dense or half.dense[-1].t1 == half.end
    rest = mf.resume(half)
    np.testing.assert_array_equal(rest.t, whole.t)
    np.testing.assert_array_equal(rest.coefficients, whole.coefficients)
    np.testing.assert_array_equal(rest.dissipated, whole.dissipated)
    assert rest.counters.steps == whole.counters.steps
    assert [s.unknowns for s in rest.segments] == [s.unknowns for s in whole.segments]


@pytest.mark.parametrize("kind", ["UnresolvedError", "RunError", "Interrupted"])
def test_errors_come_back_from_other_processes(kind: str) -> None:
    sol = mf.solve(LAW, RHO0, (0.0, 0.1))
    error = pickle.loads(pickle.dumps(getattr(mf, kind)(sol)))
    assert type(error) is getattr(mf, kind) and str(error).startswith(sol.message)
    np.testing.assert_array_equal(error.solution.coefficients, sol.coefficients)


def test_a_progress_bar_runs_over_simulated_time(capsys: pytest.CaptureFixture[str]) -> None:
    mf.solve(LAW, RHO0, (2.0, 5.0), progress=True)
    assert "100%" in capsys.readouterr().err
    mf.solve(LAW, RHO0, (2.0, 5.0))
    assert capsys.readouterr().err == ""


# --- memory --------------------------------------------------------------------------------------------------


@pytest.mark.rounding
@pytest.mark.parametrize("steps_kept", [0, 1, 5])
@pytest.mark.parametrize("asked", [None, np.linspace(0.0, 2.0, 9)])
def test_beyond_the_budget_dissipated_is_right_and_times_between_are_refused(
    steps_kept: int, asked: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = mf.solve(LAW, RHO0, (0.0, 2.0), t_eval=asked)
    monkeypatch.setattr(meanfield.runs.drive, "DENSE_BUDGET", steps_kept * whole.dense[0].nbytes)
    lean = mf.solve(LAW, RHO0, (0.0, 2.0), t_eval=asked)
    assert len(lean.dense) == steps_kept < len(whole.dense)
    np.testing.assert_array_equal(lean.coefficients, whole.coefficients)
    np.testing.assert_allclose(lean.dissipated, whole.dissipated, rtol=1e-12, atol=1e-16)
    t = 1.987654321
    with pytest.raises(ValueError, match=r"t: got 1\.98.*memory budget"):
        lean(t)
    np.testing.assert_array_equal(lean(2.0).coefficients, whole(2.0).coefficients)
    lean.save(tmp_path / "lean.nc")
    np.testing.assert_array_equal(mf.load(tmp_path / "lean.nc").dissipated, lean.dissipated)
    half = mf.solve(LAW, RHO0, (0.0, 2.0), t_eval=asked, observe=lambda t, rho: t > 1.0)
    rest = mf.resume(half)
    np.testing.assert_array_equal(rest.coefficients, whole.coefficients)
    np.testing.assert_allclose(rest.dissipated, whole.dissipated, rtol=1e-12, atol=1e-16)


@pytest.mark.rounding
def test_a_law_without_energy_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The heat equation: every mode decays at its rate, with or without room for dense output."""
    for budget in (1 << 28, 0):
        monkeypatch.setattr(meanfield.runs.drive, "DENSE_BUDGET", budget)
        sol = mf.solve(mf.Diffusion(0.5), RHO0, (0.0, 2.0))
        np.testing.assert_allclose(sol.coefficients[:, 1], 0.15 * np.exp(-0.5 * sol.t), rtol=1e-12)
        np.testing.assert_allclose(sol.coefficients[:, 2], -0.1j * np.exp(-2.0 * sol.t), rtol=1e-12)
        with pytest.raises(ValueError, match=r"energy.*free_energy"):
            sol.energy  # noqa: B018


@dataclass(frozen=True)
class Unanswerable(mf.SA):
    """Its energy asks what no density answers."""

    def quantities(self, t: float, mu: Any) -> dict[str, Any]:
        return {"energy": mu.read(mf.Exponential(1.0, Q=np.eye(2)), None, "Z").Z.sum(), "dissipation": 0.0}


def test_a_law_whose_energy_the_measure_cannot_answer_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = mf.solve(LAW, RHO0, (0.0, 0.5))
    for budget in (1 << 28, 0):
        monkeypatch.setattr(meanfield.runs.drive, "DENSE_BUDGET", budget)
        sol = mf.solve(Unanswerable(4.0), RHO0, (0.0, 0.5))
        np.testing.assert_array_equal(sol.coefficients, whole.coefficients)
        with pytest.raises(TypeError, match="kernels of <x, y> alone"):
            sol.dissipated  # noqa: B018


@dataclass(frozen=True)
class Forgetful(Stepper):
    """Euler's method that keeps nothing of what is between."""

    def step(self, method: Any, t: float, y: Array, h: Any, stop: float, rng: Any, keep: bool) -> Stepped:
        found = euler(0.01).step(method, t, y, h, stop, rng, False)
        return found._replace(between=None)


def test_a_stepper_without_dense_output_wants_times() -> None:
    with pytest.raises(ValueError, match="t_eval"):
        pt.simulate(LAW, [0.0, 1.0], (0.0, 1.003), method=Forgetful())
    assert len(pt.simulate(LAW, [0.0, 1.0], (0.0, 1.0), [0.5, 1.0], method=Forgetful())) == 2
