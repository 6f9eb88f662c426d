"""Explicit Runge-Kutta steps, their tables, their dense output and their step sizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import RK45 as SCIPY_RK45
from scipy.integrate import solve_ivp
from scipy.integrate._ivp import dop853_coefficients as hairer

from meanfield.protocols import Method, Status, Stop
from meanfield.steppers import ExplicitRungeKutta, FixedStep, dop853, euler, evaluate, rk4, rk45
from meanfield.steppers.control import Adaptive
from meanfield.steppers.tables import DOP853, EULER, RK4, RK45, Table

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)

TABLES = [EULER, RK4, RK45, DOP853]


class Ode(Method):
    """y' = linear y + f(t, y), counting."""

    def __init__(self, f: Any, linear: Any = None) -> None:
        self.f, self.linear, self.evaluations = f, linear, 0
        self.times: list[float] = []

    def rhs(self, t: float, y: Any, out: Any) -> Any:
        self.evaluations += 1
        self.times.append(t)
        out[...] = self.f(t, y)
        return out


class Sphere(Ode):
    """On unit rows."""

    def retract(self, y: Any) -> Any:
        return y / np.linalg.norm(y, axis=-1, keepdims=True)


def integrate(stepper: Any, method: Any, t: float, y: Any, end: float, keep: bool = False) -> Any:
    """Steps to the end: final state, and what every step returned."""
    h, steps = None, []
    while t < end:
        r = stepper.step(method, t, y, h, end, None, keep)
        t, y, h = r.t, r.y, r.h
        steps.append(r)
    assert t == end
    return y, steps


def exact(t: Any) -> Any:
    """Solves `smooth` from [1, 1, 1 + 0i]."""
    return np.stack([1 / (1 + t**2), np.exp(np.sin(t)), np.exp(1j * (t + t**2 / 2))], axis=-1)


def smooth(t: float, y: Any) -> Any:
    return np.stack([-2 * t * y[0] ** 2, np.cos(t) * y[1], 1j * (1 + t) * y[2]])


def van_der_pol(t: float, y: Any) -> Any:
    return np.array([y[1], 2 * (1 - y[0] ** 2) * y[1] - y[0]])


def slope(h: Any, error: Any) -> float:
    return float(np.polyfit(np.log(h), np.log(error), 1)[0])


# --- tables ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_tables_satisfy_order_conditions(table: Table) -> None:
    A, b, c, s = table.A, table.B, np.array(table.c), table.stages
    np.testing.assert_allclose(A.sum(1), c, rtol=0.0, atol=3e-14)
    for k in range(table.order):  # quadrature: b c^k = 1 / (k + 1)
        assert b @ c[:s] ** k == pytest.approx(1 / (k + 1), abs=1e-14)
    tall = size = np.ones(s)
    for k in range(1, table.order):  # tall trees: b A^k 1 = 1 / (k + 1)!
        tall, size = A[:s, :s] @ tall, np.abs(A[:s, :s]) @ size
        assert b @ tall == pytest.approx(1 / math.factorial(k + 1), abs=8.0 * EPS * float(np.abs(b) @ size))
    for k in range(1, table.order - 1):  # bushes on a stem: b A c^k = 1 / ((k + 1) (k + 2))
        assert b @ A[:s, :s] @ c[:s] ** k == pytest.approx(1 / ((k + 1) * (k + 2)), abs=1e-14)
    for e in table.errors:
        assert sum(e) == pytest.approx(0, abs=1e-14)
    end = np.zeros(len(table.a))
    end[:s] = b
    whole = 1 / np.arange(1, len(table.P) + 1)
    limit = 8.0 * EPS * (np.abs(table.P.T) @ whole).max()
    np.testing.assert_allclose(table.P.T @ whole, end, rtol=0.0, atol=limit)
    assert hash(table) and table.source


def test_dop853_is_hairers() -> None:
    np.testing.assert_array_equal(DOP853.A, hairer.A)
    np.testing.assert_array_equal(DOP853.B, hairer.B)
    np.testing.assert_array_equal(DOP853.c, hairer.C)
    np.testing.assert_array_equal(DOP853.E, [hairer.E5[:12], hairer.E3[:12]])
    np.testing.assert_array_equal(DOP853.nested, hairer.D)


def test_rk45_is_dormand_and_princes() -> None:
    np.testing.assert_array_equal(RK45.A[:6, :5], SCIPY_RK45.A)
    np.testing.assert_array_equal(RK45.B, SCIPY_RK45.B)
    np.testing.assert_array_equal(-RK45.E[0], SCIPY_RK45.E)
    np.testing.assert_allclose(RK45.P, SCIPY_RK45.P.T * np.arange(1, 5)[:, None], rtol=0.0, atol=1e-14)


# --- orders ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "counts"), [(EULER, (400, 800)), (RK4, (40, 80)), (RK45, (30, 60)), (DOP853, (8, 16))]
)
def test_observed_order(table: Table, counts: tuple[int, int]) -> None:
    errors = []
    for n in counts:
        y, steps = integrate(FixedStep(table, 2 / n), Ode(smooth), 0.0, exact(0.0), 2.0)
        assert len(steps) == n
        errors.append(np.abs(y - exact(2.0)).max())
    assert slope([1 / n for n in counts], errors) == pytest.approx(table.order, abs=0.2)


@pytest.mark.parametrize(("table", "h"), [(EULER, 0.01), (RK4, 0.05), (RK45, 0.05), (DOP853, 0.2)])
def test_observed_order_of_dense_output(table: Table, h: float) -> None:
    errors = []
    for size in (h, h / 2):
        between = FixedStep(table, size).step(Ode(smooth), 0.5, exact(0.5), None, 0.5 + size, None, True).between
        assert between is not None
        t = 0.5 + size * np.linspace(0.1, 0.9, 9)
        errors.append(np.abs(evaluate(between, t) - exact(t)).max())
    assert slope([h, h / 2], errors) == pytest.approx(table.dense_order + 1, abs=0.2)


def test_dense_output_is_as_good_as_the_steps() -> None:
    _, steps = integrate(dop853(1e-10, 1e-13), Ode(smooth), 0.0, exact(0.0), 3.0, keep=True)
    P = DOP853.P
    cancels = (np.abs(P.T) @ (1 / np.arange(1, len(P) + 1))).max()  # in a sum of stages, at the step's end
    for r in steps:
        speed = np.abs(smooth(r.t, r.y)).max()
        limit = 8.0 * EPS * (1.0 + cancels * (r.between.t1 - r.between.t0) * speed)
        t = np.linspace(r.between.t0, r.between.t1, 7)
        assert np.abs(evaluate(r.between, t) - exact(t)).max() < 5e-10
        np.testing.assert_allclose(evaluate(r.between, r.t), r.y, rtol=0.0, atol=limit)


# --- adaptive steps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rtol", [1e-6, 1e-9, 1e-12])
def test_dop853_against_scipy(rtol: float) -> None:
    y0 = np.array([2.0, 0.0])
    truth = solve_ivp(van_der_pol, (0, 20), y0, method="DOP853", rtol=3e-14, atol=1e-16).y[:, -1]
    theirs = solve_ivp(van_der_pol, (0, 20), y0, method="DOP853", rtol=rtol, atol=rtol / 100)
    y, steps = integrate(dop853(rtol, rtol / 100), Ode(van_der_pol), 0.0, y0, 20.0)
    assert sum(r.evaluations for r in steps) == pytest.approx(theirs.nfev, rel=0.15)
    assert np.abs(y - truth).max() < max(3 * np.abs(theirs.y[:, -1] - truth).max(), 2e-13)


def test_rk45_against_scipy() -> None:
    y0 = np.array([2.0, 0.0])
    theirs = solve_ivp(van_der_pol, (0, 20), y0, method="RK45", rtol=1e-7, atol=1e-9)
    y, steps = integrate(rk45(1e-7, 1e-9), Ode(van_der_pol), 0.0, y0, 20.0)
    assert len(steps) == pytest.approx(theirs.t.size - 1, rel=0.15)
    truth, _ = integrate(dop853(1e-13, 1e-15), Ode(van_der_pol), 0.0, y0, 20.0)
    assert np.abs(y - truth).max() < 3 * np.abs(theirs.y[:, -1] - truth).max()


def test_evaluations_are_counted_and_few() -> None:
    method = Ode(smooth)
    for keep, cost in ((False, 12), (True, 18)):
        method.evaluations = 0
        _, steps = integrate(dop853(1e-10, 1e-13), method, 0.0, exact(0.0), 3.0, keep=keep)
        assert method.evaluations == sum(r.evaluations for r in steps)
        # the first looks for its h; a step thrown away for its dense output had that made
        dense = cost - 12
        assert all(0 <= r.evaluations - cost - 11 * r.rejections <= dense * r.rejections for r in steps[1:])
        assert method.evaluations <= 34 * cost


def test_the_next_step_by_the_error() -> None:
    def advance(*errors: float) -> tuple[float, int]:
        queue = iter(errors)
        a = Adaptive(grow=5.0, shrink=0.2).advance(lambda t1, used: next(queue), 1.0, 0.5, 100.0, 8)
        return a.h, a.rejections

    assert advance(0.0) == advance(1e-30) == (2.5, 0)
    assert advance(0.5) == pytest.approx((0.5 * 0.9 * 0.5 ** (-1 / 8), 0))
    assert advance(1e9, 0.0) == pytest.approx((0.1, 1))  # shrunk at most by `shrink`, not growing after a rejection
    assert advance(4.0, 1e-9) == pytest.approx((0.5 * 0.9 * 4.0 ** (-1 / 8), 1))
    assert advance(math.nan, math.inf, 0.0) == pytest.approx((0.005, 2))


def test_rejections_are_reported() -> None:
    def bump(t: float, y: Any) -> Any:
        return 100 * np.exp(-((t - 1) ** 2) / 1e-2) - y

    y, steps = integrate(dop853(1e-8, 1e-10), Ode(bump), 0.0, np.zeros(1), 2.0)
    assert sum(r.rejections for r in steps) > 0
    want = solve_ivp(bump, (0, 2), [0.0], method="DOP853", rtol=1e-12, atol=1e-14, max_step=0.05).y[0, -1]
    assert y[0] == pytest.approx(want, rel=1e-7)


def test_a_step_is_accepted_at_an_error_of_one_and_not_above() -> None:
    for error, rejections in ((1.0, 0), (1.0 + 1e-9, 1), (1.9, 1)):
        answers = iter([error, 0.5])

        def attempt(t1: float, h: float, answers: Any = answers) -> float:
            return float(next(answers))

        advance = dop853(1e-6).advance(attempt, 0.0, 0.1, 10.0, 8)
        assert advance.rejections == rejections
        assert advance.t1 == 0.1 if rejections == 0 else advance.t1 < 0.1


def test_norms_differ_by_the_quiet_components() -> None:
    def lone(t: float, y: Any) -> Any:
        f = np.zeros_like(y)
        f[0] = np.cos(5 * t) * y[0]
        return f

    y0 = np.ones(10_000)
    counts = [
        len(integrate(ExplicitRungeKutta(DOP853, rtol=1e-9, norm=norm), Ode(lone), 0.0, y0, 2.0)[1])
        for norm in ("rms", "max")
    ]
    assert counts[0] < counts[1]
    small, _ = integrate(ExplicitRungeKutta(DOP853, rtol=1e-9, norm="max"), Ode(lone), 0.0, y0, 2.0)
    assert small[0] == pytest.approx(math.exp(math.sin(10) / 5), rel=1e-8)


def test_complex_states_of_any_shape() -> None:
    w = np.array([[1.0, -2.0, 0.5], [3.0, 0.1, -1.0]])
    y0 = (1 + np.arange(6).reshape(2, 3)) * (1 + 1j)
    y, steps = integrate(dop853(1e-12, 1e-14), Ode(lambda t, y: 1j * w * y), 0.0, y0, 1.5, keep=True)
    np.testing.assert_allclose(y, np.exp(1.5j * w) * y0, rtol=1e-11)
    assert evaluate(steps[0].between, np.zeros(4)).shape == (4, 2, 3)
    y, _ = integrate(dop853(1e-12, 1e-14), Ode(lambda t, y: -y), 0.0, np.array(2.0), 1.0, keep=True)
    assert y.shape == () and y == pytest.approx(2 * math.exp(-1), rel=1e-11)
    strided = np.ones((4, 6))[::2, ::3]
    assert integrate(rk4(0.1), Ode(lambda t, y: -y), 0.0, strided, 1.0)[0].shape == strided.shape


def test_a_linear_part_is_added_as_it_stands() -> None:
    linear = -np.array([0.0, 1.0, 4.0, 9.0])
    y0 = np.array([1.0, 0.5, 0.2, 0.1])
    split, _ = integrate(dop853(1e-11, 1e-14), Ode(lambda t, y: np.sin(y), linear), 0.0, y0, 1.0)
    whole, _ = integrate(dop853(1e-11, 1e-14), Ode(lambda t, y: np.sin(y) + linear * y), 0.0, y0, 1.0)
    np.testing.assert_allclose(split, whole, rtol=1e-13)


# --- landing and step sizes --------------------------------------------------------------------------------


@pytest.mark.parametrize("stepper", [dop853(1e-9, 1e-12), rk45(1e-7, 1e-9)], ids=["dop853", "rk45"])
def test_landing_is_exact_and_does_not_shorten_h(stepper: Any) -> None:
    method = Ode(smooth)
    free = stepper.step(method, 0.0, exact(0.0), 0.05, 10.0, None, False)
    assert free.t == 0.05
    for stop in (0.05 * (1 - 1e-3), 0.01, 1e-7, 1e-14):
        r = stepper.step(method, 0.0, exact(0.0), 0.05, stop, None, False)
        assert r.t == stop
        assert r.h >= 0.05
    t, y, h = 0.1, exact(0.1), None
    asked = [0.1 + 0.2, 0.7, 0.7 + 2.3e-16, 0.7 + 1e-13, 1.9]
    for stop in asked:
        while t < stop:
            r = stepper.step(method, t, y, h, stop, None, False)
            t, y, h = r.t, r.y, r.h
        assert t == stop
    assert np.abs(y - exact(1.9)).max() < 1e-6


def test_no_sliver_is_left() -> None:
    r = rk4(0.1).step(Ode(smooth), 0.0, exact(0.0), None, 0.1 * (1 + 1e-12), None, False)
    assert r.t == 0.1 * (1 + 1e-12)
    r = dop853(1e-4, 1e-4).step(Ode(smooth), 0.0, exact(0.0), 0.1, 0.1 * (1 + 1e-12), None, False)
    assert r.t == 0.1 * (1 + 1e-12)


def test_nothing_is_evaluated_beyond_stop() -> None:
    for stepper in (dop853(1e-3, 1e-3), rk45(1e-3, 1e-3), rk4(1.0), euler(1.0)):
        method = Ode(smooth)
        integrate(stepper, method, 0.0, exact(0.0), 1e-3, keep=True)
        assert min(method.times) >= 0.0 and max(method.times) <= 1e-3


@pytest.mark.parametrize(
    ("start", "end", "step"),
    [(0.0, 1.0, 0.1), (0.3, 7.3, 0.01), (-2.0, 1.0, 1e-3), (1e3, 1e3 + 1.0, 1e-3), (0.0, 1e4, 1.0)],
)
def test_fixed_steps_take_a_whole_number_of_steps(start: float, end: float, step: float) -> None:
    method = Ode(lambda t, y: np.ones_like(y))
    y, steps = integrate(euler(step), method, start, np.zeros(1), end)
    assert len(steps) == round((end - start) / step)
    assert y[0] == pytest.approx(end - start, rel=1e-12)
    assert steps[-1].h == step


def test_fixed_steps_clip_the_last() -> None:
    y, steps = integrate(rk4(0.3), Ode(lambda t, y: -y), 0.0, np.ones(1), 1.0)
    assert [round(r.t, 12) for r in steps] == [0.3, 0.6, 0.9, 1.0]
    assert y[0] == pytest.approx(math.exp(-1), rel=1e-4)
    shorter = rk4(0.3).step(Ode(lambda t, y: -y), 0.0, np.ones(1), 0.15, 1.0, None, False)
    assert shorter.t == pytest.approx(0.15, rel=0.1) and shorter.h == 0.3


@pytest.mark.parametrize(("table", "reach"), [(EULER, 1.0), (RK4, 2.5), (RK45, 1.2), (DOP853, 5.4)])
def test_reach_is_where_oscillations_begin_to_grow(table: Table, reach: float) -> None:
    assert table.reach == pytest.approx(reach, abs=0.05)
    growth = []
    for w in (table.reach, 1.3 * table.reach):
        method = Ode(lambda t, y, w=w: 1j * w * y)
        growth.append(abs(FixedStep(table, 1.0).step(method, 0.0, np.ones(1, complex), None, 1.0, None, False).y[0]))
    assert (growth[0] <= 1.001 or reach == 1.0) and growth[1] > 1.001


def test_the_methods_limit_is_kept() -> None:
    class Limited(Ode):
        def slope(self, t: float, y: Any, out: Any) -> float:
            self.rhs(t, y, out)
            return 0.01 if t < 0.5 else 0.0

    for stepper in (dop853(1e-3, 1e-3), rk4(0.2)):
        r = stepper.step(Limited(smooth), 0.0, exact(0.0), 0.1, 1.0, None, False)
        assert r.t == pytest.approx(0.01 * stepper.table.reach, rel=0.3) and r.t <= 0.01 * stepper.table.reach
        with pytest.raises(Stop) as stop:
            stepper.step(Limited(smooth), 0.6, exact(0.6), 0.1, 1.0, None, False)
        assert stop.value.status is Status.STEP_TOO_SMALL


# --- trouble -----------------------------------------------------------------------------------------------


def test_blow_up_ends_with_a_status() -> None:
    t, y, h = 0.0, np.ones(1), None
    with pytest.raises(Stop) as stop:
        while t < 2.0:
            r = dop853(1e-8, 1e-10).step(Ode(lambda t, y: y**2), t, y, h, 2.0, None, False)
            t, y, h = r.t, r.y, r.h
    assert stop.value.status in (Status.STEP_TOO_SMALL, Status.NOT_FINITE)
    assert t == pytest.approx(1.0, abs=1e-6) and np.isfinite(y).all()


@pytest.mark.parametrize("stepper", [dop853(), rk45(), rk4(0.1), euler(0.1)], ids=["dop853", "rk45", "rk4", "euler"])
def test_nan_in_mid_run(stepper: Any) -> None:
    def dies(t: float, y: Any) -> Any:
        return -y if t < 0.5 else np.full_like(y, np.nan)

    t, y, h = 0.0, np.ones(3), None
    with pytest.raises(Stop) as stop:
        while t < 1.0:
            r = stepper.step(Ode(dies), t, y, h, 1.0, None, False)
            t, y, h = r.t, r.y, r.h
            assert np.isfinite(y).all()
    assert stop.value.status is Status.NOT_FINITE
    assert 0.35 < t <= 0.51
    with pytest.raises(Stop) as stop:
        stepper.step(Ode(lambda t, y: -y), 0.0, np.array([1.0, np.inf]), None, 1.0, None, False)
    assert stop.value.status is Status.NOT_FINITE


def test_a_trial_step_that_overflows_is_rejected() -> None:
    r = dop853(1e-8, 1e-10).step(Ode(lambda t, y: np.exp(y)), -3.0, np.zeros(1), 900.0, 1e3, None, False)
    assert r.rejections > 0 and r.t < -2.0
    assert r.y[0] == pytest.approx(-math.log(1 - (r.t + 3)), abs=1e-7)


def test_bad_input_is_named() -> None:
    method, y = Ode(smooth), exact(0.0)
    with pytest.raises(ValueError, match="stop"):
        dop853().step(method, 1.0, y, None, 0.5, None, False)
    with pytest.raises(ValueError, match="h:"):
        dop853().step(method, 0.0, y, -0.1, 0.5, None, False)
    with pytest.raises(TypeError, match="y:"):
        dop853().step(method, 0.0, y.astype(np.complex64), None, 0.5, None, False)
    with pytest.raises(ValueError, match="rtol"):
        dop853(rtol=-1.0)
    with pytest.raises(ValueError, match="atol"):
        dop853(rtol=0.0, atol=0.0)
    with pytest.raises(ValueError, match="norm"):
        dop853(norm="l1")
    with pytest.raises(ValueError, match="table"):
        ExplicitRungeKutta(RK4)
    with pytest.raises(ValueError, match="size"):
        rk4(0.0)
    between = dop853().step(method, 0.0, y, None, 0.5, None, True).between
    assert between is not None
    for t in (-0.1, 0.6, math.nan, [0.1, 0.7]):
        with pytest.raises(ValueError, match="t:"):
            evaluate(between, t)


# --- purity ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stepper", [dop853(), rk45(), rk4(0.1), euler(0.1)], ids=["dop853", "rk45", "rk4", "euler"])
def test_same_arguments_same_bits(stepper: Any) -> None:
    y0 = exact(0.3)
    first = stepper.step(Ode(smooth), 0.3, y0, 0.1, 1.0, None, True)
    integrate(stepper, Ode(van_der_pol), 0.0, np.array([2.0, 0.0]), 0.5)
    again = stepper.step(Ode(smooth), 0.3, y0, 0.1, 1.0, None, True)
    quiet = stepper.step(Ode(smooth), 0.3, y0, 0.1, 1.0, None, False)
    np.testing.assert_array_equal(y0, exact(0.3))
    assert first.t == again.t == quiet.t and first.h == again.h <= quiet.h  # the dense output has a say in h
    np.testing.assert_array_equal(first.y, again.y)
    np.testing.assert_array_equal(first.y, quiet.y)
    np.testing.assert_array_equal(first.between.terms, again.between.terms)
    assert quiet.between is None and not np.shares_memory(first.y, again.y)
    t = np.linspace(first.between.t0, first.between.t1, 5)
    for row, s in zip(evaluate(first.between, t), t, strict=True):
        np.testing.assert_array_equal(row, evaluate(first.between, s))
    np.testing.assert_array_equal(evaluate(first.between, 0.3), y0)


def test_euler_plus_renormalise() -> None:
    rng = np.random.default_rng(0)
    x0 = rng.standard_normal((5, 3))
    x0 /= np.linalg.norm(x0, axis=1, keepdims=True)
    pull = np.array([0.0, 0.0, 1.0])
    method = Sphere(lambda t, x: pull - (x @ pull)[:, None] * x)
    y, _ = integrate(euler(0.1), method, 0.0, x0, 0.3)
    by_hand = x0
    for _ in range(3):
        by_hand = by_hand + 0.1 * (pull - (by_hand @ pull)[:, None] * by_hand)
        by_hand = by_hand / np.linalg.norm(by_hand, axis=1, keepdims=True)
    np.testing.assert_allclose(y, by_hand, rtol=0.0, atol=1e-15)
    y, _ = integrate(dop853(1e-11, 1e-13), method, 0.0, x0, 1.0)
    np.testing.assert_allclose(y[:, 2], np.tanh(np.arctanh(x0[:, 2]) + 1.0), rtol=0.0, atol=1e-11)
    np.testing.assert_allclose(np.linalg.norm(y, axis=1), 1.0, rtol=1e-15)
