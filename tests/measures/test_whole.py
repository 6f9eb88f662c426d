"""At rows that are given every measure answers with all of M, as the sum over pairs does, and not with P_x M alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import meanfield as mf
import particles as pt

pytestmark = pytest.mark.rounding

KERNEL = mf.Exponential(3.0)
CASES = {"cells": (2, 300, "auto"), "circle": (2, 60, "harmonic"), "sphere": (3, 60, "harmonic")}


def whole(mu: Any, x: Any) -> Any:
    r = mu.read(KERNEL, x, "ZM")
    return r.M * np.exp(r.log)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("past", [False, True], ids=["all", "past"])
def test_points_answer_with_all_of_it(name: str, past: bool) -> None:
    """From 250 tokens on the part along x was missing: layers, and sigma of an attention, were wrong by half."""
    d, n, field = CASES[name]
    x = pt.uniform(n, d, rng=1)
    fast, slow = mf.Points(x, field=field if not past else "harmonic"), mf.Points(x, field="direct")
    if past:
        fast, slow = fast.past(), slow.past()
    theirs = whole(slow, slow.x)
    np.testing.assert_allclose(whole(fast, fast.x), theirs, rtol=0.0, atol=1e-12 * np.abs(theirs).max())
    if not past:
        q = pt.uniform(7, d, rng=2)
        theirs = whole(slow, q)
        np.testing.assert_allclose(whole(fast, q), theirs, rtol=0.0, atol=1e-12 * np.abs(theirs).max())


DENSITIES = {
    "circle": lambda: mf.von_mises_fisher(mf.Circle(128), [0.6, 0.8], 3.0),
    "sphere": lambda: mf.von_mises_fisher(mf.Sphere(32), [2.0, 1.0, 2.0], 3.0),
    "zonal": lambda: mf.von_mises_fisher(mf.ZonalSphere(3, 48, axis=[2.0, 1.0, 2.0]), [2.0, 1.0, 2.0], 3.0),
}


@pytest.mark.parametrize("kernel", [KERNEL, mf.Exponential(0.0), mf.Zonal(lambda s: np.exp(s + s * s), "s + s^2")])
@pytest.mark.parametrize("name", DENSITIES)
def test_densities_answer_with_all_of_it(name: str, kernel: Any) -> None:
    """Its part along x was missing: against quadrature points, for which any two spaces of S^2 will do."""
    rho = DENSITIES[name]()
    fine = DENSITIES["sphere" if name == "zonal" else name]()
    points = mf.Points(fine.x, weights=fine.weights, field="direct")
    x = np.concatenate([pt.uniform(9, rho.d, rng=3), np.eye(rho.d), -np.eye(rho.d)])
    got, wanted = rho.read(kernel, x, "M"), points.read(kernel, x, "M")
    theirs = wanted.M * np.exp(wanted.log)
    np.testing.assert_allclose(got.M * np.exp(got.log), theirs, rtol=0.0, atol=1e-12 * np.abs(theirs).max())


def test_a_picture_shows_the_velocity_that_moves_the_density() -> None:
    """relu of an attention needs all of M: the arrows were wrong by half of the largest, the run was not."""
    space, W = mf.Circle(256), np.array([[1.0, 2.0], [-1.0, 0.5]])
    rho, law = mf.von_mises_fisher(space, [0.6, 0.8], 1.0), mf.Activated(mf.SA(2.0), W, "tanh")
    drawn = law.velocity(0.0, rho.x, rho)
    points = mf.Points(rho.x, weights=rho.weights, field="direct")
    np.testing.assert_allclose(drawn, law.velocity(0.0, rho.x, points), rtol=0.0, atol=1e-12)


def test_a_layer_and_an_activation_are_those_of_the_printed_sum() -> None:
    x = pt.uniform(300, 2, rng=1)
    G = np.exp(2.0 * x @ x.T)
    A = (G / G.sum(axis=1, keepdims=True)) @ x
    np.testing.assert_allclose(pt.layers(mf.SA(2.0), x, 1, 1.0, norm="pre").x[-1], x + A, rtol=0.0, atol=1e-12)
    W = np.array([[1.0, 2.0], [-1.0, 0.5]])
    told = mf.Activated(mf.SA(2.0), W, "relu").velocity(0.0, x, mf.Points(x))
    np.testing.assert_allclose(told, np.maximum(A, 0.0) @ W.T, rtol=0.0, atol=1e-12)


def test_the_second_moment_of_the_past_by_running_sums() -> None:
    x = pt.uniform(8, 3, rng=1)
    law = mf.Causal(mf.LinearAttention())
    one, two = (pt.simulate(law, x, (0.0, 1.0), [1.0], field=f).x[-1] for f in ("direct", "harmonic"))
    np.testing.assert_allclose(one, two, rtol=0.0, atol=1e-9)
