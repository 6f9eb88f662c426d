"""SA and USA with beta(t): energy, what time does to it, and the identity of the two; a stranger's GradientLaw."""

from __future__ import annotations

import math
import tracemalloc
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import meanfield as mf
import particles as pt
from meanfield.laws import GradientLaw
from meanfield.laws.schedules import slope

pytestmark = pytest.mark.rounding


def waves(theta: Any) -> Any:
    return 1.0 + 0.3 * np.cos(theta) + 0.2 * np.sin(2.0 * theta)


@mf.register
@dataclass(frozen=True)
class Ramp:
    """start + rate sin(t)."""

    start: float
    rate: float

    def __call__(self, t: float) -> float:
        return self.start + self.rate * math.sin(t)


def loop(theta: Any, beta: float, normalised: bool) -> Any:
    """The printed sum."""
    e = np.exp(beta * np.cos(theta[:, None] - theta))
    pull = -(e * np.sin(theta[:, None] - theta)).mean(axis=1)
    return pull / e.mean(axis=1) if normalised else pull


@pytest.mark.parametrize("kind", [mf.SA, mf.USA])
def test_particles_move_as_the_printed_loop_with_beta_of_the_time(kind: Any) -> None:
    ramp, theta = Ramp(1.0, 0.8), np.array([0.0, 0.4, 1.5, 2.9, 4.4])
    run = pt.simulate(kind(ramp), theta, (0.0, 2.0), [2.0], rtol=1e-12, atol=1e-14)
    told = solve_ivp(lambda t, y: loop(y, ramp(t), kind is mf.SA), (0.0, 2.0), theta, "DOP853", rtol=3e-14, atol=1e-14)
    np.testing.assert_allclose(run.x[-1], told.y[:, -1], rtol=0.0, atol=1e-11)


@pytest.mark.parametrize("kind", [mf.SA, mf.USA])
@pytest.mark.parametrize(("start", "scale"), [(0.0, "natural"), (2.0, "scaled"), (2.0, "relative")])
def test_energy_and_identity(kind: Any, scale: str, start: float, tmp_path: Any) -> None:
    """gained = dissipated + driven; E by the double sum at every time."""
    law, rho = kind(Ramp(start, 0.8), scale=scale), mf.Circle(64).density(waves)
    runs: list[Any] = [
        mf.solve(law, rho, (0.0, 1.0)),
        mf.solve(law, rho, (0.0, 1.0), method="lagrangian"),
        pt.simulate(law, rho.quantize(12), (0.0, 1.0), rtol=1e-11, atol=1e-13),
    ]
    for run in runs:
        both = run.dissipated + run.driven
        size = np.abs(run.gained).max()
        assert np.abs(run.gained - both).max() < 1e-9 * size and np.abs(run.driven).max() > 1e-2 * size
        told = kind(law.beta_at(1.0), scale=scale)
        assert run.energy[-1] == pytest.approx(float(run(1.0).energy(told)), rel=1e-13)
    assert runs[1].energy[-1] == pytest.approx(runs[0].energy[-1], rel=1e-9)
    beta, theta = law.beta_at(1.0), runs[2].x[-1]
    E = np.exp(beta * np.cos(theta[:, None] - theta) + law.log_factor(2, 1.0)).mean() / (2.0 * beta)
    assert runs[2].energy[-1] == pytest.approx(E, rel=1e-12)
    runs[0].save(tmp_path / "run.nc")
    again = mf.load(tmp_path / "run.nc")
    np.testing.assert_array_equal(again.driven, runs[0].driven)
    assert again.law == law and runs[0].plot_energy() is not None


def test_other_dimensions_drive_alike() -> None:
    """d/dt of the excess at a fixed measure, by differences: points by pairs and by harmonics, zonal densities."""
    for mu in (mf.Points(pt.uniform(40, 5, 1)), mf.Points(pt.uniform(400, 3, 1), field="harmonic"),
               mf.ZonalSphere(6, 16).density(lambda c: 1.0 + 0.4 * c)):  # fmt: skip
        for start in (0.3, 5.0):
            law = mf.SA(Ramp(start, 1.0))
            told = law.quantities(0.2, mu)["driven"]
            h = 1e-2
            E = [law.quantities(0.2 + j * h, mu)["excess"] for j in (-3, -2, -1, 1, 2, 3)]
            by = np.dot([-1.0, 9.0, -45.0, 45.0, -9.0, 1.0], E) / (60.0 * h)
            assert told == pytest.approx(by, rel=1e-9)


def test_beta_is_checked_at_every_time() -> None:
    with pytest.raises(ValueError, match=r"beta\(0\) must be .*-1"):
        pt.simulate(mf.SA(lambda t: -1.0), [0.0, 1.0], (0.0, 1.0))
    with pytest.raises(mf.RunError, match=r"beta\(.*overflows.*scaled"):
        pt.simulate(mf.SA(lambda t: 1.0 + 1e4 * t), [0.0, 1.0], (0.0, 1.0))
    run = pt.simulate(mf.SA(lambda t: 1.0 + t), [0.0, 1.0], (0.0, 0.1))
    with pytest.raises(TypeError, match=r"beta.*register"):
        run.save("never.nc")
    with pytest.raises(ValueError, match="no staircase"):
        mf.rescaled_energy(mf.SA(Ramp(1.0, 1.0)), [1.0])
    assert str(mf.SA(Ramp(1.0, 1.0))) == "SA(beta(t))"


def test_slopes() -> None:
    assert float(slope(math.sin, 0.3)) == pytest.approx(math.cos(0.3), rel=1e-12)
    assert float(slope(math.sqrt, 0.1)) == pytest.approx(0.5 / math.sqrt(0.1), rel=1e-11)  # it has no t < 0
    assert [float(slope(lambda t: abs(t - 1.0), t)) for t in (0.9, 1.0, 1.1)] == pytest.approx([-1.0, -1.0, 1.0])
    assert math.isnan(slope(lambda t: math.sin(1e9 * t), 0.3))


@mf.register
@dataclass(frozen=True)
class Wide(GradientLaw):
    """USA by a stranger: its kernel alone is said."""

    strength: float
    autonomous = True

    def kernel(self, t: float = 0.0) -> Any:
        return mf.Exponential(self.strength)


@dataclass(frozen=True)
class Near(GradientLaw):
    """Bounded confidence, of no known potential."""

    autonomous = True

    def kernel(self, t: float = 0.0) -> Any:
        return mf.Zonal(np.exp, "exp")


def test_what_is_not_known_of_a_gradient_law_is_not_told() -> None:
    with pytest.raises(ValueError, match="has no energy"):
        mf.Points([0.0, 1.0]).energy(Near())
    with pytest.raises(ValueError, match="GradientLaw of kernel"):
        pt.longtime(Near(), [0.0, 1.0], log_t_end=1.0)
    with pytest.raises(ValueError, match="no staircase"):
        mf.rescaled_energy(Near(), [1.0])


def test_a_strangers_gradient_law_is_known_everywhere() -> None:
    law, theta = Wide(3.0), [0.0, 0.4, 1.5]
    run, known = (pt.simulate(one, theta, (0.0, 1.0)) for one in (law, mf.USA(3.0)))
    np.testing.assert_array_equal(run.x, known.x)
    np.testing.assert_array_equal(run.energy, known.energy)
    assert mf.rescaled_energy(law, 1.0) == mf.rescaled_energy(mf.USA(3.0), 1.0)
    late, same = (pt.longtime(one, theta, log_t_end=2.0).x for one in (law, mf.USA(3.0)))
    np.testing.assert_array_equal(late, same)
    rho = mf.Circle(64).density(waves)
    for method in ("spectral", "lagrangian"):
        sol = mf.solve(law, rho, (0.0, 0.1), method=method)
        assert np.abs(sol.gained - sol.dissipated).max() < 1e-9 * sol.gained[-1]


class Layers:
    """beta = 1, and from t = 0.5 on 3."""

    def __call__(self, t: float) -> float:
        return 1.0 if t < 0.5 else 3.0


@pytest.mark.parametrize("kind", [mf.SA, mf.USA])
def test_a_beta_that_jumps_is_told_where_its_rate_is_asked(kind: Any) -> None:
    """Trajectories are those of two runs; what the jump adds to E is E under 3 less E under 1 of one measure."""
    theta = np.array([0.0, 0.4, 1.5, 2.9, 4.4])
    run = pt.simulate(kind(Layers()), theta, (0.0, 1.0))
    with pytest.warns(RuntimeWarning, match="jumps in time"):
        missed = (run.gained - run.dissipated - run.driven)[-1]
    half = mf.Points(pt.simulate(kind(1.0), theta, (0.0, 0.5), [0.5]).x[-1])
    np.testing.assert_allclose(run(0.5).points, half.points, rtol=0.0, atol=1e-7)
    jump = kind(3.0).quantities(0.0, half)["excess"] - kind(1.0).quantities(0.0, half)["excess"]
    assert missed == pytest.approx(jump, rel=1e-6)
    # seen: nothing, where the beginning was not among the times saved
    late = mf.solve(kind(Layers()), mf.Circle(64).density(waves), (0.0, 1.0), t_eval=[0.3, 1.0])
    with pytest.warns(RuntimeWarning, match="jumps in time"):
        late.driven  # noqa: B018


def test_memory_along_a_run_is_what_it_saves() -> None:
    """Four times the run: beside the dense output, whose bytes the record counts, and 1 KiB a step, not 256 KiB.

    Asked after its last step, while its method stands.
    """
    now: list[int] = []
    beside, steps = [], []
    for end in (5.0, 5.0, 20.0):  # once to fill what is kept for all runs
        tracemalloc.start()
        law, rho = mf.USA(Ramp(2.0, 0.5), sign=-1), mf.Circle(256).density(waves)
        run = mf.solve(
            law, rho, (0.0, end), t_eval=[end], observe=lambda t, mu: now.append(tracemalloc.get_traced_memory()[0])
        )
        tracemalloc.stop()
        beside.append(now[-1] - run.held)
        steps.append(run.counters.steps)
    assert beside[2] - beside[1] < 1024 * (steps[2] - steps[1]) + 256 * 1024, (beside, steps)


FAST = {
    "64 e^-8t": lambda t: 64.0 * math.exp(-8.0 * t),
    "100 e^-t": lambda t: 100.0 * math.exp(-t),
    "kink": lambda t: 2.0 + abs(t - 0.37),
}


@pytest.mark.parametrize("beta", FAST.values(), ids=FAST)
def test_fast_changes_of_beta_are_resolved_by_their_rates(beta: Any, recwarn: pytest.WarningsRecorder) -> None:
    """Missed, with ten nodes a step: 1.2e-4, 6.0e-5, 4.0e-6; by points 6.7e-3, 2.6e-5, 4.2e-5.

    E is e^beta(t): what is left is what the trajectory is known to between its steps, of which one ends at the kink.
    """
    rho, land = mf.Circle(64).density(waves), [0.37]
    points = pt.simulate(mf.SA(beta), rho.quantize(12), (0.0, 0.5), rtol=1e-11, atol=1e-13, land=land)
    for run in (mf.solve(mf.SA(beta), rho, (0.0, 0.5), land=land), points):
        missed = np.abs(run.gained - run.dissipated - run.driven).max()
        assert missed < 1e-8 * np.abs(run.gained).max()
    assert not recwarn.list


def test_a_kink_inside_a_step_is_told() -> None:
    """No polynomial follows it, and no look at a few points of the step must see that; the identity does."""
    run = mf.solve(mf.SA(FAST["kink"]), mf.Circle(64).density(waves), (0.0, 0.5))
    size = np.abs(run.gained).max()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        missed = np.abs(run.gained - run.dissipated - run.driven).max()
    assert missed < 1e-8 * size or any("driven" in str(w.message) for w in told)
