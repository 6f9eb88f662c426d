"""Exponential steps and the phi functions."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
from scipy.special import ive

from meanfield.protocols import Method, Status, Stop
from meanfield.steppers import ExponentialCollocation, dop853, etd, etdrk4, evaluate, phi, phis
from meanfield.steppers import collocation as room
from meanfield.steppers import exponential as krogstad
from meanfield.steppers.diagonal import grid, on_grid

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

class Split(Method):
    """y' = linear y + f(t, y), counting."""

    def __init__(self, f: Any, linear: Any = None) -> None:
        self.f, self.linear, self.evaluations = f, linear, 0
        self.times: list[float] = []

    def rhs(self, t: float, y: Any, out: Any) -> Any:
        self.evaluations += 1
        self.times.append(t)
        out[...] = self.f(t, y)
        return out


class Attention(Method):
    """SA with diffusion on the circle by its Fourier coefficients, as plainly as can be written."""

    def __init__(self, beta: float, kappa: float, size: int) -> None:
        self.k = np.arange(size)
        self.q, self.beta, self.nodes = ive(self.k, beta) / ive(0, beta), beta, 4 * size
        self.linear = -kappa * self.k**2.0

    def rhs(self, t: float, y: Any, out: Any) -> Any:
        n = self.nodes
        rho, z = np.fft.irfft(y, n) * n, np.fft.irfft(self.q * y, n) * n
        x = np.fft.irfft(1j * self.k * self.q * y / self.beta, n) * n / z
        out[...] = -1j * self.k * (np.fft.rfft(rho * x) / n)[: y.size]
        return out

    def initial(self) -> Any:
        c = np.zeros(self.k.size, dtype=complex)
        c[:3] = 1, 0.15, -0.1j
        return c


def integrate(stepper: Any, method: Any, t: float, y: Any, end: float, h: Any = None, keep: bool = False) -> Any:
    steps = []
    while t < end:
        r = stepper.step(method, t, y, h, end, None, keep)
        t, y, h = r.t, r.y, r.h
        steps.append(r)
    assert t == end
    return y, steps


def uniform(stepper: Any, method: Any, t: float, y: Any, end: float, n: int, keep: bool = False) -> Any:
    """n equal steps."""
    betweens = []
    for i in range(n):
        stop = t + (end - t) / (n - i)
        r = stepper.step(method, t, y, end - t, stop, None, keep)
        assert r.t == stop and r.rejections == 0
        t, y = r.t, r.y
        betweens.append(r.between)
    return y, betweens


def loose(order: int | None = None) -> Any:
    """Accepts every step."""
    return etdrk4(0.0, 1e200) if order is None else ExponentialCollocation(order=order, rtol=0.0, atol=1e200)


def stiff(kappa: float, count: int) -> tuple[Split, Any]:
    """Modes k < count of decay kappa k^2, coupled and forced so that y_k = cos(t + k) / (1 + k)^2."""
    k = np.arange(count)
    amplitude, linear = 1.0 / (1.0 + k) ** 2, -kappa * k**2.0

    def exact(t: Any) -> Any:
        return amplitude * np.cos(np.asarray(t)[..., None] + k)

    def coupling(y: Any) -> Any:
        return np.sin(y + y[::-1]) + y.sum() * y

    def f(t: float, y: Any) -> Any:
        y_exact = exact(t)
        return coupling(y) - coupling(y_exact) - amplitude * np.sin(t + k) - linear * y_exact

    return Split(f, linear), exact


def orders(errors: Any) -> Any:
    return np.log2(np.array(errors[:-1]) / np.array(errors[1:]))


# --- phi ---------------------------------------------------------------------------------------------------


def phi_exactly(k: int, z: complex) -> Any:
    with mp.workdps(60 + 22 * k):
        value = mp.exp(mp.mpmathify(z))
        for j in range(k if z else 0):
            value = (value - 1 / mp.factorial(j)) / mp.mpmathify(z)
        return +value if z else 1 / mp.factorial(k)


@pytest.mark.parametrize("k", [0, 1, 2, 3, 5, 8, 13, 24])
def test_phi_on_the_real_line(k: int) -> None:
    z = np.concatenate([-np.logspace(-18, 5, 47), np.logspace(-18, 2.5, 21), [0.0, -31.99, -32.0, -32.01, 32.01]])
    for value, at in zip(phi(k, z), z, strict=True):
        want = phi_exactly(k, float(at)) if k or at > -700 else 0.0
        assert abs(value - want) <= (1e-14 + 2e-16 * abs(at) * (at > 0 or k == 0)) * abs(want)


@pytest.mark.parametrize("k", [1, 2, 5, 8])
def test_phi_of_complex_numbers(k: int) -> None:
    z = np.array([[1j, 10j, 31j], [-5 + 20j, -30 + 3j, -1e4 + 3j]])
    values = phi(k, z)
    assert values.shape == z.shape
    for value, at in zip(values.ravel(), z.ravel(), strict=True):
        assert abs(value - complex(phi_exactly(k, complex(at)))) <= 1e-14 * abs(phi_exactly(k, complex(at)))


def test_phis_by_shape_and_refusal() -> None:
    assert phis(3, np.zeros((2, 5))).shape == (3, 2, 5)
    few = 8.0 * EPS  # sums of positive terms, added in another order
    np.testing.assert_allclose(phis(8, -2.5)[4], phi(5, -2.5), rtol=few)
    many = -np.linspace(0.0, 40.0, 10_001)
    np.testing.assert_allclose(phis(2, many)[1][::997], phi(2, many[::997]), rtol=few)
    for bad in (-1, 25):
        with pytest.raises(ValueError, match="k:"):
            phi(bad, 0.0)
        with pytest.raises(ValueError, match="count:"):
            phis(bad, 0.0)


# --- collocation's weights ---------------------------------------------------------------------------------


@pytest.mark.parametrize("z", [0.0, -1e-3, -1.0, -30.0, -35.0, -41.0, -300.0, -1e4, -1e7])
def test_weights_are_the_integrals(z: float) -> None:
    nodes = room.radau(8)
    ends = (float(nodes[1]), float(nodes[5]), 1.0)
    for c, weights in zip(ends, room.Rules.of([(c, nodes) for c in ends])(np.array([z]))[..., 0], strict=True):
        with mp.workdps(60):
            for m, weight in enumerate(weights):
                others = [mp.mpf(float(x)) for j, x in enumerate(nodes) if j != m]
                scale = mp.fprod(mp.mpf(float(nodes[m])) - x for x in others)
                # int_0^c e^{(c-x)z} x^i dx = c^(i+1) i! phi_(i+1)(cz)
                coefficients = [mp.mpf(1)]
                for x in others:
                    coefficients = [
                        a - x * b for a, b in zip([mp.mpf(0), *coefficients], [*coefficients, mp.mpf(0)], strict=True)
                    ]
                want = (
                    mp.fsum(
                        a * mp.factorial(i) * mp.mpf(c) ** (i + 1) * phi_exactly(i + 1, c * z)
                        for i, a in enumerate(coefficients)
                    )
                    / scale
                )
                # 28 terms, each of them a product of seven factors
                assert abs(weight - float(want)) <= 32.0 * EPS * np.abs(weights).max()


def test_the_ladder_is_made_of_radau_points() -> None:
    for n in range(1, 11):
        nodes = room.radau(n)
        assert nodes[0] == 0.0 and np.all(np.diff(nodes) > 0) and nodes[-1] < 1.0
        weights = room.Rules.of([(1.0, nodes)])(np.zeros(1))[0, :, 0]
        for power in range(2 * n - 1):  # a Radau rule is exact to degree 2n - 2
            assert weights @ nodes**power == pytest.approx(1 / (power + 1), abs=1e-14)


def test_grid_of_steps() -> None:
    for h in (1.0, 0.1, 3.7e-9, 1e6 / 7):
        assert 8 / 9 * h < grid(h) <= h and grid(grid(h)) == grid(h)
    assert on_grid((1e3 + 0.125) - 1e3, 1e3 + 0.125) == 0.125
    h = grid(0.01)
    assert on_grid((1e3 + h) - 1e3, 1e3 + h) == h
    assert on_grid(0.0101, 1.0) == 0.0101


# --- orders ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "counts"),
    [(3, (40, 80, 160)), (4, (20, 40, 80)), (5, (10, 20, 40)), (6, (16, 32)), (7, (16, 32)),
     (8, (8, 16)), (9, (8, 16)), (None, (20, 40, 80))],
)  # fmt: skip
def test_observed_order_on_a_scalar(order: int | None, counts: tuple[int, ...]) -> None:
    def f(t: float, y: Any) -> Any:
        return y**2 - np.cos(t) ** 2 - np.sin(t) + 1.5 * np.cos(t)

    method, start, end = Split(f, np.array([-1.5])), np.ones(1), 2.0
    errors = [abs(uniform(loose(order), method, 0.0, start, end, n)[0][0] - np.cos(end)) for n in counts]
    assert orders(errors)[-1] == pytest.approx(order or 5, abs=0.3 if order in (8, 9) else 0.2)


@pytest.mark.parametrize(("order", "counts"), [(4, (16, 32)), (6, (8, 16)), (8, (5, 10)), (None, (16, 32))])
@pytest.mark.parametrize("kappa", [0.01, 1.0])
def test_observed_order_on_a_stiff_system(order: int | None, counts: tuple[int, int], kappa: float) -> None:
    method, exact = stiff(kappa, 500)  # h L reaches -1e4 to -5e4 at kappa = 1
    errors = [np.abs(uniform(loose(order), method, 0.0, exact(0.0), 2.0, n)[0] - exact(2.0)).max() for n in counts]
    assert orders(errors)[-1] > (order - 0.2 if order else 3.6)  # Krogstad's order falls on rough stiff data


@pytest.mark.parametrize(("order", "local"), [(4, 5), (6, 7), (8, 9), (None, 5)])
def test_observed_order_of_dense_output(order: int | None, local: int) -> None:
    method, exact = stiff(0.3, 40)
    errors = []
    for h in (0.25, 0.125) if order == 8 else (0.0625, 0.03125):
        r = loose(order).step(method, 0.3, exact(0.3), h, 0.3 + h, None, True)
        t = 0.3 + h * np.linspace(0.0, 1.0, 11)
        errors.append(np.abs(evaluate(r.between, t) - exact(t)).max())
        np.testing.assert_allclose(evaluate(r.between, r.t), r.y, rtol=0.0, atol=1e-5 if order is None else 1e-13)
    assert orders(errors)[-1] > local - 0.4


def test_krogstads_step_itself_is_of_order_four() -> None:
    method, exact = stiff(0.05, 30)
    errors = []
    for n in (20, 40, 80):
        y = exact(0.0)
        for i in range(n):
            one = krogstad._Doubling(method, 2.0 * i / n, y)
            y = one.single(one.t, y, one.start, 2.0 / n)
        errors.append(np.abs(y - exact(2.0)).max())
    assert orders(errors)[-1] == pytest.approx(4.0, abs=0.2)


def test_a_linear_problem_is_solved_exactly() -> None:
    linear = -np.array([0.0, 1e-3, 1.0, 50.0, 1e4])
    y0 = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    for stepper in (etd(), etdrk4()):
        y, steps = integrate(stepper, Split(lambda t, y: 0.0, linear), 0.0, y0, 3.0, keep=True)
        np.testing.assert_allclose(y, np.exp(3.0 * linear) * y0, rtol=1e-14)
        middle = steps[-1].between
        t = (middle.t0 + middle.t1) / 2
        np.testing.assert_allclose(evaluate(middle, t), np.exp(t * linear) * y0, rtol=1e-13)


def test_a_balance_held_by_diffusion_stays() -> None:
    linear, force = -np.array([1.0, 1e3, 1e6]), np.array([1.0, 2.0, 3.0])
    for stepper in (etd(), etdrk4()):
        y, steps = integrate(stepper, Split(lambda t, y: force, linear), 0.0, -force / linear, 100.0)
        np.testing.assert_allclose(y, -force / linear, rtol=1e-14)
        assert len(steps) < 12


# --- the real thing ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def attention() -> Any:
    method = Attention(4.0, 0.05, 32)
    truth, _ = integrate(dop853(1e-13, 1e-16), method, 0.0, method.initial(), 2.0)
    return method, truth


@pytest.mark.parametrize(("rtol", "budget"), [(1e-6, 150), (1e-8, 220), (1e-10, 330), (1e-12, 600)])
def test_attention_with_noise(attention: Any, rtol: float, budget: int) -> None:
    method, truth = attention
    y, steps = integrate(etd(rtol, rtol / 1e3), method, 0.0, method.initial(), 2.0)
    assert np.abs(y - truth).max() < max(rtol / 10, 2e-14)
    assert sum(r.evaluations for r in steps) <= budget
    assert y[0] == 1.0  # no diffusion and no slope in the mass


def test_etdrk4_agrees(attention: Any) -> None:
    method, truth = attention
    y, steps = integrate(etdrk4(1e-8, 1e-11), method, 0.0, method.initial(), 2.0, keep=True)
    assert np.abs(y - truth).max() < 1e-9
    assert sum(r.evaluations for r in steps) == 14 * len(steps) + 1 + 10 * sum(r.rejections for r in steps)
    half = min(steps, key=lambda r: abs(r.t - 1.0)).between
    t = (half.t0 + half.t1) / 2
    want, _ = integrate(etd(1e-12, 1e-15), method, 0.0, method.initial(), t)
    assert np.abs(evaluate(half, t) - want).max() < 1e-8


def test_dense_output_is_as_good_as_the_steps(attention: Any) -> None:
    method, _ = attention
    _, steps = integrate(etd(1e-10, 1e-13), method, 0.0, method.initial(), 2.0, keep=True)
    for r in steps[:: len(steps) // 4]:
        t = r.between.t0 + 0.37 * (r.between.t1 - r.between.t0)
        want, _ = integrate(etd(1e-13, 1e-16), method, 0.0, method.initial(), t)
        assert np.abs(evaluate(r.between, t) - want).max() < 2e-11


def test_without_a_linear_part() -> None:
    w = np.array([[1.0, -2.0], [0.3, 0.7]])
    y0 = (1.0 + 0.5j) * np.ones((2, 2))
    for stepper in (etd(1e-11, 1e-13), etdrk4(1e-10, 1e-13)):
        y, steps = integrate(stepper, Split(lambda t, y: 1j * w * y), 0.0, y0, 2.0, keep=True)
        np.testing.assert_allclose(y, np.exp(2j * w) * y0, rtol=1e-9)
        assert steps[0].between.linear is None
        t = steps[1].between.t0 + 0.01
        np.testing.assert_allclose(evaluate(steps[1].between, t), np.exp(1j * t * w) * y0, rtol=1e-8)


# --- landing, trouble, purity ------------------------------------------------------------------------------

BOTH = pytest.mark.parametrize("stepper", [etd(1e-9, 1e-12), etdrk4(1e-6, 1e-9)], ids=["etd", "etdrk4"])


@BOTH
def test_landing_is_exact_and_does_not_shorten_h(stepper: Any) -> None:
    method, exact = stiff(0.1, 30)
    for stop in (0.03 * (1 - 1e-3), 0.01, 1e-7, 1e-14):
        r = stepper.step(method, 0.0, exact(0.0), 0.03, stop, None, False)
        assert r.t == stop
        assert r.h >= grid(0.03)
    t, y, h = 0.1, exact(0.1), None
    for stop in (0.1 + 0.2, 0.7, 0.7 + 2.3e-16, 0.7 + 1e-13, 1.9):
        while t < stop:
            r = stepper.step(method, t, y, h, stop, None, False)
            t, y, h = r.t, r.y, r.h
        assert t == stop
    assert np.abs(y - exact(1.9)).max() < 1e-5
    method.times.clear()
    stepper.step(method, 0.2, exact(0.2), None, 0.2001, None, True)
    assert min(method.times) >= 0.2 and max(method.times) <= 0.2001 + 1e-16


def test_the_methods_limit_is_kept_up_to_the_reach() -> None:
    """Oscillations within the reach do not grow; beyond it they do."""
    for stepper, reach in ((loose(8), room.reach(8)), (loose(4), room.reach(4)), (loose(None), krogstad.REACH)):
        for factor in (1.0, 1.3):
            w = factor * reach
            r = stepper.step(Split(lambda t, y, w=w: 1j * w * y), 0.0, np.ones(1, dtype=complex), 1.0, 1.0, None, False)
            assert (abs(r.y[0]) <= 1.001) == (factor == 1.0)

        class Limited(Split):
            def slope(self, t: float, y: Any, out: Any) -> float:
                self.rhs(t, y, out)
                return 0.01

        r = stepper.step(Limited(lambda t, y: -y), 0.0, np.ones(1), 1.0, 1.0, None, False)
        assert 8 / 9 * 0.01 * reach < r.t <= 0.01 * reach


@BOTH
def test_steps_repeat_their_sizes(stepper: Any) -> None:
    method, exact = stiff(0.1, 30)
    _, steps = integrate(stepper, method, 0.3, exact(0.3), 4.3)
    sizes = {r.h for r in steps[2:]}
    assert all(grid(h) == h for h in sizes) and len(sizes) <= 8


@BOTH
def test_nan_in_mid_run(stepper: Any) -> None:
    def dies(t: float, y: Any) -> Any:
        return np.sin(y) if t < 0.5 else np.full_like(y, np.nan)

    method = Split(dies, -np.arange(3.0))
    t, y, h = 0.0, np.ones(3), None
    with pytest.raises(Stop) as stop:
        while t < 1.0:
            r = stepper.step(method, t, y, h, 1.0, None, False)
            t, y, h = r.t, r.y, r.h
            assert np.isfinite(y).all()
    assert stop.value.status is Status.NOT_FINITE
    assert 0.4 < t <= 0.51
    with pytest.raises(Stop):
        stepper.step(method, 0.0, np.array([1.0, np.nan, 1.0]), 0.1, 1.0, None, False)


@BOTH
def test_bad_input_is_named(stepper: Any) -> None:
    for linear in (np.array([1.0, -1.0]), np.array([-1j, 0.0]), np.array([np.nan, 0.0])):
        with pytest.raises(ValueError, match="linear"):
            stepper.step(Split(lambda t, y: y, linear), 0.0, np.ones(2), None, 1.0, None, False)
    with pytest.raises(ValueError, match="order"):
        ExponentialCollocation(order=11)


@BOTH
def test_same_arguments_same_bits(stepper: Any) -> None:
    method, exact = stiff(0.1, 30)
    y0 = exact(0.3)
    first = stepper.step(method, 0.3, y0, 0.1, 1.0, None, True)
    room._weights.cache_clear()
    again = stepper.step(method, 0.3, y0, 0.1, 1.0, None, True)
    assert (first.t, first.h, first.evaluations) == (again.t, again.h, again.evaluations)
    np.testing.assert_array_equal(first.y, again.y)
    np.testing.assert_array_equal(first.between.terms, again.between.terms)
    np.testing.assert_array_equal(y0, exact(0.3))
    assert not np.shares_memory(first.y, again.y)


@BOTH
def test_equal_rates_share_their_weights(stepper: Any) -> None:
    def f(t: float, y: Any) -> Any:
        return np.cos(y) * np.arange(1.0, 7.0)

    linear = -np.array([0.0, 2.0, 2.0, 30.0, 30.0, 30.0])
    y0 = np.linspace(0.1, 0.6, 6)
    shared = stepper.step(Split(f, linear), 0.0, y0, 0.03125, 1.0, None, False)
    apart = stepper.step(Split(f, linear * (1 + 1e-13 * np.arange(6))), 0.0, y0, 0.03125, 1.0, None, False)
    np.testing.assert_allclose(shared.y, apart.y, rtol=1e-12)
    assert shared.t == apart.t
