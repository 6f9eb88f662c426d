"""Rows, angles, projections: against hand calculation and the definition of a nearest point."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

from meanfield import geometry

pytestmark = pytest.mark.rounding

EPS = float(np.finfo(np.float64).eps)


def unit_rows(rng, *shape):
    x = rng.standard_normal(shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def test_rows_of_known_angles():
    rows = geometry.to_rows(np.array([[0.0, math.pi / 3], [math.pi / 2, -math.pi]]))
    exact = np.array([[[1, 0], [0.5, math.sqrt(3) / 2]], [[0, 1], [-1, 0]]])
    assert rows.shape == (2, 2, 2)
    np.testing.assert_allclose(rows, exact, rtol=0.0, atol=8.0 * EPS)


def test_angles_and_rows_are_inverse():
    theta = np.linspace(-3.1, 3.1, 1001).reshape(7, 143)
    np.testing.assert_allclose(geometry.to_angles(geometry.to_rows(theta)), theta, rtol=0.0, atol=8.0 * EPS)
    # a tiny angle keeps its relative accuracy, which its cosine alone would lose
    assert geometry.to_angles(geometry.to_rows(np.array(1e-200))) == 1e-200
    assert geometry.to_angles(5.0 * geometry.to_rows(np.array([2.0])))[0] == pytest.approx(2.0, rel=1e-15)


def test_angles_exist_on_the_circle_only():
    with pytest.raises(ValueError, match=r"last axis 2.*\(4, 3\)"):
        geometry.to_angles(np.zeros((4, 3)))


def test_tangent_is_the_derivative_of_rows():
    theta, h = np.linspace(0.0, 6.0, 13), 1e-5
    difference = (geometry.to_rows(theta + h) - geometry.to_rows(theta - h)) / (2 * h)
    np.testing.assert_allclose(geometry.tangent(theta), difference, rtol=0.0, atol=1e-9)
    rows = geometry.to_rows(theta)
    np.testing.assert_array_equal(geometry.quarter_turn(rows), geometry.tangent(theta))
    np.testing.assert_array_equal(geometry.quarter_turn(geometry.quarter_turn(rows)), -rows)


def test_unwrap_follows_many_turns():
    exact = np.linspace(-40.0, 40.0, 641)  # steps of 1/8, far more than one turn
    wrapped = geometry.to_angles(geometry.to_rows(exact))
    np.testing.assert_allclose(geometry.unwrap_near(wrapped, exact + 3.0), exact, rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(geometry.unwrap_near(wrapped, exact - 3.0), exact, rtol=0.0, atol=1e-13)
    assert np.abs(geometry.unwrap_near(wrapped, np.array(7.0)) - 7.0).max() <= math.pi + 1e-14


def test_many_turns_are_taken_off_exactly():
    """np.remainder, by the double next to 2 pi, is 2.4e-10 off after a million turns."""
    theta = np.concatenate([np.random.default_rng(9).uniform(-1.0, 1.0, 50) * 10.0**e for e in range(17)])
    with mp.workdps(60):
        for angle, now in zip(theta, geometry.reduced(theta), strict=True):
            if abs(angle) <= geometry.FEW_TURNS:
                assert now == angle
            else:
                assert abs(now) <= math.pi
                turns = mp.nint((mp.mpf(float(angle)) - mp.mpf(float(now))) / (2 * mp.pi))
                assert abs(mp.mpf(float(angle)) - 2 * mp.pi * turns - mp.mpf(float(now))) < 1e-15
    assert np.isnan(geometry.reduced(np.array([np.nan, 1e9]))).tolist() == [True, False]
    # and turns come back with their digits
    far = theta[(np.abs(theta) > geometry.FEW_TURNS) & (np.abs(theta) < 6e8)]
    turns = np.round((far - geometry.reduced(far)) / geometry.TURN)
    np.testing.assert_array_equal(geometry.turned(geometry.reduced(far), turns), far)


def test_positive_angles_stay_below_a_turn():
    theta = np.array([-1e-17, -0.0, 0.0, -np.pi, 2.0 * np.pi, np.nextafter(2.0 * np.pi, 0.0), -1e-300, 1e6])
    around = geometry.positive(theta)
    assert ((around >= 0.0) & (around < geometry.TURN)).all()
    np.testing.assert_allclose(np.cos(around), np.cos(theta), rtol=0.0, atol=1e-15)


@pytest.mark.parametrize("d", [2, 3, 128, 2048])
def test_projection(d):
    rng = np.random.default_rng(d)
    x, v = unit_rows(rng, 3, 50, d), rng.standard_normal((3, 50, d))
    p = geometry.project(x, v)
    assert np.abs(np.einsum("...d,...d", x, p)).max() < 1e-15 * math.sqrt(d) * 8
    # tangent part + normal part = v
    np.testing.assert_allclose(p + np.einsum("...d,...d", x, v)[..., None] * x, v, rtol=0.0, atol=1e-14)
    kept = v.copy()
    out = np.empty_like(v)
    assert geometry.project(x, v, out=out) is out
    np.testing.assert_array_equal(out, p)
    np.testing.assert_array_equal(v, kept)
    assert geometry.project(x, v, out=v) is v
    np.testing.assert_array_equal(v, p)


@pytest.mark.parametrize("d", [2, 3, 128, 2048])
def test_retraction_is_unit_to_1e15_and_keeps_directions(d):
    rng = np.random.default_rng(d + 1)
    x = rng.standard_normal((200, d)) * 10.0 ** rng.uniform(-6, 6, (200, 1))
    y = geometry.retract(x)
    assert max(abs(math.sqrt(math.fsum(r * r for r in row)) - 1.0) for row in y.tolist()) <= 1e-15
    cosines = np.einsum("nd,nd->n", x, y) / np.linalg.norm(x, axis=1)
    np.testing.assert_allclose(cosines, 1.0, rtol=0.0, atol=1e-14)
    assert geometry.retract(x, out=x) is x
    np.testing.assert_array_equal(x, y)


def test_a_zero_row_becomes_nan_alone_and_without_a_warning(recwarn):
    y = geometry.retract(np.array([[0.0, 0.0], [0.0, 2.0]]))
    assert np.isnan(y[0]).all()
    np.testing.assert_array_equal(y[1], [0.0, 1.0])
    assert not recwarn.list
