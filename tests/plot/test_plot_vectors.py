"""Pictures of R^d: what is drawn is what came, its limit objects against hand counts, on white paper and on black."""

from __future__ import annotations

from itertools import product
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection

import meanfield as mf
import meanfield.plot
import particles as pt
from meanfield.plot.shade import luminance

pytestmark = pytest.mark.rounding

matrices: Any = meanfield.plot.matrices
polytopes: Any = meanfield.plot.polytopes
sheets: Any = meanfield.plot.sheets
vectors: Any = meanfield.plot.vectors

CUBE = np.array(list(product((0.0, 1.0), repeat=3)))
RNG = np.random.default_rng(3)
X5 = RNG.uniform(-1.0, 1.0, (7, 5))


def flat_run(d: int) -> Any:
    x = np.random.default_rng(d).uniform(-1.0, 1.0, (6, d))
    return pt.simulate(mf.SA(1.0, V=0.5 * np.eye(d), geometry="flat"), x, (0.0, 1.0), [0.0, 0.25, 0.5, 1.0])


RUNS = {d: flat_run(d) for d in (1, 2, 3, 5)}


def dots(ax: Any) -> Any:
    """Where the dots are."""
    (found,) = [c for c in ax.collections if not isinstance(c, PolyCollection | Line3DCollection)]
    return np.array(found._offsets3d).T if sheets.solid(ax) else np.asarray(found.get_offsets())


def headline(ax: Any) -> str:
    """The title, which axes with depth have in the middle."""
    return str(ax.get_title(loc="left") + ax.get_title())


def contrast(colour: Any, paper: Any) -> float:
    low, high = sorted((luminance(colour), luminance(paper)))
    return (high + 0.05) / (low + 0.05)


# --- clouds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("axes", "kept"), [(None, [0, 1, 2]), ((4, 1), [4, 1]), ((1, 3, 0), [1, 3, 0])])
def test_a_cloud_is_the_components_asked(axes: Any, kept: list[int]) -> None:
    ax = vectors.cloud(X5, axes=axes, symbol="z", title="a title")
    np.testing.assert_array_equal(dots(ax), X5[:, kept])
    names = [getattr(ax, f"get_{name}label")() for name in "xyz"[: len(kept)]]
    assert names == [f"$z_{{{k + 1}}}$" for k in kept] and headline(ax) == "a title"
    for k, name in zip(kept, "xyz", strict=False):
        low, high = getattr(ax, f"get_{name}lim")()
        assert low < X5[:, k].min() and high > X5[:, k].max()


def test_flat_axes_take_two_components_and_keep_what_was_there() -> None:
    ax: Any = plt.subplots()[1]
    vectors.cloud(X5, ax, label="first")
    vectors.cloud(10.0 * X5, ax, label="second")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["first", "second"]
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), X5[:, :2])
    assert ax.get_xlim()[1] > 10.0 * X5[:, 0].max()


def test_states_have_a_panel_and_a_scale_for_every_time() -> None:
    x = np.stack([X5, 3.0 * X5, 100.0 * X5])
    been = [x[:1], x[:2], x[1:]]
    panels = vectors.states([0.0, 1.0, 2.5], x, axes=(0, 1), paths=been, title="all")
    assert [ax.get_title(loc="left") for ax in panels] == ["t = 0", "t = 1", "t = 2.5"]
    for ax, one, path in zip(panels, x, been, strict=True):
        np.testing.assert_array_equal(dots(ax), one[:, :2])
        assert ax.get_xlim()[1] < 1.6 * np.abs(one).max()
        assert len(ax.get_lines()) == 7
        np.testing.assert_array_equal(ax.get_lines()[2].get_xydata(), path[:, 2, :2])
    assert panels[0].figure.get_suptitle() == "all"


def test_extents_that_compare_have_one_scale() -> None:
    square = vectors.cloud(X5, axes=(0, 1))
    assert square.get_aspect() == 1.0
    assert vectors.cloud(X5 * [1.0, 50.0, 1.0, 1.0, 1.0], axes=(0, 1)).get_aspect() == "auto"


# --- limit objects -----------------------------------------------------------------------------------------


def test_a_cube_has_eight_corners_and_twelve_edges() -> None:
    inside = np.concatenate([CUBE, RNG.uniform(0.1, 0.9, (20, 3))])
    found = polytopes.faces(inside)
    assert len(polytopes.edges(inside, found)) == 12
    np.testing.assert_array_equal(np.unique(polytopes.corners(inside), axis=0), CUBE)
    for a, b in polytopes.edges(inside, found):
        assert np.linalg.norm(inside[a] - inside[b]) == 1.0


def test_what_is_flat_is_a_polygon_a_segment_or_a_point() -> None:
    ring = np.array([[0.0, 0.0, 1.0], [2.0, 0.0, 1.0], [2.0, 1.0, 1.0], [0.0, 1.0, 1.0], [1.0, 0.5, 1.0]])
    found = polytopes.faces(ring)
    assert [sorted(face) for face in found] == [[0, 1, 2, 3]] and len(polytopes.edges(ring, found)) == 4
    assert sorted(polytopes.faces(ring[[0, 4, 2]])[0]) == [0, 2]
    assert len(polytopes.corners(np.ones((4, 3)) * 3.0)) == 1
    assert len(polytopes.corners(np.ones((4, 2)) * 3.0)) == 1


def test_a_plane_crosses_a_box_where_it_is() -> None:
    box = np.array([[0.0, 1.0]] * 3)
    six = polytopes.crossing(box, np.ones(3), 1.5)
    assert len(six) == 6
    np.testing.assert_allclose(six.sum(axis=1), 1.5, rtol=0.0, atol=1e-12)
    sides = np.linalg.norm(six - np.roll(six, 1, axis=0), axis=1)
    np.testing.assert_allclose(sides, np.sqrt(0.5), rtol=0.0, atol=1e-12)  # in order around
    assert len(polytopes.crossing(box, np.ones(3), 4.0)) == 0
    assert len(polytopes.crossing(box, np.array([1.0, 0.0, 0.0]), 0.25)) == 4


def test_limit_objects_are_drawn_in() -> None:
    ax = vectors.cloud(CUBE, axes=(0, 1), hull=CUBE, planes=[((1.0, 1.0, 0.0), 0.5)], directions=[(1.0, 1.0, 0.0)])
    ring, plane = ax.get_lines()
    assert sorted(map(tuple, ring.get_xydata()[1:])) == [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
    on = np.array([plane.get_xy1(), plane.get_xy2()])
    np.testing.assert_allclose(on @ [1.0, 1.0], 0.5, rtol=0.0, atol=1e-12)
    ax = vectors.cloud(CUBE, hull=CUBE, planes=[((0.0, 0.0, 1.0), 0.5)], directions=[(0.0, 0.0, 1.0)])
    assert sum(isinstance(c, Poly3DCollection) for c in ax.collections) == 2 and len(ax.get_lines()) == 12


def test_a_hull_times_a_line_goes_from_wall_to_wall() -> None:
    ax = vectors.cloud(CUBE, hull=CUBE[CUBE[:, 2] == 0.0], along=[0.0, 0.0, -2.0])
    heights = np.unique(np.concatenate([line.get_data_3d()[2] for line in ax.get_lines()]))
    np.testing.assert_allclose(heights, ax.get_zlim(), rtol=0.0, atol=1e-12)
    assert len(ax.get_lines()) == 2 + 4


# --- over time, attention ----------------------------------------------------------------------------------


def test_components_are_lines_or_their_mean_and_deviation() -> None:
    t, values = np.linspace(0.0, 1.0, 5), RNG.standard_normal((5, 4, 2))
    ax = vectors.components(t, values)
    np.testing.assert_array_equal([line.get_ydata() for line in ax.get_lines()[:4]], values[:, :, 0].T)
    ax = vectors.components(t, values, spread=True, labels=["a", "b"])
    mean, band = ax.get_lines()[1], ax.collections[1].get_paths()[0].vertices
    np.testing.assert_allclose(mean.get_ydata(), values[..., 1].mean(axis=1), rtol=0.0, atol=1e-15)
    top = (values[..., 1].mean(axis=1) + values[..., 1].std(axis=1)).max()
    assert abs(band[:, 1].max() - top) < 1e-12
    assert ax.get_yscale() == "linear" and vectors.components(t, values, log=True).get_yscale() == "symlog"
    assert vectors.components(t, np.exp(values), log=True).get_yscale() == "log"


def test_attention_is_grey_squares_and_strokes() -> None:
    P = np.array([[[0.9, 0.1], [0.5, 0.5]], [[1.0, 0.0], [0.0, 1.0]]])
    panels = matrices.matrices([0.0, 2.0], P, title="P")
    for ax, one in zip(panels, P, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), one)
        assert ax.images[0].get_clim() == (0.0, 1.0)
    K, Q = np.eye(2), -np.eye(2)
    ax = matrices.links(K, Q, P[0])
    (strokes,) = [c for c in ax.collections if hasattr(c, "get_segments")]
    np.testing.assert_allclose(strokes.get_linewidths(), 1.8 * P[0].ravel())
    np.testing.assert_array_equal(strokes.get_segments()[1], [[-1.0, 0.0], [0.0, 1.0]])
    assert len(matrices.linked([0.0, 2.0], [K, K], [Q, Q], P)) == 2


# --- runs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 3, 5])
def test_a_run_of_vectors_is_drawn_at_its_end(d: int) -> None:
    run = RUNS[d]
    ax = run.plot()
    np.testing.assert_array_equal(dots(ax), run.x[-1, :, :3])
    assert "t = 1" in headline(ax) and "n = 6" in headline(ax)
    np.testing.assert_array_equal(dots(mf.Points(run.x[-1], geometry=run.geometry).plot()), run.x[-1, :, :3])


def test_on_a_line_it_is_drawn_over_time() -> None:
    ax = RUNS[1].plot()
    np.testing.assert_array_equal([line.get_ydata() for line in ax.get_lines()], RUNS[1].x[..., 0].T)


def test_states_components_and_attention_of_a_run() -> None:
    run = RUNS[3]
    panels = run.plot_states((0.0, 1.0), paths=True)
    np.testing.assert_array_equal([dots(ax) for ax in panels], run.x[[0, -1]])
    assert len(run.plot_states()) == 4
    way = np.array([[1.0, -1.0, 2.0]])
    lines = run.plot_components(directions=way).get_lines()
    np.testing.assert_allclose([line.get_ydata() for line in lines], (run.x @ way[0]).T, rtol=0.0, atol=1e-14)
    image = run.plot_attention((0.5,))[0].images[0].get_array()
    s = np.exp(run.x[2] @ run.x[2].T)
    np.testing.assert_allclose(image, s / s.sum(axis=1, keepdims=True), rtol=0.0, atol=1e-14)


def test_replicas_are_drawn_one_by_one() -> None:
    x = RNG.uniform(-1.0, 1.0, (2, 4, 2))
    run = pt.simulate(mf.SA(1.0, geometry="flat"), x, (0.0, 0.5), [0.0, 0.5])
    np.testing.assert_array_equal(dots(run.plot(replica=1)), run.x[-1, 1])
    np.testing.assert_array_equal(dots(run.plot_states((0.5,), replica=1)[0]), run.x[-1, 1])
    assert run.plot_attention(replica=1)[0].images[0].get_array().shape == (4, 4)


@pytest.mark.parametrize("what", ["plot_globe", "plot_ring", "plot_inner_products", "theta"])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_pictures_of_directions_say_what_draws_vectors(what: str, d: int) -> None:
    with pytest.raises(TypeError, match=rf"points of R\^{d}.*run\.plot\(\), run\.plot_states\(\)") as told:
        getattr(RUNS[d], what)()
    assert "mu" not in str(told.value)


REFUSED = {
    "one component": (lambda: vectors.cloud(X5, axes=(1,)), ValueError, "two or three different"),
    "a component that is not there": (lambda: vectors.cloud(X5, axes=(0, 5)), ValueError, "axes"),
    "no components": (lambda: vectors.cloud(X5, axes=3), TypeError, "axes: got"),
    "three on flat axes": (lambda: vectors.cloud(X5, plt.subplots()[1], axes=(0, 1, 2)), ValueError, "projection"),
    "a line": (lambda: vectors.cloud(X5[:, :1]), ValueError, "components"),
    "a line at several times": (lambda: RUNS[1].plot_states(), ValueError, "components"),
    "a plane that is everywhere": (
        lambda: vectors.cloud(X5, axes=(0, 1), planes=[((1.0, 0, 1.0, 0, 0), 0.0)]), ValueError, "normal with parts",
    ),
    "a plane without normal": (lambda: vectors.cloud(X5, planes=[(np.zeros(5), 0.0)]), ValueError, "direction"),
    "no pairs": (lambda: vectors.cloud(X5, planes=[1.0]), TypeError, "pairs"),
    "no planes": (lambda: vectors.cloud(X5, planes=1.0), TypeError, "pairs"),
    "a line without hull": (lambda: vectors.cloud(X5, along=np.eye(5)[0]), ValueError, "give hull="),
    "paths of another number": (lambda: vectors.states([0.0], X5[None], paths=[]), ValueError, "one a panel"),
    "not square": (lambda: matrices.matrices([0.0], np.ones((1, 2, 3))), ValueError, "square"),
    "another direction": (lambda: RUNS[3].plot_components(directions=np.eye(2)), ValueError, r"points of R\^3"),
    "an option of the sphere": (lambda: RUNS[3].plot(elevation=3.0), TypeError, "no such option"),
    "another number of panels": (
        lambda: RUNS[2].plot_states(panels=[plt.subplots()[1]]), ValueError, "panels: got 1 axes",
    ),
    "velocity": (
        lambda: mf.Points(X5, geometry=RUNS[3].geometry).plot(velocity=RUNS[3].law), ValueError, "not in R",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", list(REFUSED))
def test_what_cannot_be_drawn_is_refused_by_name(case: str) -> None:
    draw, error, words = REFUSED[case]
    with pytest.raises(error, match=words):
        draw()


# --- paper -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", [(0, 1), (0, 1, 2)])
def test_on_black_paper_all_is_light(axes: Any) -> None:
    with plt.style.context("dark_background"):
        panels = vectors.states(
            [0.0, 1.0], np.stack([X5, 2.0 * X5]), axes=axes, paths=[X5[None]] * 2, hull=X5, directions=np.eye(5)[:1],
            title="dark",
        )  # fmt: skip
    for ax in panels:
        inks = [line.get_color() for line in ax.get_lines()] + [ax.xaxis.label.get_color(), ax.title.get_color()]
        inks += [c.get_facecolor()[0] for c in ax.collections if not isinstance(c, PolyCollection | Line3DCollection)]
        assert all(contrast(ink, "black") > 3.0 for ink in inks)
    assert contrast(panels[0].figure._suptitle.get_color(), "black") > 3.0


def test_a_long_title_stays_within_the_sheet() -> None:
    figure = vectors.states([0.0], X5[None], title="V = diag(1, 1, -1/2), " * 4)[0].figure
    box = figure._suptitle.get_window_extent()
    assert box.width <= figure.bbox.width


def test_an_unfinished_sheet_is_closed() -> None:
    before = plt.get_fignums()
    with pytest.raises(ValueError, match="normal"):
        vectors.states([0.0], X5[None], planes=[(np.zeros(5), 0.0)])
    assert plt.get_fignums() == before
