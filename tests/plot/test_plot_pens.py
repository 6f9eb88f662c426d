"""Records on the same axes, options, the user's style, dark figures, and maps that cut no cluster."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from strokes import labels_of

import meanfield as mf
import meanfield.plot
import particles as pt
from meanfield.plot.shade import luminance

globe: Any = meanfield.plot.globe
grids: Any = meanfield.plot.grids
style: Any = meanfield.plot.style
CALM: Any = mf.solve(mf.SA(2.0), mf.perturbed_uniform(mf.Circle(64), {1: 0.3}), (0.0, 0.2))
KEEN: Any = mf.solve(mf.SA(4.0), mf.perturbed_uniform(mf.Circle(64), {1: 0.3}), (0.0, 0.2))
FEW: Any = pt.simulate(mf.SA(4.0), [0.0, 1.0, 2.5], (0.0, 0.2))
MORE: Any = pt.simulate(mf.SA(9.0), [0.5, 1.5, 2.5, 4.0], (0.0, 0.4))
LATE: Any = pt.longtime(mf.USA(9.0), [0.0, 1.0, 2.5, 4.0], log_t_end=9.0)
BALL: Any = pt.simulate(mf.SA(4.0), pt.uniform(20, 3, rng=0), (0.0, 0.2))


def contrast(a: Any, b: Any) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


# --- several records -----------------------------------------------------------------------------------------


def test_two_energies_on_the_same_axes_are_told_apart() -> None:
    pair = CALM.plot_energy()
    alone = labels_of(pair[0])
    KEEN.plot_energy(pair)
    first, second = pair[0].get_lines()
    assert first.get_color() != second.get_color() and first.get_linestyle() != second.get_linestyle()
    assert contrast(first.get_color(), second.get_color()) > 1.5  # in greyscale, too
    assert labels_of(pair[0]) == [f"{CALM.title}: {alone[0]}", f"{KEEN.title}: {alone[0]}"]
    assert pair[0].get_title(loc="left") == ""
    low, high = pair[0].get_xlim()
    assert low <= 0.0 and high >= 0.2


def test_two_runs_of_particles_have_colours_names_and_room() -> None:
    ax = FEW.plot(label="three")
    assert labels_of(ax) == ["three"]
    MORE.plot(ax)
    assert labels_of(ax) == ["three", MORE.title] and ax.get_xlim() == (0.0, 0.4)
    seen = [{tuple(one) for one in lines.get_colors()} for lines in ax.collections]
    assert not seen[0] & seen[1]
    FEW.plot(ax, color="red", label="red")
    assert np.all(ax.collections[-1].get_colors()[:, :3] == to_rgb("red"))


@pytest.mark.parametrize("name", ["plot_counts", "plot_energy"])
def test_curves_over_log_time_are_told_apart(name: str) -> None:
    ax = getattr(LATE, name)(label="a")
    getattr(LATE, name)(ax, label="b")
    first, second = ax.get_lines()
    assert labels_of(ax) == ["a", "b"] and first.get_color() != second.get_color()


@pytest.mark.parametrize("name", ["plot_profiles", "plot_spectrum"])
def test_lines_of_two_solutions_have_their_own_colours_and_names(name: str) -> None:
    ax = getattr(CALM, name)([0.0, 0.1])
    getattr(KEEN, name)([0.0, 0.1], ax)
    colours = [line.get_color() for line in ax.get_lines()]
    assert len(set(colours)) == 4
    assert labels_of(ax) == [f"{one.title}: t = {t}" for one in (CALM, KEEN) for t in ("0", "0.1")]


def test_a_picture_of_the_users_colours() -> None:
    with plt.style.context({"axes.prop_cycle": plt.cycler(color=["#112233", "#445566"])}):
        ax = CALM.plot_energy()
        KEEN.plot_energy(ax)
    assert [line.get_color() for line in ax[0].get_lines()] == ["#112233", "#445566"]
    assert CALM.plot(cmap="magma").collections[0].get_cmap().name == "magma"
    with plt.style.context({"image.cmap": "cividis"}):
        assert CALM.plot().collections[0].get_cmap().name == "cividis"
    assert CALM.plot_profiles(color="C3").get_lines()[2].get_color() == "C3"


# --- options ---------------------------------------------------------------------------------------------------

ASKED: dict[str, Any] = {
    "solution": CALM.plot, "profiles": CALM.plot_profiles, "energy": CALM.plot_energy, "spectrum": CALM.plot_spectrum,
    "particles": FEW.plot, "ring": FEW.plot_ring, "inner": FEW.plot_inner_products, "ball": BALL.plot,
    "globe": BALL.plot_globe, "late": LATE.plot, "counts": LATE.plot_counts, "steps": LATE.plot_energy,
    "tree": mf.merge_tree([(1.0, [0, 1])], 2).plot,
}  # fmt: skip


@pytest.mark.parametrize("picture", ASKED.values(), ids=ASKED)
def test_an_unknown_option_is_refused_and_those_there_are_named(picture: Any) -> None:
    before = plt.get_fignums()
    with pytest.raises(TypeError, match=r"titel: this picture has no such option; it has .*title.* \(near: title\)"):
        picture(titel="x")
    assert plt.get_fignums() == before
    made = picture(title="mine")
    ax = made[0] if isinstance(made, np.ndarray) else made
    assert ax.get_title(loc="left") == "mine"


def test_colours_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match=r"color: got 'reddd' \(str\), wanted a colour"):
        CALM.plot_energy(color="reddd")
    with pytest.raises(ValueError, match=r"cmap: got 'viridi' \(str\), wanted .*near: 'viridis'"):
        CALM.plot(cmap="viridi")
    with pytest.raises(ValueError, match="log_time: no time is positive"):
        pt.simulate(mf.SA(4.0), [0.0, 1.0], (-1.0, 0.0)).plot(log_time=True)


def test_log_time() -> None:
    assert {ax.get_xscale() for ax in CALM.plot_energy(log_time=True)} == {"log"}
    ax = FEW.plot(log_time=True)
    assert ax.get_xscale() == "log" and ax.get_xlim() == (FEW.t[1], FEW.t[-1])


# --- the user's style --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("picture", ASKED.values(), ids=ASKED)
def test_a_dark_style_is_honoured_and_legible(picture: Any) -> None:
    with plt.style.context("dark_background"):
        made = picture()
    axes = list(made) if isinstance(made, np.ndarray) else [made]
    for ax in axes:
        figure = style.root(ax)
        assert luminance(figure.get_facecolor()) == 0.0
        figure.canvas.draw()  # by now the session is light again
        texts = []
        for one in figure.axes:
            if one.axison:
                texts += [one.title, one.xaxis.label, one.yaxis.label, *one.get_xticklabels(), *one.get_yticklabels()]
        texts += [t for one in figure.axes if one.get_legend() for t in one.get_legend().get_texts()]
        assert all(contrast(text.get_color(), "black") >= 3.0 for text in texts if text.get_text())


def test_a_dark_figure_in_a_light_session_is_legible() -> None:
    figure, ax = plt.subplots(facecolor="black", subplot_kw={"facecolor": "black"})
    CALM.plot(ax)
    figure.canvas.draw()
    for one in figure.axes:
        words = [one.xaxis.label, one.yaxis.label, *one.get_xticklabels(), *one.get_yticklabels()]
        assert all(contrast(text.get_color(), "black") >= 3.0 for text in words if text.get_text())
        spines = [spine for spine in one.spines.values() if spine.get_visible()]
        assert all(contrast(spine.get_edgecolor(), "black") >= 3.0 for spine in spines)
    _, ax = plt.subplots(facecolor="black", subplot_kw={"facecolor": "black"})
    CALM.plot_profiles([0.0], ax, color="orange", label="calm")
    legend: Any = ax.get_legend()
    assert luminance(legend.get_frame().get_facecolor()) == 0.0
    assert contrast(legend.get_texts()[0].get_color(), "black") >= 3.0
    assert np.allclose(to_rgb(ax.get_lines()[0].get_color()), to_rgb("orange"))  # the user's colour is left as it is


def test_settings_of_the_user_win_and_ours_fill_in() -> None:
    with plt.style.context({"font.family": "monospace", "axes.linewidth": 2.0}):
        ax = CALM.plot_profiles()
    assert ax.xaxis.label.get_fontfamily() == ["monospace"] and ax.spines["left"].get_linewidth() == 2.0
    assert ax.xaxis.label.get_fontsize() == style.STYLE["axes.labelsize"]
    with plt.style.context("dark_background"), style.session():
        assert CALM.plot_profiles().get_figure().get_facecolor() == (1.0, 1.0, 1.0, 1.0)


# --- maps and globes ---------------------------------------------------------------------------------------------

THETA = (np.arange(18) + 0.5) * np.pi / 18
PHI = 2 * np.pi * np.arange(36) / 36
ROUND = np.stack([np.sin(THETA)[:, None] * np.cos(PHI), np.sin(THETA)[:, None] * np.sin(PHI),
                  np.cos(THETA)[:, None] * np.ones(36)], -1)  # fmt: skip


@pytest.mark.parametrize("east", [180.0, 170.0, -165.0, 0.0, 60.0])
def test_a_cluster_at_the_edge_of_the_map_is_not_cut(east: float) -> None:
    at = np.deg2rad(east)
    field = np.exp(20.0 * (ROUND @ [np.cos(at), np.sin(at), 0.0] - 1.0))
    middle = grids.seam(PHI, field)
    away = np.abs(np.mod(at - middle + np.pi, 2 * np.pi) - np.pi)
    assert away <= np.deg2rad(120.0) and (middle == 0.0) == (abs(east) < 150.0)
    ax = globe.mollweide(THETA, PHI, field, samples=[[np.cos(at), np.sin(at), 0.0]])
    mesh, dot = ax.collections[0], ax.collections[1].get_offsets()[0]
    places, values = mesh.get_coordinates().reshape(-1, 2), np.ravel(mesh.get_array())
    top = places[values.argmax()]
    assert abs(top[0] - dot[0]) <= np.deg2rad(5.1) and abs(top[1]) <= np.deg2rad(5.1)  # half a cell of the grid
    ax.figure.canvas.draw()
    names = {text.get_text(): text.get_position()[0] for text in ax.texts}
    assert len(names) >= 4
    for name, x in names.items():
        true = np.deg2rad(float(name.strip("$").removesuffix(r"\degree")))
        assert abs(np.mod(x + middle - true + np.pi, 2 * np.pi) - np.pi) < 1e-9


def test_a_flat_density_has_longitude_zero_in_the_middle() -> None:
    assert grids.seam(PHI, 1.0 - 0.3 * ROUND[..., 0]) == 0.0


@pytest.mark.rounding
def test_particles_on_the_sphere_are_points_on_a_globe_with_their_ways() -> None:
    ax = BALL.plot()
    assert sum(len(dots.get_offsets()) for dots in ax.collections) == 20
    ways = [line for line in ax.get_lines() if len(line.get_xdata()) == len(BALL.t)]
    assert len(ways) == 40  # in front, and behind
    at = BALL.plot_globe(0.0, elevation=90.0, azimuth=-90.0)
    front = at.collections[1].get_offsets()
    x = BALL.rows[0]
    np.testing.assert_allclose(front, x[x[:, 2] >= 0.0][:, :2], rtol=0.0, atol=1e-12)
    assert "t = 0" in at.get_title(loc="left")


# --- measures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rho", [mf.perturbed_uniform(mf.Circle(32), {1: 0.3}), CALM(0.1), mf.uniform(mf.ZonalSphere(4, 8)),
            mf.solve(mf.SA(2.0), mf.perturbed_uniform(mf.Circle(64), {1: 0.3}), (0.0, 0.1), method="lagrangian")(0.1)],
    ids=lambda rho: type(rho).__name__,
)  # fmt: skip
def test_a_density_is_a_line_over_its_space(rho: Any) -> None:
    ax = rho.plot(label="mine")
    line = ax.get_lines()[0]
    seen = np.interp(rho.space.nodes, line.get_xdata(), line.get_ydata())
    np.testing.assert_allclose(seen, rho.on(rho.space), rtol=0.0, atol=1e-6)
    assert labels_of(ax) == ["mine"]
    with pytest.raises(TypeError, match=r"^titel: this picture has no such option"):
        rho.plot(titel="x")


def test_a_density_on_the_sphere_is_a_map_whose_middle_may_be_chosen() -> None:
    rho = mf.von_mises_fisher(mf.Sphere(24), [1.0, 0.0, 0.0], 2.0)
    for centre in (0.0, 1.0):
        mesh = rho.plot(centre=centre, title="x").collections[0]
        east = mesh.get_coordinates().reshape(-1, 2)[np.ravel(mesh.get_array()).argmax(), 0]
        assert abs(east + centre) < 0.15  # a cell of the grid


def test_points_are_drawn_as_their_dimension_has_it() -> None:
    assert len(mf.Points([0.0, 1.0, 2.0]).plot(mean=False).collections[0].get_offsets()) == 3
    assert mf.Points(np.eye(3)).plot().get_xlabel() == ""
    assert sum(len(dots.get_offsets()) for dots in mf.Points(np.eye(3)).plot(elevation=10.0).collections) == 3
    assert "inner product" in mf.Points(np.eye(5)).plot(bins=10).get_xlabel()
    with pytest.raises(TypeError, match=r"^bins: this picture has no such option"):
        mf.Points(np.eye(3)).plot(bins=3)
