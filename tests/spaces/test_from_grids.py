"""Densities of histograms and maps: masses kept, errors that fall faster than any power, refusals in words."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

import meanfield as mf
from meanfield.protocols import Array

pytestmark = pytest.mark.rounding

TURN = 2.0 * np.pi


def bump(q: Any) -> Any:
    return np.exp(2.0 * np.cos(q - 0.3) + np.sin(2.0 * q))


def slope(phi: Any) -> Any:
    return np.exp(1.5 * np.cos(phi) + np.cos(phi) ** 2)


def integrals(f: Callable[[Any], Any], edges: Array) -> Array:
    return np.array([quad(f, a, b, epsabs=1e-14, epsrel=1e-13)[0] for a, b in pairwise(edges)])


def masses(rho: mf.Density, edges: Array) -> Array:
    """Of cells of the circle, from the coefficients."""
    k = np.arange(1, len(rho.coefficients))
    c = rho.coefficients[1:] / (1j * k)
    return np.diff(edges) / TURN + 2.0 * np.real(np.diff(np.exp(1j * edges[:, None] * k) @ c)) / TURN


# --- cells ---------------------------------------------------------------------------------------------------


def test_the_error_of_equal_cells_falls_spectrally() -> None:
    q, whole = np.linspace(0.0, 6.0, 60), quad(bump, 0.0, TURN, epsrel=1e-13)[0] / TURN
    off = []
    for n in (6, 8, 12, 16):
        edges = np.linspace(0.0, TURN, n + 1)
        rho = mf.Circle(256).density_from_cells(integrals(bump, edges), edges)
        off.append(np.abs(rho(q) - bump(q) / whole).max() / rho.maximum)
    # measured: 2e-6, 4e-8, 8e-12, 9e-14
    assert off[0] < 1e-5 and off[1] < 2e-7 and off[2] < 4e-11 and off[3] < 1e-12


def test_cells_need_not_be_equal() -> None:
    q, whole = np.linspace(0.0, 6.0, 60), quad(bump, 0.0, TURN, epsrel=1e-13)[0] / TURN
    for n, most in ((6, 4e-5), (12, 1e-9), (24, 1e-12)):
        edges = 1.0 + TURN * np.linspace(0.0, 1.0, n + 1) ** 1.3
        rho = mf.Circle(256).density_from_cells(integrals(bump, edges) / np.diff(edges), edges)
        assert np.abs(rho(q) - bump(q) / whole).max() < most * rho.maximum


@pytest.mark.parametrize("d", [3, 8, 64])
def test_cells_of_angles_to_the_axis(d: int) -> None:
    def weighed(phi: Any) -> Any:
        return slope(phi) * np.sin(phi) ** (d - 2)

    def weight(phi: Any) -> Any:
        return np.sin(phi) ** (d - 2)

    c, top = np.linspace(-0.6, 0.6, 31), np.pi
    # of 8 cells those at the poles weigh nothing in high dimensions: their means are of what is there
    whole = quad(weighed, 0.0, top, epsabs=0.0, epsrel=1e-12)[0] / quad(weight, 0.0, top, epsabs=0.0, epsrel=1e-12)[0]
    off = []
    for n in (4, 8):
        edges = np.linspace(0.0, top, n + 1)
        pairs = list(pairwise(edges))
        means = [quad(weighed, a, b, epsabs=0.0)[0] / quad(weight, a, b, epsabs=0.0)[0] for a, b in pairs]
        rho = mf.ZonalSphere(d, 64).density_from_cells(means, edges)
        off.append(np.abs(rho(c) - slope(np.arccos(c)) / whole).max())
    assert off[0] < 1e-5 and off[1] < 1e-8


def test_masses_are_kept_whatever_they_are() -> None:
    edges = np.linspace(0.0, TURN, 41)
    counts = np.random.default_rng(0).integers(1, 60, 40)
    rho = mf.Circle(2048).density_from_cells(counts, edges)
    assert np.abs(masses(rho, edges) - counts / counts.sum()).max() < 1e-12
    assert rho.minimum > 0.0


def test_areas_of_cells() -> None:
    edges = np.array([0.0, 0.2, 1.0, 2.5, np.pi])
    want = integrals(lambda phi: np.sin(phi) ** 4, edges)
    got = mf.ZonalSphere(6, 8).cell_areas(edges)
    assert np.abs(got - want / want.sum()).max() < 1e-14 and np.all(got > 0.0)
    tiny = mf.ZonalSphere(400, 8).cell_areas(edges)
    assert 0.0 < tiny[0] < 1e-200 and abs(tiny.sum() - 1.0) < 1e-13
    assert np.abs(mf.Circle(8).cell_areas([1.0, 2.0, 1.0 + TURN]) - [1.0 / TURN, 1.0 - 1.0 / TURN]).max() < 1e-15


def test_counts_of_a_histogram_find_the_density_again() -> None:
    space = mf.ZonalSphere(6, 48)
    rho = mf.von_mises_fisher(space, space.direction, 1.0)
    phi = np.arccos(rho.quantize(4000) @ space.direction)
    edges = np.concatenate([[0.0], np.linspace(0.6, 2.5, 7), [np.pi]])
    counts = np.histogram(phi, edges)[0]
    found = space.density_from_cells(counts / space.cell_areas(edges), edges)
    assert np.abs(found.moments(4) - rho.moments(4)).max() < 1e-3


EDGES = np.linspace(0.0, TURN, 5)
CELLS: dict[str, tuple[Any, Any, Any, str]] = {
    "empty": (mf.Circle(64), [1, 0, 2, 0], EDGES, "2 of 4 cells are empty, the first between 1.571 and 3.142"),
    "negative": (mf.Circle(64), [1, -1, 2, 3], EDGES, "values: got -1.0 in cell 1"),
    "NaN": (mf.Circle(64), [1, np.nan, 2, 3], EDGES, "values must be .*finite"),
    "as many edges as cells": (mf.Circle(64), [1, 2, 3, 4, 5], EDGES, r"values must be .*shape \(4,\)"),
    "not once round": (mf.Circle(64), [1, 2], [0.0, 1.0, 2.0], "edges must be increasing, once round"),
    "degrees": (mf.Circle(64), [1, 2], [0.0, 180.0, 360.0], r"In degrees\? numpy.radians\(edges\)"),
    "unsorted": (mf.Circle(64), [1, 2, 3], [0.0, 2.0, 1.0, TURN], "not increasing"),
    "one cell": (mf.Circle(64), [1], [0.0, TURN], "edges must be 3 to 501 angles"),
    "heights": (mf.ZonalSphere(4, 16), [1, 2], [-1.0, 0.0, 1.0], "edges must be increasing from 0 to pi"),
    "counts of unequal cells": (mf.Circle(64), [4, 3, 2], [0.0, 1.0, 3.0, TURN], r"counts / space.cell_areas\(edges\)"),
    "counts on a zonal sphere": (mf.ZonalSphere(4, 16), [4, 3], [0.0, 1.0, np.pi], "got whole numbers over cells"),
    "too coarse": (mf.Circle(16), [1, 20, 3, 40], EDGES, "under-resolved: .* use a larger space, such as Circle"),
    "too wild": (mf.Circle(64), [1e-200, 1.0] * 20, np.linspace(0.0, TURN, 41), "no smooth density|resolved"),
}


@pytest.mark.parametrize("name", CELLS)
def test_cells_that_no_density_comes_from_are_refused_by_name(name: str) -> None:
    space, values, edges, told = CELLS[name]
    with pytest.raises(ValueError, match=told):
        space.density_from_cells(values, edges)


def test_other_spaces_say_what_they_take() -> None:
    with pytest.raises(TypeError, match="use density_from_map, or density_from"):
        mf.Sphere(8).density_from_cells([1, 2], [0.0, 1.0, 2.0])
    with pytest.raises(TypeError, match=r"values on S.2 are of mf.Sphere.*here use density_from_cells"):
        mf.Circle(8).density_from_map(np.ones((6, 12)), *grid(6))


# --- maps ----------------------------------------------------------------------------------------------------


def grid(n: int, poles: bool = False, first: float = -180.0) -> tuple[Array, Array]:
    lat = 90.0 - 180.0 * (np.arange(n + 1) / n if poles else (np.arange(n) + 0.5) / n)
    return lat, first + 360.0 * np.arange(2 * n) / (2 * n)


def rows(lat: Array, lon: Array) -> Array:
    a, b = np.radians(lat)[:, None], np.radians(lon)
    return np.stack(np.broadcast_arrays(np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)), axis=-1)


MEAN = np.array([0.36, 0.48, 0.8])


def peak(x: Array) -> Array:
    return np.exp(2.0 * (x @ MEAN)) * 2.0 / np.sinh(2.0)


@pytest.mark.parametrize("poles", [False, True])
def test_the_error_of_a_map_falls_spectrally(poles: bool) -> None:
    space, off = mf.Sphere(40), []
    x = np.random.default_rng(0).standard_normal((50, 3))
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    for n in (24, 32):
        lat, lon = grid(n, poles)
        off.append(np.abs(space.density_from_map(5.0 * peak(rows(lat, lon)), lat, lon)(x) - peak(x)).max())
    assert max(off) < 1e-12 * peak(MEAN)
    lat, lon = grid(10, poles)
    with pytest.raises(ValueError, match="under-resolved: a series to degree 9"):
        space.density_from_map(peak(rows(lat, lon)), lat, lon)


def test_digits_decide_how_fine_a_map_must_be() -> None:
    exact = mf.Sphere(24).density(peak)
    off = []
    for n, decimals in ((10, 3), (14, 6), (18, 9)):
        lat, lon = grid(n)
        rho = mf.Sphere(24).density_from_map(np.round(peak(rows(lat, lon)), decimals), lat, lon)
        off.append(np.abs(rho.coefficients - exact.coefficients).max())
        assert off[-1] < rho.doubt.error
    assert off[0] < 1e-3 and off[1] < 1e-6 and off[2] < 1e-9


@pytest.mark.parametrize("kind", ["south first", "east to west", "from 0", "across the seam", "single", "units"])
def test_a_map_may_be_laid_out_in_any_way(kind: str) -> None:
    lat, lon = grid(24)
    if kind == "south first":
        lat = lat[::-1]
    if kind == "east to west":
        lon = lon[::-1]
    if kind == "from 0":
        lat, lon = grid(24, first=0.0)
    if kind == "across the seam":
        lon = np.roll(lon, 7)
    values = peak(rows(lat, lon))
    if kind == "single":
        lat, lon = lat.astype(np.float32), lon.astype(np.float32)
    if kind == "units":

        class Labelled(np.ndarray):
            attrs = {"units": "radians"}

        lat, lon = np.radians(lat).view(Labelled), np.radians(lon).view(Labelled)
    rho = mf.Sphere(24).density_from_map(values, lat, lon)
    room = 1e-6 if kind == "single" else 1e-13
    assert np.abs(rho.coefficients - mf.Sphere(24).density(peak).coefficients).max() < room


LAT, LON = grid(24)
FLAT = np.ones((24, 48))
POLES = grid(24, poles=True)
GAUSS = np.degrees(np.arcsin(np.polynomial.legendre.leggauss(24)[0]))
NOISE = np.random.default_rng(0).uniform(size=(24, 48))
MAPS: dict[str, tuple[Any, Any, Any, str]] = {
    "transposed": (FLAT.T, LAT, LON, r"Transpose it: values.T"),
    "another shape": (FLAT[:-1], LAT, LON, r"values: got shape \(23, 48\), wanted \(24, 48\)"),
    "Gauss": (FLAT, GAUSS, LON, "lat: wanted equal steps from pole to pole.*steps of 7"),
    "no south": (FLAT[:20], LAT[:20], LON, "lat: wanted equal steps from pole to pole"),
    "radians": (FLAT, np.radians(LAT), LON, r"in radians\? numpy.degrees\(lat\)"),
    "longitudes in radians": (FLAT, LAT, np.radians(LON), r"in radians\? numpy.degrees\(lon\)"),
    "the seam twice": (np.ones((24, 49)), LAT, np.linspace(0.0, 360.0, 49), r"values\[:, :-1\] and lon\[:-1\]"),
    "half a turn": (FLAT[:, :24], LAT, LON[:24], "lon: wanted equal steps once round"),
    "NaN": (np.where(FLAT == NOISE, 1.0, np.nan), LAT, LON, "values must be .*finite"),
    "negative": (rows(LAT, LON)[..., 2], LAT, LON, r"values: got -0.9.* at lat\[23\]"),
    "nothing": (0.0 * FLAT, LAT, LON, "mass"),
    "a jump": (1.0 + (rows(LAT, LON)[..., 2] > 0.0), LAT, LON, "under-resolved.*density_from"),
    "noise": (NOISE, LAT, LON, "under-resolved.*density_from"),
    "a ragged pole": (2.0 + 0.1 * np.cos(np.radians(LON)) * np.ones((25, 1)), *POLES, "the north pole is one point"),
    "a coarse map": (np.ones((3, 4)), [60.0, 0.0, -60.0], [0.0, 90.0, 180.0, 270.0], "wanted 5 x 5 at least"),
}


@pytest.mark.parametrize("name", MAPS)
def test_maps_that_no_density_comes_from_are_refused_by_name(name: str) -> None:
    values, lat, lon, told = MAPS[name]
    with pytest.raises(ValueError, match=f"(?s){told}"):
        mf.Sphere(24).density_from_map(values, lat, lon)


def test_a_coarse_sphere_is_told_which_one_would_do() -> None:
    with pytest.raises(ValueError, match=r"holds degrees up to 8: use mf.Sphere\((\d+)\)") as caught:
        mf.Sphere(8).density_from_map(peak(rows(LAT, LON)), LAT, LON)
    fine = int(str(caught.value).rpartition("(")[2][:-1])
    assert mf.Sphere(fine).density_from_map(peak(rows(LAT, LON)), LAT, LON).tail <= 1e-12


def test_what_a_noisy_map_is_told_to_do_works() -> None:
    numpy, values, lat, lon = np, NOISE, LAT, LON
    space = mf.Sphere(48)
    with pytest.raises(ValueError, match="under-resolved") as caught:
        space.density_from_map(values, lat, lon)
    told = str(caught.value)
    LATS, LONS = numpy.meshgrid(lat, lon, indexing="ij")
    assert 'LAT, LON = numpy.meshgrid(lat, lon, indexing="ij")' in told
    points = mf.Sphere.from_angles(numpy.radians(90 - LATS), numpy.radians(LONS)).reshape(-1, 3)
    weights = (values * numpy.cos(numpy.radians(LATS))).ravel()
    assert "space.density_from(points, weights, bandwidth=0.2)" in told
    assert space.density_from(points, weights, bandwidth=0.2).minimum > 0.0
def test_longitudes_that_do_not_close_are_refused() -> None:
    """Every step is right to 1e-3, and the last place is most of a step off; and an end that comes twice, of many."""
    lat, values = np.linspace(90.0, -90.0, 181), np.ones((181, 360), dtype=np.float32)
    with pytest.raises(ValueError, match="lon: wanted equal steps once round"):
        mf.Sphere(179).density_from_map(values, lat, 0.9992 * np.arange(360))
    with pytest.raises(ValueError, match="the last repeats the first"):
        mf.Sphere(8).density_from_map(np.ones((181, 2001)), lat, np.linspace(0.0, 360.0, 2001))
