"""Clusters of points and densities: against brute force, closed forms and each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ive

import meanfield as mf
import particles as pt
from meanfield.clustering.found import clusters
from meanfield.clustering.order import order_parameters
from meanfield.clustering.track import _links
from meanfield.geometry import MERIDIAN, retract, to_rows
from meanfield.protocols import Array, Measure

TURN = 2.0 * np.pi
EPS = float(np.finfo(np.float64).eps)


@dataclass
class Rings(Measure):
    """A measure on a zonal sphere by colatitudes."""

    positions: Array
    weights: Array
    d: int = 3
    geometry = MERIDIAN


def partition(labels: Array) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == k).tolist()) for k in set(labels.tolist()) - {-1}}


def by_brute_force(x: Array, gap: float) -> set[frozenset[int]]:
    """Components of the graph of geodesic distances at most gap, all pairs compared, labels spread until they rest."""
    chord = np.linalg.norm(x[:, None] - x[None], axis=-1)
    near = 2.0 * np.arcsin(np.minimum(0.5 * chord, 1.0)) <= gap
    labels = np.arange(len(x))
    while True:
        new = np.array([labels[row].min() for row in near])
        if np.array_equal(new, labels):
            return partition(labels)
        labels = new


def bumps(space: Any, centres: Any, weights: Any, kappa: float) -> Any:
    return mf.mixture([mf.von_mises_fisher(space, c, kappa) for c in centres], weights)


# --- points ------------------------------------------------------------------------------------------------


def test_a_density_has_no_replicas() -> None:
    rho = mf.perturbed_uniform(mf.Circle(32), {2: 0.3})
    with pytest.raises(ValueError, match=r"replica: .*density"):
        clusters(rho, replica=3)
    cloud = mf.Points([[0.0, 1.0], [0.0, 0.01]], angles=True)
    assert len(clusters(cloud, replica=-1)) == 1
    for bad in (2, "abc", (0, 0), 1.5, None):
        with pytest.raises((ValueError, TypeError), match="replica"):
            clusters(cloud, replica=bad)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("gap", [0.02, 0.1, 0.4])
def test_angles_against_brute_force(seed: int, gap: float) -> None:
    """With masses above the floor the voids are plain gaps, on any branch of the angles."""
    rng = np.random.default_rng(seed)
    theta = rng.random(60) * TURN * (1 if seed % 2 else 0.4) + TURN * rng.integers(-3, 3, 60)
    assert partition(clusters(mf.Points(theta), gap).members) == by_brute_force(to_rows(theta), gap)
    x = mf.Points(to_rows(theta))
    assert partition(clusters(x, gap).members) == by_brute_force(to_rows(theta), gap)


@pytest.mark.parametrize(
    ("d", "n", "gap"), [(3, 300, 0.05), (3, 300, 0.15), (4, 400, 0.2), (8, 150, 0.8), (64, 60, 1.4)]
)
def test_rows_against_brute_force(d: int, n: int, gap: float) -> None:
    rng = np.random.default_rng(d)
    x = retract(rng.standard_normal((n, d)))
    # half of them in tight groups, so that the nearest neighbours asked for are not all there are
    x[: n // 2] = retract(x[:4].repeat(n // 8 + 1, axis=0)[: n // 2] + 0.3 * gap / d * rng.standard_normal((n // 2, d)))
    found = clusters(mf.Points(x), gap)
    assert partition(found.members) == by_brute_force(x, gap)
    assert 1 < len(found) < n
    assert np.all(np.diff(found.masses) <= 0.0)


def test_two_large_groups_that_touch_by_one_pair() -> None:
    """Every point has more near neighbours than are asked for, and the only link is between two groups' rims."""
    rng = np.random.default_rng(3)
    a = 0.01 * rng.random((400, 2)) + [0.0, 0.0]
    b = 0.01 * rng.random((400, 2)) + [0.02, 0.0]
    a[0], b[0] = (0.0101, 0.005), (0.0199, 0.005)
    x = retract(np.concatenate([np.concatenate([a, b]), np.ones((800, 1))], axis=1))
    assert len(clusters(mf.Points(x), 0.0099)) == 1
    assert len(clusters(mf.Points(x), 0.0097)) == 2


@pytest.mark.rounding
def test_masses_centres_widths_and_edges() -> None:
    theta = np.array([6.2, 0.1, 0.0, 3.0, 3.2, 1.5])
    w = np.array([0.1, 0.1, 0.2, 0.3, 0.1, 0.2])
    c = clusters(mf.Points(theta, weights=w), 0.25)
    assert c.kind == "angles" and len(c) == 3 and c.sharp is False
    np.testing.assert_array_equal(c.members, [0, 0, 0, 2, 2, 1])
    np.testing.assert_allclose(c.masses, [0.4, 0.2, 0.4], rtol=1e-15)
    z = np.array(
        [0.1 * np.exp(6.2j) + 0.1 * np.exp(0.1j) + 0.2, 0.2 * np.exp(1.5j), 0.3 * np.exp(3j) + 0.1 * np.exp(3.2j)]
    )
    np.testing.assert_allclose(c.centres, np.mod(np.angle(z), TURN), rtol=1e-14)
    assert c.widths[1] == 0.0
    assert c.widths[2] == pytest.approx(
        np.sqrt((0.3 * (c.centres[2] - 3.0) ** 2 + 0.1 * (3.2 - c.centres[2]) ** 2) / 0.4)
    )
    assert c.counts.tolist() == [3, 1, 2] and c.peaks is None and c.edges is not None
    np.testing.assert_allclose(c.edges, [[6.2, 0.1 + TURN], [1.5, 1.5], [3.0, 3.2]], rtol=1e-15)
    # 1.5 is alone, and 6.2 further than the gap from its centre? no: 0.11
    assert (
        c.clustered == pytest.approx(0.8)
        and c.largest == pytest.approx(0.4)
        and c.dust == pytest.approx(0.0, abs=1e-15)
    )


@pytest.mark.rounding
def test_narrow_clusters_keep_their_widths() -> None:
    theta = np.concatenate([2.0 + 1e-12 * np.array([-1.0, 1.0]), [5.0]])
    assert clusters(mf.Points(theta), 1e-3).widths[0] == pytest.approx(1e-12, rel=1e-3)
    x = retract(np.array([[1.0, 1e-9, 0.0], [1.0, -1e-9, 0.0], [0.0, 0.0, 1.0]]))
    assert clusters(mf.Points(x), 1e-3).widths[0] == pytest.approx(1e-9, rel=1e-6)


@pytest.mark.rounding
def test_faint_points_bridge_nothing() -> None:
    """Nodes of a carried density reach from one cluster to the next, with no mass to speak of."""
    theta = np.concatenate([np.linspace(0.95, 1.05, 100), np.linspace(1.05, 4.0, 400), np.linspace(3.95, 4.05, 100)])
    w = np.concatenate([np.full(100, 3e-3), np.full(400, 1e-12), np.full(100, 7e-3)])
    c = clusters(mf.Points(theta, weights=w), 1e-2)
    np.testing.assert_allclose(c.masses, [0.3, 0.7], rtol=1e-8)
    assert c.sharp and 0.0 < c.dust < 1e-9
    assert len(clusters(mf.Points(theta, weights=w), 1e-2, floor=0.0)) == 1
    lone = mf.Points(np.array([0.0, 2.0, 4.0]), weights=[0.5, 1e-9, 0.5])
    assert clusters(lone).members.tolist() == [0, -1, 1]


def test_a_faint_point_is_of_the_cluster_it_is_within_a_gap_of() -> None:
    theta = np.array([0.0, 0.15, 2.0, 2.0 + 0.08])
    found = clusters(mf.Points(theta, weights=[0.5, 1e-6, 0.5, 1e-6]), 0.1)
    assert found.members.tolist() == [0, -1, 1, 1]


# --- no centre -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [3, 100, 12_345])
def test_points_in_balance_have_no_centre(n: int) -> None:
    """The centre of 100 equally spaced angles was 2.88: a resultant of rounding has no direction."""
    theta = 2.0 * np.pi * np.arange(n) / n + 0.3
    found = clusters(mf.Points(theta), gap=min(3.0, 7.0 / n))
    assert len(found) == 1 and found.masses[0] == pytest.approx(1.0)
    assert np.isnan(found.centres).all() and np.isnan(found.widths).all()
    assert found.core.tolist() == [0.0] and found.clustered == 0.0
    # a hair off balance there is one: where the token that has more mass is
    w = np.ones(n)
    w[1] += 1e-6 * n
    assert clusters(mf.Points(theta, weights=w), gap=min(3.0, 7.0 / n)).centres[0] == pytest.approx(theta[1], abs=1e-6)


@pytest.mark.parametrize("d", [2, 3, 7])
def test_a_cross_has_no_centre(d: int) -> None:
    cross = np.concatenate([np.eye(d), -np.eye(d)])
    found = clusters(mf.Points(cross), gap=1.6)
    assert len(found) == 1 and np.isnan(found.centres).all() and np.isnan(found.widths).all()
    with pytest.raises(ValueError, match="cluster_gap"):
        pt.longtime(mf.SA(4.0), cross, log_t_end=3.0, cluster_gap=1.6)


@pytest.mark.parametrize("ripple", [{}, {2: 0.3}, {3: 1e-3}])
def test_densities_in_balance_have_no_centre(ripple: dict[int, complex]) -> None:
    rho = mf.perturbed_uniform(mf.Circle(64), ripple) if ripple else mf.uniform(mf.Circle(64))
    found = clusters(rho, prominence=0.99)
    assert len(found) == 1 and np.isnan(found.centres).all() and found.core.tolist() == [0.0]
    assert (found.members == 0).all()


def test_what_has_no_centre_is_followed_all_the_same() -> None:
    """From one resolution to the next a cluster is found by its centre, if it has one."""
    coarse, fine = (clusters(mf.perturbed_uniform(mf.Circle(n), {2: 0.1}), prominence=0.99) for n in (64, 96))
    assert np.isnan(coarse.centres[0]) and len(coarse.members) != len(fine.members)
    assert _links(coarse, fine) == ([0], [0])


@pytest.mark.rounding
def test_a_centre_is_less_than_a_turn() -> None:
    """It was exactly 2 pi: np.mod rounds angles just below 0 up."""
    assert 0.0 <= clusters(mf.Points([-1e-17, 1e-18])).centres[0] < 1e-17
    found = clusters(mf.Points(np.array([-1e-17, 1e-18, 3.0]) - 2.0 * np.pi * 10**6))
    np.testing.assert_allclose(found.centres, [0.0, 3.0], rtol=0.0, atol=2e-9)


def test_a_cluster_without_mass_has_its_middle() -> None:
    """With floor=0 it was at 0, with a width of 0 / 0; and points on the circle were always one cluster."""
    for angles in (True, False):
        x = np.array([1.0, 3.0, 3.05])
        mu = mf.Points(x if angles else to_rows(x) @ np.eye(2, 3), weights=[1.0, 0.0, 0.0])
        found = clusters(mu, floor=0.0)
        i = int(np.argmin(found.masses))
        middle = found.centres[i] if angles else np.arctan2(found.centres[i, 1], found.centres[i, 0])
        assert middle == pytest.approx(3.025) and found.widths[i] == pytest.approx(0.025)
        assert found.masses[i] == found.core[i] == 0.0


def test_rings_do_not_close() -> None:
    c = clusters(cast(Any, Rings)(np.array([0.01, 0.02, 1.5, 3.13, 3.14]), np.full(5, 0.2)), 0.1)
    assert c.kind == "colatitudes" and c.members.tolist() == [0, 0, 1, 2, 2]
    np.testing.assert_allclose(c.centres, [0.015, 1.5, 3.135])
    poles = cast(Any, Rings)(np.array([0.0, np.pi]), np.array([0.7, 0.3]))
    assert order_parameters(poles).resultant == pytest.approx(0.4)


def test_a_doubtful_count_says_so() -> None:
    theta = np.array([0.0, 0.15, 3.0])
    for gap, sharp, number in ((0.01, True, 3), (0.1, False, 3), (0.2, False, 2), (0.4, True, 2)):
        c = clusters(mf.Points(theta), gap)
        assert (c.sharp, len(c)) == (sharp, number)
        assert ("not sharp" in repr(c)) is not sharp
    assert clusters(mf.Points(theta), 0.1).others == (3, 2)


def test_replicas_are_asked_for_one_by_one() -> None:
    theta = np.array([[0.0, 0.01, 3.0], [0.0, 2.0, 4.0]])
    assert [len(clusters(mf.Points(theta, angles=True), replica=i)) for i in range(2)] == [2, 3]
    with pytest.raises(ValueError, match="replica"):
        clusters(mf.Points(theta, angles=True))


# --- densities ---------------------------------------------------------------------------------------------


@pytest.mark.rounding
def test_three_bumps_on_the_circle_by_their_series() -> None:
    weights, at, kappa = np.array([0.5, 0.3, 0.2]), np.array([0.1, 2.0, 4.0]), 150.0
    c = clusters(bumps(mf.Circle(256), at, weights, kappa), 0.2)
    assert len(c) == 3 and c.sharp and c.edges is not None and c.peaks is not None
    np.testing.assert_allclose(c.masses, weights, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(c.centres, at, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(c.peaks, at, rtol=0.0, atol=1e-12)
    s = np.linspace(-np.pi, np.pi, 20001)
    m = np.exp(kappa * (np.cos(s) - 1.0))
    np.testing.assert_allclose(c.widths, np.sqrt(m @ s**2 / m.sum()), rtol=1e-9)
    core = quad(lambda q: np.exp(kappa * (np.cos(q) - 1.0)), -0.2, 0.2, epsabs=1e-15)[0] / (TURN * ive(0, kappa))
    np.testing.assert_allclose(c.core, weights * core, rtol=1e-11)
    np.testing.assert_allclose(
        c.edges[:, 0], [c.edges[2, 1], c.edges[0, 1] - TURN, c.edges[1, 1]], rtol=0.0, atol=1e-12
    )
    assert c.members[0] == 0 and set(c.members.tolist()) == {0, 1, 2}


@pytest.mark.rounding
def test_overlapping_bumps_by_quadrature() -> None:
    """Mass, direction and width of an arc between exact minima, against a fine sum with interpolated ends."""
    rho = mf.Circle(128).density(lambda t: np.exp(2.0 * np.cos(t) + 1.5 * np.cos(3.0 * t - 1.0)))
    c = clusters(rho)
    assert c.edges is not None and len(c) >= 2
    nodes, weights = np.polynomial.legendre.leggauss(400)
    for mass, centre, width, (a, b) in zip(c.masses, c.centres, c.widths, c.edges, strict=True):
        q = 0.5 * (a + b) + 0.5 * (b - a) * nodes
        m = 0.5 * (b - a) * weights * rho(q) / TURN
        assert mass == pytest.approx(m.sum(), rel=1e-12)
        direction = np.angle(np.sum(m * np.exp(1j * q)))
        assert np.exp(1j * centre) == pytest.approx(np.exp(1j * direction), abs=1e-12)
        away = np.angle(np.exp(1j * (q - centre)))
        assert width == pytest.approx(np.sqrt(np.sum(m * away**2) / mass), rel=1e-11)
        for edge in (a, b):
            slope = rho.space.evaluate(rho.coefficients, np.array([edge]), gradient=True)[0, 0]
            assert abs(slope) < 1e-10
    assert c.masses.sum() == pytest.approx(1.0, abs=1e-14)


@pytest.mark.rounding
@pytest.mark.parametrize(
    "space", [mf.Circle(16), mf.ZonalSphere(3, 16), mf.ZonalSphere(128, 24), mf.Sphere(6)], ids=str
)
def test_the_uniform_density_is_one_cluster(space: Any) -> None:
    c = clusters(mf.uniform(space))
    assert len(c) == 1 and c.sharp and c.masses[0] == pytest.approx(1.0, abs=1e-13)


def test_prominence() -> None:
    """1 + a cos 2 theta: the way from one maximum to the other lies at (1 - a) / (1 + a) of their height."""
    a = 0.2
    rho = mf.perturbed_uniform(mf.Circle(32), {2: a, 1: 1e-6})
    threshold = 1.0 - (1.0 - a) / (1.0 + a)
    assert len(clusters(rho, prominence=0.999 * threshold)) == 2
    assert len(clusters(rho, prominence=1.001 * threshold)) == 1
    assert clusters(rho, prominence=0.6 * threshold).sharp is False
    assert clusters(rho, prominence=0.4 * threshold).sharp


@pytest.mark.rounding
def test_rounding_between_peaks_is_no_cluster() -> None:
    c = clusters(bumps(mf.Circle(512), [1.0, 4.0], [0.5, 0.5], 900.0))
    assert len(c) == 2 and c.sharp
    np.testing.assert_allclose(c.masses, 0.5, rtol=0.0, atol=1e-12)


@pytest.mark.rounding
def test_zonal_densities_against_the_circle_and_quadrature() -> None:
    """At d = 2 a zonal sphere is half a circle; at d = 3 polar caps have the masses of their mixture."""
    f = [0.5, 0.5]
    ring = clusters(bumps(mf.Circle(128), [0.7, -0.7], f, 30.0))
    half = mf.ZonalSphere(2, 63).density(
        lambda c: np.cosh(30.0 * np.sin(0.7) * np.sqrt(1.0 - c * c)) * np.exp(30.0 * (c * np.cos(0.7) - 1.0))
    )
    line = clusters(half)
    assert len(line) == 1 and line.peaks is not None and ring.peaks is not None
    np.testing.assert_allclose(line.peaks, ring.peaks[:1], rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(line.widths, ring.widths[:1], rtol=1e-6)
    for d in (3, 8):
        space = mf.ZonalSphere(d, 96)
        axis = np.eye(d)[-1]
        c = clusters(bumps(space, [axis, -axis], [0.7, 0.3], 60.0), 0.3)
        np.testing.assert_allclose(c.masses, [0.7, 0.3], rtol=0.0, atol=1e-10)
        assert c.peaks is not None
        np.testing.assert_allclose(c.peaks, [0.0, np.pi], rtol=0.0, atol=1e-7)
        s = np.linspace(0.0, 0.5 * np.pi, 200001)
        m = np.exp(60.0 * (np.cos(s) - 1.0)) * np.sin(s) ** (d - 2)
        assert c.centres[0] == pytest.approx(np.sum(m * s) / m.sum(), rel=1e-8)


def test_watersheds_on_the_sphere() -> None:
    space = mf.Sphere(64)
    at = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, -0.6, -0.8]])
    c = clusters(bumps(space, at, [0.5, 0.3, 0.2], 60.0), 0.25)
    assert c.kind == "rows" and len(c) == 3 and c.sharp and c.peaks is not None
    np.testing.assert_allclose(c.masses, [0.5, 0.3, 0.2], rtol=0.0, atol=1e-6)
    np.testing.assert_allclose(c.centres, at, rtol=0.0, atol=1e-6)
    assert np.linalg.norm(c.peaks - at, axis=1).max() < 0.05
    # of e^{60 (cos - 1)} the part within 0.25
    inside = 1.0 - np.exp(60.0 * (np.cos(0.25) - 1.0))
    assert c.clustered == pytest.approx(inside, abs=0.02)


def test_a_density_and_its_quantised_points_agree() -> None:
    rho = bumps(mf.Circle(512), [0.5, 2.5, 4.0], [0.2, 0.5, 0.3], 400.0)
    c, p = clusters(rho), clusters(mf.Points(rho.quantize(4000)), 0.05)
    assert len(c) == len(p) == 3
    np.testing.assert_allclose(c.masses, p.masses, rtol=0.0, atol=5e-4)
    np.testing.assert_allclose(c.centres, p.centres, rtol=0.0, atol=1e-4)


# --- order parameters, refusals ----------------------------------------------------------------------------


@pytest.mark.rounding
def test_order_parameters() -> None:
    star = order_parameters(mf.Points(TURN * np.arange(9) / 3 + 0.3), 6)
    assert star.resultant == pytest.approx(0.0, abs=1e-15) and star.harmonics is not None and star.clustered == 1.0
    limit = 6.0 * 17.1 * EPS  # k theta is rounded
    np.testing.assert_allclose(star.harmonics, [1, 0, 0, 1, 0, 0, 1], rtol=0.0, atol=limit)
    rng = np.random.default_rng(0)
    x = retract(rng.standard_normal((40, 5)))
    some = order_parameters(mf.Points(x))
    assert some.alignment == pytest.approx(np.mean(x @ x.T), rel=1e-12) and some.harmonics is None
    rho = mf.perturbed_uniform(mf.Circle(16), {1: 0.4, 3: 0.2j})
    got = order_parameters(rho, 3)
    assert got.harmonics is not None
    np.testing.assert_allclose(got.harmonics, [1.0, 0.2, 0.0, 0.1], rtol=0.0, atol=1e-15)
    assert got.resultant == pytest.approx(0.2, rel=1e-14)
    assert order_parameters(mf.Points(np.array([0.0, 0.01, 3.0]))).clustered == pytest.approx(2 / 3)


def test_refusals() -> None:
    mu = mf.Points(np.array([0.0, 1.0]))
    for options, name in (({"gap": 0.0}, "gap"), ({"gap": 4.0}, "gap"), ({"floor": -1.0}, "floor"),
                          ({"prominence": 1.0}, "prominence"), ({"replica": 0}, "replica")):  # fmt: skip
        with pytest.raises(ValueError, match=name):
            clusters(mu, **options)
    with pytest.raises(TypeError, match="mu"):
        clusters(cast(Any, np.array([0.0, 1.0])))
