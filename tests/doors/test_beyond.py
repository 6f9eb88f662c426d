"""A run taken past its end is the longer run: it goes on from before the step which the end alone had cut short."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import meanfield.runs.drive
import particles as pt
from meanfield.protocols import Array, Stepped, Stepper
from meanfield.steppers import rk4

pytestmark = pytest.mark.rounding

ANGLES = [0.0, 1.0, 2.5, 4.0]
RHO0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})
CLOUDS: dict[str, dict[str, Any]] = {
    "adaptive": {},
    "euler": {"method": "euler", "step": 0.1},
    "rk4": {"method": "rk4", "step": 0.1},
    "merging": {"merge_tol": 0.1, "rtol": 0.05},
    "noise": {"method": "heun", "step": 0.1, "diffusion": 0.1, "rng": 1, "t_eval": [0.5]},
    "asked": {"t_eval": [0.5]},
}
DENSITIES: dict[str, dict[str, Any]] = {
    "spectral": {},
    "lagrangian": {"method": "lagrangian"},
    "diffusion": {"diffusion": 0.1},
    "rk4": {"stepper": rk4(0.1)},
    "asked": {"t_eval": [0.5]},
}


@dataclass(frozen=True)
class Blind(Stepper):
    """Euler's steps, without dense output."""

    size: float
    order = 1

    def step(self, method: Any, t: float, y: Array, h: Any, stop: float, rng: Any, keep: bool) -> Stepped:
        k = np.empty_like(y)
        size = min(self.size, method.slope(t, y, k), stop - t)
        return Stepped(stop if stop - t <= size * (1 + 1e-9) else t + size, y + size * k, self.size, None, 1, 0)


def longer(half: Any, end: float, path: Path) -> list[Any]:
    """The run to `end`: from memory, from its file, and with a stop on the way, unless that is a time asked for."""
    half.save(path / "half.nc", overwrite=True)
    runs = [mf.resume(half, end), mf.resume(mf.load(path / "half.nc"), end)]
    return runs if "t_eval" in half.settings else [*runs, mf.resume(mf.resume(half, 1.33), end)]


def whole_of(run: Any) -> bool:
    return bool(np.all(np.diff(run.t) > 0.0))


@pytest.mark.parametrize("name", CLOUDS)
def test_clouds(name: str, tmp_path: Path) -> None:
    options = CLOUDS[name]
    whole = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 2.0), **options)
    half = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 0.95), **options)
    exact = "step" not in options  # fixed steps are counted back from the end: their times differ by rounding
    for run in longer(half, 2.0, tmp_path):
        assert run.counters == whole.counters and whole_of(run) and set(half.t) <= set(run.t)
        assert [s.unknowns for s in run.segments] == [s.unknowns for s in whole.segments]
        np.testing.assert_allclose(run.checkpoint["y"], whole.checkpoint["y"], rtol=0.0, atol=0.0 if exact else 1e-14)
        if name not in ("noise", "asked"):
            np.testing.assert_allclose(run(0.93).x, whole(0.93).x, rtol=0.0, atol=0.0 if exact else 1e-14)


@pytest.mark.parametrize("name", DENSITIES)
def test_densities(name: str, tmp_path: Path) -> None:
    options = DENSITIES[name]
    whole = mf.solve(mf.SA(4.0), RHO0, (0.0, 3.0), **options)
    half = mf.solve(mf.SA(4.0), RHO0, (0.0, 0.95), **options)
    for run in longer(half, 3.0, tmp_path):
        assert run.counters == whole.counters and whole_of(run) and set(half.t) <= set(run.t)
        np.testing.assert_allclose(
            run.checkpoint["y"], whole.checkpoint["y"], rtol=0.0, atol=1e-15 if name == "rk4" else 0.0
        )
        assert len(run.dense) == len(whole.dense)
        if name != "asked":
            np.testing.assert_allclose(run.dissipated[-1], whole.dissipated[-1], rtol=1e-14)


def test_what_is_taken_of_the_dense_output_before_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = mf.solve(mf.SA(4.0), RHO0, (0.0, 3.0))
    monkeypatch.setattr(meanfield.runs.drive, "DENSE_BUDGET", 10_000)
    half = mf.solve(mf.SA(4.0), RHO0, (0.0, 0.95))
    assert half.dense and len(half.integral_t)
    run = mf.resume(half, 3.0)
    assert len(run.dense) == len(half.dense) and np.all(np.diff(run.integral_t) > 0.0)
    np.testing.assert_allclose(run.dissipated[-1], whole.dissipated[-1], rtol=1e-12)


def test_an_end_that_was_asked_for_is_landed_on_by_both() -> None:
    """Then nothing is taken back: the unbroken run was there too."""
    for times in ([0.95], [0.5, 0.95]):
        options: dict[str, Any] = {"method": "euler", "step": 0.1, "land": True}
        whole = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 2.0), [*times, 2.0], **options)
        half = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 0.95), times, **options)
        assert "before" not in half.checkpoint
        run = mf.resume(half, 2.0)
        np.testing.assert_array_equal(run.x, whole.x)
        assert run.counters == whole.counters


@pytest.mark.parametrize("options", [{}, {"land": [0.5]}, {"land": [0.5, 0.9499]}], ids=["read", "one", "near"])
def test_what_is_landed_on_is_asked_of_each_time(options: dict[str, Any]) -> None:
    """The end was saved, and was no time to land on; those before it may have been."""
    times, options = [0.5, 0.95], {**options, "method": "rk4", "step": 0.1}
    whole = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 2.0), [*times, 2.0], **options)
    run = mf.resume(pt.simulate(mf.SA(1.0), ANGLES, (0.0, 0.95), times, **options), 2.0)
    np.testing.assert_array_equal(run.t, whole.t)
    np.testing.assert_allclose(run.x, whole.x, rtol=0.0, atol=1e-14)
    assert run.counters.steps == whole.counters.steps  # those read inside cost more evaluations


def test_an_end_saved_by_noise_stays() -> None:
    """What noise was within the longer step is not known there."""
    options: dict[str, Any] = {"method": "heun", "step": 0.1, "diffusion": 0.1, "rng": 1}
    half = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 0.95), **options)
    run = mf.resume(half, 2.0)
    np.testing.assert_array_equal(run.x[: len(half)], half.x)


def test_an_end_saved_by_a_stepper_that_knows_nothing_between_stays() -> None:
    half = mf.solve(mf.SA(1.0), RHO0, (0.0, 0.95), t_eval=[0.95], stepper=Blind(0.1))
    assert "before" in half.checkpoint
    run = mf.resume(half, 2.0)
    np.testing.assert_array_equal(run.states[0], half.states[0])
    assert run.counters.steps == 10 + 11 and run.success


def test_other_times_may_be_asked_for_beyond() -> None:
    half = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 0.95))
    run = mf.resume(half, 2.0, t_eval=[1.5, 2.0])
    whole = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 2.0), [*half.t, 1.5, 2.0])
    np.testing.assert_array_equal(run.t, whole.t)
    np.testing.assert_array_equal(run.x, whole.x)


def test_a_run_that_ends_by_what_it_meets_goes_on_from_there() -> None:
    """A zero is looked for from the old end on, and is landed on: nothing before it is done again."""
    half = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 0.95), method="rk4", step=0.1)
    run = mf.resume(half, 5.0, until=lambda t, mu: t - 0.97)
    np.testing.assert_allclose(run.end, 0.97, rtol=1e-12)
    assert run.counters.steps == half.counters.steps + 1 and "before" not in run.checkpoint
    np.testing.assert_array_equal(run.x[: len(half)], half.x)
    on = mf.resume(run, 5.0)
    assert on.end > 0.97 and on.counters.steps > run.counters.steps


def test_nothing_that_was_given_is_lost() -> None:
    """Stopped within the step that is taken back, the run is what it was, and goes on to the same."""
    half = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 0.95))
    with pytest.warns(RuntimeWarning, match="max_seconds"):
        stopped = mf.resume(half, 2.0, max_seconds=1e-9)
    assert stopped.status is mf.Status.OUT_OF_TIME and stopped.end == half.end
    np.testing.assert_array_equal(stopped.x, half.x)
    whole = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 2.0))
    np.testing.assert_array_equal(mf.resume(stopped).checkpoint["y"], whole.checkpoint["y"])


def test_a_checkpoint_of_the_longer_run(tmp_path: Path) -> None:
    """Kept while it goes, it has no step to take back; found, it goes on to the same."""
    half = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 0.95), rtol=1e-12)
    whole = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 2.0), rtol=1e-12)
    kept: list[Any] = []

    def look(t: float, mu: Any) -> bool:
        if (tmp_path / "kept.nc").exists():
            kept.append(mf.load(tmp_path / "kept.nc"))
        return len(kept) == 2

    stopped = mf.resume(half, 2.0, checkpoint=tmp_path / "kept.nc", every=1e-9, observe=look)
    assert [run.status for run in kept] == [mf.Status.UNDERWAY] * 2
    for run in (*kept, stopped, mf.load(tmp_path / "kept.nc")):
        assert "before" not in run.checkpoint
        np.testing.assert_array_equal(mf.resume(run).checkpoint["y"], whole.checkpoint["y"])


def test_a_run_of_one_step() -> None:
    """Its method was not asked what it thinks of a step, there having been none."""
    half = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 0.05), method="rk4", step=0.1)
    assert half.counters.steps == 1 and half.checkpoint["before"].t == 0.0
    whole = pt.simulate(mf.SA(1.0), ANGLES, (0.0, 1.0), method="rk4", step=0.1)
    run = mf.resume(half, 1.0)
    np.testing.assert_allclose(run.x[-1], whole.x[-1], rtol=0.0, atol=1e-14)
    assert run.counters == whole.counters
