"""Pictures of the circle: heat, profiles, overlay, ring and trajectories draw what came."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import LogNorm
from strokes import THETA, VALUES, N, T

import meanfield.plot

# matplotlib's types promise less of an axes than these pictures put on it.
circle: Any = meanfield.plot.circle
curves: Any = meanfield.plot.curves
points: Any = meanfield.plot.points
scales: Any = meanfield.plot.scales
slopes: Any = meanfield.plot.slopes
tree: Any = meanfield.plot.tree

TURN = 2 * np.pi


@pytest.mark.rounding
@pytest.mark.parametrize("shift", [0.0, 0.3, -np.pi])
def test_closure_is_periodic(shift: float) -> None:
    def f(x: Any) -> Any:
        return 1 + 0.5 * np.cos(x)

    theta, values = circle.closed(THETA + shift, f(THETA + shift))
    assert theta[0] <= 0.0 and theta[-1] >= TURN - 1e-12 and np.all(np.diff(theta) > 0)
    np.testing.assert_allclose(values, f(theta), rtol=0.0, atol=1e-14)
    assert len(theta) in (N + 1, N + 2)


def test_closure_takes_a_grid_that_is_closed_already() -> None:
    theta, values = circle.closed([0.0, 2.0, 4.0, TURN], [5.0, 6.0, 7.0, 5.0])
    np.testing.assert_array_equal(values, [5, 6, 7, 5])
    np.testing.assert_allclose(theta, [0, 2, 4, TURN])


@pytest.mark.rounding
def test_profiles_draw_what_came() -> None:
    ax = circle.profiles(THETA, VALUES[[0, 20]], ["a", "b"])
    for line, row in zip(ax.get_lines(), VALUES[[0, 20]], strict=True):
        np.testing.assert_allclose(np.asarray(line.get_xdata())[:N], THETA, rtol=0.0, atol=1e-14)
        np.testing.assert_array_equal(np.asarray(line.get_ydata())[:N], row)
        assert line.get_ydata()[N] == row[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert ax.get_ylabel() == r"$\rho$ (uniform = 1)" and ax.get_xlabel() == r"angle $\theta$ (rad)"
    assert ax.get_yscale() == "linear"


def test_heat_draws_what_came_and_names_it() -> None:
    ax = circle.heat(T, THETA, VALUES)
    drawn = ax.collections[0].get_array().reshape(N + 1, len(T))
    np.testing.assert_array_equal(drawn[:N].T, VALUES)
    np.testing.assert_array_equal(drawn[N], VALUES[:, 0])
    assert ax.get_xlim() == (0.0, 2.0) and ax.get_ylim() == (0.0, TURN)
    assert ax.get_xlabel() == "time $t$" and ax.get_ylabel() == r"angle $\theta$ (rad)"
    bar = next(a for a in ax.get_figure().axes if a.get_label() == "<colorbar>")
    assert bar.get_ylabel() == r"$\rho$ (uniform = 1)"


@pytest.mark.parametrize(("peak", "log"), [(49.0, False), (51.0, True)])
def test_the_logarithm_is_taken_beyond_fifty_medians(peak: float, log: bool) -> None:
    values = np.ones((2, N))
    values[1, 3] = peak
    norm = circle.heat([0.0, 1.0], THETA, values).collections[0].norm
    assert isinstance(norm, LogNorm) is log
    assert norm.vmax == peak
    assert (circle.profiles(THETA, values).get_yscale() == "log") is log
    forced = circle.heat([0.0, 1.0], THETA, values, log=not log).collections[0].norm
    assert isinstance(forced, LogNorm) is not log


def test_zeros_undershoots_and_atoms_are_drawn_without_warning() -> None:
    values = np.ones((3, N))
    values[0, 0], values[1, 1], values[2, 2], values[2, 3] = 0.0, -1e-9, np.inf, np.nan
    values[1, 5] = 1e5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = circle.heat([0.0, 1.0, 2.0], THETA, values)
        ax.get_figure().canvas.draw()
        circle.profiles(THETA, values).get_figure().canvas.draw()
        circle.band(THETA, values[2]).get_figure().canvas.draw()
    norm = ax.collections[0].norm
    assert isinstance(norm, LogNorm) and norm.vmin == 1.0 and norm.vmax == 1e5


def test_a_signed_function_is_not_put_on_a_logarithmic_scale() -> None:
    assert scales.scale(np.array([-1.0, 0.001, 100.0]), None)[0] is False
    with pytest.raises(ValueError, match="log must be False"):
        scales.scale(np.array([-1.0, 0.0]), True)


def test_narrow_clusters_are_not_lost_between_pixels() -> None:
    fine = TURN * np.arange(8192) / 8192
    values = np.ones((2, 8192))
    values[1, 5001] = 40.0
    mesh = circle.heat([0.0, 1.0], fine, values).collections[0]
    drawn = mesh.get_array().reshape(-1, 2)
    assert len(drawn) <= 514 and drawn[:, 1].max() == 40.0
    row = int(np.argmax(drawn[:, 1]))
    assert abs(mesh.get_coordinates()[row, 0, 1] - fine[5001]) <= TURN / 1024


def test_heat_refuses() -> None:
    with pytest.raises(ValueError, match=r"values must be .*\(21, 48\)"):
        circle.heat(T, THETA, VALUES.T)
    with pytest.raises(ValueError, match="t must be at least two increasing times"):
        circle.heat([0.0, 0.0], THETA, VALUES[:2])
    with pytest.raises(ValueError, match="values_list must hold"):
        circle.profiles(THETA, [])


def test_overlay_is_normalised_against_the_uniform_measure() -> None:
    samples = np.array([0.1, 0.2, -0.1, 7.0])  # of eight bins, two in the first, one in the last, 7 - 2 pi in the first
    ax = circle.overlay(THETA, np.ones(N), samples, 8, title="x")
    heights, edges, _ = ax.patches[0].get_data()
    np.testing.assert_allclose(heights, [6, 0, 0, 0, 0, 0, 0, 2])
    np.testing.assert_allclose(edges, np.linspace(0, TURN, 9))
    assert np.mean(heights) == pytest.approx(1.0)  # mass 1 with respect to d theta / 2 pi
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata()[:N], 1.0)
    weighted = circle.overlay(THETA, np.ones(N), samples, 8, weights=[1, 1, 2, 0])
    np.testing.assert_allclose(weighted.patches[0].get_data().values, [4, 0, 0, 0, 0, 0, 0, 4])
    with pytest.raises(ValueError, match="bins"):
        circle.overlay(THETA, np.ones(N), samples, 0)


@pytest.mark.rounding
@pytest.mark.parametrize(
    ("flag", "draw"),
    [
        ("stacked", lambda no: circle.ring([0.0, 1.0], stacked=no)),
        ("mean", lambda no: circle.ring([0.0, 1.0], mean=no)),
        ("log", lambda no: circle.profiles([0.0, 2.0, 4.0], [np.ones(3)], log=no)),
        ("uniform", lambda no: points.inner_products(np.eye(3), uniform=no)),
        ("log", lambda no: points.inner_products(np.eye(3), log=no)),
        ("log", lambda no: slopes.growth([0.0, 1.0], [[1.0, 2.0]], log=no)),
        ("log", lambda no: tree.counts([0.0, 1.0], [2, 1], log=no)),
        ("log", lambda no: tree.staircase([0.0, 1.0], [0.5, 1.0], log=no)),
        ("log", lambda no: tree.merges([0.0], [1.0], [1.0], [[]], log=no)),
    ],
)
def test_a_flag_is_no_text(flag: str, draw: Any) -> None:
    """The text "no" counts as true."""
    texts: tuple[Any, ...] = ("no", 1, [])
    for no in texts:
        with pytest.raises(TypeError, match=f"{flag} must be True or False"):
            draw(no)


@pytest.mark.rounding
def test_ring_places_particles_and_shows_their_mean() -> None:
    theta = np.array([0.0, 0.01, 2.0, 4.0 + TURN])
    ax = circle.ring(theta)
    xy = np.asarray(ax.collections[0].get_offsets())
    np.testing.assert_allclose(np.mod(np.arctan2(xy[:, 1], xy[:, 0]), TURN), np.mod(theta, TURN), rtol=0.0, atol=1e-12)
    radii = np.hypot(*xy.T)
    assert sorted(radii)[:3] == pytest.approx([1, 1, 1]) and radii.max() > 1.02  # 0 and 0.01 are stacked
    flat = np.hypot(*np.asarray(circle.ring(theta, stacked=False).collections[0].get_offsets()).T)
    np.testing.assert_allclose(flat, 1.0)
    size = abs(np.mean(np.exp(1j * theta)))
    assert any(f"{size:.3f}" in text.get_text() for text in ax.texts)


@pytest.mark.rounding
@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("speed", [5.0, -5.0])
def test_trajectories_have_no_stroke_across(wrap: bool, speed: float) -> None:
    exact = 0.3 + speed * T
    ax = curves.trajectories(T, (np.mod(exact, TURN) if wrap else exact)[:, None])
    path = np.array(ax.collections[-1].get_paths()[0].vertices)
    jumps = np.abs(np.diff(path[:, 1]))
    assert np.nanmax(jumps) < np.pi
    assert np.isnan(path[:, 1]).sum() == abs(np.floor(exact[-1] / TURN) - np.floor(exact[0] / TURN))
    known = np.isfinite(path[:, 1])
    off = np.abs(np.exp(1j * path[known, 1]) - np.exp(1j * (0.3 + speed * path[known, 0])))
    assert off.max() < 1e-12  # the passages put in lie on the line too
    assert np.isin(T, path[:, 0]).all()


def test_trajectories_on_the_edge() -> None:
    line = circle.wrapped(np.array([0.0, 1.0, 2.0]), np.array([-0.5, 0.0, 0.5]))
    assert np.nanmax(np.abs(np.diff(line[:, 1]))) < 1.0
    assert line[0, 1] == pytest.approx(TURN - 0.5) and line[-1, 1] == pytest.approx(0.5)
