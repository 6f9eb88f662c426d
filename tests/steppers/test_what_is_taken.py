"""What a stepper says that it takes, it takes; and who has more than it takes is refused, not served without."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import steppers
from meanfield.protocols import Array, Law, Method, Stepped, Stepper
from meanfield.runs.loop import steps
from meanfield.steppers.tables import DOP853, EULER, RK4, RK45

pytestmark = pytest.mark.rounding

OWN: dict[str, Stepper] = {
    "dop853": steppers.dop853(),
    "rk45": steppers.rk45(),
    "rk4": steppers.rk4(0.1),
    "euler": steppers.euler(0.1),
    "unprojected": steppers.euler_unprojected(0.1),
    "etd": steppers.etd(),
    "etdrk4": steppers.etdrk4(),
    "heun": steppers.heun(0.1),
    "maruyama": steppers.euler_maruyama(0.1),
}
ANGLES = [0.0, 1.0, 2.5]
RHO0 = mf.perturbed_uniform(mf.Circle(64), {1: 0.3})


class Decay(Method):
    """y' = linear y, shaken by s."""

    def __init__(self, rates: Any, s: float = 0.0) -> None:
        self.linear, self.s = None if rates is None else -np.asarray(rates, dtype=float), s

    def rhs(self, t: float, y: Array, out: Array) -> Array:
        out[...] = 0.0
        return out

    def pushed(self, t: float, y: Array, h: float) -> Array:
        return y.copy()

    def noise(self, t: float, y: Array) -> Any:
        return self.s


@dataclass(frozen=True)
class Plain(Stepper):
    """Euler's method; what it says of a linear part, which it adds, is up to the test."""

    size: float
    linear: Any = 2.0
    order = 1

    def step(self, method: Any, t: float, y: Array, h: Any, stop: float, rng: Any, keep: bool) -> Stepped:
        h = min(self.size, stop - t)
        out = np.empty_like(y)
        method.rhs(t, y, out)
        if method.linear is not None:
            out += method.linear * y
        return Stepped(stop if h == stop - t else t + h, method.retract(y + h * out), self.size, None, 1, 0)


@mf.register
@dataclass(frozen=True)
class Late(Law):
    """Kuramoto's pull, and noise once the points have come together: nothing of it is to be seen at the start."""

    isotropic = True
    autonomous = True

    def velocity(self, t: float, x: Array | None, mu: Any) -> Any:
        return mu.read(mf.Exponential(0.0), x, "M").M

    def noise(self, t: float, x: Array | None, mu: Any) -> Any:
        return np.maximum(np.linalg.norm(mu.mean, axis=-1) - 0.9, 0.0)


# --- what they say is true -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OWN)
def test_who_draws_noise_says_so(name: str) -> None:
    one, other = [
        OWN[name].step(Decay(None, 1.0), 0.0, np.ones(3), 0.1, 0.1, np.random.default_rng(seed), False).y
        for seed in (0, 1)
    ]
    assert np.array_equal(one, other) is not OWN[name].stochastic


@pytest.mark.parametrize("name", OWN)
def test_who_takes_a_linear_part_says_how_much_of_it(name: str) -> None:
    """A mode in balance is not among them: from 1 it must decay, by any step, if it moves at all."""
    stepper = OWN[name]
    for rate in (1.0, 30.0, 1e3):
        rng = np.random.default_rng(0)
        r = stepper.step(Decay([0.0, rate]), 0.0, np.ones(2), 0.1, 5.0, rng, False)
        assert r.y[0] == pytest.approx(1.0, abs=1e-14)
        if stepper.linear == 0.0:
            assert r.y[1] == 1.0
        else:
            assert abs(r.y[1]) < 1.0 and r.t * rate <= stepper.linear * (1.0 + 1e-9)


@pytest.mark.parametrize("table", [EULER, RK4, RK45, DOP853], ids=lambda table: table.name)
def test_stability_intervals(table: Any) -> None:
    """y' = -y by one step of z: it decays to the end of the interval, and grows beyond."""
    ends: dict[str, float] = {"euler": 2.0, "rk4": 2.785293563405282, "rk45": 3.306567892634952}  # HNW II, section IV.2

    def end(z: float) -> float:
        k = np.zeros(table.stages)
        for i in range(table.stages):
            k[i] = -z * (1.0 + table.A[i, : table.stages] @ k)
        return abs(1.0 + float(table.B @ k))

    assert end(table.damping) < 1.0 < end(table.damping / 0.9 + 0.01)
    if table.name in ends:
        assert table.damping == pytest.approx(0.9 * ends[table.name], abs=0.02)


# --- who has more is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OWN)
def test_noise_is_never_left_out(name: str) -> None:
    def run(method: Any, **options: Any) -> Any:
        return pt.simulate(mf.SA(1.0), ANGLES, (0.0, 0.2), [0.2], method=method, diffusion=1.0, **options)

    if not OWN[name].stochastic:
        with pytest.raises(ValueError, match=r'method: .* takes no noise.*use method="heun", step=0\.01'):
            run(OWN[name], rng=0)
        return
    drawn = run(OWN[name], rng=3)
    called = run({"maruyama": "euler-maruyama"}.get(name, name), step=0.1, rng=3)
    np.testing.assert_array_equal(drawn.x, called.x)
    np.testing.assert_array_equal(mf.resume(drawn, 0.4).x[-1], mf.resume(called, 0.4).x[-1])
    assert np.any(run(OWN[name]).x[-1] != run(OWN[name]).x[-1])  # a seed of its own, each


def test_noise_that_comes_later_is_not_left_out_either() -> None:
    with pytest.raises(ValueError, match=r"takes no noise, and at t = .*heun") as caught:
        pt.simulate(Late(), ANGLES, (0.0, 9.0))
    stopped: Any = vars(caught.value)["solution"]
    assert np.linalg.norm(stopped.measures[0].mean) < 0.9 < np.linalg.norm(stopped.rows[-1].mean(axis=0))
    with pytest.raises(ValueError, match="takes no noise"):
        mf.resume(stopped)
    assert pt.simulate(Late(), ANGLES, (0.0, 9.0), method="heun", step=0.1, rng=0).success


@pytest.mark.parametrize("name", OWN)
def test_diffusion_is_never_left_out(name: str) -> None:
    def run(**options: Any) -> Any:
        return mf.solve(mf.Diffusion(1.0), RHO0, (0.0, 1.0), t_eval=[1.0], **options)(1.0).coefficients[1]

    if OWN[name].stochastic or OWN[name].linear == 0.0:
        with pytest.raises(ValueError, match=r"stepper: .* (takes no linear part|draws noise).*leave it out"):
            run(stepper=OWN[name])
        assert run() == pytest.approx(0.15 * math.exp(-1.0), rel=1e-9)
        return
    # steps of 0.1, Euler's among them, are stable for modes that decay at 1024 only if they are cut
    assert run(stepper=OWN[name]) == pytest.approx(0.15 * math.exp(-1.0), rel=2e-3 if name == "euler" else 1e-9)


def test_a_stranger_is_taken_at_its_word() -> None:
    def run(stepper: Any, t: float = 0.1) -> Any:
        return mf.solve(mf.Diffusion(1.0), RHO0, (0.0, t), t_eval=[t], stepper=stepper).measures[-1].coefficients[1]

    with pytest.raises(ValueError, match=r"stepper: Plain takes no linear part.*linear = 2\.0"):
        run(Plain(1e-3, linear=0.0))
    for said in (True, None, "all", -1.0, math.nan):
        with pytest.raises(TypeError, match=r"stepper: Plain says linear = .*wanted a number"):
            run(Plain(1e-3, linear=said))
    assert run(Plain(1e-3)) == pytest.approx(0.15 * math.exp(-0.1), rel=1e-3)
    # one step of h |linear| = 3.5 was a success once, its modes having grown from rounding to less than the tail
    with pytest.raises(ValueError, match=r"Plain: its step .* stable to 0\.00195.*shorter steps"):
        run(Plain(3.5 / 1024.0), 3.5 / 1024.0)


def test_the_loop_refuses_what_no_door_saw() -> None:
    y = np.ones(2)
    with pytest.raises(ValueError, match="takes no linear part"):
        next(steps(Decay([1.0, 2.0]), y, 0.0, [1.0], Plain(0.1, linear=0.0)))
    with pytest.raises(ValueError, match=r"takes no noise, and at t = 0\.0"):
        next(steps(Decay(None, 1.0), y, 0.0, [1.0], Plain(0.1)))
    assert next(steps(Decay([0.0, 2.0]), y, 0.0, [1.0], Plain(1.0))).t == 1.0


def test_a_stepper_has_its_own_step() -> None:
    with pytest.raises(ValueError, match=r"step: got 0\.2, but a FixedStep has its own: leave it out"):
        pt.simulate(mf.SA(1.0), ANGLES, (0.0, 0.2), method=steppers.rk4(0.1), step=0.2)
