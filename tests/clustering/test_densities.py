"""Clusters of densities: the same by every method, and as a plain look at the curve finds them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar
from scipy.signal import find_peaks

import meanfield as mf
from meanfield.clustering.basins import Around, cuts, joined
from meanfield.clustering.found import Clusters
from meanfield.protocols import Array

pytestmark = pytest.mark.rounding

TURN = 2.0 * np.pi
LAW = mf.SA(4.0)


@pytest.fixture(scope="module")
def circle() -> tuple[Any, Any]:
    rho = mf.Circle(64).density(lambda t: 1.0 + 0.3 * np.cos(t) + 0.2 * np.sin(2.0 * t))
    return mf.solve(LAW, rho, (0.0, 3.0)), mf.solve(LAW, rho, (0.0, 3.0), method="lagrangian")


def counted(values: Array, prominence: float) -> int:
    """Maxima of a periodic curve that rise above the way to a higher one by that share of their height."""
    three = np.tile(values, 3)
    n, (at, of) = len(values), find_peaks(three, prominence=0.0)
    middle = (n <= at) & (at < 2 * n)
    return int(np.sum(of["prominences"][middle] >= prominence * three[at[middle]]))


def same(a: Clusters, b: Clusters, limit: float) -> None:
    assert len(a) == len(b) and a.sharp == b.sharp and a.others == b.others
    for name in ("masses", "centres", "widths", "core", "edges", "peaks"):
        one, two = np.asarray(getattr(a, name)), np.asarray(getattr(b, name))
        np.testing.assert_allclose(one, two, rtol=0.0, atol=limit, err_msg=name)


# --- by every method ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("t", [0.0, 0.2, 0.6, 1.0, 2.0, 3.0])
def test_both_methods_find_what_a_plain_look_finds(circle: tuple[Any, Any], t: float) -> None:
    """The Lagrangian method said 1 at t = 3: it looked for gaps between its points, the spectral one for minima."""
    found = [mf.clusters(sol(t)) for sol in circle]
    for n in (999, 5000, 40_000):
        looks = [counted(sol(t)(TURN * np.arange(n) / n), 0.1) for sol in circle]
        assert looks == [len(c) for c in found] == [1 if t < 0.4 else 2] * 2
    same(found[0], found[1], 1e-9)


def test_both_methods_see_them_part_at_the_same_time(circle: tuple[Any, Any]) -> None:
    """And that time is when the lower maximum stands a tenth of its height above the higher minimum beside it; a
    parabola through nodes put it 7e-8 too late."""
    runs = [mf.track(sol, times=[0.2, 1.0]).tree for sol in circle]
    sol = circle[0]

    def excess(t: float) -> float:
        rho = sol(t)
        fine: Any = {"method": "bounded", "options": {"xatol": 1e-10}}
        high = -minimize_scalar(lambda q: -float(rho(q)), bounds=(3.6, 4.6), **fine).fun
        low = minimize_scalar(lambda q: float(rho(q)), bounds=(4.8, 5.6), **fine).fun
        return float(0.9 * high - low)

    part = brentq(excess, 0.2, 1.0, xtol=1e-12)
    for tree in runs:
        assert [b.alive for b in tree.branches] == [False, True, True]
        assert tree.branches[1].birth == pytest.approx(part, rel=3e-9)


@pytest.mark.parametrize("d", [3, 8])
def test_both_methods_find_the_same_about_an_axis(d: int) -> None:
    rho = mf.ZonalSphere(d, 48).density(lambda c: 1.0 + 0.1 * c + 0.6 * c * c)
    sols = [mf.solve(LAW, rho, (0.0, 1.5), t_eval=[0.5, 1.5], method=m) for m in ("spectral", "lagrangian")]
    for one, two in zip(*(sol.densities for sol in sols), strict=True):
        a, b = mf.clusters(one, 0.3), mf.clusters(two, 0.3)
        assert len(a) == 2 and a.kind == b.kind == "colatitudes"
        same(a, b, 1e-7)
        assert mf.order_parameters(one).clustered == pytest.approx(mf.order_parameters(two).clustered, abs=1e-8)


def test_atoms_are_maxima_and_nobody_loses_them() -> None:
    """Between atoms that hold everything lies nothing; one that an end falls on is counted once."""
    rho = mf.Circle(64).density(lambda t: 1.0 + 0.3 * np.cos(t) + 0.2 * np.sin(2.0 * t))
    late = mf.solve(LAW, rho, (0.0, 60.0), t_eval=[60.0], method="lagrangian").densities[0]
    assert np.isinf(late.density).sum() == 2
    found = mf.clusters(late)
    assert len(found) == 2 and found.sharp and found.dust == pytest.approx(0.0, abs=1e-14)
    np.testing.assert_allclose(found.masses, np.sort(late.weights)[-2:][::-1], rtol=0.0, atol=1e-14)
    at = np.mod(late.positions[np.isinf(late.density)], TURN)
    np.testing.assert_allclose(np.sort(np.asarray(found.peaks)), np.sort(at))
    assert found.clustered == pytest.approx(1.0, abs=1e-14)
    # the few nodes left may all lie on an atom: the border is where nothing lies
    crowded = late.y.copy()
    crowded[: np.isfinite(late.density).sum()] = at[0] + 1e-15 * np.arange(np.isfinite(late.density).sum())
    borders = np.asarray(mf.clusters(late.form.measure(crowded)).edges)
    assert np.abs(np.angle(np.exp(1j * (borders[..., None] - at)))).min() > 0.5
    one = mf.clusters(late, gap=3.0)
    assert len(one) == 1 and one.masses[0] == pytest.approx(1.0, abs=1e-14)


def test_several_densities_at_once_are_refused(circle: tuple[Any, Any]) -> None:
    form = circle[1].segments[0].form
    y = circle[1].dense[0].y0
    with pytest.raises(ValueError, match=r"mu: got 2 densities"):
        mf.clusters(form.measure(np.stack([y, y])))


# --- maxima that are near ----------------------------------------------------------------------------------


def bumps(space: Any, at: Any, masses: Any, kappa: float) -> Any:
    return mf.mixture([mf.von_mises_fisher(space, a, kappa) for a in at], masses)


def test_near_maxima_are_one_cluster_as_near_points_are() -> None:
    """Two narrow bumps 0.09 apart were two clusters, and the points drawn from them one."""
    for at in ([1.0, 1.09, 3.0], [TURN - 0.045, 0.045, 3.0]):
        rho = bumps(mf.Circle(2048), at, [0.3, 0.2, 0.5], 1e4)
        points = mf.Points(rho.quantize(4000))
        for gap, number in ((0.1, 2), (0.015, 3)):
            found = mf.clusters(rho, gap)
            assert len(found) == number == len(mf.clusters(points, gap, floor=1e-3))
            assert found.masses.sum() == pytest.approx(1.0, abs=1e-12)
        two = mf.clusters(rho)
        np.testing.assert_allclose(np.sort(two.masses), [0.5, 0.5], rtol=0.0, atol=1e-9)
        assert not two.sharp and two.others == (3, 2) and "gap 0.1" in repr(two)
        assert two.clustered == pytest.approx(1.0, abs=1e-6)


def test_near_maxima_on_the_sphere_are_one_cluster() -> None:
    space = mf.Sphere(64)
    at = np.array([[0.0, 0.0, 1.0], [np.sin(0.5), 0.0, np.cos(0.5)], [0.0, -1.0, 0.0]])
    rho = bumps(space, at, [0.3, 0.2, 0.5], 60.0)
    assert [len(mf.clusters(rho, gap)) for gap in (0.1, 0.6)] == [3, 2]
    np.testing.assert_allclose(mf.clusters(rho, 0.6).masses, [0.5, 0.5], rtol=0.0, atol=1e-6)


def test_a_faint_bump_between_two_keeps_nobody_apart_and_joins_nobody() -> None:
    rho = bumps(mf.Circle(2048), [1.0, 1.15, 1.3], [0.5, 1e-5, 0.5], 5e3)
    line = Around(rho)
    all_three = cuts(line, 1e-6, 0.1)
    assert len(all_three) == 3
    assert len(joined(line, all_three, 0.2, 1e-6)) == 1  # 0.15 and 0.15: a chain, where it is heavy enough to count
    assert len(joined(line, all_three, 0.2, 1e-4)) == 3  # and where not, 0.3
    assert len(joined(line, all_three, 0.31, 1e-4)) == 1


# --- widths ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [0.0, 0.6, 3.0])
def test_the_width_of_a_cluster_all_around_is_that_of_the_short_ways(shift: float) -> None:
    """It was 3.71 at shift 0: beyond the antipode distances grew on, to a whole turn."""
    rho = mf.Circle(64).density(lambda t: 1.0 + 0.3 * np.cos(t - shift))
    s = np.linspace(-np.pi, np.pi, 20_001)[1:]
    exact = np.sqrt(np.mean((1.0 + 0.3 * np.cos(s)) * s**2))
    for mu in (rho, mf.solve(LAW, rho, (0.0, 0.1), method="lagrangian").densities[0]):
        found = mf.clusters(mu, gap=0.5)
        assert found.widths[0] == pytest.approx(exact, abs=1e-6)
        assert found.core[0] == pytest.approx((1.0 + 0.6 * np.sin(0.5)) / TURN, abs=1e-9)
