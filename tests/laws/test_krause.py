"""Opinions: against printed loops, exact rounds, bounded confidence between its events; and where they are SA."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield import geometry
from meanfield.laws.krause import Within
from meanfield.protocols import Array
from validation.exact import opinions

pytestmark = pytest.mark.rounding
ROUNDS = [Fraction(k, 10) for k in (0, 4, 9, 13, 20, 26, 34)]


@mf.register
@dataclass(frozen=True)
class Hat:
    """(1 - s / r^2)^2 up to s = r^2, with its integral."""

    square: float

    def __call__(self, s: Array) -> Array:
        return np.asarray(np.square(np.maximum(1.0 - s / self.square, 0.0)))

    def integral(self, s: Array) -> Array:
        return np.asarray(self.square / 3.0 * (1.0 - np.maximum(1.0 - s / self.square, 0.0) ** 3))


def gentle(s: Any) -> Any:
    return 1.0 / (1.0 + s) ** 2


def line(*x: float) -> Array:
    return np.array(x)[:, None]


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("phi", [gentle, Hat(1.5), Within(0.8)], ids=["gentle", "hat", "within"])
def test_velocities_are_the_printed_loop_s(phi: Callable[[Any], Any], d: int) -> None:
    """With weights, as replicas, far from the origin; on the sphere its tangent part, by rows and by angles."""
    rng = np.random.default_rng(d)
    x, w = rng.standard_normal((9, d)), rng.dirichlet(np.ones(9))
    law = mf.Krause(phi)
    wanted = opinions.pulls(x, w, lambda s: float(phi(np.array(s))))
    both = mf.Points(np.stack([x, x + 3.0]), weights=w, geometry="flat")
    told = law.velocity(0.0, None, both)
    np.testing.assert_allclose(told, [wanted, wanted], rtol=0.0, atol=1e-14 * np.abs(x).max())
    if d == 1:
        return
    x = geometry.retract(x)
    wanted = geometry.project(x, opinions.pulls(x, w, lambda s: float(phi(np.array(s)))))
    law = mf.Krause(phi, "sphere")
    for at in (None, x):
        told = geometry.project(x, law.velocity(0.0, at, mf.Points(x, weights=w)))
        np.testing.assert_allclose(told, wanted, rtol=0.0, atol=1e-13)
    if d == 2:
        angles = law.velocity(0.0, None, mf.Points(geometry.to_angles(x), weights=w))
        along = np.sum(wanted * geometry.quarter_turn(x), axis=-1)
        np.testing.assert_allclose(angles[:, 0], along, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("place", ["flat", "sphere"])
def test_the_attention_matrix_is_of_the_mean_to_which_tokens_go(place: Any) -> None:
    x, w = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-1.0, 0.0]]), np.array([0.4, 0.3, 0.2, 0.1])
    law = mf.Krause(lambda s: np.maximum(1.0 - s, 0.0), place)
    P = pt.attention(law, mf.Points(x, w, geometry=place))
    pairs = [[(wj, float((xi - xj) @ (xi - xj))) for xj, wj in zip(x, w, strict=True)] for xi in x]
    slow = np.array([[wj * max(1.0 - s, 0.0) for wj, s in row] for row in pairs])
    np.testing.assert_allclose(P, slow / slow.sum(axis=1, keepdims=True), rtol=0.0, atol=1e-15)
    assert P[3].tolist() == [0.0, 0.0, 0.0, 1.0]  # out of sight of the others
    first = pt.attention(mf.Causal(law), x)[0]
    assert first.tolist() == [1.0, 0.0, 0.0, 0.0]
    nobody = mf.Krause(lambda s: np.where((s > 0.1) & (s < 1.0), 1.0, 0.0), place)
    assert pt.attention(nobody, x).sum(axis=1).round(12).tolist() == [1.0, 1.0, 1.0, 0.0]


def test_rounds_of_hegselmann_and_krause() -> None:
    """Seven opinions in fractions, round by round; from the fourth on nothing moves."""
    x = line(*map(float, ROUNDS))
    run = pt.simulate(mf.HegselmannKrause(1.0), x, (0.0, 5.0), np.arange(6.0), method="euler", step=1.0)
    for k in range(6):
        exact = [float(one) for one in opinions.rounds(ROUNDS, Fraction(1), k)]
        np.testing.assert_allclose(run.x[k, :, 0], exact, rtol=0.0, atol=8.0 * np.finfo(float).eps)
    last = opinions.rounds(ROUNDS, Fraction(1), 4)
    assert last == [Fraction(242023, 288000)] * 4 + [Fraction(4684, 2025)] * 3
    assert last == opinions.rounds(last, Fraction(1), 1) != opinions.rounds(ROUNDS, Fraction(1), 3)


def test_adaptive_steps_cross_the_borders_of_confidence() -> None:
    """Eight opinions, four events: against linear flows from event to event; as good as the tolerance asks."""
    x = np.array([0.1, 0.7, 1.3, 2.2, 2.6, 3.1, 3.9, 4.8])
    exact, events = opinions.bounded(x, 1.0, 4.0)
    assert events == 4
    for rtol, most in ((1e-6, 1e-4), (1e-11, 1e-9)):
        law = mf.HegselmannKrause(1.0)
        run = pt.simulate(law, x[:, None], (0.0, 4.0), [4.0], rtol=rtol, atol=0.1 * rtol)
        assert np.abs(run.x[-1, :, 0] - exact).max() < most


def test_the_border_itself_is_seen_and_beyond_it_nobody_moves() -> None:
    for radius, moved in ((1.0, 0.5), (np.nextafter(1.0, 0.0), 0.0)):
        v = mf.HegselmannKrause(radius).velocity(0.0, None, mf.Points(line(0.0, 1.0), geometry="flat"))
        assert v[:, 0].tolist() == [moved, -moved]
    alone = mf.Points(line(0.0, 3.0, 3.5), weights=[0.0, 0.5, 0.5], geometry="flat")
    assert mf.HegselmannKrause(1.0).velocity(0.0, None, alone)[0, 0] == 0.0


def test_on_the_sphere_a_gaussian_of_distances_is_softmax_attention() -> None:
    """e^{-beta |x - y|^2 / 2} is e^{beta <x, y>} times a constant: points of S^3, and a density on the circle."""
    krause, sa = mf.Krause(lambda s: np.exp(-2.0 * s), "sphere"), mf.SA(4.0)
    x = pt.uniform(6, 4, rng=0)
    one, two = (pt.simulate(law, x, (0.0, 1.0), [1.0], rtol=1e-11, atol=1e-12).x[-1] for law in (krause, sa))
    np.testing.assert_allclose(one, two, rtol=0.0, atol=1e-10)
    rho = mf.perturbed_uniform(mf.Circle(64), {1: 0.3, 2: 0.1})
    told = [mf.solve(law, rho, (0.0, 0.3), t_eval=[0.3])(0.3).coefficients for law in (krause, sa)]
    np.testing.assert_allclose(told[0], told[1], rtol=0.0, atol=1e-13)


def test_a_density_is_its_quadrature_points() -> None:
    """Of a smooth phi: spectral against points."""
    rho = mf.perturbed_uniform(mf.Circle(128), {1: 0.3, 2: 0.1})
    law = mf.Krause(gentle, "sphere")
    mu = mf.solve(law, rho, (0.0, 1.0), t_eval=[1.0], rtol=1e-9)(1.0)
    theta = geometry.to_angles(rho.x)
    run = pt.simulate(law, theta, (0.0, 1.0), [1.0], weights=rho.weights, field="direct", rtol=1e-9)
    for k in (1, 2, 3):
        points = np.sum(rho.weights * np.exp(-1j * k * run.theta[-1]))
        assert abs(mu.moments(3)[k] - points) < 1e-8


def test_densities_with_bounded_confidence() -> None:
    """The jump is told to the quadrature: E falls by what was dissipated; without its place it is refused."""
    rho = mf.perturbed_uniform(mf.Circle(128), {1: 0.3, 2: 0.1})
    sol = mf.solve(mf.HegselmannKrause(1.0, "sphere"), rho, (0.0, 0.2), t_eval=[0.0, 0.1, 0.2])
    assert np.all(np.diff(sol.energy) < 0.0)
    assert abs(sol.gained[-1] - sol.dissipated[-1]) < 1e-7 * abs(sol.gained[-1])
    with pytest.raises(ValueError, match="breaks="):
        mf.solve(mf.Krause(Within(1.0), "sphere"), rho, (0.0, 0.1))
    named = mf.Krause(Within(1.0), "sphere", breaks=(1.0,))
    told = mf.solve(named, rho, (0.0, 0.2), t_eval=[0.2])
    np.testing.assert_allclose(told(0.2).coefficients, sol(0.2).coefficients, rtol=0.0, atol=1e-13)
    with pytest.raises(ValueError, match='method="spectral"'):
        mf.solve(named, rho, (0.0, 0.1), method="lagrangian")


@pytest.mark.parametrize("manifold", ["flat", "sphere"])
def test_the_energy_falls_by_what_is_dissipated(manifold: Any) -> None:
    x = pt.uniform(12, 3, rng=1)
    run = pt.simulate(mf.Krause(Hat(1.5), manifold), x, (0.0, 2.0), np.linspace(0.0, 2.0, 6))
    assert run.law.falls == ("energy",) and np.all(np.diff(run.energy) < 0.0)
    assert abs(run.gained[-1] - run.dissipated[-1]) < 1e-8 * abs(run.gained[-1])
    s = np.sum(np.square(x[:, None] - x[None]), axis=-1)
    np.testing.assert_allclose(run.energy[0], 0.25 * np.mean(Hat(1.5).integral(s)), rtol=1e-13, atol=0.0)
    assert mf.Krause(gentle).quantities(0.0, mf.Points(x)) == {} and mf.Krause(gentle).falls == ()


def test_a_run_is_saved_and_goes_on(tmp_path: Any) -> None:
    run = pt.simulate(mf.Krause(Hat(1.0)), line(0.0, 0.5, 2.0), (0.0, 1.0))
    run.save(tmp_path / "a.nc")
    on = mf.resume(mf.load(tmp_path / "a.nc"), 2.0)
    whole = pt.simulate(mf.Krause(Hat(1.0)), line(0.0, 0.5, 2.0), (0.0, 2.0))
    np.testing.assert_allclose(on.x[-1], whole.x[-1], rtol=0.0, atol=1e-10)


def test_on_a_graph() -> None:
    """Who is not a neighbour is not seen, however near."""
    law = mf.Masked(mf.HegselmannKrause(1.0), np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]]))
    run = pt.simulate(law, line(0.0, 0.6, 0.5), (0.0, 25.0), [25.0])
    np.testing.assert_allclose(run.x[-1, :, 0], [0.3, 0.3, 0.5], rtol=0.0, atol=1e-9)


def late(s: Array) -> Array:
    """A weight as long as distances are those of a unit sphere."""
    return np.asarray(5.0 - s)


def test_who_is_refused() -> None:
    bad: Any = {"three": 3, "flat": "plane", "one": lambda s: 1.0, "text": "1"}
    for tried, what in (
        (lambda: mf.Krause(bad["three"]), "phi: wanted a function"),
        (lambda: mf.Krause(lambda s: 1.0 - s), "phi: at the squared distance 1.5 it gave -0.5"),
        (lambda: mf.Krause(lambda s: 1.0 / s), "phi: at the squared distance 0 it gave inf"),
        (lambda: mf.Krause(lambda s: np.where(s > 1.0, np.nan, 1.0)), "phi: at .* nan"),
        (lambda: mf.Krause(bad["one"]), "phi: of an array"),
        (lambda: mf.Krause(lambda s: s + 1j), "phi: of an array"),
        (lambda: pt.simulate(mf.Krause(late), line(0.0, 3.0), (0.0, 1.0)), "phi: at the squared distance 9"),
        (lambda: mf.Krause(gentle, bad["flat"]), "geometry"),
        (lambda: mf.Krause(gentle, breaks=(1.0,)), "breaks: .*leave them out"),
        (lambda: mf.Krause(gentle, "sphere", breaks=(4.0,)), r"breaks: .*\(0, 4\)"),
        (lambda: mf.HegselmannKrause(0.0), "radius"),
        (lambda: mf.HegselmannKrause(2.0, "sphere"), "radius"),
        (lambda: mf.HegselmannKrause(bad["text"]), "radius"),
        (lambda: pt.simulate(mf.HegselmannKrause(1.0), [0.0, 1.0], (0.0, 1.0)), r"x0 .*rows"),
        (lambda: mf.solve(mf.Krause(gentle), mf.uniform(mf.Circle(16)), (0.0, 1.0)), r"moves points of R\^d"),
    ):
        with pytest.raises((ValueError, TypeError), match=what):
            tried()
