"""Pictures: what is drawn is what came, under the labels it should have, and the user's matplotlib stays as it was."""

from __future__ import annotations

import subprocess
import sys
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import LogNorm
from PIL import Image

import meanfield.plot
from meanfield.plot import animate, arrays, style
from meanfield.plot.shade import luminance

# matplotlib's types promise less of an axes than these pictures put on it.
circle: Any = meanfield.plot.circle
curves: Any = meanfield.plot.curves
points: Any = meanfield.plot.points
slopes: Any = meanfield.plot.slopes
tree: Any = meanfield.plot.tree

TURN = 2 * np.pi
N = 48
THETA = TURN * np.arange(N) / N
T = np.linspace(0.0, 2.0, 21)
VALUES = 1 + (0.3 * np.cos(THETA) + 0.2 * np.sin(2 * THETA)) * np.exp(0.4 * T)[:, None]
ENERGY = 1.0 + T**2


def contrast(colour: Any, paper: Any) -> float:
    """Of two colours, as in the accessibility guidelines: 1 for the same, 21 for black on white."""
    low, high = sorted((luminance(colour), luminance(paper)))
    return (high + 0.05) / (low + 0.05)


def inks(ax: Any) -> list[Any]:
    """The colours of lines, steps, strokes, dots, letters and of a legend's samples, in the order of drawing."""
    legend = ax.get_legend()
    parts = [
        *ax.get_lines(),
        *[text for text in ax.texts if text.get_text()],
        *(legend.legend_handles if legend else []),
    ]
    found = [part.get_color() for part in parts if hasattr(part, "get_color")]
    found += [line.get_markeredgecolor() for line in ax.get_lines()]
    found += [text.arrow_patch.get_edgecolor() for text in ax.texts if getattr(text, "arrow_patch", None)]
    found += [patch.get_edgecolor() for patch in ax.patches]
    found += [colour for c in ax.collections if c.get_array() is None for colour in c.get_edgecolor()]
    return found + [colour for c in ax.collections if c.get_array() is None for colour in c.get_facecolor()]


PICTURES: dict[str, Any] = {
    "heat": lambda ax, title: circle.heat(T, THETA, VALUES, ax, title=title),
    "profiles": lambda ax, title: circle.profiles(THETA, VALUES[[0, 10, 20]], T[[0, 10, 20]], ax, title=title),
    "overlay": lambda ax, title: circle.overlay(THETA, VALUES[0], np.linspace(0, TURN, 500), 30, ax, title=title),
    "ring": lambda ax, title: circle.ring(np.linspace(0, 2, 60), ax, title=title),
    "band": lambda ax, title: circle.band(THETA, VALUES[-1], ax, title=title),
    "spectrum": lambda ax, title: curves.spectrum(range(9), [0.1 ** np.arange(9)], ["a"], 1e-6, ax, title=title),
    "moments": lambda ax, title: curves.moments(T, np.exp(T)[:, None] * [1, 2], ax=ax, title=title),
    "rate": lambda ax, title: slopes.rate([10, 100], [1, 0.3], [0.1, 0.02], -0.52, (-0.6, -0.4), ax, title=title),
    "growth": lambda ax, title: slopes.growth(T, [np.exp(T), 2 * np.exp(T)], ["a", "b"], ax, title=title),
    "trajectories": lambda ax, title: curves.trajectories(T, np.outer(T, [1.0, 4.0]), ax, title=title),
    "inner_products": lambda ax, title: points.inner_products(np.eye(4), ax, title=title),
    "sphere": lambda ax, title: points.sphere(np.eye(3), ax, title=title),
}
WITHOUT_FRAME = {"ring", "band", "sphere"}
WITH_LEGEND = ["profiles", "overlay", "spectrum", "moments", "rate", "growth", "inner_products"]


# --- every picture -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_goes_on_the_axes_given(name: str) -> None:
    figure, ax = plt.subplots()
    out = PICTURES[name](ax, r"SA, $\beta = 4$")
    assert out is ax
    assert ax.get_title() == r"SA, $\beta = 4$"
    assert [a for a in figure.axes if a.get_label() != "<colorbar>"] == [ax]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_makes_its_own_figure_and_leaves_the_users_settings(name: str) -> None:
    plt.get_backend()  # pyplot settles its backend when first asked; that is not our doing
    before = dict(matplotlib.rcParams)
    out = PICTURES[name](None, "parameters")
    assert dict(matplotlib.rcParams) == before
    assert out.get_title(loc="left") == "parameters"
    assert plt.gcf() is out.get_figure()
    if name not in WITHOUT_FRAME:
        assert out.get_xlabel() and out.get_ylabel()
        assert max(spine.get_linewidth() for spine in out.spines.values()) <= 0.8


@pytest.mark.parametrize("name", PICTURES)
def test_what_is_dark_on_white_axes_is_light_on_dark_ones(name: str) -> None:
    """Half as much contrast at least, or 3: nothing that can be read on white paper is lost on black."""
    PICTURES[name](white := plt.subplots()[1], "x")
    with plt.style.context("dark_background"):
        _, black = plt.subplots()
        mine = black.plot([0.5, 1.0], [1.0, 1.0], color="navy")[0]
        PICTURES[name](black, "x")
    assert mine.get_color() == "navy"
    mine.remove()
    assert len(inks(white)) == len(inks(black)) > 0 or name in {"heat", "band"}
    for light, dark in zip(inks(white), inks(black), strict=True):
        assert contrast(dark, "black") >= min(3.0, 0.5 * contrast(light, "white")), (light, dark)


def test_dark_panels_and_see_through_axes_are_dark_too() -> None:
    figure, axes = plt.subplots(2, 1, facecolor="black", subplot_kw={"facecolor": "none"})
    curves.energy(T, ENERGY, 0.999 * T**2, axes)
    assert all(contrast(colour, "black") > 3.0 for ax in axes for colour in inks(ax))
    part: Any = plt.figure(facecolor="black").subfigures()
    ax = part.subplots(subplot_kw={"facecolor": "none"})
    curves.trajectories(T, T[:, None], ax)
    assert all(contrast(colour, "black") > 3.0 for colour in inks(ax))
    plt.close(figure)


def test_panels_of_the_user_show_the_same_times() -> None:
    _, pair = plt.subplots(2, 1)
    for ax in curves.energy(T, ENERGY, T**2, pair):
        assert ax.get_xlim() == (T[0], T[-1])


@pytest.mark.parametrize("name", WITH_LEGEND)
def test_a_legend_covers_no_data(name: str) -> None:
    ax = PICTURES[name](None, "x")
    ax.get_figure().canvas.draw()
    legend = ax.get_legend()
    box = legend.get_window_extent()
    for line in ax.get_lines():
        xy = line.get_transform().transform(np.asarray(line.get_xydata(), dtype=float))
        share = np.linspace(0, 1, 40)[:, None]
        dense = np.concatenate([a + share * (b - a) for a, b in pairwise(xy)])
        assert not any(box.contains(x, y) for x, y in dense[np.isfinite(dense).all(axis=1)])


def test_a_crowded_picture_has_its_legend_beside_it() -> None:
    noise = np.random.default_rng(0).random((6, 200))
    ax = circle.profiles(TURN * np.arange(200) / 200, noise, range(6), title="x")
    ax.get_figure().canvas.draw()
    box = ax.get_legend().get_window_extent()
    assert box.x0 >= ax.bbox.x1 and box.x1 <= ax.get_figure().bbox.x1


def test_a_failed_picture_leaves_no_figure_behind() -> None:
    with pytest.raises(RuntimeError, match="on purpose"), style.axes():
        raise RuntimeError("on purpose")
    assert plt.get_fignums() == []


def test_a_picture_looks_the_same_in_a_dark_session(tmp_path: Path) -> None:
    def drawn(name: str) -> bytes:
        return style.save(circle.profiles(THETA, VALUES[:2], title="x"), tmp_path / name).read_bytes()

    light = drawn("light.png")
    with plt.style.context("dark_background"):
        assert drawn("dark.png") == light


def test_letters_drawn_later_are_ours() -> None:
    ax = circle.heat(T, THETA, VALUES, title="x")
    ax.get_figure().canvas.draw()  # by now the user's settings hold again
    for label in [*ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label]:
        assert label.get_fontfamily() == ["STIXGeneral"]
        assert label.get_math_fontfamily() == "stix"


def test_long_titles_are_fitted() -> None:
    title = "SA(beta=4.0, scale='natural'), " * 4
    ax = curves.trajectories(T, T[:, None], title=title)
    figure = ax.get_figure()
    figure.canvas.draw()
    short = curves.trajectories(T, T[:, None], title="SA")
    sizes = [next(t for t in a.findobj(matplotlib.text.Text) if t.get_text() == text).get_fontsize()
             for a, text in ((ax, title), (short, "SA"))]  # fmt: skip
    assert sizes[0] < sizes[1] == style.STYLE["axes.titlesize"]


def test_matplotlib_is_imported_late() -> None:
    code = "import meanfield.plot.curves, meanfield.plot.animate, sys; print('matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


# --- style -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_line_styles_survive_greyscale(n: int) -> None:
    looks = style.line_styles(n)
    shades = [luminance(look["color"]) for look in looks]
    assert len(looks) == n
    assert np.all(np.diff(shades) > 0)
    assert shades[-1] < 0.65  # still seen on white
    assert len({(str(look["linestyle"]), look["marker"]) for look in looks}) == n


def test_line_styles_refuse() -> None:
    with pytest.raises(ValueError, match="n must be"):
        style.line_styles(-1)
    with pytest.raises(TypeError, match="n must be"):
        style.line_styles(2.0)  # type: ignore[arg-type]
    assert style.line_styles(0) == []


def test_heat_colours_are_ordered_by_luminance() -> None:
    mesh = circle.heat(T, THETA, VALUES).collections[0]
    shades = [luminance(c) for c in mesh.get_cmap()(np.linspace(0, 1, 64))]
    assert np.all(np.diff(shades) > 0)


def test_pi_ticks() -> None:
    _, ax = plt.subplots()
    ax.set_xlim(-np.pi, TURN)
    style.pi_ticks(ax.xaxis)
    ticks = zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    shown = {round(x * 2 / np.pi): label.get_text() for x, label in ticks}
    assert shown[0] == "$0$" and shown[1] == r"$\pi/2$" and shown[2] == r"$\pi$"
    assert shown[3] == r"$3\pi/2$" and shown[4] == r"$2\pi$" and shown[-1] == r"$-\pi/2$"


def test_numbers_and_names_refuse() -> None:
    with pytest.raises(ValueError, match=r"theta must be .* shape \(any\); got shape \(2, 2\)"):
        arrays.numbers("theta", np.zeros((2, 2)), None)
    with pytest.raises(TypeError, match="theta must be"):
        arrays.numbers("theta", np.zeros(2, complex), None)
    with pytest.raises(ValueError, match="different lengths"):
        arrays.numbers("theta", [[1.0], [1.0, 2.0]], None, None)
    with pytest.raises(ValueError, match="theta must be finite"):
        arrays.finite("theta", [np.nan], None)
    with pytest.raises(ValueError, match="weights must be nonnegative"):
        arrays.masses("weights", [-1.0, 2.0], 2)
    with pytest.raises(ValueError, match="labels must be 3"):
        arrays.names("labels", ["a"], 3)
    with pytest.raises(TypeError, match="ax must be matplotlib axes"):
        circle.ring([0.0], ax=plt)


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_saved_twice_is_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    saved = []
    for i in range(2):
        path = style.save(circle.heat(T, THETA, VALUES, title="x"), tmp_path / f"{i}{suffix}")
        saved.append(path.read_bytes())
    assert saved[0] == saved[1] and len(saved[0]) > 1000
    for stamp in (b"CreationDate", b"<dc:date>", b"Software", b"Matplotlib v"):
        assert stamp not in saved[0]  # a second later, or with another release, it would differ
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"0{suffix}", f"1{suffix}"]


def test_save_takes_figures_and_refuses_other_suffixes(tmp_path: Path) -> None:
    ax = circle.ring([0.0, 1.0])
    assert style.save(ax.get_figure(), tmp_path / "a.png").exists()
    both = np.array([ax, ax], dtype=object)
    assert style.save(both, tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (600, 630)
    with pytest.raises(ValueError, match=r"\.png, \.pdf, \.svg; got 'a.tiff'"):
        style.save(ax, tmp_path / "a.tiff")


# --- circle ------------------------------------------------------------------------------------------------


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
    assert circle.scale(np.array([-1.0, 0.001, 100.0]), None)[0] is False
    with pytest.raises(ValueError, match="log must be False"):
        circle.scale(np.array([-1.0, 0.0]), True)


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


# --- curves ------------------------------------------------------------------------------------------------


def labels_of(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_energy_and_its_defect() -> None:
    dissipated = (ENERGY - 1) * (1 + 1e-6)
    top, below = curves.energy(T, ENERGY, dissipated, bounds={"one cluster": 6.0}, tolerance=1e-9, title="x")
    np.testing.assert_array_equal(top.get_lines()[0].get_ydata(), ENERGY)
    assert labels_of(top) == [r"$E(t)$, non-decreasing $\checkmark$", "one cluster"]
    drawn = np.asarray(below.get_lines()[0].get_ydata())
    assert np.isnan(drawn[0])
    np.testing.assert_allclose(drawn[1:], 1e-6, rtol=1e-6)
    assert below.get_yscale() == "log" and labels_of(below)[1:] == ["rounding", "tolerance"]
    assert top.get_title(loc="left") == "x" and below.get_xlabel() == "time $t$"


@pytest.mark.rounding
@pytest.mark.parametrize(
    ("energy", "mark"),
    [
        (ENERGY, "non-decreasing"),
        (-ENERGY, "non-increasing"),
        (ENERGY + 0.5 * np.sin(9 * T), None),
        (ENERGY + 2e-16 * (-1.0) ** np.arange(len(T)), "non-decreasing"),  # rounding is no fall
        (ENERGY - 1e-12 * (np.arange(len(T)) == 1) - T**2 * (T < 0.15), None),  # a small fall is one
    ],
)
def test_the_check_mark_is_earned(energy: Any, mark: str | None) -> None:
    top, _ = curves.energy(T, energy, energy - energy[0])
    label = labels_of(top)[0]
    assert (r"$\checkmark$" in label) is (mark is not None)
    assert mark is None or mark in label


def test_the_check_mark_follows_the_dissipation() -> None:
    """An energy that falls where its dissipation says it rises is not monotone in the sense that counts."""
    top, _ = curves.energy(T, -ENERGY, ENERGY - 1)
    assert "checkmark" not in labels_of(top)[0]


@pytest.mark.rounding
@pytest.mark.parametrize("level", [0.3, 0.0])
def test_a_constant_energy_is_drawn(level: float) -> None:
    top, below = curves.energy(T, np.full(21, level), np.full(21, 1e-12))
    assert labels_of(top) == ["$E(t)$, constant"]
    np.testing.assert_allclose(np.asarray(below.get_lines()[0].get_ydata()), 1e-12 / (level or 1.0))
    top.get_figure().canvas.draw()


@pytest.mark.rounding
def test_an_exact_identity_is_drawn_at_the_floor() -> None:
    _, below = curves.energy(T, ENERGY, ENERGY - ENERGY[0])
    np.testing.assert_allclose(np.asarray(below.get_lines()[0].get_ydata())[1:], 1e-17)


def test_energy_takes_axes() -> None:
    _, mine = plt.subplots(2)
    out = curves.energy(T, ENERGY, ENERGY - 1, mine)
    assert out[0] is mine[0] and out[1] is mine[1]
    with pytest.raises(ValueError, match="axes must be 2 axes, one a panel; got 1"):
        curves.energy(T, ENERGY, ENERGY - 1, [mine[0]])


@pytest.mark.rounding
def test_spectrum_draws_sizes_and_leaves_zeros_out() -> None:
    sizes = np.array([1.0, 1e-3, 0.0, 1e-9])
    ax = curves.spectrum([0, 1, 2, 3], [sizes], ["a"], 1e-12)
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), [1.0, 1e-3, np.nan, 1e-9])
    np.testing.assert_array_equal(ax.get_lines()[1].get_ydata(), [1e-12, 1e-12])
    assert ax.get_yscale() == "log" and ax.get_xlabel() == "degree $k$" and ax.get_ylabel() == "$|c_k|$"


@pytest.mark.rounding
def test_spectrum_of_several_resolutions_and_orders() -> None:
    ax = curves.spectrum([range(3), range(5)], [np.ones(3), np.ones(5)])
    assert [len(line.get_xdata()) for line in ax.get_lines()] == [3, 5]
    ax = curves.spectrum([0, 1, 1, 1], [[1.0, 0.2, 0.5, 0.1]])  # l, with three orders m at l = 1
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), [1.0, 0.5])
    assert curves.spectrum([0, 1], [[1.0, 1e-300]]).get_ylim()[0] > 1e-22
    with pytest.raises(ValueError, match="magnitude_list"):
        curves.spectrum([0, 1], [])
    with pytest.raises(ValueError, match=r"magnitude_list\[0\]"):
        curves.spectrum([0, 1], [[1.0]])


def test_moments_with_theory() -> None:
    sizes = np.exp(np.outer(T, [0.2, 0.4]))
    ax = curves.moments(T, sizes, predicted=2 * sizes)
    drawn = [np.asarray(line.get_ydata()) for line in ax.get_lines()]
    np.testing.assert_array_equal(np.array(drawn), np.concatenate([sizes.T, 2 * sizes.T]))
    assert labels_of(ax) == ["$k = 0$", "$k = 1$", "linear theory"]


def test_rate_draws_points_fit_and_reference() -> None:
    n = np.array([10.0, 100.0, 1000.0])
    ax = slopes.rate(n, 3 * n**-0.5, 0.1 * n**-0.5, -0.5, (-0.52, -0.48))
    fit, reference = (next(line for line in ax.get_lines() if word in str(line.get_label())) for word in ("fit", "ref"))
    np.testing.assert_allclose(fit.get_ydata(), 3 * np.asarray(fit.get_xdata()) ** -0.5)
    x, y = (np.log(np.asarray(data)) for data in (reference.get_xdata(), reference.get_ydata()))
    np.testing.assert_allclose(np.diff(y) / np.diff(x), -0.5)
    assert np.all(y < np.log(3 * np.exp(x) ** -0.5))
    container = ax.containers[0]
    np.testing.assert_array_equal(container.lines[0].get_ydata(), 3 * n**-0.5)
    assert container.has_yerr
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert any("-0.500" in text and "-0.520" in text and "-0.480" in text for text in labels_of(ax))
    with pytest.raises(ValueError, match="must be positive"):
        slopes.rate(n, -n, n, -0.5)


def test_growth_draws_lines_spread_and_bounds() -> None:
    rows = [np.exp(T), 0.1 * np.exp(T)]
    spread = [0.1 * row for row in rows]
    ax = slopes.growth(T, rows, ["n = 10", "n = 1000"], spread=spread, bounds={"theory": np.exp(2 * T)})
    for line, row in zip(ax.get_lines(), [*rows, np.exp(2 * T)], strict=True):
        np.testing.assert_array_equal(line.get_ydata(), row)
    assert len(ax.collections) == 2
    assert labels_of(ax) == ["n = 10", "n = 1000", "theory"] and ax.get_ylabel() == "$W_1$ (rad)"
    with pytest.raises(ValueError, match="spread must be 2"):
        slopes.growth(T, rows, spread=[rows[0]])


# --- points ------------------------------------------------------------------------------------------------


@pytest.mark.rounding
@pytest.mark.parametrize("d", [2, 3, 4, 8])
def test_inner_products_of_uniform_points(d: int) -> None:
    """The bins' exact probabilities for d = 3 (flat) and d = 2 (arcsine), and sampled ones for every d."""
    edges = np.linspace(-1, 1, 21)
    p = points.uniform_pairs(d, edges)
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    if d == 3:
        np.testing.assert_allclose(p, 1 / 20, rtol=1e-13)
    if d == 2:
        np.testing.assert_allclose(p, np.diff(np.arcsin(edges)) / np.pi, rtol=1e-12)
    x = np.random.default_rng(d).standard_normal((1200, d))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    assert np.abs(points.pair_histogram(x, 20) - p).max() < 0.004


def test_pairs_are_counted_once() -> None:
    x = np.random.default_rng(0).standard_normal((1100, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    i, j = np.triu_indices(len(x), 1)
    direct = np.histogram(np.clip((x @ x.T)[i, j], -1, 1), bins=40, range=(-1, 1))[0] / len(i)
    np.testing.assert_allclose(points.pair_histogram(x, 40), direct, rtol=0.0, atol=2 / len(i))


def test_pairs_count_by_their_masses() -> None:
    x = np.random.default_rng(1).standard_normal((1100, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    w = np.random.default_rng(2).dirichlet(np.full(len(x), 0.3))
    i, j = np.triu_indices(len(x), 1)
    both = w[i] * w[j]
    direct = np.histogram(np.clip((x @ x.T)[i, j], -1, 1), bins=40, range=(-1, 1), weights=both)[0] / both.sum()
    np.testing.assert_allclose(points.pair_histogram(x, 40, w), direct, rtol=0.0, atol=4.0 * both.max() / both.sum())
    ax = points.inner_products(np.eye(3), weights=[1.0, 1.0, 0.0], bins=10)
    assert np.array(ax.patches[0].get_data().values)[5] == 5.0
    with pytest.raises(ValueError, match="two points with mass"):
        points.inner_products(np.eye(3), weights=[1.0, 0.0, 0.0])


def test_inner_products_picture() -> None:
    x = np.stack([np.eye(5), np.tile(np.eye(5)[:1], (5, 1))])
    ax = points.inner_products(x, bins=10, labels=["orthogonal", "one cluster"])
    heights = np.array([patch.get_data().values for patch in ax.patches])
    np.testing.assert_allclose(heights.sum(axis=1) * 0.2, 1.0)
    assert heights[0, 5] == heights[1, 9] == 5.0
    assert labels_of(ax) == ["orthogonal", "one cluster", "uniform"]
    with pytest.raises(ValueError, match="unit rows"):
        points.inner_products(2 * np.eye(3))


@pytest.mark.rounding
def test_sphere_shows_the_front_as_dots() -> None:
    x = np.array([[1.0, 0, 0], [0, 1.0, 0], [-1.0, 0, 0]])
    ax = points.sphere(x, elevation=0.0, azimuth=0.0)
    behind, front = (np.asarray(c.get_offsets()) for c in ax.collections)
    np.testing.assert_allclose(front, [[0, 0], [1, 0]], rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(behind, [[0, 0]], rtol=0.0, atol=1e-15)


def test_dots_are_as_large_as_their_masses_and_smaller_in_crowds() -> None:
    def areas(n: int, weights: Any = None) -> np.ndarray:
        x = np.tile([[1.0, 0.0, 0.0]], (n, 1))
        (_, front) = points.sphere(x, elevation=0.0, azimuth=0.0, weights=weights).collections
        return np.asarray(front.get_sizes())

    np.testing.assert_allclose(areas(2, [0.25, 0.75]), [28.0 / 3.0, 28.0])  # in square points, the heaviest 28 at most
    np.testing.assert_allclose(areas(1000), 6.0)
    np.testing.assert_allclose(areas(9000), 4.0)


@pytest.mark.rounding
def test_the_sphere_is_drawn_whole() -> None:
    ax = points.sphere([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], elevation=20.0, azimuth=50.0)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert max(left, bottom) < -1.0 and min(right, top) > 1.0
    circles = [np.asarray(line.get_xydata()) for line in ax.lines]
    assert len(circles) == 2 * 11  # five parallels and six meridians, in front and behind
    size = np.linalg.norm(np.concatenate(circles), axis=1)
    assert np.nanmax(size) <= 1.0 + 1e-12
    for front, behind in zip(circles[10::2], circles[11::2], strict=True):  # a meridian's two halves make one circle
        both = np.concatenate([front, behind])
        np.testing.assert_allclose([np.nanmax(both[:, 1]), np.nanmin(both[:, 1])], [1.0, -1.0], rtol=0.1)


# --- moving pictures ---------------------------------------------------------------------------------------


def dots(figure: Any, k: int) -> None:
    figure.subplots().plot([0, 1], [k, 1])


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".apng"])
def test_moving_pictures_have_every_frame(suffix: str, tmp_path: Path) -> None:
    path = animate.animate(dots, 4, tmp_path / f"a{suffix}", fps=10, figsize=(1.5, 1.2), dpi=50)
    with Image.open(path) as film:
        assert film.n_frames == 4 and film.size == (75, 60)  # type: ignore[attr-defined]
        film.seek(1)
        film.load()
        assert film.info["duration"] == pytest.approx(100)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_density_in_motion(tmp_path: Path) -> None:
    plt.figure()
    before, figures = dict(matplotlib.rcParams), plt.get_fignums()
    path = animate.density(T[::10], THETA, VALUES[::10], tmp_path / "a.gif", title=r"$\beta = 4$")
    with Image.open(path) as film:
        assert film.n_frames == 3  # type: ignore[attr-defined]
    assert dict(matplotlib.rcParams) == before and plt.get_fignums() == figures
    again = animate.density(T[::10], THETA, VALUES[::10], tmp_path / "b.gif", title=r"$\beta = 4$")
    assert again.read_bytes() == path.read_bytes()


def test_frames_share_their_scales_and_places() -> None:
    draw = animate.circle_frames(THETA, VALUES, T, title="x")
    pictures, places = [], []
    for first in (0, 20):
        figure = plt.figure(figsize=(7, 3.4), layout="constrained")
        update: Any = draw(figure, first)
        figure.canvas.draw()
        left, right = figure.axes
        np.testing.assert_array_equal(np.asarray(right.get_lines()[1].get_ydata())[:N], VALUES[first])
        norm = left.collections[0].norm
        places.append((norm.vmin, norm.vmax, right.get_ylim(), right.get_position().bounds))
        update(13)
        figure.canvas.draw()
        pictures.append(np.asarray(figure.canvas.buffer_rgba()))  # type: ignore[attr-defined]
    assert places[0] == places[1]
    np.testing.assert_array_equal(pictures[0], pictures[1])  # a frame does not depend on the one before
    np.testing.assert_array_equal(np.asarray(right.get_lines()[1].get_ydata())[:N], VALUES[13])


def in_sight(values: Any, limits: tuple[float, float], room: float) -> None:
    """All values lie within the limits, with some room above, but with no more than the factor `room`."""
    low, high = limits
    assert low <= np.min(values) and 1.02 * np.max(values) < high < room * np.max(values)


@pytest.mark.parametrize(("log", "room"), [(False, 1.2), (True, 2.0)])
def test_every_frame_of_the_circle_is_in_sight(log: bool, room: float) -> None:
    figure = plt.figure(layout="constrained")
    values = np.array([0.2, 1.3])[:, None] * np.ones(N)
    animate.circle_frames(THETA, values, T[:2], log=log)(figure, 0)
    in_sight(values, figure.axes[1].get_ylim(), room)
    np.testing.assert_allclose(figure.axes[1].get_xlim(), [0.0, 2.0 * np.pi])


@pytest.mark.parametrize(("log", "room"), [(False, 1.2), (True, 2.0)])
def test_every_frame_of_the_heights_is_in_sight(log: bool, room: float) -> None:
    figure = plt.figure(layout="constrained")
    values = np.array([0.2, 1.3])[:, None] * np.ones(33)
    animate.zonal_frames(np.linspace(-1.0, 1.0, 33), values, T[:2], log=log, d=3)(figure, 0)
    in_sight(values, figure.axes[0].get_ylim(), room)


def test_moving_pictures_refuse(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.gif, \.webp, \.png, \.apng; got 'a.mp4'"):
        animate.animate(dots, 2, tmp_path / "a.mp4")
    with pytest.raises(ValueError, match="frames"):
        animate.animate(dots, 0, tmp_path / "a.gif")
    with pytest.raises(ValueError, match="fps"):
        animate.animate(dots, 2, tmp_path / "a.gif", fps=0)
    (tmp_path / "a.gif").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        animate.animate(dots, 2, tmp_path / "a.gif")
    assert (tmp_path / "a.gif").read_bytes() == b"mine"
    animate.animate(dots, 2, tmp_path / "a.gif", overwrite=True, figsize=(1, 1), dpi=40)
    assert (tmp_path / "a.gif").read_bytes()[:4] == b"GIF8"


def test_a_film_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken(figure: Any, k: int) -> None:
        raise RuntimeError("on purpose")

    (tmp_path / "a.gif").write_bytes(b"mine")
    with pytest.raises(RuntimeError, match="on purpose"):
        animate.animate(broken, 3, tmp_path / "a.gif", overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["a.gif"] and (tmp_path / "a.gif").read_bytes() == b"mine"
