"""Layers in R^d (B (1.3)) against printed iterates, their rescaling, and points that run to infinity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import exp1

import meanfield as mf
import particles as pt
from meanfield.geometry import retract
from meanfield.protocols import Array

pytestmark = pytest.mark.rounding
Q = np.array([[1.0, 0.3, -0.2], [0.0, 0.8, 0.4], [0.1, -0.3, 1.1]])
K = np.array([[0.9, 0.0, 0.2], [0.2, 1.1, 0.0], [-0.1, 0.3, 0.7]])
V = np.array([[0.6, 0.2, 0.0], [0.2, -0.3, 0.1], [0.0, 0.1, 0.2]])
LAW = mf.SA(1.0, Q=Q, K=K, V=V, geometry="flat")


def tokens() -> Array:
    i = np.arange(1, 7)
    return np.asarray(retract(np.stack([np.sin(1.3 * i + 0.4), np.cos(0.9 * i**2), np.sin(0.7 * i) + 0.3], axis=-1)))


def test_printed_iterates() -> None:
    """Step 1 after 1, 2 and 5 layers, step 0.1 after 50: 1e-13."""
    run = pt.layers(LAW, tokens(), 5, 1.0)
    for k, i, printed in (
        (1, 0, [0.876483928007422150, 0.499144199001013086, 0.710206044626990617]),
        (1, 5, [1.01824856250896300, 0.570232861122966381, -0.434375847020366745]),
        (2, 1, [-0.135313505650393081, -0.413582771890690530, 1.04194647125301455]),
        (5, 0, [5.89251475874281312, 1.48766826575400174, 1.41173844221501939]),
        (5, 4, [3.48473202159291843, 0.204207230559710226, 0.599593456970954188]),
    ):
        np.testing.assert_allclose(run.x[k, i], printed, rtol=0.0, atol=1e-13)
    fine = pt.layers(LAW, tokens(), 50, 0.1)
    printed = [12.2503500526696581, 2.82708162001283185, 0.445844066946882425]
    np.testing.assert_allclose(fine.x[50, 5], printed, rtol=0.0, atol=1e-12)
    z = [0.248849250295653381, -2.88400035739332659, 1.16734728934836201]
    np.testing.assert_allclose(fine.rescaled(V)[50, 1], z, rtol=0.0, atol=1e-12)


def test_layers_are_steps_of_euler() -> None:
    run = pt.simulate(LAW, tokens(), (0.0, 5.0), [5.0], method="euler", step=0.1)
    x = pt.layers(LAW, tokens(), 50, 0.1).x[-1]
    np.testing.assert_allclose(run.x[-1], x, rtol=0.0, atol=1e-12)


def test_what_layers_of_flat_laws_refuse() -> None:
    with pytest.raises(ValueError, match="nothing is normalised"):
        pt.layers(LAW, tokens(), 2, 1.0, norm="pre")
    with pytest.raises(ValueError, match="one geometry"):
        pt.layers([LAW, mf.SA(1.0)], tokens(), 2, 1.0)
    run = pt.layers(LAW, tokens(), 2, 1.0)
    with pytest.raises(ValueError, match="V: got shape"):
        run.rescaled(np.eye(2))
    with pytest.raises(ValueError, match="no inverse"):
        run.rescaled(-np.eye(3))


@pytest.mark.parametrize(("beta", "x0"), [(1.0, 1.0), (2.0, 0.5)])
def test_one_token_of_usa_blows_up(beta: float, x0: float) -> None:
    """x' = e^{beta x^2} x: int dx / (x e^{beta x^2}) = E1(beta x0^2) / 2."""
    with pytest.raises(mf.RunError, match="run to infinity") as told:
        pt.simulate(mf.USA(beta, geometry="flat"), [[x0]], (0.0, 5.0), np.linspace(0.0, 5.0, 201))
    run: Any = told.value
    run = run.solution
    time = exp1(beta * x0**2) / 2.0
    assert run.status is mf.Status.BLOWN_UP
    assert abs(run.end - time) < 1e-8 * time
    assert np.isfinite(run.x).all() and len(run.t) >= 1 + int(time / 0.025)
