"""Pictures: what is drawn is what came, under the labels it should have, and the user's matplotlib stays as it was."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image
from strokes import ENERGY, THETA, VALUES, T

import meanfield.plot
from meanfield.plot import arrays, style
from meanfield.plot.shade import luminance

# matplotlib's types promise less of an axes than these pictures put on it.
circle: Any = meanfield.plot.circle
curves: Any = meanfield.plot.curves
points: Any = meanfield.plot.points
slopes: Any = meanfield.plot.slopes

TURN = 2 * np.pi


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


# --- every picture --------------------------------------------------------------------------------------------


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


def test_what_is_published_looks_the_same_in_a_dark_session(tmp_path: Path) -> None:
    def drawn(name: str) -> bytes:
        with style.session():
            made = circle.profiles(THETA, VALUES[:2], title="x")
        return style.save(made, tmp_path / name).read_bytes()

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
    sizes = [next(t for t in a.findobj(matplotlib.text.Text) if t.get_text().startswith(text)).get_fontsize()
             for a, text in ((ax, "SA(beta"), (short, "SA"))]  # fmt: skip
    assert sizes[0] < sizes[1] == style.STYLE["axes.titlesize"]


def test_matplotlib_is_imported_late() -> None:
    code = "import meanfield.plot.curves, meanfield.plot.animate, sys; print('matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


# --- style ----------------------------------------------------------------------------------------------------


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
