"""Noise that all tokens share: one path for each replica, against closed forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.methods.cloud import OnPoints, Tokens
from meanfield.steppers import euler_maruyama

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(float).eps)
KAPPA = 0.3
MANY = 4000
STEPS: dict[str, Any] = {"method": "euler-maruyama", "step": 0.02, "rng": 1}


def shared(geometry: Any = "sphere") -> mf.Diffusion:
    return mf.Diffusion(KAPPA, geometry, common=True)


@pytest.mark.parametrize("method", ["heun", "euler-maruyama"])
def test_in_space_differences_stay_and_all_move_by_one_gaussian(method: Any) -> None:
    """Seen: without `common` every token by a path of its own; Var x(t) = 2 kappa t in every direction."""
    x = np.broadcast_to(np.array([[0.0, 0.0], [1.0, -2.0], [0.3, 0.4]]), (MANY, 3, 2))
    run = pt.simulate(shared("flat"), x, (0.0, 1.0), [1.0], method=method, step=0.25, rng=0)
    moved = run.x[-1] - x
    # four steps of rounding of numbers of this size
    np.testing.assert_allclose(moved, moved[:, :1] + 0.0 * moved, rtol=0.0, atol=32.0 * EPS * np.abs(run.x).max())
    path = moved[:, 0]
    var = 2.0 * KAPPA
    assert np.all(np.abs(path.mean(axis=0)) < 4.5 * np.sqrt(var / MANY))
    np.testing.assert_allclose(np.cov(path.T), var * np.eye(2), rtol=0.0, atol=4.5 * var * np.sqrt(2.0 / MANY))


@pytest.mark.parametrize("d", [2, 3, 5])
def test_on_spheres_each_moves_as_by_its_own_and_near_ones_close_in(d: int) -> None:
    """E <x(t), x(0)> = e^{-kappa (d - 1) t}; log |x - y| has mean -kappa (d - 1) t and variance 2 kappa t."""
    t, pole = 0.4, np.eye(d)[0]
    x = np.broadcast_to(geometry.retract(np.stack([pole, pole + 1e-6 * np.eye(d)[1]])), (MANY, 2, d))
    start = geometry.to_angles(x) if d == 2 else x
    run = pt.simulate(shared(), start, (0.0, t), [t], angles=d == 2, **STEPS)
    away = np.sum(run.measures[-1].x[:, 0] * pole, axis=-1)
    assert abs(away.mean() - np.exp(-KAPPA * (d - 1) * t)) < 4.5 * away.std() / np.sqrt(MANY) + 0.01 * KAPPA * d
    place = run.measures[-1].geometry
    near = place.chord(run.measures[-1].points[:, 0], run.measures[-1].points[:, 1])
    log, var = np.log(near / 1e-6), 2.0 * KAPPA * t
    # of a step of size h the mean is off by O(kappa^2 d h t)
    assert abs(log.mean() + KAPPA * (d - 1) * t) < 4.5 * np.sqrt(var / MANY) + KAPPA**2 * d * 0.02
    assert abs(log.var() / var - 1.0) < 4.5 * np.sqrt(2.0 / MANY) + 0.02 * d


def test_differences_of_angles_are_a_martingale() -> None:
    """d delta = 2 s sin(delta / 2) dW, without drift."""
    start = np.broadcast_to([0.0, 2.0], (MANY, 2))
    run = pt.simulate(shared(), start, (0.0, 1.0), [1.0], angles=True, **STEPS)
    delta = run.theta[-1, :, 1] - run.theta[-1, :, 0]
    assert abs(delta.mean() - 2.0) < 4.5 * delta.std() / np.sqrt(MANY) and 0.3 < delta.std() < 2.0
    # of a step the variance is 4 s^2 sin^2(delta / 2) h, of noises of their own 2 s^2 h
    one = pt.simulate(shared(), start, (0.0, 1e-4), [1e-4], angles=True, method="euler-maruyama", step=1e-4, rng=0)
    first = np.diff(one.theta[-1], axis=-1)[:, 0] - 2.0
    wanted = 4.0 * 2.0 * KAPPA * np.sin(1.0) ** 2 * 1e-4
    assert abs(first.var() / wanted - 1.0) < 4.5 * np.sqrt(2.0 / MANY)


class Path(np.random.Generator):
    """Normal numbers that are sums of a path's own increments, `every` of them a step."""

    def __init__(self, xi: Any, every: int) -> None:
        super().__init__(np.random.PCG64(0))
        self.left = iter(xi.reshape(-1, every, *xi.shape[1:]).sum(axis=1) / np.sqrt(every))

    def standard_normal(self, *size: Any, **more: Any) -> Any:
        return next(self.left)


def test_on_the_circle_steps_are_of_strong_order_one_half() -> None:
    """Against the same path in steps 64 times as short; the fields sin and cos do not commute."""
    fine, many = 512, 400
    xi = np.random.default_rng(3).standard_normal((fine, many, 1, 2))
    law, y0 = mf.USA(1.0) + shared(), np.broadcast_to([0.0, 1.0, 2.5], (many, 3))
    method = Tokens(law, OnPoints(np.full(3, 1.0 / 3.0), geometry.ANGLES))

    def end(every: int) -> Any:
        stepper, rng = euler_maruyama(1.0), Path(xi, every)
        y, h = y0, every / fine
        for i in range(fine // every):
            y = stepper.step(method, i * h, y, None, (i + 1) * h, rng, False).y
        return y

    exact = end(1)
    errors = [float(np.abs(end(every) - exact).mean()) for every in (128, 64, 32)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all((orders > 0.3) & (orders < 0.75)), orders


def test_own_noise_and_shared_noise_add() -> None:
    """In R^d: covariance 2 kappa_1 t I between tokens, and 2 kappa_2 t more of each with itself."""
    law = mf.Diffusion(0.1, "flat") + mf.Diffusion(KAPPA, "flat", common=True) + mf.Diffusion(0.1, "flat", common=True)
    run = pt.simulate(law, np.zeros((MANY, 2, 1)), (0.0, 1.0), [1.0], method="heun", step=0.5, rng=2)
    covariance = np.cov(run.x[-1, :, :, 0].T)
    wanted = 2.0 * (KAPPA + 0.1) + 0.2 * np.eye(2)
    np.testing.assert_allclose(covariance, wanted, rtol=0.0, atol=4.5 * wanted[0, 0] * np.sqrt(2.0 / MANY))
    assert law.common and float(law.noise(0.0, None, None)) == pytest.approx(np.sqrt(2.0 * 0.5))  # type: ignore[arg-type]


def test_a_density_refuses_it_by_name() -> None:
    rho = mf.perturbed_uniform(mf.Circle(32), {1: 0.3})
    for ask in (
        lambda: mf.solve(mf.SA(1.0) + shared(), rho, (0.0, 0.1)),
        lambda: mf.solve(mf.Frozen(shared(), [0.0]), rho, (0.0, 0.1), method="lagrangian"),
        lambda: mf.growth_rates(mf.SA(1.0) + shared(), 2, 3),
    ):
        with pytest.raises(ValueError, match=r"law: .*common=True.* noise that all tokens share.*pt\.simulate"):
            ask()
    moved = pt.simulate(mf.SA(1.0) + shared(), rho.sample(50, rng=0), (0.0, 0.1), method="heun", step=0.01, rng=0)
    assert moved.success  # what it says


def test_saved_and_gone_on_with_it_is_the_longer_run(tmp_path: Any) -> None:
    law = mf.SA(1.0) + shared()
    whole, part = (pt.simulate(law, [0.0, 1.0], (0.0, t), [t], **STEPS) for t in (0.4, 0.2))
    part.save(tmp_path / "run.nc")
    back = mf.load(tmp_path / "run.nc")
    assert back.law == law and "common=True" in str(back.law)
    np.testing.assert_array_equal(mf.resume(back, 0.4, t_eval=[0.4]).theta[-1], whole.theta[-1])


@dataclass(frozen=True)
class Own(type(euler_maruyama(0.1))):  # type: ignore[misc]
    """A stepper that draws for each point, and says nothing of what they share."""

    shared = False


def test_a_stepper_that_does_not_know_it_is_refused() -> None:
    with pytest.raises(ValueError, match=r"method: Own draws no noise that all points share.*shared = True"):
        pt.simulate(shared(), [0.0, 1.0], (0.0, 1.0), method=Own(0.1), rng=0)
    assert pt.simulate(mf.Diffusion(0.1), [0.0, 1.0], (0.0, 0.2), method=Own(0.1), rng=0).success
