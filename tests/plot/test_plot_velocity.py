"""Velocities beside what they move, against sums written out here: on lines, maps, rings and globes."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.quiver import Quiver

import meanfield as mf
import meanfield.plot
import particles as pt

BETA = 3.0
arrows: Any = meanfield.plot.arrows
RHO: Any = mf.perturbed_uniform(mf.Circle(64), {1: 0.2, 2: 0.1j})
MU: Any = mf.von_mises_fisher(mf.Sphere(12), [0.0, 0.0, 1.0], 1.0)
RUN: Any = mf.solve(mf.SA(BETA), RHO, (0.0, 0.2))


def attention(x: Any, y: Any, w: Any, A: Any = None) -> Any:
    """P_x (sum_j w_j e^{<x, A y_j>} y_j) / sum_j w_j e^{<x, A y_j>}, A = BETA I unless given."""
    share = w * np.exp(x @ (BETA * np.eye(x.shape[1]) if A is None else A) @ y.T)
    mean = share @ y / share.sum(axis=1, keepdims=True)
    return mean - np.sum(mean * x, axis=1, keepdims=True) * x


def circle_rows(theta: Any) -> Any:
    return np.stack([np.cos(theta), np.sin(theta)], axis=-1)


def turning(theta: Any, rho: Any, A: Any = None) -> Any:
    """d theta / dt under a density of the circle, by the trapezoid rule."""
    nodes = np.arange(400) * np.pi / 200
    v = attention(circle_rows(theta), circle_rows(nodes), rho(nodes) / 400, A)
    return np.cos(theta) * v[:, 1] - np.sin(theta) * v[:, 0]


def dashed(ax: Any) -> Any:
    """The axis of speeds, and the line on it."""
    (beside,) = [one for one in ax.figure.axes if one is not ax and one.get_ylabel() == arrows.SPEED]
    return beside, beside.get_lines()[0]


def quiver(ax: Any) -> Any:
    (one,) = [child for child in ax.get_children() if isinstance(child, Quiver)]
    return one


def longest(ax: Any) -> float:
    (words,) = [text.get_text() for text in ax.texts if text.get_text().startswith("longest")]
    return float(words.split("=")[1])


def test_the_velocity_of_a_density_is_a_dashed_line_of_its_own_scale() -> None:
    ax = RHO.plot(velocity=mf.SA(BETA))
    beside, line = dashed(ax)
    theta, speed = line.get_data()
    np.testing.assert_allclose(speed, turning(theta, RHO), rtol=0.0, atol=1e-6)
    low, high = beside.get_ylim()
    assert low == -high and high > np.abs(speed).max() and beside.get_xlim() == ax.get_xlim()
    for marks, way in zip(beside.collections, (1.0, -1.0), strict=True):  # heads to where it goes
        at = np.asarray(marks.get_offsets())[:, 0]
        assert len(at) and np.all(way * turning(at, RHO) > 0.0)


def test_at_a_time_of_a_run_the_law_is_its_own() -> None:
    theta, speed = dashed(RUN.plot(t=0.1, velocity=True))[1].get_data()
    np.testing.assert_allclose(speed, turning(theta, RUN(0.1)), rtol=0.0, atol=1e-6)
    carried: Any = mf.solve(mf.SA(BETA), RHO, (0.0, 0.2), method="lagrangian")
    theta, speed = dashed(carried.plot(t=0.1, velocity=True))[1].get_data()
    np.testing.assert_allclose(speed, turning(theta, RUN(0.1)), rtol=0.0, atol=1e-6)


def test_matrices_are_asked_by_quadrature() -> None:
    Q = np.array([[1.0, 0.5], [-0.2, 0.8]])
    run: Any = mf.solve(mf.SA(BETA, Q=Q), RHO, (0.0, 0.1))
    theta, speed = dashed(run.plot(t=0.1, velocity=True))[1].get_data()
    np.testing.assert_allclose(speed, turning(theta, run(0.1), BETA * Q.T), rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("method", ["spectral", "lagrangian"])
def test_towards_the_axis_is_up(method: Any) -> None:
    belt = mf.von_mises_fisher(mf.ZonalSphere(4, 24), [0, 0, 0, 1], 0.5)
    run: Any = mf.solve(mf.SA(1.0), belt, (0.0, 0.1), method=method)
    height, speed = dashed(run.plot(t=0.1, velocity=True))[1].get_data()
    assert np.all(np.diff(height) > 0.0) and np.all(speed > 0.0)
    away: Any = mf.solve(mf.SA(1.0, sign=-1), belt, (0.0, 0.1), method=method)
    assert np.all(dashed(away.plot(t=0.1, velocity=True))[1].get_ydata() < 0.0)


def test_arrows_on_a_map_point_where_it_shows_the_motion() -> None:
    ax = MU.plot(velocity=mf.SA(BETA), centre=0.0)
    drawn = quiver(ax)
    assert 60 < drawn.N <= arrows.MANY
    place = np.asarray(drawn.get_offsets())
    east, aside = place[:, 0], np.abs(place).min(axis=1) > 0.2
    assert np.all(drawn.V > 0.0)  # to the pole, along meridians, that lean outwards in the south
    assert np.all(drawn.U[aside] * east[aside] * place[aside, 1] < 0.0)
    speed = np.hypot(drawn.U, drawn.V)
    x = np.stack([np.cos(place[:, 1]) * np.cos(east), np.cos(place[:, 1]) * np.sin(east), np.sin(place[:, 1])], axis=1)
    exact = np.linalg.norm(attention(x, MU.x, MU.weights), axis=1)
    np.testing.assert_allclose(speed, exact, rtol=0.0, atol=1e-5)
    assert longest(ax) == pytest.approx(exact.max(), rel=5e-3)


def test_arrows_of_a_turned_density_are_turned() -> None:
    mu = mf.von_mises_fisher(mf.Sphere(12), [0.0, 1.0, 0.0], 1.0)
    drawn = quiver(mu.plot(velocity=mf.SA(BETA), centre=0.0))
    east = np.asarray(drawn.get_offsets())[:, 0]
    equator = np.abs(np.asarray(drawn.get_offsets())[:, 1]) < 0.15
    to = (east > -np.pi / 2 + 0.3) & (east < np.pi / 2 - 0.3) & equator
    assert to.sum() > 2 and np.all(drawn.U[to] > 0.0) and np.all(drawn.U[(east > np.pi / 2 + 0.3) & equator] < 0.0)


def test_points_have_their_own_velocities() -> None:
    theta, w = np.array([0.0, 0.5, 2.0]), np.array([0.5, 0.2, 0.3])
    exact = attention(circle_rows(theta), circle_rows(theta), w)
    for mu in (mf.Points(theta, weights=w), mf.Points(circle_rows(theta), weights=w)):
        drawn = quiver(mu.plot(velocity=mf.SA(BETA)))
        np.testing.assert_allclose(np.stack([drawn.U, drawn.V], 1), exact, rtol=0.0, atol=1e-6)
    x = pt.uniform(12, 3, rng=0)
    ax: Any = mf.Points(x).plot(velocity=mf.SA(BETA), elevation=90.0, azimuth=-90.0)  # from above, e_1 to the right
    v = attention(x, x, np.full(12, 1 / 12))
    above = x[:, 2] >= 0.0
    np.testing.assert_allclose(quiver(ax).U, v[above, 0], rtol=0.0, atol=1e-6)
    np.testing.assert_allclose(quiver(ax).V, v[above, 1], rtol=0.0, atol=1e-6)
    assert longest(ax) == pytest.approx(np.linalg.norm(v[above], axis=1).max(), rel=5e-3)


def test_particles_of_a_run_at_a_saved_time() -> None:
    run: Any = pt.simulate(mf.SA(BETA), np.array([[0.0, 0.5, 2.0], [0.0, 1.0, 1.5]]), (0.0, 0.1), angles=True)
    theta = run.theta[3, 1]
    drawn = quiver(run.plot_ring(run.t[3], replica=1, velocity=True))
    exact = attention(circle_rows(theta), circle_rows(theta), np.full(3, 1 / 3))
    np.testing.assert_allclose(np.stack([drawn.U, drawn.V], 1), exact, rtol=0.0, atol=1e-6)
    assert quiver(run.plot_globe(run.t[3], velocity=True)).N == 3
    merged: Any = pt.simulate(mf.SA(BETA), [0.0, 5e-6, 2.0], (0.0, 0.1), merge_tol=1e-5)
    assert quiver(merged.plot_ring(velocity=True)).N == 3  # two of them the same


def test_crowds_are_thinned_and_rest_has_no_arrows() -> None:
    assert len(arrows.spread(pt.uniform(5000, 3, rng=0), 100)) > 80
    assert len(arrows.spread(circle_rows(np.linspace(0.0, 6.0, 500)), 40)) <= 40
    still: Any = mf.Points([0.3, 0.3]).plot(velocity=mf.Diffusion(0.1))
    assert longest(still) == 0.0 and not [one for one in still.get_children() if isinstance(one, Quiver)]


def test_the_axis_of_speeds_is_legible_on_dark_paper() -> None:
    with plt.style.context("dark_background"):
        beside, line = dashed(RHO.plot(velocity=mf.SA(BETA)))
    assert meanfield.plot.style.shade.luminance(line.get_color()) > 0.2
    figure, ax = plt.subplots(facecolor="black")
    ax.set_facecolor("black")
    beside, line = dashed(RHO.plot(ax, velocity=mf.SA(BETA)))
    assert meanfield.plot.style.shade.luminance(line.get_color()) > 0.2
    assert meanfield.plot.style.shade.luminance(beside.yaxis.label.get_color()) > 0.5
    again = RHO.plot(ax, velocity=mf.SA(1.0))
    assert len([one for one in figure.axes if one.get_ylabel() == arrows.SPEED]) == 1 and again is ax


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: RHO.plot(velocity=True), r"^velocity: got True \(bool\), wanted a law.*mf\.SA"),
        (lambda: RHO.plot(velocity=mf.SA(1.0, geometry="flat")), "^velocity: .* geometry 'flat'"),
        (lambda: RHO.plot(velocity=mf.Causal(mf.SA(1.0))), r"^velocity: .* plot points, mf\.Points"),
        (lambda: RHO.plot(velocity=mf.SA(lambda t: 1.0 + t)), r"^t: .* changes with time: .* t=0\.0"),
        (lambda: RUN.plot(velocity=True), r"^velocity: .* give t="),
        (lambda: RUN.plot(t=[0.0, 0.1], velocity=True), r"^velocity: .* give t="),
        (lambda: RUN.plot(t=0.1, velocity=mf.SA(1.0)), "^velocity"),
        (lambda: mf.Points(np.eye(4)).plot(velocity=mf.SA(1.0)), "^velocity: this picture has no such option"),
    ],
)
def test_what_has_no_velocity_says_so(call: Any, text: str) -> None:
    with pytest.raises((ValueError, TypeError), match=text):
        call()


class Pushed(mf.Law):
    """Says nothing of time, and changes with it."""

    def velocity(self, t: float, x: Any, mu: Any) -> Any:
        return (1.0 + t) * np.roll(x, 1, axis=-1)


def test_a_law_that_changes_with_time_is_asked_at_one() -> None:
    for mu in (RHO, mf.Points([0.0, 1.0])):
        with pytest.raises(ValueError, match=r"^t: .* changes with time"):
            mu.plot(velocity=Pushed())
        assert mu.plot(velocity=Pushed(), t=1.0)
    late = dashed(RHO.plot(velocity=mf.SA(lambda t: 1.0 + t), t=BETA - 1.0))[1]
    np.testing.assert_allclose(late.get_ydata(), turning(late.get_xdata(), RHO), rtol=0.0, atol=1e-6)
