"""Pictures of zonal densities and of S^2: what is drawn is what came, in the place where it belongs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

import meanfield as mf
import meanfield.plot
from meanfield.plot import animate
from meanfield.special import ultraspherical

# matplotlib's types promise less of an axes than these pictures put on it.
zonal: Any = meanfield.plot.zonal
globe: Any = meanfield.plot.globe
mollweide: Any = meanfield.plot.mollweide
orthographic: Any = meanfield.plot.orthographic
points: Any = meanfield.plot.points

T = np.linspace(0.0, 2.0, 13)
C = ultraspherical.gauss(5, 33).nodes
W = ultraspherical.gauss(5, 33).weights
RHO = 1 + 0.3 * C * (1 + T[:, None]) / 3

THETA = np.arccos(np.polynomial.legendre.leggauss(13)[0])[::-1]
PHI = 2 * np.pi * np.arange(27) / 27


def rows(theta: Any, phi: Any) -> Any:
    a, b = np.meshgrid(theta, phi, indexing="ij")
    return np.stack([np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), np.cos(a)], axis=-1).reshape(-1, 3)


X = rows(THETA, PHI)
TILT = np.array([0.5, 0.3, 0.2])
FIELD = 1 + X @ TILT
FIELDS = 1 + np.multiply.outer(T, X @ TILT) / 2

PICTURES: dict[str, Any] = {
    "zonal.heat": lambda ax, title: zonal.heat(T, C, RHO, ax, title=title),
    "zonal.heat by angle": lambda ax, title: zonal.heat(T, C, RHO, ax, title=title, as_law=True, by_angle=True),
    "zonal.profiles": lambda ax, title: zonal.profiles(C, RHO[::6], T[::6], ax, title=title),
    "zonal.overlay": lambda ax, title: zonal.overlay(C, RHO[0], np.linspace(-1, 1, 99), 9, ax, title=title),
    "globe.heat": lambda ax, title: globe.heat(T, X, FIELDS, ax, title=title),
    "globe.profiles": lambda ax, title: globe.profiles(X, FIELDS[::6], T[::6], ax, title=title),
    "orthographic": lambda ax, title: orthographic.orthographic(
        THETA, PHI, FIELD.reshape(13, 27), ax, samples=np.eye(3), title=title
    ),
    "globe.mollweide": lambda ax, title: mollweide.mollweide(THETA, PHI, FIELD.reshape(13, 27), ax, title=title),
    "globe.overlay": lambda ax, title: globe.overlay(X, FIELD, np.eye(3), ax, title=title),
}
MAPS = {"globe.mollweide", "globe.overlay"}
WITHOUT_LABELS = {"globe.heat", "orthographic", *MAPS}


def pixel(ax: Any, x: float, y: float) -> Any:
    """Colour of the drawn figure where the axes have the data point (x, y)."""
    figure = ax.get_figure()
    figure.canvas.draw()
    image = np.asarray(figure.canvas.buffer_rgba())
    across, up = ax.transData.transform((x, y))
    return image[image.shape[0] - 1 - round(up), round(across), :3] / 255.0


# --- every picture -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_goes_on_the_axes_given(name: str) -> None:
    figure, ax = plt.subplots(subplot_kw={"projection": "mollweide"} if name in MAPS else {})
    assert PICTURES[name](ax, r"SA, $\beta = 4$") is ax
    assert ax.get_title() == r"SA, $\beta = 4$"
    assert [a for a in figure.axes if a.get_label() != "<colorbar>" and a not in ax.child_axes] == [ax]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_makes_its_own_figure_and_leaves_the_users_settings(name: str) -> None:
    plt.get_backend()
    before = dict(matplotlib.rcParams)
    out = PICTURES[name](None, "parameters")
    out.get_figure().canvas.draw()
    assert dict(matplotlib.rcParams) == before
    assert out.get_title(loc="left") == "parameters"
    assert plt.gcf() is out.get_figure()
    assert name in WITHOUT_LABELS or (out.get_xlabel() and out.get_ylabel())


@pytest.mark.rounding
@pytest.mark.parametrize(
    "rho",
    [
        mf.ZonalSphere(6, 24).density(lambda c: np.exp(2 * c)),
        mf.Sphere(24).density(lambda x: np.exp(2 * x[..., 1] - x[..., 2])),
    ],
)
def test_a_space_names_its_picture(rho: Any, tmp_path: Path) -> None:
    room: Any = getattr(meanfield.plot, rho.space.picture)
    values = np.stack([np.ones_like(rho.values), rho.values])
    ax = room.heat([0.0, 1.0], rho.space.nodes, values, None, title="x")
    maps = [one for one in (ax, *ax.child_axes) if one.collections]  # colours, but not the lines beside them
    assert {one.collections[0].norm.vmax for one in maps} == {float(rho.values.max())}
    lines = room.profiles(rho.space.nodes, values, ["a", "b"], None, title="x").get_lines()
    assert [line.get_label() for line in lines] == ["a", "b"]
    np.testing.assert_allclose(lines[0].get_ydata(), 1.0, rtol=0.0, atol=1e-14)
    film = animate.FILMS[rho.space.picture]([0.0, 1.0], rho.space.nodes, values, tmp_path / "a.gif", title="x")
    assert film.exists()


# --- zonal -------------------------------------------------------------------------------------------------


@pytest.mark.rounding
@pytest.mark.parametrize("d", [2, 3, 4, 7, 64, 1024])
def test_the_dimension_is_read_off_gauss_nodes(d: int) -> None:
    for n in (3, 4, 17, 128):
        assert zonal.dimension(ultraspherical.gauss(d, n).nodes) == d
    for n in (4, 33):
        assert zonal.dimension(np.linspace(-1, 1, n)) is None
    c = np.array([-0.9, 0.0, 0.3, 0.99])
    limit = 8.0 * (d + 10.0) * np.finfo(np.float64).eps  # of logarithms of this size
    np.testing.assert_allclose(zonal.law(d, c), np.exp(ultraspherical.log_weight(d, c)), rtol=limit)


def test_heat_shows_irregular_heights_up_to_the_poles() -> None:
    mesh = zonal.heat(T, C, RHO).collections[0]
    grid = mesh._coordinates  # (heights, times, 2)
    np.testing.assert_array_equal(grid[:, 0, 1], [-1.0, *C, 1.0])
    np.testing.assert_array_equal(grid[0, :, 0], T)
    drawn = np.asarray(mesh.get_array()).reshape(len(C) + 2, len(T))
    np.testing.assert_array_equal(drawn[1:-1], RHO.T)
    np.testing.assert_array_equal(drawn[-1], RHO[:, -1])


@pytest.mark.rounding
def test_undetermined_values_near_the_poles_are_left_blank() -> None:
    """At d = 128 the outer nodes carry no mass: rounding there, here 1e30, must not make the scale."""
    rule = ultraspherical.gauss(128, 129)
    lost = rule.weights < 1e-18
    assert lost.sum() > 10
    values = np.where(lost, 1e30, 1 + 0.1 * rule.nodes)
    ax = zonal.heat(T, rule.nodes, np.tile(values, (len(T), 1)))
    assert ax.collections[0].norm.vmax < 2.0
    assert ax.get_ylim() == (-1.0, 1.0)
    line = zonal.profiles(rule.nodes, [values]).get_lines()[0]
    assert np.max(line.get_ydata()) < 2.0 and len(line.get_xdata()) > 40
    everything = zonal.heat(T, np.linspace(-1, 1, 129), np.tile(values, (len(T), 1)))  # not Gauss nodes: all is shown
    assert everything.collections[0].norm.vmax == 1e30


def test_fine_grids_keep_a_narrow_cluster() -> None:
    c = ultraspherical.gauss(3, 1500).nodes
    values = np.ones((2, 1500))
    values[1, 777] = 40.0
    mesh = zonal.heat([0.0, 1.0], c, values, log=False).collections[0]
    assert mesh._coordinates.shape[0] < 520 and np.max(mesh.get_array()) == 40.0
    assert np.all(np.diff(mesh._coordinates[:, 0, 1]) > 0)


@pytest.mark.rounding
def test_the_law_of_the_height() -> None:
    ax = zonal.profiles(C, RHO[:1], as_law=True)
    x, y = (np.asarray(v) for v in ax.get_lines()[0].get_data())
    np.testing.assert_allclose(y, RHO[0] * 0.75 * (1 - C**2), rtol=1e-12)  # d = 5: 1/B(1/2, 2) = 3/4
    assert np.trapezoid(y, x) == pytest.approx(1.0, abs=2e-2)
    assert "law" in ax.get_ylabel()
    with pytest.raises(ValueError, match="d must be the ambient dimension"):
        zonal.profiles(np.linspace(-1, 1, 9), [np.ones(9)], as_law=True)
    flat = zonal.profiles(np.linspace(-1, 1, 9), [np.ones(9)], as_law=True, d=3).get_lines()[0]
    np.testing.assert_allclose(flat.get_ydata(), 0.5)


@pytest.mark.parametrize("d", [2, 3, 8, 64])
def test_heights_of_particles_follow_their_law(d: int) -> None:
    space = mf.ZonalSphere(d, 40)
    rho = space.density(lambda c: np.exp(1.5 * c))
    samples = space.chart(rho.sample(6_000, rng=1))
    ax = zonal.overlay(space.nodes, rho.values, samples, 30)
    bars = ax.patches[0].get_data()
    assert np.sum(bars.values * np.diff(bars.edges)) == pytest.approx(1.0)
    law = ultraspherical.distribution(d, rho.coefficients, bars.edges)
    mass = np.diff(law)
    seen = bars.values * np.diff(bars.edges)
    assert np.all(np.abs(seen - mass) < 5.0 * np.sqrt(mass / 6_000) + 1e-3)
    np.testing.assert_allclose(
        ax.get_lines()[0].get_ydata(), (rho.values * zonal.law(d, space.nodes))[zonal.shown(space.nodes, d)]
    )


def test_heights_spaced_by_angle() -> None:
    ax = zonal.profiles(C, RHO[:1], by_angle=True)
    where = ax.transData.transform([(np.cos(a), 1.0) for a in np.linspace(0.1, 3.0, 8)])[:, 0]
    np.testing.assert_allclose(np.diff(where), np.diff(where)[0], rtol=1e-9)
    assert np.all(np.diff(where) < 0)
    assert ax.get_xlim() == (-1.0, 1.0)


# --- grids of S^2 ------------------------------------------------------------------------------------------


@pytest.mark.rounding
def test_a_grid_is_read_off_its_rows_in_any_order() -> None:
    shuffle = np.random.default_rng(0).permutation(len(X))
    theta, phi, place = globe.grid(X[shuffle])
    np.testing.assert_allclose(theta, THETA, rtol=0.0, atol=1e-14)
    np.testing.assert_allclose(phi, PHI, rtol=0.0, atol=1e-14)
    np.testing.assert_array_equal(FIELD[shuffle][place], FIELD.reshape(13, 27))
    for wrong in (X[:-1], np.concatenate([X[:27], rows(THETA[1:2], PHI + 0.01)]), np.eye(3)):
        with pytest.raises(ValueError, match="nodes must be a product grid"):
            globe.grid(wrong)
    with pytest.raises(ValueError, match="nodes must have unit rows"):
        globe.grid(2 * X)


@pytest.mark.rounding
def test_a_covering_closes_the_sphere() -> None:
    theta, phi, field = globe.covering(THETA, PHI, FIELD.reshape(13, 27))
    assert theta[0] == 0.0 and theta[-1] == np.pi and phi[0] == -np.pi and phi[-1] == np.pi
    np.testing.assert_allclose(field[:, 0], field[:, -1], rtol=0.0, atol=1e-14)
    assert np.ptp(field[0]) < 1e-13 and np.ptp(field[-1]) < 1e-13
    exact = 1 + (rows(theta, phi) @ TILT).reshape(field.shape)
    inside = (theta >= THETA[0]) & (theta <= THETA[-1])
    assert np.abs(field - exact)[inside].max() < 0.02  # bilinear on a grid of spacing h: h^2 / 8 a direction
    assert np.abs(field - exact).max() < 0.06
    i = np.searchsorted(theta, THETA[5])
    j = np.searchsorted(phi, PHI[3])
    assert field[i, j] == pytest.approx(FIELD.reshape(13, 27)[5, 3], abs=1e-14)


def test_fine_grids_keep_a_narrow_cluster_on_the_globe() -> None:
    theta, phi = np.pi * (np.arange(700) + 0.5) / 700, 2 * np.pi * np.arange(1400) / 1400
    field = np.ones((700, 1400))
    field[334, 1000] = 50.0
    colatitude, longitude, covered = globe.covering(theta, phi, field)
    i, j = np.unravel_index(covered.argmax(), covered.shape)
    assert covered.max() == 50.0 and covered.size < 200_000
    assert abs(colatitude[i] - theta[334]) < 0.01
    assert abs(longitude[j] - (phi[1000] - 2 * np.pi)) < 0.01


# --- S^2 ---------------------------------------------------------------------------------------------------


def spot(centre: Any) -> Any:
    """A narrow density about a centre on a fine grid."""
    theta, phi = np.arccos(np.polynomial.legendre.leggauss(40)[0])[::-1], 2 * np.pi * np.arange(81) / 81
    field = np.exp(30.0 * (rows(theta, phi) @ np.asarray(centre) - 1.0)).reshape(40, 81)
    return theta, phi, field


@pytest.mark.parametrize(
    ("centre", "longitude", "latitude"),
    [((1, 0, 0), 0.0, 0.0), ((0, 1, 0), 90.0, 0.0), ((0, 0, 1), 0.0, 87.0), ((-1, 0, 0), 178.0, 0.0),
     ((0, -0.6, -0.8), -90.0, -53.1)],
)  # fmt: skip
def test_a_map_shows_a_spot_where_it_is(centre: Any, longitude: float, latitude: float) -> None:
    ax = mollweide.mollweide(*spot(centre), centre=0.0)
    high = matplotlib.colormaps["viridis"](1.0)[:3]
    low = matplotlib.colormaps["viridis"](0.0)[:3]
    at = np.deg2rad([longitude + 0.7, latitude + 0.7])  # beside the graticule
    assert np.abs(pixel(ax, *at) - high).max() < 0.2
    away = np.deg2rad([longitude - np.copysign(80.0, longitude), 20.0 - latitude / 2])
    assert np.abs(pixel(ax, *away) - low).max() < 0.2


@pytest.mark.rounding
@pytest.mark.parametrize("centre", [(1, 0, 0), (0, 0.6, 0.8), (0.48, 0.64, -0.6), (0, 0, 1)])
def test_a_globe_shows_a_spot_where_particles_are(centre: Any) -> None:
    """The place of the brightest pixel is where `points.sphere` and the particles on top put the centre."""
    centre = np.array(centre, dtype=float)
    ax = orthographic.orthographic(*spot(centre), samples=centre[None], elevation=10.0, azimuth=50.0)
    red, green, blue, _ = np.moveaxis(np.asarray(ax.get_images()[0].get_array()), -1, 0)
    image = np.where(green > blue, red / green, 0.0)  # rises along viridis' upper half, shaded or not
    side = (np.arange(len(image)) + 0.5) * 2 / len(image) - 1
    inside = side[:, None] ** 2 + side**2 < 1
    up, right = np.unravel_index(np.where(inside, image, 0.0).argmax(), image.shape)
    dot = np.asarray(ax.collections[0].get_offsets())[0]
    alone = points.sphere(np.stack([centre, centre]), elevation=10.0, azimuth=50.0).collections[1]
    np.testing.assert_allclose(dot, np.asarray(alone.get_offsets())[0], rtol=0.0, atol=1e-14)
    np.testing.assert_allclose([side[right], side[up]], dot, rtol=0.0, atol=0.06)  # a cell of the grid is 0.08 wide


def test_the_back_of_a_globe_is_not_seen() -> None:
    ax = orthographic.orthographic(*spot((-1, 0, 0)), samples=[[-1.0, 0.0, 0.0]], elevation=0.0, azimuth=0.0)
    assert len(ax.collections[0].get_offsets()) == 0
    colours = np.asarray(ax.get_images()[0].get_array())
    assert np.abs(colours[250, 250, :3] - matplotlib.colormaps["viridis"](0.0)[:3]).max() < 0.02


@pytest.mark.rounding
def test_particles_on_a_map() -> None:
    ax = globe.overlay(X, FIELD, np.array([[0.0, 1.0, 0.0], [-0.6, 0.0, 0.8]]))
    dots = np.asarray(ax.collections[1].get_offsets())
    np.testing.assert_allclose(dots, [[np.pi / 2, 0.0], [np.pi, np.arcsin(0.8)]], rtol=0.0, atol=1e-15)


def test_heat_is_six_maps_in_common_colours() -> None:
    ax = globe.heat(T, X, FIELDS, title="x")
    shown = [f"$t = {t:.3g}$" for t in (0, 0.333, 0.833, 1.17, 1.67, 2)]
    assert [inset.get_title() for inset in ax.child_axes] == shown
    norms = {(c.norm.vmin, c.norm.vmax) for inset in ax.child_axes for c in inset.collections}
    assert norms == {(0.0, float(FIELDS.max()))}
    last = np.asarray(ax.child_axes[-1].collections[0].get_array())
    np.testing.assert_allclose(last, globe.covering(THETA, PHI, FIELDS[-1].reshape(13, 27))[2].reshape(last.shape))
    assert len(globe.heat([0.0, 1.0], X, FIELDS[:2]).child_axes) == 2
    assert len(globe.heat([0.0], X, FIELDS[:1]).child_axes) == 1


@pytest.mark.rounding
def test_profiles_are_means_over_the_longitude() -> None:
    line = globe.profiles(X, [FIELD]).get_lines()[0]
    np.testing.assert_allclose(line.get_xdata(), np.cos(THETA))
    np.testing.assert_allclose(line.get_ydata(), 1 + TILT[2] * np.cos(THETA), rtol=0.0, atol=1e-14)


# --- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: zonal.heat(T, C[::-1], RHO), "^c must be"),
        (lambda: zonal.heat(T, 2 * C, RHO), "^c must be"),
        (lambda: zonal.heat(T[::-1], C, RHO), "^t must be"),
        (lambda: zonal.heat(T, C, RHO[:, 1:]), "^values must be"),
        (lambda: zonal.profiles(C, []), "^values_list must hold"),
        (lambda: zonal.overlay(C, RHO[0], [1.5]), "^samples must be heights"),
        (lambda: mollweide.mollweide(THETA - np.pi / 2, PHI, FIELD.reshape(13, 27)), "^theta must be colatitudes"),
        (lambda: mollweide.mollweide(THETA, PHI, FIELD), "^values must be"),
        (lambda: mollweide.mollweide(THETA, PHI, FIELD.reshape(13, 27), plt.subplots()[1]), "^ax must be axes made"),
        (lambda: globe.overlay(X, FIELD, 2 * np.eye(3)), "^samples must be unit rows"),
        (lambda: globe.heat(T, X, FIELDS[:, 1:]), "^values must be"),
        (lambda: globe.heat(T[::-1], X, FIELDS), "^t must be"),
        (lambda: globe.profiles(X, []), "^values_list must hold"),
    ],
)
def test_bad_input_is_named(call: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()


def test_a_failed_map_leaves_no_figure_behind() -> None:
    with pytest.raises(RuntimeError, match="on purpose"), mollweide.map_axes(None):
        raise RuntimeError("on purpose")
    assert plt.get_fignums() == []


# --- moving pictures ---------------------------------------------------------------------------------------


def test_films(tmp_path: Path) -> None:
    before, figures = dict(matplotlib.rcParams), plt.get_fignums()
    assert set(animate.FILMS) == {"circle", "zonal", "globe", "line"}
    for name, nodes, values in (("zonal", C, RHO), ("globe", X, FIELDS)):
        path = animate.FILMS[name](T[:2], nodes, values[:2], tmp_path / f"{name}.gif", title=r"$\beta = 4$")
        with Image.open(path) as film:
            assert film.n_frames == 2  # type: ignore[attr-defined]
    assert dict(matplotlib.rcParams) == before and plt.get_fignums() == figures


@pytest.mark.parametrize(
    "draw", [animate.zonal_frames(C, RHO, T, title="x"), animate.globe_frames(X, FIELDS, T, title="x")]
)
def test_a_frame_does_not_depend_on_the_one_before(draw: Any) -> None:
    pictures = []
    for first in (0, 12):
        figure = plt.figure(figsize=(4, 2.6), layout="constrained")
        update = draw(figure, first)
        figure.canvas.draw()
        figure.set_layout_engine("none")
        update(7)
        figure.canvas.draw()
        pictures.append(np.asarray(figure.canvas.buffer_rgba()).copy())  # type: ignore[attr-defined]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    update(12)
    figure.canvas.draw()
    assert np.any(np.asarray(figure.canvas.buffer_rgba()) != pictures[0])  # type: ignore[attr-defined]


def test_names_of_latitudes_do_not_touch() -> None:
    figure, ax = plt.subplots(figsize=(3.2, 2.6))
    space = mf.Sphere(8)
    globe.profiles(space.rows, [np.ones(len(space.rows))], ax=ax)
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
