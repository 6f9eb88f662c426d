"""Times to save are read off the dense output at no cost, as good as the tolerance; `land` lands on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.steppers import dop853, etd, etdrk4, rk45

pytestmark = pytest.mark.rounding

MANY = np.linspace(0.0, 1.0, 401)


def density() -> Any:
    return mf.perturbed_uniform(mf.Circle(64), {1: 0.4, 2: 0.1})


def cloud(n: int = 12, d: int = 3) -> Any:
    x = np.random.default_rng(3).normal(size=(n, d))
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def solved(law: Any = None, **options: Any) -> Any:
    return mf.solve(mf.SA(4.0) if law is None else law, density(), (0.0, 1.0), **options)


def moved(**options: Any) -> Any:
    return pt.simulate(mf.SA(4.0), cloud(), (0.0, 1.0), **options)


def lagrangian(**options: Any) -> Any:
    return solved(method="lagrangian", **options)


def diffusing(**options: Any) -> Any:
    return solved(mf.SA(4.0) + mf.Diffusion(0.1), **options)


def states(run: Any) -> Any:
    return np.stack(run.states)


RUNS = {"spectral": solved, "diffusion": diffusing, "lagrangian": lagrangian, "particles": moved}


@pytest.mark.parametrize("name", RUNS)
def test_many_times_cost_no_more_than_none(name: str) -> None:
    none, many = RUNS[name](), RUNS[name](t_eval=MANY)
    assert many.counters.evaluations <= 1.05 * none.counters.evaluations
    landed = RUNS[name](t_eval=MANY, land=True)
    assert landed.counters.evaluations > 5 * many.counters.evaluations
    for run in (many, landed):
        np.testing.assert_array_equal(run.t, MANY)


@pytest.mark.parametrize("rtol", [1e-4, 1e-9])
@pytest.mark.parametrize("name", RUNS)
def test_what_is_read_is_as_good_as_what_is_landed_on(name: str, rtol: float) -> None:
    """Between the steps a run errs by what its steps err, and one tolerance more."""
    tolerances = {"rtol": rtol, "atol": 1e-2 * rtol}
    read = RUNS[name](t_eval=MANY, **tolerances)
    exact = RUNS[name](t_eval=MANY, land=True, rtol=1e-13, atol=1e-15)
    fair = RUNS[name](t_eval=[1.0], **tolerances)
    error = np.abs(states(read) - states(exact)).max(axis=tuple(range(1, states(read).ndim)))
    steps = np.isin(MANY, [between.t1 for between in read.dense])
    assert not steps[:-1].all()
    at_end = np.abs(states(fair)[-1] - states(exact)[-1]).max()
    assert error.max() <= 2.0 * max(error[-1], at_end) + 2.0 * rtol * np.abs(states(exact)).max()


@pytest.mark.parametrize(
    "make, order",
    [(dop853, 8), (rk45, 5), (etd, 8), (etdrk4, 5)],
)
def test_the_dense_output_keeps_the_tolerance_in_every_step(make: Any, order: int) -> None:
    """Against the same curve by far smaller steps from the same beginning: in the norm of the tolerance."""
    from meanfield.runs.loop import steps
    from meanfield.steppers.dense import evaluate

    diffuses = make in (etd, etdrk4)
    law = mf.SA(4.0) + mf.Diffusion(0.1) if diffuses else mf.USA(4.0, scale="relative")
    method, y = mf.Spectral().bind(law, density(), 1e-8, 1e-10)
    fine = (etd if diffuses else dop853)(1e-13, 1e-16, norm="max")
    for rtol in (1e-3, 1e-5, 1e-7):
        stepper, worst = make(rtol, 1e-3 * rtol, norm="max"), 0.0
        for step in steps(method, y, 0.0, [2.0], stepper, keep=True):
            if step.method is not method:
                break
            between: Any = step.between
            t = between.t0 + (between.t1 - between.t0) * np.linspace(0.1, 0.9, 9)
            exact = [s.y for s in steps(method, between.y0, between.t0, t, fine) if s.landed]
            for a, b in zip(evaluate(between, t), exact, strict=True):
                worst = max(worst, stepper.size(a - b, stepper.scale(np.abs(a), b)))
        assert worst < 2.0, (rtol, worst)


def test_times_to_land_on_may_be_others_than_those_to_save() -> None:
    jump = 0.4321
    run = solved(t_eval=MANY, land=[jump])
    ends = [between.t1 for between in run.dense]
    assert jump in ends
    np.testing.assert_array_equal(run.t, MANY)
    assert moved(land=[jump]).settings["land"].tolist() == [jump]
    assert len(moved(land=True).t) == 101


def test_noise_lands_on_what_it_is_asked_for() -> None:
    run = moved(diffusion=0.1, method="heun", step=0.07, t_eval=[0.0, 0.5, 1.0], rng=1)
    again = moved(diffusion=0.1, method="heun", step=0.07, t_eval=[0.0, 0.5, 1.0], land=True, rng=1)
    np.testing.assert_array_equal(states(run), states(again))
    more = mf.resume(run, 2.0, t_eval=[1.5, 2.0])
    assert more.settings["land"] is True or 1.5 in np.asarray(more.settings["land"])


def test_noise_is_saved_where_its_steps_end() -> None:
    """A Brownian particle's variance is 2 kappa t at every saved time; on the chord of a step it is less."""
    run = pt.simulate(
        mf.Diffusion(0.1), np.zeros(20000), (0.0, 1.0), method="euler-maruyama", step=0.2, rng=0
    )  # fmt: skip
    assert len(run.t) == 6
    np.testing.assert_allclose(run.x[1:].var(axis=-1), 0.2 * run.t[1:], rtol=0.06)
    fine = pt.simulate(mf.Diffusion(0.1), np.zeros(2000), (0.0, 1.0), method="heun", step=0.003, rng=0)
    assert len(fine.t) == 101 and fine.counters.steps >= 400


def test_a_cloud_asked_for_its_end_alone_keeps_no_dense_output() -> None:
    assert not moved(t_eval=[0.0, 1.0]).dense
    inner = moved(t_eval=[0.0, 0.5, 1.0])
    assert inner.dense and abs(inner.gained - inner.dissipated).max() < 1e-9


@pytest.mark.parametrize(
    "land, told",
    [("no", "land"), (0.5, "land"), ([0.5, 0.2], "land"), ([2.0], "land"), ([np.nan], "land"), (None, "land")],
)
def test_what_cannot_be_landed_on_is_named(land: Any, told: str) -> None:
    for run in (solved, moved):
        with pytest.raises((ValueError, TypeError), match=told):
            run(land=land)


def test_resumed_runs_land_as_they_were_told() -> None:
    whole = solved(t_eval=MANY, land=True)
    half = mf.solve(mf.SA(4.0), density(), (0.0, 0.5), t_eval=MANY[MANY <= 0.5], land=True)
    rest = mf.resume(half, 1.0, t_eval=MANY[MANY > 0.5])
    assert rest.counters.steps == whole.counters.steps
    np.testing.assert_allclose(states(rest)[-1], states(whole)[-1], rtol=0.0, atol=1e-11)
    read = mf.resume(half, 1.0, t_eval=MANY[MANY > 0.5], land=False)
    assert read.counters.steps < whole.counters.steps
    with pytest.raises(ValueError, match="land"):
        mf.resume(pt.longtime(mf.USA(9.0), [0.0, 1.0, 2.0], log_t_end=10.0), 20.0, land=True)
