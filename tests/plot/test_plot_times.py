"""Pictures over time: logarithmic where times tell it, profiles at both ends, and one or several times of a run."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from strokes import labels_of

import meanfield as mf
import meanfield.plot
import particles as pt
from meanfield.plot.shade import luminance

circle: Any = meanfield.plot.circle
globe: Any = meanfield.plot.globe
scales: Any = meanfield.plot.scales
zonal: Any = meanfield.plot.zonal
LONG = np.append(0.0, np.geomspace(1e-3, 1e2, 41))
THETA = np.arange(24) * np.pi / 12
RHO = 1.0 + 0.5 * np.outer(np.linspace(0.0, 1.0, len(LONG)), np.cos(THETA))
RUN: Any = mf.solve(mf.SA(2.0), mf.perturbed_uniform(mf.Circle(64), {1: 0.3}), (0.0, 0.4))
BALL: Any = mf.solve(mf.SA(2.0), mf.von_mises_fisher(mf.Sphere(12), [0.0, 0.0, 1.0], 1.0), (0.0, 0.2))
BELT: Any = mf.solve(mf.SA(1.0), mf.von_mises_fisher(mf.ZonalSphere(4, 24), [0, 0, 0, 1], 0.5), (0.0, 0.2))


# --- log time ------------------------------------------------------------------------------------------------


def test_times_that_tell_it_are_logarithmic() -> None:
    assert scales.late(LONG) and scales.late(LONG[1:]) and not scales.late(LONG, False)
    assert not scales.late(np.linspace(0.0, 1e9, 101)) and not scales.late(np.geomspace(1.0, 900.0, 40))
    assert not scales.late([0.0]) and not scales.late([-2.0, -1.0]) and scales.late([0.0, 1.0, 2.0], True)
    np.testing.assert_array_equal(scales.spaced([0.0, 1.0, 4.0], 3), [0.0, 2.0, 4.0])
    np.testing.assert_allclose(scales.spaced(LONG, 3), [1e-3, 10**-0.5, 1e2], rtol=1e-6)


def test_pictures_of_a_long_run_are_over_log_time_by_themselves() -> None:
    run: Any = pt.simulate(mf.SA(4.0), [0.0, 1.0, 2.5], (0.0, 100.0), t_eval=LONG)
    assert run.plot().get_xscale() == "log" and run.plot(log_time=False).get_xscale() == "linear"
    assert {ax.get_xscale() for ax in run.plot_energy()} == {"log"}
    assert pt.simulate(mf.SA(4.0), [0.0, 1.0], (0.0, 100.0)).plot().get_xscale() == "linear"
    ax = run.plot(log_time=False)
    assert run.plot(ax).get_xscale() == "linear"  # the axes have decided


def test_a_heat_map_over_log_time_leaves_out_the_beginning() -> None:
    ax = circle.heat(LONG, THETA, RHO)
    assert ax.get_xscale() == "log" and ax.get_xlim() == (1e-3, 1e2)
    assert labels_of(ax.child_axes[0]) == ["t = 0.001", "t = 100"]
    ax = circle.heat(LONG, THETA, RHO, log_time=False)
    assert ax.get_xscale() == "linear" and ax.get_xlim() == (0.0, 1e2)
    with pytest.raises(ValueError, match=r"^log_time: .* only one is positive"):
        circle.heat([0.0, 1.0], THETA, RHO[:2], log_time=True)


def test_maps_and_profiles_are_spaced_in_log_time() -> None:
    nodes = BALL.finest.nodes
    ax = globe.heat(LONG, nodes, np.ones((len(LONG), len(nodes))))
    wanted = [f"$t = {clock}$" for clock in ("0.001", "0.01", "0.1", "1", "10", "100")]
    assert [one.get_title() for one in ax.child_axes] == wanted
    sol = mf.solve(mf.SA(1.0), mf.perturbed_uniform(mf.Circle(32), {1: 0.01}), (0.0, 2.0), t_eval=LONG[:28])
    assert labels_of(sol.plot_profiles())[:2] == ["t = 0.001", "t = 0.00447"]


def test_a_merge_tree_is_over_log_time_where_mergers_are_decades_apart() -> None:
    tree = mf.merge_tree([(1e-2, [0, 1]), (3.0, [2, 3]), (1e4, [0, 2])], 4)
    ax: Any = tree.plot()
    assert ax.get_yscale() == "log" and ax.get_ylim()[0] == pytest.approx(1e-2 / 3.0)
    lives = ax.collections[0].get_segments()
    assert min(life[:, 1].min() for life in lives) == pytest.approx(1e-2 / 3.0)  # from the edge on, not nowhere
    for other in (tree.plot_counts(), tree.plot_staircase()):
        assert other.get_xscale() == "log" and other.get_lines()[0].get_xdata()[0] == pytest.approx(1e-2 / 3.0)
    assert tree.plot(log_time=False).get_yscale() == "linear"
    assert mf.merge_tree([(1.0, [0, 1]), (2.0, [0, 2])], 3).plot().get_yscale() == "linear"
    late = mf.merge_tree([(1.0, [0, 1]), (2.0, [0, 2])], 3, log=True)
    assert late.plot().get_yscale() == "linear"
    with pytest.raises(ValueError, match="log_time: these times are logarithms already"):
        late.plot(log_time=True)


# --- beside a heat map ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", [RUN, BELT])
def test_profiles_at_both_ends_stand_beside_the_heat_map(run: Any) -> None:
    ax = run.plot()
    (beside,) = ax.child_axes
    first, last = beside.get_lines()
    peak = np.max(run.values[0]), np.max(run.values[-1])
    assert (np.max(first.get_xdata()), np.max(last.get_xdata())) == pytest.approx(peak, rel=1e-6)
    assert beside.get_ylim() == ax.get_ylim() and labels_of(beside) == [f"t = {t:g}" for t in (0, run.t[-1])]
    ax.figure.canvas.draw()
    assert beside.get_window_extent().x0 > ax.get_window_extent().x1
    times = ax.get_xticklabels()[-1].get_window_extent()
    assert not [1 for label in beside.get_xticklabels() if label.get_window_extent().overlaps(times)]
    colours = next(one for one in ax.figure.axes if one not in (ax, beside))
    assert colours.get_window_extent().x0 > beside.get_window_extent().x1


def test_profiles_beside_a_map_are_light_on_dark_paper() -> None:
    with plt.style.context("dark_background"):
        shown = [RUN.plot()]
    ax = plt.subplots(facecolor="black")[1]
    ax.set_facecolor("black")
    shown.append(RUN.plot(ax, ends=True))
    for one in shown:
        (beside,) = one.child_axes
        inks = [line.get_color() for line in beside.get_lines()] + [beside.xaxis.label.get_color()]
        inks += [text.get_color() for text in beside.get_legend().get_texts()]
        assert min(map(luminance, inks)) > 0.2


def test_axes_handed_in_have_profiles_beside_them_only_if_asked() -> None:
    assert not RUN.plot(plt.subplots()[1]).child_axes and not RUN.plot(ends=False).child_axes
    assert RUN.plot(plt.subplots()[1], ends=True).child_axes
    with pytest.raises(TypeError, match="ends: this picture has no such option"):
        BALL.plot(ends=True)


# --- one time, several ---------------------------------------------------------------------------------------


def test_one_time_of_a_run_is_its_density_and_several_are_lines() -> None:
    (line,) = RUN.plot(t=0.25).get_lines()
    height = RUN(0.25).on(RUN.finest)
    assert np.nanmax(line.get_ydata()) == pytest.approx(height.max(), rel=1e-6)
    assert RUN.plot(t=0.25).get_title(loc="left") == f"{RUN.title}, t = 0.25"
    assert labels_of(RUN.plot(t=[0.0, 0.1, 0.4])) == ["t = 0", "t = 0.1", "t = 0.4"]
    assert labels_of(BELT.plot(t=[0.0, 0.1], as_law=True)) == ["t = 0", "t = 0.1"]
    with pytest.raises(ValueError, match=r"^t: "):
        RUN.plot(t=0.5)
    with pytest.raises(ValueError, match=r"^t must be .* at least one"):
        RUN.plot(t=[])


def test_times_of_a_run_on_the_sphere_are_maps() -> None:
    assert BALL.plot(t=0.1).name == "mollweide"
    ax = BALL.plot(t=[0.0, 0.1, 0.2])
    assert [one.get_title() for one in ax.child_axes] == ["t = 0", "t = 0.1", "t = 0.2"]
    peaks = [one.collections[0].get_array().max() for one in ax.child_axes]
    assert peaks[0] < peaks[1] < peaks[2]  # one scale for all


def test_small_maps_are_read_on_a_phone() -> None:
    """390 px wide: no letter lower than 9 px, where it was 5; longitudes once for all."""
    ax = BALL.plot()
    figure = ax.figure
    scale = 390.0 / figure.get_figwidth() / 72.0
    texts = [text for one in ax.child_axes for text in (one.title, *one.texts)]
    assert min(text.get_fontsize() * scale for text in texts) > 9.0
    assert [len(one.texts) for one in ax.child_axes] == [3, 0, 0, 0, 0, 0]
    wide = plt.subplots(figsize=(9.0, 3.0))[1]
    tops = {round(one.get_position().y1, 6) for one in (BALL.plot(wide).child_axes)}
    assert len(tops) == 2  # three maps a line where there is room


def test_labels_of_small_maps_stand_clear_of_the_maps() -> None:
    axes = plt.subplots(1, 2, figsize=(9.0, 3.6), layout="constrained")[1]
    for ax in (BALL.plot().figure.axes[0], BALL.plot(axes[1])):
        ax.figure.canvas.draw()
        maps = [one.patch.get_window_extent() for one in ax.child_axes]
        labels = [one.title.get_window_extent() for one in ax.child_axes]
        assert not [1 for label in labels for one in maps if label.shrunk(0.9, 0.9).overlaps(one.shrunk(0.9, 0.9))]


def test_a_heat_map_and_its_profiles_are_read_on_a_phone() -> None:
    ax = RUN.plot()
    scale = 390.0 / ax.figure.get_figwidth() / 72.0
    texts = [ax.xaxis.label, ax.yaxis.label, *ax.get_yticklabels(), *ax.child_axes[0].get_legend().get_texts()]
    assert min(text.get_fontsize() * scale for text in texts) > 8.5  # px, 390 wide
