"""Geometries as points hold them: every member against its slow definition, and what doors make of what is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt
from meanfield.geometry import ANGLES, FLAT, MERIDIAN, ROWS, given, to_rows, unflagged
from meanfield.methods.cloud import OnPoints
from meanfield.methods.lagrangian.lines import body
from meanfield.tools import settings

pytestmark = pytest.mark.rounding
RNG = np.random.default_rng(5)
PLACES = {"angles": ANGLES, "rows": ROWS, "colatitudes": MERIDIAN, "flat": FLAT}
POINTS: dict[str, Any] = {
    "angles": RNG.uniform(-6.0, 6.0, 9),
    "rows": pt.uniform(9, 4, 1),
    "colatitudes": RNG.uniform(0.2, 3.0, 9),
    "flat": 3.0 * RNG.standard_normal((9, 3)),
}
every = pytest.mark.parametrize("name", PLACES)


@every
def test_it_is_saved_by_its_name_and_is_one_of_its_kind(name: str) -> None:
    place = PLACES[name]
    assert place.name == name and settings.from_json(settings.to_json(place)) == place
    assert [place == other for other in PLACES.values()].count(True) == 1


@every
def test_distances_are_those_of_the_definition(name: str) -> None:
    place, q = PLACES[name], POINTS[name]
    p, q = q[:, None], q[None]
    if name == "angles":
        exact = np.arccos(np.clip(np.cos(q - p), -1.0, 1.0))
    elif name == "rows":
        exact = np.arccos(np.clip(np.sum(p * q, axis=-1), -1.0, 1.0))
    else:
        exact = np.linalg.norm(q - p, axis=-1) if place.axes == 2 else np.abs(q - p)
    off = ~np.eye(9, dtype=bool)
    np.testing.assert_allclose(place.distance(p, q)[off], exact[off], rtol=0.0, atol=1e-14)
    np.testing.assert_allclose(place.along(place.chord(p, q))[off], exact[off], rtol=0.0, atol=1e-13)
    for s in (1e-9, 0.3, 2.0):
        assert float(place.along(place.straight(s))) == pytest.approx(s, rel=1e-14)
    assert np.isnan(place.distance(np.full_like(POINTS[name][0], np.nan), POINTS[name])).all()


@every
def test_distances_open_at_their_rate(name: str) -> None:
    place, q, h = PLACES[name], POINTS[name], 1e-6
    v = place.tangent(q, RNG.standard_normal(q.shape))
    later, before = (place.distance(*place.retract(q[:2] + s * h * v[:2])) for s in (1.0, -1.0))
    assert place.opening(q[0], q[1], v[0], v[1]) == pytest.approx(float(later - before) / (2.0 * h), abs=1e-8)


@pytest.mark.parametrize("name", ["angles", "rows"])
def test_pairs_are_cosines_and_tangents(name: str) -> None:
    place, q = PLACES[name], POINTS[name]
    x = place.rows(q)
    less, toward = place.pairs(q)
    np.testing.assert_allclose(less, 1.0 - x @ x.T, rtol=0.0, atol=1e-14)
    for i in range(len(q)):
        exact = place.project(np.broadcast_to(q[i], q.shape), x)
        np.testing.assert_allclose(toward[i], exact, rtol=0.0, atol=1e-14)


@every
def test_centres_are_of_mass_and_one_alone_keeps_its_bits(name: str) -> None:
    place, q, w = PLACES[name], POINTS[name], RNG.dirichlet(np.ones(9))
    q = place.retract(q[0] + 0.1 * (q - q[0]))
    labels = np.array([0, 1, 0, 0, 2, 0, 0, 0, 0])
    centre, masses = place.centres(q, w, labels)
    np.testing.assert_array_equal(centre[1:], q[[1, 4]])
    mine = labels == 0
    assert masses[0] == pytest.approx(w[mine].sum(), rel=1e-14)
    mean = w[mine] @ (to_rows(q) if name == "angles" else q)[mine] / w[mine].sum()
    if place.reach < np.inf and name != "colatitudes":
        mean /= np.linalg.norm(mean)
    np.testing.assert_allclose(to_rows(centre[0]) if name == "angles" else centre[0], mean, rtol=0.0, atol=1e-14)
    assert (place.groups(q, 1e-9) is None) and place.groups(np.concatenate([q, q]), 1e-9) is not None


def test_balance_has_no_centre_on_a_sphere_and_has_one_in_flat_space() -> None:
    x = np.concatenate([np.eye(3), -np.eye(3)])
    w, one = np.full(6, 1 / 6), np.zeros(6, dtype=int)
    assert np.isnan(ROWS.centres(x, w, one)[0]).all() and np.isnan(ANGLES.centres(np.pi * np.arange(6), w, one)[0])
    np.testing.assert_allclose(FLAT.centres(x, w, one)[0], 0.0, rtol=0.0, atol=1e-15)


@pytest.mark.parametrize("space", [mf.Circle(64), mf.ZonalSphere(4, 12)], ids=str)
def test_a_line_has_its_measure(space: Any) -> None:
    """Cells and densities of sigma have mass 1, and points on it answer as its own rings or angles do."""
    line = space.line
    _, sigma, order = line.cells(space, space)
    assert sigma.sum() == pytest.approx(1.0, rel=1e-13) and sorted(order) == list(range(len(space.nodes)))
    node, weight = np.polynomial.legendre.leggauss(60)
    s = 0.5 * (line.low + line.high) + 0.5 * (line.high - line.low) * node
    mass = 0.5 * (line.high - line.low) * weight * line.measure(space, s)
    assert mass.sum() == pytest.approx(1.0, rel=1e-13)
    np.testing.assert_allclose(line.position(line.coordinates(s)), s, rtol=0.0, atol=1e-12)
    mu = body(space, s, mass, "direct")
    assert mu.geometry == line and mu.field == "direct" and mu.positions is s
    np.testing.assert_allclose(mu.mean, 0.0, rtol=0.0, atol=1e-13)


def test_what_is_given_at_a_door() -> None:
    assert given("x", [0.0, 1.0])[0] == given("x", [[0.0, 1.0]], angles=True)[0] == ANGLES
    assert given("x", np.eye(3))[0] == ROWS and given("x", 2.0 * np.eye(3), geometry="flat")[0] == FLAT
    for wrong, remedy in (
        ({"value": [0.0, 1.0], "geometry": "flat"}, r"On a line they are \(n, 1\)"),
        ({"value": np.eye(3), "geometry": "flat", "angles": True}, "leave angles out"),
        ({"value": np.eye(3), "geometry": "round"}, 'geometry'),
        ({"value": [0.1], "geometry": MERIDIAN}, "takes no positions"),
    ):
        with pytest.raises((ValueError, TypeError), match=remedy):
            given("x", **wrong)


def test_flags_of_an_older_file_are_a_geometry() -> None:
    for flags, place in (((True, False), ANGLES), ((False, False), ROWS), ((False, True), FLAT)):
        old = dict(zip(("angles", "flat"), flags, strict=True))
        assert unflagged({"weights": 1, **old}) == {"weights": 1, "geometry": place}
    form = OnPoints(np.ones(2), FLAT)
    assert settings.from_json(settings.to_json(form)).geometry == FLAT
